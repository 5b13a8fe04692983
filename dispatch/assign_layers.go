package dispatch

const (
	levelNone      = -1      // not reached by the last search
	levelSpent     = 1 << 29 // used up in this phase; no ride's level is as great
	levelUnlimited = 1 << 30
)

// assignLayers finds a matching of maximum cardinality, whatever its cost, after Hopcroft and Karp.
// Its last search tells which rides compete for too few taxis.
type assignLayers struct {
	rideTaxi []int32 // the taxi of a ride, or -1
	taxiRide []int32 // the ride of a taxi, or -1
	level    []int32 // of a ride: steps from an unmatched ride, levelNone or levelSpent
	next     []int32 // of a ride: the edge to try next in this phase
	queue    []int32
	stack    []int32
	wanted   []int32 // of a taxi: rides still to come that could take it
}

// solve leaves a maximum matching and the levels of the last, failing search.
func (h *assignLayers) solve(g *Graph) {
	n := g.Rides()
	h.level = resized(h.level, n)
	h.next = resized(h.next, n)
	h.queue = resized(h.queue, n)
	h.stack = resized(h.stack, n)
	h.start(g)
	for h.search(g) {
		copy(h.next, g.Start[:n])
		for r, t := range h.rideTaxi {
			if t < 0 {
				h.augment(g, int32(r))
			}
		}
	}
}

// short reports whether some maximum matching leaves ride r unmatched. All the taxis of such
// rides are taken, by such rides, in every maximum matching.
func (h *assignLayers) short(r int32) bool { return h.level[r] != levelNone }

// start gives each ride in turn the free taxi that the fewest later rides could take. On hot
// spots that makes this whole step a third faster than taking the cheapest.
func (h *assignLayers) start(g *Graph) {
	h.rideTaxi = refilled(h.rideTaxi, g.Rides(), -1)
	h.taxiRide = refilled(h.taxiRide, g.Taxis, -1)
	h.wanted = refilled(h.wanted, g.Taxis, 0)
	for _, t := range g.Taxi {
		h.wanted[t]++
	}
	for r := range h.rideTaxi {
		best, least := int32(-1), int32(0)
		for _, t := range g.Taxi[g.Start[r]:g.Start[r+1]] {
			if w := h.wanted[t]; h.taxiRide[t] < 0 && (best < 0 || w < least) {
				best, least = t, w
			}
			h.wanted[t]--
		}
		if best >= 0 {
			h.rideTaxi[r], h.taxiRide[best] = best, int32(r)
		}
	}
}

// search sets the levels breadth first from all unmatched rides, down to the level at which a
// free taxi is found, and reports whether one was.
func (h *assignLayers) search(g *Graph) bool {
	queue := h.queue[:0]
	for r, t := range h.rideTaxi {
		h.level[r] = levelNone
		if t < 0 {
			h.level[r] = 0
			queue = append(queue, int32(r))
		}
	}
	last := int32(levelUnlimited)
	for i := 0; i < len(queue) && h.level[queue[i]] < last; i++ {
		r := queue[i]
		for _, t := range g.Taxi[g.Start[r]:g.Start[r+1]] {
			switch o := h.taxiRide[t]; {
			case o < 0:
				last = h.level[r]
			case h.level[o] == levelNone:
				h.level[o] = h.level[r] + 1
				queue = append(queue, o)
			}
		}
	}
	return last < levelUnlimited
}

// augment looks depth first, one level down at each step, for a free taxi for root and applies
// the path. Every ride it visits is spent for this phase.
func (h *assignLayers) augment(g *Graph, root int32) {
	stack := append(h.stack[:0], root)
	for len(stack) > 0 {
		top := len(stack) - 1
		r := stack[top]
		if h.next[r] == g.Start[r+1] {
			h.level[r] = levelSpent
			stack = stack[:top]
			if top > 0 {
				h.next[stack[top-1]]++
			}
			continue
		}
		o := h.taxiRide[g.Taxi[h.next[r]]]
		switch {
		case o < 0:
			for _, r := range stack {
				t := g.Taxi[h.next[r]]
				h.rideTaxi[r], h.taxiRide[t] = t, r
				h.level[r] = levelSpent
			}
			return
		case h.level[o] == h.level[r]+1:
			stack = append(stack, o)
		default:
			h.next[r]++
		}
	}
}
