package geo

import "time"

// slot is all that the index knows of a key. With a key of 8 bytes it is 64: one cache line
// is read and written by a move inside the oval of its cell, and nothing else is read.
type slot[K comparable] struct {
	key  K
	atUS int64 // unix microseconds of the fix
	p    Point
	oval oval   // of its cell
	cell int32  // noCell: unused
	off  uint32 // of its entry
	link link
}

func (s *slot[K]) at() time.Time { return time.UnixMicro(s.atUS).UTC() }

const (
	pageBits  = 9
	pageSlots = 1 << pageBits // 32 KiB with keys of 8 bytes
)

// slots is a growing array that never copies what it holds and wastes at most a page.
type slots[K comparable] struct {
	pages []*[pageSlots]slot[K]
	n     int32
	free  int32 // first unused slot below n, chained through link.next
}

func newSlots[K comparable]() slots[K] { return slots[K]{free: noCell} }

func (s *slots[K]) at(i int32) *slot[K] {
	return &s.pages[uint32(i)>>pageBits][i&(pageSlots-1)]
}

// take returns an unused slot: the one freed last, or a new one.
func (s *slots[K]) take() int32 {
	i := s.free
	if i != noCell {
		s.free = s.at(i).link.next
		return i
	}
	i = s.n
	if int(i)>>pageBits == len(s.pages) {
		s.pages = append(s.pages, new([pageSlots]slot[K]))
	}
	s.n++
	return i
}

// give frees a slot.
func (s *slots[K]) give(i int32) {
	*s.at(i) = slot[K]{cell: noCell, link: link{next: s.free}}
	s.free = i
}
