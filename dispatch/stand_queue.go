package dispatch

import (
	"cmp"
	"slices"
	"time"

	"hexhail/geo"
)

// standQueues are the queues of a city's stands. Who comes in goes to the tail; who declines a ride
// of the stand, or is silent, goes there too; who is put off duty, pauses, takes any other ride or
// is outside for some fixes has left. Who takes a ride of the stand keeps the place until its rider
// is on board: if the rider does not come, it was for nothing that they waited.
//
// It is a pure state machine: it belongs to one goroutine, and knows no clock.
type standQueues struct {
	city   CityID
	stands []Stand
	lines  [][]*standTurn // by stand, the head first; without those on the way to a rider
	turns  map[DriverID]*standTurn
	last   int64                 // order that was given out
	dirty  map[DriverID]struct{} // whose row is to be written
	gone   []Notice              // for those who have left
}

// standTurn is a place with what need not outlive the engine.
type standTurn struct {
	Turn
	stand   int       // in the city's list
	outside int       // fixes in a row
	seenAt  time.Time // the last fix
	told    StandRank
}

func newStandQueues(city City) standQueues {
	return standQueues{
		city: city.ID, stands: city.Stands, lines: make([][]*standTurn, len(city.Stands)),
		turns: make(map[DriverID]*standTurn), dirty: make(map[DriverID]struct{}),
	}
}

// noStand is the place of no stand in the city's list.
const noStand = -1

// at is the stand in whose zone a point is: of several the first.
func (q *standQueues) at(p geo.Point) int {
	return slices.IndexFunc(q.stands, func(s Stand) bool { return s.Zone.Holds(p) })
}

// ofPickup is the stand whose queue has the rides from a point: of several the first.
func (q *standQueues) ofPickup(p geo.Point) int {
	return slices.IndexFunc(q.stands, func(s Stand) bool { return s.Pickups.Holds(p) })
}

// load takes the places that rows have kept. Those of a stand that is no more are dropped.
func (q *standQueues) load(turns []Turn, now time.Time) {
	for _, p := range turns {
		q.last = max(q.last, p.Order)
		at := slices.IndexFunc(q.stands, func(s Stand) bool { return s.ID == p.Stand })
		if at == noStand {
			q.dirty[p.Driver] = struct{}{}
			continue
		}
		turn := &standTurn{Turn: p, stand: at, seenAt: now}
		q.turns[p.Driver] = turn
		if p.Ride == "" {
			q.insert(turn)
		}
		delete(q.dirty, p.Driver) // is written
	}
}

// see takes a fix of a driver's taxi. idle says that they are on duty and have no ride.
func (q *standQueues) see(driver DriverID, taxi TaxiID, at geo.Point, idle bool, now time.Time) {
	p := q.turns[driver]
	switch {
	case p == nil:
	case q.stands[p.stand].Zone.Holds(at):
		p.seenAt, p.outside = now, 0
		return
	default:
		p.seenAt = now
		if p.outside++; p.Ride != "" || p.outside < q.stands[p.stand].ExitFixes {
			return
		}
		q.leave(driver, now)
	}
	if idle {
		if stand := q.at(at); stand != noStand {
			q.enter(driver, taxi, stand, now)
		}
	}
}

func (q *standQueues) enter(driver DriverID, taxi TaxiID, stand int, now time.Time) {
	if len(q.lines[stand]) >= q.stands[stand].MaxTaxis {
		return // the next fix tries again
	}
	q.last++
	p := &standTurn{stand: stand, seenAt: now, Turn: Turn{
		Driver: driver, Taxi: taxi, City: q.city, Stand: q.stands[stand].ID, Order: q.last,
		EnteredAt: now, OrderedAt: now,
	}}
	q.turns[driver] = p
	q.insert(p)
}

// insert puts a place into its line by its order, and marks it to be written.
func (q *standQueues) insert(p *standTurn) {
	line := q.lines[p.stand]
	i, _ := slices.BinarySearchFunc(line, p.Order, compareOrder)
	q.lines[p.stand] = slices.Insert(line, i, p)
	q.dirty[p.Driver] = struct{}{}
}

func compareOrder(p *standTurn, order int64) int { return cmp.Compare(p.Order, order) }

// cut takes a place out of its line, if it is in it.
func (q *standQueues) cut(p *standTurn) {
	line := q.lines[p.stand]
	if i, ok := slices.BinarySearchFunc(line, p.Order, compareOrder); ok {
		q.lines[p.stand] = slices.Delete(line, i, i+1)
	}
	q.dirty[p.Driver] = struct{}{}
}

// leave takes a driver out.
func (q *standQueues) leave(driver DriverID, now time.Time) {
	p := q.turns[driver]
	if p == nil {
		return
	}
	q.cut(p)
	delete(q.turns, driver)
	q.gone = append(q.gone, Notice{Driver: driver, Rank: &StandRank{
		City: q.city, Stand: p.Stand, Length: len(q.lines[p.stand]),
		EnteredAt: p.EnteredAt, At: now,
	}})
}

// tail puts a driver to the end for what they did at a time. What they did before they got their
// place changes nothing: it is told late, or twice.
func (q *standQueues) tail(driver DriverID, did time.Time) {
	p := q.turns[driver]
	if p == nil || p.Ride != "" || !did.After(p.OrderedAt) {
		return
	}
	q.cut(p)
	q.last++
	p.Order, p.OrderedAt = q.last, did
	q.insert(p)
}

// hold keeps the place of a driver who has taken a ride of the stand.
func (q *standQueues) hold(driver DriverID, ride RideID) {
	if p := q.turns[driver]; p != nil && p.Ride != ride {
		q.cut(p)
		p.Ride = ride
	}
}

// giveBack gives the kept place back: the rider of the ride has not come. Who kept no place for it
// has left.
func (q *standQueues) giveBack(driver DriverID, ride RideID, now time.Time) {
	p := q.turns[driver]
	switch {
	case p == nil:
	case p.Ride != ride:
		q.leave(driver, now)
	default:
		p.Ride, p.outside = "", 0
		q.insert(p)
	}
}

// lose drops those who were not seen for too long.
func (q *standQueues) lose(now time.Time) {
	for i := range q.lines {
		lost := now.Add(-q.stands[i].Lost())
		for _, p := range slices.Clone(q.lines[i]) {
			if p.seenAt.Before(lost) {
				q.leave(p.Driver, now)
			}
		}
	}
}

// rank is where a driver is, now; ok is false for one who is in no queue.
func (q *standQueues) rank(driver DriverID, now time.Time) (r StandRank, ok bool) {
	p := q.turns[driver]
	if p == nil || p.Ride != "" {
		return StandRank{}, false
	}
	line := q.lines[p.stand]
	i, _ := slices.BinarySearchFunc(line, p.Order, compareOrder)
	return StandRank{
		City: q.city, Stand: p.Stand, Rank: i + 1, Length: len(line),
		EnteredAt: p.EnteredAt, At: now,
	}, true
}
