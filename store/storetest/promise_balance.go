package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

const (
	drivers        = 8
	earned         = money.Fen(1000)
	payoutInFlight = money.AccountID("payout_in_flight:bank")
)

// payout is one withdrawal, asked for under an id of its owner's.
type payout struct {
	id     money.EntryID
	driver money.Party
	amount money.Fen
}

func (p payout) entry(id money.EntryID) money.Entry {
	return money.Entry{ID: id, At: noon, Transfers: []money.Transfer{{
		ID: money.TransferID(id), Kind: money.TransferPending, Code: "payout", Amount: p.amount,
		Debit: money.DriverPayable(p.driver), Credit: payoutInFlight,
	}}}
}

// promiseBalance: a payout happens once, and no balance goes below 0. Every payout is asked for
// twice at the same time, as by a double click, and together they are more than was earned.
func promiseBalance(t *testing.T, open Open) {
	pay := func(db Database, id func(p payout, try int) money.EntryID) payer {
		return func(ctx context.Context, p payout, try int) error {
			return db.MoneyTx(ctx, func(tx money.Tx) error { return tx.Book(p.entry(id(p, try))) })
		}
	}
	t.Run("Kept", func(t *testing.T) {
		db := open(t)
		same := func(p payout, _ int) money.EntryID { return p.id }
		if err := payOut(t, db, 600, pay(db, same)); err != nil {
			t.Error(err)
		}
	})
	t.Run("MutantNewID", func(t *testing.T) {
		db := open(t)
		fresh := func(p payout, try int) money.EntryID {
			return p.id + money.EntryID(fmt.Sprint("#", try))
		}
		caught(t, payOut(t, db, 100, pay(db, fresh)))
	})
	t.Run("MutantReadThenWrite", func(t *testing.T) {
		db := open(t)
		remove(t, db, overdraftCheck)
		caught(t, payOut(t, db, 200, func(ctx context.Context, p payout, _ int) error {
			var a money.Account
			err := db.MoneyTx(ctx, func(tx money.Tx) (err error) {
				a, err = tx.Account(money.DriverPayable(p.driver))
				return err
			})
			if err != nil {
				return err
			}
			if a.Available() < p.amount {
				return &money.LimitError{Account: a.ID, Amount: p.amount}
			}
			time.Sleep(100 * time.Microsecond)
			return db.SQL(ctx, fmt.Sprintf(
				`UPDATE account SET pending_debits = pending_debits + %d WHERE id = '%s'`,
				p.amount, a.ID))
		}))
	})
}

type payer func(ctx context.Context, p payout, try int) error

// payOut asks for n payouts, twice each, and says how the promise was broken, if it was.
func payOut(t *testing.T, db Database, n int, pay payer) error {
	t.Helper()
	r := random(t)
	payouts := drawPayouts(r, n)
	for d := range drivers {
		party := money.Party(fmt.Sprint("D", d))
		payable := money.DriverPayable(party)
		top := transfer(money.TransferID("earned "+party), equity, payable, earned)
		check(t, db.Tx(t.Context(), bookIt(entry(money.EntryID(top.ID), top))))
	}
	var mu sync.Mutex
	paid := map[money.EntryID]int{}
	refusals := map[dispatch.Reason]int{}
	each(64, 2*n, func(i int) {
		p := payouts[i/2]
		err := pay(t.Context(), p, i%2)
		mu.Lock()
		defer mu.Unlock()
		if err == nil {
			paid[p.id]++
			return
		}
		refusals[dispatch.ReasonOf(err)]++
		var limit *money.LimitError
		if !errors.As(err, &limit) && dispatch.ReasonOf(err) != dispatch.ReasonDuplicate {
			t.Errorf("payout %s: %v", p.id, err)
		}
	})
	t.Logf("%d of %d paid, refused: %v", len(paid), n, refusals)
	if refusals[dispatch.ReasonLedgerLimit] == 0 {
		t.Error("nothing was refused for want of money")
	}
	for id, times := range paid {
		if times != 1 {
			return fmt.Errorf("payout %s was paid %d times", id, times)
		}
	}
	b, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	check(t, err)
	for _, a := range b.Accounts {
		if !a.Sound() {
			return fmt.Errorf("%s is %v below 0", a.ID, -a.Available())
		}
	}
	if len(b.Wrong) > 0 {
		return fmt.Errorf("accounts that do not add up: %v", b.Wrong)
	}
	return nil
}

func drawPayouts(r *rand.Rand, n int) []payout {
	payouts := make([]payout, n)
	for i := range payouts {
		payouts[i] = payout{
			id:     money.EntryID(fmt.Sprint("payout", i)),
			driver: money.Party(fmt.Sprint("D", r.IntN(drivers))),
			amount: money.Fen(1 + r.IntN(100)),
		}
	}
	return payouts
}
