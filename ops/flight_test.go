package ops_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/type/v1"
)

// TestMoveFlight: ops move the pickups of a flight by hand, once for a request id.
func TestMoveFlight(t *testing.T) {
	e := newEdge(t, sandbox)
	ctx := e.ops()
	e.ok(e.db.Tx(t.Context(), func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: "flown"})
	}))
	landing := e.now.Add(5 * time.Hour)
	city := e.desk.Cities["beijing"]
	booked, err := e.desk.Book(t.Context(), e.now,
		dispatch.Once{Identity: "rider:flown", RequestID: "1"}, dispatch.BookRide{
			RequestRide: dispatch.RequestRide{
				City: "beijing", Rider: "flown", Seats: 1, PayBy: money.Cash,
				Pickup:  dispatch.Place{Point: city.Center},
				Dropoff: dispatch.Place{Point: city.Center},
			},
			PickupAt: landing.Add(30 * time.Minute), Flight: dispatch.Flight{Number: "CA1831"},
		})
	e.ok(err)
	in := &opspb.MoveFlightRequest{
		RequestId: "1", City: "beijing", ScheduledAt: timestamppb.New(landing),
		ExpectedAt: timestamppb.New(landing.Add(90 * time.Minute)),
		Flight: &typepb.Flight{
			Number: "CA1831", Day: landing.In(city.Zone).Format(time.DateOnly),
		},
	}
	for range 2 {
		got, err := e.MoveFlight(ctx, in)
		e.ok(err)
		if got.GetMoved() != 1 || got.GetSame() != 0 {
			t.Errorf("moved %v", got)
		}
	}
	got, err := e.GetRide(ctx, &opspb.GetRideRequest{RideId: string(booked.Ride)})
	e.ok(err)
	if at := got.GetRide().GetBooking().GetPickupAt().AsTime(); !at.Equal(
		landing.Add(2 * time.Hour)) {
		t.Errorf("picked up at %s, two hours after %s", at, landing)
	}
	in.RequestId, in.ExpectedAt = "2", timestamppb.New(landing.Add(25*time.Hour))
	_, err = e.MoveFlight(ctx, in)
	e.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	in.RequestId, in.Flight = "3", &typepb.Flight{}
	_, err = e.MoveFlight(ctx, in)
	e.refused(err, codes.InvalidArgument, dispatch.ReasonField)
}
