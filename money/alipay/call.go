package alipay

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"hexhail/money"
)

// again is when an order whose outcome is not known is asked about.
const again = 5 * time.Second

// answer is what we read of Alipay's answers, verified: the library's own types fail on fields that
// we have no use for.
type answer struct {
	Code    string `json:"code"`
	SubCode string `json:"sub_code"`

	OutTradeNo  string `json:"out_trade_no"` // our number of the order
	TradeNo     string `json:"trade_no"`     // Alipay's
	TradeStatus string `json:"trade_status"`
	TotalAmount string `json:"total_amount"`
	QRCode      string `json:"qr_code"`
	Action      string `json:"action"` // of a cancel: "close" or "refund"
	RetryFlag   string `json:"retry_flag"`

	OutRequestNo string `json:"out_request_no"` // our number of the refund
	FundChange   string `json:"fund_change"`    // "Y" if this very call moved money
	RefundStatus string `json:"refund_status"`
	RefundAmount string `json:"refund_amount"` // of this refund

	OutBizNo    string `json:"out_biz_no"` // our number of the payout
	OrderID     string `json:"order_id"`   // Alipay's
	Status      string `json:"status"`
	TransAmount string `json:"trans_amount"`
	ErrorCode   string `json:"error_code"`

	BillURL string `json:"bill_download_url"`
}

// The codes of answers that are no refusals.
const (
	codeDone    = "10000"
	codeWaiting = "10003" // the payer has to confirm first
)

// ask takes a request about one of our numbers to the gateway. Without an error the answer is
// Alipay's own, about that number, and no refusal. Errors: *Error.
func (a *account) ask(ctx context.Context, number string, param sdk.Param) (answer, error) {
	var got answer
	method := param.APIName()
	if !param.NeedVerify() {
		return answer{}, &Error{Call: method, Order: number, Cause: CauseUnsigned}
	}
	if err := a.client.Request(ctx, param, &got); err != nil {
		return answer{}, failed(method, number, err)
	}
	done := got.Code == codeDone || got.Code == codeWaiting
	about := got.OutTradeNo
	if strings.HasPrefix(method, "alipay.fund.") {
		about = got.OutBizNo
	}
	// A refusal, an address and a refund that is not there need not say what they are about.
	silent := about == "" && (!done || got.BillURL != "" || method == refundQuery)
	switch {
	case got.Code == "":
		return answer{}, &Error{Call: method, Order: number, Cause: CauseUnclear}
	case about != number && !silent:
		return answer{}, &Error{Call: method, Order: number, Cause: CauseForeign}
	case !done:
		return got, &Error{
			Call: method, Order: number, Cause: CauseRefused,
			Code: printable(got.Code), SubCode: printable(got.SubCode),
		}
	}
	return got, nil
}

// numbers are what Alipay takes for our numbers, and what stays unambiguous when it is signed.
var numbers = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)

// of finds the account of a merchant.
func (c *Client) of(merchant string) (*account, error) {
	if a, ok := c.accounts[merchant]; ok {
		return a, nil
	}
	return nil, &ConfigError{fmt.Sprintf("accounts[%q]", merchant), "there is none"}
}

// account finds the account of a merchant and checks one of our numbers.
func (c *Client) account(merchant, number string) (*account, error) {
	if !numbers.MatchString(number) {
		return nil, &ConfigError{"number", fmt.Sprintf(
			"%q: want at most 64 letters, digits and underscores", number)}
	}
	return c.of(merchant)
}

// unknown is the outcome of a call that failed. A refusal that Alipay has signed, and that decides
// nothing, is an outcome; all else is an error.
func unknown(err error) (money.Outcome, error) {
	outcome := money.Outcome{State: money.AttemptUnknown, Reason: "unknown", Again: again}
	e, ok := err.(*Error) //nolint:errorlint // ask returns it bare; what else comes is no answer
	if !ok {
		return outcome, err
	}
	outcome.Reason = e.reason()
	if e.Cause == CauseRefused {
		return outcome, nil
	}
	return outcome, err
}

// set makes a set of sub codes.
func set(codes ...string) map[string]bool {
	all := make(map[string]bool, len(codes))
	for _, c := range codes {
		all[c] = true
	}
	return all
}

// refusedWith returns the refusal in err if it is one with one of these codes.
func refusedWith(err error, codes map[string]bool) (*Error, bool) {
	e, ok := err.(*Error) //nolint:errorlint // ask returns it bare
	return e, ok && e.is(codes)
}
