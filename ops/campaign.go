package ops

import (
	"cmp"
	"context"
	"errors"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
)

// LaunchCampaign begins a campaign (version 1, which funds its budget), or appends the next version
// with another period. The newest version again is no error and changes nothing; another content
// under its number is a Conflict.
func (s *Server) LaunchCampaign(ctx context.Context, in *opspb.LaunchCampaignRequest) (
	*opspb.LaunchCampaignResponse, error,
) {
	c, err := campaignOf(in.GetCampaign())
	if err == nil {
		err = s.checkExpr(c)
	}
	if err != nil {
		return nil, campaignFault(err)
	}
	if _, err := s.config.Cities.City(dispatch.CityID(c.City)); err != nil {
		return nil, err
	}
	after, err := once(ctx, s, "LaunchCampaign", in.GetRequestId(), c,
		func(tx dispatch.Tx, now time.Time, _ string) (standing, error) {
			if err := launch(ctx, tx, c, now); err != nil {
				return standing{}, err
			}
			return standingOf(ctx, tx, c.City, c.ID)
		})
	if err != nil {
		return nil, campaignFault(err)
	}
	return &opspb.LaunchCampaignResponse{Campaign: campaignPB(after.Campaign, after.Left)}, nil
}

// checkExpr compiles the expression of a campaign that has one.
func (s *Server) checkExpr(c money.Campaign) error {
	if c.When.Expr == "" {
		return nil
	}
	if s.config.CheckExpr == nil {
		return &money.CampaignError{Field: "when.expression", Limit: "empty: none is compiled here"}
	}
	return s.config.CheckExpr(c.When.Expr)
}

// standing is how a campaign stands after a change.
type standing struct {
	Campaign       money.Campaign
	Left, Returned money.Fen
}

func standingOf(
	ctx context.Context, tx dispatch.Tx, city string, id money.CampaignID,
) (standing, error) {
	newest, err := money.Cashier{Store: joined{tx}}.Newest(ctx, city, id)
	if err != nil {
		return standing{}, err
	}
	left, err := leftOf(tx, id)
	return standing{Campaign: newest, Left: left}, err
}

// campaignFields are the paths of a campaign's fields in LaunchCampaign, where they differ from
// money's names: amounts are in fen there and say so.
var campaignFields = map[string]string{
	"rider": "rider_fen", "driver": "driver_fen", "cap": "cap_fen",
	"rider.percent.cap": "rider.percent.cap_fen", "driver.percent.cap": "driver.percent.cap_fen",
	"rider.random.to": "rider.random.to_fen", "driver.random.to": "driver.random.to_fen",
	"rider.tiers.amount":  "rider.tiers.tiers.amount_fen",
	"driver.tiers.amount": "driver.tiers.tiers.amount_fen",
	"rider.price.cap":     "rider.price.cap_fen",
	"when.min_fare":       "when.min_fare_fen", "when.max_fare": "when.max_fare_fen",
	"when.min_distance": "when.min_distance_meters",
	"when.max_distance": "when.max_distance_meters",
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
		c.State = newest.State
		if !newest.Same(c) {
			return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonDuplicate,
				"campaign %s has a version %d with other content", c.ID, c.Version)
		}
		return nil
	}
	cashier := money.Cashier{Store: joined{tx}}
	if c.Version > 1 {
		return cashier.Redate(ctx, c, now)
	}
	return cashier.Launch(ctx, c, now)
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

// PauseCampaign stops a campaign, or lets it run again.
func (s *Server) PauseCampaign(ctx context.Context, in *opspb.PauseCampaignRequest) (
	*opspb.PauseCampaignResponse, error,
) {
	type pause struct {
		City   string
		ID     money.CampaignID
		Paused bool
	}
	p := pause{in.GetCity(), money.CampaignID(in.GetCampaignId()), in.GetPaused()}
	after, err := once(ctx, s, "PauseCampaign", in.GetRequestId(), p,
		func(tx dispatch.Tx, _ time.Time, _ string) (standing, error) {
			_, err := money.Cashier{Store: joined{tx}}.Pause(ctx, p.City, p.ID, p.Paused)
			if err != nil {
				return standing{}, err
			}
			return standingOf(ctx, tx, p.City, p.ID)
		})
	if err != nil {
		return nil, idFault(err)
	}
	return &opspb.PauseCampaignResponse{Campaign: campaignPB(after.Campaign, after.Left)}, nil
}

// idFault names the field of a request that has a campaign's id and nothing else of it.
func idFault(err error) error {
	var bad *money.CampaignError
	if !errors.As(err, &bad) {
		return err
	}
	field := bad.Field
	if field == "id" {
		field = "campaign_id"
	}
	named := dispatch.BadField(field, bad.Limit)
	named.Reason, named.Cause = dispatch.ReasonCampaign, err
	return named
}

// EndCampaign ends a campaign and returns what is left of its budget.
func (s *Server) EndCampaign(ctx context.Context, in *opspb.EndCampaignRequest) (
	*opspb.EndCampaignResponse, error,
) {
	type end struct {
		City string
		ID   money.CampaignID
	}
	e := end{in.GetCity(), money.CampaignID(in.GetCampaignId())}
	after, err := once(ctx, s, "EndCampaign", in.GetRequestId(), e,
		func(tx dispatch.Tx, now time.Time, key string) (standing, error) {
			return endCampaign(ctx, tx, e.City, e.ID, money.EntryID("end/"+key), now)
		})
	if err != nil {
		return nil, idFault(err)
	}
	return &opspb.EndCampaignResponse{
		Campaign: campaignPB(after.Campaign, after.Left), ReturnedFen: int64(after.Returned),
	}, nil
}

func endCampaign(
	ctx context.Context, tx dispatch.Tx, city string, id money.CampaignID, entry money.EntryID,
	now time.Time,
) (after standing, err error) {
	cashier := money.Cashier{Store: joined{tx}}
	newest, err := cashier.Newest(ctx, city, id)
	if err != nil {
		return after, err
	}
	returned, err := cashier.End(ctx, newest, entry, now)
	if err != nil {
		return after, err
	}
	after, err = standingOf(ctx, tx, city, id)
	after.Returned = returned
	return after, err
}
