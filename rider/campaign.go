package rider

import (
	"context"

	"hexhail/dispatch"
	riderpb "hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// ListCampaigns implements [riderpb.RiderServiceServer].
func (s *Server) ListCampaigns(
	ctx context.Context, req *riderpb.ListCampaignsRequest,
) (*riderpb.ListCampaignsResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	offers, err := s.desk.CampaignsFor(ctx, s.now(), rider, dispatch.CityID(req.GetCity()))
	if err != nil {
		return nil, fail(err)
	}
	res := &riderpb.ListCampaignsResponse{}
	for _, o := range offers {
		c := o.Campaign
		pb := &riderpb.Campaign{
			CampaignId: string(c.ID), Name: c.Name, EndsAt: wire.TimePB(c.EndsAt),
			Channels: []string{string(c.Channel)},
		}
		for _, channel := range c.When.Channels {
			pb.Channels = append(pb.Channels, string(channel))
		}
		pb.Gift, pb.GiftZh = wire.GiftWords(c.Rider)
		if o.Left >= 0 {
			left := int32(o.Left) //nolint:gosec // G115: at most money.MaxDailyLimit
			pb.LeftToday = &left
		}
		res.Campaigns = append(res.Campaigns, pb)
	}
	return res, nil
}
