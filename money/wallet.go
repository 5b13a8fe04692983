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
// which the verified outcome posts together with the ride's subsidies. What is held already when it
// is asked, as [HoldFirst] does, is what pays.
type WalletChannel struct{ Store Store }

// Holds are the pending transfers by which the wallet sets its part of an attempt aside: one a leg.
func (a Attempt) Holds() []Transfer {
	list := make([]Transfer, 0, len(a.Legs))
	for _, leg := range a.Legs {
		if leg.Outside() || leg.Amount == 0 {
			continue
		}
		t := Transfer{
			ID: a.hold(), Kind: TransferPending, Code: a.paidCode(),
			Debit: Wallet(a.Payer), Credit: DriverPayable(a.Payee), Amount: leg.Amount,
		}
		if leg.Hongbao != "" {
			t.ID += TransferID("/" + string(leg.Hongbao))
			t.Debit = leg.Hongbao.Account()
		}
		list = append(list, t)
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
	var outcome Outcome
	err := w.Store.MoneyTx(ctx, func(tx Tx) error {
		if err := tx.UpdateAttempt(a, a.State); err != nil {
			return err
		}
		var err error
		outcome, err = w.ChargeIn(tx, a, now)
		return err
	})
	return outcome, err
}

// ChargeIn implements [House].
func (WalletChannel) ChargeIn(tx Tx, a Attempt, now time.Time) (Outcome, error) {
	paid := Outcome{State: AttemptPaid}
	if a.Charge() == 0 {
		return paid, nil
	}
	if booked, err := tx.Transfers(a.Subject); err != nil || len(a.HeldIn(booked)) > 0 {
		return paid, err
	}
	err := a.holdIn(tx, now)
	if refused := (*LimitError)(nil); errors.As(err, &refused) {
		return Outcome{State: AttemptClosed, Reason: "balance_too_low"}, nil
	}
	return paid, err
}

// holdIn sets the money aside: hongbaos first, and of the balance the rest. When somebody else
// takes from a hongbao meanwhile, it looks again at what there is. A *LimitError says that there is
// too little.
func (a Attempt) holdIn(tx Tx, now time.Time) error {
	for {
		hongbaos, err := tx.HongbaosOf(a.Payer, now, MaxHongbaos)
		if err != nil {
			return err
		}
		was := a.Legs
		has := Spending{Hongbaos: hongbaos, Most: a.Charge()}
		a = has.Pay(a)
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

// HoldFirst sets aside, in one entry, what a wallet pays of attempts before the channel of others
// that they go to is asked for the rest, and writes their legs. look says what there is: it is
// asked again when somebody else takes of that meanwhile. The attempts come back with their legs,
// the first ones paid first.
func HoldFirst(
	tx Tx, attempts []Attempt, look func() (Spending, error), now time.Time,
) ([]Attempt, error) {
	for {
		has, err := look()
		if err != nil {
			return nil, err
		}
		list := make([]Attempt, len(attempts))
		e := Entry{At: now}
		for i, a := range attempts {
			list[i] = has.Pay(a)
			e.Transfers = append(e.Transfers, list[i].Holds()...)
			e.ID, e.Subject = EntryID(string(a.Order)+"/hold"), a.Subject
		}
		if len(e.Transfers) == 0 {
			return list, nil
		}
		err = tx.Book(e)
		if refused := (*LimitError)(nil); errors.As(err, &refused) {
			continue
		}
		for i, a := range list {
			if err == nil && !slices.Equal(a.Legs, attempts[i].Legs) {
				err = tx.SetLegs(a.ID, a.Legs)
			}
		}
		return list, err
	}
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
