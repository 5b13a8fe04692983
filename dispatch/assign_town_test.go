package dispatch_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"hexhail/dispatch"
)

// assignTown is a model city of 40 km × 30 km for the assignment's tests and benchmarks: rides
// and taxis are points, some of them in gaussian hot spots; the candidates of a ride are its
// nearest taxis, the cost is the pickup time in milliseconds at 8 m/s with a detour of 1.3.
type assignTown struct {
	rides, taxis, near int
	spots              int     // number of hot spots
	spreadM            float64 // standard deviation of a hot spot
	rideHot, taxiHot   float64 // share of points that lie in hot spots
	seed               uint64
}

type townPoint struct{ x, y float64 }

const (
	townWidthM  = 40_000
	townHeightM = 30_000
	townMSPerM  = 1.3 / 8 * 1000
)

func (w assignTown) String() string {
	return fmt.Sprintf("%d rides (%.0f%% hot), %d taxis (%.0f%% hot), %d spots of %.0f m, seed %d",
		w.rides, 100*w.rideHot, w.taxis, 100*w.taxiHot, w.spots, w.spreadM, w.seed)
}

// graph builds the city's round; equal towns give equal graphs.
func (w assignTown) graph() *dispatch.Graph {
	rng := rand.New(rand.NewPCG(w.seed, 1))
	spots := make([]townPoint, w.spots)
	for i := range spots {
		spots[i].x = townWidthM * (0.1 + 0.8*rng.Float64())
		spots[i].y = townHeightM * (0.1 + 0.8*rng.Float64())
	}
	taxis := make([]townPoint, w.taxis)
	for i := range taxis {
		taxis[i] = w.point(rng, spots, w.taxiHot)
	}
	byX := make([]int32, w.taxis)
	for i := range byX {
		byX[i] = int32(i)
	}
	slices.SortFunc(byX, func(a, b int32) int {
		if taxis[a].x < taxis[b].x {
			return -1
		}
		return 1
	})
	g := &dispatch.Graph{Taxis: w.taxis, Start: []int32{0}}
	for range w.rides {
		w.addNearest(g, w.point(rng, spots, w.rideHot), taxis, byX)
	}
	return g
}

func (w assignTown) point(rng *rand.Rand, spots []townPoint, hot float64) townPoint {
	for {
		p := townPoint{rng.Float64() * townWidthM, rng.Float64() * townHeightM}
		if rng.Float64() < hot {
			p = spots[rng.IntN(len(spots))]
			p.x += rng.NormFloat64() * w.spreadM
			p.y += rng.NormFloat64() * w.spreadM
		}
		if p.x >= 0 && p.x < townWidthM && p.y >= 0 && p.y < townHeightM {
			return p
		}
	}
}

// addNearest appends the row of a ride at p: it walks the taxis outwards from p by x.
func (w assignTown) addNearest(g *dispatch.Graph, p townPoint, taxis []townPoint, byX []int32) {
	type candidate struct {
		dist float64
		taxi int32
	}
	var best []candidate
	far := func() float64 {
		if len(best) < w.near {
			return math.Inf(1)
		}
		return best[len(best)-1].dist
	}
	try := func(t int32) bool {
		dx, dy := taxis[t].x-p.x, taxis[t].y-p.y
		if math.Abs(dx) >= far() {
			return false
		}
		if d := math.Sqrt(dx*dx + dy*dy); d < far() {
			k := sort.Search(len(best), func(i int) bool { return best[i].dist > d })
			best = slices.Insert(best, k, candidate{d, t})
			best = best[:min(len(best), w.near)]
		}
		return true
	}
	mid := sort.Search(len(byX), func(i int) bool { return taxis[byX[i]].x >= p.x })
	for i := mid; i < len(byX) && try(byX[i]); i++ {
	}
	for i := mid - 1; i >= 0 && try(byX[i]); i-- {
	}
	for _, c := range best {
		g.Taxi = append(g.Taxi, c.taxi)
		g.Cost = append(g.Cost, int32(c.dist*townMSPerM))
	}
	g.Start = append(g.Start, int32(len(g.Taxi)))
}
