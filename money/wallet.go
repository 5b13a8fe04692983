package money

import (
	"context"
	"errors"
	"time"
)

// WalletChannel charges a rider's balance. Charge holds the amount by a pending transfer to the
// driver, which the verified outcome posts together with the ride's subsidies.
type WalletChannel struct{ Store Store }

// Hold is the pending transfer by which the wallet sets an attempt's money aside.
func (a Attempt) Hold() Transfer {
	return Transfer{
		ID: TransferID(string(a.ID) + "/hold"), Kind: TransferPending, Code: a.paidCode(),
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
