package ops

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// ClearPayPin forgets a rider's pay PIN.
func (s *Server) ClearPayPin(
	ctx context.Context, in *opspb.ClearPayPinRequest,
) (*opspb.ClearPayPinResponse, error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return nil, errNobody()
	}
	err := s.config.Desk.ClearPayPIN(ctx, s.now(),
		dispatch.Once{Identity: identity, RequestID: in.GetRequestId()},
		dispatch.RiderID(in.GetRiderId()))
	return &opspb.ClearPayPinResponse{}, err
}
