package geo

import (
	"fmt"
	"math"
	"slices"
)

// Limits of a road graph; a larger file is refused.
const (
	MaxRoadNodes = 1 << 20
	MaxRoadEdges = 1 << 22
	MaxRoadsOut  = 254 // roads out of one node
	// MaxRoadTimeS is of one edge.
	MaxRoadTimeS = 24 * 3600
)

// DefaultTreeBytes is how much the shortest-path trees of a Roads may take: with one byte a
// node and tree, all of a graph of 8,000 nodes.
const DefaultTreeBytes = 64 << 20

// NodeID is a node of a Roads, 0 to Len()-1 in the order of the file.
type NodeID int32

// Roads is a directed road graph with a travel time and a length for each edge. Routes are
// taken from shortest-path trees, one for each target asked for, which are kept up to a
// limit of memory. It belongs to one goroutine.
type Roads struct {
	labels []int64
	points []Point
	tree   nodeTree

	first []int32 // roads out of node v: [first[v], first[v+1])
	roads []road
	back  []int32 // roads into node v, as places in backs: [back[v], back[v+1])
	backs []backRoad

	trees treeCache
}

// road is an edge. Times are whole milliseconds, so that sums do not depend on their order
// and equal ones are equal.
type road struct {
	to      NodeID
	timeMS  uint32 // at least 1
	lengthM float32
}

// backRoad is an edge seen from its end.
type backRoad struct {
	from   NodeID
	timeMS uint32
}

// RoadEdge is an edge to build a graph of: TimeS in (0, MaxRoadTimeS], LengthM in metres.
type RoadEdge struct {
	From, To NodeID
	TimeS    float64
	LengthM  float64
}

// NewRoads builds a graph of nodes, each with the number that it has where it comes from, and
// edges; those out of a node keep their order. An edge whose ends are not among the nodes, or
// whose time is none, and a graph above its limits are errors.
func NewRoads(labels []int64, points []Point, raw []RoadEdge) (*Roads, error) {
	switch {
	case len(labels) != len(points):
		return nil, fmt.Errorf("geo: %d labels of %d nodes", len(labels), len(points))
	case len(points) > MaxRoadNodes:
		return nil, fmt.Errorf("geo: %d nodes, at most %d", len(points), MaxRoadNodes)
	case len(raw) > MaxRoadEdges:
		return nil, fmt.Errorf("geo: %d edges, at most %d", len(raw), MaxRoadEdges)
	}
	n := NodeID(len(points))
	for _, r := range raw {
		if r.From < 0 || r.From >= n || r.To < 0 || r.To >= n ||
			!(r.TimeS > 0 && r.TimeS <= MaxRoadTimeS) {
			return nil, fmt.Errorf("geo: an edge of %v s from %d to %d of %d nodes",
				r.TimeS, r.From, r.To, n)
		}
	}
	return buildRoads(labels, points, raw)
}

func buildRoads(labels []int64, points []Point, raw []RoadEdge) (*Roads, error) {
	n := len(points)
	g := &Roads{
		labels: labels, points: points, tree: newNodeTree(points),
		first: make([]int32, n+1), back: make([]int32, n+1),
		roads: make([]road, len(raw)), backs: make([]backRoad, len(raw)),
	}
	for _, r := range raw {
		g.first[r.From+1]++
		g.back[r.To+1]++
	}
	for v := range n {
		if out := g.first[v+1]; out > MaxRoadsOut {
			return nil, fmt.Errorf("geo: %d roads out of node %d, at most %d",
				out, labels[v], MaxRoadsOut)
		}
		g.first[v+1] += g.first[v]
		g.back[v+1] += g.back[v]
	}
	out, in := slices.Clone(g.first), slices.Clone(g.back)
	for _, r := range raw {
		ms := uint32(max(1, math.Round(r.TimeS*1000)))
		g.roads[out[r.From]] = road{to: r.To, timeMS: ms, lengthM: float32(r.LengthM)}
		g.backs[in[r.To]] = backRoad{from: r.From, timeMS: ms}
		out[r.From]++
		in[r.To]++
	}
	g.trees = newTreeCache(n, DefaultTreeBytes)
	return g, nil
}

// LimitTrees sets how many bytes the shortest-path trees may take, and drops those there
// are; one tree is always kept.
func (g *Roads) LimitTrees(bytes int) { g.trees = newTreeCache(g.Len(), bytes) }

// Len is the number of nodes.
func (g *Roads) Len() int { return len(g.points) }

// Edges is the number of edges.
func (g *Roads) Edges() int { return len(g.roads) }

// Point is where a node is.
func (g *Roads) Point(n NodeID) Point { return g.points[n] }

// Label is the number a node has in its file.
func (g *Roads) Label(n NodeID) int64 { return g.labels[n] }

// Nearest is the node nearest to p by great circle, the first of equals, and its distance in
// metres. A point not on the earth has none: -1 and an infinite distance.
func (g *Roads) Nearest(p Point) (NodeID, float64) {
	if !p.onEarth() {
		return -1, math.Inf(1)
	}
	n := g.tree.nearest(p.unitVector())
	return n, DistanceM(p, g.points[n])
}
