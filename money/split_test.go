package money

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSplit(t *testing.T) {
	parts, err := Split(1000, 3)
	if want := []Fen{334, 333, 333}; err != nil || !slices.Equal(parts, want) {
		t.Errorf("Split(1000, 3) = %v, %v, want %v", parts, err, want)
	}
	parts, err = SplitBy(1000, []int64{1, 0, 2, 3})
	// 166.67, 0, 333.33, 500: the missing fen goes to the largest remainder, the first.
	if want := []Fen{167, 0, 333, 500}; err != nil || !slices.Equal(parts, want) {
		t.Errorf("SplitBy(1000, 1 0 2 3) = %v, %v, want %v", parts, err, want)
	}
	for name, err := range map[string]error{
		"no part":         second(Split(1, 0)),
		"too many":        second(Split(1, MaxParts+1)),
		"negative":        second(Split(-1, 2)),
		"no weight":       second(SplitBy(1, nil)),
		"weights of 0":    second(SplitBy(1, []int64{0, 0})),
		"negative weight": second(SplitBy(1, []int64{2, -1})),
		"weights too big": second(SplitBy(1, []int64{math.MaxInt64, 1})),
		"negative total":  second(SplitBy(-1, []int64{1})),
		"too many by":     second(SplitBy(1, make([]int64, MaxParts+1))),
	} {
		if !errors.Is(err, ErrSplit) {
			t.Errorf("%s: %v, want ErrSplit", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestSplitLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := Fen(rapid.Int64Range(0, math.MaxInt64).Draw(t, "total"))
		n := rapid.IntRange(1, 50).Draw(t, "n")
		parts, err := Split(total, n)
		if err != nil || len(parts) != n {
			t.Fatalf("%d parts, %v", len(parts), err)
		}
		sum, err := Sum(parts...)
		if err != nil || sum != total {
			t.Fatalf("%v add up to %d, %v", parts, sum, err)
		}
		if slices.Max(parts)-slices.Min(parts) > 1 {
			t.Fatalf("%v differ by more than a fen", parts)
		}
	})
}

func TestSplitByLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := Fen(rapid.Int64Range(0, math.MaxInt64).Draw(t, "total"))
		weights := rapid.SliceOfN(rapid.Int64Range(0, math.MaxInt64/64), 1, 50).Draw(t, "weights")
		weights[0]++ // not all 0
		parts, err := SplitBy(total, weights)
		if err != nil {
			t.Fatal(err)
		}
		if sum, err := Sum(parts...); err != nil || sum != total {
			t.Fatalf("%v add up to %d, %v", parts, sum, err)
		}
		whole := new(big.Int)
		for _, w := range weights {
			whole.Add(whole, big.NewInt(w))
		}
		for i, p := range parts {
			exact := new(big.Rat).SetFrac(
				new(big.Int).Mul(big.NewInt(int64(total)), big.NewInt(weights[i])), whole)
			off := exact.Sub(exact, big.NewRat(int64(p), 1))
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 || (weights[i] == 0 && p != 0) {
				t.Fatalf("part %d = %d is off its share by %s fen", i, p, off.FloatString(3))
			}
		}
		if equal, err := SplitBy(total, slices.Repeat([]int64{7}, len(weights))); err != nil ||
			slices.Max(equal)-slices.Min(equal) > 1 {
			t.Fatalf("equal weights: %v, %v", equal, err)
		}
	})
}
