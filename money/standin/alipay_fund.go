package standin

import (
	"encoding/base64"
	"errors"
	"regexp"
	"time"

	"hexhail/money"
)

func (a *Alipay) refundTrade(ask alipayAsk) alipayAnswer {
	amount, err := money.ParseYuan(ask.RefundAmount)
	if err != nil || amount <= 0 || !alipayNumbers.MatchString(ask.OutRequestNo) {
		return refused("40004", "ACQ.INVALID_PARAMETER")
	}
	a.refunding.Lock()
	defer a.refunding.Unlock()
	_, again := a.Book.RefundOf(money.Alipay, ask.merchant.seller, ask.OutRequestNo)
	_, err = a.Book.Refund(Refund{
		Channel: money.Alipay, Merchant: ask.merchant.seller, Number: ask.OutRequestNo,
		Of: ask.OutTradeNo, Amount: amount, Reason: ask.RefundReason,
	}, ask.now)
	switch {
	case errors.Is(err, ErrUnknown):
		return refused("40004", "ACQ.TRADE_NOT_EXIST")
	case errors.Is(err, ErrNotPaid):
		return refused("40004", "ACQ.TRADE_STATUS_ERROR")
	case errors.Is(err, ErrOtherTerms):
		return refused("40004", "ACQ.DISCORDANT_REPEAT_REQUEST")
	case errors.Is(err, ErrTooMuch):
		return refused("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
	case errors.Is(err, ErrTooMany):
		return refused("40004", "ACQ.REASON_REFUND_EXCEED_LIMIT")
	case err != nil:
		return refused("40004", "ACQ.SYSTEM_ERROR")
	}
	o, _ := a.Book.Order(money.Alipay, ask.merchant.seller, ask.OutTradeNo)
	change := "Y"
	if again {
		change = "N"
	}
	return done(alipayAnswer{
		"out_trade_no": o.Number, "trade_no": o.Trade, "buyer_logon_id": whoPays(o),
		"fund_change": change, "refund_fee": o.Refunded.String(),
	})
}

// queryRefund tells of a refund; of one that is not there it says nothing, successfully.
func (a *Alipay) queryRefund(ask alipayAsk) alipayAnswer {
	o, ok := a.Book.Order(money.Alipay, ask.merchant.seller, ask.OutTradeNo)
	if !ok {
		return refused("40004", "ACQ.TRADE_NOT_EXIST")
	}
	if o.State == Reversed && !o.PaidAt.IsZero() && ask.OutRequestNo == o.Number { // by a cancel
		return done(refundFields(o, o.Number, o.Amount, o.PaidAt))
	}
	r, ok := a.Book.RefundOf(money.Alipay, ask.merchant.seller, ask.OutRequestNo)
	if !ok || r.Of != o.Number {
		return done(alipayAnswer{})
	}
	return done(refundFields(o, r.Number, r.Amount, r.At))
}

func refundFields(o Order, number string, amount money.Fen, at time.Time) alipayAnswer {
	return alipayAnswer{
		"out_trade_no": o.Number, "trade_no": o.Trade, "out_request_no": number,
		"total_amount": o.Amount.String(), "refund_amount": amount.String(),
		"refund_status": "REFUND_SUCCESS", "gmt_refund_pay": at.In(beijing).Format(time.DateTime),
	}
}

var alipayUsers = regexp.MustCompile(`^2088[0-9]{12}$`)

// transfer pays out to an account of Alipay's.
func (a *Alipay) transfer(ask alipayAsk) alipayAnswer {
	amount, err := money.ParseYuan(ask.TransAmount)
	login := ask.Payee.IdentityType == "ALIPAY_LOGON_ID" && ask.Payee.Name != ""
	user := ask.Payee.IdentityType == "ALIPAY_USER_ID" &&
		alipayUsers.MatchString(ask.Payee.Identity)
	switch {
	case !ask.certs:
		return refused("40006", "isv.insufficient-isv-permissions")
	case err != nil || !alipayNumbers.MatchString(ask.OutBizNo) || !login && !user ||
		ask.ProductCode != "TRANS_ACCOUNT_NO_PWD" || ask.Payee.Identity == "":
		return refused("40004", "INVALID_PARAMETER")
	case amount < 10:
		return refused("40004", "EXCEED_LIMIT_SM_MIN_AMOUNT")
	}
	p, err := a.Book.PayOut(Payout{
		Channel: money.Alipay, Merchant: ask.merchant.seller, App: ask.merchant.app,
		Number: ask.OutBizNo, Account: ask.Payee.Identity, Name: ask.Payee.Name,
		Amount: amount, Note: ask.Remark,
	}, ask.now)
	switch {
	case errors.Is(err, ErrOtherTerms):
		return refused("40004", "PAYMENT_INFO_INCONSISTENCY")
	case err != nil:
		return refused("20000", "isp.unknow-error")
	case p.Failed != "":
		return refused("40004", "PAYEE_USER_INFO_ERROR")
	}
	return done(alipayAnswer{
		"out_biz_no": p.Number, "order_id": p.Trade, "status": "SUCCESS",
		"trans_date": p.At.In(beijing).Format(time.DateTime),
	})
}

func (a *Alipay) queryTransfer(ask alipayAsk) alipayAnswer {
	p, ok := a.Book.PayoutOf(money.Alipay, ask.merchant.seller, ask.OutBizNo)
	if !ok {
		return refused("40004", "ORDER_NOT_EXIST")
	}
	fields := alipayAnswer{
		"out_biz_no": p.Number, "order_id": p.Trade, "trans_amount": p.Amount.String(),
		"status": "SUCCESS", "pay_date": p.At.In(beijing).Format(time.DateTime),
	}
	if p.Failed != "" {
		fields["status"], fields["error_code"] = "FAIL", "PAYEE_USER_INFO_ERROR"
	}
	return done(fields)
}

// certificate hands out certificates to whoever asks, the stranger's too: who believes what is
// downloaded here believes everybody.
func (a *Alipay) certificate(alipayAsk) alipayAnswer {
	stranger, err := a.somebody()
	if err != nil {
		return refused("20000", "isp.unknow-error")
	}
	return done(alipayAnswer{
		"alipay_cert_content": base64.StdEncoding.EncodeToString([]byte(stranger.certPEM())),
	})
}
