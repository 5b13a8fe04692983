package ops

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// MakeClaims asks sponsors for what their campaigns have given on a day.
func (s *Server) MakeClaims(
	ctx context.Context, in *opspb.MakeClaimsRequest,
) (*opspb.MakeClaimsResponse, error) {
	city, err := s.config.Cities.City(dispatch.CityID(in.GetCity()))
	if err != nil {
		return nil, err
	}
	now := s.now()
	from, err := time.ParseInLocation(time.DateOnly, in.GetDay(), city.Zone)
	to := from.AddDate(0, 0, 1)
	if err != nil || now.Before(to.Add(money.ClaimAfter)) {
		return nil, dispatch.BadField("day", "one that is over for an hour, as 2014-01-10")
	}
	made, err := s.config.Cashier.Claim(ctx, in.GetCity(),
		[]money.CityDay{{Day: in.GetDay(), From: from, To: to}}, now)
	return &opspb.MakeClaimsResponse{Claims: claimsPB(made)}, err
}

// ListClaims reads what sponsors were asked for.
func (s *Server) ListClaims(
	ctx context.Context, in *opspb.ListClaimsRequest,
) (*opspb.ListClaimsResponse, error) {
	list := "ops/claims/" + in.GetSponsor() + "/" + in.GetState()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	out := &opspb.ListClaimsResponse{}
	err = s.config.Store.View(ctx, func(tx dispatch.Tx) error {
		claims, err := tx.ClaimsOf(money.ClaimQuery{
			Sponsor: money.Party(in.GetSponsor()), State: money.ClaimState(in.GetState()),
			After: page.After, Limit: page.Limit,
		})
		out.Claims, out.NextPageToken = claimsPB(claims), ""
		if len(claims) == page.Limit {
			out.NextPageToken = wire.NextPage(list, claims[len(claims)-1].Key())
		}
		return err
	})
	return out, err
}

func claimsPB(claims []money.Claim) (list []*opspb.Claim) {
	for _, c := range claims {
		list = append(list, claimPB(c))
	}
	return list
}

func claimPB(c money.Claim) *opspb.Claim {
	return &opspb.Claim{
		CampaignId: string(c.Campaign), Day: c.Day, City: c.City, Sponsor: string(c.Sponsor),
		AmountFen: int64(c.Amount), Transfers: int32Of(c.Transfers), State: string(c.State),
		DisputedFen: int64(c.Disputed), WithdrawnFen: int64(c.Withdrawn), DueFen: int64(c.Due()),
		Why: c.Why, ChangedBy: c.By, MadeAt: wire.TimePB(c.MadeAt),
	}
}

// claimRequest is what the requests about one claim have.
type claimRequest interface {
	GetRequestId() string
	GetCampaignId() string
	GetDay() string
	GetAmountFen() int64
	GetWhy() string
}

// changeClaim gives a word about a claim, once for its request id.
func (s *Server) changeClaim(
	ctx context.Context, rpc string, in claimRequest,
	change func(money.Cashier, context.Context, money.ClaimWord, time.Time) (money.Claim, error),
) (*opspb.Claim, error) {
	w := money.ClaimWord{
		Campaign: money.CampaignID(in.GetCampaignId()), Day: in.GetDay(),
		Amount: money.Fen(in.GetAmountFen()), Why: in.GetWhy(),
		By: wire.CallerOf(ctx).Identity(),
	}
	claim, err := once(ctx, s, rpc, in.GetRequestId(), w,
		func(tx dispatch.Tx, now time.Time, _ string) (money.Claim, error) {
			return change(money.Cashier{Store: joined{tx}}, ctx, w, now)
		})
	if err != nil {
		return nil, err
	}
	return claimPB(claim), nil
}

// DisputeClaim notes that a part of a claim is not owed.
func (s *Server) DisputeClaim(
	ctx context.Context, in *opspb.DisputeClaimRequest,
) (*opspb.DisputeClaimResponse, error) {
	c, err := s.changeClaim(ctx, "DisputeClaim", in, money.Cashier.DisputeClaim)
	return &opspb.DisputeClaimResponse{Claim: c}, err
}

// DecideClaim decides a dispute.
func (s *Server) DecideClaim(
	ctx context.Context, in *opspb.DecideClaimRequest,
) (*opspb.DecideClaimResponse, error) {
	c, err := s.changeClaim(ctx, "DecideClaim", in, money.Cashier.DecideClaim)
	return &opspb.DecideClaimResponse{Claim: c}, err
}

// SettleClaim books that a claim is paid.
func (s *Server) SettleClaim(
	ctx context.Context, in *opspb.SettleClaimRequest,
) (*opspb.SettleClaimResponse, error) {
	c, err := s.changeClaim(ctx, "SettleClaim", in, money.Cashier.SettleClaim)
	return &opspb.SettleClaimResponse{Claim: c}, err
}
