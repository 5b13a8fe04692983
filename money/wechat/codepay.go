package wechat

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/services/payments"

	"hexhail/money"
)

// The library has no call for codes on the payer's phone: these are its texts, for the thin client.
const (
	pathCodepay = "/v3/pay/transactions/codepay"
	pathNumber  = "/v3/pay/transactions/out-trade-no/"
)

type codepay struct {
	App         string     `json:"appid"`
	Merchant    string     `json:"mchid"`
	Description string     `json:"description"`
	Number      string     `json:"out_trade_no"`
	Payer       codePayer  `json:"payer"`
	Amount      codeAmount `json:"amount"`
	Scene       codeScene  `json:"scene_info"`
}

type codePayer struct {
	Code string `json:"auth_code"`
}

type codeAmount struct {
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
}

type codeScene struct {
	Store codeStore `json:"store_info"`
}

// codeStore tells WeChat which of the merchant's shops it is: ours are the accounts.
type codeStore struct {
	ID string `json:"out_id,omitempty"`
}

type reversal struct {
	App      string `json:"appid"`
	Merchant string `json:"mchid"`
}

// firstTry is [money.Attempt].Tries during the first call: the worker counts before it calls.
const firstTry = 1

// When a barcode's order is reversed, by its age.
const (
	// reverseAfter is how long the payer has for the password.
	reverseAfter = 45 * time.Second
	// reverseLeast is WeChat's rule: nothing is reversed before.
	reverseLeast = 15 * time.Second
	// codeGone is when no code that was shown for an order can pay it any more: a code is good for
	// a minute, a call takes 5 s, and as much again for two clocks.
	codeGone = 2 * time.Minute
)

// chargeCode charges by the code on the payer's phone.
func (c *Client) chargeCode(
	ctx context.Context, o order, now time.Time,
) (money.Outcome, error) {
	var t payments.Transaction
	err := o.ask(ctx, "charge", http.MethodPost, pathCodepay, nil, codepay{
		App: o.app, Merchant: o.MchID, Description: c.description(o.attempt.Purpose),
		Number: o.number, Payer: codePayer{o.attempt.Token},
		Amount: codeAmount{int64(o.amount), currency},
		Scene:  codeScene{Store: codeStore{o.name}},
	}, &t)
	if err == nil {
		return c.stands(ctx, o, &t, now)
	}
	no := (*Error)(nil)
	switch {
	case errors.As(err, &no) && no.says(codesPaying):
		return c.paying(ctx, o, false, now)
	case no != nil && no.says(codesRefused) && o.attempt.Tries == firstTry:
		// Nothing was asked for before; the payer shows another code.
		return closed(reason(no.Code)), nil
	}
	return c.after(ctx, o, err, now)
}

// paying is where a barcode's order stands that is not paid: the payer has 45 s, unless the payment
// has failed already. Then it is ended as soon as WeChat lets us, as it may still be tried again.
func (c *Client) paying(
	ctx context.Context, o order, failed bool, now time.Time,
) (money.Outcome, error) {
	limit := reverseAfter
	if failed {
		limit = reverseLeast
	}
	age := now.Sub(o.attempt.MadeAt)
	if age >= limit {
		return c.reverse(ctx, o)
	}
	return money.Outcome{
		State: money.AttemptSent, Reason: "user_paying", Again: min(pollBarcode, limit-age),
	}, nil
}

// closeCode ends a barcode's order: it looks first, as a reverse gives back what was paid.
func (c *Client) closeCode(
	ctx context.Context, o order, now time.Time,
) (money.Outcome, error) {
	t, err := o.look(ctx)
	if no := (*Error)(nil); errors.As(err, &no) && no.says(codesNotExist) {
		if o.nobodyPays(now) {
			return closed("order_not_exist"), nil
		}
		return money.Outcome{
			State: money.AttemptUnknown, Reason: "order_not_exist", Again: againAfter,
		}, nil
	}
	if err != nil {
		return unknown(err)
	}
	out, err := c.stands(ctx, o, t, now)
	if err != nil || out.State != money.AttemptSent {
		return out, err
	}
	if early := reverseLeast - now.Sub(o.attempt.MadeAt); early > 0 {
		out.Again = early
		return out, nil
	}
	return c.reverse(ctx, o)
}

// reverse ends a barcode's order; if it was paid a moment ago, WeChat gives the money back.
func (c *Client) reverse(ctx context.Context, o order) (money.Outcome, error) {
	err := o.ask(ctx, "reverse", http.MethodPost,
		pathNumber+url.PathEscape(o.number)+"/reverse", nil,
		reversal{App: o.app, Merchant: o.MchID}, nil)
	no := (*Error)(nil)
	switch {
	case err == nil:
		return closed("reversed"), nil
	case errors.As(err, &no) && (no.says(codesReversed) || no.says(codesClosed)):
		return closed("reversed"), nil
	case no != nil && no.says(codesPaying):
		return money.Outcome{
			State: money.AttemptSent, Reason: "user_paying", Again: pollBarcode,
		}, nil
	}
	return unknown(err)
}
