package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
	riderpb "hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// PayRide implements [riderpb.RiderServiceServer].
func (s *Server) PayRide(
	ctx context.Context, req *riderpb.PayRideRequest,
) (*riderpb.PayRideResponse, error) {
	ride, err := s.command(ctx, req.GetRequestId(), func(o order) (dispatch.Receipt, error) {
		return s.desk.Pay(ctx, o.now, o.once, dispatch.PayRide{
			Ride: dispatch.RideID(req.GetRideId()), Rider: o.rider,
			Means: dispatch.Means{
				Channel: money.ChannelName(req.GetChannel()),
				Way:     money.Way(req.GetWay()), Token: req.GetToken(), PIN: req.GetPayPin(),
				First: dispatch.WalletFirst(req.GetWalletFirst()),
			},
		})
	})
	return &riderpb.PayRideResponse{Ride: ride}, err
}

// ListPayments implements [riderpb.RiderServiceServer].
func (s *Server) ListPayments(
	ctx context.Context, req *riderpb.ListPaymentsRequest,
) (*riderpb.ListPaymentsResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	ride, err := s.reads.RiderRide(ctx, rider, dispatch.RideID(req.GetRideId()))
	if err != nil {
		return nil, fail(err)
	}
	list, err := s.reads.RiderPayments(ctx, rider, ride.ID)
	if err != nil {
		return nil, fail(err)
	}
	res := &riderpb.ListPaymentsResponse{}
	for _, o := range list {
		res.Payments = append(res.Payments, wire.PaymentPB(o))
	}
	return res, nil
}
