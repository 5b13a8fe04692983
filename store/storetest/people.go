package storetest

import (
	"testing"

	"hexhail/dispatch"
)

func people(t *testing.T, open Open) {
	db := open(t)
	rider, driver := filled[dispatch.Rider](0), filled[dispatch.Driver](10)
	taxi := filled[dispatch.Taxi](20)
	insert := []func(dispatch.Tx) error{
		func(tx dispatch.Tx) error { return tx.InsertRider(rider) },
		func(tx dispatch.Tx) error { return tx.InsertDriver(driver) },
		func(tx dispatch.Tx) error { return tx.InsertTaxi(taxi) },
	}
	for _, fn := range insert {
		do(t, db, fn)
		refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, fn)
	}
	do(t, db, func(tx dispatch.Tx) error {
		r, err := tx.Rider(rider.ID)
		check(t, err)
		equal(t, "rider", r, rider)
		d, err := tx.Driver(driver.ID)
		check(t, err)
		equal(t, "driver", d, driver)
		x, err := tx.Taxi(taxi.ID)
		equal(t, "taxi", x, taxi)
		return err
	})
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownRider, func(tx dispatch.Tx) error {
		_, err := tx.Rider("x")
		return err
	})
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownDriver, func(tx dispatch.Tx) error {
		_, err := tx.Driver("x")
		return err
	})
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownTaxi, func(tx dispatch.Tx) error {
		_, err := tx.Taxi("x")
		return err
	})
}

func shifts(t *testing.T, open Open) {
	db := open(t)
	put := func(s dispatch.Shift) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.PutShift(s) }
	}
	read := func(driver dispatch.DriverID) (s dispatch.Shift, ok bool) {
		do(t, db, func(tx dispatch.Tx) (err error) {
			s, ok, err = tx.Shift(driver)
			return err
		})
		return s, ok
	}
	if _, ok := read("D1"); ok {
		t.Error("a shift that nobody began")
	}
	mine := filled[dispatch.Shift](0)
	mine.Team = "" // which is read with the shift, and not of it
	do(t, db, put(mine))
	got, _ := read(mine.Driver)
	equal(t, "begun", got, mine)
	changed := filled[dispatch.Shift](100)
	changed.Driver, changed.Team = mine.Driver, ""
	do(t, db, put(changed))
	got, _ = read(mine.Driver)
	equal(t, "changed", got, changed)

	do(t, db, func(tx dispatch.Tx) error { return tx.Answered(mine.Driver, after(900)) })
	changed.Silent, changed.ChangedAt = 0, after(900)
	got, _ = read(mine.Driver)
	equal(t, "answered", got, changed)
	do(t, db, func(tx dispatch.Tx) error { return tx.Answered(mine.Driver, after(901)) })
	got, _ = read(mine.Driver)
	equal(t, "answered again: nothing to change", got, changed)
	do(t, db, func(tx dispatch.Tx) error { return tx.Answered("nobody", after(901)) })

	// A taxi that is not given back has one driver.
	other := changed
	other.Driver = "another"
	for _, duty := range []dispatch.Duty{dispatch.OnDuty, dispatch.Paused} {
		changed.Duty = duty
		do(t, db, put(changed))
		refused(t, db, dispatch.Conflict, dispatch.ReasonTaxiTaken, put(other))
	}
	changed.Duty = dispatch.OffDuty
	do(t, db, put(changed))
	do(t, db, put(other))
	changed.Duty = dispatch.OnDuty
	refused(t, db, dispatch.Conflict, dispatch.ReasonTaxiTaken, put(changed))
}
