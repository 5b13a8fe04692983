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

// flushTraces writes what has been collected of all sessions, many rides in one transaction.
func (v *Server) flushTraces(ctx context.Context) {
	var full []collected
	v.book.each(func(s *session) {
		if c, ok := s.collect(); ok {
			full = append(full, c)
		}
	})
	for part := range slices.Chunk(full, traceRides) {
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

// writeTraces writes some batches in one transaction, and lets their sessions go on.
func (v *Server) writeTraces(ctx context.Context, part []collected) {
	ctx, cancel := context.WithTimeout(ctx, traceWithin)
	defer cancel()
	batches := make([]dispatch.TraceBatch, len(part))
	for i, c := range part {
		batches[i] = c.batch
	}
	err := v.c.Traces.AppendTraces(ctx, batches)
	if err != nil {
		v.c.Log.Warn("appending to traces", "rides", len(part), "err", err)
		v.c.Listener.Dropped("trace")
	}
	for _, c := range part {
		// What can never be written must not come back and keep the others out.
		if err != nil && dispatch.KindOf(err) != dispatch.Invalid {
			c.session.keepTrace(c.batch.Ride, c.batch.Fixes)
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
			s.srv.c.Listener.Dropped("trace")
			s.keepTrace(ride, fixes)
			return
		}
		fixes = fixes[n:]
	}
}

// keepTrace puts back what could not be written.
func (s *session) keepTrace(ride dispatch.RideID, fixes []geo.Fix) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.trace.fixes) > 0 && s.trace.ride != ride {
		return
	}
	kept := slices.Concat(fixes, s.trace.fixes)
	s.trace.ride, s.trace.fixes = ride, kept[max(0, len(kept)-traceKept):]
}
