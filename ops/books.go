package ops

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// TopUpWallet fills a rider's wallet from nowhere, in a sandbox; elsewhere it is denied. The
// entry's id is made from the caller and the request id, so that the ledger itself books it once,
// even after the answer that is kept has been forgotten.
func (s *Server) TopUpWallet(ctx context.Context, in *opspb.TopUpWalletRequest) (
	*opspb.TopUpWalletResponse, error,
) {
	if !s.config.Sandbox {
		return nil, wire.Refuse(codes.PermissionDenied, wire.ReasonNotSandbox,
			"TopUpWallet makes money from nowhere: only a sandbox allows it")
	}
	type command struct {
		Rider  dispatch.RiderID
		Amount money.Fen
	}
	c := command{dispatch.RiderID(in.GetRiderId()), money.Fen(in.GetAmountFen())}
	balance, err := once(ctx, s, "TopUpWallet", in.GetRequestId(), c,
		func(tx dispatch.Tx, now time.Time, key string) (money.Fen, error) {
			if _, err := tx.Rider(c.Rider); err != nil {
				return 0, err
			}
			party := dispatch.RiderParty(c.Rider)
			cashier := money.Cashier{Store: joined{tx}}
			id := money.EntryID("top_up/" + key)
			if err := cashier.TopUp(
				ctx, id, money.SandboxEquity, party, c.Amount, now); err != nil {
				return 0, err
			}
			wallet, err := tx.Account(money.Wallet(party))
			return wallet.Balance(), err
		})
	if err != nil {
		return nil, err
	}
	return &opspb.TopUpWalletResponse{BalanceFen: int64(balance)}, nil
}

// AuditBooks replays every account. It reads the whole ledger.
func (s *Server) AuditBooks(ctx context.Context, _ *opspb.AuditBooksRequest) (
	*opspb.AuditBooksResponse, error,
) {
	out := &opspb.AuditBooksResponse{BalancesFen: map[string]int64{}}
	books, err := s.config.Cashier.Audit(ctx, func(_ money.Subject, t money.Transfer) {
		if t.Kind != money.TransferPosted && t.Kind != money.TransferPost {
			return
		}
		switch {
		case t.Code == money.CodeSubsidyRider:
			out.SubsidyRiderFen += int64(t.Amount)
		case t.Code == money.CodeSubsidyDriver:
			out.SubsidyDriverFen += int64(t.Amount)
		case t.Code == money.CodeSubsidyRiderBack:
			out.SubsidyRiderFen -= int64(t.Amount)
		case t.Code == money.CodeSubsidyDriverBack:
			out.SubsidyDriverFen -= int64(t.Amount)
		case t.Code.Paid():
			out.PaidFen += int64(t.Amount)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, id := range books.Wrong {
		out.WrongAccounts = append(out.WrongAccounts, string(id))
	}
	out.Sound = len(books.Wrong) == 0
	out.PendingFen = int64(books.Pending())
	for _, a := range books.Accounts {
		out.BalancesFen[a.ID.Class()] += int64(a.Balance())
	}
	return out, nil
}
