package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// A ride's order goes to the account of its driver's company, by that one's contract, and stays
// there whatever becomes of the driver: only its notices count, and it gives the money back. A ride
// of others, and a top-up, go to the house's.
func TestOrderGoesToTheCompanysAccount(t *testing.T) {
	w, c, ride := rideDue(t)
	w.desk.Contracts = money.Contracts{money.Alipay: {
		Fee: 6000, Own: map[string]money.Contract{"first": {Fee: 10_000}},
	}}
	work := func(company string) {
		_, err := w.db.ImportCompanies(w.ctx, []dispatch.Company{{ID: company, Name: company}})
		w.ok(err)
		_, err = w.db.ImportDrivers(w.ctx,
			[]dispatch.Driver{{ID: "DA", City: w.city.ID, Company: company}})
		w.ok(err)
	}
	work("first")
	w.ok(w.payExternal(ride, byQR))
	w.work()
	order := c.only(t, money.AttemptSent)
	work("second")
	if order.Merchant != "first" {
		t.Fatalf("the account is %q, want the company's", order.Merchant)
	}
	paid := money.Notice{
		Channel: money.Alipay, ID: "n", Kind: money.NoticeCharge, Order: string(order.ID),
		Amount: 20_00, Outcome: money.Outcome{State: money.AttemptPaid},
	}
	for _, other := range []string{"", "second"} {
		paid.Merchant = other
		w.fails(w.desk.Noticed(w.ctx, w.now, paid), dispatch.ReasonPayment)
	}
	paid.Merchant = "first"
	w.ok(w.desk.Noticed(w.ctx, w.now, paid))
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 20_00, "channel_clearing:alipay": -20_00 + 20, "fee_expense:alipay": -20,
	})
	id, err := w.desk.Refund(w.ctx, w.now, w.key("ops:me"), dispatch.RefundRide{
		Ride: ride, Purpose: money.PurposeTip, Amount: 1_00, Why: "as agreed",
	})
	w.ok(err)
	w.ok(w.db.MoneyTx(w.ctx, func(tx money.Tx) error {
		back, err := tx.Refund(id)
		if back.Merchant != "first" {
			t.Errorf("the refund goes by %q", back.Merchant)
		}
		return err
	}))

	c.set(order.ID, money.AttemptPaid)
	_, err = w.paysIn(1_00, byQR)
	w.ok(err)
	w.work()
	if house := c.only(t, money.AttemptSent); house.Merchant != "" {
		t.Errorf("a top-up goes to %q", house.Merchant)
	}
	w.pass(time.Second)
}
