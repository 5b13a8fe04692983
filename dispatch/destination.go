package dispatch

import (
	"time"

	"hexhail/geo"
)

// Destination is where a driver is going anyway: home, or to the next shift (顺路). Rides that lead
// there cost less. The zero value is nowhere, on no day.
type Destination struct {
	To   geo.Point // zero: nowhere now
	Day  int       // the city's day on which one was last said, as 20140308
	Used int       // how many were said on that day
}

// Heading reports whether there is one now.
func (d Destination) Heading() bool { return d.To != geo.Point{} }

// Set says a destination, or with the zero point none. Saying none is free; the most that may be
// said on a day of the city is the policy's. Exhausted with ReasonDestinations beyond.
func (d Destination) Set(to geo.Point, day, most int) (Destination, error) {
	if to == (geo.Point{}) {
		d.To = to
		return d, nil
	}
	if d.Day != day {
		d.Day, d.Used = day, 0
	}
	if d.Used >= most {
		return d, Errorf(Exhausted, ReasonDestinations,
			"%d destinations were set today, the limit is %d", d.Used, most)
	}
	d.To = to
	d.Used++
	return d, nil
}

// Detour is by how much a ride lengthens the driver's way from its pickup on, at a pace: to the
// dropoff and from there to the destination, less the straight way. 0 without a destination.
func (d Destination) Detour(pickup, dropoff geo.Point, lengthM float64, p geo.Pace) time.Duration {
	if !d.Heading() {
		return 0
	}
	more := lengthM + geo.DistanceM(dropoff, d.To) - geo.DistanceM(pickup, d.To)
	return p.Time(max(0, more))
}

// Homeward is the share of a ride's length that leads to the destination: 1 straight there, −1
// straight away from it; 0 without one.
func (d Destination) Homeward(pickup, dropoff geo.Point, lengthM float64) float64 {
	if !d.Heading() {
		return 0
	}
	return inward(pickup, dropoff, d.To, lengthM)
}

// dayOf is a day of the city as a number, 20140308.
func (c City) dayOf(now time.Time) int {
	year, month, day := now.In(c.Zone).Date()
	return year*10_000 + int(month)*100 + day
}
