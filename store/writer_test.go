package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
)

func openTest(t *testing.T, url string, opts ...Option) *DB {
	t.Helper()
	db, err := Open(t.Context(), url, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func openTestFile(t *testing.T, opts ...Option) *DB {
	t.Helper()
	return openTest(t, "sqlite:"+filepath.Join(t.TempDir(), "hexhail.db"), opts...)
}

// hold keeps the writer busy with a closure until it is told to go on.
func hold(t *testing.T, db *DB) (first chan error, goOn chan struct{}) {
	t.Helper()
	running := make(chan struct{})
	first, goOn = make(chan error, 1), make(chan struct{})
	go func() {
		first <- db.transact(context.Background(), func(*tx) error {
			close(running)
			<-goOn
			return nil
		})
	}()
	<-running
	return first, goOn
}

// queued waits until n closures wait for the writer.
func queued(db *DB, n int) {
	f, _ := db.engine.(*file)
	for len(f.jobs) < n {
		time.Sleep(time.Microsecond)
	}
}

func riders(db *DB) (n int, err error) {
	err = db.transact(context.Background(), func(t *tx) error {
		n, _, err = one(t, (*reader).int, &query{text: `SELECT count(*) FROM rider`})
		return err
	})
	return n, err
}

func TestGroupSharesACommit(t *testing.T) {
	var commits atomic.Int32
	db := openTestFile(t, WithPause(func(point string) {
		if point == PauseBeforeCommit {
			commits.Add(1)
		}
	}))
	const n = 200
	commits.Store(0)
	first, goOn := hold(t, db)
	errs := make(chan error, n)
	for i := range n {
		go func() {
			errs <- db.Tx(context.Background(), func(tx dispatch.Tx) error {
				err := tx.InsertRider(dispatch.Rider{ID: dispatch.RiderID(fmt.Sprint(i))})
				if i%10 == 0 {
					return errors.New("undo")
				}
				return err
			})
		}()
	}
	queued(db, n)
	close(goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
	failed := 0
	for range n {
		if <-errs != nil {
			failed++
		}
	}
	kept, err := riders(db)
	if err != nil || kept != n-n/10 || failed != n/10 {
		t.Errorf("%d stored, %d failed: %v", kept, failed, err)
	}
	// The first waited longer than a group may take, so it commits alone; the others by groupSize,
	// or fewer where that takes longer than a group may.
	got := int(commits.Load()) - 1 // of riders
	if got < 2+n/groupSize-1 || got > n/2 {
		t.Errorf("%d commits for %d closures", got, n+1)
	}
	t.Logf("%d commits for %d closures", got, n+1)
}

// TestFailedCommit has COMMIT fail for what one closure did: none of its group is told otherwise.
func TestFailedCommit(t *testing.T) {
	db := openTestFile(t)
	run := func(texts ...string) error {
		return db.transact(context.Background(), func(t *tx) error {
			for _, text := range texts {
				if _, err := t.exec(&query{text: text}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	good := func(i int) string {
		return fmt.Sprintf(`INSERT INTO rider (id, name, phone) VALUES ('%d', '', '')`, i)
	}
	const n = 5
	errs := make(chan error, n+1)
	first, goOn := hold(t, db)
	for i := range n {
		go func() { errs <- run(good(i)) }()
	}
	go func() {
		errs <- run(`PRAGMA defer_foreign_keys = ON`,
			`INSERT INTO leg (attempt, part, instrument, amount) VALUES ('none', 0, '', 0)`)
	}()
	queued(db, n+1)
	close(goOn)
	if err := <-first; err != nil {
		t.Logf("the first one was in the group, too: %v", err)
	}
	failed := 0
	for range n + 1 {
		if err := <-errs; err != nil {
			failed++
		}
	}
	kept, err := riders(db)
	if err != nil {
		t.Fatal(err)
	}
	// On a slow machine some may come after the group's 2 ms and have a COMMIT of their own.
	if failed == 0 || failed+kept != n+1 {
		t.Errorf("%d failed, %d stored, of %d", failed, kept, n+1)
	}
	if err := run(good(100)); err != nil {
		t.Errorf("after a failed COMMIT: %v", err)
	}
}

func TestQueuedAndCancelled(t *testing.T) {
	db := openTestFile(t)
	ctx, cancel := context.WithCancel(t.Context())
	first, goOn := hold(t, db)
	cancelled := make(chan error)
	go func() {
		cancelled <- db.Tx(ctx, func(dispatch.Tx) error {
			t.Error("run for a caller who had gone")
			return nil
		})
	}()
	queued(db, 1)
	cancel()
	if err := <-cancelled; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(goOn)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

func TestReopen(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "a b?c#.db")
	for i := range 3 {
		db := openTest(t, url)
		if n, err := riders(db); err != nil || n != i {
			t.Errorf("%d riders at opening %d: %v", n, i, err)
		}
		err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
			return tx.InsertRider(dispatch.Rider{ID: dispatch.RiderID(fmt.Sprint(i))})
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	db := openTest(t, url)
	err := db.Raw(t.Context(),
		`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), url); dispatch.KindOf(err) != dispatch.Unavailable {
		t.Errorf("a newer schema: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for url, kind := range map[string]dispatch.Kind{
		"":                              dispatch.Invalid,
		"mysql://x":                     dispatch.Invalid,
		"hexhail.db":                    dispatch.Invalid,
		"sqlite:/no/such/folder/x.db":   dispatch.Unavailable,
		"postgres://x@127.0.0.1:1/none": dispatch.Unavailable,
	} {
		if _, err := Open(t.Context(), url); dispatch.KindOf(err) != kind {
			t.Errorf("%q: %v, want %s", url, err, kind)
		}
	}
}

func TestPragmasAreReadBack(t *testing.T) {
	c, err := openLite(inMemory, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	// A database in memory has no log, whatever it is told.
	err = setPragmas(c, filePragmas)
	if dispatch.KindOf(err) != dispatch.Unavailable ||
		!strings.Contains(err.Error(), "journal_mode") {
		t.Errorf("WAL in memory: %v", err)
	}
	for _, p := range []pragma{
		{"synchronous", "NORMAL", "2"}, {"foreign_keys", "OFF", "1"}, {"no_such_pragma", "1", "1"},
	} {
		if err := setPragmas(c, []pragma{p}); dispatch.KindOf(err) != dispatch.Unavailable {
			t.Errorf("%s = %s: %v", p.name, p.set, err)
		}
	}
}

func TestMarks(t *testing.T) {
	const text = `a /* one: b */ c /* two: d */ /* e */`
	for engine, want := range map[string]string{
		"one":   `a b c /* two: d */ /* e */`,
		"two":   `a /* one: b */ c d /* e */`,
		"three": text,
	} {
		if got := openMarks(text, engine); got != want {
			t.Errorf("%s: %q, want %q", engine, got, want)
		}
	}
}

// TestPlans: what runs often or on large tables is served by the index that is made for it.
func TestPlans(t *testing.T) {
	db := openTest(t, "sqlite::memory:")
	for q, index := range map[*query]string{
		driversRide: "ride_one_per_driver", ridersRide: "ride_one_per_rider",
		dueRides: "ride_search_due", countSearching: "ride_search_due",
		searchingRides: "ride_search_due", activeRides: "ride_one_per_taxi",
		changedRides: "ride_changed", changedOffers: "offer_changed",
		changedShifts: "shift_changed",
		cityOffers:    "offer_due", endedOffers: "offer_changed",
		endDriversOffer: "offer_one_per_driver", endRidesOffer: "offer_one_per_ride",
		openOffers[0b0001]: "offer_one_per_ride", openOffers[0b0010]: "offer_one_per_driver",
		openOffers[0b1100]: "offer_due",
		pastOffers:         "offer_by_driver", pastGrabs: "call_by_driver",
		transfersOf: "transfer_subject", paymentsOf: "payment_owed_once",
		dueIDs: "attempt_due", openAttempt: "attempt_one_open", forget: "once_at",
	} {
		var plan []string
		err := db.transact(t.Context(), func(t *tx) error {
			args := make([]any, strings.Count(q.text, "$"))
			args = args[:highest(q.text)]
			for i := range args {
				args[i] = 1
			}
			explain := &query{text: "EXPLAIN QUERY PLAN " + q.text}
			return t.each(explain, args, func(r *reader) {
				r.int()
				r.int()
				r.int()
				plan = append(plan, r.text())
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if all := strings.Join(plan, "; "); !strings.Contains(all, index) {
			t.Errorf("not by %s: %s\n%s", index, all, q.text)
		}
	}
}

// highest is the number of a text's arguments.
func highest(text string) (n int) {
	for i := 1; strings.Contains(text, fmt.Sprint("$", i)); i++ {
		n = i
	}
	return n
}
