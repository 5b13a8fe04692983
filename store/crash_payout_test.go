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

// The load: drivers, one after another, each in some six transactions. Of the processes that die at
// commits, each goes on for one longer than the one before, so that all of them are hit.
const (
	crashDrivers = 80
	crashSteps   = 6
	crashFirst   = 40 // transactions of a process before it dies
	crashLeast   = 4  // payouts that it has made by then
)

func TestCrashPayoutSQLite(t *testing.T) {
	t.Parallel()
	crashPayout(t, func(t testing.TB) string {
		return "sqlite:" + filepath.Join(t.TempDir(), "hexhail.db")
	})
}

func TestCrashPayoutPostgres(t *testing.T) {
	t.Parallel()
	crashPayout(t, databaseURL)
}

// crashPayout kills a process that pays drivers, at failpoints on the way, lets others go on after
// it, and compares what the channel has paid with our books: each withdrawal once.
func crashPayout(t *testing.T, newURL func(testing.TB) string) {
	crashes(t, newURL, []string{
		store.PauseBeforeCommit, store.PauseAfterCommit, pauseBeforePay, pauseAfterPay,
	}, payoutsOverCrashes)
}

func payoutsOverCrashes(t *testing.T, url, point, mutant string) error {
	t.Helper()
	bank := t.TempDir()
	first, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	storetest.PayoutDesk(t, storetest.Database{DB: first}, crashDrivers, 100_00, filedChannel{})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range crashSteps {
		left := crashFirst + i
		if point == pauseBeforePay || point == pauseAfterPay {
			left = crashLeast + 2
		}
		dies(t, "TestCrashPayoutChild", url, bank, mutant, point, left, crashLeast)
	}
	db := open(t, url)
	if err := livesOn(t, db, bank, mutant, withdrawAll); err != nil {
		return err
	}
	return payoutsMatch(t, db, bank)
}

// payoutsMatch compares what the channel has paid with the books.
func payoutsMatch(t *testing.T, db storetest.Database, bank string) error {
	t.Helper()
	paid := filed(t, bank)
	if len(paid) != crashDrivers {
		return fmt.Errorf("%d payouts for %d withdrawals", len(paid), crashDrivers)
	}
	for _, id := range paid {
		err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
			w, err := tx.Withdrawal(money.PayoutID(id))
			if err == nil && w.State != money.AttemptPaid {
				err = fmt.Errorf("%s was paid and is %s", id, w.State)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	books, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	if err != nil {
		return err
	}
	want := money.Fen(crashDrivers * 60_00)
	if len(books.Wrong) > 0 || books.Pending() != 0 || books.Balance("bank") != want {
		return fmt.Errorf("accounts %v are wrong, %s is pending, the bank has paid %s of %s",
			books.Wrong, books.Pending(), books.Balance("bank"), want)
	}
	return nil
}

// TestCrashPayoutChild is the process that dies: it asks for a withdrawal of each driver and pays
// it.
func TestCrashPayoutChild(t *testing.T) {
	if desk, first := dying(t); desk != nil { // only as a process of its own
		withdrawAll(t, desk, first)
	}
}

// withdrawAll has every driver, from one on, take out 60 of their 100 yuan, and pays it. A process
// that comes after another gives the same commands again.
func withdrawAll(t *testing.T, desk *dispatch.Desk, first int) {
	t.Helper()
	for i := first; i < crashDrivers; i++ {
		driver := dispatch.DriverID(fmt.Sprint("D", i))
		_, err := desk.Withdraw(t.Context(), crashNoon,
			dispatch.Once{Identity: string(driver), RequestID: "all"},
			dispatch.Withdraw{
				Driver: driver, Channel: money.Alipay, Account: "13800000000", Amount: 60_00,
			})
		if err == nil {
			_, err = desk.Work(t.Context(), crashNoon)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
