package money

import (
	"slices"
	"time"
)

// RefundID names a refund, and is the number that a channel knows it by: asked for again under the
// same, it is done once.
type RefundID string

// Refund is money that goes back the way it came. Its amount is held from the account that gives
// it until the channel's outcome is known.
type Refund struct {
	ID       RefundID
	Of       AttemptID // the order that was paid
	Payment  PaymentID // of the order; "" of what nobody owed
	Subject  Subject
	Channel  ChannelName
	Merchant string    // of the order
	From     AccountID // who gives it: what a driver is owed, a suspense account, our loss
	Captured Fen       // by the order through this channel
	Amount   Fen       // > 0; all refunds of an order are ≤ Captured
	Hongbao  Fen       // of Amount, back to hongbaos
	Why      string    // shown to the payer, ≤ MaxRefundWhy bytes
	State    AttemptState
	Reason   string // the channel's, of one that is closed or unknown
	MadeAt   time.Time
	DueAt    time.Time // when the worker looks at it next
	Tries    int       // calls to the channel so far
	DoneAt   time.Time // when an external channel has said that it is done; zero before
}

// MaxRefundWhy is the longest reason of a refund, in bytes: Alipay takes 256 characters, WeChat 80
// bytes.
const MaxRefundWhy = 80

// Check returns an *AmountError for an amount that is not above 0, or above what was captured.
func (r Refund) Check() error {
	if r.Amount <= 0 {
		return &AmountError{Field: "amount", Value: r.Amount, Limit: r.Captured}
	}
	return CheckAmount("amount", r.Amount, r.Captured)
}

// Hold is the pending transfer that sets a refund aside.
func (r Refund) Hold() Transfer {
	code := CodeRefund
	if r.From.Class() == classPromoBudget { // the win of a draw
		code = CodeDrawWin
	}
	return Transfer{
		ID: TransferID(string(r.ID) + "/hold"), Kind: TransferPending, Code: code,
		Debit: r.From, Credit: ChannelClearing(r.Channel), Amount: r.Amount,
	}
}

// ToWallet are the transfers of a refund to the legs of a wallet, each leg with what goes back to
// it. The win of a draw is a prize, and all the balance's.
func (r Refund) ToWallet(payer Party, parts []Leg) []Transfer {
	back := r.Hold()
	back.ID, back.Kind = TransferID(string(r.ID)+"/back"), TransferPosted
	back.Credit = Wallet(payer)
	var list []Transfer
	for _, leg := range parts {
		if leg.Hongbao == "" || back.Code == CodeDrawWin {
			continue
		}
		t := back
		t.ID += TransferID("/" + string(leg.Hongbao))
		t.Credit, t.Amount = leg.Hongbao.Account(), leg.Amount
		list = append(list, t)
		back.Amount -= leg.Amount
	}
	if back.Amount > 0 {
		list = slices.Insert(list, 0, back)
	}
	return list
}

// Settle takes a verified outcome. It returns the refund after it, and the transfer that ends its
// hold, which is empty while the outcome is not known. An outcome for a refund that has ended
// changes nothing if it says the same, and is a *StateError if it does not.
func (r Refund) Settle(o Outcome, now time.Time) (Refund, Transfer, error) {
	if !r.State.Open() {
		if r.State == o.State || o.State.Open() {
			return r, Transfer{}, nil
		}
		return r, Transfer{}, &StateError{
			"refund", string(r.ID), r.State.String(), "become " + o.State.String(),
		}
	}
	r.State, r.Reason, r.DueAt = o.State, o.Reason, time.Time{}
	switch o.State {
	case AttemptPaid:
		r.DoneAt = now
		return r, r.Hold().Resolve(TransferPost), nil
	case AttemptClosed:
		return r, r.Hold().Resolve(TransferVoid), nil
	case AttemptCreated, AttemptSent, AttemptUnknown:
	}
	r.DueAt = now.Add(o.Again)
	return r, Transfer{}, nil
}
