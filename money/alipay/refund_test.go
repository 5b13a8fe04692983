package alipay

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/money/standin"
)

// refund takes a refund to its end: asked for while it is Created, else queried.
func (d *desk) refund(r money.Refund) (money.Refund, error) {
	ctx := context.Background()
	r.State = money.AttemptCreated
	for range 20 {
		var o money.Outcome
		var err error
		if r.State == money.AttemptCreated {
			o, err = d.port.Refund(ctx, r, d.now())
		} else {
			o, err = d.port.QueryRefund(ctx, r, d.now())
		}
		if err != nil {
			o.State = money.AttemptUnknown
		}
		if r.State, r.Reason = o.State, o.Reason; !r.State.Open() {
			return r, nil
		}
		d.pass(max(o.Again, time.Second))
	}
	return r, fmt.Errorf("%s is %s (%s) after all", r.ID, r.State, r.Reason)
}

// playRefund refunds 3 yuan of 23, and tells what is wrong.
func playRefund(t *testing.T, call standin.Call, f standin.Fault, between func(port) port) string {
	w := newWorld(t, byCerts)
	a := w.paid(money.WayBarcode)
	w.fault(call, f)
	if call == standin.CallQueryRefund { // so that there is something to ask
		w.fault(standin.CallRefund, standin.HangAfter)
	}
	d := &desk{world: w, port: between(w.channel)}
	r := w.refundOf(a, 300)
	var err error
	for range 3 { // a closed one is made anew, under another number
		if r, err = d.refund(r); err != nil {
			return err.Error()
		}
		if r.State == money.AttemptPaid {
			break
		}
		r.ID += "X"
	}
	if back := w.book.Totals(money.Alipay).Refunded; back != 300 {
		return fmt.Sprintf("%s yuan went back", back)
	}
	if w.script.Hits(f) == 0 {
		return "the fault was not met"
	}
	return ""
}

// TestRefunds is I7 as far as an adapter holds it: each refund goes back once.
func TestRefunds(t *testing.T) {
	for _, call := range []standin.Call{standin.CallRefund, standin.CallQueryRefund} {
		for _, f := range standin.AnswerFaults() {
			in(t, string(call)+"/"+string(f), func(t *testing.T) {
				if problem := playRefund(t, call, f, straight); problem != "" {
					t.Error(problem)
				}
			})
		}
	}
}

// closesRefunds is a mutant: a refund that is not known counts as closed.
type closesRefunds struct{ port }

func (c closesRefunds) Refund(
	ctx context.Context, r money.Refund, now time.Time,
) (money.Outcome, error) {
	return closesUnknown(c).outcome(c.port.Refund(ctx, r, now))
}

func TestRefundsCatch(t *testing.T) {
	in(t, "what is not known counts as closed", func(t *testing.T) {
		mutant := func(p port) port { return closesRefunds{p} }
		if playRefund(t, standin.CallRefund, standin.HangAfter, mutant) == "" {
			t.Error("the mutant was not caught")
		}
	})
}

// TestRefundsTwice asks for each of some refunds from many goroutines at once.
func TestRefundsTwice(t *testing.T) {
	w := newWorld(t, byCert)
	a := w.paid(money.WayBarcode)
	var all sync.WaitGroup
	var mu sync.Mutex
	ends := map[money.AttemptState]int{}
	for i := range 100 {
		all.Go(func() {
			r := w.refundOf(a, 500) // 5 yuan each: of 23, 4 of them go
			r.ID = money.RefundID(fmt.Sprintf("%s_%d", a.ID, i%50))
			o, err := w.channel.Refund(t.Context(), r, noon)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			ends[o.State]++
		})
	}
	all.Wait()
	if ends[money.AttemptPaid] != 8 || ends[money.AttemptClosed] != 92 {
		t.Errorf("paid and closed: %v, want 8 and 92", ends)
	}
	if back := w.book.Totals(money.Alipay).Refunded; back != 2000 {
		t.Errorf("%s yuan went back", back)
	}
}

// TestRefundsRefused: what Alipay refuses for ever is closed, and what it may do later is not.
func TestRefundsRefused(t *testing.T) {
	w := newWorld(t, byCert)
	a := w.paid(money.WayBarcode)
	r := w.refundOf(a, 2301)
	o, err := w.channel.Refund(t.Context(), r, noon)
	must(t, err)
	if o.State != money.AttemptClosed || o.Reason != "refund_amt_not_equal_total" {
		t.Errorf("more than was paid: %+v", o)
	}
	r = w.refundOf(w.try(money.WayBarcode), 100)
	if o, err = w.channel.Refund(t.Context(), r, noon); err != nil || o.State.Open() == false {
		t.Errorf("of an order that is not there: %+v, %v", o, err)
	}
}

// TestRefundOfCancelled: a payer confirms just before the cancel, which gives the money back. Who
// then hears of the payment, and sends it back, learns that it has gone back already.
func TestRefundOfCancelled(t *testing.T) {
	w := newWorld(t, byCert)
	w.fault(standin.CallCharge, standin.UserPaying)
	w.fault(standin.CallReverse, standin.PayFirst)
	d := &desk{world: w, port: w.channel}
	a, err := d.settle(w.try(money.WayBarcode), d.neverPays)
	must(t, err)
	if a.State != money.AttemptClosed || a.Reason != "paid_late_and_given_back" {
		t.Fatalf("%s %s", a.State, a.Reason)
	}
	w.outbox.Send(t.Context(), w.now())
	if len(w.heard) != 1 || w.heard[0].Outcome.State == money.AttemptSent {
		t.Fatalf("heard %+v, refused %v", w.heard, w.refused)
	}
	r, err := d.refund(w.refundOf(a, a.Charge()))
	if err != nil || r.State != money.AttemptPaid || r.Reason != "given_back_by_cancel" {
		t.Errorf("%s %s, %v", r.State, r.Reason, err)
	}
	if moved := w.book.Totals(money.Alipay); moved.Paid != 0 || moved.Refunded != 0 {
		t.Errorf("%+v", moved)
	}
	part := w.refundOf(a, 300) // of which nothing is known
	part.ID += "P"
	if o, err := w.channel.Refund(t.Context(), part, w.now()); err != nil ||
		o.State != money.AttemptUnknown {
		t.Errorf("a part of it: %+v, %v", o, err)
	}
}

// playPayout pays out to 王师傅, and tells what is wrong.
func playPayout(t *testing.T, call standin.Call, f standin.Fault, between func(port) port) string {
	w := newWorld(t, byCerts)
	w.fault(call, f)
	if call == standin.CallQueryPayout {
		w.fault(standin.CallPayout, standin.HangAfter)
	}
	p, ctx, port := toWang, t.Context(), between(w.channel)
	for tries := 1; ; tries++ {
		state := money.AttemptCreated
		for range 20 {
			var o money.Outcome
			var err error
			if state == money.AttemptCreated {
				o, err = port.PayOut(ctx, p, w.now())
			} else {
				o, err = port.QueryPayout(ctx, p, w.now())
			}
			if state = o.State; err != nil {
				state = money.AttemptUnknown
			}
			if !state.Open() {
				break
			}
			w.pass(max(o.Again, time.Second))
		}
		if state == money.AttemptPaid {
			break
		}
		if state.Open() || tries == 3 {
			return "it is " + state.String() + " after all"
		}
		p.ID += "X"
	}
	if out := w.book.Totals(money.Alipay).PaidOut; out != toWang.Amount {
		return fmt.Sprintf("%s yuan were paid out", out)
	}
	if w.script.Hits(f) == 0 {
		return "the fault was not met"
	}
	return ""
}

// closesPayouts is a mutant: a payout that is not known counts as closed.
type closesPayouts struct{ port }

func (c closesPayouts) PayOut(
	ctx context.Context, p money.Payout, now time.Time,
) (money.Outcome, error) {
	return closesUnknown(c).outcome(c.port.PayOut(ctx, p, now))
}

// TestPayouts is I12 as far as an adapter holds it: each payout goes out once.
func TestPayouts(t *testing.T) {
	for _, call := range []standin.Call{standin.CallPayout, standin.CallQueryPayout} {
		for _, f := range standin.AnswerFaults() {
			in(t, string(call)+"/"+string(f), func(t *testing.T) {
				if problem := playPayout(t, call, f, straight); problem != "" {
					t.Error(problem)
				}
			})
		}
	}
	in(t, "mutant", func(t *testing.T) {
		mutant := func(p port) port { return closesPayouts{p} }
		if playPayout(t, standin.CallPayout, standin.HangAfter, mutant) == "" {
			t.Error("the mutant was not caught")
		}
	})
}

// TestPayoutsRefused: what can never be paid out is closed; without certificates nothing is asked.
func TestPayoutsRefused(t *testing.T) {
	w := newWorld(t, byCert)
	w.book.Name("wang@example.com", "王五")
	for name, p := range map[string]money.Payout{
		"too little":    {ID: "1", Account: "wang@example.com", Name: "王五", Amount: 9},
		"no name":       {ID: "2", Account: "wang@example.com", Amount: 100},
		"no account":    {ID: "3", Name: "王五", Amount: 100},
		"somebody else": {ID: "4", Account: "wang@example.com", Name: "王师傅", Amount: 100},
	} {
		o, err := w.channel.PayOut(t.Context(), p, noon)
		if err != nil || o.State != money.AttemptClosed {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	p := money.Payout{ID: "5", Account: "2088000000000007", Amount: 10}
	o, err := w.channel.PayOut(t.Context(), p, noon)
	if err != nil || o.State != money.AttemptPaid {
		t.Errorf("to a number: %+v, %v", o, err)
	}
	w = newWorld(t, byKey)
	o, err = w.channel.PayOut(t.Context(), p, noon)
	if o.State != money.AttemptUnknown || err == nil || w.calls.made != 0 {
		t.Errorf("in public-key mode: %+v, %v", o, err)
	}
}
