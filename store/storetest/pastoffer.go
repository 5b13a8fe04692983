package storetest

import (
	"testing"

	"hexhail/dispatch"
)

// pastOffers reads what became of a driver's offers and grabs.
func pastOffers(t *testing.T, open Open) {
	db := open(t)
	for _, id := range []dispatch.RideID{"kept", "back", "passed", "left", "called", "lost"} {
		insertRides(t, db, searching(id))
	}
	end := func(id dispatch.OfferID, ride dispatch.RideID, state dispatch.OfferState, s float64) {
		o := offered(id, ride, "D1")
		o.MadeAt, o.ExpiresAt, o.PickupM, o.PickupS = after(s), after(s+15), 700, 90
		equal(t, string(id), makeOffer(t, db, o), true)
		do(t, db, func(tx dispatch.Tx) error {
			_, err := tx.CloseOffer(id, state, after(s+5))
			return err
		})
	}
	end("o1", "kept", dispatch.OfferAccepted, 0)
	end("o2", "back", dispatch.OfferAccepted, 10)
	end("o3", "passed", dispatch.OfferAccepted, 20)
	end("o4", "left", dispatch.OfferSilent, 30)
	for i, ride := range []dispatch.RideID{"called", "lost"} {
		c := callFor(dispatch.CallID("of "+ride), ride)
		c.MadeAt, c.ExpiresAt = after(40), after(100)
		if !makeCall(t, db, c) {
			t.Fatalf("%s was not made", c.ID)
		}
		do(t, db, func(tx dispatch.Tx) error {
			_, err := tx.GrabCall(c.ID, "D1", after(float64(50+10*i)))
			return err
		})
	}
	change := func(id dispatch.RideID, search int, driver dispatch.DriverID) {
		do(t, db, func(tx dispatch.Tx) error {
			r, err := tx.Ride(id)
			check(t, err)
			r = assigned(r, driver)
			r.Search, r.State, r.Version = search, dispatch.Settled, r.Version+1
			return tx.UpdateRide(r)
		})
	}
	change("kept", 1, "D1")
	change("back", 2, "D1")
	change("passed", 1, "D2")
	change("called", 1, "D1")
	change("lost", 2, "D2")

	read := func(driver dispatch.DriverID, from, to float64) (past []dispatch.PastOffer) {
		do(t, db, func(tx dispatch.Tx) (err error) {
			past, err = tx.PastOffers(driver, after(from), after(to))
			return err
		})
		return past
	}
	all := []dispatch.PastOffer{
		{Ride: "kept", At: after(0), PickupM: 700, PickupS: 90, State: dispatch.OfferAccepted},
		{
			Ride: "back", At: after(10), PickupM: 700, PickupS: 90, State: dispatch.OfferAccepted,
			GivenBack: true,
		},
		{
			Ride: "passed", At: after(20), PickupM: 700, PickupS: 90, State: dispatch.OfferAccepted,
			GivenBack: true,
		},
		{Ride: "left", At: after(30), PickupM: 700, PickupS: 90, State: dispatch.OfferSilent},
		{Ride: "called", At: after(50), State: dispatch.OfferAccepted},
		{Ride: "lost", At: after(60), State: dispatch.OfferAccepted, GivenBack: true},
	}
	equal(t, "all", read("D1", 0, 100), all)
	equal(t, "from and to", read("D1", 10, 60), all[1:5])
	equal(t, "another driver's", len(read("D2", 0, 100)), 0)
}
