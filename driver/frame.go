package driver

import (
	"sync"
	"sync/atomic"
	"time"

	"hexhail/dispatch"
)

// frameShards spreads the sessions of a city, so that readers on many cores do not wait for each
// other when they put their taxi into the next frame.
const frameShards = 16

// city is what the sessions of a city share.
type city struct {
	id       dispatch.CityID
	sessions atomic.Int64
	frames   [frameShards]frame
	reports  []dispatch.Report // the flusher's own, reused
	board    board

	polledAt time.Time // city time of the last poll that went well; the poller's own
	triedAt  time.Time
}

// frame collects sessions whose taxi has moved.
type frame struct {
	mu    sync.Mutex
	moved []*session
	spare []*session
	_     [8]byte // a cache line each
}

// add puts a session into the next frame. The caller holds its mu and knows that it is not in it.
func (f *frame) add(s *session) {
	f.mu.Lock()
	f.moved = append(f.moved, s)
	f.mu.Unlock()
}

func (f *frame) take() []*session {
	f.mu.Lock()
	defer f.mu.Unlock()
	moved := f.moved
	f.moved, f.spare = f.spare[:0], moved
	return moved
}

// flushFrames sends every city's positions on.
func (v *Server) flushFrames() {
	for _, c := range v.cities {
		taken := 0
		c.reports = c.reports[:0]
		for i := range c.frames {
			moved := c.frames[i].take()
			for _, s := range moved {
				report, n := s.report()
				c.reports = append(c.reports, report)
				taken += n
			}
			clear(moved)
		}
		if len(c.reports) == 0 {
			continue
		}
		v.c.Listener.Fixes(taken)
		if err := v.c.Fixes.Frame(c.id, c.reports); err != nil {
			v.c.Listener.Dropped("frame")
		}
	}
}

// report takes a session out of the frame.
func (s *session) report() (r dispatch.Report, taken int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r = dispatch.Report{Taxi: s.slot.taxi, Fix: s.slot.fix}
	taken = int(s.slot.taken)
	s.slot.dirty, s.slot.taken = false, 0
	return r, taken
}

// single holds the report of a frame of one, so that a fix that is sent at once costs no memory.
var single = sync.Pool{New: func() any { return new([1]dispatch.Report) }}

// sendAtOnce sends one report, for servers that collect none.
func (v *Server) sendAtOnce(c *city, r dispatch.Report, taken int) {
	one, _ := single.Get().(*[1]dispatch.Report)
	one[0] = r
	if err := v.c.Fixes.Frame(c.id, one[:]); err != nil {
		v.c.Listener.Dropped("frame")
	}
	single.Put(one)
	v.c.Listener.Fixes(taken)
}
