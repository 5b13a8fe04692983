package ops

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ResolveFare decides a fare that its rider has not agreed to.
func (s *Server) ResolveFare(
	ctx context.Context, in *opspb.ResolveFareRequest,
) (*opspb.ResolveFareResponse, error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return nil, errNobody()
	}
	receipt, err := s.config.Desk.Resolve(ctx, s.now(),
		dispatch.Once{Identity: identity, RequestID: in.GetRequestId()},
		dispatch.ResolveFare{
			Ride: dispatch.RideID(in.GetRideId()), Fare: money.Fen(in.GetFareFen()),
			Note: in.GetNote(),
		})
	if err != nil {
		return nil, err
	}
	record, err := s.config.Reads.RideRecord(ctx, receipt.Ride)
	if err != nil {
		return nil, err
	}
	return &opspb.ResolveFareResponse{Ride: wire.RidePB(record.Ride)}, nil
}
