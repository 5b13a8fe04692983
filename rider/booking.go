package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// BookRide implements [riderpb.RiderServiceServer].
func (s *Server) BookRide(
	ctx context.Context, req *riderpb.BookRideRequest,
) (*riderpb.BookRideResponse, error) {
	ride, err := s.command(ctx, req.GetRequestId(), func(o order) (dispatch.Receipt, error) {
		c, err := s.booking(o.rider, req)
		if err != nil {
			return dispatch.Receipt{}, err
		}
		c.Device = wire.CallerOf(ctx).Device
		return s.desk.Book(ctx, o.now, o.once, c)
	})
	return &riderpb.BookRideResponse{Ride: ride}, err
}

// booking is the command, with a quote for the time of the pickup. No taxi is asked for one: where
// they will be then, nobody knows.
func (s *Server) booking(
	rider dispatch.RiderID, req *riderpb.BookRideRequest,
) (dispatch.BookRide, error) {
	city, err := s.cities.City(dispatch.CityID(req.GetCity()))
	if err != nil {
		return dispatch.BookRide{}, err
	}
	c, err := plain(rider, req)
	if err != nil {
		return dispatch.BookRide{}, err
	}
	at := wire.TimeOf(req.GetPickupAt())
	c.Quote, err = city.QuoteFor(c.Pickup.Point, c.Dropoff.Point, 0, at)
	return dispatch.BookRide{
		RequestRide: c, PickupAt: at, Flight: wire.FlightOf(req.GetFlight()),
		Terminal: req.GetTerminal(), ForDriver: dispatch.DriverID(req.GetForDriver()),
		OpenAt: wire.TimeOf(req.GetOpenAt()), TeamAt: wire.TimeOf(req.GetTeamAt()),
		ForRegular: dispatch.RegularID(req.GetForRegular()),
	}, err
}
