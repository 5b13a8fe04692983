package sim

import (
	"math"
	"testing"
)

// The oracle integrates the density of Student's t by Simpson's rule.
func TestStudentT(t *testing.T) {
	for degrees := 1; degrees <= 60; degrees++ {
		v, q := float64(degrees), studentT(degrees)
		a, _ := math.Lgamma((v + 1) / 2)
		b, _ := math.Lgamma(v / 2)
		density := func(x float64) float64 {
			return math.Exp(a-b) / math.Sqrt(v*math.Pi) * math.Pow(1+x*x/v, -(v+1)/2)
		}
		const steps = 20_000
		sum, h := density(0)+density(q), q/steps
		for i := 1; i < steps; i++ {
			sum += density(float64(i)*h) * float64(2+2*(i%2))
		}
		if below := 0.5 + sum*h/3; math.Abs(below-0.975) > 5e-6 {
			t.Errorf("%d degrees of freedom: %v has %v below it", degrees, q, below)
		}
	}
}

// A worked example: 4.0, 4.4, 4.8, 5.2, 5.6 have the deviation √0.4, so that half the interval is
// 2.776445 · √0.4 ÷ √5.
func TestIntervalOf(t *testing.T) {
	samples := []float64{4.0, 4.4, 4.8, 5.2, 5.6}
	got := IntervalOf(samples)
	if got.N != 5 || math.Abs(got.Mean-4.8) > 1e-12 || math.Abs(got.Half-0.785297) > 1e-6 {
		t.Errorf("%+v", got)
	}
	if got := IntervalOf([]float64{3}); got != (Interval{N: 1, Mean: 3}) {
		t.Errorf("of one run: %+v", got)
	}
	if got := IntervalOf(nil); got != (Interval{}) {
		t.Errorf("of none: %+v", got)
	}
	// Shared luck falls out: the pairs differ by 1 exactly, far as the runs lie apart.
	other := make([]float64, len(samples))
	for i, s := range samples {
		other[i] = s - 1
	}
	if got := PairedInterval(samples, other); math.Abs(got.Mean-1) > 1e-12 || got.Half > 1e-12 {
		t.Errorf("paired: %+v", got)
	}
	if got := PairedInterval(samples, other[:2]); got.N != 2 {
		t.Errorf("an unpaired run counts: %+v", got)
	}
}
