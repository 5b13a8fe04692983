package driver

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// ProposeRegular proposes to keep the rider of a ride.
func (v *Server) ProposeRegular(
	ctx context.Context, in *driverpb.ProposeRegularRequest,
) (*driverpb.ProposeRegularResponse, error) {
	r, err := v.c.Desk.ProposeRegular(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.ProposeRegular{
			Person: self(ctx), Ride: dispatch.RideID(in.GetRideId()),
		})
	if err != nil {
		return nil, err
	}
	pb, err := v.regularPB(ctx, r.ID)
	return &driverpb.ProposeRegularResponse{Regular: pb}, err
}

// AgreeRegular agrees to what a rider has proposed.
func (v *Server) AgreeRegular(
	ctx context.Context, in *driverpb.AgreeRegularRequest,
) (*driverpb.AgreeRegularResponse, error) {
	r, err := v.c.Desk.AgreeRegular(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.RegularWord{Person: self(ctx), Regular: dispatch.RegularID(in.GetRegularId())})
	if err != nil {
		return nil, err
	}
	pb, err := v.regularPB(ctx, r.ID)
	return &driverpb.AgreeRegularResponse{Regular: pb}, err
}

// EndRegular ends a regular, or refuses what a rider has proposed.
func (v *Server) EndRegular(
	ctx context.Context, in *driverpb.EndRegularRequest,
) (*driverpb.EndRegularResponse, error) {
	_, err := v.c.Desk.EndRegular(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.RegularWord{Person: self(ctx), Regular: dispatch.RegularID(in.GetRegularId())})
	if err != nil {
		return nil, err
	}
	return &driverpb.EndRegularResponse{}, nil
}

// self is the driver who calls.
func self(ctx context.Context) dispatch.Person {
	return dispatch.Person{Driver: dispatch.DriverID(wire.CallerOf(ctx).ID)}
}

// onceOf is the id of a unary command.
func onceOf(ctx context.Context, requestID string) dispatch.Once {
	return dispatch.Once{Identity: wire.CallerOf(ctx).Identity(), RequestID: requestID}
}

// regularPB is a driver's regular from its row; nil if it has ended.
func (v *Server) regularPB(ctx context.Context, id dispatch.RegularID) (*typepb.Regular, error) {
	card, err := v.c.Reads.DriverRegular(ctx, self(ctx).Driver, id)
	if dispatch.KindOf(err) == dispatch.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return wire.RegularPB(card, dispatch.SideDriver), nil
}

// ListRegulars reads the driver's regulars and what was proposed, the latest first.
func (v *Server) ListRegulars(
	ctx context.Context, in *driverpb.ListRegularsRequest,
) (*driverpb.ListRegularsResponse, error) {
	list := "driver/regulars/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	driver := self(ctx).Driver
	found, err := v.c.Reads.DriverRegulars(ctx, driver, page)
	if err != nil {
		return nil, err
	}
	out := &driverpb.ListRegularsResponse{Regulars: wire.RegularsPB(found, dispatch.SideDriver)}
	if len(found) < page.Limit {
		return out, nil
	}
	last := string(found[len(found)-1].ID)
	more, err := v.c.Reads.DriverRegulars(ctx, driver, dispatch.Page{After: last, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(more) > 0 {
		out.NextPageToken = wire.NextPage(list, last)
	}
	return out, nil
}
