package wechat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
)

// maxMessage is how many characters of WeChat's own words an error keeps.
const maxMessage = 120

// Error is that a call brought no answer that could be used. It holds no header and no key: the
// library's own errors print them all.
type Error struct {
	Call     string // "charge", "query", …
	Status   int    // HTTP; 0 without an answer
	Code     string // WeChat's, such as SYSTEM_ERROR
	Message  string // WeChat's words, cut
	Request  string // WeChat's Request-Id: what its support asks for
	Verified bool   // it was signed: these are WeChat's words, not those of somebody between
	Cause    error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("wechat: " + e.Call)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": %d", e.Status)
	}
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(" (" + e.Message + ")")
	}
	if e.Request != "" {
		b.WriteString(", request " + e.Request)
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// MismatchError is a well signed answer or notice that is not about what we know: another amount,
// another merchant. Nothing is concluded from it; somebody has to look.
type MismatchError struct {
	Order     string // our number
	Field     string
	Got, Want any
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("wechat: %s: %s is %v, ours is %v", e.Order, e.Field, e.Got, e.Want)
}

// failed redacts what the library or net/http says of a call.
func failed(call string, err error, verified bool) *Error {
	e := &Error{Call: call, Verified: verified}
	if said := (*core.APIError)(nil); errors.As(err, &said) {
		e.Status, e.Code, e.Message = said.StatusCode, clean(said.Code), clean(said.Message)
		e.Request = clean(said.Header.Get(consts.RequestID))
		return e
	}
	e.Cause = err
	// Its text has the URL, and with it our numbers; what went wrong is inside.
	if inner := (*url.Error)(nil); errors.As(err, &inner) {
		e.Cause = inner.Err
	}
	for _, known := range []error{
		errUnsigned, errSkew, errUnknownKey, errSignature, errHuge, context.DeadlineExceeded,
		context.Canceled,
	} {
		if errors.Is(err, known) {
			e.Cause = known
		}
	}
	return e
}

// clean makes somebody else's text fit for a log line.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > maxMessage {
		s = string(runes[:maxMessage])
	}
	return s
}

// WeChat's codes. The older ones are still answered by some of its servers.
var (
	// codesUnknown say nothing about what was done.
	codesUnknown = codes("SYSTEM_ERROR", "SYSTEMERROR", "BANK_ERROR", "BANKERROR", "SIGN_ERROR",
		"BIZ_ERR_NEED_RETRY")
	codesLimited = codes("FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED", "RATELIMIT_EXCEEDED",
		"RATELIMIT_EXCEED")
	codesPaying    = codes("USERPAYING", "USER_PAYING")
	codesNotExist  = codes("ORDER_NOT_EXIST", "ORDERNOTEXIST")
	codesClosed    = codes("ORDER_CLOSED", "ORDERCLOSED")
	codesReversed  = codes("ORDER_REVERSED", "ORDERREVERSED")
	codesNotFound  = codes("RESOURCE_NOT_EXISTS", "NOT_FOUND")
	codesNotEnough = codes("NOT_ENOUGH", "NOTENOUGH")
	// codesRefused end a barcode's order at once: the payer has to show another code.
	codesRefused = codes("AUTH_CODE_EXPIRED", "AUTHCODEEXPIRE", "AUTH_CODE_INVALID",
		"AUTH_CODE_ERROR", "NOT_ENOUGH", "NOTENOUGH", "RULE_LIMIT", "RULELIMIT", "BUYER_MISMATCH")
)

type codeSet map[string]bool

func codes(all ...string) codeSet {
	set := codeSet{}
	for _, code := range all {
		set[code] = true
	}
	return set
}

// says reports whether WeChat itself, by a good signature, answered with one of these codes.
func (e *Error) says(set codeSet) bool { return e.Verified && set[e.Code] }

// limited reports whether we ask too often. Whoever says so, it is best to wait.
func (e *Error) limited() bool {
	return codesLimited[e.Code] || e.Status == http.StatusTooManyRequests
}

// refused reports whether WeChat itself has said no: nothing was done, and nothing will be.
func (e *Error) refused() bool {
	return e.Verified && e.Code != "" && e.Status >= 400 && e.Status < 500 && !e.limited() &&
		!codesUnknown[e.Code] && !codesPaying[e.Code]
}
