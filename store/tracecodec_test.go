package store

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"hexhail/geo"
)

func TestFixesKeepTheirPrecision(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		want := make([]geo.Fix, 1+r.IntN(maxTraceFixes))
		at := time.UnixMilli(r.Int64N(4e12) - 2e12)
		for i := range want {
			at = at.Add(time.Duration(r.Int64N(int64(3 * time.Second))))
			want[i] = geo.Fix{
				Point: geo.Point{Lat: r.Float64()*180 - 90, Lng: r.Float64()*360 - 180}, At: at,
				SpeedMPS: r.Float32() * 100, HeadingDeg: r.Float32() * 360,
				AccuracyM: r.Float32() * 200,
			}
		}
		batch, err := encodeFixes(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeFixes(nil, batch)
		if err != nil || len(got) != len(want) {
			t.Fatalf("%d fixes of %d: %v", len(got), len(want), err)
		}
		for i := range want {
			compareFix(t, got[i], want[i])
		}
	}
}

func compareFix(t *testing.T, got, want geo.Fix) {
	t.Helper()
	near := func(what string, got, want, within float64) {
		if math.Abs(got-want) > within {
			t.Fatalf("%s %v, not %v", what, got, want)
		}
	}
	near("lat", got.Lat, want.Lat, 0.5001e-7)
	near("lng", got.Lng, want.Lng, 0.5001e-7)
	near("speed", float64(got.SpeedMPS), float64(want.SpeedMPS), 0.00501)
	near("heading", float64(got.HeadingDeg), float64(want.HeadingDeg), 0.00502)
	near("accuracy", float64(got.AccuracyM), float64(want.AccuracyM), 0.00501)
	if got.At.UnixMilli() != want.At.UnixMilli() {
		t.Fatalf("at %v, not %v", got.At, want.At)
	}
}

func TestFixesRefused(t *testing.T) {
	good := geo.Fix{Point: geo.Point{Lat: 39.9, Lng: 116.4}, At: time.UnixMilli(1)}
	later := good
	later.At = time.UnixMilli(1 + math.MaxUint32 + 1)
	nan, fast := good, good
	nan.Lat, fast.SpeedMPS = math.NaN(), 101
	for name, fixes := range map[string][]geo.Fix{
		"none": nil, "too many": make([]geo.Fix, maxTraceFixes+1), "wrong order": {later, good},
		"too long": {good, later}, "NaN": {nan}, "too fast": {good, fast},
	} {
		if _, err := encodeFixes(fixes); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzFixes: whatever is decoded without an error encodes to the same bytes.
func FuzzFixes(f *testing.F) {
	good, err := encodeFixes([]geo.Fix{
		{Point: geo.Point{Lat: 39.9, Lng: 116.4}, At: time.UnixMilli(1386561600000), SpeedMPS: 9},
		{Point: geo.Point{Lat: -39.9, Lng: -116.4}, At: time.UnixMilli(1386561601500)},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add(good[:codecHead])
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, codecHead+codecFix))
	f.Fuzz(func(t *testing.T, batch []byte) {
		fixes, err := decodeFixes(nil, batch)
		if err != nil {
			return
		}
		again, err := encodeFixes(fixes)
		if err != nil || !bytes.Equal(again, batch) {
			t.Fatalf("%x became %x: %v", batch, again, err)
		}
	})
}
