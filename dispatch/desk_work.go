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
	workBatch = 64 // attempts taken in one transaction
	// outsideAtOnce is how many calls of external channels are under way at the same time: when one
	// in ten hangs for 5 s, there is room for 500 a second.
	outsideAtOnce = 256
	workRetry     = 10 * time.Second // until an attempt whose outcome is not known is queried
	// greetingBatch is how many greetings are dropped at once; each may be to 1,000 riders.
	greetingBatch = 2
)

// Work takes due attempts, refunds and withdrawals to their channels: it asks for those that were
// never sent, asks about those whose outcome is not known, and books what comes back. It returns
// how many it took. Each is marked as sent, with the time of the next question, before the channel
// is called: whoever dies in between leaves one that is queried, never one that is charged twice.
func (d *Desk) Work(ctx context.Context, now time.Time) (int, error) {
	own, err := d.errands(ctx, now, d.Parallel, d.ownErrands)
	others, errOutside := d.errands(ctx, now, workBatch, d.external(workBatch))
	drawn, errDraws := d.Draws(ctx, now)
	ended, errEnds := d.EndHongbaos(ctx, now)
	return own + others + drawn + ended,
		errors.Join(err, errOutside, errDraws, errEnds, d.tidy(ctx, now))
}

// errand is one call of a channel, and the booking of what comes of it.
type errand func(context.Context) error

// errands finds what is due, in one transaction, and does it. It returns how many there were.
func (d *Desk) errands(
	ctx context.Context, now time.Time, parallel int, find func(Tx, time.Time) ([]errand, error),
) (int, error) {
	due, err := d.due(ctx, now, find)
	if err != nil {
		return 0, err
	}
	return len(due), runAll(ctx, due, parallel)
}

func (d *Desk) due(
	ctx context.Context, now time.Time, find func(Tx, time.Time) ([]errand, error),
) (due []errand, err error) {
	err = d.Store.Tx(ctx, func(tx Tx) (err error) {
		due, err = find(tx, now)
		return err
	})
	return due, err
}

// runAll runs errands. One that fails does not keep the others waiting.
func runAll(ctx context.Context, due []errand, parallel int) error {
	failed := make([]error, len(due))
	if parallel <= 1 || len(due) == 1 {
		for i, run := range due {
			failed[i] = run(ctx)
		}
		return errors.Join(failed...)
	}
	var all sync.WaitGroup
	room := make(chan struct{}, parallel)
	for i, run := range due {
		room <- struct{}{}
		all.Go(func() {
			failed[i] = run(ctx)
			<-room
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// ownErrands are those to the channels that are part of the house.
func (d *Desk) ownErrands(tx Tx, now time.Time) ([]errand, error) {
	list, err := tx.DueAttempts(now, false, workBatch)
	if err != nil {
		return nil, err
	}
	due := make([]errand, 0, len(list))
	for _, a := range list {
		if house, ok := d.Channels[a.Channel].(money.House); ok && a.State == money.AttemptCreated {
			due = append(due, func(ctx context.Context) error {
				return d.chargeIn(ctx, house, a.ID, now)
			})
			continue
		}
		called := sent(a, now)
		if err := tx.UpdateAttempt(called, a.State); err != nil {
			return nil, err
		}
		due = append(due, func(ctx context.Context) error { return d.ask(ctx, a, called, now) })
	}
	return due, nil
}

// chargeIn asks a channel of our own and books what it says, in one transaction. One who comes
// second finds nothing to do. What fails waits behind the others.
func (d *Desk) chargeIn(
	ctx context.Context, house money.House, id money.AttemptID, now time.Time,
) error {
	err := d.book(ctx, "Charge", now, func(j *job) error {
		a, r, err := j.lockAttempt(id)
		if err != nil || a.State != money.AttemptCreated {
			return err
		}
		outcome, err := house.ChargeIn(j.tx, a, now)
		if err != nil {
			return err
		}
		return d.outcomeOf(j, a, r, outcome)
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	return errors.Join(err, d.Store.Tx(ctx, func(tx Tx) error {
		a, err := tx.Attempt(id)
		if err != nil || a.State != money.AttemptCreated {
			return err
		}
		a.DueAt = now.Add(workRetry)
		return tx.UpdateAttempt(a, a.State)
	}))
}

// Working does the errands to the house's own channels every second of the city's time, at most ten
// times a second of the machine's, and at once when woken. It returns when ctx ends. failed hears
// of errors that it goes on after.
func (d *Desk) Working(
	ctx context.Context, clock Clock, woken <-chan struct{}, failed func(what string, err error),
) {
	work(ctx, clock, woken, failed, func(now time.Time) (more bool, err error) {
		n, err := d.errands(ctx, now, d.Parallel, d.ownErrands)
		return n >= workBatch, err
	})
}

// Tidying does what Work does besides payments, as often as Working and beside it: a payment does
// not wait until the house is tidy.
func (d *Desk) Tidying(ctx context.Context, clock Clock, failed func(what string, err error)) {
	work(ctx, clock, nil, failed, func(now time.Time) (more bool, err error) {
		err = errors.Join(d.tidy(ctx, now), d.cover(ctx, now))
		drawn, errDraws := d.Draws(ctx, now)
		ended, errEnds := d.EndHongbaos(ctx, now)
		return drawn > 0 && errDraws == nil || ended == workBatch, // there may be more
			errors.Join(err, errDraws, errEnds)
	})
}

// WorkingOutside is Working for the errands to external channels, up to outsideAtOnce of them at
// the same time: while some hang, the others go on, and so do the house's own.
func (d *Desk) WorkingOutside(
	ctx context.Context, clock Clock, woken <-chan struct{}, failed func(what string, err error),
) {
	var all sync.WaitGroup
	defer all.Wait()
	room := make(chan struct{}, outsideAtOnce)
	work(ctx, clock, woken, failed, func(now time.Time) (more bool, err error) {
		room <- struct{}{} // there is room for one at least
		limit := min(1+cap(room)-len(room), workBatch)
		<-room
		due, err := d.due(ctx, now, d.external(limit))
		for _, run := range due {
			room <- struct{}{}
			all.Go(func() {
				defer func() { <-room }()
				if err := run(ctx); err != nil && ctx.Err() == nil {
					failed("work outside", err)
				}
			})
		}
		return len(due) == limit, err
	})
}

func work(
	ctx context.Context, clock Clock, woken <-chan struct{}, failed func(what string, err error),
	turn func(now time.Time) (more bool, err error),
) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-woken:
		case <-timer.C:
		}
		now := clock.Now()
		more, err := turn(now)
		if err != nil && ctx.Err() == nil {
			failed("work", err)
		}
		if more {
			timer.Reset(0)
		} else {
			timer.Reset(max(clock.Wait(now.Add(dueEvery)), dueLeast))
		}
	}
}

// tidy ends the waiting for riders who do not answer, gives back what has been reserved for too
// long, and forgets what is old.
func (d *Desk) tidy(ctx context.Context, now time.Time) error {
	var j job
	var float money.Fen
	var forgotten map[Forgotten]int
	err := d.retry(ctx, func(tx Tx) error {
		j = job{tx: tx, now: now}
		var err error
		if forgotten, err = d.forget(tx, now); err != nil {
			return err
		}
		if err := d.answerFares(&j); err != nil {
			return err
		}
		if err := j.endHolds(); err != nil {
			return err
		}
		bank, err := tx.Account(money.Bank)
		if err != nil {
			return err
		}
		float = money.Float(bank)
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
		d.Listener.Floats(float)
		for what, n := range forgotten {
			d.Listener.Forgot(what, n)
		}
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
		return p.Purpose.Fare() && p.State != money.PaymentVoid &&
			(p.State == money.PaymentOpen || p.State.Final())
	}
	if slices.ContainsFunc(payments, being) {
		return nil
	}
	return j.takeSubsidy(r, payments, money.SubsidyExpired)
}

// takeSubsidy gives back what is reserved for a ride of which nobody has paid anything: it costs
// its full fare.
func (j *job) takeSubsidy(r Ride, payments []money.Payment, why money.SubsidyReason) error {
	for _, p := range payments {
		if p.Discount == 0 {
			continue
		}
		p.Discount = 0
		if err := j.tx.UpdatePayment(p, p.State); err != nil {
			return err
		}
	}
	rest, err := j.giveBack(r, why, none)
	if err != nil {
		return err
	}
	_, err = j.step(r, PayOtherwise{Subsidy: rest})
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

// ask calls an attempt's channel. was is the attempt before it was marked as sent.
func (d *Desk) ask(ctx context.Context, was, order money.Attempt, now time.Time) error {
	channel := d.Channels[order.Channel]
	if channel == nil {
		return Errorf(Internal, ReasonChannel, "attempt %s: no channel %q", was.ID, was.Channel)
	}
	var outcome money.Outcome
	var err error
	if was.State == money.AttemptCreated {
		outcome, err = channel.Charge(ctx, order, now)
	} else {
		outcome, err = channel.Query(ctx, order, now)
		outcome = outcome.AskedAgain(order)
	}
	return d.PaymentOutcome(ctx, now, was.ID, d.known("Charge", outcome, err))
}

// known is an outcome, or that it is not known.
func (d *Desk) known(call string, o money.Outcome, err error) money.Outcome {
	if err == nil {
		return o
	}
	d.Listener.Refused(call, Unavailable, ReasonChannel)
	return money.Outcome{State: money.AttemptUnknown, Reason: err.Error(), Again: workRetry}
}
