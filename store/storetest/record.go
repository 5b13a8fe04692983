package storetest

import (
	"fmt"
	"slices"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// cityRides reads the rides of a city in each state, in pages.
func cityRides(t *testing.T, open Open) {
	db := open(t)
	b := moveIn(t, db)
	away := searching("01J99999999999999999999999")
	away.City = "chengdu"
	insertRides(t, db, away)
	for state := dispatch.State(0); state <= dispatch.Expired; state++ {
		var ids []dispatch.RideID
		for _, r := range b.rides {
			if state == 0 || r.State == state {
				ids = append(ids, r.ID)
			}
		}
		if len(ids) == 0 {
			t.Errorf("no ride is %s", state)
		}
		b.turn(fmt.Sprintf("%q rides", state), ids,
			func(p dispatch.Page) ([]dispatch.Ride, error) {
				return db.CityRides(t.Context(), city, state, p)
			})
	}
	for _, err := range b.wrong {
		t.Error(err)
	}
	got, err := db.CityRides(t.Context(), "chengdu", dispatch.Searching, dispatch.Page{Limit: 5})
	check(t, err)
	equal(t, "another city's, whole", got, []dispatch.Ride{away})
	for _, state := range []dispatch.State{-1, dispatch.Expired + 1} {
		_, err = db.CityRides(t.Context(), city, state, dispatch.Page{Limit: 5})
		wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
	}
}

// driverLists reads drivers by id, all and a company's.
func driverLists(t *testing.T, open Open) {
	db := open(t)
	_, err := db.ImportCompanies(t.Context(), []dispatch.Company{{ID: "C1"}, {ID: "C2"}})
	check(t, err)
	want := map[string][]dispatch.Driver{"C9": nil}
	for i := range 25 {
		d := filled[dispatch.Driver](i)
		d.ID = dispatch.DriverID(fmt.Sprintf("D%02d", i))
		d.Company = []string{"C1", "C2", ""}[i%3]
		want[""] = append(want[""], d)
		if d.Company != "" {
			want[d.Company] = append(want[d.Company], d)
		}
	}
	_, err = db.ImportDrivers(t.Context(), want[""])
	check(t, err)
	for company, drivers := range want {
		for _, size := range []int{1, max(1, len(drivers)), dispatch.MaxPage} {
			var got []dispatch.Driver
			p := dispatch.Page{Limit: size}
			for full := true; full && len(got) <= len(drivers); {
				list, err := db.Drivers(t.Context(), company, p)
				check(t, err)
				if full = len(list) == size; full {
					p.After = string(list[size-1].ID)
				}
				got = append(got, list...)
			}
			equal(t, fmt.Sprintf("drivers of %q in pages of %d", company, size), got, drivers)
		}
	}
}

// rideRecord reads all that a ride has left behind.
func rideRecord(t *testing.T, open Open) {
	db := open(t)
	bare, full := searching("bare"), filled[dispatch.Ride](0)
	insertRides(t, db, bare, full)
	log := filled[dispatch.RoundLog](100)
	log.Ride = full.ID
	payments := []money.Payment{
		due(full.Subject(), money.PurposeFare), due(full.Subject(), money.PurposeTip),
	}
	fare := entry("fare", transfer("a", equity, "z:1", 5), pending("b", equity, "z:2", 6))
	fare.Subject = full.Subject()
	other := entry("other", transfer("c", equity, "z:1", 7))
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.PutRoundLog(log))
		for _, p := range slices.Backward(payments) {
			check(t, tx.InsertPayment(p))
		}
		check(t, tx.InsertPayment(due("another's", money.PurposeFare)))
		check(t, tx.Book(fare))
		return tx.Book(other)
	})
	got, err := db.RideRecord(t.Context(), full.ID)
	check(t, err)
	equal(t, "record", got, dispatch.Record{
		Ride: full, Log: log, Payments: payments, Transfers: fare.Transfers,
	})
	got, err = db.RideRecord(t.Context(), bare.ID)
	check(t, err)
	equal(t, "bare record", got, dispatch.Record{Ride: bare})
	_, err = db.RideRecord(t.Context(), "nobody's")
	wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownRide)
}

// outboxAlone is the outbox as the relay sees it: without a transaction of its own.
func outboxAlone(t *testing.T, open Open) {
	db := open(t)
	var want []dispatch.Event
	do(t, db, func(tx dispatch.Tx) error {
		for i := range 100 {
			e := filled[dispatch.Event](i)
			e.ID = dispatch.EventID(fmt.Sprintf("r.%04d", i))
			want = append(want, e)
			check(t, tx.Emit(e))
		}
		return nil
	})
	for atMost, waiting := range map[int]int{1: 1, 99: 99, 1000: 100} {
		got, err := db.Backlog(t.Context(), atMost)
		check(t, err)
		equal(t, "backlog", got, waiting)
	}
	// More than one statement drops, and fewer.
	for _, n := range []int{64, 33, 1, 0} {
		got, err := db.Unsent(t.Context(), max(1, n))
		check(t, err)
		equal(t, "unsent", got, want[:max(1, n)])
		var ids []dispatch.EventID
		for _, e := range got[:n] {
			ids = append(ids, e.ID)
		}
		check(t, db.Sent(t.Context(), ids))
		check(t, db.Sent(t.Context(), ids)) // again changes nothing
		want = want[n:]
	}
	got, err := db.Unsent(t.Context(), 1000)
	check(t, err)
	equal(t, "left", got, want)
	equal(t, "how many", len(got), 2)
}
