package dispatch

import (
	"context"
	"time"

	"hexhail/money"
)

// Noticed books a channel's verified notice, once however often it comes, in one transaction with
// the row that remembers it. A notice of an order that is not ours is NotFound, of another amount,
// channel or account than ours Conflict with ReasonPayment: nothing is booked or remembered, and
// the channel goes on telling while people look.
func (d *Desk) Noticed(ctx context.Context, now time.Time, n money.Notice) error {
	return d.book(ctx, "Noticed", now, func(j *job) error {
		first, err := j.tx.Keep(n, now)
		if err != nil || !first {
			return err
		}
		switch n.Kind {
		case money.NoticeCharge:
			return d.noticedCharge(j, n)
		case money.NoticeRefund:
			return j.noticedRefund(n)
		case money.NoticePayout:
			return j.noticedPayout(n)
		}
		return Errorf(NotFound, ReasonPayment, "%s of %s: unknown", n.Kind, n.Channel)
	})
}

func (d *Desk) noticedCharge(j *job, n money.Notice) error {
	id := money.AttemptID(n.Order)
	order, err := j.tx.Order(id)
	if err != nil {
		return err
	}
	whole := order.Whole()
	if err := n.Fits(whole.Channel, whole.Merchant, whole.Charge()); err != nil {
		return err
	}
	return d.outcome(j, id, n.Outcome)
}

func (j *job) noticedRefund(n money.Notice) error {
	id := money.RefundID(n.Order)
	back, err := j.tx.Refund(id)
	if err != nil {
		return err
	}
	if !back.State.Open() && n.Outcome.State.Open() {
		return nil
	}
	if n.Outcome.State.Open() { // it says that something has changed, and not what: it is asked
		back.DueAt, j.opened = j.now, true
		return j.tx.UpdateRefund(back, back.State)
	}
	if err := n.Fits(back.Channel, back.Merchant, back.Amount); err != nil {
		return err
	}
	return j.refunded(id, n.Outcome)
}
