package dispatch

import "time"

// outlook is what a city's rides have come to lately: the means over its claims, of which the last
// hundred or so count. It says what a ride may expect that waits. The zero value knows nothing.
type outlook struct {
	claims int
	wait   float64 // from request to claim, and the estimated pickup: in seconds
	idle   float64 // of the driver who took the ride, in seconds
	lack   float64 // of the driver's chance to take it, against what is usual for the ride
}

const (
	// outlookFades is by how much the mean moves with a claim.
	outlookFades = 0.01
	// outlookLeast is how many claims it takes to know anything.
	outlookLeast = 50
)

// add takes one more claim. The first ones count alike.
func (l *outlook) add(wait, idle time.Duration, lack float64) {
	l.claims++
	part := max(outlookFades, 1/float64(l.claims))
	l.wait += part * (wait.Seconds() - l.wait)
	l.idle += part * (idle.Seconds() - l.idle)
	l.lack += part * (lack - l.lack)
}

// price is at what cost of its pair a ride had better wait: that of the pair which it may expect,
// its way to the pickup as long as waiting and pickup have been together lately, times the policy's
// share. It is one price for all rides of a round, with the time that a search has left at its
// begin, so that the urgency of the others still counts. ok is false if the policy defers nothing,
// or too little is known.
func (l *outlook) price(p Policy) (ms int32, ok bool) {
	if p.DeferPct == 0 || l.claims < outlookLeast {
		return NoDefer, false
	}
	way := l.wait * float64(p.DeferPct) / 100
	return p.Cost(Pair{
		Pickup: time.Duration(way * float64(time.Second)), Left: p.Search(),
		Idle: time.Duration(l.idle * float64(time.Second)), Usual: l.lack,
	}), true
}

// postpone judges which of a round's pairs are worse than waiting, and what the others count. A
// ride that is older than the policy's DeferS waits no longer while a taxi is free for it: its dear
// pairs count a thousandth of a second less than the price, so that it comes after all whom the
// same taxi suits better.
func (p *pairing) postpone(price int32, old func(rideRef) bool) {
	p.price = price
	for i := range p.options {
		o := &p.options[i]
		o.counts = o.cost
		if price == NoDefer || o.verdict != Chosen || o.cost < price {
			continue
		}
		if old(o.ride) {
			o.counts = max(0, price-1)
		} else {
			o.verdict = Deferred
		}
	}
}
