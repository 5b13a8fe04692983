package standin

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // G505: WeChat's RSA-OAEP is with SHA-1
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"hexhail/money"
)

func (x exchange) refund() reply {
	var t struct {
		Number string `json:"out_refund_no"`
		Of     string `json:"out_trade_no"`
		Reason string `json:"reason"`
		Notify string `json:"notify_url"`
		Amount struct {
			Refund   money.Fen `json:"refund"`
			Total    money.Fen `json:"total"`
			Currency string    `json:"currency"`
		} `json:"amount"`
	}
	if !x.decode(&t) || !oneOf(t.Number, 1, 64, "_-|*@") || len(t.Reason) > 80 ||
		t.Amount.Currency != "CNY" {
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "no refund")
	}
	o, ok := x.config.Book.Order(money.WeChat, x.merchant.MchID, t.Of)
	switch {
	case !ok:
		return refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "订单不存在")
	case o.Amount != t.Amount.Total:
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", "订单金额不一致")
	case x.poor(t.Amount.Refund):
		return said(ErrPoor)
	}
	made, err := x.config.Book.Refund(Refund{
		Channel: money.WeChat, Merchant: x.merchant.MchID, Number: t.Number, Of: t.Of,
		Amount: t.Amount.Refund, Reason: t.Reason, Notify: t.Notify,
	}, x.now)
	if errors.Is(err, ErrOtherTerms) {
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", "退款单号已存在，参数不一致")
	}
	if err != nil {
		return said(err)
	}
	return reply{http.StatusOK, refunded(made, o), nil}
}

// poor reports whether the merchant's account has not so much.
func (x exchange) poor(amount money.Fen) bool {
	return x.merchant.Funds > 0 && amount > x.merchant.Funds
}

func (x exchange) queryRefund() reply {
	r, ok := x.config.Book.RefundOf(money.WeChat, x.merchant.MchID, x.number)
	if !ok {
		return refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在")
	}
	o, _ := x.config.Book.Order(money.WeChat, r.Merchant, r.Of)
	return reply{http.StatusOK, refunded(r, o), nil}
}

// refunded is a refund as WeChat tells it in answers.
func refunded(r Refund, o Order) map[string]any {
	at := r.At.In(wechatZone).Format(time.RFC3339)
	return map[string]any{
		"refund_id": r.Trade, "out_refund_no": r.Number, "transaction_id": o.Trade,
		"out_trade_no": r.Of, "channel": "ORIGINAL", "user_received_account": "支付用户零钱",
		"success_time": at, "create_time": at, "status": "SUCCESS", "funds_account": "AVAILABLE",
		"amount": map[string]any{
			"total": o.Amount, "refund": r.Amount, "payer_total": o.Amount,
			"payer_refund": r.Amount, "settlement_refund": r.Amount, "settlement_total": o.Amount,
			"discount_refund": 0, "currency": "CNY",
		},
	}
}

func (x exchange) payout() reply {
	var t struct {
		App    string    `json:"appid"`
		Number string    `json:"out_bill_no"`
		Scene  string    `json:"transfer_scene_id"`
		OpenID string    `json:"openid"`
		Name   string    `json:"user_name"`
		Amount money.Fen `json:"transfer_amount"`
		Remark string    `json:"transfer_remark"`
		Notify string    `json:"notify_url"`
	}
	if !x.decode(&t) || !oneOf(t.Number, 1, 32, "") || t.Scene == "" || t.OpenID == "" ||
		t.Amount <= 0 || t.Remark == "" || !x.merchant.bound(t.App) {
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "no transfer")
	}
	name, err := x.unseal(t.Name)
	switch {
	case err != nil:
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "user_name")
	case name == "" && t.Amount >= 200_000, name != "" && t.Amount < 30:
		return refuse(http.StatusBadRequest, "PARAM_ERROR", "user_name")
	case x.poor(t.Amount):
		return said(ErrPoor)
	}
	made, err := x.config.Book.PayOut(Payout{
		Channel: money.WeChat, Merchant: x.merchant.MchID, App: t.App, Number: t.Number,
		Account: t.OpenID, Name: name, Amount: t.Amount, Note: t.Remark, Notify: t.Notify,
	}, x.now)
	if errors.Is(err, ErrOtherTerms) {
		return refuse(http.StatusBadRequest, "ALREADY_EXISTS", "单号已存在，参数不一致")
	}
	if err != nil {
		return said(err)
	}
	return reply{http.StatusOK, transferred(made), nil}
}

// unseal reads what was encrypted with the key that the call names.
func (x exchange) unseal(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return "", err
	}
	by := x.signerFor(x.request.Header.Get("Wechatpay-Serial"))
	//nolint:gosec // G401: WeChat's choice
	plain, err := rsa.DecryptOAEP(sha1.New(), rand.Reader, by.key, raw, nil)
	return string(plain), err
}

func (x exchange) queryPayout() reply {
	p, ok := x.config.Book.PayoutOf(money.WeChat, x.merchant.MchID, x.number)
	if !ok {
		return refuse(http.StatusNotFound, "NOT_FOUND", "记录不存在")
	}
	return reply{http.StatusOK, transferred(p), nil}
}

// transferred is a payout as WeChat tells it in answers and notices.
func transferred(p Payout) map[string]any {
	state := "SUCCESS"
	if p.Failed != "" {
		state = "FAIL"
	}
	at := p.At.In(wechatZone).Format(time.RFC3339)
	return map[string]any{
		"mch_id": p.Merchant, "out_bill_no": p.Number, "transfer_bill_no": p.Trade,
		"appid": p.App, "state": state, "transfer_amount": p.Amount, "openid": p.Account,
		"fail_reason": p.Failed, "create_time": at, "update_time": at,
	}
}
