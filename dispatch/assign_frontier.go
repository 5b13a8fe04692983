package dispatch

// waiting is a column to be scanned at a distance.
type waiting struct {
	dist int64
	col  int32
}

// frontier is a four-way heap by distance: for the short queues of a search flatter, and so
// faster, than a two-way one, and without the interface calls of container/heap.
type frontier []waiting

// push adds w.
func (f *frontier) push(w waiting) {
	h := append(*f, w)
	k := len(h) - 1
	for k > 0 {
		parent := (k - 1) / 4
		if h[parent].dist <= w.dist {
			break
		}
		h[k] = h[parent]
		k = parent
	}
	h[k] = w
	*f = h
}

// pop removes and returns the nearest; the heap must not be empty.
func (f *frontier) pop() waiting {
	h := *f
	top, n := h[0], len(h)-1
	w := h[n]
	h = h[:n]
	*f = h
	if n == 0 {
		return top
	}
	k := 0
	for {
		child := 4*k + 1
		if child >= n {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, n); c++ {
			if h[c].dist < h[least].dist {
				least = c
			}
		}
		if h[least].dist >= w.dist {
			break
		}
		h[k] = h[least]
		k = least
	}
	h[k] = w
	return top
}
