package main

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// regularTable has the requests about riders and drivers who keep each other.
func regularTable() map[string][]variant {
	all := map[string][]variant{}
	for name, v := range regularRiderTable() {
		all["hexhail.rider.v1.RiderService."+name] = v
	}
	for name, v := range regularDriverTable() {
		all["hexhail.driver.v1.DriverService."+name] = v
	}
	return all
}

const refusedNow = codes.FailedPrecondition

// shownTo is that an answer has the regular and the other side's name in it.
func shownTo(reader, other who) func(c *cast) map[who][]string {
	return func(c *cast) map[who][]string {
		return map[who][]string{reader: {string(c.regular), c.name(other)}}
	}
}

func regularRiderTable() map[string][]variant {
	propose := same(func(c *cast) proto.Message {
		return &riderpb.ProposeRegularRequest{RequestId: "fresh", RideId: string(c.ride)}
	})
	agree := same(func(c *cast) proto.Message {
		return &riderpb.AgreeRegularRequest{RequestId: "fresh", RegularId: string(c.regular)}
	})
	return map[string][]variant{
		"ProposeRegular": {
			{name: "driven", stage: completed, owner: riderOne, request: propose},
			{
				name: "not driven", stage: assigned, owner: riderOne, owned: refusedNow,
				request: propose,
			},
		},
		"AgreeRegular": {
			{
				name: "own proposal", stage: proposed, owner: riderOne, owned: refusedNow,
				request: agree,
			},
			{
				name: "kept", stage: kept, owner: riderOne, request: agree,
				shows: shownTo(riderOne, driverOne),
			},
		},
		"EndRegular": {{stage: kept, owner: riderOne, request: same(func(c *cast) proto.Message {
			return &riderpb.EndRegularRequest{RequestId: "fresh", RegularId: string(c.regular)}
		})}},
		"ListRegulars": {{stage: proposed, request: same(func(*cast) proto.Message {
			return &riderpb.ListRegularsRequest{}
		}), shows: shownTo(riderOne, driverOne)}},
		"RequestRide": {{
			name: "to a regular", stage: kept, owner: riderOne,
			request: same(func(c *cast) proto.Message {
				return &riderpb.RequestRideRequest{
					RequestId: "fresh", City: "beijing", Seats: 1, PayBy: "cash",
					Pickup: placeOf(c.at(0)), Dropoff: placeOf(c.at(5)),
					First: &riderpb.AskFirst{RegularId: string(c.regular), RegularSeconds: 60},
				}
			}),
		}},
	}
}

func regularDriverTable() map[string][]variant {
	propose := same(func(c *cast) proto.Message {
		return &driverpb.ProposeRegularRequest{RequestId: "fresh", RideId: string(c.ride)}
	})
	return map[string][]variant{
		"ProposeRegular": {
			{name: "driven", stage: completed, owner: driverOne, request: propose},
			{
				name: "not driven", stage: arrived, owner: driverOne, owned: refusedNow,
				request: propose,
			},
		},
		"AgreeRegular": {{
			stage: proposed, owner: driverOne, request: same(func(c *cast) proto.Message {
				return &driverpb.AgreeRegularRequest{
					RequestId: "fresh", RegularId: string(c.regular),
				}
			}), shows: shownTo(driverOne, riderOne),
		}},
		"EndRegular": {{stage: kept, owner: driverOne, request: same(func(c *cast) proto.Message {
			return &driverpb.EndRegularRequest{RequestId: "fresh", RegularId: string(c.regular)}
		})}},
		"ListRegulars": {{stage: proposed, request: same(func(*cast) proto.Message {
			return &driverpb.ListRegularsRequest{}
		}), shows: shownTo(driverOne, riderOne)}},
	}
}
