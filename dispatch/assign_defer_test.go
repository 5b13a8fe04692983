package dispatch_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"hexhail/dispatch"
)

// price gives a share of the rides prices 0..maxCost at which they may be left.
func price(rng *rand.Rand, g *dispatch.Graph, share float64, maxCost int32) {
	g.Defer = make([]int32, g.Rides())
	for r := range g.Defer {
		g.Defer[r] = dispatch.NoDefer
		if rng.Float64() < share {
			g.Defer[r] = rng.Int32N(maxCost + 1)
		}
	}
}

// deferred solves g and adds up what the rides without a taxi pay. It returns the tally as brute
// force has it: a ride that is left at its price counts as served.
func deferred(t testing.TB, a *dispatch.Assigner, g *dispatch.Graph) (match []int32, sum tally) {
	t.Helper()
	match = make([]int32, g.Rides())
	if err := a.Solve(g, match); err != nil {
		t.Fatal(err)
	}
	sum, err := tallyOf(g, match)
	if err != nil {
		t.Fatal(err)
	}
	if sum.size != a.Size() {
		t.Fatalf("Size says %d, the match %d", a.Size(), sum.size)
	}
	for r, at := range match {
		if at < 0 && r < len(g.Defer) && g.Defer[r] != dispatch.NoDefer {
			sum.size++
			sum.cost += int64(g.Defer[r])
		}
	}
	if sum.cost != a.Cost() {
		t.Fatalf("Cost says %d, the match %d", a.Cost(), sum.cost)
	}
	return match, sum
}

func TestDeferBruteForce(t *testing.T) {
	const seed = 20131213
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	var a dispatch.Assigner
	left, shared := 0, 0
	for i := range 6000 {
		maxCost := []int32{0, 2, 50, dispatch.MaxEdgeCost}[i%4]
		g := randomGraph(rng, 6, 6, 4, maxCost)
		price(rng, g, []float64{0.3, 0.7, 1}[i%3], maxCost)
		match, got := deferred(t, &a, g)
		if want := bruteForce(g); got != want {
			t.Fatalf("case %d: %+v by %v, want %+v for %+v", i, got, match, want, g)
		}
		for r, at := range match {
			if g.Defer[r] != dispatch.NoDefer && at < 0 {
				left++
			} else if at >= 0 {
				shared++
			}
		}
	}
	if left < 2000 || shared < 2000 {
		t.Errorf("%d rides left at their price and %d served: both must be common", left, shared)
	}
}

// TestDeferForNothing: prices that nobody pays, or that no ride has, change no match.
func TestDeferForNothing(t *testing.T) {
	var a dispatch.Assigner
	for _, town := range townsForProof {
		g := town.graph()
		plain, best := solveOnce(t, &a, g)
		g.Defer = slices.Repeat([]int32{dispatch.NoDefer}, g.Rides())
		if match, got := deferred(t, &a, g); got != best || !slices.Equal(match, plain) {
			t.Errorf("%v: %+v without a price, was %+v", town, got, best)
		}
	}
	free := townsForProof[1].graph()
	free.Defer = make([]int32, free.Rides())
	if _, got := deferred(t, &a, free); got.cost != 0 || a.Size() > 0 && got.size != free.Rides() {
		t.Errorf("rides that wait for nothing: %+v", got)
	}
}

// TestDeferLeavesTheFarPairs on a town: no pair is dearer than its ride's price, each ride that is
// left could not have been served for less, and buffers are used again.
func TestDeferLeavesTheFarPairs(t *testing.T) {
	var a dispatch.Assigner
	for _, town := range townsForProof {
		g := town.graph()
		g.Defer = slices.Repeat([]int32{180_000}, g.Rides())
		match, _ := deferred(t, &a, g)
		taken := make([]bool, g.Taxis)
		for r, at := range match {
			if at < 0 {
				continue
			}
			taken[at] = true
			if cost, _ := edgeCost(g, r, at); cost > 180_000 {
				t.Fatalf("%v: ride %d has a taxi at %d ms", town, r, cost)
			}
		}
		for r, at := range match {
			for e := g.Start[r]; at < 0 && e < g.Start[r+1]; e++ {
				if !taken[g.Taxi[e]] && g.Cost[e] < 180_000 {
					t.Fatalf("%v: ride %d is left beside a free taxi at %d ms", town, r, g.Cost[e])
				}
			}
		}
		if n := testing.AllocsPerRun(2, func() { _ = a.Solve(g, match) }); n != 0 {
			t.Errorf("%v: %v allocations in steady state", town, n)
		}
	}
}

func TestDeferRefusesBadPrices(t *testing.T) {
	for name, prices := range map[string][]int32{
		"too few": {1}, "too many": {1, 2, 3}, "negative": {1, -2},
		"too dear": {dispatch.MaxEdgeCost + 1, 1},
	} {
		g := graphOf(2, [][][2]int32{{{0, 5}, {1, 7}}, {{1, 3}}})
		g.Defer = prices
		match := []int32{8, 9}
		if err := new(dispatch.Assigner).Solve(g, match); err == nil || match[0] != 8 {
			t.Errorf("%s: %v, match %v", name, err, match)
		}
	}
}

// BenchmarkAssignDefer is the drained town of the evening peak, without prices and with.
func BenchmarkAssignDefer(b *testing.B) {
	town := assignTown{
		rides: 5000, taxis: 20000, near: 20, spots: 12, spreadM: 800, rideHot: 0.9, seed: 1,
	}
	g := town.graph()
	match := make([]int32, g.Rides())
	for _, price := range []int32{dispatch.NoDefer, 300_000} {
		b.Run(map[bool]string{true: "none", false: "300s"}[price < 0], func(b *testing.B) {
			g.Defer = nil
			if price >= 0 {
				g.Defer = slices.Repeat([]int32{price}, g.Rides())
			}
			var a dispatch.Assigner
			medianOf(b, func() {
				if err := a.Solve(g, match); err != nil {
					b.Fatal(err)
				}
			})
			b.ReportMetric(float64(a.Size()), "served")
		})
	}
}
