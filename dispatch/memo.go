package dispatch

import (
	"slices"
	"time"

	"hexhail/money"
)

// memo is what the engine remembers of one ride, from its first word on until some time after its
// end: nudges come late and in any order, and what is known better already must stay.
type memo struct {
	version  int
	taxi     taxiRef   // that is at it, noTaxi if none
	refusals []refusal // each driver at most once
	log      RoundLog
	rounds   int       // that it was in, without the present wait
	ticket   uint32    // 0 before it searches
	searched bool      // this engine has looked for a taxi for it, and so has its log
	unsaved  bool      // the log waits to be written
	endedAt  time.Time // zero while it may still change the fleet or the queue
	stand    int       // whose queue the pickup belongs to, noStand if none
}

const noTaxi = taxiRef(-1)

// memoKept is how long an ended ride is remembered: longer than any nudge is late.
const memoKept = 10 * time.Minute

// refusal is a driver who is not tried again for a ride, in this search and in later ones, unless
// its tip rises above an amount. Who has said no, or nothing, has said so to what was offered; who
// has given the ride back let the rider wait for nothing, and that no tip makes good.
type refusal struct {
	driver DriverID
	upTo   money.Fen // MaxTip: whatever the tip
}

// exclude keeps a driver from being tried again at a tip.
func (m *memo) exclude(driver DriverID, upTo money.Fen) {
	for i := range m.refusals {
		if r := &m.refusals[i]; r.driver == driver {
			r.upTo = max(r.upTo, upTo)
			return
		}
	}
	m.refusals = append(m.refusals, refusal{driver, upTo})
}

// excludes reports whether a driver is not tried at a tip.
func (m *memo) excludes(driver DriverID, tip money.Fen) bool {
	return slices.ContainsFunc(m.refusals, func(r refusal) bool {
		return r.driver == driver && tip <= r.upTo
	})
}

// excluded are the latest drivers, at most so many, who are not tried at a tip.
func (m *memo) excluded(tip money.Fen, limit int) (drivers []DriverID) {
	for _, r := range slices.Backward(m.refusals) {
		if tip <= r.upTo && len(drivers) < limit {
			drivers = append(drivers, r.driver)
		}
	}
	slices.Reverse(drivers)
	return drivers
}

// memos are the rides that are remembered.
type memos map[RideID]*memo

// of is a ride's memo, made with its first word.
func (ms memos) of(b Brief) *memo {
	m, ok := ms[b.ID]
	if !ok {
		m = &memo{taxi: noTaxi, stand: noStand, log: RoundLog{Ride: b.ID, City: b.City}}
		ms[b.ID] = m
	}
	return m
}

// forget drops the rides that ended before a time.
func (ms memos) forget(before time.Time) {
	for id, m := range ms {
		if !m.endedAt.IsZero() && m.endedAt.Before(before) && !m.unsaved {
			delete(ms, id)
		}
	}
}
