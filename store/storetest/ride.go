package storetest

import (
	"testing"

	"hexhail/dispatch"
	"hexhail/dispatch/voice"
	"hexhail/money"
)

func rides(t *testing.T, open Open) {
	db := open(t)
	least := dispatch.Ride{
		ID: "least", City: city, Kind: dispatch.Street, State: dispatch.Settled, Version: 1,
	}
	most := filled[dispatch.Ride](0)
	for _, want := range []dispatch.Ride{least, most} {
		insertRides(t, db, want)
		equal(t, "inserted", readRide(t, db, want.ID), want)
	}

	changed := filled[dispatch.Ride](1000)
	changed.ID, changed.Version = most.ID, most.Version+1
	// What it was asked for with stays.
	asked := changed
	asked.City, asked.Kind, asked.Rider, asked.Dropoff = "other", 1, "other", dispatch.Place{}
	asked.Seats, asked.Quote, asked.RequestedAt = 1, dispatch.Quote{}, noon
	asked.Wants, asked.Senior, asked.First.Driver = dispatch.Vehicle{}, !most.Senior, "other"
	asked.Voice, changed.Voice = voice.Head{}, most.Voice
	asked.Device, changed.Device = "other", most.Device
	asked.First.Team = "other"
	ahead, wished := &changed.Booking, most.Booking
	ahead.Flight, ahead.Terminal, ahead.Fee = wished.Flight, wished.Terminal, wished.Fee
	changed.First.Driver, changed.First.Team = most.First.Driver, most.First.Team
	changed.City, changed.Kind, changed.Rider = most.City, most.Kind, most.Rider
	changed.Dropoff, changed.Seats, changed.Quote = most.Dropoff, most.Seats, most.Quote
	changed.RequestedAt, changed.Wants, changed.Senior = most.RequestedAt, most.Wants, most.Senior
	do(t, db, func(tx dispatch.Tx) error { return tx.UpdateRide(asked) })
	equal(t, "updated", readRide(t, db, most.ID), changed)
	equal(t, "not updated", readRide(t, db, least.ID), least)

	for _, version := range []int{changed.Version, changed.Version - 1, changed.Version + 2} {
		stale := changed
		stale.Version = version
		refused(t, db, dispatch.Conflict, dispatch.ReasonStale,
			func(tx dispatch.Tx) error { return tx.UpdateRide(stale) })
	}
	equal(t, "after stale updates", readRide(t, db, most.ID), changed)
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownRide, func(tx dispatch.Tx) error {
		return tx.UpdateRide(searching("nobody's"))
	})
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownRide, func(tx dispatch.Tx) error {
		_, err := tx.Ride("nobody's")
		return err
	})
}

func readRide(t testing.TB, db Database, id dispatch.RideID) (r dispatch.Ride) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) (err error) {
		r, err = tx.Ride(id)
		return err
	})
	return r
}

func rideScans(t *testing.T, open Open) {
	db := open(t)
	a, b, c, elsewhere := searching("a"), searching("b"), searching("c"), searching("e")
	a.SearchBy, b.SearchBy, c.SearchBy = after(20), after(10), after(10)
	elsewhere.City, elsewhere.SearchBy = "chengdu", after(5)
	taken, over := assigned(searching("t"), "D1"), searching("o")
	over.State = dispatch.Expired
	taken.SearchBy, over.SearchBy = after(1), after(1)
	insertRides(t, db, a, b, c, elsewhere, taken, over)

	do(t, db, func(tx dispatch.Tx) error {
		for _, test := range []struct {
			seconds float64
			limit   int
			want    []dispatch.RideID
		}{
			{9.999, 10, nil},
			{10, 10, []dispatch.RideID{"b", "c"}},
			{20, 10, []dispatch.RideID{"b", "c", "a"}},
			{20, 2, []dispatch.RideID{"b", "c"}},
		} {
			due, err := tx.DueRides(city, after(test.seconds), test.limit)
			check(t, err)
			equal(t, "due rides", rideIDs(due), test.want)
		}
		n, err := tx.Searching(city)
		check(t, err)
		equal(t, "searching", n, 3)

		r, ok, err := tx.DriversRide("D1")
		check(t, err)
		equal(t, "driver's ride", r, taken)
		equal(t, "driver has one", ok, true)
		r, ok, err = tx.RidersRide(taken.Rider)
		check(t, err)
		equal(t, "rider's ride", r, taken)
		equal(t, "rider has one", ok, true)
		_, ok, err = tx.DriversRide("D2")
		check(t, err)
		equal(t, "another driver has none", ok, false)
		_, ok, err = tx.RidersRide(over.Rider)
		check(t, err)
		equal(t, "a ride that is over is none", ok, false)
		_, ok, err = tx.RidersRide("")
		equal(t, "nobody has none", ok, false)
		return err
	})
}

func unpaidRides(t *testing.T, open Open) {
	db := open(t)
	completed := func(id dispatch.RideID, seconds float64) dispatch.Ride {
		r := searching(id)
		r.State, r.CompletedAt, r.ChangedAt = dispatch.Completed, noon, after(seconds)
		r.Subsidy.Reason = money.SubsidyGranted
		return r
	}
	late, early := completed("l", 20), completed("e", 10)
	paid, none := completed("p", 1), completed("n", 1)
	paid.State, none.Subsidy.Reason = dispatch.Settled, money.SubsidyBudget
	inApp := completed("i", 2) // its attempt is open
	insertRides(t, db, late, early, paid, none, inApp)
	owe := func(r dispatch.Ride, state money.PaymentState) {
		do(t, db, func(tx dispatch.Tx) error {
			return tx.InsertPayment(money.Payment{
				ID:      money.NewPaymentID(r.Subject(), money.PurposeFare, "rider"),
				Subject: r.Subject(), Payer: "rider", Payee: "driver", Purpose: money.PurposeFare,
				Amount: 2800, State: state, Channel: money.InWallet,
			})
		})
	}
	owe(late, money.PaymentDue)
	owe(early, money.PaymentCash)
	owe(paid, money.PaymentPaid)
	owe(none, money.PaymentDue)
	owe(inApp, money.PaymentOpen)
	do(t, db, func(tx dispatch.Tx) error {
		for _, test := range []struct {
			seconds float64
			limit   int
			want    []dispatch.RideID
		}{
			{9.999, 10, nil},
			{10, 10, []dispatch.RideID{"e"}},
			{20, 10, []dispatch.RideID{"e", "l"}},
			{20, 1, []dispatch.RideID{"e"}},
		} {
			unpaid, err := tx.UnpaidRides(after(test.seconds), test.limit)
			check(t, err)
			equal(t, "unpaid rides", rideIDs(unpaid), test.want)
		}
		return nil
	})
}

// silentFares are those that a rider of the city is asked about, and has not answered.
func silentFares(t *testing.T, open Open) {
	db := open(t)
	asked := func(id dispatch.RideID, seconds float64, change func(*dispatch.Ride)) {
		r := searching(id)
		r.State, r.CompletedAt = dispatch.Completed, after(seconds)
		r.Fare.State = dispatch.FareAsked
		change(&r)
		insertRides(t, db, r)
	}
	as := func(*dispatch.Ride) {}
	asked("l", 20, as)
	asked("e", 10, func(r *dispatch.Ride) { r.Fare.Flagged, r.Quote.High = true, 20_00 })
	asked("thin", 1, func(r *dispatch.Ride) { r.Fare.Flagged, r.Quote = true, dispatch.Quote{} })
	asked("contested", 1, func(r *dispatch.Ride) { r.Fare.State = dispatch.FareContested })
	asked("stands", 1, func(r *dispatch.Ride) { r.Fare.State = dispatch.FareAccepted })
	asked("elsewhere", 1, func(r *dispatch.Ride) { r.City = "chengdu" })
	do(t, db, func(tx dispatch.Tx) error {
		for _, test := range []struct {
			seconds float64
			limit   int
			want    []dispatch.RideID
		}{
			{9.999, 10, nil},
			{20, 10, []dispatch.RideID{"e", "l"}},
			{20, 1, []dispatch.RideID{"e"}},
		} {
			silent, err := tx.SilentFares(city, after(test.seconds), test.limit)
			check(t, err)
			equal(t, "silent", rideIDs(silent), test.want)
		}
		return nil
	})
}

func rideIndexes(t *testing.T, open Open) {
	db := open(t)
	insert := func(r dispatch.Ride) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertRide(r) }
	}
	first := assigned(searching("a"), "D1")
	insertRides(t, db, first)
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, func(tx dispatch.Tx) error {
		again := searching("a")
		again.Rider = "another"
		return tx.InsertRide(again)
	})

	sameRider := searching("b")
	sameRider.Rider = first.Rider
	refused(t, db, dispatch.Conflict, dispatch.ReasonRideOpen, insert(sameRider))
	sameDriver := assigned(searching("c"), "D1")
	refused(t, db, dispatch.Conflict, dispatch.ReasonDriverBusy, insert(sameDriver))
	insertRides(t, db, searching("d"))
	refused(t, db, dispatch.Conflict, dispatch.ReasonDriverBusy, func(tx dispatch.Tx) error {
		return tx.UpdateRide(next(assigned(searching("d"), "D1"), dispatch.Assigned, noon))
	})

	// Each state in turn: who is free, and when.
	at := first
	for _, s := range []struct {
		state                 dispatch.State
		driverBusy, riderBusy bool
	}{
		{dispatch.Arrived, true, true},
		{dispatch.OnTrip, true, true},
		{dispatch.Completed, false, false},
		{dispatch.Settled, false, false},
	} {
		at = next(at, s.state, noon)
		do(t, db, func(tx dispatch.Tx) error { return tx.UpdateRide(at) })
		for _, r := range []struct {
			ride dispatch.Ride
			busy bool
		}{{sameDriver, s.driverBusy}, {sameRider, s.riderBusy}} {
			err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
				if err := tx.InsertRide(r.ride); err != nil {
					return err
				}
				return errUndo
			})
			if busy := dispatch.KindOf(err) == dispatch.Conflict; busy != r.busy {
				t.Errorf("%s while %s: %v", r.ride.ID, s.state, err)
			}
		}
	}
	// A rider has booked rides beside an open one, and a booked one may be open beside another.
	for _, id := range []dispatch.RideID{"b1", "b2"} {
		ahead := scheduled(id, 3600)
		ahead.Rider = first.Rider
		insertRides(t, db, ahead)
		due := next(ahead, dispatch.Searching, noon)
		do(t, db, func(tx dispatch.Tx) error { return tx.UpdateRide(due) })
	}
	// A street ride that nobody pays in the app has no rider; there may be many.
	for _, id := range []dispatch.RideID{"s1", "s2"} {
		street := assigned(searching(id), dispatch.DriverID("of "+id))
		street.Kind, street.Rider = dispatch.Street, ""
		insertRides(t, db, street)
	}
}
