package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// ListGreetings implements [riderpb.RiderServiceServer].
func (s *Server) ListGreetings(
	ctx context.Context, req *riderpb.ListGreetingsRequest,
) (*riderpb.ListGreetingsResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	list := "greetings/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, fail(err)
	}
	found, err := s.reads.RiderGreetings(ctx, rider, page)
	if err != nil {
		return nil, fail(err)
	}
	wanted, err := s.reads.WantsGreetings(ctx, rider)
	if err != nil {
		return nil, fail(err)
	}
	answer := &riderpb.ListGreetingsResponse{Wanted: wanted}
	for _, g := range found {
		festival, _ := s.desk.Festivals.Find(g.Festival)
		answer.Greetings = append(answer.Greetings, &riderpb.Greeting{
			GreetingId: string(g.ID), RegularId: string(g.Regular), Name: g.Name,
			PhotoUri: g.PhotoURI, Festival: wire.FestivalPB(festival), Text: g.Text,
			SentAt: wire.TimePB(g.SentAt),
		})
	}
	if len(found) == page.Limit {
		answer.NextPageToken = wire.NextPage(list, string(found[len(found)-1].ID))
	}
	return answer, nil
}

// WantGreetings implements [riderpb.RiderServiceServer].
func (s *Server) WantGreetings(
	ctx context.Context, req *riderpb.WantGreetingsRequest,
) (*riderpb.WantGreetingsResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	wanted, err := s.desk.WantGreetings(ctx, s.now(), dispatch.Once{
		Identity: wire.CallerOf(ctx).Identity(), RequestID: req.GetRequestId(),
	}, dispatch.WantGreetings{Rider: rider, Want: req.GetWanted()})
	return &riderpb.WantGreetingsResponse{Wanted: wanted}, fail(err)
}
