package main

import (
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/money"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// topUpTable has the requests about what riders pay into their wallets.
func topUpTable() map[string][]variant {
	const rider = "hexhail.rider.v1.RiderService."
	return map[string][]variant{
		rider + "TopUpWallet": {{
			stage: searching,
			request: same(func(*cast) proto.Message {
				return &riderpb.TopUpWalletRequest{
					RequestId: "fresh", AmountFen: 20_00, Channel: "alipay", Way: "qr",
				}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{riderOne: {`"topUpId"`, `"open"`}}
			},
		}},
		rider + "ListTopUps": {
			{stage: searching, request: same(func(c *cast) proto.Message {
				c.topUp(riderOne)
				return &riderpb.ListTopUpsRequest{}
			}), shows: func(c *cast) map[who][]string {
				return map[who][]string{riderOne: {`"topUpId"`, `"20000"`}}
			}},
			{
				name: "another's page", stage: searching, owner: riderOne, foreign: badPage,
				request: same(func(c *cast) proto.Message {
					c.topUp(riderOne)
					c.topUp(riderOne)
					first, err := riderpb.NewRiderServiceClient(c.conn()).ListTopUps(
						c.as(riderOne), &riderpb.ListTopUpsRequest{PageSize: 1})
					c.ok(err)
					return &riderpb.ListTopUpsRequest{PageToken: first.GetNextPageToken()}
				}), shows: func(c *cast) map[who][]string {
					return map[who][]string{riderOne: {`"topUpId"`}}
				},
			},
		},
	}
}

// topUp has a rider ask for 200 yuan of their own, unless they have asked as often as they may.
func (c *cast) topUp(w who) {
	c.t.Helper()
	_, err := c.service.desk.TopUp(c.t.Context(), c.service.clock.Now(),
		dispatch.Once{Identity: "rider:" + c.id(w), RequestID: c.fresh()},
		dispatch.TopUpWallet{
			Rider: dispatch.RiderID(c.id(w)), Amount: 200_00,
			Means: dispatch.Means{Channel: money.Alipay, Way: money.WayQR},
		})
	if dispatch.ReasonOf(err) != dispatch.ReasonTopUpsOpen {
		c.ok(err)
	}
}
