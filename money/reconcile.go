package money

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// What a source of bills may say. Callers test with errors.Is.
var (
	// ErrNoBill says that the channel has no bill of the day: nothing has moved.
	ErrNoBill = errors.New("money: the channel has no bill of this day")
	// ErrBillNotReady says that the bill is not made yet.
	ErrBillNotReady = errors.New("money: the bill of this day is not made yet")
)

// BillError refuses a bill: cut short, in another form, or other than what was imported of it.
// Nothing is booked for it.
type BillError struct {
	Bill    BillID
	Problem string
	Cause   error // may be nil
}

func (e *BillError) Error() string {
	text := fmt.Sprintf("bill %s: %s", e.Bill, e.Problem)
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap is the cause.
func (e *BillError) Unwrap() error { return e.Cause }

// BillSource is where a channel's bills come from.
type BillSource interface {
	// Open fetches the bill of a merchant's day, all of it. Errors: ErrNoBill, ErrBillNotReady, and
	// what the channel said.
	Open(ctx context.Context, id BillID) (OpenBill, error)
	// OpenFile opens the bill of a merchant's day that somebody has downloaded: as it is, or packed
	// by gzip or in a zip. Errors: a *BillError, and an error about a merchant without an account.
	OpenFile(id BillID, file BillFile) (OpenBill, error)
	// Merchants are those whose bills there are.
	Merchants() []string
}

// OpenBill is a bill that was fetched.
type OpenBill interface {
	// Rows calls each for every row, as often as it is called. The rows are those of the bill only
	// if it returns nil. Errors: those of each, and a *BillError.
	Rows(each func(BillRow) error) error
	// Close lets it go.
	Close() error
}

// BillStore is what reconciling needs of the database.
type BillStore interface {
	// MoneyTx is that of Store.
	MoneyTx(ctx context.Context, fn func(Tx) error) error
	// MoneyView runs fn on one snapshot; a write in it fails.
	MoneyView(ctx context.Context, fn func(Tx) error) error
}

// Reconciler compares the bills of channels with our books, and settles what agrees. It is safe for
// concurrent use.
type Reconciler struct {
	Store   BillStore
	Sources map[ChannelName]BillSource
	// Day is from when until when, in the city's time, a day of the channels' calendar lasts. An
	// error names a day that is none, or not over.
	Day func(day string) (from, to time.Time, err error)
	// Outcome takes it for the channel's verified word that an order or a refund has moved.
	Outcome func(
		ctx context.Context, now time.Time, kind NoticeKind, number string, o Outcome) error
}

// Import fetches a bill, keeps its rows, matches them with our books by number, amount and status,
// lists what differs, and settles what agrees. Importing again changes nothing but what could not
// be matched before. A bill that has lost or changed rows since is a *BillError, as is one of a
// channel without bills: what was settled stays. Other errors are those of Day and of the source.
func (r Reconciler) Import(ctx context.Context, id BillID, now time.Time) (Bill, error) {
	from, to, err := r.Day(id.Day)
	if err != nil {
		return Bill{}, err
	}
	source, err := r.source(id)
	if err != nil {
		return Bill{}, err
	}
	text, err := source.Open(ctx, id)
	if errors.Is(err, ErrNoBill) {
		text, err = noRows{}, r.nothingMoved(ctx, id, from, to)
	}
	if err != nil {
		return Bill{}, err
	}
	return r.take(ctx, text, Bill{ID: id, From: from, To: to, ImportedAt: now})
}

func (r Reconciler) source(id BillID) (BillSource, error) {
	source, ok := r.Sources[id.Channel]
	if !ok {
		return nil, &BillError{Bill: id, Problem: "no such channel has bills"}
	}
	return source, nil
}

// take keeps a bill, compares and settles it, and closes its text.
func (r Reconciler) take(ctx context.Context, text OpenBill, fresh Bill) (Bill, error) {
	b, err := r.keep(ctx, text, fresh)
	if err = errors.Join(err, text.Close()); err != nil {
		return Bill{}, err
	}
	return r.match(ctx, b, fresh.ImportedAt)
}

// noRows is the bill of a day on which nothing has moved.
type noRows struct{}

// Rows implements [OpenBill].
func (noRows) Rows(func(BillRow) error) error { return nil }

// Close implements [OpenBill].
func (noRows) Close() error { return nil }

// nothingMoved returns ErrNoBill if something has moved on the day by our books.
func (r Reconciler) nothingMoved(ctx context.Context, id BillID, from, to time.Time) error {
	return r.Store.MoneyView(ctx, func(tx Tx) error {
		for _, kind := range []NoticeKind{NoticeCharge, NoticeRefund} {
			moved, err := tx.Moved(MovedQuery{
				Bill: id, Kind: kind, From: from, To: to, Limit: MaxRowsAtOnce,
			})
			if err != nil {
				return err
			}
			for _, m := range moved {
				if !m.InBill {
					return fmt.Errorf("%w, but %s %s has moved by our books", ErrNoBill, kind,
						m.Number)
				}
			}
		}
		return nil
	})
}

// keep writes the rows of a bill that are not kept yet. Those that our books agree with are so from
// the beginning; the others are open.
func (r Reconciler) keep(ctx context.Context, text OpenBill, fresh Bill) (Bill, error) {
	digest := NewBillDigest()
	if err := text.Rows(onceEach(fresh.ID, digest.Add)); err != nil {
		return Bill{}, err
	}
	sums := digest.Bill()
	sums.ID, sums.From, sums.To, sums.ImportedAt = fresh.ID, fresh.From, fresh.To, fresh.ImportedAt
	var old Bill
	var known bool
	err := r.Store.MoneyView(ctx, func(tx Tx) (err error) {
		old, known, err = tx.Bill(fresh.ID)
		return err
	})
	if err != nil || known && old.Whole && old.Digest == sums.Digest {
		return old, err
	}
	if known {
		if err := r.onlyMore(ctx, text, old); err != nil {
			return Bill{}, err
		}
	}
	if err := r.put(ctx, sums, false); err != nil {
		return Bill{}, err
	}
	err = inBatches(text, func(rows []BillRow) error { return r.insert(ctx, sums.ID, rows) })
	if err != nil {
		return Bill{}, err
	}
	return sums, r.put(ctx, sums, true)
}

// put writes a bill's sums, and leaves what was settled of it.
func (r Reconciler) put(ctx context.Context, b Bill, whole bool) error {
	return r.Store.MoneyTx(ctx, func(tx Tx) error {
		old, _, err := tx.Bill(b.ID)
		if err != nil {
			return err
		}
		b.Whole, b.Settlements, b.Settled = whole, old.Settlements, old.Settled
		return tx.PutBill(b)
	})
}

// inBatches reads the rows of a bill, so many at a time.
func inBatches(text OpenBill, do func([]BillRow) error) error {
	batch := make([]BillRow, 0, MaxRowsAtOnce)
	err := text.Rows(func(row BillRow) error {
		if batch = append(batch, row); len(batch) < MaxRowsAtOnce {
			return nil
		}
		err := do(batch)
		batch = batch[:0]
		return err
	})
	if err == nil && len(batch) > 0 {
		err = do(batch)
	}
	return err
}

// onlyMore refuses a bill in which a row that was imported is missing, or is another.
func (r Reconciler) onlyMore(ctx context.Context, text OpenBill, old Bill) error {
	kept := 0
	err := inBatches(text, func(rows []BillRow) error {
		return r.Store.MoneyView(ctx, func(tx Tx) error {
			had, err := tx.KeptRows(old.ID, rows)
			if err != nil {
				return err
			}
			byNumber := rowsByNumber(had)
			for _, row := range rows {
				was, ok := byNumber[rowKey{row.Kind, row.Order}]
				if ok && !was.Same(row) {
					return &BillError{Bill: old.ID, Problem: fmt.Sprintf(
						"%s %s is not what was imported before", row.Kind, row.Order)}
				}
			}
			kept += len(had)
			return nil
		})
	})
	if err != nil {
		return err
	}
	if old.Whole && kept < old.Rows {
		return &BillError{Bill: old.ID, Problem: fmt.Sprintf(
			"%d rows that were imported before are missing", old.Rows-kept)}
	}
	return nil
}

type rowKey struct {
	kind   NoticeKind
	number string
}

func rowsByNumber(rows []KeptRow) map[rowKey]KeptRow {
	m := make(map[rowKey]KeptRow, len(rows))
	for _, row := range rows {
		m[rowKey{row.Kind, row.Order}] = row
	}
	return m
}

// onceEach refuses a row that was there before.
func onceEach(id BillID, each func(BillRow) error) func(BillRow) error {
	seen := map[rowKey]bool{}
	return func(row BillRow) error {
		k := rowKey{row.Kind, row.Order}
		if seen[k] {
			return &BillError{Bill: id, Problem: fmt.Sprintf(
				"%s %s is in it twice", row.Kind, row.Order)}
		}
		seen[k] = true
		return each(row)
	}
}

// insert keeps some rows, each with the state that our books give it now.
func (r Reconciler) insert(ctx context.Context, id BillID, rows []BillRow) error {
	return r.Store.MoneyTx(ctx, func(tx Tx) error {
		b, _, err := tx.Bill(id)
		if err != nil {
			return err
		}
		ours, err := tx.OursOf(id, rows)
		if err != nil {
			return err
		}
		kept := make([]KeptRow, len(rows))
		for i, row := range rows {
			kept[i] = KeptRow{BillRow: row, Day: id.Day, State: RowOpen}
			if Compare(row, ours[i]) == "" && !ours[i].CameAndWent() {
				kept[i].State, kept[i].Settlement = RowAgreed, b.Settlements+1
			}
		}
		return tx.InsertRows(id, kept)
	})
}
