package dispatch

import "slices"

const (
	nodeNone   = -1 // a taxi without a place in the turned graph yet
	nodeScarce = -2 // a taxi that short rides compete for, still without a row
)

// assignSplit turns the graph so that every row can be served: rows are the rides that are not
// short and the taxis that short rides compete for (scarce), columns the other taxis and the
// short rides. An edge between a ride that is not short and a scarce taxi is in no maximum matching
// and is dropped. The number of rows is the maximum cardinality.
type assignSplit struct {
	rides    int32
	rowNode  []int32 // of a row: ride r as r, taxi t as rides+t
	colNode  []int32 // of a column, likewise
	taxiNode []int32 // of a taxi: its column, its row if scarce, nodeNone or nodeScarce
	fill     []int32 // of a scarce taxi, by row: edges so far, then where the next one goes
}

// build fills in the rows of p. Columns are numbered as rows first name them, which keeps a
// search's columns close together in memory.
func (s *assignSplit) build(g *Graph, h *assignLayers, p *assignPaths) {
	n := g.Rides()
	s.rides = int32(n)
	s.taxiNode = refilled(s.taxiNode, g.Taxis, nodeNone)
	s.rowNode = resized(s.rowNode, n)[:0]
	s.colNode = resized(s.colNode, n+g.Taxis)[:0]
	p.start = append(resized(p.start, n+1)[:0], 0)
	p.edges = resized(p.edges, len(g.Taxi))[:0]
	for r := range s.rides {
		if h.short(r) {
			for _, t := range g.Taxi[g.Start[r]:g.Start[r+1]] {
				s.taxiNode[t] = nodeScarce
			}
		}
	}
	for r := range s.rides {
		if !h.short(r) {
			s.addRide(g, r, p)
		}
	}
	s.addScarce(g, h, p)
	p.columns = len(s.colNode)
}

// addRide appends the row of a ride that is not short.
func (s *assignSplit) addRide(g *Graph, r int32, p *assignPaths) {
	base, sorted := len(p.edges), true
	first, end := g.row(r)
	for e := first; e < end; e++ {
		t := g.Taxi[e]
		col := s.taxiNode[t]
		if col == nodeScarce {
			continue
		}
		if col == nodeNone {
			col = int32(len(s.colNode))
			s.taxiNode[t] = col
			s.colNode = append(s.colNode, s.rides+t)
		}
		next := edgeOf(g.Cost[e], col)
		if len(p.edges) > base && next < p.edges[len(p.edges)-1] {
			sorted = false
		}
		p.edges = append(p.edges, next)
	}
	if !sorted {
		slices.Sort(p.edges[base:])
	}
	s.rowNode = append(s.rowNode, r)
	p.start = append(p.start, int32(len(p.edges)))
}

// addScarce appends a row for each scarce taxi, with the short rides as columns.
func (s *assignSplit) addScarce(g *Graph, h *assignLayers, p *assignPaths) {
	firstRow := int32(len(s.rowNode))
	s.fill = resized(s.fill, g.Taxis)[:0]
	for r := range s.rides {
		if !h.short(r) {
			continue
		}
		for _, t := range g.Taxi[g.Start[r]:g.Start[r+1]] {
			if s.taxiNode[t] == nodeScarce {
				s.taxiNode[t] = int32(len(s.rowNode))
				s.rowNode = append(s.rowNode, s.rides+t)
				s.fill = append(s.fill, 0)
			}
			s.fill[s.taxiNode[t]-firstRow]++
		}
	}
	end := int32(len(p.edges))
	for k, count := range s.fill {
		s.fill[k] = end
		end += count
		p.start = append(p.start, end)
	}
	p.edges = p.edges[:end]
	for r := range s.rides {
		first, last := g.row(r)
		if !h.short(r) || first == last {
			continue
		}
		col := int32(len(s.colNode))
		s.colNode = append(s.colNode, r)
		for e := first; e < last; e++ {
			k := s.taxiNode[g.Taxi[e]] - firstRow
			p.edges[s.fill[k]] = edgeOf(g.Cost[e], col)
			s.fill[k]++
		}
	}
	for row := int(firstRow); row < len(s.rowNode); row++ {
		slices.Sort(p.edges[p.start[row]:p.start[row+1]])
	}
}

// read translates the solution of p back.
func (s *assignSplit) read(p *assignPaths, match []int32) {
	for r := range match {
		match[r] = -1
	}
	for row, col := range p.colOf {
		a, b := s.rowNode[row], s.colNode[col]
		if a < s.rides {
			match[a] = b - s.rides
		} else {
			match[b] = a - s.rides
		}
	}
}
