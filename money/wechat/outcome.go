package wechat

import (
	"errors"
	"strings"

	"hexhail/money"
)

func closed(reason string) money.Outcome {
	return money.Outcome{State: money.AttemptClosed, Reason: reason}
}

// unknown is the outcome of a call that has none. WeChat's own words are an answer, not a failure;
// everything else is told as an error too.
func unknown(err error) (money.Outcome, error) {
	out := money.Outcome{State: money.AttemptUnknown, Reason: "no_answer", Again: againAfter}
	no := (*Error)(nil)
	if !errors.As(err, &no) {
		out.Reason = "mismatch"
		return out, err
	}
	if no.Code != "" {
		out.Reason = reason(no.Code)
	}
	if no.limited() {
		out.Again = againLimit
	}
	if no.Verified {
		return out, nil
	}
	return out, err
}

// refusedHere is the outcome of what WeChat cannot be asked for: it is Closed, as nothing under
// this number can have been sent. That an account is missing says nothing of that.
func refusedHere(err error) (money.Outcome, error) {
	if bad := (*OrderError)(nil); errors.As(err, &bad) {
		return closed("bad_" + bad.Field), nil
	}
	return money.Outcome{State: money.AttemptUnknown, Reason: "no_account", Again: pollOld}, err
}

// reason is a word of WeChat's as ours are written: "auth_code_expired".
func reason(code string) string { return strings.ToLower(clean(code)) }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
