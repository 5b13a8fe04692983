package standin

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhail/money"
)

var monday = time.Date(2014, 1, 6, 12, 0, 0, 0, beijing)

// shared are the keys of all tests: they take most of the time.
var shared = sync.OnceValue(func() *AlipayKeys {
	keys, err := NewAlipayKeys(monday)
	if err != nil {
		panic(err)
	}
	return keys
})

// till is a merchant at an Alipay.
type till struct {
	*Alipay
	t        *testing.T
	now      time.Time
	merchant AlipayMerchant
	key      certified
}

func newTill(t *testing.T) *till {
	t.Helper()
	x := &till{t: t, now: monday}
	script := NewScript(1)
	var err error
	x.Alipay, err = NewAlipay(AlipayConfig{
		Book: NewBook(), Script: script, Outbox: NewOutbox(http.DefaultClient, script),
		Clock: func() time.Time { return x.now }, Keys: shared(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if x.merchant, err = x.Merchant(6_000); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(x.merchant.PrivateKey))
	if x.key.key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
		t.Fatal(err)
	}
	return x
}

// form is a signed request in public-key mode.
func (x *till) form(method string, content map[string]string) url.Values {
	x.t.Helper()
	text, err := json.Marshal(content)
	if err != nil {
		x.t.Fatal(err)
	}
	form := url.Values{
		"app_id": {x.merchant.AppID}, "method": {method}, "charset": {"utf-8"},
		"sign_type": {"RSA2"}, "version": {"1.0"}, "biz_content": {string(text)},
		"timestamp":  {x.now.Format(time.DateTime)},
		"notify_url": {"http://us.test/notify"},
	}
	return x.sign(form)
}

func (x *till) sign(form url.Values) url.Values {
	x.t.Helper()
	sign, err := x.key.sign(signable(form, "sign"))
	if err != nil {
		x.t.Fatal(err)
	}
	form.Set("sign", sign)
	return form
}

// post sends a request and returns the content of the answer.
func (x *till) post(form url.Values) map[string]any {
	x.t.Helper()
	r := httptest.NewRequest(http.MethodPost, AlipayGateway, strings.NewReader(form.Encode()))
	to := httptest.NewRecorder()
	x.ServeHTTP(to, r)
	var answer map[string]json.RawMessage
	if err := json.Unmarshal(to.Body.Bytes(), &answer); err != nil {
		x.t.Fatalf("%v: %s", err, to.Body)
	}
	var content map[string]any
	field := strings.ReplaceAll(form.Get("method"), ".", "_") + "_response"
	if err := json.Unmarshal(answer[field], &content); err != nil {
		x.t.Fatalf("%v: %s", err, to.Body)
	}
	var sign string
	if err := json.Unmarshal(answer["sign"], &sign); err != nil || sign == "" {
		x.t.Errorf("not signed: %s", to.Body)
	}
	return content
}

func (x *till) ask(method string, content map[string]string) map[string]any {
	x.t.Helper()
	return x.post(x.form(method, content))
}

func (x *till) order(number string) map[string]string {
	return map[string]string{
		"out_trade_no": number, "total_amount": "23.00", "subject": "出租车费",
		"timeout_express": "5m",
	}
}

// TestAlipayVerifies: what is not signed by the merchant, or not as Alipay wants it, is refused.
func TestAlipayVerifies(t *testing.T) {
	x := newTill(t)
	for want, change := range map[string]func(url.Values){
		"": func(url.Values) {},
		"isv.invalid-signature": func(f url.Values) {
			f.Set("biz_content", `{"out_trade_no":"X"}`)
		},
		"isv.invalid-app-id": func(f url.Values) { f.Set("app_id", "2021000000009999") },
		"isv.invalid-method": func(f url.Values) { f.Set("method", "alipay.trade.gift") },
		"isv.invalid-signature-type": func(f url.Values) {
			f.Set("sign_type", "RSA")
		},
		"isv.invalid-timestamp":   func(f url.Values) { f.Set("timestamp", "now") },
		"isv.invalid-parameter":   func(f url.Values) { f.Add("version", "1.0") },
		"isv.invalid-app-cert-sn": func(f url.Values) { f.Set("app_cert_sn", "0") },
		"isv.invalid-alipay-root-cert-sn": func(f url.Values) {
			f.Set("app_cert_sn", x.merchants[x.merchant.AppID].certSN)
		},
	} {
		form := x.form("alipay.trade.precreate", x.order("A1"))
		change(form)
		if got, _ := x.post(form)["sub_code"].(string); got != want {
			t.Errorf("sub code %q, want %q", got, want)
		}
	}
	x.ask("alipay.trade.precreate", map[string]string{}) // refused, and nothing falls over
}

// TestAlipayQR: an order by QR code is not there until somebody scans it, and ends by time.
func TestAlipayQR(t *testing.T) {
	x := newTill(t)
	code, _ := x.ask("alipay.trade.precreate", x.order("A1"))["qr_code"].(string)
	query := map[string]string{"out_trade_no": "A1"}
	if got := x.ask("alipay.trade.query", query); got["sub_code"] != "ACQ.TRADE_NOT_EXIST" {
		t.Errorf("before it is scanned: %v", got)
	}
	if _, err := x.Scan(code); err != nil {
		t.Fatal(err)
	}
	if got := x.ask("alipay.trade.query", query); got["trade_status"] != "WAIT_BUYER_PAY" {
		t.Errorf("when it is scanned: %v", got)
	}
	x.now = x.now.Add(5 * time.Minute)
	if _, err := x.Pays(code, Payer{}); err == nil {
		t.Error("it is paid after its time")
	}
	if got := x.ask("alipay.trade.query", query); got["trade_status"] != "TRADE_CLOSED" {
		t.Errorf("after its time: %v", got)
	}
	if _, err := x.Scan("https://qr.alipay.com/nobody"); err == nil {
		t.Error("a code that nobody made opens something")
	}
}

// TestAlipayInstrument: the wallet chooses, and one that holds too little does not pay.
func TestAlipayInstrument(t *testing.T) {
	x := newTill(t)
	for want, payer := range map[string]Payer{
		"COUPON":        {Hongbao: 2300, Card: 5000, Credit: 5000, Balance: 5000, Fund: 5000},
		"BANKCARD":      {Hongbao: 2299, Card: 2300, Credit: 5000, Balance: 5000},
		"PCREDIT":       {Credit: 2300, Balance: 5000, Fund: 5000},
		"ALIPAYACCOUNT": {Balance: 2300, Fund: 5000},
		"MONEYFUND":     {Balance: 2299, Fund: 2300},
		"":              {Hongbao: 100, Balance: 2299},
	} {
		order := x.order("A" + want)
		order["auth_code"], order["scene"] = x.Shows(payer), "bar_code"
		got := x.ask("alipay.trade.pay", order)
		if want == "" {
			if got["sub_code"] != "ACQ.BUYER_BALANCE_NOT_ENOUGH" {
				t.Errorf("of too little: %v", got)
			}
			continue
		}
		bills, ok := got["fund_bill_list"].([]any)
		if !ok || len(bills) != 1 {
			t.Fatalf("%s: %v", want, got)
		}
		if bill, _ := bills[0].(map[string]any); bill["fund_channel"] != want {
			t.Errorf("%v, want %s", bill, want)
		}
	}
	for code, want := range map[string]string{
		"280000000000009001": "ACQ.PAYMENT_AUTH_CODE_INVALID",
		"280000000000009002": "ACQ.BUYER_BALANCE_NOT_ENOUGH",
		"180000000000000000": "ACQ.PAYMENT_AUTH_CODE_INVALID",
	} {
		order := x.order("B" + code)
		order["auth_code"] = code
		if got := x.ask("alipay.trade.pay", order); got["sub_code"] != want {
			t.Errorf("%s: %v", code, got)
		}
	}
	order := x.order("C1")
	order["auth_code"] = "280000000000009003"
	if got := x.ask("alipay.trade.pay", order); got["code"] != "10003" {
		t.Errorf("who has to confirm: %v", got)
	}
}

// TestAlipayOnce: a number means the same for ever, a code pays once, a refund goes back once.
func TestAlipayOnce(t *testing.T) {
	x := newTill(t)
	order := x.order("A1")
	order["auth_code"] = x.Shows(Payer{})
	if got := x.ask("alipay.trade.pay", order); got["code"] != "10000" {
		t.Fatal(got)
	}
	if got := x.ask("alipay.trade.pay", order); got["sub_code"] != "ACQ.TRADE_HAS_SUCCESS" {
		t.Errorf("paid again: %v", got)
	}
	other := x.order("A2")
	other["auth_code"] = order["auth_code"]
	if got := x.ask("alipay.trade.pay", other); got["sub_code"] != "ACQ.PAYMENT_AUTH_CODE_INVALID" {
		t.Errorf("the code again: %v", got)
	}
	order["total_amount"] = "24.00"
	if got := x.ask("alipay.trade.pay", order); got["sub_code"] != "ACQ.CONTEXT_INCONSISTENT" {
		t.Errorf("another amount: %v", got)
	}
	refund := map[string]string{
		"out_trade_no": "A1", "out_request_no": "R1", "refund_amount": "3.00",
	}
	if got := x.ask("alipay.trade.refund", refund); got["fund_change"] != "Y" {
		t.Errorf("refund: %v", got)
	}
	if got := x.ask("alipay.trade.refund", refund); got["fund_change"] != "N" ||
		got["refund_fee"] != "3.00" {
		t.Errorf("refund again: %v", got)
	}
	cancel := map[string]string{"out_trade_no": "nobody"}
	if got := x.ask("alipay.trade.cancel", cancel); got["code"] != "10000" || got["action"] != nil {
		t.Errorf("cancel of nothing: %v", got)
	}
}

// TestAlipayTells: notices come again as Alipay sends them, until the very word is said.
func TestAlipayTells(t *testing.T) {
	c := alipayCourier{}
	var total time.Duration
	tries := 1
	for ; ; tries++ {
		wait, again := c.Wait(tries)
		if !again {
			break
		}
		total += wait
	}
	if tries != 8 || total != 24*time.Hour+24*time.Minute {
		t.Errorf("%d tries in %s", tries, total)
	}
	for answer, want := range map[string]bool{
		"success": true, "SUCCESS": false, "success\n": false,
	} {
		if got := c.Taken(http.StatusOK, []byte(answer)); got != want {
			t.Errorf("%q: %t", answer, got)
		}
	}
}

// TestAlipayPhone pays what an app and a QR code show, over HTTP, as a sandbox does.
func TestAlipayPhone(t *testing.T) {
	x := newTill(t)
	server := httptest.NewServer(Phone{
		Book: x.Book, Script: x.Script, Scanners: []Scanner{x.Alipay}, Clock: x.Clock,
	})
	defer server.Close()
	code, _ := x.ask("alipay.trade.precreate", x.order("A1"))["qr_code"].(string)
	app := x.form("alipay.trade.app.pay", x.order("A2"))
	forged := x.form("alipay.trade.app.pay", x.order("A3"))
	forged.Set("biz_content", strings.Replace(forged.Get("biz_content"), "23.00", "0.01", 1))
	for ticket, want := range map[string]int{
		code: http.StatusOK, app.Encode(): http.StatusOK,
		forged.Encode(): http.StatusBadRequest, "nothing": http.StatusBadRequest,
	} {
		body, err := json.Marshal(map[string]any{
			"ticket": ticket, "payer": Payer{Account: "li@example.com"},
		})
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.Post(server.URL+"/pay", "application/json", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%.60s: %d %s", ticket, res.StatusCode, said)
		}
	}
	if paid := x.Book.Totals(money.Alipay); paid.Orders != 2 || paid.Paid != 4600 {
		t.Errorf("%+v", paid)
	}
	if n := x.Outbox.Waiting(); n != 2 {
		t.Errorf("%d notices wait", n)
	}
}

// TestAlipayAtOnce pays, refunds, cancels and rotates from many goroutines: each order is paid
// once, and what goes back was paid.
func TestAlipayAtOnce(t *testing.T) {
	x := newTill(t)
	if err := x.Script.Add(Rule{Call: CallQuery, Fault: RotateKey, Times: 2}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		code := x.Shows(Payer{})
		number := "A" + pad(i%4, 1)
		all.Go(func() {
			order := x.order(number)
			order["auth_code"] = code
			x.ask("alipay.trade.pay", order)
			x.ask("alipay.trade.query", order)
			x.ask("alipay.trade.refund", map[string]string{
				"out_trade_no": number, "out_request_no": number + "R", "refund_amount": "5.00",
			})
		})
	}
	all.Wait()
	got := x.Book.Totals(money.Alipay)
	if got.Orders != 4 || got.Paid != 4*2300 || got.Refunded != 4*500 {
		t.Errorf("%+v", got)
	}
}
