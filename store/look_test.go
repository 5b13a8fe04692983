package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store"
	"hexhail/store/storetest"
)

// TestLookWaitsForNobody: phones read while a transaction stands before its COMMIT, and while every
// connection for long reads is in use. They see what was committed before.
func TestLookWaitsForNobody(t *testing.T) {
	for name, openDB := range engines() {
		t.Run(name, func(t *testing.T) {
			var armed sync.Once
			stuck, goOn := make(chan struct{}), make(chan struct{})
			hold := false
			db := openDB(t, store.WithPause(func(point string) {
				if hold && point == store.PauseBeforeCommit {
					armed.Do(func() { close(stuck); <-goOn })
				}
			}))
			want := searching(1)
			err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
				if err := tx.InsertRide(want); err != nil {
					return err
				}
				return tx.Book(money.Entry{ID: "e", At: noon, Transfers: []money.Transfer{{
					ID: "e", Kind: money.TransferPosted, Debit: "x:1", Credit: "y:1", Amount: 1,
					Code: money.CodeFare,
				}}})
			})
			if err != nil {
				t.Fatal(err)
			}
			hold = true
			var all sync.WaitGroup
			defer all.Wait()
			defer close(goOn)
			all.Go(func() {
				changed := want
				changed.Version, changed.Tip = 2, 500
				err := db.Tx(context.Background(), func(tx dispatch.Tx) error {
					return tx.UpdateRide(changed)
				})
				if err != nil {
					t.Error(err)
				}
			})
			<-stuck
			fillReaders(t, db, &all, goOn)
			got, err := db.RiderRide(t.Context(), want.Rider, want.ID)
			if err != nil || got.Version != 1 {
				t.Errorf("beside a writer: version %d, %v", got.Version, err)
			}
			if _, err := db.Unsent(t.Context(), 1); err != nil {
				t.Error(err)
			}
		})
	}
}

// fillReaders has two audits stand in the middle of their walk until goOn is closed.
func fillReaders(
	t *testing.T, db storetest.Database, all *sync.WaitGroup, goOn <-chan struct{},
) {
	t.Helper()
	inside := make(chan struct{})
	for range 2 {
		all.Go(func() {
			_, err := db.Audit(context.Background(), func(money.Subject, money.Transfer) {
				inside <- struct{}{}
				<-goOn
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	for range 2 {
		<-inside
	}
}

// BenchmarkLook is what a phone waits for an offer with its ride: alone, and beside 64 who write
// as fast as the store lets them. The baseline is the same row read by a transaction.
func BenchmarkLook(b *testing.B) {
	for name, openDB := range engines() {
		b.Run(name, func(b *testing.B) { benchmarkLook(b, openDB(b)) })
	}
}

func benchmarkLook(b *testing.B, db storetest.Database) {
	b.Helper()
	const n = 20_000
	prepare(b, db, n)
	look := func(i int) error {
		o := offered(i % n)
		_, _, err := db.DriverOffer(context.Background(), o.Driver, o.ID)
		return err
	}
	inTx := func(i int) error {
		return db.Tx(context.Background(), func(tx dispatch.Tx) error {
			_, err := tx.Ride(searching(i % n).ID)
			return err
		})
	}
	for what, read := range map[string]func(int) error{"Offer": look, "RideByTx": inTx} {
		b.Run(what, func(b *testing.B) { timeReads(b, read) })
		b.Run(what+"BesideWriters", func(b *testing.B) {
			defer writeOn(b, db)()
			timeReads(b, read)
		})
	}
}

func timeReads(b *testing.B, read func(int) error) {
	b.Helper()
	var worst time.Duration
	for i := 0; b.Loop(); i++ {
		begun := time.Now()
		if err := read(i); err != nil {
			b.Fatal(err)
		}
		worst = max(worst, time.Since(begun))
	}
	b.ReportMetric(float64(worst.Microseconds()), "µs-worst")
}

// writeOn has 64 write until the function that it returns is called.
func writeOn(b *testing.B, db storetest.Database) (stop func()) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var all sync.WaitGroup
	run := fmt.Sprint(time.Now().UnixNano())
	for w := range 64 {
		all.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				e := dispatch.Event{ID: dispatch.EventID(fmt.Sprint(run, w, "/", i))}
				_ = db.Tx(ctx, func(tx dispatch.Tx) error { return tx.Emit(e) })
			}
		})
	}
	return func() { cancel(); all.Wait() }
}
