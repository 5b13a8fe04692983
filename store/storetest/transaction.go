package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store"
)

// has says whether a rider is stored.
func has(t testing.TB, db Database, id dispatch.RiderID) bool {
	t.Helper()
	err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
		_, err := tx.Rider(id)
		return err
	})
	if err != nil && dispatch.KindOf(err) != dispatch.NotFound {
		t.Fatal(err)
	}
	return err == nil
}

func insertRider(id dispatch.RiderID) func(dispatch.Tx) error {
	return func(tx dispatch.Tx) error { return tx.InsertRider(dispatch.Rider{ID: id}) }
}

// transactions runs many at once: each that fails leaves nothing, each that does not leaves all.
func transactions(t *testing.T, open Open) {
	db := open(t)
	const n = 300
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
				for part := range 3 {
					r := dispatch.Rider{ID: dispatch.RiderID(fmt.Sprintf("%d/%d", i, part))}
					if err := tx.InsertRider(r); err != nil {
						return err
					}
				}
				if i%3 == 0 {
					return errUndo
				}
				return nil
			})
			if (i%3 == 0) != errors.Is(err, errUndo) {
				t.Errorf("transaction %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for i := range n {
		for part := range 3 {
			id := dispatch.RiderID(fmt.Sprintf("%d/%d", i, part))
			if kept := has(t, db, id); kept != (i%3 != 0) {
				t.Errorf("%s stored: %v", id, kept)
			}
		}
	}
	check(t, db.MoneyTx(t.Context(), func(tx money.Tx) error {
		return tx.Book(entry("e", transfer("e", equity, "z:1", 5)))
	}))
	equal(t, "money's view", account(t, db, "z:1").Credits, 5)
}

// failedStatement ends the transaction, whatever the closure makes of it.
func failedStatement(t *testing.T, open Open) {
	db := open(t)
	do(t, db, insertRider("taken"))
	for _, last := range []error{nil, errUndo} {
		err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
			check(t, tx.InsertRider(dispatch.Rider{ID: "before"}))
			if err := tx.InsertRider(dispatch.Rider{ID: "taken"}); err == nil {
				t.Error("inserted twice")
			}
			if err := tx.InsertRider(dispatch.Rider{ID: "after"}); err == nil {
				t.Error("a statement after a failed one")
			}
			if _, err := tx.Rider("taken"); err == nil {
				t.Error("a query after a failed statement")
			}
			return last
		})
		if err == nil {
			t.Error("the transaction has committed")
		}
	}
	for _, id := range []dispatch.RiderID{"before", "after"} {
		if has(t, db, id) {
			t.Errorf("%s was stored", id)
		}
	}
}

func panics(t *testing.T, open Open) {
	db := open(t)
	for range 3 {
		func() {
			defer func() {
				if got := recover(); got != "a bug" {
					t.Errorf("recovered %v", got)
				}
			}()
			_ = db.Tx(t.Context(), func(tx dispatch.Tx) error {
				check(t, tx.InsertRider(dispatch.Rider{ID: "x"}))
				panic("a bug")
			})
			t.Error("no panic")
		}()
	}
	do(t, db, insertRider("y"))
	if has(t, db, "x") || !has(t, db, "y") {
		t.Error("what the panic left, or what came after it")
	}
}

// goexit is what FailNow does in a closure: the store has to go on.
func goexit(t *testing.T, open Open) {
	db := open(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = db.Tx(t.Context(), func(tx dispatch.Tx) error {
			_ = tx.InsertRider(dispatch.Rider{ID: "x"})
			runtime.Goexit()
			return nil
		})
	}()
	<-done
	do(t, db, insertRider("y"))
	if has(t, db, "x") || !has(t, db, "y") {
		t.Error("what the goroutine left, or what came after it")
	}
}

func cancelled(t *testing.T, open Open) {
	db := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := db.Tx(ctx, func(dispatch.Tx) error {
		t.Error("run for a caller who had gone")
		return nil
	})
	if dispatch.KindOf(err) != dispatch.CallerGone {
		t.Errorf("a cancelled transaction: %v", err)
	}
	_, err = db.Trace(ctx, "r")
	if dispatch.KindOf(err) != dispatch.CallerGone {
		t.Errorf("a cancelled read: %v", err)
	}
	do(t, db, insertRider("y"))
	goneMeanwhile(t, db)
}

// goneMeanwhile is a caller who goes away inside of a transaction, before a statement or before the
// commit: all is done, or they are told that they had gone, and nothing is.
func goneMeanwhile(t *testing.T, db Database) {
	t.Helper()
	for first, next := range map[dispatch.RiderID]func(dispatch.Tx) error{
		"before a statement": insertRider("one more"),
		"before the commit":  func(dispatch.Tx) error { return nil },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Tx(ctx, func(tx dispatch.Tx) error {
			check(t, insertRider(first)(tx))
			cancel()
			time.Sleep(50 * time.Millisecond) // until the driver has heard of it
			return next(tx)
		})
		if err != nil && dispatch.KindOf(err) != dispatch.CallerGone {
			t.Errorf("%s: %v", first, err)
		}
		if is := has(t, db, first); is != (err == nil) {
			t.Errorf("%s the caller has heard %v; what was written is there: %v", first, err, is)
		}
	}
}

func closed(t *testing.T, open Open) {
	db := open(t)
	do(t, db, insertRider("y"))
	check(t, db.Close())
	check(t, db.Close())
	wantError(t, db.Tx(t.Context(), insertRider("x")), dispatch.Unavailable, dispatch.ReasonStore)
	_, err := db.Trace(t.Context(), "r")
	wantError(t, err, dispatch.Unavailable, dispatch.ReasonStore)
}

// retries has many ask for the same thing under the same id: one does it, all hear of it. On
// Postgres the first one commits when others have looked for its row in vain.
func retries(t *testing.T, open Open) {
	const tries, together = 32, 8
	var runs, commits atomic.Int32
	others := make(chan struct{})
	var db Database
	db = open(t, store.WithPause(func(point string) {
		if db.Postgres && point == store.PauseBeforeCommit && commits.Add(1) == 1 {
			<-others
		}
	}))
	row := dispatch.OnceRow{Identity: "rider:R", RPC: "Request", RequestID: "1", At: noon}
	var wg sync.WaitGroup
	var did atomic.Int32
	for i := range tries {
		wg.Go(func() {
			acted := false
			err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
				_, ok, err := tx.Recall(row.Identity, row.RPC, row.RequestID)
				if runs.Add(1) == together {
					close(others)
				}
				if acted = false; err != nil || ok {
					return err
				}
				acted = true
				return tx.Remember(row)
			})
			if err != nil {
				t.Errorf("try %d: %v", i, err)
			}
			if acted {
				did.Add(1)
			}
		})
	}
	wg.Wait()
	equal(t, "did it", did.Load(), 1)
	if db.Postgres && int(runs.Load()) <= tries {
		t.Errorf("%d runs of %d closures: no duplicate was retried", runs.Load(), tries)
	}
}
