package money

import (
	"context"
	"io"
	"time"
)

// MaxBillFile is how many bytes a bill may have that somebody sends: 64 MiB, which are 200,000 rows
// as they are.
const MaxBillFile = 64 << 20

// BillFile is a bill that somebody has downloaded by hand.
type BillFile struct {
	io.ReaderAt
	Size int64
}

// ImportFile is Import of a bill that somebody has downloaded by hand, and that nobody fetches. It
// and Import may take turns: a bill is the same wherever it comes from. A file of another account
// or day than id says is a *BillError.
func (r Reconciler) ImportFile(
	ctx context.Context, id BillID, file BillFile, now time.Time,
) (Bill, error) {
	from, to, err := r.Day(id.Day)
	if err != nil {
		return Bill{}, err
	}
	source, err := r.source(id)
	if err != nil {
		return Bill{}, err
	}
	text, err := source.OpenFile(id, file)
	if err != nil {
		return Bill{}, err
	}
	return r.take(ctx, text, Bill{ID: id, From: from, To: to, ImportedAt: now})
}
