package dispatch_test

import (
	"errors"
	"fmt"
	"math"

	"hexhail/dispatch"
)

// tally is what an assignment is judged by.
type tally struct {
	size int
	cost int64
}

func (a tally) better(b tally) bool {
	return a.size > b.size || a.size == b.size && a.cost < b.cost
}

// edgeCost returns the least cost of taxi among the candidates of ride r.
func edgeCost(g *dispatch.Graph, r int, taxi int32) (cost int64, found bool) {
	for e := g.Start[r]; e < g.Start[r+1]; e++ {
		if g.Taxi[e] == taxi && (!found || int64(g.Cost[e]) < cost) {
			cost, found = int64(g.Cost[e]), true
		}
	}
	return cost, found
}

// tallyOf checks that match uses candidates only, each taxi once, and adds it up.
func tallyOf(g *dispatch.Graph, match []int32) (tally, error) {
	var sum tally
	taken := make(map[int32]int)
	for r, t := range match {
		if t == -1 {
			continue
		}
		cost, ok := edgeCost(g, r, t)
		if !ok {
			return sum, fmt.Errorf("ride %d got taxi %d, which is no candidate", r, t)
		}
		if other, twice := taken[t]; twice {
			return sum, fmt.Errorf("rides %d and %d both got taxi %d", other, r, t)
		}
		taken[t] = r
		sum.size++
		sum.cost += cost
	}
	return sum, nil
}

// bruteForce tries every assignment.
func bruteForce(g *dispatch.Graph) tally {
	taken := make([]bool, g.Taxis)
	var best tally
	var try func(r int, sum tally)
	try = func(r int, sum tally) {
		if r == g.Rides() {
			if sum.better(best) {
				best = sum
			}
			return
		}
		if r < len(g.Defer) && g.Defer[r] != dispatch.NoDefer {
			try(r+1, tally{sum.size + 1, sum.cost + int64(g.Defer[r])})
		} else {
			try(r+1, sum)
		}
		for e := g.Start[r]; e < g.Start[r+1]; e++ {
			if t := g.Taxi[e]; !taken[t] {
				taken[t] = true
				try(r+1, tally{sum.size + 1, sum.cost + int64(g.Cost[e])})
				taken[t] = false
			}
		}
	}
	try(0, tally{})
	return best
}

// denseHungarian is Kuhn's method with potentials in O(rides² × columns) on a full matrix: the
// taxis, then one dummy column per ride at a cost above any sum of real ones.
func denseHungarian(g *dispatch.Graph) tally {
	n, m := g.Rides(), g.Taxis+g.Rides()
	big := int64(1)
	for _, c := range g.Cost {
		big = max(big, int64(c))
	}
	big = big*int64(n) + 1
	matrix := make([][]int64, n)
	for r := range matrix {
		matrix[r] = make([]int64, m)
		for c := range matrix[r] {
			matrix[r][c] = 2 * big
			if c >= g.Taxis {
				matrix[r][c] = big
			}
		}
		for e := g.Start[r]; e < g.Start[r+1]; e++ {
			c := &matrix[r][g.Taxi[e]]
			*c = min(*c, int64(g.Cost[e]))
		}
	}
	var sum tally
	for c, r := range denseColumns(matrix, m) {
		if r >= 0 && c < g.Taxis {
			sum.size++
			sum.cost += matrix[r][c]
		}
	}
	return sum
}

// denseColumns returns the row of each of the m columns in a cheapest assignment, or -1.
func denseColumns(matrix [][]int64, m int) []int {
	rowPot, colPot := make([]int64, len(matrix)), make([]int64, m+1)
	rowOf, from := make([]int, m+1), make([]int, m+1)
	for c := range rowOf {
		rowOf[c] = -1
	}
	least, done := make([]int64, m+1), make([]bool, m+1)
	for root := range matrix {
		for c := range least {
			least[c], done[c] = math.MaxInt64, false
		}
		at := m // a column of no cost that stands for the root
		rowOf[m] = root
		for rowOf[at] >= 0 {
			done[at] = true
			r, next, delta := rowOf[at], -1, int64(math.MaxInt64)
			for c := range m {
				if done[c] {
					continue
				}
				if d := matrix[r][c] - rowPot[r] - colPot[c]; d < least[c] {
					least[c], from[c] = d, at
				}
				if least[c] < delta {
					delta, next = least[c], c
				}
			}
			for c := range done {
				if done[c] {
					rowPot[rowOf[c]] += delta
					colPot[c] -= delta
				} else if least[c] != math.MaxInt64 {
					least[c] -= delta
				}
			}
			at = next
		}
		for at != m {
			rowOf[at] = rowOf[from[at]]
			at = from[at]
		}
	}
	return rowOf[:m]
}

// residual is the residual network of an assignment: nodes are the rides, the taxis, a node that
// unserved rides come from and one that free taxis lead to.
type residual struct {
	nodes int
	arcs  []residualArc
}

type residualArc struct {
	from, to int
	cost     int64
}

func residualOf(g *dispatch.Graph, match []int32) residual {
	n := g.Rides()
	source, sink := n+g.Taxis, n+g.Taxis+1
	net := residual{nodes: n + g.Taxis + 2}
	add := func(from, to int, cost int64) {
		net.arcs = append(net.arcs, residualArc{from, to, cost})
	}
	taken := make([]bool, g.Taxis)
	for r, t := range match {
		for e := g.Start[r]; e < g.Start[r+1]; e++ {
			if g.Taxi[e] != t {
				add(r, n+int(g.Taxi[e]), int64(g.Cost[e]))
			}
		}
		if t < 0 {
			add(source, r, 0)
			continue
		}
		add(r, source, 0)
		cost, _ := edgeCost(g, r, t)
		add(n+int(t), r, -cost)
		taken[t] = true
	}
	for t, is := range taken {
		if is {
			add(sink, n+t, 0)
		} else {
			add(n+t, sink, 0)
		}
	}
	return net
}

// certify returns nil if and only if match is optimal: no augmenting path leads from an unserved
// ride to a free taxi (Berge), and the residual network has no negative cycle (Klein), because
// Bellman and Ford's distances settle.
func certify(g *dispatch.Graph, match []int32) error {
	if _, err := tallyOf(g, match); err != nil {
		return err
	}
	net := residualOf(g, match)
	source, sink := net.nodes-2, net.nodes-1
	reached, dist := make([]bool, net.nodes), make([]int64, net.nodes)
	reached[source] = true
	before := make([]int, net.nodes)
	for v := range before {
		before[v] = -1
	}
	for round := 1; ; round++ {
		changed := false
		for _, a := range net.arcs {
			if d := dist[a.from] + a.cost; d < dist[a.to] {
				dist[a.to], before[a.to], changed = d, a.from, true
			}
			if reached[a.from] && !reached[a.to] {
				reached[a.to], changed = true, true
			}
		}
		switch {
		case reached[sink]:
			return errors.New("an augmenting path is left: more rides can be served")
		case !changed:
			return nil
		case round%16 == 0 && hasCycle(before):
			return errors.New("a negative cycle is left: as many can be served for less")
		}
	}
}

// hasCycle reports whether following before from some node comes back to it. Bellman and Ford's
// predecessors do so, sooner or later, if and only if there is a negative cycle.
func hasCycle(before []int) bool {
	seenFrom := make([]int, len(before)) // 1 + the node from which a walk first came here
	for start := range before {
		v := start
		for v >= 0 && seenFrom[v] == 0 {
			seenFrom[v] = start + 1
			v = before[v]
		}
		if v >= 0 && seenFrom[v] == start+1 {
			return true
		}
	}
	return false
}

// nearestPolicy gives each ride, in order of arrival, the free candidate of least cost.
func nearestPolicy(g *dispatch.Graph, match []int32, taken []bool) {
	clear(taken)
	for r := range match {
		match[r] = -1
		least := int32(math.MaxInt32)
		for e := g.Start[r]; e < g.Start[r+1]; e++ {
			if t := g.Taxi[e]; !taken[t] && g.Cost[e] < least {
				match[r], least = t, g.Cost[e]
			}
		}
		if match[r] >= 0 {
			taken[match[r]] = true
		}
	}
}
