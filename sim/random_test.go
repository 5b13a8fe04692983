package sim

import (
	"bytes"
	"io"
	"math"
	"testing"
	"time"

	"hexhail/dispatch"
)

// These numbers are a promise: a seed replays a run of last year.
func TestStreamsAreWhatTheyWere(t *testing.T) {
	for _, c := range []struct {
		seed uint64
		kind string
		id   uint64
		want uint64
	}{
		{1, "driver", 0, 0x449144d56454e04d},
		{1, "driver", 1, 0xf0a492d37e3a5f23},
		{1, "rider", 0, 0x63bdbb45789cbd03},
		{2, "driver", 0, 0x0c6d520a50f6f5ea},
	} {
		if got := Stream(c.seed, c.kind, c.id).Uint64(); got != c.want {
			t.Errorf("Stream(%d, %q, %d) begins with %#x, was %#x",
				c.seed, c.kind, c.id, got, c.want)
		}
	}
}

// Neighbouring streams must not resemble each other: over many of them the first numbers are even.
func TestStreamsAreIndependent(t *testing.T) {
	const n = 20_000
	sum, product, last := 0.0, 0.0, 0.5
	seen := map[uint64]bool{}
	for id := range uint64(n) {
		r := Stream(3, "rider", id)
		word := r.Uint64()
		if seen[word] {
			t.Fatalf("stream %d begins as another one", id)
		}
		seen[word] = true
		v := float64(word>>11) / (1 << 53)
		sum += v
		product += (v - 0.5) * (last - 0.5)
		last = v
	}
	// Standard deviations: 0.289/√n and (1/12)/√n; five of them are allowed.
	if mean := sum / n; math.Abs(mean-0.5) > 5*0.289/math.Sqrt(n) {
		t.Errorf("mean of the first numbers %v", mean)
	}
	if c := product / n; math.Abs(c) > 5.0/12/math.Sqrt(n) {
		t.Errorf("neighbours' covariance %v", c)
	}
}

func TestExponential(t *testing.T) {
	r := Stream(4, "test", 0)
	const n, mean = 200_000, 3 * time.Second
	sum, least, floor := 0.0, 0, time.Second
	for range n {
		d := exponential(r, mean, floor)
		if d < floor {
			t.Fatalf("%v is under %v", d, floor)
		}
		if d == floor {
			least++
		}
		sum += d.Seconds()
	}
	// E max(1, X) = 1 + 3·e^(−1/3); P(X ≤ 1) = 1 − e^(−1/3).
	if want := 1 + 3*math.Exp(-1.0/3); math.Abs(sum/n-want) > 0.03 {
		t.Errorf("mean %v, want %v", sum/n, want)
	}
	if want := 1 - math.Exp(-1.0/3); math.Abs(float64(least)/n-want) > 0.005 {
		t.Errorf("share of the least %v, want %v", float64(least)/n, want)
	}
	if d := exponential(r, 0, 0); d != 0 {
		t.Errorf("a mean of 0 gives %v", d)
	}
}

func TestNormal(t *testing.T) {
	r := Stream(5, "test", 0)
	const n = 200_000
	sum, squares, beyond := 0.0, 0.0, 0
	for range n {
		v := normal(r)
		sum += v
		squares += v * v
		if math.Abs(v) > 1.959964 {
			beyond++
		}
	}
	if math.Abs(sum/n) > 0.012 || math.Abs(squares/n-1) > 0.02 ||
		math.Abs(float64(beyond)/n-0.05) > 0.0025 {
		t.Errorf("mean %v, variance %v, beyond 1.96 %v", sum/n, squares/n, float64(beyond)/n)
	}
}

func TestPickFollowsWeights(t *testing.T) {
	r := Stream(6, "test", 0)
	weights := []float64{0, 3, 0, 1, 0}
	var drawn [5]int
	for range 40_000 {
		drawn[pick(r, weights)]++
	}
	if drawn[0]+drawn[2]+drawn[4] != 0 || drawn[3] < 9_500 || drawn[3] > 10_500 {
		t.Errorf("drawn %v", drawn)
	}
}

func TestEntropyReplaysIDs(t *testing.T) {
	at := time.Date(2014, 2, 26, 17, 0, 0, 0, time.UTC)
	a, b := dispatch.IDs{Entropy: Entropy(1, "ids")}, dispatch.IDs{Entropy: Entropy(1, "ids")}
	seen := map[string]bool{}
	for range 1000 {
		id := a.New(at)
		if id != b.New(at) || seen[id] {
			t.Fatalf("id %s is not replayed, or stands twice", id)
		}
		seen[id] = true
	}
	read := func(seed uint64, kind string) []byte {
		p := make([]byte, 100)
		if n, err := io.ReadFull(Entropy(seed, kind), p); n != 100 || err != nil {
			t.Fatal(n, err)
		}
		return p
	}
	ids := read(1, "ids")
	if bytes.Equal(ids, read(2, "ids")) || bytes.Equal(ids, read(1, "other")) {
		t.Error("seeds or kinds share their bytes")
	}
}
