package main

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/money"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// fareTable has what ops decide about fares.
func fareTable() map[string][]variant {
	return map[string][]variant{
		"hexhail.rider.v1.RiderService.ListPayments": {{
			stage: settled, owner: riderOne,
			request: same(func(c *cast) proto.Message {
				return &riderpb.ListPaymentsRequest{RideId: string(c.ride)}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{riderOne: {`"cash_confirmed"`}}
			},
		}},
		"hexhail.driver.v1.DriverService.ListPayments": {{
			stage: settled, owner: driverOne,
			request: same(func(c *cast) proto.Message {
				return &driverpb.ListPaymentsRequest{RideId: string(c.ride)}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{driverOne: {`"cash_confirmed"`}}
			},
		}},
		"hexhail.driver.v1.DriverService.CollectFare": {{
			stage: settled, owner: driverOne, owned: codes.FailedPrecondition, // paid by hand
			request: same(func(c *cast) proto.Message {
				return &driverpb.CollectFareRequest{
					RequestId: "fresh", RideId: string(c.ride), Channel: "alipay",
				}
			}),
		}},
		"hexhail.ops.v1.OpsService.RefundRide": {{
			stage: completed,
			request: same(func(c *cast) proto.Message {
				c.payByWallet()
				return &opspb.RefundRideRequest{
					RequestId: "fresh", RideId: string(c.ride), Purpose: "fare", AmountFen: 1,
					Why: "a detour",
				}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{staff: {`"refundId"`}}
			},
		}},
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

// shareTable has fares that friends share, and what is paid by a code.
func shareTable() map[string][]variant {
	const service = "hexhail.rider.v1.RiderService."
	theirs := func(c *cast) map[who][]string {
		return map[who][]string{riderTwo: {c.plate(driverOne)}}
	}
	return map[string][]variant{
		service + "AddTip": {{
			name: "afterwards", stage: settled, owner: riderOne,
			request: same(func(c *cast) proto.Message {
				return &riderpb.AddTipRequest{
					RequestId: "fresh", RideId: string(c.ride), TipFen: 500,
				}
			}),
		}},
		service + "SplitFare": {{
			stage: completed, owner: riderOne,
			request: same(func(c *cast) proto.Message {
				return &riderpb.SplitFareRequest{
					RequestId: "fresh", RideId: string(c.ride),
					Friends: []*riderpb.Friend{{Phone: c.phone(riderTwo)}, {}},
				}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{riderOne: {`"code"`}}
			},
		}},
		service + "ListShares": {{
			stage:   halved,
			request: same(func(*cast) proto.Message { return &riderpb.ListSharesRequest{} }),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{riderTwo: {c.code, c.plate(driverOne)}}
			},
		}},
		service + "ScanCode": {{
			stage: halved,
			request: same(func(c *cast) proto.Message {
				return &riderpb.ScanCodeRequest{Code: c.code}
			}),
			shows: theirs,
		}},
		service + "PayByCode": {{
			stage: halved,
			request: same(func(c *cast) proto.Message {
				return &riderpb.PayByCodeRequest{
					RequestId: "fresh", Code: c.code, Channel: "alipay", Way: "qr",
				}
			}),
			shows: theirs,
		}},
	}
}

// mendTable has the codes that lead to fares, and what is said of a fare that was mistyped.
func mendTable() map[string][]variant {
	return map[string][]variant{
		"hexhail.driver.v1.DriverService.MakePayCode": {
			{
				name: "of a ride", stage: completed, owner: driverOne,
				request: same(func(c *cast) proto.Message {
					return &driverpb.MakePayCodeRequest{RequestId: "fresh", RideId: string(c.ride)}
				}),
				shows: func(*cast) map[who][]string {
					return map[who][]string{driverOne: {`"/pay/`}}
				},
			},
			{
				name: "of the taxi", stage: completed,
				request: same(func(*cast) proto.Message {
					return &driverpb.MakePayCodeRequest{RequestId: "fresh"}
				}),
			},
		},
		"hexhail.driver.v1.DriverService.CorrectFare": {{
			stage: settled, owner: driverOne,
			request: same(func(c *cast) proto.Message {
				return &driverpb.CorrectFareRequest{
					RequestId: "fresh", RideId: string(c.ride), MeterFen: 6_00,
				}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{driverOne: {`"600"`, `"was"`}}
			},
		}},
		"hexhail.rider.v1.RiderService.ContestFare": {{
			name: "paid", stage: settled, owner: riderOne,
			request: same(func(c *cast) proto.Message {
				return &riderpb.ContestFareRequest{RequestId: "fresh", RideId: string(c.ride)}
			}),
		}},
	}
}

// payByWallet pays the ride from a wallet that is filled for it, once.
func (c *cast) payByWallet() {
	ctx, rider := c.t.Context(), dispatch.RiderID(c.id(riderOne))
	cashier := money.Cashier{Store: c.service.db}
	err := cashier.TopUp(ctx, money.EntryID("for "+c.ride), money.SandboxEquity,
		dispatch.RiderParty(rider), 500_00, c.now)
	if dispatch.ReasonOf(err) == dispatch.ReasonDuplicate {
		return
	}
	c.ok(err)
	_, err = c.service.desk.Pay(ctx, c.now, c.once(riderOne), dispatch.PayRide{
		Ride: c.ride, Rider: rider, Means: dispatch.Means{Channel: money.InWallet},
	})
	c.ok(err)
	_, err = c.service.desk.Work(ctx, c.now)
	c.ok(err)
}
