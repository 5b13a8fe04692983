package main

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// voiceTable has the reads of what riderOne has said with the ride.
func voiceTable() map[string][]variant {
	byRider := same(func(c *cast) proto.Message {
		return &riderpb.GetVoiceRequest{RideId: string(c.ride)}
	})
	byDriver := same(func(c *cast) proto.Message {
		return &driverpb.GetVoiceRequest{RideId: string(c.ride)}
	})
	said := func(w who) func(*cast) map[who][]string {
		return func(c *cast) map[who][]string { return map[who][]string{w: {c.saidText()}} }
	}
	hears := func(name string, at stage) variant {
		return variant{
			name: name, stage: at, owner: driverOne, request: byDriver, shows: said(driverOne),
		}
	}
	deaf := func(name string, at stage) variant {
		return variant{
			name: name, stage: at, owner: driverOne, owned: codes.NotFound, request: byDriver,
		}
	}
	return map[string][]variant{
		"hexhail.rider.v1.RiderService.GetVoice": {
			{
				name: "searching", stage: searching, owner: riderOne, request: byRider,
				shows: said(riderOne),
			},
			{
				name: "settled", stage: settled, owner: riderOne, request: byRider,
				shows: said(riderOne),
			},
		},
		"hexhail.driver.v1.DriverService.GetVoice": {
			deaf("searching", searching), deaf("scheduled", scheduled), hears("offered", offered),
			hears("booked", booked), hears("assigned", assigned), hears("on the trip", onTrip),
			deaf("completed", completed),
		},
		"hexhail.ops.v1.OpsService.GetVoice": {{
			stage: settled, shows: said(staff), request: same(func(c *cast) proto.Message {
				return &opspb.GetVoiceRequest{RideId: string(c.ride)}
			}),
		}},
	}
}
