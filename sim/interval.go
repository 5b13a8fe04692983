package sim

import "math"

// Interval is a mean over runs with its 95 % confidence interval, Mean − Half to Mean + Half. It
// takes the runs as draws from a normal distribution of unknown spread (Student, "The Probable
// Error of a Mean", Biometrika 6, 1908). Of one run there is no interval: Half is 0, N says so.
type Interval struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean"`
	Half float64 `json:"half"`
}

// IntervalOf is the mean of samples with its interval. The order of the samples matters to the last
// bits only.
func IntervalOf(samples []float64) Interval {
	n := len(samples)
	if n == 0 {
		return Interval{}
	}
	mean := 0.0
	for _, s := range samples {
		mean += s / float64(n)
	}
	if n == 1 {
		return Interval{N: 1, Mean: mean}
	}
	squares := 0.0
	for _, s := range samples {
		squares += (s - mean) * (s - mean)
	}
	deviation := math.Sqrt(squares / float64(n-1))
	return Interval{N: n, Mean: mean, Half: studentT(n-1) * deviation / math.Sqrt(float64(n))}
}

// PairedInterval is the interval of the differences of runs that share their demand: a[i] − b[i].
// What both have in common, a day with long rides say, falls out, so that the interval is narrower
// than that of two means. Only as many as both have are paired.
func PairedInterval(a, b []float64) Interval {
	differences := make([]float64, min(len(a), len(b)))
	for i := range differences {
		differences[i] = a[i] - b[i]
	}
	return IntervalOf(differences)
}

// tQuantiles are the 97.5 % quantiles of Student's t for 1 to 10 degrees of freedom (Abramowitz and
// Stegun, Handbook of Mathematical Functions, 1964, table 26.10).
var tQuantiles = [...]float64{
	12.706205, 4.302653, 3.182446, 2.776445, 2.570582,
	2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
}

// studentT is the 97.5 % quantile of Student's t: by the table, and above it by an expansion in
// powers of 1 ÷ degrees (the same, 26.7.5), which errs by less than 0.0001 there.
func studentT(degrees int) float64 {
	if degrees <= len(tQuantiles) {
		return tQuantiles[degrees-1]
	}
	const x = 1.959964 // of the normal distribution
	const x3, x5, x7 = x * x * x, x * x * x * x * x, x * x * x * x * x * x * x
	v := float64(degrees)
	return x + (x3+x)/(4*v) + (5*x5+16*x3+3*x)/(96*v*v) +
		(3*x7+19*x5+17*x3-15*x)/(384*v*v*v)
}
