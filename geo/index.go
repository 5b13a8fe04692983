package geo

import (
	"errors"
	"time"
)

// MaxIndexed is the most keys an Index holds unless told otherwise; a move of a further one
// is refused with ErrIndexFull.
const MaxIndexed = 1 << 20

// maxLatticeCells is how many cells (27,000 km² at resolution 9, about 500 bytes each) the
// tables of one city may have. At the limit they are rebuilt with the cells that hold a
// taxi; if those alone are more than half of it, the limit is twice their number.
const maxLatticeCells = 1 << 18

// Errors of Index.Move, besides *PointError.
var (
	// ErrIndexFull refuses a new key when the index holds as many as it may.
	ErrIndexFull = errors.New("geo: the index is full")
	// ErrOlder refuses a fix that is older than the one the index has: the newest wins.
	ErrOlder = errors.New("geo: the index has a newer fix")
)

// Index is the live map of one city: the last position of each key (a taxi, or the pickup
// of an open ride), found again by key or by place. It belongs to one goroutine.
//
// Positions are kept in the H3 cells of IndexRes. The tables of the city's cells are built
// as cells are first met and are not counted in the bytes of a taxi (about 93, with keys of 8).
type Index[K comparable] struct {
	lattice   lattice
	blocks    blocks
	wheel     wheel
	keys      keyTable[K]
	slots     slots[K]
	limit     int
	cellLimit int
	query     query
}

// NewIndex returns an empty index for at most limit keys; 0 or less means MaxIndexed.
func NewIndex[K comparable](limit int) *Index[K] {
	if limit <= 0 {
		limit = MaxIndexed
	}
	return &Index[K]{
		lattice: newLattice(), blocks: newBlocks(), wheel: newWheel(), keys: newKeyTable[K](),
		slots: newSlots[K](), limit: limit, cellLimit: maxLatticeCells,
	}
}

// Len is the number of keys.
func (ix *Index[K]) Len() int { return ix.keys.used }

// Move puts k at p, adding it if it is new. at is the time of the fix, kept to the
// microsecond. Errors, which change nothing: *PointError, ErrOlder (at is before the time
// the index has; equal times are accepted), ErrIndexFull. It allocates only when the
// index grows or meets a new cell.
func (ix *Index[K]) Move(k K, p Point, at time.Time) error {
	if !p.onEarth() {
		return p.Check()
	}
	us := at.UnixMicro()
	hash := ix.keys.hash(k)
	_, s, ok := ix.keys.find(&ix.slots, hash, k)
	if !ok {
		return ix.add(hash, k, p, us)
	}
	sl := ix.slots.at(s)
	if us < sl.atUS {
		return ErrOlder
	}
	x, y := sl.oval.offset(p)
	if !sl.oval.holds(x, y) {
		return ix.moveFar(s, p, us)
	}
	sl.atUS, sl.p = us, p
	e := &ix.blocks.entries[sl.off]
	e.x, e.y = x, y
	return nil
}

// moveFar is Move of a known key outside the oval of its cell.
func (ix *Index[K]) moveFar(s int32, p Point, us int64) error {
	ix.tidy()
	sl := ix.slots.at(s)
	to, err := ix.lattice.find(sl.cell, p, false)
	if err != nil {
		return err
	}
	sl.atUS, sl.p = us, p
	if to == sl.cell {
		e := &ix.blocks.entries[sl.off]
		e.x, e.y = sl.oval.offset(p)
		return nil
	}
	ix.leave(sl)
	ix.enter(s, sl, to)
	return nil
}

func (ix *Index[K]) add(hash uint64, k K, p Point, us int64) error {
	if ix.keys.used >= ix.limit {
		return ErrIndexFull
	}
	ix.tidy()
	to, err := ix.lattice.find(noCell, p, false)
	if err != nil {
		return err
	}
	s := ix.slots.take()
	sl := ix.slots.at(s)
	*sl = slot[K]{key: k, atUS: us, p: p}
	ix.keys.add(hash, s)
	ix.enter(s, sl, to)
	file(&ix.wheel, &ix.slots, s)
	return nil
}

// enter writes a slot's position into a cell.
func (ix *Index[K]) enter(s int32, sl *slot[K], to int32) {
	c := &ix.lattice.cells[to]
	if c.n == 0 {
		ix.lattice.lots[c.lot].taken |= 1 << c.bit
	}
	x, y := c.offset(sl.p)
	off, moved := ix.blocks.put(c, entry{x: x, y: y, slot: s})
	sl.cell, sl.oval, sl.off = to, c.oval, off
	if moved {
		ix.renumber(c)
	}
}

// leave takes a slot's position out of its cell.
func (ix *Index[K]) leave(sl *slot[K]) {
	c := &ix.lattice.cells[sl.cell]
	last, moved := ix.blocks.cut(c, sl.off)
	if last != noCell {
		ix.slots.at(last).off = sl.off
	}
	if moved {
		ix.renumber(c)
	}
	if c.n == 0 {
		ix.lattice.lots[c.lot].taken &^= 1 << c.bit
	}
}

// renumber tells the slots of a cell where their entries are.
func (ix *Index[K]) renumber(c *cell) {
	for i, e := range ix.blocks.of(c) {
		ix.slots.at(e.slot).off = c.off + uint32(i)
	}
}

// Remove forgets k and reports whether it was there.
func (ix *Index[K]) Remove(k K) bool {
	at, s, ok := ix.keys.find(&ix.slots, ix.keys.hash(k), k)
	if !ok {
		return false
	}
	unfile(&ix.wheel, &ix.slots, s)
	ix.drop(at, s)
	return true
}

// drop forgets a slot that the wheel has forgotten.
func (ix *Index[K]) drop(at uint64, s int32) {
	ix.keys.drop(at)
	ix.leave(ix.slots.at(s))
	ix.slots.give(s)
}

// Get is k's position and the time of its fix, in UTC.
func (ix *Index[K]) Get(k K) (Point, time.Time, bool) {
	_, s, ok := ix.keys.find(&ix.slots, ix.keys.hash(k), k)
	if !ok {
		return Point{}, time.Time{}, false
	}
	sl := ix.slots.at(s)
	return sl.p, sl.at(), true
}

// CellOf is the cell, of IndexRes, that k is in.
func (ix *Index[K]) CellOf(k K) (Cell, bool) {
	_, s, ok := ix.keys.find(&ix.slots, ix.keys.hash(k), k)
	if !ok {
		return 0, false
	}
	return ix.lattice.backs[ix.slots.at(s).cell].id, true
}

// Each calls do for every key in the order of slots, until do returns false. do must not
// change the index.
func (ix *Index[K]) Each(do func(k K, p Point, at time.Time) bool) {
	for s := range ix.slots.n {
		if sl := ix.slots.at(s); sl.cell != noCell && !do(sl.key, sl.p, sl.at()) {
			return
		}
	}
}

// EachCell calls do for every cell, of IndexRes, that holds a key, with how many it holds,
// in the order in which the index met the cells. do must not change the index.
func (ix *Index[K]) EachCell(do func(c Cell, count int)) {
	for i := range ix.lattice.cells {
		if n := ix.lattice.cells[i].n; n > 0 {
			do(ix.lattice.backs[i].id, int(n))
		}
	}
}

// Expire forgets every key whose fix is older than before, calls gone (which may be nil, and
// must not use the index) for each, and returns how many. Called each second with a limit of
// L seconds it looks at about one key in L, not at all. The order of the calls is fixed by
// the calls made so far.
func (ix *Index[K]) Expire(before time.Time, gone func(k K)) int {
	count := 0
	sweep(&ix.wheel, &ix.slots, before.UnixMicro(), func(s int32) {
		k := ix.slots.at(s).key
		if at, _, ok := ix.keys.find(&ix.slots, ix.keys.hash(k), k); ok {
			ix.drop(at, s)
		}
		count++
		if gone != nil {
			gone(k)
		}
	})
	return count
}

// tidy keeps the tables within their limits. It must not be called between finding a cell
// and using it.
func (ix *Index[K]) tidy() {
	if ix.blocks.loose() {
		ix.blocks.repack(ix.lattice.cells)
		for i := range ix.lattice.cells {
			ix.renumber(&ix.lattice.cells[i])
		}
	}
	if len(ix.lattice.cells) >= ix.cellLimit {
		ix.rebuild()
	}
}

// rebuild makes the tables anew from the cells that hold a key.
func (ix *Index[K]) rebuild() {
	old := ix.lattice
	ix.lattice = newLattice()
	ix.lattice.h3Calls = old.h3Calls
	moved := make([]int32, len(old.cells))
	for i := range old.cells {
		c := &old.cells[i]
		if c.n == 0 {
			continue
		}
		to, err := ix.lattice.cellAt(old.backs[i].id)
		if err != nil { // H3 refuses a cell it has already described: cannot happen
			ix.lattice = old
			return
		}
		moved[i] = to
		fresh := &ix.lattice.cells[to]
		fresh.off, fresh.n, fresh.class = c.off, c.n, c.class
		ix.lattice.lots[fresh.lot].taken |= 1 << fresh.bit
	}
	for s := range ix.slots.n {
		if sl := ix.slots.at(s); sl.cell != noCell {
			sl.cell = moved[sl.cell]
		}
	}
	ix.cellLimit = max(ix.cellLimit, 2*len(ix.lattice.cells))
}
