package dispatch

import (
	"time"

	"hexhail/geo"
)

// fromHeld gives the rides that are held for a regular to that driver before anything else is
// paired, the oldest ride first: who is waited for must not be sent to somebody else. It returns
// the pairs, and the rides that are to be matched otherwise. Nobody is searched for: a ride names
// its driver. What it has considered is in e.pair.queued.
func (e *Engine) fromHeld(waiting []rideRef, now time.Time) (pairs []option, others []rideRef) {
	p := &e.pair
	others = waiting[:0]
	for _, ride := range waiting {
		o, ok := e.heldOption(ride, now)
		if !ok {
			others = append(others, ride)
			continue
		}
		p.queued = append(p.queued, o)
		p.used[o.taxi], e.queue.waits[ride].pairedIn = true, e.queue.round
		pairs = append(pairs, o)
	}
	return pairs, others
}

// heldOption is the regular whom a ride is held for, if they are idle, near enough and may have it.
// In the queue of the ride's own stand their place does not matter.
func (e *Engine) heldOption(ride rideRef, now time.Time) (option, bool) {
	w := &e.queue.waits[ride]
	if !w.ride.First.HeldFor(w.ride.First.Driver, now) {
		return option{}, false
	}
	ref, ok := e.fleet.byDriver[w.ride.First.Driver]
	if !ok || !e.fleet.taxis[ref].indexed || e.pair.used[ref] {
		return option{}, false
	}
	c := &e.fleet.taxis[ref]
	if v := e.queued(w, c); v != 0 && v != NotHeadOfQueue {
		return option{}, false
	}
	pace := e.speed.PaceAt(w.ride.Pickup, e.hour(now))
	m := geo.DistanceM(c.at, w.ride.Pickup)
	if m > e.reach(pace) || e.suits(w, c, now) != Chosen {
		return option{}, false
	}
	one := [1]option{{ride: ride, taxi: ref, distanceM: m, pace: pace, verdict: Chosen}}
	e.timeThese(one[:], now)
	return one[0], one[0].verdict == Chosen
}
