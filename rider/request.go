package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
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

// wished is what a request for now and one for a time ahead have in common.
type wished interface {
	GetCity() string
	GetPickup() *typepb.Place
	GetDropoff() *typepb.Place
	GetSeats() int32
	GetPayBy() string
	GetTipFen() int64
	GetClass() string
	GetTags() []string
	GetVoice() []byte
}

// wish is the command, with a quote made now: what an app was quoted before is not asked for, as
// nobody could tell whether it is true.
func (s *Server) wish(
	ctx context.Context, rider dispatch.RiderID, req *riderpb.RequestRideRequest,
) (dispatch.RequestRide, error) {
	c, err := plain(rider, req)
	if err != nil {
		return dispatch.RequestRide{}, err
	}
	if f := req.GetFirst(); f != nil {
		c.First = dispatch.AskFirst{
			Regular: dispatch.RegularID(f.GetRegularId()), RegularS: int(f.GetRegularSeconds()),
			TeamS: int(f.GetTeamSeconds()),
		}
	}
	e, err := s.estimate(ctx, c.City, c.Pickup.Point, c.Dropoff.Point)
	c.Quote, c.Device = e.quote, wire.CallerOf(ctx).Device
	return c, err
}

// plain is what both say, without a quote.
func plain(rider dispatch.RiderID, req wished) (dispatch.RequestRide, error) {
	from, err := wire.PlaceOf("pickup", req.GetPickup())
	if err != nil {
		return dispatch.RequestRide{}, err
	}
	to, err := wire.PlaceOf("dropoff", req.GetDropoff())
	if err != nil {
		return dispatch.RequestRide{}, err
	}
	return dispatch.RequestRide{
		City: dispatch.CityID(req.GetCity()), Rider: rider, Pickup: from, Dropoff: to,
		Seats: int(req.GetSeats()), PayBy: money.ChannelName(req.GetPayBy()),
		Tip: money.Fen(req.GetTipFen()), Wants: dispatch.Vehicle{
			Class: dispatch.Class(req.GetClass()), Tags: dispatch.TagsOf(req.GetTags()),
		},
		Voice: req.GetVoice(),
	}, nil
}
