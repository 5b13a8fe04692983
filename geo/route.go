package geo

// Route is a shortest way by time.
type Route struct {
	Nodes   []NodeID // from the first to the last, both included
	TimeS   float64
	LengthM float64
}

// Route finds the quickest way from one node to another, into the memory of buf, which it
// returns in Route.Nodes; false if there is none or a node is none of the graph's. Of two
// ways that take the same time, to the millisecond, it takes at each node the road that
// comes first in the file. The first route to a node builds the tree of all routes to it
// (about 0.1 µs a node), the others walk along it.
func (g *Roads) Route(buf []NodeID, from, to NodeID) (Route, bool) {
	next, ok := g.treeTo(from, to)
	if !ok {
		return Route{Nodes: buf[:0]}, false
	}
	r := Route{Nodes: append(buf[:0], from)}
	ms := uint64(0)
	for v := from; v != to; {
		e := &g.roads[g.first[v]+int32(next[v])]
		v = e.to
		r.Nodes = append(r.Nodes, v)
		ms += uint64(e.timeMS)
		r.LengthM += float64(e.lengthM)
	}
	r.TimeS = float64(ms) / 1000
	return r, true
}

// TimeS is the time of the quickest way in seconds; false if there is none.
func (g *Roads) TimeS(from, to NodeID) (float64, bool) {
	next, ok := g.treeTo(from, to)
	if !ok {
		return 0, false
	}
	ms := uint64(0)
	for v := from; v != to; {
		e := &g.roads[g.first[v]+int32(next[v])]
		v, ms = e.to, ms+uint64(e.timeMS)
	}
	return float64(ms) / 1000, true
}

// OffRoad is how a taxi drives where there is no road.
type OffRoad struct {
	Pace Pace
	// FarM is from how far off the graph a place may be reached straight, if that is quicker.
	FarM float64
}

// Drive fills d with the way from one point to another: straight to the nearest node, along the
// quickest route, straight from the node nearest to the end. Where either end is farther than
// off.FarM from its node and a straight line is no slower, where the roads are no nearer than the
// end, or where there is no route, the way is straight. It reports whether roads are used. Points
// must be on the earth.
func (g *Roads) Drive(d *Drive, from, to Point, off OffRoad) bool {
	a, toRoadM := g.Nearest(from)
	b, fromRoadM := g.Nearest(to)
	directM := DistanceM(from, to)
	directS := off.Pace.TimeS(directM)
	far := max(toRoadM, fromRoadM) > off.FarM
	d.Reset(from)
	next, ok := g.treeTo(a, b)
	if !ok || a == b || toRoadM+fromRoadM >= directM {
		d.Add(to, directS, directM)
		return false
	}
	d.Add(g.points[a], off.Pace.TimeS(toRoadM), toRoadM)
	for v := a; v != b; {
		e := &g.roads[g.first[v]+int32(next[v])]
		v = e.to
		d.Add(g.points[v], float64(e.timeMS)/1000, float64(e.lengthM))
	}
	d.Add(to, off.Pace.TimeS(fromRoadM), fromRoadM)
	if far && directS <= d.TimeS() {
		d.Reset(from)
		d.Add(to, directS, directM)
		return false
	}
	return true
}

// noRoad in a tree: the target cannot be reached, or is here.
const noRoad = 0xFF

// treeTo is the tree of routes to a node, if it reaches from.
func (g *Roads) treeTo(from, to NodeID) ([]uint8, bool) {
	n := NodeID(g.Len())
	if from < 0 || from >= n || to < 0 || to >= n {
		return nil, false
	}
	next := g.trees.get(to)
	if next == nil {
		next = g.trees.put(to)
		g.grow(next, to)
	}
	return next, from == to || next[from] != noRoad
}

// grow runs Dijkstra's algorithm (Numerische Mathematik 1, 1959) from the target backwards
// and then writes which road to take at each node: the first that keeps the time.
func (g *Roads) grow(next []uint8, to NodeID) {
	c := &g.trees
	for v := range c.timeMS {
		c.timeMS[v] = noTime
	}
	c.heap = c.heap[:0]
	c.timeMS[to] = 0
	c.heap.push(timeItem(0, to))
	for len(c.heap) > 0 {
		top := c.heap.pop()
		v, timeMS := NodeID(uint32(top)), uint32(top>>32)
		if timeMS > c.timeMS[v] {
			continue // a shorter way was found meanwhile
		}
		for _, r := range g.backs[g.back[v]:g.back[v+1]] {
			t := uint64(timeMS) + uint64(r.timeMS)
			if t < uint64(c.timeMS[r.from]) {
				c.timeMS[r.from] = uint32(t)
				c.heap.push(timeItem(uint32(t), r.from))
			}
		}
	}
	for v := range next {
		next[v] = noRoad
		timeMS := c.timeMS[v]
		if timeMS == noTime || NodeID(v) == to {
			continue
		}
		for i, r := range g.roads[g.first[v]:g.first[v+1]] {
			after := uint64(c.timeMS[r.to]) // noTime never fits
			if after+uint64(r.timeMS) == uint64(timeMS) {
				next[v] = uint8(i)
				break
			}
		}
	}
}

// noTime is farther than any way: 49 days.
const noTime = ^uint32(0)

// treeCache keeps shortest-path trees, one byte a node, and the scratch space to build one.
// At its limit the tree asked for longest ago, but for second chances (the clock algorithm,
// F. J. Corbató, 1968), gives way.
type treeCache struct {
	place  []int32 // by target: in kept, or -1
	kept   []keptTree
	limit  int // trees
	hand   int
	timeMS []uint32
	heap   timeHeap
}

type keptTree struct {
	to   NodeID
	used bool
	next []uint8
}

func newTreeCache(nodes, bytes int) treeCache {
	c := treeCache{
		place: make([]int32, nodes), timeMS: make([]uint32, nodes),
		limit: max(1, bytes/max(1, nodes)),
	}
	for i := range c.place {
		c.place[i] = -1
	}
	return c
}

func (c *treeCache) get(to NodeID) []uint8 {
	i := c.place[to]
	if i < 0 {
		return nil
	}
	c.kept[i].used = true
	return c.kept[i].next
}

// put returns the memory for a new tree.
func (c *treeCache) put(to NodeID) []uint8 {
	if len(c.kept) < c.limit {
		c.place[to] = int32(len(c.kept))
		c.kept = append(c.kept, keptTree{to: to, next: make([]uint8, len(c.place))})
		return c.kept[len(c.kept)-1].next
	}
	for c.kept[c.hand].used {
		c.kept[c.hand].used = false
		c.hand = (c.hand + 1) % len(c.kept)
	}
	t := &c.kept[c.hand]
	c.place[t.to] = -1
	c.place[to] = int32(c.hand)
	t.to = to
	c.hand = (c.hand + 1) % len(c.kept)
	return t.next
}
