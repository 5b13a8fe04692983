package ops

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"google.golang.org/grpc"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// RepairCampaign gives what a campaign has not. That the same request id means the same repair is
// held by its row; that each ride is given for once, by the ride's.
func (s *Server) RepairCampaign(
	in *opspb.RepairCampaignRequest,
	stream grpc.ServerStreamingServer[opspb.RepairCampaignResponse],
) error {
	ctx := stream.Context()
	c := dispatch.RepairCampaign{
		City:     dispatch.CityID(in.GetCity()),
		Campaign: money.CampaignID(in.GetCampaignId()),
		From:     wire.TimeOf(in.GetFrom()), To: wire.TimeOf(in.GetTo()), Why: in.GetWhy(),
		By: wire.CallerOf(ctx).Identity(), DryRun: in.GetDryRun(),
	}
	_, err := once(ctx, s, "RepairCampaign", in.GetRequestId(), c,
		func(dispatch.Tx, time.Time, string) (struct{}, error) { return struct{}{}, nil })
	if err != nil {
		return err
	}
	done, err := s.config.Desk.RepairCampaign(ctx, s.now, c, func(r dispatch.Repaired) error {
		return stream.Send(repairedPB(r))
	})
	if err != nil {
		return idFault(err)
	}
	last := repairedPB(done)
	last.Done = true
	return stream.Send(last)
}

func repairedPB(r dispatch.Repaired) *opspb.RepairCampaignResponse {
	pb := &opspb.RepairCampaignResponse{
		OfRides: int64(r.Of), Rides: int64(r.Rides), Given: int64(r.Given),
		RiderFen: int64(r.Rider), DriverFen: int64(r.Driver), Riders: int64(r.Riders),
		Drivers: int64(r.Drivers), Cut: r.Cut,
	}
	for _, why := range slices.Sorted(maps.Keys(r.Refused)) {
		pb.Refused = append(pb.Refused, &opspb.RepairCount{
			Reason: string(why), Rides: int64(r.Refused[why]),
		})
	}
	return pb
}

// ListRepairs reads what a campaign has given afterwards.
func (s *Server) ListRepairs(
	ctx context.Context, in *opspb.ListRepairsRequest,
) (*opspb.ListRepairsResponse, error) {
	list := "ops/repairs/" + in.GetCampaignId()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	var out *opspb.ListRepairsResponse
	err = s.config.Store.View(ctx, func(tx dispatch.Tx) error {
		id := money.CampaignID(in.GetCampaignId())
		rows, err := tx.RepairsBy(id, money.Subject(page.After), page.Limit)
		if err == nil && len(rows) == 0 {
			err = s.launchedSomewhere(tx, id)
		}
		out = &opspb.ListRepairsResponse{}
		for _, r := range rows {
			out.Repairs = append(out.Repairs, repairPB(r))
		}
		if len(rows) == page.Limit {
			out.NextPageToken = wire.NextPage(list, string(rows[len(rows)-1].Subject))
		}
		return err
	})
	return out, err
}

// launchedSomewhere is an error for a campaign of no city.
func (s *Server) launchedSomewhere(tx dispatch.Tx, id money.CampaignID) error {
	for city := range s.config.Cities {
		all, err := tx.CampaignsOf(string(city))
		is := func(c money.Campaign) bool { return c.ID == id }
		if err != nil || slices.ContainsFunc(all, is) {
			return err
		}
	}
	return idFault(&money.CampaignError{Field: "id", Limit: "that of a campaign; " +
		strconv.Quote(string(id)) + " is none"})
}

func repairPB(r money.Repair) *opspb.Repair {
	return &opspb.Repair{
		CampaignId: string(r.Campaign), CampaignVersion: int32Of(r.Version),
		RideId: string(r.Subject), RiderFen: int64(r.Rider), DriverFen: int64(r.Driver),
		Why: r.Why, MadeBy: r.By, At: wire.TimePB(r.At),
	}
}
