package ops

import (
	"context"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/wire"
)

// billsShown is how many bills are listed if the caller does not say: a month's.
const billsShown = 31

// ReconcileBill fetches a bill, compares it with our books and settles what agrees.
func (s *Server) ReconcileBill(
	ctx context.Context, in *opspb.ReconcileBillRequest,
) (*opspb.ReconcileBillResponse, error) {
	id := money.BillID{
		Channel:  money.ChannelName(in.GetChannel()),
		Merchant: in.GetMerchant(), Day: in.GetDay(),
	}
	bill, err := s.config.Reconciler.Import(ctx, id, s.now())
	if err != nil {
		return nil, err
	}
	open, clearing, err := s.leftOf(ctx, id.Channel)
	return &opspb.ReconcileBillResponse{
		Bill: billPB(bill), OpenDifferences: open, ClearingFen: clearing,
	}, err
}

// leftOf is what is open with a channel: differences, and fen that it owes us.
func (s *Server) leftOf(
	ctx context.Context, channel money.ChannelName,
) (differences int32, clearing int64, err error) {
	err = s.config.Store.View(ctx, func(tx dispatch.Tx) error {
		open, err := tx.OpenDifferences(channel)
		if err != nil {
			return err
		}
		account, err := tx.Account(money.ChannelClearing(channel))
		differences, clearing = int32Of(open), -int64(account.Balance())
		return err
	})
	return differences, clearing, err
}

func billPB(b money.Bill) *opspb.Bill {
	return &opspb.Bill{
		Channel: string(b.ID.Channel), Merchant: b.ID.Merchant, Day: b.ID.Day,
		Rows: int32Of(b.Rows), PaidFen: int64(b.Paid), RefundedFen: int64(b.Refunded),
		FeesFen: int64(b.Fees), SettledFen: int64(b.Settled), Whole: b.Whole,
		ImportedAt: wire.TimePB(b.ImportedAt),
	}
}

// ListBills reads the bills that were imported.
func (s *Server) ListBills(
	ctx context.Context, in *opspb.ListBillsRequest,
) (*opspb.ListBillsResponse, error) {
	limit := int(in.GetLimit())
	if limit == 0 {
		limit = billsShown
	}
	var out *opspb.ListBillsResponse
	err := s.config.Store.View(ctx, func(tx dispatch.Tx) error {
		bills, err := tx.BillsOf(money.ChannelName(in.GetChannel()), limit)
		out = &opspb.ListBillsResponse{}
		for _, b := range bills {
			out.Bills = append(out.Bills, billPB(b))
		}
		return err
	})
	return out, err
}

// ListDifferences reads what bills and our books do not agree on.
func (s *Server) ListDifferences(
	ctx context.Context, in *opspb.ListDifferencesRequest,
) (*opspb.ListDifferencesResponse, error) {
	state := money.DifferenceState(in.GetState())
	if state == "" {
		state = money.DifferenceOpen
	}
	list := "ops/differences/" + in.GetChannel() + "/" + string(state)
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	var out *opspb.ListDifferencesResponse
	err = s.config.Store.View(ctx, func(tx dispatch.Tx) error {
		rows, err := tx.DifferencesOf(money.DifferenceQuery{
			Channel: money.ChannelName(in.GetChannel()), State: state,
			After: money.DifferenceID(page.After), Limit: page.Limit,
		})
		if err != nil {
			return err
		}
		out = &opspb.ListDifferencesResponse{}
		for _, d := range rows {
			out.Differences = append(out.Differences, differencePB(d))
		}
		if len(rows) == page.Limit {
			out.NextPageToken = wire.NextPage(list, string(rows[len(rows)-1].ID))
		}
		return nil
	})
	return out, err
}

func differencePB(d money.Difference) *opspb.Difference {
	out := &opspb.Difference{
		Id: string(d.ID), Channel: string(d.Bill.Channel), Merchant: d.Bill.Merchant,
		Day: d.Bill.Day, Cause: string(d.Cause), Kind: string(d.Kind), Number: d.Number,
		Trade: d.Trade, RideId: string(d.Subject),
		TheirAmountFen: int64(d.Theirs.Amount), TheirFeeFen: int64(d.Theirs.Fee),
		OurAmountFen: int64(d.Ours.Amount), OurFeeFen: int64(d.Ours.Fee),
		OurState: d.OurState.String(), State: string(d.State), Action: string(d.Action()),
		FoundAt: wire.TimePB(d.FoundAt), DecidedBy: d.By, Note: d.Note,
	}
	if d.Action() != money.ActionBook {
		return out
	}
	for _, t := range d.Booking(d.FoundAt).Transfers {
		out.Proposal = append(out.Proposal, &opspb.ProposedTransfer{
			Debit: string(t.Debit), Credit: string(t.Credit), AmountFen: int64(t.Amount),
			Code: string(t.Code),
		})
	}
	return out
}

// ApproveDifference does what is proposed about a difference. That the same id means the same
// difference and note is held by its row; that it is done once, by the difference's state.
func (s *Server) ApproveDifference(
	ctx context.Context, in *opspb.ApproveDifferenceRequest,
) (*opspb.ApproveDifferenceResponse, error) {
	a := money.Approval{
		Difference: money.DifferenceID(in.GetDifferenceId()),
		By:         wire.CallerOf(ctx).Identity(), Note: in.GetNote(),
	}
	_, err := once(ctx, s, "ApproveDifference", in.GetRequestId(), a,
		func(dispatch.Tx, time.Time, string) (struct{}, error) { return struct{}{}, nil })
	if err != nil {
		return nil, err
	}
	d, err := s.config.Reconciler.Approve(ctx, a, s.now())
	if err != nil {
		return nil, err
	}
	return &opspb.ApproveDifferenceResponse{Difference: differencePB(d)}, nil
}
