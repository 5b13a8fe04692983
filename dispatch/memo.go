package dispatch

import (
	"slices"
	"time"
)

// memo is what the engine remembers of one ride, from its first word on until some time after its
// end: nudges come late and in any order, and what is known better already must stay.
type memo struct {
	version  int
	taxi     taxiRef // that is at it, noTaxi if none
	excluded []DriverID
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

// exclude keeps a driver from being tried again, in this search and in later ones.
func (m *memo) exclude(driver DriverID) {
	if !slices.Contains(m.excluded, driver) {
		m.excluded = append(m.excluded, driver)
	}
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
