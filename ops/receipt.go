package ops

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// GetReceipt reads the receipt of any ride, as its rider reads it.
func (s *Server) GetReceipt(
	ctx context.Context, in *opspb.GetReceiptRequest,
) (*opspb.GetReceiptResponse, error) {
	rows, err := s.config.Reads.RideReceipt(ctx, dispatch.RideID(in.GetRideId()))
	if err != nil {
		return nil, err
	}
	receipt, err := dispatch.NewRideReceipt(rows)
	if err != nil {
		return nil, err
	}
	zone := time.UTC
	if city, err := s.config.Cities.City(rows.Ride.City); err == nil {
		zone = city.Zone
	}
	return &opspb.GetReceiptResponse{
		Receipt: wire.ReceiptPB(receipt, in.GetLanguage(), zone),
	}, nil
}
