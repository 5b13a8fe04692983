package dispatch_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hexhail/dispatch"
)

// solveOnce solves g with a and checks the match against the Assigner's own sums.
func solveOnce(t testing.TB, a *dispatch.Assigner, g *dispatch.Graph) ([]int32, tally) {
	t.Helper()
	match := make([]int32, g.Rides())
	if err := a.Solve(g, match); err != nil {
		t.Fatalf("Solve: %v", err)
	}
	got, err := tallyOf(g, match)
	if err != nil {
		t.Fatal(err)
	}
	if sums := (tally{a.Size(), a.Cost()}); sums != got {
		t.Fatalf("Size and Cost say %+v, the match %+v", sums, got)
	}
	return match, got
}

// graphOf builds a graph from rows of (taxi, cost) pairs.
func graphOf(taxis int, rows [][][2]int32) *dispatch.Graph {
	g := &dispatch.Graph{Taxis: taxis, Start: []int32{0}}
	for _, row := range rows {
		for _, e := range row {
			g.Taxi = append(g.Taxi, e[0])
			g.Cost = append(g.Cost, e[1])
		}
		g.Start = append(g.Start, int32(len(g.Taxi)))
	}
	return g
}

// randomGraph draws up to rides × taxis with rows of 0..near candidates, repeats included, and
// costs 0..maxCost, so that a small maxCost gives many ties.
func randomGraph(rng *rand.Rand, rides, taxis, near int, maxCost int32) *dispatch.Graph {
	rows := make([][][2]int32, rng.IntN(rides+1))
	taxis = rng.IntN(taxis + 1)
	for r := range rows {
		for k := rng.IntN(near + 1); k > 0 && taxis > 0; k-- {
			rows[r] = append(rows[r], [2]int32{rng.Int32N(int32(taxis)), rng.Int32N(maxCost + 1)})
		}
	}
	return graphOf(taxis, rows)
}

func TestAssignBruteForce(t *testing.T) {
	const seed = 20131118
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	var a dispatch.Assigner
	for i := range 4000 {
		maxCost := []int32{0, 2, 50, dispatch.MaxEdgeCost}[i%4]
		g := randomGraph(rng, 6, 6, 4, maxCost)
		match, got := solveOnce(t, &a, g)
		if want := bruteForce(g); got != want {
			t.Fatalf("case %d: %+v by %v, want %+v for %+v", i, got, match, want, g)
		}
		if dense := denseHungarian(g); dense != got {
			t.Fatalf("case %d: the dense oracle says %+v, brute force %+v", i, dense, got)
		}
	}
}

func TestAssignDense(t *testing.T) {
	const seed = 7080
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	var a dispatch.Assigner
	for i := range 3000 {
		maxCost := []int32{1, 9, 900_000, dispatch.MaxEdgeCost}[i%4]
		rides, taxis := 1+rng.IntN(30), 1+rng.IntN(30)
		g := randomGraph(rng, rides, taxis, 1+rng.IntN(8), maxCost)
		match, got := solveOnce(t, &a, g)
		if want := denseHungarian(g); got != want {
			t.Fatalf("case %d: %+v by %v, want %+v for %+v", i, got, match, want, g)
		}
		if err := certify(g, match); err != nil {
			t.Fatalf("case %d: %v for %+v", i, err, g)
		}
	}
}

func TestAssignRapid(t *testing.T) {
	var a dispatch.Assigner
	rapid.Check(t, func(t *rapid.T) {
		taxis := rapid.IntRange(0, 12).Draw(t, "taxis")
		maxCost := rapid.SampledFrom([]int32{0, 3, 1000, dispatch.MaxEdgeCost}).Draw(t, "max")
		candidate := rapid.Custom(func(t *rapid.T) [2]int32 {
			return [2]int32{
				rapid.Int32Range(0, int32(max(taxis, 1))-1).Draw(t, "taxi"),
				rapid.Int32Range(0, maxCost).Draw(t, "cost"),
			}
		})
		most := 8
		if taxis == 0 {
			most = 0
		}
		rows := rapid.SliceOfN(rapid.SliceOfN(candidate, 0, most), 0, 12).Draw(t, "rows")
		g := graphOf(taxis, rows)
		match := make([]int32, g.Rides())
		if err := a.Solve(g, match); err != nil {
			t.Fatal(err)
		}
		got, err := tallyOf(g, match)
		if err != nil {
			t.Fatal(err)
		}
		if want := denseHungarian(g); got != want || a.Size() != got.size || a.Cost() != got.cost {
			t.Fatalf("%+v by %v, want %+v", got, match, want)
		}
	})
}

// townsForProof have plenty of taxis, too few in places, too few everywhere, and just enough.
var townsForProof = []assignTown{
	{rides: 5000, taxis: 20000, near: 20, spots: 12, spreadM: 800, rideHot: 0.9, seed: 1},
	{
		rides: 5000, taxis: 20000, near: 20, spots: 12, spreadM: 1500, rideHot: .8, taxiHot: .5,
		seed: 2,
	},
	{rides: 1000, taxis: 1000, near: 20, spots: 6, spreadM: 1500, rideHot: 1, seed: 3},
	{
		rides: 1000, taxis: 1000, near: 20, spots: 6, spreadM: 3000, rideHot: .5, taxiHot: .5,
		seed: 4,
	},
	{rides: 1000, taxis: 1000, near: 20, spots: 1, spreadM: 3000, seed: 5},
	{rides: 1000, taxis: 700, near: 20, spots: 3, spreadM: 3000, rideHot: 1, taxiHot: 1, seed: 6},
	{rides: 700, taxis: 30, near: 20, spots: 3, spreadM: 3000, rideHot: 1, taxiHot: 1, seed: 7},
	{rides: 200, taxis: 2000, near: 1, spots: 3, spreadM: 1000, rideHot: .5, taxiHot: .5, seed: 8},
}

func TestAssignCertificate(t *testing.T) {
	var a dispatch.Assigner
	for _, town := range townsForProof {
		g := town.graph()
		match, got := solveOnce(t, &a, g)
		if err := certify(g, match); err != nil {
			t.Errorf("%v: %v", town, err)
		}
		nearest := make([]int32, g.Rides())
		nearestPolicy(g, nearest, make([]bool, g.Taxis))
		greedy, err := tallyOf(g, nearest)
		if err != nil {
			t.Fatal(err)
		}
		if greedy.better(got) {
			t.Errorf("%v: nearest %+v is better than %+v", town, greedy, got)
		}
		if greedy != got && certify(g, nearest) == nil {
			t.Errorf("%v: the certificate accepts nearest %+v beside %+v", town, greedy, got)
		}
	}
}

// TestCertificateSeesMutants spoils optimal matches in small ways; the certificate must object.
func TestCertificateSeesMutants(t *testing.T) {
	var a dispatch.Assigner
	g := townsForProof[3].graph()
	match, best := solveOnce(t, &a, g)
	rng := rand.New(rand.NewPCG(99, 3))
	spoiled := 0
	for range 2000 {
		mutant := slices.Clone(match)
		r, s := rng.IntN(len(match)), rng.IntN(len(match))
		if rng.IntN(10) == 0 {
			mutant[r] = -1
		} else {
			mutant[r], mutant[s] = mutant[s], mutant[r]
		}
		sum, err := tallyOf(g, mutant)
		if err != nil || sum == best {
			continue
		}
		spoiled++
		if certify(g, mutant) == nil {
			t.Fatalf("accepts %+v beside %+v", sum, best)
		}
		if spoiled == 20 {
			return
		}
	}
	t.Fatalf("only %d mutants", spoiled)
}

func TestAssignDeterministicAndReused(t *testing.T) {
	var reused dispatch.Assigner
	for range 2 {
		for _, town := range townsForProof[2:] {
			g := town.graph()
			again, _ := solveOnce(t, &reused, g)
			fresh, _ := solveOnce(t, new(dispatch.Assigner), g)
			if !slices.Equal(again, fresh) {
				t.Fatalf("%v: a used Assigner matches otherwise than a new one", town)
			}
		}
	}
}

func TestAssignAllocatesNothing(t *testing.T) {
	var a dispatch.Assigner
	g := townsForProof[3].graph()
	match := make([]int32, g.Rides())
	allocs := testing.AllocsPerRun(5, func() {
		if err := a.Solve(g, match); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations in steady state, want 0", allocs)
	}
}

func TestAssignRefusesBadGraphs(t *testing.T) {
	one := func() *dispatch.Graph { return graphOf(2, [][][2]int32{{{0, 5}, {1, 7}}, {{1, 3}}}) }
	breakIt := map[string]func(g *dispatch.Graph){
		"taxi too great": func(g *dispatch.Graph) { g.Taxi[0] = 2 },
		"taxi negative":  func(g *dispatch.Graph) { g.Taxi[0] = -1 },
		"cost too great": func(g *dispatch.Graph) { g.Cost[1] = dispatch.MaxEdgeCost + 1 },
		"cost negative":  func(g *dispatch.Graph) { g.Cost[1] = -1 },
		"start falls":    func(g *dispatch.Graph) { g.Start = []int32{0, 4, 3} },
		"start not 0":    func(g *dispatch.Graph) { g.Start[0] = 1 },
		"end too early":  func(g *dispatch.Graph) { g.Start[2] = 2 },
		"end too late":   func(g *dispatch.Graph) { g.Start[2] = 4 },
		"no rows":        func(g *dispatch.Graph) { g.Start = nil },
		"costs missing":  func(g *dispatch.Graph) { g.Cost = g.Cost[:2] },
		"negative taxis": func(g *dispatch.Graph) { g.Taxis = -1 },
		"too many taxis": func(g *dispatch.Graph) { g.Taxis = dispatch.MaxGraphTaxis + 1 },
		"too many rides": func(g *dispatch.Graph) {
			g.Start = make([]int32, dispatch.MaxGraphRides+2)
		},
		"too short a match": func(g *dispatch.Graph) { g.Start = append(g.Start, 3) },
	}
	for name, breakIt := range breakIt {
		var a dispatch.Assigner
		g, match := one(), []int32{8, 9}
		breakIt(g)
		if err := a.Solve(g, match); !errors.Is(err, dispatch.ErrBadGraph) {
			t.Errorf("%s: %v, want ErrBadGraph", name, err)
		}
		if !slices.Equal(match, []int32{8, 9}) {
			t.Errorf("%s: the match was touched", name)
		}
	}
	var a dispatch.Assigner
	if err := a.Solve(&dispatch.Graph{}, nil); err != nil || a.Size() != 0 || a.Cost() != 0 {
		t.Errorf("the empty graph: %v, size %d, cost %d", err, a.Size(), a.Cost())
	}
}

// FuzzAssign reads a raw graph from bytes: whatever they are, Solve refuses it or is optimal.
func FuzzAssign(f *testing.F) {
	f.Add([]byte{3, 0, 2, 3, 3, 0, 1, 1, 9, 1, 200})
	f.Add([]byte{1, 0, 1, 2, 0, 0, 0, 0})
	f.Add([]byte{2, 0, 5, 4, 0, 1, 1, 1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		g := rawGraph(raw)
		var a dispatch.Assigner
		match := make([]int32, g.Rides())
		if err := a.Solve(g, match); err != nil {
			if !errors.Is(err, dispatch.ErrBadGraph) {
				t.Fatal(err)
			}
			return
		}
		got, err := tallyOf(g, match)
		if err != nil {
			t.Fatal(err)
		}
		if want := denseHungarian(g); got != want {
			t.Fatalf("%+v by %v, want %+v for %+v", got, match, want, g)
		}
	})
}

// rawGraph takes taxis, then Start as a byte each up to the first that falls, then pairs of taxi
// and cost, all signed.
func rawGraph(raw []byte) *dispatch.Graph {
	next := func() int32 {
		v := int32(int8(raw[0]))
		raw = raw[1:]
		return v
	}
	g := &dispatch.Graph{}
	if len(raw) > 0 {
		g.Taxis = int(next())
	}
	for len(raw) > 0 && len(g.Start) < 40 {
		s := next()
		if n := len(g.Start); n > 0 && s < g.Start[n-1] {
			break
		}
		g.Start = append(g.Start, s)
	}
	for len(raw) > 1 {
		g.Taxi = append(g.Taxi, next())
		g.Cost = append(g.Cost, next())
	}
	return g
}
