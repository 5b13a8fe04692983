package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"hexhail/dispatch"
	"hexhail/money"
)

// payPINs reads and writes them.
func payPINs(t *testing.T, open Open) {
	db := open(t)
	p := filled[dispatch.PayPIN](0)
	p.Tries = dispatch.MaxPINTries
	do(t, db, func(tx dispatch.Tx) error {
		_, is, err := tx.PayPIN(p.Rider)
		equal(t, "is", is, false)
		check(t, err)
		return tx.InsertPayPIN(p)
	})
	reads := func(want dispatch.PayPIN) {
		t.Helper()
		do(t, db, func(tx dispatch.Tx) error {
			for _, read := range []func(dispatch.RiderID) (dispatch.PayPIN, bool, error){
				tx.PayPIN, tx.LockPayPIN,
			} {
				got, is, err := read(p.Rider)
				check(t, err)
				equal(t, "is", is, true)
				equal(t, "pay pin", got, want)
			}
			return nil
		})
	}
	reads(p)
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate,
		func(tx dispatch.Tx) error { return tx.InsertPayPIN(p) })
	other := filled[dispatch.PayPIN](7)
	other.Rider, other.Own = p.Rider, false
	other = other.Right()
	do(t, db, func(tx dispatch.Tx) error { return tx.UpdatePayPIN(other) })
	reads(other)
	for _, bad := range []func(*dispatch.PayPIN){
		func(p *dispatch.PayPIN) { p.Tries = dispatch.MaxPINTries + 1 },
		func(p *dispatch.PayPIN) { p.Tries = dispatch.MaxPINTries }, // and not locked
		func(p *dispatch.PayPIN) { p.Spent = -1 },
	} {
		broken := other
		bad(&broken)
		if err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
			return tx.UpdatePayPIN(broken)
		}); err == nil {
			t.Errorf("written: %+v", broken)
		}
	}
	do(t, db, func(tx dispatch.Tx) error { return tx.DropPayPIN(p.Rider) })
	do(t, db, func(tx dispatch.Tx) error {
		_, is, err := tx.PayPIN(p.Rider)
		equal(t, "is", is, false)
		return err
	})
}

// The load of promisePayPIN.
const (
	guessWorkers = 32
	freeRides    = 32
	rightPIN     = "190715"
)

// promisePayPIN: of many PINs that are tried at once for a wallet five are judged, and what it pays
// without its PIN is never above the limit of the day, though many rides are paid at the same
// moment.
func promisePayPIN(t *testing.T, open Open) {
	t.Run("Guesses", func(t *testing.T) { check(t, guessAll(t, open(t), nil)) })
	t.Run("MutantCountsLater", func(t *testing.T) {
		caught(t, guessAll(t, open(t), readsFirst))
	})
	t.Run("Free", func(t *testing.T) { check(t, freeAll(t, open(t), nil)) })
	t.Run("MutantReadThenWrite", func(t *testing.T) {
		caught(t, freeAll(t, open(t), readsFirst))
	})
}

// early is a store in which a wallet's PIN is read before the transaction, by all who do so at the
// beginning, before one of them writes.
type early struct {
	dispatch.Store
	ready sync.WaitGroup
	left  atomic.Int32
	rider dispatch.RiderID
}

func readsFirst(s dispatch.Store, rider dispatch.RiderID, readers int) dispatch.Store {
	e := &early{Store: s, rider: rider}
	e.ready.Add(readers)
	e.left.Store(int32(readers))
	return e
}

// Tx runs fn with what was read before.
func (e *early) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	if e.left.Add(-1) < 0 {
		return e.Store.Tx(ctx, fn)
	}
	var p dispatch.PayPIN
	var is bool
	err := e.View(ctx, func(tx dispatch.Tx) (err error) {
		p, is, err = tx.PayPIN(e.rider)
		return err
	})
	e.ready.Done()
	e.ready.Wait()
	if err != nil {
		return err
	}
	return e.Store.Tx(ctx, func(tx dispatch.Tx) error { return fn(earlyTx{tx, p, is}) })
}

type earlyTx struct {
	dispatch.Tx
	p  dispatch.PayPIN
	is bool
}

// LockPayPIN tells what was read before.
func (tx earlyTx) LockPayPIN(dispatch.RiderID) (dispatch.PayPIN, bool, error) {
	return tx.p, tx.is, nil
}

// sabotagePIN wraps a store for so many readers.
type sabotagePIN func(s dispatch.Store, rider dispatch.RiderID, readers int) dispatch.Store

// walletOf gives a rider a desk, a pay PIN and money.
func walletOf(t *testing.T, db Database, rider dispatch.RiderID) *dispatch.Desk {
	t.Helper()
	desk := NewDesk(t, db)
	desk.PINCost = bcrypt.MinCost
	_, err := desk.SetPayPIN(t.Context(), noon, dispatch.Once{Identity: "r", RequestID: "set"},
		dispatch.SetPayPIN{
			Rider: rider, New: rightPIN,
			Limits: &dispatch.FreeLimits{Each: money.Yuan(30), Day: money.Yuan(100)},
		})
	check(t, err)
	check(t, money.Cashier{Store: db}.TopUp(t.Context(), "top", money.SandboxEquity,
		dispatch.RiderParty(rider), money.Yuan(2000), noon))
	return desk
}

// guessAll has many phones guess one wallet's PIN at once, the right one never.
func guessAll(t *testing.T, db Database, sabotage sabotagePIN) error {
	t.Helper()
	const rider = dispatch.RiderID("R")
	desk := walletOf(t, db, rider)
	if sabotage != nil {
		desk.Store = sabotage(desk.Store, rider, guessWorkers)
	}
	var judged, locked atomic.Int32
	each(guessWorkers, guessWorkers, func(i int) {
		_, err := desk.Pay(t.Context(), noon,
			dispatch.Once{Identity: "r", RequestID: fmt.Sprint(i)},
			dispatch.PayRide{Ride: "none", Rider: rider, Means: dispatch.Means{
				Channel: money.InWallet, PIN: fmt.Sprintf("2001%02d", i),
			}})
		switch dispatch.ReasonOf(err) {
		case dispatch.ReasonPINWrong:
			judged.Add(1)
		case dispatch.ReasonPINLocked:
			locked.Add(1)
		default:
			t.Error(err)
		}
	})
	if judged.Load() != dispatch.MaxPINTries {
		return fmt.Errorf("%d guesses were judged, %d refused", judged.Load(), locked.Load())
	}
	return nil
}

// freeAll pays many rides out of one wallet at once, without its PIN.
func freeAll(t *testing.T, db Database, sabotage sabotagePIN) error {
	t.Helper()
	const rider = dispatch.RiderID("R")
	desk := walletOf(t, db, rider)
	rides := completeRides(t, db, desk, freeRides)
	code := make([]string, len(rides))
	for i, r := range rides { // friends pay: each ride is somebody's own
		c, err := desk.MakePayCode(t.Context(), noon,
			dispatch.Once{Identity: "d", RequestID: fmt.Sprint(i)},
			dispatch.MakePayCode{Driver: r.Driver, Ride: r.ID})
		check(t, err)
		code[i] = c.Code
	}
	if sabotage != nil {
		desk.Store = sabotage(desk.Store, rider, freeRides)
	}
	var paid, asked atomic.Int32
	each(freeRides, freeRides, func(i int) {
		_, err := desk.PayByCode(t.Context(), noon,
			dispatch.Once{Identity: "r", RequestID: fmt.Sprint(i)},
			dispatch.PayByCode{
				Code: code[i], Rider: rider, Means: dispatch.Means{Channel: money.InWallet},
			})
		switch {
		case err == nil:
			paid.Add(1)
		case dispatch.ReasonOf(err) == dispatch.ReasonPINNeeded:
			asked.Add(1)
		default:
			t.Error(err)
		}
	})
	for range 2 {
		if _, err := desk.Work(t.Context(), noon); err != nil {
			return err
		}
	}
	spent := account(t, db, money.Wallet(dispatch.RiderParty(rider))).Debits
	if spent > money.Yuan(100) {
		return fmt.Errorf("%s spent without the PIN, in %d payments", spent, paid.Load())
	}
	if spent == 0 || asked.Load() == 0 {
		t.Errorf("%s spent, %d asked for the PIN: both have to happen", spent, asked.Load())
	}
	return nil
}
