package main

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// complaintText is what riderOne writes of driverOne, who does not get to read it.
const complaintText = "he took my change"

// complaintTable has the requests about complaints, also where the ride's state would refuse them.
func complaintTable() map[string][]variant {
	const (
		rider  = "hexhail.rider.v1.RiderService."
		driver = "hexhail.driver.v1.DriverService."
		ops    = "hexhail.ops.v1.OpsService."
	)
	complain := same(func(c *cast) proto.Message {
		return &riderpb.ComplainRequest{
			RequestId: "fresh", RideId: string(c.ride),
			Cause: typepb.ComplaintCause_COMPLAINT_CAUSE_RUDE,
		}
	})
	speak := same(func(c *cast) proto.Message {
		return &riderpb.ContestComplaintRequest{
			RequestId: "fresh", RideId: string(c.ride), Text: "not so",
		}
	})
	answer := same(func(c *cast) proto.Message {
		return &driverpb.ContestComplaintRequest{
			RequestId: "fresh", RideId: string(c.ride), Text: "not so",
		}
	})
	const late = codes.FailedPrecondition
	return map[string][]variant{
		rider + "Complain": {
			{stage: settled, owner: riderOne, request: complain},
			{name: "again", stage: blamed, owner: riderOne, owned: late, request: complain},
			{name: "too early", stage: onTrip, owner: riderOne, owned: late, request: complain},
		},
		rider + "ContestComplaint": {{stage: unmet, owner: riderOne, request: speak}},
		rider + "ListComplaints": {{stage: blamed, request: same(func(*cast) proto.Message {
			return &riderpb.ListComplaintsRequest{City: "beijing"}
		}), shows: func(c *cast) map[who][]string {
			return map[who][]string{riderOne: {string(c.ride), complaintText}}
		}}},
		driver + "ContestComplaint": {{stage: blamed, owner: driverOne, request: answer}},
		driver + "ListComplaints": {{stage: blamed, request: same(func(*cast) proto.Message {
			return &driverpb.ListComplaintsRequest{}
		}), shows: func(c *cast) map[who][]string {
			return map[who][]string{driverOne: {string(c.ride), "COMPLAINT_CAUSE_RUDE"}}
		}}},
		ops + "ListContests": {{stage: settled, request: same(func(*cast) proto.Message {
			return &opspb.ListContestsRequest{City: "beijing"}
		})}},
		ops + "DecideComplaint": {{stage: blamed, request: same(func(c *cast) proto.Message {
			return &opspb.DecideComplaintRequest{
				RequestId: "fresh", RideId: string(c.ride),
				By: typepb.ComplaintSide_COMPLAINT_SIDE_RIDER, Uphold: true,
			}
		})}},
	}
}
