package main

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
)

// campaignTable has the requests about campaigns beyond their launch.
func campaignTable() map[string][]variant {
	const service = "hexhail.ops.v1.OpsService."
	staffs := func(request func(c *cast) proto.Message, shows string) []variant {
		return []variant{{
			stage: searching, request: same(request),
			shows: func(*cast) map[who][]string { return map[who][]string{staff: {shows}} },
		}}
	}
	return map[string][]variant{
		service + "PauseCampaign": staffs(func(c *cast) proto.Message {
			return &opspb.PauseCampaignRequest{
				RequestId: "fresh", City: "beijing", CampaignId: c.campaign(), Paused: true,
			}
		}, `"CAMPAIGN_STATE_PAUSED"`),
		service + "ChangeSegment": staffs(func(*cast) proto.Message {
			return &opspb.ChangeSegmentRequest{
				RequestId: "fresh", Name: "students", AddRiderIds: []string{"somebody"},
			}
		}, `{`),
		service + "EndCampaign": staffs(func(c *cast) proto.Message {
			return &opspb.EndCampaignRequest{
				RequestId: "fresh", City: "beijing", CampaignId: c.campaign(),
			}
		}, `"returnedFen"`),
		service + "RepairCampaign": staffs(func(c *cast) proto.Message {
			now := c.service.clock.Now()
			return &opspb.RepairCampaignRequest{
				RequestId: "fresh", City: "beijing", CampaignId: c.campaign(), Why: "why",
				From: timestamppb.New(now.Add(-2 * time.Hour)),
				To:   timestamppb.New(now.Add(-time.Hour)),
			}
		}, `"done"`),
		service + "ListRepairs": staffs(func(c *cast) proto.Message {
			return &opspb.ListRepairsRequest{CampaignId: c.repaired()}
		}, `"why"`),
		service + "PreviewCampaign": staffs(func(c *cast) proto.Message {
			now := c.service.clock.Now()
			return &opspb.PreviewCampaignRequest{
				Campaign: &opspb.Campaign{
					Id: "preview", Version: 1, City: "beijing", Sponsor: "us", Channel: "wallet",
					RiderFen: 1, CapFen: 1000, StartsAt: timestamppb.New(now),
					EndsAt: timestamppb.New(now.Add(time.Hour)),
				},
				From: timestamppb.New(now.Add(-time.Hour)), To: timestamppb.New(now),
			}
		}, `{`),
		"hexhail.rider.v1.RiderService.ListCampaigns": {{
			stage: searching,
			request: same(func(c *cast) proto.Message {
				c.campaign()
				return &riderpb.ListCampaignsRequest{City: "beijing"}
			}),
			shows: func(*cast) map[who][]string {
				return map[who][]string{riderOne: {`"campaignId"`}, riderTwo: {`"campaignId"`}}
			},
		}},
	}
}

// campaign launches one of a group of its own, and is its id.
func (c *cast) campaign() string {
	c.t.Helper()
	id, now := c.fresh(), c.service.clock.Now()
	err := money.Cashier{Store: c.service.db}.Launch(context.Background(), money.Campaign{
		ID: money.CampaignID(id), Version: 1, City: "beijing", Sponsor: "us",
		Channel: money.InWallet, State: money.CampaignRuns, Group: id, Rider: money.Fixed(1),
		Cap: 1000, StartsAt: now.Add(-time.Hour), EndsAt: now.Add(time.Hour),
	}, now)
	if err != nil {
		c.t.Fatal(err)
	}
	return id
}

// repaired makes up what a campaign has given afterwards, and is its id.
func (c *cast) repaired() string {
	c.t.Helper()
	id := c.fresh()
	c.ok(c.service.db.MoneyTx(context.Background(), func(tx money.Tx) error {
		return tx.InsertRepair(money.Repair{
			Campaign: money.CampaignID(id), Subject: money.Subject(id), Version: 1, Group: id,
			Rider: 1, Why: "why", By: "ops:me", At: c.service.clock.Now(),
		})
	}))
	return id
}
