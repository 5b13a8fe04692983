package main

import (
	"google.golang.org/protobuf/proto"

	driverpb "hexhail/pb/hexhail/driver/v1"
)

// teamTable has the requests about drivers' teams.
func teamTable() map[string][]variant {
	const service = "hexhail.driver.v1.DriverService."
	return map[string][]variant{
		service + "FoundTeam": {{stage: settled, request: same(func(*cast) proto.Message {
			return &driverpb.FoundTeamRequest{RequestId: "fresh", Name: "早班"}
		})}},
		service + "InviteToTeam": {{
			stage: teamed, owner: driverOne, request: same(func(c *cast) proto.Message {
				return &driverpb.InviteToTeamRequest{
					RequestId: "fresh", DriverId: c.id(driverTwo),
				}
			}),
		}},
		service + "JoinTeam": {
			{
				name: "invited", stage: teamed, owner: driverTwo,
				request: same(func(c *cast) proto.Message {
					return &driverpb.JoinTeamRequest{
						RequestId: "fresh", MemberId: string(c.invited),
					}
				}),
				shows: func(c *cast) map[who][]string {
					return map[who][]string{driverTwo: {c.team()}}
				},
			},
		},
		service + "LeaveTeam": {{
			stage: teamed, owner: driverOne, request: same(func(c *cast) proto.Message {
				return &driverpb.LeaveTeamRequest{RequestId: "fresh", MemberId: string(c.own)}
			}),
		}},
		service + "GetTeam": {{stage: teamed, request: same(func(*cast) proto.Message {
			return &driverpb.GetTeamRequest{}
		}), shows: func(c *cast) map[who][]string {
			return map[who][]string{
				driverOne: {c.team(), string(c.own), string(c.invited)},
				driverTwo: {c.team(), string(c.invited)},
			}
		}}},
	}
}
