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
	return n, errors.Join(err, d.workRefunds(ctx, now), d.closeStale(ctx, now), d.tidy(ctx, now))
}

// errand is what a worker takes to a channel.
type errand struct {
	was   money.Attempt // before it was marked as sent
	order money.Attempt // the whole order, as its channel knows it
}

func (d *Desk) takeDue(ctx context.Context, now time.Time) (int, error) {
	var due []errand
	err := d.Store.Tx(ctx, func(tx Tx) error {
		due = nil
		list, err := tx.DueAttempts(now, workBatch)
		if err != nil {
			return err
		}
		for _, a := range list {
			called := sent(a, now)
			if err := tx.UpdateAttempt(called, a.State); err != nil {
				return err
			}
			order, err := orderOf(tx, called)
			if err != nil {
				return err
			}
			due = append(due, errand{a, order.Whole()})
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(due), d.askAll(ctx, due, now)
}

// askAll takes attempts to their channels. One that fails does not keep the others waiting.
func (d *Desk) askAll(ctx context.Context, due []errand, now time.Time) error {
	failed := make([]error, len(due))
	if d.Parallel <= 1 {
		for i, e := range due {
			failed[i] = d.ask(ctx, e, now)
		}
		return errors.Join(failed...)
	}
	var all sync.WaitGroup
	room := make(chan struct{}, d.Parallel)
	for i, e := range due {
		room <- struct{}{}
		all.Go(func() {
			failed[i] = d.ask(ctx, e, now)
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
			tidyAt = now.Add(dueEvery)
			err = errors.Join(d.workRefunds(ctx, now), d.closeStale(ctx, now), d.tidy(ctx, now))
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

// ask calls the channel of an errand. An order that costs nothing is paid without one.
func (d *Desk) ask(ctx context.Context, e errand, now time.Time) error {
	channel := d.Channels[e.order.Channel]
	if channel == nil {
		return Errorf(Internal, ReasonChannel, "attempt %s: no channel %q", e.was.ID, e.was.Channel)
	}
	var outcome money.Outcome
	var err error
	switch {
	case e.order.Charge() == 0 && e.order.Channel.External():
		outcome.State = money.AttemptPaid
	case e.was.State == money.AttemptCreated:
		outcome, err = channel.Charge(ctx, e.order, now)
	default:
		outcome, err = channel.Query(ctx, e.order, now)
	}
	return d.PaymentOutcome(ctx, now, e.was.ID, d.known("Charge", outcome, err))
}

// known is an outcome, or that it is not known.
func (d *Desk) known(call string, o money.Outcome, err error) money.Outcome {
	if err == nil {
		return o
	}
	d.Listener.Refused(call, Unavailable, ReasonChannel)
	return money.Outcome{State: money.AttemptUnknown, Reason: err.Error(), Again: workRetry}
}
