package wechat

import (
	"context"
	"errors"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"hexhail/money"
)

const (
	// refundAgain is how long a refund is left alone: WeChat wants a minute between two calls.
	refundAgain = time.Minute
	// abnormalAgain is how often a refund is looked at whose card is gone: people have to act.
	abnormalAgain = time.Hour
	// refundSeen is how long after it was made a refund may be there and not yet be seen. Only then
	// is a refusal an end.
	refundSeen = 10 * time.Minute
)

// Refund gives money of an attempt back. The same id is the same refund, whatever became of earlier
// calls. It is Sent while WeChat is at it (a bank card takes days) and while the payer's card is
// gone and somebody has to enter another at the merchant's site. WeChat makes ≤ 50 refunds of an
// order; the next is Closed.
func (c *Client) Refund(
	ctx context.Context, r money.Refund, now time.Time,
) (money.Outcome, error) {
	o, err := c.refundOf(r)
	if err != nil {
		return refusedHere(err)
	}
	if err := o.keys.ready(ctx); err != nil {
		return later(unknown(err))
	}
	service := refunddomestic.RefundsApiService{Client: o.api}
	made, _, err := service.Create(ctx, refunddomestic.CreateRequest{
		OutTradeNo: core.String(o.number), OutRefundNo: core.String(string(r.ID)),
		Reason: words(r.Why), NotifyUrl: core.String(c.config.NotifyURL),
		Amount: &refunddomestic.AmountReq{
			Refund: core.Int64(int64(r.Amount)), Total: core.Int64(int64(o.amount)),
			Currency: core.String(currency),
		},
	})
	if err == nil {
		return o.refunded(r, made)
	}
	err = o.said(ctx, "refund", err)
	no := (*Error)(nil)
	switch {
	case !errors.As(err, &no) || !no.refused():
		return later(unknown(err))
	case codesNotEnough[no.Code]:
		// Our account is empty, which passes; the same id may be asked for again.
		return money.Outcome{
			State: money.AttemptCreated, Reason: reason(no.Code), Again: abnormalAgain,
		}, nil
	}
	// Refused; but perhaps because it was made already, on a call whose answer was lost.
	out, err := c.QueryRefund(ctx, r, now)
	switch {
	case err != nil || out.State != money.AttemptCreated:
		return out, err
	case now.Sub(r.MadeAt) >= refundSeen:
		return closed(reason(no.Code)), nil
	}
	out.State, out.Reason = money.AttemptUnknown, reason(no.Code) // perhaps it is not yet seen
	return out, nil
}

// QueryRefund asks what became of a refund. Created means that WeChat does not know it: it is asked
// for again under the same id.
func (c *Client) QueryRefund(
	ctx context.Context, r money.Refund, _ time.Time,
) (money.Outcome, error) {
	o, err := c.refundOf(r)
	if err != nil {
		return refusedHere(err)
	}
	if err := o.keys.ready(ctx); err != nil {
		return later(unknown(err))
	}
	service := refunddomestic.RefundsApiService{Client: o.api}
	made, _, err := service.QueryByOutRefundNo(ctx, refunddomestic.QueryByOutRefundNoRequest{
		OutRefundNo: core.String(string(r.ID)),
	})
	if err == nil {
		return o.refunded(r, made)
	}
	err = o.said(ctx, "query refund", err)
	if no := (*Error)(nil); errors.As(err, &no) && no.says(codesNotFound) {
		return money.Outcome{
			State: money.AttemptCreated, Reason: reason(no.Code), Again: refundAgain,
		}, nil
	}
	return later(unknown(err))
}

// refundOf checks a refund and finds the order that it is of. Errors: as [Client.order].
func (c *Client) refundOf(r money.Refund) (order, error) {
	account, err := c.of(r.Merchant)
	if err != nil {
		return order{}, err
	}
	o := order{account: account, number: string(r.Of), amount: r.Captured}
	switch {
	case !isNumber(o.number, leastNumber, mostNumber, "_-*"):
		return o, &OrderError{"number", r.Of, "6 to 32 letters, digits, _ - *"}
	case !isNumber(string(r.ID), 1, mostRefundNo, "_-|*@"):
		return o, &OrderError{"refund", r.ID, "1 to 64 letters, digits, _ - | * @"}
	case r.Amount <= 0 || r.Amount > o.amount:
		return o, &OrderError{"amount", r.Amount, "at most what was paid"}
	case len(r.Why) > money.MaxRefundWhy:
		return o, &OrderError{"why", len(r.Why), "80 bytes at most"}
	}
	return o, nil
}

// refunded turns what WeChat says of a refund into an outcome.
func (o order) refunded(r money.Refund, made *refunddomestic.Refund) (money.Outcome, error) {
	switch {
	case text(made.OutRefundNo) != string(r.ID):
		return later(unknown(&MismatchError{
			string(r.ID), "refund", clean(text(made.OutRefundNo)), r.ID,
		}))
	case text(made.OutTradeNo) != o.number:
		return later(unknown(&MismatchError{
			string(r.ID), "order", clean(text(made.OutTradeNo)), o.number,
		}))
	case made.Amount == nil || made.Amount.Refund == nil:
		return later(unknown(&MismatchError{string(r.ID), "amount", "not told", r.Amount}))
	case money.Fen(*made.Amount.Refund) != r.Amount:
		return later(unknown(&MismatchError{
			string(r.ID), "amount", money.Fen(*made.Amount.Refund), r.Amount,
		}))
	}
	status := ""
	if made.Status != nil {
		status = string(*made.Status)
	}
	return refundState(status, text(made.RefundId)), nil
}

// refundState is what a refund's status means.
func refundState(status, trade string) money.Outcome {
	out := money.Outcome{Reason: reason(status), Trade: trade}
	switch status {
	case "SUCCESS":
		out.State, out.Reason = money.AttemptPaid, ""
	case "CLOSED":
		out.State = money.AttemptClosed
	case "PROCESSING":
		out.State, out.Again = money.AttemptSent, refundAgain
	case "ABNORMAL":
		out.State, out.Again = money.AttemptSent, abnormalAgain
	default:
		out.State, out.Again = money.AttemptUnknown, refundAgain
	}
	return out
}

// later keeps a minute between two calls about a refund or payout.
func later(out money.Outcome, err error) (money.Outcome, error) {
	out.Again = max(out.Again, refundAgain)
	return out, err
}

func words(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
