package money

import (
	"context"
	"errors"
	"time"
)

// ChannelName says who moves the money.
type ChannelName string

// The channels that are part of the house.
const (
	Cash     ChannelName = "cash"
	InWallet ChannelName = "wallet"
)

// Outcome is a channel's verified answer about an attempt.
type Outcome struct {
	// State is Paid, Closed, Unknown, Sent (the payer or the driver still has to act) or Created
	// (the channel never heard of the attempt: charge it under the same id).
	State  AttemptState
	Reason string
	// Again is when to look at an open attempt again; 0 leaves it to somebody's word.
	Again time.Duration
}

// Channel is who moves the money of an attempt. Calls are idempotent by the attempt's id: charging
// the same attempt again moves nothing again. An error means that the outcome is not known.
type Channel interface {
	// Charge asks for the money of an attempt.
	Charge(ctx context.Context, a Attempt, now time.Time) (Outcome, error)
	// Query asks what became of an attempt. It moves no money.
	Query(ctx context.Context, a Attempt, now time.Time) (Outcome, error)
	// Close ends an attempt that is not paid. Its outcome says Paid if it came too late.
	Close(ctx context.Context, a Attempt, now time.Time) (Outcome, error)
}

// Channels finds a channel by its name.
type Channels map[ChannelName]Channel

// CashChannel is money from hand to hand. The driver's word is the only outcome there is, so the
// channel itself never says Paid.
type CashChannel struct{}

// Charge leaves the attempt open until the driver confirms.
func (CashChannel) Charge(context.Context, Attempt, time.Time) (Outcome, error) {
	return Outcome{State: AttemptSent, Reason: "driver_confirms"}, nil
}

// Query says the same: nobody but the driver knows.
func (CashChannel) Query(context.Context, Attempt, time.Time) (Outcome, error) {
	return Outcome{State: AttemptSent, Reason: "driver_confirms"}, nil
}

// Close always succeeds: what was not handed over can be paid otherwise.
func (CashChannel) Close(context.Context, Attempt, time.Time) (Outcome, error) {
	return Outcome{State: AttemptClosed, Reason: "paid_otherwise"}, nil
}

// WalletChannel charges a rider's balance. Charge holds the amount by a pending transfer to the
// driver, which the verified outcome posts together with the ride's subsidies.
type WalletChannel struct{ Store Store }

// Hold is the pending transfer by which the wallet sets an attempt's money aside.
func (a Attempt) Hold() Transfer {
	code := CodeFare
	switch a.Purpose {
	case PurposeTip:
		code = CodeTip
	case PurposeFee:
		code = CodeFee
	case PurposeCancelFee:
		code = CodeCancelFee
	case PurposeFare:
	}
	return Transfer{
		ID: TransferID(string(a.ID) + "/hold"), Kind: TransferPending, Code: code,
		Debit: Wallet(a.Payer), Credit: DriverPayable(a.Payee), Amount: a.Charge(),
	}
}

// Charge holds the money. A balance that is too low closes the attempt, and nothing is held. The
// attempt's row is touched in the same transaction, so that no money is held for an attempt that
// somebody else has ended.
func (w WalletChannel) Charge(ctx context.Context, a Attempt, now time.Time) (Outcome, error) {
	if a.Charge() == 0 {
		return Outcome{State: AttemptPaid}, nil
	}
	hold := a.Hold()
	var outcome Outcome
	err := w.Store.MoneyTx(ctx, func(tx Tx) error {
		outcome = Outcome{State: AttemptPaid}
		if err := tx.UpdateAttempt(a, a.State); err != nil {
			return err
		}
		if held, err := tx.Transfers(a.Subject); err != nil || holds(held, hold.ID) {
			return err
		}
		err := tx.Book(Entry{
			ID: EntryID(hold.ID), Subject: a.Subject, At: now, Transfers: []Transfer{hold},
		})
		if refused := (*LimitError)(nil); errors.As(err, &refused) {
			outcome = Outcome{State: AttemptClosed, Reason: "balance_too_low"}
			return nil
		}
		return err
	})
	return outcome, err
}

// Query says Paid if the money is held, else Created: charging it under the same id is safe.
func (w WalletChannel) Query(ctx context.Context, a Attempt, _ time.Time) (Outcome, error) {
	return w.look(ctx, a, Outcome{State: AttemptCreated})
}

// Close ends an attempt that holds nothing. If the money is held already, the attempt is paid.
func (w WalletChannel) Close(ctx context.Context, a Attempt, _ time.Time) (Outcome, error) {
	return w.look(ctx, a, Outcome{State: AttemptClosed, Reason: "paid_otherwise"})
}

func (w WalletChannel) look(ctx context.Context, a Attempt, otherwise Outcome) (Outcome, error) {
	outcome := otherwise
	err := w.Store.MoneyTx(ctx, func(tx Tx) error {
		outcome = otherwise
		held, err := tx.Transfers(a.Subject)
		if holds(held, a.Hold().ID) {
			outcome = Outcome{State: AttemptPaid}
		}
		return err
	})
	return outcome, err
}

func holds(transfers []Transfer, id TransferID) bool {
	for _, t := range transfers {
		if t.ID == id {
			return true
		}
	}
	return false
}
