package sim

// happening is what a simulated second holds. The order of the kinds is the order in which things
// of the same instant happen.
type happening uint8

// The happenings.
const (
	logOn       happening = iota + 1 // a taxi begins its shift
	fixes                            // a part of the taxis report where they are
	poll                             // phones read what they may have missed
	request                          // a rider asks, or hails at the kerb
	acknowledge                      // a phone has shown an offer
	answer                           // a driver says yes or no
	arrive                           // a taxi is at the pickup
	board                            // the rider is on board
	alight                           // a taxi is at the destination
	complete                         // the driver ends the drive
	giveBack                         // a driver on the way changes their mind
	notThere                         // a driver has waited in vain
	breakDown                        // a taxi breaks down with the rider on board
	pay                              // the rider pays, or looks whether it is paid
	giveUp                           // a rider cancels, as the pickup is late
	takeAhead                        // a driver finds a booking
	raiseTip                         // a rider raises the tip
	leave                            // a rider changes their mind
	work                             // every second: due scans and the payment worker
	round                            // the engine's next round
	lookAtClock                      // every minute: progress
	connect                          // live: a phone connects, ahead of the shift
	giveAgain                        // live: a phone gives its commands again
)

// entry is one thing to happen: when (milliseconds since the start), what, and to whom. serial
// tells an entry that has been overtaken: an offer withdrawn, a leg given up.
type entry struct {
	atMS   int64
	what   happening
	who    int32
	serial int32
}

// agenda is a binary heap of entries by (time, kind, id). container/heap would box each entry.
type agenda []entry

// before is the order in which things happen.
func (e *entry) before(o *entry) bool {
	switch {
	case e.atMS != o.atMS:
		return e.atMS < o.atMS
	case e.what != o.what:
		return e.what < o.what
	case e.who != o.who:
		return e.who < o.who
	default:
		return e.serial < o.serial
	}
}

// add puts an entry at the end and lets it rise to its place.
func (a *agenda) add(e entry) {
	*a = append(*a, e)
	heap := *a
	for i := len(heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !heap[i].before(&heap[parent]) {
			break
		}
		heap[i], heap[parent] = heap[parent], heap[i]
		i = parent
	}
}

// next takes the first entry out; the last one takes its place and sinks to its own. There must
// be one.
func (a *agenda) next() entry {
	heap, last := *a, len(*a)-1
	first := heap[0]
	heap[0] = heap[last]
	heap = heap[:last]
	for i := 0; 2*i+1 < last; {
		child := 2*i + 1
		if right := child + 1; right < last && heap[right].before(&heap[child]) {
			child = right
		}
		if !heap[child].before(&heap[i]) {
			break
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
	*a = heap
	return first
}
