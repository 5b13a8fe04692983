package ops

import (
	"cmp"
	"context"
	"errors"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// LaunchCampaign begins a campaign (version 1, which funds its budget), or appends the next version
// with another period. The newest version again is no error and changes nothing; another content
// under its number is a Conflict.
func (s *Server) LaunchCampaign(ctx context.Context, in *opspb.LaunchCampaignRequest) (
	*opspb.LaunchCampaignResponse, error,
) {
	c := campaignOf(in.GetCampaign())
	if _, err := s.config.Cities.City(dispatch.CityID(c.City)); err != nil {
		return nil, err
	}
	left, err := once(ctx, s, "LaunchCampaign", in.GetRequestId(), c,
		func(tx dispatch.Tx, now time.Time, _ string) (money.Fen, error) {
			if err := launch(ctx, tx, c, now); err != nil {
				return 0, err
			}
			return leftOf(tx, c.ID)
		})
	if err != nil {
		return nil, campaignFault(err)
	}
	return &opspb.LaunchCampaignResponse{Campaign: campaignPB(c, left)}, nil
}

// campaignFields are the paths of a campaign's fields in LaunchCampaign, where they differ from
// money's names: amounts are in fen there and say so.
var campaignFields = map[string]string{
	"rider": "rider_fen", "driver": "driver_fen", "cap": "cap_fen",
}

// campaignFault names the field of the request that a campaign is refused for.
func campaignFault(err error) error {
	var bad *money.CampaignError
	if !errors.As(err, &bad) {
		return err
	}
	named := dispatch.BadField(
		"campaign."+cmp.Or(campaignFields[bad.Field], bad.Field), bad.Limit)
	named.Reason, named.Cause = dispatch.ReasonCampaign, err
	return named
}

func launch(ctx context.Context, tx dispatch.Tx, c money.Campaign, now time.Time) error {
	if err := c.Check(); err != nil {
		return err
	}
	all, err := tx.CampaignsOf(c.City)
	if err != nil {
		return err
	}
	for _, newest := range all {
		if newest.ID != c.ID || newest.Version != c.Version {
			continue
		}
		if !sameCampaign(newest, c) {
			return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonDuplicate,
				"campaign %s has a version %d with other content", c.ID, c.Version)
		}
		return nil
	}
	cashier := money.Cashier{Store: joined{tx}}
	if c.Version > 1 {
		return cashier.Redate(ctx, c)
	}
	return cashier.Launch(ctx, c, now)
}

func sameCampaign(a, b money.Campaign) bool {
	dates := a.StartsAt.Equal(b.StartsAt) && a.EndsAt.Equal(b.EndsAt)
	a.StartsAt, a.EndsAt = b.StartsAt, b.EndsAt
	return dates && a == b
}

// ListCampaigns reads the newest versions of a city's campaigns, with what is left of each budget.
func (s *Server) ListCampaigns(ctx context.Context, in *opspb.ListCampaignsRequest) (
	*opspb.ListCampaignsResponse, error,
) {
	if _, err := s.config.Cities.City(dispatch.CityID(in.GetCity())); err != nil {
		return nil, err
	}
	var out *opspb.ListCampaignsResponse
	err := s.config.Store.Tx(ctx, func(tx dispatch.Tx) error {
		out = &opspb.ListCampaignsResponse{}
		all, err := tx.CampaignsOf(in.GetCity())
		if err != nil {
			return err
		}
		for _, c := range all {
			left, err := leftOf(tx, c.ID)
			if err != nil {
				return err
			}
			out.Campaigns = append(out.Campaigns, campaignPB(c, left))
		}
		return nil
	})
	return out, err
}

// leftOf is what a campaign may still give.
func leftOf(tx money.Accounts, id money.CampaignID) (money.Fen, error) {
	budget, err := tx.Account(money.PromoBudget(id))
	return budget.Available(), err
}

// campaignOf keeps times to the millisecond, as rows do.
func campaignOf(c *opspb.Campaign) money.Campaign {
	return money.Campaign{
		ID: money.CampaignID(c.GetId()), Version: int(c.GetVersion()), City: c.GetCity(),
		Sponsor: money.Party(c.GetSponsor()), Channel: money.ChannelName(c.GetChannel()),
		Rider: money.Fen(c.GetRiderFen()), Driver: money.Fen(c.GetDriverFen()),
		Cap:      money.Fen(c.GetCapFen()),
		StartsAt: wire.TimeOf(c.GetStartsAt()).Truncate(time.Millisecond),
		EndsAt:   wire.TimeOf(c.GetEndsAt()).Truncate(time.Millisecond),
	}
}

func campaignPB(c money.Campaign, left money.Fen) *opspb.Campaign {
	return &opspb.Campaign{
		Id: string(c.ID), Version: int32Of(c.Version), City: c.City, Sponsor: string(c.Sponsor),
		Channel: string(c.Channel), RiderFen: int64(c.Rider), DriverFen: int64(c.Driver),
		CapFen: int64(c.Cap), StartsAt: wire.TimePB(c.StartsAt), EndsAt: wire.TimePB(c.EndsAt),
		LeftFen: int64(left),
	}
}
