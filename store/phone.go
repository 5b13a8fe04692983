package store

import (
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// whereaboutsColumns are written by PutWhereabouts and read by scanWhereabouts in this order.
var whereaboutsColumns = columns{
	"ride", "first_at", "first_lat", "first_lng", "first_away_m",
	"last_at", "last_lat", "last_lng", "last_away_m", "measured",
}

var (
	putWhereabouts = &query{text: whereaboutsColumns.insert("whereabouts").text +
		` ON CONFLICT (ride) DO UPDATE SET ` + whereaboutsColumns.assignments() +
		` WHERE whereabouts.measured = 0`}
	whereaboutsOf     = whereaboutsColumns.selects(`whereabouts WHERE ride = $1`)
	forgetWhereabouts = &query{text: `DELETE FROM whereabouts WHERE ride IN (
		SELECT ride FROM whereabouts WHERE ride < $1 AND` + doneWith("whereabouts.ride") +
		` ORDER BY ride LIMIT $2)`}
)

func scanWhereabouts(r *reader) dispatch.Whereabouts {
	position := func() dispatch.PhoneFix {
		return dispatch.PhoneFix{
			At: r.time(), Place: geo.Point{Lat: r.float(), Lng: r.float()}, AwayM: r.int(),
		}
	}
	return dispatch.Whereabouts{
		Ride: dispatch.RideID(r.text()), First: position(), Last: position(),
		Measured: r.int() == 1,
	}
}

// PutWhereabouts implements [dispatch.Phones].
func (t *tx) PutWhereabouts(w dispatch.Whereabouts) error {
	_, err := t.exec(putWhereabouts, string(w.Ride),
		millis(w.First.At), w.First.Place.Lat, w.First.Place.Lng, w.First.AwayM,
		millis(w.Last.At), w.Last.Place.Lat, w.Last.Place.Lng, w.Last.AwayM, bit(w.Measured))
	return err
}

// Whereabouts implements [dispatch.Phones].
func (t *tx) Whereabouts(ride dispatch.RideID) (dispatch.Whereabouts, error) {
	w, _, err := one(t, scanWhereabouts, whereaboutsOf, string(ride))
	return w, err
}

// ForgetWhereabouts implements [dispatch.Forgetting].
func (t *tx) ForgetWhereabouts(before time.Time, limit int) (int, error) {
	n, err := t.exec(forgetWhereabouts, dispatch.MadeAt(before), limit)
	return int(n), err
}
