package bus

import (
	"math/rand/v2"
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
)

func watchRide(t testing.TB, b *Bus, r dispatch.Ride) (updates chan Update, stop func()) {
	t.Helper()
	updates = make(chan Update, 64)
	stop, err := b.Watch(r.Brief(), func(u Update) { updates <- u })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return updates, stop
}

func testWatch(t *testing.T, open func() *Bus) {
	edge, other := open(), open()
	one, two := ride("X1"), ride("X 2.*")
	first, _ := watchRide(t, edge, one)
	second, stop := watchRide(t, edge, one) // a rider's other phone
	odd, _ := watchRide(t, edge, two)
	settle(t, edge, other)
	fix := reportsOf(1, rand.New(rand.NewPCG(3, 4)))[0].Fix
	for _, from := range []*Bus{edge, other} {
		from.Tell(t.Context(), one)
		from.Tell(t.Context(), two)
		if err := from.Position("beijing", "X1", fix); err != nil {
			t.Fatal(err)
		}
		for _, updates := range []chan Update{first, second} {
			a, b := next(t, "an update", updates), next(t, "an update", updates)
			if a.Ride == nil {
				a, b = b, a // of two subjects: in either order
			}
			if a.Ride == nil || a.Taxi != nil || !reflect.DeepEqual(*a.Ride, one) {
				t.Errorf("got %+v, want %+v", a.Ride, one)
			}
			if b.Taxi == nil || b.Ride != nil || *b.Taxi != fix {
				t.Errorf("got %+v, want %+v", b.Taxi, fix)
			}
		}
		if u := next(t, "an update of the odd ride", odd); !reflect.DeepEqual(*u.Ride, two) {
			t.Errorf("got %+v, want %+v", u.Ride, two)
		}
	}
	stop()
	stop()
	other.Tell(t.Context(), one)
	next(t, "an update", first)
	settle(t, edge, other)
	if len(second) > 0 {
		t.Error("called after stop")
	}
	eventually(t, "a stopped watch is forgotten", func() bool {
		edge.watches.mu.RLock()
		defer edge.watches.mu.RUnlock()
		return len(edge.watches.bySub) == 4
	})
}

// testWatchStops: when stop has returned there is no call, nor one that has begun, however many
// messages are on their way. Mutant that it catches: stopped is set without the lock that the call
// holds.
func testWatchStops(t *testing.T, open func() *Bus) {
	b := open()
	one := ride("X1")
	for range 10 {
		var stopped, late atomic.Bool
		called := make(chan struct{}, 1)
		stop, err := b.Watch(one.Brief(), func(Update) {
			select {
			case called <- struct{}{}:
			default:
			}
			// The pause between check and act: long enough for stop to return, if it does not wait.
			for begun := time.Now(); time.Since(begun) < 2*time.Millisecond; runtime.Gosched() {
				if stopped.Load() {
					late.Store(true)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			b.Tell(t.Context(), one)
		}
		next(t, "an update", called)
		stop()
		stopped.Store(true)
		settle(t, b)
		if late.Load() {
			t.Fatal("called after stop")
		}
	}
}
