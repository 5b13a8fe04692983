package ops

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ListContests reads the complaints of a city that wait for a decision, with their rides.
func (s *Server) ListContests(
	ctx context.Context, in *opspb.ListContestsRequest,
) (*opspb.ListContestsResponse, error) {
	city := dispatch.CityID(in.GetCity())
	if _, err := s.config.Cities.City(city); err != nil {
		return nil, err
	}
	list := "ops/contests/" + in.GetCity() + "/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	rows, err := s.config.Reads.Contests(ctx, city, page)
	if err != nil {
		return nil, err
	}
	out := &opspb.ListContestsResponse{}
	for _, c := range rows {
		out.Contests = append(out.Contests, &opspb.Contest{
			Complaint: wire.ComplaintPB(c.Complaint, 0), Ride: wire.RidePB(c.Ride),
			RiderId: string(c.Complaint.Rider), DriverId: string(c.Complaint.Driver),
			WaitedSeconds: int32Of(int(c.Ride.Waited().Seconds())),
		})
	}
	if len(rows) == page.Limit {
		out.NextPageToken = wire.NextPage(list, dispatch.ContestKey(rows[len(rows)-1].Complaint))
	}
	return out, nil
}

// DecideComplaint upholds or drops a complaint.
func (s *Server) DecideComplaint(
	ctx context.Context, in *opspb.DecideComplaintRequest,
) (*opspb.DecideComplaintResponse, error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return nil, errNobody()
	}
	_, err := s.config.Desk.DecideComplaint(ctx, s.now(),
		dispatch.Once{Identity: identity, RequestID: in.GetRequestId()},
		dispatch.RuleComplaint{
			Ride: dispatch.RideID(in.GetRideId()), By: wire.ComplaintSideOf(in.GetBy()),
			Uphold: in.GetUphold(), Note: in.GetNote(),
		})
	if err != nil {
		return nil, err
	}
	return &opspb.DecideComplaintResponse{}, nil
}
