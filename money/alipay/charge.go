package alipay

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"hexhail/money"
)

// How long things take.
const (
	// BarcodeWithin is how long a payer may take to confirm a payment by barcode: after that it is
	// cancelled, as Alipay's own tills do.
	BarcodeWithin = 60 * time.Second
	// codeGone is how long after an attempt was made no code that was shown for it is good.
	codeGone = 2 * BarcodeWithin
	// barcodeAgain is when a payment by barcode is asked about that waits for its payer.
	barcodeAgain = 3 * time.Second
	// grace is how long after its end an order that Alipay does not know counts as one that can
	// still come: its clock and ours may differ, and it counts whole minutes.
	grace = 90 * time.Second
)

// neverPaid are the refusals of an order after which nobody pays it under this number. They are
// believed once Alipay, asked or told to cancel, agrees that it is not paid: an earlier call may
// have been carried out though nobody heard of it.
var neverPaid = set(
	"ACQ.PAYMENT_AUTH_CODE_INVALID", // a barcode that is used, or too old
	"ACQ.SOUNDWAVE_PARSER_FAIL",
	"ACQ.BUYER_BALANCE_NOT_ENOUGH",
	"ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH",
	"ACQ.ERROR_BALANCE_PAYMENT_DISABLE",
	"ACQ.BUYER_ENABLE_STATUS_FORBID",
	"ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR",
	"ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR",
	"ACQ.BEYOND_PAY_RESTRICTION",
	"ACQ.BEYOND_PER_RECEIPT_RESTRICTION",
	"ACQ.BUYER_SELLER_EQUAL",
	"ACQ.BUYER_NOT_EXIST",
	"ACQ.TRADE_BUYER_NOT_MATCH",
	"ACQ.MOBILE_PAYMENT_SWITCH_OFF",
	"ACQ.PULL_MOBILE_CASHIER_FAIL",
	"ACQ.PAYMENT_FAIL",
	"ACQ.PAYMENT_REQUEST_HAS_RISK",
	"ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE",
	"ACQ.USER_FACE_PAYMENT_SWITCH_OFF",
	"ACQ.SELLER_BEEN_BLOCKED",
	"ACQ.TOTAL_FEE_EXCEED",
	"ACQ.TRADE_HAS_CLOSE",
	"ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR",
)

// alreadyPaid are the refusals of an order that was paid before.
var alreadyPaid = set("ACQ.TRADE_HAS_SUCCESS")

// barcodes are the codes on payers' phones: 16 to 24 digits from 25 to 30 on.
var barcodes = regexp.MustCompile(`^(2[5-9]|30)[0-9]{14,22}$`)

// Charge implements money.Channel. In the app and by QR code nothing moves yet: the outcome is Sent
// with what opens the order. By barcode the payer may be asked to confirm: Sent, too. An order that
// is too old to be paid is closed instead. Errors: *[Error], *[ConfigError], *money.AmountError.
func (c *Client) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	account, err := c.account(a.Merchant, string(a.ID))
	if err != nil {
		return unknown(err)
	}
	amount, err := yuan(a.Charge())
	if err != nil {
		return unknown(err)
	}
	if !now.Before(c.ends(a)) {
		return c.Close(ctx, a, now)
	}
	trade := sdk.Trade{
		NotifyURL: c.notifyURL, Subject: c.title, OutTradeNo: string(a.ID), TotalAmount: amount,
		SellerId: account.sellerID, TimeExpire: c.ends(a).In(beijing).Format(time.DateTime),
	}
	switch a.Way {
	case money.WayApp:
		return c.chargeApp(account, trade)
	case money.WayPage:
		return c.chargePage(ctx, account, a, trade, now)
	case money.WayQR:
		return c.chargeQR(ctx, account, a, trade, now)
	case money.WayBarcode:
		return c.chargeBarcode(ctx, account, a, trade, now)
	default:
		return unknown(&ConfigError{"way", fmt.Sprintf("no such way: %q", a.Way)})
	}
}

// ends is when an attempt can be paid no more.
func (c *Client) ends(a money.Attempt) time.Time {
	if a.Way == money.WayBarcode {
		return a.MadeAt.Add(BarcodeWithin)
	}
	return a.MadeAt.Add(c.payWithin)
}

// chargeApp asks nobody: what opens the order is signed here, and the order comes into being when
// the payer's app hands it to Alipay.
func (c *Client) chargeApp(account *account, trade sdk.Trade) (money.Outcome, error) {
	trade.ProductCode = "QUICK_MSECURITY_PAY"
	ticket, err := account.client.TradeAppPay(sdk.TradeAppPay{Trade: trade})
	if err != nil {
		return unknown(&ConfigError{"private_key", "it does not sign"})
	}
	return money.Outcome{State: money.AttemptSent, Ticket: ticket, Again: again}, nil
}

func (c *Client) chargePage(
	ctx context.Context, account *account, a money.Attempt, trade sdk.Trade, now time.Time,
) (money.Outcome, error) {
	trade.ProductCode = "JSAPI_PAY"
	create := sdk.TradeCreate{Trade: trade, OpAppId: account.pageApp}
	if userIDs.MatchString(a.Token) {
		create.BuyerId = a.Token
	} else { // newer apps are told open ids only
		create.BuyerOpenId = a.Token
	}
	got, err := account.ask(ctx, string(a.ID), create)
	if err != nil {
		return c.notCharged(ctx, a, err, now)
	}
	return money.Outcome{
		State: money.AttemptSent, Ticket: got.TradeNo, Trade: got.TradeNo, Again: again,
	}, nil
}

func (c *Client) chargeQR(
	ctx context.Context, account *account, a money.Attempt, trade sdk.Trade, now time.Time,
) (money.Outcome, error) {
	trade.ProductCode = "QR_CODE_OFFLINE"
	// From the code's making on, in whole minutes: contracts differ in which of the two they know.
	left := max(int(c.ends(a).Sub(now)/time.Minute), 1)
	trade.TimeoutExpress = strconv.Itoa(left) + "m"
	got, err := account.ask(ctx, string(a.ID), sdk.TradePreCreate{Trade: trade})
	if err != nil {
		return c.notCharged(ctx, a, err, now)
	}
	if got.QRCode == "" {
		return unknown(&Error{
			Call: "alipay.trade.precreate", Order: string(a.ID), Cause: CauseUnclear,
		})
	}
	return money.Outcome{State: money.AttemptSent, Ticket: got.QRCode, Again: again}, nil
}

func (c *Client) chargeBarcode(
	ctx context.Context, account *account, a money.Attempt, trade sdk.Trade, now time.Time,
) (money.Outcome, error) {
	if !barcodes.MatchString(a.Token) { // nothing was ever sent with it
		return money.Outcome{State: money.AttemptClosed, Reason: "no_such_barcode"}, nil
	}
	trade.ProductCode = "FACE_TO_FACE_PAYMENT"
	trade.TimeExpire, trade.TimeoutExpress = "", "2m" // codeGone: by itself if we cannot cancel it
	pay := sdk.TradePay{Trade: trade, Scene: "bar_code", AuthCode: a.Token}
	got, err := account.ask(ctx, string(a.ID), pay)
	switch {
	case err != nil:
		return c.notCharged(ctx, a, err, now)
	case got.Code == codeWaiting:
		return money.Outcome{
			State: money.AttemptSent, Reason: "payer_confirms", Trade: got.TradeNo,
			Again: barcodeAgain,
		}, nil
	}
	return paid(pay.APIName(), a, got)
}

// paid is the outcome of an order that Alipay says is paid, if it is of our amount.
func paid(call string, a money.Attempt, got answer) (money.Outcome, error) {
	if !says(got.TotalAmount, a.Charge()) {
		return unknown(&Error{Call: call, Order: string(a.ID), Cause: CauseAmount})
	}
	return money.Outcome{State: money.AttemptPaid, Trade: got.TradeNo}, nil
}

// notCharged is the outcome of an order that Alipay refused, or did not answer.
func (c *Client) notCharged(
	ctx context.Context, a money.Attempt, err error, now time.Time,
) (money.Outcome, error) {
	if _, ok := refusedWith(err, alreadyPaid); ok {
		return c.Query(ctx, a, now)
	}
	refusal, ok := refusedWith(err, neverPaid)
	if !ok {
		return unknown(err)
	}
	outcome, err := c.end(ctx, a, now)
	if outcome.State == money.AttemptClosed {
		outcome.Reason = refusal.reason()
	}
	return outcome, err
}

// end closes an order that Alipay has refused. If that was its very first call, no other one can
// be on its way, and the driver may scan another code at once.
func (c *Client) end(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	if a.Way == money.WayBarcode {
		return c.cancel(ctx, a, now, a.Tries <= 1)
	}
	return c.Close(ctx, a, now)
}
