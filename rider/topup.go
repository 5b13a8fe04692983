package rider

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
	riderpb "hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// TopUpWallet implements [riderpb.RiderServiceServer].
func (s *Server) TopUpWallet(
	ctx context.Context, req *riderpb.TopUpWalletRequest,
) (*riderpb.TopUpWalletResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	id, err := s.desk.TopUp(ctx, s.now(), dispatch.Once{
		Identity: wire.CallerOf(ctx).Identity(), RequestID: req.GetRequestId(),
	}, dispatch.TopUpWallet{
		Rider: rider, Amount: money.Fen(req.GetAmountFen()), Means: dispatch.Means{
			Channel: money.ChannelName(req.GetChannel()), Way: money.Way(req.GetWay()),
			Token: req.GetToken(),
		},
	})
	if err != nil {
		return nil, fail(err)
	}
	t, err := s.reads.RiderTopUp(ctx, rider, id)
	return &riderpb.TopUpWalletResponse{TopUp: topUpPB(t)}, fail(err)
}

// ListTopUps implements [riderpb.RiderServiceServer].
func (s *Server) ListTopUps(
	ctx context.Context, req *riderpb.ListTopUpsRequest,
) (*riderpb.ListTopUpsResponse, error) {
	rider, err := riderOf(ctx)
	if err != nil {
		return nil, err
	}
	list := "topups/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, req.GetPageSize(), req.GetPageToken())
	if err != nil {
		return nil, fail(err)
	}
	found, err := s.reads.RiderTopUps(ctx, rider, page)
	if err != nil {
		return nil, fail(err)
	}
	answer := &riderpb.ListTopUpsResponse{}
	for _, t := range found {
		answer.TopUps = append(answer.TopUps, topUpPB(t))
	}
	if len(found) == page.Limit {
		answer.NextPageToken = wire.NextPage(list, string(found[len(found)-1].ID))
	}
	return answer, nil
}

// topUpPB is a top-up as its rider sees it. One that nobody pays any more is closed: that its
// payment could still be paid late is the books' business.
func topUpPB(t dispatch.TopUp) *riderpb.TopUp {
	p := wire.PaymentPB(dispatch.Owed{
		Payment: t.Payment, Way: t.Way, Attempt: t.Attempt, Reason: t.Reason, Ticket: t.Ticket,
	})
	if t.Payment.State == money.PaymentDue {
		p.State = money.AttemptClosed.String()
	}
	return &riderpb.TopUp{
		TopUpId: string(t.ID), AmountFen: p.GetAmountFen(), State: p.GetState(),
		Channel: p.GetChannel(), Way: p.GetWay(), AttemptState: p.GetAttemptState(),
		Reason: p.GetReason(), Ticket: p.GetTicket(), MadeAt: wire.TimePB(t.MadeAt),
		PaidAt: wire.TimePB(t.PaidAt), BackFen: int64(t.Back),
	}
}
