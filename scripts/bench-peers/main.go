// Command bench-peers measures geo.Index against github.com/tidwall/rtree, the index of
// Tile38, in one process: rounds of both in turn, so that a busy machine hurts both, and the
// medians of their rates. It is a module of its own so that the peer is no dependency of
// Hexhail.
//
//	go run . [-taxis 100000] [-rounds 7] [-min-move 6] [-min-nearest 4] [-max-bytes 100]
//
// It exits with 1 when a ratio is below its minimum, a taxi takes more than -max-bytes, a hot
// path allocates, or the two indexes disagree about who is near.
package main

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tidwall/rtree"
	"hexhail/geo"
)

const (
	stepM      = 40     // a taxi at 10 m/s that reports every 4 s
	halfCityM  = 15_000 // the city is a square of 30 km
	neighbours = 16
	searchM    = 5000
	mPerDeg    = geo.EarthRadiusM * math.Pi / 180
)

var center = geo.Point{Lat: 39.9087, Lng: 116.3975} // Beijing

// limits are what the run must reach.
type limits struct{ move, nearest, bytes float64 }

// city is one set of taxis in both indexes. The r-tree needs the old position to replace.
type city struct {
	index *geo.Index[uint64]
	tree  rtree.RTreeG[uint64]
	rand  *rand.Rand
	now   time.Time
	bytes struct{ index, tables, tree float64 }
}

func main() {
	taxis := flag.Int("taxis", 100_000, "taxis in the city")
	rounds := flag.Int("rounds", 7, "rounds of each measurement")
	var need limits
	flag.Float64Var(&need.move, "min-move", 6, "least ratio of moves a second")
	flag.Float64Var(&need.nearest, "min-nearest", 4, "least ratio of searches a second")
	flag.Float64Var(&need.bytes, "max-bytes", 100, "most bytes a taxi beyond the city's tables")
	flag.Parse()
	if !run(*taxis, *rounds, need) {
		os.Exit(1)
	}
}

func run(taxis, rounds int, need limits) bool {
	c := &city{rand: rand.New(rand.NewPCG(2014, 1)), now: time.Unix(1_389_312_000, 0)}
	at := c.fill(taxis)
	fmt.Printf("%d taxis, median of %d rounds\n", taxis, rounds)
	fmt.Printf("%-22s %14s %14s %7s\n", "", "geo.Index /s", "rtree /s", "ratio")
	moves := c.measure(rounds, func() (ours, theirs float64) { return c.moves(at) })
	moves.print(fmt.Sprintf("move by %d m", stepM))
	searches := c.measure(rounds, func() (ours, theirs float64) { return c.searches(at) })
	searches.print(fmt.Sprintf("%d nearest", neighbours))
	moveAllocs, searchAllocs := c.allocs(at)
	wrong := c.disagreements(at)
	fmt.Printf("bytes a taxi           %14.0f %14.0f   (tables of the city: %.1f MB)\n",
		c.bytes.index, c.bytes.tree, c.bytes.tables/1e6)
	fmt.Printf("allocations            %14.2f a move %7.2f a search\n", moveAllocs, searchAllocs)
	fmt.Printf("searches unlike brute force: %d\n", wrong)
	return moves.ratio >= need.move && searches.ratio >= need.nearest &&
		c.bytes.index <= need.bytes && moveAllocs == 0 && searchAllocs == 0 && wrong == 0
}

// fill places the taxis, having built the city's tables with one taxi that visits it all.
func (c *city) fill(taxis int) []geo.Point {
	at := make([]geo.Point, taxis)
	for k := range at {
		at[k] = c.anywhere()
	}
	before := heap()
	c.index = geo.NewIndex[uint64](0)
	var near []geo.Neighbor[uint64]
	for y := -halfCityM - 1000.0; y < halfCityM+1000; y += 150 {
		for x := -halfCityM - 1000.0; x < halfCityM+1000; x += 150 {
			p := shift(center, x, y)
			must(c.index.Move(0, p, c.now))
			near = c.index.Nearest(near[:0], p, 1, 100, nil)
		}
	}
	tables := heap()
	for k, p := range at {
		must(c.index.Move(uint64(k), p, c.now))
	}
	index := heap()
	for k, p := range at {
		c.tree.Insert([2]float64{p.Lng, p.Lat}, [2]float64{p.Lng, p.Lat}, uint64(k))
	}
	tree := heap()
	n := float64(taxis)
	c.bytes.tables, c.bytes.index, c.bytes.tree = tables-before, (index-tables)/n, (tree-index)/n
	return at
}

func (c *city) anywhere() geo.Point {
	return shift(center, (2*c.rand.Float64()-1)*halfCityM, (2*c.rand.Float64()-1)*halfCityM)
}

func shift(p geo.Point, eastM, northM float64) geo.Point {
	east := eastM / mPerDeg / math.Cos(p.Lat*math.Pi/180)
	return geo.Point{Lat: p.Lat + northM/mPerDeg, Lng: p.Lng + east}
}

// result is the medians of one measurement, in operations a second.
type result struct{ ours, theirs, ratio float64 }

func (r result) print(what string) {
	fmt.Printf("%-22s %14.0f %14.0f %6.1fx\n", what, r.ours, r.theirs, r.ratio)
}

func (c *city) measure(rounds int, round func() (ours, theirs float64)) result {
	ours, theirs := make([]float64, rounds), make([]float64, rounds)
	ratios := make([]float64, rounds)
	round() // warm
	for i := range rounds {
		runtime.GC()
		ours[i], theirs[i] = round()
		ratios[i] = ours[i] / theirs[i]
	}
	return result{median(ours), median(theirs), median(ratios)}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// moves moves every taxi by five steps, first in one index, then in the other. The steps are
// computed beforehand: what is timed is the index alone, with the position's cell.
func (c *city) moves(at []geo.Point) (ours, theirs float64) {
	const steps = 5
	paths := [steps + 1][]geo.Point{slices.Clone(at)}
	for i := range steps {
		paths[i+1] = make([]geo.Point, len(at))
		for k, p := range paths[i] {
			turn := 2 * math.Pi * c.rand.Float64()
			paths[i+1][k] = shift(p, stepM*math.Cos(turn), stepM*math.Sin(turn))
		}
	}
	start := time.Now()
	for i := range steps {
		c.now = c.now.Add(4 * time.Second)
		for k, p := range paths[i+1] {
			must(c.index.Move(uint64(k), p, c.now))
		}
	}
	ours = float64(steps*len(at)) / time.Since(start).Seconds()
	start = time.Now()
	for i := range steps {
		for k, p := range paths[i+1] {
			q := paths[i][k]
			old, now := [2]float64{q.Lng, q.Lat}, [2]float64{p.Lng, p.Lat}
			c.tree.Replace(old, old, uint64(k), now, now, uint64(k))
		}
	}
	theirs = float64(steps*len(at)) / time.Since(start).Seconds()
	copy(at, paths[steps])
	return ours, theirs
}

// searches asks both indexes for the nearest of the same places.
func (c *city) searches(at []geo.Point) (ours, theirs float64) {
	const n = 20_000
	places := make([]geo.Point, n)
	for i := range places {
		places[i] = at[c.rand.IntN(len(at))]
		places[i] = shift(places[i], 200*c.rand.NormFloat64(), 200*c.rand.NormFloat64())
	}
	near := make([]geo.Neighbor[uint64], 0, neighbours)
	start := time.Now()
	for _, p := range places {
		near = c.index.Nearest(near[:0], p, neighbours, searchM, nil)
	}
	ours = n / time.Since(start).Seconds()
	found := make([]uint64, 0, neighbours)
	start = time.Now()
	for _, p := range places {
		found = c.treeNearest(found[:0], p)
	}
	return ours, n / time.Since(start).Seconds()
}

// treeNearest measures in degrees, as the library's own distance does: the cheaper question.
func (c *city) treeNearest(found []uint64, p geo.Point) []uint64 {
	here := [2]float64{p.Lng, p.Lat}
	c.tree.Nearby(rtree.BoxDist[float64, uint64](here, here, nil),
		func(_, _ [2]float64, k uint64, _ float64) bool {
			found = append(found, k)
			return len(found) < neighbours
		})
	return found
}

func (c *city) allocs(at []geo.Point) (move, search float64) {
	near := make([]geo.Neighbor[uint64], 0, neighbours)
	taxi, taxis := uint64(0), uint64(len(at))
	next := func() uint64 { taxi = (taxi + 1) % taxis; return taxi }
	move = testing.AllocsPerRun(20_000, func() {
		k := next()
		must(c.index.Move(k, at[k], c.now))
	})
	search = testing.AllocsPerRun(2000, func() {
		near = c.index.Nearest(near[:0], at[next()], neighbours, searchM, nil)
	})
	return move, search
}

// disagreements compares searches with the measuring of every taxi.
func (c *city) disagreements(at []geo.Point) int {
	wrong := 0
	all := make([]float64, len(at))
	for range 200 {
		p := c.anywhere()
		for k, q := range at {
			all[k] = geo.DistanceM(p, q)
		}
		slices.Sort(all)
		near := c.index.Nearest(nil, p, neighbours, searchM, nil)
		same := len(near) == neighbours
		for i := range near {
			same = same && near[i].DistanceM == all[i] &&
				geo.DistanceM(p, at[near[i].Key]) == all[i]
		}
		if !same {
			wrong++
		}
	}
	return wrong
}

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
