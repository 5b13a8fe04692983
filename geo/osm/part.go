package osm

import "hexhail/geo"

// largestPart marks the nodes of the largest part in which each reaches each: R. Tarjan,
// "Depth-first search and linear graph algorithms", SIAM J. Computing 1, 1972, with a stack of its
// own, as a road of a city may be longer than the machine's. Of equals it is the part that is
// found first.
func largestPart(n int, edges []geo.RoadEdge) []bool {
	first, to := fan(n, edges)
	t := tarjan{first: first, to: to, at: make([]int32, n), low: make([]int32, n)}
	for v := range n {
		if t.at[v] == 0 {
			t.visit(int32(v))
		}
	}
	in := make([]bool, n)
	for _, v := range t.best {
		in[v] = true
	}
	return in
}

// fan sorts the ends of the edges by where they start: those of v are to[first[v]:first[v+1]].
func fan(n int, edges []geo.RoadEdge) (first []int32, to []geo.NodeID) {
	first, to = make([]int32, n+1), make([]geo.NodeID, len(edges))
	for _, e := range edges {
		first[e.From+1]++
	}
	for v := range n {
		first[v+1] += first[v]
	}
	next := make([]int32, n)
	copy(next, first)
	for _, e := range edges {
		to[next[e.From]] = e.To
		next[e.From]++
	}
	return first, to
}

type tarjan struct {
	first []int32
	to    []geo.NodeID
	at    []int32 // when a node was met, from 1; done when its part is complete
	low   []int32 // the earliest node on the stack that is reached from it
	count int32
	stack []int32 // of parts that are not complete
	path  []call
	best  []int32
}

// call is a node on the way and its next edge.
type call struct{ v, edge int32 }

const done = 1<<31 - 1

func (t *tarjan) visit(root int32) {
	t.enter(root)
	for len(t.path) > 0 {
		c := &t.path[len(t.path)-1]
		v := c.v
		if c.edge < t.first[v+1] {
			w := int32(t.to[c.edge])
			c.edge++
			switch {
			case t.at[w] == 0:
				t.enter(w)
			case t.at[w] != done:
				t.low[v] = min(t.low[v], t.at[w])
			}
			continue
		}
		t.path = t.path[:len(t.path)-1]
		if n := len(t.path); n > 0 {
			t.low[t.path[n-1].v] = min(t.low[t.path[n-1].v], t.low[v])
		}
		if t.low[v] == t.at[v] {
			t.complete(v)
		}
	}
}

func (t *tarjan) enter(v int32) {
	t.count++
	t.at[v], t.low[v] = t.count, t.count
	t.stack = append(t.stack, v)
	t.path = append(t.path, call{v, t.first[v]})
}

// complete takes the part that begins with v off the stack.
func (t *tarjan) complete(v int32) {
	from := len(t.stack) - 1
	for t.stack[from] != v {
		from--
	}
	part := t.stack[from:]
	if len(part) > len(t.best) {
		t.best = append(t.best[:0], part...)
	}
	for _, w := range part {
		t.at[w] = done
	}
	t.stack = t.stack[:from]
}
