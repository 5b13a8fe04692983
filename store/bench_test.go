package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store/storetest"
)

var noon = time.Date(2013, 12, 9, 4, 0, 0, 0, time.UTC)

const city = dispatch.CityID("beijing")

func searching(i int) dispatch.Ride {
	return dispatch.Ride{
		ID: dispatch.RideID(fmt.Sprintf("01J0000000000000000%07d", i)), City: city,
		Kind: dispatch.Hailed, State: dispatch.Searching, Version: 1, Search: 1,
		Rider: dispatch.RiderID(fmt.Sprintf("rider%07d", i)), Seats: 1, PayBy: money.Cash,
		RequestedAt: noon, SearchBy: noon.Add(5 * time.Minute), ChangedAt: noon,
	}
}

func offered(i int) dispatch.Offer {
	driver := dispatch.DriverID(fmt.Sprintf("driver%07d", i))
	return dispatch.Offer{
		ID: dispatch.OfferID(fmt.Sprintf("01J1111111111111111%07d", i)), City: city,
		Ride: searching(i).ID, Search: 1, Driver: driver, Taxi: dispatch.TaxiID("T" + driver),
		State: dispatch.OfferOpen, Round: 1, PickupM: 700, PickupS: 100,
		MadeAt: noon, ExpiresAt: noon.Add(15 * time.Second), ChangedAt: noon,
	}
}

// prepare writes n searching rides with an open offer each, many in a transaction.
func prepare(b *testing.B, db storetest.Database, n int) {
	b.Helper()
	for from := 0; from < n; from += 1000 {
		err := db.Tx(b.Context(), func(tx dispatch.Tx) error {
			for i := from; i < min(n, from+1000); i++ {
				if err := tx.InsertRide(searching(i)); err != nil {
					return err
				}
				o := offered(i)
				if made, err := tx.InsertOffer(o); err != nil || !made {
					return fmt.Errorf("offer %d made: %v, %w", i, made, err)
				}
				if err := tx.PutShift(dispatch.Shift{
					Driver: o.Driver, Taxi: o.Taxi, City: city, Seats: 4, Duty: dispatch.OnDuty,
				}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkClaims is 64 drivers' apps that accept at the same time, each claim a transaction of
// Desk's. Beside it, in the same run: how often the same file can commit one row, one by one.
func BenchmarkClaims(b *testing.B) {
	for name, openDB := range engines() {
		b.Run(name, func(b *testing.B) {
			db := openDB(b)
			desk := storetest.NewDesk(b, db)
			prepare(b, db, b.N)
			b.ResetTimer()
			var wg sync.WaitGroup
			var next atomic.Int64
			for range 64 {
				wg.Go(func() {
					for i := int(next.Add(1) - 1); i < b.N; i = int(next.Add(1) - 1) {
						o := offered(i)
						_, err := desk.Accept(context.Background(), noon, dispatch.Once{
							Identity: "driver:" + string(o.Driver), RequestID: string(o.ID),
						}, dispatch.AnswerOffer{Offer: o.ID, Driver: o.Driver})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "claims/s")
			const commits = 300
			begun := time.Now()
			rawCommits(b, db, commits)
			b.ReportMetric(commits/time.Since(begun).Seconds(), "rawcommits/s")
		})
	}
}

func engines() map[string]storetest.Open {
	return map[string]storetest.Open{"SQLiteFile": openFile, "Postgres": openPostgres}
}

func rawCommits(b *testing.B, db storetest.Database, n int) {
	b.Helper()
	for i := range n {
		err := db.Tx(b.Context(), func(tx dispatch.Tx) error {
			return tx.InsertRider(dispatch.Rider{ID: dispatch.RiderID(fmt.Sprint("raw", i))})
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRawCommit is one row and one COMMIT, one after another.
func BenchmarkRawCommit(b *testing.B) {
	for name, openDB := range engines() {
		b.Run(name, func(b *testing.B) {
			db := openDB(b)
			b.ResetTimer()
			rawCommits(b, db, b.N)
		})
	}
}

const stored = 10_000 // rides with an open offer each

type statement struct {
	name string
	run  func(tx dispatch.Tx, i int) error
}

// statements are what a ride's life is made of. last is the ride that is updated.
func statements(last *dispatch.Ride) []statement {
	return []statement{
		{"RideRead", func(tx dispatch.Tx, i int) error {
			_, err := tx.Ride(searching(i % stored).ID)
			return err
		}},
		{"RideUpdate", func(tx dispatch.Tx, i int) error {
			last.Version++
			last.ChangedAt = last.ChangedAt.Add(time.Millisecond)
			return tx.UpdateRide(*last)
		}},
		{"RideInsert", func(tx dispatch.Tx, i int) error {
			return tx.InsertRide(searching(stored + i))
		}},
		{"DriversRide", func(tx dispatch.Tx, i int) error {
			_, _, err := tx.DriversRide("nobody")
			return err
		}},
		{"InsertOffer", func(tx dispatch.Tx, i int) error {
			o := offered(i % stored)
			o.MadeAt = noon.Add(time.Duration(i/stored) * time.Minute)
			o.ExpiresAt = noon.Add(time.Hour)
			o.ID = dispatch.OfferID(fmt.Sprint(i))
			_, err := tx.InsertOffer(o) // refused while the other one is open: the usual is dearer
			return err
		}},
		{"Emit", func(tx dispatch.Tx, i int) error {
			id := dispatch.EventID(fmt.Sprintf("%026d.0001", i))
			return tx.Emit(dispatch.Event{ID: id, Ride: "r"})
		}},
		{"Recall", func(tx dispatch.Tx, i int) error {
			_, _, err := tx.Recall("driver:x", "Accept", "none")
			return err
		}},
		{"Remember", func(tx dispatch.Tx, i int) error {
			return tx.Remember(dispatch.OnceRow{
				Identity: "driver:x", RPC: "Accept", RequestID: fmt.Sprint(i), Hash: "h",
				Answer: []byte(`{"ride":"x"}`), At: noon,
			})
		}},
		{"Book", func(tx dispatch.Tx, i int) error {
			id := fmt.Sprint(i)
			return tx.Book(money.Entry{
				ID: money.EntryID(id), Subject: money.Subject(id), At: noon,
				Transfers: []money.Transfer{{
					ID: money.TransferID(id), Kind: money.TransferPosted,
					Debit: "x:1", Credit: "y:1",
					Amount: 1, Code: money.CodeFare,
				}},
			})
		}},
	}
}

// BenchmarkStatement is what single statements cost in memory, 1,000 in a transaction.
func BenchmarkStatement(b *testing.B) {
	last := searching(0)
	for _, bench := range statements(&last) {
		b.Run(bench.name, func(b *testing.B) {
			db := openMemory(b)
			prepare(b, db, stored)
			last = searching(0)
			b.ReportAllocs()
			b.ResetTimer()
			for from := 0; from < b.N; from += 1000 {
				err := db.Tx(b.Context(), func(tx dispatch.Tx) error {
					for i := from; i < min(b.N, from+1000); i++ {
						if err := bench.run(tx, i); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("EmptyTx", func(b *testing.B) {
		db := openMemory(b)
		b.ReportAllocs()
		for b.Loop() {
			if err := db.Tx(b.Context(), func(dispatch.Tx) error { return nil }); err != nil {
				b.Fatal(err)
			}
		}
	})
}
