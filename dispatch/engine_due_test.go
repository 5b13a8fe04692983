package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
)

// faulty is a store that counts the engine's transactions, and in which expired calls cannot be
// read.
type faulty struct {
	dispatch.Store
	broken error
	began  int
}

func (f *faulty) FencedTx(
	ctx context.Context, fence dispatch.Fence, fn func(dispatch.Tx) error,
) error {
	f.began++
	return f.Store.FencedTx(ctx, fence, func(tx dispatch.Tx) error {
		return fn(faultyTx{tx, f.broken})
	})
}

type faultyTx struct {
	dispatch.Tx
	broken error
}

func (f faultyTx) OpenCalls(q dispatch.CallQuery) ([]dispatch.Call, error) {
	if f.broken != nil && !q.ExpiredBy.IsZero() {
		return nil, f.broken
	}
	return f.Tx.OpenCalls(q)
}

// TestDueIsDoneTogether: what is due is done in two transactions, and one part that fails keeps no
// other from being done.
//
// Seen to fail without the loop at the end of Engine.together.
func TestDueIsDoneTogether(t *testing.T) {
	w := newTown(t)
	f := &faulty{Store: w.db}
	var err error
	w.engine, err = dispatch.NewEngine(w.ctx, dispatch.EngineConfig{
		City: w.city, Store: f, Hints: w, Listener: w, NewID: w.desk.NewID,
	}, w.now)
	w.ok(err)
	w.taxi("A", w.at(0, 300), 4)
	id := w.ask("1", w.at(0, 0), 1)
	w.round()
	w.pass(16 * time.Second)
	f.began = 0
	w.due()
	if f.began > 2 {
		t.Errorf("%d transactions", f.began)
	}
	w.pass(time.Minute)
	w.round()

	f.broken = errors.New("broken")
	w.pass(5 * time.Minute)
	if err := w.engine.Due(w.ctx, w.now); !errors.Is(err, f.broken) {
		t.Errorf("error %v, want %v", err, f.broken)
	}
	if state := w.ride(id).State; state != dispatch.Expired {
		t.Errorf("the ride is %s", state)
	}
}

// TestLogsAreWrittenInBatches: many rides' logs that have something new in the same second are
// written over several, so that no claim waits for all of them.
func TestLogsAreWrittenInBatches(t *testing.T) {
	w := newTown(t)
	const rides = 300
	w.taxi("A", w.at(0, 0), 1)
	var ids []dispatch.RideID
	for i := range rides {
		ids = append(ids, w.ask(fmt.Sprint(i), w.at(0, float64(i)), 2))
	}
	w.round()
	written := func() (n int) {
		w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) error {
			for _, id := range ids {
				_, ok, err := tx.RoundLog(id)
				if err != nil {
					return err
				}
				if ok {
					n++
				}
			}
			return nil
		}))
		return n
	}
	before := written()
	for now := written(); now < rides; before, now = now, written() {
		if now-before > 256 {
			t.Fatalf("%d logs in a second", now-before)
		}
		if w.pass(time.Second); w.ride(ids[0]).State != dispatch.Searching {
			t.Fatalf("%d logs at the end of the search", now)
		}
		w.fix("A", w.at(0, 0))
		w.round()
		w.due()
	}
}
