package dispatch

import (
	"fmt"
	"time"

	"hexhail/money"
)

// PayPIN is what a rider's wallet asks for before it pays much. A rider without one is never asked.
type PayPIN struct {
	Rider RiderID
	Hash  string // of the six digits, with its salt: bcrypt
	// Free is what the wallet pays without the PIN, if Own; else it is the policy's.
	Own  bool
	Free FreeLimits
	// Tries are those since the last right one, at most MaxPINTries; the last of them locks the
	// wallet until a time.
	Tries       int
	LockedUntil time.Time
	// Spent was paid without the PIN on a business day of the city where it was paid.
	Day       string
	Spent     money.Fen
	ChangedAt time.Time
}

// FreeLimits are what a wallet pays without the PIN.
type FreeLimits struct {
	Each money.Fen // at once, 0 to MaxFree
	Day  money.Fen // on a business day, 0 to MaxFree
}

// Limits on pay PINs.
const (
	PINDigits = 6
	// MaxPINTries is after how many wrong PINs a wallet pays nothing for PINLocked: of a million
	// PINs somebody who has the phone tries 120 a day.
	MaxPINTries = 5
	PINLocked   = time.Hour
	// MaxFree is the highest limit that riders may choose: 10,000 yuan.
	MaxFree = money.Fen(10_000_00)
)

func (l FreeLimits) check() error {
	for field, v := range map[string]money.Fen{"each_fen": l.Each, "day_fen": l.Day} {
		if v < 0 || v > MaxFree {
			return invalid("limits."+field, fmt.Sprintf("0 to %d", MaxFree))
		}
	}
	return nil
}

// checkPIN refuses what is no PIN, and those that are tried first: 111111, 123456, 654321.
func checkPIN(field, pin string) error {
	if !digits(pin, PINDigits, PINDigits) {
		return invalid(field, "6 digits")
	}
	step := int(pin[1]) - int(pin[0])
	for i := 1; i < len(pin); i++ {
		if int(pin[i])-int(pin[i-1]) != step {
			return nil
		}
	}
	if step >= -1 && step <= 1 {
		return invalid(field, "harder to guess: not one digit, nor digits in a row")
	}
	return nil
}

// locked refuses a wallet that pays nothing now.
func (p PayPIN) locked(now time.Time) error {
	if !now.Before(p.LockedUntil) {
		return nil
	}
	e := Errorf(Exhausted, ReasonPINLocked, "%d wrong PINs: the wallet pays nothing until %s",
		MaxPINTries, p.LockedUntil.Format(time.RFC3339))
	e.Until = p.LockedUntil
	return e
}

// Try is the PIN with one more try, which is counted before it is judged: who guesses many at once
// has no more of them than who guesses one after another.
func (p PayPIN) Try(now time.Time) (PayPIN, error) {
	if err := p.locked(now); err != nil {
		return p, err
	}
	if !p.LockedUntil.IsZero() {
		p = p.Right()
	}
	if p.Tries++; p.Tries >= MaxPINTries {
		p.LockedUntil = now.Add(PINLocked)
	}
	return p, nil
}

// Right is the PIN after a right one.
func (p PayPIN) Right() PayPIN {
	p.Tries, p.LockedUntil = 0, time.Time{}
	return p
}

// wrong says how many tries are left.
func (p PayPIN) wrong(field string) error {
	e := Errorf(Conflict, ReasonPINWrong, "%s: this is not the pay PIN", field)
	e.Field, e.Limit = field, fmt.Sprintf("the pay PIN; tries left: %d", MaxPINTries-p.Tries)
	return e
}

// FreeNow is what the wallet pays without the PIN at once and today, and how much is left of today.
func (p PayPIN) FreeNow(rules WalletRules, day string) (limits FreeLimits, left money.Fen) {
	limits = FreeLimits{
		Each: money.Fen(rules.WalletFreeFen), Day: money.Fen(rules.WalletFreeDayFen),
	}
	if p.Own {
		limits = p.Free
	}
	left = limits.Day
	if p.Day == day {
		left = max(0, left-p.Spent)
	}
	return limits, left
}

// Spend is the PIN after its wallet has begun to pay a sum without it. Errors: Conflict with
// ReasonPINNeeded above the limits, Exhausted with ReasonPINLocked.
func (p PayPIN) Spend(
	sum money.Fen, rules WalletRules, day string, now time.Time,
) (PayPIN, error) {
	if err := p.locked(now); err != nil {
		return p, err
	}
	limits, left := p.FreeNow(rules, day)
	if sum > min(limits.Each, left) {
		e := Errorf(Conflict, ReasonPINNeeded,
			"%s yuan: without the pay PIN the wallet pays %s at once and %s more today",
			sum, limits.Each, left)
		e.Field, e.Limit = "pay_pin", fmt.Sprintf("given above %d fen", min(limits.Each, left))
		return p, e
	}
	if p.Day != day {
		p.Day, p.Spent = day, 0
	}
	p.Spent += sum
	return p, nil
}
