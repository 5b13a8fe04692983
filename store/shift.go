package store

import (
	"slices"
	"time"

	"hexhail/dispatch"
)

// shiftColumns are written by PutShift in this order.
var shiftColumns = columns{
	"driver", "taxi", "city", "seats", "class", "tags", "duty", "silent", "changed_at",
	"toward_lat", "toward_lng", "toward_day", "toward_used",
}

// shiftRead are read by scanShift in this order.
var shiftRead = append(slices.Clone(shiftColumns), shiftsTeam)

var (
	// Who reads a shift may write it: on Postgres the row is locked until the commit.
	shiftOf = &query{
		text: shiftRead.selects(`shift WHERE driver = $1`).text, lock: `FOR UPDATE`,
	}
	putShift = &query{text: shiftColumns.insert("shift").text +
		` ON CONFLICT (driver) DO UPDATE SET taxi = excluded.taxi, city = excluded.city,
		seats = excluded.seats, class = excluded.class, tags = excluded.tags,
		duty = excluded.duty, silent = excluded.silent, changed_at = excluded.changed_at,
		toward_lat = excluded.toward_lat, toward_lng = excluded.toward_lng,
		toward_day = excluded.toward_day, toward_used = excluded.toward_used`}
	// Most answers find nothing to set back, and then write nothing.
	answered = &query{text: `UPDATE shift SET silent = 0, changed_at = $2
		WHERE driver = $1 AND silent <> 0`}
)

func scanShift(r *reader) dispatch.Shift {
	return dispatch.Shift{
		Driver: dispatch.DriverID(r.text()), Taxi: dispatch.TaxiID(r.text()),
		City: dispatch.CityID(r.text()), Seats: r.int(), Vehicle: r.vehicle(),
		Duty:   name(r, dispatch.ParseDuty),
		Silent: r.int(), ChangedAt: r.time(),
		Destination: dispatch.Destination{To: r.point(), Day: r.int(), Used: r.int()},
		Team:        dispatch.TeamID(r.text()),
	}
}

// Shift implements [dispatch.Shifts].
func (t *tx) Shift(driver dispatch.DriverID) (dispatch.Shift, bool, error) {
	return one(t, scanShift, shiftOf, string(driver))
}

// PutShift implements [dispatch.Shifts].
func (t *tx) PutShift(s dispatch.Shift) error {
	_, err := t.exec(putShift, string(s.Driver), string(s.Taxi), string(s.City), s.Seats,
		string(s.Vehicle.Class), string(s.Vehicle.Tags),
		s.Duty.String(), s.Silent, millis(s.ChangedAt),
		s.Destination.To.Lat, s.Destination.To.Lng, s.Destination.Day, s.Destination.Used)
	return err
}

// Answered implements [dispatch.Shifts].
func (t *tx) Answered(driver dispatch.DriverID, now time.Time) error {
	_, err := t.exec(answered, string(driver), millis(now))
	return err
}
