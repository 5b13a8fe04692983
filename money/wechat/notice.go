package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"

	"hexhail/money"
)

// MaxNotice is how many bytes a notice may have. WeChat's have some 2 KiB.
const MaxNotice = 64 << 10

// maxFetches is for how many accounts one notice by an unknown key downloads certificates.
const maxFetches = 2

// NoticeFault is why a notice is refused.
type NoticeFault string

// The faults.
const (
	BadSignature  NoticeFault = "bad_signature"  // missing, wrong, or by a key that is not WeChat's
	OldNotice     NoticeFault = "old"            // signed more than 300 s from now
	WrongMerchant NoticeFault = "wrong_merchant" // signed by WeChat, for somebody else's account
	WrongApp      NoticeFault = "wrong_app"      // signed by WeChat, for somebody else's app
	TooBig        NoticeFault = "too_big"        // more than MaxNotice
	Malformed     NoticeFault = "malformed"      // not what a notice is
)

// NoticeError refuses a notice. Its text holds nothing of what the notice says.
type NoticeError struct {
	Fault NoticeFault
	Text  string
}

func (e *NoticeError) Error() string {
	return fmt.Sprintf("wechat: the notice is refused, %s: %s", e.Fault, e.Text)
}

// Status is the HTTP status of the answer to it.
func (e *NoticeError) Status() int {
	switch e.Fault {
	case BadSignature, OldNotice:
		return http.StatusUnauthorized
	case WrongMerchant, WrongApp:
		return http.StatusForbidden
	case TooBig:
		return http.StatusRequestEntityTooLarge
	case Malformed:
	}
	return http.StatusBadRequest
}

// envelope is what a notice comes in.
type envelope struct {
	ID       string `json:"id"`
	Event    string `json:"event_type"`
	Resource sealed `json:"resource"`
}

// Notice verifies what WeChat tells us: its signature, of ±300 s, then the account whose API v3 key
// opens it, then that merchant and app are that account's. The same notice is accepted again. It
// reads at most [MaxNotice] bytes. Errors: *[NoticeError], or that of reading the body.
func (c *Client) Notice(r *http.Request) (notice money.Notice, err error) {
	defer func() {
		// The library's cryptography has panicked on odd input; nobody outside may end the server.
		if recover() != nil {
			notice, err = money.Notice{}, &NoticeError{Malformed, "it made the reader panic"}
		}
	}()
	if r.ContentLength > MaxNotice {
		return notice, tooBig()
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxNotice+1))
	if long := (*http.MaxBytesError)(nil); len(body) > MaxNotice || errors.As(err, &long) {
		return notice, tooBig()
	}
	if err != nil {
		return notice, fmt.Errorf("wechat: reading a notice: %w", err)
	}
	kind := r.Header.Get("Wechatpay-Signature-Type")
	if kind != "" && kind != "WECHATPAY2-SHA256-RSA2048" {
		return notice, &NoticeError{BadSignature, "of an unknown type"}
	}
	signers, err := c.signers(r.Context(), r.Header, body)
	if err != nil {
		return notice, err
	}
	var e envelope
	if err := json.Unmarshal(body, &e); err != nil || e.ID == "" || len(e.ID) > 64 {
		return notice, &NoticeError{Malformed, "no envelope of a notice"}
	}
	for _, a := range signers {
		plain, err := a.keys.unseal(e.Resource)
		if err == nil {
			return a.notice(e, plain)
		}
	}
	return notice, &NoticeError{Malformed, "no API v3 key of ours opens it"}
}

func tooBig() error {
	return &NoticeError{TooBig, fmt.Sprintf("more than %d bytes", MaxNotice)}
}

// signers are the accounts by whose keys a notice is well signed: one, unless merchants share a
// key of WeChat's.
func (c *Client) signers(
	ctx context.Context, header http.Header, body []byte,
) ([]*account, error) {
	serial := header.Get(consts.WechatPaySerial)
	var good, strange []*account
	for _, a := range c.accounts {
		if known, fetch := a.keys.mayKnow(serial); known {
			good = append(good, a)
		} else if fetch {
			strange = append(strange, a)
		}
	}
	if len(good) == 0 {
		// Perhaps a new key: it is downloaded, at most once a minute for an account. Strangers can
		// make us do so: the others have their turn with the next notice.
		good = strange[:min(len(strange), maxFetches)]
	}
	why := errUnknownKey
	good = slices.DeleteFunc(good, func(a *account) bool {
		err := a.keys.check(ctx, header, body)
		if err != nil {
			why = err
		}
		return err != nil
	})
	switch {
	case len(good) > 0:
		return good, nil
	case errors.Is(why, errSkew):
		return nil, &NoticeError{OldNotice, why.Error()}
	}
	return nil, &NoticeError{BadSignature, why.Error()}
}

// notice reads what an opened notice says.
func (a *account) notice(e envelope, plain []byte) (money.Notice, error) {
	n := money.Notice{Channel: money.WeChat, Merchant: a.name, ID: e.ID}
	switch {
	case strings.HasPrefix(e.Event, "TRANSACTION."):
		return a.chargeNotice(n, plain)
	case strings.HasPrefix(e.Event, "REFUND."):
		return a.refundNotice(n, plain)
	case strings.HasPrefix(e.Event, "MCHTRANSFER.BILL."):
		return a.payoutNotice(n, plain)
	}
	return money.Notice{}, &NoticeError{Malformed, "of an unknown event"}
}

func (a *account) chargeNotice(n money.Notice, plain []byte) (money.Notice, error) {
	var t payments.Transaction
	if err := json.Unmarshal(plain, &t); err != nil || text(t.OutTradeNo) == "" ||
		t.Amount == nil || t.Amount.Total == nil || *t.Amount.Total <= 0 {
		return money.Notice{}, &NoticeError{Malformed, "no transaction in it"}
	}
	if err := a.ours(text(t.Mchid)); err != nil {
		return money.Notice{}, err
	}
	if !a.owns(text(t.Appid)) {
		return money.Notice{}, &NoticeError{WrongApp, "of an app that is not ours"}
	}
	n.Kind, n.Order, n.Amount = money.NoticeCharge, *t.OutTradeNo, money.Fen(*t.Amount.Total)
	n.Outcome = money.Outcome{
		Trade: text(t.TransactionId), Reason: reason(text(t.TradeState)),
	}
	switch text(t.TradeState) {
	case "SUCCESS":
		n.Outcome.State, n.Outcome.Reason = money.AttemptPaid, ""
	case "CLOSED", "REVOKED":
		n.Outcome.State = money.AttemptClosed
	default:
		n.Outcome.State = money.AttemptUnknown // asked for, then known
	}
	return n, nil
}

func (a *account) refundNotice(n money.Notice, plain []byte) (money.Notice, error) {
	var r struct {
		Merchant string `json:"mchid"`
		Number   string `json:"out_refund_no"`
		Trade    string `json:"refund_id"`
		Status   string `json:"refund_status"`
		Amount   struct {
			Refund int64 `json:"refund"`
		} `json:"amount"`
	}
	if err := json.Unmarshal(plain, &r); err != nil || r.Number == "" || r.Amount.Refund <= 0 {
		return money.Notice{}, &NoticeError{Malformed, "no refund in it"}
	}
	if err := a.ours(r.Merchant); err != nil {
		return money.Notice{}, err
	}
	n.Kind, n.Order, n.Amount = money.NoticeRefund, r.Number, money.Fen(r.Amount.Refund)
	n.Outcome = refundState(r.Status, r.Trade)
	return n, nil
}

func (a *account) payoutNotice(n money.Notice, plain []byte) (money.Notice, error) {
	var t transferred
	if err := json.Unmarshal(plain, &t); err != nil || t.Number == "" || t.Amount == nil ||
		*t.Amount <= 0 {
		return money.Notice{}, &NoticeError{Malformed, "no payout in it"}
	}
	if err := a.ours(t.Merchant); err != nil {
		return money.Notice{}, err
	}
	n.Kind, n.Order, n.Amount = money.NoticePayout, t.Number, money.Fen(*t.Amount)
	n.Outcome = payoutState(t)
	return n, nil
}

func (a *account) ours(merchant string) error {
	if merchant != a.MchID {
		return &NoticeError{WrongMerchant, "of a merchant that is not ours"}
	}
	return nil
}

// Answer answers a notice in WeChat's form: 204 when it is in our books, else a status that makes
// WeChat repeat it, and its text. err is what reading or booking the notice said; that text stays
// here.
func (*Client) Answer(w http.ResponseWriter, err error) {
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status := http.StatusInternalServerError
	if refused := (*NoticeError)(nil); errors.As(err, &refused) {
		status = refused.Status()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"code":"FAIL","message":"失败"}`) // the peer may be gone
}
