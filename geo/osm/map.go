package osm

import (
	"cmp"
	"slices"
	"strings"

	"hexhail/geo"
)

// mapFile is a file's content, as far as it concerns roads.
type mapFile struct {
	file   string
	nodes  []node
	sorted bool // nodes are in the order of their ids
	ways   []way
}

type node struct {
	id int64
	at geo.Point
}

// addNode takes a node, with its position in degrees.
func (m *mapFile) addNode(id int64, at geo.Point) error {
	if err := at.Check(); err != nil {
		return m.refuse("node", id, "%s", strings.TrimPrefix(err.Error(), "geo: "))
	}
	if len(m.nodes) == MaxNodes {
		return damaged("more than %d nodes", MaxNodes)
	}
	if n := len(m.nodes); n > 0 && m.nodes[n-1].id >= id {
		m.sorted = false
	}
	m.nodes = append(m.nodes, node{id, at})
	return nil
}

// addWay takes a way, if a taxi may drive on it. The slices are copied.
func (m *mapFile) addWay(id int64, refs []int64, t tags) error {
	if len(refs) > MaxWayNodes {
		return m.refuse("way", id, "%d nodes, at most %d", len(refs), MaxWayNodes)
	}
	if len(refs) < 2 || roadOf(t).speedKMH == 0 {
		return nil
	}
	if len(m.ways) == MaxWays {
		return damaged("more than %d ways", MaxWays)
	}
	m.ways = append(m.ways, way{id: id, refs: slices.Clone(refs), tags: slices.Clone(t)})
	return nil
}

// sortNodes makes find work, or says which node is there twice.
func (m *mapFile) sortNodes() error {
	if m.sorted {
		return nil
	}
	slices.SortFunc(m.nodes, func(a, b node) int { return cmp.Compare(a.id, b.id) })
	for i := 1; i < len(m.nodes); i++ {
		if id := m.nodes[i].id; id == m.nodes[i-1].id {
			return m.refuse("node", id, "is there twice")
		}
	}
	return nil
}

func (m *mapFile) find(id int64) (place int, ok bool) {
	return slices.BinarySearchFunc(m.nodes, id, func(n node, id int64) int {
		return cmp.Compare(n.id, id)
	})
}

// longestM is how long an edge gets before a node of it stays: half of it is how far a place beside
// the road may be from a node.
const longestM = 150

// roads builds the graph of what was read.
func (m *mapFile) roads() (*geo.Roads, error) {
	if err := m.sortNodes(); err != nil {
		return nil, err
	}
	d := draft{m: m, meets: make([]uint8, len(m.nodes)), place: make([]geo.NodeID, len(m.nodes))}
	pieces := d.cut()
	for i := range d.place {
		d.place[i] = -1
	}
	for _, p := range pieces {
		if err := d.lay(p); err != nil {
			return nil, err
		}
	}
	if len(d.edges) == 0 {
		return nil, &geo.RoadError{File: m.file, Why: "no road that a taxi may drive on"}
	}
	d.keepLargest()
	roads, err := geo.NewRoads(d.labels, d.points, d.edges)
	if err != nil {
		return nil, &geo.RoadError{File: m.file, Why: strings.TrimPrefix(err.Error(), "geo: ")}
	}
	return roads, nil
}

// draft is a graph that is being built.
type draft struct {
	m     *mapFile
	meets []uint8 // by place of the node in the file: how many ways go on from it, up to 2
	place []geo.NodeID

	labels []int64
	points []geo.Point
	edges  []geo.RoadEdge
}

// piece is a stretch of a way all of whose nodes are known.
type piece struct {
	way   *way
	nodes []int // places in the file's
}

// cut splits the ways where they leave the area, and notes where they meet.
func (d *draft) cut() []piece {
	var pieces []piece
	var run []int
	for i := range d.m.ways {
		w := &d.m.ways[i]
		run = run[:0]
		end := func() {
			if len(run) > 1 {
				pieces = append(pieces, piece{w, slices.Clone(run)})
				d.meet(run[0], 2)
				d.meet(run[len(run)-1], 2)
			}
			run = run[:0]
		}
		for _, id := range w.refs {
			place, ok := d.m.find(id)
			if !ok {
				end()
				continue
			}
			if n := len(run); n > 0 && run[n-1] == place {
				continue
			}
			run = append(run, place)
			d.meet(place, 1)
		}
		end()
	}
	return pieces
}

func (d *draft) meet(place int, by uint8) { d.meets[place] = min(2, d.meets[place]+by) }

// lay makes the edges of a piece.
func (d *draft) lay(p piece) error {
	r := roadOf(p.way.tags)
	last, lengthM := d.node(p.nodes[0]), 0.0
	for i := 1; i < len(p.nodes); i++ {
		at := p.nodes[i]
		stepM := geo.DistanceM(d.m.nodes[p.nodes[i-1]].at, d.m.nodes[at].at)
		if before := p.nodes[i-1]; lengthM > 0 && d.meets[before] < 2 && lengthM+stepM > longestM {
			next := d.node(before)
			d.join(last, next, r, lengthM)
			last, lengthM = next, 0
		}
		lengthM += stepM
		if d.meets[at] < 2 {
			continue
		}
		next := d.node(at)
		d.join(last, next, r, lengthM)
		last, lengthM = next, 0
	}
	if len(d.points) > geo.MaxRoadNodes || len(d.edges) > geo.MaxRoadEdges {
		return d.m.refuse("way", p.way.id, "with it there are more than %d nodes or %d edges",
			geo.MaxRoadNodes, geo.MaxRoadEdges)
	}
	return nil
}

func (d *draft) node(place int) geo.NodeID {
	if d.place[place] < 0 {
		d.place[place] = geo.NodeID(len(d.points))
		d.labels = append(d.labels, d.m.nodes[place].id)
		d.points = append(d.points, d.m.nodes[place].at)
	}
	return d.place[place]
}

func (d *draft) join(from, to geo.NodeID, r road, lengthM float64) {
	const mpsPerKMH = 1 / 3.6
	e := geo.RoadEdge{
		From: from, To: to, LengthM: lengthM,
		TimeS: min(max(0.001, lengthM/(r.speedKMH*mpsPerKMH)), geo.MaxRoadTimeS),
	}
	if r.forward {
		d.edges = append(d.edges, e)
	}
	if r.backward {
		e.From, e.To = e.To, e.From
		d.edges = append(d.edges, e)
	}
}

// keepLargest leaves the largest strongly connected part: from elsewhere a taxi would never come
// back, and what is nearest to a place must be of use.
func (d *draft) keepLargest() {
	in := largestPart(len(d.points), d.edges)
	places := make([]geo.NodeID, len(d.points))
	kept := 0
	for i := range d.points {
		places[i] = -1
		if in[i] {
			places[i] = geo.NodeID(kept)
			d.labels[kept], d.points[kept] = d.labels[i], d.points[i]
			kept++
		}
	}
	d.labels, d.points = d.labels[:kept], d.points[:kept]
	d.edges = slices.DeleteFunc(d.edges, func(e geo.RoadEdge) bool {
		return places[e.From] < 0 || places[e.To] < 0
	})
	for i := range d.edges {
		e := &d.edges[i]
		e.From, e.To = places[e.From], places[e.To]
	}
}
