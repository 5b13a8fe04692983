package wechat

import (
	"fmt"
	"strings"

	"hexhail/money"
)

// The limits of what WeChat takes.
const (
	leastNumber  = 6
	mostNumber   = 32
	mostRefundNo = 64
	maxRemark    = 32 // characters of what who is paid reads
	// maxAmount is the most of one order; it is WeChat's own for what we sell.
	maxAmount money.Fen = 100_000_000
)

// OrderError is an attempt, refund or payout that WeChat cannot be asked for. It was never sent.
type OrderError struct {
	Field string
	Value any
	Want  string
}

func (e *OrderError) Error() string {
	return fmt.Sprintf("wechat: %s %v: want %s", e.Field, e.Value, e.Want)
}

// order is an attempt as WeChat is asked for it.
type order struct {
	*account
	attempt money.Attempt
	number  string
	amount  money.Fen // of the leg that is ours
	app     string
}

// order checks an attempt. Errors: *[ConfigError] if its account is unknown, else *[OrderError].
func (c *Client) order(a money.Attempt) (order, error) {
	account, err := c.of(a.Merchant)
	if err != nil {
		return order{}, err
	}
	o := order{
		account: account, attempt: a, number: string(a.ID), amount: legs(a),
		app: account.app(a.Way != money.WayApp),
	}
	switch {
	case !isNumber(o.number, leastNumber, mostNumber, "_-*"):
		return o, &OrderError{"number", a.ID, "6 to 32 letters, digits, _ - *"}
	case o.amount <= 0 || o.amount > maxAmount:
		return o, &OrderError{"amount", o.amount, "0.01 to 1,000,000 yuan"}
	case !a.Way.Known():
		return o, &OrderError{"way", a.Way, "app, page, qr or barcode"}
	case a.Way == money.WayPage && !isToken(a.Token):
		return o, &OrderError{"token", "of the payer", "an openid"}
	case a.Way == money.WayBarcode && !isCode(a.Token):
		// The code itself is as good as money for a minute: it is not printed.
		return o, &OrderError{"barcode", "of the payer", "18 digits that begin with 10 to 15"}
	}
	return o, nil
}

// legs is what an attempt charges through WeChat.
func legs(a money.Attempt) money.Fen {
	var sum money.Fen
	for _, leg := range a.Legs {
		if leg.Instrument == money.WeChat {
			sum += leg.Amount
		}
	}
	return sum
}

// isNumber reports whether s is a number of ours that WeChat takes.
func isNumber(s string, least, most int, besides string) bool {
	for _, r := range s {
		if !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' ||
			strings.ContainsRune(besides, r)) {
			return false
		}
	}
	return len(s) >= least && len(s) <= most
}

// isToken reports whether s can be an openid: printable ASCII without spaces.
func isToken(s string) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return s != "" && len(s) <= money.MaxToken
}

// isCode reports whether s is a code that a WeChat wallet shows.
func isCode(s string) bool {
	if len(s) != 18 || s[0] != '1' || s[1] > '5' {
		return false
	}
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}

// description is what the payer reads, of ≤ 127 bytes.
func (c *Client) description(p money.Purpose) string {
	what := "出租车费"
	switch p {
	case money.PurposeTip:
		what = "小费"
	case money.PurposeFee:
		what = "预约费"
	case money.PurposeCancelFee:
		what = "取消费"
	case money.PurposeTopUp:
		what = "钱包充值"
	case money.PurposeFare, money.PurposeShare, money.PurposeRest:
	}
	if c.config.Brand == "" {
		return what
	}
	return c.config.Brand + "-" + what
}
