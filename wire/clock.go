package wire

import (
	"fmt"
	"math"
	"time"
)

// MaxClockRate is how fast a city's clock may run: a day in a quarter of an hour. Beyond it a call
// takes longer than what it is about.
const MaxClockRate = 100

// Clock tells a city's time from the machine's: Epoch + Rate × (machine − Start). It is a value
// that its owner keeps as JSON across restarts. Now and Wait read the machine's clock; At does not.
type Clock struct {
	Epoch time.Time `json:"epoch"` // the city's time at Start
	Start time.Time `json:"start"` // machine time
	Rate  float64   `json:"rate"`  // city seconds in a second of the machine, above 0
}

// NewClock is the real time: rate 1.
func NewClock() Clock {
	now := time.Now().Round(0) // without the monotonic reading: the wall clock is followed
	return Clock{Epoch: now, Start: now, Rate: 1}
}

// Check refuses a clock that stands still, runs backwards or runs faster than MaxClockRate, and one
// without Epoch or Start. Errors: Invalid.
func (c Clock) Check() error {
	switch {
	case !(c.Rate > 0 && c.Rate <= MaxClockRate):
		return BadField("clock.rate", fmt.Sprintf("above 0, at most %d", MaxClockRate))
	case c.Epoch.IsZero():
		return BadField("clock.epoch", "given")
	case c.Start.IsZero():
		return BadField("clock.start", "given")
	default:
		return nil
	}
}

// Now is the city's time.
func (c Clock) Now() time.Time { return c.At(time.Now()) }

// At is the city's time when the machine's is machine. Beyond 292 years from Epoch it stands still.
func (c Clock) At(machine time.Time) time.Time {
	return c.Epoch.Add(times(machine.Round(0).Sub(c.Start.Round(0)), c.Rate))
}

// Wait is how long the machine has to wait until the city's clock shows until; 0 if it has.
func (c Clock) Wait(until time.Time) time.Duration {
	return c.waitAt(until, time.Now())
}

func (c Clock) waitAt(until, machine time.Time) time.Duration {
	return max(0, c.Machine(until).Sub(machine.Round(0)))
}

// Machine is the machine's time when the city's is city: At's inverse.
func (c Clock) Machine(city time.Time) time.Time {
	return c.Start.Round(0).Add(times(city.Round(0).Sub(c.Epoch.Round(0)), 1/c.Rate))
}

// Lasts is how long in the city's time what takes so long in the machine's.
func (c Clock) Lasts(machine time.Duration) time.Duration { return times(machine, c.Rate) }

// times is d × rate, or the end of the range that it is beyond.
func times(d time.Duration, rate float64) time.Duration {
	if rate == 1 {
		return d
	}
	product := math.Round(float64(d) * rate)
	switch {
	case product >= math.MaxInt64:
		return math.MaxInt64
	case product <= math.MinInt64:
		return math.MinInt64
	default:
		return time.Duration(product)
	}
}
