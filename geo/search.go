package geo

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// Neighbor is a key near a point: its position and great-circle distance in metres.
type Neighbor[K comparable] struct {
	Key K
	Point
	DistanceM float64
}

// A search compares positions by a rough square of the distance, in the plane of each cell,
// and measures exactly only those that may be among the nearest:
//
//	rough = Δlng²·cos(p)·cos(cell) + Δlat²
//
// Against the haversine formula this leaves out the change of the cosine inside the cell,
// tan(lat)·rad/R of it (2.5e-4 at 80°), and higher terms in the distance (5e-5 at half a
// degree); float32 adds 0.1 mm near the point and 1e-7 of the distance far from it.
const (
	roughSlack  = 4e-4
	roughSlackM = 1e-3
	roughDeg    = 0.5  // from the point up to which the rough measure is used
	maxRough    = 80.0 // latitude up to which it is

	tightenSteps = 64
	shortSort    = 32 // candidates up to which sorting by insertion is the fastest
)

// candidate is a position that may be among the nearest.
type candidate struct {
	rough float32 // square metres
	slot  int32
}

// measured is a candidate with its exact distance in metres.
type measured struct {
	distanceM float64
	slot      int32
}

func (a measured) compare(b measured) int {
	return cmp.Or(cmp.Compare(a.distanceM, b.distanceM), cmp.Compare(a.slot, b.slot))
}

// lotAt is a lot to look into, and the least distance of anything in it.
type lotAt struct {
	nearM float64
	lot   int32
}

// query is the scratch space of a search.
type query struct {
	p      Point
	cos    float64
	eastM  float32 // metres of a degree of longitude at p
	isFlat bool    // the rough measure may be used
	k      int
	limit  float32 // square metres above which nothing is a candidate
	limitM float64 // its root
	found  []candidate
	sorted []measured
	lots   []lotAt
	stamp  uint32

	touched int64 // of no meaning: keeps the fetching of slots from being optimised away
}

// Nearest appends to dst the k keys nearest to p, no farther than maxM metres, for which keep
// (nil: all) is true, nearest first; equal distances by slot, that is by the order in which
// keys came, where the place of a removed key is taken by the next new one. The result is
// that of measuring every key with DistanceM. keep is asked for some farther keys too, must
// be a function of the key alone and must not use the index. maxM may be infinite. A point
// not on the earth has no neighbours. With room in dst it allocates nothing once the city's
// tables are built.
func (ix *Index[K]) Nearest(
	dst []Neighbor[K], p Point, k int, maxM float64, keep func(k K) bool,
) []Neighbor[K] {
	if k <= 0 || !(maxM >= 0) || ix.Len() == 0 || !p.onEarth() {
		return dst
	}
	ix.tidy()
	q := &ix.query
	q.begin(p, k, maxM)
	ix.scan(keep)
	ix.measure()
	for i, m := range q.sorted {
		if i == k || m.distanceM > maxM {
			break
		}
		sl := ix.slots.at(m.slot)
		dst = append(dst, Neighbor[K]{Key: sl.key, Point: sl.p, DistanceM: m.distanceM})
	}
	return dst
}

// Within is Nearest without a number: every key within radiusM metres, nearest first.
func (ix *Index[K]) Within(
	dst []Neighbor[K], p Point, radiusM float64, keep func(k K) bool,
) []Neighbor[K] {
	return ix.Nearest(dst, p, math.MaxInt, radiusM, keep)
}

func (q *query) begin(p Point, k int, maxM float64) {
	q.p, q.k, q.cos = p, k, math.Cos(p.Lat*radPerDeg)
	q.eastM = float32(mPerDeg * q.cos)
	q.isFlat = math.Abs(p.Lat) <= maxRough && math.Abs(p.Lng) <= MaxLng-2*roughDeg
	q.limit, q.limitM = float32(math.Inf(1)), math.Inf(1)
	q.lower(maxM)
	q.found = q.found[:0]
	q.stamp++
}

// lower lowers the limit to a distance, with the slack of the rough measure.
func (q *query) lower(distanceM float64) {
	if m := (distanceM + roughSlackM) * (1 + roughSlack); m < q.limitM {
		q.limit, q.limitM = float32(m*m), m
	}
}

// scan collects the candidates: ring by ring around the point's cell until nothing outside
// can be nearer, else from the lots beyond.
func (ix *Index[K]) scan(keep func(k K) bool) {
	l, q := &ix.lattice, &ix.query
	start, err := l.find(noCell, q.p, true)
	if err != nil {
		ix.scanAll(keep)
		return
	}
	d, err := l.diskOf(start)
	if err != nil {
		ix.scanAll(keep)
		return
	}
	offM := distanceFromM(q.p, q.cos, l.cells[start].center())
	done := uint8(0)
	for r, end := range d.ring {
		ix.scanRing(d.cells[done:end], keep)
		done = end
		q.tighten()
		if q.limitM <= float64(d.reach[r])-offM {
			return
		}
	}
	if q.stamp == 0 { // wrapped around: no cell may look scanned
		for i := range l.cells {
			l.cells[i].seen = 0
		}
		q.stamp = 1
	}
	for _, i := range d.cells[:done] {
		l.cells[i].seen = q.stamp
	}
	ix.scanLots(keep)
}

// scanRing scans those cells that hold something near enough. They are chosen first, and
// scanned then, so that the cells' lines of memory are fetched all at once.
func (ix *Index[K]) scanRing(ring []int32, keep func(k K) bool) {
	l, q := &ix.lattice, &ix.query
	var chosen [diskCells]int32
	n := 0
	for _, i := range ring {
		chosen[n] = i
		if c := &l.cells[i]; c.n > 0 && !q.beyond(c, q.isFlat) {
			n++
		}
	}
	for _, i := range chosen[:n] {
		ix.scanCell(&l.cells[i], q.isFlat, keep)
	}
}

// scanLots looks into the lots that may hold something near enough, nearest first.
func (ix *Index[K]) scanLots(keep func(k K) bool) {
	l, q := &ix.lattice, &ix.query
	at := q.p.unitVector()
	q.lots = q.lots[:0]
	for i := range l.lots {
		lo := &l.lots[i]
		if lo.taken == 0 {
			continue
		}
		reach := (q.limitM + lo.radM) / EarthRadiusM
		if chord2 := chordSquared(at, lo.at); chord2 <= reach*reach {
			nearM := math.Sqrt(chord2)*EarthRadiusM - lo.radM
			q.lots = append(q.lots, lotAt{nearM: nearM, lot: int32(i)})
		}
	}
	slices.SortFunc(q.lots, func(a, b lotAt) int {
		return cmp.Or(cmp.Compare(a.nearM, b.nearM), cmp.Compare(a.lot, b.lot))
	})
	for _, lo := range q.lots {
		if lo.nearM > q.limitM {
			return
		}
		for taken := l.lots[lo.lot].taken; taken != 0; taken &= taken - 1 {
			c := &l.cells[l.lotCells[lo.lot][bits.TrailingZeros64(taken)]]
			if flat := q.flatAt(c); c.seen != q.stamp && !q.beyond(c, flat) {
				ix.scanCell(c, flat, keep)
			}
		}
		q.tighten()
	}
}

// scanAll measures every key: what is left when H3 does not know the place.
func (ix *Index[K]) scanAll(keep func(k K) bool) {
	for i := range ix.lattice.cells {
		ix.scanCell(&ix.lattice.cells[i], false, keep)
	}
}

// flatAt reports whether the rough measure holds as far as c.
func (q *query) flatAt(c *cell) bool {
	mid := c.center()
	return q.isFlat &&
		math.Abs(mid.Lat-q.p.Lat) < roughDeg && math.Abs(mid.Lng-q.p.Lng) < roughDeg
}

// beyond reports that no position in c can be a candidate.
func (q *query) beyond(c *cell, flat bool) bool {
	if !flat {
		return distanceFromM(q.p, q.cos, c.center())-float64(c.rad) > q.limitM
	}
	x, y := c.offset(q.p)
	reach := float32(q.limitM) + c.rad
	return x*x*(q.eastM*c.eastM)+y*y*(mPerDeg*mPerDeg) > reach*reach*(1+2*roughSlack)
}

// scanCell collects a cell's positions within the limit. Where the rough measure does not
// hold it takes the exact one.
func (ix *Index[K]) scanCell(c *cell, flat bool, keep func(k K) bool) {
	q := &ix.query
	if keep != nil || !flat {
		ix.pickCell(c, flat, keep)
		return
	}
	x, y := c.offset(q.p)
	east2, limit, found := q.eastM*c.eastM, q.limit, q.found
	for _, e := range ix.blocks.of(c) {
		dx, dy := e.x-x, e.y-y
		if rough := dx*dx*east2 + dy*dy*(mPerDeg*mPerDeg); rough <= limit {
			found = append(found, candidate{rough: rough, slot: e.slot})
		}
	}
	q.found = found
}

// pickCell is scanCell for any latitude and with any keep.
func (ix *Index[K]) pickCell(c *cell, flat bool, keep func(k K) bool) {
	q := &ix.query
	x, y := c.offset(q.p)
	east2 := q.eastM * c.eastM
	for _, e := range ix.blocks.of(c) {
		dx, dy := e.x-x, e.y-y
		rough := dx*dx*east2 + dy*dy*(mPerDeg*mPerDeg)
		if !flat {
			d := distanceFromM(q.p, q.cos, ix.slots.at(e.slot).p)
			rough = float32(d * d)
		}
		if rough <= q.limit && (keep == nil || keep(ix.slots.at(e.slot).key)) {
			q.found = append(q.found, candidate{rough: rough, slot: e.slot})
		}
	}
}

// tighten lowers the limit to just above the k-th nearest of the candidates and drops those
// beyond it. Squares of distances are spread evenly where taxis are, so that counting them
// by 64 steps finds the k-th to a few candidates, without the mispredicted branches of
// sorting. What the slack of the rough measure leaves undecided stays.
func (q *query) tighten() {
	for len(q.found) > q.k {
		var top float32
		for i := range q.found {
			if r := q.found[i].rough; r > top { // max() minds NaN, at four times the price
				top = r
			}
		}
		if top == 0 {
			return
		}
		var count [tightenSteps]int32
		scale := tightenSteps / top
		for i := range q.found {
			count[min(int(q.found[i].rough*scale), tightenSteps-1)]++
		}
		step, below := 0, 0
		for ; below < q.k; step++ {
			below += int(count[step])
		}
		q.lower(math.Sqrt(float64(step)/float64(scale)) * (1 + roughSlack))
		n := 0
		for _, c := range q.found {
			q.found[n] = c
			if c.rough <= q.limit {
				n++
			}
		}
		// Crowded on one step: count again, more finely, while that helps.
		again := n > q.k+q.k/2+8 && n < len(q.found)
		q.found = q.found[:n]
		if !again {
			return
		}
	}
}

// measure computes the exact distances of the candidates and sorts them.
func (ix *Index[K]) measure() {
	q := &ix.query
	q.sorted = q.sorted[:0]
	for _, c := range q.found { // fetches the slots' lines of memory all at once
		q.touched ^= ix.slots.at(c.slot).atUS
	}
	for _, c := range q.found {
		d := distanceFromM(q.p, q.cos, ix.slots.at(c.slot).p)
		q.sorted = append(q.sorted, measured{distanceM: d, slot: c.slot})
	}
	if len(q.sorted) > shortSort {
		slices.SortFunc(q.sorted, measured.compare)
		return
	}
	for i, m := range q.sorted {
		for ; i > 0 && m.before(q.sorted[i-1]); i-- {
			q.sorted[i] = q.sorted[i-1]
		}
		q.sorted[i] = m
	}
}

func (a measured) before(b measured) bool {
	return a.distanceM < b.distanceM || (a.distanceM == b.distanceM && a.slot < b.slot)
}
