package geo

import "slices"

// NoTimeMS is the time between two nodes of which one cannot be reached from the other.
const NoTimeMS = noTime

// DefaultLabelBytes is how much the labels of a Hierarchy may take: all of a graph of 30,000 nodes.
const DefaultLabelBytes = 64 << 20

// NodePair is a way asked for.
type NodePair struct{ From, To NodeID }

// Hierarchy answers how long the quickest ways of a road graph take, many at once and exactly. It
// is a contraction hierarchy: each node has a rank, and of the quickest ways between two nodes one
// climbs in rank to its top and then descends. So it is enough to search upwards from both ends,
// and to take the best of the tops that both have reached.
//
// The tops that a search has reached, with their times, are the node's label. As in the
// many-to-many of S. Knopp, P. Sanders, D. Schultes, F. Schulz and D. Wagner ("Computing
// Many-to-Many Shortest Paths Using Highway Hierarchies", ALENEX 2007) a label is made once for all
// pairs of its node. They leave it in buckets at the tops, which pairs every source with every
// target; here one end's label lies in a table, and the labels of the few nodes that it is asked
// with are laid beside it, as a round asks for 20 taxis of each ride and not for all.
//
// Labels are kept up to a limit of memory, from call to call. It belongs to one goroutine.
type Hierarchy struct {
	place    []NodeID // a node's number in the hierarchy: 0 is the highest
	up, down climb
	table    []uint32 // by number: the times of the label that was laid out last, else noTime
	laid     *climb
	laidNode NodeID
	laidOut  []arc
}

// climb is the search upwards in one direction.
type climb struct {
	arcs    fan // upwards
	against fan // upwards in the other direction: the way down into a node
	timeMS  []uint32
	touched []NodeID
	heap    timeHeap
	label   []arc // of the last search

	at   []labelAt // by number: where its label is kept; none has length 0
	kept []arc
	most int // of kept
}

type labelAt struct{ from, length int32 }

// NewHierarchy contracts a graph: about 25 µs a node. The graph is only read.
func NewHierarchy(g *Roads) *Hierarchy {
	c := newContractor(g)
	order := c.order()
	n := len(order)
	h := &Hierarchy{place: make([]NodeID, n), table: make([]uint32, n)}
	for i, v := range order {
		h.place[v] = NodeID(n - 1 - i)
		h.table[i] = noTime
	}
	out, in := newFan(c.out, order, h.place), newFan(c.in, order, h.place)
	h.up, h.down = newClimb(out, in), newClimb(in, out)
	h.LimitLabels(DefaultLabelBytes)
	return h
}

func newClimb(arcs, against fan) climb {
	n := len(arcs.first) - 1
	s := climb{arcs: arcs, against: against, timeMS: make([]uint32, n), at: make([]labelAt, n)}
	for v := range s.timeMS {
		s.timeMS[v] = noTime
	}
	return s
}

// LimitLabels sets how many bytes the labels may take, and drops those there are.
func (h *Hierarchy) LimitLabels(bytes int) {
	const arcBytes = 8
	h.layOff()
	for _, s := range []*climb{&h.up, &h.down} {
		s.most = bytes / 2 / arcBytes
		s.kept = nil
		clear(s.at)
	}
}

// Len is the number of nodes.
func (h *Hierarchy) Len() int { return len(h.place) }

// Arcs is how many arcs the hierarchy has, those of the graph among them.
func (h *Hierarchy) Arcs() int { return len(h.up.arcs.arcs) + len(h.down.arcs.arcs) }

// TimesMS appends the time of the quickest way of each pair to dst, in milliseconds: exactly what
// Roads.TimeS says. It is NoTimeMS where there is no way, or an end is none of the graph's nodes.
// Pairs that have an end in common should stand together. When labels and dst have room, it
// allocates nothing.
func (h *Hierarchy) TimesMS(dst []uint32, pairs []NodePair) []uint32 {
	n := NodeID(len(h.place))
	for i, p := range pairs {
		if p.From < 0 || p.From >= n || p.To < 0 || p.To >= n {
			dst = append(dst, noTime)
			continue
		}
		from, to := h.place[p.From], h.place[p.To]
		switch {
		case h.laid == &h.up && h.laidNode == from:
			dst = append(dst, h.beside(h.down.labelOf(to)))
		case h.laid == &h.down && h.laidNode == to:
			dst = append(dst, h.beside(h.up.labelOf(from)))
		case i+1 < len(pairs) && pairs[i+1].From == p.From:
			h.layOut(&h.up, from)
			dst = append(dst, h.beside(h.down.labelOf(to)))
		default:
			h.layOut(&h.down, to)
			dst = append(dst, h.beside(h.up.labelOf(from)))
		}
	}
	return dst
}

// beside is the best top of the label that is laid out and another.
func (h *Hierarchy) beside(label []arc) uint32 {
	best := uint64(noTime)
	for _, a := range label { // noTime and any time are no better than noTime
		best = min(best, uint64(h.table[a.to])+uint64(a.timeMS))
	}
	return uint32(best)
}

// layOut puts the label of a node into the table, in place of the one that is there.
func (h *Hierarchy) layOut(s *climb, v NodeID) {
	h.layOff()
	h.laidOut = append(h.laidOut[:0], s.labelOf(v)...)
	for _, a := range h.laidOut {
		h.table[a.to] = a.timeMS
	}
	h.laid, h.laidNode = s, v
}

func (h *Hierarchy) layOff() {
	for _, a := range h.laidOut {
		h.table[a.to] = noTime
	}
	h.laidOut, h.laid = h.laidOut[:0], nil
}

// labelOf is the label of a node. It holds until the next is asked for.
func (s *climb) labelOf(v NodeID) []arc {
	if at := s.at[v]; at.length > 0 {
		return s.kept[at.from : at.from+at.length]
	}
	s.search(v)
	if len(s.kept)+len(s.label) > s.most {
		s.kept = s.kept[:0]
		clear(s.at)
	}
	if len(s.label) > s.most {
		return s.label
	}
	from := len(s.kept)
	if cap(s.kept) < from+len(s.label) {
		s.kept = slices.Grow(s.kept, min(max(len(s.label), from), s.most-from))
	}
	s.kept = append(s.kept, s.label...)
	s.at[v] = labelAt{int32(from), int32(len(s.label))}
	return s.kept[from:]
}

// search makes the label of a node: all nodes above it that it reaches upwards. One whose time is
// beaten by a way down from a higher one cannot be the top of a quickest way: it is left out, and
// nothing is searched beyond it (stall-on-demand, D. Schultes and P. Sanders, WEA 2007).
func (s *climb) search(v NodeID) {
	s.label, s.heap = s.label[:0], s.heap[:0]
	s.reach(v, 0)
	for len(s.heap) > 0 {
		top := s.heap.pop()
		at, timeMS := NodeID(uint32(top)), uint32(top>>32)
		if timeMS > s.timeMS[at] || s.stalls(at, timeMS) {
			continue
		}
		s.label = append(s.label, arc{at, timeMS})
		for _, a := range s.arcs.of(at) {
			if t := uint64(timeMS) + uint64(a.timeMS); t < uint64(s.timeMS[a.to]) {
				s.reach(a.to, uint32(t))
			}
		}
	}
	for _, v := range s.touched {
		s.timeMS[v] = noTime
	}
	s.touched = s.touched[:0]
}

func (s *climb) stalls(v NodeID, timeMS uint32) bool {
	for _, a := range s.against.of(v) {
		if uint64(s.timeMS[a.to])+uint64(a.timeMS) < uint64(timeMS) {
			return true
		}
	}
	return false
}

func (s *climb) reach(v NodeID, timeMS uint32) {
	if s.timeMS[v] == noTime {
		s.touched = append(s.touched, v)
	}
	s.timeMS[v] = timeMS
	s.heap.push(timeItem(timeMS, v))
}
