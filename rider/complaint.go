package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// Complain implements [riderpb.RiderServiceServer].
func (s *Server) Complain(
	ctx context.Context, req *riderpb.ComplainRequest,
) (*riderpb.ComplainResponse, error) {
	_, err := s.command(ctx, req.GetRequestId(), func(o order) (dispatch.Receipt, error) {
		return s.desk.Complain(ctx, o.now, o.once, dispatch.MakeComplaint{
			Ride: dispatch.RideID(req.GetRideId()), Rider: o.rider,
			Cause: wire.CauseOf(req.GetCause()), Text: req.GetText(),
		})
	})
	return &riderpb.ComplainResponse{}, err
}

// ContestComplaint implements [riderpb.RiderServiceServer].
func (s *Server) ContestComplaint(
	ctx context.Context, req *riderpb.ContestComplaintRequest,
) (*riderpb.ContestComplaintResponse, error) {
	_, err := s.command(ctx, req.GetRequestId(), func(o order) (dispatch.Receipt, error) {
		return s.desk.ContestComplaint(ctx, o.now, o.once, dispatch.SpeakComplaint{
			Ride: dispatch.RideID(req.GetRideId()), Rider: o.rider, Text: req.GetText(),
		})
	})
	return &riderpb.ContestComplaintResponse{}, err
}

// ListComplaints implements [riderpb.RiderServiceServer].
func (s *Server) ListComplaints(
	ctx context.Context, req *riderpb.ListComplaintsRequest,
) (*riderpb.ListComplaintsResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	list := "complaints/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, fail(err)
	}
	suspension, suspended, err := s.desk.RiderSuspended(
		ctx, s.now(), rider, dispatch.CityID(req.GetCity()))
	if err != nil {
		return nil, fail(err)
	}
	rows, err := s.reads.RiderComplaints(ctx, rider, page)
	if err != nil {
		return nil, fail(err)
	}
	answer := &riderpb.ListComplaintsResponse{
		Suspended: suspended, SuspendedUntil: wire.TimePB(suspension.Until),
	}
	for _, c := range rows {
		answer.Complaints = append(answer.Complaints, wire.ComplaintPB(c, dispatch.SideRider))
	}
	if len(rows) == page.Limit {
		answer.NextPageToken = wire.NextPage(list, dispatch.ComplaintKey(rows[len(rows)-1]))
	}
	return answer, nil
}
