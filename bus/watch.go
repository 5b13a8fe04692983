package bus

import (
	"strings"
	"sync"

	"github.com/nats-io/nats.go"

	"hexhail/dispatch"
	"hexhail/geo"
)

// maxWatched is how many messages wait for the goroutine that calls the watchers; beyond it they
// are lost and counted.
const maxWatched = 1 << 14

// Update is what a watcher of a ride hears: one of the two.
type Update struct {
	Ride *dispatch.Ride // as it is now
	Taxi *geo.Fix       // where its taxi is
}

// watches are those who watch rides. All their subscriptions deliver into one channel, which one
// goroutine empties: a subscription of its own goroutine costs three times as much memory.
type watches struct {
	inbox chan *nats.Msg

	mu    sync.RWMutex
	bySub map[*nats.Subscription]*watch
}

func (w *watches) init() {
	w.inbox = make(chan *nats.Msg, maxWatched)
	w.bySub = map[*nats.Subscription]*watch{}
}

// watch is one watcher of one ride.
type watch struct {
	ride     dispatch.RideID
	subjects [2]string
	subs     [2]*nats.Subscription // of the sender's goroutine

	mu      sync.Mutex // held while on is called
	on      func(Update)
	stopped bool
}

// Watch calls on with every change of the ride and every position of its taxi until stop is called.
// on is called by one goroutine at a time and must not block, nor call stop. When stop has returned
// on is not called any more; stop may be called twice. What this node sends after Watch has
// returned is heard; what another node sends, from a moment later on. Errors: Unavailable after
// Close.
func (b *Bus) Watch(ride dispatch.Brief, on func(Update)) (stop func(), err error) {
	w := &watch{
		ride: ride.ID, on: on,
		subjects: [2]string{rideSubject(ride.City, ride.ID), posSubject(ride.City, ride.ID)},
	}
	if !b.out.perform(func() { b.beginWatch(w) }) {
		return nil, errClosed()
	}
	return func() {
		w.mu.Lock()
		first := !w.stopped
		w.stopped = true
		w.mu.Unlock()
		if first {
			b.out.perform(func() { b.endWatch(w) })
		}
	}, nil
}

// beginWatch subscribes. A watch that cannot has its rows, and is counted.
func (b *Bus) beginWatch(w *watch) {
	for i, subject := range w.subjects {
		b.watches.mu.Lock() // until it is filed: what comes at once waits
		sub, err := b.nc.ChanSubscribe(subject, b.watches.inbox)
		if err == nil {
			w.subs[i] = sub
			b.watches.bySub[sub] = w
		}
		b.watches.mu.Unlock()
		if err != nil {
			b.out.dropped.Add(1)
			b.out.failed(err)
		}
	}
}

func (b *Bus) endWatch(w *watch) {
	for _, sub := range w.subs {
		if sub == nil {
			continue
		}
		b.tracked.retire(sub)
		_ = sub.Unsubscribe() // it fails only on a closed connection
		b.watches.mu.Lock()
		delete(b.watches.bySub, sub)
		b.watches.mu.Unlock()
	}
}

// watchLoop calls the watchers until the bus closes.
func (b *Bus) watchLoop() {
	for {
		select {
		case <-b.gone:
			return
		case m := <-b.watches.inbox:
			b.watches.mu.RLock()
			w := b.watches.bySub[m.Sub]
			b.watches.mu.RUnlock()
			if w != nil {
				b.tellWatch(w, m)
			}
		}
	}
}

func (b *Bus) tellWatch(w *watch, m *nats.Msg) {
	u, err := readUpdate(m, w.ride)
	if err != nil {
		b.refused.Add(1)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.on(u)
	}
}

// readUpdate reads what came for a watcher of a ride.
func readUpdate(m *nats.Msg, ride dispatch.RideID) (Update, error) {
	if strings.HasPrefix(m.Subject, "pos.") {
		at, err := readPosition(m.Data)
		return Update{Taxi: &at}, err
	}
	r, err := readRide(m.Data)
	if err == nil && r.ID != ride {
		err = errHint
	}
	return Update{Ride: r}, err
}
