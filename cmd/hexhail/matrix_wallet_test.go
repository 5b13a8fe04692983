package main

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// castPIN is the pay PIN of riders in the matrix.
const castPIN = "190715"

// walletTable has the requests about riders' wallets.
func walletTable() map[string][]variant {
	const (
		rider = "hexhail.rider.v1.RiderService."
		ops   = "hexhail.ops.v1.OpsService."
	)
	return map[string][]variant{
		rider + "GetWallet": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				c.payPIN(riderOne)
				c.gives(1_00, time.Hour)
				return &riderpb.GetWalletRequest{City: "beijing"}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{riderOne: {
					`"hasPayPin"`, `"freeLeftFen"`, "春节红包",
				}}
			},
		}},
		rider + "PayRide": {{
			name: "hongbaos first", stage: completed, owner: riderOne,
			request: same(func(c *cast) proto.Message {
				c.gives(1_00, time.Hour)
				return &riderpb.PayRideRequest{
					RequestId: "fresh", RideId: string(c.ride), Channel: "alipay", Way: "qr",
					WalletFirst: "hongbaos",
				}
			}),
		}},
		rider + "SetPayPin": {{stage: searching, request: one(func(c *cast, w who) proto.Message {
			c.noPayPIN(w)
			return &riderpb.SetPayPinRequest{RequestId: "fresh", NewPin: castPIN}
		})}},
		rider + "IssueWalletCode": {{
			stage: searching,
			request: same(func(*cast) proto.Message {
				return &riderpb.IssueWalletCodeRequest{RequestId: "fresh"}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{riderOne: {`"handle"`, `"secret"`}}
			},
		}},
		rider + "RevokeWalletCode": {{
			stage: searching,
			request: same(func(*cast) proto.Message {
				return &riderpb.RevokeWalletCodeRequest{RequestId: "fresh"}
			}),
		}},
		"hexhail.driver.v1.DriverService.CollectFare": {{
			name: "by a code", stage: completed, owner: driverOne, owned: refusedNow,
			request: same(func(c *cast) proto.Message {
				return &driverpb.CollectFareRequest{
					RequestId: "fresh", RideId: string(c.ride), Channel: "wallet",
					Barcode: "88012345678901234567",
				}
			}),
		}},
		ops + "ClearPayPin": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				c.payPIN(riderOne)
				return &opspb.ClearPayPinRequest{RequestId: "fresh", RiderId: c.id(riderOne)}
			}),
		}},
	}
}

// hongbaoTable has the requests of ops about hongbaos.
func hongbaoTable() map[string][]variant {
	const ops = "hexhail.ops.v1.OpsService."
	return map[string][]variant{
		ops + "GiveHongbaos": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				return &opspb.GiveHongbaosRequest{
					RequestId: "fresh", City: "beijing", Sponsor: "us",
					RiderIds: []string{c.id(riderOne)}, AmountFen: 1, TitleEn: "fresh",
					TitleZh:   "新",
					ExpiresAt: timestamppb.New(c.service.clock.Now().Add(time.Hour)),
				}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{staff: {`"hongbaoIds"`}}
			},
		}},
		ops + "ListHongbaos": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				c.gives(1_00, time.Hour)
				return &opspb.ListHongbaosRequest{RiderId: c.id(riderOne)}
			}),
			shows: func(c *cast) map[who][]string {
				return map[who][]string{staff: {"春节红包", c.id(riderOne)}}
			},
		}},
	}
}

// payPIN gives a rider a pay PIN, who has none yet.
func (c *cast) payPIN(w who) {
	c.t.Helper()
	_, err := c.service.desk.SetPayPIN(c.t.Context(), c.service.clock.Now(),
		dispatch.Once{Identity: "rider:" + c.id(w), RequestID: c.fresh()},
		dispatch.SetPayPIN{Rider: dispatch.RiderID(c.id(w)), New: castPIN})
	if dispatch.ReasonOf(err) != dispatch.ReasonPINNeeded {
		c.ok(err)
	}
}

// noPayPIN takes it away.
func (c *cast) noPayPIN(w who) {
	c.t.Helper()
	err := c.service.desk.ClearPayPIN(c.t.Context(), c.service.clock.Now(),
		dispatch.Once{Identity: "ops:" + c.id(staff), RequestID: c.fresh()},
		dispatch.RiderID(c.id(w)))
	if dispatch.ReasonOf(err) != dispatch.ReasonPINUnset {
		c.ok(err)
	}
}
