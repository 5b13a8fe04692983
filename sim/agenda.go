package sim

import "container/heap"

// happening is what a simulated second holds. The order of the kinds is the order in which things
// of the same instant happen.
type happening uint8

// The happenings.
const (
	logOn       happening = iota + 1 // a cab begins its shift
	fixes                            // a part of the cabs report where they are
	poll                             // phones read what they may have missed
	request                          // a rider asks, or hails at the kerb
	acknowledge                      // a phone has shown an offer
	answer                           // a driver says yes or no
	arrive                           // a cab is at the pickup
	board                            // the rider is on board
	alight                           // a cab is at the destination
	complete                         // the driver ends the drive
	pay                              // the rider pays, or looks whether it is paid
	giveUp                           // a rider cancels, as the pickup is late
	work                             // every second: due scans and the payment worker
	round                            // the engine's next round
	lookAtClock                      // every minute: progress
)

// entry is one thing to happen: when (milliseconds since the start), what, and to whom. serial
// tells an entry that has been overtaken: an offer withdrawn, a leg given up.
type entry struct {
	atMS   int64
	what   happening
	who    int32
	serial int32
}

// agenda is a heap of entries by (time, kind, id).
type agenda []entry

// Len is the number of entries.
func (a agenda) Len() int { return len(a) }

// Less orders by time, then kind, then id.
func (a agenda) Less(i, j int) bool {
	x, y := &a[i], &a[j]
	switch {
	case x.atMS != y.atMS:
		return x.atMS < y.atMS
	case x.what != y.what:
		return x.what < y.what
	case x.who != y.who:
		return x.who < y.who
	default:
		return x.serial < y.serial
	}
}

// Swap exchanges two entries.
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push appends an entry; for container/heap.
func (a *agenda) Push(x any) { *a = append(*a, x.(entry)) }

// Pop removes the last entry; for container/heap.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

func (a *agenda) add(e entry) { heap.Push(a, e) }

func (a *agenda) next() entry { return heap.Pop(a).(entry) }
