package money

import (
	"fmt"
	"time"
)

// How far a ride may turn out from its forecast before its fare leaves the quoted range. 10 % of
// the way is also what the fare check tolerates; half of the low speed is the spread between a
// lucky and an unlucky hour.
const (
	estimateWayPart  = 10 // a tenth of the way
	estimateSlowPart = 2  // half of the low speed
)

// estimateStep is the length of the segments of an estimated ride, and estimateMaxSteps their
// limit: beyond 4 hours they become longer.
const (
	estimateStep     = time.Minute
	estimateMaxSteps = 240
)

// Forecast is what is expected of a ride before it begins.
type Forecast struct {
	// Start is the expected pickup, in the city's location.
	Start time.Time
	// Distance is the expected way.
	Distance Millimetres
	// Duration is the expected time from pickup to drop-off.
	Duration time.Duration
	// LowSpeed is how much of Duration is expected stopped or under the tariff's low speed.
	LowSpeed time.Duration
}

// FareRange is an estimate of what the meter will show, without booking fee and tolls.
// Low ≤ Expected ≤ High.
type FareRange struct {
	Low, Expected, High Fen
}

// Estimate says what a ride will about cost. Expected is the meter's fare if the ride goes as
// forecast, with its low speed spread evenly over it; Low and High are the least and the most of
// that and of two rides, one 10 % shorter with half the low speed, one 10 % longer with half as
// much again. It returns [ErrSegment] if the forecast is negative or LowSpeed over Duration, and
// [ErrMeterLimit] if the longest of the three is beyond the meter's limits.
func (t *Tariff) Estimate(f Forecast) (FareRange, error) {
	if f.LowSpeed < 0 || f.LowSpeed > f.Duration || f.Distance < 0 {
		return FareRange{}, fmt.Errorf("%w: %d mm in %s, %s of it slow",
			ErrSegment, f.Distance, f.Duration, f.LowSpeed)
	}
	// Limits first: they keep what follows from overflowing.
	if f.Distance > MaxMeterDistance || f.Duration > MaxMeterTime {
		return FareRange{}, ErrMeterLimit
	}
	expected, err := t.forecastFare(f)
	if err != nil {
		return FareRange{}, err
	}
	r := FareRange{Low: expected, Expected: expected, High: expected}
	for _, sign := range [...]int64{-1, 1} {
		slow := f.LowSpeed / estimateSlowPart * time.Duration(sign)
		other, err := t.forecastFare(Forecast{
			Start:    f.Start,
			Distance: f.Distance + f.Distance/estimateWayPart*Millimetres(sign),
			Duration: f.Duration + slow,
			LowSpeed: f.LowSpeed + slow,
		})
		if err != nil {
			return FareRange{}, err
		}
		// A longer ride can be cheaper: its later part may fall out of the night or the peak.
		r.Low, r.High = min(r.Low, other), max(r.High, other)
	}
	return r, nil
}

// forecastFare meters a ride that goes exactly as forecast.
func (t *Tariff) forecastFare(f Forecast) (Fen, error) {
	if err := (Segment{f.Distance, f.Duration}).valid(0, 0); err != nil {
		return 0, err
	}
	m := NewMeter(t, f.Start)
	steps := min(int64((f.Duration+estimateStep-1)/estimateStep), estimateMaxSteps)
	steps = max(steps, 1)
	// The part of a whole that falls into step i, such that all steps add up to the whole.
	part := func(whole, i int64) int64 { return whole*(i+1)/steps - whole*i/steps }
	moving := int64(f.Duration - f.LowSpeed)
	for i := range steps {
		m.advance(Segment{0, time.Duration(part(int64(f.LowSpeed), i))}, true)
		m.advance(Segment{
			Distance: Millimetres(part(int64(f.Distance), i)),
			Duration: time.Duration(part(moving, i)),
		}, false)
	}
	return m.Fare().Total, nil
}
