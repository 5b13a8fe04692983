package geo

import (
	"cmp"
	"math"
	"slices"
)

// nodeTree is a k-d tree (J. L. Bentley, "Multidimensional binary search trees used for
// associative searching", CACM 18, 1975) of nodes on the unit sphere, where the nearest by
// chord is the nearest by great circle, anywhere. The middle of each range is its root.
type nodeTree struct {
	nodes []treeNode
}

type treeNode struct {
	at   [3]float64
	node NodeID
	axis uint8
}

func newNodeTree(points []Point) nodeTree {
	t := nodeTree{nodes: make([]treeNode, len(points))}
	for i, p := range points {
		t.nodes[i] = treeNode{at: p.unitVector(), node: NodeID(i)}
	}
	split(t.nodes)
	return t
}

// split sorts by the axis along which the nodes are spread most, and goes on with both halves.
func split(nodes []treeNode) {
	if len(nodes) < 2 {
		return
	}
	axis, widest := 0, -1.0
	for a := range 3 {
		low, high := math.Inf(1), math.Inf(-1)
		for i := range nodes {
			low, high = min(low, nodes[i].at[a]), max(high, nodes[i].at[a])
		}
		if high-low > widest {
			axis, widest = a, high-low
		}
	}
	slices.SortFunc(nodes, func(a, b treeNode) int {
		return cmp.Or(cmp.Compare(a.at[axis], b.at[axis]), cmp.Compare(a.node, b.node))
	})
	mid := len(nodes) / 2
	nodes[mid].axis = uint8(axis)
	split(nodes[:mid])
	split(nodes[mid+1:])
}

func (t *nodeTree) nearest(at [3]float64) NodeID {
	best, chord2 := NodeID(-1), math.Inf(1)
	nearestIn(t.nodes, at, &best, &chord2)
	return best
}

func nearestIn(nodes []treeNode, at [3]float64, best *NodeID, chord2 *float64) {
	for len(nodes) > 0 {
		mid := len(nodes) / 2
		n := &nodes[mid]
		d := chordSquared(at, n.at)
		if d < *chord2 || (d == *chord2 && n.node < *best) {
			*best, *chord2 = n.node, d
		}
		across := at[n.axis] - n.at[n.axis]
		near, far := nodes[:mid], nodes[mid+1:]
		if across > 0 {
			near, far = far, near
		}
		nearestIn(near, at, best, chord2)
		if across*across > *chord2 {
			return
		}
		nodes = far
	}
}
