package geo

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// tangledRoads is a graph of n nodes and about m edges, parallel ones and loops among them. Some
// nodes have none.
func tangledRoads(t testing.TB, r *rand.Rand, n, m int) *Roads {
	t.Helper()
	labels, points := make([]int64, n), make([]Point, n)
	for i := range points {
		labels[i], points[i] = int64(i), scatter(r, places["beijing"], 5000)
	}
	var raw []RoadEdge
	for range m {
		e := RoadEdge{
			From: NodeID(r.IntN(n)), To: NodeID(r.IntN(n)),
			TimeS: float64(1+r.IntN(20)) / 1000 * math.Pow(10, float64(r.IntN(5))),
		}
		for range 1 + r.IntN(5)/4 {
			raw = append(raw, e)
			e.TimeS = float64(1+r.IntN(20)) / 10
		}
		if r.IntN(2) == 0 {
			raw = append(raw, RoadEdge{From: e.To, To: e.From, TimeS: e.TimeS})
		}
	}
	g, err := NewRoads(labels, points, raw)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// timesFrom is the oracle: every edge is tried until nothing gets quicker (R. Bellman, 1958).
func timesFrom(g *Roads, from NodeID) []uint32 {
	times := make([]uint32, g.Len())
	for i := range times {
		times[i] = noTime
	}
	times[from] = 0
	for changed := true; changed; {
		changed = false
		for v := range times {
			for _, r := range g.roads[g.first[v]:g.first[v+1]] {
				t := uint64(times[v]) + uint64(r.timeMS)
				if times[v] != noTime && t < uint64(times[r.to]) {
					times[r.to], changed = uint32(t), true
				}
			}
		}
	}
	return times
}

func TestHierarchyEqualsBruteForce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	ways, none := 0, 0
	for range 60 {
		n := 1 + r.IntN(60)
		g := tangledRoads(t, r, n, r.IntN(3*n+1))
		h := NewHierarchy(g)
		if r.IntN(2) == 0 {
			h.LimitLabels(r.IntN(2000)) // so that labels are dropped on the way
		}
		var pairs []NodePair
		var want []uint32
		for from := range NodeID(n) {
			for to, timeMS := range timesFrom(g, from) {
				pairs, want = append(pairs, NodePair{from, NodeID(to)}), append(want, timeMS)
			}
		}
		for range 2 { // by source, then in disorder
			got := h.TimesMS(nil, pairs)
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("%d nodes, %v: %d ms, want %d", n, pairs[i], got[i], want[i])
				}
			}
			r.Shuffle(len(pairs), func(i, j int) {
				pairs[i], pairs[j] = pairs[j], pairs[i]
				want[i], want[j] = want[j], want[i]
			})
		}
		for _, timeMS := range want {
			if timeMS == noTime {
				none++
			} else {
				ways++
			}
		}
	}
	if ways < 1000 || none < 1000 {
		t.Errorf("%d ways and %d pairs without one: the graphs show too little", ways, none)
	}
}

// A way of more than 49 days is none, for Dijkstra's algorithm as for the hierarchy.
func TestHierarchyOfEndlessWays(t *testing.T) {
	const n = 80
	labels, points := make([]int64, n), make([]Point, n)
	var raw []RoadEdge
	for i := range n {
		points[i] = Point{Lat: float64(i) / 10}
		if i > 0 {
			raw = append(raw, RoadEdge{From: NodeID(i - 1), To: NodeID(i), TimeS: MaxRoadTimeS})
		}
	}
	g, err := NewRoads(labels, points, raw)
	if err != nil {
		t.Fatal(err)
	}
	h := NewHierarchy(g)
	for to, want := range timesFrom(g, 0) {
		_, ok := g.TimeS(0, NodeID(to))
		got := h.TimesMS(nil, []NodePair{{0, NodeID(to)}})[0]
		if got != want || ok != (want != noTime) {
			t.Errorf("to %d: %d ms, %v, want %d", to, got, ok, want)
		}
	}
}

func TestHierarchyOfNoNodes(t *testing.T) {
	h := NewHierarchy(tangledRoads(t, rand.New(rand.NewPCG(1, 1)), 2, 0))
	pairs := []NodePair{{-1, 0}, {0, 2}, {0, 0}, {0, 1}}
	want := []uint32{NoTimeMS, NoTimeMS, 0, NoTimeMS}
	if got := h.TimesMS(nil, pairs); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestHierarchyEqualsDijkstraInNewYork(t *testing.T) {
	equalsDijkstra(t, newYork(t), 40)
}

func TestHierarchyEqualsDijkstraInTown(t *testing.T) {
	equalsDijkstra(t, townRoads(t, 50), 40)
}

// equalsDijkstra compares the times from all nodes to some.
func equalsDijkstra(t *testing.T, g *Roads, targets int) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	h := NewHierarchy(g)
	t.Logf("%d nodes, %d edges, %d arcs", g.Len(), g.Edges(), h.Arcs())
	var pairs []NodePair
	for range targets {
		to := NodeID(r.IntN(g.Len()))
		pairs = pairs[:0]
		for from := range NodeID(g.Len()) {
			pairs = append(pairs, NodePair{from, to})
		}
		g.grow(make([]uint8, g.Len()), to)
		for from, got := range h.TimesMS(nil, pairs) {
			if want := g.trees.timeMS[from]; got != want {
				t.Fatalf("%d → %d: %d ms, want %d", from, to, got, want)
			}
		}
	}
}

func TestHierarchyAllocatesNothing(t *testing.T) {
	g := townRoads(t, 20)
	h := NewHierarchy(g)
	pairs := candidates(g, rand.New(rand.NewPCG(1, 1)), 50)
	times := h.TimesMS(nil, pairs)
	if n := testing.AllocsPerRun(10, func() { times = h.TimesMS(times[:0], pairs) }); n > 0 {
		t.Errorf("%v allocations for %d pairs", n, len(pairs))
	}
}

// townRoads is a town of side × side crossings 150 m apart: every tenth street is quicker, every
// fiftieth much, and a quarter of the blocks is one way.
func townRoads(t testing.TB, side int) *Roads {
	t.Helper()
	const blockM = 150
	r := rand.New(rand.NewPCG(1, uint64(side)))
	labels, points := make([]int64, side*side), make([]Point, side*side)
	var raw []RoadEdge
	speedMPS := func(street int) float64 {
		switch {
		case street%50 == 0:
			return 15
		case street%10 == 0:
			return 9
		}
		return 5
	}
	for i := range points {
		x, y := i%side, i/side
		labels[i] = int64(i)
		points[i] = Point{39 + float64(y)*blockM/mPerDeg, 116 + float64(x)*blockM/mPerDeg}
		join := func(to int, mps float64) {
			e := RoadEdge{
				From: NodeID(i), To: NodeID(to), LengthM: blockM,
				TimeS: blockM / mps * (0.8 + 0.4*r.Float64()),
			}
			if r.IntN(2) == 0 {
				e.From, e.To = e.To, e.From
			}
			if raw = append(raw, e); r.IntN(4) > 0 {
				e.From, e.To = e.To, e.From
				raw = append(raw, e)
			}
		}
		if x+1 < side {
			join(i+1, speedMPS(y))
		}
		if y+1 < side {
			join(i+side, speedMPS(x))
		}
	}
	g, err := NewRoads(labels, points, raw)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// candidates are the pairs of a round: for each of some rides anywhere, 20 taxis around it.
func candidates(g *Roads, r *rand.Rand, rides int) []NodePair {
	var pairs []NodePair
	for range rides {
		to := NodeID(r.IntN(g.Len()))
		for range 20 {
			from, _ := g.Nearest(scatter(r, g.Point(to), 1500))
			pairs = append(pairs, NodePair{from, to})
		}
	}
	return pairs
}

// BenchmarkRoadTimes is a round's pairs: of 5,000 rides and 20 taxis of each, with the labels of
// former rounds and without any, beside Dijkstra's algorithm from each ride.
func BenchmarkRoadTimes(b *testing.B) {
	const rides = 5000
	for _, town := range []struct {
		name  string
		roads func() *Roads
	}{
		{"new_york", func() *Roads { return newYork(b) }},
		{"50000_nodes", func() *Roads { return townRoads(b, 224) }},
	} {
		b.Run(town.name, func(b *testing.B) {
			g := town.roads()
			pairs := candidates(g, rand.New(rand.NewPCG(1, 1)), rides)
			h := NewHierarchy(g)
			times := h.TimesMS(nil, pairs)
			b.Run("warm", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					times = h.TimesMS(times[:0], pairs)
				}
			})
			b.Run("cold", func(b *testing.B) {
				for b.Loop() {
					h.LimitLabels(DefaultLabelBytes)
					times = h.TimesMS(times[:0], pairs)
				}
			})
			b.Run("dijkstra", func(b *testing.B) {
				tree, ride := make([]uint8, g.Len()), 0
				for b.Loop() {
					g.grow(tree, pairs[ride*20].To)
					ride = (ride + 1) % rides
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)*rides, "ns/round")
			})
			b.Run("contract", func(b *testing.B) {
				for b.Loop() {
					NewHierarchy(g)
				}
			})
		})
	}
}
