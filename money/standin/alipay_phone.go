package standin

import (
	"net/url"
	"strings"

	"hexhail/money"
)

var _ Scanner = (*Alipay)(nil)

// Scan implements [Scanner]: it takes the signed text that an app hands to Alipay's, the text of a
// QR code, and Alipay's number of an order on a page or by barcode. What opens an order in an app
// or by QR code makes it: until then Alipay does not know it.
func (a *Alipay) Scan(ticket string) (Order, error) {
	now := a.Clock()
	if o, ok := a.opens(ticket); ok {
		if !now.Before(o.Expires) {
			return Order{}, ErrEnded
		}
		return a.Book.Open(o, now)
	}
	a.mu.Lock()
	at, ok := a.trades[ticket]
	a.mu.Unlock()
	if o, known := a.Book.Order(at.channel, at.merchant, at.number); ok && known {
		return o, nil
	}
	return Order{}, ErrTicket
}

// opens is the order that a ticket of an app or a QR code would open.
func (a *Alipay) opens(ticket string) (Order, bool) {
	a.mu.Lock()
	o, ok := a.prepared[ticket]
	a.mu.Unlock()
	if ok {
		return o, true
	}
	form, err := url.ParseQuery(ticket)
	if err != nil || !form.Has("biz_content") {
		return Order{}, false
	}
	ask, no := a.read(form)
	if no != nil || ask.method != "alipay.trade.app.pay" {
		return Order{}, false
	}
	o, no = ask.order(money.WayApp)
	if no != nil && no["sub_code"] == "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR" {
		return Order{}, true // whose time is over
	}
	return o, no == nil
}

// Pays is what happens when a payer scans a ticket and pays. Paying again changes nothing. Errors:
// [ErrTicket], [ErrEnded], and [ErrPoor] if the wallet holds too little.
func (a *Alipay) Pays(ticket string, payer Payer) (Order, error) {
	o, err := a.Scan(ticket)
	if err != nil {
		return Order{}, err
	}
	if !payer.covers(o.Amount) {
		return o, ErrPoor
	}
	return a.Book.Pay(money.Alipay, o.Merchant, o.Number, payer, a.Clock())
}

// Shows gives a payer a barcode to show to a driver.
func (a *Alipay) Shows(payer Payer) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.made++
	code := "28" + pad(a.made, 12) + "0000"
	room(a.phones)
	a.phones[code] = payer
	return code
}

// The ends of barcodes of payers with whom something is wrong, as at WeChat's half.
const (
	codeExpired  = "9001"
	codePoor     = "9002"
	codePassword = "9003"
)

// shown is whose barcode it is, and whether the payer has to type the password for an amount.
func (a *Alipay) shown(code string, amount money.Fen) (payer Payer, password bool) {
	a.mu.Lock()
	payer = a.phones[code]
	a.mu.Unlock()
	if strings.HasSuffix(code, codePoor) {
		payer.Balance = 1
	}
	return payer, amount >= passwordFrom || strings.HasSuffix(code, codePassword)
}
