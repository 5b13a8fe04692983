package geo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// crowd is a city of n taxis up to radiusM from the middle, east and north.
func crowd(n int, radiusM float64) (*Index[uint64], []Point) {
	r := rand.New(rand.NewPCG(4, 4))
	ix, taxis := NewIndex[uint64](0), make([]Point, n)
	for k := range taxis {
		taxis[k] = scatter(r, places["beijing"], radiusM)
		if err := ix.Move(uint64(k), taxis[k], dawn); err != nil {
			panic(err)
		}
	}
	return ix, taxis
}

func BenchmarkIndexMove(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ix, taxis := crowd(n, 15_000)
			r := rand.New(rand.NewPCG(1, 2))
			steps := make([]Point, 1<<16)
			for i := range steps {
				turn := 2 * math.Pi * r.Float64()
				steps[i] = Point{
					Lat: 40 / mPerDeg * math.Sin(turn),
					Lng: 52 / mPerDeg * math.Cos(turn),
				}
			}
			calls, i := ix.lattice.h3Calls, 0
			b.ReportAllocs()
			for b.Loop() {
				k := i % n
				s := &steps[(i*7+i>>10)&(1<<16-1)]
				p := &taxis[k]
				p.Lat += s.Lat
				p.Lng += s.Lng
				if ix.Move(uint64(k), *p, dawn) != nil {
					b.Fatal("refused")
				}
				i++
			}
			b.ReportMetric(float64(ix.lattice.h3Calls-calls)/float64(b.N), "h3/op")
		})
	}
}

func BenchmarkIndexNearest16(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ix, _ := crowd(n, 15_000)
			r := rand.New(rand.NewPCG(1, 2))
			points := make([]Point, 1<<12)
			dst := make([]Neighbor[uint64], 0, 16)
			for i := range points {
				points[i] = scatter(r, places["beijing"], 15_000)
				dst = ix.Nearest(dst[:0], points[i], 16, 5000, nil)
			}
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				dst = ix.Nearest(dst[:0], points[i&(1<<12-1)], 16, 5000, nil)
				i++
			}
		})
	}
}

func BenchmarkBruteForceNearest16(b *testing.B) {
	_, taxis := crowd(10_000, 15_000)
	all := make([]float64, len(taxis))
	for b.Loop() {
		for k, p := range taxis {
			all[k] = DistanceM(places["beijing"], p)
		}
		slices.Sort(all)
	}
}
