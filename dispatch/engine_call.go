package dispatch

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"
)

// calls reports whether a waiting ride is called and not assigned. One that is held for somebody is
// offered to them, whatever the mode: a call is for all. Hybrid calls only a ride that a driver has
// refused, while there are as many idle taxis as rides that wait: where taxis are too few, a call
// gives the next one that comes free to a ride far from it.
func (e *Engine) calls(w *wait, now time.Time) bool {
	if w.ride.First.Holds(now) {
		return false
	}
	switch e.policy.Mode {
	case Grab:
		return true
	case Hybrid:
		return len(w.memo.refusals) > 0 && w.rounds(e.queue.round) > e.policy.AssignRounds &&
			e.fleet.idle.Len() >= e.queue.open.Len()
	default:
		return false
	}
}

// splitWaiting moves the rides that are called from the waiting ones.
func (e *Engine) splitWaiting(waiting []rideRef, now time.Time) (assigned, called []rideRef) {
	p := &e.pair
	p.called = p.called[:0]
	assigned = waiting[:0]
	for _, ref := range waiting {
		if e.calls(&e.queue.waits[ref], now) {
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
	return Call{
		ID: CallID(e.newID(now)), City: e.city.ID, Ride: w.ride.ID, Search: w.ride.Search,
		State: CallOpen, Round: e.queue.round, Pickup: w.ride.Pickup, RadiusM: radius,
		Seats: w.ride.Seats, Wants: w.ride.Wants, Taxis: len(p.near),
		Except: w.memo.excluded(w.ride.Tip, MaxExcept),
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
	case c.ID == w.ended.ID || c.MadeAt.Before(w.ended.MadeAt): // old news
	case c.State == CallOpen:
		w.call, w.until = c.ID, c.ExpiresAt
		if !c.DecideAt.IsZero() {
			e.decisions[c.ID] = c.DecideAt
		}
	default:
		w.ended = c
		if c.State == CallExpired {
			w.unheard++
		}
		if w.call == c.ID {
			w.call = ""
		}
	}
	e.queue.settle(ref)
}

// decideAgain is how soon a decision is tried again that the store has refused.
const decideAgain = 100 * time.Millisecond

// nextDecision is when the next call is to be decided; zero if none is.
func (e *Engine) nextDecision() (next time.Time) {
	for _, at := range e.decisions {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

// decide gives each call whose grabs have been collected to the best of them. It returns how many
// were decided; one that fails is tried again soon.
func (e *Engine) decide(ctx context.Context, now time.Time) (decided int, err error) {
	var due []CallID
	for id, at := range e.decisions {
		if !at.After(now) {
			due = append(due, id)
		}
	}
	slices.Sort(due) // in the order of their making
	for _, id := range due {
		e.decisions[id] = now.Add(decideAgain)
		var j job
		failed := e.store.FencedTx(ctx, e.fence, func(tx Tx) error {
			j = job{tx: tx, now: now}
			return j.decide(id)
		})
		if failed != nil {
			err = errors.Join(err, failed)
			continue
		}
		delete(e.decisions, id)
		decided++
		e.tell(ctx, &j, now)
	}
	return decided, err
}

// decide claims the call's ride for the nearest of those who grabbed it and are still free. If
// there is none the call has expired.
func (j *job) decide(id CallID) error {
	open, err := j.tx.OpenCalls(CallQuery{ID: id})
	if err != nil || len(open) == 0 {
		return err // withdrawn meanwhile
	}
	grabs, err := j.tx.GrabsOf(id)
	if err != nil {
		return err
	}
	for _, g := range grabs {
		free, err := j.stillFree(g)
		if err != nil {
			return err
		}
		if free {
			return j.claimFor(g, open[0])
		}
	}
	return j.closeCall(open[0], CallExpired)
}

// stillFree reports whether a driver who has grabbed a call can still have its ride.
func (j *job) stillFree(g KeptGrab) (bool, error) {
	shift, ok, err := j.tx.Shift(g.Driver)
	if err != nil || !ok || shift.Duty != OnDuty || shift.Taxi != g.Taxi {
		return false, err
	}
	_, busy, err := j.tx.DriversRide(g.Driver)
	return !busy, err
}

// claimFor is the claim of a call that was decided, as of the time of the grab.
func (j *job) claimFor(g KeptGrab, c Call) error {
	if err := j.withdrawFrom(g.Driver, OfferDeclined); err != nil {
		return err
	}
	c, err := j.tx.GrabCall(c.ID, g.Driver, g.At)
	if err != nil {
		return err
	}
	j.tellCall(c)
	r, err := j.tx.Ride(c.Ride)
	if err == nil {
		_, err = j.step(r, Claim{Driver: g.Driver, Taxi: g.Taxi, Search: c.Search})
	}
	return err
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
func (e *Engine) endCalls(ctx context.Context, now time.Time) []chore {
	var j job
	in := func(tx Tx) error {
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
	}
	return []chore{{in, func() { e.tell(ctx, &j, now) }}}
}
