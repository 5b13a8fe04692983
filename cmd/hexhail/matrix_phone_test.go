package main

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// phoneTable has what riderOne's phone tells of the ride.
func phoneTable() map[string][]variant {
	tell := same(func(c *cast) proto.Message {
		p := c.at(0)
		return &riderpb.SharePositionRequest{RideId: string(c.ride), Fix: &typepb.Fix{
			Lat: p.Lat, Lng: p.Lng, AtMs: c.service.clock.Now().UnixMilli(),
		}}
	})
	return map[string][]variant{"hexhail.rider.v1.RiderService.SharePosition": {
		{
			name: "on board", stage: onTrip, owner: riderOne, request: tell,
			shows: func(*cast) map[who][]string { return map[who][]string{riderOne: {"againIn"}} },
		},
		{
			name: "too late", stage: settled, owner: riderOne, owned: codes.FailedPrecondition,
			request: tell,
		},
	}}
}
