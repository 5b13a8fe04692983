package wechat

import (
	"context"
	"errors"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/app"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"

	"hexhail/money"
)

// When an open attempt is looked at again.
const (
	pollBarcode = 4 * time.Second // while the payer types the password: WeChat asks for 3 to 5 s
	pollYoung   = 5 * time.Second // the payer has the app open; a notice is likely before
	pollOld     = time.Minute
	youngUntil  = time.Minute
	againAfter  = 5 * time.Second // an outcome that is not known
	againLimit  = 30 * time.Second
)

// Charge asks for the money of an attempt. By app, page and QR that makes an order and a ticket for
// the payer; by barcode it charges. An attempt that WeChat cannot be asked for is Closed, with the
// reason; one of an unknown merchant is an error.
func (c *Client) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	o, err := c.order(a)
	if err != nil {
		return refusedHere(err)
	}
	if err := o.keys.ready(ctx); err != nil {
		return unknown(err) // nothing was sent, and nothing could be verified
	}
	var ticket string
	switch a.Way {
	case money.WayBarcode:
		return c.chargeCode(ctx, o, now)
	case money.WayQR:
		ticket, err = c.prepayQR(ctx, o)
	case money.WayPage:
		ticket, err = c.prepayPage(ctx, o)
	default:
		ticket, err = c.prepayApp(ctx, o)
	}
	if err != nil {
		return c.after(ctx, o, o.said(ctx, "charge", err), now)
	}
	return money.Outcome{
		State: money.AttemptSent, Reason: "payer_pays", Again: poll(a, now), Ticket: ticket,
	}, nil
}

// after finds out where an order stands that WeChat did not simply take: it may be paid, closed or
// known on other terms, and a refusal is an end only if there is no order that could be paid.
func (c *Client) after(
	ctx context.Context, o order, err error, now time.Time,
) (money.Outcome, error) {
	no := (*Error)(nil)
	if !errors.As(err, &no) || !no.refused() {
		return unknown(err)
	}
	t, err := o.look(ctx)
	if missing := (*Error)(nil); errors.As(err, &missing) && missing.says(codesNotExist) {
		if o.nobodyPays(now) {
			return closed(reason(no.Code)), nil
		}
		return money.Outcome{
			State: money.AttemptUnknown, Reason: reason(no.Code), Again: againAfter,
		}, nil
	}
	if err != nil {
		return unknown(err)
	}
	return c.stands(ctx, o, t, now)
}

// nobodyPays reports whether an order that WeChat says is not there can never be paid, although it
// may come to be by a call that is still on its way, or be there and not yet seen. By app, page and
// QR it is paid with its ticket, which nobody has unless we do. A barcode's order is paid by the
// call itself: the code must be too old for any. A second call may well be refused because the
// first has used the code.
func (o order) nobodyPays(now time.Time) bool {
	switch {
	case o.attempt.Ticket != "" || o.attempt.Trade != "":
		return false
	case o.attempt.Way != money.WayBarcode:
		return true
	}
	return now.Sub(o.attempt.MadeAt) >= codeGone
}

// Query asks what became of an attempt. The order of a barcode whose payer has not confirmed within
// 45 s is reversed on the way: that moves no money to us.
func (c *Client) Query(ctx context.Context, a money.Attempt, now time.Time) (money.Outcome, error) {
	o, err := c.order(a)
	if err != nil {
		return refusedHere(err)
	}
	if err := o.keys.ready(ctx); err != nil {
		return unknown(err)
	}
	t, err := o.look(ctx)
	if no := (*Error)(nil); errors.As(err, &no) && no.says(codesNotExist) {
		if a.Ticket != "" || a.Trade != "" {
			// WeChat has told us of it before: one of the two words is wrong.
			return unknown(&MismatchError{o.number, "order", "not there", "there"})
		}
		if a.Way == money.WayBarcode && o.nobodyPays(now) {
			return closed("order_not_exist"), nil // its code would only be refused
		}
		return money.Outcome{State: money.AttemptCreated, Reason: "order_not_exist"}, nil
	}
	if err != nil {
		return unknown(err)
	}
	return c.stands(ctx, o, t, now)
}

// Close ends an attempt that is not paid. If there is no such order, the attempt is Closed by app,
// page and QR: whoever does not have its ticket cannot pay it, even if a request that is still on
// its way makes it. By barcode such a request would charge, so that the attempt stays Unknown for
// two minutes, until the code is too old for any request.
func (c *Client) Close(ctx context.Context, a money.Attempt, now time.Time) (money.Outcome, error) {
	o, err := c.order(a)
	if err != nil {
		return refusedHere(err)
	}
	if err := o.keys.ready(ctx); err != nil {
		return unknown(err)
	}
	if a.Way == money.WayBarcode {
		return c.closeCode(ctx, o, now)
	}
	service := native.NativeApiService{Client: o.api}
	_, err = service.CloseOrder(ctx, native.CloseOrderRequest{
		OutTradeNo: core.String(o.number), Mchid: core.String(o.MchID),
	})
	if err == nil {
		return closed("closed"), nil
	}
	err = o.said(ctx, "close", err)
	no := (*Error)(nil)
	switch {
	case errors.As(err, &no) && no.says(codesClosed):
		return closed("closed"), nil
	case no != nil && no.says(codesNotExist) && o.nobodyPays(now):
		return closed("order_not_exist"), nil
	case no == nil || !no.refused() || no.says(codesNotExist):
		return unknown(err)
	}
	t, err := o.look(ctx) // it may be paid
	if err != nil {
		return unknown(err)
	}
	return c.stands(ctx, o, t, now)
}

// look asks for an order.
func (o order) look(ctx context.Context) (*payments.Transaction, error) {
	service := native.NativeApiService{Client: o.api}
	t, _, err := service.QueryOrderByOutTradeNo(ctx, native.QueryOrderByOutTradeNoRequest{
		OutTradeNo: core.String(o.number), Mchid: core.String(o.MchID),
	})
	return t, o.said(ctx, "query", err)
}

// stands turns what WeChat says of an order into an outcome.
func (c *Client) stands(
	ctx context.Context, o order, t *payments.Transaction, now time.Time,
) (money.Outcome, error) {
	if err := o.same(t); err != nil {
		return unknown(err)
	}
	out := money.Outcome{Trade: text(t.TransactionId), Reason: reason(text(t.TradeState))}
	switch text(t.TradeState) {
	case "SUCCESS", "REFUND": // what was refunded was paid
		out.State, out.Reason = money.AttemptPaid, ""
	case "CLOSED", "REVOKED":
		out.State = money.AttemptClosed
	case "NOTPAY", "USERPAYING", "PAYERROR", "ACCEPT":
		if o.attempt.Way == money.WayBarcode {
			return c.paying(ctx, o, *t.TradeState == "PAYERROR", now)
		}
		out.State, out.Again = money.AttemptSent, poll(o.attempt, now)
	default:
		out.State, out.Again = money.AttemptUnknown, againAfter
	}
	return out, nil
}

// same refuses what is not about this order. The amount is told at the latest when it is paid.
func (o order) same(t *payments.Transaction) error {
	paid := text(t.TradeState) == "SUCCESS" || text(t.TradeState) == "REFUND"
	switch {
	case text(t.OutTradeNo) != o.number:
		return &MismatchError{o.number, "number", clean(text(t.OutTradeNo)), o.number}
	case text(t.Mchid) != o.MchID && (paid || t.Mchid != nil):
		return &MismatchError{o.number, "merchant", clean(text(t.Mchid)), o.MchID}
	case !o.owns(text(t.Appid)) && (paid || t.Appid != nil):
		return &MismatchError{o.number, "app", clean(text(t.Appid)), o.app}
	case t.Amount == nil && !paid:
		return nil
	case t.Amount == nil || t.Amount.Total == nil:
		return &MismatchError{o.number, "amount", "not told", o.amount}
	case money.Fen(*t.Amount.Total) != o.amount:
		return &MismatchError{o.number, "amount", money.Fen(*t.Amount.Total), o.amount}
	case t.Amount.Currency != nil && *t.Amount.Currency != currency:
		return &MismatchError{o.number, "currency", clean(*t.Amount.Currency), currency}
	}
	return nil
}

const currency = "CNY"

func (c *Client) prepayApp(ctx context.Context, o order) (string, error) {
	service := app.AppApiService{Client: o.api}
	made, _, err := service.Prepay(ctx, app.PrepayRequest{
		Appid: core.String(o.app), Mchid: core.String(o.MchID),
		Description: core.String(c.description(o.attempt.Purpose)),
		OutTradeNo:  core.String(o.number), NotifyUrl: core.String(c.config.NotifyURL),
		Amount: &app.Amount{
			Total: core.Int64(int64(o.amount)), Currency: core.String(currency),
		},
	})
	if err != nil {
		return "", err
	}
	return c.appTicket(ctx, o, text(made.PrepayId))
}

func (c *Client) prepayPage(ctx context.Context, o order) (string, error) {
	service := jsapi.JsapiApiService{Client: o.api}
	made, _, err := service.Prepay(ctx, jsapi.PrepayRequest{
		Appid: core.String(o.app), Mchid: core.String(o.MchID),
		Description: core.String(c.description(o.attempt.Purpose)),
		OutTradeNo:  core.String(o.number), NotifyUrl: core.String(c.config.NotifyURL),
		Amount: &jsapi.Amount{
			Total: core.Int64(int64(o.amount)), Currency: core.String(currency),
		},
		Payer: &jsapi.Payer{Openid: core.String(o.attempt.Token)},
	})
	if err != nil {
		return "", err
	}
	return c.pageTicket(ctx, o, text(made.PrepayId))
}

func (c *Client) prepayQR(ctx context.Context, o order) (string, error) {
	service := native.NativeApiService{Client: o.api}
	made, _, err := service.Prepay(ctx, native.PrepayRequest{
		Appid: core.String(o.app), Mchid: core.String(o.MchID),
		Description: core.String(c.description(o.attempt.Purpose)),
		OutTradeNo:  core.String(o.number), NotifyUrl: core.String(c.config.NotifyURL),
		Amount: &native.Amount{
			Total: core.Int64(int64(o.amount)), Currency: core.String(currency),
		},
	})
	if err != nil {
		return "", err
	}
	if text(made.CodeUrl) == "" || len(*made.CodeUrl) > maxTicket {
		return "", errNoTicket
	}
	return *made.CodeUrl, nil
}

// poll is when an order that waits for its payer is looked at again.
func poll(a money.Attempt, now time.Time) time.Duration {
	if now.Sub(a.MadeAt) < youngUntil {
		return pollYoung
	}
	return pollOld
}
