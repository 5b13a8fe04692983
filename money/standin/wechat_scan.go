package standin

import (
	"encoding/json"
	"fmt"
	"strings"

	"hexhail/money"
)

var _ Scanner = (*WeChat)(nil)

// Scan implements [Scanner]: it takes the JSON that an app or page hands to WeChat's, whose
// signature has to be the merchant's, and the text of a QR code.
func (w *WeChat) Scan(ticket string) (Order, error) {
	if strings.HasPrefix(ticket, "weixin://") {
		return w.ordered(ticket, "")
	}
	var t map[string]string // encoding/json's structs match appid and appId alike
	if err := json.Unmarshal([]byte(ticket), &t); err != nil {
		return Order{}, ErrTicket
	}
	app, at, once, what, sign := t["appid"], t["timestamp"], t["noncestr"], t["prepayid"], t["sign"]
	prepay := what
	if t["paySign"] != "" {
		app, at, once, what, sign = t["appId"], t["timeStamp"], t["nonceStr"], t["package"],
			t["paySign"]
		prepay = strings.TrimPrefix(what, "prepay_id=")
	}
	o, err := w.ordered(prepay, app)
	if err != nil {
		return o, err
	}
	m, ok := w.merchant(o.Merchant)
	if !ok || verifies(m.Key, app+"\n"+at+"\n"+once+"\n"+what+"\n", sign) != nil {
		return Order{}, ErrTicket
	}
	return o, nil
}

// Shows is the code that a payer's phone shows to a driver. It pays one order.
func (w *WeChat) Shows(p Payer) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens++
	code := fmt.Sprintf("13%012d0000", w.tokens)
	if len(w.shown) < MaxOrders {
		w.shown[code] = p
	}
	return code
}

// payer is whose code it is.
func (w *WeChat) payer(code string) Payer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p, ok := w.shown[code]; ok {
		return p
	}
	return Payer{Account: "payer-" + code[12:]}
}

// ordered finds the order of a prepay id or code URL, which has to be of one of its merchant's
// apps.
func (w *WeChat) ordered(id, app string) (Order, error) {
	w.mu.Lock()
	at, ok := w.prepaid[id]
	w.mu.Unlock()
	if !ok {
		return Order{}, ErrTicket
	}
	o, ok := w.config.Book.Order(money.WeChat, at.merchant, at.number)
	if !ok || app != "" && app != o.App {
		return Order{}, ErrTicket
	}
	return o, nil
}
