package store

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// completedColumns are what campaigns go by, and no more: a preview reads many rides.
var completedColumns = columns{
	"id", "city", "kind", "rider", "driver", "state", "pay_by", "completed_at", "meter", "tolls",
	"driven_m", "flagged", "fare_state", "fare_total", "quote_distance_m",
	"device",
}

// completedRides reads the city's rides by id. Ids begin with the time of their making, so the two
// bounds are about when a ride was asked for.
var completedRides = completedColumns.selects(`ride WHERE city = $1 AND id >= $2 AND id < $3
	AND completed_at >= $4 AND completed_at < $5 AND rider <> ''
	ORDER BY completed_at, id LIMIT $6`)

func scanCompleted(r *reader) dispatch.Ride {
	return dispatch.Ride{
		ID: dispatch.RideID(r.text()), City: dispatch.CityID(r.text()),
		Kind: name(r, dispatch.ParseRideKind), Rider: dispatch.RiderID(r.text()),
		Driver: dispatch.DriverID(r.text()), State: name(r, dispatch.ParseState),
		PayBy: money.ChannelName(r.text()), CompletedAt: r.time(),
		Fare: dispatch.Fare{
			Meter: r.fen(), Tolls: r.fen(), DrivenM: r.int(), Flagged: r.integer() != 0,
			State:      name(r, dispatch.ParseFareState),
			Resolution: dispatch.Resolution{Total: r.fen()},
		},
		Quote: dispatch.Quote{DistanceM: r.int()}, Device: r.text(),
	}
}

// CompletedRides are a city's rides with a rider, completed in [from, to) and asked for at most
// [dispatch.LongestRide] before, in the order of their completion: of each what campaigns go by.
func (db *DB) CompletedRides(
	ctx context.Context, city dispatch.CityID, from, to time.Time, limit int,
) (list []dispatch.Ride, err error) {
	err = db.snapshot(ctx, func(t *tx) (err error) {
		list, err = all(t, scanCompleted, completedRides, string(city),
			dispatch.MadeAt(from.Add(-dispatch.LongestRide)), dispatch.MadeAt(to),
			millis(from), millis(to), limit)
		return err
	})
	return list, err
}
