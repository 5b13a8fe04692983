package ops

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ListHolds reads a city's held subsidies that nobody has decided on.
func (s *Server) ListHolds(
	ctx context.Context, in *opspb.ListHoldsRequest,
) (*opspb.ListHoldsResponse, error) {
	city, err := s.config.Cities.City(dispatch.CityID(in.GetCity()))
	if err != nil {
		return nil, err
	}
	list := "ops/holds/" + in.GetCity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	read := func(p dispatch.Page) ([]dispatch.Hold, error) {
		return s.config.Reads.OpenHolds(ctx, city.ID, p)
	}
	found, err := read(page)
	if err != nil {
		return nil, err
	}
	out := &opspb.ListHoldsResponse{}
	for _, h := range found {
		out.Holds = append(out.Holds, holdPB(h))
	}
	if len(found) == page.Limit {
		out.NextPageToken, err = nextPage(list, dispatch.HoldKey(found[len(found)-1]), read)
	}
	return out, err
}

// DecideHold pays a held subsidy, or gives it back.
func (s *Server) DecideHold(
	ctx context.Context, in *opspb.DecideHoldRequest,
) (*opspb.DecideHoldResponse, error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return nil, errNobody()
	}
	h, err := s.config.Desk.DecideHold(ctx, s.now(),
		dispatch.Once{Identity: identity, RequestID: in.GetRequestId()},
		dispatch.DecideHold{
			Ride: dispatch.RideID(in.GetRideId()), Release: in.GetRelease(), Note: in.GetNote(),
		})
	if err != nil {
		return nil, err
	}
	return &opspb.DecideHoldResponse{Hold: holdPB(h)}, nil
}

func holdPB(h dispatch.Hold) *opspb.SubsidyHold {
	pb := &opspb.SubsidyHold{
		RideId: string(h.Ride), RiderId: string(h.Rider), DriverId: string(h.Driver),
		State: h.State.String(), Score: int32Of(h.Score), MadeAt: wire.TimePB(h.MadeAt),
		DueAt: wire.TimePB(h.DueAt), Appeal: h.Appeal, DecidedBy: h.DecidedBy, Note: h.Note,
		DecidedAt: wire.TimePB(h.DecidedAt),
	}
	pb.Text, pb.TextZh = dispatch.HoldWords(h)
	for _, f := range h.Findings {
		en, zh := dispatch.FindingWords(f)
		pb.Findings = append(pb.Findings, &opspb.BrushFinding{
			Clue: string(f.Clue), Is: int32Of(f.Is), Limit: int32Of(f.Limit),
			Weight: int32Of(f.Weight), Text: en, TextZh: zh,
		})
	}
	return pb
}
