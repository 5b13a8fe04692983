package money

import (
	"context"
	"time"
)

// match looks again at what is open of a bill, finds what moved by our books and is in no bill, and
// settles what agrees by now.
func (r Reconciler) match(ctx context.Context, b Bill, now time.Time) (Bill, error) {
	var after BillRow
	for {
		var rows []KeptRow
		err := r.Store.MoneyTx(ctx, func(tx Tx) (err error) {
			rows, err = r.matchOpen(tx, b.ID, after, now)
			return err
		})
		if err != nil {
			return Bill{}, err
		}
		if len(rows) < MaxRowsAtOnce {
			break
		}
		after = rows[len(rows)-1].BillRow
	}
	for _, kind := range []NoticeKind{NoticeCharge, NoticeRefund} {
		if err := r.findLost(ctx, b, kind, now); err != nil {
			return Bill{}, err
		}
	}
	if err := r.lookAtLost(ctx, b, now); err != nil {
		return Bill{}, err
	}
	return r.settle(ctx, b.ID, now)
}

// matchOpen compares open rows of a bill with our books.
func (r Reconciler) matchOpen(
	tx Tx, id BillID, after BillRow, now time.Time,
) ([]KeptRow, error) {
	b, _, err := tx.Bill(id)
	if err != nil {
		return nil, err
	}
	rows, err := tx.OpenRows(id, after, MaxRowsAtOnce)
	if err != nil {
		return nil, err
	}
	theirs := make([]BillRow, len(rows))
	for i, row := range rows {
		theirs[i] = row.BillRow
	}
	ours, err := tx.OursOf(id, theirs)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		cause := Compare(row.BillRow, ours[i])
		d := id.Differs(row.BillRow, ours[i], cause, now)
		if cause != "" {
			err = differ(tx, d)
		} else {
			row.State, row.Settlement = RowAgreed, b.Settlements+1
			if ours[i].CameAndWent() {
				row.State, row.Settlement = RowBooked, 0
			}
			if err = tx.UpdateRow(id, row, RowOpen); err == nil {
				err = gone(tx, d.ID, now)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// differ writes a difference, or what it is by now.
func differ(tx Tx, d Difference) error {
	if err := tx.InsertDifference(d); err != nil {
		return err
	}
	was, err := tx.Difference(d.ID)
	if err != nil || was.State != DifferenceOpen ||
		was.Cause == d.Cause && was.Ours == d.Ours && was.OurState == d.OurState {
		return err
	}
	was.Cause, was.Ours, was.OurState, was.Subject = d.Cause, d.Ours, d.OurState, d.Subject
	was.WrittenOff = d.WrittenOff
	return tx.UpdateDifference(was, DifferenceOpen)
}

// gone ends a difference that is none any more, if there was one.
func gone(tx Tx, id DifferenceID, now time.Time) error {
	list, err := tx.DifferencesOf(DifferenceQuery{ID: id, State: DifferenceOpen, Limit: 1})
	if err != nil || len(list) == 0 {
		return err
	}
	d := list[0]
	d.State, d.DecidedAt = DifferenceGone, now
	return tx.UpdateDifference(d, DifferenceOpen)
}

// findLost lists what has moved on the bill's day by our books, and is in no bill.
func (r Reconciler) findLost(ctx context.Context, b Bill, kind NoticeKind, now time.Time) error {
	q := MovedQuery{Bill: b.ID, Kind: kind, From: b.From, To: b.To, Limit: MaxRowsAtOnce}
	for {
		var moved []Moved
		err := r.Store.MoneyView(ctx, func(tx Tx) (err error) {
			moved, err = tx.Moved(q)
			return err
		})
		if err != nil {
			return err
		}
		for _, m := range moved {
			if m.InBill {
				continue
			}
			if err := r.lose(ctx, b, BillRow{Kind: kind, Order: m.Number}, now); err != nil {
				return err
			}
		}
		if len(moved) < q.Limit {
			return nil
		}
		q.After = moved[len(moved)-1]
	}
}

// lose lists something that is in no bill.
func (r Reconciler) lose(ctx context.Context, b Bill, row BillRow, now time.Time) error {
	return r.Store.MoneyTx(ctx, func(tx Tx) error {
		ours, err := tx.OursOf(b.ID, []BillRow{row})
		if err != nil {
			return err
		}
		d := b.ID.Lacks(ours[0], now)
		if d.Cause, err = r.lostCause(tx, b, ours[0].At); err != nil {
			return err
		}
		return tx.InsertDifference(d)
	})
}

// lostCause is why something is in no bill: if it moved so near to midnight that the neighbour's
// bill may have it, and that was not imported yet, nobody knows.
func (r Reconciler) lostCause(tx Tx, b Bill, at time.Time) (Cause, error) {
	step := 0
	switch {
	case !at.Before(b.To.Add(-BoundaryMargin)):
		step = 1
	case at.Before(b.From.Add(BoundaryMargin)):
		step = -1
	default:
		return CauseMissingAtThem, nil
	}
	neighbour := b.ID
	day, err := time.Parse(time.DateOnly, b.ID.Day)
	if err != nil {
		return "", err
	}
	neighbour.Day = day.AddDate(0, 0, step).Format(time.DateOnly)
	other, ok, err := tx.Bill(neighbour)
	if err != nil || ok && other.Whole {
		return CauseMissingAtThem, err
	}
	return CauseBoundary, nil
}

// lookAtLost looks again at what was in no bill so far: this one may have it, or was the last that
// could.
func (r Reconciler) lookAtLost(ctx context.Context, b Bill, now time.Time) error {
	q := DifferenceQuery{
		Channel: b.ID.Channel, State: DifferenceOpen, Lost: true, Limit: MaxRowsAtOnce,
	}
	for {
		var list []Difference
		err := r.Store.MoneyTx(ctx, func(tx Tx) (err error) {
			if list, err = tx.DifferencesOf(q); err != nil {
				return err
			}
			for _, d := range list {
				if err := r.lookAgain(tx, d, now); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || len(list) < q.Limit {
			return err
		}
		q.After = list[len(list)-1].ID
	}
}

func (r Reconciler) lookAgain(tx Tx, d Difference, now time.Time) error {
	b, ok, err := tx.Bill(d.Bill)
	if err != nil || !ok {
		return err
	}
	in, err := inBills(tx, d)
	switch {
	case err != nil:
		return err
	case in:
		return gone(tx, d.ID, now)
	case d.Cause == CauseBoundary:
		if d.Cause, err = r.lostCause(tx, b, d.MovedAt); err == nil {
			err = tx.UpdateDifference(d, DifferenceOpen)
		}
	}
	return err
}

// settle books that what agrees of a bill has reached our bank, once.
func (r Reconciler) settle(ctx context.Context, id BillID, now time.Time) (b Bill, err error) {
	err = r.Store.MoneyTx(ctx, func(tx Tx) error {
		var ok bool
		if b, ok, err = tx.Bill(id); err != nil {
			return err
		}
		if !ok || !b.Whole {
			return &BillError{Bill: id, Problem: "it is not imported as a whole"}
		}
		sums, err := tx.RowSums(id, b.Settlements+1)
		if err != nil || sums.Rows == 0 {
			return err
		}
		if entry := b.Settlement(sums, now); len(entry.Transfers) > 0 {
			if err := tx.Book(entry); err != nil {
				return err
			}
		}
		b.Settlements++
		b.Settled += sums.Net()
		return tx.PutBill(b)
	})
	return b, err
}

// Approval is somebody's word that a difference is to be booked as proposed.
type Approval struct {
	Difference DifferenceID
	By         string // who: "ops:me"
	Note       string // 1 to MaxDifferenceNote bytes
}

// Approve does what is proposed about a difference, once, and returns it as it is then. The same
// word of the same person again changes nothing. A difference
// that waits for the next bill, or that is decided, is a *StateError, and so is one that is not
// what it was when it was found: importing its bill again tells what it is.
func (r Reconciler) Approve(
	ctx context.Context, a Approval, now time.Time,
) (d Difference, err error) {
	var outcome bool
	err = r.Store.MoneyTx(ctx, func(tx Tx) error {
		if d, err = tx.Difference(a.Difference); err != nil {
			return err
		}
		if d.State != DifferenceOpen && d.By == a.By && d.Note == a.Note {
			outcome = false // told again
			return nil
		}
		if d.State != DifferenceOpen || d.Action() == ActionWait {
			return &StateError{
				"difference", string(d.ID),
				string(d.State) + ", " + string(d.Cause), "be approved",
			}
		}
		d.By, d.Note, d.DecidedAt = a.By, a.Note, now
		if outcome = d.Action() == ActionOutcome; outcome {
			return tx.UpdateDifference(d, DifferenceOpen)
		}
		return bookDifference(tx, &d, now)
	})
	if err != nil || !outcome {
		return d, err
	}
	o := Outcome{State: AttemptPaid, Trade: d.Trade, Reason: "by the bill"}
	if err := r.Outcome(ctx, now, d.Kind, d.Number, o); err != nil {
		return d, err
	}
	var b Bill
	err = r.Store.MoneyView(ctx, func(tx Tx) error {
		b, _, err = tx.Bill(d.Bill)
		return err
	})
	if err != nil {
		return d, err
	}
	if _, err := r.match(ctx, b, now); err != nil {
		return d, err
	}
	err = r.Store.MoneyView(ctx, func(tx Tx) error {
		d, err = tx.Difference(d.ID)
		return err
	})
	return d, err
}

// bookDifference books a difference and its row, if both sides still say what they said.
func bookDifference(tx Tx, d *Difference, now time.Time) error {
	consume := bookRow
	if d.Cause == CauseMissingAtThem {
		consume = bookLost
	}
	if err := consume(tx, *d, now); err != nil {
		return err
	}
	if err := tx.Book(d.Booking(now)); err != nil {
		return err
	}
	d.State = DifferenceBooked
	return tx.UpdateDifference(*d, DifferenceOpen)
}

// bookRow takes a row of a bill for booked.
func bookRow(tx Tx, d Difference, _ time.Time) error {
	if err := unchanged(tx, d); err != nil {
		return err
	}
	row := KeptRow{Day: d.Bill.Day, State: RowBooked}
	row.Kind, row.Order = d.Kind, d.Number
	return tx.UpdateRow(d.Bill, row, RowOpen)
}

// inBills reports whether a bill of any day has what a difference is about.
func inBills(tx Tx, d Difference) (bool, error) {
	ours, err := tx.OursOf(
		BillID{d.Bill.Channel, d.Bill.Merchant, ""}, []BillRow{{Kind: d.Kind, Order: d.Number}})
	return err == nil && ours[0].InBill, err
}

// bookLost keeps a number that is in no bill from being settled by a later one.
func bookLost(tx Tx, d Difference, now time.Time) error {
	in, err := inBills(tx, d)
	if err != nil {
		return err
	}
	if in {
		return &StateError{"difference", string(d.ID), "in a bill by now", "be approved"}
	}
	row := KeptRow{
		BillRow: BillRow{
			Kind: d.Kind, Order: d.Number, Of: d.Of, Amount: d.Ours.Amount, Fee: d.Ours.Fee,
			At: now,
		},
		Day: NoDay, State: RowLost,
	}
	id := d.Bill
	id.Day = NoDay
	return tx.InsertRows(id, []KeptRow{row})
}

// unchanged refuses a difference whose row our books see otherwise by now.
func unchanged(tx Tx, d Difference) error {
	row := BillRow{
		Kind: d.Kind, Order: d.Number, Of: d.Of, Amount: d.Theirs.Amount, Fee: d.Theirs.Fee,
	}
	ours, err := tx.OursOf(d.Bill, []BillRow{row})
	if err != nil {
		return err
	}
	is := d.Bill.Differs(row, ours[0], Compare(row, ours[0]), d.FoundAt)
	if is.Cause != d.Cause || is.Ours != d.Ours || is.OurState != d.OurState {
		return &StateError{"difference", string(d.ID), "another by now", "be approved"}
	}
	return nil
}
