package ops

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// A webhook is a POST with the event as its body, and these headers. Who receives one verifies it
// (Verify needs nothing but the standard library and this file: copy it), drops an id that it
// knows, and answers 2xx within the time-out; any other answer is a try that failed. A redirect is
// not followed.
const (
	// HookEvent is the event's id, the same in every try. It is not signed: the body has it too.
	HookEvent = "Hexhail-Event"
	// HookTime is when this try was signed, in seconds since 1970.
	HookTime = "Hexhail-Timestamp"
	// HookKey names the secret, so that it can be changed: for a while a receiver knows two.
	HookKey = "Hexhail-Key"
	// HookSignature is "v1=" and the HMAC-SHA256, in hex, of the timestamp, a point and the body.
	HookSignature = "Hexhail-Signature"
)

// HookAge is how far a webhook's timestamp may be from the receiver's clock. What is older was
// recorded by somebody, or held up: it is tried again with a new timestamp.
const HookAge = 5 * time.Minute

// Why a webhook is not believed.
var (
	ErrHookKey       = errors.New("webhook: its key is not known")
	ErrHookTime      = errors.New("webhook: its timestamp is too old, in the future, or none")
	ErrHookSignature = errors.New("webhook: its signature is wrong")
)

// signHook is the signature of a body at a time, in seconds since 1970.
func signHook(secret []byte, seconds string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(seconds))
	mac.Write([]byte{'.'})
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Verify says whether a webhook is ours: signed with one of the secrets, by the name of its key,
// and not more than HookAge before or after now. body is the request's, every byte of it. The same
// bytes verify again until they are too old: against a replay the receiver keeps the ids that it
// has seen. Errors: ErrHookKey, ErrHookSignature, ErrHookTime.
func Verify(h http.Header, body []byte, secrets map[string][]byte, now time.Time) error {
	secret, ok := secrets[h.Get(HookKey)]
	if !ok || len(secret) == 0 {
		return ErrHookKey
	}
	stamp := h.Get(HookTime)
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return ErrHookTime
	}
	want := signHook(secret, stamp, body)
	if !hmac.Equal([]byte(want), []byte(h.Get(HookSignature))) {
		return ErrHookSignature
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > HookAge || off < -HookAge {
		return ErrHookTime
	}
	return nil
}
