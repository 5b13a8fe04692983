package driver

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// ContestComplaint asks ops to decide on a rider's complaint of the driver.
func (v *Server) ContestComplaint(
	ctx context.Context, in *driverpb.ContestComplaintRequest,
) (*driverpb.ContestComplaintResponse, error) {
	_, err := v.c.Desk.ContestComplaint(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.SpeakComplaint{
			Ride: dispatch.RideID(in.GetRideId()), Driver: self(ctx).Driver, Text: in.GetText(),
		})
	if err != nil {
		return nil, err
	}
	return &driverpb.ContestComplaintResponse{}, nil
}

// ListComplaints reads the complaints by and about the driver, and whether they may be on duty.
func (v *Server) ListComplaints(
	ctx context.Context, in *driverpb.ListComplaintsRequest,
) (*driverpb.ListComplaintsResponse, error) {
	caller := wire.CallerOf(ctx)
	driver := dispatch.DriverID(caller.ID)
	list := "driver/complaints/" + caller.Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	suspension, suspended, err := v.c.Desk.DriverSuspended(ctx, v.c.Now(), driver)
	if err != nil {
		return nil, err
	}
	rows, err := v.c.Reads.DriverComplaints(ctx, driver, page)
	if err != nil {
		return nil, err
	}
	out := &driverpb.ListComplaintsResponse{
		Suspended: suspended, SuspendedUntil: wire.TimePB(suspension.Until),
	}
	for _, c := range rows {
		out.Complaints = append(out.Complaints, wire.ComplaintPB(c, dispatch.SideDriver))
	}
	if len(rows) == page.Limit {
		out.NextPageToken = wire.NextPage(list, dispatch.ComplaintKey(rows[len(rows)-1]))
	}
	return out, nil
}
