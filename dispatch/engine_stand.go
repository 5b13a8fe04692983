package dispatch

import (
	"context"
	"maps"
	"slices"
	"time"

	"hexhail/geo"
)

// How a stand's ranks are told.
const (
	// rankEvery is how often a driver's phone is told a new rank at most.
	rankEvery = 5 * time.Second
	// lengthEvery is how often it is told that only the queue's length is another: it is with every
	// taxi that comes, and for all at once.
	lengthEvery = 30 * time.Second
)

// takeShift takes a shift. Who is not on duty, or has another taxi, is in no queue.
func (e *Engine) takeShift(s Shift, now time.Time) {
	e.fleet.put(s)
	ref := e.fleet.ref(s.Driver)
	c := &e.fleet.taxis[ref]
	if p := e.stands.turns[s.Driver]; p != nil &&
		(c.shift.Duty != OnDuty && p.Ride == "" || c.shift.Taxi != p.Taxi) {
		e.stands.leave(s.Driver, now)
	}
	e.noteTurn(c)
}

// noteTurn notes a taxi's turn beside it, for the matcher.
func (e *Engine) noteTurn(c *taxi) { c.turn = e.stands.turns[c.shift.Driver] }

// settleStands ends a start: who was queued and is at work no more, or was on the way to a rider
// who is gone, is in no queue.
func (e *Engine) settleStands(now time.Time) {
	for _, driver := range slices.Sorted(maps.Keys(e.stands.turns)) {
		p := e.stands.turns[driver]
		c := &e.fleet.taxis[e.fleet.ref(driver)]
		if c.ride != p.Ride || p.Ride == "" && c.shift.Duty != OnDuty {
			e.stands.leave(driver, now)
		}
		e.noteTurn(c)
	}
}

// seeAtStand takes a fix that has moved a taxi.
func (e *Engine) seeAtStand(ref taxiRef, now time.Time) {
	if len(e.stands.stands) == 0 {
		return
	}
	c := &e.fleet.taxis[ref]
	idle := c.shift.Duty == OnDuty && c.ride == ""
	e.stands.see(c.shift.Driver, c.shift.Taxi, c.at, idle, now)
	e.noteTurn(c)
}

// takeRideFromStand is a driver who has taken a ride, or is seen with it again. A ride of the stand
// keeps the place until the rider is on board.
func (e *Engine) takeRideFromStand(c *taxi, b Brief, m *memo) {
	p := c.turn
	switch {
	case p == nil:
	case b.State != OnTrip && (p.Ride == b.ID || p.stand == m.stand):
		e.stands.hold(c.shift.Driver, b.ID)
	default:
		e.stands.leave(c.shift.Driver, b.ChangedAt)
		c.turn = nil
	}
}

// leaveRide is a driver who is at a ride no more.
func (e *Engine) leaveRide(c *taxi, b Brief) {
	switch {
	case c.turn == nil:
	case b.State == Cancelled || b.State == NoShow:
		e.stands.giveBack(c.shift.Driver, b.ID, b.ChangedAt)
	default:
		e.stands.leave(c.shift.Driver, b.ChangedAt)
	}
	e.noteTurn(c)
}

// answeredAtStand is the end of an offer: a no to a ride of the stand, or silence, costs the place.
// Of an offer that nobody has seen nobody knows whose fault it was: the place stays, and the ride
// goes to the next one meanwhile.
func (e *Engine) answeredAtStand(c *taxi, o Offer) {
	m := e.memos[o.Ride]
	if c.turn == nil || m == nil || c.turn.stand != m.stand {
		return
	}
	if o.State.Excludes() {
		e.stands.tail(c.shift.Driver, o.ChangedAt)
	} else if o.State == OfferExpired {
		c.barred = o.ChangedAt.Add(o.ExpiresAt.Sub(o.MadeAt))
	}
}

// queued says why a taxi in the queue of a stand is no candidate for a ride; 0 if it may be one.
// The rides of its own stand come to it by its place alone.
func (e *Engine) queued(w *wait, c *taxi) Verdict {
	switch p := c.turn; {
	case p == nil:
		return 0
	case p.stand == w.memo.stand:
		return NotHeadOfQueue
	case !e.stands.stands[p.stand].ServesOutside:
		return QueuedElsewhere
	default:
		return 0
	}
}

// bound reports whether a taxi is no candidate for any ride but its stand's own.
func (e *Engine) bound(c *taxi) bool {
	return c.turn != nil && !e.stands.stands[c.turn.stand].ServesOutside
}

// fromStands gives the rides of stands to the heads of their queues, oldest ride first, whatever
// the ways cost. It returns the pairs, and the rides that are to be matched otherwise: those from
// elsewhere, and those whose stand has nobody for them. What it has considered is in
// e.pair.queued.
func (e *Engine) fromStands(waiting []rideRef, now time.Time) (pairs []option, others []rideRef) {
	p := &e.pair
	if len(e.stands.turns) == 0 {
		return nil, waiting
	}
	hour := e.hour(now)
	others = waiting[:0]
	for _, ride := range waiting {
		w := &e.queue.waits[ride]
		if w.memo.stand == noStand {
			others = append(others, ride)
			continue
		}
		first := len(p.queued)
		e.askQueue(ride, e.speed.PaceAt(w.ride.Pickup, hour), now)
		head := slices.IndexFunc(p.queued[first:], func(o option) bool {
			return o.verdict == Chosen
		})
		e.timeThese(p.queued[first:], now)
		if head < 0 {
			others = append(others, ride)
			continue
		}
		chosen := &p.queued[first+head]
		chosen.verdict = Chosen // however far it is
		p.used[chosen.taxi], w.pairedIn = true, e.queue.round
		pairs = append(pairs, *chosen)
	}
	return pairs, others
}

// askQueue goes through the queue of a ride's stand, from its head until the first who suits, and
// notes that one, some of those who were passed over, and some who came after.
func (e *Engine) askQueue(ride rideRef, pace geo.Pace, now time.Time) {
	w := &e.queue.waits[ride]
	before, after := 0, 0
	for _, turn := range e.stands.lines[w.memo.stand] {
		ref, ok := e.fleet.byDriver[turn.Driver]
		if !ok || !e.fleet.taxis[ref].indexed || e.pair.used[ref] {
			continue // has an offer already, or its phone is silent
		}
		c := &e.fleet.taxis[ref]
		verdict := NotHeadOfQueue
		if after == 0 {
			verdict = e.suits(w, c, now)
		}
		if verdict == Chosen || after > 0 {
			after++
		} else if before++; before > loggedMisfits {
			continue
		}
		m := geo.DistanceM(c.at, w.ride.Pickup)
		e.pair.queued = append(e.pair.queued, option{
			ride: ride, taxi: ref, distanceM: m, pace: pace, verdict: verdict,
		})
		if after > loggedMisfits {
			return
		}
	}
}

// tendStands drops who was not seen for long, writes the places that have changed, and then tells
// the drivers. A place that is not written when the engine ends was won within the last second.
func (e *Engine) tendStands(ctx context.Context, now time.Time) []chore {
	q := &e.stands
	if len(q.stands) == 0 {
		return nil
	}
	q.lose(now)
	drivers := slices.Sorted(maps.Keys(q.dirty))
	in := func(tx Tx) error {
		for _, driver := range drivers {
			if err := e.writeTurn(tx, driver); err != nil {
				return err
			}
		}
		return nil
	}
	return []chore{{in, func() {
		for _, driver := range drivers {
			delete(q.dirty, driver)
		}
		for _, n := range q.gone {
			if q.turns[n.Driver] == nil { // not back already
				e.noteTurn(&e.fleet.taxis[e.fleet.ref(n.Driver)])
				e.hints.Push(ctx, n)
			}
		}
		q.gone = q.gone[:0]
		e.tellRanks(ctx, now)
	}}}
}

func (e *Engine) writeTurn(tx Tx, driver DriverID) error {
	if p := e.stands.turns[driver]; p != nil {
		return tx.PutTurn(p.Turn)
	}
	return tx.DropTurn(e.city.ID, driver)
}

// tellRanks tells those in the queues where they are, if that is news.
func (e *Engine) tellRanks(ctx context.Context, now time.Time) {
	for i, line := range e.stands.lines {
		for n, p := range line {
			r := StandRank{
				City: e.city.ID, Stand: e.stands.stands[i].ID, Rank: n + 1, Length: len(line),
				EnteredAt: p.EnteredAt, At: now,
			}
			since := now.Sub(p.told.At)
			if r.Rank != p.told.Rank && since >= rankEvery ||
				r.Length != p.told.Length && since >= lengthEvery {
				p.told = r
				e.hints.Push(ctx, Notice{Driver: p.Driver, Rank: &r})
			}
		}
	}
}

// StandCounts are how many taxis queue at each stand of the city, in the order of its file.
func (e *Engine) StandCounts() []int {
	counts := make([]int, len(e.stands.lines))
	for i, line := range e.stands.lines {
		counts[i] = len(line)
	}
	return counts
}
