package storetest

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

func due(subject money.Subject, purpose money.Purpose) money.Payment {
	const payer = money.Party("R")
	return money.Payment{
		ID: money.NewPaymentID(subject, purpose, payer), Subject: subject, Payer: payer, Payee: "D",
		Purpose: purpose, Amount: 2800, Discount: 500, State: money.PaymentDue, Channel: money.Cash,
	}
}

var byWallet = dispatch.Means{Channel: money.InWallet}

// unpaidFees are a payer's own for late cancels, the oldest first, but for those that the wallet is
// being charged.
func unpaidFees(t *testing.T, db Database) {
	t.Helper()
	insert := func(ride money.Subject, change func(*money.Payment)) money.Payment {
		p := due(ride, money.PurposeCancelFee)
		change(&p)
		do(t, db, func(tx dispatch.Tx) error { return tx.InsertPayment(p) })
		return p
	}
	as := func(s money.PaymentState, c money.ChannelName) func(*money.Payment) {
		return func(p *money.Payment) { p.State, p.Channel = s, c }
	}
	asked := insert("f2", as(money.PaymentOpen, money.Alipay))
	owed := insert("f1", as(money.PaymentDue, money.InWallet))
	insert("f3", as(money.PaymentOpen, money.InWallet))
	insert("f4", as(money.PaymentPaid, money.Alipay))
	insert("f5", func(p *money.Payment) { p.Payer = "another" })
	for limit, want := range map[int][]money.Payment{9: {owed, asked}, 1: {owed}} {
		do(t, db, func(tx dispatch.Tx) error {
			got, err := tx.UnpaidFees("R", limit)
			equal(t, "unpaid", got, want)
			return err
		})
	}
}

func payments(t *testing.T, open Open) {
	db := open(t)
	insert := func(p money.Payment) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertPayment(p) }
	}
	fare, tip := due("r", money.PurposeFare), due("r", money.PurposeTip)
	do(t, db, insert(tip))
	do(t, db, insert(fare))
	do(t, db, insert(due("other", money.PurposeFare)))
	again := fare
	again.ID = "another id"
	for _, p := range []money.Payment{fare, again} {
		refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, insert(p))
	}
	for _, bad := range []func(*money.Payment){
		func(p *money.Payment) { p.Amount = 0 },
		func(p *money.Payment) { p.Discount = p.Amount + 1 },
		func(p *money.Payment) { p.Discount = -1 },
	} {
		p := due("bad", money.PurposeFare)
		bad(&p)
		refused(t, db, dispatch.Internal, dispatch.ReasonStore, insert(p))
	}
	read := func() (ps []money.Payment) {
		do(t, db, func(tx dispatch.Tx) (err error) {
			ps, err = tx.PaymentsOf("r")
			return err
		})
		return ps
	}
	equal(t, "by id", read(), []money.Payment{fare, tip})
	unpaidFees(t, db)

	paid := fare
	paid.State, paid.Discount, paid.Channel, paid.Attempts = money.PaymentOpen, 0, money.InWallet, 1
	update := func(from money.PaymentState) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.UpdatePayment(paid, from) }
	}
	refused(t, db, dispatch.Conflict, dispatch.ReasonStale, update(money.PaymentOpen))
	equal(t, "unchanged", read(), []money.Payment{fare, tip})
	do(t, db, update(money.PaymentDue))
	equal(t, "changed", read(), []money.Payment{paid, tip})
	refused(t, db, dispatch.Conflict, dispatch.ReasonStale, update(money.PaymentDue))
}

func attempts(t *testing.T, open Open) {
	db := open(t)
	p := due("r", money.PurposeFare)
	first := filled[money.Attempt](0)
	first.Payment, first.Subject, first.State = p.ID, "r", money.AttemptCreated
	first.Refunded = first.Captured - 1
	first.Legs[0].Instrument, first.Legs[1].Hongbao = "", "" // one of the two
	for i := range first.Legs {
		first.Legs[i].Refunded = first.Legs[i].Amount - 1
	}
	second := filled[money.Attempt](50)
	second.Payment, second.State, second.Legs = p.ID, money.AttemptSent, first.Legs[:1]
	second.Refunded = 0
	insert := func(a money.Attempt) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertAttempt(a) }
	}
	refused(t, db, dispatch.Internal, dispatch.ReasonStore, insert(first)) // of no payment
	do(t, db, func(tx dispatch.Tx) error { return tx.InsertPayment(p) })
	do(t, db, insert(first))
	openOne := func(want money.Attempt, ok bool) {
		t.Helper()
		do(t, db, func(tx dispatch.Tx) error {
			got, found, err := tx.OpenAttempt(p.ID)
			equal(t, "open attempt", got, want)
			equal(t, "has one", found, ok)
			return err
		})
	}
	at := first
	for _, s := range []money.AttemptState{
		money.AttemptSent, money.AttemptUnknown, money.AttemptClosed,
	} {
		openOne(at, true)
		refused(t, db, dispatch.Conflict, dispatch.ReasonPayment, insert(second))
		was := at.State
		at.State, at.Reason, at.DueAt = s, "why "+s.String(), at.DueAt.Add(time.Second)
		at.Tries++
		do(t, db, func(tx dispatch.Tx) error { return tx.UpdateAttempt(at, was) })
		refused(t, db, dispatch.Conflict, dispatch.ReasonStale,
			func(tx dispatch.Tx) error { return tx.UpdateAttempt(at, was) })
	}
	openOne(money.Attempt{}, false)
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Attempt(first.ID)
		equal(t, "attempt", got, at)
		return err
	})
	do(t, db, insert(second))
	openOne(second, true)
	refused(t, db, dispatch.NotFound, dispatch.ReasonPayment, func(tx dispatch.Tx) error {
		_, err := tx.Attempt("nobody's")
		return err
	})
	t.Run("Due", func(t *testing.T) { dueAttempts(t, open(t)) })
}

func dueAttempts(t *testing.T, db Database) {
	insert := func(id money.AttemptID, state money.AttemptState, at time.Time) {
		p := due(money.Subject(id), money.PurposeFare)
		a := money.Attempt{
			ID: id, Payment: p.ID, State: state, DueAt: at, Channel: money.InWallet,
			Legs: []money.Leg{{Instrument: money.InWallet, Amount: 1}, {Instrument: "b"}},
		}
		do(t, db, func(tx dispatch.Tx) error {
			check(t, tx.InsertPayment(p))
			return tx.InsertAttempt(a)
		})
	}
	insert("c", money.AttemptCreated, after(1))
	insert("b", money.AttemptSent, after(2))
	insert("a", money.AttemptUnknown, after(2))
	insert("waits", money.AttemptSent, time.Time{})
	insert("paid", money.AttemptPaid, after(1))
	insert("closed", money.AttemptClosed, after(1))
	outside := due("outside", money.PurposeFare)
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.InsertPayment(outside))
		return tx.InsertAttempt(money.Attempt{
			ID: "outside", Payment: outside.ID, State: money.AttemptSent, DueAt: after(1),
			Channel: money.Alipay, Way: money.WayQR,
			Legs: []money.Leg{{Instrument: money.Alipay, Amount: 1}},
		})
	})
	do(t, db, func(tx dispatch.Tx) error {
		list, err := tx.DueAttempts(after(9), true, 9)
		equal(t, "external", len(list), 1)
		equal(t, "external", list[0].ID, "outside")
		return err
	})
	for _, test := range []struct {
		seconds float64
		limit   int
		want    []money.AttemptID
	}{
		{0.999, 9, nil},
		{1, 9, []money.AttemptID{"c"}},
		{9, 9, []money.AttemptID{"c", "a", "b"}},
		{9, 2, []money.AttemptID{"c", "a"}},
	} {
		do(t, db, func(tx dispatch.Tx) error {
			list, err := tx.DueAttempts(after(test.seconds), false, test.limit)
			var ids []money.AttemptID
			for _, a := range list {
				ids = append(ids, a.ID)
				equal(t, "legs", len(a.Legs), 2)
			}
			equal(t, "due", ids, test.want)
			return err
		})
	}
}

func campaign(id money.CampaignID, version int) money.Campaign {
	return money.Campaign{
		ID: id, Version: version, City: string(city), Sponsor: "alipay", Channel: money.InWallet,
		State: money.CampaignRuns, Rider: money.Fixed(500), Driver: money.Fixed(500), Cap: 100_000,
		StartsAt: noon, EndsAt: after(3600),
	}
}

func campaigns(t *testing.T, open Open) {
	db := open(t)
	insert := func(c money.Campaign) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertCampaign(c) }
	}
	full := filled[money.Campaign](0)
	full.City, full.EndsAt = string(city), full.StartsAt.Add(time.Second)
	elsewhere := campaign("else", 1)
	elsewhere.City = "chengdu"
	b1, b2 := campaign("b", 1), campaign("b", 2)
	b2.EndsAt = after(7200)
	for _, c := range []money.Campaign{b1, full, elsewhere, b2} {
		do(t, db, insert(c))
	}
	for _, old := range []money.Campaign{b1, b2} {
		refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, insert(old))
	}
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.CampaignsOf(string(city))
		equal(t, "the newest by id", got, []money.Campaign{full, b2})
		check(t, err)
		got, err = tx.CampaignsSince(string(city), after(3600)) // the older version ends then
		equal(t, "that are not over", got, []money.Campaign{b2})
		check(t, err)
		got, err = tx.CampaignsSince(string(city), after(7200))
		equal(t, "all are over", len(got), 0)
		return err
	})
}

// immutable tries to rewrite history by hand.
func immutable(t *testing.T, open Open) {
	db := open(t)
	cashier := money.Cashier{Store: db}
	check(t, cashier.Launch(t.Context(), campaign("c", 1), noon))
	for _, text := range []string{
		`UPDATE transfer SET amount = amount + 1`,
		`UPDATE transfer SET at = at`,
		`DELETE FROM transfer`,
		`UPDATE campaign SET cap = cap + 1`,
		`DELETE FROM campaign WHERE version = 1`,
		`UPDATE account SET debits = -1`,
		`UPDATE account SET debits = credits + 1 WHERE no_overdraft = 1`,
		`INSERT INTO transfer (id, kind, pending_id, debit, credit, amount, code, entry, part,
			subject, at) SELECT 'x', 'posted', '', debit, debit, 1, '', 'x', 0, '', 0
			FROM transfer`,
		`INSERT INTO transfer (id, kind, pending_id, debit, credit, amount, code, entry, part,
			subject, at) SELECT 'x', 'posted', '', debit, credit, 0, '', 'x', 0, '', 0
			FROM transfer`,
		`INSERT INTO transfer (id, kind, pending_id, debit, credit, amount, code, entry, part,
			subject, at) VALUES ('x', 'posted', '', 'no', 'body', 1, 'x', 'x', 0, '', 0)`,
	} {
		wantError(t, db.SQL(t.Context(), text), dispatch.Internal, dispatch.ReasonStore)
	}
	equal(t, "transfers", books(t, db).Transfers, 1)
}
