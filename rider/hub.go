package rider

import (
	"container/list"
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/wire"
)

// How often watches are looked after.
const (
	// All in machine time: a city whose clock is fast has no more reads a second for it.
	rowEvery  = 5 * time.Second // how long a lost hint stays unnoticed
	beatEvery = 15 * time.Second
	// sweepEvery is how often the hub looks whose turn it is.
	sweepEvery = 100 * time.Millisecond
	// maxWatches is how many watches a rider has at once: a phone, its predecessor that is not
	// known to be gone, and a tablet.
	maxWatches = 3
)

// hub is all watches of a server. Its one goroutine lives while there are any.
type hub struct {
	server *Server
	beat   time.Duration // beatEvery

	mu       sync.Mutex
	riders   map[dispatch.RiderID]int // watches of each
	rows     list.List                // of turn; whose row is read next, first
	beats    list.List                // likewise, of heartbeats
	sweeping bool
	draining bool

	watches sync.WaitGroup
	pumps   sync.WaitGroup
}

// turn is when it is a watch's turn. As all watches wait equally long, who had theirs goes to the
// back, and the lists stay in order.
type turn struct {
	watch *watch
	at    time.Time
}

// place is where a watch stands in the hub's lists.
type place struct{ row, beat *list.Element }

func newHub(s *Server) *hub {
	return &hub{server: s, beat: beatEvery, riders: map[dispatch.RiderID]int{}}
}

// begin takes a watch in, or refuses it.
func (h *hub) begin(w *watch) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.draining {
		return draining()
	}
	if h.riders[w.rider] >= maxWatches {
		return wire.Refuse(codes.ResourceExhausted, wire.ReasonRateLimited,
			"a rider has at most %d watches at once: end one first", maxWatches)
	}
	h.riders[w.rider]++
	w.place.row = h.rows.PushBack(&turn{w, h.server.machine().Add(rowEvery)})
	w.place.beat = h.beats.PushBack(&turn{w, h.server.machine().Add(h.beat)})
	h.watches.Add(1)
	if !h.sweeping {
		h.sweeping = true
		go h.sweep()
	}
	h.server.listener.Watching(+1)
	return nil
}

// end lets a watch go.
func (h *hub) end(w *watch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.riders[w.rider]--; h.riders[w.rider] == 0 {
		delete(h.riders, w.rider)
	}
	h.rows.Remove(w.place.row)
	h.beats.Remove(w.place.beat)
	h.server.listener.Watching(-1)
	h.watches.Done()
}

// sweep gives watches their turns until there are none.
func (h *hub) sweep() {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for h.tick() {
		<-ticker.C
	}
}

// tick gives their turns to those whose time has come; it is false when there are no watches.
func (h *hub) tick() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rows.Len() == 0 {
		h.sweeping = false
		return false
	}
	turns(&h.rows, h.server.machine(), rowEvery, (*watch).wantRow)
	turns(&h.beats, h.server.machine(), h.beat, (*watch).wantBeat)
	return true
}

// turns calls give for the watches whose turn has come by now, and puts each to the back.
func turns(waiting *list.List, now time.Time, every time.Duration, give func(*watch)) {
	for range waiting.Len() {
		first := waiting.Front()
		t, ok := first.Value.(*turn)
		if !ok || t.at.After(now) {
			return
		}
		t.at = now.Add(every)
		waiting.MoveToBack(first)
		give(t.watch)
	}
}

// drain ends all watches and waits for them.
func (h *hub) drain(ctx context.Context) error {
	h.mu.Lock()
	h.draining = true
	for e := h.rows.Front(); e != nil; e = e.Next() {
		if t, ok := e.Value.(*turn); ok {
			t.watch.finish(draining())
		}
	}
	h.mu.Unlock()
	gone := make(chan struct{})
	go func() {
		h.watches.Wait()
		h.pumps.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func draining() error {
	return wire.Refuse(codes.Unavailable, wire.ReasonDraining,
		"this node is about to stop: try again, another one answers")
}

func slowReader() error {
	return wire.Refuse(codes.ResourceExhausted, wire.ReasonSlowReader,
		"nothing was read for %v: read faster, or watch anew", beatEvery)
}
