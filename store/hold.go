package store

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// holdColumns are written by InsertHold and read by scanHold in this order.
var holdColumns = columns{
	"ride", "city", "rider", "driver", "score", "findings", "state", "made_at", "due_at",
	"appeal", "appealed_at", "decided_by", "note", "decided_at",
}

// maxTogether is how many rides of two people are evidence.
const maxTogether = 100

var (
	insertHold = &query{text: holdColumns.insert("subsidy_hold").text + ` ON CONFLICT DO NOTHING`}
	updateHold = &query{text: `UPDATE subsidy_hold SET state = $2, due_at = $3, appeal = $4,
		appealed_at = $5, decided_by = $6, note = $7, decided_at = $8
		WHERE ride = $1 AND state = $9`}
	holdOf   = holdColumns.selects(`subsidy_hold WHERE ride = $1`)
	dueHolds = &query{
		text: holdColumns.selects(`subsidy_hold WHERE due_at > 0 AND due_at <= $1
			ORDER BY due_at, ride LIMIT $2`).text,
		lock: `FOR UPDATE SKIP LOCKED`,
	}
	openHolds   = pagesOf(holdColumns, `subsidy_hold WHERE city = $1 AND due_at > 0`, 1, "ride", "")
	driverHolds = pagesOf(holdColumns,
		`subsidy_hold WHERE driver = $1 AND driver <> ''`, 1, "ride", " DESC")
	// A rider's rides are few; by their ids those of the last days are fewer.
	riddenTogether = columns{
		"completed_at", "dropoff_lat", "dropoff_lng",
		"CASE WHEN subsidy_reason = 'granted' OR " + isRepaired + " THEN 1 ELSE 0 END", "id",
	}.selects(`ride WHERE rider = $1 AND rider <> '' AND id >= $4 AND driver || '' = $2
		AND completed_at >= $3 AND completed_at > 0 ORDER BY completed_at DESC LIMIT $5`)
)

var briefRides = &query{text: `SELECT count(*) FROM ride WHERE driver = $1 AND driver <> ''
	AND completed_at > 0 AND completed_at >= $2 AND completed_at < $3
	AND completed_at - started_at < $4 AND driven_m < $5 AND rider <> ''`}

var accountsOf = &query{text: `SELECT DISTINCT rider FROM ride
	WHERE device = $1 AND device <> '' AND completed_at >= $3 AND completed_at < $4
	AND completed_at > 0 AND rider <> $2 AND rider <> ''
	AND (subsidy_reason = 'granted' OR ` + isRepaired + `) LIMIT $5`}

func scanHold(r *reader) dispatch.Hold {
	h := dispatch.Hold{
		Ride: dispatch.RideID(r.text()), City: dispatch.CityID(r.text()),
		Rider: dispatch.RiderID(r.text()), Driver: dispatch.DriverID(r.text()), Score: r.int(),
	}
	r.json("findings", &h.Findings)
	h.State, h.MadeAt, h.DueAt = name(r, dispatch.ParseHoldState), r.time(), r.time()
	h.Appeal, h.AppealedAt = r.text(), r.time()
	h.DecidedBy, h.Note, h.DecidedAt = r.text(), r.text(), r.time()
	return h
}

// InsertHold implements [dispatch.Holds].
func (t *tx) InsertHold(h dispatch.Hold) error {
	findings, err := jsonText("findings", h.Findings)
	if err != nil {
		return err
	}
	_, err = t.exec(insertHold, string(h.Ride), string(h.City), string(h.Rider),
		string(h.Driver), h.Score, findings, h.State.String(), millis(h.MadeAt), millis(h.DueAt),
		h.Appeal, millis(h.AppealedAt), h.DecidedBy, h.Note, millis(h.DecidedAt))
	return err
}

// UpdateHold implements [dispatch.Holds].
func (t *tx) UpdateHold(h dispatch.Hold, was dispatch.HoldState) error {
	changed, err := t.exec(updateHold, string(h.Ride), h.State.String(), millis(h.DueAt),
		h.Appeal, millis(h.AppealedAt), h.DecidedBy, h.Note, millis(h.DecidedAt), was.String())
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"the hold of ride %s is not %s any more", h.Ride, was)
}

// Hold implements [dispatch.Holds].
func (t *tx) Hold(ride dispatch.RideID) (dispatch.Hold, error) {
	h, ok, err := one(t, scanHold, holdOf, string(ride))
	if err != nil || ok {
		return h, err
	}
	return dispatch.Hold{}, dispatch.Errorf(dispatch.NotFound, dispatch.ReasonUnknownHold,
		"no subsidy of ride %s is held", ride)
}

// DueHolds implements [dispatch.Holds].
func (t *tx) DueHolds(now time.Time, limit int) ([]dispatch.Hold, error) {
	return all(t, scanHold, dueHolds, millis(now), limit)
}

// RiddenTogether implements [dispatch.PairRides].
func (t *tx) RiddenTogether(
	rider dispatch.RiderID, driver dispatch.DriverID, since time.Time,
) ([]dispatch.PairRide, error) {
	scan := func(r *reader) dispatch.PairRide {
		return dispatch.PairRide{
			CompletedAt: r.time(), Dropoff: geo.Point{Lat: r.float(), Lng: r.float()},
			Subsidised: r.int() == 1, Ride: dispatch.RideID(r.text()),
		}
	}
	return all(t, scan, riddenTogether, string(rider), string(driver), millis(since),
		dispatch.MadeAt(since.Add(-dispatch.LongestRide)), maxTogether)
}

// BriefRides implements [dispatch.PairRides].
func (t *tx) BriefRides(
	driver dispatch.DriverID, from, to time.Time, took time.Duration, metres int,
) (n int, err error) {
	err = t.each(briefRides,
		[]any{string(driver), millis(from), millis(to), took.Milliseconds(), metres},
		func(r *reader) { n = r.int() })
	return n, err
}

// AccountsOf implements [dispatch.PairRides].
func (t *tx) AccountsOf(
	device string, but dispatch.RiderID, from, to time.Time,
) ([]dispatch.RiderID, error) {
	return all(t, func(r *reader) dispatch.RiderID { return dispatch.RiderID(r.text()) },
		accountsOf, device, string(but), millis(from), millis(to), maxTogether)
}

// OpenHolds are the held subsidies of a city that nobody has decided on, by ride. Invalid for a
// page out of its limits.
func (db *DB) OpenHolds(
	ctx context.Context, city dispatch.CityID, p dispatch.Page,
) ([]dispatch.Hold, error) {
	return page(db.look(ctx), scanHold, openHolds, p, string(city))
}

// DriverHolds are those of a driver, decided ones too, the latest first. Invalid for a page out of
// its limits.
func (db *DB) DriverHolds(
	ctx context.Context, driver dispatch.DriverID, p dispatch.Page,
) ([]dispatch.Hold, error) {
	return page(db.look(ctx), scanHold, driverHolds, p, string(driver))
}
