package wechat

import (
	"fmt"
	"strings"
	"testing"

	"hexhail/money"
	"hexhail/money/standin"
)

func refund(id money.RefundID, of money.AttemptID, amount money.Fen) money.Refund {
	return money.Refund{
		ID: id, Of: of, Channel: money.WeChat, Captured: 2300, Amount: amount, Why: "多收了高速费",
		MadeAt: noon,
	}
}

// paid makes an order that is paid.
func (s *stand) paid(t testing.TB, id money.AttemptID) money.Attempt {
	t.Helper()
	a := attempt(id, money.WayQR)
	if _, err := s.Charge(t.Context(), a, noon); err != nil {
		t.Fatal(err)
	}
	s.pay(t, string(id))
	return a
}

func TestRefund(t *testing.T) {
	s := newStand(t, byCertificate)
	a := s.paid(t, "01HZX000000000000REFUNDED")
	r := refund("R1", a.ID, 300)
	if out, err := s.QueryRefund(t.Context(), r, noon); err != nil ||
		out.State != money.AttemptCreated {
		t.Errorf("asked before it is made: %+v, %v", out, err)
	}
	for range 3 { // the same id is the same refund
		out, err := s.Refund(t.Context(), r, noon)
		if err != nil || out.State != money.AttemptPaid || out.Trade == "" {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	if out, err := s.QueryRefund(t.Context(), r, noon); err != nil ||
		out.State != money.AttemptPaid {
		t.Errorf("%+v, %v", out, err)
	}
	if got := s.book.Totals(money.WeChat); got.Refunded != 300 {
		t.Errorf("refunded %v, want 3 yuan once", got.Refunded)
	}
	// The order is still a paid one.
	if out, err := s.Query(t.Context(), a, noon); err != nil || out.State != money.AttemptPaid {
		t.Errorf("%+v, %v", out, err)
	}
	// The same id for more is another refund, which never comes; the first one stands.
	if out, _ := s.Refund(t.Context(), refund("R1", a.ID, 400), noon); out.State !=
		money.AttemptUnknown {
		t.Errorf("an id for two amounts: %+v", out)
	}
}

func TestRefundsThatNeverCome(t *testing.T) {
	s := newStand(t, byPublicKey)
	a := s.paid(t, "01HZX0000000000000NOREFUND")
	for name, c := range map[string]struct {
		refund money.Refund
		reason string
	}{
		"more than was paid":  {refund("R2", a.ID, 2301), "bad_amount"},
		"nothing":             {refund("R3", a.ID, 0), "bad_amount"},
		"no number":           {refund("", a.ID, 1), "bad_refund"},
		"a number with space": {refund("R 4", a.ID, 1), "bad_refund"},
		"of no order":         {refund("R5", "01HZXNOORDER", 1), "resource_not_exists"},
	} {
		out, err := s.Refund(t.Context(), c.refund, noon.Add(refundSeen))
		if err != nil || out.State != money.AttemptClosed || out.Reason != c.reason {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	long := refund("R6", a.ID, 1)
	long.Why = strings.Repeat("长", 27)
	if out, _ := s.Refund(t.Context(), long, noon); out.Reason != "bad_why" {
		t.Errorf("81 bytes of why: %+v", out)
	}
	for i := range 50 {
		out, err := s.Refund(t.Context(), refund(money.RefundID(fmt.Sprint("P", i)), a.ID, 1), noon)
		if err != nil || out.State != money.AttemptPaid {
			t.Fatalf("refund %d: %+v, %v", i, out, err)
		}
	}
	out, err := s.Refund(t.Context(), refund("P51", a.ID, 1), noon)
	if err != nil || out.State != money.AttemptUnknown {
		t.Errorf("refund 51 of an order: %+v, %v: it may have been made a moment ago", out, err)
	}
	out, err = s.Refund(t.Context(), refund("P51", a.ID, 1), noon.Add(refundSeen))
	if err != nil || out.State != money.AttemptClosed {
		t.Errorf("refund 51 of an order: %+v, %v", out, err)
	}
	if got := s.book.Totals(money.WeChat); got.Refunded != 50 {
		t.Errorf("refunded %v", got.Refunded)
	}
}

// TestEveryFaultOfRefunds: I7, as far as a channel holds it: whatever goes wrong, the outcome is
// the truth or not known, and by asking again under the same id the money goes back once.
func TestEveryFaultOfRefunds(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stand) {
		a := s.paid(t, "01HZX00000000000000FAULTS")
		n := 0
		for _, f := range standin.AnswerFaults() {
			for _, call := range []standin.Call{standin.CallRefund, standin.CallQueryRefund} {
				n++
				r := refund(money.RefundID(fmt.Sprint("FR", n)), a.ID, 2)
				s.faulty(t, call, f, string(r.ID),
					func() (money.Outcome, error) { return s.Refund(t.Context(), r, noon) },
					func() (money.Outcome, error) { return s.QueryRefund(t.Context(), r, noon) })
			}
		}
		if got := s.book.Totals(money.WeChat); got.Refunded != money.Fen(2*n) {
			t.Errorf("moved %+v back, want %d refunds of 2 fen", got, n)
		}
	})
}

// TestEveryFaultOfPayouts: I12, likewise.
func TestEveryFaultOfPayouts(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stand) {
		n := 0
		for _, f := range standin.AnswerFaults() {
			for _, call := range []standin.Call{standin.CallPayout, standin.CallQueryPayout} {
				n++
				p := payout(money.PayoutID(fmt.Sprint("FP", n)))
				s.faulty(t, call, f, string(p.ID),
					func() (money.Outcome, error) { return s.PayOut(t.Context(), p, noon) },
					func() (money.Outcome, error) { return s.QueryPayout(t.Context(), p, noon) })
			}
		}
		got := s.book.Totals(money.WeChat)
		if got.Payouts != n || got.PaidOut != money.Fen(n)*5_000 {
			t.Errorf("moved %+v, want %d payouts", got, n)
		}
	})
}

// faulty asks for something, and what became of it if that is the call that goes wrong, then asks
// for the same twice more.
func (s *stand) faulty(
	t *testing.T, call standin.Call, f standin.Fault, number string,
	do, query func() (money.Outcome, error),
) {
	t.Helper()
	s.add(t, standin.Rule{Call: call, Order: number, Fault: f, Times: 1})
	out, err := do()
	if call == standin.CallQueryRefund || call == standin.CallQueryPayout {
		out, err = query()
	}
	_, there := s.book.RefundOf(money.WeChat, mchid, number)
	if !there {
		_, there = s.book.PayoutOf(money.WeChat, mchid, number)
	}
	if err == nil && (out.State == money.AttemptPaid && !there ||
		out.State == money.AttemptClosed && there) {
		t.Errorf("%s of %s: %+v, and it is there: %v", f, call, out, there)
	}
	for range 2 {
		if out, err = do(); err != nil || out.State != money.AttemptPaid {
			t.Errorf("%s of %s, then again: %+v, %v", f, call, out, err)
		}
	}
}

func payout(id money.PayoutID) money.Payout {
	return money.Payout{
		ID: id, Account: "oUpF8uMuAJO_driver", Name: "王师傅", Amount: 5_000, Note: "提现",
	}
}

func TestPayOut(t *testing.T) {
	for _, m := range []mode{byCertificate, byPublicKey} {
		s := newStand(t, m)
		s.book.Name("oUpF8uMuAJO_driver", "王师傅")
		p := payout("W1")
		if out, err := s.QueryPayout(t.Context(), p, noon); err != nil ||
			out.State != money.AttemptCreated {
			t.Errorf("asked before it is made: %+v, %v", out, err)
		}
		for range 2 {
			out, err := s.PayOut(t.Context(), p, noon)
			if err != nil || out.State != money.AttemptPaid || out.Trade == "" {
				t.Fatalf("%s: %+v, %v", m, out, err)
			}
		}
		// The name went out encrypted, and came in as it is.
		if made, _ := s.book.PayoutOf(money.WeChat, mchid, "W1"); made.Name != "王师傅" {
			t.Errorf("%s: WeChat reads the name %q", m, made.Name)
		}
		other := payout("W2")
		other.Name = "李师傅"
		if out, err := s.PayOut(t.Context(), other, noon); err != nil ||
			out.State != money.AttemptClosed || out.Reason == "" {
			t.Errorf("to somebody of another name: %+v, %v", out, err)
		}
		if got := s.book.Totals(money.WeChat); got.PaidOut != 5_000 || got.Payouts != 1 {
			t.Errorf("paid out %+v", got)
		}
	}
}

func TestPayoutsThatNeverCome(t *testing.T) {
	s := newStand(t, byPublicKey)
	for reason, change := range map[string]func(*money.Payout){
		"bad_number":  func(p *money.Payout) { p.ID = "W_1" },
		"bad_amount":  func(p *money.Payout) { p.Amount = 0 },
		"bad_account": func(p *money.Payout) { p.Account = "" },
		"bad_name":    func(p *money.Payout) { p.Amount, p.Name = nameMust, "" },
		"bad_note":    func(p *money.Payout) { p.Note = strings.Repeat("长", 33) },
	} {
		p := payout("W9")
		change(&p)
		out, err := s.PayOut(t.Context(), p, noon)
		if err != nil || out.State != money.AttemptClosed || out.Reason != reason {
			t.Errorf("%s: %+v, %v", reason, out, err)
		}
	}
	bare := newStand(t, byPublicKey, func(c *Config) { c.Payouts = Payouts{} })
	if out, err := bare.PayOut(t.Context(), payout("W9"), noon); err == nil ||
		out.State != money.AttemptUnknown {
		t.Errorf("without a transfer scene: %+v, %v", out, err)
	}
}

// TestPoor: our own account is empty, which passes: the same id is asked for again.
func TestPoor(t *testing.T) {
	s := newStand(t, byPublicKey)
	a := s.paid(t, "01HZX000000000000000POOR")
	err := s.server.Register(standin.WeChatMerchant{
		MchID: mchid, Apps: []string{appID, pageID}, Serial: serialNo,
		Key: &merchantKey().PublicKey, APIv3Key: apiV3Key, Funds: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if out, err := s.PayOut(t.Context(), payout("W1"), noon); err != nil ||
		out.State != money.AttemptCreated || out.Reason != "not_enough" {
		t.Errorf("a payout: %+v, %v", out, err)
	}
	if out, err := s.Refund(t.Context(), refund("R1", a.ID, 2), noon); err != nil ||
		out.State != money.AttemptCreated || out.Reason != "not_enough" {
		t.Errorf("a refund: %+v, %v", out, err)
	}
}

// TestNotYet: a refund at a bank and a payout that waits for its receiver are sent; what the
// receiver needs is told.
func TestNotYet(t *testing.T) {
	s := newStand(t, byPublicKey)
	a := s.paid(t, "01HZX0000000000000NOTYET")
	s.add(t, standin.Rule{Fault: standin.StillAtIt, Times: 2})
	out, err := s.Refund(t.Context(), refund("R1", a.ID, 300), noon)
	if err != nil || out.State != money.AttemptSent || out.Again != refundAgain {
		t.Errorf("a refund: %+v, %v", out, err)
	}
	out, err = s.PayOut(t.Context(), payout("W1"), noon)
	if err != nil || out.State != money.AttemptSent || !strings.Contains(out.Ticket, mchid) {
		t.Errorf("a payout: %+v, %v", out, err)
	}
	if out, err = s.QueryPayout(t.Context(), payout("W1"), noon); err != nil ||
		out.State != money.AttemptPaid || out.Ticket != "" {
		t.Errorf("a payout that was taken: %+v, %v", out, err)
	}
}

// TestStates: each word of WeChat's about refunds and payouts, and one that it does not have yet.
func TestStates(t *testing.T) {
	for status, want := range map[string]money.AttemptState{
		"SUCCESS": money.AttemptPaid, "CLOSED": money.AttemptClosed,
		"PROCESSING": money.AttemptSent, "ABNORMAL": money.AttemptSent,
		"NEW_WORD": money.AttemptUnknown, "": money.AttemptUnknown,
	} {
		out := refundState(status, "")
		if out.State != want || out.State.Open() != (out.Again > 0) {
			t.Errorf("a refund that is %q: %+v", status, out)
		}
	}
	for state, want := range map[string]money.AttemptState{
		"SUCCESS": money.AttemptPaid, "FAIL": money.AttemptClosed,
		"CANCELLED": money.AttemptClosed, "ACCEPTED": money.AttemptSent,
		"PROCESSING": money.AttemptSent, "WAIT_USER_CONFIRM": money.AttemptSent,
		transferring: money.AttemptSent, "CANCELING": money.AttemptSent,
		"NEW_WORD": money.AttemptUnknown, "": money.AttemptUnknown,
	} {
		out := payoutState(transferred{State: state})
		if out.State != want || out.State.Open() != (out.Again > 0) {
			t.Errorf("a payout that is %q: %+v", state, out)
		}
	}
}
