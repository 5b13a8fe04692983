package wechat

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"

	"hexhail/money"
	"hexhail/money/standin"
)

// TestWays: by each way and in both key modes an attempt is asked for, paid and found paid.
func TestWays(t *testing.T) {
	for _, m := range []mode{byCertificate, byPublicKey} {
		s := newStand(t, m)
		for _, way := range []money.Way{money.WayApp, money.WayPage, money.WayQR} {
			t.Run(string(m)+" "+string(way), func(t *testing.T) {
				id := "01HZX00000000000000000" + strings.ToUpper(string(way))
				a := attempt(money.AttemptID(id), way)
				out, err := s.Charge(t.Context(), a, noon)
				if err != nil || out.State != money.AttemptSent || out.Again != pollYoung {
					t.Fatalf("%+v, %v", out, err)
				}
				o, err := s.server.Scan(out.Ticket)
				if err != nil || o.Number != string(a.ID) || o.Amount != 2300 || o.Way != way {
					t.Fatalf("the payer's phone sees %+v, %v of the ticket %s", o, err, out.Ticket)
				}
				out, err = s.Query(t.Context(), a, noon.Add(time.Hour))
				if err != nil || out.State != money.AttemptSent || out.Again != pollOld {
					t.Errorf("before it is paid: %+v, %v", out, err)
				}
				s.pay(t, o.Number)
				for range 2 {
					out, err = s.Query(t.Context(), a, noon)
					if err != nil || out.State != money.AttemptPaid || out.Trade == "" {
						t.Errorf("after it is paid: %+v, %v", out, err)
					}
				}
				if out, err = s.Close(t.Context(), a, noon); err != nil ||
					out.State != money.AttemptPaid {
					t.Errorf("closed too late: %+v, %v", out, err)
				}
				if out, err = s.Charge(t.Context(), a, noon); err != nil ||
					out.State != money.AttemptPaid {
					t.Errorf("charged again: %+v, %v", out, err)
				}
			})
		}
	}
}

func TestBarcode(t *testing.T) {
	s := newStand(t, byPublicKey)
	a := attempt("01HZX0000000000000BARCODE", money.WayBarcode)
	out, err := s.Charge(t.Context(), a, noon)
	if err != nil || out.State != money.AttemptPaid || out.Trade == "" {
		t.Fatalf("%+v, %v", out, err)
	}
	s.paidOnce(t, 2300)
	for code, reason := range map[string]string{
		"134567890123459001": "auth_code_expired", "134567890123459002": "not_enough",
		barcode: "auth_code_invalid", // it has paid already
	} {
		b := attempt("01HZX"+money.AttemptID(code), money.WayBarcode)
		b.Token = code
		out, err := s.Charge(t.Context(), b, noon)
		if err != nil || out.State != money.AttemptClosed || out.Reason != reason {
			t.Errorf("%s: %+v, %v", reason, out, err)
		}
	}
	s.paidOnce(t, 2300)
}

// TestBarcodeThatNobodyConfirms: it is asked about every 4 s, and reversed after 45.
func TestBarcodeThatNobodyConfirms(t *testing.T) {
	s := newStand(t, byCertificate)
	s.add(t, standin.Rule{Call: standin.CallCharge, Fault: standin.UserPaying})
	a := attempt("01HZX000000000000000SLOW", money.WayBarcode)
	out, err := s.Charge(t.Context(), a, noon)
	now, asked := noon, 0
	for err == nil && out.State == money.AttemptSent {
		if out.Again <= 0 || out.Again > 5*time.Second {
			t.Fatalf("asked again after %v, want 3 to 5 s", out.Again)
		}
		now = now.Add(out.Again)
		asked++
		out, err = s.Query(t.Context(), a, now)
	}
	if err != nil || out.State != money.AttemptClosed || now.Sub(noon) != 45*time.Second {
		t.Fatalf("%+v, %v after %v and %d queries", out, err, now.Sub(noon), asked)
	}
	if o, _ := s.book.Order(money.WeChat, mchid, string(a.ID)); o.State != standin.Reversed {
		t.Errorf("the order is %s", o.State)
	}
}

// TestBarcodePaidJustBeforeTheReverse: the payer confirms between the last query and the reverse;
// WeChat gives the money back, and the attempt is closed.
func TestBarcodePaidJustBeforeTheReverse(t *testing.T) {
	s := newStand(t, byPublicKey)
	s.add(t, standin.Rule{Call: standin.CallCharge, Fault: standin.UserPaying},
		standin.Rule{Call: standin.CallReverse, Fault: standin.PayFirst})
	a := attempt("01HZX0000000000000000RACE", money.WayBarcode)
	if out, err := s.Charge(t.Context(), a, noon); err != nil || out.State != money.AttemptSent {
		t.Fatalf("%+v, %v", out, err)
	}
	out, err := s.Query(t.Context(), a, noon.Add(reverseAfter))
	if err != nil || out.State != money.AttemptClosed {
		t.Fatalf("%+v, %v", out, err)
	}
	if s.script.Hits(standin.PayFirst) != 1 {
		t.Fatal("nobody paid before the reverse")
	}
	if got := s.book.Totals(money.WeChat); got.Paid != 0 {
		t.Errorf("the payer is out of %v", got.Paid)
	}
	// Just before the query it is a payment like any other.
	b := attempt("01HZX000000000000000RACE2", money.WayBarcode)
	b.Token = "134567890123456780"
	s.script.Clear()
	s.add(t, standin.Rule{Call: standin.CallCharge, Fault: standin.UserPaying},
		standin.Rule{Call: standin.CallQuery, Fault: standin.PayFirst, Times: 1})
	if out, err := s.Charge(t.Context(), b, noon); err != nil || out.State != money.AttemptSent {
		t.Fatalf("%+v, %v", out, err)
	}
	if out, err = s.Close(t.Context(), b, noon.Add(reverseAfter)); err != nil ||
		out.State != money.AttemptPaid {
		t.Errorf("%+v, %v: it was paid", out, err)
	}
	s.paidOnce(t, 2300)
}

// TestNoReverseBefore15s: WeChat's rule holds for Close too.
func TestNoReverseBefore15s(t *testing.T) {
	s := newStand(t, byPublicKey)
	s.add(t, standin.Rule{Call: standin.CallCharge, Fault: standin.UserPaying})
	a := attempt("01HZX0000000000000000SOON", money.WayBarcode)
	if _, err := s.Charge(t.Context(), a, noon); err != nil {
		t.Fatal(err)
	}
	for _, age := range []time.Duration{0, time.Second, reverseLeast - time.Millisecond} {
		out, err := s.Close(t.Context(), a, noon.Add(age))
		if err != nil || out.State != money.AttemptSent || out.Again != reverseLeast-age {
			t.Errorf("closed after %v: %+v, %v", age, out, err)
		}
	}
	out, err := s.Close(t.Context(), a, noon.Add(reverseLeast))
	if err != nil || out.State != money.AttemptClosed {
		t.Errorf("after 15 s: %+v, %v", out, err)
	}
}

func TestClose(t *testing.T) {
	s := newStand(t, byCertificate)
	a := attempt("01HZX00000000000000CLOSED", money.WayApp)
	// Nobody has its ticket: even an order that is still on its way cannot be paid.
	if out, err := s.Close(t.Context(), a, noon); err != nil ||
		out.State != money.AttemptClosed || out.Reason != "order_not_exist" {
		t.Errorf("an order that was never made: %+v, %v", out, err)
	}
	made, err := s.Charge(t.Context(), a, noon)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		out, err := s.Close(t.Context(), a, noon)
		if err != nil || out.State != money.AttemptClosed {
			t.Errorf("%+v, %v", out, err)
		}
	}
	if out, err := s.Charge(t.Context(), a, noon); err != nil || out.State != money.AttemptClosed {
		t.Errorf("charged after its end: %+v, %v", out, err)
	}
	if out, err := s.Query(t.Context(), a, noon); err != nil || out.State != money.AttemptClosed {
		t.Errorf("asked after its end: %+v, %v", out, err)
	}
	// WeChat has told us of an order that it says is not there: somebody has to look.
	lost := attempt("01HZX000000000000000LOST", money.WayApp)
	lost.Ticket = made.Ticket
	for what, do := range map[string]func() (money.Outcome, error){
		"query": func() (money.Outcome, error) { return s.Query(t.Context(), lost, noon) },
		"close": func() (money.Outcome, error) { return s.Close(t.Context(), lost, noon) },
	} {
		if out, _ := do(); out.State != money.AttemptUnknown {
			t.Errorf("%s of an order that got lost: %+v", what, out)
		}
	}
}

// TestCloseOfABarcodeThatIsNotThere: a request that is still on its way would charge, until the
// code is too old.
func TestCloseOfABarcodeThatIsNotThere(t *testing.T) {
	s := newStand(t, byPublicKey)
	a := attempt("01HZX0000000000000000LATE", money.WayBarcode)
	out, err := s.Close(t.Context(), a, noon.Add(codeGone-time.Millisecond))
	if err != nil || out.State != money.AttemptUnknown {
		t.Errorf("%+v, %v: it may still be charged", out, err)
	}
	out, err = s.Close(t.Context(), a, noon.Add(codeGone))
	if err != nil || out.State != money.AttemptClosed {
		t.Errorf("%+v, %v: nothing can charge it any more", out, err)
	}
	out, err = s.Query(t.Context(), a, noon.Add(codeGone-time.Millisecond))
	if err != nil || out.State != money.AttemptCreated {
		t.Errorf("asked about: %+v, %v: it may be charged again", out, err)
	}
	out, err = s.Query(t.Context(), a, noon.Add(codeGone))
	if err != nil || out.State != money.AttemptClosed {
		t.Errorf("asked about: %+v, %v: charging it again is of no use", out, err)
	}
}

// TestWhatCannotBeAsked: nothing is sent, and the attempt is closed.
func TestWhatCannotBeAsked(t *testing.T) {
	s := newStand(t, byPublicKey)
	for reason, change := range map[string]func(*money.Attempt){
		"bad_number":  func(a *money.Attempt) { a.ID = "short" },
		"bad_amount":  func(a *money.Attempt) { a.Legs = a.Legs[:1] },
		"bad_way":     func(a *money.Attempt) { a.Way = "smoke" },
		"bad_token":   func(a *money.Attempt) { a.Way, a.Token = money.WayPage, "an openid" },
		"bad_barcode": func(a *money.Attempt) { a.Way, a.Token = money.WayBarcode, "2812345678" },
	} {
		a := attempt("01HZX000000000000000000BAD", money.WayApp)
		change(&a)
		out, err := s.Charge(t.Context(), a, noon)
		if err != nil || out.State != money.AttemptClosed || out.Reason != reason {
			t.Errorf("%s: %+v, %v", reason, out, err)
		}
	}
	for _, id := range []money.AttemptID{
		"12345", "123456789012345678901234567890123", "01HZX/fare", "01HZX 000", "出租车费0001",
	} {
		if isNumber(string(id), leastNumber, mostNumber, "_-*") {
			t.Errorf("%q passes as out_trade_no", id)
		}
	}
	a := attempt("01HZX000000000000000000BAD", money.WayApp)
	a.Merchant = "gone"
	// It may have been sent while the account was configured: an end would be a lie.
	if out, err := s.Query(t.Context(), a, noon); err == nil || out.State != money.AttemptUnknown {
		t.Errorf("of an unknown account: %+v, %v", out, err)
	}
	if got := s.book.Orders(money.WeChat, ""); len(got) != 0 {
		t.Errorf("sent all the same: %+v", got)
	}
}

// TestAccounts: a company's own account is paid, and signed for with its own key.
func TestAccounts(t *testing.T) {
	const theirs = "1900000109"
	key := merchantKey() // a serial number of its own tells the two apart
	s := newStand(t, byCertificate, func(c *Config) {
		other := c.Accounts[""]
		other.MchID, other.Serial, other.PrivateKey = theirs, "4D51", key
		other.APIv3Key = strings.Repeat("k", 32)
		c.Accounts["taxi-3"] = other
	})
	err := s.server.Register(standin.WeChatMerchant{
		MchID: theirs, Apps: []string{appID, pageID}, Serial: "4D51", Key: &key.PublicKey,
		APIv3Key: strings.Repeat("k", 32),
	})
	if err != nil {
		t.Fatal(err)
	}
	a := attempt("01HZX00000000000000COMPANY", money.WayQR)
	a.Merchant = "taxi-3"
	if out, err := s.Charge(t.Context(), a, noon); err != nil || out.State != money.AttemptSent {
		t.Fatalf("%+v, %v", out, err)
	}
	o, ok := s.book.Order(money.WeChat, theirs, string(a.ID))
	if !ok || o.App != pageID {
		t.Fatalf("%+v: not theirs", o)
	}
	if _, err := s.book.Pay(
		money.WeChat, theirs, o.Number, standin.Payer{}, s.clock.now()); err != nil {
		t.Fatal(err)
	}
	if out, err := s.Query(t.Context(), a, noon); err != nil || out.State != money.AttemptPaid {
		t.Errorf("%+v, %v", out, err)
	}
	// Both accounts are signed for by the same platform certificate: the notice opens with one key.
	s.outbox.Send(t.Context(), s.clock.now())
	if len(s.heard) != 1 || s.heard[0].err != nil || s.heard[0].notice.Order != o.Number {
		t.Errorf("heard %+v", s.heard)
	}
}

// TestBarcodeOfAPayer: the payer whose phone shows the code pays, with what the wallet chooses.
func TestBarcodeOfAPayer(t *testing.T) {
	s := newStand(t, byPublicKey)
	a := attempt("01HZX00000000000000000ANN", money.WayBarcode)
	a.Token = s.server.Shows(standin.Payer{Account: "ann", Hongbao: 2300, Card: 100_000})
	if out, err := s.Charge(t.Context(), a, noon); err != nil || out.State != money.AttemptPaid {
		t.Fatalf("%+v, %v", out, err)
	}
	o, _ := s.book.Order(money.WeChat, mchid, string(a.ID))
	if o.Payer != "ann" || o.Instrument != "hongbao" {
		t.Errorf("%+v: want ann's hongbao", o)
	}
	poor := attempt("01HZX00000000000000000BOB", money.WayBarcode)
	poor.Token = s.server.Shows(standin.Payer{Account: "bob", Balance: 2299})
	if out, err := s.Charge(t.Context(), poor, noon); err != nil ||
		out.State != money.AttemptClosed || out.Reason != "not_enough" {
		t.Errorf("%+v, %v", out, err)
	}
	if n := s.outbox.Waiting(); n != 0 {
		t.Errorf("%d notices of barcodes: WeChat sends none", n)
	}
}

// TestAskedTooOften: WeChat's word that we ask too often is not known, and is given more time.
func TestAskedTooOften(t *testing.T) {
	s := newStand(t, byPublicKey)
	a := s.paid(t, "01HZX000000000000000OFTEN")
	s.add(t, standin.Rule{Fault: standin.FrequencyLimited})
	out, err := s.Query(t.Context(), a, noon)
	if err != nil || out.State != money.AttemptUnknown || out.Again != againLimit {
		t.Errorf("a query: %+v, %v", out, err)
	}
	out, err = s.Refund(t.Context(), refund("R1", a.ID, 1), noon)
	if err != nil || out.State != money.AttemptUnknown || out.Again < time.Minute {
		t.Errorf("a refund: %+v, %v", out, err)
	}
	if out.Reason != "frequency_limited" {
		t.Errorf("the reason is %q", out.Reason)
	}
}

// TestStatesOfOrders: each state of WeChat's, and one that it does not have yet.
func TestStatesOfOrders(t *testing.T) {
	s := newStand(t, byPublicKey)
	for state, want := range map[string][2]money.AttemptState{ // of a QR code's, of a barcode's
		"SUCCESS":    {money.AttemptPaid, money.AttemptPaid},
		"REFUND":     {money.AttemptPaid, money.AttemptPaid},
		"CLOSED":     {money.AttemptClosed, money.AttemptClosed},
		"REVOKED":    {money.AttemptClosed, money.AttemptClosed},
		"NOTPAY":     {money.AttemptSent, money.AttemptSent},
		"USERPAYING": {money.AttemptSent, money.AttemptSent},
		"PAYERROR":   {money.AttemptSent, money.AttemptSent},
		"NEW_WORD":   {money.AttemptUnknown, money.AttemptUnknown},
		"":           {money.AttemptUnknown, money.AttemptUnknown},
	} {
		for i, way := range []money.Way{money.WayQR, money.WayBarcode} {
			o, err := s.order(attempt("01HZX0000000000000000STATE", way))
			if err != nil {
				t.Fatal(err)
			}
			out, err := s.stands(t.Context(), o, &payments.Transaction{
				OutTradeNo: &o.number, Mchid: core.String(mchid), Appid: core.String(pageID),
				TradeState: &state, TransactionId: core.String("4200"),
				Amount: &payments.TransactionAmount{Total: core.Int64(2300)},
			}, noon.Add(reverseLeast-time.Second))
			if err != nil || out.State != want[i] || out.State.Open() != (out.Again > 0) {
				t.Errorf("%q by %s: %+v, %v", state, way, out, err)
			}
		}
	}
}

// TestAnswersAboutSomethingElse: well signed, but not about this order.
func TestAnswersAboutSomethingElse(t *testing.T) {
	s := newStand(t, byPublicKey)
	o, err := s.order(attempt("01HZX0000000000000000OTHER", money.WayQR))
	if err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*payments.Transaction){
		"number":   func(t *payments.Transaction) { t.OutTradeNo = core.String("ANOTHER") },
		"merchant": func(t *payments.Transaction) { t.Mchid = core.String("1900000000") },
		"app":      func(t *payments.Transaction) { t.Appid = nil },
		"amount":   func(t *payments.Transaction) { t.Amount = nil },
		"currency": func(t *payments.Transaction) { t.Amount.Currency = core.String("USD") },
	} {
		said := payments.Transaction{
			OutTradeNo: &o.number, Mchid: core.String(mchid), Appid: core.String(pageID),
			TradeState: core.String("SUCCESS"),
			Amount:     &payments.TransactionAmount{Total: core.Int64(2300)},
		}
		change(&said)
		out, err := s.stands(t.Context(), o, &said, noon)
		bad := (*MismatchError)(nil)
		if !errors.As(err, &bad) || bad.Field != field || out.State != money.AttemptUnknown {
			t.Errorf("%s: %+v, %v", field, out, err)
		}
	}
}
