package dispatch_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// bank is a channel that pays out, of which a test says what it does.
type bank struct {
	money.Channel
	paid  map[money.PayoutID]money.Payout
	state money.AttemptState // of what it has heard of; Paid if not set
	asked []string
	deaf  bool // it does what it is asked to, and its answer gets lost
	down  bool // it hears nothing
}

var _ money.Payer = (*bank)(nil)

func (b *bank) PayOut(
	_ context.Context, p money.Payout, _ time.Time,
) (money.Outcome, error) {
	if !b.down {
		b.paid[p.ID] = p
	}
	return b.answer("pay out", p)
}

func (b *bank) QueryPayout(
	_ context.Context, p money.Payout, _ time.Time,
) (money.Outcome, error) {
	return b.answer("query", p)
}

func (b *bank) answer(call string, p money.Payout) (money.Outcome, error) {
	b.asked = append(b.asked, call)
	if b.deaf || b.down {
		return money.Outcome{}, errLost
	}
	if _, known := b.paid[p.ID]; !known {
		return money.Outcome{State: money.AttemptCreated}, nil
	}
	state := b.state
	if state == 0 {
		state = money.AttemptPaid
	}
	return money.Outcome{State: state, Trade: "T", Ticket: "ticket"}, nil
}

// earned is a town in which driver DA, Li Lei, is owed 300 yuan, and Alipay pays out.
func earned(t *testing.T, change ...func(*dispatch.Policy)) (*town, *bank) {
	t.Helper()
	w := newTown(t, change...)
	b := &bank{paid: map[money.PayoutID]money.Payout{}}
	w.desk.Channels[money.Alipay] = b
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		if err := tx.InsertDriver(dispatch.Driver{
			ID: "DA", City: w.city.ID, Name: "Li Lei",
		}); err != nil {
			return err
		}
		return tx.Book(money.Entry{ID: "earned", At: w.now, Transfers: []money.Transfer{{
			ID: "earned", Kind: money.TransferPosted, Code: money.CodeFare, Amount: 300_00,
			Debit: money.ChannelClearing(money.Alipay), Credit: payee,
		}}})
	}))
	return w, b
}

func (w *town) takeOut(
	c money.ChannelName, account string, amount money.Fen,
) (money.Withdrawal, error) {
	return w.desk.Withdraw(w.ctx, w.now, w.key("driver:DA"), dispatch.Withdraw{
		Driver: "DA", Channel: c, Account: account, Amount: amount,
	})
}

func (w *town) stored(id money.PayoutID) (x money.Withdrawal) {
	w.t.Helper()
	w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) (err error) {
		x, err = tx.Withdrawal(id)
		return err
	}))
	return x
}

func (w *town) wantBalance(available, flight money.Fen) dispatch.Balance {
	w.t.Helper()
	b, err := w.desk.Balance(w.ctx, w.now, "DA")
	w.ok(err)
	if b.Available != available || b.InFlight != flight {
		w.t.Errorf("%s available, %s in flight, want %s and %s",
			b.Available, b.InFlight, available, flight)
	}
	return b
}

const (
	aliLogin = "13800000000"
	aCard    = "4111111111111111"
)

func TestWithdrawAtOnce(t *testing.T) {
	w, b := earned(t)
	var news []dispatch.Notice
	w.pushed = func(n dispatch.Notice) { news = append(news, n) }
	made, err := w.takeOut(money.Alipay, aliLogin, 100_00)
	w.ok(err)
	w.wantBalance(200_00, 100_00)
	w.work()
	want := money.Payout{
		ID: made.ID, Account: aliLogin, Name: "Li Lei", Amount: 100_00, Note: "出租车司机提现",
	}
	if got := b.paid[made.ID]; len(b.paid) != 1 || got != want {
		t.Errorf("paid out: %+v", b.paid)
	}
	rest := w.wantBalance(200_00, 0)
	if rest.Left != 2 || rest.LeftToday != 20_000_00-100_00 || !reflect.DeepEqual(rest.Channels,
		[]money.ChannelName{money.Alipay, money.ToBank}) {
		t.Errorf("balance %+v", rest)
	}
	if got := w.stored(made.ID); got.State != money.AttemptPaid || !got.EndedAt.Equal(w.now) {
		t.Errorf("stored %+v", got)
	}
	if len(news) != 1 || news[0].Driver != "DA" ||
		news[0].Money.Withdrawal.State != money.AttemptPaid {
		t.Errorf("the driver hears %+v", news)
	}
	if w.float != 100_00 { // nothing has been settled
		t.Errorf("the float is %s", w.float)
	}
}

// TestWithdrawAnswerLost: whoever does not hear asks, and never pays again under another number.
func TestWithdrawAnswerLost(t *testing.T) {
	for name, break1 := range map[string]func(*bank){
		"after": func(b *bank) { b.deaf = true }, "before": func(b *bank) { b.down = true },
	} {
		t.Run(name, func(t *testing.T) {
			w, b := earned(t)
			break1(b)
			made, err := w.takeOut(money.Alipay, aliLogin, 100_00)
			w.ok(err)
			w.work()
			if got := w.stored(made.ID); got.State != money.AttemptUnknown {
				t.Errorf("stored %+v", got)
			}
			w.wantBalance(200_00, 100_00)
			w.work() // not yet
			b.deaf, b.down = false, false
			for range 3 {
				w.now = w.now.Add(11 * time.Second)
				w.work()
			}
			want := map[string][]string{
				"after": {"pay out", "query"}, "before": {"pay out", "query", "pay out"},
			}[name]
			if !reflect.DeepEqual(b.asked, want) || len(b.paid) != 1 {
				t.Errorf("asked %v, paid %v", b.asked, b.paid)
			}
			w.wantBalance(200_00, 0)
		})
	}
}

func TestWithdrawFails(t *testing.T) {
	w, b := earned(t)
	b.state = money.AttemptClosed
	made, err := w.takeOut(money.Alipay, aliLogin, 300_00)
	w.ok(err)
	w.work()
	if b := w.wantBalance(300_00, 0); b.Left != 3 || b.LeftToday != 20_000_00 {
		t.Errorf("what has failed counts for the day: %+v", b)
	}
	w.ok(w.desk.PayoutOutcome(w.ctx, w.now, made.ID, money.Outcome{State: money.AttemptClosed}))
	err = w.desk.PayoutOutcome(w.ctx, w.now, made.ID, money.Outcome{State: money.AttemptPaid})
	if dispatch.ReasonOf(err) != dispatch.ReasonPayment {
		t.Errorf("paid after it had failed: %v", err)
	}
	b.state = 0
	again, err := w.takeOut(money.Alipay, aliLogin, 300_00)
	w.ok(err)
	w.work()
	w.wantBalance(0, 0)
	if again.ID == made.ID || len(b.paid) != 2 {
		t.Errorf("asked for anew as %s: %v", again.ID, b.paid)
	}
}

// TestWithdrawTap: a channel whose payee has to take the money says so, and tells later.
func TestWithdrawTap(t *testing.T) {
	w, b := earned(t)
	b.state = money.AttemptSent
	made, err := w.takeOut(money.Alipay, aliLogin, 100_00)
	w.ok(err)
	w.work()
	if got := w.stored(made.ID); got.Ticket != "ticket" || got.State != money.AttemptSent {
		t.Errorf("stored %+v", got)
	}
	n := money.Notice{
		Channel: money.Alipay, ID: "n1", Kind: money.NoticePayout, Order: string(made.ID),
		Amount: 99_99, Outcome: money.Outcome{State: money.AttemptPaid},
	}
	if err := w.desk.Noticed(w.ctx, w.now, n); dispatch.ReasonOf(err) != dispatch.ReasonPayment {
		t.Errorf("a notice of another amount: %v", err)
	}
	n.Amount = 100_00
	for range 3 {
		w.ok(w.desk.Noticed(w.ctx, w.now, n))
	}
	n.ID, n.Outcome.State = "n2", money.AttemptSent // out of order
	w.ok(w.desk.Noticed(w.ctx, w.now, n))
	w.wantBalance(200_00, 0)
	n.ID, n.Order = "n3", "nobody's"
	err = w.desk.Noticed(w.ctx, w.now, n)
	if dispatch.ReasonOf(err) != dispatch.ReasonPayment {
		t.Errorf("a notice of what is not ours: %v", err)
	}
}

func TestWithdrawRefused(t *testing.T) {
	w, _ := earned(t, func(p *dispatch.Policy) { p.PayoutDayFen = 250_00 })
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertDriver(dispatch.Driver{ID: "DB", City: w.city.ID})
	}))
	for name, test := range map[string]struct {
		c    dispatch.Withdraw
		want dispatch.Reason
	}{
		"cash": {dispatch.Withdraw{"DA", money.Cash, "x", 100_00}, dispatch.ReasonChannel},
		"wechat": {
			dispatch.Withdraw{"DA", money.WeChat, "o123456", 100_00}, dispatch.ReasonChannel,
		},
		"account": {dispatch.Withdraw{"DA", money.Alipay, "x", 100_00}, dispatch.ReasonField},
		"little":  {dispatch.Withdraw{"DA", money.Alipay, aliLogin, 9_99}, dispatch.ReasonField},
		"much":    {dispatch.Withdraw{"DA", money.Alipay, aliLogin, 250_01}, dispatch.ReasonField},
		"no name": {
			dispatch.Withdraw{"DB", money.Alipay, aliLogin, 100_00}, dispatch.ReasonNameMissing,
		},
		"a nobody": {
			dispatch.Withdraw{"DC", money.Alipay, aliLogin, 100_00}, dispatch.ReasonUnknownDriver,
		},
	} {
		_, err := w.desk.Withdraw(w.ctx, w.now, w.key("driver:DA"), test.c)
		if dispatch.ReasonOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.takeOut(money.Alipay, aliLogin, 200_00)
	w.ok(err)
	_, err = w.takeOut(money.Alipay, aliLogin, 50_01)
	var limit *dispatch.Error
	if !errors.As(err, &limit) || limit.Reason != dispatch.ReasonWithdrawalLimit ||
		!limit.Until.Equal(time.Date(2013, 12, 21, 0, 0, 0, 0, w.city.Zone)) {
		t.Errorf("above the day's limit: %+v", err)
	}
	for range 2 {
		_, err = w.takeOut(money.Alipay, aliLogin, 10_00)
		w.ok(err)
	}
	_, err = w.takeOut(money.Alipay, aliLogin, 10_00)
	if dispatch.ReasonOf(err) != dispatch.ReasonWithdrawalLimit {
		t.Errorf("the fourth of a day: %v", err)
	}
	w.now = w.now.AddDate(0, 0, 1)
	_, err = w.takeOut(money.Alipay, aliLogin, 90_00)
	if dispatch.ReasonOf(err) != dispatch.ReasonLedgerLimit {
		t.Errorf("more than the balance: %v", err)
	}
	w.wantBalance(80_00, 220_00)
}

// TestWithdrawLater: T+3 by policy.
func TestWithdrawLater(t *testing.T) {
	w, b := earned(t, func(p *dispatch.Policy) { p.PayoutDays = 3 })
	made, err := w.takeOut(money.Alipay, aliLogin, 100_00)
	w.ok(err)
	if made.Reason != money.WithdrawalLater || !made.PayAt.Equal(w.now.AddDate(0, 0, 3)) {
		t.Errorf("made %+v", made)
	}
	w.now = made.PayAt.Add(-time.Millisecond)
	w.work()
	if len(b.paid) != 0 {
		t.Error("paid out before its day")
	}
	w.now = made.PayAt
	w.work()
	w.wantBalance(200_00, 0)
}

// TestWithdrawFloat: what the house advances has a limit; beyond it withdrawals wait and say so.
func TestWithdrawFloat(t *testing.T) {
	w, b := earned(t, func(p *dispatch.Policy) { p.FloatLimitFen = 150_00 })
	first, err := w.takeOut(money.Alipay, aliLogin, 100_00)
	w.ok(err)
	w.work()
	second, err := w.takeOut(money.Alipay, aliLogin, 50_01)
	w.ok(err)
	card, err := w.takeOut(money.ToBank, aCard, 60_00)
	w.ok(err)
	w.work()
	got := w.stored(second.ID)
	if got.State != money.AttemptCreated || got.Reason != money.WithdrawalFloat ||
		len(b.paid) != 1 {
		t.Errorf("the first is %v, the second %+v", b.paid[first.ID], got)
	}
	file, err := w.desk.MakeBankFile(w.ctx, w.now, w.key("ops:1"))
	w.ok(err)
	if file.Rows != 0 || file.ID != "" || w.stored(card.ID).Reason != money.WithdrawalFloat {
		t.Errorf("a file %+v beyond the float", file)
	}
	// A channel settles: the bill's 120 yuan are in our bank.
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.Book(money.Entry{ID: "bill", At: w.now, Transfers: []money.Transfer{{
			ID: "bill", Kind: money.TransferPosted, Code: "settlement", Amount: 120_00,
			Debit: money.Bank, Credit: money.ChannelClearing(money.Alipay),
		}}})
	}))
	w.now = w.now.Add(time.Minute)
	w.work()
	if got := w.stored(second.ID); got.State != money.AttemptPaid || got.Reason != "" {
		t.Errorf("the second is %+v", got)
	}
	file, err = w.desk.MakeBankFile(w.ctx, w.now, w.key("ops:1"))
	w.ok(err)
	if file.Rows != 1 || file.Total != 60_00 {
		t.Errorf("the file is %+v", file)
	}
}

func TestWithdrawToBank(t *testing.T) {
	w, _ := earned(t)
	var ids []money.PayoutID
	for range 2 {
		made, err := w.takeOut(money.ToBank, aCard, 100_00)
		w.ok(err)
		ids = append(ids, made.ID)
	}
	w.work()
	key := w.key("ops:1")
	file, err := w.desk.MakeBankFile(w.ctx, w.now, key)
	w.ok(err)
	again, err := w.desk.MakeBankFile(w.ctx, w.now, key)
	w.ok(err)
	if file.Rows != 2 || file.Total != 200_00 || again != file {
		t.Errorf("files %+v, %+v", file, again)
	}
	empty, err := w.desk.MakeBankFile(w.ctx, w.now, w.key("ops:1"))
	w.ok(err)
	if empty != (dispatch.BankFile{}) {
		t.Errorf("what is in a file is in another: %+v", empty)
	}
	list, err := w.desk.BankFile(w.ctx, file.ID)
	w.ok(err)
	if len(list) != 2 || list[0].ID != ids[0] || list[1].ID != ids[1] {
		t.Errorf("in the file: %+v", list)
	}
	for _, id := range []money.BankFileID{"", "nobody's"} {
		_, err = w.desk.BankFile(w.ctx, id)
		if dispatch.ReasonOf(err) != dispatch.ReasonUnknownBankFile {
			t.Errorf("file %q: %v", id, err)
		}
	}
	third, err := w.takeOut(money.ToBank, aCard, 50_00)
	w.ok(err)
	results := []money.BankResult{
		{Line: 2, ID: ids[0], Amount: 100_00, Paid: true},
		{Line: 3, ID: ids[1], Amount: 100_00, Reason: "no such card"},
		{Line: 4, ID: third.ID, Amount: 50_00, Paid: true},
		{Line: 5, ID: "nobody's", Amount: 1, Paid: true},
		{Line: 6, ID: ids[0], Amount: 100_01, Paid: true},
		{Line: 7, ID: ids[0], Amount: 100_00, Reason: "not at all"},
	}
	for _, want := range []dispatch.BankBooked{{Paid: 1, Failed: 1}, {Same: 2}} {
		done, err := w.desk.BookBankResults(w.ctx, w.now, results)
		w.ok(err)
		var lines []int
		for _, r := range done.Refused {
			lines = append(lines, r.Result.Line)
		}
		if done.Paid != want.Paid || done.Failed != want.Failed || done.Same != want.Same ||
			!reflect.DeepEqual(lines, []int{4, 5, 6, 7}) {
			t.Errorf("booked %+v, refused %v", done, lines)
		}
	}
	w.wantBalance(150_00, 50_00)
}

// TestPaidInWords: the driver hears of a payment as it is captured.
func TestPaidInWords(t *testing.T) {
	w, c, ride := rideDue(t)
	var news []dispatch.MoneyNews
	w.pushed = func(n dispatch.Notice) {
		if n.Money != nil {
			news = append(news, *n.Money)
		}
	}
	w.ok(w.payExternal(ride, dispatch.Means{Channel: money.Alipay, Way: money.WayQR}))
	w.work()
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.now = w.now.Add(time.Minute)
	w.work()
	w.work()
	want := []dispatch.MoneyNews{{
		City: w.city.ID, Ride: ride, Channel: money.Alipay, Paid: 20_00,
	}}
	if !reflect.DeepEqual(news, want) {
		t.Errorf("heard %+v", news)
	}
}
