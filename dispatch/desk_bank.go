package dispatch

import (
	"context"
	"errors"
	"time"

	"hexhail/money"
)

// BankFile is some withdrawals that people take to the bank together.
type BankFile struct {
	ID    money.BankFileID
	Rows  int
	Total money.Fen
}

// MakeBankFile puts the withdrawals to bank cards whose time has come into a new file, at most
// money.MaxBankRows and as many as the float has room for: from then on the bank's results are
// waited for. A file without rows is none, and has no id.
func (d *Desk) MakeBankFile(ctx context.Context, now time.Time, key Once) (BankFile, error) {
	id := money.BankFileID(d.NewID(now))
	return do(ctx, d, "MakeBankFile", now, key, "", func(j *job) (BankFile, error) {
		bank, err := j.tx.LockAccount(money.Bank)
		if err != nil {
			return BankFile{}, err
		}
		float := money.Float(bank)
		list, err := j.tx.ForBank(now, money.MaxBankRows)
		if err != nil {
			return BankFile{}, err
		}
		var file BankFile
		for _, w := range list {
			fits, err := d.fitsFloat(j, w, float)
			if err != nil {
				return BankFile{}, err
			}
			if err := j.toBank(w, id, fits); err != nil {
				return BankFile{}, err
			}
			if fits {
				float += w.Amount
				file = BankFile{ID: id, Rows: file.Rows + 1, Total: file.Total + w.Amount}
			}
		}
		return file, nil
	})
}

// toBank puts a withdrawal into a file, or writes that it waits for the float.
func (j *job) toBank(w money.Withdrawal, file money.BankFileID, fits bool) error {
	if fits {
		next := w.Send(j.now)
		next.File = file
		if err := j.tx.Book(w.Entry(j.now, w.Advance())); err != nil {
			return err
		}
		return j.tx.UpdateWithdrawal(next, w.State)
	}
	if w.Reason == money.WithdrawalFloat {
		return nil
	}
	return j.waitForFloat(w, time.Time{})
}

// BankFile reads the withdrawals of a file, by id: the same as often as it is asked for, whatever
// has become of them since. NotFound with ReasonUnknownBankFile.
func (d *Desk) BankFile(
	ctx context.Context, id money.BankFileID,
) (list []money.Withdrawal, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		list, err = tx.BankFile(id)
		return err
	})
	if err == nil && (len(list) == 0 || id == "") {
		err = Errorf(NotFound, ReasonUnknownBankFile, "no file %q for the bank", id)
	}
	return list, err
}

// BankRefusal is a line of the bank's results that was not booked, and why.
type BankRefusal struct {
	Result money.BankResult
	Err    error
}

// BankBooked is what became of the bank's results.
type BankBooked struct {
	Paid, Failed int
	Same         int // known before
	Refused      []BankRefusal
}

// BookBankResults books the bank's results, each in a transaction of its own: to send them again is
// no harm. A line that speaks of another amount, of a withdrawal that is in no file, or that
// contradicts what was booked is refused and books nothing; the others are booked. An error is
// that of the store: then some may be booked.
func (d *Desk) BookBankResults(
	ctx context.Context, now time.Time, results []money.BankResult,
) (BankBooked, error) {
	var done BankBooked
	for _, r := range results {
		changed, err := d.bookBankResult(ctx, now, r)
		switch kind := KindOf(err); {
		case err != nil && (kind == NotFound || kind == Conflict):
			done.Refused = append(done.Refused, BankRefusal{r, err})
		case err != nil:
			return done, err
		case !changed:
			done.Same++
		case r.Paid:
			done.Paid++
		default:
			done.Failed++
		}
	}
	return done, nil
}

func (d *Desk) bookBankResult(
	ctx context.Context, now time.Time, r money.BankResult,
) (changed bool, err error) {
	err = d.book(ctx, "BankResult", now, func(j *job) error {
		w, err := j.tx.Withdrawal(r.ID)
		switch {
		case err != nil:
			return err
		case w.File == "":
			return Errorf(Conflict, ReasonPayment, "withdrawal %s is in no file for the bank", w.ID)
		case w.Amount != r.Amount:
			return &money.NoticeError{Order: string(w.ID), Problem: "of " + r.Amount.String() +
				" yuan, the withdrawal is of " + w.Amount.String()}
		}
		changed, err = j.paidOut(w.ID, r.Outcome())
		return err
	})
	var state *money.StateError
	if errors.As(err, &state) {
		err = &Error{
			Kind: Conflict, Reason: ReasonPayment, Text: "the bank contradicts itself",
			Cause: err,
		}
	}
	return changed, err
}
