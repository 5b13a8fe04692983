package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// ProposeRegular implements [riderpb.RiderServiceServer].
func (s *Server) ProposeRegular(
	ctx context.Context, req *riderpb.ProposeRegularRequest,
) (*riderpb.ProposeRegularResponse, error) {
	pb, err := s.regular(ctx, req.GetRequestId(), func(o order) (dispatch.Regular, error) {
		return s.desk.ProposeRegular(ctx, o.now, o.once, dispatch.ProposeRegular{
			Person: dispatch.Person{Rider: o.rider}, Ride: dispatch.RideID(req.GetRideId()),
		})
	})
	return &riderpb.ProposeRegularResponse{Regular: pb}, err
}

// AgreeRegular implements [riderpb.RiderServiceServer].
func (s *Server) AgreeRegular(
	ctx context.Context, req *riderpb.AgreeRegularRequest,
) (*riderpb.AgreeRegularResponse, error) {
	pb, err := s.regular(ctx, req.GetRequestId(), func(o order) (dispatch.Regular, error) {
		return s.desk.AgreeRegular(ctx, o.now, o.once, wordOn(o, req.GetRegularId()))
	})
	return &riderpb.AgreeRegularResponse{Regular: pb}, err
}

// EndRegular implements [riderpb.RiderServiceServer].
func (s *Server) EndRegular(
	ctx context.Context, req *riderpb.EndRegularRequest,
) (*riderpb.EndRegularResponse, error) {
	_, err := s.regular(ctx, req.GetRequestId(), func(o order) (dispatch.Regular, error) {
		return s.desk.EndRegular(ctx, o.now, o.once, wordOn(o, req.GetRegularId()))
	})
	return &riderpb.EndRegularResponse{}, err
}

func wordOn(o order, id string) dispatch.RegularWord {
	return dispatch.RegularWord{
		Person: dispatch.Person{Rider: o.rider}, Regular: dispatch.RegularID(id),
	}
}

// regular gives the Desk an order on a regular and answers with its row as it stands then; nil if
// it has ended.
func (s *Server) regular(
	ctx context.Context, requestID string, give func(order) (dispatch.Regular, error),
) (*typepb.Regular, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	r, err := give(order{
		rider: rider, now: s.now(),
		once: dispatch.Once{
			Identity: wire.CallerOf(ctx).Identity(), RequestID: requestID,
		},
	})
	if err != nil {
		return nil, fail(err)
	}
	card, err := s.reads.RiderRegular(ctx, rider, r.ID)
	if dispatch.KindOf(err) == dispatch.NotFound {
		return nil, nil
	}
	return wire.RegularPB(card, dispatch.SideRider), fail(err)
}

// ListRegulars implements [riderpb.RiderServiceServer].
func (s *Server) ListRegulars(
	ctx context.Context, req *riderpb.ListRegularsRequest,
) (*riderpb.ListRegularsResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	list := "regulars/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, fail(err)
	}
	found, err := s.reads.RiderRegulars(ctx, rider, page)
	if err != nil {
		return nil, fail(err)
	}
	answer := &riderpb.ListRegularsResponse{
		Regulars: wire.RegularsPB(found, dispatch.SideRider),
	}
	if len(found) < page.Limit {
		return answer, nil
	}
	last := string(found[len(found)-1].ID)
	more, err := s.reads.RiderRegulars(ctx, rider, dispatch.Page{After: last, Limit: 1})
	if len(more) > 0 {
		answer.NextPageToken = wire.NextPage(list, last)
	}
	return answer, fail(err)
}
