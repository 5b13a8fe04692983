package dispatch

import (
	"math"
	"slices"
	"time"

	"hexhail/geo"
)

// option is one taxi that a ride could have in this round.
type option struct {
	ride      rideRef
	taxi      taxiRef
	distanceM float64
	pace      geo.Pace   // learned around the pickup
	ms        int32      // of the estimated pickup
	restMS    int32      // of ms: until the taxi's present ride ends
	source    geo.Source // of ms
	cost      int32      // of the pair, in ms; see [Policy.Cost]
	counts    int32      // of cost, in the assignment; see postpone
	chance    float32    // that the driver takes it
	verdict   Verdict
}

// pairing is a round's work space, kept from round to round.
type pairing struct {
	assigner Assigner
	graph    Graph
	match    []int32
	options  []option // grouped by row
	rows     []int32  // row → first option; one more than rows
	columns  map[int32]int32
	column   []int32 // column → taxiRef or rideRef
	waiting  []rideRef
	called   []rideRef
	idle     []taxiRef
	near     []geo.Neighbor[taxiRef]
	pickups  []geo.Neighbor[rideRef]
	used     map[taxiRef]bool
	price    int32 // at which a ride may wait in this round, or NoDefer
	drives   []geo.Estimate
	timed    [geo.Sources]int // of the round
	queued   []option         // what the queues of stands have considered
}

func newPairing() pairing {
	return pairing{columns: make(map[int32]int32), used: make(map[taxiRef]bool)}
}

// judge says whether a taxi may have a ride, apart from how far it is.
func (e *Engine) judge(w *wait, c *taxi, now time.Time) Verdict {
	if v := e.queued(w, c); v != 0 {
		return v
	}
	return e.suits(w, c, now)
}

// suits is judge without the queues of stands.
func (e *Engine) suits(w *wait, c *taxi, now time.Time) Verdict {
	switch {
	case !w.ride.First.Admits(c.shift.Driver, c.shift.Team, now):
		return HeldForOthers
	case c.shift.Seats < w.ride.Seats:
		return TooFewSeats
	case !c.shift.Vehicle.Serves(w.ride.Wants):
		return WrongVehicle
	case w.memo.excludes(c.shift.Driver, w.ride.Tip):
		return ExcludedPair
	case now.Before(c.barred):
		return OfferRefused
	default:
		return Chosen
	}
}

// consider appends what a taxi is to a ride; timeOptions says then how long it takes.
func (e *Engine) consider(
	ride rideRef, taxi taxiRef, distanceM float64, p geo.Pace, now time.Time,
) {
	w, c := &e.queue.waits[ride], &e.fleet.taxis[taxi]
	e.pair.options = append(e.pair.options, option{
		ride: ride, taxi: taxi, distanceM: distanceM, pace: p, verdict: e.judge(w, c, now),

		restMS: int32(c.rest(now).Milliseconds()),
	})
}

// waiting are the rides of the round, oldest first.
func (e *Engine) waiting() []rideRef {
	e.pair.waiting = e.pair.waiting[:0]
	for _, ref := range e.queue.order {
		if e.queue.waits[ref].waits() {
			e.pair.waiting = append(e.pair.waiting, ref)
		}
	}
	return e.pair.waiting
}

// nearest is the baseline: each ride in the order of its request takes the idle taxi with the
// shortest estimated pickup.
func (e *Engine) nearest(waiting []rideRef, now time.Time) []option {
	p := &e.pair
	few := e.begin()
	var pairs []option
	hour := e.hour(now)
	for _, ride := range waiting {
		if len(p.used) == e.fleet.idle.Len() {
			break
		}
		first := len(p.options)
		e.compareFor(ride, few, hour, now)
		e.timeOptions(first, now)
		if best := p.best(first); best != nil {
			p.used[best.taxi] = true
			pairs = append(pairs, *best)
		}
	}
	return pairs
}

// begin empties the work space but for the taxis that are used already, and lists the idle taxis if
// they are few.
func (e *Engine) begin() (few bool) {
	p := &e.pair
	p.options, p.rows, p.idle = p.options[:0], p.rows[:0], p.idle[:0]
	few = e.fleet.idle.Len() <= fewIdle
	if few {
		e.fleet.idle.Each(func(ref taxiRef, _ geo.Point, _ time.Time) bool {
			p.idle = append(p.idle, ref)
			return true
		})
	}
	return few
}

// compareFor appends the taxis that Nearest compares for a ride.
func (e *Engine) compareFor(ride rideRef, few bool, hour int, now time.Time) {
	switch {
	case few:
		e.compare(ride, hour, now)
	case e.byRoad():
		e.optionsOf(ride, roadNearest, hour, now)
	default:
		e.optionsOf(ride, 1, hour, now)
	}
}

// survey appends the pairs of a round, those of Nearest as if every ride were the first. byTaxi
// says that rows are taxis.
func (e *Engine) survey(waiting []rideRef, hour int, now time.Time) (byTaxi bool) {
	p := &e.pair
	few := e.begin()
	nearest := e.policy.Mode == Nearest
	byTaxi = !nearest && e.supply() < len(waiting)
	if byTaxi {
		e.lookFromTaxis(hour, now)
	} else {
		for _, ride := range waiting {
			p.rows = append(p.rows, int32(len(p.options)))
			if nearest {
				e.compareFor(ride, few, hour, now)
			} else {
				e.optionsOf(ride, e.policy.Candidates, hour, now)
			}
		}
	}
	p.rows = append(p.rows, int32(len(p.options)))
	return byTaxi
}

// best is the quickest fit option from the first one on; the other fit ones become
// BetterElsewhere.
func (p *pairing) best(first int) *option {
	var best *option
	for i := first; i < len(p.options); i++ {
		o := &p.options[i]
		switch {
		case o.verdict != Chosen:
		case best == nil:
			best = o
		case o.ms < best.ms:
			best.verdict, best = BetterElsewhere, o
		default:
			o.verdict = BetterElsewhere
		}
	}
	return best
}

// fewIdle is up to how many idle taxis are compared one by one: below it, most searches by rings
// would pass over a whole city to find nobody.
const fewIdle = 48

// metresPerDegree is the least length of a degree of latitude.
const metresPerDegree = 110_500

// compare appends the idle taxis within a ride's reach.
func (e *Engine) compare(ride rideRef, hour int, now time.Time) {
	at := e.queue.waits[ride].ride.Pickup
	pace := e.speed.PaceAt(at, hour)
	reach := e.reach(pace)
	for _, taxi := range e.pair.idle {
		c := &e.fleet.taxis[taxi]
		if math.Abs(c.at.Lat-at.Lat)*metresPerDegree > reach || e.pair.used[taxi] {
			continue
		}
		if m := geo.DistanceM(c.at, at); m <= reach {
			e.consider(ride, taxi, m, pace, now)
		}
	}
}

// optionsOf appends the k nearest idle taxis that may have a ride. If there are none, it says now
// and then who else was there, and why it was none of them.
func (e *Engine) optionsOf(ride rideRef, k, hour int, now time.Time) {
	w, p := &e.queue.waits[ride], &e.pair
	pace := e.speed.PaceAt(w.ride.Pickup, hour)
	reach := e.reach(pace)
	fit := func(ref taxiRef) bool {
		return !p.used[ref] && e.judge(w, &e.fleet.taxis[ref], now) == Chosen
	}
	p.near = e.fleet.idle.Nearest(p.near[:0], w.ride.Pickup, k, reach, fit)
	if e.policy.Mode != Nearest {
		e.withEnding(ride, k, pace, now, fit)
	}
	if len(p.near) == 0 && (e.queue.round-w.from)%misfitsEvery == 1 {
		free := func(ref taxiRef) bool { return !p.used[ref] }
		p.near = e.fleet.idle.Nearest(p.near, w.ride.Pickup, loggedMisfits, 2*reach, free)
	}
	for _, n := range p.near {
		e.consider(ride, n.Key, n.DistanceM, pace, now)
	}
}

// How many taxis that a ride cannot have are logged for it, and in which of its rounds.
const (
	loggedMisfits = 3
	misfitsEvery  = 10
)

// assign pairs jointly: the side with fewer members looks for its nearest partners, and among
// these pairs as many as possible are made, at the least sum of costs.
func (e *Engine) assign(waiting []rideRef, now time.Time) ([]option, error) {
	p := &e.pair
	byTaxi := e.survey(waiting, e.hour(now), now)
	e.timeOptions(0, now)
	price, _ := e.outlook.price(e.policy)
	p.postpone(price, func(ref rideRef) bool {
		return now.Sub(e.queue.waits[ref].ride.RequestedAt) >= seconds(e.policy.DeferS)
	})
	if err := p.solve(byTaxi); err != nil {
		return nil, err
	}
	return p.matched(byTaxi), nil
}

// lookFromTaxis lets each taxi that is idle, or free soon, find its nearest waiting rides. For one
// that may have none it says now and then which were there.
func (e *Engine) lookFromTaxis(hour int, now time.Time) {
	p := &e.pair
	look := func(ref taxiRef, from geo.Point, _ time.Time) bool {
		c := &e.fleet.taxis[ref]
		if p.used[ref] || e.bound(c) {
			return true
		}
		p.rows = append(p.rows, int32(len(p.options)))
		reach := e.reach(e.speed.PaceAt(from, hour)) * reachSlack
		fit := func(r rideRef) bool {
			w := &e.queue.waits[r]
			return w.pairedIn != e.queue.round && !e.calls(w, now) && e.judge(w, c, now) == Chosen
		}
		p.pickups = e.queue.open.Nearest(
			p.pickups[:0], from, e.policy.Candidates, reach, fit)
		if len(p.pickups) == 0 && (e.queue.round+int(ref))%misfitsEvery == 1 {
			assigned := func(r rideRef) bool { return !e.calls(&e.queue.waits[r], now) }
			p.pickups = e.queue.open.Nearest(p.pickups, from, loggedMisfits, reach, assigned)
		}
		for _, n := range p.pickups {
			pace := e.speed.PaceAt(e.queue.waits[n.Key].ride.Pickup, hour)
			e.consider(n.Key, ref, n.DistanceM, pace, now)
		}
		return true
	}
	e.fleet.idle.Each(look)
	e.fleet.ending.Each(look)
}

// reachSlack widens a taxi's search, as the pace is the pickup's and not the taxi's; what is too
// far after all is judged so.
const reachSlack = 1.5

// solve finds the pairs among the fit options.
func (p *pairing) solve(byTaxi bool) error {
	clear(p.columns)
	p.column = p.column[:0]
	g := &p.graph
	g.Start, g.Taxi, g.Cost = g.Start[:0], g.Taxi[:0], g.Cost[:0]
	for row := 0; row+1 < len(p.rows); row++ {
		g.Start = append(g.Start, int32(len(g.Taxi)))
		for _, o := range p.options[p.rows[row]:p.rows[row+1]] {
			if o.verdict != Chosen {
				continue
			}
			key := int32(o.taxi)
			if byTaxi {
				key = int32(o.ride)
			}
			col, ok := p.columns[key]
			if !ok {
				col = int32(len(p.column))
				p.columns[key] = col
				p.column = append(p.column, key)
			}
			g.Taxi, g.Cost = append(g.Taxi, col), append(g.Cost, o.counts)
		}
	}
	g.Start = append(g.Start, int32(len(g.Taxi)))
	g.Taxis = len(p.column)
	// A row that is left is a ride or a taxi: with one price for all rides either leaves the price
	// of a ride on the sum, but for a number that is the same for all assignments.
	g.Defer = g.Defer[:0]
	if p.price != NoDefer {
		for range g.Rides() {
			g.Defer = append(g.Defer, p.price)
		}
	}
	p.match = slices.Grow(p.match[:0], g.Rides())[:g.Rides()]
	return p.assigner.Solve(g, p.match)
}

// matched are the chosen pairs, in the order of rows; the other fit ones become BetterElsewhere.
func (p *pairing) matched(byTaxi bool) []option {
	var pairs []option
	for row := 0; row+1 < len(p.rows); row++ {
		options := p.options[p.rows[row]:p.rows[row+1]]
		found := false
		for i := range options {
			o := &options[i]
			if o.verdict != Chosen {
				continue
			}
			key := int32(o.taxi)
			if byTaxi {
				key = int32(o.ride)
			}
			if !found && p.match[row] >= 0 && p.column[p.match[row]] == key {
				pairs, found = append(pairs, *o), true
				continue
			}
			o.verdict = BetterElsewhere
		}
	}
	return pairs
}
