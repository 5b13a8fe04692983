package money

import (
	"context"
	"time"
)

// LedgerRows is what the ledger's tools need of the store. Each method reads one snapshot.
type LedgerRows interface {
	// Chain reads the whole ledger: first what is sealed, in the order of the seals, each transfer
	// with its entry's seal and the parts of an entry in their order; an entry of which nothing is
	// left comes once, with an empty transfer. Then what is not sealed, with an empty seal. It
	// returns every account by id.
	Chain(ctx context.Context, visit func(Seal, Booked)) ([]Account, error)
	// Booked reads transfers by their time and number.
	Booked(ctx context.Context, q BookedQuery, visit func(Booked)) error
	// Accounts are all accounts by id.
	Accounts(ctx context.Context) ([]Account, error)
}

// BookedQuery selects transfers by the fields that are set.
type BookedQuery struct {
	Account  AccountID // on either side
	Subject  Subject
	From, To time.Time // booked in [From, To)
	// Hongbaos are what was spent of, and came back to, those of a sponsor.
	Hongbaos HongbaoSponsor
}

// Ledger is the books, for those who look at them. It is safe for concurrent use.
type Ledger struct{ Rows LedgerRows }

// Check compares the whole ledger with its balances and with the chain of its seals, and names
// every entry and account that is not as it was booked. known is a seal of which somebody has kept
// number and hash; the zero Seal is none. It reads every row: for reports, not for requests.
//
// Who can write the database as they please can also seal anew what they have changed: only a hash
// that was kept elsewhere shows that.
func (l Ledger) Check(ctx context.Context, known Seal) (Findings, error) {
	c := checking{known: known, replayed: Replayed{}}
	accounts, err := l.Rows.Chain(ctx, c.read)
	if err != nil {
		return Findings{}, err
	}
	c.end(accounts)
	return c.Findings, nil
}

// Trial is the trial balance.
func (l Ledger) Trial(ctx context.Context) (Trial, error) {
	accounts, err := l.Rows.Accounts(ctx)
	return NewTrial(accounts), err
}

// Line is one transfer on an account's statement.
type Line struct {
	Booked
	Other   AccountID // the account on the other side
	Change  Fen       // of the balance: credits add; 0 of what is only reserved or given back
	Balance Fen       // after it
}

// Statement is what an account came to in a time.
type Statement struct {
	Account        AccountID
	Opening        Fen // the balance before the first line
	Closing        Fen
	Debits         Fen // posted in the time
	Credits        Fen
	Lines          int
	PendingDebits  Fen // now, whatever the time
	PendingCredits Fen
	Booked         bool // whether anything was ever booked on it
}

// Statement tells what was booked on an account in [from, to), by time; a zero time is open. line
// is told each transfer, after begin has been told the opening balance. An account that was never
// booked on has no lines.
func (l Ledger) Statement(
	ctx context.Context, id AccountID, from, to time.Time, begin func(opening Fen),
	line func(Line),
) (Statement, error) {
	s := Statement{Account: id}
	begun := false
	open := func() {
		if !begun {
			begun = true
			s.Closing = s.Opening
			begin(s.Opening)
		}
	}
	all := Replayed{}
	err := l.Rows.Booked(ctx, BookedQuery{Account: id}, func(b Booked) {
		all.Add(b.Transfer)
		change := b.change(id)
		switch {
		case b.At.Before(from):
			s.Opening += change
		case to.IsZero() || b.At.Before(to):
			open()
			s.add(change)
			other := b.Credit
			if b.Credit == id {
				other = b.Debit
			}
			line(Line{Booked: b, Other: other, Change: change, Balance: s.Closing})
		}
	})
	if err != nil {
		return Statement{}, err
	}
	open()
	_, s.Booked = all[id]
	s.PendingDebits, s.PendingCredits = all[id].PendingDebits, all[id].PendingCredits
	return s, nil
}

func (s *Statement) add(change Fen) {
	s.Lines++
	s.Closing += change
	if change < 0 {
		s.Debits -= change
	} else {
		s.Credits += change
	}
}

// change is by how much a transfer moves the balance of one of its accounts.
func (t Transfer) change(id AccountID) Fen {
	switch {
	case t.Kind != TransferPosted && t.Kind != TransferPost:
		return 0
	case t.Debit == id:
		return -t.Amount
	default:
		return t.Amount
	}
}

// Moved reports whether the transfer changes balances, rather than reserve or give back.
func (t Transfer) Moved() bool { return t.Kind == TransferPosted || t.Kind == TransferPost }

// Export tells every transfer booked in [from, to), by time; a zero time is open.
func (l Ledger) Export(
	ctx context.Context, from, to time.Time, visit func(Booked),
) error {
	return l.Rows.Booked(ctx, BookedQuery{From: from, To: to}, visit)
}

// Spent tells every transfer by which hongbaos of a sponsor were spent, or were given back to, in
// [from, to), by time; a zero time is open.
func (l Ledger) Spent(
	ctx context.Context, s HongbaoSponsor, from, to time.Time, visit func(Booked),
) error {
	return l.Rows.Booked(ctx, BookedQuery{Hongbaos: s, From: from, To: to}, visit)
}

// Of tells every transfer of a subject, by time.
func (l Ledger) Of(ctx context.Context, s Subject, visit func(Booked)) error {
	return l.Rows.Booked(ctx, BookedQuery{Subject: s}, visit)
}

// Code says for what a payment's money moves.
func (p Payment) Code() Code { return Attempt{Purpose: p.Purpose}.paidCode() }
