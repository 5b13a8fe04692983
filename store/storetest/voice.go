package storetest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/dispatch/voice"
)

// saidIn is the clip of a ride, whose bytes no other ride has. The store keeps what it is given:
// that it is sound is found before.
func saidIn(r dispatch.Ride) dispatch.Clip {
	return dispatch.Clip{Head: r.Voice, Bytes: []byte("said in " + r.ID + "\x00\xff")}
}

// spoken is a ride with a clip that came at a time.
func spoken(t testing.TB, db Database, r dispatch.Ride, at time.Time) dispatch.Ride {
	t.Helper()
	r.Voice = voice.Head{Format: voice.Opus, Length: 12345 * time.Millisecond}
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.InsertRide(r))
		return tx.InsertVoice(r.ID, saidIn(r).Bytes, at)
	})
	return r
}

// voices writes, refuses and drops clips.
func voices(t *testing.T, open Open) {
	db := open(t)
	largest := searching("largest")
	insertRides(t, db, largest)
	insert := func(ride dispatch.RideID, clip []byte) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertVoice(ride, clip, after(9)) }
	}
	big := bytes.Repeat([]byte{0, 1, 0xff}, voice.MaxBytes/3+1)[:voice.MaxBytes]
	for name, fn := range map[string]func(dispatch.Tx) error{
		"of no ride": insert("nobody's", []byte("x")), "empty": insert("largest", []byte{}),
		"too large": insert("largest", append(big, 0)),
	} {
		if err := db.Tx(t.Context(), fn); err == nil {
			t.Errorf("a clip was kept: %s", name)
		}
	}
	do(t, db, insert("largest", big))
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, insert("largest", []byte("x")))
	got, err := db.RideVoice(t.Context(), "largest")
	check(t, err)
	equal(t, "the largest", got, dispatch.Clip{Bytes: big})
	_, err = db.RideVoice(t.Context(), "nobody's")
	wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownVoice)

	rides := []dispatch.Ride{largest}
	for i := range 4 {
		r := searching(dispatch.RideID(fmt.Sprint("ride", i)))
		rides = append(rides, spoken(t, db, r, after(float64(3-i))))
	}
	forget := func(seconds float64, limit int) (n int) {
		do(t, db, func(tx dispatch.Tx) (err error) {
			n, err = tx.ForgetVoices(after(seconds), limit)
			return err
		})
		return n
	}
	equal(t, "forgotten at most", forget(3, 2), 2) // the two oldest, 3 and 2
	equal(t, "left", heardOf(t, db, rides), []dispatch.RideID{"largest", "ride0", "ride1"})
	equal(t, "forgotten before", forget(3, 9), 1)
	equal(t, "forgotten again", forget(3, 9), 0)
	equal(t, "left", heardOf(t, db, rides), []dispatch.RideID{"largest", "ride0"})
	check(t, db.SQL(t.Context(), `DELETE FROM ride WHERE id = 'ride0'`))
	equal(t, "left", heardOf(t, db, rides), []dispatch.RideID{"largest"})
}

// heardOf are the rides that have a clip, among some.
func heardOf(t testing.TB, db Database, rides []dispatch.Ride) (ids []dispatch.RideID) {
	t.Helper()
	for _, r := range rides {
		if _, err := db.RideVoice(t.Context(), r.ID); err == nil {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// voicesOfOffers: an offer is heard while it is open and has not expired.
func voicesOfOffers(t *testing.T, open Open) {
	db := open(t)
	r := spoken(t, db, searching("R"), noon)
	o := offered("o", r.ID, "D1")
	equal(t, "offer made", makeOffer(t, db, o), true)
	hear := func(driver dispatch.DriverID, seconds float64) bool {
		got, err := db.DriverVoice(t.Context(), driver, r.ID, after(seconds))
		if err != nil {
			wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownVoice)
			return false
		}
		equal(t, "clip", got, saidIn(r))
		return true
	}
	equal(t, "open", hear("D1", 14.999), true)
	equal(t, "expired", hear("D1", 15), false)
	equal(t, "another's", hear("D2", 1), false)
	equal(t, "nobody's", hear("", 1), false)
	do(t, db, func(tx dispatch.Tx) error {
		_, err := tx.CloseOffer(o.ID, dispatch.OfferDeclined, after(2))
		return err
	})
	equal(t, "declined", hear("D1", 2), false)
	for _, state := range []dispatch.State{
		dispatch.Assigned, dispatch.Arrived, dispatch.OnTrip, dispatch.Completed,
	} {
		r = next(assigned(r, "D1"), state, after(3))
		do(t, db, func(tx dispatch.Tx) error { return tx.UpdateRide(r) })
		equal(t, state.String(), hear("D1", 3), state != dispatch.Completed)
		equal(t, state.String()+", another", hear("D2", 3), false)
	}
}

// voicesOfCalls: a call is heard by free drivers on duty whom it fits, while it is open.
func voicesOfCalls(t *testing.T, open Open) {
	db := open(t)
	r := spoken(t, db, searching("R"), noon)
	call := callFor("c", r.ID)
	call.Seats, call.Except = 4, []dispatch.DriverID{"declined"}
	shift := func(driver dispatch.DriverID, change func(*dispatch.Shift)) {
		s := dispatch.Shift{
			Driver: driver, Taxi: dispatch.TaxiID("taxi of " + driver), City: city, Seats: 4,
			Duty: dispatch.OnDuty, ChangedAt: noon,
		}
		change(&s)
		do(t, db, func(tx dispatch.Tx) error { return tx.PutShift(s) })
	}
	shift("free", func(*dispatch.Shift) {})
	shift("busy", func(*dispatch.Shift) {})
	shift("declined", func(*dispatch.Shift) {})
	shift("off", func(s *dispatch.Shift) { s.Duty = dispatch.OffDuty })
	shift("paused", func(s *dispatch.Shift) { s.Duty = dispatch.Paused })
	shift("away", func(s *dispatch.Shift) { s.City = "chengdu" })
	shift("small", func(s *dispatch.Shift) { s.Seats = 3 })
	insertRides(t, db, assigned(searching("busy's"), "busy"))
	hear := func(driver dispatch.DriverID, seconds float64) bool {
		c, s, got, err := db.CallVoice(t.Context(), driver, r.ID, after(seconds))
		if err != nil {
			wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownVoice)
			return false
		}
		equal(t, "clip", got, saidIn(r))
		equal(t, "call", c, call)
		equal(t, "shift", s.Driver, driver)
		return true
	}
	equal(t, "before the call", hear("free", 1), false)
	do(t, db, func(tx dispatch.Tx) error {
		made, err := tx.InsertCall(call)
		equal(t, "call made", made, true)
		return err
	})
	for _, driver := range []dispatch.DriverID{
		"free", "busy", "declined", "off", "paused", "away", "small", "nobody", "",
	} {
		equal(t, string(driver), hear(driver, 1), driver == "free")
		_, err := db.DriverVoice(t.Context(), driver, r.ID, after(1))
		wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownVoice)
	}
	expires := call.ExpiresAt.Sub(noon).Seconds()
	equal(t, "expired", hear("free", expires), false)
	do(t, db, func(tx dispatch.Tx) error {
		_, err := tx.CloseCall(call.ID, dispatch.CallWithdrawn, after(1))
		return err
	})
	equal(t, "withdrawn", hear("free", 1), false)
}

// voiceMutants are reads of clips without the owner in their condition.
func voiceMutants(db Database) map[string]func(*ownRows) {
	return map[string]func(*ownRows){
		"RiderVoice": func(rows *ownRows) {
			rows.riderVoice = func(
				ctx context.Context, _ dispatch.RiderID, id dispatch.RideID,
			) (dispatch.Clip, error) {
				return db.RideVoice(ctx, id)
			}
		},
		"DriverVoice": func(rows *ownRows) {
			rows.driverVoice = func(
				ctx context.Context, _ dispatch.DriverID, id dispatch.RideID, _ time.Time,
			) (dispatch.Clip, error) {
				return db.RideVoice(ctx, id)
			}
		},
		"PastDriverVoice": func(rows *ownRows) { // who has driven it may hear it for ever
			rows.driverVoice = func(
				ctx context.Context, driver dispatch.DriverID, id dispatch.RideID, now time.Time,
			) (dispatch.Clip, error) {
				if r, err := db.DriverRide(ctx, driver, id); err == nil {
					return db.RideVoice(ctx, r.ID)
				}
				return db.DriverVoice(ctx, driver, id, now)
			}
		},
		"FormerDriverVoice": func(rows *ownRows) { // whoever was asked once may hear it
			rows.driverVoice = func(
				ctx context.Context, driver dispatch.DriverID, id dispatch.RideID, now time.Time,
			) (dispatch.Clip, error) {
				if driver == formerDriver || driver == declinedDriver {
					o, _, err := offerToAnybody(ctx, db, dispatch.OfferID("offer to "+driver))
					if err == nil && o.Ride == id {
						return db.RideVoice(ctx, id)
					}
				}
				return db.DriverVoice(ctx, driver, id, now)
			}
		},
	}
}
