package driver

import (
	"context"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// GetBalance reads what the driver may take out.
func (v *Server) GetBalance(
	ctx context.Context, _ *driverpb.GetBalanceRequest,
) (*driverpb.GetBalanceResponse, error) {
	b, err := v.c.Desk.Balance(ctx, v.c.Now(), self(ctx).Driver)
	if err != nil {
		return nil, err
	}
	out := &driverpb.GetBalanceResponse{
		AvailableFen: int64(b.Available), InFlightFen: int64(b.InFlight),
		ExpectedFen: int64(b.Expected), LeastFen: int64(b.Least),
		LeftTodayFen: int64(b.LeftToday),
		LeftToday:    int32(min(b.Left, 20)), //nolint:gosec // G115: at most 20
		PayoutDays:   int32(min(b.Days, 14)), //nolint:gosec // G115: at most 14
	}
	for _, c := range b.Channels {
		out.Channels = append(out.Channels, string(c))
	}
	return out, nil
}

// Withdraw takes money out of the driver's balance.
func (v *Server) Withdraw(
	ctx context.Context, in *driverpb.WithdrawRequest,
) (*driverpb.WithdrawResponse, error) {
	w, err := v.c.Desk.Withdraw(ctx, v.c.Now(), onceOf(ctx, in.GetRequestId()),
		dispatch.Withdraw{
			Driver: self(ctx).Driver, Channel: money.ChannelName(in.GetChannel()),
			Account: in.GetAccount(), Amount: money.Fen(in.GetAmountFen()),
		})
	if err != nil {
		return nil, err
	}
	return &driverpb.WithdrawResponse{Withdrawal: wire.WithdrawalPB(w)}, nil
}

// ListWithdrawals reads the driver's withdrawals, the latest first.
func (v *Server) ListWithdrawals(
	ctx context.Context, in *driverpb.ListWithdrawalsRequest,
) (*driverpb.ListWithdrawalsResponse, error) {
	list := "driver/withdrawals/" + wire.CallerOf(ctx).Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	found, err := v.c.Reads.DriverWithdrawals(ctx, self(ctx).Driver, page)
	if err != nil {
		return nil, err
	}
	out := &driverpb.ListWithdrawalsResponse{}
	for _, w := range found {
		out.Withdrawals = append(out.Withdrawals, wire.WithdrawalPB(w))
	}
	if len(found) == page.Limit {
		out.NextPageToken = wire.NextPage(list, string(found[len(found)-1].ID))
	}
	return out, nil
}

// GetStatement adds up what the driver has taken in a month of the city that they drive in.
func (v *Server) GetStatement(
	ctx context.Context, in *driverpb.GetStatementRequest,
) (*driverpb.GetStatementResponse, error) {
	driver := self(ctx).Driver
	zone, err := v.zoneOf(ctx, driver)
	if err != nil {
		return nil, err
	}
	from, to, err := dispatch.Month(in.GetMonth(), zone)
	if err != nil {
		return nil, err
	}
	s, err := v.c.Reads.Statement(ctx, dispatch.StatementQuery{
		Of: dispatch.StatementOfDriver, ID: string(driver), From: from, To: to, Zone: zone,
	})
	if err != nil {
		return nil, err
	}
	return &driverpb.GetStatementResponse{
		Statement: wire.StatementPB(in.GetMonth(), s),
	}, nil
}

// hearMoney tells of money that has come, or of a withdrawal that has ended.
func (s *session) hearMoney(n dispatch.MoneyNews) {
	news := &driverpb.MoneyNews{
		RideId: string(n.Ride), Channel: string(n.Channel), AmountFen: int64(n.Paid),
		SubsidyFen: int64(n.Subsidy),
	}
	news.WordsZh, news.Words = money.ArrivedWords(n.Channel, n.Paid, n.Subsidy)
	key, version := "paid "+string(n.Ride), news.GetWords()
	if w := n.Withdrawal; w != nil {
		news.Channel, news.AmountFen = string(w.Channel), int64(w.Amount)
		news.WordsZh, news.Words = money.WithdrawnWords(*w)
		news.Withdrawal = wire.WithdrawalPB(*w)
		key, version = "withdrawal "+string(w.ID), w.State.String()
	}
	s.mu.Lock()
	fresh := s.stand.once(s.srv.book.seed, key, version)
	s.mu.Unlock()
	if fresh {
		s.send(&driverpb.DriveResponse{
			Message: &driverpb.DriveResponse_MoneyNews{MoneyNews: news},
		})
	}
}
