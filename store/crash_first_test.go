package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store"
	"hexhail/store/storetest"
)

// The load: rides, one after another, each in some four transactions.
const (
	crashRides     = 40
	crashRideSteps = 4
	crashRideTimes = 16 // what a process does of it before it dies
)

func TestCrashFirstSQLite(t *testing.T) {
	t.Parallel()
	crashFirstAll(t, func(t testing.TB) string {
		return "sqlite:" + filepath.Join(t.TempDir(), "hexhail.db")
	})
}

func TestCrashFirstPostgres(t *testing.T) {
	t.Parallel()
	crashFirstAll(t, databaseURL)
}

// crashFirstAll kills a process whose riders pay by hongbaos first and a channel, between the hold
// and the channel's call and around it, and lets others go on after it: the channel has moved its
// part of each ride once, and the wallet the rest.
func crashFirstAll(t *testing.T, newURL func(testing.TB) string) {
	crashes(t, newURL, []string{store.PauseAfterCommit, pauseBeforePay, pauseAfterPay},
		firstOverCrashes)
}

func firstOverCrashes(t *testing.T, url, point, mutant string) error {
	t.Helper()
	bank := t.TempDir()
	made, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	storetest.FirstRides(t, storetest.Database{DB: made}, crashRides)
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range crashRideSteps {
		left := crashRideTimes + i
		if point != store.PauseAfterCommit {
			left = 3 + i
		}
		dies(t, "TestCrashFirstChild", url, bank, mutant, point, left, 1)
	}
	db := open(t, url)
	if err := livesOn(t, db, bank, mutant, payFirst); err != nil {
		return err
	}
	return firstMatches(t, db, bank)
}

// firstMatches compares what the channel has moved with the books.
func firstMatches(t *testing.T, db storetest.Database, bank string) error {
	t.Helper()
	if n := len(filed(t, bank)); n != crashRides {
		return fmt.Errorf("%d orders for %d rides", n, crashRides)
	}
	books, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	if err != nil {
		return err
	}
	if len(books.Wrong) > 0 || books.Pending() != 0 {
		return fmt.Errorf("accounts %v are wrong, %s is pending", books.Wrong, books.Pending())
	}
	for class, want := range map[string]money.Fen{
		"channel_clearing": -crashRides * 18_00, "hongbao": 0, "driver_payable": crashRides * 38_00,
		"wallet": crashRides * 100_00, "suspense": 0,
	} {
		if got := books.Balance(class); got != want {
			return fmt.Errorf("%s has %s, want %s", class, got, want)
		}
	}
	return nil
}

// TestCrashFirstChild is the process that dies: it has each ride paid.
func TestCrashFirstChild(t *testing.T) {
	if desk, first := dying(t); desk != nil { // only as a process of its own
		payFirst(t, desk, first)
	}
}

// payFirst has every rider, from one on, pay 38 yuan by hongbaos of 20 and the channel. A process
// that comes after another gives the same commands again.
func payFirst(t *testing.T, desk *dispatch.Desk, first int) {
	t.Helper()
	for i := first; i < crashRides; i++ {
		rider := dispatch.RiderID(fmt.Sprint("rider", i))
		_, err := desk.Pay(t.Context(), crashNoon,
			dispatch.Once{Identity: string(rider), RequestID: "pay"},
			dispatch.PayRide{
				Ride: dispatch.RideID(fmt.Sprint("ride", i)), Rider: rider,
				Means: dispatch.Means{
					Channel: money.Alipay, Way: money.WayQR, First: dispatch.HongbaosFirst,
				},
			})
		if err == nil {
			_, err = desk.Work(t.Context(), crashNoon)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
