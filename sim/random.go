package sim

import (
	"encoding/binary"
	"io"
	"math"
	"math/rand/v2"
	"time"
)

// Stream is the luck of one somebody: the generator of the given kind ("driver", "rider") and id
// under a seed. Streams do not depend on each other, so what one draws does not depend on the
// order of events. Its numbers are PCG-DXSM's (M. E. O'Neill, 2014), as math/rand/v2 has them: the
// raw 64 bits are fixed by the algorithm, what Float64 and IntN make of them has not changed since
// Go 1.22 but is not promised.
func Stream(seed uint64, kind string, id uint64) *rand.Rand {
	return rand.New(pcg(seed, kind, id))
}

func pcg(seed uint64, kind string, id uint64) *rand.PCG {
	state := mix(seed)
	for _, c := range []byte(kind) {
		state = mix(state ^ uint64(c))
	}
	return rand.NewPCG(state, mix(state^id))
}

// mix is a step of SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number
// Generators", 2014): it makes far numbers of near ones.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// exponential draws a time with the given mean by inversion, and returns it or, if that is longer,
// the least that it may be.
func exponential(r *rand.Rand, mean, least time.Duration) time.Duration {
	return max(least, time.Duration(-math.Log1p(-r.Float64())*float64(mean)))
}

// normal draws from the standard normal distribution (Box and Muller, 1958).
func normal(r *rand.Rand) float64 {
	radius := math.Sqrt(-2 * math.Log1p(-r.Float64()))
	return radius * math.Cos(2*math.Pi*r.Float64())
}

// pick draws an index with the probability of its weight. The weights need not sum up to 1, but
// to more than 0; what weighs 0 is never drawn.
func pick(r *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	left, last := r.Float64()*sum, 0
	for i, w := range weights {
		if w == 0 {
			continue
		}
		if left -= w; left < 0 {
			return i
		}
		last = i
	}
	return last // by rounding
}

// Entropy is an endless source of bytes for ids of a kind (dispatch.IDs), the same for the same
// seed. It never fails. It is no source for secrets.
func Entropy(seed uint64, kind string) io.Reader { return &entropy{source: pcg(seed, kind, 0)} }

type entropy struct{ source *rand.PCG }

// Read fills p.
func (e *entropy) Read(p []byte) (int, error) {
	var word [8]byte
	for n := 0; n < len(p); n += copy(p[n:], word[:]) {
		binary.LittleEndian.PutUint64(word[:], e.source.Uint64())
	}
	return len(p), nil
}
