package dispatch

import (
	"errors"
	"fmt"
)

// Limits of one [Graph]. They are far above a city's round (5,000 rides × 20 candidates) and keep
// every sum of costs below 2^52, so that no int64 in [Assigner] can overflow.
const (
	// MaxGraphRides is the greatest number of rides in one graph.
	MaxGraphRides = 1 << 20
	// MaxGraphTaxis is the greatest number of taxis in one graph.
	MaxGraphTaxis = 1 << 20
	// MaxGraphEdges is the greatest number of candidates of all rides of one graph together.
	MaxGraphEdges = 1 << 28
	// MaxEdgeCost is the greatest cost of one candidate: in milliseconds 12.4 days.
	MaxEdgeCost = 1 << 30
)

// ErrBadGraph is what every error of [Graph.Check] and [Assigner.Solve] wraps. It means a bug in
// the caller, never a state of the city: a round without rides or without taxis is no error.
var ErrBadGraph = errors.New("bad assignment graph")

// Graph is the sparse bipartite graph of one round in compressed rows: the candidates of ride r
// are Taxi[Start[r]:Start[r+1]], their costs Cost at the same places. Rides are the indices
// 0..len(Start)-2, taxis the indices 0..Taxis-1. Rows may be empty, unsorted (sorted by cost is
// faster) and name a taxi twice (the cheaper edge counts); a taxi may be nobody's candidate.
type Graph struct {
	Taxis int     // number of taxis, 0..MaxGraphTaxis
	Start []int32 // Start[0] = 0, never falling, last = len(Taxi); empty: no rides
	Taxi  []int32 // each 0..Taxis-1
	Cost  []int32 // each 0..MaxEdgeCost, by convention milliseconds
	// Defer is for each ride the price at which it may be left without a taxi, 0..MaxEdgeCost, or
	// [NoDefer]; empty: no ride may. A ride that is left at its price counts as served.
	Defer []int32
}

// NoDefer is the price of a ride that is left without a taxi only where it cannot be served.
const NoDefer = -1

// Rides returns the number of rides.
func (g *Graph) Rides() int {
	return max(len(g.Start)-1, 0)
}

// Check returns an error that wraps [ErrBadGraph] if g breaks its shape or a limit, else nil.
// It takes time linear in the size of g.
func (g *Graph) Check() error {
	switch {
	case g.Rides() > MaxGraphRides, g.Taxis > MaxGraphTaxis, len(g.Taxi) > MaxGraphEdges:
		return fmt.Errorf("%w: %d rides, %d taxis, %d edges: above a limit",
			ErrBadGraph, g.Rides(), g.Taxis, len(g.Taxi))
	case g.Taxis < 0:
		return fmt.Errorf("%w: %d taxis", ErrBadGraph, g.Taxis)
	case len(g.Taxi) != len(g.Cost):
		return fmt.Errorf("%w: %d edges, %d costs", ErrBadGraph, len(g.Taxi), len(g.Cost))
	case len(g.Defer) != 0 && len(g.Defer) != g.Rides():
		return fmt.Errorf("%w: %d prices for %d rides", ErrBadGraph, len(g.Defer), g.Rides())
	}
	for r, c := range g.Defer {
		if c != NoDefer && (c < 0 || c > MaxEdgeCost) {
			return fmt.Errorf("%w: ride %d waits at a price of %d", ErrBadGraph, r, c)
		}
	}
	end := int32(0)
	for r, s := range g.Start {
		if s < end || r == 0 && s != 0 {
			return fmt.Errorf("%w: Start[%d] = %d after %d", ErrBadGraph, r, s, end)
		}
		end = s
	}
	if int(end) != len(g.Taxi) {
		return fmt.Errorf("%w: rows end at %d of %d edges", ErrBadGraph, end, len(g.Taxi))
	}
	for e, t := range g.Taxi {
		if t < 0 || int(t) >= g.Taxis {
			return fmt.Errorf("%w: edge %d to taxi %d of %d", ErrBadGraph, e, t, g.Taxis)
		}
		if c := g.Cost[e]; c < 0 || c > MaxEdgeCost {
			return fmt.Errorf("%w: edge %d costs %d", ErrBadGraph, e, c)
		}
	}
	return nil
}

// row returns the candidates of ride r as a range of edges.
func (g *Graph) row(r int32) (first, end int32) {
	return g.Start[r], g.Start[r+1]
}

// Assigner finds the match of a round: of all assignments of maximum cardinality one of least
// total cost, exactly, in integers. It works in three steps.
//
//  1. Hopcroft and Karp (An n^5/2 algorithm for maximum matchings in bipartite graphs, SIAM J.
//     Comput. 2, 1973), after a greedy start, find the maximum cardinality.
//  2. Its last, failing search visits just the rides that can be left over by some maximum
//     assignment; every one of their taxis is taken in each maximum assignment, and by one of
//     them (Dulmage and Mendelsohn, Coverings of bipartite graphs, Canad. J. Math. 10, 1958).
//     The graph falls in two: there every taxi must get a ride, in the rest every ride a taxi.
//     Turned so that the side which must be served stands left, both are one problem in which
//     every left node can be served: no artificial cost for "unserved", no flooded search.
//  3. Successive shortest augmenting paths with node potentials solve it (Tomizawa, On some
//     techniques useful for solution of transportation network problems, Networks 1, 1971;
//     Edmonds and Karp, J. ACM 19, 1972; Jonker and Volgenant, A shortest augmenting path
//     algorithm for dense and sparse linear assignment problems, Computing 38, 1987). Prices
//     are never negative and rows sorted by cost, so that a scan ends at the first edge whose
//     cost alone is beyond the nearest free node.
//
// Where rides may be left at a price (defer), each of them gets a taxi of its own at that price,
// and what is dearer than the price is left out: then most are served, and at the least sum of
// costs and prices, by the same steps.
//
// Step 1 takes O(m √n), step 3 O(n m log n) for m edges and n rides, but searches stay local
// unless taxis are just as many as rides.
//
// The zero value is ready. An Assigner keeps its buffers: once they have grown, Solve does not
// allocate. It is not safe for concurrent use. The result depends on nothing but the graph, with
// its order of rows and edges.
type Assigner struct {
	layers assignLayers
	split  assignSplit
	paths  assignPaths
	wide   assignDefer
	size   int
	cost   int64
}

// Solve writes the match to match: match[r] is the taxi of ride r, or -1. It needs
// len(match) = g.Rides() and keeps neither argument. An error wraps [ErrBadGraph]; match is then
// left as it was.
func (a *Assigner) Solve(g *Graph, match []int32) error {
	if err := g.Check(); err != nil {
		return err
	}
	if len(match) != g.Rides() {
		return fmt.Errorf("%w: a match of %d for %d rides", ErrBadGraph, len(match), g.Rides())
	}
	solved := g
	if len(g.Defer) > 0 {
		solved = a.wide.build(g)
	}
	a.layers.solve(solved)
	a.split.build(solved, &a.layers, &a.paths)
	a.paths.solve()
	a.split.read(&a.paths, match)
	a.size, a.cost = len(a.paths.colOf), a.paths.cost()
	if len(g.Defer) > 0 {
		a.size -= a.wide.read(g, match)
	}
	return nil
}

// Size returns the number of matched rides of the last successful Solve, without those that were
// left at their price.
func (a *Assigner) Size() int { return a.size }

// Cost returns the total cost of the last successful Solve, in the unit of [Graph], with the prices
// of the rides that were left at theirs.
func (a *Assigner) Cost() int64 { return a.cost }

// resized returns s with length n, its contents undefined, reusing its memory if it can. A
// quarter to spare keeps slowly growing rounds from allocating each time.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	return s[:n]
}

// refilled is resized with every element v.
func refilled[T any](s []T, n int, v T) []T {
	s = resized(s, n)
	for i := range s {
		s[i] = v
	}
	return s
}
