package driver

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// ListHolds reads the driver's held subsidies, the latest rides first.
func (v *Server) ListHolds(
	ctx context.Context, in *driverpb.ListHoldsRequest,
) (*driverpb.ListHoldsResponse, error) {
	list := "driver/holds/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	found, err := v.c.Reads.DriverHolds(ctx, self(ctx).Driver, page)
	if err != nil {
		return nil, err
	}
	out := &driverpb.ListHoldsResponse{}
	for _, h := range found {
		out.Holds = append(out.Holds, holdPB(h))
	}
	if len(found) == page.Limit {
		out.NextPageToken = wire.NextPage(list, dispatch.HoldKey(found[len(found)-1]))
	}
	return out, nil
}

// AppealHold asks ops to decide on a held subsidy.
func (v *Server) AppealHold(
	ctx context.Context, in *driverpb.AppealHoldRequest,
) (*driverpb.AppealHoldResponse, error) {
	h, err := v.c.Desk.AppealHold(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.AppealHold{
			Ride: dispatch.RideID(in.GetRideId()), Driver: self(ctx).Driver, Text: in.GetText(),
		})
	if err != nil {
		return nil, err
	}
	return &driverpb.AppealHoldResponse{Hold: holdPB(h)}, nil
}

// holdPB is a hold as its driver sees it: not what was found, which would teach how to brush, and
// not who has decided.
func holdPB(h dispatch.Hold) *driverpb.SubsidyHold {
	return &driverpb.SubsidyHold{
		RideId: string(h.Ride), State: h.State.String(), MadeAt: wire.TimePB(h.MadeAt),
		DueAt: wire.TimePB(h.DueAt), Appeal: h.Appeal, Note: h.Note,
		DecidedAt: wire.TimePB(h.DecidedAt),
	}
}
