package standin

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"hexhail/money"
)

// alipayCourier tells as Alipay does: a form, signed.
type alipayCourier struct{ *Alipay }

// Taken implements [Courier]: only this word counts.
func (alipayCourier) Taken(status int, body []byte) bool {
	return status == http.StatusOK && string(body) == "success"
}

// Wait implements [Courier]: eight tries in 25 hours.
func (alipayCourier) Wait(tries int) (time.Duration, bool) {
	waits := []time.Duration{
		4 * time.Minute, 10 * time.Minute, 10 * time.Minute, time.Hour, 2 * time.Hour,
		6 * time.Hour, 15 * time.Hour,
	}
	if tries < 1 || tries > len(waits) {
		return 0, false
	}
	return waits[tries-1], true
}

// Request implements [Courier].
func (c alipayCourier) Request(
	ctx context.Context, n Notice, now time.Time,
) (*http.Request, error) {
	form := c.form(n, now)
	if err := c.signNotice(form, n.Fault); err != nil {
		return nil, err
	}
	body := form.Encode()
	if n.Fault == NoticeHuge {
		body += "&padding=" + strings.Repeat("x", 10<<20)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, n.To, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return r, nil
}

// form is what a notice says, with its fault.
func (c alipayCourier) form(n Notice, now time.Time) url.Values {
	at := now
	switch n.Fault {
	case NoticeOld:
		at = now.Add(-301 * time.Second)
	case NoticeAhead:
		at = now.Add(301 * time.Second)
	default:
	}
	form := url.Values{
		"notify_time": {at.In(beijing).Format(time.DateTime)},
		"notify_type": {"trade_status_sync"}, "notify_id": {n.ID},
		"charset": {"utf-8"}, "version": {"1.0"}, "sign_type": {"RSA2"},
	}
	switch {
	case n.Event.Order != nil:
		c.tradeForm(form, *n.Event.Order, now)
	case n.Event.Refund != nil:
		r := n.Event.Refund
		o, _ := c.Book.Order(money.Alipay, r.Merchant, r.Of)
		c.tradeForm(form, o, now)
		form.Set("out_biz_no", r.Number)
		form.Set("refund_fee", o.Refunded.String())
		form.Set("gmt_refund", r.At.In(beijing).Format("2006-01-02 15:04:05.000"))
	}
	switch n.Fault {
	case NoticeWrongAmount:
		for _, field := range []string{"total_amount", "refund_fee"} {
			if amount, err := money.ParseYuan(form.Get(field)); err == nil {
				form.Set(field, (amount + 1).String())
			}
		}
	case NoticeWrongMerchant:
		form.Set("seller_id", "2088999999999999")
	case NoticeWrongApp:
		form.Set("app_id", "2021999999999999")
	case NoticeUnknownOrder:
		form.Set("out_trade_no", "UNKNOWN"+form.Get("out_trade_no"))
		form.Set("out_biz_no", "UNKNOWN"+form.Get("out_biz_no"))
	case NoticeGarbage, NoticeWithoutContent, NoticeBadNonce:
		for _, field := range []string{"out_trade_no", "total_amount", "trade_status"} {
			form.Del(field)
		}
	default:
	}
	return form
}

func (c alipayCourier) tradeForm(form url.Values, o Order, now time.Time) {
	for field, value := range map[string]string{
		"app_id": o.App, "auth_app_id": o.App, "seller_id": o.Merchant,
		"out_trade_no": o.Number, "trade_no": o.Trade, "total_amount": o.Amount.String(),
		"receipt_amount": o.Amount.String(), "buyer_pay_amount": o.Amount.String(),
		"subject": o.Subject, "trade_status": alipayStatus(o, now),
		"buyer_id": "2088000000000000", "buyer_logon_id": whoPays(o),
		"gmt_create":  o.MadeAt.In(beijing).Format(time.DateTime),
		"gmt_payment": o.PaidAt.In(beijing).Format(time.DateTime),
		"fund_bill_list": `[{"amount":"` + o.Amount.String() + `","fundChannel":"` +
			fundChannel(o.Instrument) + `"}]`,
	} {
		form.Set(field, value)
	}
}

// signNotice signs a notice in the mode that its merchant used last; both may be told in
// certificate mode, whose field names the certificate.
func (c alipayCourier) signNotice(form url.Values, fault Fault) error {
	signer, err := c.signer(false)
	if err != nil {
		return err
	}
	if fault == NoticeWrongSerial {
		if signer, err = c.somebody(); err != nil {
			return err
		}
	}
	what := signable(form, "sign", "sign_type", "alipay_cert_sn")
	if fault == NoticeBadSignature {
		what = []byte("something else")
	}
	sign, err := signer.sign(what)
	if err != nil {
		return err
	}
	if m, ok := c.byApp(form.Get("app_id")); fault == NoticeWrongSerial || ok && m.certs {
		form.Set("alipay_cert_sn", cmp.Or(signer.sn, "none"))
	}
	if fault != NoticeUnsigned {
		form.Set("sign", sign)
	}
	return nil
}
