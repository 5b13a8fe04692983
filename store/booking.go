package store

import (
	"context"
	"math"
	"time"

	"hexhail/dispatch"
)

const (
	isAhead     = `(state = 'scheduled' OR state = 'booked')`
	isScheduled = `state = 'scheduled'`
	isBooked    = `state = 'booked'`
	// isFlown are the rides whose pickup goes by a flight and has not been.
	isFlown = `flight <> '' AND (state = 'scheduled' OR state = 'booked' OR state = 'searching'
		OR state = 'assigned' OR state = 'arrived')`
	// openTo is whether a driver, $2, of a team, $9, may take a booking at a time, $3, with so many
	// seats, $4.
	openTo = `(for_driver = '' OR for_driver = $2 OR open_at <= $3
		OR for_team <> '' AND for_team = $9 AND team_at <= $3) AND seats <= $4`
)

var (
	dueBookings = rideColumns.selects(`ride WHERE city = $1 AND due_at <= $2 AND ` +
		isAhead + ` ORDER BY due_at, id LIMIT $3`)
	driversBookings = rideColumns.selects(`ride WHERE driver = $1 AND ` + isBooked +
		` ORDER BY pickup_at, id`)
	ridersBookings = &query{text: `SELECT count(*) FROM ride WHERE rider = $1 AND ` + isAhead}
	flightRides    = rideColumns.selects(`ride WHERE city = $1 AND flight = $2
		AND flight_day = $3 AND ` + isFlown + ` ORDER BY id || '' LIMIT $4`)
	openFlights = columns{"flight", "flight_day"}.selects(`ride WHERE city = $1
		AND pickup_at <= $2 AND ` + isFlown + `
		GROUP BY flight, flight_day ORDER BY min(pickup_at), flight LIMIT $3`)
	putOff = &query{text: `UPDATE ride SET due_at = $3, flight_at = $4
		WHERE id = $1 AND version = $2`}

	// The concatenations hide city and id from SQLite, which else walks through all rides of the
	// city.
	openBookings = pagesOf(rideColumns, `ride WHERE city || '' = $1
		AND `+openTo+` AND `+isScheduled+`
		AND pickup_lat >= $5 AND pickup_lat <= $6 AND pickup_lng >= $7 AND pickup_lng <= $8`,
		9, bookingKey, "")
)

// bookingKey orders by the time of the pickup: milliseconds have 13 digits until the year 2286.
const bookingKey = `CAST(pickup_at AS TEXT) || '/' || id`

// DueBookings implements [dispatch.Bookings].
func (t *tx) DueBookings(
	city dispatch.CityID, now time.Time, limit int,
) ([]dispatch.Ride, error) {
	return all(t, scanRide, dueBookings, string(city), millis(now), limit)
}

// DriversBookings implements [dispatch.Bookings].
func (t *tx) DriversBookings(driver dispatch.DriverID) ([]dispatch.Ride, error) {
	return all(t, scanRide, driversBookings, string(driver))
}

// RidersBookings implements [dispatch.Bookings].
func (t *tx) RidersBookings(rider dispatch.RiderID) (int, error) {
	n, _, err := one(t, (*reader).int, ridersBookings, string(rider))
	return n, err
}

// FlightRides implements [dispatch.FlightRows].
func (t *tx) FlightRides(
	city dispatch.CityID, f dispatch.Flight, limit int,
) ([]dispatch.Ride, error) {
	return all(t, scanRide, flightRides, string(city), f.Number, f.Day, limit)
}

// OpenFlights implements [dispatch.FlightRows].
func (t *tx) OpenFlights(
	city dispatch.CityID, before time.Time, limit int,
) ([]dispatch.Flight, error) {
	scan := func(r *reader) dispatch.Flight {
		return dispatch.Flight{Number: r.text(), Day: r.text()}
	}
	return all(t, scan, openFlights, string(city), millis(before), limit)
}

// PutOff implements [dispatch.Bookings].
func (t *tx) PutOff(
	ride dispatch.RideID, version int, b dispatch.Booking,
) (ok bool, err error) {
	changed, err := t.exec(putOff, string(ride), version, millis(b.DueAt), millis(b.FlightAt))
	return changed == 1, err
}

// OpenBookings are the bookings of a city that a driver may take, by time of pickup and id. Invalid
// for a page out of its limits.
func (db *DB) OpenBookings(
	ctx context.Context, q dispatch.BookingQuery, p dispatch.Page,
) ([]dispatch.Ride, error) {
	south, north, west, east := -math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64,
		math.MaxFloat64
	if q.WithinM > 0 {
		south, north, west, east = q.Box()
	}
	return page(db.look(ctx), scanRide, openBookings, p, string(q.City), string(q.Driver),
		millis(q.Now), q.Seats, south, north, west, east, string(q.Team))
}
