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

	"hexhail/money"
	"hexhail/store"
)

// promiseCap: a campaign is never over by 1 fen. Its budget is for exactly 100 rides, and 64
// workers ask for 3,000.
func promiseCap(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		var paused atomic.Int32
		db := open(t, store.WithPause(func(point string) {
			if point == store.PauseBook {
				paused.Add(1)
				runtime.Gosched()
			}
		}))
		if err := spendCampaign(t, db, 3000, reserveByBook(db)); err != nil {
			t.Error(err)
		}
		equal(t, "pauses", paused.Load() >= 3000, true)
		giveBack(t, db)
	})
	t.Run("MutantReadThenWrite", func(t *testing.T) {
		db := open(t)
		caught(t, spendCampaign(t, db, 600, func(ctx context.Context, i int) (bool, error) {
			a, err := readBudget(ctx, db)
			if err != nil || a.Available() < 1000 {
				return false, err
			}
			time.Sleep(100 * time.Microsecond)
			return true, db.SQL(ctx, fmt.Sprintf(
				`UPDATE account SET pending_debits = %d WHERE id = '%s'`,
				a.PendingDebits+1000, a.ID))
		}))
	})
	t.Run("MutantCheckThenAct", func(t *testing.T) {
		db := open(t)
		remove(t, db, overdraftCheck)
		caught(t, spendCampaign(t, db, 600, func(ctx context.Context, i int) (bool, error) {
			a, err := readBudget(ctx, db)
			if err != nil || a.Available() < 1000 {
				return false, err
			}
			time.Sleep(100 * time.Microsecond)
			return true, db.SQL(ctx, fmt.Sprintf(
				`UPDATE account SET pending_debits = pending_debits + 1000 WHERE id = '%s'`, a.ID))
		}))
	})
}

const capped = money.CampaignID("launch")

func readBudget(ctx context.Context, db Database) (a money.Account, err error) {
	err = db.MoneyTx(ctx, func(tx money.Tx) (err error) {
		a, err = tx.Account(money.PromoBudget(capped))
		return err
	})
	return a, err
}

// reservation is what ride i asks for: 500 fen for the rider and 500 for the driver.
func reservation(i int) money.Entry {
	s := money.Subsidy{Grants: []money.Grant{
		{Campaign: capped, Version: 1, Rider: 500, Driver: 500},
	}}
	return s.Reservation(money.Subject(fmt.Sprint("ride", i)), "D", noon)
}

func reserveByBook(db Database) func(context.Context, int) (bool, error) {
	return func(ctx context.Context, i int) (granted bool, err error) {
		err = db.MoneyTx(ctx, func(tx money.Tx) error {
			granted = true
			err := tx.Book(reservation(i))
			if refused := (*money.LimitError)(nil); errors.As(err, &refused) {
				granted = false
				return nil
			}
			return err
		})
		return granted, err
	}
}

// spendCampaign has 64 workers reserve and says how the promise was broken, if it was.
func spendCampaign(
	t *testing.T, db Database, tries int, reserve func(context.Context, int) (bool, error),
) error {
	t.Helper()
	check(t, money.Cashier{Store: db}.Launch(t.Context(), campaign(capped, 1), noon))
	var granted, refused atomic.Int32
	each(64, tries, func(i int) {
		ok, err := reserve(t.Context(), i)
		switch {
		case err != nil:
			t.Errorf("try %d: %v", i, err)
		case ok:
			granted.Add(1)
		default:
			refused.Add(1)
		}
	})
	t.Logf("%d granted, %d refused", granted.Load(), refused.Load())
	if granted.Load() != 100 {
		return fmt.Errorf("%d rides were granted what is there for 100", granted.Load())
	}
	if left, err := readBudget(t.Context(), db); err != nil || left.Available() != 0 {
		return fmt.Errorf("left of the budget: %v (%w)", left.Available(), err)
	}
	if b := books(t, db); b.Pending() != 100_000 {
		return fmt.Errorf("pending: %v", b.Pending())
	}
	return nil
}

// giveBack voids ten reservations: exactly ten others are granted instead.
func giveBack(t *testing.T, db Database) {
	t.Helper()
	voided := 0
	for i := 0; voided < 10; i++ {
		check(t, db.MoneyTx(t.Context(), func(tx money.Tx) error {
			subject := reservation(i).Subject
			held, err := tx.Transfers(subject)
			if err != nil || len(held) == 0 {
				return err
			}
			voided++
			return tx.Book(money.Resolution(
				money.EntryID(subject+"/void"), subject, held, money.TransferVoid, noon))
		}))
	}
	var granted atomic.Int32
	reserve := reserveByBook(db)
	each(64, 200, func(i int) {
		ok, err := reserve(t.Context(), 10_000+i)
		if err != nil {
			t.Error(err)
		}
		if ok {
			granted.Add(1)
		}
	})
	equal(t, "granted for what was given back", granted.Load(), 10)
	equal(t, "pending", books(t, db).Pending(), 100_000)
}

// each calls fn for 0 … n−1 from a number of workers, and returns when all is done.
func each(workers, n int, fn func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range workers {
		wg.Go(func() {
			for {
				i := int(next.Add(1) - 1)
				if i >= n {
					return
				}
				fn(i)
			}
		})
	}
	wg.Wait()
}
