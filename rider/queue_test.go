package rider

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

func rideItem(version int) item { return item{ride: &dispatch.Ride{Version: version}} }

func taxiItem(n int) item { return item{taxi: &geo.Fix{SpeedMPS: float32(n)}} }

// text is a queue in few letters: r3 is version 3, t7 position 7.
func (q queue) text() (s string) {
	for _, it := range q {
		if it.ride != nil {
			s += fmt.Sprint(" r", it.ride.Version)
		} else {
			s += fmt.Sprint(" t", it.taxi.SpeedMPS)
		}
	}
	return s
}

// TestQueueKeepsWhatMatters: at the limit the oldest position goes, then all rides but the newest.
func TestQueueKeepsWhatMatters(t *testing.T) {
	var q queue
	q.push(rideItem(1))
	for i := range maxQueue - 1 {
		q.push(taxiItem(i))
	}
	q.push(taxiItem(100))
	q.push(rideItem(2))
	if len(q) != maxQueue || q[0].ride.Version != 1 || q[1].taxi.SpeedMPS != 2 {
		t.Errorf("%d:%s", len(q), q.text())
	}
	for v := 3; v <= maxQueue; v++ {
		q.push(rideItem(v))
	}
	if len(q) != maxQueue || q[0].ride == nil || q[maxQueue-1].ride.Version != maxQueue {
		t.Errorf("%d:%s", len(q), q.text())
	}
	q.push(taxiItem(200))
	q.push(rideItem(500))
	if q.text() != " r500" {
		t.Errorf("%s", q.text())
	}
	if it := q.pop(); it.ride.Version != 500 || q != nil {
		t.Errorf("an empty queue holds memory: %v", q)
	}
}

// TestQueueAgainstOracle: whatever comes, the newest ride is in it or was taken, versions rise, and
// it never grows beyond its limit.
func TestQueueAgainstOracle(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	luck := rand.New(rand.NewPCG(seed, 0))
	var q queue
	version, taken, position := 0, 0, 0
	for range 100_000 {
		switch n := luck.IntN(10); {
		case n < 4:
			position++
			q.push(taxiItem(position))
		case n < 7:
			version++
			q.push(rideItem(version))
		case n < 9 && len(q) > 0:
			if it := q.pop(); it.ride != nil {
				if it.ride.Version <= taken {
					t.Fatalf("version %d after %d", it.ride.Version, taken)
				}
				taken = it.ride.Version
			}
		case luck.IntN(50) == 0:
			q.dropTaxis()
		}
		newest := taken
		for _, it := range q {
			if it.ride != nil {
				newest = it.ride.Version
			}
		}
		if newest != version || len(q) > maxQueue {
			t.Fatalf("newest %d of %d, %d items", newest, version, len(q))
		}
	}
}

// TestLately: kept for one to two times its time, and never more than two generations of values.
func TestLately(t *testing.T) {
	var l lately[int, int]
	l.keep, l.most = time.Minute, 100
	now := time.Unix(1e9, 0)
	l.put(1, 10, now)
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {59 * time.Second, true}, {time.Minute, true}, {2 * time.Minute, false}} {
		if v, ok := l.find(1, now.Add(c.after)); ok != c.want || ok && v != 10 {
			t.Errorf("after %v: %d, %v", c.after, v, ok)
		}
	}
	for i := range 10_000 {
		l.put(i, i, now.Add(3*time.Minute))
		if v, ok := l.find(max(0, i-l.most+1), now.Add(3*time.Minute)); !ok || v > i {
			t.Fatalf("the value before the %dth last is gone", l.most)
		}
		if n := len(l.young) + len(l.old); n > 2*l.most {
			t.Fatalf("%d values", n)
		}
	}
}

// TestPaceForgetsNobodyTooSoon: who was quoted is not quoted more by being forgotten.
func TestPaceForgetsNobodyTooSoon(t *testing.T) {
	p := newPace("quotes", quoteEvery, quoteBurst)
	now := time.Unix(1e9, 0)
	answered := 0
	const seconds = 600
	for range seconds * 4 {
		if p.take("R1", now) == nil {
			answered++
		}
		now = now.Add(time.Second / 4)
	}
	if want := quoteBurst + seconds/2; answered > want || answered < want-1 {
		t.Errorf("%d answers in %d s, want %d", answered, seconds, want)
	}
}

// TestQueuedPositionsGoWithTheTaxi: when the taxi is at the ride no more, what is still queued of
// where it was is not told.
func TestQueuedPositionsGoWithTheTaxi(t *testing.T) {
	now := time.Unix(1e9, 0)
	for _, end := range []dispatch.State{
		dispatch.Searching, dispatch.Completed, dispatch.Cancelled, dispatch.NoShow,
	} {
		w := &watch{
			server: &Server{now: time.Now, machine: func() time.Time { return now }},
			rider:  "R1", ride: "X",
			pumping: true, // by nobody
		}
		ride := dispatch.Ride{ID: "X", Rider: "R1", State: dispatch.OnTrip, Version: 3}
		w.hear(Update{Ride: &ride})
		for range 5 {
			now = now.Add(time.Second)
			w.hear(Update{Taxi: &geo.Fix{At: now}})
		}
		if len(w.queue) != 6 {
			t.Fatalf("queued%s", w.queue.text())
		}
		over := ride
		over.State, over.Version = end, 4
		w.hear(Update{Ride: &over})
		w.hear(Update{Taxi: &geo.Fix{At: now.Add(time.Minute)}})
		if got := w.queue.text(); got != " r3 r4" {
			t.Errorf("after %s there is queued%s", end, got)
		}
	}
}
