package wechat

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"hexhail/money"
)

const (
	pathTransfer   = "/v3/fund-app/mch-transfer/transfer-bills"
	pathTransferNo = pathTransfer + "/out-bill-no/"
)

// WeChat's rules about the name of who is paid: below the first it may not be told, from the second
// on it has to be.
const (
	nameFrom money.Fen = 30
	nameMust money.Fen = 200_000
)

// transfer is what a payout is asked for with. The library does not have it.
type transfer struct {
	App        string   `json:"appid"`
	Number     string   `json:"out_bill_no"`
	Scene      string   `json:"transfer_scene_id"`
	OpenID     string   `json:"openid"`
	Name       string   `json:"user_name,omitempty"` // encrypted for WeChat
	Amount     int64    `json:"transfer_amount"`
	Remark     string   `json:"transfer_remark"`
	Notify     string   `json:"notify_url"`
	Perception string   `json:"user_recv_perception,omitempty"`
	Reports    []Report `json:"transfer_scene_report_infos,omitempty"`
}

// transferred is what WeChat says of a payout: in answers and, with a merchant, in notices.
type transferred struct {
	Merchant string `json:"mch_id"`
	Number   string `json:"out_bill_no"`
	Trade    string `json:"transfer_bill_no"`
	State    string `json:"state"`
	Amount   *int64 `json:"transfer_amount"`
	OpenID   string `json:"openid"`
	Fail     string `json:"fail_reason"`
	Package  string `json:"package_info"`
}

// confirmTicket is what an app hands to WeChat's, so that its user takes the money.
type confirmTicket struct {
	Merchant string `json:"mchId"`
	App      string `json:"appId"`
	Package  string `json:"package"`
}

// PayOut pays from the house's own account to an openid. It is Sent while WeChat is at it or waits
// for the receiver to take it, with a ticket for their app. When WeChat took it and it failed, it
// is Closed. When WeChat refuses it (our account is empty, its scene is not ours), it is Created,
// with the code as reason: people have to act, then the same id is asked for again.
func (c *Client) PayOut(
	ctx context.Context, p money.Payout, now time.Time,
) (money.Outcome, error) {
	a := c.accounts[""]
	body, err := c.transfer(a, p)
	if err != nil {
		return refusedHere(err)
	}
	if err := a.keys.ready(ctx); err != nil {
		return later(unknown(err))
	}
	if p.Name != "" && p.Amount >= nameFrom {
		// The call tells the same serial number: that of the newest key.
		key, _, err := a.keys.encryptor(ctx)
		if err != nil {
			return later(unknown(failed("payout", err, false)))
		}
		if body.Name, err = utils.EncryptOAEPWithPublicKey(p.Name, key); err != nil {
			return later(unknown(failed("payout", err, false)))
		}
	}
	var made transferred
	err = a.ask(ctx, "payout", http.MethodPost, pathTransfer, nil, body, &made)
	if err == nil {
		return a.paidOut(p, made, body.App)
	}
	no := (*Error)(nil)
	if !errors.As(err, &no) || !no.refused() {
		return later(unknown(err))
	}
	// Refused; but perhaps because it was made already, on a call whose answer was lost.
	out, err := c.QueryPayout(ctx, p, now)
	if err == nil && out.State == money.AttemptCreated {
		out.Reason, out.Again = reason(no.Code), abnormalAgain
	}
	return out, err
}

// QueryPayout asks what became of a payout. Created means that WeChat does not know it: it is asked
// for again under the same id, never under another.
func (c *Client) QueryPayout(
	ctx context.Context, p money.Payout, _ time.Time,
) (money.Outcome, error) {
	a := c.accounts[""]
	body, err := c.transfer(a, p)
	if err != nil {
		return refusedHere(err)
	}
	if err := a.keys.ready(ctx); err != nil {
		return later(unknown(err))
	}
	var made transferred
	err = a.ask(ctx, "query payout", http.MethodGet, pathTransferNo+url.PathEscape(body.Number),
		nil, nil, &made)
	if err == nil {
		return a.paidOut(p, made, body.App)
	}
	if no := (*Error)(nil); errors.As(err, &no) && no.says(codesNotFound) {
		return money.Outcome{
			State: money.AttemptCreated, Reason: reason(no.Code), Again: refundAgain,
		}, nil
	}
	return later(unknown(err))
}

// transfer checks a payout. Errors: *[OrderError]; *[ConfigError] if there are no payouts.
func (c *Client) transfer(a *account, p money.Payout) (transfer, error) {
	t := transfer{
		App: a.app(true), Number: string(p.ID), Scene: c.config.Payouts.Scene,
		OpenID: p.Account, Amount: int64(p.Amount), Remark: p.Note, Notify: c.config.NotifyURL,
		Perception: c.config.Payouts.Perception, Reports: c.config.Payouts.Reports,
	}
	switch {
	case t.Scene == "":
		return t, &ConfigError{"Payouts", "no transfer scene is configured"}
	case !isNumber(t.Number, 1, mostNumber, ""):
		return t, &OrderError{"number", p.ID, "1 to 32 letters and digits"}
	case p.Amount <= 0 || p.Amount > maxAmount:
		return t, &OrderError{"amount", p.Amount, "0.01 to 1,000,000 yuan"}
	case !isToken(p.Account):
		return t, &OrderError{"account", "of the receiver", "an openid"}
	case p.Amount >= nameMust && p.Name == "":
		return t, &OrderError{"name", "of the receiver", "told from 2,000 yuan on"}
	case p.Note == "" || utf8.RuneCountInString(p.Note) > maxRemark:
		return t, &OrderError{"note", len(p.Note), "1 to 32 characters"}
	}
	return t, nil
}

// paidOut turns what WeChat says of a payout into an outcome.
func (a *account) paidOut(
	p money.Payout, made transferred, app string,
) (money.Outcome, error) {
	switch {
	case made.Number != string(p.ID):
		return later(unknown(&MismatchError{string(p.ID), "number", clean(made.Number), p.ID}))
	case made.Amount != nil && money.Fen(*made.Amount) != p.Amount:
		return later(unknown(&MismatchError{
			string(p.ID), "amount", money.Fen(*made.Amount), p.Amount,
		}))
	case made.OpenID != "" && made.OpenID != p.Account:
		return later(unknown(&MismatchError{string(p.ID), "openid", "another", "told"}))
	}
	out := payoutState(made)
	if made.Package == "" || out.State != money.AttemptSent {
		return out, nil
	}
	ticket, err := json.Marshal(confirmTicket{a.MchID, app, made.Package})
	out.Ticket = string(ticket)
	return out, err
}

// transferring is WeChat's own spelling.
const transferring = "TRANSFERING" //nolint:misspell // WeChat's

// payoutState is what a payout's state means.
func payoutState(made transferred) money.Outcome {
	out := money.Outcome{Reason: reason(made.State), Trade: made.Trade}
	switch made.State {
	case "SUCCESS":
		out.State, out.Reason = money.AttemptPaid, ""
	case "FAIL":
		out.State, out.Reason = money.AttemptClosed, clean(made.Fail)
	case "CANCELLED":
		out.State = money.AttemptClosed
	case "ACCEPTED", "PROCESSING", transferring, "CANCELING", "WAIT_USER_CONFIRM":
		out.State, out.Again = money.AttemptSent, refundAgain
	default:
		out.State, out.Again = money.AttemptUnknown, refundAgain
	}
	return out
}
