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

// cab is what the engine knows of one taxi on a shift.
type cab struct {
	shift   Shift
	at      geo.Point
	fixedAt time.Time // zero before the first fix
	ride    RideID    // that the driver is at
	offer   OfferID   // open
	indexed bool      // is in the idle index
	barred  time.Time // no offers before: the store refused one
	from    geo.Point // where it stood at the claim
	// The newest claim that is known, over or not, and what is known of it.
	last      RideID
	lastVer   int
	claimedAt time.Time
}

// endOffer lets go of an ended offer.
func (c *cab) endOffer(o Offer) {
	if c.offer == o.ID {
		c.offer = ""
	}
}

// fleet is a city's taxis, with an index of the idle ones.
type fleet struct {
	cabs     []cab
	byTaxi   map[TaxiID]taxiRef
	byDriver map[DriverID]taxiRef
	idle     *geo.Index[taxiRef]
}

func newFleet() fleet {
	return fleet{
		byTaxi: make(map[TaxiID]taxiRef), byDriver: make(map[DriverID]taxiRef),
		idle: geo.NewIndex[taxiRef](0),
	}
}

// ref finds the cab of a driver, or makes one that waits for its shift.
func (f *fleet) ref(driver DriverID) taxiRef {
	if ref, ok := f.byDriver[driver]; ok {
		return ref
	}
	ref := taxiRef(len(f.cabs))
	f.cabs = append(f.cabs, cab{shift: Shift{Driver: driver, Duty: OffDuty}})
	f.byDriver[driver] = ref
	return ref
}

// put takes a shift, unless a newer one is known.
func (f *fleet) put(s Shift) {
	ref := f.ref(s.Driver)
	c := &f.cabs[ref]
	if s.ChangedAt.Before(c.shift.ChangedAt) {
		return
	}
	if c.shift.Taxi != s.Taxi {
		if f.byTaxi[c.shift.Taxi] == ref {
			delete(f.byTaxi, c.shift.Taxi)
		}
		c.fixedAt = time.Time{}
	}
	c.shift = s
	if s.Duty != OffDuty {
		f.byTaxi[s.Taxi] = ref
	}
	f.settle(ref)
}

// takes reports whether the taxi may be offered a ride.
func (c *cab) takes() bool {
	return c.shift.Duty == OnDuty && c.ride == "" && c.offer == "" && !c.fixedAt.IsZero()
}

// knows reports whether as much, or more, is known of the driver than a ride tells.
func (c *cab) knows(b Brief) bool {
	return b.ClaimedAt.Before(c.claimedAt) || b.ID == c.last && b.Version <= c.lastVer
}

// settle puts the taxi into the idle index or takes it out, as its state says.
func (f *fleet) settle(ref taxiRef) {
	c := &f.cabs[ref]
	switch takes := c.takes(); {
	case takes && !c.indexed:
		c.indexed = f.idle.Move(ref, c.at, c.fixedAt) == nil
	case !takes && c.indexed:
		f.idle.Remove(ref)
		c.indexed = false
	}
}

// fix moves a taxi. An unknown taxi, or a fix that is not newer, is left out.
func (f *fleet) fix(r Report) bool {
	ref, ok := f.byTaxi[r.Taxi]
	if !ok {
		return false
	}
	c := &f.cabs[ref]
	if !r.Fix.At.After(c.fixedAt) {
		return false
	}
	c.at, c.fixedAt = r.Fix.Point, r.Fix.At
	if c.indexed {
		return f.idle.Move(ref, c.at, c.fixedAt) == nil
	}
	f.settle(ref)
	return true
}

// expire takes taxis out of the idle index that have been silent since before a time. Their next
// fix brings them back.
func (f *fleet) expire(before time.Time) {
	f.idle.Expire(before, func(ref taxiRef) { f.cabs[ref].indexed = false })
}

// wait is one ride that looks for a taxi.
type wait struct {
	ride     Brief
	excluded []DriverID
	offer    OfferID // open
	log      RoundLog
	counted  bool // is in the rounds from the one numbered from
	from     int
	rounds   int // that it was in before
}

// holdOffer notes an open offer on both sides, unless the search is another by now or the driver
// has a ride.
func (w *wait) holdOffer(c *cab, o Offer) {
	if w.ride.Search == o.Search && c.ride == "" {
		c.offer, w.offer = o.ID, o.ID
	}
}

// endOffer lets go of an ended offer. Its driver is not tried again after a no, a silence, or a
// claim in an earlier search that has been given back.
func (w *wait) endOffer(o Offer) {
	if w.offer == o.ID {
		w.offer = ""
	}
	if o.State.Excludes() || o.State == OfferAccepted && o.Search < w.ride.Search {
		w.exclude(o.Driver)
	}
}

// exclude keeps a driver from being tried again.
func (w *wait) exclude(driver DriverID) {
	if !slices.Contains(w.excluded, driver) {
		w.excluded = append(w.excluded, driver)
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

// add puts a searching ride in, or brings what is known of it up to date.
func (q *queue) add(b Brief) {
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
		q.waits[ref].log = RoundLog{Ride: b.ID, City: b.City}
		at, _ := slices.BinarySearchFunc(q.order, b, func(r rideRef, b Brief) int {
			return compareWait(q.waits[r].ride, b)
		})
		q.order = slices.Insert(q.order, at, ref)
	}
	w := &q.waits[ref]
	if w.ride.Search != b.Search {
		w.offer = ""
	}
	w.ride = b
	q.settle(ref)
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

// settle puts a ride that has no offer out into the index of pickups, and takes others out.
func (q *queue) settle(ref rideRef) {
	w := &q.waits[ref]
	if w.offer == "" {
		_ = q.open.Move(ref, w.ride.Pickup, w.ride.RequestedAt) // checked when it was requested
	} else {
		q.open.Remove(ref)
	}
	if waits := w.offer == ""; waits != w.counted {
		if w.counted {
			w.rounds += q.round - w.from
		}
		w.counted, w.from = waits, q.round
	}
}

// logOf is a ride's log up to now.
func (w *wait) logOf(round int) RoundLog {
	log := w.log
	log.Empty = w.rounds - log.Looked
	if w.counted {
		log.Empty += round - w.from
	}
	return log
}

// drop takes a ride out that searches no more, and returns its log.
func (q *queue) drop(id RideID) (RoundLog, bool) {
	ref, ok := q.byID[id]
	if !ok {
		return RoundLog{}, false
	}
	log := q.waits[ref].logOf(q.round)
	delete(q.byID, id)
	q.open.Remove(ref)
	q.order = slices.DeleteFunc(q.order, func(r rideRef) bool { return r == ref })
	q.free = append(q.free, ref)
	return log, true
}

// exclude keeps a pair from being tried again.
func (q *queue) exclude(id RideID, driver DriverID) {
	if ref, ok := q.byID[id]; ok {
		q.waits[ref].exclude(driver)
	}
}
