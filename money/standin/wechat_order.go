package standin

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"hexhail/money"
)

// terms are the fields of a prepaid order and of one by barcode.
type terms struct {
	App         string `json:"appid"`
	Merchant    string `json:"mchid"`
	Description string `json:"description"`
	Number      string `json:"out_trade_no"`
	Notify      string `json:"notify_url"`
	Expire      string `json:"time_expire"`
	Amount      struct {
		Total    money.Fen `json:"total"`
		Currency string    `json:"currency"`
	} `json:"amount"`
	Payer struct {
		OpenID string `json:"openid"`
		Code   string `json:"auth_code"`
	} `json:"payer"`
}

// order reads an order, or says what is wrong with it.
func (x exchange) order(way money.Way) (Order, *reply) {
	var t terms
	no := func(code, message string) *reply {
		said := refuse(http.StatusBadRequest, code, message)
		return &said
	}
	switch {
	case !x.decode(&t):
		return Order{}, no("PARAM_ERROR", "no order")
	case t.Merchant != x.merchant.MchID:
		return Order{}, no("PARAM_ERROR", "mchid is not the one that signs")
	case !x.merchant.bound(t.App):
		return Order{}, no("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
	case !oneOf(t.Number, 6, 32, "_-*"):
		return Order{}, no("PARAM_ERROR", "out_trade_no")
	case t.Description == "" || len(t.Description) > 127:
		return Order{}, no("PARAM_ERROR", "description")
	case t.Amount.Total <= 0 || t.Amount.Currency != "" && t.Amount.Currency != "CNY":
		return Order{}, no("PARAM_ERROR", "amount")
	case way != money.WayBarcode && !strings.HasPrefix(t.Notify, "http"):
		return Order{}, no("PARAM_ERROR", "notify_url")
	case way == money.WayPage && t.Payer.OpenID == "":
		return Order{}, no("PARAM_ERROR", "openid")
	case way == money.WayBarcode && len(t.Payer.Code) != 18:
		return Order{}, no("PARAM_ERROR", "auth_code")
	}
	o := Order{
		Channel: money.WeChat, Merchant: t.Merchant, App: t.App, Number: t.Number, Way: way,
		Amount: t.Amount.Total, Subject: t.Description, Notify: t.Notify, Payer: t.Payer.OpenID,
	}
	if t.Expire != "" {
		var err error
		if o.Expires, err = time.Parse(time.RFC3339, t.Expire); err != nil {
			return o, no("PARAM_ERROR", "time_expire")
		}
	}
	return o, nil
}

// prepay makes an order that the payer pays with what the answer holds.
func (x exchange) prepay(way money.Way) reply {
	o, no := x.order(way)
	if no != nil {
		return *no
	}
	made, err := x.config.Book.Open(o, x.now)
	if err != nil {
		return said(err)
	}
	switch made.State {
	case Paid:
		return refuse(http.StatusBadRequest, "ORDERPAID", "该订单已支付")
	case Closed, Reversed:
		return refuse(http.StatusBadRequest, "ORDER_CLOSED", "订单已关闭")
	case Waiting, Paying:
	}
	ticket := "wx" + nonce(17)
	if way == money.WayQR {
		ticket = "weixin://wxpay/bizpayurl?pr=" + nonce(5)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.prepaid) >= MaxOrders {
		return said(errBookIsFull)
	}
	x.prepaid[ticket] = key{money.WeChat, o.Merchant, o.Number}
	if way == money.WayQR {
		return reply{http.StatusOK, map[string]any{"code_url": ticket}, nil}
	}
	return reply{http.StatusOK, map[string]any{"prepay_id": ticket}, nil}
}

// codepay charges by the code on the payer's phone.
func (x exchange) codepay() reply {
	o, no := x.order(money.WayBarcode)
	if no != nil {
		return *no
	}
	var t terms
	_ = x.decode(&t) // order has read it
	code := t.Payer.Code
	switch {
	case code[0] != '1' || code[1] > '5' || strings.Trim(code, "0123456789") != "":
		return refuse(http.StatusBadRequest, "AUTH_CODE_INVALID", "付款码无效")
	case strings.HasSuffix(code, "9001"):
		return refuse(http.StatusBadRequest, "AUTH_CODE_EXPIRED", "付款码已过期，请用户在微信上刷新后再试")
	}
	payer := x.payer(code)
	o.Payer = payer.Account
	made, err := x.config.Book.OpenWith(code, o, x.now)
	if err != nil {
		return said(err)
	}
	switch made.State {
	case Paid:
		return reply{http.StatusOK, transaction(made), nil}
	case Closed:
		return refuse(http.StatusBadRequest, "ORDER_CLOSED", "订单已关闭")
	case Reversed:
		return refuse(http.StatusBadRequest, "ORDER_REVERSED", "订单已撤销")
	case Waiting, Paying:
	}
	switch {
	case strings.HasSuffix(code, "9002"), !payer.covers(o.Amount):
		return refuse(http.StatusForbidden, "NOT_ENOUGH", "用户账号余额不足")
	case x.fault == UserPaying || strings.HasSuffix(code, "9003") || made.State == Paying:
		if _, err := x.config.Book.Wait(money.WeChat, o.Merchant, o.Number); err != nil {
			return said(err)
		}
		return refuse(http.StatusBadRequest, "USERPAYING", "需要用户输入支付密码")
	}
	made, err = x.config.Book.Pay(money.WeChat, o.Merchant, o.Number, payer, x.now)
	if err != nil {
		return said(err)
	}
	return reply{http.StatusOK, transaction(made), nil}
}

func (x exchange) query() reply {
	if x.request.URL.Query().Get("mchid") != x.merchant.MchID {
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "mchid is not the one that signs")
	}
	o, ok := x.config.Book.Order(money.WeChat, x.merchant.MchID, x.number)
	if !ok {
		return said(ErrUnknown)
	}
	return reply{http.StatusOK, transaction(o), nil}
}

func (x exchange) close() reply {
	var t terms
	if !x.decode(&t) || t.Merchant != x.merchant.MchID {
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "mchid is not the one that signs")
	}
	if o, ok := x.config.Book.Order(money.WeChat, t.Merchant, x.number); ok && o.State == Paying {
		return refuse(http.StatusBadRequest, "USERPAYING", "用户支付中")
	}
	if _, err := x.config.Book.Close(money.WeChat, t.Merchant, x.number); err != nil {
		return said(err)
	}
	return reply{status: http.StatusNoContent}
}

func (x exchange) reverse() reply {
	var t terms
	if !x.decode(&t) || t.Merchant != x.merchant.MchID || !x.merchant.bound(t.App) {
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "appid, mchid")
	}
	o, ok := x.config.Book.Order(money.WeChat, t.Merchant, x.number)
	switch {
	case !ok:
		return said(ErrUnknown)
	case o.Way != money.WayBarcode:
		return refuse(http.StatusForbidden, "INVALID_REQUEST", "仅付款码支付可以撤销")
	}
	o, err := x.config.Book.Reverse(money.WeChat, t.Merchant, x.number)
	if err != nil {
		return said(err)
	}
	return reply{http.StatusOK, map[string]any{
		"appid": o.App, "mchid": o.Merchant, "out_trade_no": o.Number,
	}, nil}
}

var tradeTypes = map[money.Way]string{
	money.WayApp: "APP", money.WayPage: "JSAPI", money.WayQR: "NATIVE",
	money.WayBarcode: "MICROPAY",
}

var tradeStates = map[OrderState][2]string{
	Waiting: {"NOTPAY", "订单未支付"}, Paying: {"USERPAYING", "需要用户输入支付密码"},
	Paid: {"SUCCESS", "支付成功"}, Closed: {"CLOSED", "订单已关闭"},
	Reversed: {"REVOKED", "订单已撤销"},
}

// transaction is an order as WeChat tells it in answers and notices.
func transaction(o Order) map[string]any {
	state := tradeStates[o.State]
	if o.State == Paid && o.Refunded > 0 {
		state = [2]string{"REFUND", "订单发生过退款"}
	}
	fields := map[string]any{
		"appid": o.App, "mchid": o.Merchant, "out_trade_no": o.Number,
		"trade_state": state[0], "trade_state_desc": state[1],
		"amount": map[string]any{
			"total": o.Amount, "payer_total": o.Amount, "currency": "CNY",
			"payer_currency": "CNY",
		},
	}
	if o.State == Paid {
		fields["transaction_id"], fields["trade_type"] = o.Trade, tradeTypes[o.Way]
		fields["bank_type"] = "OTHERS"
		fields["success_time"] = o.PaidAt.In(wechatZone).Format(time.RFC3339)
		fields["payer"] = map[string]any{"openid": o.Payer}
	}
	return fields
}

// wechatZone is where WeChat's times are.
var wechatZone = time.FixedZone("CST", 8*60*60)

// said puts what a book refuses into WeChat's words.
func said(err error) reply {
	switch {
	case errors.Is(err, ErrUnknown):
		return refuse(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
	case errors.Is(err, ErrOtherTerms):
		return refuse(http.StatusForbidden, "OUT_TRADE_NO_USED", "商户订单号重复")
	case errors.Is(err, ErrPaid):
		return refuse(http.StatusBadRequest, "ORDERPAID", "该订单已支付")
	case errors.Is(err, ErrEnded):
		return refuse(http.StatusBadRequest, "ORDER_CLOSED", "订单已关闭")
	case errors.Is(err, ErrCodeUsed):
		return refuse(http.StatusBadRequest, "AUTH_CODE_INVALID", "付款码已使用")
	case errors.Is(err, ErrPoor):
		return refuse(http.StatusForbidden, "NOT_ENOUGH", "商户账户余额不足")
	case errors.Is(err, ErrNotPaid), errors.Is(err, ErrTooMuch), errors.Is(err, ErrTooMany):
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", err.Error())
	}
	return refuse(http.StatusInternalServerError, "SYSTEM_ERROR", "系统异常")
}
