package storetest

import (
	"math"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// drive is n fixes, one a second, along a line.
func drive(start time.Time, n int) []geo.Fix {
	fixes := make([]geo.Fix, n)
	for i := range fixes {
		fixes[i] = geo.Fix{
			Point:    geo.Point{Lat: 39.9 + 1.2345678e-4*float64(i), Lng: -116.4 - 1e-4*float64(i)},
			At:       start.Add(time.Duration(i)*time.Second + 999*time.Microsecond),
			SpeedMPS: 12.34, HeadingDeg: 359.99, AccuracyM: 5.5,
		}
	}
	return fixes
}

func traces(t *testing.T, open Open) {
	db := open(t)
	const ride = dispatch.RideID("r")
	got, err := db.Trace(t.Context(), ride)
	check(t, err)
	equal(t, "none yet", len(got), 0)

	all := drive(noon, 600)
	check(t, db.AppendTrace(t.Context(), ride, nil))
	check(t, db.AppendTrace(t.Context(), ride, all[:256]))
	// Two nodes, after a session has moved: the later batch is older.
	check(t, db.AppendTrace(t.Context(), ride, all[400:]))
	check(t, db.AppendTrace(t.Context(), ride, all[256:400]))
	check(t, db.AppendTraces(t.Context(), []dispatch.TraceBatch{
		{Ride: "another", Fixes: all[:1]}, {Ride: "none"}, {Ride: "third", Fixes: all[:256]},
	}))
	// One batch that cannot be, and nothing of the call is kept.
	wantError(t, db.AppendTraces(t.Context(), []dispatch.TraceBatch{
		{Ride: "another", Fixes: all[1:2]}, {Ride: "third", Fixes: drive(noon, 257)},
	}), dispatch.Invalid, dispatch.ReasonField)

	got, err = db.Trace(t.Context(), ride)
	check(t, err)
	equal(t, "fixes", len(got), len(all))
	for i, want := range all {
		far := geo.DistanceM(got[i].Point, want.Point)
		switch {
		case far > 0.01:
			t.Fatalf("fix %d is %v m away", i, far)
		case !got[i].At.Equal(want.At.Truncate(time.Millisecond)):
			t.Fatalf("fix %d is at %v, not %v", i, got[i].At, want.At)
		case math.Abs(float64(got[i].SpeedMPS-want.SpeedMPS)) > 0.00501,
			math.Abs(float64(got[i].HeadingDeg-want.HeadingDeg)) > 0.00501,
			math.Abs(float64(got[i].AccuracyM-want.AccuracyM)) > 0.00501:
			t.Fatalf("fix %d is %+v, not %+v", i, got[i], want)
		}
	}
	wrongWay := []geo.Fix{all[1], all[0]}
	offEarth := drive(noon, 1)
	offEarth[0].Lat = 91
	wantError(t, db.AppendTrace(t.Context(), ride, drive(noon, 257)),
		dispatch.Invalid, dispatch.ReasonField)
	wantError(t, db.AppendTrace(t.Context(), ride, wrongWay),
		dispatch.Invalid, dispatch.ReasonField)
	wantError(t, db.AppendTrace(t.Context(), ride, offEarth), dispatch.Invalid, dispatch.ReasonFix)
}

// lives notes when cities' engines were last at work.
func lives(t *testing.T, open Open) {
	db := open(t)
	at := func(city dispatch.CityID) (at time.Time) {
		do(t, db, func(tx dispatch.Tx) (err error) {
			at, err = tx.AliveAt(city)
			return err
		})
		return at
	}
	equal(t, "before any engine", at(city), time.Time{})
	for _, c := range []dispatch.CityID{city, "chengdu"} {
		_, err := db.TakeCity(t.Context(), c)
		check(t, err)
	}
	mark := func(now time.Time) {
		do(t, db, func(tx dispatch.Tx) error { return tx.MarkAlive(city, now) })
	}
	equal(t, "taken", at(city), time.Time{})
	mark(noon.Add(time.Second))
	mark(noon)
	equal(t, "the latest", at(city), noon.Add(time.Second))
	equal(t, "another city", at("chengdu"), time.Time{})
	_, err := db.TakeCity(t.Context(), city)
	check(t, err)
	equal(t, "taken again", at(city), noon.Add(time.Second))
	ride := searching("a ride of the city")
	do(t, db, func(tx dispatch.Tx) error { return tx.InsertRide(ride) })
	record, err := db.RideRecord(t.Context(), ride.ID)
	check(t, err)
	equal(t, "beside a ride", record.EngineAt, noon.Add(time.Second))
}

func fences(t *testing.T, open Open) {
	lives(t, open)
	db := open(t)
	write := func(f dispatch.Fence, id dispatch.RideID) error {
		return db.FencedTx(t.Context(), f, func(tx dispatch.Tx) error {
			return tx.InsertRide(searching(id))
		})
	}
	wantError(t, write(dispatch.Fence{City: city, Number: 1}, "nobody's"),
		dispatch.Conflict, dispatch.ReasonFenced)
	first, err := db.TakeCity(t.Context(), city)
	check(t, err)
	elsewhere, err := db.TakeCity(t.Context(), "chengdu")
	check(t, err)
	check(t, write(first, "first's"))
	second, err := db.TakeCity(t.Context(), city)
	check(t, err)
	if second.Number <= first.Number {
		t.Errorf("fence %d after %d", second.Number, first.Number)
	}
	wantError(t, write(first, "late"), dispatch.Conflict, dispatch.ReasonFenced)
	wantError(t, write(dispatch.Fence{City: city, Number: second.Number + 1}, "forged"),
		dispatch.Conflict, dispatch.ReasonFenced)
	check(t, write(second, "second's"))
	check(t, write(elsewhere, "other city's"))
	do(t, db, func(tx dispatch.Tx) error {
		n, err := tx.Searching(city)
		equal(t, "written", n, 3)
		return err
	})
}
