package dispatch

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hexhail/money"
)

// How the payment worker goes about it.
const (
	workBatch = 64               // attempts taken in one transaction
	workRetry = 10 * time.Second // until an attempt whose outcome is not known is queried
)

// Work takes due attempts to their channels: it charges those that were never sent, queries those
// whose outcome is not known, and books what comes back. It returns how many it took. An attempt
// is marked as sent, with the time of its next query, before the channel is called: whoever dies in
// between leaves an attempt that is queried, never one that is charged twice.
func (d *Desk) Work(ctx context.Context, now time.Time) (int, error) {
	n, err := d.takeDue(ctx, now)
	return n, errors.Join(err, d.tidy(ctx, now))
}

func (d *Desk) takeDue(ctx context.Context, now time.Time) (int, error) {
	var due []money.Attempt
	err := d.Store.Tx(ctx, func(tx Tx) error {
		var err error
		if due, err = tx.DueAttempts(now, workBatch); err != nil {
			return err
		}
		for _, a := range due {
			if err := tx.UpdateAttempt(sent(a, now), a.State); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(due), d.askAll(ctx, due, now)
}

// askAll takes attempts to their channels. One that fails does not keep the others waiting.
func (d *Desk) askAll(ctx context.Context, due []money.Attempt, now time.Time) error {
	failed := make([]error, len(due))
	if d.Parallel <= 1 {
		for i, a := range due {
			failed[i] = d.ask(ctx, a, now)
		}
		return errors.Join(failed...)
	}
	var all sync.WaitGroup
	room := make(chan struct{}, d.Parallel)
	for i, a := range due {
		room <- struct{}{}
		all.Go(func() {
			failed[i] = d.ask(ctx, a, now)
			<-room
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// Working does what Work does every second of the city's time, at most ten times a second of the
// machine's; attempts it takes at once when woken. It returns when ctx ends. failed hears of errors
// that it goes on after.
func (d *Desk) Working(
	ctx context.Context, clock Clock, woken <-chan struct{}, failed func(what string, err error),
) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var tidyAt time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-timer.C:
		}
		now := clock.Now()
		n, err := d.takeDue(ctx, now)
		if err == nil && !tidyAt.After(now) {
			tidyAt, err = now.Add(dueEvery), d.tidy(ctx, now)
		}
		if err != nil && ctx.Err() == nil {
			failed("work", err)
		}
		if n == workBatch { // there is more
			timer.Reset(0)
		} else {
			timer.Reset(max(clock.Wait(now.Add(dueEvery)), dueLeast))
		}
	}
}

// tidy gives back what has been reserved for too long, and forgets answers that nobody repeats and
// clips that nobody may hear any more.
func (d *Desk) tidy(ctx context.Context, now time.Time) error {
	var j job
	err := d.retry(ctx, func(tx Tx) error {
		j = job{tx: tx, now: now}
		if _, err := tx.Forget(now.Add(-OnceKept), workBatch); err != nil {
			return err
		}
		if _, err := tx.ForgetVoices(now.Add(-VoiceKept), workBatch); err != nil {
			return err
		}
		rides, err := tx.UnpaidRides(now.Add(-SubsidyHeld), workBatch)
		if err != nil {
			return err
		}
		for _, r := range rides {
			if err := j.expireSubsidy(r.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		d.tell(ctx, &j)
	}
	return err
}

func (j *job) expireSubsidy(id RideID) error {
	r, err := j.tx.LockRide(id) // again, now that nobody else changes it
	if err != nil || r.State != Completed || !r.Subsidy.Granted() {
		return err
	}
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return err
	}
	being := func(p money.Payment) bool {
		return p.Purpose == money.PurposeFare && (p.State == money.PaymentOpen || p.State.Final())
	}
	if slices.ContainsFunc(payments, being) {
		return nil
	}
	for _, p := range payments {
		if p.Discount == 0 {
			continue
		}
		p.Discount = 0
		if err := j.tx.UpdatePayment(p, p.State); err != nil {
			return err
		}
	}
	if err := j.giveBack(r, money.TransferExpire); err != nil {
		return err
	}
	_, err = j.step(r, PayOtherwise{Subsidy: r.Subsidy.Without(money.SubsidyExpired)})
	return err
}

func sent(a money.Attempt, now time.Time) money.Attempt {
	if a.State == money.AttemptCreated {
		a.State = money.AttemptSent
	}
	a.Tries++
	a.DueAt = now.Add(workRetry)
	return a
}

// ask calls the channel. a is the attempt as it was before it was marked as sent.
func (d *Desk) ask(ctx context.Context, a money.Attempt, now time.Time) error {
	channel, call := d.Channels[a.Channel], a
	if channel == nil {
		return Errorf(Internal, ReasonChannel, "attempt %s: no channel %q", a.ID, a.Channel)
	}
	var outcome money.Outcome
	var err error
	call = sent(call, now)
	if a.State == money.AttemptCreated {
		outcome, err = channel.Charge(ctx, call, now)
	} else {
		outcome, err = channel.Query(ctx, call, now)
	}
	if err != nil {
		d.Listener.Refused("Charge", Unavailable, ReasonChannel)
		outcome = money.Outcome{
			State: money.AttemptUnknown, Reason: err.Error(), Again: workRetry,
		}
	}
	return d.PaymentOutcome(ctx, now, a.ID, outcome)
}

// PaymentOutcome books a verified outcome of an attempt: paid posts what was held, with the
// subsidies of the ride, and settles the ride when all is paid; closed gives it back. The same
// outcome again changes nothing; another one for an attempt that has ended is a
// *money.StateError.
func (d *Desk) PaymentOutcome(
	ctx context.Context, now time.Time, id money.AttemptID, o money.Outcome,
) error {
	var j job
	err := d.retry(ctx, func(tx Tx) error {
		j = job{tx: tx, now: now}
		return j.outcome(id, o)
	})
	if err != nil {
		kind, reason := Classify(err)
		d.Listener.Refused("PaymentOutcome", kind, reason)
		return err
	}
	d.tell(ctx, &j)
	return nil
}

func (j *job) outcome(id money.AttemptID, o money.Outcome) error {
	was, err := j.tx.Attempt(id)
	if err != nil {
		return err
	}
	r, err := j.tx.LockRide(RideID(was.Subject))
	if err != nil {
		return err
	}
	if was, err = j.tx.Attempt(id); err != nil { // again, now that nobody else changes it
		return err
	}
	payments, err := j.tx.PaymentsOf(was.Subject)
	if err != nil {
		return err
	}
	i := find(payments, was.Payment)
	if i < 0 {
		return Errorf(Internal, ReasonStore, "attempt %s has no payment", id)
	}
	before := payments[i].State
	p, a, err := payments[i].Settle(was, o)
	if err != nil || !was.State.Open() {
		return err
	}
	if err := j.resolve(a); err != nil {
		return err
	}
	a.DueAt = time.Time{}
	if a.State.Open() && o.Again > 0 {
		a.DueAt = j.now.Add(o.Again)
	} else if a.State == money.AttemptCreated {
		a.DueAt = j.now
	}
	if err := j.tx.UpdateAttempt(a, was.State); err != nil {
		return err
	}
	if p.State == before {
		return nil
	}
	if err := j.tx.UpdatePayment(p, before); err != nil {
		return err
	}
	payments[i] = p
	if !p.State.Final() {
		j.after = append(j.after, Tell{Ride: r}) // who pays has to try again
		return nil
	}
	_, err = j.settle(r, payments)
	return err
}

func find(payments []money.Payment, id money.PaymentID) int {
	for i := range payments {
		if payments[i].ID == id {
			return i
		}
	}
	return -1
}

// resolve posts what a paid attempt held, with the ride's subsidies if it was for the fare, and
// gives back what a closed one held.
func (j *job) resolve(a money.Attempt) error {
	if a.State.Open() {
		return nil
	}
	booked, err := j.tx.Transfers(a.Subject)
	if err != nil {
		return err
	}
	open := money.Unresolved(booked)
	var ends []money.Transfer
	if a.State == money.AttemptPaid && a.Purpose == money.PurposeFare {
		ends = money.SubsidiesIn(open)
	}
	for _, t := range open {
		if t.ID == a.Hold().ID {
			ends = append(ends, t)
		}
	}
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
