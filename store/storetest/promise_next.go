package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// The load of promiseNext: each driver goes from ride to ride, and all want the same next ones.
const (
	nextDrivers = 24
	nextRides   = 12
	nextTurns   = 12
	nextRuns    = 10 // at most, until each rare branch was hit
)

// promiseNext: a driver has one current ride and one next at most, and a next one only while the
// current rider is on board: the transaction that completes that ride makes the next one current,
// whenever the yes to it came. Drivers accept twice, while they complete the ride that they are at.
func promiseNext(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		n := newNexts(t, open(t), max(4, nextTurns/slow))
		for range nextRuns { // a busy machine hits the rare branches later
			if err := n.run(t); err != nil {
				t.Fatal(err)
			}
			if n.enough() {
				break
			}
		}
		t.Logf("%d taken as next, %d of them promoted in a race, %d as current, refused %v",
			n.next.Load(), n.raced.Load(), n.current.Load(), n.refused)
		if !n.enough() {
			t.Error("too few to prove anything")
		}
	})
	t.Run("MutantNoIndex", func(t *testing.T) {
		db := open(t)
		remove(t, db, driverIndex)
		n := newNexts(t, db, 4)
		n.accept = n.acceptBadly
		n.two = true
		caught(t, n.run(t))
	})
	t.Run("MutantCheckThenAct", func(t *testing.T) {
		n := newNexts(t, open(t), 6)
		n.accept = n.acceptBadly
		var err error
		for run := 0; err == nil && run < nextRuns; run++ { // not each hits the gap
			err = n.run(t)
		}
		caught(t, err)
	})
}

// nexts is one run of the load.
type nexts struct {
	db     Database
	desk   *dispatch.Desk
	begun  int // turns so far
	turns  int
	two    bool // a mutant's: tries for two rides at once
	accept func(ctx context.Context, key string, o dispatch.Offer) (dispatch.Receipt, error)

	next, current, raced atomic.Int32

	mu      sync.Mutex
	refused map[dispatch.Reason]int
	broken  error
}

func newNexts(t *testing.T, db Database, turns int) *nexts {
	t.Helper()
	n := &nexts{
		db: db, desk: NewDesk(t, db), turns: turns, refused: map[dispatch.Reason]int{},
	}
	n.accept = func(
		ctx context.Context, key string, o dispatch.Offer,
	) (dispatch.Receipt, error) {
		return n.desk.Accept(ctx, noon, onceFor(o.Driver, key),
			dispatch.AnswerOffer{Offer: o.ID, Driver: o.Driver})
	}
	do(t, db, func(tx dispatch.Tx) error {
		for i := range nextRides {
			check(t, tx.InsertRide(searching(dispatch.RideID(fmt.Sprint("R", i)))))
		}
		for i := range nextDrivers {
			driver := dispatch.DriverID(fmt.Sprint("D", i))
			check(t, tx.PutShift(dispatch.Shift{
				Driver: driver, Taxi: dispatch.TaxiID("taxi of " + driver), City: city, Seats: 4,
				Duty: dispatch.OnDuty, ChangedAt: noon,
			}))
		}
		return nil
	})
	return n
}

// run puts the load on the store and says how the promise was broken, if it was.
func (n *nexts) run(t *testing.T) error {
	t.Helper()
	each(nextDrivers, nextDrivers, func(i int) {
		driver := dispatch.DriverID(fmt.Sprint("D", i))
		for turn := n.begun; turn < n.begun+n.turns; turn++ {
			err := n.turn(t.Context(), driver, i+turn, fmt.Sprintf("%s-%d", driver, turn))
			if err != nil {
				n.mu.Lock()
				n.broken = err
				n.mu.Unlock()
				return
			}
		}
	})
	n.begun += n.turns
	return n.broken
}

// enough reports whether each rare branch was hit.
func (n *nexts) enough() bool {
	return n.next.Load() > 0 && n.raced.Load() > 0 && n.current.Load() > 0 &&
		n.refused[dispatch.ReasonOfferClosed] > 0 && n.refused[dispatch.ReasonDriverBusy] > 0
}

func (n *nexts) note(err error) {
	if err == nil {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refused[dispatch.ReasonOf(err)]++
}

// When a driver says yes to the next ride, and when they complete the present one.
const (
	completesMeanwhile = iota
	completesAfter
	completesBefore
)

// turn is one ride at the kerb, during which the driver is asked for another one for afterwards.
func (n *nexts) turn(ctx context.Context, driver dispatch.DriverID, i int, key string) error {
	kerb, err := n.desk.Occupied(ctx, noon, onceFor(driver, key), dispatch.StreetRide{
		Driver: driver, At: geo.Point{Lat: 39.9, Lng: 116.4}, PayBy: money.Cash,
	})
	if err != nil {
		return fmt.Errorf("%s cannot begin a ride: %w", driver, err)
	}
	complete := func() {
		_, err := n.desk.Complete(ctx, noon, onceFor(driver, key), dispatch.CompleteRide{
			Ride: kerb.Ride, Driver: driver, Meter: 1400,
		})
		n.note(err)
	}
	o, version, err := n.offer(ctx, driver, kerb.Ride, i, key)
	if err != nil {
		return err
	}
	when := i % 3
	if n.two { // for the mutant without indexes nothing else may go wrong
		when = completesAfter
	}
	if when == completesBefore {
		complete()
	}
	var all sync.WaitGroup
	if version > 0 || n.two {
		all.Go(func() { n.claim(ctx, key+"a", o) })
		all.Go(func() { n.claim(ctx, key+"b", o) })
	}
	if n.two {
		other := o
		other.Ride = dispatch.RideID(fmt.Sprint("R", (i+1)%nextRides))
		all.Go(func() { n.claim(ctx, key+"c", other) })
	}
	if when == completesMeanwhile {
		all.Go(complete)
	}
	all.Wait()
	if when == completesAfter {
		if err := n.judgeBusy(ctx, driver, kerb.Ride, key); err != nil {
			return err
		}
		complete()
	}
	return n.judgeFree(ctx, driver, version, when == completesMeanwhile, key)
}

// offer asks the driver for a ride for after the one that they are at. It returns the ride's
// version, 0 if there is no offer.
func (n *nexts) offer(
	ctx context.Context, driver dispatch.DriverID, after dispatch.RideID, i int, key string,
) (o dispatch.Offer, version int, err error) {
	o = offered(dispatch.OfferID("O"+key), dispatch.RideID(fmt.Sprint("R", i%nextRides)), driver)
	o.After, o.AfterS = after, 60
	err = n.db.Tx(ctx, func(tx dispatch.Tx) error {
		r, err := tx.Ride(o.Ride)
		if err != nil {
			return err
		}
		o.Search, version = r.Search, 0
		made, err := tx.InsertOffer(o)
		if made {
			version = r.Version
		}
		return err
	})
	return o, version, err
}

// claim accepts, and asks again under the same id, as an app does that has heard nothing.
func (n *nexts) claim(ctx context.Context, key string, o dispatch.Offer) {
	got, err := n.accept(ctx, key, o)
	if err != nil {
		n.note(err)
		return
	}
	if again, err := n.accept(ctx, key, o); err != nil || again != got {
		n.note(fmt.Errorf("the answer to the same request: %v, not %v: %w", again, got, err))
	}
}

// holds are the rides that a driver is at or goes to.
func (n *nexts) holds(ctx context.Context, driver dispatch.DriverID) (
	current, next []dispatch.Brief, err error,
) {
	err = n.db.View(ctx, func(tx dispatch.Tx) error {
		current, next = nil, nil
		standing, err := tx.Standing(city)
		for _, r := range standing.Rides {
			switch {
			case r.Driver != driver || !r.State.Active():
			case r.Slot == dispatch.SlotNext:
				next = append(next, r)
			default:
				current = append(current, r)
			}
		}
		return err
	})
	return current, next, err
}

func briefIDs(rides []dispatch.Brief) (ids []dispatch.RideID) {
	for _, r := range rides {
		ids = append(ids, r.ID)
	}
	return ids
}

// judgeBusy looks at a driver who is still at a ride.
func (n *nexts) judgeBusy(
	ctx context.Context, driver dispatch.DriverID, at dispatch.RideID, key string,
) error {
	current, next, err := n.holds(ctx, driver)
	switch {
	case err != nil:
		return err
	case len(current) != 1 || current[0].ID != at || len(next) > 1:
		return fmt.Errorf("%s is at %v and goes to %v: want one ride, %s, and one at most after it",
			driver, briefIDs(current), briefIDs(next), at)
	case len(next) == 0:
		return nil
	}
	n.next.Add(1)
	_, err = n.desk.Arrive(ctx, noon, onceFor(driver, key), dispatch.DriveRide{
		Ride: next[0].ID, Driver: driver,
	})
	if err == nil {
		return fmt.Errorf("%s has arrived at the next ride with a rider on board", driver)
	}
	n.note(err)
	return nil
}

// judgeFree looks at a driver whose ride has ended, and lets them give back what they have: a ride
// that has been next has one version more since the offer.
func (n *nexts) judgeFree(
	ctx context.Context, driver dispatch.DriverID, offered int, raced bool, key string,
) error {
	current, next, err := n.holds(ctx, driver)
	switch {
	case err != nil:
		return err
	case len(current) > 1 || len(next) > 0:
		return fmt.Errorf("%s has ended a ride, is at %v and goes to %v: want one ride at most",
			driver, briefIDs(current), briefIDs(next))
	case len(current) == 0:
		return nil
	}
	switch since := current[0].Version - offered; {
	case since == 1:
		n.current.Add(1)
	case since == 2 && raced:
		n.raced.Add(1)
	default:
	}
	_, err = n.desk.Release(ctx, noon, onceFor(driver, key+"/back"), dispatch.DriveRide{
		Ride: current[0].ID, Driver: driver,
	})
	return err
}

// acceptBadly looks in one transaction which slot is free, and acts in another.
func (n *nexts) acceptBadly(
	ctx context.Context, _ string, o dispatch.Offer,
) (dispatch.Receipt, error) {
	slot := dispatch.SlotCurrent
	err := n.db.View(ctx, func(tx dispatch.Tx) error {
		r, err := tx.Ride(o.Ride)
		if err == nil && r.State != dispatch.Searching {
			err = dispatch.Errorf(dispatch.Conflict, dispatch.ReasonOfferClosed, "closed")
		}
		if err != nil {
			return err
		}
		before, err := tx.Ride(o.After)
		if before.State == dispatch.OnTrip {
			slot = dispatch.SlotNext
		}
		return err
	})
	if err != nil {
		return dispatch.Receipt{}, err
	}
	time.Sleep(100 * time.Microsecond)
	err = n.db.SQL(ctx, fmt.Sprintf(`UPDATE ride SET state = 'assigned', slot = '%s',
		driver = '%s', taxi = '%s', version = version + 1 WHERE id = '%s'`,
		slot, o.Driver, o.Taxi, o.Ride))
	return dispatch.Receipt{Ride: o.Ride, State: dispatch.Assigned}, err
}
