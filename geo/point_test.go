package geo

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func TestPointCheck(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		p     Point
		field string
	}{
		{Point{0, 0}, ""},
		{Point{90, 180}, ""},
		{Point{-90, -180}, ""},
		{Point{90.0000001, 0}, "lat"},
		{Point{-91, 0}, "lat"},
		{Point{nan, 0}, "lat"},
		{Point{inf, 0}, "lat"},
		{Point{-inf, nan}, "lat"},
		{Point{0, 180.0000001}, "lng"},
		{Point{0, -200}, "lng"},
		{Point{0, nan}, "lng"},
		{Point{0, -inf}, "lng"},
	} {
		err := c.p.Check()
		var bad *PointError
		switch {
		case c.field == "":
			if err != nil || !c.p.onEarth() {
				t.Errorf("%v: %v", c.p, err)
			}
		case !errors.As(err, &bad) || bad.Field != c.field || c.p.onEarth():
			t.Errorf("%v: %v, want %s", c.p, err, c.field)
		case bad.Limit != map[string]float64{"lat": 90, "lng": 180}[c.field]:
			t.Errorf("%v: limit %v", c.p, bad.Limit)
		}
	}
}

// chordM is the great circle by vectors, accurate at every distance: 2R·atan2(|a-b|, |a+b|).
func chordM(a, b Point) float64 {
	u, v := a.unitVector(), b.unitVector()
	sum := [3]float64{-v[0], -v[1], -v[2]}
	apart, together := math.Sqrt(chordSquared(u, v)), math.Sqrt(chordSquared(u, sum))
	return 2 * EarthRadiusM * math.Atan2(apart, together)
}

func TestDistanceM(t *testing.T) {
	const seed = 1
	r := rand.New(rand.NewPCG(seed, 1))
	anywhere := func() Point {
		return Point{Lat: 180*r.Float64() - 90, Lng: 360*r.Float64() - 180}
	}
	for range 200_000 {
		a := anywhere()
		b := anywhere()
		if r.IntN(4) > 0 {
			b = scatter(r, a, math.Pow(10, 7*r.Float64()-1))
		}
		got, want := DistanceM(a, b), chordM(a, b)
		if math.Abs(got-want) > 1e-8*want+2e-8 && want < math.Pi*EarthRadiusM*0.999 {
			t.Fatalf("seed %d: %v to %v is %v m, want %v", seed, a, b, got, want)
		}
		if back := DistanceM(b, a); back != got {
			t.Fatalf("seed %d: %v to %v is %v m, back %v", seed, a, b, got, back)
		}
	}
	quarter := DistanceM(Point{0, 0}, Point{0, 90})
	if math.Abs(quarter-EarthRadiusM*math.Pi/2) > 1e-6 {
		t.Errorf("a quarter is %v", quarter)
	}
	if d := DistanceM(Point{10, 180}, Point{10, -180}); d != 0 {
		t.Errorf("across the antimeridian %v", d)
	}
	if d := DistanceM(Point{0, 179.999}, Point{0, -179.999}); math.Abs(d-0.002*mPerDeg) > 1e-6 {
		t.Errorf("over the antimeridian %v", d)
	}
}

// TestDistanceOfRealTrips compares with the distances that came with the trips.
func TestDistanceOfRealTrips(t *testing.T) {
	n := 0
	file := realData(t, "nyc_2013-11-18", "trips_1600_1700.csv.gz")
	rowsOf(t, file, func(col func(string) string) {
		a := Point{number(t, col("pickup_lat")), number(t, col("pickup_lng"))}
		b := Point{number(t, col("dropoff_lat")), number(t, col("dropoff_lng"))}
		if want := number(t, col("crow_distance_m")); math.Abs(DistanceM(a, b)-want) > 1+want*1e-3 {
			t.Fatalf("%v to %v is %v, want %v", a, b, DistanceM(a, b), want)
		}
		n++
	})
	t.Logf("%d trips", n)
}

func BenchmarkDistanceM(b *testing.B) {
	p, q := places["beijing"], Point{39.93, 116.44}
	var sum float64
	for b.Loop() {
		q.Lng += 1e-9
		sum += DistanceM(p, q)
	}
	if sum == 0 {
		b.Fatal("nothing")
	}
}
