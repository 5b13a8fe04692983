package dispatch

// assignDefer widens a graph whose rides may be left at a price: the price of ride r is an edge to
// a taxi of its own, number Taxis + r, that no other ride can have.
type assignDefer struct {
	graph Graph
}

// build is g as a graph without prices. An edge above its ride's price is left out: whatever serves
// the ride by it serves it at the price for less, and sets a taxi free.
func (d *assignDefer) build(g *Graph) *Graph {
	n := g.Rides()
	w := &d.graph
	w.Taxis = g.Taxis + n
	w.Start = append(resized(w.Start, n+1)[:0], 0)
	w.Taxi = resized(w.Taxi, len(g.Taxi)+n)[:0]
	w.Cost = resized(w.Cost, len(g.Taxi)+n)[:0]
	for r, price := range g.Defer {
		first, end := g.row(int32(r))
		for e := first; e < end; e++ {
			if price != NoDefer && g.Cost[e] > price {
				continue
			}
			w.Taxi, w.Cost = append(w.Taxi, g.Taxi[e]), append(w.Cost, g.Cost[e])
		}
		if price != NoDefer { // dearest of the row, so a sorted row stays so
			//nolint:gosec // G115: taxis and rides are few
			w.Taxi, w.Cost = append(w.Taxi, int32(g.Taxis+r)), append(w.Cost, price)
		}
		//nolint:gosec // G115: a graph has fewer edges
		w.Start = append(w.Start, int32(len(w.Taxi)))
	}
	return w
}

// read turns rides that have the taxi of their own into rides without one, and says how many.
func (d *assignDefer) read(g *Graph, match []int32) (deferred int) {
	for r, t := range match {
		if int(t) >= g.Taxis {
			match[r] = -1
			deferred++
		}
	}
	return deferred
}
