package dispatch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"hexhail/money"
)

// RefundRide is the word of ops that a rider gets money back.
type RefundRide struct {
	Ride    RideID
	Purpose money.Purpose // of the payment
	Payer   RiderID       // "" is the ride's rider
	Amount  money.Fen     // > 0, at most what is left of the payment
	Ours    bool          // we bear it; else the driver gives it back
	Why     string        // shown to the payer, 1 to money.MaxRefundWhy bytes
}

// Refund sends money of a payment that a channel has captured back the way it came: the wallet at
// once, an external channel as soon as it takes it. Of a payment by both the channel gets back what
// it has paid before the wallet does. It returns the refund's id. Errors: Conflict
// with ReasonPayment for a payment that is not captured, Invalid for an amount above what is left,
// Exhausted with ReasonLedgerLimit if the driver is owed less than they should give back.
func (d *Desk) Refund(
	ctx context.Context, now time.Time, key Once, c RefundRide,
) (money.RefundID, error) {
	return do(ctx, d, "Refund", now, key, c, func(j *job) (money.RefundID, error) {
		if len(c.Why) == 0 || len(c.Why) > money.MaxRefundWhy {
			return "", Errorf(Invalid, ReasonField, "why: %d bytes, must be 1 to %d",
				len(c.Why), money.MaxRefundWhy)
		}
		r, err := j.tx.LockRide(c.Ride)
		if err != nil {
			return "", err
		}
		p, paid, err := j.captured(r, c)
		if err != nil {
			return "", err
		}
		from := money.DriverPayable(p.Payee)
		if c.Ours {
			from = money.Loss
		}
		j.after = append(j.after, Tell{Ride: r})
		id := money.RefundID(d.NewID(now))
		return id, j.sendBack(p, paid, c, from, id)
	})
}

// sendBack sends money of a payment back by the attempt that has paid it, out of an account. It is
// one refund, or two where a wallet has paid beside a channel.
func (j *job) sendBack(
	p money.Payment, paid money.Attempt, c RefundRide, from money.AccountID, id money.RefundID,
) error {
	was := p.State
	p, err := p.Refund(c.Amount)
	if err != nil {
		return err
	}
	if err := j.tx.UpdatePayment(p, was); err != nil {
		return err
	}
	parts, err := paid.Back(c.Amount)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if ok, err := j.tx.TakeBackLeg(paid.ID, part); err != nil || !ok {
			return cmp.Or(err, tooMuch(paid.ID, part.Amount))
		}
	}
	back := money.Refund{
		ID: id, Of: paid.Order, Payment: p.ID, Subject: p.Subject, Channel: paid.Channel,
		Merchant: paid.Merchant, From: from, Captured: paid.Captured, Why: c.Why,
		State: money.AttemptCreated, MadeAt: j.now, DueAt: j.now,
	}
	back.Amount = money.Attempt{Legs: parts}.Outside()
	if back.Amount > 0 {
		if err := j.refund(back); err != nil || back.Amount == c.Amount {
			return err
		}
		back.ID += "/wallet"
	}
	back.Amount = c.Amount - back.Amount
	return j.refundToWallet(back, paid, parts)
}

func tooMuch(id money.AttemptID, amount money.Fen) error {
	return Errorf(Conflict, ReasonPayment,
		"order %s: %s yuan more than was captured", id, amount)
}

// captured is the payment of a refund, and the attempt by which it was paid.
func (j *job) captured(r Ride, c RefundRide) (money.Payment, money.Attempt, error) {
	payer := r.payer()
	if c.Payer != "" {
		payer = RiderParty(c.Payer)
	}
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return money.Payment{}, money.Attempt{}, err
	}
	at := find(payments, money.NewPaymentID(r.Subject(), c.Purpose, payer))
	if at < 0 {
		return money.Payment{}, money.Attempt{}, Errorf(NotFound, ReasonPayment,
			"ride %s has no payment for a %s of %s", r.ID, c.Purpose, payer)
	}
	paid, err := j.paidBy(payments[at])
	return payments[at], paid, err
}

// paidBy is the attempt by which a payment was paid, with what its whole order has captured.
func (j *job) paidBy(p money.Payment) (money.Attempt, error) {
	paid, ok, err := j.tx.PaidAttempt(p.ID)
	if err == nil && !ok {
		err = Errorf(Conflict, ReasonPayment,
			"the %s of ride %s is %s: there is nothing to give back", p.Purpose, p.Subject, p.State)
	}
	if err == nil && paid.Order != paid.ID {
		var lead money.Attempt
		lead, err = j.tx.Attempt(paid.Order)
		paid.Captured = lead.Captured
	}
	return paid, err
}

// refund sets money aside that goes back through an external channel.
func (j *job) refund(r money.Refund) error {
	ok, err := j.tx.TakeBack(r.Of, r.Amount)
	if err != nil || !ok {
		return cmp.Or(err, tooMuch(r.Of, r.Amount))
	}
	return j.writeRefund(r, []money.Transfer{r.Hold()})
}

// refundToWallet sends back what parts say of a wallet's legs. The wallet has it at once.
func (j *job) refundToWallet(r money.Refund, paid money.Attempt, parts []money.Leg) (err error) {
	if paid.Channel.External() { // which has captured the rest, and counts that alone
		r.Channel, r.Merchant, r.Captured = money.InWallet, "", paid.Charge()-paid.Outside()
	} else if ok, err := j.tx.TakeBack(r.Of, r.Amount); err != nil || !ok {
		return cmp.Or(err, tooMuch(r.Of, r.Amount))
	}
	transfers := r.ToWallet(paid.Payer, slices.DeleteFunc(parts, money.Leg.Outside))
	if r.Hongbao, err = j.wakeHongbaos(transfers); err != nil {
		return err
	}
	r.State, r.DueAt = money.AttemptPaid, time.Time{}
	return j.writeRefund(r, transfers)
}

// writeRefund books a refund and writes its row.
func (j *job) writeRefund(r money.Refund, transfers []money.Transfer) error {
	if err := r.Check(); err != nil {
		return err
	}
	err := j.tx.Book(money.Entry{
		ID: money.EntryID(transfers[0].ID), Subject: r.Subject, At: j.now, Transfers: transfers,
	})
	if err != nil {
		return err
	}
	j.opened = true
	return j.tx.InsertRefund(r)
}

// refundErrands are the refunds to be asked for, or about, up to limit.
func (d *Desk) refundErrands(tx Tx, now time.Time, limit int) ([]errand, error) {
	list, err := tx.DueRefunds(now, limit)
	if err != nil {
		return nil, err
	}
	due := make([]errand, 0, len(list))
	for _, r := range list {
		sent := r
		if sent.State == money.AttemptCreated {
			sent.State = money.AttemptSent
		}
		sent.Tries, sent.DueAt = r.Tries+1, now.Add(workRetry)
		if err := tx.UpdateRefund(sent, r.State); err != nil {
			return nil, err
		}
		due = append(due, func(ctx context.Context) error { return d.askRefund(ctx, now, r) })
	}
	return due, nil
}

// askRefund asks a channel for a refund that was never sent, or what became of it.
func (d *Desk) askRefund(ctx context.Context, now time.Time, r money.Refund) error {
	channel, ok := d.Channels[r.Channel].(money.Refunder)
	if !ok {
		return Errorf(Internal, ReasonChannel, "refund %s: channel %q gives none", r.ID, r.Channel)
	}
	var outcome money.Outcome
	var err error
	if r.State == money.AttemptCreated {
		outcome, err = channel.Refund(ctx, r, now)
	} else {
		outcome, err = channel.QueryRefund(ctx, r, now)
	}
	return d.RefundOutcome(ctx, now, r.ID, d.known("Refund", outcome, err))
}

// RefundOutcome books a verified outcome of a refund: paid posts what was held, closed gives it
// back to who gave it, and the payment is as if the refund had never been asked for; the listener
// hears of it as of a command that was refused, for people have to act. The same outcome again
// changes nothing; another one for a refund that has ended is a *money.StateError.
func (d *Desk) RefundOutcome(
	ctx context.Context, now time.Time, id money.RefundID, o money.Outcome,
) error {
	return d.book(ctx, refundOutcome, now, func(j *job) error { return j.refunded(id, o) })
}

const refundOutcome = "RefundOutcome"

func (j *job) refunded(id money.RefundID, o money.Outcome) error {
	was, err := j.tx.Refund(id)
	if err != nil {
		return err
	}
	of, err := j.tx.Attempt(was.Of)
	if err != nil {
		return err
	}
	r, err := j.lockFor(of)
	if err != nil {
		return err
	}
	if was, err = j.tx.Refund(id); err != nil { // again, now that nobody else changes it
		return err
	}
	if o.State.Open() && o.Again == 0 {
		o.Again = workRetry
	}
	back, ends, err := was.Settle(o, j.now)
	if err != nil || back == was {
		return err
	}
	if err := j.tx.UpdateRefund(back, was.State); err != nil {
		return err
	}
	if ends.ID == "" {
		return nil
	}
	if r.ID != "" {
		j.after = append(j.after, Tell{Ride: r})
	}
	err = j.tx.Book(money.Entry{
		ID: money.EntryID(ends.ID), Subject: back.Subject, At: j.now,
		Transfers: []money.Transfer{ends},
	})
	if err != nil || back.State != money.AttemptClosed {
		return err
	}
	j.unpaid = append(j.unpaid, refundOutcome)
	return j.notRefunded(back)
}

// notRefunded writes that a refund will never be made: as much may be asked for again.
func (j *job) notRefunded(r money.Refund) error {
	ok, err := j.tx.TakeBack(r.Of, -r.Amount)
	if err == nil && !ok {
		err = Errorf(Internal, ReasonStore, "refund %s: order %s has less to go back", r.ID, r.Of)
	}
	if err != nil || r.Payment == "" {
		return err
	}
	payments, err := j.tx.PaymentsOf(r.Subject)
	if err != nil {
		return err
	}
	at := find(payments, r.Payment)
	if at < 0 {
		return Errorf(Internal, ReasonStore, "refund %s has no payment", r.ID)
	}
	paid, err := j.paidBy(payments[at])
	if err != nil {
		return err
	}
	leg := money.Leg{Instrument: r.Channel, Amount: -r.Amount}
	if ok, err := j.tx.TakeBackLeg(paid.ID, leg); err != nil || !ok {
		return cmp.Or(err, error(Errorf(Internal, ReasonStore,
			"refund %s: the leg of %s has less to go back", r.ID, paid.ID)))
	}
	p := payments[at]
	return j.tx.UpdatePayment(p.NotRefunded(r.Amount), p.State)
}
