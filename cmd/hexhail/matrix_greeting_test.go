package main

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// greetingTable has the requests about drivers' greetings.
func greetingTable() map[string][]variant {
	const (
		rider  = "hexhail.rider.v1.RiderService."
		driver = "hexhail.driver.v1.DriverService."
	)
	return map[string][]variant{
		// It is nobody's time for a festival that was.
		driver + "SendGreeting": {{
			stage: greeted, owner: driverOne, owned: refusedNow, foreign: codes.FailedPrecondition,
			request: same(func(*cast) proto.Message {
				return &driverpb.SendGreetingRequest{
					RequestId: "fresh", FestivalId: "spring-2014", Text: "fresh",
				}
			}),
		}},
		driver + "ListGreetings": {{stage: greeted, request: same(func(*cast) proto.Message {
			return &driverpb.ListGreetingsRequest{}
		}), shows: func(c *cast) map[who][]string {
			return map[who][]string{driverOne: {c.greeting()}}
		}}},
		rider + "ListGreetings": {{stage: greeted, request: same(func(*cast) proto.Message {
			return &riderpb.ListGreetingsRequest{}
		}), shows: func(c *cast) map[who][]string {
			return map[who][]string{
				riderOne: {c.greeting(), c.name(driverOne), string(c.regular)},
			}
		}}},
		rider + "WantGreetings": {{stage: greeted, request: same(func(*cast) proto.Message {
			return &riderpb.WantGreetingsRequest{RequestId: "fresh", Wanted: true}
		})}},
	}
}
