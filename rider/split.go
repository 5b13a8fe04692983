package rider

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	riderpb "hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// SplitFare implements [riderpb.RiderServiceServer].
func (s *Server) SplitFare(
	ctx context.Context, req *riderpb.SplitFareRequest,
) (*riderpb.SplitFareResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	command := dispatch.SplitFare{
		Ride: dispatch.RideID(req.GetRideId()), Rider: rider,
		For: time.Duration(req.GetMinutes()) * time.Minute,
	}
	for _, f := range req.GetFriends() {
		command.Friends = append(command.Friends, dispatch.Friend{
			Rider: dispatch.RiderID(f.GetRiderId()), Phone: f.GetPhone(),
		})
	}
	shares, err := s.desk.Split(ctx, s.now(), dispatch.Once{
		Identity: wire.CallerOf(ctx).Identity(), RequestID: req.GetRequestId(),
	}, command)
	if err != nil {
		return nil, fail(err)
	}
	res := &riderpb.SplitFareResponse{}
	for _, share := range shares {
		res.Shares = append(res.Shares, sharePB(share.Payment, share.Code))
	}
	return res, nil
}

func sharePB(p money.Payment, code string) *riderpb.Share {
	return &riderpb.Share{
		AmountFen: int64(p.Amount), DiscountFen: int64(p.Discount), State: p.State.String(),
		Code: code,
	}
}

// ListShares implements [riderpb.RiderServiceServer].
func (s *Server) ListShares(
	ctx context.Context, _ *riderpb.ListSharesRequest,
) (*riderpb.ListSharesResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.reads.RiderShares(ctx, rider)
	if err != nil {
		return nil, fail(err)
	}
	res := &riderpb.ListSharesResponse{}
	for _, f := range list {
		share := sharePB(f.Payment, f.Code)
		share.Plate, share.CompletedAt = f.Plate, wire.TimePB(f.CompletedAt)
		res.Shares = append(res.Shares, share)
	}
	return res, nil
}

// ScanCode implements [riderpb.RiderServiceServer].
func (s *Server) ScanCode(
	ctx context.Context, req *riderpb.ScanCodeRequest,
) (*riderpb.ScanCodeResponse, error) {
	seen, err := s.desk.Scan(ctx, s.now(), req.GetCode())
	if err != nil {
		return nil, fail(err)
	}
	return scanPB(seen), nil
}

func scanPB(seen dispatch.Scanned) *riderpb.ScanCodeResponse {
	res := &riderpb.ScanCodeResponse{
		Plate: seen.Plate, CompletedAt: wire.TimePB(seen.CompletedAt),
		FareFen: int64(seen.Fare), DueFen: int64(seen.Due()),
	}
	for _, o := range seen.Payments {
		res.Payments = append(res.Payments, wire.PaymentPB(o))
	}
	return res
}

// PayByCode implements [riderpb.RiderServiceServer].
func (s *Server) PayByCode(
	ctx context.Context, req *riderpb.PayByCodeRequest,
) (*riderpb.PayByCodeResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	_, err = s.desk.PayByCode(ctx, s.now(), dispatch.Once{
		Identity: wire.CallerOf(ctx).Identity(), RequestID: req.GetRequestId(),
	}, dispatch.PayByCode{
		Code: req.GetCode(), Rider: rider, Means: dispatch.Means{
			Channel: money.ChannelName(req.GetChannel()),
			Way:     money.Way(req.GetWay()), Token: req.GetToken(), PIN: req.GetPayPin(),
			First: dispatch.WalletFirst(req.GetWalletFirst()),
		},
	})
	if err != nil {
		return nil, fail(err)
	}
	seen, err := s.desk.Scan(ctx, s.now(), req.GetCode())
	if err != nil && dispatch.ReasonOf(err) != dispatch.ReasonNothingDue {
		return nil, fail(err)
	}
	return &riderpb.PayByCodeResponse{Scan: scanPB(seen)}, nil
}
