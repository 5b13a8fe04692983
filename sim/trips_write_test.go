package sim

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hexhail/dispatch"
	"hexhail/geo"
)

// What is written is read again as it was, to the millisecond.
func TestTripsComeBack(t *testing.T) {
	zone := time.FixedZone("", 8*3600)
	epoch := time.Date(2013, 12, 1, 0, 0, 0, 0, zone)
	rapid.Check(t, func(t *rapid.T) {
		place := rapid.Custom(func(t *rapid.T) geo.Point {
			return geo.Point{
				Lat: rapid.Float64Range(-90, 90).Draw(t, "lat"),
				Lng: rapid.Float64Range(-180, 180).Draw(t, "lng"),
			}
		})
		ms := rapid.Int64Range(0, 1e8)
		trips := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Trip {
			return Trip{
				At:     epoch.Add(time.Duration(ms.Draw(t, "at")) * time.Millisecond),
				Pickup: place.Draw(t, "pickup"), Dropoff: place.Draw(t, "dropoff"),
				Seats:    rapid.IntRange(1, dispatch.MaxSeats).Draw(t, "seats"),
				Duration: time.Duration(ms.Draw(t, "took")%86_400_000) * time.Millisecond,
				Street:   rapid.Bool().Draw(t, "street"),
			}
		}), 1, 30).Draw(t, "trips")
		slices.SortStableFunc(trips, func(a, b Trip) int { return a.At.Compare(b.At) })
		var file bytes.Buffer
		if err := WriteTrips(&file, trips, zone); err != nil {
			t.Fatal(err)
		}
		got, err := ReadTrips("written", &file, zone)
		if err != nil || len(got) != len(trips) {
			t.Fatalf("%d of %d trips, %v", len(got), len(trips), err)
		}
		for i := range got {
			want := trips[i]
			off := (got[i].Duration - want.Duration).Abs()
			if !got[i].At.Equal(want.At) || off > time.Microsecond {
				t.Fatalf("%+v became %+v", want, got[i])
			}
			got[i].At, got[i].Duration = want.At, want.Duration
			if got[i] != want {
				t.Fatalf("%+v became %+v", want, got[i])
			}
		}
	})
}

func TestTooManyTripsAreNotWritten(t *testing.T) {
	var file bytes.Buffer
	err := WriteTrips(&file, make([]Trip, MaxRows+1), time.UTC)
	if !errors.Is(err, errTooManyTrips) || file.Len() > 0 {
		t.Errorf("%v, %d bytes", err, file.Len())
	}
	if err := WriteTrips(failing{}, make([]Trip, 1), time.UTC); err == nil {
		t.Error("a failed write is no error")
	}
}

func TestStreetIsAFlag(t *testing.T) {
	const head = "t_request,pickup_lat,pickup_lng,dropoff_lat,dropoff_lng,street\n"
	for cell, want := range map[string]bool{"1": true, "0": false, "": false, " 1 ": true} {
		trips, err := ReadTrips("x", strings.NewReader(head+"2014-02-26 17:00:00,1,2,3,4,"+cell),
			time.UTC)
		if err != nil || trips[0].Street != want {
			t.Errorf("%q: %+v, %v", cell, trips, err)
		}
	}
	var bad *CSVError
	_, err := ReadTrips("x", strings.NewReader(head+"2014-02-26 17:00:00,1,2,3,4,yes"), time.UTC)
	if !errors.As(err, &bad) || bad.Column != "street" || bad.Line != 2 {
		t.Errorf("%v", err)
	}
}

func TestTripOf(t *testing.T) {
	at := time.Date(2014, 2, 26, 17, 0, 0, 0, time.UTC)
	a, b := geo.Point{Lat: 39.9, Lng: 116.4}, geo.Point{Lat: 39.95, Lng: 116.45}
	ride := dispatch.Ride{
		Kind: dispatch.Hailed, State: dispatch.Expired, RequestedAt: at, Seats: 2,
		Pickup: dispatch.Place{Point: a, Name: "天安门"}, Dropoff: dispatch.Place{Point: b},
	}
	want := Trip{At: at, Pickup: a, Dropoff: b, Seats: 2}
	if got, ok := TripOf(ride, geo.Point{}); !ok || got != want {
		t.Errorf("nobody took it: %+v", got)
	}
	ride.StartedAt, ride.CompletedAt = at.Add(5*time.Minute), at.Add(17*time.Minute)
	if got, _ := TripOf(ride, a); got.Duration != 12*time.Minute || got.Dropoff != b {
		t.Errorf("driven: %+v", got)
	}
	ride.Kind, ride.Dropoff.Point = dispatch.Street, geo.Point{}
	if got, ok := TripOf(ride, b); !ok || !got.Street || got.Dropoff != b {
		t.Errorf("at the kerb: %+v", got)
	}
	if _, ok := TripOf(ride, geo.Point{}); ok {
		t.Error("a ride to nowhere is a trip")
	}
}
