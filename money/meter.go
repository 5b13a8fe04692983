package money

import (
	"errors"
	"math"
	"time"
)

// Millimetres is a distance driven, in whole millimetres, so that fares are integer arithmetic.
type Millimetres int64

// Limits of one ride on a meter; what would go beyond is refused with [ErrMeterLimit].
const (
	// MaxMeterDistance is the longest metered ride: 2,000 km, Beijing to Guangzhou.
	MaxMeterDistance Millimetres = 2_000 * 1_000_000
	// MaxMeterTime is the longest time a meter runs for one ride.
	MaxMeterTime = 24 * time.Hour
)

// ErrSegment refuses a segment with a negative distance or duration; NaN metres become one.
var ErrSegment = errors.New("money: segment with a negative distance or duration")

// ErrMeterLimit refuses a segment with which the ride would be longer than [MaxMeterDistance] or
// [MaxMeterTime].
var ErrMeterLimit = errors.New("money: ride beyond the meter's limits")

// Metres converts metres to the nearest millimetre. NaN, negative and infinite metres give −1 mm,
// and so do more than [MaxMeterDistance]: [Meter.Drive] refuses it.
func Metres(m float64) Millimetres {
	if !(m >= 0 && m <= float64(MaxMeterDistance)/1000) {
		return -1
	}
	return Millimetres(math.Round(m * 1000))
}

// Metres is the distance in metres.
func (d Millimetres) Metres() float64 { return float64(d) / 1000 }

// Segment is a piece of a ride: what was driven in some time. The segments of a ride follow each
// other without a gap; a stop is a segment of distance 0.
type Segment struct {
	Distance Millimetres
	Duration time.Duration
}

// slow says whether the average speed is under kmh. A segment without duration is not slow.
//
// mm/1e6 km in ns/3.6e12 h: 3.6e6 × mm/ns km/h. Within the meter's limits both sides are under 2⁵³.
func (s Segment) slow(kmh int64) bool {
	return int64(s.Distance)*3_600_000 < kmh*int64(s.Duration)
}

// valid says whether the segment can be added to a ride of this length so far.
func (s Segment) valid(distance Millimetres, elapsed time.Duration) error {
	if s.Distance < 0 || s.Duration < 0 {
		return ErrSegment
	}
	if s.Distance > MaxMeterDistance-distance || s.Duration > MaxMeterTime-elapsed {
		return ErrMeterLimit
	}
	return nil
}

// Meter applies a tariff to a ride as a taximeter does. It only adds up; asking for the fare
// changes nothing and may be done at any time, and no further segment ever makes it less.
//
// A segment counts as a whole by the local time at which it begins (night, peak, hours of the
// empty return) and by its average speed (low speed), so a segment should be short: at 5 s the
// distance put on the wrong side of 23:00 costs under 0.2 yuan. Its distance is cut where the
// flag fall, the long distance and the empty return begin. Distance at low speed is charged as
// distance too. A period of low speed is charged when it is full, at the price of the segment
// that fills it. The flag fall is that of the ride's begin.
//
// Make one with [NewMeter]. A Meter is a plain value: a copy is an independent meter.
type Meter struct {
	rates   tariffRates
	booking Fen

	began    int           // byDay or atNight
	start    time.Duration // time of day at which the ride began
	elapsed  time.Duration
	distance Millimetres
	slowTime time.Duration

	paid  [2]Millimetres // beyond the flag fall
	long  [2]Millimetres // of these, beyond the long distance
	empty Millimetres    // beyond the empty return's distance, within its hours

	slowDue time.Duration // low speed not charged yet; negative while it is free
	slowKM  [2]int64      // km charged for low speed
	periods int64         // periods charged at a fixed price
}

// NewMeter starts a meter under a valid tariff at the ride's begin. start must be in the city's
// location: its wall clock decides what is night. The meter counts on from it by itself; a change
// to or from summer time during a ride is not noticed. The tariff is copied.
func NewMeter(t *Tariff, start time.Time) Meter {
	m := Meter{rates: t.rates()}
	m.start = time.Duration(ClockTimeOf(start))*time.Second + time.Duration(start.Nanosecond())
	m.began = m.period(ClockTimeOf(start))
	m.slowDue = -m.rates.slowFree
	return m
}

// period is atNight within the tariff's night, else byDay.
func (m *Meter) period(c ClockTime) int {
	if m.rates.night.Contains(c) {
		return atNight
	}
	return byDay
}

// Book adds the tariff's booking fee for a ride ordered lead ahead of its pickup, see
// [Tariff.BookingFee].
func (m *Meter) Book(lead time.Duration) { m.booking = m.rates.booking.fee(lead) }

// Drive adds the next segment. It returns [ErrSegment] or [ErrMeterLimit] and then adds nothing.
func (m *Meter) Drive(s Segment) error {
	if err := s.valid(m.distance, m.elapsed); err != nil {
		return err
	}
	m.advance(s, s.slow(m.rates.slowKMH))
	return nil
}

// advance adds a valid segment whose speed is known.
func (m *Meter) advance(s Segment, slow bool) {
	c := ClockTime((m.start + m.elapsed) / time.Second) //nolint:gosec // under two days
	if c >= daySeconds {
		c -= daySeconds // the meter runs 24 h at most
	}
	when := m.period(c)

	before, after := m.distance, m.distance+s.Distance
	m.distance = after
	if r := &m.rates; after > r.flagOver {
		m.paid[when] += after - max(before, r.flagOver)
		if after > r.longOver {
			m.long[when] += after - max(before, r.longOver)
		}
		if after > r.emptyOver && r.emptyHours.Contains(c) {
			m.empty += after - max(before, r.emptyOver)
		}
	}
	m.elapsed += s.Duration
	if slow {
		m.slowTime += s.Duration
		m.slowDue += s.Duration
		if m.slowDue >= m.rates.slowEvery {
			m.chargeSlow(c, when)
		}
	}
}

// chargeSlow charges the full periods of low speed.
func (m *Meter) chargeSlow(c ClockTime, when int) {
	if m.rates.slowEvery <= 0 {
		return // a tariff that charges no time
	}
	n := int64(m.slowDue / m.rates.slowEvery)
	m.slowDue -= time.Duration(n) * m.rates.slowEvery
	m.periods += n
	m.slowKM[when] += n * m.rates.kmOf(c)
}

// Distance is what was driven so far.
func (m *Meter) Distance() Millimetres { return m.distance }

// Elapsed is the time since the ride began, by the segments.
func (m *Meter) Elapsed() time.Duration { return m.elapsed }

// LowSpeed is the time stopped or under the tariff's low speed; 0 if it has none.
func (m *Meter) LowSpeed() time.Duration { return m.slowTime }

// Fare is the ride's price so far, itemised. It passes [Fare.Check].
func (m *Meter) Fare() Fare {
	r := &m.rates
	sheet := fareSheet{fare: Fare{Lines: make([]FareLine, 0, 8)}}
	night := func(prices [2]int64) int64 { return prices[atNight] - prices[byDay] }

	sheet.meter(LineFlagFall, r.flagFall[byDay]*microPerFen)
	sheet.meter(LineDistance, int64(m.paid[byDay]+m.paid[atNight])*r.perKM[byDay])
	sheet.meter(LineLongDistance, int64(m.long[byDay]+m.long[atNight])*r.longExtra[byDay])
	sheet.meter(LineEmptyReturn, int64(m.empty)*r.emptyFen)
	sheet.meter(LineLowSpeed, (m.slowKM[byDay]+m.slowKM[atNight])*r.perKM[byDay]*microPerFen)
	sheet.meter(LineWaiting, m.periods*r.slowFen*microPerFen)

	extra := int64(m.paid[atNight])*night(r.perKM) + int64(m.long[atNight])*night(r.longExtra) +
		m.slowKM[atNight]*night(r.perKM)*microPerFen
	if m.began == atNight {
		extra += night(r.flagFall) * microPerFen
	}
	sheet.meter(LineNight, extra)
	return sheet.close(r.roundTo, r.fuel, m.booking)
}
