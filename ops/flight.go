package ops

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// MoveFlight moves the pickups that go by a flight which lands at another time.
func (s *Server) MoveFlight(
	ctx context.Context, in *opspb.MoveFlightRequest,
) (*opspb.MoveFlightResponse, error) {
	identity := wire.CallerOf(ctx).Identity()
	if identity == "" {
		return nil, errNobody()
	}
	sum, err := s.config.Desk.MoveFlight(ctx, s.now(),
		dispatch.Once{Identity: identity, RequestID: in.GetRequestId()},
		dispatch.MoveFlight{
			City: dispatch.CityID(in.GetCity()), Flight: wire.FlightOf(in.GetFlight()),
			FlightTime: dispatch.FlightTime{
				Scheduled: wire.TimeOf(in.GetScheduledAt()),
				Expected:  wire.TimeOf(in.GetExpectedAt()),
			},
		})
	if err != nil {
		return nil, err
	}
	return &opspb.MoveFlightResponse{
		Moved: int32Of(sum.Moved), Same: int32Of(sum.Same), Losing: int32Of(sum.Losing),
	}, nil
}
