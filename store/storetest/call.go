package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"hexhail/dispatch"
	"hexhail/geo"
)

// callFor is an open call of 20 s.
func callFor(id dispatch.CallID, ride dispatch.RideID) dispatch.Call {
	return dispatch.Call{
		ID: id, City: city, Ride: ride, Search: 1, State: dispatch.CallOpen, Round: 1,
		Pickup: geo.Point{Lat: 39.9, Lng: 116.4}, RadiusM: 1500, Seats: 1, Taxis: 7,
		MadeAt: noon, ExpiresAt: after(20), ChangedAt: noon,
	}
}

// makeCall inserts a call and says whether it was made.
func makeCall(t testing.TB, db Database, c dispatch.Call) (made bool) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) (err error) {
		made, err = tx.InsertCall(c)
		return err
	})
	return made
}

func openCalls(t testing.TB, db Database, q dispatch.CallQuery) (ids []dispatch.CallID) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) error {
		list, err := tx.OpenCalls(q)
		for _, c := range list {
			ids = append(ids, c.ID)
		}
		return err
	})
	return ids
}

func calls(t *testing.T, open Open) {
	db := open(t)
	want := filled[dispatch.Call](0)
	want.State = dispatch.CallOpen
	r := searching(want.Ride)
	r.Search, r.City = want.Search, want.City
	insertRides(t, db, r)
	if !makeCall(t, db, want) {
		t.Fatal("not made")
	}
	do(t, db, func(tx dispatch.Tx) error {
		open, err := tx.OpenCalls(dispatch.CallQuery{Ride: want.Ride})
		equal(t, "round trip", open, []dispatch.Call{want})
		check(t, err)
		changed, err := tx.ChangedCalls(want.City, want.ChangedAt)
		equal(t, "changed", changed, []dispatch.Call{want})
		return err
	})
	c, ride, err := db.OpenCall(t.Context(), want.ID)
	check(t, err)
	equal(t, "alone", c, want)
	equal(t, "its ride", ride.ID, want.Ride)
}

func callRefused(t *testing.T, open Open) {
	db := open(t)
	gone := searching("gone")
	gone.State = dispatch.Cancelled
	insertRides(t, db, searching("a"), searching("b"), gone, assigned(searching("c"), "busy"))
	makeOffer(t, db, offered("o", "b", "D1"))
	other := callFor("other search", "a")
	other.Search = 2
	for _, c := range []dispatch.Call{
		other, callFor("no ride", "nobody's"), callFor("cancelled", "gone"), callFor("taken", "c"),
		callFor("has an offer", "b"),
	} {
		if makeCall(t, db, c) {
			t.Errorf("made: %s", c.ID)
		}
	}
	if !makeCall(t, db, callFor("c1", "a")) {
		t.Fatal("a good one was not made")
	}
	if makeCall(t, db, callFor("c2", "a")) {
		t.Error("the ride has two open calls")
	}
	late := callFor("c3", "a")
	late.MadeAt, late.ExpiresAt = after(20), after(40)
	if !makeCall(t, db, late) {
		t.Error("not made when the ride's other one expires")
	}
	equal(t, "open", openCalls(t, db, dispatch.CallQuery{City: city}), []dispatch.CallID{"c3"})
	err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
		ended := callFor("c4", "a")
		ended.State = dispatch.CallExpired
		_, err := tx.InsertCall(ended)
		return err
	})
	wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
}

func callAnswers(t *testing.T, open Open) {
	db := open(t)
	insertRides(t, db, searching("a"), searching("b"), searching("c"))
	for _, id := range []dispatch.CallID{"a", "b", "c"} {
		c := callFor(id, dispatch.RideID(id))
		c.Wants = dispatch.Vehicle{Class: "large", Tags: "a,b"}
		makeCall(t, db, c)
	}
	grab := func(id dispatch.CallID, at float64) (c dispatch.Call, err error) {
		err = db.Tx(t.Context(), func(tx dispatch.Tx) (err error) {
			c, err = tx.GrabCall(id, "D1", after(at))
			return err
		})
		return c, err
	}
	c, err := grab("a", 19.999)
	check(t, err)
	want := callFor("a", "a")
	want.Wants = dispatch.Vehicle{Class: "large", Tags: "a,b"}
	want.State, want.Driver, want.ChangedAt = dispatch.CallGrabbed, "D1", after(19.999)
	equal(t, "grabbed", c, want)
	_, err = grab("a", 19.999)
	wantError(t, err, dispatch.Conflict, dispatch.ReasonCallGone)
	_, err = grab("b", 20)
	wantError(t, err, dispatch.Conflict, dispatch.ReasonCallExpired)
	_, err = grab("none", 1)
	wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownCall)
	equal(t, "expired", openCalls(t, db, dispatch.CallQuery{City: city, ExpiredBy: after(20)}),
		[]dispatch.CallID{"b", "c"})
	equal(t, "one of them", openCalls(t, db,
		dispatch.CallQuery{City: city, ExpiredBy: after(20), Limit: 1}), []dispatch.CallID{"b"})
	equal(t, "none yet", len(openCalls(t, db,
		dispatch.CallQuery{City: city, ExpiredBy: after(19.999)})), 0)
	for _, closes := range []bool{true, false} {
		do(t, db, func(tx dispatch.Tx) error {
			closed, err := tx.CloseCall("b", dispatch.CallWithdrawn, after(5))
			equal(t, "closed", closed, closes)
			return err
		})
	}
	_, err = grab("b", 6)
	wantError(t, err, dispatch.Conflict, dispatch.ReasonCallGone)
	_, _, err = db.OpenCall(t.Context(), "b")
	wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownCall)
	do(t, db, func(tx dispatch.Tx) error {
		_, err := tx.CloseCall("c", dispatch.CallExpired, after(20))
		check(t, err)
		s, err := tx.Standing(city)
		equal(t, "standing", len(s.Calls), 1)
		equal(t, "standing", s.Calls[0].ID, "c")
		equal(t, "elsewhere", len(openCallsOf(t, tx, "chengdu")), 0)
		return err
	})
}

// keptGrabs: the nearest first, of equals the earliest; each driver once, and none after the
// decision.
func keptGrabs(t *testing.T, open Open) {
	db := open(t)
	insertRides(t, db, searching("a"))
	makeCall(t, db, callFor("a", "a"))
	add := func(driver dispatch.DriverID, pickupM int, at float64) (c dispatch.Call, err error) {
		err = db.Tx(t.Context(), func(tx dispatch.Tx) (err error) {
			c, err = tx.AddGrab(dispatch.KeptGrab{
				Call: "a", Driver: driver, Taxi: "T", PickupM: pickupM, At: after(at),
			}, after(at+0.5))
			return err
		})
		return c, err
	}
	for _, g := range []struct {
		driver  dispatch.DriverID
		pickupM int
		at      float64
	}{{"D1", 700, 1}, {"D2", 200, 1.3}, {"D3", 200, 1.2}, {"D1", 5, 1.4}} {
		c, err := add(g.driver, g.pickupM, g.at)
		check(t, err)
		equal(t, "decided", c.DecideAt.Equal(after(1.5)), true)
	}
	_, err := add("D4", 1, 1.5)
	wantError(t, err, dispatch.Conflict, dispatch.ReasonCallGone)
	do(t, db, func(tx dispatch.Tx) error {
		grabs, err := tx.GrabsOf("a")
		var order []dispatch.DriverID
		for _, g := range grabs {
			order = append(order, g.Driver)
		}
		equal(t, "order", order, []dispatch.DriverID{"D3", "D2", "D1"})
		equal(t, "all of it", grabs[0], dispatch.KeptGrab{
			Call: "a", Driver: "D3", Taxi: "T", PickupM: 200, At: after(1.2),
		})
		return err
	})
	equal(t, "one that is decided does not expire",
		len(openCalls(t, db, dispatch.CallQuery{City: city, ExpiredBy: after(99)})), 0)
	equal(t, "by id", openCalls(t, db, dispatch.CallQuery{ID: "a"}), []dispatch.CallID{"a"})
}

func openCallsOf(t testing.TB, tx dispatch.Tx, city dispatch.CityID) []dispatch.Call {
	t.Helper()
	list, err := tx.OpenCalls(dispatch.CallQuery{City: city})
	check(t, err)
	return list
}

// The load of promiseGrab: every driver grabs every call, and has time for one. As many drivers as
// calls: the last calls are grabbed by many who are busy. Without the index that its mutant lacks,
// each look for a driver's calls goes through all.
const (
	grabDrivers = max(50/slow, 20)
	grabRides   = grabDrivers
)

// promiseGrab: of all who grab a call exactly one has the ride, and nobody has two.
func promiseGrab(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		g := newGrabs(t, open(t))
		check(t, g.run(t))
		for _, reason := range []dispatch.Reason{
			dispatch.ReasonCallGone, dispatch.ReasonDriverBusy,
		} {
			if g.refused[reason] == 0 {
				t.Errorf("nothing was refused with %s", reason)
			}
		}
	})
	t.Run("MutantNoIndex", func(t *testing.T) {
		db := open(t)
		remove(t, db, driverIndex)
		caught(t, newGrabs(t, db).run(t))
	})
	t.Run("MutantCheckThenAct", func(t *testing.T) {
		g := newGrabs(t, open(t))
		g.grab = g.grabBadly
		caught(t, g.run(t))
	})
}

// grabs is one run of the load.
type grabs struct {
	db    Database
	desk  *dispatch.Desk
	calls []dispatch.Call
	grab  func(ctx context.Context, driver dispatch.DriverID, c dispatch.Call) error

	mu      sync.Mutex
	won     map[dispatch.RideID][]dispatch.DriverID
	refused map[dispatch.Reason]int
}

func newGrabs(t *testing.T, db Database) *grabs {
	t.Helper()
	g := &grabs{
		db: db, desk: NewDesk(t, db), won: map[dispatch.RideID][]dispatch.DriverID{},
		refused: map[dispatch.Reason]int{},
	}
	g.grab = g.grabAtDesk
	for i := range grabRides {
		ride := searching(dispatch.RideID(fmt.Sprint("R", i)))
		c := callFor(dispatch.CallID(fmt.Sprint("C", i)), ride.ID)
		insertRides(t, db, ride)
		if !makeCall(t, db, c) {
			t.Fatal("not made")
		}
		g.calls = append(g.calls, c)
	}
	for i := range grabDrivers {
		driver := dispatch.DriverID(fmt.Sprint("D", i))
		do(t, db, func(tx dispatch.Tx) error {
			return tx.PutShift(dispatch.Shift{
				Driver: driver, Taxi: dispatch.TaxiID("taxi of " + driver), City: city, Seats: 4,
				Duty: dispatch.OnDuty, ChangedAt: noon,
			})
		})
	}
	return g
}

// run puts the load on the store and says how the promise was broken, if it was.
func (g *grabs) run(t *testing.T) error {
	t.Helper()
	order := random(t).Perm(grabDrivers * grabRides)
	each(claimWorkers, len(order), func(i int) {
		driver := dispatch.DriverID(fmt.Sprint("D", order[i]/grabRides))
		c := g.calls[order[i]%grabRides]
		err := g.grab(t.Context(), driver, c)
		g.mu.Lock()
		defer g.mu.Unlock()
		if err != nil {
			g.refused[dispatch.ReasonOf(err)]++
			return
		}
		g.won[c.Ride] = append(g.won[c.Ride], driver)
	})
	has := map[dispatch.DriverID]dispatch.RideID{}
	for _, c := range g.calls {
		winners := g.won[c.Ride]
		if len(winners) != 1 {
			return fmt.Errorf("ride %s was given to %v", c.Ride, winners)
		}
		if other, two := has[winners[0]]; two {
			return fmt.Errorf("driver %s has the rides %s and %s", winners[0], other, c.Ride)
		}
		has[winners[0]] = c.Ride
	}
	return nil
}

func (g *grabs) grabAtDesk(
	ctx context.Context, driver dispatch.DriverID, c dispatch.Call,
) error {
	_, err := g.desk.Grab(ctx, noon, onceFor(driver, string(c.ID)),
		dispatch.GrabRide{Call: c.ID, Driver: driver, At: c.Pickup})
	return err
}

// grabBadly looks in one transaction and acts in another.
func (g *grabs) grabBadly(
	ctx context.Context, driver dispatch.DriverID, c dispatch.Call,
) error {
	err := g.db.Tx(ctx, func(tx dispatch.Tx) error {
		open, err := tx.OpenCalls(dispatch.CallQuery{Ride: c.Ride})
		if err == nil && len(open) == 0 {
			err = dispatch.Errorf(dispatch.Conflict, dispatch.ReasonCallGone, "gone")
		}
		return err
	})
	if err != nil {
		return err
	}
	return g.db.SQL(ctx, fmt.Sprintf(`UPDATE call SET state = 'grabbed', driver = '%s'
		WHERE id = '%s'`, driver, c.ID))
}
