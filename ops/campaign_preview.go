package ops

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// Limits of a preview.
const (
	maxPreviewTime  = 31 * 24 * time.Hour
	maxPreviewRides = 200_000 // some 50 MB while it runs, and about a second
)

// PreviewCampaign runs a campaign over rides that are over.
func (s *Server) PreviewCampaign(ctx context.Context, in *opspb.PreviewCampaignRequest) (
	*opspb.PreviewCampaignResponse, error,
) {
	c, err := campaignOf(in.GetCampaign())
	if err == nil {
		err = errors.Join(c.Check(), s.checkExpr(c))
	}
	if err != nil {
		return nil, campaignFault(err)
	}
	city, err := s.config.Cities.City(dispatch.CityID(c.City))
	if err != nil {
		return nil, err
	}
	from, to := wire.TimeOf(in.GetFrom()), wire.TimeOf(in.GetTo())
	if !from.Before(to) || to.Sub(from) > maxPreviewTime {
		return nil, dispatch.BadField("to", fmt.Sprintf("after from, and at most %s later",
			dispatch.Spell(maxPreviewTime)))
	}
	rides, err := s.pastRides(ctx, c, city, from, to)
	if err != nil {
		return nil, err
	}
	if in.GetAnyChannel() {
		for i := range rides {
			rides[i].Channel = c.Channel
		}
	}
	preview, err := money.Rehearse(c, rides)
	if err != nil {
		return nil, err
	}
	return previewPB(preview), nil
}

// pastRides are what the campaign goes by, of a city's rides completed in [from, to).
func (s *Server) pastRides(
	ctx context.Context, c money.Campaign, city dispatch.City, from, to time.Time,
) ([]money.SubsidyFacts, error) {
	past, err := s.config.Reads.CompletedRides(ctx, city.ID, from, to, maxPreviewRides)
	if err != nil {
		return nil, err
	}
	rides := make([]money.SubsidyFacts, 0, len(past))
	for _, r := range past {
		f, err := dispatch.SubsidyFacts(nil, city, r, false)
		if err != nil {
			return nil, err
		}
		rides = append(rides, f)
	}
	segments := len(c.When.Segments) > 0 || c.When.Expr != ""
	first := c.When.FirstRide || c.When.FirstAppPayment
	if !first && !segments {
		return rides, nil
	}
	err = s.config.Store.View(ctx, func(tx dispatch.Tx) (err error) {
		before := map[dispatch.RiderID]dispatch.Past{}
		for i, r := range past {
			f := &rides[i]
			f.Holds = s.config.Desk.Holds
			if segments {
				if f.Segments, err = tx.SegmentsOf(f.Rider); err != nil {
					return err
				}
			}
			if !first {
				continue
			}
			if f.FirstRide, f.FirstAppPayment, err = firsts(tx, before, r, from); err != nil {
				return err
			}
		}
		return nil
	})
	return rides, err
}

// firsts asks once for each rider what they had done before the period, and keeps what they do in
// it. Rides come in the order of their completion.
func firsts(
	tx dispatch.RiderPast, before map[dispatch.RiderID]dispatch.Past, r dispatch.Ride,
	from time.Time,
) (ride, payment bool, err error) {
	past, known := before[r.Rider]
	if !known {
		if past, err = tx.PastOf(r.Rider, r.ID, from.Add(-time.Millisecond)); err != nil {
			return false, false, err
		}
	}
	ride, payment = !past.Rode, !past.PaidByApp
	past.Rode = true
	past.PaidByApp = past.PaidByApp || r.State == dispatch.Settled && r.PayBy != money.Cash
	before[r.Rider] = past
	return ride, payment, nil
}

func previewPB(p money.Preview) *opspb.PreviewCampaignResponse {
	pb := &opspb.PreviewCampaignResponse{
		Rides: int64(p.Rides), Granted: int64(p.Granted),
		RiderFen: int64(p.Rider), DriverFen: int64(p.Driver),
		Riders: int64(p.Riders), Drivers: int64(p.Drivers), Cut: p.Rides == maxPreviewRides,
	}
	for _, why := range slices.Sorted(maps.Keys(p.Refused)) {
		pb.Refused = append(pb.Refused, &opspb.PreviewCount{
			Reason: string(why), Rides: int64(p.Refused[why]),
		})
	}
	return pb
}
