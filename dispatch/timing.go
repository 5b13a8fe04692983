package dispatch

import (
	"time"

	"hexhail/geo"
)

// How far the search for taxis is widened when times come from roads: the order by great circle is
// only nearly theirs.
const (
	// roadReach widens the longest pickup's circle: a way along a motorway is quicker than the
	// learned pace. What takes too long after all is judged so.
	roadReach = 1.25
	// roadNearest is how many taxis Nearest compares, of which it takes the quickest. By the
	// learned pace it is always the nearest one.
	roadNearest = 8
)

// byRoad says whether times come from roads or a service.
func (e *Engine) byRoad() bool { return e.roads != nil || e.asks }

// reach is the distance by great circle within which taxis are looked for at a pace.
func (e *Engine) reach(p geo.Pace) float64 {
	reach := e.policy.MaxPickup().Seconds() / p.TimeS(1)
	if e.byRoad() {
		reach *= roadReach
	}
	return reach
}

// estimate is the drive from a taxi to a pickup, not timed yet.
func (e *Engine) estimate(from, to geo.Point, distanceM float64, p geo.Pace) geo.Estimate {
	return geo.Estimate{From: from, To: to, DistanceM: distanceM, Pace: p}
}

// time sets the times, by the roads where they can tell and else by the learned pace.
func (e *Engine) time(drives []geo.Estimate, hour int) {
	if e.roads != nil {
		e.roads.SnapM = float64(e.policy.SnapM)
		e.roads.Fill(drives, hour)
	}
	for i := range drives {
		drives[i].ByPace()
	}
}

// timeOptions sets times and costs of the options from the first one on, and judges which of them
// are too far.
func (e *Engine) timeOptions(first int, now time.Time) {
	e.timeThese(e.pair.options[first:], now)
}

func (e *Engine) timeThese(options []option, now time.Time) {
	drives := e.pair.drives[:0]
	for i := range options {
		o := &options[i]
		d := e.estimate(e.fleet.taxis[o.taxi].spot(), e.queue.waits[o.ride].ride.Pickup,
			o.distanceM, o.pace)
		e.answer(o, &d)
		drives = append(drives, d)
	}
	hour := e.hour(now)
	e.time(drives, hour)
	longest := e.policy.MaxPickup()
	for i := range options {
		o, d := &options[i], &drives[i]
		e.pair.timed[d.Source]++
		o.ms, o.source = int32(min(d.TimeMS, maxPickupMS))+o.restMS, d.Source
		o.cost, o.chance = e.price(o, hour, now)
		if o.verdict == Chosen && time.Duration(o.ms)*time.Millisecond > longest {
			o.verdict = TooFar
		}
	}
	e.pair.drives = drives
}

// maxPickupMS keeps costs within their numbers: a day.
const maxPickupMS = 24 * 3600 * 1000
