package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// airport is a flight service whose one flight is late by as much as the test says.
type airport struct {
	lands time.Time
	late  atomic.Int64 // nanoseconds
}

func (a *airport) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/flights/CA1831" {
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{ // a client that is gone needs no answer
		"number": "CA1831", "day": r.URL.Query().Get("day"), "scheduled_at": a.lands,
		"expected_at": a.lands.Add(time.Duration(a.late.Load())),
	})
}

// hears waits for a message that fits.
func hears[M any](c *cast, what string, recv func() (M, error), fits func(M) bool) M {
	c.t.Helper()
	for {
		m, err := recv()
		if err != nil {
			c.t.Fatalf("%s: %v", what, err)
		}
		if fits(m) {
			return m
		}
	}
}

// TestAirportPickup: a rider books for the landing of a flight, a driver takes it ahead, the flight
// is late, both are told, and the taxi is sent out for the new time. All of it goes through the
// real API, a hundred city seconds a second.
func TestAirportPickup(t *testing.T) {
	t.Parallel()
	at := &airport{}
	feed := httptest.NewServer(at)
	defer feed.Close()
	r := openRealm(t, "--flights-url", feed.URL, "--clock-rate", "100", "--city-files", patient(t))
	c := &cast{realm: r, n: r.ids.Add(1), now: r.service.clock.Now()}
	c.enrol()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	pickup := r.service.clock.Now().Add(33 * time.Minute)
	at.lands = pickup.Add(-10 * time.Minute)

	rider := riderpb.NewRiderServiceClient(c.conn())
	booked, err := rider.BookRide(c.in(ctx, riderOne), &riderpb.BookRideRequest{
		RequestId: "book", City: "beijing", Seats: 1, PayBy: "cash", Pickup: placeOf(c.at(0)),
		Dropoff: placeOf(c.at(5)), PickupAt: timestamppb.New(pickup), Terminal: "T3",
		Flight: &typepb.Flight{Number: "CA1831"},
	})
	c.ok(err)
	c.ride = dispatch.RideID(booked.GetRide().GetRideId())
	watch, err := rider.WatchRide(c.in(ctx, riderOne),
		&riderpb.WatchRideRequest{RideId: string(c.ride)})
	c.ok(err)
	phone := c.rolling(ctx)
	c.ok(phone.Send(command(&driverpb.Command{
		RequestId: "take", Action: &driverpb.Command_TakeBooking{
			TakeBooking: &driverpb.RideAction{RideId: string(c.ride)},
		},
	})))
	hears(c, "taken", watch.Recv, func(m *riderpb.WatchRideResponse) bool {
		return m.GetRide().GetState() == typepb.RideState_RIDE_STATE_BOOKED
	})

	c.awaitFlight(ctx)
	const late = 8 * time.Minute
	at.late.Store(int64(late))
	moved := func(ride *typepb.Ride) bool {
		off := ride.GetBooking().GetPickupAt().AsTime().Sub(pickup.Add(late))
		return off.Abs() < time.Second
	}
	hears(c, "the rider's delay", watch.Recv, func(m *riderpb.WatchRideResponse) bool {
		return moved(m.GetRide())
	})
	hears(c, "the driver's delay", phone.Recv, func(m *driverpb.DriveResponse) bool {
		return moved(m.GetRide())
	})
	m := hears(c, "time to go", phone.Recv, func(m *driverpb.DriveResponse) bool {
		return m.GetRide().GetState() == typepb.RideState_RIDE_STATE_ASSIGNED
	})
	ahead := pickup.Add(late).Sub(m.GetRide().GetClaimedAt().AsTime())
	if ahead < 10*time.Minute || ahead > 20*time.Minute {
		t.Errorf("sent out %s before the pickup", ahead)
	}
	if m.GetRide().GetContact().GetName() != c.name(riderOne) {
		t.Error("the driver who comes does not know for whom")
	}
	c.now = r.service.clock.Now()
	c.drive(driverOne, c.service.desk.Arrive)
	c.drive(driverOne, c.service.desk.Start)
	c.complete()
	hears(c, "the end", watch.Recv, func(m *riderpb.WatchRideResponse) bool {
		return m.GetRide().GetState() == typepb.RideState_RIDE_STATE_COMPLETED
	})
}

// awaitFlight waits until the flight of the ride was looked at for the first time: whoever books
// after a delay is known reckons with it.
func (c *cast) awaitFlight(ctx context.Context) {
	c.t.Helper()
	for {
		got, err := riderpb.NewRiderServiceClient(c.conn()).GetRide(c.in(ctx, riderOne),
			&riderpb.GetRideRequest{RideId: string(c.ride)})
		c.ok(err)
		if got.GetRide().GetBooking().GetFlightAt() != nil {
			return
		}
	}
}

// patient is a file of Beijing whose taxis may be silent for five minutes, which are 3 s of the
// machine's at a hundred city seconds a second.
func patient(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../dispatch/cities/beijing.json")
	if err != nil {
		t.Fatal(err)
	}
	return fileWith(t, "beijing.json", strings.Replace(string(text),
		`"mode": "assign"`, `"mode": "assign", "stale_s": 300`, 1))
}

// in is a context in which a part of the cast calls.
func (c *cast) in(ctx context.Context, w who) context.Context {
	return wire.WithToken(ctx, c.token(c.caller(w, w)))
}

func command(c *driverpb.Command) *driverpb.DriveRequest {
	return &driverpb.DriveRequest{Message: &driverpb.DriveRequest_Command{Command: c}}
}

// rolling is driverOne's session.
func (c *cast) rolling(ctx context.Context) driverpb.DriverService_DriveClient {
	c.t.Helper()
	return c.rolls(ctx, driverOne)
}

// rolls is a driver's session, whose taxi stands 500 m from the pickup and says so ten times a
// second: three city seconds are 30 ms.
func (c *cast) rolls(ctx context.Context, w who) driverpb.DriverService_DriveClient {
	c.t.Helper()
	client := driverpb.NewDriverServiceClient(c.conn())
	phone, err := client.Drive(c.in(ctx, w))
	c.ok(err)
	c.ok(phone.Send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{
		Hello: &driverpb.Hello{TaxiId: c.taxi(w)},
	}}))
	report, stop := context.WithCancel(c.in(ctx, w))
	done := make(chan struct{})
	c.t.Cleanup(func() { stop(); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			p := c.at(0.5)
			_, _ = client.SendFixes(report, &driverpb.SendFixesRequest{Batch: &driverpb.FixBatch{
				Fixes: []*typepb.Fix{{
					Lat: p.Lat, Lng: p.Lng, AtMs: c.service.clock.Now().UnixMilli(),
				}},
			}}) // one that is lost is followed by the next
			select {
			case <-report.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return phone
}
