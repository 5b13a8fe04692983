package store

import (
	"context"
	"fmt"
	"slices"

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
		VALUES ($1, 0, 0, 0, 0, $2) ON CONFLICT (id) DO NOTHING`}
	dropAccount = &query{text: `DELETE FROM account WHERE id = $1`}

	bookTransfer = &query{text: bookColumns + `VALUES (` + bookValues + `)`}
	// A resolution books only what a pending transfer between the same accounts has reserved. That
	// nothing has ended it before is held by the index on pending_id.
	bookResolution = &query{text: bookColumns + `SELECT ` + bookValues + `
		WHERE EXISTS (SELECT 1 FROM transfer WHERE id = $3 AND kind = 'pending'
			AND debit = $4 AND credit = $5 AND amount = $6)`}

	accountByID = accountColumns.selects(`account WHERE id = $1`)
	lockAccount = &query{text: accountByID.text, lock: `FOR UPDATE`}
	allAccounts = accountColumns.selects(`account ORDER BY id`)
	transfersOf = transferColumns.selects(
		`transfer WHERE subject = $1 AND subject <> '' ORDER BY seq`)
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
	if err := t.changeAll(e.Deltas()); err != nil {
		return err
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

// changeAll applies deltas to accounts in their order, so that no two transactions wait for each
// other, or none of them if an account refuses.
func (t *tx) changeAll(deltas []money.Delta) error {
	var opened []money.AccountID
	for i, d := range deltas {
		guarded := d.Account.NoOverdraft() && d.Takes() > 0
		changed, err := t.change(d, guarded)
		if err == nil && !changed && !guarded {
			var fresh bool
			if fresh, err = t.openAccount(d); fresh {
				opened = append(opened, d.Account)
			}
		}
		if err != nil {
			return err
		}
		if !changed && guarded {
			if err := t.undo(deltas[:i], opened); err != nil {
				return err
			}
			return &money.LimitError{Account: d.Account, Amount: d.Takes()}
		}
	}
	return nil
}

// openAccount opens the account of a delta that found none, and applies it. It is fresh unless
// another transaction was faster.
func (t *tx) openAccount(d money.Delta) (fresh bool, err error) {
	opened, err := t.exec(openAccount, string(d.Account), bit(d.Account.NoOverdraft()))
	if err == nil {
		_, err = t.change(d, false)
	}
	return opened == 1, err
}

// change applies a delta to its account, a guarded one only if the account has what it takes.
func (t *tx) change(d money.Delta, guarded bool) (changed bool, err error) {
	q := moveSums
	t.args = deltaArgs(t.args[:0], d)
	if guarded {
		q, t.args = takeSums, append(t.args, int64(d.Takes()))
		t.at(PauseBook)
	}
	n, err := t.exec(q, t.args...)
	return n == 1, err
}

func deltaArgs(args []any, d money.Delta) []any {
	return append(args, string(d.Account), int64(d.Debits), int64(d.Credits),
		int64(d.PendingDebits), int64(d.PendingCredits))
}

// undo takes deltas back, and with them the accounts that were opened for them.
func (t *tx) undo(deltas []money.Delta, opened []money.AccountID) error {
	for _, d := range deltas {
		if slices.Contains(opened, d.Account) {
			if _, err := t.exec(dropAccount, string(d.Account)); err != nil {
				return err
			}
			continue
		}
		back := money.Delta{
			Account: d.Account, Debits: -d.Debits, Credits: -d.Credits,
			PendingDebits: -d.PendingDebits, PendingCredits: -d.PendingCredits,
		}
		if _, err := t.change(back, false); err != nil {
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

// Account implements [money.Accounts].
func (t *tx) Account(id money.AccountID) (money.Account, error) {
	a, _, err := one(t, scanAccount, accountByID, string(id))
	a.ID = id
	return a, err
}

// LockAccount implements [money.AccountLocks]. It opens an account that there is not, so that there
// is a row to lock.
func (t *tx) LockAccount(id money.AccountID) (money.Account, error) {
	if _, err := t.exec(openAccount, string(id), bit(id.NoOverdraft())); err != nil {
		return money.Account{}, err
	}
	a, _, err := one(t, scanAccount, lockAccount, string(id))
	return a, err
}

// Transfers implements [money.Accounts].
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
