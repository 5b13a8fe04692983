package money

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
)

// Fen is an amount of money in fen, 1/100 yuan. It may be negative where a difference is meant.
// It is stored and sent as an integer; [Fen.String] is for people and for channels that want yuan.
type Fen int64

// PPM is a share in parts per million: 6,000 is 0.6 %, 1,000,000 is the whole.
type PPM int64

// Limits on what may be entered for one ride. A ride across a province costs under 4,000 yuan, so a
// meter over 10,000 is a slip of the finger or a fraud; both are refused with an [AmountError].
const (
	// MaxMeter is the highest meter reading of one ride: 10,000 yuan.
	MaxMeter Fen = 10_000 * fenPerYuan
	// MaxTolls is the most that tolls may add to one ride: 1,000 yuan.
	MaxTolls Fen = 1_000 * fenPerYuan

	fenPerYuan = 100
	ppmWhole   = 1_000_000
)

// ErrOverflow says that a result does not fit into [Fen]. Amounts are limited long before, so it
// means a bug or a forged number.
var ErrOverflow = errors.New("money: amount overflows int64 fen")

// ErrAmountSyntax says that a text is not an amount in yuan as [ParseYuan] wants it.
var ErrAmountSyntax = errors.New("money: not an amount in yuan")

// AmountError refuses an amount outside its limits and names the field that held it.
type AmountError struct {
	// Field is the name of the refused field, such as "meter" or "tolls".
	Field string
	// Value is the refused amount.
	Value Fen
	// Limit is the bound that Value broke: 0 if it is negative, else the highest allowed amount.
	Limit Fen
}

// Error implements error.
func (e *AmountError) Error() string {
	if e.Value < e.Limit {
		return fmt.Sprintf("money: %s %s yuan is under the limit %s", e.Field, e.Value, e.Limit)
	}
	return fmt.Sprintf("money: %s %s yuan is over the limit %s", e.Field, e.Value, e.Limit)
}

// CheckAmount returns an [*AmountError] unless 0 ≤ v ≤ limit; field names the amount in it.
func CheckAmount(field string, v, limit Fen) error {
	switch {
	case v < 0:
		return &AmountError{Field: field, Value: v, Limit: 0}
	case v > limit:
		return &AmountError{Field: field, Value: v, Limit: limit}
	}
	return nil
}

// Yuan returns n yuan as fen. Its argument is an int32 so that it cannot overflow.
func Yuan(n int32) Fen { return Fen(n) * fenPerYuan }

// Add returns a + b, or [ErrOverflow].
func Add(a, b Fen) (Fen, error) {
	s := a + b
	if (a^s)&(b^s) < 0 {
		return 0, ErrOverflow
	}
	return s, nil
}

// Sub returns a − b, or [ErrOverflow].
func Sub(a, b Fen) (Fen, error) {
	d := a - b
	if (a^b)&(a^d) < 0 {
		return 0, ErrOverflow
	}
	return d, nil
}

// Sum adds up amounts, or returns [ErrOverflow]. The sum of none is 0.
func Sum(amounts ...Fen) (Fen, error) {
	var total Fen
	for _, a := range amounts {
		var err error
		if total, err = Add(total, a); err != nil {
			return 0, err
		}
	}
	return total, nil
}

// MulInt returns a × n, or [ErrOverflow].
func MulInt(a Fen, n int64) (Fen, error) {
	hi, lo := bits.Mul64(fenAbs(int64(a)), fenAbs(n))
	return fenSigned(hi, lo, (a < 0) != (n < 0))
}

// ApplyPPM returns the share of a, rounded half up to the fen: 2300 × 6,000 ppm = 13.8 → 14.
// Negative amounts round as their positive twin does, so that a refunded fee cancels the fee. It
// returns [ErrOverflow] if the result does not fit; the product inside has 128 bits.
func ApplyPPM(a Fen, share PPM) (Fen, error) {
	hi, lo := bits.Mul64(fenAbs(int64(a)), fenAbs(int64(share)))
	lo, carry := bits.Add64(lo, ppmWhole/2, 0)
	hi += carry
	if hi >= ppmWhole {
		return 0, ErrOverflow
	}
	q, _ := bits.Div64(hi, lo, ppmWhole)
	return fenSigned(0, q, (a < 0) != (share < 0))
}

// fenAbs is |v| without the overflow of −MinInt64.
func fenAbs(v int64) uint64 {
	if v < 0 {
		return -uint64(v) //nolint:gosec // two's complement is exact, for MinInt64 too
	}
	return uint64(v)
}

// fenSigned puts a sign on a 128-bit magnitude, or returns ErrOverflow.
func fenSigned(hi, lo uint64, negative bool) (Fen, error) {
	switch {
	case hi != 0 || lo > 1<<63 || (lo == 1<<63 && !negative):
		return 0, ErrOverflow
	case negative:
		return Fen(-lo), nil //nolint:gosec // lo ≤ 1<<63: two's complement is exact
	}
	return Fen(lo), nil //nolint:gosec // lo < 1<<63
}

// String writes the amount in yuan with two decimals and no unit: "28.00", "-0.05".
func (f Fen) String() string {
	var buf [24]byte
	b := buf[:0]
	if f < 0 {
		b = append(b, '-')
	}
	abs := fenAbs(int64(f))
	b = strconv.AppendUint(b, abs/fenPerYuan, 10)
	rest := byte(abs % fenPerYuan)
	b = append(b, '.', '0'+rest/10, '0'+rest%10)
	return string(b)
}

// ParseYuan reads an amount in yuan: digits, then optionally a point and one or two more digits,
// with an optional minus in front: "28.00", "28", "0.5", "-0.05". It refuses everything else with
// [ErrAmountSyntax]: spaces, "+", exponents, separators, superfluous zeros, "-0", ".5", "5.",
// more than two decimals; and with [ErrOverflow] what does not fit. It checks no limit and no
// sign.
func ParseYuan(s string) (Fen, error) {
	digits, negative := s, false
	if len(s) > 0 && s[0] == '-' {
		digits, negative = s[1:], true
	}
	whole := 0
	for whole < len(digits) && isDigit(digits[whole]) {
		whole++
	}
	decimals := digits[whole:]
	if whole == 0 || (whole > 1 && digits[0] == '0') || !fenDecimals(decimals) {
		return 0, fmt.Errorf("%w: %.40q", ErrAmountSyntax, s)
	}
	yuan, err := strconv.ParseUint(digits[:whole], 10, 64)
	if err != nil || yuan > math.MaxInt64/fenPerYuan+1 {
		return 0, fmt.Errorf("%w: %.40q", ErrOverflow, s)
	}
	fen := yuan * fenPerYuan
	for i, weight := 1, uint64(10); i < len(decimals); i, weight = i+1, weight/10 {
		fen += uint64(decimals[i]-'0') * weight
	}
	if negative && fen == 0 {
		return 0, fmt.Errorf("%w: %.40q", ErrAmountSyntax, s)
	}
	return fenSigned(0, fen, negative)
}

// fenDecimals says whether s is nothing, or a point and one or two digits.
func fenDecimals(s string) bool {
	switch len(s) {
	case 0:
		return true
	case 2:
		return s[0] == '.' && isDigit(s[1])
	case 3:
		return s[0] == '.' && isDigit(s[1]) && isDigit(s[2])
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
