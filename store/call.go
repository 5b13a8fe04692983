package store

import (
	"context"
	"encoding/json"
	"time"

	"hexhail/dispatch"
)

// callColumns are written by callArgs and read by scanCall in this order.
var callColumns = columns{
	"id", "city", "ride", "search", "state", "round", "pickup_lat", "pickup_lng", "radius_m",
	"seats", "class", "tags", "taxis", "except_drivers", "driver",
	"made_at", "expires_at", "decide_at", "changed_at",
}

// grabColumns are written by AddGrab and read by scanGrab in this order.
var grabColumns = columns{"call", "driver", "taxi", "pickup_m", "at"}

const isOpenCall = `state = 'open'`

var (
	endRidesCall = &query{text: `UPDATE call SET state = 'expired', changed_at = $2
		WHERE ` + isOpenCall + ` AND expires_at <= $2 AND ride = $1`}

	// The index refuses a second open call of the ride, whoever is faster; the conditions refuse
	// one for a ride that has ended its search or is one driver's alone for the moment.
	insertCall = &query{text: `INSERT INTO call (` + callColumns.String() + `)
		SELECT ` + callColumns.placeholders() + `
		WHERE EXISTS (SELECT 1 FROM ride WHERE id = $3 AND search = $4 AND ` + isSearching + `)
		AND NOT EXISTS (SELECT 1 FROM offer WHERE ride = $3 AND state = 'open')
		ON CONFLICT DO NOTHING`}

	grabCall = &query{text: `UPDATE call SET state = 'grabbed', driver = $2, changed_at = $3
		WHERE id = $1 AND ` + isOpenCall + ` AND expires_at > $3
		RETURNING ` + callColumns.String()}
	markGrabbed = &query{text: `UPDATE call
		SET decide_at = CASE WHEN decide_at = 0 THEN $2 ELSE decide_at END, changed_at = $3
		WHERE id = $1 AND ` + isOpenCall + ` AND expires_at > $3
		AND (decide_at = 0 OR decide_at > $3)
		RETURNING ` + callColumns.String()}
	addGrab = &query{text: `INSERT INTO grab (` + grabColumns.String() + `)
		VALUES (` + grabColumns.placeholders() + `) ON CONFLICT DO NOTHING`}
	callsGrabs = grabColumns.selects(`grab WHERE call = $1 ORDER BY pickup_m, at, driver`)
	closeCall  = &query{text: `UPDATE call SET state = $2, changed_at = $3
		WHERE id = $1 AND ` + isOpenCall}
	callByID = callColumns.selects(`call WHERE id = $1`)

	ridesCalls = callColumns.selects(`call WHERE ride = $1 AND ` + isOpenCall + ` LIMIT $2`)
	cityCalls  = callColumns.selects(`call WHERE city = $1 AND ` + isOpenCall +
		` ORDER BY id LIMIT $2`)
	openCallByID = callColumns.selects(`call WHERE id = $1 AND ` + isOpenCall + ` LIMIT $2`)
	expiredCalls = callColumns.selects(`call WHERE city = $1 AND expires_at <= $2
		AND decide_at = 0 AND ` + isOpenCall + ` ORDER BY id LIMIT $3`)
	changedCalls = callColumns.selects(`call` + changedSince + `id`)
	// Those from which an engine goes on, as endedOffers.
	searchersCalls = callColumns.selects(`call` + inCity + `(state = 'open' OR state = 'expired')
		AND changed_at >= (SELECT coalesce(min(` + searchedSince + `), 9223372036854775807)
			FROM ride WHERE city || '' = $1 AND ` + isSearching + `)
		AND EXISTS (SELECT 1 FROM ride WHERE ride.id = call.ride
			AND ride.search = call.search AND ride.` + isSearching + `)
		ORDER BY id`)

	openCall = append(callColumns.of("call"), rideColumns.of("ride")...).selects(
		`call JOIN ride ON ride.id = call.ride WHERE call.id = $1 AND call.` + isOpenCall)
)

func callArgs(args []any, c dispatch.Call) ([]any, error) {
	except, err := json.Marshal(c.Except)
	if err != nil {
		return nil, internal("a call's drivers", err)
	}
	return append(args, string(c.ID), string(c.City), string(c.Ride), c.Search, c.State.String(),
		c.Round, c.Pickup.Lat, c.Pickup.Lng, c.RadiusM, c.Seats,
		string(c.Wants.Class), string(c.Wants.Tags), c.Taxis, string(except),
		string(c.Driver), millis(c.MadeAt), millis(c.ExpiresAt), millis(c.DecideAt),
		millis(c.ChangedAt)), nil
}

func scanCall(r *reader) dispatch.Call {
	c := dispatch.Call{
		ID: dispatch.CallID(r.text()), City: dispatch.CityID(r.text()),
		Ride: dispatch.RideID(r.text()), Search: r.int(),
		State: name(r, dispatch.ParseCallState), Round: r.int(), Pickup: r.point(),
		RadiusM: r.int(), Seats: r.int(), Wants: r.vehicle(), Taxis: r.int(),
	}
	if err := json.Unmarshal([]byte(r.text()), &c.Except); err != nil && r.err == nil {
		r.err = internal("a call's drivers", err)
	}
	c.Driver = dispatch.DriverID(r.text())
	c.MadeAt, c.ExpiresAt, c.DecideAt, c.ChangedAt = r.time(), r.time(), r.time(), r.time()
	return c
}

// InsertCall takes the time of its making as now: a call of the ride that has expired by then is
// ended first.
func (t *tx) InsertCall(c dispatch.Call) (made bool, err error) {
	if c.State != dispatch.CallOpen {
		return false, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"call %s: a new call is open, not %s", c.ID, c.State)
	}
	if _, err := t.exec(endRidesCall, string(c.Ride), millis(c.MadeAt)); err != nil {
		return false, err
	}
	if t.args, err = callArgs(t.args[:0], c); err != nil {
		return false, err
	}
	changed, err := t.exec(insertCall, t.args...)
	return changed == 1, err
}

// GrabCall implements [dispatch.Calls].
func (t *tx) GrabCall(
	id dispatch.CallID, driver dispatch.DriverID, now time.Time,
) (dispatch.Call, error) {
	t.at(PauseAccept)
	c, ok, err := one(t, scanCall, grabCall, string(id), string(driver), millis(now))
	if err != nil || ok {
		return c, err
	}
	return dispatch.Call{}, t.notGrabbed(id, driver)
}

// AddGrab implements [dispatch.Grabs].
func (t *tx) AddGrab(g dispatch.KeptGrab, decideAt time.Time) (dispatch.Call, error) {
	c, ok, err := one(t, scanCall, markGrabbed, string(g.Call), millis(decideAt), millis(g.At))
	if err == nil && !ok {
		err = t.notGrabbed(g.Call, g.Driver)
	}
	if err == nil {
		_, err = t.exec(addGrab, string(g.Call), string(g.Driver), string(g.Taxi), g.PickupM,
			millis(g.At))
	}
	return c, err
}

// GrabsOf implements [dispatch.Grabs].
func (t *tx) GrabsOf(id dispatch.CallID) ([]dispatch.KeptGrab, error) {
	return all(t, func(r *reader) dispatch.KeptGrab {
		return dispatch.KeptGrab{
			Call: dispatch.CallID(r.text()), Driver: dispatch.DriverID(r.text()),
			Taxi: dispatch.TaxiID(r.text()), PickupM: r.int(), At: r.time(),
		}
	}, callsGrabs, string(id))
}

// notGrabbed is why a call could not be grabbed.
func (t *tx) notGrabbed(id dispatch.CallID, driver dispatch.DriverID) error {
	stored, ok, err := one(t, scanCall, callByID, string(id))
	switch {
	case err != nil:
		return err
	case !ok:
		return dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownCall,
			"no call %s for driver %s", id, driver)
	case stored.State == dispatch.CallOpen && !stored.DecideAt.IsZero():
		return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonCallGone,
			"call %s is being decided", id)
	case stored.State == dispatch.CallOpen || stored.State == dispatch.CallExpired:
		return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonCallExpired,
			"call %s expired at %s", id, stored.ExpiresAt.Format(time.RFC3339Nano))
	default:
		return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonCallGone,
			"call %s is %s", id, stored.State)
	}
}

// CloseCall implements [dispatch.Calls].
func (t *tx) CloseCall(
	id dispatch.CallID, to dispatch.CallState, now time.Time,
) (closed bool, err error) {
	changed, err := t.exec(closeCall, string(id), to.String(), millis(now))
	return changed == 1, err
}

// defaultCalls is the limit of a CallQuery that names none: one for each ride that may search.
const defaultCalls = 20_000

// OpenCalls implements [dispatch.Calls].
func (t *tx) OpenCalls(q dispatch.CallQuery) ([]dispatch.Call, error) {
	limit := q.Limit
	if limit == 0 {
		limit = defaultCalls
	}
	switch {
	case q.ID != "":
		return all(t, scanCall, openCallByID, string(q.ID), limit)
	case q.Ride != "":
		return all(t, scanCall, ridesCalls, string(q.Ride), limit)
	case q.ExpiredBy.IsZero():
		return all(t, scanCall, cityCalls, string(q.City), limit)
	default:
		return all(t, scanCall, expiredCalls, string(q.City), millis(q.ExpiredBy), limit)
	}
}

// ChangedCalls implements [dispatch.Changes].
func (t *tx) ChangedCalls(city dispatch.CityID, since time.Time) ([]dispatch.Call, error) {
	return all(t, scanCall, changedCalls, string(city), millis(since))
}

// OpenCall is an open call with its ride, for the phones that it reaches. NotFound with
// ReasonUnknownCall if it is not open, or not any more.
func (db *DB) OpenCall(
	ctx context.Context, id dispatch.CallID,
) (dispatch.Call, dispatch.Ride, error) {
	var r dispatch.Ride
	scan := func(row *reader) dispatch.Call {
		c := scanCall(row)
		r = scanRide(row)
		return c
	}
	c, ok, err := one(db.look(ctx), scan, openCall, string(id))
	if err == nil && !ok {
		err = dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownCall, "no open call %s", id)
	}
	return c, r, err
}
