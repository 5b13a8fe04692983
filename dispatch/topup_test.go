package dispatch_test

import (
	"errors"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

const wallet = money.AccountID("wallet:R1")

// riderAlone is a town with a rider and Alipay, whose fee is 0.6 %.
func riderAlone(t *testing.T) (*town, *channel) {
	t.Helper()
	w, c := newTown(t), newChannel()
	w.desk.Channels[money.Alipay] = c
	w.desk.Contracts = money.Contracts{money.Alipay: {Fee: 6000}}
	_, err := w.db.ImportRiders(w.ctx, []dispatch.Rider{{ID: "R1"}})
	w.ok(err)
	return w, c
}

func (w *town) paysIn(amount money.Fen, m dispatch.Means) (dispatch.TopUpID, error) {
	w.t.Helper()
	return w.desk.TopUp(w.ctx, w.now, w.key("rider:R1"),
		dispatch.TopUpWallet{Rider: "R1", Amount: amount, Means: m})
}

func (w *town) paidIn(id dispatch.TopUpID) dispatch.TopUp {
	w.t.Helper()
	topUp, err := w.db.RiderTopUp(w.ctx, "R1", id)
	w.ok(err)
	return topUp
}

// inWallet are the books when so much has come in through Alipay.
func (w *town) inWallet(amount, fee money.Fen) {
	w.t.Helper()
	w.balances(map[money.AccountID]money.Fen{
		wallet: amount, "channel_clearing:alipay": fee - amount, "fee_expense:alipay": -fee,
	})
}

// The ticket comes from the channel, and the money with its word, once: less the channel's fee, as
// for a ride.
func TestTopUp(t *testing.T) {
	w, c := riderAlone(t)
	id, err := w.paysIn(50_00, byQR)
	w.ok(err)
	w.work()
	order := c.only(t, money.AttemptSent)
	if got := w.paidIn(id); got.Ticket != "ticket of "+string(order.ID) ||
		got.Payment.State != money.PaymentOpen || order.Charge() != 50_00 {
		t.Fatalf("%+v", got)
	}
	w.inWallet(0, 0)
	p, err := w.desk.Purse(w.ctx, w.now, "R1", w.city.ID)
	w.ok(err)
	if p.Has != 0 || p.Incoming != 50_00 || p.TopUp != money.MostPaidIn {
		t.Errorf("%+v", p)
	}
	c.set(order.ID, money.AttemptPaid)
	for _, n := range []string{"n1", "n1", "n2"} {
		w.ok(w.desk.Noticed(w.ctx, w.now, money.Notice{
			Channel: money.Alipay, ID: n, Kind: money.NoticeCharge, Order: string(order.ID),
			Amount: 50_00, Outcome: money.Outcome{State: money.AttemptPaid},
		}))
	}
	w.pass(time.Minute)
	w.work()
	w.inWallet(50_00, 30)
	if got := w.paidIn(id); got.Payment.State != money.PaymentPaid || got.PaidAt.IsZero() {
		t.Errorf("%+v", got)
	}
	if p, err = w.desk.Purse(w.ctx, w.now, "R1", w.city.ID); err != nil || p.Has != 50_00 ||
		p.Incoming != 0 {
		t.Errorf("%+v, %v", p, err)
	}
}

// No notice comes, and answers get lost: the channel is asked until it is known.
func TestTopUpIsQueried(t *testing.T) {
	w, c := riderAlone(t)
	_, err := w.paysIn(1_00, byQR)
	w.ok(err)
	c.deaf = true
	w.work()
	c.deaf = false
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(10 * time.Second)
	w.work()
	w.inWallet(1_00, 1)
	if len(c.orders) != 1 {
		t.Errorf("%d orders", len(c.orders))
	}
}

// Nobody pays: after a quarter of an hour the order is closed. What comes later all the same is in
// the wallet if that has room, and else goes back by itself.
func TestLateTopUp(t *testing.T) {
	w, c := riderAlone(t)
	late, err := w.paysIn(money.MostPaidIn, byQR)
	w.ok(err)
	w.work()
	order := c.only(t, money.AttemptSent)
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	if got := w.paidIn(late); got.Payment.State != money.PaymentDue ||
		got.Attempt != money.AttemptClosed {
		t.Fatalf("%+v, want it closed", got)
	}
	w.ok(money.Cashier{Store: w.db}.TopUp(w.ctx, "full", money.SandboxEquity, "R1",
		money.WalletCap-money.MostPaidIn+1, w.now))
	paid := money.Outcome{State: money.AttemptPaid}
	for range 2 {
		w.ok(w.desk.PaymentOutcome(w.ctx, w.now, order.ID, paid))
	}
	w.work()
	w.balances(map[money.AccountID]money.Fen{
		wallet: money.WalletCap - money.MostPaidIn + 1, "suspense:duplicate": 0,
		"channel_clearing:alipay": 12_00,
	})
	if got := w.paidIn(late); len(c.refunds) != 1 || got.Back != money.MostPaidIn {
		t.Errorf("%d refunds, %+v", len(c.refunds), got)
	}

	second, err := w.paysIn(20_00, byQR)
	w.ok(err)
	w.work()
	order = c.only(t, money.AttemptSent)
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	w.ok(w.desk.PaymentOutcome(w.ctx, w.now, order.ID, paid))
	if got := w.paidIn(second); got.Payment.State != money.PaymentPaid || got.Back != 0 {
		t.Errorf("%+v, want it paid", got)
	}
	w.balances(map[money.AccountID]money.Fen{
		wallet: money.WalletCap - money.MostPaidIn + 1 + 20_00,
	})
}

// Each limit is named with the field that is out of it, and open top-ups count.
func TestTopUpLimits(t *testing.T) {
	w, c := riderAlone(t)
	refused := func(
		amount money.Fen, m dispatch.Means, reason dispatch.Reason, field, limit string,
	) {
		t.Helper()
		_, err := w.paysIn(amount, m)
		w.fails(err, reason)
		own := (*dispatch.Error)(nil)
		if !errors.As(err, &own) || own.Field != field || own.Limit != limit {
			t.Errorf("%v: %+v, want %s %s", err, own, field, limit)
		}
	}
	for _, amount := range []money.Fen{-1, 0, 99, 2_000_01} {
		refused(amount, byQR, dispatch.ReasonField, "amount_fen", "100 to 200000")
	}
	refused(1_00, dispatch.Means{Channel: money.InWallet}, dispatch.ReasonField, "channel",
		"wechat or alipay")
	refused(1_00, dispatch.Means{Channel: money.Alipay, Way: money.WayBarcode, Token: "28"},
		dispatch.ReasonField, "way", "app, page or qr")
	_, err := w.paysIn(1_00, dispatch.Means{Channel: money.Alipay, Way: money.WayPage})
	w.fails(err, dispatch.ReasonField)
	_, err = w.paysIn(1_00, dispatch.Means{Channel: money.WeChat, Way: money.WayQR})
	w.fails(err, dispatch.ReasonChannel)
	_, err = w.desk.TopUp(w.ctx, w.now, w.key("rider:R9"),
		dispatch.TopUpWallet{Rider: "R9", Amount: 1_00, Means: byQR})
	w.fails(err, dispatch.ReasonUnknownRider)

	for range 2 {
		_, err := w.paysIn(money.MostPaidIn, byQR)
		w.ok(err)
	}
	refused(1_000_01, byQR, dispatch.ReasonWalletFull, "amount_fen", "at most 100000")
	_, err = w.paysIn(1_00, byQR)
	w.ok(err)
	refused(1_00, byQR, dispatch.ReasonTopUpsOpen, "amount_fen", "of one of 3 open top-ups at most")
	w.work()
	if len(c.orders) != 3 {
		t.Errorf("%d orders", len(c.orders))
	}
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	_, err = w.paysIn(money.MostPaidIn, byQR)
	w.ok(err)
}
