package ops

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// RefundRide sends money of a payment back.
func (s *Server) RefundRide(
	ctx context.Context, in *opspb.RefundRideRequest,
) (*opspb.RefundRideResponse, error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return nil, errNobody()
	}
	id, err := s.config.Desk.Refund(ctx, s.now(),
		dispatch.Once{Identity: identity, RequestID: in.GetRequestId()},
		dispatch.RefundRide{
			Ride: dispatch.RideID(in.GetRideId()), Purpose: money.Purpose(in.GetPurpose()),
			Amount: money.Fen(in.GetAmountFen()), Ours: in.GetOurs(), Why: in.GetWhy(),
		})
	if err != nil {
		return nil, err
	}
	return &opspb.RefundRideResponse{RefundId: string(id)}, nil
}
