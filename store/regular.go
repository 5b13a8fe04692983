package store

import (
	"context"

	"hexhail/dispatch"
)

// regularColumns are written by PutRegular and read by scanRegular in this order.
var regularColumns = columns{
	"id", "rider", "driver", "state", "proposed_by", "ride", "proposed_at", "kept_at",
	"ended_by", "ended_at",
}

// isKept repeats the condition of the lists' indexes.
const isKept = `state <> 'ended'`

var (
	regularByID = regularColumns.selects(`regular WHERE id = $1`)
	regularOf   = regularColumns.selects(`regular WHERE rider = $1 AND driver = $2`)
	putRegular  = &query{text: regularColumns.insert("regular").text +
		` ON CONFLICT (rider, driver) DO UPDATE SET id = excluded.id, state = excluded.state,
		proposed_by = excluded.proposed_by, ride = excluded.ride,
		proposed_at = excluded.proposed_at, kept_at = excluded.kept_at,
		ended_by = excluded.ended_by, ended_at = excluded.ended_at`}
	ridersRegulars = &query{
		text: `SELECT count(*) FROM regular WHERE rider = $1 AND ` + isKept,
	}
	driversRegulars = &query{
		text: `SELECT count(*) FROM regular WHERE driver = $1 AND ` + isKept,
	}
	lockRider = &query{text: riderByID.text, lock: `FOR UPDATE`}

	// Each side sees the other without a phone number. The last columns are those of a card.
	withDriver = append(regularColumns.of("regular"),
		"coalesce(driver.name, '')", "coalesce(driver.photo_uri, '')",
		"coalesce(company.name, '')",
		"(SELECT CAST(coalesce(sum(rider_stars), 0) AS BIGINT)"+ratedRegular,
		"(SELECT count(*)"+ratedRegular)
	withRider = append(regularColumns.of("regular"),
		"coalesce(rider.name, '')", "''", "''", "CAST(0 AS BIGINT)", "CAST(0 AS BIGINT)")

	riderRegulars  = pagesOf(withDriver, ofRider, 1, "regular.id", " DESC")
	driverRegulars = pagesOf(withRider, ofDriver, 1, "regular.id", " DESC")
	riderRegular   = withDriver.selects(ofRider + ` AND regular.id = $2`)
	driverRegular  = withRider.selects(ofDriver + ` AND regular.id = $2`)
)

const (
	ofRider = `regular LEFT JOIN driver ON driver.id = regular.driver
		LEFT JOIN company ON company.id = driver.company
		WHERE regular.rider = $1 AND regular.rider <> '' AND regular.` + isKept
	ofDriver = `regular LEFT JOIN rider ON rider.id = regular.rider
		WHERE regular.driver = $1 AND regular.driver <> '' AND regular.` + isKept
	// ratedRegular are the rides of a regular's driver that have stars, in the words of the index.
	ratedRegular = ` FROM ride AS other
		WHERE other.driver = regular.driver AND completed_at > 0 AND rider_stars > 0)`
)

func scanRegular(r *reader) dispatch.Regular {
	return dispatch.Regular{
		ID: dispatch.RegularID(r.text()), Rider: dispatch.RiderID(r.text()),
		Driver: dispatch.DriverID(r.text()), State: name(r, dispatch.ParseRegularState),
		ProposedBy: name(r, dispatch.ParseSide), Ride: dispatch.RideID(r.text()),
		ProposedAt: r.time(), KeptAt: r.time(),
		EndedBy: name(r, dispatch.ParseSide), EndedAt: r.time(),
	}
}

func scanRegularCard(r *reader) dispatch.RegularCard {
	return dispatch.RegularCard{
		Regular: scanRegular(r), Name: r.text(), PhotoURI: r.text(), Company: r.text(),
		Stars: r.int(), Ratings: r.int(),
	}
}

// Regular implements [dispatch.Regulars].
func (t *tx) Regular(id dispatch.RegularID) (dispatch.Regular, error) {
	r, ok, err := one(t, scanRegular, regularByID, string(id))
	return r, found(ok, err, dispatch.ReasonUnknownRegular, "regular", string(id))
}

// RegularOf implements [dispatch.Regulars].
func (t *tx) RegularOf(
	rider dispatch.RiderID, driver dispatch.DriverID,
) (dispatch.Regular, bool, error) {
	return one(t, scanRegular, regularOf, string(rider), string(driver))
}

// PutRegular implements [dispatch.Regulars].
func (t *tx) PutRegular(r dispatch.Regular) error {
	_, err := t.exec(putRegular, string(r.ID), string(r.Rider), string(r.Driver),
		r.State.String(), r.ProposedBy.String(), string(r.Ride), millis(r.ProposedAt),
		millis(r.KeptAt), r.EndedBy.String(), millis(r.EndedAt))
	return err
}

// CountRegulars implements [dispatch.Regulars].
func (t *tx) CountRegulars(
	rider dispatch.RiderID, driver dispatch.DriverID,
) (riders, drivers int, err error) {
	if riders, _, err = one(t, (*reader).int, ridersRegulars, string(rider)); err != nil {
		return 0, 0, err
	}
	drivers, _, err = one(t, (*reader).int, driversRegulars, string(driver))
	return riders, drivers, err
}

// LockRider implements [dispatch.Regulars].
func (t *tx) LockRider(id dispatch.RiderID) (dispatch.Rider, error) {
	r, ok, err := one(t, scanRider, lockRider, string(id))
	return r, found(ok, err, dispatch.ReasonUnknownRider, "rider", string(id))
}

// RiderRegulars are a rider's regulars that have not ended, the latest first. Invalid for a page
// out of its limits.
func (db *DB) RiderRegulars(
	ctx context.Context, rider dispatch.RiderID, p dispatch.Page,
) ([]dispatch.RegularCard, error) {
	return page(db.look(ctx), scanRegularCard, riderRegulars, p, string(rider))
}

// DriverRegulars are a driver's, likewise.
func (db *DB) DriverRegulars(
	ctx context.Context, driver dispatch.DriverID, p dispatch.Page,
) ([]dispatch.RegularCard, error) {
	return page(db.look(ctx), scanRegularCard, driverRegulars, p, string(driver))
}

// RiderRegular is one of a rider's. NotFound with ReasonUnknownRegular if it is not theirs or has
// ended.
func (db *DB) RiderRegular(
	ctx context.Context, rider dispatch.RiderID, id dispatch.RegularID,
) (dispatch.RegularCard, error) {
	r, ok, err := one(db.look(ctx), scanRegularCard, riderRegular, string(rider), string(id))
	return r, found(ok, err, dispatch.ReasonUnknownRegular, "regular", string(id))
}

// DriverRegular is one of a driver's, likewise.
func (db *DB) DriverRegular(
	ctx context.Context, driver dispatch.DriverID, id dispatch.RegularID,
) (dispatch.RegularCard, error) {
	r, ok, err := one(db.look(ctx), scanRegularCard, driverRegular, string(driver), string(id))
	return r, found(ok, err, dispatch.ReasonUnknownRegular, "regular", string(id))
}
