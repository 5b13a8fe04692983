package alipay

import (
	"context"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"hexhail/money"
)

// refundQuery is the call that need not say what it is about: there may be no refund.
const refundQuery = "alipay.trade.fastpay.refund.query"

// refundAgain is when a refund is asked about; Alipay wants 10 s.
const refundAgain = 10 * time.Second

// neverRefunded are the refusals after which a refund is never made under its number, once Alipay
// agrees that it has not been.
var neverRefunded = set(
	"ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
	"ACQ.REASON_TRADE_REFUND_FEE_ERR",
	"ACQ.TRADE_NOT_ALLOW_REFUND",
	"ACQ.TRADE_HAS_FINISHED",
	"ACQ.REASON_TRADE_BEEN_FREEZEN",
	"ACQ.REFUND_TIME_OUT",
	"ACQ.BUYER_NOT_EXIST",
	"ACQ.REASON_REFUND_EXCEED_LIMIT",
)

// hasEnded are the refusals of a refund of an order that is not paid any more: a payment by barcode
// that a cancel has given back, or one that was refunded as a whole.
var hasEnded = set(
	"ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID", "ACQ.TRADE_HAS_CLOSE",
)

// Refund implements money.Refunder. It is done at once, or refused; asked for again under the same
// number nothing moves, which Alipay says by fund_change=N, and the refund is looked at. Errors:
// *[Error], *[ConfigError], *money.AmountError.
func (c *Client) Refund(
	ctx context.Context, r money.Refund, now time.Time,
) (money.Outcome, error) {
	account, err := c.account(r.Merchant, string(r.ID))
	if err != nil {
		return unknown(err)
	}
	amount, err := yuan(r.Amount)
	if err != nil {
		return unknown(err)
	}
	got, err := account.ask(ctx, string(r.Of), sdk.TradeRefund{
		OutTradeNo: string(r.Of), OutRequestNo: string(r.ID), RefundAmount: amount,
		RefundReason: r.Why,
	})
	refusal, final := refusedWith(err, neverRefunded)
	_, ended := refusedWith(err, hasEnded)
	switch {
	case ended && r.Amount == r.Captured:
		return c.cancelled(ctx, account, r)
	case final:
		outcome, err := c.QueryRefund(ctx, r, now)
		if err == nil && outcome.State == money.AttemptCreated {
			outcome = money.Outcome{State: money.AttemptClosed, Reason: refusal.reason()}
		}
		return outcome, err
	case err != nil:
		outcome, err := unknown(err)
		outcome.Again = refundAgain
		return outcome, err
	case got.FundChange == "Y":
		return money.Outcome{State: money.AttemptPaid, Trade: got.TradeNo}, nil
	}
	return c.QueryRefund(ctx, r, now)
}

// cancelled is the outcome of the refund of a whole order that a cancel may have given back before:
// who hears of the payment first, and of the cancel never, asks for that. Alipay knows it as the
// refund under the order's own number.
func (c *Client) cancelled(
	ctx context.Context, account *account, r money.Refund,
) (money.Outcome, error) {
	got, err := account.ask(ctx, string(r.Of), sdk.TradeFastPayRefundQuery{
		OutTradeNo: string(r.Of), OutRequestNo: string(r.Of),
	})
	if err == nil && got.RefundStatus == "REFUND_SUCCESS" && got.OutRequestNo == string(r.Of) &&
		says(got.RefundAmount, r.Amount) {
		return money.Outcome{
			State: money.AttemptPaid, Reason: "given_back_by_cancel", Trade: got.TradeNo,
		}, nil
	}
	outcome, err := unknown(err)
	outcome.Again = refundAgain
	return outcome, err
}

// QueryRefund implements money.Refunder. A refund that Alipay does not know is Created: it is safe
// to ask for it again under its number. Errors: *[Error], *[ConfigError].
func (c *Client) QueryRefund(
	ctx context.Context, r money.Refund, _ time.Time,
) (money.Outcome, error) {
	account, err := c.account(r.Merchant, string(r.ID))
	if err != nil {
		return unknown(err)
	}
	got, err := account.ask(ctx, string(r.Of), sdk.TradeFastPayRefundQuery{
		OutTradeNo: string(r.Of), OutRequestNo: string(r.ID),
	})
	unclear := func(cause Cause) (money.Outcome, error) {
		outcome, err := unknown(&Error{Call: refundQuery, Order: string(r.ID), Cause: cause})
		outcome.Again = refundAgain
		return outcome, err
	}
	switch {
	case err != nil:
		outcome, err := unknown(err)
		outcome.Again = refundAgain
		return outcome, err
	case got.RefundStatus == "":
		return money.Outcome{
			State: money.AttemptCreated, Reason: "never_arrived", Again: refundAgain,
		}, nil
	case got.RefundStatus != "REFUND_SUCCESS":
		return unclear(CauseUnclear)
	case got.OutRequestNo != string(r.ID):
		return unclear(CauseForeign)
	case !says(got.RefundAmount, r.Amount):
		return unclear(CauseAmount)
	}
	return money.Outcome{State: money.AttemptPaid, Trade: got.TradeNo}, nil
}
