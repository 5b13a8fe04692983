package storetest

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// paidOrder writes a paid order of n attempts of 10 yuan each, led by the first.
func paidOrder(t testing.TB, db Database, subject money.Subject, n int) money.Order {
	t.Helper()
	var order money.Order
	for i := range n {
		purpose := []money.Purpose{money.PurposeFare, money.PurposeTip, money.PurposeFee}[i]
		p := due(subject, purpose)
		p.State = money.PaymentPaid
		a := money.Attempt{
			ID: money.AttemptID(fmt.Sprint(subject, "-", i)), Payment: p.ID, Subject: subject,
			Payer: p.Payer, Payee: p.Payee, Purpose: purpose, Channel: money.Alipay,
			State: money.AttemptPaid, MadeAt: noon, Way: money.WayQR,
			Order: money.AttemptID(fmt.Sprint(subject, "-0")),
			Legs:  []money.Leg{{Instrument: money.Alipay, Amount: 10_00}},
		}
		do(t, db, func(tx dispatch.Tx) error {
			if err := tx.InsertPayment(p); err != nil {
				return err
			}
			return tx.InsertAttempt(a)
		})
		order = append(order, a)
	}
	return order
}

func orders(t *testing.T, open Open) {
	db := open(t)
	order := paidOrder(t, db, "r", 3)
	paidOrder(t, db, "other", 1)
	id := order[0].ID
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Order(id)
		equal(t, "by id", got, order)
		if err != nil {
			return err
		}
		paid, ok, err := tx.PaidAttempt(order[1].Payment)
		equal(t, "paid", paid, order[1])
		equal(t, "is paid", ok, true)
		return err
	})
	for _, none := range []money.AttemptID{"nobody's", order[1].ID} {
		refused(t, db, dispatch.NotFound, dispatch.ReasonPayment, func(tx dispatch.Tx) error {
			_, err := tx.Order(none)
			return err
		})
	}
	again := order[1]
	again.ID, again.State = "again", money.AttemptPaid
	refused(t, db, dispatch.Conflict, dispatch.ReasonPayment, func(tx dispatch.Tx) error {
		return tx.InsertAttempt(again)
	})
	for _, step := range []struct {
		what   string
		amount money.Fen
		call   func(dispatch.Tx) func(money.AttemptID, money.Fen) (bool, error)
		want   bool
	}{
		{"nothing captured", 1, takeBack, false},
		{"capture", 30_00, capture, true},
		{"capture again", 30_00, capture, false},
		{"some back", 29_99, takeBack, true},
		{"a fen too many", 2, takeBack, false},
		{"the rest", 1, takeBack, true},
		{"nothing left", 1, takeBack, false},
		{"some was never made", -5_00, takeBack, true},
		{"a fen too many again", 5_01, takeBack, false},
		{"that", 5_00, takeBack, true},
		{"more than was asked for", -30_01, takeBack, false},
	} {
		do(t, db, func(tx dispatch.Tx) error {
			ok, err := step.call(tx)(id, step.amount)
			equal(t, step.what, ok, step.want)
			return err
		})
	}
}

// legsBack: each leg of an attempt gets back what it has paid, and no fen more.
func legsBack(t *testing.T, open Open) {
	db := open(t)
	a := paidOrder(t, db, "r", 1)[0]
	a.Legs = []money.Leg{
		{Hongbao: "h", Amount: 4_00},
		{Instrument: money.InWallet, Amount: 1_00},
		{Instrument: money.Alipay, Amount: 5_00},
	}
	do(t, db, func(tx dispatch.Tx) error { return tx.SetLegs(a.ID, a.Legs) })
	for _, step := range []struct {
		leg  int
		fen  money.Fen
		want bool
	}{
		{0, 4_01, false},
		{0, 3_99, true},
		{0, 2, false},
		{0, 1, true},
		{0, 1, false},
		{1, 1_00, true},
		{1, -1_01, false},
		{1, -40, true},
		{2, 5_01, false},
		{2, 5_00, true},
		{2, -5_00, true},
		{2, -1, false},
	} {
		part := a.Legs[step.leg]
		part.Amount = step.fen
		do(t, db, func(tx dispatch.Tx) error {
			ok, err := tx.TakeBackLeg(a.ID, part)
			equal(t, fmt.Sprintf("%+v", step), ok, step.want)
			return err
		})
	}
	a.Legs[0].Refunded, a.Legs[1].Refunded = 4_00, 60
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Attempt(a.ID)
		equal(t, "legs", got.Legs, a.Legs)
		ok, other := tx.TakeBackLeg(a.ID, money.Leg{Instrument: money.WeChat, Amount: 0})
		equal(t, "a leg that there is not", ok, false)
		return cmp.Or(err, other)
	})
	err := db.SQL(t.Context(), `UPDATE leg SET refunded = amount + 1`)
	equal(t, "refused by the schema", err != nil, true)
}

func capture(tx dispatch.Tx) func(money.AttemptID, money.Fen) (bool, error) {
	return func(id money.AttemptID, amount money.Fen) (bool, error) {
		return tx.Capture(id, amount, noon)
	}
}

func takeBack(tx dispatch.Tx) func(money.AttemptID, money.Fen) (bool, error) { return tx.TakeBack }

func refunds(t *testing.T, open Open) {
	db := open(t)
	order := paidOrder(t, db, "r", 1)
	want := filled[money.Refund](0)
	want.Of, want.Subject, want.State = order[0].ID, "r", money.AttemptCreated
	want.Captured, want.Amount = 10_00, 1_00
	insert := func(r money.Refund) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertRefund(r) }
	}
	do(t, db, insert(want))
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, insert(want))
	bad := want
	bad.ID, bad.Amount = "bad", 10_01
	refused(t, db, dispatch.Internal, dispatch.ReasonStore, insert(bad))
	update := func(r money.Refund, from money.AttemptState) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.UpdateRefund(r, from) }
	}
	changed := want
	changed.State, changed.Reason, changed.Tries = money.AttemptUnknown, "no answer", 3
	changed.DueAt = after(9)
	refused(t, db, dispatch.Conflict, dispatch.ReasonStale, update(changed, money.AttemptSent))
	do(t, db, update(changed, money.AttemptCreated))
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Refund(want.ID)
		equal(t, "changed", got, changed)
		check(t, err)
		of, err := tx.RefundsOf("r")
		equal(t, "of the ride", of, []money.Refund{changed})
		check(t, err)
		due, err := tx.DueRefunds(after(8.999), 9)
		equal(t, "not yet due", len(due), 0)
		check(t, err)
		due, err = tx.DueRefunds(after(9), 9)
		equal(t, "due", due, []money.Refund{changed})
		return err
	})
	ended := changed
	ended.State = money.AttemptPaid
	do(t, db, update(ended, money.AttemptUnknown))
	do(t, db, func(tx dispatch.Tx) error {
		due, err := tx.DueRefunds(after(99), 9)
		equal(t, "ended", len(due), 0)
		return err
	})
	refused(t, db, dispatch.NotFound, dispatch.ReasonPayment, func(tx dispatch.Tx) error {
		_, err := tx.Refund("nobody's")
		return err
	})
}

func inbox(t *testing.T, open Open) {
	db := open(t)
	n := money.Notice{
		Channel: money.Alipay, ID: "n", Kind: money.NoticeCharge, Order: "o", Amount: 1,
	}
	other := n
	other.Channel = money.WeChat
	for _, step := range []struct {
		n    money.Notice
		want bool
	}{{n, true}, {n, false}, {other, true}, {n, false}} {
		do(t, db, func(tx dispatch.Tx) error {
			first, err := tx.Keep(step.n, noon)
			equal(t, "first", first, step.want)
			return err
		})
	}
}

// The load of promiseRefund: of each order of 10 yuan many want 1.50 back, each of them twice.
const (
	refundOrders  = 6
	refundWorkers = 100
	refundEach    = money.Fen(1_50)
)

// promiseRefund: what goes back is never more than was captured, and each refund once.
func promiseRefund(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		db := open(t)
		check(t, refundAll(t, db, func(ctx context.Context, r money.Refund) error {
			return db.Tx(ctx, func(tx dispatch.Tx) error {
				ok, err := tx.TakeBack(r.Of, r.Amount)
				if err == nil && !ok {
					err = dispatch.Errorf(dispatch.Conflict, dispatch.ReasonPayment, "too much")
				}
				if err != nil {
					return err
				}
				return tx.InsertRefund(r)
			})
		}))
	})
	t.Run("MutantCheckThenAct", func(t *testing.T) {
		db := open(t)
		remove(t, db, refundCheck)
		caught(t, refundAll(t, db, func(ctx context.Context, r money.Refund) error {
			var left money.Fen
			err := db.Tx(ctx, func(tx dispatch.Tx) error {
				a, err := tx.Attempt(r.Of)
				left = a.Captured - a.Refunded
				return err
			})
			if err != nil || left < r.Amount {
				return fmt.Errorf("%s left: %w", left, err)
			}
			for range 100 {
				runtime.Gosched() // the pause between check and act, in which others check
			}
			insert := func(tx dispatch.Tx) error { return tx.InsertRefund(r) }
			if err := db.Tx(ctx, insert); err != nil {
				return err
			}
			return db.SQL(ctx, fmt.Sprintf(`UPDATE attempt SET refunded = refunded + %d
				WHERE id = '%s'`, r.Amount, r.Of))
		}))
	})
}

// refundAll asks for all refunds at once and says which order gave back too much, or other than
// what its refunds say.
func refundAll(
	t *testing.T, db Database, ask func(context.Context, money.Refund) error,
) error {
	t.Helper()
	var ids []money.AttemptID
	for i := range refundOrders {
		id := paidOrder(t, db, money.Subject(fmt.Sprint("r", i)), 1)[0].ID
		do(t, db, func(tx dispatch.Tx) error {
			_, err := tx.Capture(id, 10_00, noon)
			return err
		})
		ids = append(ids, id)
	}
	tries := random(t).Perm(refundOrders * 40)
	var mu sync.Mutex
	given := map[money.AttemptID]money.Fen{}
	each(refundWorkers, len(tries), func(i int) {
		n := tries[i]
		r := money.Refund{
			ID: money.RefundID(fmt.Sprint(n % (len(tries) / 2))), Of: ids[n%len(ids)], Subject: "r",
			Channel: money.Alipay, Captured: 10_00, Amount: refundEach,
			State: money.AttemptCreated, MadeAt: noon,
		}
		if ask(t.Context(), r) != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		given[r.Of] += r.Amount
	})
	for _, id := range ids {
		var a money.Attempt
		do(t, db, func(tx dispatch.Tx) (err error) {
			a, err = tx.Attempt(id)
			return err
		})
		if want := 10_00 / refundEach * refundEach; given[id] != want || a.Refunded != want {
			return fmt.Errorf("order %s of 10.00 gave %s back, and has %s written",
				id, given[id], a.Refunded)
		}
	}
	return nil
}
