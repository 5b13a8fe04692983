package driver

import (
	"context"
	"slices"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// How fixes get into the trace of their ride: in batches of at most 256, and before the ride is
// completed. A flush comes a second after the last; after one that took long, traceRest times as
// long, but traceLatest at most.
const (
	traceBatch  = 256
	traceEvery  = time.Second
	traceRest   = 4
	traceLatest = 10 * time.Second
	traceWithin = 5 * time.Second
	traceRides  = 256 // in one transaction
	// traceKept is how many fixes of a session wait when they cannot be written; beyond it the
	// oldest are lost, which lowers the coverage of the trace and nothing else.
	traceKept = 4 * traceBatch
)

// trace is the fixes of a ride that are not written yet. Guarded by its session's mu.
type trace struct {
	ride  dispatch.RideID
	fixes []geo.Fix
}

// add keeps a fix of a ride. What is left of another ride is lost: Complete has waited for it.
func (t *trace) add(ride dispatch.RideID, fix geo.Fix) {
	if t.ride != ride {
		t.ride, t.fixes = ride, nil
	}
	t.fixes = append(t.fixes, fix)
}

// keepTraces flushes traces until ctx ends. The more the store has to do the less often it is
// asked: a row with ten fixes costs no more than one with one.
func (v *Server) keepTraces(ctx context.Context) error {
	rest := time.NewTimer(traceEvery)
	defer rest.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case began := <-rest.C:
			v.flushTraces(ctx)
			rest.Reset(restAfter(time.Since(began)))
		}
	}
}

// restAfter is how long the store has for other things after a flush that took so long.
func restAfter(took time.Duration) time.Duration {
	return min(max(traceEvery, traceRest*took), traceLatest)
}

// flushTraces writes what has been collected of all sessions, many rides in one transaction. It
// holds a session only while that is written: who ends a ride waits for one transaction at most.
func (v *Server) flushTraces(ctx context.Context) {
	var sessions []*session
	v.book.each(func(s *session) { sessions = append(sessions, s) })
	var part []collected
	for _, s := range sessions {
		if c, ok := s.collect(); ok {
			part = append(part, c)
		}
		if len(part) == traceRides {
			v.writeTraces(ctx, part)
			part = part[:0]
		}
	}
	if len(part) > 0 {
		v.writeTraces(ctx, part)
	}
}

// collected is what one session has for its ride's trace; its flushing is locked until it is
// written.
type collected struct {
	session *session
	batch   dispatch.TraceBatch
}

// collect takes a batch of the session's fixes, unless somebody writes them now.
func (s *session) collect() (collected, bool) {
	if !s.flushing.TryLock() {
		return collected{}, false
	}
	s.mu.Lock()
	n := min(len(s.trace.fixes), traceBatch)
	batch := dispatch.TraceBatch{Ride: s.trace.ride, Fixes: s.trace.fixes[:n:n]}
	s.trace.fixes = s.trace.fixes[n:]
	s.mu.Unlock()
	if n == 0 {
		s.flushing.Unlock()
		return collected{}, false
	}
	return collected{s, batch}, true
}

// writeTraces writes some batches in one transaction, and lets their sessions go on. If one of them
// can never be written, each is written alone, so that it keeps out no other.
func (v *Server) writeTraces(ctx context.Context, part []collected) {
	ctx, cancel := context.WithTimeout(ctx, traceWithin)
	defer cancel()
	batches := make([]dispatch.TraceBatch, len(part))
	for i, c := range part {
		batches[i] = c.batch
	}
	err := v.c.Traces.AppendTraces(ctx, batches)
	if err != nil && dispatch.KindOf(err) == dispatch.Invalid && len(part) > 1 {
		for i := range part {
			v.writeTraces(ctx, part[i:i+1])
		}
		return
	}
	if err != nil {
		v.c.Log.Warn("appending to traces", "rides", len(part), "err", err)
	}
	for _, c := range part {
		if err != nil {
			c.session.keepTrace(c.batch.Ride, c.batch.Fixes, err)
		}
		c.session.flushing.Unlock()
	}
}

// flushTrace writes the session's fixes, after those that are on their way already. When it
// returns, every fix that was accepted before is in the trace, or lost.
func (s *session) flushTrace(ctx context.Context) {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	s.mu.Lock()
	ride, fixes := s.trace.ride, s.trace.fixes
	s.trace.fixes = nil
	s.mu.Unlock()
	if len(fixes) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, traceWithin)
	defer cancel()
	for len(fixes) > 0 {
		n := min(len(fixes), traceBatch)
		if err := s.srv.c.Traces.AppendTrace(ctx, ride, fixes[:n]); err != nil {
			s.srv.c.Log.Warn("appending to a trace", "ride", ride, "fixes", len(fixes), "err", err)
			s.keepTrace(ride, fixes, err)
			return
		}
		fixes = fixes[n:]
	}
}

// keepTrace puts back what could not be written for now. What is lost is counted: what can never be
// written, fixes of a ride that is no more the session's, and the oldest of too many.
func (s *session) keepTrace(ride dispatch.RideID, fixes []geo.Fix, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if dispatch.KindOf(why) == dispatch.Invalid || len(s.trace.fixes) > 0 && s.trace.ride != ride {
		s.srv.c.Listener.Dropped("trace")
		return
	}
	kept := slices.Concat(fixes, s.trace.fixes)
	if len(kept) > traceKept {
		s.srv.c.Listener.Dropped("trace")
	}
	s.trace.ride, s.trace.fixes = ride, kept[max(0, len(kept)-traceKept):]
}
