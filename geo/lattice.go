package geo

import (
	"fmt"
	"math"
)

// IndexRes is the H3 resolution of the Index. Its cells are about 200 m along an edge and
// 0.1 km²: a taxi at 40 m between fixes stays in its cell six times of seven, a dense city
// has 5–10 taxis in one, and a disk of three rings (37 cells, 1 km) answers most searches
// for 16. Resolution 8 would scan seven times the taxis, 10 change cell at every third fix.
const IndexRes = 9

const (
	areaRes   = 7  // 49 cells of IndexRes, 5 km²: the unit of the search beyond the rings
	areaCells = 49 // bits of lot.taken
	ringMax   = 3  // rings kept per searched cell: complete to about 1 km
	diskCells = 37 // in ringMax rings

	// A point this close to an edge, as a part of the edge's distance from the centre
	// (4–6 cm), is left to H3. The plane in which edges are kept is off by 1 cm at the
	// far corner of a cell at 45°, by 3 cm at maxFlatLat.
	edgeMargin  = 3e-4
	edgeMarginM = 0.1
	maxFlatLat  = 80.0 // nearer to the poles every point is left to H3
	maxSteps    = 6    // neighbours tried before H3 is asked
	noCell      = int32(-1)
	sideMask    = 7

	hintBits = 15 // 128 KiB of guesses for points whose cell is not known
	hintsDeg = 1 / 0.003
)

// edge is one side of a regular cell: a point of the cell's plane is outside by as many
// times the side's distance from the centre as x·Δlng + y·Δlat exceeds 1.
type edge struct{ x, y float32 }

// cell is one cell of the lattice: 120 bytes, two cache lines.
type cell struct {
	oval
	eastM  float32 // metres of a degree of longitude at the centre
	off, n uint32  // where its entries are, and how many
	class  uint32  // size class of its block
	seen   uint32  // stamp of the search that has scanned it
	rad    float32 // of a circle around the centre that holds the whole cell, metres
	lot    int32
	bit    uint8    // in lot.taken
	edged  bool     // edges are set: six sides and not near a pole
	next   [6]int32 // neighbour across each edge, noCell while unknown
	edges  [6]edge
}

// worstSide is the side that p, in the cell's plane, is farthest beyond, and how far: less
// than 1 is inside. The greatest is found without a branch, which would be mispredicted:
// positive floats compare as their bits do, and the side takes the place of the last three,
// 1e-6 of the value.
func (c *cell) worstSide(x, y float32) (side int, out float32) {
	var most int32
	for e := range c.edges {
		d := int32(math.Float32bits(c.edges[e].x*x + c.edges[e].y*y))
		most = max(most, d&^sideMask|int32(e))
	}
	return int(most & sideMask), math.Float32frombits(uint32(most))
}

// cellBack is the cold part of a cell.
type cellBack struct {
	id     Cell
	nearby *disk // nil until a search starts here
}

// disk holds the cells around one cell, for searches that start there.
type disk struct {
	ring  [ringMax + 1]uint8   // ring r is cells[ring[r-1]:ring[r]]; ring 0 is the cell
	reach [ringMax + 1]float32 // everything nearer the centre is within ring r, metres
	cells [diskCells]int32
}

// lot is what the search beyond the rings needs of one cell of areaRes.
type lot struct {
	at    [3]float64 // centre on the unit sphere
	radM  float64    // of a circle around it that holds all its cells of the lattice
	taken uint64     // bit i: cells[i] has entries
}

// lattice is the table of a city's cells, built as they are first met. It finds the cell of
// a point mostly without H3: within the inscribed circle of the guess, else by the side of
// each edge, else (within edgeMarginM of an edge, near a pentagon, far away) by H3.
type lattice struct {
	cells    []cell
	backs    []cellBack
	byID     map[Cell]int32
	lots     []lot
	lotCells [][areaCells]int32
	lotByID  map[Cell]int32
	hints    []int32
	h3Calls  uint64 // LatLngToCell, for tests and benchmarks
}

func newLattice() lattice {
	l := lattice{
		byID:    make(map[Cell]int32),
		lotByID: make(map[Cell]int32),
		hints:   make([]int32, 1<<hintBits),
	}
	for i := range l.hints {
		l.hints[i] = noCell
	}
	return l
}

// walk goes from cell i towards p, edge by edge; noCell if it does not arrive. With near it
// also takes a cell whose edge p is on, which is all that the start of a search needs.
func (l *lattice) walk(i int32, p Point, near bool) int32 {
	for range maxSteps {
		if i == noCell {
			return noCell
		}
		c := &l.cells[i]
		x, y := c.offset(p)
		if !c.edged {
			if c.holds(x, y) {
				return i
			}
			return noCell
		}
		side, out := c.worstSide(x, y)
		if out < 1-edgeMargin {
			return i
		}
		if out <= 1+edgeMargin {
			if near {
				return i
			}
			return noCell
		}
		i = c.next[side]
	}
	return noCell
}

func hintOf(p Point) uint32 {
	y, x := int32(p.Lat*hintsDeg), int32(p.Lng*hintsDeg)
	h := uint32(y)*0x9E3779B1 ^ uint32(x)*0x85EBCA77
	return h * 0xC2B2AE3D >> (32 - hintBits)
}

// find is the cell of p, which must be on the earth, starting from the guess from (or
// noCell), built if it is new.
func (l *lattice) find(from int32, p Point, near bool) (int32, error) {
	if i := l.walk(from, p, near); i != noCell {
		return i, nil
	}
	hint := &l.hints[hintOf(p)]
	if i := l.walk(*hint, p, near); i != noCell {
		return i, nil
	}
	l.h3Calls++
	id, err := CellOf(p, IndexRes)
	if err != nil {
		return noCell, err
	}
	i, err := l.cellAt(id)
	if err != nil {
		return noCell, err
	}
	*hint = i
	return i, nil
}

// cellAt is the place of a cell in the table, built if it is new.
func (l *lattice) cellAt(id Cell) (int32, error) {
	if i, ok := l.byID[id]; ok {
		return i, nil
	}
	center, err := id.Center()
	if err != nil {
		return noCell, err
	}
	corners, err := id.boundary()
	if err != nil {
		return noCell, err
	}
	rings, err := id.rings(1)
	if err != nil {
		return noCell, err
	}
	c := shape(center, corners)
	if c.lot, err = l.lotOf(id, center, c.rad); err != nil {
		return noCell, err
	}
	i := int32(len(l.cells))
	c.bit = uint8(id.digit(areaRes+1)*7 + id.digit(areaRes+2))
	l.lotCells[c.lot][c.bit] = i
	l.cells = append(l.cells, c)
	l.backs = append(l.backs, cellBack{id: id})
	l.byID[id] = i
	for _, n := range rings[1] {
		if j, ok := l.byID[n]; ok {
			l.link(i, j)
			l.link(j, i)
		}
	}
	return i, nil
}

// shape computes a cell's circle, oval and edges.
func shape(center Point, corners []Point) cell {
	c := cell{next: [6]int32{noCell, noCell, noCell, noCell, noCell, noCell}}
	c.oval = newOval(center)
	c.eastM = float32(mPerDeg * math.Cos(center.Lat*radPerDeg))
	for _, p := range corners {
		c.rad = max(c.rad, float32(DistanceM(c.center(), p))+1)
	}
	if math.Abs(center.Lat) > maxFlatLat {
		return c
	}
	c.edged = len(corners) == len(c.edges)
	insideM := math.Inf(1)
	for i, p := range corners {
		side, m := c.sideOf(p, corners[(i+1)%len(corners)])
		insideM = min(insideM, m)
		if c.edged {
			c.edges[i] = side
		}
	}
	if c.edged {
		c.touch(c.edges)
	} else if insideM > edgeMarginM {
		c.round(insideM-edgeMarginM, float64(c.eastM))
	}
	return c
}

// sideOf is the line through the corners a and b, and its distance from c's centre in metres.
func (c *cell) sideOf(a, b Point) (e edge, m float64) {
	mid, eastM := c.center(), float64(c.eastM)
	ax, ay := shortWay(a.Lng-mid.Lng)*eastM, (a.Lat-mid.Lat)*mPerDeg
	bx, by := shortWay(b.Lng-mid.Lng)*eastM, (b.Lat-mid.Lat)*mPerDeg
	x, y := by-ay, ax-bx // across the line
	s := x*ax + y*ay     // the same for every point of it
	e = edge{x: float32(x / s * eastM), y: float32(y / s * mPerDeg)}
	return e, math.Abs(s) / math.Hypot(x, y)
}

// link writes into i that its neighbour across the edge towards j is j.
func (l *lattice) link(i, j int32) {
	if c := &l.cells[i]; c.edged {
		side, _ := c.worstSide(c.offset(l.cells[j].center()))
		c.next[side] = j
	}
}

// lotOf is the lot of a cell, widened to hold it.
func (l *lattice) lotOf(id Cell, center Point, rad float32) (int32, error) {
	parent := id.parent(areaRes)
	mid, err := parent.Center()
	if err != nil {
		return 0, err
	}
	i, ok := l.lotByID[parent]
	if !ok {
		i = int32(len(l.lots))
		l.lotByID[parent] = i
		l.lots = append(l.lots, lot{at: mid.unitVector()})
		l.lotCells = append(l.lotCells, [areaCells]int32{})
	}
	l.lots[i].radM = max(l.lots[i].radM, DistanceM(mid, center)+float64(rad))
	return i, nil
}

// diskOf is the disk around cell i, built at the first search that starts there.
func (l *lattice) diskOf(i int32) (*disk, error) {
	if d := l.backs[i].nearby; d != nil {
		return d, nil
	}
	rings, err := l.backs[i].id.rings(ringMax + 1)
	if err != nil {
		return nil, err
	}
	d, n := &disk{}, 0
	center := l.cells[i].center()
	for r, ids := range rings {
		reach := math.Inf(1)
		for _, id := range ids {
			j, err := l.cellAt(id)
			if err != nil {
				return nil, fmt.Errorf("geo: disk: %w", err)
			}
			if r <= ringMax {
				d.cells[n] = j
				n++
			}
			farM := DistanceM(center, l.cells[j].center())
			reach = min(reach, farM-float64(l.cells[j].rad))
		}
		if r > 0 {
			d.reach[r-1] = float32(reach - edgeMarginM)
		}
		if r <= ringMax {
			d.ring[r] = uint8(n)
		}
	}
	l.backs[i].nearby = d
	return d, nil
}
