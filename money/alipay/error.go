package alipay

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"

	sdk "github.com/smartwalle/alipay/v3"
)

// Cause says why a call has no answer that could be used.
type Cause string

// The causes. Whatever the call asked for may have been done in all of them but CauseRefused.
const (
	CauseTimeout     Cause = "timeout"         // no answer in time
	CauseUnreachable Cause = "unreachable"     // no connection, or cut
	CauseTooLong     Cause = "answer_too_long" // more than MaxAnswer bytes
	CauseMalformed   Cause = "malformed_answer"
	CauseUnsigned    Cause = "unsigned_answer"
	CauseSignature   Cause = "wrong_signature" // or by a certificate that is not configured
	CauseForeign     Cause = "foreign_answer"  // verified, about another order
	CauseAmount      Cause = "amount_differs"  // verified, of another amount than ours
	CauseUnclear     Cause = "unclear_answer"  // verified, and means nothing that we know
	CauseRefused     Cause = "refused"         // verified: Code and SubCode say why
)

// Error is a call whose outcome is not known. It carries nothing that the gateway or the network
// said but codes: no address, no header, no text of theirs.
type Error struct {
	Call    string // the method at the gateway, such as "alipay.trade.query"
	Order   string // our number
	Cause   Cause
	Code    string // of CauseRefused: Alipay's, such as "40004"
	SubCode string // of CauseRefused: Alipay's, such as "ACQ.SYSTEM_ERROR"
	gone    error  // context.Canceled or context.DeadlineExceeded
}

func (e *Error) Error() string {
	text := fmt.Sprintf("alipay: %s %s: %s", e.Call, e.Order, e.Cause)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.SubCode != "" {
		text += " " + e.SubCode
	}
	return text
}

// Unwrap is context.Canceled or context.DeadlineExceeded if the caller gave up.
func (e *Error) Unwrap() error { return e.gone }

// reason is what is kept with the attempt.
func (e *Error) reason() string {
	switch {
	case e.SubCode != "":
		return strings.ToLower(strings.TrimPrefix(e.SubCode, "ACQ."))
	case e.Code != "":
		return "code_" + e.Code
	}
	return string(e.Cause)
}

// is reports whether Alipay refused with one of these sub codes.
func (e *Error) is(codes map[string]bool) bool {
	return e.Cause == CauseRefused && codes[e.SubCode]
}

// failed sorts what the library returned. The library's own errors are not kept: they hold
// addresses and texts of others.
func failed(call, order string, err error) *Error {
	e := &Error{Call: call, Order: order, Cause: CauseMalformed}
	var unsigned *sdk.Error
	var network net.Error
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	var base base64.CorruptInputError
	switch {
	case errors.Is(err, context.Canceled):
		e.Cause, e.gone = CauseUnreachable, context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		e.Cause, e.gone = CauseTimeout, context.DeadlineExceeded
	case errors.Is(err, errTooLong):
		e.Cause = CauseTooLong
	case errors.As(err, &unsigned):
		// The library reads an answer without a signature as an error, whatever it says.
		e.Cause = CauseUnsigned
	case errors.Is(err, rsa.ErrVerification), errors.As(err, &base),
		errors.Is(err, sdk.ErrAliPublicKeyNotFound):
		e.Cause = CauseSignature
	case errors.As(err, &syntax), errors.As(err, &shape), errors.Is(err, sdk.ErrBadResponse):
		e.Cause = CauseMalformed
	case errors.As(err, &network) && network.Timeout():
		e.Cause = CauseTimeout
	case err != nil:
		e.Cause = CauseUnreachable
	}
	return e
}

// printable keeps a code of Alipay's if it looks like one: letters, digits, ".", "_" and "-", at
// most 64 of them.
func printable(code string) string {
	if len(code) > 64 {
		return "?"
	}
	for _, c := range []byte(code) {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && !('0' <= c && c <= '9') && c != '.' && c != '_' && c != '-' {
			return "?"
		}
	}
	return code
}

// ConfigError refuses a configuration and names the field. It never holds a key.
type ConfigError struct {
	Field string // such as `accounts["C1"].private_key`
	Why   string
}

func (e *ConfigError) Error() string { return fmt.Sprintf("alipay: %s: %s", e.Field, e.Why) }
