package store

import (
	"context"
	"fmt"

	"hexhail/dispatch"
)

var (
	allDrivers     = pagesOf(driverColumns, `driver WHERE id <> ''`, 0, "id", "")
	companyDrivers = pagesOf(driverColumns,
		`driver WHERE company = $1 AND company <> ''`, 1, "id", "")
	cityRides = newest(`ride WHERE city = $1`)
)

// cityRidesIn are a city's rides in each state. The state is in the text: only so does an engine
// see that a partial index will do.
var cityRidesIn = func() (lists [dispatch.Expired + 1]pages) {
	for state := dispatch.Scheduled; state <= dispatch.Expired; state++ {
		lists[state] = ridesIn(state)
	}
	return lists
}()

func ridesIn(state dispatch.State) pages {
	is := fmt.Sprintf(" AND state = '%s'", state)
	switch {
	case state.Open(), state.Ahead():
		// A few of many: they are all read by their partial index and sorted. The concatenations
		// hide city and key from SQLite, which else walks through all rides of the city.
		return pagesOf(rideColumns, `ride WHERE city || '' = $1`+is, 1, "id || ''", " DESC")
	case state == dispatch.Settled || state == dispatch.Cancelled:
		return newest(`ride WHERE city = $1` + is)
	default:
		return newest(`ride WHERE city = $1` + is + ` AND ` + isSeldomEnd)
	}
}

// isSeldomEnd is the condition of the index ride_by_end.
const isSeldomEnd = `(state = 'completed' OR state = 'no_show' OR state = 'expired')`

// Drivers are drivers by id; of one company, if company is not "". Invalid for a page out of its
// limits.
func (db *DB) Drivers(
	ctx context.Context, company string, p dispatch.Page,
) (list []dispatch.Driver, err error) {
	err = db.snapshot(ctx, func(t *tx) (err error) {
		if company == "" {
			list, err = page(t, scanDriver, allDrivers, p)
		} else {
			list, err = page(t, scanDriver, companyDrivers, p, company)
		}
		return err
	})
	return list, err
}

// CityRides are a city's rides, the latest first; in one state, if state is not 0. Invalid for an
// unknown state or a page out of its limits.
func (db *DB) CityRides(
	ctx context.Context, city dispatch.CityID, state dispatch.State, p dispatch.Page,
) (list []dispatch.Ride, err error) {
	pages := cityRides
	switch {
	case state < 0 || state > dispatch.Expired:
		return nil, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"state must be one of a ride's")
	case state > 0:
		pages = cityRidesIn[state]
	}
	err = db.snapshot(ctx, func(t *tx) (err error) {
		list, err = page(t, scanRide, pages, p, string(city))
		return err
	})
	return list, err
}

// RideRecord is all that is known of a ride, at one moment. NotFound with ReasonUnknownRide. A ride
// that no round has considered has an empty log.
func (db *DB) RideRecord(ctx context.Context, id dispatch.RideID) (dispatch.Record, error) {
	var all dispatch.Record
	err := db.snapshot(ctx, func(t *tx) (err error) {
		if all.Ride, err = t.Ride(id); err != nil {
			return err
		}
		if all.Log, _, err = t.RoundLog(id); err != nil {
			return err
		}
		if all.EngineAt, err = t.AliveAt(all.Ride.City); err != nil {
			return err
		}
		if all.Payments, err = t.PaymentsOf(all.Ride.Subject()); err != nil {
			return err
		}
		if all.Transfers, err = t.Transfers(all.Ride.Subject()); err != nil {
			return err
		}
		if h, ok, err := one(t, scanHold, holdOf, string(id)); err != nil || ok {
			all.Hold = &h
			return err
		}
		return nil
	})
	return all, err
}
