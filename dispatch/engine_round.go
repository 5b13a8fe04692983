package dispatch

import (
	"context"
	"slices"
	"time"
)

// Round pairs the waiting rides with the idle taxis and makes the offers, in one transaction. A
// pair that the store refuses, as a row has changed meanwhile, is left for the next round.
func (e *Engine) Round(ctx context.Context, now time.Time) (RoundStats, error) {
	e.policy = e.city.PolicyAt(now)
	wanted := !e.wantsAt.IsZero() && !e.wantsAt.After(now)
	decided, err := e.decide(ctx, now)
	if err != nil || decided > 0 && !wanted {
		return RoundStats{City: e.city.ID, At: now}, err
	}
	e.fleet.expire(now.Add(-e.policy.Stale()))
	e.roundedAt, e.wantsAt = now, time.Time{}
	stats := RoundStats{City: e.city.ID, At: now, Idle: e.fleet.idle.Len()}
	waiting := e.waiting()
	stats.Waiting = len(waiting)
	if len(waiting) == 0 {
		return stats, nil
	}
	e.queue.round++
	clear(e.pair.timed[:])
	clear(e.pair.used)
	e.pair.queued = e.pair.queued[:0]
	first, waiting := e.fromHeld(waiting, now)
	fromStands, waiting := e.fromStands(waiting, now)
	assigned, called := e.splitWaiting(waiting, now)
	pairs, err := e.pairUp(assigned, now)
	if err != nil {
		return stats, err
	}
	e.pair.options = append(e.pair.options, e.pair.queued...)
	pairs = e.inRoom(slices.Concat(first, fromStands, pairs))
	stats.Edges = len(e.pair.options)
	stats.Pairs = len(pairs)
	refused, err := e.offer(ctx, pairs, now)
	stats.Offers = len(pairs) - len(refused)
	if len(called) > 0 && err == nil {
		stats.Calls, err = e.call(ctx, called, now)
	}
	stats.Timed = e.pair.timed
	e.log(refused, stats)
	e.last = stats
	if e.queue.open.Len() > 0 {
		e.wantsAt = now.Add(e.policy.RoundAgain(e.queue.open.Len(), e.fleet.idle.Len()))
	}
	e.listener.Rounded(stats)
	return stats, err
}

// pairUp finds the pairs of the round, and the options that they are chosen from.
func (e *Engine) pairUp(waiting []rideRef, now time.Time) ([]option, error) {
	switch {
	case len(waiting) == 0 || e.supply() == 0:
		e.pair.options = e.pair.options[:0]
		return nil, nil
	case e.policy.Mode == Nearest:
		return e.nearest(waiting, now), nil
	default:
		return e.assign(waiting, now)
	}
}

// offer writes the offers and pushes those that were made. It returns the pairs that were not.
func (e *Engine) offer(ctx context.Context, pairs []option, now time.Time) ([]option, error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	var made []Offer
	var of, refused []option
	var fresh []Brief
	err := e.store.FencedTx(ctx, e.fence, func(tx Tx) error {
		made, of, refused, fresh = made[:0], of[:0], refused[:0], fresh[:0]
		for _, o := range pairs {
			offer := e.offerOf(o, now)
			ok, err := tx.InsertOffer(offer)
			if err != nil {
				return err
			}
			if ok {
				made, of = append(made, offer), append(of, o)
				continue
			}
			refused = append(refused, o)
			r, err := tx.Ride(offer.Ride)
			if err != nil {
				return err
			}
			fresh = append(fresh, r.Brief())
		}
		return nil
	})
	if err != nil {
		return pairs, err
	}
	for i := range made {
		e.ask(made[i], &of[i], now)
		e.takeOffer(made[i])
		e.listener.Offered(made[i])
		e.hints.Push(ctx, Notice{Driver: made[i].Driver, Offer: &made[i]})
	}
	for i, o := range refused {
		if was := e.queue.waits[o.ride].ride; fresh[i].State == Searching &&
			fresh[i].Search == was.Search { // then it is the driver who has changed
			e.fleet.taxis[o.taxi].barred = now.Add(barFor)
		}
		e.takeRide(fresh[i])
	}
	return refused, nil
}

func (e *Engine) offerOf(o option, now time.Time) Offer {
	w, c := &e.queue.waits[o.ride], &e.fleet.taxis[o.taxi]
	var after RideID
	if c.trip.ending {
		after = c.ride
	}
	return Offer{
		ID: OfferID(e.newID(now)), City: e.city.ID, Ride: w.ride.ID, Search: w.ride.Search,
		Driver: c.shift.Driver, Taxi: c.shift.Taxi, State: OfferOpen, Round: e.queue.round,
		PickupM: int(o.distanceM), PickupS: int(o.ms+500) / 1000,
		Tip: w.ride.Tip, PickupSource: o.source, After: after, AfterS: int(o.restMS+500) / 1000,
		MadeAt: now, ExpiresAt: now.Add(e.policy.Offer()), ChangedAt: now,
	}
}

// log adds the round to the logs of the rides that had anybody to consider.
func (e *Engine) log(refused []option, stats RoundStats) {
	options, nowMS := e.pair.options, stats.At.UnixMilli()
	slices.SortStableFunc(options, func(a, b option) int { return int(a.ride) - int(b.ride) })
	for len(options) > 0 {
		ref, n := options[0].ride, 1
		for n < len(options) && options[n].ride == ref {
			n++
		}
		round := Round{
			At: stats.At, Waiting: stats.Waiting, Idle: stats.Idle,
			Candidates: make([]Candidate, 0, min(n, maxLoggedCandidates)),
		}
		w := &e.queue.waits[ref]
		witnessed := w.witnessed(e.queue.round)
		for i := range options[:n] {
			o := &options[i]
			if o.verdict == Chosen && slices.ContainsFunc(refused, o.samePair) {
				o.verdict = OfferRefused
			}
			if i < witnessed || o.verdict == Chosen || o.verdict == OfferRefused {
				e.witness.saw(w.memo.ticket, w.ride.ID, o, nowMS)
			}
			if i >= maxLoggedCandidates {
				continue
			}
			round.Candidates = append(round.Candidates, Candidate{
				Taxi: e.fleet.taxis[o.taxi].shift.Taxi, PickupM: int(o.distanceM),
				PickupS: int(o.ms+500) / 1000, AfterS: int(o.restMS+500) / 1000,
				CostS:  int(o.cost+500) / 1000,
				Source: o.source, ChancePct: int(100*o.chance + 0.5), Verdict: o.verdict,
			})
		}
		w.memo.log.Add(round)
		options = options[n:]
	}
}

func (o option) samePair(other option) bool { return o.ride == other.ride && o.taxi == other.taxi }
