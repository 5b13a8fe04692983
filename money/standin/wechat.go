package standin

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"hexhail/money"
)

// WeChatConfig says what plays WeChat Pay. All but Fee, Latency and NewKey are needed.
type WeChatConfig struct {
	Book   *Book
	Script *Script
	Outbox *Outbox
	Clock  func() time.Time // the machine's
	// Fee is what bills say that WeChat keeps: 6,000 ppm by its usual contract.
	Fee money.PPM
	// Latency is how long each call takes.
	Latency time.Duration
	// EarlyBills gives the bill of a day that is not over: a sandbox has no patience.
	EarlyBills bool
	// NewKey makes WeChat's keys; nil makes fresh ones of 2,048 bits, a tenth of a second each.
	NewKey func() (*rsa.PrivateKey, error)
}

// WeChatMerchant is an account that exists at the stand-in.
type WeChatMerchant struct {
	MchID string
	Apps  []string // app ids that are bound to it
	// Serial and Key are the merchant's certificate: what calls are verified with.
	Serial string
	Key    *rsa.PublicKey
	// APIv3Key seals notices and certificates; 32 bytes.
	APIv3Key string
	// ByPublicKey signs notices with the public key's pair, not with the platform certificate's.
	// Answers are signed with whichever the call asks for.
	ByPublicKey bool
	// Funds is what payouts and refunds can take; 0 is without end.
	Funds money.Fen
}

// WeChat plays the servers of WeChat Pay, API v3, for direct merchants. It verifies our signatures
// and signs with keys of its own, in both of WeChat's modes. See [NewWeChat].
//
// A payer's barcode is 18 digits that begin with 10 to 15: one that [WeChat.Shows], whose payer is
// known, or any other. Codes that end in 9001 have expired, the wallets of those that end in 9002
// are empty, the payers of those that end in 9003 have to type the password first.
type WeChat struct {
	config WeChatConfig
	mux    *http.ServeMux
	public signer // the pair of the public key mode

	mu        sync.Mutex
	merchants map[string]*WeChatMerchant
	platform  []signer // the last one signs; all are announced
	prepaid   map[string]key
	shown     map[string]Payer  // by the code on their phones
	bills     map[string]string // texts that were announced, by token
	tokens    int64
}

// NewWeChat starts the stand-in with fresh keys. The book's events become its notices.
func NewWeChat(c WeChatConfig) (*WeChat, error) {
	if c.NewKey == nil {
		c.NewKey = newKey
	}
	w := &WeChat{
		config: c, merchants: map[string]*WeChatMerchant{}, prepaid: map[string]key{},
		shown: map[string]Payer{}, bills: map[string]string{},
	}
	var err error
	if w.public, err = newPublicSigner(c.NewKey); err != nil {
		return nil, err
	}
	if err := w.Rotate(); err != nil {
		return nil, err
	}
	c.Book.OnEvent(money.WeChat, w.happened)
	w.route()
	return w, nil
}

// Register makes a merchant's account.
func (w *WeChat) Register(m WeChatMerchant) error {
	if len(m.APIv3Key) != 32 || m.Key == nil || m.MchID == "" || len(m.Apps) == 0 {
		return fmt.Errorf("standin: the merchant %q is not whole", m.MchID)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.merchants[m.MchID] = &m
	return nil
}

// PublicKey is what a merchant in public key mode is told to verify with.
func (w *WeChat) PublicKey() (id string, key *rsa.PublicKey) {
	return w.public.serial, &w.public.key.PublicKey
}

// Rotate makes a new platform certificate, which signs from now on. The old ones are announced for
// as long as the stand-in lives.
func (w *WeChat) Rotate() error {
	s, err := newPlatformSigner(w.config.NewKey, w.config.Clock())
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.platform = append(w.platform, s)
	return nil
}

func (w *WeChat) merchant(mchid string) (*WeChatMerchant, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, ok := w.merchants[mchid]
	return m, ok
}

// signerFor is the key that answers and notices are signed with: the one that serial asks for.
func (w *WeChat) signerFor(serial string) signer {
	if serial == w.public.serial {
		return w.public
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.platform[len(w.platform)-1]
}

// exchange is one call: who asks, what, and what goes wrong.
type exchange struct {
	*WeChat
	merchant *WeChatMerchant
	call     Call
	number   string
	fault    Fault
	body     []byte
	request  *http.Request
	now      time.Time
}

// reply is what a call is answered with.
type reply struct {
	status int
	fields map[string]any // of the JSON; nil is no body
	raw    []byte         // instead of fields, not signed: a bill
}

// refuse answers with one of WeChat's codes.
func refuse(status int, code, message string) reply {
	return reply{status: status, fields: map[string]any{"code": code, "message": message}}
}

// play is how each call goes: it is read, verified, delayed, fails as the script says, and is
// answered.
func (w *WeChat) play(
	call Call, number func(*http.Request, map[string]any) string, do func(exchange) reply,
) http.HandlerFunc {
	return func(to http.ResponseWriter, r *http.Request) {
		x := exchange{WeChat: w, call: call, request: r, now: w.config.Clock()}
		var err error
		if x.body, err = io.ReadAll(io.LimitReader(r.Body, maxBody)); err != nil {
			return
		}
		if x.merchant, err = w.authentic(r, x.body, x.now); err != nil {
			// WeChat does not sign what it says to those whom it does not know.
			x.fault = Unsigned
			x.write(to, refuse(http.StatusUnauthorized, "SIGN_ERROR", err.Error()))
			return
		}
		var fields map[string]any
		if len(x.body) > 0 && json.Unmarshal(x.body, &fields) != nil {
			x.write(to, refuse(http.StatusBadRequest, "PARAM_ERROR", "no JSON"))
			return
		}
		x.number = number(r, fields)
		x.fault = w.config.Script.Next(call, x.number)
		if w.config.Latency > 0 {
			pause(r.Context(), w.config.Latency)
		}
		x.answer(to, do)
	}
}

const maxBody = 1 << 20

func pause(ctx context.Context, d time.Duration) {
	waited, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-waited.Done()
}

// answer does what was asked for, unless the script has it otherwise.
func (x exchange) answer(to http.ResponseWriter, do func(exchange) reply) {
	if x.fault == PayFirst {
		// There may be nothing to pay: then nobody pays it.
		_, _ = x.config.Book.Pay(
			money.WeChat, x.merchant.MchID, x.number, Payer{Account: "payer"}, x.now)
	}
	var said reply
	switch {
	case x.fault == SystemError:
		said = refuse(http.StatusInternalServerError, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用")
	case x.fault == FrequencyLimited:
		said = refuse(http.StatusTooManyRequests, "FREQUENCY_LIMITED", "频率超限")
	case x.fault == NotYetSeen:
		said = refuse(http.StatusNotFound, notFound(x.call), "订单不存在")
	case x.fault.Done():
		said = do(x)
	}
	switch {
	case x.fault.Hangs():
		<-x.request.Context().Done()
		return
	case x.fault.Drops():
		panic(http.ErrAbortHandler) // net/http cuts the connection
	case x.fault == SystemErrorAfter:
		said = refuse(http.StatusInternalServerError, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用")
	case x.fault == RotateKey:
		if err := x.Rotate(); err != nil {
			said = refuse(http.StatusInternalServerError, "SYSTEM_ERROR", err.Error())
		}
	case x.fault == StillAtIt:
		stillAtIt(said.fields)
	case x.fault == OtherAmount:
		fenMore(said.fields)
	case x.fault == OtherOrder:
		otherNumber(said.fields)
	}
	x.write(to, said)
}

// notFound is the code of what is not there.
func notFound(c Call) string {
	switch c {
	case CallRefund, CallQueryRefund:
		return "RESOURCE_NOT_EXISTS"
	case CallPayout, CallQueryPayout:
		return "NOT_FOUND"
	default:
		return "ORDER_NOT_EXIST"
	}
}

// fenMore raises the amounts of an answer.
func fenMore(fields map[string]any) {
	raise := func(in map[string]any, name string) {
		if fen, ok := in[name].(money.Fen); ok {
			in[name] = fen + 1
		}
	}
	raise(fields, "transfer_amount")
	if amount, ok := fields["amount"].(map[string]any); ok {
		raise(amount, "total")
		raise(amount, "refund")
	}
}

// stillAtIt makes an answer about a refund or payout one that has no end yet. A payout waits for
// its receiver, who takes it by the time that somebody asks again.
func stillAtIt(fields map[string]any) {
	if fields["status"] == "SUCCESS" {
		fields["status"] = "PROCESSING"
		delete(fields, "success_time")
	}
	if fields["state"] == "SUCCESS" {
		fields["state"], fields["package_info"] = "WAIT_USER_CONFIRM", nonce(32)
	}
}

// otherNumber makes an answer one about something else.
func otherNumber(fields map[string]any) {
	for _, name := range []string{"out_trade_no", "out_refund_no", "out_bill_no"} {
		if _, ok := fields[name]; ok {
			fields[name] = "SOMEBODYELSES"
		}
	}
}

// write signs and sends an answer.
func (x exchange) write(to http.ResponseWriter, said reply) {
	body := said.raw
	if said.fields != nil {
		var err error
		if body, err = json.Marshal(said.fields); err != nil {
			http.Error(to, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	switch x.fault {
	case Garbage:
		body = []byte(`{"prepay_id":`)
	case HugeAnswer:
		body = bytes.Repeat([]byte(" "), hugeBytes)
	default:
	}
	to.Header().Set("Content-Type", "application/json; charset=utf-8")
	to.Header().Set("Request-Id", fmt.Sprintf("08%X", x.now.UnixNano()))
	if said.raw == nil && x.fault != Unsigned {
		by := x.signerFor(x.request.Header.Get("Wechatpay-Serial"))
		if err := by.sign(to.Header(), body, x.now, x.fault); err != nil {
			http.Error(to, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	if said.status == http.StatusNoContent && len(body) > 0 {
		said.status = http.StatusOK
	}
	to.WriteHeader(said.status)
	_, _ = to.Write(body) // the caller may be gone
}

const hugeBytes = 10 << 20

// bound reports whether an app may charge for the merchant.
func (m *WeChatMerchant) bound(app string) bool { return slices.Contains(m.Apps, app) }

// pathNumber takes our number from the path.
func pathNumber(r *http.Request, _ map[string]any) string { return r.PathValue("number") }

// bodyNumber takes our number from a field of the body.
func bodyNumber(name string) func(*http.Request, map[string]any) string {
	return func(_ *http.Request, fields map[string]any) string {
		s, _ := fields[name].(string)
		return s
	}
}

func noNumber(*http.Request, map[string]any) string { return "" }

func (w *WeChat) route() {
	w.mux = http.NewServeMux()
	const pay = "/v3/pay/transactions/"
	for path, way := range map[string]money.Way{
		"app": money.WayApp, "jsapi": money.WayPage, "native": money.WayQR,
	} {
		w.mux.HandleFunc("POST "+pay+path, w.play(CallCharge, bodyNumber("out_trade_no"),
			func(x exchange) reply { return x.prepay(way) }))
	}
	const no, refunds = pay + "out-trade-no/{number}", "/v3/refund/domestic/refunds"
	const bills = "/v3/fund-app/mch-transfer/transfer-bills"
	for pattern, h := range map[string]http.HandlerFunc{
		"POST " + pay + "codepay": w.play(
			CallCharge, bodyNumber("out_trade_no"), exchange.codepay),
		"GET " + no:               w.play(CallQuery, pathNumber, exchange.query),
		"POST " + no + "/close":   w.play(CallClose, pathNumber, exchange.close),
		"POST " + no + "/reverse": w.play(CallReverse, pathNumber, exchange.reverse),
		"POST " + refunds:         w.play(CallRefund, bodyNumber("out_refund_no"), exchange.refund),
		"GET " + refunds + "/{number}": w.play(
			CallQueryRefund, pathNumber, exchange.queryRefund),
		"POST " + bills: w.play(CallPayout, bodyNumber("out_bill_no"), exchange.payout),
		"GET " + bills + "/out-bill-no/{number}": w.play(
			CallQueryPayout, pathNumber, exchange.queryPayout),
		"GET /v3/bill/tradebill":    w.play(CallBill, noNumber, exchange.tradeBill),
		"GET /v3/billdownload/file": w.play(CallDownload, noNumber, exchange.download),
		"GET /v3/certificates":      w.play(CallCertificates, noNumber, exchange.certificates),
	} {
		w.mux.HandleFunc(pattern, h)
	}
}

// ServeHTTP implements [http.Handler].
func (w *WeChat) ServeHTTP(to http.ResponseWriter, r *http.Request) { w.mux.ServeHTTP(to, r) }

// decode reads the body of a call.
func (x exchange) decode(into any) bool { return json.Unmarshal(x.body, into) == nil }

// oneOf is whether s is made of WeChat's characters for numbers, of a length.
func oneOf(s string, least, most int, besides string) bool {
	const plain = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return len(s) >= least && len(s) <= most && strings.Trim(s, plain+besides) == ""
}
