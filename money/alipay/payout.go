package alipay

import (
	"context"
	"regexp"
	"strings"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"hexhail/money"
)

// How Alipay calls a transfer to one of its accounts that nobody has to confirm.
const (
	transferProduct = "TRANS_ACCOUNT_NO_PWD"
	transferScene   = "DIRECT_TRANSFER"
	// minPayout is Alipay's least: 0.10 yuan.
	minPayout money.Fen = 10
	// payoutAgain is when a payout is asked about that is under way.
	payoutAgain = 30 * time.Second
)

// noTransfer are the refusals of a query for a payout that Alipay does not know.
var noTransfer = set("ORDER_NOT_EXIST")

// neverPaidOut are the refusals after which a payout is never made under its number, once Alipay
// agrees that it has not been.
var neverPaidOut = set(
	"PAYEE_NOT_EXIST",
	"PAYEE_USER_INFO_ERROR", // the account is somebody else's
	"PAYEE_ACC_OCUPIED",
	"PAYEE_USERINFO_STATUS_ERROR",
	"PAYEE_ACCOUNT_STATUS_ERROR",
	"PAYEE_USER_TYPE_ERROR",
	"PAYEE_CERTIFY_LEVEL_LIMIT",
	"PAYEE_TRUSTEESHIP_ACC_OVER_LIMIT",
	"PERMIT_CHECK_PERM_LIMITED",
	"BLOCK_USER_FORBBIDEN_RECEIVE",
	"EXCEED_LIMIT_PERSONAL_SM_AMOUNT",
	"EXCEED_LIMIT_SM_MIN_AMOUNT",
	"EXCEED_LIMIT_DM_MAX_AMOUNT",
	"PAYER_BALANCE_NOT_ENOUGH",
	"BALANCE_IS_NOT_ENOUGH",
)

// userIDs are Alipay's own numbers of accounts; what else is given is a login.
var userIDs = regexp.MustCompile(`^2088[0-9]{12}$`)

// PayOut implements money.Payer, from the house's own account, which must be in certificate mode.
// Account is a login (a mobile number or an email address, with the owner's name) or a number that
// begins with 2088. What Alipay can never pay (below 0.10 yuan, a login without a name) is closed
// without asking. Errors: *[Error], *[ConfigError], *money.AmountError.
func (c *Client) PayOut(
	ctx context.Context, p money.Payout, now time.Time,
) (money.Outcome, error) {
	account, err := c.payer(p)
	if err != nil {
		return unknown(err)
	}
	amount, err := yuan(p.Amount)
	if err != nil {
		return unknown(err)
	}
	payee := &sdk.PayeeInfo{Identity: p.Account, IdentityType: "ALIPAY_LOGON_ID", Name: p.Name}
	if userIDs.MatchString(p.Account) {
		payee.IdentityType = "ALIPAY_USER_ID"
	}
	switch {
	case p.Amount < minPayout:
		return money.Outcome{State: money.AttemptClosed, Reason: "amount_too_small"}, nil
	case p.Account == "", payee.IdentityType == "ALIPAY_LOGON_ID" && p.Name == "":
		return money.Outcome{State: money.AttemptClosed, Reason: "account_or_name_missing"}, nil
	}
	transfer := sdk.FundTransUniTransfer{
		OutBizNo: string(p.ID), TransAmount: amount, ProductCode: transferProduct,
		BizScene: transferScene, OrderTitle: c.title, PayeeInfo: payee, Remark: p.Note,
		TransferSceneName: c.scene.Name,
	}
	for _, r := range c.scene.Reports {
		transfer.TransferSceneReportInfo = append(transfer.TransferSceneReportInfo,
			&sdk.TransferSceneReportInfo{InfoType: r.Type, InfoContent: r.Content})
	}
	got, err := account.ask(ctx, string(p.ID), transfer)
	refusal, final := refusedWith(err, neverPaidOut)
	switch {
	case final:
		outcome, err := c.QueryPayout(ctx, p, now)
		if err == nil && outcome.State == money.AttemptCreated {
			outcome = money.Outcome{State: money.AttemptClosed, Reason: refusal.reason()}
		}
		return outcome, err
	case err != nil:
		return unknown(err)
	case got.Status == "SUCCESS":
		return money.Outcome{State: money.AttemptPaid, Trade: got.OrderID}, nil
	}
	return c.QueryPayout(ctx, p, now)
}

// payer is the account that pays out.
func (c *Client) payer(p money.Payout) (*account, error) {
	account, err := c.account("", string(p.ID))
	if err == nil && !account.certs {
		return nil, &ConfigError{`accounts[""].app_cert`, "payouts need certificate mode"}
	}
	return account, err
}

// QueryPayout implements money.Payer. A payout that Alipay does not know is Created: it is safe to
// ask for it again under its number. Errors: *[Error], *[ConfigError].
func (c *Client) QueryPayout(
	ctx context.Context, p money.Payout, _ time.Time,
) (money.Outcome, error) {
	account, err := c.payer(p)
	if err != nil {
		return unknown(err)
	}
	query := sdk.FundTransCommonQuery{
		ProductCode: transferProduct, BizScene: transferScene, OutBizNo: string(p.ID),
	}
	got, err := account.ask(ctx, string(p.ID), query)
	if _, ok := refusedWith(err, noTransfer); ok {
		return money.Outcome{
			State: money.AttemptCreated, Reason: "never_arrived", Again: again,
		}, nil
	}
	if err != nil {
		return unknown(err)
	}
	switch got.Status {
	case "SUCCESS":
		if !says(got.TransAmount, p.Amount) {
			break
		}
		return money.Outcome{State: money.AttemptPaid, Trade: got.OrderID}, nil
	case "FAIL", "CLOSED", "REFUND": // REFUND: it has come back
		return money.Outcome{
			State: money.AttemptClosed, Reason: payoutFailed(got), Trade: got.OrderID,
		}, nil
	case "DEALING", "WAIT_PAY", "INIT":
		return money.Outcome{
			State: money.AttemptSent, Trade: got.OrderID, Again: payoutAgain,
		}, nil
	}
	cause := CauseUnclear
	if got.Status == "SUCCESS" {
		cause = CauseAmount
	}
	return unknown(&Error{Call: query.APIName(), Order: string(p.ID), Cause: cause})
}

// payoutFailed is why a payout did not arrive.
func payoutFailed(got answer) string {
	if got.ErrorCode == "" {
		return "failed"
	}
	return strings.ToLower(printable(got.ErrorCode))
}
