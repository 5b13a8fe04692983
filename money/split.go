package money

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
)

// MaxParts is the most parts that an amount is split into; more is refused. A shared fare has at
// most a handful; the limit only keeps a forged number from costing memory.
const MaxParts = 1000

// ErrSplit says that an amount cannot be split as asked: a negative total, no parts or more than
// [MaxParts], a negative weight, or weights that add up to nothing or overflow.
var ErrSplit = errors.New("money: cannot split")

// Split divides total ≥ 0 into n equal parts by largest remainder: the parts add up to exactly
// total and differ by at most 1 fen, the first ones being the larger. It returns [ErrSplit] for a
// negative total or n outside 1…[MaxParts].
func Split(total Fen, n int) ([]Fen, error) {
	if total < 0 || n < 1 || n > MaxParts {
		return nil, fmt.Errorf("%w: %s yuan into %d parts", ErrSplit, total, n)
	}
	part, larger := total/Fen(n), int(total%Fen(n))
	parts := make([]Fen, n)
	for i := range parts {
		parts[i] = part
		if i < larger {
			parts[i]++
		}
	}
	return parts, nil
}

// SplitBy divides total ≥ 0 in proportion to the weights by largest remainder (Hamilton's method):
// the parts add up to exactly total, each is within 1 fen of its exact share, a weight of 0 gets 0,
// and of equal remainders the earlier gets the fen. It returns [ErrSplit] for a negative total or
// weight, for no weight or more than [MaxParts], and if they add up to 0 or overflow.
func SplitBy(total Fen, weights []int64) ([]Fen, error) {
	if total < 0 || len(weights) < 1 || len(weights) > MaxParts {
		return nil, fmt.Errorf("%w: %s yuan into %d parts", ErrSplit, total, len(weights))
	}
	var sum Fen
	for _, w := range weights {
		var err error
		if sum, err = Add(sum, Fen(w)); w < 0 || err != nil {
			return nil, fmt.Errorf("%w: weight %d", ErrSplit, w)
		}
	}
	if sum == 0 {
		return nil, fmt.Errorf("%w: the weights are all 0", ErrSplit)
	}
	parts := make([]Fen, len(weights))
	order := make([]int, len(weights))
	remainders := make([]uint64, len(weights))
	left := total
	for i, w := range weights {
		// total × w has 128 bits; w ≤ sum keeps the quotient within total.
		hi, lo := bits.Mul64(fenAbs(int64(total)), fenAbs(w))
		q, r := bits.Div64(hi, lo, uint64(sum))
		parts[i], remainders[i], order[i] = Fen(q), r, i //nolint:gosec // q ≤ total
		left -= parts[i]
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case remainders[a] > remainders[b]:
			return -1
		case remainders[a] < remainders[b]:
			return 1
		}
		return 0
	})
	for _, i := range order[:left] { // left is the sum of the remainders / sum: under len(weights)
		parts[i]++
	}
	return parts, nil
}
