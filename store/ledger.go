package store

import (
	"context"
	"fmt"

	"hexhail/dispatch"
	"hexhail/money"
)

// Limits of an entry, so that no sum of int64 can overflow: 1,000 transfers of 10^15 fen are 10^18,
// which is also the most that an account may hold on one side (a CHECK); two such sums are still
// below 2^63. What a whole country's taxis earn in a year is below 10^14 fen.
const (
	maxEntryTransfers = 1000
	maxTransfer       = money.Fen(1e15)
)

// transferColumns are written by bookTransfer and read by scanTransfer and Audit in this order;
// entry, part, subject and at follow when writing.
var transferColumns = columns{"id", "kind", "pending_id", "debit", "credit", "amount", "code"}

// accountColumns are read by scanAccount in this order.
var accountColumns = columns{"id", "debits", "credits", "pending_debits", "pending_credits"}

const (
	addDelta = `UPDATE account SET debits = debits + $2, credits = credits + $3,
		pending_debits = pending_debits + $4, pending_credits = pending_credits + $5
		WHERE id = $1`
	bookColumns = `INSERT INTO transfer
		(id, kind, pending_id, debit, credit, amount, code, entry, part, subject, at) `
	bookValues = `$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11`
)

var (
	moveSums = &query{text: addDelta}
	// takeSums is the one guard of every budget and balance: the condition and the change are one
	// statement, so that no two takers can both see the last fen.
	takeSums    = &query{text: addDelta + ` AND credits - debits - pending_debits >= $6`}
	openAccount = &query{text: `INSERT INTO account
		(id, debits, credits, pending_debits, pending_credits, no_overdraft)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO UPDATE SET
		debits = account.debits + excluded.debits,
		credits = account.credits + excluded.credits,
		pending_debits = account.pending_debits + excluded.pending_debits,
		pending_credits = account.pending_credits + excluded.pending_credits`}
	dropEmpty = &query{text: `DELETE FROM account WHERE id = $1 AND debits = 0 AND credits = 0
		AND pending_debits = 0 AND pending_credits = 0`}

	bookTransfer = &query{text: bookColumns + `VALUES (` + bookValues + `)`}
	// A resolution books only what a pending transfer between the same accounts has reserved. That
	// nothing has ended it before is held by the index on pending_id.
	bookResolution = &query{text: bookColumns + `SELECT ` + bookValues + `
		WHERE EXISTS (SELECT 1 FROM transfer WHERE id = $3 AND kind = 'pending'
			AND debit = $4 AND credit = $5 AND amount = $6)`}

	accountByID  = accountColumns.selects(`account WHERE id = $1`)
	allAccounts  = accountColumns.selects(`account ORDER BY id`)
	transfersOf  = transferColumns.selects(`transfer WHERE subject = $1 AND subject <> '' ORDER BY seq`)
	allTransfers = append(columns{"subject"}, transferColumns...).selects(`transfer ORDER BY seq`)
)

func scanAccount(r *reader) money.Account {
	return money.Account{
		ID: money.AccountID(r.text()), Debits: r.fen(), Credits: r.fen(),
		PendingDebits: r.fen(), PendingCredits: r.fen(),
	}
}

func scanTransfer(r *reader) money.Transfer {
	return money.Transfer{
		ID: money.TransferID(r.text()), Kind: name(r, money.ParseTransferKind),
		Pending: money.TransferID(r.text()), Debit: money.AccountID(r.text()),
		Credit: money.AccountID(r.text()), Amount: r.fen(), Code: money.Code(r.text()),
	}
}

// Book changes the accounts first, in the order of their ids, and then writes the transfers: the
// running number of a transfer is drawn while its accounts are locked, so that by number is in the
// order of booking.
func (t *tx) Book(e money.Entry) error {
	if err := checkEntry(e); err != nil {
		return err
	}
	deltas := e.Deltas()
	for i, d := range deltas {
		refused, err := t.change(d)
		if err != nil {
			return err
		}
		if refused {
			if err := t.undo(deltas[:i]); err != nil {
				return err
			}
			return &money.LimitError{Account: d.Account, Amount: d.Takes()}
		}
	}
	for part, transfer := range e.Transfers {
		if err := t.bookTransfer(e, part, transfer); err != nil {
			return err
		}
	}
	return nil
}

func checkEntry(e money.Entry) error {
	if err := e.Check(); err != nil {
		return err
	}
	if len(e.Transfers) > maxEntryTransfers {
		return &money.TransferError{Entry: e.ID, Problem: fmt.Sprintf(
			"%d transfers, at most %d", len(e.Transfers), maxEntryTransfers)}
	}
	for _, t := range e.Transfers {
		if t.Amount > maxTransfer {
			return &money.TransferError{Entry: e.ID, Transfer: t.ID, Problem: fmt.Sprintf(
				"amount %d fen, at most %d", t.Amount, maxTransfer)}
		}
	}
	return nil
}

// change applies a delta to its account. An account that must not be overdrawn refuses what it has
// not got.
func (t *tx) change(d money.Delta) (refused bool, err error) {
	guarded := d.Account.NoOverdraft() && d.Takes() > 0
	t.args = deltaArgs(t.args[:0], d)
	q := moveSums
	if guarded {
		q, t.args = takeSums, append(t.args, int64(d.Takes()))
		t.at(PauseBook)
	}
	changed, err := t.exec(q, t.args...)
	if err != nil || changed == 1 {
		return false, err
	}
	if guarded {
		return true, nil
	}
	if d.PendingDebits < 0 || d.PendingCredits < 0 {
		return false, dispatch.Errorf(dispatch.Internal, dispatch.ReasonLedger,
			"account %s holds nothing that could be resolved", d.Account)
	}
	t.args = append(t.args, bit(d.Account.NoOverdraft()))
	_, err = t.exec(openAccount, t.args...)
	return false, err
}

func deltaArgs(args []any, d money.Delta) []any {
	return append(args, string(d.Account), int64(d.Debits), int64(d.Credits),
		int64(d.PendingDebits), int64(d.PendingCredits))
}

// undo takes deltas back, and accounts with them that had not been there.
func (t *tx) undo(deltas []money.Delta) error {
	for _, d := range deltas {
		t.args = deltaArgs(t.args[:0], money.Delta{
			Account: d.Account, Debits: -d.Debits, Credits: -d.Credits,
			PendingDebits: -d.PendingDebits, PendingCredits: -d.PendingCredits,
		})
		if _, err := t.exec(moveSums, t.args...); err != nil {
			return err
		}
		if _, err := t.exec(dropEmpty, string(d.Account)); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) bookTransfer(e money.Entry, part int, m money.Transfer) error {
	q := bookTransfer
	if m.Pending != "" {
		q = bookResolution
	}
	changed, err := t.exec(q, string(m.ID), m.Kind.String(), string(m.Pending),
		string(m.Debit), string(m.Credit), int64(m.Amount), string(m.Code),
		string(e.ID), part, string(e.Subject), millis(e.At))
	if err != nil || changed == 1 {
		return err
	}
	t.failed = dispatch.Errorf(dispatch.Internal, dispatch.ReasonLedger,
		"transfer %s ends %s, which is no pending transfer of the same accounts and amount",
		m.ID, m.Pending)
	return t.failed
}

func (t *tx) Account(id money.AccountID) (money.Account, error) {
	a, _, err := one(t, scanAccount, accountByID, string(id))
	a.ID = id
	return a, err
}

func (t *tx) Transfers(subject money.Subject) ([]money.Transfer, error) {
	return all(t, scanTransfer, transfersOf, string(subject))
}

// Audit reads the whole ledger in one snapshot. visit must not use db.
func (db *DB) Audit(
	ctx context.Context, visit func(money.Subject, money.Transfer),
) (accounts []money.Account, err error) {
	err = db.snapshot(ctx, func(t *tx) error {
		err := t.each(allTransfers, nil, func(r *reader) {
			subject := money.Subject(r.text())
			visit(subject, scanTransfer(r))
		})
		if err == nil {
			accounts, err = all(t, scanAccount, allAccounts)
		}
		return err
	})
	return accounts, err
}
