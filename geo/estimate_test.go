package geo

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func newEstimator(t testing.TB) *Estimator {
	t.Helper()
	e, err := NewEstimator(EstimatorConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// speedKMH is what the estimator believes of p.
func speedKMH(e *Estimator, p Point, hour int) float64 {
	return 3.6 * e.Detour() / float64(e.PaceAt(p, hour))
}

// took is the time of a drive at a speed in km/h.
func took(a, b Point, kmh float64) time.Duration {
	return PaceOf(kmh/3.6, DefaultDetour).Time(DistanceM(a, b))
}

func TestEstimateDefault(t *testing.T) {
	e := newEstimator(t)
	a := places["beijing"]
	b := Point{a.Lat + 3000/mPerDeg, a.Lng}
	want := time.Duration(3000 * 1.32 / (24 / 3.6) * 1e9)
	if got := e.Estimate(a, b, 8); (got - want).Abs() > time.Millisecond {
		t.Errorf("3 km take %v, want %v", got, want)
	}
	nowhere := Point{Lat: math.NaN()}
	if got := e.PaceAt(nowhere, 8).Time(3000); (got - want).Abs() > time.Millisecond {
		t.Errorf("from nowhere %v", got)
	}
}

// TestEstimateFallsBack: area and hour, then the city's hour, then the city, then the default.
func TestEstimateFallsBack(t *testing.T) {
	e := newEstimator(t)
	a := places["beijing"]
	b := Point{a.Lat, a.Lng + 0.03}
	far := Point{a.Lat - 0.2, a.Lng - 0.2}
	farther := Point{far.Lat, far.Lng + 0.03}
	for range 200 {
		if !e.Learn(a, b, took(a, b, 12), 8) {
			t.Fatal("taught nothing")
		}
	}
	for range 200 {
		e.Learn(far, farther, took(far, farther, 40), 8)
	}
	if v := speedKMH(e, a, 8); math.Abs(v-12) > 0.1 {
		t.Errorf("the slow area: %v km/h", v)
	}
	if v := speedKMH(e, far, 8); math.Abs(v-40) > 0.4 {
		t.Errorf("the fast area: %v km/h", v)
	}
	elsewhere := Point{a.Lat + 0.2, a.Lng + 0.2}
	city := speedKMH(e, elsewhere, 8)
	if city <= 12 || city > 40.1 {
		t.Errorf("the city at 8: %v km/h", city)
	}
	if v := speedKMH(e, a, 9); v == 24 || v <= 12 || v > 40.1 {
		t.Errorf("the area at another hour: %v km/h", v)
	}
	if v := speedKMH(e, a, 24); v == 24 || v <= 12 || v > 40.1 {
		t.Errorf("at no hour: %v km/h", v)
	}
}

func TestEstimateIsRobust(t *testing.T) {
	e := newEstimator(t)
	a := places["beijing"]
	b := Point{a.Lat, a.Lng + 0.02}
	near := Point{a.Lat + 150/mPerDeg, a.Lng}
	for _, c := range []struct {
		to   Point
		took time.Duration
		hour int
	}{
		{near, time.Minute, 8},
		{b, 0, 8},
		{b, -time.Minute, 8},
		{b, time.Minute, 24},
		{b, time.Minute, -1},
		{Point{Lat: math.NaN()}, time.Minute, 8},
		{Point{100, 0}, time.Minute, 8},
	} {
		if e.Learn(a, c.to, c.took, c.hour) || e.Areas() != 0 {
			t.Errorf("%+v taught something", c)
		}
	}
	for range 100 {
		e.Learn(a, b, took(a, b, 20), 8)
	}
	before := speedKMH(e, a, 8)
	e.Learn(a, b, 30*24*time.Hour, 8) // a meter left running
	if v := speedKMH(e, a, 8); v < before*0.9 {
		t.Errorf("one drive of a month makes %v km/h of %v", v, before)
	}
	for range 1000 {
		e.Learn(a, b, time.Nanosecond, 8)
	}
	if v := speedKMH(e, a, 8); v > 100.01 {
		t.Errorf("learned %v km/h", v)
	}
	for range 1000 {
		e.Learn(a, b, 1000*time.Hour, 8)
	}
	if v := speedKMH(e, a, 8); v < 2.99 {
		t.Errorf("learned %v km/h", v)
	}
}

// TestEstimatorIsBounded drives all over the world, and forgets nothing it has learned.
func TestEstimatorIsBounded(t *testing.T) {
	const seed = 3
	e := newEstimator(t)
	home := places["beijing"]
	work := Point{home.Lat, home.Lng + 0.01}
	for range 100 {
		e.Learn(home, work, took(home, work, 10), 8)
	}
	want := e.PaceAt(home, 8)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 150_000 {
		p := Point{Lat: 178*r.Float64() - 89, Lng: 360*r.Float64() - 180}
		if r.IntN(20) == 0 {
			q := Point{Lat: p.Lat + 0.01, Lng: p.Lng}
			e.Learn(p, q, took(p, q, 30), 9)
		}
		e.PaceAt(p, 8)
		if len(e.bins) > maxBins || len(e.areas) > maxSeenAreas || e.Areas() > MaxLearnedAreas {
			t.Fatalf("%d bins, %d areas, %d learned", len(e.bins), len(e.areas), e.Areas())
		}
	}
	if got := e.PaceAt(home, 8); got != want || e.Areas() != MaxLearnedAreas {
		t.Errorf("seed %d: home is %v, was %v; %d areas", seed, got, want, e.Areas())
	}
}

func TestEstimatorConfig(t *testing.T) {
	var bad *ConfigError
	for _, c := range []EstimatorConfig{
		{Detour: 0.9},
		{Detour: math.NaN()},
		{SpeedMPS: 0.5},
		{SpeedMPS: 40},
		{SpeedMPS: math.Inf(1)},
	} {
		if _, err := NewEstimator(c); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestEstimateRealTrips learns from half of a sample of real trips and predicts the other:
// it must beat the default.
func TestEstimateRealTrips(t *testing.T) {
	roads, trips := newYork(t), readTrips(t)
	e, fixed := newEstimator(t), newEstimator(t)
	var learnedS, fixedS, n float64
	for i, trip := range trips {
		a, _ := roads.Nearest(trip.from)
		b, _ := roads.Nearest(trip.to)
		from, to := roads.Point(a), roads.Point(b)
		realS, ok := roads.TimeS(a, b)
		if !ok || DistanceM(from, to) < MinLearnM {
			continue
		}
		if i%2 == 0 {
			e.Learn(from, to, time.Duration(realS*float64(time.Second)), 16)
			continue
		}
		learnedS += math.Abs(e.Estimate(from, to, 16).Seconds() - realS)
		fixedS += math.Abs(fixed.Estimate(from, to, 16).Seconds() - realS)
		n++
	}
	t.Logf("%v trips: off by %.0f s, without learning by %.0f s", n, learnedS/n, fixedS/n)
	if learnedS > 0.8*fixedS {
		t.Errorf("learning helps too little")
	}
}

func BenchmarkEstimate(b *testing.B) {
	e := newEstimator(b)
	r := rand.New(rand.NewPCG(1, 2))
	points := make([]Point, 1<<10)
	for i := range points {
		points[i] = scatter(r, places["beijing"], 5000)
		e.PaceAt(points[i], 8)
	}
	i := 0
	b.Run("estimate", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.Estimate(points[i&1023], points[i>>3&1023], 8)
			i++
		}
	})
	b.Run("paceAt", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.PaceAt(points[i&1023], 8)
			i++
		}
	})
}
