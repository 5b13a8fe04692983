package sim

import (
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// TripOf is the wish to ride that a ride began with, whatever became of it. The way of a ride that
// was driven to its end takes as long as it did then, from the rider's boarding to the driver's
// word that it is over: a run of such trips has its alighting in it already. A street ride has no
// destination but where its trace ends, last; ok is false if that is not known.
func TripOf(r dispatch.Ride, last geo.Point) (t Trip, ok bool) {
	t = Trip{
		At: r.RequestedAt, Pickup: r.Pickup.Point, Dropoff: r.Dropoff.Point, Seats: r.Seats,
		Street: r.Kind == dispatch.Street,
	}
	if t.Dropoff == (geo.Point{}) {
		t.Dropoff = last
	}
	if !r.StartedAt.IsZero() && r.CompletedAt.After(r.StartedAt) {
		t.Duration = min(r.CompletedAt.Sub(r.StartedAt), maxTripDuration)
	}
	return t, t.Dropoff != (geo.Point{})
}

// tripColumns are those that ReadTrips knows, in the order in which WriteTrips writes them.
var tripColumns = []string{
	"t_request", "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng", "passengers",
	"trip_duration_s", "street",
}

// WriteTrips writes demand as [ReadTrips] reads it: times in zone with their offset, to the
// millisecond, as are durations. It is refused beyond MaxRows, for it could not be read again.
func WriteTrips(w io.Writer, trips []Trip, zone *time.Location) error {
	if len(trips) > MaxRows {
		return errTooManyTrips
	}
	c := csv.NewWriter(w)
	row := append([]string(nil), tripColumns...)
	if err := c.Write(row); err != nil {
		return err
	}
	for i := range trips {
		t := &trips[i]
		row = append(row[:0], t.At.In(zone).Format("2006-01-02T15:04:05.000Z07:00"))
		for _, v := range []float64{t.Pickup.Lat, t.Pickup.Lng, t.Dropoff.Lat, t.Dropoff.Lng} {
			row = append(row, strconv.FormatFloat(v, 'f', -1, 64))
		}
		row = append(row, strconv.Itoa(t.Seats), seconds(t.Duration), streetCell(t.Street))
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// seconds writes a duration; an unknown one is empty.
func seconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(d.Milliseconds())/1000, 'f', 3, 64)
}

func streetCell(street bool) string {
	if street {
		return "1"
	}
	return ""
}
