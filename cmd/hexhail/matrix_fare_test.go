package main

import (
	"google.golang.org/protobuf/proto"

	opspb "hexhail/pb/hexhail/ops/v1"
)

// fareTable has what ops decide about fares.
func fareTable() map[string][]variant {
	return map[string][]variant{
		"hexhail.ops.v1.OpsService.ResolveFare": {{
			stage: asked,
			request: same(func(c *cast) proto.Message {
				return &opspb.ResolveFareRequest{
					RequestId: "fresh", RideId: string(c.ride), FareFen: 10_00,
					Note: "by the trace",
				}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{staff: {string(c.ride), "FARE_STATE_RESOLVED", `"1000"`}}
			},
		}},
	}
}
