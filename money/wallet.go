package money

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
)

// WalletChannel charges a rider's wallet: hongbaos first, what expires first of them first, and the
// balance for the rest. Charge holds the amount by a pending transfer a leg to the driver, all of
// which the verified outcome posts together with the ride's subsidies.
type WalletChannel struct{ Store Store }

// Holds are the pending transfers by which the wallet sets an attempt's money aside: one a leg.
func (a Attempt) Holds() []Transfer {
	list := make([]Transfer, len(a.Legs))
	for i, leg := range a.Legs {
		list[i] = Transfer{
			ID: a.hold(), Kind: TransferPending, Code: a.paidCode(),
			Debit: Wallet(a.Payer), Credit: DriverPayable(a.Payee), Amount: leg.Amount,
		}
		if leg.Hongbao != "" {
			list[i].ID += TransferID("/" + string(leg.Hongbao))
			list[i].Debit = leg.Hongbao.Account()
		}
	}
	return list
}

func (a Attempt) hold() TransferID { return TransferID(string(a.ID) + "/hold") }

// HeldIn are those of Holds that are among transfers, whatever legs the attempt was read with.
func (a Attempt) HeldIn(transfers []Transfer) (held []Transfer) {
	for _, t := range transfers {
		leg := t.ID == a.hold() || strings.HasPrefix(string(t.ID), string(a.hold())+"/")
		if leg && t.Kind == TransferPending {
			held = append(held, t)
		}
	}
	return held
}

// Charge holds the money. A wallet that holds too little closes the attempt, and nothing is held.
// The attempt's row is touched in the same transaction, so that no money is held for an attempt
// that somebody else has ended.
func (w WalletChannel) Charge(ctx context.Context, a Attempt, now time.Time) (Outcome, error) {
	if a.Charge() == 0 {
		return Outcome{State: AttemptPaid}, nil
	}
	var outcome Outcome
	err := w.Store.MoneyTx(ctx, func(tx Tx) error {
		outcome = Outcome{State: AttemptPaid}
		if err := tx.UpdateAttempt(a, a.State); err != nil {
			return err
		}
		if booked, err := tx.Transfers(a.Subject); err != nil || len(a.HeldIn(booked)) > 0 {
			return err
		}
		err := a.holdIn(tx, now)
		if refused := (*LimitError)(nil); errors.As(err, &refused) {
			outcome = Outcome{State: AttemptClosed, Reason: "balance_too_low"}
			return nil
		}
		return err
	})
	return outcome, err
}

// holdIn sets the money aside. When somebody else takes from a hongbao meanwhile, it looks again at
// what there is. A *LimitError says that there is too little.
func (a Attempt) holdIn(tx Tx, now time.Time) error {
	for {
		hongbaos, err := tx.HongbaosOf(a.Payer, now, MaxHongbaos)
		if err != nil {
			return err
		}
		was := a.Legs
		a.Legs = a.legsOn(hongbaos)
		err = tx.Book(Entry{
			ID: EntryID(a.hold()), Subject: a.Subject, At: now, Transfers: a.Holds(),
		})
		refused := (*LimitError)(nil)
		if errors.As(err, &refused) && refused.Account.Class() == classHongbao {
			continue
		}
		if err != nil || slices.Equal(a.Legs, was) {
			return err
		}
		return tx.SetLegs(a.ID, a.Legs)
	}
}

// legsOn are the legs that pay an attempt, hongbaos first.
func (a Attempt) legsOn(hongbaos []Hongbao) (legs []Leg) {
	rest := a.Charge()
	for _, h := range hongbaos {
		if part := min(rest, h.Left); part > 0 {
			legs = append(legs, Leg{Hongbao: h.ID, Amount: part})
			rest -= part
		}
	}
	if rest > 0 {
		legs = append(legs, Leg{Instrument: InWallet, Amount: rest})
	}
	return legs
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
		booked, err := tx.Transfers(a.Subject)
		if len(a.HeldIn(booked)) > 0 {
			outcome = Outcome{State: AttemptPaid}
		}
		return err
	})
	return outcome, err
}
