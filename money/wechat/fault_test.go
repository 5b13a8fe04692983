package wechat

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/money/standin"
)

// errLied says that an outcome was not the truth.
var errLied = errors.New("the outcome is not the truth")

// truth compares an outcome of an attempt with what the channel's book says has become of it. Paid
// has to be paid; what is Closed can never be paid under this number any more: the order has ended,
// or nobody has its ticket.
func (s *stand) truth(a money.Attempt, out money.Outcome) error {
	o, there := s.book.Order(money.WeChat, mchid, string(a.ID))
	switch {
	case out.State == money.AttemptPaid && (!there || o.State != standin.Paid):
		return fmt.Errorf("%w: paid, but the order is %q", errLied, o.State)
	case out.State == money.AttemptClosed && there && o.State != standin.Closed &&
		o.State != standin.Reversed && (a.Ticket != "" || a.Way == money.WayBarcode):
		return fmt.Errorf("%w: closed, but the order is %q", errLied, o.State)
	}
	return nil
}

// work takes an attempt to its end as the payment worker does: unknown is asked about, created is
// charged under the same number, closed leads to a new number. Each outcome has to be true.
func (s *stand) work(
	ctx context.Context, c money.Channel, a money.Attempt, between func(),
) (money.Outcome, error) {
	now := noon
	out, err := c.Charge(ctx, a, now)
	for range 60 {
		if err != nil {
			out.State = money.AttemptUnknown
		}
		if lied := s.truth(a, out); lied != nil {
			return out, lied
		}
		if !out.State.Open() {
			return out, nil
		}
		now = now.Add(max(out.Again, time.Second))
		a.Tries++
		if out.Ticket != "" { // as the worker keeps it
			a.Ticket = out.Ticket
		}
		if out.State == money.AttemptCreated {
			out, err = c.Charge(ctx, a, now)
			continue
		}
		between()
		out, err = c.Query(ctx, a, now)
	}
	return out, errors.New("no end after 60 calls")
}

// step is one call of an order, and when it is made.
type step struct {
	do  func(money.Channel, context.Context, money.Attempt, time.Time) (money.Outcome, error)
	age time.Duration
}

// steps are how each call to WeChat comes about.
var steps = map[standin.Call]step{
	standin.CallCharge:  {money.Channel.Charge, 0},
	standin.CallQuery:   {money.Channel.Query, 0},
	standin.CallClose:   {money.Channel.Close, 0},
	standin.CallReverse: {money.Channel.Close, reverseAfter},
}

// TestEveryFaultOfEveryCall: whatever goes wrong with whichever call, the outcome is the truth or
// not known, and by asking on the attempt comes to its end.
func TestEveryFaultOfEveryCall(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stand) {
		n := 0
		for call, made := range steps {
			for _, f := range standin.AnswerFaults() {
				for _, way := range []money.Way{money.WayQR, money.WayBarcode} {
					n++
					a := attempt(money.AttemptID(fmt.Sprintf("01HZXFAULT%04d", n)), way)
					if way == money.WayBarcode {
						a.Token = fmt.Sprintf("1345678901234%05d", n)
					}
					if err := s.meet(t, call, f, a, made); err != nil {
						t.Errorf("%s of %s by %s: %v", f, call, way, err)
					}
				}
			}
		}
		for _, f := range standin.AnswerFaults() {
			if s.script.Hits(f) == 0 {
				t.Errorf("%s never came", f)
			}
		}
	})
}

// meet makes one call that goes wrong, then goes on without faults.
func (s *stand) meet(
	t *testing.T, call standin.Call, f standin.Fault, a money.Attempt, made step,
) error {
	ctx, number := t.Context(), string(a.ID)
	if call != standin.CallCharge {
		if a.Way == money.WayBarcode {
			s.add(t, standin.Rule{
				Call: standin.CallCharge, Order: number, Fault: standin.UserPaying, Times: 1,
			})
		}
		out, err := s.Charge(ctx, a, noon)
		if err != nil {
			return err
		}
		a.Ticket = out.Ticket
	}
	s.add(t, standin.Rule{Call: call, Order: number, Fault: f, Times: 1})
	out, err := made.do(s, ctx, a, noon.Add(made.age))
	if err != nil {
		out.State = money.AttemptUnknown
	}
	if err := s.truth(a, out); err != nil {
		return err
	}
	a.Tries++
	if out.Ticket != "" {
		a.Ticket = out.Ticket
	}
	out, err = s.work(ctx, s, a, func() {
		// The payer pays as soon as they can; nobody can any more if it was closed.
		_, _ = s.book.Pay(money.WeChat, mchid, number, standin.Payer{}, s.clock.now())
	})
	if err != nil {
		return err
	}
	if o, _ := s.book.Order(money.WeChat, mchid, number); out.State == money.AttemptPaid &&
		o.Amount != 2300 {
		return fmt.Errorf("paid %v", o.Amount)
	}
	return nil
}

// TestPaidOnceOverTimeouts: I4, as far as a channel holds it: every second call times out after it
// was carried out, and each attempt is paid once.
func TestPaidOnceOverTimeouts(t *testing.T) {
	s := newStand(t, byPublicKey)
	s.add(t, standin.Rule{Fault: standin.DropAfter, PPM: 300_000},
		standin.Rule{Fault: standin.SystemErrorAfter, PPM: 200_000},
		standin.Rule{Fault: standin.NotYetSeen, PPM: 100_000})
	const rides = 60
	for i := range rides {
		a := attempt(money.AttemptID(fmt.Sprintf("01HZXTIMEOUT%04d", i)), money.WayBarcode)
		a.Token = fmt.Sprintf("1345678901235%05d", i)
		out, err := s.work(t.Context(), s, a, func() {})
		if err != nil || out.State != money.AttemptPaid {
			t.Fatalf("%d: %+v, %v", i, out, err)
		}
	}
	got := s.book.Totals(money.WeChat)
	if got.Orders != rides || got.Paid != rides*2300 {
		t.Errorf("moved %+v for %d rides of 23 yuan", got, rides)
	}
	if s.script.Hits(standin.DropAfter) < rides/10 {
		t.Errorf("only %d calls timed out", s.script.Hits(standin.DropAfter))
	}
}

// believing is a channel that takes an unknown outcome for an end: the mutant "unknown = closed".
type believing struct{ money.Channel }

func (b believing) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	return b.end(b.Channel.Charge(ctx, a, now))
}

func (b believing) Query(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	return b.end(b.Channel.Query(ctx, a, now))
}

func (believing) end(out money.Outcome, err error) (money.Outcome, error) {
	if err != nil || out.State == money.AttemptUnknown {
		return closed("mutant"), nil
	}
	return out, err
}

// credulous is a verifier that verifies nothing: the mutant "no verify".
type credulous struct{}

func (credulous) Verify(context.Context, string, string, string) error { return nil }

func (credulous) GetSerial(context.Context) (string, error) { return "", nil }

// TestMutants: each promise has been seen to fail on a channel that breaks it.
func TestMutants(t *testing.T) {
	t.Run("unknown is closed", func(t *testing.T) {
		s := newStand(t, byPublicKey)
		s.add(t, standin.Rule{Call: standin.CallCharge, Fault: standin.DropAfter, Times: 1})
		a := attempt("01HZX00000000000000MUTANT1", money.WayBarcode)
		if _, err := s.work(t.Context(), believing{s}, a, func() {}); !errors.Is(err, errLied) {
			t.Errorf("not caught: %v", err)
		}
	})
	t.Run("no verify", func(t *testing.T) {
		for name, verified := range map[string]bool{"verified": true, "mutant": false} {
			s := newStand(t, byPublicKey)
			if !verified {
				s.accounts[""].keys.verifier = credulous{}
			}
			// Somebody between us and WeChat says that an order is there and paid.
			a := attempt("01HZX00000000000000MUTANT2", money.WayQR)
			if _, err := s.Charge(t.Context(), a, noon); err != nil {
				t.Fatal(err)
			}
			s.add(t, standin.Rule{Call: standin.CallQuery, Fault: standin.BadSignature, Times: 1},
				standin.Rule{Call: standin.CallNotice, Fault: standin.NoticeBadSignature})
			out, err := s.Query(t.Context(), a, noon)
			s.pay(t, string(a.ID))
			s.outbox.Send(t.Context(), s.clock.now())
			taken := err == nil && out.State == money.AttemptSent || s.heard[0].err == nil
			if taken == verified {
				t.Errorf("%s: %+v, %v; the notice: %v", name, out, err, s.heard[0].err)
			}
		}
	})
}

// TestUnverifiedRefusals: what ends an attempt is signed; a 404 that somebody else says is not.
func TestUnverifiedRefusals(t *testing.T) {
	for _, f := range []standin.Fault{
		standin.Unsigned, standin.BadSignature, standin.WrongSerial, standin.OldAnswer,
	} {
		s := newStand(t, byPublicKey)
		a := attempt("01HZX0000000000000REFUSALS", money.WayApp)
		s.add(t, standin.Rule{Fault: f})
		for what, do := range map[string]func() (money.Outcome, error){
			"close": func() (money.Outcome, error) { return s.Close(t.Context(), a, noon) },
			"query": func() (money.Outcome, error) { return s.Query(t.Context(), a, noon) },
		} {
			if out, err := do(); err == nil || out.State != money.AttemptUnknown {
				t.Errorf("%s of what is not there, %s: %+v, %v", what, f, out, err)
			}
		}
	}
}

// TestKeysRotate: midway WeChat signs with a new key; it is fetched once, and nothing is lost.
func TestKeysRotate(t *testing.T) {
	s := newStand(t, byCertificate)
	a := attempt("01HZX00000000000000ROTATES", money.WayQR)
	if _, err := s.Charge(t.Context(), a, noon); err != nil {
		t.Fatal(err)
	}
	s.clock.ahead(refreshEvery)
	s.add(t, standin.Rule{Call: standin.CallQuery, Fault: standin.RotateKey, Times: 1})
	if out, err := s.Query(t.Context(), a, noon); err != nil || out.State != money.AttemptSent {
		t.Fatalf("the answer by the new key: %+v, %v", out, err)
	}
	// The second new key within a minute has to wait: until then nothing is concluded.
	s.add(t, standin.Rule{Call: standin.CallQuery, Fault: standin.RotateKey, Times: 1})
	s.pay(t, string(a.ID))
	if out, err := s.Query(t.Context(), a, noon); err == nil || out.State != money.AttemptUnknown {
		t.Fatalf("the answer by a key of the same minute: %+v, %v", out, err)
	}
	s.outbox.Send(t.Context(), s.clock.now())
	s.clock.ahead(refreshEvery)
	if out, err := s.Query(t.Context(), a, noon); err != nil || out.State != money.AttemptPaid {
		t.Fatalf("a minute later: %+v, %v", out, err)
	}
	s.outbox.Send(t.Context(), s.clock.now())
	if len(s.heard) != 2 || s.heard[0].err == nil || s.heard[1].err != nil {
		t.Errorf("heard %+v: refused, then taken", s.heard)
	}
}

// TestErrorsAreRedacted: no error has a key, a signature, a header or a payer in it.
func TestErrorsAreRedacted(t *testing.T) {
	inBubble(t, func(t *testing.T, s *stand) {
		a := attempt("01HZX000000000000REDACTED", money.WayBarcode)
		refused := 0
		for _, f := range standin.AnswerFaults() {
			s.script.Clear()
			s.add(t, standin.Rule{Fault: f})
			_, charged := s.Charge(t.Context(), a, noon)
			_, asked := s.Query(t.Context(), a, noon)
			for _, err := range []error{charged, asked} {
				if err == nil {
					continue
				}
				refused++
				for _, secret := range []string{
					"signature=", "WECHATPAY2", "Wechatpay-", "Nonce", "Header", apiV3Key, barcode,
					"http://", "https://", "mchid=",
				} {
					if strings.Contains(err.Error(), secret) {
						t.Errorf("%s: %q is in %v", f, secret, err)
					}
				}
			}
		}
		if refused < len(standin.AnswerFaults()) {
			t.Errorf("only %d errors", refused)
		}
	})
}

// TestNoServer: a server that is not there, or is another one, is no outcome.
func TestNoServer(t *testing.T) {
	for _, base := range []string{"http://127.0.0.1:1", "https://127.0.0.1:1"} {
		s := newStand(t, byPublicKey, func(c *Config) { c.BaseURL = base })
		a := attempt("01HZX0000000000000NOSERVER", money.WayQR)
		out, err := s.Charge(t.Context(), a, noon)
		if err == nil || out.State != money.AttemptUnknown || out.Again == 0 {
			t.Errorf("%+v, %v", out, err)
		}
	}
}

// TestAnotherMerchantsKey: WeChat does not sign its answer to a stranger, so that nothing is
// concluded from it.
func TestAnotherMerchantsKey(t *testing.T) {
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := newStand(t, byPublicKey, func(c *Config) {
		a := c.Accounts[""]
		a.PrivateKey = stranger
		c.Accounts[""] = a
	})
	a := attempt("01HZX0000000000000STRANGER", money.WayQR)
	for what, do := range map[string]func() (money.Outcome, error){
		"charge": func() (money.Outcome, error) { return s.Charge(t.Context(), a, noon) },
		"query":  func() (money.Outcome, error) { return s.Query(t.Context(), a, noon) },
		"close":  func() (money.Outcome, error) { return s.Close(t.Context(), a, noon) },
	} {
		out, err := do()
		said := (*Error)(nil)
		if !errors.As(err, &said) || said.Code != "SIGN_ERROR" || said.Verified ||
			out.State != money.AttemptUnknown {
			t.Errorf("%s: %+v, %v", what, out, err)
		}
	}
	if got := s.book.Orders(money.WeChat, ""); len(got) != 0 {
		t.Errorf("a stranger's orders: %+v", got)
	}
}

// TestOneNumberOneOrder: the same number for another amount is another order, which never comes;
// that WeChat knows it on other terms is told.
func TestOneNumberOneOrder(t *testing.T) {
	s := newStand(t, byPublicKey)
	a := attempt("01HZX00000000000000SAMENO", money.WayQR)
	if _, err := s.Charge(t.Context(), a, noon); err != nil {
		t.Fatal(err)
	}
	dearer := a
	dearer.Legs = []money.Leg{{Instrument: money.WeChat, Amount: 2301}}
	out, err := s.Charge(t.Context(), dearer, noon)
	bad := (*MismatchError)(nil)
	if !errors.As(err, &bad) || bad.Field != "amount" || out.State != money.AttemptUnknown {
		t.Errorf("a fen more under the same number: %+v, %v", out, err)
	}
	s.pay(t, string(a.ID))
	if out, err = s.Query(t.Context(), dearer, noon); err == nil ||
		out.State != money.AttemptUnknown {
		t.Errorf("paid another amount: %+v, %v", out, err)
	}
}
