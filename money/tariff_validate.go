package money

import (
	"fmt"
	"time"
)

// Ranges of a tariff's values; outside them it is refused. They are wide enough for any city and
// narrow enough that no ride within the meter's limits can overflow.
const (
	maxTariffPrice   = 100 * fenPerYuan // a flag fall, a km, a fee
	maxTariffShare   = 5 * ppmWhole     // five times on top
	maxTariffOverM   = 500_000          // metres
	maxTariffSpeed   = 60               // km/h
	maxTariffPeriodS = 60 * 60          // seconds
	maxTariffKM      = 20               // km charged for one period of low speed
	maxTariffLeadS   = 30 * 24 * 60 * 60
)

// tariffCheck collects the first thing that is wrong.
type tariffCheck struct {
	file string
	err  *TariffError
}

// want notes an error at key unless ok.
func (c *tariffCheck) want(ok bool, key, format string, args ...any) {
	if !ok && c.err == nil {
		c.err = &TariffError{File: c.file, Key: key, Reason: fmt.Sprintf(format, args...)}
	}
}

// within notes an error at key unless low ≤ v ≤ high.
func (c *tariffCheck) within(key string, v, low, high int64) {
	c.want(low <= v && v <= high, key, "%d is not within %d…%d", v, low, high)
}

// price notes an error at key unless v is a price from low up to 100 yuan.
func (c *tariffCheck) price(key string, v, low Fen) {
	c.within(key, int64(v), int64(low), maxTariffPrice)
}

// window notes an error at key if w is empty.
func (c *tariffCheck) window(key string, w ClockWindow) {
	c.want(w.From != w.To, key, "%s–%s is empty", w.From, w.To)
	c.want(0 <= w.From && w.From < daySeconds && 0 <= w.To && w.To < daySeconds,
		key, "outside the day")
}

// Validate says whether the tariff can be metered: every price and threshold within its range, one
// shape of each rule, nights and long distances never cheaper than the day (a fare must not fall as
// a ride goes on). The error is a [*TariffError] for the first thing wrong.
func (t *Tariff) Validate() error {
	c := &tariffCheck{file: t.Name}
	c.want(t.Name != "", "name", "empty")
	c.want(t.City != "", "city", "empty")
	c.price("flag_fall_fen", t.FlagFall, 1)
	c.within("flag_fall_m", t.FlagFallM, 0, maxTariffOverM)
	c.price("per_km_fen", t.PerKM, 1)
	c.price("fuel_fen", t.Fuel, 0)
	switch t.RoundTo {
	case 1, 10, 50, 100:
	default:
		c.want(false, "round_to_fen", "%d is not 1, 10, 50 or 100", t.RoundTo)
	}
	switch t.Confidence {
	case "high", "medium", "low":
	default:
		c.want(false, "confidence", "%.40q is not high, medium or low", t.Confidence)
	}
	t.validateDates(c)
	t.validateDistance(c)
	t.validateTime(c)
	t.validateNight(c)
	if b := t.Booking; b != nil {
		c.price("booking.short_fen", b.Short, 0)
		c.price("booking.long_fen", b.Long, 0)
		c.within("booking.long_from_s", b.LongFromS, 0, maxTariffLeadS)
	}
	if c.err != nil {
		return c.err
	}
	return nil
}

func (t *Tariff) validateDates(c *tariffCheck) {
	for _, d := range [...]struct{ key, day string }{
		{"effective_from", t.EffectiveFrom}, {"effective_until", t.EffectiveUntil},
	} {
		_, err := time.Parse(time.DateOnly, d.day)
		c.want(d.day == "" || err == nil, d.key, "%.40q is not a day as 2013-06-10", d.day)
	}
	c.want(t.EffectiveFrom == "" || t.EffectiveUntil == "" || t.EffectiveFrom <= t.EffectiveUntil,
		"effective_until", "before effective_from")
}

func (t *Tariff) validateDistance(c *tariffCheck) {
	if l := t.LongDistance; l != nil {
		c.within("long_distance.over_m", l.OverM, t.FlagFallM, maxTariffOverM)
		c.within("long_distance.surcharge_ppm", int64(l.Surcharge), 0, maxTariffShare)
		c.want((l.Surcharge != 0) != (l.PerKM != 0), "long_distance",
			"needs one of surcharge_ppm and per_km_fen")
		if l.PerKM != 0 {
			c.price("long_distance.per_km_fen", l.PerKM, t.PerKM)
		}
	}
	if e := t.EmptyReturn; e != nil {
		c.within("empty_return.over_m", e.OverM, t.FlagFallM, maxTariffOverM)
		c.within("empty_return.surcharge_ppm", int64(e.Surcharge), 1, maxTariffShare)
		if e.Hours != nil {
			c.window("empty_return.hours", *e.Hours)
		}
	}
}

func (t *Tariff) validateTime(c *tariffCheck) {
	c.want(t.LowSpeed == nil || t.Waiting == nil, "waiting", "would charge low_speed's time twice")
	if l := t.LowSpeed; l != nil {
		c.within("low_speed.under_kmh", l.UnderKMH, 1, maxTariffSpeed)
		c.within("low_speed.every_s", l.EveryS, 1, maxTariffPeriodS)
		c.within("low_speed.km", l.KM, 1, maxTariffKM)
		c.within("low_speed.peak_km", l.PeakKM, 0, maxTariffKM)
		c.want((l.PeakKM != 0) == (len(l.Peak) != 0),
			"low_speed.peak_km", "and peak need each other")
		c.want(len(l.Peak) <= maxPeakWindows, "low_speed.peak", "over %d windows", maxPeakWindows)
		for i, w := range l.Peak {
			c.window(fmt.Sprintf("low_speed.peak[%d]", i), w)
		}
	}
	if w := t.Waiting; w != nil {
		c.within("waiting.under_kmh", w.UnderKMH, 1, maxTariffSpeed)
		c.within("waiting.free_s", w.FreeS, 0, maxTariffPeriodS)
		c.within("waiting.every_s", w.EveryS, 1, maxTariffPeriodS)
		c.price("waiting.price_fen", w.Price, 1)
	}
}

func (t *Tariff) validateNight(c *tariffCheck) {
	n := t.Night
	if n == nil {
		return
	}
	c.window("night.hours", n.Hours)
	if n.FlagFall != 0 {
		c.price("night.flag_fall_fen", n.FlagFall, t.FlagFall)
	}
	c.within("night.surcharge_ppm", int64(n.Surcharge), 0, maxTariffShare)
	c.want((n.Surcharge != 0) != (n.PerKM != 0), "night",
		"needs one of surcharge_ppm and per_km_fen")
	if n.PerKM != 0 {
		c.price("night.per_km_fen", n.PerKM, t.PerKM)
	}
	hasLong := n.PerKM != 0 && t.LongDistance != nil && t.LongDistance.PerKM != 0
	c.want((n.LongPerKM != 0) == hasLong, "night.long_per_km_fen",
		"goes with night.per_km_fen and long_distance.per_km_fen")
	if hasLong {
		// The night's extra for a long km must not be under the day's, or its line would be
		// negative.
		c.price("night.long_per_km_fen", n.LongPerKM, n.PerKM+t.LongDistance.PerKM-t.PerKM)
	}
}
