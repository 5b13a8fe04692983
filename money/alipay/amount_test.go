package alipay

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"testing"

	"hexhail/money"
)

// TestAmounts holds both directions to a slow twin, for every amount up to 20,000 yuan and around
// the limits.
func TestAmounts(t *testing.T) {
	check := func(f money.Fen) {
		text, err := yuan(f)
		inside := f > 0 && f <= maxAmount
		if (err == nil) != inside {
			t.Fatalf("yuan(%d) = %q, %v", f, text, err)
		}
		if !inside {
			var limit *money.AmountError
			if !errors.As(err, &limit) {
				t.Fatalf("yuan(%d): %v", f, err)
			}
			return
		}
		if slow := fmt.Sprintf("%d.%02d", f/100, f%100); text != slow {
			t.Fatalf("yuan(%d) = %q, want %q", f, text, slow)
		}
		if back, err := fen(text); err != nil || back != f {
			t.Fatalf("fen(%q) = %d, %v", text, back, err)
		}
		if !says(text, f) || says(text, f+1) {
			t.Fatalf("says(%q, %d)", text, f)
		}
	}
	for f := money.Fen(-100); f <= 2_000_000; f++ {
		check(f)
	}
	for f := maxAmount - 1_000; f <= maxAmount+1_000; f++ {
		check(f)
	}
}

var plainAmount = regexp.MustCompile(`^(0|[1-9][0-9]*)(\.[0-9]{1,2})?$`)

// FuzzAmount compares what is read with exact fractions.
func FuzzAmount(f *testing.F) {
	for _, text := range []string{
		"23.00", "0.01", "0", "-1", "1e3", " 1", "1.", ".5", "00.1", "1.005", "９", "+1",
		"99999999999999999999", "100000000.00", "100000000.01", "1,000.00", "NaN", "0x10",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := fen(text)
		exact, ok := new(big.Rat).SetString(text)
		good := plainAmount.MatchString(text) && ok && exact.Sign() > 0 &&
			exact.Cmp(big.NewRat(int64(maxAmount), 100)) <= 0
		if good != (err == nil) {
			t.Fatalf("fen(%q) = %d, %v", text, read, err)
		}
		if good && exact.Cmp(big.NewRat(int64(read), 100)) != 0 {
			t.Fatalf("fen(%q) = %d", text, read)
		}
	})
}
