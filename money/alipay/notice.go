package alipay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"

	"hexhail/money"
)

// MaxNotice is the longest notice that is read, in bytes; real ones have some 2 KiB.
const MaxNotice = 64 << 10

// NoticeError refuses a notice and names the field. It is answered with anything but success, so
// that a genuine one comes again. It never holds a value of the notice: nobody has vouched for it.
type NoticeError struct {
	Field string
	Why   string
}

func (e *NoticeError) Error() string {
	return fmt.Sprintf("alipay: notice refused: %s %s", e.Field, e.Why)
}

// payoutChanged is the kind of notices about payouts, which come in an envelope of their own.
const payoutChanged = "alipay.fund.trans.order.changed"

// Notice reads one of Alipay's notices. It checks, in this order: the size, that app_id is of one
// of our accounts, the signature by Alipay as that account knows it, that no field hides another,
// that the account's seller_id is paid. Whether the order is ours and of this amount, its caller
// knows: by Order and Amount. No call leaves the house.
//
// A notice of a refund tells what the order has given back so far, not how much this refund was:
// Amount is that sum, and the outcome Unknown, to be asked about. Errors: *[NoticeError].
func (c *Client) Notice(r *http.Request) (money.Notice, error) {
	form, err := readForm(r)
	if err != nil {
		return money.Notice{}, err
	}
	account, ok := c.byApp[form.Get("app_id")]
	if !ok {
		return money.Notice{}, &NoticeError{"app_id", "is none of ours"}
	}
	if form.Get("sign") == "" {
		return money.Notice{}, &NoticeError{"sign", "is missing"}
	}
	if err := account.client.VerifySign(context.WithoutCancel(r.Context()), form); err != nil {
		return money.Notice{}, &NoticeError{"sign", "is not Alipay's"}
	}
	if err := plain(form); err != nil {
		return money.Notice{}, err
	}
	n := money.Notice{
		Channel: money.Alipay, Merchant: account.name, ID: form.Get("notify_id"),
	}
	if n.ID == "" {
		return money.Notice{}, &NoticeError{"notify_id", "is missing"}
	}
	if form.Get("msg_method") == payoutChanged {
		return payoutNotice(n, form)
	}
	return tradeNotice(n, form, account)
}

// Answer tells Alipay that a notice is in our books, or that it is to come again. err is what
// reading or booking it said; its text stays here.
func (*Client) Answer(w http.ResponseWriter, err error) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := "success" // this word and nothing else
	if err != nil {
		status := http.StatusInternalServerError
		if refused := (*NoticeError)(nil); errors.As(err, &refused) {
			status = http.StatusBadRequest
		}
		w.WriteHeader(status)
		text = "fail"
	}
	_, _ = io.WriteString(w, text) // the peer may be gone
}

// readForm reads the body, and nothing of the address. Each field comes once: of two, the one that
// is signed and the one that is read could differ.
func readForm(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return nil, &NoticeError{"method", "is not POST"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxNotice+1))
	if err != nil {
		return nil, &NoticeError{"body", "ends early"}
	}
	if len(body) > MaxNotice {
		return nil, &NoticeError{"body", fmt.Sprintf("is over %d bytes", MaxNotice)}
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, &NoticeError{"body", "is not a form"}
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, &NoticeError{"body", "has a field twice"}
		}
	}
	return form, nil
}

// hides finds a value that could be a field of its own. What is signed is the fields joined by "&":
// without this rule a notice could be told anew with some of its fields inside others, so that a
// refund reads as a payment, under the same signature.
var hides = regexp.MustCompile(`&[0-9A-Za-z_]*=`)

// plain refuses a form in which a field hides another.
func plain(form url.Values) error {
	for name, values := range form {
		if hides.MatchString("&" + name) {
			return &NoticeError{"body", "has a field in a field's name"}
		}
		if name != "sign" && hides.MatchString(values[0]) {
			return &NoticeError{"body", "has a field in a field"}
		}
	}
	return nil
}

func tradeNotice(n money.Notice, form url.Values, account *account) (money.Notice, error) {
	if form.Get("seller_id") != account.sellerID {
		return n, &NoticeError{"seller_id", "is not the account's"}
	}
	var err error
	if form.Get("gmt_refund") != "" || form.Get("refund_fee") != "" {
		n.Kind = money.NoticeRefund
		n.Outcome = money.Outcome{State: money.AttemptUnknown, Reason: "told_of_refund"}
		if n.Order, err = number(form, "out_biz_no"); err != nil {
			return n, err
		}
		n.Amount, err = amount(form, "refund_fee")
		return n, err
	}
	n.Kind = money.NoticeCharge
	n.Outcome.Trade = form.Get("trade_no")
	if n.Order, err = number(form, "out_trade_no"); err != nil {
		return n, err
	}
	if n.Amount, err = amount(form, "total_amount"); err != nil {
		return n, err
	}
	switch form.Get("trade_status") {
	case statusPaid, statusFinished:
		n.Outcome.State = money.AttemptPaid
	case statusClosed:
		n.Outcome.State, n.Outcome.Reason = money.AttemptClosed, "closed"
	case statusWaiting:
		n.Outcome.State, n.Outcome.Again = money.AttemptSent, again
	default:
		return n, &NoticeError{"trade_status", "is none that we know"}
	}
	return n, nil
}

// payoutNotice reads what the envelope of a payout's notice holds.
func payoutNotice(n money.Notice, form url.Values) (money.Notice, error) {
	var content answer
	if err := json.Unmarshal([]byte(form.Get("biz_content")), &content); err != nil {
		return n, &NoticeError{"biz_content", "is not JSON"}
	}
	n.Kind, n.Outcome.Trade = money.NoticePayout, content.OrderID
	fields := url.Values{
		"out_biz_no": {content.OutBizNo}, "trans_amount": {content.TransAmount},
	}
	var err error
	if n.Order, err = number(fields, "out_biz_no"); err != nil {
		return n, err
	}
	if n.Amount, err = amount(fields, "trans_amount"); err != nil {
		return n, err
	}
	switch content.Status {
	case "SUCCESS":
		n.Outcome.State = money.AttemptPaid
	case "FAIL", "CLOSED", "REFUND":
		n.Outcome.State, n.Outcome.Reason = money.AttemptClosed, payoutFailed(content)
	default:
		n.Outcome.State, n.Outcome.Again = money.AttemptSent, payoutAgain
	}
	return n, nil
}

func number(form url.Values, field string) (string, error) {
	if n := form.Get(field); numbers.MatchString(n) {
		return n, nil
	}
	return "", &NoticeError{field, "is not a number of ours"}
}

func amount(form url.Values, field string) (money.Fen, error) {
	read, err := fen(form.Get(field))
	if over := (*money.AmountError)(nil); errors.As(err, &over) {
		return 0, &NoticeError{field, "is beyond the limits"}
	}
	if err != nil {
		return 0, &NoticeError{field, "is not an amount"}
	}
	return read, nil
}
