package storetest

import (
	"fmt"
	"testing"

	"hexhail/dispatch"
)

func once(t *testing.T, open Open) {
	db := open(t)
	row := filled[dispatch.OnceRow](0)
	row.Answer = []byte(`{"ride":"接到"}`)
	do(t, db, func(tx dispatch.Tx) error { return tx.Remember(row) })
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate,
		func(tx dispatch.Tx) error { return tx.Remember(row) })
	do(t, db, func(tx dispatch.Tx) error {
		got, ok, err := tx.Recall(row.Identity, row.RPC, row.RequestID)
		check(t, err)
		equal(t, "recalled", got, row)
		equal(t, "found", ok, true)
		for _, other := range []dispatch.OnceRow{
			{Identity: "x", RPC: row.RPC, RequestID: row.RequestID},
			{Identity: row.Identity, RPC: "x", RequestID: row.RequestID},
			{Identity: row.Identity, RPC: row.RPC, RequestID: "x"},
		} {
			_, ok, err := tx.Recall(other.Identity, other.RPC, other.RequestID)
			check(t, err)
			equal(t, "somebody else's", ok, false)
		}
		return nil
	})
	do(t, db, func(tx dispatch.Tx) error {
		for i := range 5 {
			at := dispatch.OnceRow{RequestID: fmt.Sprint(i), At: after(float64(i) - 10)}
			check(t, tx.Remember(at))
		}
		for _, test := range []struct{ seconds, limit, want int }{
			{-10, 9, 0}, {-8, 1, 1}, {-8, 9, 1}, {-6, 9, 2}, {-5, 9, 1},
		} {
			n, err := tx.Forget(after(float64(test.seconds)), test.limit)
			check(t, err)
			equal(t, "forgotten", n, test.want)
		}
		_, ok, err := tx.Recall(row.Identity, row.RPC, row.RequestID)
		equal(t, "the young one is kept", ok, true)
		return err
	})
}

func outbox(t *testing.T, open Open) {
	db := open(t)
	var want []dispatch.Event
	for i := range 3 {
		e := filled[dispatch.Event](i)
		e.ID = dispatch.EventID(fmt.Sprintf("r.%04d", i))
		want = append(want, e)
	}
	do(t, db, func(tx dispatch.Tx) error {
		for _, i := range []int{2, 0, 1} {
			check(t, tx.Emit(want[i]))
		}
		return nil
	})
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate,
		func(tx dispatch.Tx) error { return tx.Emit(want[1]) })
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Unsent(2)
		check(t, err)
		equal(t, "unsent", got, want[:2])
		return tx.Sent([]dispatch.EventID{want[0].ID, want[2].ID, "of nobody"})
	})
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Unsent(9)
		equal(t, "left", got, want[1:2])
		return err
	})
}

func changes(t *testing.T, open Open) {
	db := open(t)
	ride := filled[dispatch.Ride](0)
	ride.City = city
	early, late := searching("early"), searching("late")
	early.ChangedAt, late.ChangedAt, ride.ChangedAt = after(-1), after(1), after(2)
	insertRides(t, db, late, early, ride)
	a, b := offered("a", "late", "D1"), offered("b", "early", "D2")
	a.ChangedAt = after(5)
	makeOffer(t, db, a)
	makeOffer(t, db, b)
	s := filled[dispatch.Shift](0)
	s.City, s.ChangedAt, s.Team = city, after(3), ""
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.PutShift(s))
		rides, err := tx.ChangedRides(city, noon)
		check(t, err)
		equal(t, "rides", rides, []dispatch.Brief{late.Brief(), ride.Brief()})
		rides, err = tx.ChangedRides(city, after(2))
		check(t, err)
		equal(t, "rides at that time", rides, []dispatch.Brief{ride.Brief()})
		offers, err := tx.ChangedOffers(city, noon)
		check(t, err)
		equal(t, "offers", offers, []dispatch.Offer{b, a})
		offers, err = tx.ChangedOffers(city, after(0.001))
		check(t, err)
		equal(t, "later offers", offers, []dispatch.Offer{a})
		shifts, err := tx.ChangedShifts(city, after(3))
		check(t, err)
		equal(t, "shifts", shifts, []dispatch.Shift{s})
		shifts, err = tx.ChangedShifts(city, after(3.001))
		check(t, err)
		equal(t, "no later shifts", len(shifts), 0)
		rides, err = tx.ChangedRides("chengdu", noon)
		equal(t, "elsewhere", len(rides), 0)
		return err
	})
}

func standing(t *testing.T, open Open) {
	db := open(t)
	do(t, db, func(tx dispatch.Tx) error {
		nothing, err := tx.Standing(city)
		equal(t, "an empty city", nothing, dispatch.Standing{})
		return err
	})
	open1, ended1 := offered("o1", "z", "D1"), offered("o2", "z", "D2")
	ofTaken, elsewhere := offered("o3", "m", "D3"), offered("o4", "e", "D4")
	away := searching("e")
	away.City, elsewhere.City = "chengdu", "chengdu"
	z, m, over := searching("z"), searching("m"), searching("over")
	over.State = dispatch.Cancelled
	insertRides(t, db, z, m, over, away, assigned(searching("a"), "D9"))
	decline := func(o dispatch.Offer) {
		makeOffer(t, db, o)
		do(t, db, func(tx dispatch.Tx) error {
			_, err := tx.CloseOffer(o.ID, dispatch.OfferDeclined, after(2))
			return err
		})
	}
	decline(ended1)
	decline(ofTaken)
	decline(elsewhere)
	makeOffer(t, db, open1)
	taken := next(assigned(m, "D5"), dispatch.OnTrip, after(3))
	do(t, db, func(tx dispatch.Tx) error { return tx.UpdateRide(taken) })
	var on []dispatch.Shift
	for i, duty := range []dispatch.Duty{dispatch.OnDuty, dispatch.Paused, dispatch.OffDuty} {
		s := dispatch.Shift{
			Driver: dispatch.DriverID(fmt.Sprint("D", i)),
			Taxi:   dispatch.TaxiID(fmt.Sprint("T", i)), City: city, Seats: 4, Duty: duty,
			ChangedAt: noon,
		}
		if duty != dispatch.OffDuty {
			on = append(on, s)
		}
		do(t, db, func(tx dispatch.Tx) error { return tx.PutShift(s) })
	}
	ended1.State, ended1.ChangedAt = dispatch.OfferDeclined, after(2)
	want := dispatch.Standing{
		Rides: []dispatch.Brief{
			assigned(searching("a"), "D9").Brief(), taken.Brief(), z.Brief(),
		},
		Offers: []dispatch.Offer{open1, ended1},
		Shifts: on,
	}
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Standing(city)
		equal(t, "standing", got, want)
		return err
	})
}

func roundLogs(t *testing.T, open Open) {
	db := open(t)
	log := filled[dispatch.RoundLog](0)
	do(t, db, func(tx dispatch.Tx) error {
		_, ok, err := tx.RoundLog(log.Ride)
		check(t, err)
		equal(t, "none yet", ok, false)
		return tx.PutRoundLog(log)
	})
	again := filled[dispatch.RoundLog](100)
	again.Ride = log.Ride
	for _, want := range []dispatch.RoundLog{log, again} {
		do(t, db, func(tx dispatch.Tx) error {
			check(t, tx.PutRoundLog(want))
			got, ok, err := tx.RoundLog(log.Ride)
			equal(t, "round log", got, want)
			equal(t, "found", ok, true)
			return err
		})
	}
}

func models(t *testing.T, open Open) {
	db := open(t)
	first, again := dispatch.NewAcceptance(), dispatch.NewAcceptance()
	again.Learn(dispatch.Facts{Hour: 7, LengthM: 4321}, true)
	do(t, db, func(tx dispatch.Tx) error {
		_, ok, err := tx.Learned(city)
		equal(t, "none yet", ok, false)
		return err
	})
	for i, a := range []dispatch.Acceptance{first, again} {
		want := a.Learned(city, after(float64(i)))
		do(t, db, func(tx dispatch.Tx) error {
			check(t, tx.PutLearned(want))
			got, ok, err := tx.Learned(city)
			equal(t, "found", ok, true)
			equal(t, "learned", got, want)
			equal(t, "the model, to the last bit", got.Model(), a)
			return err
		})
	}
	do(t, db, func(tx dispatch.Tx) error {
		_, ok, err := tx.Learned("chengdu")
		equal(t, "another city's", ok, false)
		return err
	})
}
