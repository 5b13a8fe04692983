package main

import (
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// bookingTable has the requests about booked rides.
func bookingTable() map[string][]variant {
	const (
		rider  = "hexhail.rider.v1.RiderService."
		driver = "hexhail.driver.v1.DriverService."
		ops    = "hexhail.ops.v1.OpsService."
	)
	get := same(func(c *cast) proto.Message {
		return &riderpb.GetRideRequest{RideId: string(c.ride)}
	})
	in := func(c *cast, d time.Duration) *timestamppb.Timestamp {
		return timestamppb.New(c.service.clock.Now().Add(d))
	}
	return map[string][]variant{
		rider + "BookRide": {{stage: settled, request: same(func(c *cast) proto.Message {
			return &riderpb.BookRideRequest{
				RequestId: "fresh", City: "beijing", Seats: 1, PayBy: "cash",
				Pickup: placeOf(c.at(0)), Dropoff: placeOf(c.at(5)), PickupAt: in(c, 5*time.Hour),
			}
		})}},
		rider + "GetRide": {
			{name: "scheduled", stage: scheduled, owner: riderOne, request: get},
			{
				name: "booked", stage: booked, owner: riderOne, request: get,
				shows: func(c *cast) map[who][]string {
					return map[who][]string{riderOne: {string(c.ride), c.name(driverOne)}}
				},
			},
		},
		rider + "CancelRide": {{
			name: "booked", stage: booked, owner: riderOne,
			request: same(func(c *cast) proto.Message {
				return &riderpb.CancelRideRequest{RequestId: "fresh", RideId: string(c.ride)}
			}),
		}},
		driver + "ListBookings": {{stage: scheduled, request: same(func(*cast) proto.Message {
			return &driverpb.ListBookingsRequest{PageSize: 200}
		}), shows: func(c *cast) map[who][]string {
			return map[who][]string{driverOne: {string(c.ride), `"forYou"`}}
		}}},
		driver + "GetSnapshot": {{
			name: "booked", stage: booked,
			request: same(func(*cast) proto.Message { return &driverpb.GetSnapshotRequest{} }),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{driverOne: {string(c.ride)}}
			},
		}},
		ops + "MoveFlight": {{stage: scheduled, request: same(func(c *cast) proto.Message {
			return &opspb.MoveFlightRequest{
				RequestId: "fresh", City: "beijing",
				Flight:      &typepb.Flight{Number: "CA1831", Day: "2014-03-01"},
				ScheduledAt: in(c, time.Hour), ExpectedAt: in(c, 2*time.Hour),
			}
		})}},
	}
}

// bookingActions are the commands of drivers on booked rides, also where they are refused.
func bookingActions() []action {
	take := func(c *cast, _ who, to *driverpb.Command) {
		to.Action = &driverpb.Command_TakeBooking{
			TakeBooking: &driverpb.RideAction{RideId: string(c.ride)},
		}
	}
	drop := func(c *cast, _ who, to *driverpb.Command) {
		to.Action = &driverpb.Command_DropBooking{
			DropBooking: &driverpb.RideAction{RideId: string(c.ride)},
		}
	}
	const late = codes.FailedPrecondition
	return []action{
		{name: "take_booking", stage: scheduled, owner: driverOne, fill: take},
		{
			name: "take_booking", more: " again", stage: booked, owner: driverOne, owned: late,
			fill: take,
		},
		{name: "drop_booking", stage: booked, owner: driverOne, fill: drop},
		{
			name: "drop_booking", more: " too late", stage: settled, owner: driverOne, owned: late,
			fill: drop,
		},
	}
}
