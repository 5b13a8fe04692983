package dispatch

import (
	"context"
	"time"

	"hexhail/geo"
)

// How an engine keeps up with the rows.
const (
	// syncEvery is how often it reads what changed: as often as a phone does. A hint that was lost
	// costs at most this.
	syncEvery = 5 * time.Second
	// syncOverlap is how far it looks back beyond the last time: longer than a transaction takes
	// from its clock reading to its commit.
	syncOverlap = 2 * time.Second
	// dueBatch is how many offers or searches end in one transaction.
	dueBatch = 500
	// barFor is how long a driver gets no offers after the store has refused one.
	barFor = 5 * time.Second
)

// Report is one taxi's position.
type Report struct {
	Taxi TaxiID
	Fix  geo.Fix
}

// Engine is the matcher of one city: it alone touches the city's index of positions. It learns of
// what happens by nudges, and of what nudges have missed by reading rows every few seconds. It
// writes offers, and nothing else than their ends, searches that are over, what becomes of bookings
// whose time has come, and round logs.
//
// It belongs to one goroutine. Every method takes the city's time.
type Engine struct {
	city     City
	store    Store
	hints    Hints
	listener Listener
	newID    func(now time.Time) string
	fence    Fence

	fleet   fleet
	queue   queue
	stands  standQueues
	speed   *geo.Estimator
	roads   *geo.RoadTimes // nil: times are learned
	asks    bool           // a service is asked for times
	service service
	pair    pairing
	memos   memos
	policy  Policy   // that holds now: set by each method that asks it
	logs    []RideID // whose logs are to be written

	// decisions are the calls whose grabs are collected, and until when.
	decisions map[CallID]time.Time

	witness witness
	tickets uint32 // given to rides that search, by which a trail knows them

	forwards forwards

	pace     pace
	last     RoundStats // of the round before
	gazes    []gaze     // work space
	lookFrom int        // the place in the queue of the next ride to look around for

	acceptance Acceptance
	outlook    outlook
	asked      map[OfferID]asked
	kept       kept

	begunAt   time.Time
	down      span // without an engine, before this one began; as far as is known
	syncedAt  time.Time
	roundedAt time.Time
	wantsAt   time.Time // of the next round, if something has changed
}

// EngineConfig is what an engine needs.
type EngineConfig struct {
	City     City
	Store    Store
	Hints    Hints
	Listener Listener
	NewID    func(now time.Time) string
	Roads    *geo.RoadTimes // belongs to the engine; nil: times are learned
	// NoDriverLogs leaves out the logs that say why a driver gets no rides.
	NoDriverLogs bool
}

// NewEngine takes the city over from any other engine and loads what stands: open rides, drivers
// at work, open offers, and the pairs that are not tried again. Positions come with the fixes.
func NewEngine(ctx context.Context, c EngineConfig, now time.Time) (*Engine, error) {
	e := &Engine{
		begunAt: now, syncedAt: now,
		city: c.City, store: c.Store, hints: c.Hints, listener: c.Listener, newID: c.NewID,
		roads: c.Roads,
		fleet: newFleet(), queue: newQueue(), memos: memos{}, pair: newPairing(),
		decisions: map[CallID]time.Time{}, asked: map[OfferID]asked{},
		stands: newStandQueues(c.City), pace: freePace,
		witness: witness{off: c.NoDriverLogs},
	}
	var err error
	if e.speed, err = geo.NewEstimator(geo.EstimatorConfig{}); err != nil {
		return nil, err
	}
	if e.fence, err = c.Store.TakeCity(ctx, c.City.ID); err != nil {
		return nil, err
	}
	if err = e.load(ctx, now); err != nil {
		return nil, err
	}
	return e, nil
}

// load reads what stands, and what another engine has logged of the rides that search.
func (e *Engine) load(ctx context.Context, now time.Time) error {
	var standing Standing
	var aliveAt time.Time
	logs := map[RideID]RoundLog{}
	err := e.store.FencedTx(ctx, e.fence, func(tx Tx) (err error) {
		clear(logs)
		if aliveAt, err = tx.AliveAt(e.city.ID); err != nil {
			return err
		}
		if err = tx.MarkAlive(e.city.ID, now); err != nil {
			return err
		}
		if err = e.recollect(tx, now); err != nil {
			return err
		}
		if standing, err = tx.Standing(e.city.ID); err != nil {
			return err
		}
		for _, r := range standing.Rides {
			if r.State != Searching {
				continue
			}
			log, ok, err := tx.RoundLog(r.ID)
			if err != nil {
				return err
			}
			if ok {
				logs[r.ID] = log
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// The one before has said every syncEvery that it lives.
	e.down = span{aliveAt.Add(syncEvery), now}
	e.stands.load(standing.Turns, now)
	for _, s := range standing.Shifts {
		e.takeShift(s, now)
	}
	for _, r := range standing.Rides {
		if log, ok := logs[r.ID]; ok {
			m := e.memos.of(r)
			m.log, m.rounds = log, log.Empty+log.Looked
		}
		e.takeRide(r)
	}
	for _, o := range standing.Offers {
		e.takeOffer(o)
	}
	for _, c := range standing.Calls {
		e.takeCall(c)
	}
	e.settleStands(now)
	return nil
}

// Fixes moves taxis. It returns how many were taken; a fix of an unknown taxi, or one that is not
// newer than the last, is left out.
func (e *Engine) Fixes(reports []Report, now time.Time) int {
	taken, idle := 0, e.fleet.idle.Len()
	for i := range reports {
		if ref, ok := e.fleet.fix(reports[i]); ok {
			taken++
			e.seeAtStand(ref, now)
		}
	}
	if e.fleet.idle.Len() > idle {
		e.wantRound(now)
	}
	return taken
}

// Nudge takes one change.
func (e *Engine) Nudge(c Change, now time.Time) {
	switch {
	case c.Ride != nil:
		e.takeRide(c.Ride.Brief())
	case c.Offer != nil:
		e.takeOffer(*c.Offer)
	case c.Shift != nil:
		e.takeShift(*c.Shift, now)
	case c.Call != nil:
		e.takeCall(*c.Call)
	}
	e.wantRound(now)
}

// takeRide brings the queue and the fleet up to date with a ride, unless as much is known already.
func (e *Engine) takeRide(b Brief) {
	m := e.memos.of(b)
	if b.Version <= m.version {
		return
	}
	m.version, m.stand = b.Version, e.stands.ofPickup(b.Pickup)
	e.takeDriver(b, m)
	if b.State == Searching {
		m.endedAt, m.searched = time.Time{}, true
		if m.ticket == 0 {
			e.tickets++
			m.ticket = e.tickets
		}
		if e.queue.add(b, m) {
			e.roundedAt = time.Time{} // a raised tip does not wait for its round
		}
		e.queue.waits[e.queue.byID[b.ID]].measure(e.city.Center)
		return
	}
	if !b.State.Active() {
		m.endedAt = b.ChangedAt
	}
	m.log.claimed(b.Driver, b.ClaimedAt)
	if b.State == Assigned && m.taxi != noTaxi {
		e.witness.answered(m.taxi, b.ID, OfferAccepted)
	}
	if ref, ok := e.queue.byID[b.ID]; ok && e.queue.waits[ref].lookAt.IsZero() {
		e.noteLapse(&e.queue.waits[ref], b.ChangedAt) // it is over before a look at it
	}
	if e.queue.drop(b.ID) {
		e.toWrite(b.ID, m)
	}
}

// toWrite notes that a ride's log has something new for its row.
func (e *Engine) toWrite(id RideID, m *memo) {
	if !m.unsaved {
		m.unsaved = true
		e.logs = append(e.logs, id)
	}
}

// takeDriver lets go of the driver who is at the ride no more, and notes the one who is.
func (e *Engine) takeDriver(b Brief, m *memo) {
	is := noTaxi
	if b.State.Active() {
		is = e.fleet.ref(b.Driver)
	}
	if m.taxi != noTaxi && m.taxi != is {
		c := &e.fleet.taxis[m.taxi]
		if b.State == Searching {
			m.exclude(c.shift.Driver, MaxTip)
		}
		if c.endTrip(b) {
			e.leaveRide(c, b)
			if b.State == Completed {
				e.learn(b.Pickup, c.at, b.ChangedAt.Sub(b.StartedAt), b.StartedAt)
			}
		}
		e.fleet.settle(m.taxi)
	}
	if is != noTaxi {
		c := &e.fleet.taxis[is]
		if m.taxi == is && b.State == Arrived {
			e.learn(c.from, b.Pickup, b.ArrivedAt.Sub(c.setOutAt), c.setOutAt)
		}
		if m.taxi != is {
			e.claimed(c.offer, b)
		}
		c.takeTrip(b, m.taxi != is)
		e.forwards.held = e.forwards.held || c.trip.next != ""
		e.fleet.settle(is)
		if b.Slot != SlotNext {
			e.takeRideFromStand(c, b, m)
		}
	}
	m.taxi = is
}

// takeOffer notes an open offer on both sides, or lets go of an ended one.
func (e *Engine) takeOffer(o Offer) {
	taxi := e.fleet.ref(o.Driver)
	c := &e.fleet.taxis[taxi]
	if o.State != OfferOpen {
		c.endOffer(o)
		if o.State == OfferSilent && o.After != "" {
			c.trip.quiet = o.After
		}
		e.answered(o.ID, o.State)
		e.answeredAtStand(c, o)
	}
	e.witness.answered(taxi, o.Ride, o.State)
	ride, waits := e.queue.byID[o.Ride]
	if m, ok := e.memos[o.Ride]; ok && m.searched && m.log.Offer(o) && !waits {
		e.toWrite(o.Ride, m) // its end comes after the ride's
	}
	if waits {
		w := &e.queue.waits[ride]
		if o.State == OfferOpen {
			w.holdOffer(c, o)
		} else {
			w.endOffer(o)
		}
		e.queue.settle(ride)
	}
	e.fleet.settle(taxi)
}

// learn teaches the estimate what a way has really taken.
func (e *Engine) learn(from, to geo.Point, took time.Duration, at time.Time) {
	if from != (geo.Point{}) {
		e.speed.Learn(from, to, took, e.hour(at))
		if e.roads != nil {
			e.roads.SnapM = float64(e.city.PolicyAt(at).SnapM)
			e.roads.Learn(from, to, took, e.hour(at))
		}
	}
}

// Nearby is the estimated time until a taxi is at a pickup, and the idle taxis within the longest
// pickup, the nearest first.
func (e *Engine) Nearby(p geo.Point, now time.Time) Nearby {
	n := e.near(p, now)
	n.drives = nil
	return n
}

func (e *Engine) near(p geo.Point, now time.Time) Nearby {
	var near [MaxNearby]geo.Neighbor[taxiRef]
	e.policy = e.city.PolicyAt(now)
	e.fleet.expire(now.Add(-e.policy.Stale()))
	pace := e.speed.PaceAt(p, e.hour(now))
	stand := e.stands.ofPickup(p)
	free := func(ref taxiRef) bool {
		c := &e.fleet.taxis[ref]
		return !e.bound(c) || c.turn.stand == stand
	}
	found := e.fleet.idle.Nearest(near[:0], p, len(near), e.reach(pace), free)
	if len(found) == 0 {
		return Nearby{}
	}
	var n Nearby
	for _, f := range found {
		c := &e.fleet.taxis[f.Key]
		n.Taxis = append(n.Taxis, NearTaxi{Taxi: c.shift.Taxi, At: c.at})
		n.drives = append(n.drives, e.estimate(c.at, p, f.DistanceM, pace))
	}
	e.time(n.drives, e.hour(now))
	n.first()
	return n
}

func (e *Engine) hour(now time.Time) int { return now.In(e.city.Zone).Hour() }

// NextRound is when the next round should be, if anything asks for one: at once if taxis are
// plenty, otherwise when the policy's time since the last one is over; or when a call is to be
// decided. ok is false if nothing does.
func (e *Engine) NextRound() (at time.Time, ok bool) {
	at = e.wantsAt
	if next := e.nextDecision(); at.IsZero() || !next.IsZero() && next.Before(at) {
		at = next
	}
	return at, !at.IsZero()
}

func (e *Engine) wantRound(now time.Time) {
	waiting, idle := e.queue.open.Len(), e.fleet.idle.Len()
	e.policy = e.city.PolicyAt(now)
	mode := e.policy.Mode
	// A call with nobody in its ring reaches who comes free while it is open.
	if waiting == 0 || e.supply() == 0 && mode != Grab && mode != Hybrid {
		return
	}
	at := e.roundedAt.Add(e.policy.RoundAfter(waiting, idle))
	if at.Before(now) {
		at = now
	}
	if e.wantsAt.IsZero() || at.Before(e.wantsAt) {
		e.wantsAt = at
	}
}

// RoundLog is the log of a ride that this engine has looked for a taxi for, whether it still
// searches or not. It is the caller's.
func (e *Engine) RoundLog(ride RideID) (RoundLog, bool) {
	if m, ok := e.memos[ride]; !ok || !m.searched {
		return RoundLog{}, false
	}
	return e.logOf(ride).clone(), true
}

// logOf is the log, as of now, of a ride that is remembered.
func (e *Engine) logOf(ride RideID) RoundLog {
	if ref, ok := e.queue.byID[ride]; ok {
		return e.queue.waits[ref].logOf(e.queue.round)
	}
	m := e.memos[ride]
	log := m.log
	log.Empty = m.rounds - log.Looked
	return log
}

// Counts are the engine's view of its city.
type Counts struct{ Waiting, Offered, Idle, Busy, OffDuty int }

// Counts counts rides and taxis by state.
func (e *Engine) Counts() Counts {
	n := Counts{Waiting: e.queue.open.Len()}
	n.Offered = e.offered()
	for i := range e.fleet.taxis {
		switch c := &e.fleet.taxis[i]; {
		case c.ride != "":
			n.Busy++
		case c.shift.Duty != OnDuty:
			n.OffDuty++
		default:
			n.Idle++
		}
	}
	return n
}
