package store

import (
	"context"
	"slices"
	"time"

	"hexhail/dispatch"
	"hexhail/dispatch/voice"
)

// clipColumns are read by scanClip in this order; ride and voice stand in the query.
var clipColumns = columns{"ride.voice_format", "ride.voice_ms", "voice.clip"}

// isHeard are the rides whose driver may hear what the rider has said: who has booked it, and who
// is at it, until the drive is over.
const isHeard = `(state = 'booked' OR state = 'assigned' OR state = 'arrived' OR state = 'on_trip')`

var (
	insertVoice  = columns{"ride", "came_at", "clip"}.insert("voice")
	forgetVoices = &query{text: `DELETE FROM voice WHERE ride IN
		(SELECT ride FROM voice WHERE came_at < $1 ORDER BY came_at, ride LIMIT $2)`}

	// As in own.go each names the owner beside the row.
	riderVoice = clipColumns.selects(`voice JOIN ride ON ride.id = voice.ride
		WHERE voice.ride = $1 AND ride.rider = $2 AND ride.rider <> ''`)
	driverVoice = clipColumns.selects(`voice JOIN ride ON ride.id = voice.ride
		WHERE voice.ride = $1 AND $2 <> '' AND ((ride.driver = $2 AND ` + isHeard + `)
		OR EXISTS (SELECT 1 FROM offer WHERE offer.ride = $1 AND offer.driver = $2
			AND offer.state = 'open' AND offer.expires_at > $3))`)
	// A call is told to an area: of its drivers the rows know who is free and on duty in the city.
	callVoice = slices.Concat(callColumns.of("call"), shiftColumns.of("shift"),
		columns{shiftsTeam}, clipColumns).selects(`call JOIN shift ON shift.driver = $2
		JOIN voice ON voice.ride = call.ride JOIN ride ON ride.id = call.ride
		WHERE call.ride = $1 AND call.` + isOpenCall + ` AND call.expires_at > $3
		AND shift.duty = 'on' AND shift.city = call.city
		AND NOT EXISTS (SELECT 1 FROM ride AS other
			WHERE driver = $2 AND slot = 'current' AND ` + isActive + `)`)
	rideVoice = clipColumns.selects(`voice JOIN ride ON ride.id = voice.ride
		WHERE voice.ride = $1`)
)

func scanHead(r *reader) voice.Head {
	return voice.Head{
		Format: name(r, voice.ParseFormat),
		Length: time.Duration(r.integer()) * time.Millisecond,
	}
}

func scanClip(r *reader) dispatch.Clip {
	return dispatch.Clip{Head: scanHead(r), Bytes: r.blob()}
}

// InsertVoice implements [dispatch.Voices].
func (t *tx) InsertVoice(ride dispatch.RideID, clip []byte, at time.Time) error {
	_, err := t.exec(insertVoice, string(ride), millis(at), clip)
	return err
}

// ForgetVoices implements [dispatch.Voices].
func (t *tx) ForgetVoices(before time.Time, limit int) (int, error) {
	n, err := t.exec(forgetVoices, millis(before), limit)
	return int(n), err
}

// RiderVoice is the clip of a rider's ride. NotFound with ReasonUnknownVoice if the ride is not
// theirs or has none.
func (db *DB) RiderVoice(
	ctx context.Context, rider dispatch.RiderID, id dispatch.RideID,
) (dispatch.Clip, error) {
	c, ok, err := one(db.look(ctx), scanClip, riderVoice, string(id), string(rider))
	return c, heard(ok, err, id)
}

// DriverVoice is the clip of a ride that a driver has an open offer of, has booked or is at.
// NotFound with ReasonUnknownVoice for another, and for a ride without a clip.
func (db *DB) DriverVoice(
	ctx context.Context, driver dispatch.DriverID, id dispatch.RideID, now time.Time,
) (dispatch.Clip, error) {
	c, ok, err := one(db.look(ctx), scanClip, driverVoice, string(id), string(driver), millis(now))
	return c, heard(ok, err, id)
}

// CallVoice is the clip of a ride that is called out, with the call and the shift of a free driver
// whom it fits. Whether it reaches the driver's taxi is the caller's to find out: no row knows
// where that is. NotFound as of DriverVoice.
func (db *DB) CallVoice(
	ctx context.Context, driver dispatch.DriverID, id dispatch.RideID, now time.Time,
) (dispatch.Call, dispatch.Shift, dispatch.Clip, error) {
	var s dispatch.Shift
	var c dispatch.Clip
	scan := func(r *reader) dispatch.Call {
		call := scanCall(r)
		s, c = scanShift(r), scanClip(r)
		return call
	}
	call, ok, err := one(db.look(ctx), scan, callVoice, string(id), string(driver), millis(now))
	if err := heard(ok && call.Fits(s), err, id); err != nil {
		return dispatch.Call{}, dispatch.Shift{}, dispatch.Clip{}, err
	}
	return call, s, c, nil
}

// RideVoice is the clip of any ride. NotFound with ReasonUnknownVoice if it has none.
func (db *DB) RideVoice(ctx context.Context, id dispatch.RideID) (dispatch.Clip, error) {
	c, ok, err := one(db.look(ctx), scanClip, rideVoice, string(id))
	return c, heard(ok, err, id)
}

func heard(ok bool, err error, id dispatch.RideID) error {
	if err == nil && !ok {
		err = dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownVoice,
			"no clip of ride %s to hear", id)
	}
	return err
}
