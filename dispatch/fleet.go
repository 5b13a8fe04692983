package dispatch

import (
	"slices"
	"time"

	"hexhail/geo"
)

// taxiRef is a taxi's place in the fleet; rideRef a ride's in the queue.
type (
	taxiRef int32
	rideRef int32
)

// taxi is what the engine knows of one taxi on a shift.
type taxi struct {
	shift   Shift
	at      geo.Point
	fixedAt time.Time // zero before the first fix
	ride    RideID    // that the driver is at
	offer   OfferID   // open
	indexed bool      // is in the idle index
	barred  time.Time // no offers before: the store refused one
	until   time.Time // the open offer ends then, whether anybody says so or not
	from    geo.Point // where it stood when it set out for the ride
	habit   Habit
	freeAt  time.Time // since when the driver could take a ride
	trip    trip

	setOutAt time.Time // for the ride that the driver is at

	turn *standTurn // in the queue of a stand, nil without
}

// endOffer lets go of an ended offer.
func (c *taxi) endOffer(o Offer) {
	if c.offer == o.ID {
		c.offer = ""
	}
}

// fleet is a city's taxis, with an index of the idle ones.
type fleet struct {
	taxis    []taxi
	byTaxi   map[TaxiID]taxiRef
	byDriver map[DriverID]taxiRef
	idle     *geo.Index[taxiRef]
	ending   *geo.Index[taxiRef] // those that are free soon, where their rides end
}

func newFleet() fleet {
	return fleet{
		byTaxi: make(map[TaxiID]taxiRef), byDriver: make(map[DriverID]taxiRef),
		idle: geo.NewIndex[taxiRef](0), ending: geo.NewIndex[taxiRef](0),
	}
}

// ref finds the taxi of a driver, or makes one that waits for its shift.
func (f *fleet) ref(driver DriverID) taxiRef {
	if ref, ok := f.byDriver[driver]; ok {
		return ref
	}
	ref := taxiRef(len(f.taxis))
	f.taxis = append(f.taxis, taxi{shift: Shift{Driver: driver, Duty: OffDuty}})
	f.byDriver[driver] = ref
	return ref
}

// put takes a shift, unless a newer one is known.
func (f *fleet) put(s Shift) {
	ref := f.ref(s.Driver)
	c := &f.taxis[ref]
	if s.ChangedAt.Before(c.shift.ChangedAt) {
		return
	}
	if c.shift.Taxi != s.Taxi {
		if f.byTaxi[c.shift.Taxi] == ref {
			delete(f.byTaxi, c.shift.Taxi)
		}
		c.fixedAt = time.Time{}
	}
	if c.shift.Duty != OnDuty || c.shift.Taxi != s.Taxi {
		c.freeAt = s.ChangedAt
	}
	c.shift = s
	if s.Duty != OffDuty {
		f.byTaxi[s.Taxi] = ref
	}
	f.settle(ref)
}

// takes reports whether the taxi may be offered a ride.
func (c *taxi) takes() bool {
	return c.shift.Duty == OnDuty && c.ride == "" && c.trip.next == "" && c.offer == "" &&
		!c.fixedAt.IsZero()
}

// settle puts the taxi into the idle index or takes it out, as its state says.
func (f *fleet) settle(ref taxiRef) {
	c := &f.taxis[ref]
	switch takes := c.takes(); {
	case takes && !c.indexed:
		c.indexed = f.idle.Move(ref, c.at, c.fixedAt) == nil
	case !takes && c.indexed:
		f.idle.Remove(ref)
		c.indexed = false
	}
	if c.trip.ending && !c.freeSoon() {
		f.stopEnding(ref)
	}
}

// release lets go of offers that should have ended a while ago.
func (f *fleet) release(before time.Time) {
	for ref := range f.taxis {
		if c := &f.taxis[ref]; c.offer != "" && c.until.Before(before) {
			c.offer = ""
			f.settle(taxiRef(ref))
		}
	}
}

// fix moves a taxi. An unknown taxi, or a fix that is not newer, is left out.
func (f *fleet) fix(r Report) (taxiRef, bool) {
	ref, ok := f.byTaxi[r.Taxi]
	if !ok {
		return noTaxi, false
	}
	c := &f.taxis[ref]
	if !r.Fix.At.After(c.fixedAt) {
		return noTaxi, false
	}
	c.at, c.fixedAt = r.Fix.Point, r.Fix.At
	if c.indexed {
		return ref, f.idle.Move(ref, c.at, c.fixedAt) == nil
	}
	f.settle(ref)
	return ref, true
}

// expire takes taxis out of the idle index that have been silent since before a time. Their next
// fix brings them back.
func (f *fleet) expire(before time.Time) {
	f.idle.Expire(before, func(ref taxiRef) { f.taxis[ref].indexed = false })
}

// wait is one ride that looks for a taxi.
type wait struct {
	ride    Brief
	lengthM float64 // of the ride, as the crow flies
	inward  float64 // see [inward]
	usual   float64 // chance to be taken, as of the round numbered usualIn
	usualIn int
	memo    *memo
	offer   OfferID   // open
	call    CallID    // open; never both
	until   time.Time // the open offer or call ends then, whether anybody says so or not
	counted bool      // is in the rounds from the one numbered from
	from    int

	pairedIn int // the number of the last round in which its stand's queue had a taxi for it

	unheard int  // calls of this search that nobody has grabbed
	ended   Call // the last one that has ended

	lookAt   time.Time // the engine looks around for it next; zero before it has begun to
	lookedAt time.Time // until then it is known why the ride waits
	loggedAt time.Time // its log was written last
	outbid   int       // the log's count of such rounds at the last look
	later    int       // likewise
	held     int       // likewise
}

// waits reports whether the next round looks for a taxi for the ride.
func (w *wait) waits() bool { return w.offer == "" && w.call == "" }

// rounds is in how many rounds the ride was up to this one.
func (w *wait) rounds(round int) int {
	if w.counted {
		return w.memo.rounds + round - w.from
	}
	return w.memo.rounds
}

// holdOffer notes an open offer on both sides, unless the search is another by now or the driver
// has a ride.
func (w *wait) holdOffer(c *taxi, o Offer) {
	if w.ride.Search == o.Search && (c.ride == "" || c.ride == o.After) {
		c.offer, w.offer = o.ID, o.ID
		c.until, w.until = o.ExpiresAt, o.ExpiresAt
	}
}

// endOffer lets go of an ended offer. Its driver is not tried again after a no or a silence, unless
// at a higher tip than was offered, nor after a claim in an earlier search that was given back.
func (w *wait) endOffer(o Offer) {
	if w.offer == o.ID {
		w.offer = ""
	}
	switch {
	case o.State.Excludes():
		w.memo.exclude(o.Driver, o.Tip)
	case o.State == OfferAccepted && o.Search < w.ride.Search:
		w.memo.exclude(o.Driver, MaxTip)
	}
}

// queue is the rides that look for a taxi, oldest first.
type queue struct {
	waits []wait
	free  []rideRef
	byID  map[RideID]rideRef
	order []rideRef // by time of request, then id
	open  *geo.Index[rideRef]
	round int // the number of the last
}

func newQueue() queue {
	return queue{byID: make(map[RideID]rideRef), open: geo.NewIndex[rideRef](0)}
}

// add puts a searching ride in, or brings what is known of it up to date. raised says that its tip
// has gone up.
func (q *queue) add(b Brief, m *memo) (raised bool) {
	ref, ok := q.byID[b.ID]
	if !ok {
		if n := len(q.free); n > 0 {
			ref, q.free = q.free[n-1], q.free[:n-1]
			q.waits[ref] = wait{}
		} else {
			ref = rideRef(len(q.waits))
			q.waits = append(q.waits, wait{})
		}
		q.byID[b.ID] = ref
		q.waits[ref].memo = m
		at, _ := slices.BinarySearchFunc(q.order, b, func(r rideRef, b Brief) int {
			return compareWait(q.waits[r].ride, b)
		})
		q.order = slices.Insert(q.order, at, ref)
	}
	w := &q.waits[ref]
	if w.ride.Search != b.Search {
		w.offer, w.call, w.unheard = "", "", 0
	}
	raised = ok && b.Tip > w.ride.Tip
	w.ride = b
	q.settle(ref)
	return raised
}

func compareWait(a, b Brief) int {
	if c := a.RequestedAt.Compare(b.RequestedAt); c != 0 {
		return c
	}
	return compareID(a.ID, b.ID)
}

func compareID(a, b RideID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// settle puts a ride that has no offer or call out into the index of pickups, and takes others out.
func (q *queue) settle(ref rideRef) {
	w := &q.waits[ref]
	if w.waits() {
		_ = q.open.Move(ref, w.ride.Pickup, w.ride.RequestedAt) // checked when it was requested
	} else {
		q.open.Remove(ref)
	}
	if waits := w.waits(); waits != w.counted {
		if w.counted {
			w.memo.rounds += q.round - w.from
		}
		w.counted, w.from = waits, q.round
	}
}

// logOf is a ride's log up to now.
func (w *wait) logOf(round int) RoundLog {
	log := w.memo.log
	log.Empty = w.rounds(round) - log.Looked
	return log
}

// drop takes a ride out that searches no more. It says whether it was in.
func (q *queue) drop(id RideID) bool {
	ref, ok := q.byID[id]
	if !ok {
		return false
	}
	w := &q.waits[ref]
	w.memo.rounds = w.rounds(q.round)
	delete(q.byID, id)
	q.open.Remove(ref)
	q.order = slices.DeleteFunc(q.order, func(r rideRef) bool { return r == ref })
	q.free = append(q.free, ref)
	return true
}

// release lets go of offers and calls that should have ended a while ago: whoever was to say so has
// not.
func (q *queue) release(before time.Time) {
	for _, ref := range q.order {
		if w := &q.waits[ref]; !w.waits() && w.until.Before(before) {
			w.offer, w.call = "", ""
			q.settle(ref)
		}
	}
}
