package dispatch_test

import (
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
)

// benchTown runs the exact assignment and its baselines on the same round in the same run. Beside
// ns/op each reports the median in ms (this is robust on a shared machine), the rides served and
// the mean pickup in seconds.
func benchTown(b *testing.B, town assignTown, dense bool) {
	g := town.graph()
	match, taken := make([]int32, g.Rides()), make([]bool, g.Taxis)
	b.Run("exact", func(b *testing.B) {
		var a dispatch.Assigner
		medianOf(b, func() {
			if err := a.Solve(g, match); err != nil {
				b.Fatal(err)
			}
		})
		reportTally(b, tally{a.Size(), a.Cost()})
	})
	b.Run("nearest", func(b *testing.B) {
		medianOf(b, func() { nearestPolicy(g, match, taken) })
		sum, err := tallyOf(g, match)
		if err != nil {
			b.Fatal(err)
		}
		reportTally(b, sum)
	})
	if dense {
		b.Run("dense", func(b *testing.B) {
			var sum tally
			medianOf(b, func() { sum = denseHungarian(g) })
			reportTally(b, sum)
		})
	}
}

func medianOf(b *testing.B, run func()) {
	b.ReportAllocs()
	var ms []float64
	run() // grow the buffers
	for b.Loop() {
		from := time.Now()
		run()
		ms = append(ms, time.Since(from).Seconds()*1000)
	}
	slices.Sort(ms)
	b.ReportMetric(ms[len(ms)/2], "median-ms/op")
}

func reportTally(b *testing.B, sum tally) {
	b.ReportMetric(float64(sum.size), "served")
	b.ReportMetric(float64(sum.cost)/1000/float64(max(sum.size, 1)), "pickup-s")
}

// BenchmarkAssignHot5000x20000x20 is the evening peak: 5,000 open rides, 20,000 idle taxis, 20
// candidates each. plenty: taxis enough everywhere; drained: nine rides of ten in hot spots that
// the taxis have not followed, so that over a third of the rides must wait.
func BenchmarkAssignHot5000x20000x20(b *testing.B) {
	b.Run("plenty", func(b *testing.B) {
		benchTown(b, assignTown{
			rides: 5000, taxis: 20000, near: 20, spots: 12, spreadM: 1000,
			rideHot: 0.6, taxiHot: 0.2, seed: 1,
		}, false)
	})
	b.Run("drained", func(b *testing.B) {
		benchTown(b, assignTown{
			rides: 5000, taxis: 20000, near: 20, spots: 12, spreadM: 800,
			rideHot: 0.9, taxiHot: 0, seed: 1,
		}, false)
	})
}

// BenchmarkAssignScarce1000x1000 has as many rides as taxis, the wrong way round. spots: all in
// hot spots, far too few taxis there; spread: half of both in hot spots, so that nearly all can
// be served and the searches are longest; even: no hot spots, every ride can be served only just.
func BenchmarkAssignScarce1000x1000(b *testing.B) {
	town := assignTown{rides: 1000, taxis: 1000, near: 20, spots: 6, seed: 2}
	b.Run("spots", func(b *testing.B) {
		spots := town
		spots.spreadM, spots.rideHot = 1500, 1
		benchTown(b, spots, true)
	})
	b.Run("spread", func(b *testing.B) {
		spread := town
		spread.spreadM, spread.rideHot, spread.taxiHot = 3000, 0.5, 0.5
		benchTown(b, spread, true)
	})
	b.Run("even", func(b *testing.B) {
		benchTown(b, town, true)
	})
}
