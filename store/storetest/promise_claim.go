package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// The load of promiseClaim: every driver tries for every ride.
const (
	claimDrivers = 200
	claimRides   = 50
	claimWorkers = 64
)

// promiseClaim: a driver holds at most one ride and a ride at most one driver. 64 workers offer,
// accept twice and thrice, give back and begin street rides by the side; what they were told must
// be what a register for each ride and each driver could have said.
func promiseClaim(t *testing.T, open Open) {
	tries := claimDrivers * claimRides / slow
	t.Run("Kept", func(t *testing.T) {
		db := open(t)
		if db.Postgres { // a COMMIT each, for several statements of a claim: a quarter of it
			tries /= 4
		}
		c := newClaims(t, db, tries)
		if err := c.run(t); err != nil {
			t.Error(err)
		}
		t.Logf("%d tries: %d offers, %d claims, %d street rides, refused %v",
			tries, c.offers.Load(), c.claims.Load(), c.street.Load(), c.refused)
		if c.claims.Load() < int32(tries/10) {
			t.Errorf("%d claims are too few to prove anything", c.claims.Load())
		}
		for _, reason := range []dispatch.Reason{
			dispatch.ReasonOfferClosed, dispatch.ReasonDriverBusy, dispatch.ReasonUnknownOffer,
		} {
			if c.refused[reason] == 0 {
				t.Errorf("nothing was refused with %s", reason)
			}
		}
		if n := c.refused[dispatch.ReasonStore]; n > 0 {
			t.Errorf("%d answers were none", n)
		}
	})
	t.Run("MutantNoIndex", func(t *testing.T) {
		db := open(t)
		remove(t, db, driverIndex)
		caught(t, newClaims(t, db, 400/min(slow, 2)).run(t))
	})
	t.Run("MutantCheckThenAct", func(t *testing.T) {
		db := open(t)
		c := newClaims(t, db, 300)
		c.accept = c.acceptBadly
		caught(t, c.run(t))
	})
}

// claims is one run of the load.
type claims struct {
	db     Database
	desk   *dispatch.Desk
	accept func(ctx context.Context, key string, o dispatch.Offer) (dispatch.Receipt, error)
	pairs  []dispatch.Offer // to be tried, in random order
	rolls  []int            // a number below 100 for each
	begun  time.Time

	offers, claims, street atomic.Int32

	mu      sync.Mutex
	refused map[dispatch.Reason]int
	byRide  map[string][]porcupine.Operation
	byTaken map[string][]porcupine.Operation // by driver
}

func newClaims(t *testing.T, db Database, tries int) *claims {
	t.Helper()
	r := random(t)
	c := &claims{
		db: db, desk: NewDesk(t, db), begun: time.Now(), refused: map[dispatch.Reason]int{},
		byRide: map[string][]porcupine.Operation{}, byTaken: map[string][]porcupine.Operation{},
	}
	c.accept = c.acceptAtDesk
	do(t, db, func(tx dispatch.Tx) error {
		for i := range claimRides {
			check(t, tx.InsertRide(searching(dispatch.RideID(fmt.Sprint("R", i)))))
		}
		for i := range claimDrivers {
			driver := dispatch.DriverID(fmt.Sprint("D", i))
			check(t, tx.PutShift(dispatch.Shift{
				Driver: driver, Taxi: dispatch.TaxiID("taxi of " + driver), City: city, Seats: 4,
				Duty: dispatch.OnDuty, ChangedAt: noon,
			}))
		}
		return nil
	})
	for _, i := range r.Perm(claimDrivers * claimRides)[:tries] {
		c.pairs = append(c.pairs, offered(dispatch.OfferID(fmt.Sprint("O", i)),
			dispatch.RideID(fmt.Sprint("R", i%claimRides)),
			dispatch.DriverID(fmt.Sprint("D", i/claimRides))))
		c.rolls = append(c.rolls, r.IntN(100))
	}
	return c
}

// run puts the load on the store and says how the promise was broken, if it was.
func (c *claims) run(t *testing.T) error {
	t.Helper()
	each(claimWorkers, len(c.pairs), func(i int) { c.try(t.Context(), c.pairs[i], c.rolls[i]) })
	holders := map[dispatch.DriverID]dispatch.RideID{}
	var standing dispatch.Standing
	do(t, c.db, func(tx dispatch.Tx) (err error) {
		standing, err = tx.Standing(city)
		return err
	})
	for _, r := range standing.Rides {
		if other, two := holders[r.Driver]; two && r.State.Active() {
			return fmt.Errorf("driver %s has the rides %s and %s", r.Driver, other, r.ID)
		}
		if r.State.Active() {
			holders[r.Driver] = r.ID
		}
	}
	for _, histories := range []map[string][]porcupine.Operation{c.byRide, c.byTaken} {
		for of, history := range histories {
			// A history that is right is found so at once; one that is wrong may take for ever.
			found := porcupine.CheckOperationsTimeout(register, history, 2*time.Second)
			if found != porcupine.Ok {
				return fmt.Errorf("%s was given away twice: no order explains %d answers (%s)",
					of, len(history), found)
			}
		}
	}
	return nil
}

// hold is what a register hears: somebody takes it, or gives it back.
type hold struct {
	by   string
	take bool
}

// register is free or held. Only what was granted is in a history, since a refusal changes nothing.
var register = porcupine.Model{
	Init: func() any { return "" },
	Step: func(state, input, _ any) (bool, any) {
		in, ok := input.(hold)
		if ok && in.take {
			return state == "", in.by
		}
		return ok && state == in.by, ""
	},
}

func (c *claims) clock() int64 { return int64(time.Since(c.begun)) }

// record notes that a driver took or gave back a ride at some time since call.
func (c *claims) record(ride dispatch.RideID, driver dispatch.DriverID, take bool, call int64) {
	now := c.clock()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, h := range []struct {
		all    map[string][]porcupine.Operation
		of, by string
	}{
		{c.byRide, "ride " + string(ride), string(driver)},
		{c.byTaken, "driver " + string(driver), string(ride)},
	} {
		h.all[h.of] = append(h.all[h.of], porcupine.Operation{
			Input: hold{by: h.by, take: take}, Call: call, Return: now,
		})
	}
}

func (c *claims) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused[dispatch.ReasonOf(err)]++
}

// try offers a ride to a driver and does what the roll says.
func (c *claims) try(ctx context.Context, o dispatch.Offer, roll int) {
	made := false
	err := c.db.Tx(ctx, func(tx dispatch.Tx) error {
		r, err := tx.Ride(o.Ride)
		if err != nil {
			return err
		}
		o.Search = r.Search
		made, err = tx.InsertOffer(o)
		return err
	})
	if err != nil {
		c.note(err)
		return
	}
	if made {
		c.offers.Add(1)
	} else if roll%4 != 0 {
		return
	}
	var wg sync.WaitGroup
	if roll%4 == 0 { // at the kerb, at the same moment
		wg.Go(func() { c.streetRide(ctx, o.Driver, string(o.ID)+"/1") })
		wg.Go(func() { c.streetRide(ctx, o.Driver, string(o.ID)+"/2") })
	}
	wg.Go(func() { c.claim(ctx, o, "a", roll) })
	wg.Go(func() { c.claim(ctx, o, "b", roll) })
	wg.Wait()
}

func onceFor(driver dispatch.DriverID, request string) dispatch.Once {
	return dispatch.Once{Identity: "driver:" + string(driver), RequestID: request}
}

// claim accepts, and asks again under the same id, as an app does that has heard nothing. One
// driver in a hundred keeps the ride; the others give it back.
func (c *claims) claim(ctx context.Context, o dispatch.Offer, key string, roll int) {
	call := c.clock()
	receipt, err := c.accept(ctx, string(o.ID)+key, o)
	if err != nil {
		c.note(err)
		return
	}
	c.record(o.Ride, o.Driver, true, call)
	c.claims.Add(1)
	again, err := c.accept(ctx, string(o.ID)+key, o)
	if err != nil || again != receipt {
		c.note(fmt.Errorf("the answer to the same request: %v, not %v: %w", again, receipt, err))
	}
	if roll == 0 {
		return
	}
	call = c.clock()
	_, err = c.desk.Release(ctx, noon, onceFor(o.Driver, string(o.ID)+key), dispatch.DriveRide{
		Ride: o.Ride, Driver: o.Driver,
	})
	if err != nil {
		c.note(err)
		return
	}
	c.record(o.Ride, o.Driver, false, call)
}

func (c *claims) acceptAtDesk(
	ctx context.Context, key string, o dispatch.Offer,
) (dispatch.Receipt, error) {
	return c.desk.Accept(ctx, noon, onceFor(o.Driver, key),
		dispatch.AnswerOffer{Offer: o.ID, Driver: o.Driver})
}

// acceptBadly looks in one transaction and acts in another.
func (c *claims) acceptBadly(
	ctx context.Context, _ string, o dispatch.Offer,
) (dispatch.Receipt, error) {
	var r dispatch.Ride
	err := c.db.Tx(ctx, func(tx dispatch.Tx) error {
		open, err := tx.OpenOffers(dispatch.OfferQuery{Driver: o.Driver})
		if err == nil && len(open) == 0 {
			err = dispatch.Errorf(dispatch.Conflict, dispatch.ReasonOfferClosed, "closed")
		}
		if err == nil {
			r, err = tx.Ride(o.Ride)
		}
		return err
	})
	if err != nil {
		return dispatch.Receipt{}, err
	}
	time.Sleep(100 * time.Microsecond)
	err = c.db.SQL(ctx, fmt.Sprintf(`UPDATE ride SET state = 'assigned', slot = 'current',
		driver = '%s', taxi = '%s', version = version + 1 WHERE id = '%s'`,
		o.Driver, o.Taxi, o.Ride))
	return dispatch.Receipt{Ride: r.ID, State: dispatch.Assigned}, err
}

// streetRide begins a ride at the kerb and ends it.
func (c *claims) streetRide(ctx context.Context, driver dispatch.DriverID, request string) {
	call := c.clock()
	ride, err := c.desk.Occupied(ctx, noon, onceFor(driver, request), dispatch.StreetRide{
		Driver: driver, At: geo.Point{Lat: 39.9, Lng: 116.4}, PayBy: money.Cash,
	})
	if err != nil {
		c.note(err)
		return
	}
	c.record(ride.Ride, driver, true, call)
	c.street.Add(1)
	call = c.clock()
	_, err = c.desk.Complete(ctx, noon, onceFor(driver, request), dispatch.CompleteRide{
		Ride: ride.Ride, Driver: driver, Meter: 1400,
	})
	if err != nil {
		c.note(err)
		return
	}
	c.record(ride.Ride, driver, false, call)
}
