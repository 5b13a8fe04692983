package ops

import (
	"context"
	"encoding/json"
	"strconv"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ListStands reads the stands of a city in the order of its file.
func (s *Server) ListStands(ctx context.Context, in *opspb.ListStandsRequest) (
	*opspb.ListStandsResponse, error,
) {
	city, err := s.config.Cities.City(dispatch.CityID(in.GetCity()))
	if err != nil {
		return nil, err
	}
	lengths, err := s.config.Reads.StandLengths(ctx, city.ID)
	if err != nil {
		return nil, err
	}
	out := &opspb.ListStandsResponse{}
	for _, stand := range city.Stands {
		rules, err := json.Marshal(stand.StandRules)
		if err != nil {
			return nil, err
		}
		out.Stands = append(out.Stands, &opspb.Stand{
			Id: string(stand.ID), Name: stand.Name, NameZh: stand.NameZH, Note: stand.Note,
			RulesJson: string(rules), Taxis: int32Of(lengths[stand.ID]),
		})
	}
	return out, nil
}

// ListStandTaxis reads the queue of a stand, the head first. Rows are written each second; who was
// put to the tail meanwhile is seen twice, or not at all, by who reads page after page.
func (s *Server) ListStandTaxis(ctx context.Context, in *opspb.ListStandTaxisRequest) (
	*opspb.ListStandTaxisResponse, error,
) {
	city, err := s.config.Cities.City(dispatch.CityID(in.GetCity()))
	if err != nil {
		return nil, err
	}
	stand, err := city.Stand(dispatch.StandID(in.GetStandId()))
	if err != nil {
		return nil, err
	}
	list := "ops/stand/" + in.GetCity() + "/" + in.GetStandId()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	after := int64(0)
	if page.After != "" {
		if after, err = strconv.ParseInt(page.After, 10, 64); err != nil {
			return nil, wire.Refuse(codes.InvalidArgument, wire.ReasonPageToken,
				"page_token must be the next_page_token of a page of the same list")
		}
	}
	turns, err := s.config.Reads.StandTurns(ctx, city.ID, stand.ID, after, page.Limit)
	if err != nil {
		return nil, err
	}
	out := &opspb.ListStandTaxisResponse{}
	for _, t := range turns {
		out.Taxis = append(out.Taxis, &opspb.StandTaxi{
			DriverId: string(t.Driver), TaxiId: string(t.Taxi),
			EnteredAt: wire.TimePB(t.EnteredAt), OrderedAt: wire.TimePB(t.OrderedAt),
		})
	}
	if len(turns) == page.Limit {
		last := turns[len(turns)-1].Order
		out.NextPageToken = wire.NextPage(list, strconv.FormatInt(last, 10))
	}
	return out, nil
}
