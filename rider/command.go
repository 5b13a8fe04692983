package rider

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// order is one call that writes: by whom, when, and under which id of theirs.
type order struct {
	rider dispatch.RiderID
	now   time.Time
	once  dispatch.Once
}

// command gives the Desk an order and answers with the ride's row as it stands then: an order that
// is repeated changes nothing, and tells what has become of the ride since.
func (s *Server) command(
	ctx context.Context, requestID string, give func(order) (dispatch.Receipt, error),
) (*typepb.Ride, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	identity := wire.CallerOf(ctx).Identity()
	receipt, err := give(order{
		rider: rider, now: s.now(),
		once: dispatch.Once{Identity: identity, RequestID: requestID},
	})
	if err != nil {
		return nil, fail(err)
	}
	ride, err := s.read(ctx, rider, receipt.Ride)
	return ride, fail(err)
}

// AddTip implements [riderpb.RiderServiceServer].
func (s *Server) AddTip(
	ctx context.Context, req *riderpb.AddTipRequest,
) (*riderpb.AddTipResponse, error) {
	ride, err := s.command(ctx, req.GetRequestId(), func(o order) (dispatch.Receipt, error) {
		return s.desk.AddTip(ctx, o.now, o.once, dispatch.RaiseTip{
			Ride: dispatch.RideID(req.GetRideId()), Rider: o.rider, To: money.Fen(req.GetTipFen()),
		})
	})
	return &riderpb.AddTipResponse{Ride: ride}, err
}

// CancelRide implements [riderpb.RiderServiceServer].
func (s *Server) CancelRide(
	ctx context.Context, req *riderpb.CancelRideRequest,
) (*riderpb.CancelRideResponse, error) {
	ride, err := s.command(ctx, req.GetRequestId(), func(o order) (dispatch.Receipt, error) {
		return s.desk.Cancel(ctx, o.now, o.once, dispatch.CancelRide{
			Ride: dispatch.RideID(req.GetRideId()), Rider: o.rider, Reason: req.GetReason(),
			AskedByDriver: req.GetAskedByDriver(),
		})
	})
	return &riderpb.CancelRideResponse{Ride: ride}, err
}

// ConfirmFare implements [riderpb.RiderServiceServer].
func (s *Server) ConfirmFare(
	ctx context.Context, req *riderpb.ConfirmFareRequest,
) (*riderpb.ConfirmFareResponse, error) {
	ride, err := s.command(ctx, req.GetRequestId(), func(o order) (dispatch.Receipt, error) {
		return s.desk.Confirm(ctx, o.now, o.once, dispatch.FareWord{
			Ride: dispatch.RideID(req.GetRideId()), Rider: o.rider,
		})
	})
	return &riderpb.ConfirmFareResponse{Ride: ride}, err
}

// ContestFare implements [riderpb.RiderServiceServer].
func (s *Server) ContestFare(
	ctx context.Context, req *riderpb.ContestFareRequest,
) (*riderpb.ContestFareResponse, error) {
	ride, err := s.command(ctx, req.GetRequestId(), func(o order) (dispatch.Receipt, error) {
		return s.desk.Contest(ctx, o.now, o.once, dispatch.FareWord{
			Ride: dispatch.RideID(req.GetRideId()), Rider: o.rider,
		})
	})
	return &riderpb.ContestFareResponse{Ride: ride}, err
}

// RateRide implements [riderpb.RiderServiceServer].
func (s *Server) RateRide(
	ctx context.Context, req *riderpb.RateRideRequest,
) (*riderpb.RateRideResponse, error) {
	ride, err := s.command(ctx, req.GetRequestId(), func(o order) (dispatch.Receipt, error) {
		return s.desk.Rate(ctx, o.now, o.once, dispatch.RateRide{
			Ride: dispatch.RideID(req.GetRideId()), Rider: o.rider, Stars: int(req.GetStars()),
		})
	})
	return &riderpb.RateRideResponse{Ride: ride}, err
}
