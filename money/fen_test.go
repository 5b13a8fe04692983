package money

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestFenString(t *testing.T) {
	for f, want := range map[Fen]string{
		0: "0.00", 5: "0.05", -5: "-0.05", 2800: "28.00", -101: "-1.01",
		math.MaxInt64: "92233720368547758.07", math.MinInt64: "-92233720368547758.08",
	} {
		if got := f.String(); got != want {
			t.Errorf("Fen(%d).String() = %q, want %q", int64(f), got, want)
		}
		if back, err := ParseYuan(want); err != nil || back != f {
			t.Errorf("ParseYuan(%q) = %d, %v, want %d", want, back, err, f)
		}
	}
}

func TestParseYuan(t *testing.T) {
	for s, want := range map[string]Fen{
		"28": 2800, "0": 0, "0.5": 50, "0.50": 50, "12.34": 1234, "-0.05": -5, "10000.00": MaxMeter,
	} {
		if got, err := ParseYuan(s); err != nil || got != want {
			t.Errorf("ParseYuan(%q) = %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{
		"", "-", ".", "-.5", ".5", "5.", "1.234", " 1", "1 ", "+1", "01", "00", "-0", "-0.00",
		"1e2", "1,000", "1.2.3", "0x10", "一", "1_0", "--1", "NaN", "1.-5", "٣",
	} {
		if got, err := ParseYuan(s); !errors.Is(err, ErrAmountSyntax) {
			t.Errorf("ParseYuan(%q) = %d, %v, want ErrAmountSyntax", s, got, err)
		}
	}
	for _, s := range []string{
		"92233720368547758.08", "-92233720368547758.09", "92233720368547759",
		"99999999999999999999999",
	} {
		if got, err := ParseYuan(s); !errors.Is(err, ErrOverflow) {
			t.Errorf("ParseYuan(%q) = %d, %v, want ErrOverflow", s, got, err)
		}
	}
}

func FuzzParseYuan(f *testing.F) {
	for _, s := range []string{"28.00", "-0.05", "0", "1e3", "92233720368547758.07", "9.999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		fen, err := ParseYuan(s)
		if err != nil {
			return
		}
		exact, ok := new(big.Rat).SetString(s)
		if !ok || exact.Mul(exact, big.NewRat(100, 1)).Cmp(big.NewRat(int64(fen), 1)) != 0 {
			t.Fatalf("ParseYuan(%q) = %d fen", s, fen)
		}
		if back, err := ParseYuan(fen.String()); err != nil || back != fen {
			t.Fatalf("ParseYuan(%q) = %d, %v, want %d", fen.String(), back, err, fen)
		}
	})
}

func TestApplyPPM(t *testing.T) {
	for _, c := range []struct {
		amount Fen
		share  PPM
		want   Fen
	}{
		{2300, 6_000, 14},   // 13.8
		{-2300, 6_000, -14}, // the fee's refund cancels the fee
		{2300, -6_000, -14},
		{250, 6_000, 2}, // 1.5: half up
		{249, 6_000, 1}, // 1.494
		{0, 6_000, 0},
		{math.MaxInt64, ppmWhole, math.MaxInt64},
		{math.MinInt64, ppmWhole, math.MinInt64},
	} {
		if got, err := ApplyPPM(c.amount, c.share); err != nil || got != c.want {
			t.Errorf("ApplyPPM(%d, %d) = %d, %v, want %d", c.amount, c.share, got, err, c.want)
		}
	}
	if _, err := ApplyPPM(math.MaxInt64, ppmWhole+1); !errors.Is(err, ErrOverflow) {
		t.Errorf("ApplyPPM of too much: %v, want ErrOverflow", err)
	}
	if _, err := ApplyPPM(math.MaxInt64, math.MaxInt64); !errors.Is(err, ErrOverflow) {
		t.Errorf("ApplyPPM of far too much: %v, want ErrOverflow", err)
	}
}

// TestFenArithmetic compares every operation with big.Int, at the edges of int64 above all.
func TestFenArithmetic(t *testing.T) {
	edge := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1000, 1000),
		rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, -1, 0, 1, math.MaxInt64}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := edge.Draw(t, "a"), edge.Draw(t, "b")
		x, y := big.NewInt(a), big.NewInt(b)
		check := func(name string, got Fen, err error, want *big.Int) {
			switch {
			case !want.IsInt64() && !errors.Is(err, ErrOverflow):
				t.Fatalf("%s(%d, %d) = %d, %v, want ErrOverflow", name, a, b, got, err)
			case want.IsInt64() && (err != nil || int64(got) != want.Int64()):
				t.Fatalf("%s(%d, %d) = %d, %v, want %s", name, a, b, got, err, want)
			}
		}
		got, err := Add(Fen(a), Fen(b))
		check("Add", got, err, new(big.Int).Add(x, y))
		got, err = Sub(Fen(a), Fen(b))
		check("Sub", got, err, new(big.Int).Sub(x, y))
		got, err = MulInt(Fen(a), b)
		check("MulInt", got, err, new(big.Int).Mul(x, y))
		got, err = Sum(Fen(a), 0, Fen(b))
		check("Sum", got, err, new(big.Int).Add(x, y))

		product := new(big.Int).Mul(x, y)
		half := new(big.Int).Add(new(big.Int).Abs(product), big.NewInt(ppmWhole/2))
		half.Quo(half, big.NewInt(ppmWhole))
		if product.Sign() < 0 {
			half.Neg(half)
		}
		got, err = ApplyPPM(Fen(a), PPM(b))
		check("ApplyPPM", got, err, half)
	})
}

func TestCheckAmount(t *testing.T) {
	if err := CheckAmount("meter", MaxMeter, MaxMeter); err != nil {
		t.Errorf("the limit itself: %v", err)
	}
	var bad *AmountError
	err := CheckAmount("meter", MaxMeter+1, MaxMeter)
	if !errors.As(err, &bad) || bad.Field != "meter" || bad.Limit != MaxMeter {
		t.Errorf("over the limit: %#v", err)
	}
	if want := "money: meter 10000.01 yuan is over the limit 10000.00"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	err = CheckAmount("tolls", -1, MaxTolls)
	want := "money: tolls -0.01 yuan is under the limit 0.00"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}
