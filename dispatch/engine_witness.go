package dispatch

import (
	"context"
	"errors"
	"math"
	"time"
)

// How drivers' logs are written.
const (
	// trailsAtOnce is how many logs are written in one second: 60,000 drivers' in ten minutes. With
	// more they are written later, and are longer.
	trailsAtOnce = 100
	// forgetEvery is how often logs that are too old are dropped, forgetBatch how many at a time.
	forgetEvery = time.Minute
	forgetBatch = 2000
)

// witness keeps the drivers' trails, one for each taxi of the fleet.
type witness struct {
	off     bool // keeps nothing
	trails  []trail
	present []uint8   // the presences of the trails, close together: all are compared each second
	next    int       // whose turn to be written is looked at next
	forgets time.Time // when old logs are dropped next
}

// Which candidates of a ride go into the drivers' logs, besides those that it chose: the nearest of
// its first round, and all of every 16th. All of all rounds would make a round of 100,000
// candidates by a third longer: each driver's log is a place in memory of its own.
const (
	witnessFirst = 8
	witnessEvery = 16
)

// witnessed is how many of the ride's candidates of a round go into the drivers' logs.
func (w *wait) witnessed(round int) int {
	n := w.rounds(round)
	switch {
	case (n+int(w.memo.ticket))%witnessEvery == 0:
		return math.MaxInt
	case n <= 1:
		return witnessFirst
	default:
		return 0
	}
}

// of is the trail of a taxi.
func (w *witness) of(ref taxiRef) *trail {
	for int(ref) >= len(w.trails) {
		w.trails, w.present = append(w.trails, trail{}), append(w.present, 0)
	}
	return &w.trails[ref]
}

// turn notes a driver's presence as of this second.
func (w *witness) turn(ref taxiRef, p Presence, heardAt, now time.Time) {
	//nolint:gosec // G115: a presence is small
	if w.off || int(ref) < len(w.present) && w.present[ref] == uint8(p) {
		return
	}
	t := w.of(ref)
	if t.presence == 0 {
		if p == DriverOff {
			return // not seen on duty yet
		}
		// The first turn of each is at a time of its own, so that not all are written together.
		t.savedMS = now.UnixMilli() - int64(ref)%600*1000
	}
	t.turn(p, heardAt, now)
	//nolint:gosec // G115: a presence is small
	w.present[ref] = uint8(p)
}

// saw notes what a round has decided about a taxi for a ride.
func (w *witness) saw(ticket uint32, ride RideID, o *option, nowMS int64) {
	if !w.off {
		w.of(o.taxi).saw(ticket, ride, o, nowMS)
	}
}

// answered notes what became of an offer.
func (w *witness) answered(ref taxiRef, ride RideID, state OfferState) {
	if !w.off && int(ref) < len(w.trails) {
		w.trails[ref].answered(ride, state)
	}
}

// due reports whether a trail has something new that is so old.
func (t *trail) due(nowMS int64, age time.Duration) bool {
	return t.presence != 0 && (t.changed || t.presence != DriverOff) &&
		nowMS-t.savedMS >= age.Milliseconds()
}

// Leave writes what the engine has not written yet, before it is left: that it lived until now, and
// the logs of rides and drivers. Without it a new engine knows at most ten minutes less.
func (e *Engine) Leave(ctx context.Context, now time.Time) error {
	err := e.together(ctx, []chore{e.markAlive(now)})
	for _, ref := range e.queue.order {
		w := &e.queue.waits[ref]
		e.toWrite(w.ride.ID, w.memo)
	}
	for range (len(e.logs) + logsAtOnce - 1) / logsAtOnce {
		err = errors.Join(err, e.together(ctx, e.writeLogs()))
	}
	for range len(e.witness.trails)/trailsAtOnce + 1 {
		err = errors.Join(err, e.together(ctx, e.writeTrails(now, time.Millisecond)))
	}
	return err
}

// writeTrails writes drivers' logs that were last written so long ago, and drops those that are too
// old.
func (e *Engine) writeTrails(now time.Time, age time.Duration) (chores []chore) {
	w := &e.witness
	if refs := w.takeDue(now.UnixMilli(), age); len(refs) > 0 {
		chores = append(chores, chore{
			func(tx Tx) error {
				for _, ref := range refs {
					if err := tx.PutDriverLog(e.trailLog(ref, now)); err != nil {
						return err
					}
				}
				return nil
			},
			func() {
				for _, ref := range refs {
					w.trails[ref].saved(now)
				}
			},
		})
	}
	if !w.off && !now.Before(w.forgets) {
		chores = append(chores, chore{
			func(tx Tx) error {
				_, err := tx.ForgetDriverLogs(e.city.ID, now.Add(-DriverLogsKept), forgetBatch)
				return err
			},
			func() { w.forgets = now.Add(forgetEvery) },
		})
	}
	return chores
}

// takeDue is whose turn it is to be written; the next call goes on behind them.
func (w *witness) takeDue(nowMS int64, age time.Duration) (refs []taxiRef) {
	n := len(w.trails)
	for i := 0; i < n && len(refs) < trailsAtOnce; i++ {
		if w.next >= n {
			w.next = 0
		}
		if w.trails[w.next].due(nowMS, age) {
			//nolint:gosec // G115: a place in the fleet
			refs = append(refs, taxiRef(w.next))
		}
		w.next++
	}
	return refs
}

// DriverLog is what of a driver is not written yet; ok is false if the engine does not know them.
func (e *Engine) DriverLog(driver DriverID, now time.Time) (l DriverLog, ok bool) {
	ref, ok := e.fleet.byDriver[driver]
	if !ok || int(ref) >= len(e.witness.trails) || e.witness.trails[ref].presence == 0 {
		return DriverLog{}, false
	}
	return e.trailLog(ref, now), true
}

func (e *Engine) trailLog(ref taxiRef, now time.Time) DriverLog {
	l := e.witness.trails[ref].log(e.fleet.taxis[ref].shift, now)
	l.City, l.EngineAt = e.city.ID, e.begunAt
	return l
}
