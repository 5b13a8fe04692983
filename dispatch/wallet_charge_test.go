package dispatch_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// brokenWallet is the wallet, which fails for one payer, so many times, after it has set the money
// aside.
type brokenWallet struct {
	money.WalletChannel
	payer money.Party
	times *int
	asked *int
}

var errBroken = errors.New("the wallet is out of order")

func (f brokenWallet) ChargeIn(tx money.Tx, a money.Attempt, now time.Time) (money.Outcome, error) {
	outcome, err := f.WalletChannel.ChargeIn(tx, a, now)
	if a.Payer == f.payer {
		*f.asked++
		if *f.times > 0 {
			*f.times--
			return money.Outcome{}, errBroken
		}
	}
	return outcome, err
}

// What a wallet has set aside goes with the transaction that fails; its payment waits behind those
// of others, and is made later, once.
func TestWalletThatFails(t *testing.T) {
	w := newTown(t)
	w.topUp("1", "2")
	times, asked := 1, 0
	w.desk.Channels[money.InWallet] = brokenWallet{
		WalletChannel: money.WalletChannel{Store: w.db}, payer: "R1", times: &times, asked: &asked,
	}
	first := w.ridden("1", w.taxi("A", w.at(0, 0), 4), metered)
	second := w.ridden("2", w.taxi("B", w.at(0, 0), 4), metered)
	if err := w.pay("1", first, money.InWallet); !errors.Is(err, errBroken) {
		t.Fatalf("the first: %v", err)
	}
	w.balances(map[money.AccountID]money.Fen{"wallet:R1": 100_00})
	w.ok(w.pay("2", second, money.InWallet))
	if r := w.ride(second); r.State != dispatch.Settled {
		t.Errorf("the second is %s", r.State)
	}
	if w.work(); asked != 1 {
		t.Errorf("asked %d times at once", asked)
	}
	w.pass(10 * time.Second)
	w.work()
	w.work()
	if r := w.ride(first); r.State != dispatch.Settled || asked != 2 {
		t.Errorf("the first is %s, asked %d times", r.State, asked)
	}
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 83_00, "driver_payable:DA": 17_00,
		"wallet:R2": 83_00, "driver_payable:DB": 17_00,
	})
}

// tidied counts how often a store is tidied.
type tidied struct {
	dispatch.Store
	times *atomic.Int64
}

func (s tidied) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error { return fn(tidiedTx{tx, s.times}) })
}

type tidiedTx struct {
	dispatch.Tx
	times *atomic.Int64
}

func (tx tidiedTx) Forget(before time.Time, limit int) (int, error) {
	tx.times.Add(1)
	return tx.Tx.Forget(before, limit)
}

// Payments are made by one loop and the house is tidied by another: neither waits for the other.
func TestPaymentsDoNotWaitForTheTidying(t *testing.T) {
	w := newTown(t)
	w.topUp("1")
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), metered)
	_, err := w.desk.Pay(w.ctx, w.now, w.key("rider:R1"), dispatch.PayRide{
		Ride: ride, Rider: "R1", Means: dispatch.Means{Channel: money.InWallet},
	})
	w.ok(err)
	var times atomic.Int64
	w.desk.Store = tidied{w.desk.Store, &times}
	until := func(work func(context.Context), done func() bool) {
		t.Helper()
		ctx, end := context.WithTimeout(w.ctx, 30*time.Second)
		defer end()
		ended := make(chan struct{})
		go func() { defer close(ended); work(ctx) }()
		for !done() && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		if end(); !done() {
			t.Error("it is not done")
		}
		<-ended
	}
	failed := func(what string, err error) { t.Errorf("%s: %v", what, err) }
	until(func(ctx context.Context) { w.desk.Working(ctx, stopped{w.now}, nil, failed) },
		func() bool { return w.ride(ride).State == dispatch.Settled })
	if n := times.Load(); n > 0 {
		t.Errorf("tidied %d times by who makes payments", n)
	}
	until(func(ctx context.Context) { w.desk.Tidying(ctx, stopped{w.now}, failed) },
		func() bool { return times.Load() > 0 })
}
