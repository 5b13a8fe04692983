package alipay

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"testing"

	sdk "github.com/smartwalle/alipay/v3"
	"github.com/smartwalle/nsign"

	"hexhail/money"
	"hexhail/money/standin"
)

// errand is a call of the adapter that waits to be made, in a world where it has its say.
type errand struct {
	name string
	call standin.Call
	make func(*world) func() (money.Outcome, error)
}

func errands() []errand {
	ctx := context.Background()
	charge := func(way money.Way) func(*world) func() (money.Outcome, error) {
		return func(w *world) func() (money.Outcome, error) {
			a := w.try(way)
			return func() (money.Outcome, error) { return w.channel.Charge(ctx, a, w.now()) }
		}
	}
	query := func(w *world) func() (money.Outcome, error) {
		a := w.paid(money.WayBarcode)
		return func() (money.Outcome, error) { return w.channel.Query(ctx, a, w.now()) }
	}
	end := func(way money.Way) func(*world) func() (money.Outcome, error) {
		return func(w *world) func() (money.Outcome, error) {
			a := w.try(way)
			if way == money.WayBarcode {
				w.fault(standin.CallCharge, standin.UserPaying)
			}
			o, err := w.channel.Charge(ctx, a, w.now())
			must(w.t, err)
			a = apply(a, o, nil)
			return func() (money.Outcome, error) { return w.channel.Close(ctx, a, w.now()) }
		}
	}
	return []errand{
		{"create", standin.CallCharge, charge(money.WayPage)},
		{"precreate", standin.CallCharge, charge(money.WayQR)},
		{"pay", standin.CallCharge, charge(money.WayBarcode)},
		{"query", standin.CallQuery, query},
		{"close", standin.CallClose, end(money.WayPage)},
		{"cancel", standin.CallReverse, end(money.WayBarcode)},
		{"refund", standin.CallRefund, func(w *world) func() (money.Outcome, error) {
			r := w.refundOf(w.paid(money.WayBarcode), 300)
			return func() (money.Outcome, error) { return w.channel.Refund(ctx, r, w.now()) }
		}},
		{"query refund", standin.CallQueryRefund, func(w *world) func() (money.Outcome, error) {
			r := w.refundOf(w.paid(money.WayBarcode), 300)
			_, err := w.channel.Refund(ctx, r, w.now())
			must(w.t, err)
			return func() (money.Outcome, error) { return w.channel.QueryRefund(ctx, r, w.now()) }
		}},
		{"pay out", standin.CallPayout, func(w *world) func() (money.Outcome, error) {
			return func() (money.Outcome, error) { return w.channel.PayOut(ctx, toWang, w.now()) }
		}},
		{"query payout", standin.CallQueryPayout, func(w *world) func() (money.Outcome, error) {
			_, err := w.channel.PayOut(ctx, toWang, w.now())
			must(w.t, err)
			return func() (money.Outcome, error) {
				return w.channel.QueryPayout(ctx, toWang, w.now())
			}
		}},
		{"bill", standin.CallBill, func(w *world) func() (money.Outcome, error) {
			return func() (money.Outcome, error) {
				err := w.channel.Bill(ctx, "", w.now().AddDate(0, 0, -1), io.Discard)
				return unknown(err)
			}
		}},
	}
}

var toWang = money.Payout{
	ID: "01KPAYOUT", Account: "wang@example.com", Name: "王师傅", Amount: 10_000, Note: "车费",
}

// paid is an attempt that its payer has paid.
func (w *world) paid(way money.Way) money.Attempt {
	w.t.Helper()
	d := &desk{world: w, port: w.channel}
	a, err := d.settle(w.try(way), d.opensAndPays)
	must(w.t, err)
	if a.State != money.AttemptPaid {
		w.t.Fatalf("%s is %s: %s", a.ID, a.State, a.Reason)
	}
	return a
}

func (w *world) refundOf(a money.Attempt, amount money.Fen) money.Refund {
	return money.Refund{
		ID: money.RefundID(a.ID + "R"), Of: a.ID, Amount: amount, Captured: a.Charge(),
		Why: "车费更正",
	}
}

// causes are what the faults must be taken for.
var causes = map[standin.Fault][]Cause{
	standin.Unsigned:     {CauseUnsigned},
	standin.BadSignature: {CauseSignature},
	standin.WrongSerial:  {CauseSignature},
	standin.OtherOrder:   {CauseForeign},
	standin.Garbage:      {CauseMalformed},
	standin.HugeAnswer:   {CauseTooLong},
	standin.HangAfter:    {CauseTimeout},
	standin.DropAfter:    {CauseUnreachable},
}

// believed plays an errand with a fault and tells what was made of an answer that may not count.
func believed(w *world, e errand, f standin.Fault) string {
	call := e.make(w)
	w.fault(e.call, f)
	o, err := call()
	if w.script.Hits(f) != 1 {
		return "the fault was not met"
	}
	var known *Error
	switch {
	case o.State != money.AttemptUnknown:
		return "the outcome is " + o.State.String()
	case !errors.As(err, &known):
		return "there is no error"
	}
	for _, cause := range causes[f] {
		if known.Cause == cause {
			return ""
		}
	}
	return "the cause is " + string(known.Cause)
}

// TestOnlySignedAnswersCount: for each call an answer that is unsigned, signed by another, or about
// something else decides nothing.
func TestOnlySignedAnswersCount(t *testing.T) {
	for _, m := range []mode{byKey, byCert} {
		for _, e := range errands() {
			for f := range causes {
				payout := e.call == standin.CallPayout || e.call == standin.CallQueryPayout
				if m == byKey && payout || e.call == standin.CallBill && f == standin.OtherOrder {
					continue
				}
				in(t, string(m)+"/"+e.name+"/"+string(f), func(t *testing.T) {
					if problem := believed(newWorld(t, m), e, f); problem != "" {
						t.Error(problem)
					}
				})
			}
		}
	}
}

// credulous verifies nothing.
type credulous struct{}

func (credulous) VerifyValues(url.Values, []byte, ...nsign.SignOption) error { return nil }
func (credulous) VerifyBytes([]byte, []byte, ...nsign.SignOption) error      { return nil }

// believesAll makes the adapter of a world the mutant that verifies nothing.
func (w *world) believesAll() {
	account := w.channel.accounts[""]
	client, err := sdk.New(w.merchant.AppID, w.merchant.PrivateKey, false,
		sdk.WithSandboxGateway(w.config.Gateway),
		sdk.WithHTTPClient(&http.Client{Transport: w.calls, Timeout: Timeout}),
		sdk.WithVerifier("any", credulous{}))
	must(w.t, err)
	account.client = client
}

// TestMutantVerifiesNothing: the test above, and the one of notices, catch it.
func TestMutantVerifiesNothing(t *testing.T) {
	in(t, "answers", func(t *testing.T) {
		for _, e := range errands()[:8] { // a mutant in certificate mode needs certificates
			w := newWorld(t, byKey)
			call := e.make(w)
			w.believesAll()
			w.fault(e.call, standin.BadSignature)
			if o, err := call(); err != nil || o.State == money.AttemptUnknown {
				t.Errorf("%s: %v %v: not even the mutant believes it", e.name, o, err)
			}
		}
	})
	in(t, "notices", func(t *testing.T) {
		w := newWorld(t, byKey)
		w.believesAll()
		w.fault(standin.CallNotice, standin.NoticeBadSignature)
		w.paid(money.WayQR)
		w.outbox.Send(t.Context(), w.now())
		if len(w.heard) != 1 {
			t.Errorf("not even the mutant believes it: %v", w.refused)
		}
	})
}
