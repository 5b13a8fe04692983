package dispatch

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"hexhail/geo"
)

// trip is what forward dispatch knows of the ride that a taxi's driver is at, and of the one after.
type trip struct {
	to     geo.Point // where the ride ends; zero until the rider is on board, or if nobody knows
	doneAt time.Time // when the taxi is free there, by estimate; of one that is in the index
	ending bool      // is in the index of those that are free soon
	next   RideID    // that the driver goes to afterwards
	nextAt geo.Point // its pickup
	nextBy time.Time // when the taxi should be there, as its rider was told
	quiet  RideID    // the ride in which an offer was left unanswered: no more until it ends
}

// forwards is the engine's work space of forward dispatch.
type forwards struct {
	held   bool           // some driver may have a next ride
	soon   []taxiRef      // that may be free soon
	drives []geo.Estimate // what is left of their rides
	nexts  []taxiRef      // whose drivers have a next ride
	ways   []geo.Estimate // to the end of the present one, and from there to the next
	late   []taxiRef
}

// freeSoon reports whether the taxi may be offered a ride for after the one that it is at, apart
// from how soon that ends.
func (c *taxi) freeSoon() bool {
	return c.shift.Duty == OnDuty && c.ride != "" && c.offer == "" && c.trip.next == "" &&
		c.trip.to != (geo.Point{}) && c.trip.quiet != c.ride && !c.fixedAt.IsZero()
}

// spot is where the taxi can set out for a ride: where it is, or where its present ride ends.
func (c *taxi) spot() geo.Point {
	if c.trip.ending {
		return c.trip.to
	}
	return c.at
}

// rest is how long its present ride keeps the taxi, by estimate; 0 of an idle one.
func (c *taxi) rest(now time.Time) time.Duration {
	if !c.trip.ending {
		return 0
	}
	return max(0, c.trip.doneAt.Sub(now))
}

// idleFor is since how long the taxi has had no ride.
func (c *taxi) idleFor(now time.Time) time.Duration {
	if c.ride != "" {
		return 0
	}
	return now.Sub(c.freeAt)
}

// takeTrip notes on its taxi how a driver's ride stands: it is the current one, or the next.
func (c *taxi) takeTrip(b Brief, isNew bool) {
	switch {
	case b.Slot == SlotNext:
		c.trip.next, c.trip.nextAt, c.trip.nextBy = b.ID, b.Pickup, b.ExpectedAt
		if isNew {
			c.offer = ""
		}
	case isNew:
		c.offer = ""
		c.ride, c.from, c.setOutAt, c.trip.to = b.ID, c.at, b.ClaimedAt, geo.Point{}
	case c.trip.next == b.ID: // promoted
		c.ride, c.from, c.setOutAt, c.trip.to = b.ID, c.at, b.ChangedAt, geo.Point{}
		c.trip.next = ""
	}
	if b.ID == c.ride && b.State == OnTrip {
		c.trip.to = b.Dropoff
	}
}

// endTrip lets go of a ride that the driver has no more. If it was driven to its end, the next one
// takes its place. It reports whether it was the current one.
func (c *taxi) endTrip(b Brief) bool {
	if c.trip.next == b.ID {
		c.trip.next = ""
	}
	if c.ride != b.ID {
		return false
	}
	c.ride, c.freeAt, c.trip.to = "", b.ChangedAt, geo.Point{}
	if c.trip.next != "" && b.State != Searching {
		c.ride, c.trip.next = c.trip.next, ""
		c.from, c.setOutAt = c.at, b.ChangedAt
	}
	return true
}

// supply is how many taxis could be candidates of a round.
func (e *Engine) supply() int { return e.fleet.idle.Len() + e.fleet.ending.Len() }

// lookAhead finds the taxis that are free soon, and the drivers who will be late for their next
// ride. A busy taxi's moves are free: the fleet is gone through once a second, and only while the
// policy asks for it. Where there are roads what is left of a ride is timed by them.
func (e *Engine) lookAhead(now time.Time) {
	f, reach := &e.forwards, e.policy.Forward()-alighting
	f.soon, f.drives, f.late = f.soon[:0], f.drives[:0], f.late[:0]
	f.nexts, f.ways = f.nexts[:0], f.ways[:0]
	if reach < 0 && !f.held && e.fleet.ending.Len() == 0 {
		return
	}
	hour := e.hour(now)
	for i := range e.fleet.taxis {
		c, ref := &e.fleet.taxis[i], taxiRef(i)
		if c.ride == "" {
			continue
		}
		if c.trip.next != "" {
			e.addWays(ref, hour, now)
		}
		if !e.addDrive(ref, reach, hour, now) && c.trip.ending {
			e.fleet.stopEnding(ref)
		}
	}
	f.held = len(f.nexts) > 0
	e.time(f.drives, hour)
	for i, ref := range f.soon {
		took := time.Duration(f.drives[i].TimeMS) * time.Millisecond
		e.fleet.setEnding(ref, took <= reach, now.Add(took+alighting), now)
	}
	e.time(f.ways, hour)
	for i, ref := range f.nexts {
		there := now.Add(time.Duration(f.ways[2*i].TimeMS+f.ways[2*i+1].TimeMS) * time.Millisecond)
		by := e.fleet.taxis[ref].trip.nextBy
		if !by.IsZero() && there.Sub(by) > seconds(e.policy.ForwardLateS) {
			f.late = append(f.late, ref)
		}
	}
}

// addDrive notes what is left of a taxi's ride, if that may end within reach.
func (e *Engine) addDrive(ref taxiRef, reach time.Duration, hour int, now time.Time) bool {
	c, f := &e.fleet.taxis[ref], &e.forwards
	if reach < 0 || !c.freeSoon() || now.Sub(c.fixedAt) > e.policy.Stale() {
		return false
	}
	pace, m := e.speed.PaceAt(c.trip.to, hour), geo.DistanceM(c.at, c.trip.to)
	if pace.TimeS(m) > reach.Seconds()*reachSlack {
		return false
	}
	f.soon = append(f.soon, ref)
	f.drives = append(f.drives, e.estimate(c.at, c.trip.to, m, pace))
	return true
}

// addWays notes the ways of a driver to their next ride: to the end of the present one, which
// counts as reached where the phone is silent or nobody knows that end, and from there on.
func (e *Engine) addWays(ref taxiRef, hour int, now time.Time) {
	c, f := &e.fleet.taxis[ref], &e.forwards
	at, to := c.at, c.trip.to
	if to == (geo.Point{}) {
		to = c.at
	}
	if now.Sub(c.fixedAt) > e.policy.Stale() {
		at = to
	}
	f.nexts = append(f.nexts, ref)
	for _, way := range [2][2]geo.Point{{at, to}, {to, c.trip.nextAt}} {
		f.ways = append(f.ways, e.estimate(way[0], way[1], geo.DistanceM(way[0], way[1]),
			e.speed.PaceAt(way[1], hour)))
	}
}

// endLate gives the next rides of drivers who will be late back to the search, each in a
// transaction of its own. One that has changed meanwhile is looked at again in a second.
func (e *Engine) endLate(ctx context.Context, now time.Time) (err error) {
	for _, ref := range e.forwards.late {
		id := e.fleet.taxis[ref].trip.next
		var j job
		failed := e.store.FencedTx(ctx, e.fence, func(tx Tx) error {
			j = job{tx: tx, now: now}
			r, err := tx.Ride(id)
			if err != nil || r.Slot != SlotNext || r.State != Assigned {
				return err
			}
			_, err = j.step(r, FallOut{Reason: EndLate, Search: e.policy.Search()})
			return err
		})
		switch {
		case failed == nil:
			e.tell(ctx, &j, now)
		case ReasonOf(failed) != ReasonStale:
			err = errors.Join(err, failed)
		}
	}
	return err
}

// setEnding puts a taxi into the index of those that are free soon, at the place where its ride
// ends, or takes it out.
func (f *fleet) setEnding(ref taxiRef, ending bool, doneAt, now time.Time) {
	c := &f.taxis[ref]
	if !ending {
		if c.trip.ending {
			f.stopEnding(ref)
		}
		return
	}
	c.trip.doneAt = doneAt
	c.trip.ending = f.ending.Move(ref, c.trip.to, now) == nil
}

func (f *fleet) stopEnding(ref taxiRef) {
	f.ending.Remove(ref)
	f.taxis[ref].trip.ending = false
}

// withEnding adds to the nearest idle taxis of a ride those that are free soon nearest to it, k at
// most, and keeps the k of all that are there first.
func (e *Engine) withEnding(
	ride rideRef, k int, pace geo.Pace, now time.Time, fit func(taxiRef) bool,
) {
	p, idle := &e.pair, len(e.pair.near)
	at := e.queue.waits[ride].ride.Pickup
	p.near = e.fleet.ending.Nearest(p.near, at, k, e.reach(pace), fit)
	if len(p.near) == idle {
		return
	}
	there := func(n geo.Neighbor[taxiRef]) float64 {
		return e.fleet.taxis[n.Key].rest(now).Seconds() + pace.TimeS(n.DistanceM)
	}
	slices.SortStableFunc(p.near, func(a, b geo.Neighbor[taxiRef]) int {
		return cmp.Compare(there(a), there(b))
	})
	p.near = p.near[:min(k, len(p.near))]
}
