package dispatch

import (
	"context"
	"math"
	"slices"
	"time"
)

// calls reports whether a waiting ride is called and not assigned.
func (e *Engine) calls(w *wait) bool {
	switch e.policy.Mode {
	case Grab:
		return true
	case Hybrid:
		return w.rounds(e.queue.round) > e.policy.AssignRounds
	default:
		return false
	}
}

// splitWaiting moves the rides that are called from the waiting ones.
func (e *Engine) splitWaiting(waiting []rideRef) (assigned, called []rideRef) {
	p := &e.pair
	p.called = p.called[:0]
	assigned = waiting[:0]
	for _, ref := range waiting {
		if e.calls(&e.queue.waits[ref]) {
			p.called = append(p.called, ref)
		} else {
			assigned = append(assigned, ref)
		}
	}
	return assigned, p.called
}

// callOf makes the call of a ride: a ring that grows with every call of this search that nobody has
// grabbed, or that holds as many of the nearest taxis as the policy lets it reach. The taxis are
// appended to the options, for the log.
func (e *Engine) callOf(ref rideRef, now time.Time) Call {
	w, p, policy := &e.queue.waits[ref], &e.pair, &e.policy
	radius := policy.CallRadiusM(w.unheard)
	fit := func(t taxiRef) bool { return e.judge(w, &e.fleet.taxis[t], now) == Chosen }
	p.near = e.fleet.idle.Nearest(p.near[:0], w.ride.Pickup, policy.CallTaxis, float64(radius), fit)
	if n := len(p.near); n == policy.CallTaxis {
		radius = int(math.Ceil(p.near[n-1].DistanceM))
	}
	pace, first := e.speed.PaceAt(w.ride.Pickup, e.hour(now)), len(p.options)
	for _, n := range p.near[:min(len(p.near), maxLoggedCandidates)] {
		e.consider(ref, n.Key, n.DistanceM, pace, now)
		p.options[len(p.options)-1].verdict = Called
	}
	e.timeOptions(first, now)
	except := w.memo.excluded
	return Call{
		ID: CallID(e.newID(now)), City: e.city.ID, Ride: w.ride.ID, Search: w.ride.Search,
		State: CallOpen, Round: e.queue.round, Pickup: w.ride.Pickup, RadiusM: radius,
		Seats: w.ride.Seats, Taxis: len(p.near),
		Except: slices.Clone(except[max(0, len(except)-MaxExcept):]),
		MadeAt: now, ExpiresAt: now.Add(policy.Call()), ChangedAt: now,
	}
}

// takeCall notes an open call, or lets go of an ended one. A ride whose call has ended waits for
// the next.
func (e *Engine) takeCall(c Call) {
	ref, ok := e.queue.byID[c.Ride]
	if m, known := e.memos[c.Ride]; known && m.searched && m.log.Call(c) && !ok {
		e.toWrite(c.Ride, m) // its end comes after the ride's
	}
	if !ok {
		return
	}
	w := &e.queue.waits[ref]
	switch {
	case c.Search != w.ride.Search:
	case c.State == CallOpen:
		w.call, w.until = c.ID, c.ExpiresAt
	case w.call == c.ID || w.call == "" && c.State == CallExpired:
		if c.State == CallExpired && c.ID > w.lastUnheard {
			w.unheard++
			w.lastUnheard = c.ID
		}
		w.call = ""
	}
	e.queue.settle(ref)
}

// call writes the calls of a round in one transaction and tells of those that were made: how many.
// Where the store refuses one, its ride has changed, and is read anew.
func (e *Engine) call(ctx context.Context, called []rideRef, now time.Time) (int, error) {
	calls := make([]Call, len(called))
	for i, ref := range called {
		calls[i] = e.callOf(ref, now)
	}
	var made []Call
	var fresh []Brief
	err := e.store.FencedTx(ctx, e.fence, func(tx Tx) error {
		made, fresh = made[:0], fresh[:0]
		for _, c := range calls {
			ok, err := tx.InsertCall(c)
			if err != nil {
				return err
			}
			if ok {
				made = append(made, c)
				continue
			}
			r, err := tx.Ride(c.Ride)
			if err != nil {
				return err
			}
			fresh = append(fresh, r.Brief())
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, c := range made {
		e.takeCall(c)
		e.listener.Called(c)
		e.hints.Announce(ctx, c)
	}
	for _, b := range fresh {
		e.takeRide(b)
	}
	return len(made), nil
}

// endCalls closes the calls that have expired.
func (e *Engine) endCalls(ctx context.Context, now time.Time) error {
	var j job
	err := e.store.FencedTx(ctx, e.fence, func(tx Tx) error {
		j = job{tx: tx, now: now}
		expired, err := tx.OpenCalls(CallQuery{City: e.city.ID, ExpiredBy: now, Limit: dueBatch})
		if err != nil {
			return err
		}
		for _, c := range expired {
			if err := j.closeCall(c, CallExpired); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		e.tell(ctx, &j, now)
	}
	return err
}
