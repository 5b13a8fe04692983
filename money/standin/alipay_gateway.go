package standin

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hexhail/money"
)

// maxAlipayAsk is the longest request to the gateway: an order has some 2 KiB.
const maxAlipayAsk = 1 << 20

// beijing is the zone of all of Alipay's times.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// alipayAsk is a request to the gateway whose signature is verified.
type alipayAsk struct {
	merchant alipayMerchant
	method   string
	notify   string
	certs    bool // certificate mode
	host     string
	now      time.Time
	fault    Fault
	alipayContent
}

// alipayContent is what the methods want to know, all in one.
type alipayContent struct {
	OutTradeNo     string `json:"out_trade_no"`
	TradeNo        string `json:"trade_no"`
	TotalAmount    string `json:"total_amount"`
	Subject        string `json:"subject"`
	SellerID       string `json:"seller_id"`
	BuyerID        string `json:"buyer_id"`
	BuyerOpenID    string `json:"buyer_open_id"`
	TimeExpire     string `json:"time_expire"`
	TimeoutExpress string `json:"timeout_express"`
	AuthCode       string `json:"auth_code"`

	OutRequestNo string `json:"out_request_no"`
	RefundAmount string `json:"refund_amount"`
	RefundReason string `json:"refund_reason"`

	OutBizNo    string `json:"out_biz_no"`
	TransAmount string `json:"trans_amount"`
	ProductCode string `json:"product_code"`
	Remark      string `json:"remark"`
	Payee       struct {
		Identity     string `json:"identity"`
		IdentityType string `json:"identity_type"`
		Name         string `json:"name"`
	} `json:"payee_info"`

	BillType string `json:"bill_type"`
	BillDate string `json:"bill_date"`
}

// alipayAnswer is the content of an answer.
type alipayAnswer map[string]any

func done(fields alipayAnswer) alipayAnswer {
	if fields["code"] == nil {
		fields["code"], fields["msg"] = "10000", "Success"
	}
	return fields
}

func refused(code, subCode string) alipayAnswer {
	return alipayAnswer{
		"code": code, "msg": "Business Failed", "sub_code": subCode, "sub_msg": "被拒绝",
	}
}

// alipayMethod is one of the gateway's methods.
type alipayMethod struct {
	call Call
	do   func(*Alipay, alipayAsk) alipayAnswer
}

func alipayMethods(name string) (alipayMethod, bool) {
	m, ok := map[string]alipayMethod{
		"alipay.trade.create":                 {CallCharge, (*Alipay).create},
		"alipay.trade.precreate":              {CallCharge, (*Alipay).precreate},
		"alipay.trade.pay":                    {CallCharge, (*Alipay).payByBarcode},
		"alipay.trade.query":                  {CallQuery, (*Alipay).queryTrade},
		"alipay.trade.close":                  {CallClose, (*Alipay).closeTrade},
		"alipay.trade.cancel":                 {CallReverse, (*Alipay).cancelTrade},
		"alipay.trade.refund":                 {CallRefund, (*Alipay).refundTrade},
		"alipay.trade.fastpay.refund.query":   {CallQueryRefund, (*Alipay).queryRefund},
		"alipay.fund.trans.uni.transfer":      {CallPayout, (*Alipay).transfer},
		"alipay.fund.trans.common.query":      {CallQueryPayout, (*Alipay).queryTransfer},
		"alipay.open.app.alipaycert.download": {CallCertificates, (*Alipay).certificate},
		"alipay.data.dataservice.bill.downloadurl.query": {
			CallBill, (*Alipay).billAddress,
		},
	}[name]
	return m, ok
}

// number is what a script knows the call by.
func (c alipayContent) number() string {
	switch {
	case c.OutRequestNo != "":
		return c.OutRequestNo
	case c.OutBizNo != "":
		return c.OutBizNo
	}
	return c.OutTradeNo
}

// gateway answers a call.
func (a *Alipay) gateway(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxAlipayAsk))
	if err != nil {
		http.Error(w, "too long", http.StatusRequestEntityTooLarge)
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		http.Error(w, "not a form", http.StatusBadRequest)
		return
	}
	ask, no := a.read(form)
	ask.host = r.Host
	if no != nil {
		a.reply(w, ask, no)
		return
	}
	method, _ := alipayMethods(ask.method)
	ask.fault = a.Script.Next(method.call, ask.number())
	if a.Latency > 0 {
		pause(r.Context(), a.Latency)
	}
	cut(r, ask.fault, false)
	answer := a.carryOut(method, ask)
	cut(r, ask.fault, true)
	a.reply(w, ask, answer)
}

// read checks a request, and refuses it as Alipay does.
func (a *Alipay) read(form url.Values) (alipayAsk, alipayAnswer) {
	ask := alipayAsk{
		method: form.Get("method"), notify: form.Get("notify_url"), now: a.Clock(),
		certs: form.Get("app_cert_sn") != "",
	}
	for _, values := range form {
		if len(values) != 1 {
			return ask, refused("40002", "isv.invalid-parameter")
		}
	}
	m, ok := a.byApp(form.Get("app_id"))
	if !ok {
		return ask, refused("40002", "isv.invalid-app-id")
	}
	ask.merchant = m
	_, known := alipayMethods(ask.method)
	_, err := time.ParseInLocation(time.DateTime, form.Get("timestamp"), beijing)
	switch {
	case !known && ask.method != "alipay.trade.app.pay":
		return ask, refused("40002", "isv.invalid-method")
	case form.Get("sign_type") != "RSA2":
		return ask, refused("40002", "isv.invalid-signature-type")
	case err != nil:
		return ask, refused("40002", "isv.invalid-timestamp")
	case ask.certs && form.Get("app_cert_sn") != m.certSN:
		return ask, refused("40002", "isv.invalid-app-cert-sn")
	case ask.certs && form.Get("alipay_root_cert_sn") != a.Keys.root.sn:
		return ask, refused("40002", "isv.invalid-alipay-root-cert-sn")
	case !verified(form, m.key):
		return ask, refused("40002", "isv.invalid-signature")
	case json.Unmarshal([]byte(form.Get("biz_content")), &ask.alipayContent) != nil:
		return ask, refused("40002", "isv.invalid-parameter")
	}
	a.calls(m.app, ask.certs)
	return ask, nil
}

// carryOut does what was asked for, unless the fault says not to.
func (a *Alipay) carryOut(method alipayMethod, ask alipayAsk) alipayAnswer {
	switch ask.fault {
	case SystemError:
		return systemError(ask.method)
	case FrequencyLimited:
		return refused("40005", "isv.app-call-limited")
	case NotYetSeen:
		return notYetSeen(method.call, ask.OutTradeNo)
	case PayFirst:
		o, ok := a.Book.Order(money.Alipay, ask.merchant.seller, ask.OutTradeNo)
		if ok { // what it refuses the call itself will meet
			_, _ = a.Book.Pay(money.Alipay, o.Merchant, o.Number, Payer{}, ask.now)
		}
	default:
	}
	answer := method.do(a, ask)
	switch ask.fault {
	case SystemErrorAfter:
		return systemError(ask.method)
	case OtherAmount:
		for _, field := range []string{"total_amount", "refund_amount", "trans_amount"} {
			text, _ := answer[field].(string)
			if amount, err := money.ParseYuan(text); err == nil {
				answer[field] = (amount + 1).String()
			}
		}
	case OtherOrder:
		for _, field := range []string{"out_trade_no", "out_request_no", "out_biz_no"} {
			if text, ok := answer[field].(string); ok {
				answer[field] = "OTHER" + text
			}
		}
	default:
	}
	return answer
}

func systemError(method string) alipayAnswer {
	if strings.HasPrefix(method, "alipay.trade.") {
		return refused("40004", "ACQ.SYSTEM_ERROR")
	}
	return refused("20000", "isp.unknow-error")
}

// notYetSeen is what a part of Alipay says that lags behind the others.
func notYetSeen(call Call, order string) alipayAnswer {
	switch call {
	case CallQueryRefund:
		return done(alipayAnswer{})
	case CallQueryPayout:
		return refused("40004", "ORDER_NOT_EXIST")
	case CallReverse: // it wants to be asked again
		return done(alipayAnswer{"out_trade_no": order, "retry_flag": "Y"})
	case CallQuery, CallClose, CallRefund:
		return refused("40004", "ACQ.TRADE_NOT_EXIST")
	default:
		return systemError("alipay.trade.")
	}
}

// reply signs an answer and sends it, with the fault in it.
func (a *Alipay) reply(w http.ResponseWriter, ask alipayAsk, content alipayAnswer) {
	body, err := a.signed(ask, content)
	if err != nil {
		http.Error(w, "cannot sign", http.StatusInternalServerError)
		return
	}
	switch ask.fault {
	case Garbage:
		body = []byte("<html>系统繁忙</html>")
	case HugeAnswer:
		body = append(body[:len(body)-1], `,"padding":"`+strings.Repeat("x", 10<<20)+`"}`...)
	default:
	}
	w.Header().Set("Content-Type", "text/html;charset=utf-8") // as Alipay has it
	_, _ = w.Write(body)
}

// signed is an answer with its signature.
func (a *Alipay) signed(ask alipayAsk, content alipayAnswer) ([]byte, error) {
	text, err := json.Marshal(content)
	if err != nil {
		return nil, err
	}
	signer, err := a.signer(ask.fault == RotateKey)
	if err != nil {
		return nil, err
	}
	what := text
	switch ask.fault {
	case WrongSerial:
		if signer, err = a.somebody(); err != nil {
			return nil, err
		}
	case BadSignature:
		what = []byte("something else")
	default:
	}
	sign, err := signer.sign(what)
	if err != nil {
		return nil, err
	}
	answer := map[string]any{
		strings.ReplaceAll(ask.method, ".", "_") + "_response": json.RawMessage(text),
	}
	if ask.fault != Unsigned {
		answer["sign"] = sign
		if ask.certs {
			answer["alipay_cert_sn"] = signer.sn
		}
	}
	return json.Marshal(answer)
}
