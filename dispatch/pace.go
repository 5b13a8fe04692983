package dispatch

import (
	"math"
	"slices"
	"time"
)

// pace is how many offers may be open at once. It is unbounded, but for a store that is so slow
// that answers come too late: there all that wait would be offered again and again, each time in
// vain, and none of them claimed. As TCP's congestion window (Jacobson 1988) it is halved when the
// way there and back takes too long, and grows by half while it does not and is used.
type pace int

// The bounds of a pace.
const (
	leastPace  pace = 256
	freePace   pace = math.MaxInt
	widestPace pace = 1 << 16 // from here on it is free
	// paceShare is which part of the time for an answer a round and its offers' commit may take. A
	// yes waits as long again for its own.
	paceShare = 4
)

// after is the pace after a round with offers that took so long, when so many are open.
func (p pace) after(took, offer time.Duration, open int) pace {
	switch {
	case took > offer/paceShare:
		return max(leastPace, min(p, pace(open))/2)
	case pace(open) < p/2:
		return p // not used: what it could be is not known
	case p >= widestPace:
		return freePace
	default:
		return p + p/2
	}
}

// keepPace sets the pace after a round with offers that took so long by the city's clock.
func (e *Engine) keepPace(took time.Duration) {
	e.pace = e.pace.after(took, e.policy.Offer(), e.offered())
}

// offered is for how many rides an offer is open.
func (e *Engine) offered() (n int) {
	for _, ref := range e.queue.order {
		if e.queue.waits[ref].offer != "" {
			n++
		}
	}
	return n
}

// inRoom is the pairs that may be offered now: those of the rides that wait longest.
func (e *Engine) inRoom(pairs []option) []option {
	if e.pace == freePace {
		return pairs
	}
	n := min(len(pairs), max(0, int(e.pace)-e.offered()))
	if n == len(pairs) {
		return pairs
	}
	asked := func(ref rideRef) time.Time { return e.queue.waits[ref].ride.RequestedAt }
	slices.SortStableFunc(pairs, func(a, b option) int {
		return asked(a.ride).Compare(asked(b.ride))
	})
	held := make(map[rideRef]bool, len(pairs)-n)
	for _, o := range pairs[n:] {
		held[o.ride] = true
	}
	for i := range e.pair.options {
		if o := &e.pair.options[i]; o.verdict == Chosen && held[o.ride] {
			o.verdict = HeldBack
		}
	}
	return pairs[:n]
}
