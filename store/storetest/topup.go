package storetest

import (
	"fmt"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// topUps are read by their rider, the latest first, each with its attempt; those that wait for
// their payer by id.
func topUps(t *testing.T, open Open) {
	db := open(t)
	insert := func(id, rider string, state money.PaymentState) {
		p := money.NewTopUp(money.Subject(id), money.Party(rider), money.Yuan(20))
		p.State, p.Channel = state, money.Alipay
		a := money.Attempt{
			ID: money.AttemptID("A" + id), Payment: p.ID, Subject: p.Subject, Payer: p.Payer,
			Payee: p.Payee, Purpose: p.Purpose, Channel: money.Alipay, State: money.AttemptSent,
			Order: money.AttemptID("A" + id), Way: money.WayQR, Ticket: "ticket " + id,
			Reason: "payer_pays", MadeAt: noon, DueAt: after(5),
			Legs: []money.Leg{{Instrument: money.Alipay, Amount: p.Amount}},
		}
		if state == money.PaymentPaid {
			a.State, a.Captured, a.CapturedAt = money.AttemptPaid, p.Amount, after(9)
		}
		do(t, db, func(tx dispatch.Tx) error {
			check(t, tx.InsertPayment(p))
			return tx.InsertAttempt(a)
		})
	}
	insert("t1", "R", money.PaymentPaid)
	insert("t3", "R", money.PaymentOpen)
	insert("t2", "R", money.PaymentOpen)
	insert("t4", "other", money.PaymentOpen)
	do(t, db, func(tx dispatch.Tx) error { return tx.InsertPayment(due("t5", money.PurposeFare)) })
	for _, c := range []struct {
		page dispatch.Page
		want []dispatch.TopUpID
	}{
		{dispatch.Page{Limit: 9}, []dispatch.TopUpID{"t3", "t2", "t1"}},
		{dispatch.Page{Limit: 1}, []dispatch.TopUpID{"t3"}},
		{dispatch.Page{After: "t3", Limit: 9}, []dispatch.TopUpID{"t2", "t1"}},
		{dispatch.Page{After: "t1", Limit: 9}, nil},
	} {
		got, err := db.RiderTopUps(t.Context(), "R", c.page)
		check(t, err)
		var ids []dispatch.TopUpID
		for _, topUp := range got {
			ids = append(ids, topUp.ID)
		}
		equal(t, fmt.Sprintf("%+v", c.page), ids, c.want)
	}
	got, err := db.RiderTopUp(t.Context(), "R", "t1")
	check(t, err)
	paid := money.NewTopUp("t1", "R", money.Yuan(20))
	paid.State, paid.Channel = money.PaymentPaid, money.Alipay
	equal(t, "top-up", got, dispatch.TopUp{
		ID: "t1", Payment: paid, Way: money.WayQR, Attempt: money.AttemptPaid,
		Reason: "payer_pays", Ticket: "ticket t1", MadeAt: noon, PaidAt: after(9),
	})
	_, err = db.RiderTopUp(t.Context(), "other", "t1")
	equal(t, "another's", dispatch.KindOf(err), dispatch.NotFound)
	for limit, want := range map[int][]money.Subject{9: {"t2", "t3"}, 1: {"t2"}} {
		do(t, db, func(tx dispatch.Tx) error {
			open, err := tx.OpenTopUps("R", limit)
			var subjects []money.Subject
			for _, p := range open {
				subjects = append(subjects, p.Subject)
			}
			equal(t, "open", subjects, want)
			return err
		})
	}
}
