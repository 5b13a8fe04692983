package money

import "time"

// maxPeakWindows is the most peak windows of a tariff.
const maxPeakWindows = 4

// Indexes of prices by time of day.
const (
	byDay = iota
	atNight
)

// tariffRates is a tariff made ready for the meter: millimetres, nanoseconds, prices of a km by day
// and night, and no pointer to follow.
type tariffRates struct {
	flagFall  [2]int64 // fen, by when the ride began
	perKM     [2]int64 // fen per km after the flag fall
	longExtra [2]int64 // fen per km on top, beyond longOver
	emptyFen  int64    // fen per km on top, beyond emptyOver, in emptyHours

	flagOver, longOver, emptyOver Millimetres

	slowKMH   int64         // under it time counts; 0: it never does
	slowFree  time.Duration // of each ride
	slowEvery time.Duration
	slowKM    int64 // km charged for a period
	peakKM    int64
	slowFen   int64 // fen charged for a period

	night, emptyHours ClockWindow // empty (From = To): never
	peak              [maxPeakWindows]ClockWindow

	roundTo, fuel Fen
	booking       Booking // all 0: no fee
}

// rates compiles a valid tariff.
func (t *Tariff) rates() tariffRates {
	flagFall, perKM := int64(t.FlagFall), int64(t.PerKM)
	r := tariffRates{
		flagFall:  [2]int64{flagFall, flagFall},
		perKM:     [2]int64{perKM, perKM},
		flagOver:  Millimetres(t.FlagFallM * 1000),
		longOver:  MaxMeterDistance,
		emptyOver: MaxMeterDistance,
		roundTo:   max(t.RoundTo, 1),
		fuel:      t.Fuel,
	}
	if t.Booking != nil {
		r.booking = *t.Booking
	}
	if n := t.Night; n != nil {
		r.night = n.Hours
		r.flagFall[atNight] = max(flagFall, int64(n.FlagFall))
		r.perKM[atNight] = max(perKM+tariffShare(perKM, n.Surcharge), int64(n.PerKM))
	}
	if l := t.LongDistance; l != nil {
		r.longOver = Millimetres(l.OverM * 1000)
		extra := max(tariffShare(perKM, l.Surcharge), int64(l.PerKM)-perKM)
		r.longExtra = [2]int64{extra, extra}
		switch n := t.Night; {
		case n == nil || n.PerKM == 0: // surcharges add up
		case l.PerKM != 0:
			r.longExtra[atNight] = int64(n.LongPerKM - n.PerKM)
		default:
			r.longExtra[atNight] = tariffShare(int64(n.PerKM), l.Surcharge)
		}
	}
	if e := t.EmptyReturn; e != nil {
		r.emptyOver = Millimetres(e.OverM * 1000)
		r.emptyFen = tariffShare(perKM, e.Surcharge)
		r.emptyHours = ClockWindow{From: 0, To: daySeconds}
		if e.Hours != nil {
			r.emptyHours = *e.Hours
		}
	}
	if l := t.LowSpeed; l != nil {
		r.slowKMH, r.slowEvery = l.UnderKMH, time.Duration(l.EveryS)*time.Second
		r.slowKM, r.peakKM = l.KM, l.PeakKM
		copy(r.peak[:], l.Peak)
	}
	if w := t.Waiting; w != nil {
		r.slowKMH, r.slowEvery = w.UnderKMH, time.Duration(w.EveryS)*time.Second
		r.slowFree, r.slowFen = time.Duration(w.FreeS)*time.Second, int64(w.Price)
	}
	return r
}

// tariffShare is a share of a price of a km, rounded half up to the fen.
func tariffShare(fenPerKM int64, share PPM) int64 {
	return (fenPerKM*int64(share) + ppmWhole/2) / ppmWhole
}

// kmOf is the km that one period of low speed is charged at c.
func (r *tariffRates) kmOf(c ClockTime) int64 {
	for i := range r.peak {
		if w := r.peak[i]; w.From != w.To && w.Contains(c) {
			return r.peakKM
		}
	}
	return r.slowKM
}
