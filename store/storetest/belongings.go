package storetest

import (
	"fmt"
	"slices"
	"testing"

	"hexhail/dispatch"
)

// belongings is a town of which it is known whose each row is.
type belongings struct {
	riders  []dispatch.RiderID
	drivers []dispatch.DriverID
	rides   []dispatch.Ride // by id
	offers  []dispatch.Offer
	reads   int     // rows that were shown to their owners
	wrong   []error // what was not as it should be
}

// The drivers with a part of their own: who gave a ride back, who declined it, who is asked now.
const (
	formerDriver   = dispatch.DriverID("D1")
	declinedDriver = dispatch.DriverID("D6")
	askedDriver    = dispatch.DriverID("D7")
)

// moveIn fills a store: a ride in each state with each pair, street rides without a rider, and a
// ride that was claimed, given back, declined by a second driver and is offered to a third.
func moveIn(t *testing.T, db Database) *belongings {
	t.Helper()
	b := &belongings{}
	company := dispatch.Company{ID: "C1", Name: "首汽"}
	_, err := db.ImportCompanies(t.Context(), []dispatch.Company{company})
	check(t, err)
	do(t, db, func(tx dispatch.Tx) error {
		for i := 1; i <= 7; i++ {
			rider := filled[dispatch.Rider](i)
			rider.ID = dispatch.RiderID(fmt.Sprint("R", i))
			driver := filled[dispatch.Driver](10 * i)
			driver.ID, driver.Company = dispatch.DriverID(fmt.Sprint("D", i)), company.ID
			taxi := filled[dispatch.Taxi](20 * i)
			taxi.ID = dispatch.TaxiID("taxi of " + driver.ID)
			b.riders, b.drivers = append(b.riders, rider.ID), append(b.drivers, driver.ID)
			check(t, tx.InsertRider(rider))
			check(t, tx.InsertDriver(driver))
			check(t, tx.InsertTaxi(taxi))
		}
		return nil
	})
	b.pastRides(t, db)
	b.openRides(t, db)
	b.givenBack(t, db)
	b.claimed(t, db)
	return b
}

func (b *belongings) add(t *testing.T, db Database, r dispatch.Ride) {
	t.Helper()
	r.ID = dispatch.RideID(fmt.Sprintf("01J%023d", len(b.rides)))
	b.rides = append(b.rides, spoken(t, db, r, noon))
}

// pastRides are five of each rider and driver.
func (b *belongings) pastRides(t *testing.T, db Database) {
	t.Helper()
	for i, driver := range b.drivers {
		for j, end := range []dispatch.State{
			dispatch.Completed, dispatch.Settled, dispatch.Cancelled, dispatch.NoShow,
			dispatch.Expired,
		} {
			r := searching("")
			if end != dispatch.Expired {
				r = assigned(r, driver)
			}
			r.Rider, r.State, r.Slot = b.riders[(i+j)%len(b.riders)], end, ""
			if end == dispatch.Completed || end == dispatch.Settled {
				r.CompletedAt, r.RiderStars = after(float64(600+i)), (i+j)%6
				r.Fare.State = dispatch.FareAccepted
			}
			b.add(t, db, r)
		}
	}
}

// openRides are those that somebody waits for or sits in.
func (b *belongings) openRides(t *testing.T, db Database) {
	t.Helper()
	for i, state := range []dispatch.State{
		dispatch.Assigned, dispatch.Arrived, dispatch.OnTrip,
	} {
		r := assigned(searching(""), b.drivers[i+1])
		r.Rider, r.State = b.riders[i+1], state
		b.add(t, db, r)
	}
	for i, state := range []dispatch.State{dispatch.Scheduled, dispatch.Booked} {
		ahead := scheduled("", 7200)
		ahead.Rider, ahead.State = b.riders[i], state
		if state == dispatch.Booked {
			ahead.Driver = b.drivers[i]
		}
		b.add(t, db, ahead)
	}
	for i, state := range []dispatch.State{dispatch.OnTrip, dispatch.Settled} {
		street := assigned(searching(""), b.drivers[4])
		street.Kind, street.Rider, street.State = dispatch.Street, "", state
		street.PayBy = ""
		street.Fare = dispatch.Fare{Meter: 1300, Tolls: 500, State: dispatch.FareAccepted}
		if i == 1 {
			street.Slot, street.CompletedAt = "", after(700)
		}
		b.add(t, db, street)
	}
}

// givenBack is a ride that three drivers have heard of and none has.
func (b *belongings) givenBack(t *testing.T, db Database) {
	t.Helper()
	r := searching("")
	r.Rider = "R1"
	b.add(t, db, r)
	r = b.rides[len(b.rides)-1]
	offer := func(driver dispatch.DriverID, search int) dispatch.Offer {
		o := offered(dispatch.OfferID("offer to "+driver), r.ID, driver)
		o.Search = search
		equal(t, "offer made", makeOffer(t, db, o), true)
		return o
	}
	o := offer(formerDriver, 1)
	do(t, db, func(tx dispatch.Tx) (err error) {
		o, err = tx.AcceptOffer(o.ID, o.Driver, after(1))
		check(t, err)
		b.offers = append(b.offers, o)
		r = next(assigned(r, formerDriver), dispatch.Assigned, after(1))
		check(t, tx.UpdateRide(r))
		r = next(r, dispatch.Searching, after(2))
		r.Driver, r.Taxi, r.Slot, r.Search = "", "", "", 2
		return tx.UpdateRide(r)
	})
	declined := offer(declinedDriver, 2)
	do(t, db, func(tx dispatch.Tx) error {
		_, err := tx.CloseOffer(declined.ID, dispatch.OfferDeclined, after(3))
		return err
	})
	declined.State, declined.ChangedAt = dispatch.OfferDeclined, after(3)
	b.offers = append(b.offers, declined, offer(askedDriver, 2))
	b.rides[len(b.rides)-1] = r
}

// claimed is a ride with the driver who has accepted its offer.
func (b *belongings) claimed(t *testing.T, db Database) {
	t.Helper()
	r := searching("")
	r.Rider = "R6"
	b.add(t, db, r)
	r = b.rides[len(b.rides)-1]
	o := offered("accepted offer", r.ID, declinedDriver)
	equal(t, "offer made", makeOffer(t, db, o), true)
	r = next(assigned(r, o.Driver), dispatch.Assigned, after(4))
	do(t, db, func(tx dispatch.Tx) (err error) {
		o, err = tx.AcceptOffer(o.ID, o.Driver, after(4))
		check(t, err)
		return tx.UpdateRide(r)
	})
	b.offers = append(b.offers, o)
	b.rides[len(b.rides)-1] = r
}

// strangers are identities of others, of nobody, and of the other kind.
func (b *belongings) strangers() (riders []dispatch.RiderID, drivers []dispatch.DriverID) {
	riders = append(slices.Clone(b.riders), "", "nobody", "D2", "r1", "R1 ", "%", "R_")
	drivers = append(slices.Clone(b.drivers), "", "nobody", "R2", "d2", "D2 ", "%", "D_")
	return riders, drivers
}
