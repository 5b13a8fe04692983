package dispatch

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// WalletCode is the secret by which a rider's phone shows codes that pay out of their wallet, also
// while the phone is offline. A rider has one at most.
type WalletCode struct {
	Rider  RiderID
	Handle string // 10 digits, by which a code tells whose it is
	Secret []byte // WalletSecretBytes
	MadeAt time.Time
}

// The parts of a code: "88", the handle, and digits that change every minute. No code of WeChat (10
// to 15) or Alipay (25 to 30) begins so.
const (
	walletCodePrefix  = "88"
	walletHandle      = 10
	walletDigits      = 8
	WalletCodeDigits  = len(walletCodePrefix) + walletHandle + walletDigits
	WalletSecretBytes = 32
	// WalletStep is how long a code is shown.
	WalletStep = time.Minute
	// walletSkew is how many steps a phone's clock may be ahead or behind.
	walletSkew = 1
)

// WalletStepAt is the number of a moment's minute since 1970.
func WalletStepAt(at time.Time) int64 { return at.Unix() / int64(WalletStep/time.Second) }

// Digits are the last digits of the code of a minute: RFC 6238 with SHA-256, steps of 60 s and 8
// digits.
func (c WalletCode) Digits(step int64) string {
	var counter [8]byte
	//nolint:gosec // a time before 1970 is as good a counter as any
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	mac := hmac.New(sha256.New, c.Secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	value := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", walletDigits, value%100_000_000)
}

// Shown is the whole code of a minute.
func (c WalletCode) Shown(step int64) string { return walletCodePrefix + c.Handle + c.Digits(step) }

// walletHandleIn is the handle in a code, and the digits after it; ok is false for what is no code.
func walletHandleIn(code string) (handle, shown string, ok bool) {
	rest, ok := strings.CutPrefix(code, walletCodePrefix)
	if !ok || !digits(code, WalletCodeDigits, WalletCodeDigits) {
		return "", "", false
	}
	return rest[:walletHandle], rest[walletHandle:], true
}

// Match is the minute whose code has these digits, of those that a phone may be in now. It takes as
// long for wrong ones as for right ones.
func (c WalletCode) Match(digits string, now time.Time) (step int64, ok bool) {
	for s := WalletStepAt(now) - walletSkew; s <= WalletStepAt(now)+walletSkew; s++ {
		if subtle.ConstantTimeCompare([]byte(digits), []byte(c.Digits(s))) == 1 {
			step, ok = s, true
		}
	}
	return step, ok
}

// UsedCode says that the code of a minute has paid.
type UsedCode struct {
	Handle string
	Step   int64
	Ride   RideID
	Driver DriverID
	At     time.Time
}

// CodeTries are the wrong codes that a driver has given since a time.
type CodeTries struct {
	Driver DriverID
	Wrong  int
	Since  time.Time
}

// A driver may be wrong so often in so long a time: of ten thousand million codes of a wallet three
// are right at a time.
const (
	MaxWrongCodes = 10
	WrongCodesFor = 10 * time.Minute
)

// begin forgets tries that are long ago. Errors: Exhausted with ReasonCodesLocked.
func (t CodeTries) begin(now time.Time) (CodeTries, error) {
	if until := t.Since.Add(WrongCodesFor); !now.Before(until) {
		t.Wrong, t.Since = 0, now
	} else if t.Wrong >= MaxWrongCodes {
		e := Errorf(Exhausted, ReasonCodesLocked, "%d wrong codes", t.Wrong)
		e.Until = until
		return t, e
	}
	return t, nil
}

func wrongCode() error {
	e := Errorf(Conflict, ReasonCodeWrong, "barcode: no wallet shows this code now")
	e.Field, e.Limit = "barcode", "the code that the rider's app shows now"
	return e
}
