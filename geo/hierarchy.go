package geo

import (
	"cmp"
	"slices"
)

// arc is an edge of the hierarchy, or a shortcut for the quickest way over nodes below.
type arc struct {
	to     NodeID
	timeMS uint32
}

// contractor takes the nodes out of a graph one by one, the least important first, and puts
// shortcuts in where the quickest way between two that stay would be lost: contraction hierarchies
// (R. Geisberger, P. Sanders, D. Schultes, D. Delling, "Contraction Hierarchies: Faster and Simpler
// Hierarchical Routing in Road Networks", WEA 2008).
type contractor struct {
	out, in [][]arc // between nodes that stay; in by the node that they come from
	depth   []int32 // how many levels below a node have been contracted
	need    []shortcut
	timeMS  []uint32 // of the witness search
	touched []NodeID
	heap    timeHeap
}

type shortcut struct {
	from, to NodeID
	timeMS   uint32
}

// maxWitness is how many nodes a search for a way around may settle. A search that gives up makes
// a shortcut that is not needed, and never a wrong time.
const maxWitness = 96

func newContractor(g *Roads) *contractor {
	n := g.Len()
	c := &contractor{
		out: make([][]arc, n), in: make([][]arc, n),
		depth: make([]int32, n), timeMS: make([]uint32, n),
	}
	for v := range n {
		c.timeMS[v] = noTime
		for _, r := range g.roads[g.first[v]:g.first[v+1]] {
			c.join(NodeID(v), r.to, r.timeMS)
		}
	}
	return c
}

// join puts an arc in, or makes the one that is there as quick. An arc to where it comes from is
// never of use.
func (c *contractor) join(from, to NodeID, timeMS uint32) {
	if from == to {
		return
	}
	c.out[from] = quicken(c.out[from], arc{to, timeMS})
	c.in[to] = quicken(c.in[to], arc{from, timeMS})
}

func quicken(arcs []arc, a arc) []arc {
	for i := range arcs {
		if arcs[i].to == a.to {
			arcs[i].timeMS = min(arcs[i].timeMS, a.timeMS)
			return arcs
		}
	}
	return append(arcs, a)
}

func leave(arcs []arc, v NodeID) []arc {
	for i := range arcs {
		if arcs[i].to == v {
			arcs[i] = arcs[len(arcs)-1]
			return arcs[:len(arcs)-1]
		}
	}
	return arcs
}

// find sets need to the shortcuts that v's contraction asks for.
func (c *contractor) find(v NodeID) {
	c.need = c.need[:0]
	for _, from := range c.in[v] {
		farthest := uint64(0)
		for _, to := range c.out[v] {
			if to.to != from.to {
				farthest = max(farthest, uint64(from.timeMS)+uint64(to.timeMS))
			}
		}
		if farthest == 0 {
			continue
		}
		c.witness(from.to, v, farthest)
		for _, to := range c.out[v] {
			over := uint64(from.timeMS) + uint64(to.timeMS)
			// Over noTime there is no way: it is farther than any.
			if to.to != from.to && over < uint64(c.timeMS[to.to]) {
				c.need = append(c.need, shortcut{from.to, to.to, uint32(over)})
			}
		}
		c.forget()
	}
}

// witness searches from a node for ways that avoid v, up to a time. A way as quick as that over v
// makes the shortcut needless.
func (c *contractor) witness(from, v NodeID, farthest uint64) {
	c.heap = c.heap[:0]
	c.reach(from, 0)
	for settled := 0; len(c.heap) > 0 && settled < maxWitness; {
		top := c.heap.pop()
		at, timeMS := NodeID(uint32(top)), uint32(top>>32)
		if uint64(timeMS) > farthest {
			return
		}
		if timeMS > c.timeMS[at] {
			continue
		}
		settled++
		for _, a := range c.out[at] {
			if t := uint64(timeMS) + uint64(a.timeMS); a.to != v && t < uint64(c.timeMS[a.to]) {
				c.reach(a.to, uint32(t))
			}
		}
	}
}

func (c *contractor) reach(v NodeID, timeMS uint32) {
	if c.timeMS[v] == noTime {
		c.touched = append(c.touched, v)
	}
	c.timeMS[v] = timeMS
	c.heap.push(timeItem(timeMS, v))
}

func (c *contractor) forget() {
	for _, v := range c.touched {
		c.timeMS[v] = noTime
	}
	c.touched = c.touched[:0]
}

// price says how dear it is to contract v now: the shortcuts more than the arcs that go, and how
// deep the hierarchy is below it, which keeps contracted nodes apart.
func (c *contractor) price(v NodeID) int32 {
	c.find(v)
	return 2*int32(len(c.need)) - int32(len(c.in[v])+len(c.out[v])) + 2*c.depth[v]
}

// contract takes v out; need must be its shortcuts.
func (c *contractor) contract(v NodeID) {
	for _, a := range c.in[v] {
		c.out[a.to] = leave(c.out[a.to], v)
		c.depth[a.to] = max(c.depth[a.to], c.depth[v]+1)
	}
	for _, a := range c.out[v] {
		c.in[a.to] = leave(c.in[a.to], v)
		c.depth[a.to] = max(c.depth[a.to], c.depth[v]+1)
	}
	for _, s := range c.need {
		c.join(s.from, s.to, s.timeMS)
	}
}

// order contracts all nodes, the cheapest first, and returns them in that order. A price is looked
// at again when its turn comes, and waits if another is cheaper by now. When it is called, out and
// in of each node are the arcs to and from nodes that were contracted later.
func (c *contractor) order() []NodeID {
	const lowest = 1 << 30 // prices are negative too
	var queue timeHeap
	for v := range c.out {
		queue.push(timeItem(uint32(lowest+c.price(NodeID(v))), NodeID(v)))
	}
	order := make([]NodeID, 0, len(c.out))
	for len(queue) > 0 {
		v := NodeID(uint32(queue.pop()))
		again := timeItem(uint32(lowest+c.price(v)), v)
		if len(queue) > 0 && again > queue[0] {
			queue.push(again)
			continue
		}
		c.contract(v)
		order = append(order, v)
	}
	return order
}

// fan is arcs by the node that they start at: those of v are [first[v], first[v+1]).
type fan struct {
	first []int32
	arcs  []arc
}

func (f *fan) of(v NodeID) []arc { return f.arcs[f.first[v]:f.first[v+1]] }

// newFan renumbers arcs: place is the new number of each node, order the nodes from the last.
func newFan(arcs [][]arc, order, place []NodeID) fan {
	f := fan{first: make([]int32, 1, len(order)+1)}
	for _, v := range slices.Backward(order) {
		from := len(f.arcs)
		for _, a := range arcs[v] {
			f.arcs = append(f.arcs, arc{place[a.to], a.timeMS})
		}
		slices.SortFunc(f.arcs[from:], func(a, b arc) int { return cmp.Compare(a.to, b.to) })
		f.first = append(f.first, int32(len(f.arcs)))
	}
	return f
}
