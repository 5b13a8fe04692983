package standin

import (
	"cmp"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"

	"hexhail/money"
)

// passwordFrom is the least amount by barcode that the payer has to confirm on the phone.
const passwordFrom = 1_000 * 100

var (
	alipayNumbers  = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)
	alipayBarcodes = regexp.MustCompile(`^(2[5-9]|30)[0-9]{14,22}$`)
)

// order is the order that a request is about, or why there can be none.
func (ask alipayAsk) order(way money.Way) (Order, alipayAnswer) {
	amount, err := money.ParseYuan(ask.TotalAmount)
	wrong := err != nil || amount <= 0 || ask.Subject == "" ||
		!alipayNumbers.MatchString(ask.OutTradeNo) ||
		ask.SellerID != "" && ask.SellerID != ask.merchant.seller
	expires, ok := ask.expires()
	if wrong || !ok {
		return Order{}, refused("40004", "ACQ.INVALID_PARAMETER")
	}
	if !ask.now.Before(expires) {
		return Order{}, refused("40004", "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR")
	}
	return Order{
		Channel: money.Alipay, Merchant: ask.merchant.seller, App: ask.merchant.app,
		Number: ask.OutTradeNo, Way: way, Amount: amount, Subject: ask.Subject,
		Notify: ask.notify, Expires: expires, Payer: cmp.Or(ask.BuyerID, ask.BuyerOpenID),
	}, nil
}

// expires is when an order ends by itself: at a time, after some minutes, or after 15 days.
func (ask alipayAsk) expires() (time.Time, bool) {
	if ask.TimeExpire != "" {
		at, err := time.ParseInLocation(time.DateTime, ask.TimeExpire, beijing)
		return at, err == nil
	}
	if ask.TimeoutExpress == "" {
		return ask.now.AddDate(0, 0, 15), true
	}
	n, err := strconv.Atoi(strings.TrimSuffix(ask.TimeoutExpress, "m"))
	ok := err == nil && n >= 1 && n <= 15*24*60 && strings.HasSuffix(ask.TimeoutExpress, "m")
	return ask.now.Add(time.Duration(n) * time.Minute), ok
}

// alipayStatus is how Alipay says where an order is.
func alipayStatus(o Order, now time.Time) string {
	switch {
	case o.State == Paid && o.Refunded < o.Amount:
		return "TRADE_SUCCESS"
	case (o.State == Waiting || o.State == Paying) && now.Before(o.Expires):
		return "WAIT_BUYER_PAY"
	}
	return "TRADE_CLOSED"
}

// opened opens an order, or refuses as Alipay does what cannot be paid any more.
func opened(o Order, err error, now time.Time) alipayAnswer {
	switch {
	case errors.Is(err, ErrOtherTerms):
		return refused("40004", "ACQ.CONTEXT_INCONSISTENT")
	case errors.Is(err, ErrCodeUsed):
		return refused("40004", "ACQ.PAYMENT_AUTH_CODE_INVALID")
	case err != nil:
		return refused("40004", "ACQ.SYSTEM_ERROR")
	}
	switch alipayStatus(o, now) {
	case "WAIT_BUYER_PAY":
		return nil
	case "TRADE_SUCCESS":
		return refused("40004", "ACQ.TRADE_HAS_SUCCESS")
	}
	return refused("40004", "ACQ.TRADE_HAS_CLOSE")
}

// remember makes an order known by Alipay's own number.
func (a *Alipay) remember(o Order) {
	a.mu.Lock()
	defer a.mu.Unlock()
	room(a.trades)
	a.trades[o.Trade] = key{o.Channel, o.Merchant, o.Number}
}

func (a *Alipay) create(ask alipayAsk) alipayAnswer {
	o, no := ask.order(money.WayPage)
	if no != nil {
		return no
	}
	if o.Payer == "" {
		return refused("40004", "ACQ.BUYER_NOT_EXIST")
	}
	o, err := a.Book.Open(o, ask.now)
	if no := opened(o, err, ask.now); no != nil {
		return no
	}
	a.remember(o)
	return done(alipayAnswer{"out_trade_no": o.Number, "trade_no": o.Trade})
}

// precreate makes a QR code. The order comes into being when somebody scans it.
func (a *Alipay) precreate(ask alipayAsk) alipayAnswer {
	o, no := ask.order(money.WayQR)
	if no != nil {
		return no
	}
	if old, ok := a.Book.Order(money.Alipay, o.Merchant, o.Number); ok {
		if no := opened(old, nil, ask.now); no != nil {
			return no
		}
	}
	code := "https://qr.alipay.com/" + a.ticket("qr", o.App, o.Number)
	a.mu.Lock()
	defer a.mu.Unlock()
	if old, ok := a.prepared[code]; ok && old.Amount != o.Amount {
		return refused("40004", "ACQ.CONTEXT_INCONSISTENT")
	}
	room(a.prepared)
	a.prepared[code] = o
	return done(alipayAnswer{"out_trade_no": o.Number, "qr_code": code})
}

// payByBarcode pays at once, unless the payer has to confirm.
func (a *Alipay) payByBarcode(ask alipayAsk) alipayAnswer {
	o, no := ask.order(money.WayBarcode)
	if no != nil {
		return no
	}
	if !alipayBarcodes.MatchString(ask.AuthCode) || strings.HasSuffix(ask.AuthCode, codeExpired) {
		return refused("40004", "ACQ.PAYMENT_AUTH_CODE_INVALID")
	}
	payer, password := a.shown(ask.AuthCode, o.Amount)
	o.Payer = payer.Account
	o, err := a.Book.OpenWith(ask.AuthCode, o, ask.now)
	if no := opened(o, err, ask.now); no != nil {
		return no
	}
	a.remember(o)
	if !payer.covers(o.Amount) {
		return refused("40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH")
	}
	if o.State == Paying || password || ask.fault == UserPaying {
		if _, err := a.Book.Wait(money.Alipay, o.Merchant, o.Number); err != nil {
			return refused("40004", "ACQ.SYSTEM_ERROR")
		}
		return alipayAnswer{
			"code": "10003", "msg": "order success pay inprocess",
			"out_trade_no": o.Number, "trade_no": o.Trade, "total_amount": o.Amount.String(),
		}
	}
	if o, err = a.Book.Pay(money.Alipay, o.Merchant, o.Number, payer, ask.now); err != nil {
		return refused("40004", "ACQ.TRADE_HAS_CLOSE")
	}
	return done(tradeFields(o))
}

// tradeFields is what Alipay tells of an order that is paid.
func tradeFields(o Order) alipayAnswer {
	fields := alipayAnswer{
		"out_trade_no": o.Number, "trade_no": o.Trade, "total_amount": o.Amount.String(),
		"buyer_logon_id": whoPays(o),
	}
	if o.State == Paid {
		fields["receipt_amount"], fields["buyer_pay_amount"] = o.Amount.String(), o.Amount.String()
		fields["gmt_payment"] = o.PaidAt.In(beijing).Format(time.DateTime)
		fields["send_pay_date"] = fields["gmt_payment"]
		fields["fund_bill_list"] = []map[string]string{{
			"fund_channel": fundChannel(o.Instrument), "amount": o.Amount.String(),
			"real_amount": o.Amount.String(),
		}}
	}
	return fields
}

// fundChannel is Alipay's word for what a wallet paid with.
func fundChannel(instrument string) string {
	switch instrument {
	case "hongbao":
		return "COUPON"
	case "card":
		return "BANKCARD"
	case "credit":
		return "PCREDIT"
	case "fund":
		return "MONEYFUND"
	}
	return "ALIPAYACCOUNT"
}

func (a *Alipay) queryTrade(ask alipayAsk) alipayAnswer {
	o, ok := a.Book.Order(money.Alipay, ask.merchant.seller, ask.OutTradeNo)
	if !ok {
		return refused("40004", "ACQ.TRADE_NOT_EXIST")
	}
	fields := tradeFields(o)
	fields["trade_status"] = alipayStatus(o, ask.now)
	return done(fields)
}

func (a *Alipay) closeTrade(ask alipayAsk) alipayAnswer {
	o, ok := a.Book.Order(money.Alipay, ask.merchant.seller, ask.OutTradeNo)
	if !ok {
		return refused("40004", "ACQ.TRADE_NOT_EXIST")
	}
	if alipayStatus(o, ask.now) != "WAIT_BUYER_PAY" {
		return refused("40004", "ACQ.TRADE_STATUS_ERROR")
	}
	o, err := a.Book.Close(money.Alipay, o.Merchant, o.Number)
	if err != nil {
		return refused("40004", "ACQ.TRADE_STATUS_ERROR")
	}
	return done(alipayAnswer{"out_trade_no": o.Number, "trade_no": o.Trade})
}

// cancelTrade ends an order whether it is paid or not. One that is not there counts as cancelled.
func (a *Alipay) cancelTrade(ask alipayAsk) alipayAnswer {
	fields := alipayAnswer{"out_trade_no": ask.OutTradeNo, "retry_flag": "N"}
	o, err := a.Book.Reverse(money.Alipay, ask.merchant.seller, ask.OutTradeNo)
	switch {
	case errors.Is(err, ErrUnknown):
		return done(fields)
	case err != nil:
		return refused("40004", "ACQ.REASON_TRADE_REFUND_FEE_ERR")
	}
	fields["trade_no"], fields["action"] = o.Trade, "close"
	if !o.PaidAt.IsZero() {
		fields["action"] = "refund"
	}
	return done(fields)
}
