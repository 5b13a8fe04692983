package rider

import (
	"context"

	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// ListLots implements [riderpb.RiderServiceServer].
func (s *Server) ListLots(
	ctx context.Context, req *riderpb.ListLotsRequest,
) (*riderpb.ListLotsResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	list := "lots/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, fail(err)
	}
	found, err := s.reads.RiderLots(ctx, rider, page)
	if err != nil {
		return nil, fail(err)
	}
	answer := &riderpb.ListLotsResponse{}
	for _, l := range found {
		answer.Lots = append(answer.Lots, &riderpb.Lot{
			RideId: string(l.Subject), DrawId: string(l.Draw), City: string(l.City),
			Day: string(l.Day), Code: l.Code, Drawn: l.State.Revealed(),
			WonFen: int64(l.Won), SentFen: int64(l.Sent),
			Arrived: l.Refund == money.AttemptPaid,
		})
	}
	if len(found) == page.Limit {
		answer.NextPageToken = wire.NextPage(list, string(found[len(found)-1].Subject))
	}
	return answer, nil
}
