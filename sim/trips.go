package sim

import (
	"io"
	"slices"
	"time"

	"hexhail/geo"
)

// Trip is one wish to ride: a rider of its own.
type Trip struct {
	At              time.Time // of the request
	Pickup, Dropoff geo.Point
	Seats           int           // 1 to 8
	Duration        time.Duration // of the loaded leg; 0 unknown, then the roads decide
	Street          bool          // hails at the kerb instead of asking in the app
}

// ReadTrips reads demand: t_request, pickup_lat, pickup_lng, dropoff_lat, dropoff_lng and, where
// they are, passengers (1 to 8, default 1), trip_duration_s (up to 24 h, default 0: unknown) and
// street (1 for a rider who hails at the kerb, 0 or empty for one who asks in the app).
// The columns may stand in any order; others are ignored. Times are in zone unless they name
// theirs. The result is in the order of time, and of the file where times are equal. name is for
// errors, each a *CSVError: the first bad cell ends the reading, for demand with holes would be
// another demand.
func ReadTrips(name string, r io.Reader, zone *time.Location) ([]Trip, error) {
	t, err := openTable(name, r,
		"t_request", "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng")
	if err != nil {
		return nil, err
	}
	var trips []Trip
	for t.next() {
		trips = append(trips, Trip{
			At:       t.time("t_request", zone),
			Pickup:   t.point("pickup_lat", "pickup_lng"),
			Dropoff:  t.point("dropoff_lat", "dropoff_lng"),
			Seats:    t.seats("passengers", 1),
			Duration: t.duration("trip_duration_s"),
			Street:   t.flag("street"),
		})
	}
	if t.err != nil {
		return nil, t.err
	}
	slices.SortStableFunc(trips, func(a, b Trip) int { return a.At.Compare(b.At) })
	return trips, nil
}

// duration reads seconds; an absent or empty cell is 0.
func (t *table) duration(column string) time.Duration {
	if t.text(column) == "" {
		return 0
	}
	s := t.number(column)
	if s < 0 || s > maxTripDuration.Seconds() {
		t.fail(column, "%v is not from 0 to %v", s, maxTripDuration.Seconds())
		return 0
	}
	return time.Duration(s * float64(time.Second))
}

// flag reads 1 or 0; an absent or empty cell is 0.
func (t *table) flag(column string) bool {
	switch s := t.text(column); s {
	case "1":
		return true
	case "", "0":
		return false
	default:
		t.fail(column, "%.40q is not 0 or 1", s)
		return false
	}
}

// FirstTrips are the trips requested less than d after the first one; all if d is 0.
func FirstTrips(trips []Trip, d time.Duration) []Trip {
	if d == 0 || len(trips) == 0 {
		return trips
	}
	end := trips[0].At.Add(d)
	n, _ := slices.BinarySearchFunc(trips, end, func(t Trip, at time.Time) int {
		return t.At.Compare(at)
	})
	return trips[:n]
}
