package dispatch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// channel is an external channel of which a test says what it does: what it knows of each order and
// refund, and whether its next answer gets lost.
type channel struct {
	mu      sync.Mutex                        // errands go out side by side
	orders  map[money.AttemptID]money.Attempt // as asked for, with the state that they are in here
	refunds map[money.RefundID]money.AttemptState
	deaf    bool // it does what it is asked to, and its answer gets lost
	down    bool // it hears nothing
	silent  bool // it does not say when to ask again
	coy     bool // it tells tickets to who charges only
	refuses bool // it gives nothing back
	asked   []string
}

var errLost = errors.New("no answer")

func newChannel() *channel {
	return &channel{
		orders:  map[money.AttemptID]money.Attempt{},
		refunds: map[money.RefundID]money.AttemptState{},
	}
}

func (c *channel) answer(call string, o money.Outcome) (money.Outcome, error) {
	c.asked = append(c.asked, call)
	if c.deaf || c.down {
		return money.Outcome{}, errLost
	}
	return o, nil
}

func (c *channel) Charge(
	_ context.Context, a money.Attempt, _ time.Time,
) (money.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.orders[a.ID]; !known && !c.down {
		a.State = money.AttemptSent
		c.orders[a.ID] = a
	}
	return c.answer("charge", c.outcome(a.ID))
}

func (c *channel) outcome(id money.AttemptID) money.Outcome {
	a, known := c.orders[id]
	if !known {
		return money.Outcome{State: money.AttemptCreated}
	}
	o := money.Outcome{
		State: a.State, Ticket: "ticket of " + string(id), Trade: "T" + string(id),
		Again: 5 * time.Second,
	}
	if c.silent {
		o.Again = 0
	}
	return o
}

func (c *channel) Query(_ context.Context, a money.Attempt, _ time.Time) (money.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.outcome(a.ID)
	if c.coy {
		o.Ticket = ""
	}
	return c.answer("query", o)
}

func (c *channel) Close(_ context.Context, a money.Attempt, _ time.Time) (money.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if was, known := c.orders[a.ID]; known && was.State == money.AttemptSent && !c.down {
		c.set(a.ID, money.AttemptClosed)
	}
	o := c.outcome(a.ID)
	if o.State == money.AttemptCreated {
		o.State = money.AttemptClosed
	}
	return c.answer("close", o)
}

func (c *channel) Refund(_ context.Context, r money.Refund, _ time.Time) (money.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.refunds[r.ID]; !known && !c.down {
		c.refunds[r.ID] = money.AttemptPaid
		if c.refuses {
			c.refunds[r.ID] = money.AttemptClosed
		}
	}
	return c.answer("refund", money.Outcome{State: c.refunds[r.ID]})
}

func (c *channel) QueryRefund(
	_ context.Context, r money.Refund, _ time.Time,
) (money.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	state, known := c.refunds[r.ID]
	if !known {
		state = money.AttemptCreated
	}
	return c.answer("query refund", money.Outcome{State: state})
}

// set is what the payer does.
func (c *channel) set(id money.AttemptID, s money.AttemptState) {
	a := c.orders[id]
	a.State = s
	c.orders[id] = a
}

// only is the one order in a state.
func (c *channel) only(t *testing.T, s money.AttemptState) money.Attempt {
	t.Helper()
	var found []money.Attempt
	for _, a := range c.orders {
		if a.State == s {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d orders are %s, want one: %v", len(found), s, c.orders)
	}
	return found[0]
}

const payee = money.AccountID("driver_payable:DA")

// rideDue is a town in which R1 owes 15 yuan for a ride and 5 of tip, with Alipay at hand, whose
// fee is 0.6 %.
func rideDue(t *testing.T) (*town, *channel, dispatch.RideID) {
	t.Helper()
	w, c := newTown(t), newChannel()
	w.desk.Channels[money.Alipay] = c
	w.desk.Channels[money.WeChat] = newChannel()
	w.desk.Contracts = money.Contracts{money.Alipay: {Fee: 6000}}
	w.tip = 5_00
	return w, c, w.ridden("1", w.taxi("A", w.at(0, 0), 4), byTrace)
}

func (w *town) payExternal(ride dispatch.RideID, m dispatch.Means) error {
	w.t.Helper()
	_, err := w.desk.Pay(w.ctx, w.now, w.key("rider:R1"),
		dispatch.PayRide{Ride: ride, Rider: "R1", Means: m})
	return err
}

func (w *town) work() {
	w.t.Helper()
	_, err := w.desk.Work(w.ctx, w.now)
	w.ok(err)
}

func (w *town) owed(ride dispatch.RideID) map[money.Purpose]dispatch.Owed {
	w.t.Helper()
	list, err := w.db.RiderPayments(w.ctx, "R1", ride)
	w.ok(err)
	owed := map[money.Purpose]dispatch.Owed{}
	for _, o := range list {
		owed[o.Payment.Purpose] = o
	}
	return owed
}

var byQR = dispatch.Means{Channel: money.Alipay, Way: money.WayQR}

func (w *town) settledBy(ride dispatch.RideID, want map[money.AccountID]money.Fen) {
	w.t.Helper()
	if r := w.ride(ride); r.State != dispatch.Settled {
		w.t.Errorf("the ride is %s, want settled", r.State)
	}
	w.balances(want)
}

// paidOnce are the books of rideDue's ride when Alipay has paid it.
func paidOnce() map[money.AccountID]money.Fen {
	return map[money.AccountID]money.Fen{
		payee: 20_00, "channel_clearing:alipay": -20_00 + 12, "fee_expense:alipay": -12,
	}
}

// Fare and tip are one order: one ticket, one sum, and one word of the channel pays both.
func TestOrderPaysAllThatIsDue(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	order := c.only(t, money.AttemptSent)
	if order.Charge() != 20_00 || len(c.orders) != 1 {
		t.Fatalf("order %+v of %d, want one of 20.00", order, len(c.orders))
	}
	for purpose, o := range w.owed(ride) {
		if o.Ticket != "ticket of "+string(order.ID) || o.Way != money.WayQR ||
			o.Payment.State != money.PaymentOpen {
			t.Errorf("%s: %+v, want open with the order's ticket", purpose, o)
		}
	}
	c.set(order.ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.settledBy(ride, paidOnce())
	for range 2 { // told again, nothing moves
		w.ok(w.desk.PaymentOutcome(w.ctx, w.now, order.ID,
			money.Outcome{State: money.AttemptPaid}))
	}
	w.settledBy(ride, paidOnce())
}

// The channel has the order and its answer gets lost: it is queried, never charged anew.
func TestLostAnswerIsQueried(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	c.deaf = true
	w.work()
	if o := w.owed(ride)[money.PurposeFare]; o.Payment.State != money.PaymentOpen {
		t.Fatalf("%s, want open: nobody knows", o.Payment.State)
	}
	c.deaf = false
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(10 * time.Second)
	w.work()
	w.settledBy(ride, paidOnce())
	if len(c.orders) != 1 || c.asked[len(c.asked)-1] != "query" {
		t.Errorf("%d orders, asked %v", len(c.orders), c.asked)
	}
}

// The channel never heard of it: after its word it is charged under the same id.
func TestUnheardIsChargedUnderItsID(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	c.down = true
	w.work()
	c.down = false
	for range 2 { // the query says so, then it is charged
		w.pass(10 * time.Second)
		w.work()
	}
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(10 * time.Second)
	w.work()
	w.settledBy(ride, paidOnce())
}

// Who pays otherwise has the open order closed first; while nobody knows how it ended, no second is
// made.
func TestOtherWayClosesTheFirst(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	c.down = true
	w.fails(w.payExternal(ride, dispatch.Means{Channel: money.WeChat, Way: money.WayApp}),
		dispatch.ReasonPayment)
	c.down = false
	w.ok(w.payExternal(ride, dispatch.Means{Channel: money.WeChat, Way: money.WayApp}))
	c.only(t, money.AttemptClosed)
	w.ok(w.cash("DA", ride)) // hand to hand closes an order too
	if r := w.ride(ride); r.State != dispatch.Settled {
		t.Errorf("the ride is %s, want settled", r.State)
	}
}

// It was closed too late: the payer had paid. That is what pays the ride.
func TestClosedTooLateIsPaid(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.fails(w.payExternal(ride, dispatch.Means{Channel: money.WeChat, Way: money.WayApp}),
		dispatch.ReasonStep)
	w.settledBy(ride, paidOnce())
}

// Nobody pays: after a quarter of an hour the order is closed, and can be paid otherwise.
func TestStaleOrderIsClosed(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	c.only(t, money.AttemptClosed)
	if o := w.owed(ride)[money.PurposeTip]; o.Payment.State != money.PaymentDue {
		t.Errorf("the tip is %s, want due", o.Payment.State)
	}
	w.ok(w.cash("DA", ride))
}

// What arrives when the ride is paid already goes back, once, to the fen; the channel's fee is our
// loss.
func TestPaidTwiceGoesBack(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	order := c.only(t, money.AttemptSent)
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	w.ok(w.cash("DA", ride))
	late := money.Notice{
		Channel: money.Alipay, ID: "n1", Kind: money.NoticeCharge, Order: string(order.ID),
		Amount: 20_00, Outcome: money.Outcome{State: money.AttemptPaid},
	}
	for _, id := range []string{"n1", "n1", "n2"} {
		late.ID = id
		w.ok(w.desk.Noticed(w.ctx, w.now, late))
	}
	c.deaf = true
	w.work() // refunded, and nobody knows
	c.deaf = false
	w.pass(10 * time.Second)
	w.work()
	if len(c.refunds) != 1 {
		t.Errorf("%d refunds, want one", len(c.refunds))
	}
	w.settledBy(ride, map[money.AccountID]money.Fen{
		"suspense:duplicate": 0, "channel_clearing:alipay": 12, "fee_expense:alipay": -12,
	})
}

// A late success of an order that nobody has paid otherwise pays the ride.
func TestLateSuccessPays(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	order := c.only(t, money.AttemptSent)
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	w.ok(w.desk.PaymentOutcome(w.ctx, w.now, order.ID, money.Outcome{State: money.AttemptPaid}))
	w.settledBy(ride, paidOnce())
}

// An order whose ride has another price since, as the sponsor's share went back to its campaign,
// pays nothing when it comes late: the driver would have less than the fare. It goes back.
func TestLateSuccessAtAnOldPrice(t *testing.T) {
	w, c := newTown(t), newChannel()
	w.desk.Channels[money.Alipay] = c
	w.ok(money.Cashier{Store: w.db}.Launch(w.ctx, money.Campaign{
		ID: "alipay", Version: 1, City: string(w.city.ID), Sponsor: "sponsor",
		Channel: money.Alipay, State: money.CampaignRuns,
		Rider: money.Fixed(5_00), Driver: money.Fixed(5_00), Cap: budget,
		StartsAt: w.now.Add(-time.Hour), EndsAt: w.now.Add(24 * time.Hour),
	}, w.now))
	w.payBy = money.Alipay
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), byTrace)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	order := c.only(t, money.AttemptSent)
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	w.pass(dispatch.SubsidyHeld)
	w.work()
	if o := w.owed(ride)[money.PurposeFare]; order.Charge() != byTrace-5_00 ||
		o.Payment.Charge() != byTrace {
		t.Fatalf("asked for %s, due are %s", order.Charge(), o.Payment.Charge())
	}
	w.ok(w.desk.PaymentOutcome(w.ctx, w.now, order.ID, money.Outcome{State: money.AttemptPaid}))
	w.work()
	if o := w.owed(ride)[money.PurposeFare]; o.Payment.State != money.PaymentDue {
		t.Errorf("the fare is %s, want due: the driver has not had it", o.Payment.State)
	}
	w.balances(map[money.AccountID]money.Fen{
		payee: 0, "suspense:duplicate": 0, "channel_clearing:alipay": 0,
	})
	w.ok(w.cash("DA", ride))
}

// A channel that cannot be reached is asked to close an order every ten seconds, not every second.
func TestStaleOrderIsNotHammered(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	c.asked, c.down = nil, true
	w.pass(dispatch.OrderKept)
	for range 30 {
		w.pass(time.Second)
		w.work()
	}
	if n := len(c.asked); n < 2 || n > 4 {
		t.Errorf("asked %d times in 30 s: %v", n, c.asked)
	}
	c.down = false
	w.pass(10 * time.Second)
	w.work()
	c.only(t, money.AttemptClosed)
}

// A payer whose channel says nothing of when to ask again is not forgotten.
func TestSilentOrderEnds(t *testing.T) {
	w, c, ride := rideDue(t)
	c.silent = true
	w.ok(w.payExternal(ride, byQR))
	w.work()
	w.pass(dispatch.OrderKept + time.Second)
	w.work()
	c.only(t, money.AttemptClosed)
}

// A notice of another amount, channel or order books nothing and is not remembered.
func TestForeignNotices(t *testing.T) {
	w, c, ride := rideDue(t)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	good := money.Notice{
		Channel: money.Alipay, ID: "n", Kind: money.NoticeCharge, Amount: 20_00,
		Order:   string(c.only(t, money.AttemptSent).ID),
		Outcome: money.Outcome{State: money.AttemptPaid},
	}
	for name, change := range map[string]func(*money.Notice){
		"amount":  func(n *money.Notice) { n.Amount-- },
		"order":   func(n *money.Notice) { n.Order = "x" },
		"channel": func(n *money.Notice) { n.Channel = money.WeChat },
		"refund":  func(n *money.Notice) { n.Kind = money.NoticeRefund },
		"payout":  func(n *money.Notice) { n.Kind = money.NoticePayout },
	} {
		bad := good
		change(&bad)
		if err := w.desk.Noticed(w.ctx, w.now, bad); dispatch.ReasonOf(err) !=
			dispatch.ReasonPayment {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	if o := w.owed(ride)[money.PurposeFare]; o.Payment.State != money.PaymentOpen {
		t.Errorf("the fare is %s, want open", o.Payment.State)
	}
	for range 50 {
		w.ok(w.desk.Noticed(w.ctx, w.now, good))
	}
	w.settledBy(ride, paidOnce())
}

// Refunds go back the way the money came, never more than was captured, from the driver or from us.
func TestRefunds(t *testing.T) {
	w, c, ride := rideDue(t)
	back := func(purpose money.Purpose, amount money.Fen, ours bool) error {
		_, err := w.desk.Refund(w.ctx, w.now, w.key("ops:me"), dispatch.RefundRide{
			Ride: ride, Purpose: purpose, Amount: amount, Ours: ours, Why: "wrong way round",
		})
		return err
	}
	w.fails(back(money.PurposeFare, 1, true), dispatch.ReasonPayment) // nothing was captured
	w.ok(w.payExternal(ride, byQR))
	w.work()
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.fails(back(money.PurposeFare, 15_01, false), dispatch.ReasonAmount)
	w.fails(back(money.PurposeFee, 1, false), dispatch.ReasonPayment)
	w.ok(back(money.PurposeFare, 5_00, false))
	w.ok(back(money.PurposeTip, 5_00, true))
	if held := w.books()[payee]; held.Balance() != 20_00 || held.PendingDebits != 5_00 {
		t.Errorf("%+v: want 5.00 held, and nothing moved", held)
	}
	w.work()
	w.balances(map[money.AccountID]money.Fen{
		payee: 15_00, "loss": -5_00, "channel_clearing:alipay": -10_00 + 12,
		"fee_expense:alipay": -12,
	})
	w.fails(back(money.PurposeFare, 10_01, false), dispatch.ReasonAmount)
	owed := w.owed(ride)
	if owed[money.PurposeFare].Payment.State != money.PaymentPartlyRefunded ||
		owed[money.PurposeTip].Payment.State != money.PaymentRefunded {
		t.Errorf("%+v", owed)
	}
}

// A refund that the channel never makes is none: the driver has the money again, the payment is
// paid as before, ops are told, and it can be asked for anew.
func TestRefusedRefund(t *testing.T) {
	w, c, ride := rideDue(t)
	back := func(amount money.Fen) error {
		_, err := w.desk.Refund(w.ctx, w.now, w.key("ops:me"), dispatch.RefundRide{
			Ride: ride, Purpose: money.PurposeFare, Amount: amount, Why: "wrong way round",
		})
		return err
	}
	w.ok(w.payExternal(ride, byQR))
	w.work()
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.ok(back(5_00))
	w.work()
	c.refuses = true
	told := w.refused[dispatch.ReasonPayment]
	w.ok(back(10_00))
	if o := w.owed(ride)[money.PurposeFare].Payment; o.State != money.PaymentRefunded {
		t.Errorf("%+v: want it on its way back", o)
	}
	w.work()
	if o := w.owed(ride)[money.PurposeFare].Payment; o.State != money.PaymentPartlyRefunded ||
		o.Refunded != 5_00 {
		t.Errorf("%+v: want 5.00 back", o)
	}
	if n := w.refused[dispatch.ReasonPayment] - told; n != 1 {
		t.Errorf("%d refunds told to ops as refused, want one", n)
	}
	w.balances(map[money.AccountID]money.Fen{payee: 15_00})
	c.refuses = false
	w.ok(back(10_00))
	w.work()
	w.balances(map[money.AccountID]money.Fen{payee: 5_00})
	w.fails(back(1), dispatch.ReasonAmount)
}

// The wallet has its refund at once.
func TestWalletRefund(t *testing.T) {
	w, _, ride := rideDue(t)
	w.bank(100_00, "1")
	w.ok(w.pay("1", ride, money.InWallet))
	_, err := w.desk.Refund(w.ctx, w.now, w.key("ops:me"), dispatch.RefundRide{
		Ride: ride, Purpose: money.PurposeTip, Amount: 1_00, Why: "as agreed",
	})
	w.ok(err)
	w.work()
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 19_00, "wallet:R1": 81_00,
	})
}

// How it is to be paid is checked before anything is written.
func TestMeansAreChecked(t *testing.T) {
	w, c, ride := rideDue(t)
	long := make([]byte, money.MaxToken+1)
	for _, m := range []dispatch.Means{
		{Channel: money.Alipay},
		{Channel: money.Alipay, Way: "pigeon"},
		{Channel: money.Alipay, Way: money.WayBarcode},
		{Channel: money.Alipay, Way: money.WayPage, Token: string(long)},
		{Channel: money.Alipay, Way: money.WayQR, Token: "x"},
		{Channel: money.InWallet, Way: money.WayQR},
		{Channel: money.Cash, Token: "x"},
	} {
		w.fails(w.payExternal(ride, m), dispatch.ReasonField)
	}
	w.fails(w.payExternal(ride, dispatch.Means{Channel: "gold"}), dispatch.ReasonChannel)
	w.work()
	if len(c.asked) > 0 {
		t.Errorf("the channel was asked: %v", c.asked)
	}
}

// hanging is a channel that hears of an order and does not answer.
type hanging struct {
	*channel
	heard chan money.AttemptID
}

func (h hanging) Charge(
	ctx context.Context, a money.Attempt, _ time.Time,
) (money.Outcome, error) {
	h.heard <- a.ID
	<-ctx.Done()
	return money.Outcome{}, ctx.Err()
}

// A channel that hangs keeps no order waiting: neither another channel's nor its own next one.
func TestHangingChannelKeepsNobodyWaiting(t *testing.T) {
	w, _, first := rideDue(t)
	second := w.ridden("2", w.taxi("B", w.at(0, 0), 4), byTrace)
	hangs := hanging{newChannel(), make(chan money.AttemptID, 2)}
	w.desk.Channels[money.Alipay] = hangs
	ctx, end := context.WithCancel(w.ctx)
	woken, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		w.desk.WorkingOutside(ctx, stopped{w.now}, woken, func(string, error) {})
	}()
	w.ok(w.payExternal(first, byQR))
	woken <- struct{}{}
	order := <-hangs.heard
	_, err := w.desk.Pay(w.ctx, w.now, w.key("rider:R2"),
		dispatch.PayRide{Ride: second, Rider: "R2", Means: byQR})
	w.ok(err)
	woken <- struct{}{}
	if next := <-hangs.heard; next == order {
		t.Errorf("order %s was asked for twice", order)
	}
	end()
	<-ended
}

// stopped is a clock that stands still.
type stopped struct{ at time.Time }

func (s stopped) Now() time.Time { return s.at }

func (s stopped) Wait(time.Time) time.Duration { return time.Hour }
