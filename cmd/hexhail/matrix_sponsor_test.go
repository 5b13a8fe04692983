package main

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
)

// claimedDay is the day of the claims that these tests make up.
const claimedDay = "2014-01-10"

// sponsorTable has the requests about what sponsors owe.
func sponsorTable() map[string][]variant {
	const service = "hexhail.ops.v1.OpsService."
	staffs := func(request func(c *cast) proto.Message, shows string) []variant {
		return []variant{{
			stage: searching, request: same(request),
			shows: func(*cast) map[who][]string { return map[who][]string{staff: {shows}} },
		}}
	}
	return map[string][]variant{
		service + "MakeClaims": staffs(func(*cast) proto.Message {
			return &opspb.MakeClaimsRequest{City: "beijing", Day: claimedDay}
		}, `{`),
		service + "ListClaims": staffs(func(c *cast) proto.Message {
			c.claimed(money.ClaimMade)
			return &opspb.ListClaimsRequest{PageSize: 200}
		}, `"claimed"`),
		service + "DisputeClaim": staffs(func(c *cast) proto.Message {
			return &opspb.DisputeClaimRequest{
				RequestId: "fresh", CampaignId: c.claimed(money.ClaimMade), Day: claimedDay,
				AmountFen: 1, Why: "why",
			}
		}, `"disputed"`),
		service + "DecideClaim": staffs(func(c *cast) proto.Message {
			return &opspb.DecideClaimRequest{
				RequestId: "fresh", CampaignId: c.claimed(money.ClaimDisputed), Day: claimedDay,
				AmountFen: 1, Why: "why",
			}
		}, `"withdrawnFen"`),
		service + "SettleClaim": staffs(func(c *cast) proto.Message {
			return &opspb.SettleClaimRequest{
				RequestId: "fresh", CampaignId: c.claimed(money.ClaimMade), Day: claimedDay,
				AmountFen: 1000, Why: "why",
			}
		}, `"settled"`),
	}
}

// claimed makes a claim of 10 yuan up, and is its campaign.
func (c *cast) claimed(state money.ClaimState) string {
	c.t.Helper()
	claim := money.Claim{
		Campaign: money.CampaignID(fmt.Sprint("claim-", c.fresh())), Day: claimedDay,
		City: "beijing", Sponsor: "us", Amount: 1000, Transfers: 2, State: state, Disputed: 5,
		MadeAt: c.service.clock.Now(), ChangedAt: c.service.clock.Now(),
	}
	c.ok(c.service.db.MoneyTx(context.Background(), func(tx money.Tx) error {
		_, err := tx.InsertClaim(claim)
		return err
	}))
	return string(claim.Campaign)
}
