package rider

import (
	"context"
	"time"

	"hexhail/dispatch"
	riderpb "hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// GetReceipt implements [riderpb.RiderServiceServer].
func (s *Server) GetReceipt(
	ctx context.Context, req *riderpb.GetReceiptRequest,
) (*riderpb.GetReceiptResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := s.reads.RiderReceipt(ctx, rider, dispatch.RideID(req.GetRideId()))
	if err != nil {
		return nil, fail(err)
	}
	receipt, err := dispatch.NewRideReceipt(rows)
	if err != nil {
		return nil, fail(err)
	}
	zone := time.UTC
	if city, err := s.cities.City(rows.Ride.City); err == nil {
		zone = city.Zone
	}
	return &riderpb.GetReceiptResponse{
		Receipt: wire.ReceiptPB(receipt, req.GetLanguage(), zone),
	}, nil
}

// AddReceiptNumber implements [riderpb.RiderServiceServer].
func (s *Server) AddReceiptNumber(
	ctx context.Context, req *riderpb.AddReceiptNumberRequest,
) (*riderpb.AddReceiptNumberResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	n, err := s.desk.AddReceiptNumber(ctx, s.now(), dispatch.Once{
		Identity: wire.CallerOf(ctx).Identity(), RequestID: req.GetRequestId(),
	}, dispatch.AddReceiptNumber{
		Ride: dispatch.RideID(req.GetRideId()), Rider: rider, Number: req.GetNumber(),
		Code: req.GetCode(),
	})
	if err != nil {
		return nil, fail(err)
	}
	return &riderpb.AddReceiptNumberResponse{Number: wire.ReceiptNumberPB(n)}, nil
}
