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
	"hexhail/store/storetest"
)

// What crashes around the calls of a channel share: the channel, which outlives the process that
// asks it, and the processes, of which each goes on where the one before has died.

const (
	// crashBank is the folder in which the channel keeps what it has moved.
	crashBank = "HEXHAIL_CRASH_BANK"
	// crashBegin is from which ride or driver a process goes on.
	crashBegin = "HEXHAIL_CRASH_BEGIN"
)

// Where a process dies by the hand of its channel, which is killed with it: before it has moved
// money, or when it has and nobody has heard of it.
const (
	pauseBeforePay = "before-pay"
	pauseAfterPay  = "after-pay"
)

var crashNoon = time.Date(2013, 12, 9, 4, 0, 0, 0, time.UTC)

// filedChannel is a channel that keeps a file for each order and payout; payers pay at once.
type filedChannel struct {
	money.Channel
	folder string
	salt   string       // the mutant's
	at     func(string) // called before and after money is moved; may be nil
}

func (f filedChannel) path(id string) string { return filepath.Join(f.folder, id+"."+f.salt) }

func (f filedChannel) move(id string, amount money.Fen) (money.Outcome, error) {
	if f.at != nil {
		f.at(pauseBeforePay)
	}
	if err := os.WriteFile(f.path(id), []byte(amount.String()), 0o600); err != nil {
		return money.Outcome{}, err
	}
	if f.at != nil {
		f.at(pauseAfterPay)
	}
	return f.moved(id)
}

func (f filedChannel) moved(id string) (money.Outcome, error) {
	if _, err := os.Stat(f.path(id)); err != nil {
		return money.Outcome{State: money.AttemptCreated}, nil
	}
	return money.Outcome{State: money.AttemptPaid}, nil
}

// Charge takes the money of an order once.
func (f filedChannel) Charge(
	_ context.Context, a money.Attempt, _ time.Time,
) (money.Outcome, error) {
	return f.move(string(a.ID), a.Charge())
}

// Query tells whether it has taken it.
func (f filedChannel) Query(
	_ context.Context, a money.Attempt, _ time.Time,
) (money.Outcome, error) {
	return f.moved(string(a.ID))
}

// PayOut pays once for a number.
func (f filedChannel) PayOut(
	_ context.Context, p money.Payout, _ time.Time,
) (money.Outcome, error) {
	return f.move(string(p.ID), p.Amount)
}

// QueryPayout tells whether it has paid.
func (f filedChannel) QueryPayout(
	_ context.Context, p money.Payout, _ time.Time,
) (money.Outcome, error) {
	return f.moved(string(p.ID))
}

// filed are the numbers for which money was moved, each as often as it was.
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

// salt is what the mutant adds to its numbers: another in each process.
func salt(mutant, process string) string {
	if mutant == "" {
		return ""
	}
	return process
}

// crashes runs a load over processes that die at each of the points, and with the mutant's numbers.
func crashes(
	t *testing.T, newURL func(testing.TB) string, points []string,
	run func(t *testing.T, url, point, mutant string) error,
) {
	for _, point := range points {
		t.Run("Kept/"+point, func(t *testing.T) {
			if err := run(t, newURL(t), point, ""); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("MutantNumberOfTheProcess", func(t *testing.T) {
		err := run(t, newURL(t), pauseAfterPay, "1")
		if err == nil {
			t.Fatal("the mutant was not caught")
		}
		t.Logf("caught: %v", err)
	})
}

// dies runs a test as a process of its own, which goes on from what the bank has filed and is
// killed when it comes to a point for the left-th time; it has filed so many more at least.
func dies(t *testing.T, child, url, bank, mutant, point string, left, least int) {
	t.Helper()
	before := len(filed(t, bank))
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+child+"$")
	cmd.Env = append(os.Environ(), crashStore+"="+url, crashMutant+"="+mutant,
		crashBank+"="+bank, crashBegin+"="+strconv.Itoa(max(0, before-1)),
		fmt.Sprintf("%s=%s:%d", storetest.FailpointVariable, point, left))
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("the process has not died: %s", out)
	}
	if n := len(filed(t, bank)) - before; n < least {
		t.Fatalf("only %d were moved before the kill at %s", n, point)
	}
}

// dying is the desk of a process that is to die, and from where it goes on; nil in the one that
// tests.
func dying(t *testing.T) (desk *dispatch.Desk, first int) {
	t.Helper()
	bank := os.Getenv(crashBank)
	if bank == "" {
		return nil, 0
	}
	failpoint, err := storetest.Failpoint()
	if err != nil {
		t.Fatal(err)
	}
	begin := os.Getenv(crashBegin)
	if first, err = strconv.Atoi(begin); err != nil {
		t.Fatal(err)
	}
	point, times, _ := strings.Cut(os.Getenv(storetest.FailpointVariable), ":")
	left, err := strconv.Atoi(times)
	if err != nil {
		t.Fatal(err)
	}
	return storetest.OverPayouts(t, open(t, os.Getenv(crashStore), failpoint), filedChannel{
		folder: bank, salt: salt(os.Getenv(crashMutant), begin),
		at: func(here string) {
			if here != point {
				return
			}
			if left--; left == 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // nothing runs after it
				select {}
			}
		},
	}), first
}

// livesOn has a process that lives do what is left.
func livesOn(
	t *testing.T, db storetest.Database, bank, mutant string,
	load func(*testing.T, *dispatch.Desk, int),
) error {
	t.Helper()
	desk := storetest.OverPayouts(t, db, filedChannel{folder: bank, salt: salt(mutant, "last")})
	load(t, desk, 0)
	for s := range 10 {
		at := crashNoon.Add(time.Duration(s+1) * time.Minute)
		if _, err := desk.Work(t.Context(), at); err != nil {
			return err
		}
	}
	return nil
}
