package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// GetRide implements [riderpb.RiderServiceServer].
func (s *Server) GetRide(
	ctx context.Context, req *riderpb.GetRideRequest,
) (*riderpb.GetRideResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	ride, err := s.read(ctx, rider, dispatch.RideID(req.GetRideId()))
	if err != nil {
		return nil, fail(err)
	}
	return &riderpb.GetRideResponse{Ride: ride}, nil
}

// read is a rider's own ride from its row.
func (s *Server) read(
	ctx context.Context, rider dispatch.RiderID, id dispatch.RideID,
) (*typepb.Ride, error) {
	r, err := s.reads.RiderRide(ctx, rider, id)
	if err != nil {
		return nil, err
	}
	return s.show(ctx, r)
}

// ListRides implements [riderpb.RiderServiceServer].
func (s *Server) ListRides(
	ctx context.Context, req *riderpb.ListRidesRequest,
) (*riderpb.ListRidesResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	list := "rides/" + wire.CallerOf(ctx).Identity() // a token of somebody else's list is none
	page, err := wire.PageOf(list, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, fail(err)
	}
	rides, err := s.reads.RiderRides(ctx, rider, page)
	if err != nil {
		return nil, fail(err)
	}
	answer := &riderpb.ListRidesResponse{Rides: make([]*typepb.Ride, len(rides))}
	for i := range rides {
		if answer.Rides[i], err = s.show(ctx, rides[i]); err != nil {
			return nil, fail(err)
		}
	}
	if len(rides) == page.Limit {
		answer.NextPageToken, err = s.nextPage(ctx, rider, list, rides[len(rides)-1].ID)
	}
	return answer, fail(err)
}

// nextPage is the token of what comes after a ride, "" if nothing does.
func (s *Server) nextPage(
	ctx context.Context, rider dispatch.RiderID, list string, last dispatch.RideID,
) (string, error) {
	more, err := s.reads.RiderRides(ctx, rider, dispatch.Page{After: string(last), Limit: 1})
	if err != nil || len(more) == 0 {
		return "", err
	}
	return wire.NextPage(list, string(last)), nil
}
