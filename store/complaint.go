package store

import (
	"context"
	"slices"
	"time"

	"hexhail/dispatch"
)

// complaintColumns are written by InsertComplaint and read by scanComplaint in this order.
var complaintColumns = columns{
	"ride", "by_side", "city", "rider", "driver", "cause", "words", "state", "made_at",
	"contest", "contested_at", "decided_by", "note", "decided_at",
}

const (
	// isContested is the condition of the index complaint_contested.
	isContested = `complaint.state = 'contested'`
	// complaintKey names one complaint; contestKey orders by when it was contested: milliseconds
	// have 13 digits until the year 2286.
	complaintKey = `ride || '/' || by_side`
	contestKey   = `CAST(contested_at AS TEXT) || '/' || complaint.ride || '/' || by_side`
)

var (
	insertComplaint = complaintColumns.insert("complaint")
	updateComplaint = &query{text: `UPDATE complaint SET state = $3, contest = $4,
		contested_at = $5, decided_by = $6, note = $7, decided_at = $8
		WHERE ride = $1 AND by_side = $2 AND state = $9`}
	complaintOf  = complaintColumns.selects(`complaint WHERE ride = $1 AND by_side = $2`)
	againstRider = &query{text: `SELECT made_at FROM complaint WHERE rider = $1
		AND by_side = 'driver' AND state <> 'dropped' ORDER BY made_at DESC LIMIT $2`}
	againstDriver = &query{text: `SELECT made_at FROM complaint WHERE driver = $1
		AND by_side = 'rider' AND state <> 'dropped' ORDER BY made_at DESC LIMIT $2`}

	riderComplaints = pagesOf(complaintColumns,
		`complaint WHERE rider = $1 AND rider <> ''`, 1, complaintKey, " DESC")
	driverComplaints = pagesOf(complaintColumns,
		`complaint WHERE driver = $1 AND driver <> ''`, 1, complaintKey, " DESC")
	contests = pagesOf(append(complaintColumns.of("complaint"), rideColumns.of("ride")...),
		`complaint JOIN ride ON ride.id = complaint.ride
		WHERE complaint.city = $1 AND `+isContested, 1, contestKey, "")
)

func scanComplaint(r *reader) dispatch.Complaint {
	return dispatch.Complaint{
		Ride: dispatch.RideID(r.text()), By: name(r, dispatch.ParseSide),
		City: dispatch.CityID(r.text()), Rider: dispatch.RiderID(r.text()),
		Driver: dispatch.DriverID(r.text()), Cause: dispatch.ComplaintCause(r.text()),
		Text: r.text(), State: name(r, dispatch.ParseComplaintState), MadeAt: r.time(),
		Contest: r.text(), ContestedAt: r.time(),
		DecidedBy: r.text(), Note: r.text(), DecidedAt: r.time(),
	}
}

func scanContest(r *reader) dispatch.Contested {
	c := scanComplaint(r)
	return dispatch.Contested{Complaint: c, Ride: scanRide(r)}
}

// InsertComplaint implements [dispatch.Complaints].
func (t *tx) InsertComplaint(c dispatch.Complaint) error {
	_, err := t.exec(insertComplaint, string(c.Ride), c.By.String(), string(c.City),
		string(c.Rider), string(c.Driver), string(c.Cause), c.Text, c.State.String(),
		millis(c.MadeAt), c.Contest, millis(c.ContestedAt), c.DecidedBy, c.Note,
		millis(c.DecidedAt))
	return err
}

// UpdateComplaint implements [dispatch.Complaints].
func (t *tx) UpdateComplaint(c dispatch.Complaint, was dispatch.ComplaintState) error {
	changed, err := t.exec(updateComplaint, string(c.Ride), c.By.String(), c.State.String(),
		c.Contest, millis(c.ContestedAt), c.DecidedBy, c.Note, millis(c.DecidedAt), was.String())
	if err != nil || changed == 1 {
		return err
	}
	return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonStale,
		"the complaint of ride %s is not %s any more", c.Ride, was)
}

// Complaint implements [dispatch.Complaints].
func (t *tx) Complaint(ride dispatch.RideID, by dispatch.Side) (dispatch.Complaint, error) {
	c, ok, err := one(t, scanComplaint, complaintOf, string(ride), by.String())
	return c, found(ok, err, dispatch.ReasonUnknownComplaint, "complaint of ride", string(ride))
}

// AgainstRider implements [dispatch.Complaints].
func (t *tx) AgainstRider(rider dispatch.RiderID) ([]time.Time, error) {
	return t.counted(againstRider, string(rider))
}

// AgainstDriver implements [dispatch.Complaints].
func (t *tx) AgainstDriver(driver dispatch.DriverID) ([]time.Time, error) {
	return t.counted(againstDriver, string(driver))
}

// counted are the latest times of a list, rising.
func (t *tx) counted(q *query, who string) ([]time.Time, error) {
	made, err := all(t, (*reader).time, q, who, dispatch.MaxCounted)
	slices.Reverse(made)
	return made, err
}

// RiderComplaints are the complaints by and about a rider, those of the latest rides first. Invalid
// for a page out of its limits.
func (db *DB) RiderComplaints(
	ctx context.Context, rider dispatch.RiderID, p dispatch.Page,
) ([]dispatch.Complaint, error) {
	return page(db.look(ctx), scanComplaint, riderComplaints, p, string(rider))
}

// DriverComplaints are the complaints by and about a driver, likewise.
func (db *DB) DriverComplaints(
	ctx context.Context, driver dispatch.DriverID, p dispatch.Page,
) ([]dispatch.Complaint, error) {
	return page(db.look(ctx), scanComplaint, driverComplaints, p, string(driver))
}

// Contests are the complaints of a city that wait for a decision, with their rides, those that have
// waited longest first. Invalid for a page out of its limits.
func (db *DB) Contests(
	ctx context.Context, city dispatch.CityID, p dispatch.Page,
) (list []dispatch.Contested, err error) {
	err = db.snapshot(ctx, func(t *tx) (err error) {
		list, err = page(t, scanContest, contests, p, string(city))
		return err
	})
	return list, err
}
