package dispatch

import (
	"context"
	"slices"
	"time"

	"hexhail/money"
)

// OrderKept is how long the payer of an order on an external channel may take: 15 minutes, in which
// people go back to their friends, find their phone and pay. Then it is closed, and can be tried
// again.
const OrderKept = 15 * time.Minute

// orderOf is the order of an attempt. Only external channels have those of several attempts.
func orderOf(tx Tx, a money.Attempt) (money.Order, error) {
	if !a.Channel.External() {
		return money.Order{a}, nil
	}
	return tx.Order(a.Order)
}

// external finds errands to channels that others run, up to limit.
func (d *Desk) external(limit int) func(Tx, time.Time) ([]errand, error) {
	return func(tx Tx, now time.Time) ([]errand, error) {
		return d.externalErrands(tx, now, limit)
	}
}

// externalErrands are orders, refunds, withdrawals and shares not paid in time, in this order.
func (d *Desk) externalErrands(tx Tx, now time.Time, limit int) ([]errand, error) {
	list, err := tx.DueAttempts(now, true, limit)
	if err != nil {
		return nil, err
	}
	due := make([]errand, 0, len(list))
	for _, a := range list {
		if err := tx.UpdateAttempt(sent(a, now), a.State); err != nil {
			return nil, err
		}
		order, err := tx.Order(a.Order)
		if err != nil {
			return nil, err
		}
		whole := order.Whole()
		due = append(due, func(ctx context.Context) error {
			switch {
			case whole.Charge() == 0: // a subsidy pays all of it
				return d.PaymentOutcome(ctx, now, a.ID, money.Outcome{State: money.AttemptPaid})
			case !now.Before(a.MadeAt.Add(OrderKept)):
				return d.CloseOrder(ctx, now, a.ID)
			}
			return d.ask(ctx, a, whole, now)
		})
	}
	for _, find := range []func(Tx, time.Time, int) ([]errand, error){
		d.refundErrands, d.withdrawalErrands, d.coverErrands,
	} {
		if len(due) == limit {
			return due, nil
		}
		more, err := find(tx, now, limit-len(due))
		if err != nil {
			return nil, err
		}
		due = append(due, more...)
	}
	return due, nil
}

// PaymentOutcome books a verified outcome of an order: paid posts what was held, with the
// subsidies of the ride, and settles the ride when all is paid; a top-up is in its wallet then;
// closed gives it back. The same outcome again changes nothing. An external channel that pays an
// order that had ended pays what is still due, or what the wallet has room for, else the money
// waits in suspense and goes back; any other outcome for an attempt that has ended is a
// *money.StateError.
func (d *Desk) PaymentOutcome(
	ctx context.Context, now time.Time, id money.AttemptID, o money.Outcome,
) error {
	return d.book(ctx, "PaymentOutcome", now, func(j *job) error { return d.outcome(j, id, o) })
}

// book is a transaction that nobody asked for under an id of their own.
func (d *Desk) book(
	ctx context.Context, name string, now time.Time, fn func(*job) error,
) error {
	var j job
	err := d.retry(ctx, func(tx Tx) error {
		j = job{tx: tx, now: now}
		return fn(&j)
	})
	if err != nil {
		kind, reason := Classify(err)
		d.Listener.Refused(name, kind, reason)
		return err
	}
	d.tell(ctx, &j)
	return nil
}

func (d *Desk) outcome(j *job, id money.AttemptID, o money.Outcome) error {
	lead, r, err := j.lockAttempt(id)
	if err != nil {
		return err
	}
	return d.outcomeOf(j, lead, r, o)
}

// lockAttempt reads an attempt and the ride it is for, while nobody else changes either.
func (j *job) lockAttempt(id money.AttemptID) (money.Attempt, Ride, error) {
	a, err := j.tx.Attempt(id)
	if err != nil {
		return a, Ride{}, err
	}
	r, err := j.lockFor(a)
	if err != nil {
		return a, r, err
	}
	a, err = j.tx.Attempt(id) // again, now that nobody else changes it
	return a, r, err
}

func (d *Desk) outcomeOf(j *job, lead money.Attempt, r Ride, o money.Outcome) error {
	order, err := orderOf(j.tx, lead)
	if err != nil {
		return err
	}
	payments, err := j.tx.PaymentsOf(lead.Subject)
	if err != nil {
		return err
	}
	if o.State == money.AttemptPaid {
		unwanted, err := j.unwanted(r, order, payments)
		if err != nil {
			return err
		}
		if unwanted {
			return d.paidTwice(j, order)
		}
	}
	was, before := slices.Clone(order), slices.Clone(payments)
	for i, a := range order {
		at := find(payments, a.Payment)
		if at < 0 {
			return Errorf(Internal, ReasonStore, "attempt %s has no payment", a.ID)
		}
		if payments[at], order[i], err = payments[at].Settle(a, o); err != nil {
			return err
		}
	}
	if whole := order.Whole(); !lead.State.Open() && whole.State == lead.State { // told again
		return nil
	}
	held, err := j.held(r)
	if err != nil {
		return err
	}
	subsidy, err := d.bookOrder(j, order, held || len(sharesOf(payments)) > 0)
	if err != nil {
		return err
	}
	j.tellPaid(r, order, subsidy)
	if err := j.writeOrder(was, order, o.Again); err != nil {
		return err
	}
	return j.writePayments(r, before, payments)
}

// unwanted reports whether what a channel moves for an order that had ended goes back.
func (j *job) unwanted(r Ride, order money.Order, payments []money.Payment) (bool, error) {
	// A fare that is contested is owed by nobody until it stands.
	contested := r.State == Completed && !r.Fare.State.Stands() && order.Ended()
	if contested || order.Late(payments) {
		return true, nil
	}
	return j.noRoom(order)
}

// bookOrder books what an order's end moves. It returns the subsidy that is paid with it, unless
// that waits: it is held, or of a ride that is split, whose shares together have earned it.
func (d *Desk) bookOrder(
	j *job, order money.Order, waits bool,
) (subsidy money.Fen, err error) {
	whole := order.Whole()
	if whole.State.Open() {
		return 0, nil
	}
	booked, err := j.tx.Transfers(whole.Subject)
	if err != nil {
		return 0, err
	}
	open := money.Unresolved(booked)
	var ends []money.Transfer
	if whole.State == money.AttemptPaid && order.For(money.PurposeFare) && !waits {
		ends = money.SubsidiesIn(open)
		subsidy = money.TotalOf(ends)
	}
	ends = append(ends, order.HeldIn(open)...)
	if whole.State == money.AttemptPaid && whole.Channel.External() {
		return subsidy, d.capture(j, order, ends)
	}
	return subsidy, j.resolve(whole, ends)
}

// capture books what an external channel has moved for an order, with what is posted by it.
func (d *Desk) capture(j *job, order money.Order, posts []money.Transfer) error {
	whole := order.Whole()
	entry, err := order.Capture(d.Contracts.Of(whole), posts, j.now)
	if err != nil || len(entry.Transfers) == 0 {
		return err
	}
	for i := range order {
		if order[i].ID == whole.ID {
			order[i].Captured, order[i].CapturedAt = whole.Charge(), j.now
		}
	}
	return j.tx.Book(entry)
}

// tellPaid tells the driver that an order is paid. Who counts cash does not need to be told.
func (j *job) tellPaid(r Ride, order money.Order, subsidy money.Fen) {
	whole := order.Whole()
	if whole.State != money.AttemptPaid || whole.Channel == money.Cash || r.Driver == "" {
		return
	}
	j.told = append(j.told, Notice{Driver: r.Driver, Money: &MoneyNews{
		City: r.City, Ride: r.ID, Channel: whole.Channel, Paid: order.Charge(), Subsidy: subsidy,
	}})
}

// lookAgain is when an attempt is due, zero for never: the one that leads an order for the whole,
// and an external one in the end to be closed.
func (j *job) lookAgain(a money.Attempt, again time.Duration) time.Time {
	switch {
	case !a.State.Open() || a.ID != a.Order:
		return time.Time{}
	case again > 0:
		return j.now.Add(again)
	case a.State == money.AttemptCreated:
		return j.now
	case a.Channel.External():
		return later(a.MadeAt.Add(OrderKept), j.now.Add(workRetry))
	default:
		return time.Time{}
	}
}

// writeOrder writes the attempts of an order.
func (j *job) writeOrder(was, order money.Order, again time.Duration) error {
	for i, a := range order {
		a.DueAt = j.lookAgain(a, again)
		if err := j.tx.UpdateAttempt(a, was[i].State); err != nil {
			return err
		}
	}
	return nil
}

// writePayments writes those that have changed, tells of them, and settles a ride that is paid.
func (j *job) writePayments(r Ride, was, payments []money.Payment) error {
	changed, final := false, false
	for i, p := range payments {
		if p.State == was[i].State {
			continue
		}
		if err := j.tx.UpdatePayment(p, was[i].State); err != nil {
			return err
		}
		changed, final = true, final || p.State.Final()
	}
	if r.ID == "" { // a top-up: its rider looks
		return nil
	}
	if final {
		_, err := j.settle(r, payments)
		return err
	}
	if changed { // who pays goes on, or has to try again
		j.after = append(j.after, Tell{Ride: r})
	}
	return nil
}

// paidTwice takes in what nobody owes any more, and sends it back.
func (d *Desk) paidTwice(j *job, order money.Order) error {
	whole := order.Whole()
	first, err := j.tx.Capture(whole.ID, whole.Charge(), j.now)
	if err != nil || !first {
		return err
	}
	entry, back, err := order.Twice(d.Contracts.Of(whole), j.now)
	if err != nil {
		return err
	}
	if err := j.tx.Book(entry); err != nil {
		return err
	}
	return j.refund(back)
}

func find(payments []money.Payment, id money.PaymentID) int {
	return slices.IndexFunc(payments, func(p money.Payment) bool { return p.ID == id })
}

// resolve posts what is to end with an attempt that is paid, and gives it back with one that is
// closed.
func (j *job) resolve(a money.Attempt, ends []money.Transfer) error {
	if len(ends) == 0 {
		return nil
	}
	kind := money.TransferPost
	if a.State == money.AttemptClosed {
		kind = money.TransferVoid
	}
	id := money.EntryID(string(a.ID) + "/" + kind.String())
	return j.tx.Book(money.Resolution(id, a.Subject, ends, kind, j.now))
}

// CloseOrder ends an order on its channel, and books what comes of it: that it is paid, if it came
// too late.
func (d *Desk) CloseOrder(ctx context.Context, now time.Time, id money.AttemptID) error {
	var whole money.Attempt
	err := d.Store.Tx(ctx, func(tx Tx) error {
		order, err := tx.Order(id)
		if err == nil {
			whole = order.Whole()
		}
		return err
	})
	if err != nil || !whole.State.Open() {
		return err
	}
	channel := d.Channels[whole.Channel]
	if channel == nil {
		return Errorf(Internal, ReasonChannel, "order %s: no channel %q", id, whole.Channel)
	}
	outcome, err := channel.Close(ctx, whole, now)
	return d.PaymentOutcome(ctx, now, id, d.known("Close", outcome, err))
}
