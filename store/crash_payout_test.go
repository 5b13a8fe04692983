package store_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store"
	"hexhail/store/storetest"
)

// payoutBank is the folder in which the channel of TestCrashPayout keeps what it has paid: it
// outlives the process that asks it.
const payoutBank = "HEXHAIL_PAYOUT_BANK"

// crashBegin is the driver from whom a process goes on.
const crashBegin = "HEXHAIL_CRASH_BEGIN"

// The load: drivers, one after another, each in some six transactions. Of the processes that die at
// commits, each goes on for one longer than the one before, so that all of them are hit.
const (
	crashDrivers = 80
	crashSteps   = 6
	crashFirst   = 40 // transactions of a process before it dies
	crashLeast   = 4  // payouts that it has made by then
)

// Where a process dies by the hand of its channel, which is killed with it: before it has paid, or
// when it has paid and nobody has heard of it.
const (
	pauseBeforePay = "before-pay"
	pauseAfterPay  = "after-pay"
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
	for _, point := range []string{
		store.PauseBeforeCommit, store.PauseAfterCommit, pauseBeforePay, pauseAfterPay,
	} {
		t.Run("Kept/"+point, func(t *testing.T) {
			if err := payoutsOverCrashes(t, newURL(t), point, ""); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("MutantNumberOfTheProcess", func(t *testing.T) {
		err := payoutsOverCrashes(t, newURL(t), pauseAfterPay, "1")
		if err == nil {
			t.Fatal("the mutant was not caught")
		}
		t.Logf("caught: %v", err)
	})
}

func payoutsOverCrashes(t *testing.T, url, point, mutant string) error {
	t.Helper()
	bank := t.TempDir()
	first, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	storetest.PayoutDesk(t, storetest.Database{DB: first}, crashDrivers, 100_00, filedPayer{})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range crashSteps {
		before, left := len(filed(t, bank)), crashFirst+i
		if point == pauseBeforePay || point == pauseAfterPay {
			left = crashLeast + 2
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashPayoutChild$")
		cmd.Env = append(os.Environ(), crashStore+"="+url, crashMutant+"="+mutant,
			payoutBank+"="+bank, crashBegin+"="+strconv.Itoa(max(0, before-1)),
			fmt.Sprintf("%s=%s:%d", storetest.FailpointVariable, point, left))
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Fatalf("the process has not died: %s", out)
		}
		if n := len(filed(t, bank)); n-before < crashLeast {
			t.Fatalf("only %d payouts before the kill at %s", n-before, point)
		}
	}
	// What is left is done by a process that lives.
	db := open(t, url)
	desk := storetest.OverPayouts(t, db, filedPayer{folder: bank, salt: salt(mutant, "last")})
	withdrawAll(t, desk, 0)
	for s := range 10 {
		at := crashNoon.Add(time.Duration(s+1) * time.Minute)
		if _, err := desk.Work(t.Context(), at); err != nil {
			return err
		}
	}
	return payoutsMatch(t, db, bank)
}

var crashNoon = time.Date(2013, 12, 9, 4, 0, 0, 0, time.UTC)

// salt is what the mutant adds to its numbers: another in each process.
func salt(mutant, process string) string {
	if mutant == "" {
		return ""
	}
	return process
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
	url, bank := os.Getenv(crashStore), os.Getenv(payoutBank)
	if bank == "" {
		return // only as a process of its own
	}
	failpoint, err := storetest.Failpoint()
	if err != nil {
		t.Fatal(err)
	}
	first, err := strconv.Atoi(os.Getenv(crashBegin))
	if err != nil {
		t.Fatal(err)
	}
	point, times, _ := strings.Cut(os.Getenv(storetest.FailpointVariable), ":")
	left, err := strconv.Atoi(times)
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, url, failpoint)
	withdrawAll(t, storetest.OverPayouts(t, db, filedPayer{
		folder: bank, salt: salt(os.Getenv(crashMutant), strconv.Itoa(first)),
		at: func(here string) {
			if here != point {
				return
			}
			if left--; left == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // nothing runs after it
				select {}
			}
		},
	}), first)
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

// filedPayer is a channel that keeps a file for each payout.
type filedPayer struct {
	money.Channel
	folder string
	salt   string       // the mutant's
	at     func(string) // called before and after paying; may be nil
}

func (f filedPayer) path(id money.PayoutID) string {
	return filepath.Join(f.folder, string(id)+"."+f.salt)
}

// PayOut pays once for a number.
func (f filedPayer) PayOut(
	ctx context.Context, p money.Payout, now time.Time,
) (money.Outcome, error) {
	if f.at != nil {
		f.at(pauseBeforePay)
	}
	if err := os.WriteFile(f.path(p.ID), []byte(p.Amount.String()), 0o600); err != nil {
		return money.Outcome{}, err
	}
	if f.at != nil {
		f.at(pauseAfterPay)
	}
	return f.QueryPayout(ctx, p, now)
}

// QueryPayout tells whether it has paid.
func (f filedPayer) QueryPayout(
	_ context.Context, p money.Payout, _ time.Time,
) (money.Outcome, error) {
	if _, err := os.Stat(f.path(p.ID)); err != nil {
		return money.Outcome{State: money.AttemptCreated}, nil
	}
	return money.Outcome{State: money.AttemptPaid}, nil
}

// filed are the withdrawals that were paid, each as often as it was.
func filed(t *testing.T, folder string) (numbers []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		id, _, _ := strings.Cut(e.Name(), ".")
		numbers = append(numbers, id)
	}
	return numbers
}
