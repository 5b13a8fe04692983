package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
	riderpb "hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// GetWallet implements [riderpb.RiderServiceServer].
func (s *Server) GetWallet(
	ctx context.Context, req *riderpb.GetWalletRequest,
) (*riderpb.GetWalletResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	// Before the wallet: a top-up that is paid here is in it.
	last, err := s.reads.RiderTopUps(ctx, rider, dispatch.Page{Limit: 1})
	if err != nil {
		return nil, fail(err)
	}
	p, err := s.desk.Purse(ctx, s.now(), rider, dispatch.CityID(req.GetCity()))
	if err != nil {
		return nil, fail(err)
	}
	res := &riderpb.GetWalletResponse{
		AvailableFen: int64(p.Has), HeldFen: int64(p.Held), HasPayPin: p.PIN, OwnLimits: p.Own,
		FreeLeftFen: int64(p.FreeLeft), LockedUntil: wire.TimePB(p.LockedUntil),
		CodeSince: wire.TimePB(p.CodeSince), SpendableFen: int64(p.Spendable()),
		IncomingFen: int64(p.Incoming), TopUpFen: int64(p.TopUp),
	}
	if len(last) > 0 {
		res.LastTopUp = topUpPB(last[0])
	}
	for _, h := range p.Hongbaos {
		res.Hongbaos = append(res.Hongbaos, &riderpb.Hongbao{
			HongbaoId: string(h.ID), TitleEn: h.TitleEN, TitleZh: h.TitleZH,
			AmountFen: int64(h.Amount), LeftFen: int64(h.Left),
			GivenAt: wire.TimePB(h.GivenAt), ExpiresAt: wire.TimePB(h.ExpiresAt),
		})
	}
	if p.PIN {
		res.Free = &riderpb.FreeLimits{
			EachFen: int64(p.Free.Each), DayFen: int64(p.Free.Day),
		}
	}
	return res, nil
}

// SetPayPin implements [riderpb.RiderServiceServer].
func (s *Server) SetPayPin(
	ctx context.Context, req *riderpb.SetPayPinRequest,
) (*riderpb.SetPayPinResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	command := dispatch.SetPayPIN{Rider: rider, Old: req.GetOldPin(), New: req.GetNewPin()}
	if l := req.GetLimits(); l != nil {
		command.Limits = &dispatch.FreeLimits{
			Each: money.Fen(l.GetEachFen()), Day: money.Fen(l.GetDayFen()),
		}
	}
	since, err := s.desk.SetPayPIN(ctx, s.now(), dispatch.Once{
		Identity: wire.CallerOf(ctx).Identity(), RequestID: req.GetRequestId(),
	}, command)
	return &riderpb.SetPayPinResponse{Since: wire.TimePB(since)}, fail(err)
}

// IssueWalletCode implements [riderpb.RiderServiceServer].
func (s *Server) IssueWalletCode(
	ctx context.Context, req *riderpb.IssueWalletCodeRequest,
) (*riderpb.IssueWalletCodeResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	code, err := s.desk.IssueWalletCode(ctx, s.now(), dispatch.Once{
		Identity: wire.CallerOf(ctx).Identity(), RequestID: req.GetRequestId(),
	}, rider)
	return &riderpb.IssueWalletCodeResponse{
		Handle: code.Handle, Secret: code.Secret, Since: wire.TimePB(code.MadeAt),
	}, fail(err)
}

// RevokeWalletCode implements [riderpb.RiderServiceServer].
func (s *Server) RevokeWalletCode(
	ctx context.Context, req *riderpb.RevokeWalletCodeRequest,
) (*riderpb.RevokeWalletCodeResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	err = s.desk.RevokeWalletCode(ctx, s.now(), dispatch.Once{
		Identity: wire.CallerOf(ctx).Identity(), RequestID: req.GetRequestId(),
	}, rider)
	return &riderpb.RevokeWalletCodeResponse{}, fail(err)
}
