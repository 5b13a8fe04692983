package main

import (
	"time"

	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
)

// holdTable has the requests about held subsidies.
func holdTable() map[string][]variant {
	const driver, ops = "hexhail.driver.v1.DriverService.", "hexhail.ops.v1.OpsService."
	return map[string][]variant{
		driver + "ListHolds": {{
			stage: settled,
			request: same(func(c *cast) proto.Message {
				c.hold()
				return &driverpb.ListHoldsRequest{}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{driverOne: {string(c.ride), `"held"`}}
			},
		}},
		driver + "AppealHold": {{
			stage: settled, owner: driverOne,
			request: same(func(c *cast) proto.Message {
				c.hold()
				return &driverpb.AppealHoldRequest{
					RequestId: "fresh", RideId: string(c.ride), Text: "she had lost her keys",
				}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{driverOne: {string(c.ride), `"appealed"`}}
			},
		}},
		ops + "ListHolds": {{
			stage: settled,
			request: same(func(c *cast) proto.Message {
				c.hold()
				return &opspb.ListHoldsRequest{City: "beijing", PageSize: 200}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{staff: {string(c.ride), "drove 60 m", c.id(driverOne)}}
			},
		}},
		ops + "DecideHold": {{
			stage: settled,
			request: same(func(c *cast) proto.Message {
				c.hold()
				return &opspb.DecideHoldRequest{
					RequestId: "fresh", RideId: string(c.ride), Release: true, Note: "seen",
				}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{staff: {string(c.ride), `"released"`}}
			},
		}},
	}
}

// hold writes that the ride's subsidy is held, once.
func (c *cast) hold() {
	c.t.Helper()
	c.ok(c.service.db.Tx(c.t.Context(), func(tx dispatch.Tx) error {
		return tx.InsertHold(dispatch.Hold{
			Ride: c.ride, City: "beijing", Rider: dispatch.RiderID(c.id(riderOne)),
			Driver: dispatch.DriverID(c.id(driverOne)), Score: 130, State: dispatch.Held,
			Findings: []dispatch.Finding{{
				Clue: dispatch.ClueShort, Is: 60, Limit: 300, Weight: 35,
			}},
			MadeAt: c.now, DueAt: c.now.Add(24 * time.Hour),
		})
	}))
}
