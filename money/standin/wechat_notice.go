package standin

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"hexhail/money"
)

// wechatWaits are WeChat's pauses between the tries to tell.
var wechatWaits = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute,
	20 * time.Minute, 30 * time.Minute, 30 * time.Minute, 30 * time.Minute, 60 * time.Minute,
	3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// wechatCourier tells as WeChat does.
type wechatCourier struct{ *WeChat }

var _ Courier = wechatCourier{}

// Taken implements [Courier].
func (wechatCourier) Taken(status int, _ []byte) bool {
	return status == http.StatusOK || status == http.StatusNoContent
}

// Wait implements [Courier].
func (wechatCourier) Wait(tries int) (time.Duration, bool) {
	if tries > len(wechatWaits) {
		return 0, false
	}
	return wechatWaits[tries-1], true
}

// happened puts what the book says into the outbox.
func (w *WeChat) happened(e Event) {
	to := ""
	switch {
	case e.Order != nil:
		to = e.Order.Notify
	case e.Refund != nil:
		to = e.Refund.Notify
	case e.Payout != nil:
		to = e.Payout.Notify
	}
	w.config.Outbox.Put(wechatCourier{w}, e, to, w.config.Clock())
}

// content is what a notice says, whose it is, and what WeChat calls it.
func (w *WeChat) content(e Event) (merchant, kind, event string, fields map[string]any) {
	switch {
	case e.Order != nil:
		return e.Order.Merchant, "transaction", "TRANSACTION.SUCCESS", transaction(*e.Order)
	case e.Refund != nil:
		r := *e.Refund
		o, _ := w.config.Book.Order(money.WeChat, r.Merchant, r.Of)
		return r.Merchant, "refund", "REFUND.SUCCESS", map[string]any{
			"mchid": r.Merchant, "transaction_id": o.Trade, "out_trade_no": r.Of,
			"refund_id": r.Trade, "out_refund_no": r.Number, "refund_status": "SUCCESS",
			"success_time":          r.At.In(wechatZone).Format(time.RFC3339),
			"user_received_account": "支付用户零钱",
			"amount": map[string]any{
				"total": o.Amount, "refund": r.Amount, "payer_total": o.Amount,
				"payer_refund": r.Amount,
			},
		}
	}
	p := *e.Payout
	return p.Merchant, "mch_payment", "MCHTRANSFER.BILL.FINISHED", transferred(p)
}

// Request implements [Courier].
func (c wechatCourier) Request(
	ctx context.Context, n Notice, now time.Time,
) (*http.Request, error) {
	merchant, kind, event, fields := c.content(n.Event)
	switch n.Fault {
	case NoticeWrongAmount:
		fenMore(fields)
	case NoticeUnknownOrder:
		otherNumber(fields)
	case NoticeWrongMerchant:
		fields["mchid"], fields["mch_id"] = "1900000000", "1900000000"
	case NoticeWrongApp:
		fields["appid"] = "wx0000000000000000"
	default:
	}
	m, _ := c.merchant(merchant)
	body, err := envelope(m.APIv3Key, n, kind, event, fields, now)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.To, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if n.Fault == NoticeUnsigned {
		return req, nil
	}
	serial := ""
	if m.ByPublicKey {
		serial = c.public.serial
	}
	return req, c.signerFor(serial).sign(req.Header, body, now, n.Fault)
}

// envelope is the body of a notice, with what goes wrong in it.
func envelope(
	apiV3Key string, n Notice, kind, event string, fields map[string]any, now time.Time,
) ([]byte, error) {
	plain, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	sealed, err := seal(apiV3Key, plain, kind)
	if err != nil {
		return nil, err
	}
	sealed["original_type"] = kind
	whole := map[string]any{
		"id": n.ID, "create_time": now.In(wechatZone).Format(time.RFC3339), "event_type": event,
		"resource_type": "encrypt-resource", "resource": sealed, "summary": "",
	}
	switch n.Fault {
	case NoticeBadNonce:
		sealed["nonce"] = "eleven bytes"[:11]
	case NoticeWithoutContent:
		delete(whole, "resource")
	case NoticeGarbage:
		return []byte(`{"id": [`), nil
	case NoticeHuge:
		whole["summary"] = string(bytes.Repeat([]byte("x"), hugeBytes))
	default:
	}
	return json.Marshal(whole)
}
