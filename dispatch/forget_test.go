package dispatch_test

import (
	"crypto/rand"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// A year after a ride its trace, its log, what its channel told and its wallet's code are dropped,
// each counted; the ride and its money stay. A notice that comes again then, changes nothing.
func TestTheDeskForgets(t *testing.T) {
	w, c := newTown(t), newChannel()
	w.desk.NewID = dispatch.IDs{Entropy: rand.Reader}.New // they tell when rides were asked for
	w.desk.Channels[money.Alipay] = c
	w.desk.Contracts = money.Contracts{money.Alipay: {Fee: 6000}}
	w.tip = 5_00
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), byTrace)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	order := c.only(t, money.AttemptSent)
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	w.ok(w.cash("DA", ride))
	late := money.Notice{ // it is paid twice, and goes back
		Channel: money.Alipay, ID: "n1", Kind: money.NoticeCharge, Order: string(order.ID),
		Amount: 20_00, Outcome: money.Outcome{State: money.AttemptPaid},
	}
	w.ok(w.desk.Noticed(w.ctx, w.now, late))
	w.work()
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertUsedCode(dispatch.UsedCode{
			Handle: "0123456789", Step: 1, Ride: ride, Driver: "DA", At: w.now,
		})
	}))
	books := map[money.AccountID]money.Fen{
		"suspense:duplicate": 0, "channel_clearing:alipay": 12, "fee_expense:alipay": -12,
	}
	w.balances(books)
	kept := func() (fixes int) {
		trace, err := w.db.Trace(w.ctx, ride)
		w.ok(err)
		return len(trace)
	}
	fixes := kept()
	w.pass(dispatch.RidesKept - time.Hour)
	w.work()
	if kept() != fixes || fixes == 0 {
		t.Fatalf("%d fixes of %d before their time is over", kept(), fixes)
	}
	if w.forgotten[dispatch.ForgottenUsedCodes] != 1 {
		t.Errorf("after half a year: %v", w.forgotten)
	}
	w.pass(2 * time.Hour)
	w.work()
	for _, what := range []dispatch.Forgotten{
		dispatch.ForgottenTraces, dispatch.ForgottenNotices,
	} {
		if w.forgotten[what] != 1 {
			t.Errorf("%s: %d forgotten, want 1", what, w.forgotten[what])
		}
	}
	if n := kept(); n > 0 {
		t.Errorf("%d fixes are left", n)
	}
	for _, id := range []string{"n1", "n2"} {
		late.ID = id
		w.ok(w.desk.Noticed(w.ctx, w.now, late))
		w.work()
	}
	w.balances(books)
	if len(c.refunds) != 1 {
		t.Errorf("%d refunds, want one", len(c.refunds))
	}
}
