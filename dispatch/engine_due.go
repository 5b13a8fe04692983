package dispatch

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Due does what must not be forgotten: it ends offers that nobody answered and searches that are
// over, looks at the bookings whose time has come, writes the round logs of rides that search no
// more, and every few seconds reads the rows that nudges may have missed. It is called every second
// of the city's time.
func (e *Engine) Due(ctx context.Context, now time.Time) error {
	e.policy = e.city.PolicyAt(now)
	ends := slices.Concat(
		e.endOffers(ctx, now), e.endCalls(ctx, now), e.endSearches(ctx, now),
	)
	if now.Sub(e.syncedAt) >= syncEvery {
		ends = append(ends, e.sync(now), e.markAlive(now))
	}
	// Each does what it can, whatever became of the others.
	err := errors.Join(e.together(ctx, ends), e.doBookings(ctx, now))
	e.lookAhead(now)
	err = errors.Join(err, e.endLate(ctx, now))
	if e.fleet.ending.Len() > 0 {
		e.wantRound(now)
	}
	e.lookAround(now)
	return errors.Join(err, e.together(ctx, slices.Concat(
		e.tendStands(ctx, now), e.writeLogs(), e.keepLearned(now),
		e.writeTrails(now, driverLogSaved),
	)))
}

// chore is a part of what is due: what it does in a transaction, and what follows once that is
// committed. In may be called more than once.
type chore struct {
	in   func(tx Tx) error
	done func()
}

// together does chores in one transaction: the way to the store's writer and back is what costs. If
// one of them fails, and not the store, each is done alone, so that it keeps no other from being
// done.
func (e *Engine) together(ctx context.Context, chores []chore) error {
	if len(chores) == 0 {
		return nil
	}
	err := e.store.FencedTx(ctx, e.fence, func(tx Tx) error {
		for _, c := range chores {
			if err := c.in(tx); err != nil {
				return err
			}
		}
		return nil
	})
	switch {
	case err == nil:
		for _, c := range chores {
			c.done()
		}
		return nil
	case len(chores) == 1 && ReasonOf(err) == ReasonStale:
		return nil // somebody was faster: what is due still comes again in a second
	case len(chores) == 1 || ctx.Err() != nil || ReasonOf(err) == ReasonFenced ||
		KindOf(err) == Unavailable:
		return err
	}
	err = nil
	for i := range chores {
		err = errors.Join(err, e.together(ctx, chores[i:i+1]))
	}
	return err
}

// endOffers closes offers that have expired. One that had reached the phone counts as silence;
// at the policy's limit the driver goes off duty.
func (e *Engine) endOffers(ctx context.Context, now time.Time) []chore {
	var j job
	var hushed []Shift
	in := func(tx Tx) error {
		j, hushed = job{tx: tx, now: now}, hushed[:0]
		expired, err := tx.OpenOffers(OfferQuery{City: e.city.ID, ExpiredBy: now, Limit: dueBatch})
		if err != nil {
			return err
		}
		for _, o := range expired {
			// Who drives a rider need not look at the phone.
			if o.Ended() == OfferSilent && o.After == "" {
				shift, off, err := j.hush(o.Driver, e.policy.SilentLimit)
				if err != nil {
					return err
				}
				if off {
					hushed = append(hushed, shift)
				}
			}
			if err := j.closeOffer(o, o.Ended()); err != nil {
				return err
			}
			if o.Ended().Excludes() && e.heldFor(o, now) {
				if err := j.passOn(o); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return []chore{{in, func() {
		e.tell(ctx, &j, now)
		for i := range hushed {
			e.takeShift(hushed[i], now)
			e.hints.Push(ctx, Notice{Driver: hushed[i].Driver, Shift: &hushed[i]})
		}
	}}}
}

// heldFor reports whether an offer's ride waits for the offer's driver alone, as far as is known.
func (e *Engine) heldFor(o Offer, now time.Time) bool {
	ref, ok := e.queue.byID[o.Ride]
	return ok && e.queue.waits[ref].ride.First.HeldFor(o.Driver, now)
}

// hush counts a silent offer of a driver. off says that it was one too many.
func (j *job) hush(driver DriverID, limit int) (s Shift, off bool, err error) {
	s, ok, err := j.tx.Shift(driver)
	if err != nil || !ok || s.Duty != OnDuty {
		return s, false, err
	}
	s = s.Hush(limit, j.now)
	return s, s.Duty == OffDuty, j.tx.PutShift(s)
}

// endSearches expires the rides that nobody took.
func (e *Engine) endSearches(ctx context.Context, now time.Time) []chore {
	var j job
	stale := map[RideID]bool{}
	in := func(tx Tx) error {
		j = job{tx: tx, now: now}
		due, err := tx.DueRides(e.city.ID, now, dueBatch)
		if err != nil {
			return err
		}
		for _, r := range due {
			if stale[r.ID] {
				continue
			}
			if _, err := j.step(r, Expire{}); err != nil {
				// One that was claimed or tipped meanwhile is not as it was read. Its offers are
				// withdrawn already, so all is done again without it; if it still searches its turn
				// comes in a second.
				stale[r.ID] = ReasonOf(err) == ReasonStale
				return err
			}
		}
		return nil
	}
	return []chore{{in, func() { e.tell(ctx, &j, now) }}}
}

// tell gives the hints of the engine's own jobs. What concerns itself it takes at once.
func (e *Engine) tell(ctx context.Context, j *job, now time.Time) {
	tell(ctx, selfNudge{e, now}, e.listener, j)
}

// selfNudge hears the nudges that the engine gives itself, and passes on the rest.
type selfNudge struct {
	e   *Engine
	now time.Time
}

// Nudge takes the change without a way around.
func (s selfNudge) Nudge(_ context.Context, c Change) { s.e.Nudge(c, s.now) }

// Push passes it on.
func (s selfNudge) Push(ctx context.Context, n Notice) { s.e.hints.Push(ctx, n) }

// Announce passes it on.
func (s selfNudge) Announce(ctx context.Context, c Call) { s.e.hints.Announce(ctx, c) }

// Tell passes it on.
func (s selfNudge) Tell(ctx context.Context, r Ride) { s.e.hints.Tell(ctx, r) }

// logsAtOnce is how many logs of rides are written in a second, each up to some 20 KB of JSON: what
// is left over has its turn in the next one. After an hour of rush all searches of a large city
// would be written in one transaction, for which every claim waits.
const logsAtOnce = 256

// writeLogs writes the logs of rides that have something new for their rows.
func (e *Engine) writeLogs() []chore {
	if len(e.logs) == 0 {
		return nil
	}
	ids := e.logs[:min(logsAtOnce, len(e.logs))]
	in := func(tx Tx) error {
		for _, id := range ids {
			if err := tx.PutRoundLog(e.logOf(id)); err != nil {
				return err
			}
		}
		return nil
	}
	return []chore{{in, func() {
		for _, id := range ids {
			e.memos[id].unsaved = false
		}
		e.logs = e.logs[len(ids):]
	}}}
}

// markAlive says that the engine is at work. A crash takes with it what is not written; a new one
// can tell the time without an engine from the time of which it only has no word.
func (e *Engine) markAlive(now time.Time) chore {
	return chore{func(tx Tx) error { return tx.MarkAlive(e.city.ID, now) }, func() {}}
}

// sync reads what has changed in the rows since the last time, and takes it.
func (e *Engine) sync(now time.Time) chore {
	since := e.syncedAt.Add(-syncOverlap)
	var rides []Brief
	var offers []Offer
	var shifts []Shift
	var calls []Call
	in := func(tx Tx) (err error) {
		if rides, err = tx.ChangedRides(e.city.ID, since); err != nil {
			return err
		}
		if offers, err = tx.ChangedOffers(e.city.ID, since); err != nil {
			return err
		}
		if shifts, err = tx.ChangedShifts(e.city.ID, since); err != nil {
			return err
		}
		calls, err = tx.ChangedCalls(e.city.ID, since)
		return err
	}
	return chore{in, func() {
		e.queue.release(now.Add(-syncEvery))
		e.fleet.release(now.Add(-syncEvery))
		e.memos.forget(now.Add(-memoKept))
		e.forgetAsked(now.Add(-memoKept))
		for _, s := range shifts {
			e.takeShift(s, now)
		}
		for _, r := range rides {
			e.takeRide(r)
		}
		for _, o := range offers {
			e.takeOffer(o)
		}
		for _, c := range calls {
			e.takeCall(c)
		}
		e.syncedAt = now
		e.wantRound(now)
	}}
}
