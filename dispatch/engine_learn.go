package dispatch

import (
	"time"

	"hexhail/geo"
)

// keepEvery is how often an engine writes what its model has learned: a crash loses as much.
const keepEvery = 30 * time.Second

// Answer is what became of an offer, beside what the model had thought of it.
type Answer struct {
	City     CityID
	Chance   float64 // that the driver takes it, as it was when the offer was made
	Accepted bool    // otherwise declined, or left unanswered
}

// asked is an offer whose end the model will learn from.
type asked struct {
	facts  Facts
	chance float64
	usual  float64
	driver DriverID
	ride   RideID
	until  time.Time
}

// kept is the state of the model that the store holds.
type kept struct {
	seen int
	at   time.Time
}

// measure notes what a ride's way is like, for the model.
func (w *wait) measure(centre geo.Point) {
	b := &w.ride
	w.lengthM = geo.DistanceM(b.Pickup, b.Dropoff)
	w.inward = inward(b.Pickup, b.Dropoff, centre, w.lengthM)
}

// price is the cost of a pair, and the chance that the driver takes the ride.
func (e *Engine) price(o *option, hour int, now time.Time) (cost int32, chance float32) {
	w, c := &e.queue.waits[o.ride], &e.fleet.taxis[o.taxi]
	p := e.acceptance.Chance(e.facts(o, hour, now))
	return e.policy.Cost(Pair{
		Pickup: time.Duration(o.ms+o.restMS*doubtPct/100) * time.Millisecond,
		Left:   w.ride.SearchBy.Sub(now),
		Tip:    w.ride.Tip, Idle: c.idleFor(now), Chance: p,
		Senior: w.ride.Senior,
		Usual:  e.usual(w, hour),
		Detour: c.shift.Destination.Detour(w.ride.Pickup, w.ride.Dropoff, w.lengthM, o.pace),
	}), float32(p)
}

// usual is the chance of a ride with a driver next door of whom nothing is known. It is the same
// for a whole round.
func (e *Engine) usual(w *wait, hour int) float64 {
	if w.usualIn != e.queue.round || w.usual == 0 {
		w.usualIn = e.queue.round
		w.usual = e.acceptance.Chance(Facts{
			Tip: w.ride.Tip, LengthM: w.lengthM, Inward: w.inward, Hour: hour,
		})
	}
	return w.usual
}

// facts is what the model judges a pair by.
func (e *Engine) facts(o *option, hour int, now time.Time) Facts {
	w, c := &e.queue.waits[o.ride], &e.fleet.taxis[o.taxi]
	return Facts{
		Pickup: time.Duration(o.ms) * time.Millisecond, PickupM: o.distanceM, Tip: w.ride.Tip,
		LengthM: w.lengthM, Inward: w.inward, Hour: hour, Habit: c.habit,
		Idle:     c.idleFor(now),
		Homeward: c.shift.Destination.Homeward(w.ride.Pickup, w.ride.Dropoff, w.lengthM),
	}
}

// ask remembers what the driver was asked, until the answer.
func (e *Engine) ask(offer Offer, o *option, now time.Time) {
	e.asked[offer.ID] = asked{
		facts: e.facts(o, e.hour(now), now), chance: float64(o.chance),
		usual: e.queue.waits[o.ride].usual, driver: offer.Driver, ride: offer.Ride,
		until: offer.ExpiresAt,
	}
}

// claimed is a ride that has become a driver's while an offer to them was open.
func (e *Engine) claimed(offer OfferID, b Brief) {
	a, ok := e.asked[offer]
	if !ok || a.ride != b.ID {
		return
	}
	if b.Search == 1 { // a later search has waited for another's sake
		e.outlook.add(b.ClaimedAt.Sub(b.RequestedAt)+a.facts.Pickup, a.facts.Idle, a.usual-a.chance)
	}
	e.answered(offer, OfferAccepted)
}

// answered teaches the model the end of an offer, once however often it is told. Only what a driver
// has decided counts: an offer that nobody saw, or that was withdrawn, says nothing of them.
func (e *Engine) answered(offer OfferID, state OfferState) {
	a, ok := e.asked[offer]
	if !ok {
		return
	}
	delete(e.asked, offer)
	accepted := state == OfferAccepted
	if !accepted && !state.Excludes() {
		return
	}
	e.acceptance.Learn(a.facts, accepted)
	c := &e.fleet.taxis[e.fleet.ref(a.driver)]
	c.habit = c.habit.Add(accepted)
	e.listener.Answered(Answer{City: e.city.ID, Chance: a.chance, Accepted: accepted})
}

// forgetAsked drops offers that expired before a time and whose end was never heard of.
func (e *Engine) forgetAsked(before time.Time) {
	for id, a := range e.asked {
		if a.until.Before(before) {
			delete(e.asked, id)
		}
	}
}

// recollect reads what the city's model had learned before.
func (e *Engine) recollect(tx Tx, now time.Time) error {
	l, ok, err := tx.Learned(e.city.ID)
	if err != nil {
		return err
	}
	e.acceptance = NewAcceptance()
	if ok {
		e.acceptance = l.Model()
	}
	e.kept = kept{seen: e.acceptance.Seen(), at: now}
	return nil
}

// keepLearned writes what the model has learned since the last time.
func (e *Engine) keepLearned(now time.Time) []chore {
	seen := e.acceptance.Seen()
	if seen == e.kept.seen || now.Sub(e.kept.at) < keepEvery {
		return nil
	}
	learned := e.acceptance.Learned(e.city.ID, now)
	return []chore{{
		func(tx Tx) error { return tx.PutLearned(learned) },
		func() { e.kept = kept{seen: seen, at: now} },
	}}
}
