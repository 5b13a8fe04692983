package geo

// timeHeap is the queue of a search: milliseconds << 32 | node, the least first. Four children to
// an item, half the levels of two. What has become too late stays in it and is passed over when it
// comes up.
type timeHeap []uint64

func timeItem(timeMS uint32, v NodeID) uint64 { return uint64(timeMS)<<32 | uint64(uint32(v)) }

func (h *timeHeap) push(item uint64) {
	*h = append(*h, item)
	items := *h
	i := len(items) - 1
	for i > 0 {
		up := (i - 1) / 4
		if items[up] <= item {
			break
		}
		items[i] = items[up]
		i = up
	}
	items[i] = item
}

func (h *timeHeap) pop() uint64 {
	items := *h
	top := items[0]
	n := len(items) - 1
	item := items[n]
	items = items[:n]
	*h = items
	if n == 0 {
		return top
	}
	i := 0
	for {
		least := 4*i + 1
		if least >= n {
			break
		}
		for j := least + 1; j < min(4*i+5, n); j++ {
			if items[j] < items[least] {
				least = j
			}
		}
		if items[least] >= item {
			break
		}
		items[i] = items[least]
		i = least
	}
	items[i] = item
	return top
}
