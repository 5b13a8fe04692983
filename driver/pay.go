package driver

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// CollectFare implements [driverpb.DriverServiceServer].
func (v *Server) CollectFare(
	ctx context.Context, in *driverpb.CollectFareRequest,
) (*driverpb.CollectFareResponse, error) {
	driver := dispatch.DriverID(wire.CallerOf(ctx).ID)
	means := dispatch.Means{
		Channel: money.ChannelName(in.GetChannel()), Way: money.WayQR, Token: in.GetBarcode(),
	}
	if means.Token != "" {
		means.Way = money.WayBarcode
	}
	_, err := v.c.Desk.Collect(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.CollectFare{
			Ride: dispatch.RideID(in.GetRideId()), Driver: driver, Means: means,
		})
	if err != nil {
		return nil, err
	}
	ride, err := v.c.Reads.DriverRide(ctx, driver, dispatch.RideID(in.GetRideId()))
	if err != nil {
		return nil, err
	}
	return &driverpb.CollectFareResponse{Ride: wire.RidePB(ride)}, nil
}

// CorrectFare implements [driverpb.DriverServiceServer].
func (v *Server) CorrectFare(
	ctx context.Context, in *driverpb.CorrectFareRequest,
) (*driverpb.CorrectFareResponse, error) {
	driver := dispatch.DriverID(wire.CallerOf(ctx).ID)
	_, err := v.c.Desk.Correct(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.CorrectRide{
			Ride: dispatch.RideID(in.GetRideId()), Driver: driver,
			Meter: money.Fen(in.GetMeterFen()), Tolls: money.Fen(in.GetTollsFen()),
		})
	if err != nil {
		return nil, err
	}
	ride, err := v.c.Reads.DriverRide(ctx, driver, dispatch.RideID(in.GetRideId()))
	if err != nil {
		return nil, err
	}
	return &driverpb.CorrectFareResponse{Ride: wire.RidePB(ride)}, nil
}

// payPath is where codes for paying lead, on the HTTP side.
const payPath = "/pay/"

// MakePayCode implements [driverpb.DriverServiceServer].
func (v *Server) MakePayCode(
	ctx context.Context, in *driverpb.MakePayCodeRequest,
) (*driverpb.MakePayCodeResponse, error) {
	code, err := v.c.Desk.MakePayCode(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.MakePayCode{
			Driver: dispatch.DriverID(wire.CallerOf(ctx).ID),
			Ride:   dispatch.RideID(in.GetRideId()), Renew: in.GetRenew(),
		})
	if err != nil {
		return nil, err
	}
	return &driverpb.MakePayCodeResponse{Code: code.Code, Path: payPath + code.Code}, nil
}

// ListPayments implements [driverpb.DriverServiceServer].
func (v *Server) ListPayments(
	ctx context.Context, in *driverpb.ListPaymentsRequest,
) (*driverpb.ListPaymentsResponse, error) {
	driver := dispatch.DriverID(wire.CallerOf(ctx).ID)
	ride, err := v.c.Reads.DriverRide(ctx, driver, dispatch.RideID(in.GetRideId()))
	if err != nil {
		return nil, err
	}
	list, err := v.c.Reads.DriverPayments(ctx, driver, ride.ID)
	if err != nil {
		return nil, err
	}
	res := &driverpb.ListPaymentsResponse{}
	for _, o := range list {
		res.Payments = append(res.Payments, wire.PaymentPB(o))
	}
	return res, nil
}
