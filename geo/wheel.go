package geo

// wheel orders slots by the second of their last fix, roughly: a slot waits in the bucket of
// the second it had when it was last filed and is looked at again when that second expires.
// A move therefore costs the wheel nothing, and a taxi that keeps reporting is filed again
// once per limit of staleness. Links are kept in the slots.
type wheel struct {
	heads [wheelSize]int32
	floor int64 // unix second of the last sweep: nothing is filed in an earlier bucket
	swept bool
}

const (
	wheelSize = 64 // seconds: above the 30 s of staleness, so a bucket holds one second
	microsPS  = 1_000_000
)

// secondOf is the unix second of a time in microseconds, rounded down.
func secondOf(us int64) int64 {
	if us < 0 {
		return (us+1)/microsPS - 1
	}
	return us / microsPS
}

func newWheel() wheel {
	w := wheel{}
	for i := range w.heads {
		w.heads[i] = noCell
	}
	return w
}

// link is a slot's place in its bucket. prev of the first is -1 - bucket.
type link struct{ prev, next int32 }

// file puts a slot into the bucket of its time.
func file[K comparable](w *wheel, slots *slots[K], s int32) {
	sec := secondOf(slots.at(s).atUS)
	if w.swept {
		sec = max(sec, w.floor)
	}
	bucket := int32(sec & (wheelSize - 1))
	head := w.heads[bucket]
	slots.at(s).link = link{prev: -1 - bucket, next: head}
	if head != noCell {
		slots.at(head).link.prev = s
	}
	w.heads[bucket] = s
}

// unfile takes a slot out of its bucket.
func unfile[K comparable](w *wheel, slots *slots[K], s int32) {
	l := slots.at(s).link
	if l.prev < 0 {
		w.heads[-1-l.prev] = l.next
	} else {
		slots.at(l.prev).link.next = l.next
	}
	if l.next != noCell {
		slots.at(l.next).link.prev = l.prev
	}
}

// sweep calls gone for each slot whose time is before beforeUS, having taken it out of the
// wheel, and files again those it looked at in vain.
func sweep[K comparable](w *wheel, slots *slots[K], beforeUS int64, gone func(s int32)) {
	last := secondOf(beforeUS)
	first := w.floor
	if !w.swept || last-first >= wheelSize {
		first = last - wheelSize + 1
	}
	last = max(last, first)
	w.floor, w.swept = last, true
	for sec := first; sec <= last; sec++ {
		bucket := sec & (wheelSize - 1)
		s := w.heads[bucket]
		w.heads[bucket] = noCell
		for s != noCell {
			next := slots.at(s).link.next
			if slots.at(s).atUS < beforeUS {
				gone(s)
			} else {
				file(w, slots, s)
			}
			s = next
		}
	}
}
