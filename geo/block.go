package geo

import "slices"

// entry is one position in its cell's block: degrees east and north of the cell's centre, to
// 0.02 mm, enough to tell who may be near. The exact position is in the slot.
type entry struct {
	x, y float32
	slot int32
}

// blockCaps are the sizes of blocks: two to a doubling, so a block is at least two thirds
// full when it has just grown. Class 0 is no block.
var blockCaps = makeBlockCaps()

func makeBlockCaps() []uint32 {
	caps := []uint32{0, 1, 2}
	for c := uint32(2); c < 1<<29; c *= 2 {
		caps = append(caps, c+c/2, 2*c)
	}
	return caps
}

// blocks keeps the entries of each cell side by side in one array, so that a search reads
// them in order and a move between cells allocates nothing. A freed block waits in a list
// of its size; when more than half of the array is unused, repack moves all together.
type blocks struct {
	entries []entry
	free    []int32 // by class: first free block, chained through slot; noCell ends
	live    int
}

// slackEntries is how many unused entries are tolerated besides as many as are used.
const slackEntries = 4096

func newBlocks() blocks {
	free := make([]int32, len(blockCaps))
	for i := range free {
		free[i] = noCell
	}
	return blocks{free: free}
}

// take returns the place of an unused block.
func (b *blocks) take(class uint32) uint32 {
	if off := b.free[class]; off != noCell {
		b.free[class] = b.entries[off].slot
		return uint32(off)
	}
	off, size := len(b.entries), int(blockCaps[class])
	if off+size > cap(b.entries) {
		// An eighth more, not append's quarter: the slack counts per taxi.
		grown := make([]entry, off, off+size+off/8+256)
		copy(grown, b.entries)
		b.entries = grown
	}
	b.entries = b.entries[:off+size]
	return uint32(off)
}

func (b *blocks) give(off, class uint32) {
	if class == 0 {
		return
	}
	b.entries[off].slot = b.free[class]
	b.free[class] = int32(off)
}

// resize moves c's entries into a block of another class.
func (b *blocks) resize(c *cell, class uint32) {
	off, old := uint32(0), c.off
	if class > 0 {
		off = b.take(class)
		copy(b.entries[off:off+c.n], b.entries[old:old+c.n])
	}
	b.give(old, c.class)
	c.off, c.class = off, class
}

// put adds an entry to c and returns its offset. moved: the others have new offsets.
func (b *blocks) put(c *cell, e entry) (off uint32, moved bool) {
	if c.n == blockCaps[c.class] {
		b.resize(c, c.class+1)
		moved = true
	}
	off = c.off + c.n
	b.entries[off] = e
	c.n++
	b.live++
	return off, moved
}

// cut removes the entry at off from c. The entry that was c's last may have taken its place
// (last is its slot, else noCell). moved: all that are left have new offsets.
func (b *blocks) cut(c *cell, off uint32) (last int32, moved bool) {
	last = noCell
	c.n--
	b.live--
	if end := c.off + c.n; off != end {
		b.entries[off] = b.entries[end]
		last = b.entries[off].slot
	}
	switch size := blockCaps[c.class]; {
	case c.n == 0:
		b.resize(c, 0)
	case size >= 6 && c.n <= size/3:
		b.resize(c, c.class-2)
		moved = true
	}
	return last, moved
}

// of is c's entries.
func (b *blocks) of(c *cell) []entry { return b.entries[c.off : c.off+c.n] }

// loose reports whether repack is worth its while.
func (b *blocks) loose() bool { return len(b.entries) > 2*b.live+slackEntries }

// repack moves every block to the smallest class that holds it and drops the free ones. All
// offsets change.
func (b *blocks) repack(cells []cell) {
	packed := make([]entry, 0, b.live+b.live/4+256)
	for i := range cells {
		c := &cells[i]
		if c.n == 0 {
			continue
		}
		class, _ := slices.BinarySearch(blockCaps, c.n)
		from, off := b.of(c), len(packed)
		packed = append(packed, from...)
		packed = slices.Grow(packed, int(blockCaps[class]-c.n))[:off+int(blockCaps[class])]
		c.off, c.class = uint32(off), uint32(class)
	}
	b.entries = packed
	for i := range b.free {
		b.free[i] = noCell
	}
}
