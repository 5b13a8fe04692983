package dispatch_test

import (
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"hexhail/dispatch"
	"hexhail/money"
)

// firstDue is rideDue of a rider who has hongbaos of 3 and 4 yuan, the second of which expires
// first, and a balance.
func firstDue(t *testing.T, balance money.Fen) (*town, *channel, dispatch.RideID) {
	t.Helper()
	w, c, ride := rideDue(t)
	w.hongbao("h3", "R1", 3_00, 2*time.Hour)
	w.hongbao("h4", "R1", 4_00, time.Hour)
	if balance > 0 {
		w.ok(money.Cashier{Store: w.db}.TopUp(w.ctx, "top/R1", money.SandboxEquity, "R1", balance,
			w.now))
	}
	return w, c, ride
}

// hongbao gives one.
func (w *town) hongbao(id money.HongbaoID, rider money.Party, amount money.Fen, d time.Duration) {
	w.t.Helper()
	w.ok(w.db.MoneyTx(w.ctx, func(tx money.Tx) error {
		return money.GiveHongbaos(tx, money.EntryID("give/"+string(id)), []money.Hongbao{{
			ID: id, Rider: rider, City: string(w.city.ID), Sponsor: "alipay", Amount: amount,
			TitleEN: "Spring", TitleZH: "春节", GivenAt: w.now, ExpiresAt: w.now.Add(d),
		}}, w.now)
	}))
}

// first is byQR with something of the wallet before it.
func first(what dispatch.WalletFirst) dispatch.Means {
	m := byQR
	m.First = what
	return m
}

// sent is the one order that waits for its payer, which has to be of a sum.
func (w *town) sent(c *channel, want money.Fen) money.Attempt {
	w.t.Helper()
	w.work()
	order := c.only(w.t, money.AttemptSent)
	if order.Charge() != want {
		w.t.Fatalf("the channel is asked for %s, want %s", order.Charge(), want)
	}
	return order
}

// parts are what of fare and tip hongbaos and balance pay, as the rider reads it.
func (w *town) parts(ride dispatch.RideID, hongbao, balance money.Fen) {
	w.t.Helper()
	var got [2]money.Fen
	for _, o := range w.owed(ride) {
		got[0], got[1] = got[0]+o.Hongbao, got[1]+o.Balance
	}
	if got != [2]money.Fen{hongbao, balance} {
		w.t.Errorf("by hongbaos and balance: %s, want %s and %s", got, hongbao, balance)
	}
}

// heldOf is what is pending of an account.
func (w *town) heldOf(id money.AccountID) money.Fen { return w.books()[id].PendingDebits }

// The wallet's part is held before the channel is asked, which hears of its own alone: order,
// notice, fee and clearing are of that. The channel's word captures both.
func TestWalletPaysFirst(t *testing.T) {
	w, c, ride := firstDue(t, 6_00)
	w.ok(w.payExternal(ride, first(dispatch.BalanceFirst)))
	if w.heldOf("hongbao:h4") != 4_00 || w.heldOf("hongbao:h3") != 3_00 ||
		w.heldOf("wallet:R1") != 6_00 || len(c.orders) != 0 {
		t.Fatalf("held before the channel is asked: %+v", w.books())
	}
	order := w.sent(c, 7_00)
	w.parts(ride, 7_00, 6_00)
	word := money.Notice{
		Channel: money.Alipay, ID: "n", Kind: money.NoticeCharge, Order: string(order.ID),
		Amount: 20_00, Outcome: money.Outcome{State: money.AttemptPaid},
	}
	w.fails(w.desk.Noticed(w.ctx, w.now, word), dispatch.ReasonPayment) // the whole sum
	word.Amount = 7_00
	for range 2 {
		w.ok(w.desk.Noticed(w.ctx, w.now, word))
	}
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 20_00, "hongbao:h4": 0, "hongbao:h3": 0, "wallet:R1": 0,
		"channel_clearing:alipay": -7_00 + 4, "fee_expense:alipay": -4,
	})
	w.parts(ride, 7_00, 6_00)
	w.ok(w.db.MoneyTx(w.ctx, func(tx money.Tx) error {
		lead, err := tx.Attempt(order.ID)
		if lead.Captured != 7_00 { // what bills are compared with
			t.Errorf("captured %s, want the channel's part", lead.Captured)
		}
		return err
	}))
}

// What goes back goes to the channel first, up to what it paid of that payment, then to the balance
// and to hongbaos, the last one that was taken first; to the fen, in however many parts.
func TestWalletFirstGoesBack(t *testing.T) {
	w, c, ride := firstDue(t, 5_00)
	w.ok(w.payExternal(ride, first(dispatch.BalanceFirst))) // tip: h4, 1 of h3; fare: 2, 5 and 8
	order := w.sent(c, 8_00)
	c.set(order.ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	back := func(purpose money.Purpose, amount money.Fen) error {
		_, err := w.desk.Refund(w.ctx, w.now, w.key("ops:me"), dispatch.RefundRide{
			Ride: ride, Purpose: purpose, Amount: amount, Why: "a detour", Ours: true,
		})
		w.work()
		return err
	}
	have := func(channel, balance, h3, h4 money.Fen) {
		t.Helper()
		w.balances(map[money.AccountID]money.Fen{
			payee: 20_00, "channel_clearing:alipay": channel - 8_00 + 5, "wallet:R1": balance,
			"hongbao:h3": h3, "hongbao:h4": h4, "loss": -channel - balance - h3 - h4,
		})
	}
	have(0, 0, 0, 0)
	w.ok(back(money.PurposeFare, 7_99))
	have(7_99, 0, 0, 0)
	w.ok(back(money.PurposeFare, 2)) // of both
	have(8_00, 1, 0, 0)
	w.ok(back(money.PurposeFare, 5_00))
	have(8_00, 5_00, 1, 0)
	w.ok(back(money.PurposeTip, 4_00)) // of which the channel has paid nothing
	have(8_00, 5_00, 1_01, 3_00)
	w.fails(back(money.PurposeFare, 2_00), dispatch.ReasonAmount)
	w.ok(back(money.PurposeFare, 1_99))
	have(8_00, 5_00, 3_00, 3_00)
	if len(c.refunds) != 2 {
		t.Errorf("the channel was asked for %d refunds, want 2", len(c.refunds))
	}
}

// A refund that the channel never makes is undone; what the wallet has got with it stays.
func TestWalletFirstRefundFails(t *testing.T) {
	w, c, ride := firstDue(t, 0)
	w.ok(w.payExternal(ride, first(dispatch.HongbaosFirst)))
	order := w.sent(c, 13_00)
	c.set(order.ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	c.refuses = true
	back := func(amount money.Fen) {
		t.Helper()
		_, err := w.desk.Refund(w.ctx, w.now, w.key("ops:me"), dispatch.RefundRide{
			Ride: ride, Purpose: money.PurposeFare, Amount: amount, Why: "a detour",
		})
		w.ok(err)
		w.work()
	}
	back(15_00)
	w.balances(map[money.AccountID]money.Fen{
		payee: 18_00, "hongbao:h3": 2_00, "channel_clearing:alipay": -13_00 + 8,
	})
	w.refused[dispatch.ReasonChannel] = 0
	c.refuses = false
	back(13_00) // all of what the channel has
	w.balances(map[money.AccountID]money.Fen{
		payee: 5_00, "hongbao:h3": 2_00, "channel_clearing:alipay": 8,
	})
}

// Nobody pays the order: its end gives the wallet's part back, and the next attempt chooses anew.
func TestWalletFirstClosed(t *testing.T) {
	w, c, ride := firstDue(t, 0)
	w.ok(w.payExternal(ride, first(dispatch.HongbaosFirst)))
	w.sent(c, 13_00)
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	closed := c.only(t, money.AttemptClosed)
	w.balances(map[money.AccountID]money.Fen{"hongbao:h3": 3_00, "hongbao:h4": 4_00, payee: 0})
	w.parts(ride, 0, 0)
	w.pass(time.Hour) // one of them has expired by now
	w.ok(w.payExternal(ride, first(dispatch.HongbaosFirst)))
	order := w.sent(c, 17_00)
	// The first one is paid all the same: it goes back.
	w.ok(w.desk.PaymentOutcome(w.ctx, w.now, closed.ID, money.Outcome{State: money.AttemptPaid}))
	w.work()
	c.set(order.ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 20_00, "hongbao:h3": 0, "hongbao:h4": 0, "suspense:duplicate": 0,
		"channel_clearing:alipay": -17_00 + 10 + 8,
	})
}

// An order that had ended has nothing of the wallet any more: paid late it goes back, though the
// ride is due at the same price.
func TestWalletFirstPaidTooLate(t *testing.T) {
	w, c, ride := firstDue(t, 0)
	w.ok(w.payExternal(ride, first(dispatch.HongbaosFirst)))
	order := w.sent(c, 13_00)
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	w.ok(w.desk.PaymentOutcome(w.ctx, w.now, order.ID, money.Outcome{State: money.AttemptPaid}))
	w.work()
	if o := w.owed(ride)[money.PurposeFare]; o.Payment.State != money.PaymentDue {
		t.Errorf("the fare is %s, want due", o.Payment.State)
	}
	w.balances(map[money.AccountID]money.Fen{
		payee: 0, "hongbao:h3": 3_00, "hongbao:h4": 4_00, "suspense:duplicate": 0,
		"channel_clearing:alipay": 8,
	})
	w.ok(w.cash("DA", ride))
}

// While nobody knows what became of the order its hold stays; then it pays, or is the wallet's.
func TestWalletFirstUnknown(t *testing.T) {
	w, c, ride := firstDue(t, 0)
	w.ok(w.payExternal(ride, first(dispatch.HongbaosFirst)))
	c.deaf = true
	w.work()
	order := c.only(t, money.AttemptSent)
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	if w.heldOf("hongbao:h3") != 3_00 || w.heldOf("hongbao:h4") != 4_00 {
		t.Errorf("nobody knows, held are %s and %s",
			w.heldOf("hongbao:h3"), w.heldOf("hongbao:h4"))
	}
	w.fails(w.payExternal(ride, dispatch.Means{Channel: money.WeChat, Way: money.WayApp}),
		dispatch.ReasonPayment)
	c.set(order.ID, money.AttemptPaid)
	c.deaf = false
	w.pass(10 * time.Second)
	w.work()
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 20_00, "hongbao:h3": 0, "hongbao:h4": 0, "channel_clearing:alipay": -13_00 + 8,
	})
}

// Who dies after the order is marked as sent, and before the channel has heard of it, leaves one
// that is queried and then charged under its id, and money that is held once.
func TestWalletFirstDiesBeforeTheCall(t *testing.T) {
	w, c, ride := firstDue(t, 0)
	w.ok(w.payExternal(ride, first(dispatch.HongbaosFirst)))
	c.down = true
	w.work()
	c.down = false
	for range 2 { // the query says so, then it is charged
		w.pass(10 * time.Second)
		w.work()
	}
	order := w.sent(c, 13_00)
	if w.heldOf("hongbao:h3") != 3_00 || w.heldOf("hongbao:h4") != 4_00 || len(c.orders) != 1 {
		t.Errorf("held are %s and %s, asked for %d orders",
			w.heldOf("hongbao:h3"), w.heldOf("hongbao:h4"), len(c.orders))
	}
	c.set(order.ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 20_00, "hongbao:h3": 0, "hongbao:h4": 0, "channel_clearing:alipay": -13_00 + 8,
	})
}

// A wallet that has enough pays alone, hongbaos alone if no more was asked for.
func TestWalletFirstIsEnough(t *testing.T) {
	w, c, ride := firstDue(t, 50_00)
	w.ok(w.payExternal(ride, first(dispatch.BalanceFirst)))
	w.work()
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 20_00, "hongbao:h3": 0, "hongbao:h4": 0, "wallet:R1": 37_00,
	})
	if r := w.ride(ride); r.PayBy != money.InWallet || len(c.orders) != 0 {
		t.Errorf("paid by %s, %d orders", r.PayBy, len(c.orders))
	}
}

// A wallet that was to pay anyway, and has enough, pays at the price that its rider has seen.
func TestWalletFirstAsReserved(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	w.desk.Channels[money.Alipay] = newChannel()
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), byTrace)
	w.ok(w.payExternal(ride, first(dispatch.BalanceFirst)))
	w.work()
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 20_00, "wallet:R1": 90_00, "promo_budget:launch": budget - 10_00,
	})
}

// A campaign of the channel goes by the channel's part: a fen stays for it, and its gift with it.
func TestWalletFirstKeepsTheGift(t *testing.T) {
	w, c := newTown(t), newChannel()
	w.desk.Channels[money.Alipay] = c
	w.ok(money.Cashier{Store: w.db}.Launch(w.ctx, money.Campaign{
		ID: "alipay", Version: 1, City: string(w.city.ID), Sponsor: "sponsor",
		Channel: money.Alipay, State: money.CampaignRuns,
		Rider: money.Fixed(5_00), Driver: money.Fixed(5_00), Cap: budget,
		StartsAt: w.now.Add(-time.Hour), EndsAt: w.now.Add(24 * time.Hour),
	}, w.now))
	w.topUp("1")
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), byTrace)
	w.ok(w.payExternal(ride, first(dispatch.BalanceFirst)))
	order := w.sent(c, 1)
	c.set(order.ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 20_00, "wallet:R1": 100_00 - 9_99, "channel_clearing:alipay": -1,
		"promo_budget:alipay": budget - 10_00,
	})
}

// The wallet asks for its PIN as for any payment of it, where its balance is used.
func TestWalletFirstAsksForThePIN(t *testing.T) {
	w, c, ride := firstDue(t, 9_00)
	w.desk.PINCost = bcrypt.MinCost
	_, err := w.desk.SetPayPIN(w.ctx, w.now, w.key("rider:R1"), dispatch.SetPayPIN{
		Rider: "R1", New: pinOne, Limits: &dispatch.FreeLimits{Each: 15_99, Day: 100_00},
	})
	w.ok(err)
	m := first(dispatch.BalanceFirst)
	w.fails(w.payExternal(ride, m), dispatch.ReasonPINNeeded) // 16 yuan are the wallet's
	if w.heldOf("wallet:R1") != 0 {
		t.Error("what was refused is held")
	}
	m.PIN = pinTwo
	w.fails(w.payExternal(ride, m), dispatch.ReasonPINWrong)
	w.ok(w.payExternal(ride, first(dispatch.HongbaosFirst)))
	w.sent(c, 13_00)
	m.PIN = pinOne
	w.ok(w.payExternal(ride, m))
	w.sent(c, 4_00)
	w.ok(w.cash("DA", ride))
}

// Only one's own, and only where the app asks the payer.
func TestWalletFirstIsRefused(t *testing.T) {
	w, _, ride := firstDue(t, 0)
	for _, m := range []dispatch.Means{
		first("everything"),
		{Channel: money.InWallet, First: dispatch.HongbaosFirst},
		{Channel: money.Cash, First: dispatch.HongbaosFirst},
		{
			Channel: money.Alipay, Way: money.WayBarcode, Token: "280000000000000000",
			First: dispatch.HongbaosFirst,
		},
	} {
		w.fails(w.payExternal(ride, m), dispatch.ReasonField)
	}
	shares, err := w.desk.Split(w.ctx, w.now, w.key("rider:R1"), dispatch.SplitFare{
		Ride: ride, Rider: "R1", Friends: []dispatch.Friend{{}},
	})
	w.ok(err)
	byCode := func(rider dispatch.RiderID) error {
		_, err := w.desk.PayByCode(w.ctx, w.now, w.key("rider:R1"), dispatch.PayByCode{
			Code: shares[1].Code, Rider: rider, Means: first(dispatch.HongbaosFirst),
		})
		return err
	}
	w.fails(byCode("R1"), dispatch.ReasonField) // whoever has the code owes it
	w.fails(byCode(""), dispatch.ReasonField)
	w.ok(w.cash("DA", ride))
}

// A friend's own share is theirs to pay so: a campaign gives for it as for the channel's.
func TestWalletFirstPaysAShare(t *testing.T) {
	w, c, ride := splitTown(t)
	w.hongbao("h", "R2", 3_00, time.Hour)
	shares, err := w.split(ride, dispatch.Friend{Rider: "R2"})
	w.ok(err)
	w.ok(w.payShare("R2", shares[1].Code, first(dispatch.HongbaosFirst)))
	order := w.sent(c, 8_50-2_50-3_00)
	if w.heldOf("hongbao:h") != 3_00 {
		t.Errorf("held are %s", w.heldOf("hongbao:h"))
	}
	w.ok(w.payShare("R2", shares[1].Code, first(dispatch.HongbaosFirst))) // the order waits
	if again := w.sent(c, 3_00); again.ID != order.ID {
		t.Errorf("another order: %+v", again)
	}
	w.paidAt(c)
	w.ok(w.payExternal(ride, first(dispatch.BalanceFirst))) // the sponsor's gift is kept
	if order := w.sent(c, 1); order.ID == "" {
		t.Error("no order")
	}
	w.paidAt(c)
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 17_00 + 5_00, "hongbao:h": 0, "wallet:R1": 100_00 - 5_99,
		"channel_clearing:alipay": -3_01 + w.fees(),
	})
}

// fees are what channels have kept.
func (w *town) fees() money.Fen { return -w.books()["fee_expense:alipay"].Balance() }

// What a corrected fare gives back goes to the channel first.
func TestWalletFirstIsCorrected(t *testing.T) {
	w, c, ride := firstDue(t, 0)
	w.ok(w.payExternal(ride, first(dispatch.HongbaosFirst)))
	w.sent(c, 13_00)
	w.paidAt(c)
	w.ok(w.correct("DA", ride, 1_00))
	w.work()
	w.balances(map[money.AccountID]money.Fen{ // of the fare h3 has paid 2.00
		payee: 6_00, "channel_clearing:alipay": w.fees(), "hongbao:h3": 1_00, "hongbao:h4": 0,
	})
}

// A win gives the channel back what it has paid, and the rest to the balance: it is a prize.
func TestWalletFirstWins(t *testing.T) {
	w := drawTown(t, func(d *money.Draw) {
		d.ID, d.FirstDay, d.LastDay = "own", "2013-12-25", "2013-12-25"
	})
	c := newChannel()
	w.desk.Channels[money.Alipay] = c
	_, err := w.launchDraw(func(d *money.Draw) {
		d.FirstDay, d.LastDay, d.Channel = "2013-12-22", "2013-12-22", money.Alipay
	})
	w.ok(err)
	w.now = w.now.AddDate(0, 0, 1)
	w.hongbao("h", "R1", 4_00, 72*time.Hour)
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), metered)
	w.ok(w.payExternal(ride, first(dispatch.HongbaosFirst)))
	w.sent(c, 13_00)
	w.paidAt(c)
	w.midnight("2013-12-22")
	w.ok(w.number("2013-12-22", "1"))
	w.drawAll()
	w.work()
	w.balances(map[money.AccountID]money.Fen{
		payee: 17_00, "channel_clearing:alipay": 0, "wallet:R1": 102_00, "hongbao:h": 0,
		"promo_budget:draw/D1": w.books()["promo_budget:draw/D1"].Balance(),
	})
	lots, err := w.db.RiderLots(w.ctx, "R1", dispatch.Page{Limit: 9})
	w.ok(err)
	if len(lots) != 1 || lots[0].Won != 15_00 || lots[0].Sent != 15_00 ||
		lots[0].Refund != money.AttemptPaid {
		t.Errorf("the rider sees %+v", lots)
	}
}
