package main

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// handOverTable has the requests about bookings that are handed over within a team.
func handOverTable() map[string][]variant {
	const (
		rider  = "hexhail.rider.v1.RiderService."
		driver = "hexhail.driver.v1.DriverService."
	)
	snapshot := same(func(*cast) proto.Message { return &driverpb.GetSnapshotRequest{} })
	list := same(func(*cast) proto.Message {
		return &driverpb.ListHandOversRequest{PageSize: 200}
	})
	return map[string][]variant{
		driver + "ListHandOvers": {
			{name: "offered", stage: handing, request: list, shows: func(c *cast) map[who][]string {
				return map[who][]string{driverTwo: {string(c.ride), c.name(driverOne)}}
			}},
			{name: "taken over", stage: relieved, request: list},
		},
		driver + "GetSnapshot": {
			{
				name: "handing over", stage: handing, request: snapshot,
				shows: func(c *cast) map[who][]string {
					return map[who][]string{driverOne: {string(c.ride), `"handingOver"`}}
				},
			},
			{
				name: "taken over", stage: relieved, request: snapshot,
				shows: func(c *cast) map[who][]string {
					return map[who][]string{driverTwo: {string(c.ride), `"handedOverAt"`}}
				},
			},
		},
		rider + "GetRide": {{
			name: "taken over", stage: relieved, owner: riderOne,
			request: same(func(c *cast) proto.Message {
				return &riderpb.GetRideRequest{RideId: string(c.ride)}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{riderOne: {
					c.name(driverTwo), c.plate(driverTwo), `"handedOverAt"`,
				}}
			},
		}},
	}
}

// handOverActions are the commands of drivers on bookings that go from one to another.
func handOverActions() []action {
	offer := func(c *cast, _ who, to *driverpb.Command) {
		to.Action = &driverpb.Command_HandOverBooking{
			HandOverBooking: &driverpb.HandOverBooking{RideId: string(c.ride)},
		}
	}
	withdraw := func(c *cast, _ who, to *driverpb.Command) {
		to.Action = &driverpb.Command_WithdrawHandOver{
			WithdrawHandOver: &driverpb.RideAction{RideId: string(c.ride)},
		}
	}
	take := func(c *cast, _ who, to *driverpb.Command) {
		to.Action = &driverpb.Command_TakeOverBooking{
			TakeOverBooking: &driverpb.RideAction{RideId: string(c.ride)},
		}
	}
	const late = codes.FailedPrecondition
	return []action{
		{name: "hand_over_booking", stage: handing, owner: driverOne, fill: offer},
		{
			name: "hand_over_booking", more: " twice", stage: relieved, owner: driverTwo,
			owned: late, fill: offer,
		},
		{
			name: "hand_over_booking", more: " too late", stage: teamed, owner: driverOne,
			owned: late, fill: offer,
		},
		{name: "withdraw_hand_over", stage: handing, owner: driverOne, fill: withdraw},
		{
			name: "withdraw_hand_over", more: " of nothing", stage: booked, owner: driverOne,
			owned: late, fill: withdraw,
		},
		{
			name: "take_over_booking", stage: handing, owner: driverTwo, fill: take,
			others: map[who]codes.Code{driverOne: late}, // has it
		},
		{
			name: "take_over_booking", more: " too late", stage: relieved, owner: driverTwo,
			owned: late, others: map[who]codes.Code{driverOne: late}, fill: take,
		},
	}
}
