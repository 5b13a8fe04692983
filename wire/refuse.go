package wire

import (
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hexhail/dispatch"
)

// The reasons of refusals that are the edges' own; the rest are dispatch's.
const (
	ReasonTokenMissing    dispatch.Reason = "TOKEN_MISSING"
	ReasonTokenInvalid    dispatch.Reason = "TOKEN_INVALID"
	ReasonTokenExpired    dispatch.Reason = "TOKEN_EXPIRED"
	ReasonTokenEarly      dispatch.Reason = "TOKEN_EARLY"
	ReasonRoleDenied      dispatch.Reason = "ROLE_DENIED"
	ReasonMethodUnknown   dispatch.Reason = "METHOD_UNKNOWN"
	ReasonRateLimited     dispatch.Reason = "RATE_LIMITED"
	ReasonMessageInvalid  dispatch.Reason = "MESSAGE_INVALID"
	ReasonMessageTooLarge dispatch.Reason = "MESSAGE_TOO_LARGE"
	ReasonPageToken       dispatch.Reason = "PAGE_TOKEN"
	ReasonHelloMissing    dispatch.Reason = "HELLO_MISSING"
	ReasonSessionReplaced dispatch.Reason = "SESSION_REPLACED"
	ReasonSessionsFull    dispatch.Reason = "SESSIONS_FULL"
	ReasonSlowReader      dispatch.Reason = "SLOW_READER"
	ReasonSilentPeer      dispatch.Reason = "SILENT_PEER"
	ReasonDraining        dispatch.Reason = "DRAINING"
	ReasonRefused         dispatch.Reason = "REFUSED"
	ReasonNotSandbox      dispatch.Reason = "NOT_SANDBOX"
	ReasonBusy            dispatch.Reason = "BUSY"
	ReasonBus             dispatch.Reason = "BUS_UNAVAILABLE"
	ReasonUnavailable     dispatch.Reason = "UNAVAILABLE"
	ReasonDeadline        dispatch.Reason = "DEADLINE"
	ReasonCallerGone      dispatch.Reason = "CALLER_GONE"
	ReasonInternal        dispatch.Reason = "INTERNAL"
)

// Refusal is an edge's own error. Its text is for developers and public.
type Refusal struct {
	Code   codes.Code
	Reason dispatch.Reason
	Text   string
	// RetryAfter is when trying again may help; 0 takes what the table says.
	RetryAfter time.Duration
}

// Error is the text.
func (r *Refusal) Error() string { return r.Text }

// GRPCStatus is Status(r), so that code that knows only gRPC's statuses finds it.
func (r *Refusal) GRPCStatus() *status.Status { return Status(r) }

// Refuse is an edge's refusal. The text names the field and the limit where there is one, and
// holds nothing private.
func Refuse(code codes.Code, reason dispatch.Reason, format string, args ...any) error {
	return &Refusal{Code: code, Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// RefuseFor is Refuse with the time after which trying again may help.
func RefuseFor(
	after time.Duration, code codes.Code, reason dispatch.Reason, format string, args ...any,
) error {
	return &Refusal{
		Code: code, Reason: reason, Text: fmt.Sprintf(format, args...), RetryAfter: after,
	}
}

// BadField is a field of a message that is out of its limit: "page_size must be 0 to 200". The
// field is a path as in the proto ("pickup.point.lat").
func BadField(field, limit string) error {
	return dispatch.BadField(field, limit)
}
