package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/store/storetest"
)

// atOnce calls fn for 0 … n−1 from 64 workers.
func atOnce(n int, fn func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 64 {
		wg.Go(func() {
			for i := int(next.Add(1) - 1); i < n; i = int(next.Add(1) - 1) {
				fn(i)
			}
		})
	}
	wg.Wait()
}

// launchFor begins a campaign of 5 + 5 yuan with money for so many rides.
func launchFor(b *testing.B, db storetest.Database, id money.CampaignID, rides int) money.Campaign {
	b.Helper()
	c := money.Campaign{
		ID: id, Version: 1, City: string(city), Sponsor: "alipay", Channel: money.InWallet,
		State: money.CampaignRuns, Group: string(id), Rider: money.Fixed(500),
		Driver: money.Fixed(500), Cap: money.Fen(rides) * 1000,
		StartsAt: noon.AddDate(0, 0, -1), EndsAt: noon.AddDate(0, 0, 1),
	}
	if err := (money.Cashier{Store: db}).Launch(b.Context(), c, noon); err != nil {
		b.Fatal(err)
	}
	return c
}

// BenchmarkCampaignAtCap is 64 workers who reserve subsidies, each in a transaction: first of a
// campaign with money for all of them, then of one with money for half, which has to come out to
// the fen. It tells the throughput of both, and their ratio.
func BenchmarkCampaignAtCap(b *testing.B) {
	for name, openDB := range engines() {
		b.Run(name, func(b *testing.B) {
			db := openDB(b)
			reserve := func(c money.Campaign) (granted int64, perS float64) {
				var n atomic.Int64
				begun := time.Now()
				atOnce(b.N, func(i int) {
					err := db.MoneyTx(context.Background(), func(tx money.Tx) error {
						s, err := money.Subsidise(tx, []money.Campaign{c}, money.SubsidyFacts{
							City: string(city), Subject: money.Subject(fmt.Sprint(c.ID, i)),
							Rider: "R", Driver: money.Party(fmt.Sprint("D", i%500)),
							Kind: money.KindHailed, Channel: money.InWallet, CompletedAt: noon,
							Fare: money.Yuan(28),
						}, money.Subsidy{}, noon)
						if err == nil && s.Granted() {
							n.Add(1)
						}
						return err
					})
					if err != nil {
						b.Error(err)
					}
				})
				return n.Load(), float64(b.N) / time.Since(begun).Seconds()
			}
			half := max(1, b.N/2)
			free, capped := launchFor(b, db, "free", b.N), launchFor(b, db, "capped", half)
			b.ResetTimer()
			_, uncapped := reserve(free)
			granted, atCap := reserve(capped)
			b.StopTimer()
			// On Postgres a closure may run twice, so what was granted is counted in the ledger.
			var budget money.Account
			if err := db.MoneyTx(b.Context(), func(tx money.Tx) (err error) {
				budget, err = tx.Account(money.PromoBudget("capped"))
				return err
			}); err != nil {
				b.Fatal(err)
			}
			if budget.Available() != 0 || granted < int64(half) {
				b.Fatalf("%s is left of the budget, %d were granted of %d", budget.Available(),
					granted, half)
			}
			b.ReportMetric(uncapped, "uncapped/s")
			b.ReportMetric(atCap, "capped/s")
			b.ReportMetric(atCap/uncapped, "ratio")
		})
	}
}

// onTrip writes n rides whose drivers are about to complete them, with traces that agree with a
// meter of 15 yuan, and riders who have money.
func onTrip(b *testing.B, db storetest.Database, n int) {
	b.Helper()
	trace := make([]geo.Fix, 61)
	for i := range trace {
		trace[i] = geo.Fix{
			Point: geo.Point{Lat: 39.9 + float64(i)*55/111_195, Lng: 116.4},
			At:    noon.Add(time.Duration(i-60) * 10 * time.Second),
		}
	}
	for i := range n {
		r := searching(i)
		r.State, r.Driver, r.Taxi = dispatch.OnTrip, offered(i).Driver, offered(i).Taxi
		r.Slot, r.PayBy, r.StartedAt = dispatch.SlotCurrent, money.InWallet, trace[0].At
		err := db.Tx(b.Context(), func(tx dispatch.Tx) error {
			if err := tx.InsertRide(r); err != nil {
				return err
			}
			id := money.EntryID("top/" + r.Rider)
			return tx.Book(money.Entry{ID: id, At: noon, Transfers: []money.Transfer{{
				ID: money.TransferID(id), Kind: money.TransferPosted, Code: money.CodeTopUp,
				Debit: money.SandboxEquity, Credit: money.Wallet(dispatch.RiderParty(r.Rider)),
				Amount: money.Yuan(50),
			}}})
		})
		if err == nil {
			err = db.AppendTrace(b.Context(), r.ID, trace)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPaidRides is rides from the driver's last tap to settlement: 64 clients complete and pay
// out of the wallet, a worker takes the payments to their channel, and each ride's fare and
// subsidies are posted. Beside it, in the same run, raw commits one by one.
func BenchmarkPaidRides(b *testing.B) {
	for name, openDB := range engines() {
		b.Run(name, func(b *testing.B) {
			db := openDB(b)
			desk := storetest.NewDesk(b, db)
			desk.Parallel = 64
			launchFor(b, db, "launch", b.N)
			onTrip(b, db, b.N)
			b.ResetTimer()
			var done atomic.Bool
			var working sync.WaitGroup
			working.Go(func() {
				for idle := 0; idle < 2; {
					n, err := desk.Work(context.Background(), noon)
					if err != nil {
						b.Error(err)
						return
					}
					if idle++; n > 0 || !done.Load() {
						idle = 0
					}
				}
			})
			atOnce(b.N, func(i int) { completeAndPay(b, desk, i) })
			done.Store(true)
			working.Wait()
			b.StopTimer()
			settledAll(b, db, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rides/s")
			const commits = 300
			begun := time.Now()
			rawCommits(b, db, commits)
			b.ReportMetric(commits/time.Since(begun).Seconds(), "rawcommits/s")
		})
	}
}

func completeAndPay(b *testing.B, desk *dispatch.Desk, i int) {
	r := searching(i)
	_, err := desk.Complete(context.Background(), noon,
		dispatch.Once{Identity: "driver:" + string(offered(i).Driver), RequestID: "complete"},
		dispatch.CompleteRide{Ride: r.ID, Driver: offered(i).Driver, Meter: money.Yuan(15)})
	if err == nil {
		_, err = desk.Pay(context.Background(), noon,
			dispatch.Once{Identity: "rider:" + string(r.Rider), RequestID: "pay"},
			dispatch.PayRide{
				Ride: r.ID, Rider: r.Rider, Means: dispatch.Means{Channel: money.InWallet},
			})
	}
	if err != nil {
		b.Error(err)
	}
}

// settledAll fails unless every ride is settled with its subsidies, and nothing is pending.
func settledAll(b *testing.B, db storetest.Database, n int) {
	b.Helper()
	books, err := money.Cashier{Store: db}.Audit(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	if len(books.Wrong) > 0 || books.Pending() != 0 ||
		books.Balance("driver_payable") != money.Fen(n)*20_00 {
		b.Fatalf("drivers are owed %s for %d rides, %s is pending, %v are wrong",
			books.Balance("driver_payable"), n, books.Pending(), books.Wrong)
	}
}
