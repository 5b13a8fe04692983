package main

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// TestTeamHandOver: a driver has a booking and cannot come; a driver of the team takes it over, the
// rider sees who comes instead, and the new one is sent out and drives. All of it goes through the
// real API, a hundred city seconds a second.
func TestTeamHandOver(t *testing.T) {
	t.Parallel()
	r := openRealm(t, "--clock-rate", "100", "--city-files", patient(t))
	c := &cast{realm: r, n: r.ids.Add(1), now: r.service.clock.Now()}
	c.enrol()
	c.gather()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	_, err := driverpb.NewDriverServiceClient(c.conn()).JoinTeam(c.in(ctx, driverTwo),
		&driverpb.JoinTeamRequest{RequestId: "join", MemberId: string(c.invited)})
	c.ok(err)
	pickup := r.service.clock.Now().Add(55 * time.Minute)
	watch := c.booksFor(ctx, pickup)
	one, two := c.rolls(ctx, driverOne), c.rolls(ctx, driverTwo)
	on := &driverpb.RideAction{RideId: string(c.ride)}
	sees := func(what string, w who, fits func(*typepb.Ride) bool) {
		t.Helper()
		hears(c, what, watch.Recv, func(m *riderpb.WatchRideResponse) bool {
			card := m.GetRide().GetCard()
			return card.GetName() == c.name(w) && card.GetPlate() == c.plate(w) &&
				fits(m.GetRide())
		})
	}

	c.order(ctx, driverOne, &driverpb.Command{Action: &driverpb.Command_TakeBooking{
		TakeBooking: on,
	}})
	sees("the first driver", driverOne, func(r *typepb.Ride) bool {
		return r.GetState() == typepb.RideState_RIDE_STATE_BOOKED
	})
	c.order(ctx, driverOne, &driverpb.Command{Action: &driverpb.Command_HandOverBooking{
		HandOverBooking: &driverpb.HandOverBooking{RideId: string(c.ride)},
	}})
	sees("that it is offered", driverOne, func(r *typepb.Ride) bool {
		return r.GetBooking().GetHandingOver()
	})
	offered := hears(c, "the offer", two.Recv, func(m *driverpb.DriveResponse) bool {
		return m.GetHandOver() != nil
	}).GetHandOver()
	if offered.GetFrom() != c.name(driverOne) ||
		offered.GetBooking().GetRideId() != string(c.ride) {
		t.Errorf("offered %v", offered)
	}
	c.order(ctx, driverTwo, &driverpb.Command{Action: &driverpb.Command_TakeOverBooking{
		TakeOverBooking: on,
	}})
	sees("the new driver", driverTwo, func(r *typepb.Ride) bool {
		return r.GetBooking().GetHandedOverAt() != nil && !r.GetBooking().GetHandingOver()
	})
	hears(c, "that it is gone", one.Recv, func(m *driverpb.DriveResponse) bool {
		return m.GetRide().GetRideId() == string(c.ride) && m.GetRide().GetPickup() == nil
	})

	m := hears(c, "time to go", two.Recv, func(m *driverpb.DriveResponse) bool {
		return m.GetRide().GetState() == typepb.RideState_RIDE_STATE_ASSIGNED
	})
	if ahead := pickup.Sub(m.GetRide().GetClaimedAt().AsTime()); ahead < 8*time.Minute {
		t.Errorf("sent out %s before the pickup", ahead)
	}
	c.now = r.service.clock.Now()
	c.drive(driverTwo, c.service.desk.Arrive)
	c.drive(driverTwo, c.service.desk.Start)
	sees("the ride", driverTwo, func(r *typepb.Ride) bool {
		return r.GetState() == typepb.RideState_RIDE_STATE_ON_TRIP
	})
}

// booksFor has riderOne book a ride and watch it.
func (c *cast) booksFor(
	ctx context.Context, pickup time.Time,
) riderpb.RiderService_WatchRideClient {
	c.t.Helper()
	client := riderpb.NewRiderServiceClient(c.conn())
	asked, err := client.BookRide(c.in(ctx, riderOne), &riderpb.BookRideRequest{
		RequestId: "book", City: "beijing", Seats: 1, PayBy: "cash", Pickup: placeOf(c.at(0)),
		Dropoff: placeOf(c.at(5)), PickupAt: timestamppb.New(pickup),
	})
	c.ok(err)
	c.ride = dispatch.RideID(asked.GetRide().GetRideId())
	watch, err := client.WatchRide(c.in(ctx, riderOne),
		&riderpb.WatchRideRequest{RideId: string(c.ride)})
	c.ok(err)
	return watch
}

// order gives a driver's command, which has to be done.
func (c *cast) order(ctx context.Context, w who, command *driverpb.Command) {
	c.t.Helper()
	command.RequestId = c.fresh()
	_, err := driverpb.NewDriverServiceClient(c.conn()).GiveCommand(c.in(ctx, w),
		&driverpb.GiveCommandRequest{Command: command})
	c.ok(err)
}
