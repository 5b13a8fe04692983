package alipay

import (
	"context"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"hexhail/money"
)

// What Alipay says where an order is.
const (
	statusWaiting  = "WAIT_BUYER_PAY"
	statusPaid     = "TRADE_SUCCESS"
	statusFinished = "TRADE_FINISHED" // paid, and too old to be refunded
	statusClosed   = "TRADE_CLOSED"   // never paid, or all of it refunded
)

var (
	noOrder = set("ACQ.TRADE_NOT_EXIST")
	// notWaiting are the refusals to close an order that does not wait for its payer.
	notWaiting = set(
		"ACQ.TRADE_STATUS_ERROR", "ACQ.REASON_TRADE_STATUS_INVALID", "ACQ.REASON_ILLEGAL_STATUS",
		"ACQ.TRADE_HAS_SUCCESS", "ACQ.TRADE_HAS_FINISHED", "ACQ.TRADE_HAS_CLOSE",
	)
)

// Query implements money.Channel. A payment by barcode that still waits after [BarcodeWithin] is
// closed, as [Client.Close] does: its payer's code is void, and the taxi waits. An order that
// Alipay does not know: see the package's comment. Errors: *[Error], *[ConfigError].
func (c *Client) Query(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	outcome, err := c.look(ctx, a, now)
	if err == nil && a.Way == money.WayBarcode && !now.Before(c.ends(a)) && outcome.State.Open() {
		return c.Close(ctx, a, now)
	}
	return outcome, err
}

// look asks where an order is, and does no more.
func (c *Client) look(ctx context.Context, a money.Attempt, now time.Time) (money.Outcome, error) {
	account, err := c.account(a.Merchant, string(a.ID))
	if err != nil {
		return unknown(err)
	}
	query := sdk.TradeQuery{OutTradeNo: string(a.ID)}
	got, err := account.ask(ctx, string(a.ID), query)
	if _, ok := refusedWith(err, noOrder); ok {
		return c.absent(a, now), nil
	}
	if err != nil {
		return unknown(err)
	}
	switch got.TradeStatus {
	case statusPaid, statusFinished:
		return paid(query.APIName(), a, got)
	case statusClosed:
		return money.Outcome{
			State: money.AttemptClosed, Reason: "closed", Trade: got.TradeNo,
		}, nil
	case statusWaiting:
		return money.Outcome{
			State: money.AttemptSent, Trade: got.TradeNo, Again: patience(a, now),
		}, nil
	}
	return unknown(&Error{Call: query.APIName(), Order: string(a.ID), Cause: CauseUnclear})
}

// absent is the outcome of an order that Alipay does not know.
func (c *Client) absent(a money.Attempt, now time.Time) money.Outcome {
	opens := a.Way == money.WayApp || a.Way == money.WayQR
	switch {
	case a.Trade != "": // it has told us its number: one of its parts lags behind
		return money.Outcome{State: money.AttemptUnknown, Reason: "not_yet_seen", Again: again}
	case !opens || a.Ticket == "":
		// The call that makes it never arrived; or nobody has what would open it.
		return money.Outcome{State: money.AttemptCreated, Reason: "never_arrived"}
	case now.Before(c.ends(a).Add(grace)):
		return money.Outcome{
			State: money.AttemptSent, Reason: "not_opened", Again: patience(a, now),
		}
	}
	return money.Outcome{State: money.AttemptClosed, Reason: "expired"}
}

// patience is when an order is looked at again that its payer has not paid: a quarter of its age,
// 3 to 30 s. The notice is usually faster.
func patience(a money.Attempt, now time.Time) time.Duration {
	if a.Way == money.WayBarcode {
		return barcodeAgain
	}
	return min(max(now.Sub(a.MadeAt)/4, 3*time.Second), 30*time.Second)
}

// Close implements money.Channel. An order that its payer has not opened yet cannot be closed at
// Alipay, and could still be paid: it stays Sent until its time is over. A payment by barcode is
// cancelled; if its payer was faster, Alipay has given the money back by that, and it is closed.
// Errors: *[Error], *[ConfigError].
func (c *Client) Close(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	if a.Way == money.WayBarcode {
		return c.cancel(ctx, a, now, false)
	}
	account, err := c.account(a.Merchant, string(a.ID))
	if err != nil {
		return unknown(err)
	}
	_, err = account.ask(ctx, string(a.ID), sdk.TradeClose{OutTradeNo: string(a.ID)})
	if err == nil {
		return money.Outcome{State: money.AttemptClosed, Reason: "closed"}, nil
	}
	if _, ok := refusedWith(err, notWaiting); ok {
		return c.look(ctx, a, now)
	}
	if _, ok := refusedWith(err, noOrder); !ok {
		return unknown(err)
	}
	outcome := c.absent(a, now)
	if outcome.State == money.AttemptCreated { // and nobody can pay it
		return money.Outcome{State: money.AttemptClosed, Reason: "never_arrived"}, nil
	}
	return outcome, nil
}

// cancel ends a payment by barcode. It looks first: a cancel gives back what was paid, and a
// payment that came in time is to stay. If Alipay knows no such order, a call may still be on its
// way, unless the only one was refused: then the order is closed when no code is good any more.
func (c *Client) cancel(
	ctx context.Context, a money.Attempt, now time.Time, refused bool,
) (money.Outcome, error) {
	outcome, err := c.look(ctx, a, now)
	if err != nil || !outcome.State.Open() {
		return outcome, err
	}
	account, err := c.account(a.Merchant, string(a.ID))
	if err != nil {
		return unknown(err)
	}
	got, err := account.ask(ctx, string(a.ID), sdk.TradeCancel{OutTradeNo: string(a.ID)})
	switch {
	case err != nil:
		return unknown(err)
	case got.RetryFlag == "Y":
		return money.Outcome{
			State: money.AttemptUnknown, Reason: "cancel_again", Again: barcodeAgain,
		}, nil
	case got.Action == "" && !refused && now.Before(a.MadeAt.Add(codeGone)):
		return money.Outcome{
			State: money.AttemptUnknown, Reason: "never_seen", Again: again,
		}, nil
	case got.Action == "refund":
		return money.Outcome{
			State: money.AttemptClosed, Reason: "paid_late_and_given_back", Trade: got.TradeNo,
		}, nil
	}
	return money.Outcome{
		State: money.AttemptClosed, Reason: "not_confirmed", Trade: got.TradeNo,
	}, nil
}
