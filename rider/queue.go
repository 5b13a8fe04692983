package rider

import (
	"slices"

	"hexhail/dispatch"
	"hexhail/geo"
)

// maxQueue is how much waits for a reader. A ride has ten versions or so in its life, and a minute
// of positions is of no use.
const maxQueue = 64

// item is a version of the ride or a position of its taxi.
type item struct {
	ride *dispatch.Ride
	taxi *geo.Fix
}

// queue is what waits to be sent, the oldest first.
type queue []item

// push adds an item. If the queue is full, its oldest position goes; one without positions keeps
// only the new item, which is the newest version of the ride.
func (q *queue) push(it item) {
	if len(*q) >= maxQueue {
		if i := slices.IndexFunc(*q, isTaxi); i >= 0 {
			*q = slices.Delete(*q, i, i+1)
		} else if it.taxi != nil {
			return // what the rides say matters more
		} else {
			*q = (*q)[:0]
		}
	}
	*q = append(*q, it)
}

// pop takes the oldest item of a queue that is not empty. An empty queue holds no memory.
func (q *queue) pop() item {
	it := (*q)[0]
	if *q = slices.Delete(*q, 0, 1); len(*q) == 0 {
		*q = nil
	}
	return it
}

// dropTaxis forgets all positions.
func (q *queue) dropTaxis() { *q = slices.DeleteFunc(*q, isTaxi) }

func isTaxi(it item) bool { return it.taxi != nil }
