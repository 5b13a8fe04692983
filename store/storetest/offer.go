package storetest

import (
	"testing"
	"time"

	"hexhail/dispatch"
)

func offers(t *testing.T, open Open) {
	db := open(t)
	want := filled[dispatch.Offer](0)
	want.State = dispatch.OfferOpen
	r, before := searching(want.Ride), assigned(searching(want.After), want.Driver)
	r.Search, before.State = want.Search, dispatch.OnTrip
	insertRides(t, db, r, before)
	if !makeOffer(t, db, want) {
		t.Fatal("not made")
	}
	do(t, db, func(tx dispatch.Tx) error {
		open, err := tx.OpenOffers(dispatch.OfferQuery{Ride: want.Ride})
		equal(t, "round trip", open, []dispatch.Offer{want})
		return err
	})
}

func offerRefused(t *testing.T, open Open) {
	db := open(t)
	gone := searching("gone")
	gone.State = dispatch.Cancelled
	insertRides(t, db, searching("a"), searching("b"), gone, assigned(searching("c"), "busy"))
	other := offered("other search", "a", "D1")
	other.Search = 2
	for _, o := range []dispatch.Offer{
		other,
		offered("no ride", "nobody's", "D1"),
		offered("cancelled", "gone", "D1"),
		offered("taken", "c", "D1"),
		offered("busy driver", "a", "busy"),
	} {
		if makeOffer(t, db, o) {
			t.Errorf("made for %s", o.ID)
		}
	}
	if !makeOffer(t, db, offered("o1", "a", "D1")) {
		t.Fatal("a good one was not made")
	}
	for _, o := range []dispatch.Offer{
		offered("o2", "a", "D2"), // the ride has one
		offered("o3", "b", "D1"), // the driver has one
		offered("o1", "b", "D2"), // the id is used
	} {
		if makeOffer(t, db, o) {
			t.Errorf("made: %s to %s for %s", o.ID, o.Driver, o.Ride)
		}
	}
	// The same once it has expired: the driver's and the ride's old offers are ended by the way.
	late := func(o dispatch.Offer, at time.Time) dispatch.Offer {
		o.MadeAt, o.ExpiresAt = at, at.Add(15*time.Second)
		return o
	}
	do(t, db, func(tx dispatch.Tx) error { return tx.DeliverOffer("o1", "D1", after(1)) })
	if makeOffer(t, db, late(offered("o4", "a", "D2"), after(14.999))) {
		t.Error("made 1 ms before the other one expires")
	}
	if !makeOffer(t, db, late(offered("o5", "a", "D2"), after(15))) {
		t.Error("not made when the ride's other one expires")
	}
	if !makeOffer(t, db, late(offered("o6", "b", "D2"), after(30))) {
		t.Error("not made when the driver's other one expires")
	}
	states := map[dispatch.OfferID]dispatch.OfferState{}
	do(t, db, func(tx dispatch.Tx) error {
		all, err := tx.ChangedOffers(city, noon)
		for _, o := range all {
			states[o.ID] = o.State
		}
		return err
	})
	equal(t, "states", states, map[dispatch.OfferID]dispatch.OfferState{
		"o1": dispatch.OfferSilent, "o5": dispatch.OfferExpired, "o6": dispatch.OfferOpen,
	})
	shut := offered("shut", "a", "D3")
	shut.State = dispatch.OfferDeclined
	refused(t, db, dispatch.Invalid, dispatch.ReasonField, func(tx dispatch.Tx) error {
		_, err := tx.InsertOffer(shut)
		return err
	})
}

// offerForAfter: an offer for slot next asks for a driver who is on trip with the ride that it
// names, and has no next one.
func offerForAfter(t *testing.T, open Open) {
	db := open(t)
	coming, riding := assigned(searching("coming"), "D1"), assigned(searching("riding"), "D2")
	full, next := assigned(searching("full"), "D3"), assigned(searching("next"), "D3")
	riding.State, full.State, next.Slot = dispatch.OnTrip, dispatch.OnTrip, dispatch.SlotNext
	insertRides(t, db, coming, riding, full, next, searching("a"), searching("b"))
	after := func(
		id dispatch.OfferID, driver dispatch.DriverID, before dispatch.RideID,
	) dispatch.Offer {
		o := offered(id, "a", driver)
		o.After, o.AfterS = before, 60
		return o
	}
	for _, o := range []dispatch.Offer{
		after("not on board", "D1", "coming"),
		after("another ride", "D2", "full"),
		after("another driver", "D4", "riding"),
		after("has a next one", "D3", "full"),
		offered("as if idle", "a", "D2"),
	} {
		if makeOffer(t, db, o) {
			t.Errorf("made: %s", o.ID)
		}
	}
	want := after("good", "D2", "riding")
	if !makeOffer(t, db, want) {
		t.Fatal("a good one was not made")
	}
	twice := after("twice", "D2", "riding")
	twice.Ride = "b"
	if makeOffer(t, db, twice) {
		t.Error("made to a driver who has an open one")
	}
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.OpenOffers(dispatch.OfferQuery{Driver: "D2"})
		equal(t, "kept", got, []dispatch.Offer{want})
		check(t, err)
		r, ok, err := tx.DriversNext("D3")
		equal(t, "next ride", r, next)
		equal(t, "has one", ok, true)
		check(t, err)
		_, ok, err = tx.DriversNext("D2")
		equal(t, "has none", ok, false)
		check(t, err)
		r, _, err = tx.DriversRide("D3")
		equal(t, "current ride", r, full)
		return err
	})
}

func offerAnswers(t *testing.T, open Open) {
	db := open(t)
	accept := func(id dispatch.OfferID, driver dispatch.DriverID, at time.Time) error {
		return db.Tx(t.Context(), func(tx dispatch.Tx) error {
			_, err := tx.AcceptOffer(id, driver, at)
			return err
		})
	}
	one := offered("o1", "r1", "D1")
	insertRides(t, db, searching("r1"), searching("r2"))
	makeOffer(t, db, one)
	makeOffer(t, db, offered("o2", "r2", "D2"))

	wantError(t, accept("o1", "D2", after(1)), dispatch.NotFound, dispatch.ReasonUnknownOffer)
	wantError(t, accept("o9", "D1", after(1)), dispatch.NotFound, dispatch.ReasonUnknownOffer)
	wantError(t, accept("o1", "D1", after(15)), dispatch.Conflict, dispatch.ReasonOfferExpired)
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.AcceptOffer("o1", "D1", after(14))
		want := one
		want.State, want.ChangedAt = dispatch.OfferAccepted, after(14)
		equal(t, "accepted", got, want)
		return err
	})
	wantError(t, accept("o1", "D1", after(14)), dispatch.Conflict, dispatch.ReasonOfferClosed)

	closeIt := func(want bool) {
		t.Helper()
		do(t, db, func(tx dispatch.Tx) error {
			closed, err := tx.CloseOffer("o2", dispatch.OfferDeclined, after(2))
			equal(t, "closed", closed, want)
			return err
		})
	}
	wantError(t, db.Tx(t.Context(), func(tx dispatch.Tx) error {
		return tx.DeliverOffer("o2", "D1", after(1))
	}), dispatch.NotFound, dispatch.ReasonUnknownOffer)
	for _, at := range []float64{15, 1, 3} { // too late, in time, again
		do(t, db, func(tx dispatch.Tx) error { return tx.DeliverOffer("o2", "D2", after(at)) })
	}
	closeIt(true)
	closeIt(false)
	do(t, db, func(tx dispatch.Tx) error { return tx.DeliverOffer("o2", "D2", after(4)) })
	wantError(t, accept("o2", "D2", after(3)), dispatch.Conflict, dispatch.ReasonOfferClosed)
	do(t, db, func(tx dispatch.Tx) error {
		all, err := tx.ChangedOffers(city, noon)
		want := offered("o2", "r2", "D2")
		want.State, want.DeliveredAt, want.ChangedAt = dispatch.OfferDeclined, after(1), after(2)
		equal(t, "delivered once and declined", all[0], want)
		return err
	})
}

func offerQueries(t *testing.T, open Open) {
	db := open(t)
	for _, o := range []dispatch.Offer{
		offered("c", "r1", "D1"), offered("a", "r2", "D2"), offered("b", "r3", "D3"),
		offered("x", "r4", "D4"),
	} {
		insertRides(t, db, searching(o.Ride))
		if o.ID == "a" {
			o.ExpiresAt = after(10)
		}
		makeOffer(t, db, o)
	}
	do(t, db, func(tx dispatch.Tx) error {
		_, err := tx.CloseOffer("x", dispatch.OfferWithdrawn, noon)
		return err
	})
	type ids = []dispatch.OfferID
	do(t, db, func(tx dispatch.Tx) error {
		for _, test := range []struct {
			q    dispatch.OfferQuery
			want ids
		}{
			{dispatch.OfferQuery{}, ids{"a", "b", "c"}},
			{dispatch.OfferQuery{Limit: 2}, ids{"a", "b"}},
			{dispatch.OfferQuery{City: city}, ids{"a", "b", "c"}},
			{dispatch.OfferQuery{City: "chengdu"}, nil},
			{dispatch.OfferQuery{City: city, ExpiredBy: after(9.999)}, nil},
			{dispatch.OfferQuery{City: city, ExpiredBy: after(10)}, ids{"a"}},
			{dispatch.OfferQuery{City: city, ExpiredBy: after(15)}, ids{"a", "b", "c"}},
			{dispatch.OfferQuery{Ride: "r1"}, ids{"c"}},
			{dispatch.OfferQuery{Ride: "r4"}, nil},
			{dispatch.OfferQuery{Driver: "D3"}, ids{"b"}},
			{dispatch.OfferQuery{Driver: "D3", Ride: "r1"}, nil},
			{
				dispatch.OfferQuery{Driver: "D3", Ride: "r3", City: city, ExpiredBy: after(20)},
				ids{"b"},
			},
		} {
			got, err := tx.OpenOffers(test.q)
			check(t, err)
			equal(t, "open offers", offerIDs(got), test.want)
		}
		return nil
	})
}
