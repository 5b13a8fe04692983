package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// The load of promiseBill.
const (
	billOrders  = 600 // of one day
	billFaults  = 10  // of each kind
	billWorkers = 4
)

// promiseBill: what an external channel owes us returns to 0 against its bills. Of rows that are
// missing, made up or changed by a fen each one is found; nothing is settled twice, though bills
// are imported by several nodes at once and again, and every approval is given twice.
func promiseBill(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		w := newBillWorld(t, open(t), billOrders/slow+100)
		if err := w.reconciled(w.db); err != nil {
			t.Error(err)
		}
	})
	for name, mutant := range map[string]func(money.Tx) money.Tx{
		"ByAmountOnly": func(tx money.Tx) money.Tx { return byAmount{tx} },
		"SettlesAgain": func(tx money.Tx) money.Tx { return settlesAgain{tx} },
		"BooksUnseen":  func(tx money.Tx) money.Tx { return forgetsLost{tx} },
	} {
		t.Run("Mutant"+name, func(t *testing.T) {
			w := newBillWorld(t, open(t), 100)
			caught(t, w.reconciled(mutantStore{w.db, mutant}))
		})
	}
	t.Run("Reissued", func(t *testing.T) { reissued(t, open(t)) })
	t.Run("Boundary", func(t *testing.T) { boundary(t, open(t)) })
	t.Run("Lost", func(t *testing.T) { lostAndFound(t, open(t)) })
	t.Run("Statuses", func(t *testing.T) { billStatuses(t, open(t)) })
}

// mutantStore is a store whose transactions are broken.
type mutantStore struct {
	db     Database
	mutate func(money.Tx) money.Tx
}

// MoneyTx implements [money.BillStore].
func (m mutantStore) MoneyTx(ctx context.Context, fn func(money.Tx) error) error {
	return m.db.MoneyTx(ctx, func(tx money.Tx) error { return fn(m.mutate(tx)) })
}

// MoneyView implements [money.BillStore].
func (m mutantStore) MoneyView(ctx context.Context, fn func(money.Tx) error) error {
	return m.db.MoneyView(ctx, func(tx money.Tx) error { return fn(m.mutate(tx)) })
}

// byAmount takes every row for ours whose amount is one of ours.
type byAmount struct{ money.Tx }

// OursOf finds no number.
func (b byAmount) OursOf(_ money.BillID, rows []money.BillRow) ([]money.Ours, error) {
	list := make([]money.Ours, len(rows))
	for i, r := range rows {
		list[i] = money.Ours{
			Kind: r.Kind, Number: r.Order, Known: true, State: money.AttemptPaid,
			Amount: r.Amount, Fee: r.Fee,
		}
	}
	return list, nil
}

// settlesAgain settles all of a bill whenever it is imported.
type settlesAgain struct{ money.Tx }

// RowSums forgets what was settled.
func (s settlesAgain) RowSums(id money.BillID, _ int) (money.RowSums, error) {
	return s.Tx.RowSums(id, 1)
}

// forgetsLost does not look for what is in no bill.
type forgetsLost struct{ money.Tx }

// Moved finds nothing.
func (forgetsLost) Moved(money.MovedQuery) ([]money.Moved, error) { return nil, nil }

// billWorld is a channel that has moved money, by our books and by its own.
type billWorld struct {
	t     testing.TB
	db    Database
	from  time.Time // of the day
	made  int
	bills map[money.BillID][]money.BillRow
}

const billChannel = money.Alipay

var billContract = money.Contract{Fee: 6_000}

func emptyBillWorld(t testing.TB, db Database) *billWorld {
	return &billWorld{
		t: t, db: db, from: noon.Truncate(24 * time.Hour),
		bills: map[money.BillID][]money.BillRow{},
	}
}

// newBillWorld has so many orders of one day paid, and every tenth of them refunded in part.
func newBillWorld(t testing.TB, db Database, orders int) *billWorld {
	t.Helper()
	w := emptyBillWorld(t, db)
	for i := range orders {
		o := w.pay(money.Fen(1000+i%7*100), w.from.Add(2*time.Hour+time.Duration(i)*time.Second))
		if i%10 == 0 {
			w.giveBack(o, 150, o.At.Add(time.Hour))
		}
	}
	return w
}

// day is the id of a day's bill, 0 for the first.
func (w *billWorld) day(n int) money.BillID {
	return money.BillID{
		Channel: billChannel, Day: w.from.AddDate(0, 0, n).Format(time.DateOnly),
	}
}

// row puts a row into the bill of the day of its time.
func (w *billWorld) row(r money.BillRow) money.BillRow {
	id := w.day(int(r.At.Sub(w.from) / (24 * time.Hour)))
	w.bills[id] = append(w.bills[id], r)
	return r
}

// order writes an order in a state, without anything booked.
func (w *billWorld) order(amount money.Fen, state money.AttemptState, at time.Time) money.Attempt {
	w.t.Helper()
	w.made++
	id := money.AttemptID(fmt.Sprintf("order%06d", w.made))
	p := money.Payment{
		ID: money.PaymentID(id), Subject: money.Subject("ride " + id), Payer: money.Party(id),
		Payee: "D", Purpose: money.PurposeFare, Amount: amount, State: money.PaymentDue,
	}
	p, a, err := p.Try(id, billChannel, at)
	check(w.t, err)
	a.State, a.Way, a.DueAt = state, money.WayApp, time.Time{}
	do(w.t, w.db, func(tx dispatch.Tx) error {
		if err := tx.InsertPayment(p); err != nil {
			return err
		}
		return tx.InsertAttempt(a)
	})
	return a
}

// pay has an order paid, by our books and the channel's.
func (w *billWorld) pay(amount money.Fen, at time.Time) money.BillRow {
	w.t.Helper()
	a := w.order(amount, money.AttemptSent, at)
	fee := w.capture(a, at)
	return w.row(money.BillRow{
		Kind: money.NoticeCharge, Order: string(a.ID), Trade: "T" + string(a.ID),
		Amount: amount, Fee: fee, At: at,
	})
}

// capture books that an order is paid, and returns its fee.
func (w *billWorld) capture(a money.Attempt, at time.Time) money.Fen {
	w.t.Helper()
	entry, err := money.Order{a}.Capture(billContract, nil, at)
	check(w.t, err)
	was := a.State
	a.State, a.Captured, a.CapturedAt = money.AttemptPaid, a.Charge(), at
	do(w.t, w.db, func(tx dispatch.Tx) error {
		if err := tx.UpdateAttempt(a, was); err != nil {
			return err
		}
		return tx.Book(entry)
	})
	fee, err := billContract.On(a.Charge(), at)
	check(w.t, err)
	return fee
}

// giveBack has a part of an order refunded, by our books and the channel's.
func (w *billWorld) giveBack(of money.BillRow, amount money.Fen, at time.Time) money.BillRow {
	w.t.Helper()
	w.refund(of, amount, money.AttemptPaid, at)
	fee, err := billContract.On(amount, at)
	check(w.t, err)
	return w.row(money.BillRow{
		Kind: money.NoticeRefund, Order: "back" + of.Order, Of: of.Order,
		Trade: "B" + of.Order, Amount: amount, Fee: -fee, At: at,
	})
}

// refund writes a refund that has ended in a state.
func (w *billWorld) refund(
	of money.BillRow, amount money.Fen, state money.AttemptState, at time.Time,
) {
	w.t.Helper()
	r := money.Refund{
		ID: money.RefundID("back" + of.Order), Of: money.AttemptID(of.Order),
		Subject: money.Subject("ride " + of.Order), Channel: billChannel, From: money.Loss,
		Captured: of.Amount, Amount: amount, Why: "why", State: money.AttemptSent, MadeAt: at,
	}
	hold := r.Hold()
	r, ends, err := r.Settle(money.Outcome{State: state}, at)
	check(w.t, err)
	do(w.t, w.db, func(tx dispatch.Tx) error {
		if err := tx.InsertRefund(r); err != nil {
			return err
		}
		for _, m := range []money.Transfer{hold, ends} {
			err := tx.Book(money.Entry{
				ID: money.EntryID(m.ID), Subject: r.Subject, At: at,
				Transfers: []money.Transfer{m},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Open implements [money.BillSource].
func (w *billWorld) Open(_ context.Context, id money.BillID) (money.OpenBill, error) {
	rows, ok := w.bills[id]
	if !ok {
		return nil, money.ErrNoBill
	}
	return rowsOf(rows), nil
}

// OpenFile implements [money.BillSource]: a file of the channel's day has what is fetched of it.
func (w *billWorld) OpenFile(id money.BillID, _ money.BillFile) (money.OpenBill, error) {
	return rowsOf(w.bills[id]), nil
}

// Merchants implements [money.BillSource].
func (w *billWorld) Merchants() []string { return []string{""} }

type rowsOf []money.BillRow

// Rows implements [money.OpenBill].
func (r rowsOf) Rows(each func(money.BillRow) error) error {
	for _, row := range r {
		if err := each(row); err != nil {
			return err
		}
	}
	return nil
}

// Close implements [money.OpenBill].
func (rowsOf) Close() error { return nil }

func (w *billWorld) reconciler(db money.BillStore) money.Reconciler {
	return money.Reconciler{
		Store: db, Sources: map[money.ChannelName]money.BillSource{billChannel: w},
		Day: func(day string) (from, to time.Time, err error) {
			from, err = time.Parse(time.DateOnly, day)
			return from, from.AddDate(0, 0, 1), err
		},
		Outcome: func(
			_ context.Context, now time.Time, _ money.NoticeKind, number string, _ money.Outcome,
		) error {
			var a money.Attempt
			do(w.t, w.db, func(tx dispatch.Tx) (err error) {
				a, err = tx.Attempt(money.AttemptID(number))
				return err
			})
			w.capture(a, now)
			return nil
		},
	}
}

// clearing is what the channel owes us by our books.
func (w *billWorld) clearing() money.Fen {
	return -account(w.t, w.db, money.ChannelClearing(billChannel)).Balance()
}

func (w *billWorld) differences(state money.DifferenceState) (list []money.Difference) {
	w.t.Helper()
	do(w.t, w.db, func(tx dispatch.Tx) (err error) {
		list, err = tx.DifferencesOf(money.DifferenceQuery{State: state, Limit: 1000})
		return err
	})
	return list
}

func (w *billWorld) causes(state money.DifferenceState) map[money.Cause]int {
	n := map[money.Cause]int{}
	for _, d := range w.differences(state) {
		n[d.Cause]++
	}
	return n
}

// spoil leaves ten rows of a bill out, makes ten up and changes ten by a fen, and returns the net
// of what is as we have it.
func (w *billWorld) spoil(id money.BillID) {
	rows := slices.Clone(w.bills[id])
	step := len(rows) / (3 * billFaults)
	var spoilt []money.BillRow
	for i, r := range rows {
		n, which := i/step, i%step
		if which == 0 && n < 3*billFaults {
			switch n % 3 {
			case 0:
				continue
			case 1:
				r.Amount++
			case 2:
				extra := r
				extra.Kind, extra.Order, extra.Of = money.NoticeCharge, fmt.Sprint("theirs", n), ""
				extra.Fee = max(extra.Fee, -extra.Fee)
				spoilt = append(spoilt, extra)
			}
		}
		spoilt = append(spoilt, r)
	}
	w.bills[id] = spoilt
}

// reconciled imports a spoilt bill from several sides, approves what is proposed, each twice, and
// says what is wrong in the end.
func (w *billWorld) reconciled(db money.BillStore) error {
	id := w.day(0)
	w.spoil(id)
	r := w.reconciler(db)
	ctx, failed := context.WithoutCancel(w.t.Context()), make([]error, billWorkers)
	each(billWorkers, billWorkers, func(i int) {
		if i%2 == 0 {
			_, failed[i] = r.Import(ctx, id, noon)
		} else {
			_, failed[i] = r.ImportFile(ctx, id, money.BillFile{}, noon)
		}
	})
	for _, err := range failed {
		if err != nil && dispatch.KindOf(err) != dispatch.Conflict {
			return err
		}
	}
	if _, err := r.Import(ctx, id, noon); err != nil {
		return err
	}
	want := map[money.Cause]int{
		money.CauseMissingAtThem: billFaults, money.CauseMissingAtUs: billFaults,
		money.CauseAmount: billFaults,
	}
	for cause, n := range want {
		if got := w.causes(money.DifferenceOpen)[cause]; got != n {
			return fmt.Errorf("%d differences are %s, want %d of %v", got, cause, n,
				w.causes(money.DifferenceOpen))
		}
	}
	open := w.differences(money.DifferenceOpen)
	each(billWorkers, 2*len(open), func(i int) {
		a := money.Approval{Difference: open[i/2].ID, By: fmt.Sprint("ops", i%2), Note: "yes"}
		_, err := r.Approve(ctx, a, noon)
		if err != nil && dispatch.KindOf(err) != dispatch.Conflict {
			w.t.Errorf("approve %s: %v", a.Difference, err)
		}
	})
	if _, err := r.Import(ctx, id, noon); err != nil {
		return err
	}
	return w.closed()
}

// closed says what the channel still owes by our books, and whether they are sound.
func (w *billWorld) closed() error {
	books(w.t, w.db)
	if open := w.differences(money.DifferenceOpen); len(open) > 0 {
		return fmt.Errorf("still open: %+v", open)
	}
	if left := w.clearing(); left != 0 {
		return fmt.Errorf("the channel owes us %s yuan after its bills", left)
	}
	var net money.Fen
	for _, rows := range w.bills {
		for _, r := range rows {
			amount := r.Amount
			if r.Kind == money.NoticeRefund {
				amount = -amount
			}
			net += amount - r.Fee
		}
	}
	if bank := -account(w.t, w.db, money.Bank).Balance(); bank != net {
		return fmt.Errorf("our bank has %s yuan, the bills say %s", bank, net)
	}
	return nil
}

var errBillRefused = (*money.BillError)(nil)

// reissued: a bill that comes again with more rows is taken on, one that has lost or changed some
// is refused, and nothing of it is kept.
func reissued(t *testing.T, db Database) {
	w := newBillWorld(t, db, 20)
	id, r := w.day(0), w.reconciler(db)
	whole := w.bills[id]
	w.bills[id] = whole[:15]
	b, err := r.Import(t.Context(), id, noon)
	check(t, err)
	equal(t, "rows", b.Rows, 15)
	equal(t, "the others are missing", w.causes(money.DifferenceOpen)[money.CauseMissingAtThem],
		len(whole)-15)
	for what, rows := range map[string][]money.BillRow{
		"lost": whole[1:], "changed": append([]money.BillRow{{
			Kind: whole[0].Kind, Order: whole[0].Order, Trade: whole[0].Trade,
			Amount: whole[0].Amount + 1, Fee: whole[0].Fee, At: whole[0].At,
		}}, whole[1:]...),
	} {
		w.bills[id] = rows
		_, err := r.Import(t.Context(), id, noon)
		if refusal := errBillRefused; !errors.As(err, &refusal) {
			t.Errorf("%s a row: %v", what, err)
		}
	}
	w.bills[id] = append(slices.Clone(whole), whole[0])
	_, err = r.Import(t.Context(), id, noon)
	if refusal := errBillRefused; !errors.As(err, &refusal) {
		t.Errorf("a row twice: %v", err)
	}
	w.bills[id] = whole
	_, err = r.Import(t.Context(), id, noon)
	check(t, err)
	check(t, w.closed())
}

// boundary: what moved at midnight is in the bill of either day, and nobody need approve it.
func boundary(t *testing.T, db Database) {
	w := emptyBillWorld(t, db)
	end := w.from.AddDate(0, 0, 1)
	w.pay(1000, end.Add(-time.Hour))
	w.pay(2000, end.Add(-time.Second))
	late := w.bills[w.day(0)][1] // theirs is of the next day
	w.bills[w.day(0)] = w.bills[w.day(0)][:1]
	late.At = end.Add(time.Second)
	w.row(late)
	r := w.reconciler(db)
	_, err := r.Import(t.Context(), w.day(0), noon)
	check(t, err)
	open := w.differences(money.DifferenceOpen)
	if len(open) != 1 || open[0].Cause != money.CauseBoundary {
		t.Fatalf("differences %+v", open)
	}
	_, err = r.Approve(t.Context(), money.Approval{
		Difference: open[0].ID, By: "ops", Note: "now",
	}, noon)
	wantError(t, err, dispatch.Conflict, dispatch.ReasonPayment)
	_, err = r.Import(t.Context(), w.day(1), noon)
	check(t, err)
	equal(t, "gone by itself", w.causes(money.DifferenceGone)[money.CauseBoundary], 1)
	check(t, w.closed())

	w.pay(3000, end.Add(23*time.Hour+59*time.Minute)) // of the second day, in none
	lost := w.bills[w.day(1)][1]
	w.bills[w.day(1)] = w.bills[w.day(1)][:1]
	_, err = r.Import(t.Context(), w.day(1), noon)
	check(t, err)
	equal(t, "waits", w.causes(money.DifferenceOpen)[money.CauseBoundary], 1)
	w.bills[w.day(2)] = nil
	_, err = r.Import(t.Context(), w.day(2), noon)
	check(t, err)
	open = w.differences(money.DifferenceOpen)
	if len(open) != 1 || open[0].Cause != money.CauseMissingAtThem ||
		open[0].Number != lost.Order {
		t.Errorf("differences %+v", open)
	}
}

// lostAndFound: what was booked as lost and comes in a later bill after all is found, and booked
// back.
func lostAndFound(t *testing.T, db Database) {
	w := newBillWorld(t, db, 3)
	id, r := w.day(0), w.reconciler(db)
	late := w.bills[id][len(w.bills[id])-1]
	w.bills[id] = w.bills[id][:len(w.bills[id])-1]
	_, err := r.Import(t.Context(), id, noon)
	check(t, err)
	approveAll(t, w, r)
	equal(t, "lost", account(t, db, money.Loss).Debits, late.Amount+150) // and a refund
	late.At = late.At.AddDate(0, 0, 3)
	w.row(late)
	_, err = r.Import(t.Context(), w.day(3), noon)
	check(t, err)
	equal(t, "found", w.causes(money.DifferenceOpen), map[money.Cause]int{
		money.CauseMissingAtUs: 1,
	})
	approveAll(t, w, r)
	equal(t, "not lost", account(t, db, money.Loss).Credits, late.Amount)
	check(t, w.closed())
}

func approveAll(t testing.TB, w *billWorld, r money.Reconciler) {
	t.Helper()
	for _, d := range w.differences(money.DifferenceOpen) {
		_, err := r.Approve(t.Context(), money.Approval{
			Difference: d.ID, By: "ops", Note: "yes",
		}, noon)
		check(t, err)
	}
}

// billStatuses: an order that they have paid and we have not is paid by their word; a barcode's
// order that was reversed comes and goes; a fee that is another is booked; of a refund that we have
// given up and they have made the loss is ours.
func billStatuses(t *testing.T, db Database) {
	w := emptyBillWorld(t, db)
	at := w.from.Add(6 * time.Hour)
	charge := func(a money.Attempt, fee money.Fen) money.BillRow {
		return w.row(money.BillRow{
			Kind: money.NoticeCharge, Order: string(a.ID), Trade: "T" + string(a.ID),
			Amount: a.Charge(), Fee: fee, At: at,
		})
	}
	charge(w.order(2300, money.AttemptUnknown, at), 14)
	reversed := charge(w.order(1000, money.AttemptClosed, at), 6)
	reversed.Kind, reversed.Of, reversed.Fee = money.NoticeRefund, reversed.Order, -6
	w.row(reversed)
	w.pay(5000, at)
	w.bills[w.day(0)][3].Fee++
	given := w.pay(7000, at)
	w.refund(given, 700, money.AttemptClosed, at)
	w.row(money.BillRow{
		Kind: money.NoticeRefund, Order: "back" + given.Order, Of: given.Order, Trade: "B",
		Amount: 700, Fee: -4, At: at,
	})
	r := w.reconciler(db)
	_, err := r.Import(t.Context(), w.day(0), noon)
	check(t, err)
	equal(t, "found", w.causes(money.DifferenceOpen), map[money.Cause]int{
		money.CauseStatus: 2, money.CauseFee: 1,
	})
	approveAll(t, w, r)
	check(t, w.closed())
	equal(t, "we bear the refund", -account(t, db, money.Loss).Balance(), money.Fen(700))
}
