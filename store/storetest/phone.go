package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// phones: what a phone has told of a drive is one row, that is written again until the drive is
// over, and has no place from then on.
func phones(t *testing.T, open Open) {
	db := open(t)
	r := assigned(searching("R"), "D")
	insertRides(t, db, r)
	told := filled[dispatch.Whereabouts](0)
	told.Ride, told.Measured = r.ID, false
	put := func(w dispatch.Whereabouts) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.PutWhereabouts(w) }
	}
	is := func(what string, want dispatch.Whereabouts) {
		t.Helper()
		do(t, db, func(tx dispatch.Tx) error {
			got, err := tx.Whereabouts(r.ID)
			equal(t, what, got, want)
			return err
		})
	}
	is("nothing told", dispatch.Whereabouts{})
	do(t, db, put(told))
	is("told", told)
	again := told
	again.Last.At, again.Last.Place = told.Last.At.Add(time.Minute), geo.Point{Lat: 1, Lng: 2}
	do(t, db, put(again))
	is("told again", again)
	over := again
	over.Measured = true
	refused(t, db, dispatch.Internal, dispatch.ReasonStore, put(over)) // with its places
	over.First.Place, over.Last.Place = geo.Point{}, geo.Point{}
	over.First.AwayM, over.Last.AwayM = dispatch.AwayUnknown, 1234
	do(t, db, put(over))
	is("over", over)
	do(t, db, put(again))
	is("told when it was over", over)
	for name, spoil := range map[string]func(*dispatch.Whereabouts){
		"of no ride":      func(w *dispatch.Whereabouts) { w.Ride = "nobody's" },
		"at no time":      func(w *dispatch.Whereabouts) { w.First.At = time.Time{} },
		"last, and first": func(w *dispatch.Whereabouts) { w.Last.At = w.First.At.Add(-1e6) },
	} {
		other := assigned(searching(dispatch.RideID(name)), dispatch.DriverID(name))
		insertRides(t, db, other)
		bad := told
		bad.Ride = other.ID
		spoil(&bad)
		if err := db.Tx(t.Context(), put(bad)); err == nil {
			t.Errorf("kept: %s", name)
		}
	}
}

// The load of promisePhone: drives that end while their riders' phones tell, and how often each
// does.
const (
	phoneRides   = 24
	phoneTells   = 8
	phoneWorkers = 8
)

// promisePhone: nobody's place is kept when the drive is over, whenever the phone has told it.
func promisePhone(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		kept(t, func() error {
			db := open(t)
			return tellAndEnd(t, db, db)
		})
	})
	t.Run("MutantEndlessDrives", func(t *testing.T) {
		db := open(t)
		spoil := func(tx dispatch.Tx) dispatch.Tx { return endless{tx} }
		caught(t, tellAndEnd(t, db, spoilt{db, spoil}))
	})
	t.Run("MutantMeasuresNothing", func(t *testing.T) {
		db := open(t)
		spoil := func(tx dispatch.Tx) dispatch.Tx { return dull{tx} }
		caught(t, tellAndEnd(t, db, spoilt{db, spoil}))
	})
}

// spoilt is a store whose transactions are spoilt.
type spoilt struct {
	Database
	spoil func(dispatch.Tx) dispatch.Tx
}

// Tx implements [dispatch.Store].
func (s spoilt) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Database.Tx(ctx, func(tx dispatch.Tx) error { return fn(s.spoil(tx)) })
}

// endless has everybody on board for ever.
type endless struct{ dispatch.Tx }

// LockRide implements [dispatch.Rides].
func (e endless) LockRide(id dispatch.RideID) (dispatch.Ride, error) {
	r, err := e.Tx.LockRide(id)
	r.State = dispatch.OnTrip
	return r, err
}

// dull does not hear that a drive is over.
type dull struct{ dispatch.Tx }

// PutWhereabouts implements [dispatch.Phones].
func (d dull) PutWhereabouts(w dispatch.Whereabouts) error {
	if w.Measured {
		return nil
	}
	return d.Tx.PutWhereabouts(w)
}

// tellAndEnd ends drives while phones tell; that of the first ride tells nothing before. It says
// whose place is kept.
func tellAndEnd(t *testing.T, db Database, on dispatch.Store) error {
	t.Helper()
	desk := NewDesk(t, db)
	desk.Store = on
	var taken, late atomic.Int64
	tell := func(r dispatch.Ride, n int) {
		at := after(float64(n) * 25)
		_, err := desk.SharePosition(t.Context(), at, dispatch.SharePosition{
			Ride: r.ID, Rider: r.Rider,
			Fix: geo.Fix{Point: geo.Point{Lat: 39.9, Lng: 116.4}, At: at},
		})
		switch {
		case err == nil:
			taken.Add(1)
		case dispatch.ReasonOf(err) == dispatch.ReasonStep:
			late.Add(1)
		case dispatch.ReasonOf(err) == dispatch.ReasonFix: // a mutant's, who has moved it
		default:
			t.Error(err)
		}
	}
	rides := onBoard(t, db)
	each(phoneWorkers, phoneRides*(phoneTells+1), func(i int) {
		r, n := rides[i/(phoneTells+1)], i%(phoneTells+1)
		switch {
		case n == phoneTells/2:
			_, err := desk.Complete(t.Context(), after(300),
				dispatch.Once{Identity: "driver", RequestID: fmt.Sprint("end ", r.ID)},
				dispatch.CompleteRide{Ride: r.ID, Driver: r.Driver, Meter: 13_00})
			if err != nil {
				t.Error(err)
			}
		case r.ID != rides[0].ID:
			tell(r, n)
		}
	})
	tell(rides[0], phoneTells)
	for _, r := range rides {
		var w dispatch.Whereabouts
		do(t, db, func(tx dispatch.Tx) (err error) {
			w, err = tx.Whereabouts(r.ID)
			return err
		})
		if w.First.Place != (geo.Point{}) || w.Last.Place != (geo.Point{}) {
			return fmt.Errorf("ride %s is over, and its rider's phone was at %+v", r.ID, w)
		}
	}
	if taken.Load() < phoneRides/2 || late.Load() < phoneRides/2 {
		return fmt.Errorf("%d positions taken, %d late: %w", taken.Load(), late.Load(), errTooFew)
	}
	return nil
}

// onBoard are rides that are being driven.
func onBoard(t *testing.T, db Database) []dispatch.Ride {
	t.Helper()
	rides := make([]dispatch.Ride, phoneRides)
	for i := range rides {
		driver := dispatch.DriverID(fmt.Sprint("driver", i))
		r := assigned(searching(dispatch.RideID(fmt.Sprint("ride", i))), driver)
		r.State, r.ArrivedAt, r.StartedAt = dispatch.OnTrip, noon, noon
		insertRides(t, db, r)
		rides[i] = r
	}
	return rides
}
