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

// firstBank is the folder in which the channel of TestCrashFirst keeps what it has moved: it
// outlives the process that asks it.
const firstBank = "HEXHAIL_FIRST_BANK"

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
	for _, point := range []string{store.PauseAfterCommit, pauseBeforePay, pauseAfterPay} {
		t.Run("Kept/"+point, func(t *testing.T) {
			if err := firstOverCrashes(t, newURL(t), point, ""); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("MutantNumberOfTheProcess", func(t *testing.T) {
		err := firstOverCrashes(t, newURL(t), pauseAfterPay, "1")
		if err == nil {
			t.Fatal("the mutant was not caught")
		}
		t.Logf("caught: %v", err)
	})
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
		before, left := len(filed(t, bank)), crashRideTimes+i
		if point != store.PauseAfterCommit {
			left = 3 + i
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrashFirstChild$")
		cmd.Env = append(os.Environ(), crashStore+"="+url, crashMutant+"="+mutant,
			firstBank+"="+bank, crashBegin+"="+strconv.Itoa(max(0, before-1)),
			fmt.Sprintf("%s=%s:%d", storetest.FailpointVariable, point, left))
		if out, err := cmd.CombinedOutput(); err == nil {
			t.Fatalf("the process has not died: %s", out)
		}
		if n := len(filed(t, bank)); n-before < 1 {
			t.Fatalf("only %d orders before the kill at %s", n-before, point)
		}
	}
	db := open(t, url) // what is left is done by a process that lives
	desk := storetest.OverPayouts(t, db, filedOrders{folder: bank, salt: salt(mutant, "last")})
	payFirst(t, desk, 0)
	for s := range 10 {
		at := crashNoon.Add(time.Duration(s+1) * time.Minute)
		if _, err := desk.Work(t.Context(), at); err != nil {
			return err
		}
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
	url, bank := os.Getenv(crashStore), os.Getenv(firstBank)
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
	payFirst(t, storetest.OverPayouts(t, db, filedOrders{
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

// filedOrders is a channel that keeps a file for each order, whose payers pay at once.
type filedOrders struct {
	money.Channel
	folder string
	salt   string       // the mutant's
	at     func(string) // called before and after paying; may be nil
}

func (f filedOrders) path(id money.AttemptID) string {
	return filepath.Join(f.folder, string(id)+"."+f.salt)
}

// Charge takes the money of an order once.
func (f filedOrders) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	if f.at != nil {
		f.at(pauseBeforePay)
	}
	if err := os.WriteFile(f.path(a.ID), []byte(a.Charge().String()), 0o600); err != nil {
		return money.Outcome{}, err
	}
	if f.at != nil {
		f.at(pauseAfterPay)
	}
	return f.Query(ctx, a, now)
}

// Query tells whether it has taken it.
func (f filedOrders) Query(
	_ context.Context, a money.Attempt, _ time.Time,
) (money.Outcome, error) {
	if _, err := os.Stat(f.path(a.ID)); err != nil {
		return money.Outcome{State: money.AttemptCreated}, nil
	}
	return money.Outcome{State: money.AttemptPaid}, nil
}
