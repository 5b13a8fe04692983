package geo

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func zoneOf(t testing.TB, text string) (*Zone, Area) {
	t.Helper()
	a, err := ParseArea([]byte(text))
	if err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	z, err := NewZone(a)
	if err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	return z, a
}

// TestZoneAgainstArea holds the cells against the polygon: points all around, at corners of cells,
// and a hair's breadth beside edges, near the equator, far north and beside the antimeridian.
func TestZoneAgainstArea(t *testing.T) {
	mids := []Point{
		{Lat: 40.05, Lng: 116.6},
		{Lat: .001, Lng: .001},
		{Lat: -33.9, Lng: 18.4},
		{Lat: 78.2, Lng: 15.6},
		{Lat: -17, Lng: 179.99},
		{Lat: 58.1577, Lng: 11.2452}, // around a pentagon of H3
	}
	in, edge, zones := 0, 0, 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 2))
		mid := mids[seed%uint64(len(mids))]
		a, err := ParseArea([]byte(star(rng, mid, .009, seed%2 == 0)))
		if err != nil {
			continue
		}
		z, err := NewZone(a)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		zones++
		check := func(p Point) bool {
			got, want := z.Holds(p), a.Holds(p)
			if got != want {
				t.Fatalf("seed %d: %.12f,%.12f is in: %v, by the polygon %v",
					seed, p.Lat, p.Lng, got, want)
			}
			return got
		}
		for range 3000 {
			if check(Point{
				Lat: mid.Lat + .025*(rng.Float64()-.5),
				Lng: mid.Lng + math.Min(.025*(rng.Float64()-.5), 180-mid.Lng),
			}) {
				in++
			}
		}
		for _, e := range a.polygons[0].edges() {
			t := rng.Float64()
			p := Point{Lat: e.a.Lat + t*(e.b.Lat-e.a.Lat), Lng: e.a.Lng + t*(e.b.Lng-e.a.Lng)}
			for _, off := range []float64{0, 1e-12, -1e-12, 1e-7, -1e-7} {
				check(Point{Lat: p.Lat + off, Lng: p.Lng})
				check(e.a)
				edge++
			}
		}
		for c := range z.cells {
			corners, err := c.boundary()
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range corners {
				check(p)
			}
		}
	}
	if zones < 40 || in < 10_000 || edge < 2000 {
		t.Errorf("%d zones, %d points in, %d at edges: too few to tell", zones, in, edge)
	}
}

func TestZoneLimits(t *testing.T) {
	for name, text := range map[string]string{
		"a city": polygonText(square(116, 40, .5)),
		"a pole": polygonText(square(0, 89, .01)),
	} {
		a := parsedArea(t, text)
		_, err := NewZone(a)
		var bad *AreaError
		if !errors.As(err, &bad) || bad.Key != "coordinates" {
			t.Errorf("%s: %v, want an AreaError", name, err)
		}
	}
	if _, err := NewZone(Area{}); err == nil {
		t.Error("a zone of nothing")
	}
	var none *Zone
	if none.Holds(Point{}) || none.Cells() != 0 {
		t.Error("the nil zone holds something")
	}
	z, _ := zoneOf(t, polygonText(square(116, 40, 1e-7)))
	if z.Cells() == 0 || !z.Holds(Point{Lat: 40, Lng: 116}) {
		t.Error("a zone smaller than a cell has none")
	}
}

// BenchmarkZone is a fix in the rectangle around an airport, beside the polygon of 200 corners.
func BenchmarkZone(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 3))
	mid := Point{Lat: 40.05, Lng: 116.6}
	corners := ring{}
	for i := range 200 {
		angle := 2 * math.Pi * float64(i) / 200
		corners = append(corners, Point{
			Lat: mid.Lat + .01*math.Sin(angle), Lng: mid.Lng + .01*math.Cos(angle),
		})
	}
	a := Area{polygons: []polygon{{box: boxOf(corners), rings: []ring{corners}}}}
	z, err := NewZone(a)
	if err != nil {
		b.Fatal(err)
	}
	points := make([]Point, 1024)
	for i := range points {
		points[i] = Point{
			Lat: mid.Lat + .02*(rng.Float64()-.5), Lng: mid.Lng + .02*(rng.Float64()-.5),
		}
	}
	for name, holds := range map[string]func(Point) bool{"cells": z.Holds, "polygon": a.Holds} {
		b.Run(name, func(b *testing.B) {
			i, in := 0, 0
			for b.Loop() {
				if holds(points[i%len(points)]) {
					in++
				}
				i++
			}
			b.ReportMetric(float64(in)/float64(i), "in")
		})
	}
}
