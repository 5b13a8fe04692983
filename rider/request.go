package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// RequestRide implements [riderpb.RiderServiceServer].
func (s *Server) RequestRide(
	ctx context.Context, req *riderpb.RequestRideRequest,
) (*riderpb.RequestRideResponse, error) {
	ride, err := s.command(ctx, req.GetRequestId(), func(o order) (dispatch.Receipt, error) {
		c, err := s.wish(ctx, o.rider, req)
		if err != nil {
			return dispatch.Receipt{}, err
		}
		return s.desk.Request(ctx, o.now, o.once, c)
	})
	return &riderpb.RequestRideResponse{Ride: ride}, err
}

// wish is the command, with a quote made now: what an app was quoted before is not asked for, as
// nobody could tell whether it is true.
func (s *Server) wish(
	ctx context.Context, rider dispatch.RiderID, req *riderpb.RequestRideRequest,
) (dispatch.RequestRide, error) {
	from, err := wire.PlaceOf("pickup", req.GetPickup())
	if err != nil {
		return dispatch.RequestRide{}, err
	}
	to, err := wire.PlaceOf("dropoff", req.GetDropoff())
	if err != nil {
		return dispatch.RequestRide{}, err
	}
	city := dispatch.CityID(req.GetCity())
	e, err := s.estimate(ctx, city, from.Point, to.Point)
	return dispatch.RequestRide{
		City: city, Rider: rider, Pickup: from, Dropoff: to, Seats: int(req.GetSeats()),
		PayBy: money.ChannelName(req.GetPayBy()), Tip: money.Fen(req.GetTipFen()), Quote: e.quote,
		Wants: dispatch.Vehicle{
			Class: dispatch.Class(req.GetClass()), Tags: dispatch.TagsOf(req.GetTags()),
		},
	}, err
}
