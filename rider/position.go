package rider

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/durationpb"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// SharePosition implements [riderpb.RiderServiceServer].
func (s *Server) SharePosition(
	ctx context.Context, req *riderpb.SharePositionRequest,
) (*riderpb.SharePositionResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.shared.take(rider, s.machine()); err != nil {
		return nil, err
	}
	datum := geo.WGS84
	if said := req.GetDatum(); said != typepb.Datum_DATUM_UNSPECIFIED {
		datum = wire.DatumOf(said)
	}
	fix, err := wire.FixOf(req.GetFix(), datum)
	if err != nil {
		return nil, fail(inFix(err))
	}
	next, err := s.desk.SharePosition(ctx, s.now(), dispatch.SharePosition{
		Ride: dispatch.RideID(req.GetRideId()), Rider: rider, Fix: fix,
	})
	if err != nil {
		return nil, fail(inFix(err))
	}
	answer := &riderpb.SharePositionResponse{}
	if next > 0 {
		answer.AgainIn = durationpb.New(next)
	}
	return answer, nil
}

// inFix says of a refused position where it is in the request.
func inFix(err error) error {
	var fix *geo.FixError
	if !errors.As(err, &fix) {
		return err
	}
	return &dispatch.Error{
		Kind: dispatch.Invalid, Reason: dispatch.ReasonFix, Text: "fix", Cause: fix,
	}
}
