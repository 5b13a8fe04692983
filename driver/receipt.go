package driver

import (
	"context"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// AddReceiptNumber keeps what the driver's taxi has printed for a ride.
func (v *Server) AddReceiptNumber(
	ctx context.Context, in *driverpb.AddReceiptNumberRequest,
) (*driverpb.AddReceiptNumberResponse, error) {
	n, err := v.c.Desk.AddReceiptNumber(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.AddReceiptNumber{
			Ride: dispatch.RideID(in.GetRideId()), Driver: self(ctx).Driver,
			Number: in.GetNumber(), Code: in.GetCode(),
		})
	if err != nil {
		return nil, err
	}
	return &driverpb.AddReceiptNumberResponse{Number: wire.ReceiptNumberPB(n)}, nil
}
