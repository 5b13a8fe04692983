package store

import (
	"context"

	"hexhail/dispatch"
)

// handOverColumns are written by InsertHandOver and read by scanHandOver in this order.
var handOverColumns = columns{"ride", "city", "team", "from_driver", "to_driver", "at"}

const (
	// handedTo are the bookings that are offered to a driver, $1: by another one who is of the same
	// team still, with a pickup after a time, $2, and so many seats, $3. The first conditions are
	// those of the index.
	handedTo = `ride JOIN team_member AS his ON his.driver = ride.driver
			AND his.team = ride.hand_team AND his.` + isJoined + `
		LEFT JOIN driver ON driver.id = ride.driver
		WHERE ride.hand_team <> '' AND ride.handed_at = 0 AND ride.` + isBooked + `
		AND ride.hand_team = (SELECT team FROM team_member AS own
			WHERE own.driver = $1 AND own.driver <> '' AND own.` + isJoined + `)
		AND ride.driver <> $1 AND (ride.hand_to = '' OR ride.hand_to = $1)
		AND ride.pickup_at > $2 AND ride.seats <= $3`
	// handedKey is bookingKey, told apart from the other tables' columns.
	handedKey = `CAST(ride.pickup_at AS TEXT) || '/' || ride.id`
)

var (
	insertHandOver = handOverColumns.insert("hand_over")
	handOverOf     = handOverColumns.selects(`hand_over WHERE ride = $1`)

	handOverCard = append(rideColumns.of("ride"), "coalesce(driver.name, '')")
	handOvers    = pagesOf(handOverCard, handedTo, 3, handedKey, "")
	handOver     = handOverCard.selects(handedTo + ` AND ride.id = $4`)
)

func scanHandOver(r *reader) dispatch.HandedOver {
	return dispatch.HandedOver{
		Ride: dispatch.RideID(r.text()), City: dispatch.CityID(r.text()),
		Team: dispatch.TeamID(r.text()), From: dispatch.DriverID(r.text()),
		To: dispatch.DriverID(r.text()), At: r.time(),
	}
}

func scanHandOverCard(r *reader) dispatch.HandOverCard {
	return dispatch.HandOverCard{Ride: scanRide(r), From: r.text()}
}

// InsertHandOver implements [dispatch.HandOvers].
func (t *tx) InsertHandOver(h dispatch.HandedOver) error {
	_, err := t.exec(insertHandOver, string(h.Ride), string(h.City), string(h.Team),
		string(h.From), string(h.To), millis(h.At))
	return err
}

// HandOverOf implements [dispatch.HandOvers].
func (t *tx) HandOverOf(ride dispatch.RideID) (dispatch.HandedOver, bool, error) {
	return one(t, scanHandOver, handOverOf, string(ride))
}

// HandOvers are the bookings that a driver may take over from others of their team, by time of
// pickup and id. Invalid for a page out of its limits.
func (db *DB) HandOvers(
	ctx context.Context, q dispatch.HandOverQuery, p dispatch.Page,
) ([]dispatch.HandOverCard, error) {
	return page(db.look(ctx), scanHandOverCard, handOvers, p, string(q.Driver),
		millis(q.After), q.Seats)
}

// HandOver is one of them. NotFound with ReasonUnknownRide if the driver may not take it over, or
// no more.
func (db *DB) HandOver(
	ctx context.Context, q dispatch.HandOverQuery, id dispatch.RideID,
) (dispatch.HandOverCard, error) {
	c, ok, err := one(db.look(ctx), scanHandOverCard, handOver, string(q.Driver),
		millis(q.After), q.Seats, string(id))
	return c, found(ok, err, dispatch.ReasonUnknownRide, "ride", string(id))
}
