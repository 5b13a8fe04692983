package dispatch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hexhail/money"
)

// floatAgain is when a withdrawal that waits for the float is looked at again.
const floatAgain = time.Minute

// payoutNote is what the driver reads at the channel, of at most 32 characters.
const payoutNote = "出租车司机提现"

// Withdraw is a driver's wish to have money on an account of their own.
type Withdraw struct {
	Driver  DriverID
	Channel money.ChannelName
	Account string // there: an openid, a login, the number of a card
	Amount  money.Fen
}

// Withdraw sets money of a driver's balance aside and pays it out through a channel: at once, or
// some days later, as the city's policy says. The name that the channel compares is the one that we
// have of the driver. Errors: Invalid for an account or an amount out of its limits, NotFound with
// ReasonChannel for a channel that pays nothing out here, Exhausted with ReasonLedgerLimit for more
// than the balance and with ReasonWithdrawalLimit for more than the day allows, Conflict with
// ReasonNameMissing.
func (d *Desk) Withdraw(
	ctx context.Context, now time.Time, key Once, c Withdraw,
) (money.Withdrawal, error) {
	id := money.PayoutID(d.NewID(now))
	return do(ctx, d, "Withdraw", now, key, c, func(j *job) (money.Withdrawal, error) {
		driver, err := j.tx.LockDriver(c.Driver)
		if err != nil {
			return money.Withdrawal{}, err
		}
		city, err := d.Cities.City(driver.City)
		if err != nil {
			return money.Withdrawal{}, err
		}
		if err := d.mayWithdraw(j, city, driver, c); err != nil {
			return money.Withdrawal{}, err
		}
		w := money.Withdrawal{
			ID: id, Driver: DriverParty(c.Driver), City: string(city.ID), Channel: c.Channel,
			Account: c.Account, Name: driver.Name, Amount: c.Amount,
			Day: money.BusinessDay(now, city.Zone), State: money.AttemptCreated,
			MadeAt: now, PayAt: city.PolicyAt(now).paysAt(now),
		}
		if w.PayAt.After(now) {
			w.Reason = money.WithdrawalLater
		}
		if w.Channel != money.ToBank { // people take that to the bank
			w.DueAt = w.PayAt
		}
		if err := j.tx.Book(w.Entry(now, w.Hold())); err != nil {
			return money.Withdrawal{}, err
		}
		j.opened = true
		j.withdrawn = append(j.withdrawn, w)
		return w, j.tx.InsertWithdrawal(w)
	})
}

// mayWithdraw refuses what neither policy nor channel allow. The driver's row is locked.
func (d *Desk) mayWithdraw(j *job, city City, driver Driver, c Withdraw) error {
	rules := city.PolicyAt(j.now).PayoutRules
	if !slices.Contains(d.payoutChannels(rules), c.Channel) {
		return Errorf(NotFound, ReasonChannel, "channel %q pays nothing out here", c.Channel)
	}
	if err := money.CheckPayee(c.Channel, c.Account); err != nil {
		return err
	}
	if err := rules.checkAmount(c.Amount); err != nil {
		return err
	}
	if driver.Name == "" {
		return Errorf(Conflict, ReasonNameMissing,
			"driver %s has no name, and no channel pays without one", driver.ID)
	}
	n, sum, err := j.tx.WithdrawnOn(
		DriverParty(driver.ID), money.BusinessDay(j.now, city.Zone))
	if err != nil {
		return err
	}
	most := money.Fen(rules.PayoutDayFen)
	if n < rules.PayoutsADay && sum+c.Amount <= most {
		return nil
	}
	limit := Errorf(Exhausted, ReasonWithdrawalLimit,
		"%d withdrawals of %s yuan today: at most %d of %s together", n, sum,
		rules.PayoutsADay, most)
	limit.Field, limit.Limit = "amount_fen", fmt.Sprintf("at most %d more today, %d more times",
		max(0, most-sum), max(0, rules.PayoutsADay-n))
	_, limit.Until = money.DayOf(j.now, city.Zone).Bounds(city.Zone)
	return limit
}

// payoutChannels are those of a policy that pay out here.
func (d *Desk) payoutChannels(rules PayoutRules) (can []money.ChannelName) {
	for _, c := range rules.PayoutChannels {
		if _, pays := d.Channels[c].(money.Payer); pays || c == money.ToBank {
			can = append(can, c)
		}
	}
	return can
}

// withdrawalErrands are the withdrawals to be taken to a channel, or asked about, up to limit.
func (d *Desk) withdrawalErrands(tx Tx, now time.Time, limit int) ([]errand, error) {
	list, err := tx.DueWithdrawals(now, limit)
	if err != nil {
		return nil, err
	}
	due := make([]errand, 0, len(list))
	for _, w := range list {
		later := w
		later.DueAt = now.Add(workRetry)
		if err := tx.UpdateWithdrawal(later, w.State); err != nil {
			return nil, err
		}
		due = append(due, func(ctx context.Context) error { return d.payOut(ctx, now, later) })
	}
	return due, nil
}

// payOut asks a channel for a withdrawal that it has never heard of, or what became of it. Before
// the first call the row says that it is sent: whoever dies in between leaves one that is asked
// about, and never one that is paid twice.
func (d *Desk) payOut(ctx context.Context, now time.Time, w money.Withdrawal) error {
	channel, ok := d.Channels[w.Channel].(money.Payer)
	if !ok {
		return Errorf(Internal, ReasonChannel,
			"withdrawal %s: channel %q pays nothing out", w.ID, w.Channel)
	}
	if w.State != money.AttemptCreated {
		outcome, err := channel.QueryPayout(ctx, w.Payout(payoutNote), now)
		return d.PayoutOutcome(ctx, now, w.ID, d.known("PayOut", outcome, err))
	}
	sent := false
	err := d.book(ctx, "SendWithdrawal", now, func(j *job) (err error) {
		sent, err = d.send(j, w.ID, now.Add(workRetry))
		return err
	})
	if err != nil || !sent {
		return err
	}
	outcome, err := channel.PayOut(ctx, w.Payout(payoutNote), now)
	return d.PayoutOutcome(ctx, now, w.ID, d.known("PayOut", outcome, err))
}

// send writes that a channel is told of a withdrawal, unless somebody else has told it, or the
// float has no room for it.
func (d *Desk) send(j *job, id money.PayoutID, again time.Time) (sent bool, err error) {
	bank, err := j.tx.LockAccount(money.Bank)
	if err != nil {
		return false, err
	}
	w, err := j.tx.Withdrawal(id)
	if err != nil || w.State != money.AttemptCreated {
		return false, err
	}
	next := w.Send(j.now)
	next.DueAt = again
	if !w.SentAt.IsZero() { // it has never arrived there: the same again
		return true, j.tx.UpdateWithdrawal(next, w.State)
	}
	fits, err := d.fitsFloat(j, w, money.Float(bank))
	if err != nil {
		return false, err
	}
	if !fits {
		return false, j.waitForFloat(w, j.now.Add(floatAgain))
	}
	if err := j.tx.Book(w.Entry(j.now, w.Advance())); err != nil {
		return false, err
	}
	return true, j.tx.UpdateWithdrawal(next, w.State)
}

// waitForFloat writes that a withdrawal waits until there is room for it.
func (j *job) waitForFloat(w money.Withdrawal, again time.Time) error {
	waits := w
	waits.Reason, waits.DueAt = money.WithdrawalFloat, again
	if w.Reason != waits.Reason {
		j.withdrawn = append(j.withdrawn, waits)
	}
	return j.tx.UpdateWithdrawal(waits, w.State)
}

// fitsFloat reports whether the house may advance a withdrawal as well.
func (d *Desk) fitsFloat(j *job, w money.Withdrawal, float money.Fen) (bool, error) {
	city, err := d.Cities.City(CityID(w.City))
	if err != nil {
		return false, err
	}
	return float+w.Amount <= money.Fen(city.PolicyAt(j.now).FloatLimitFen), nil
}

// PayoutOutcome books a verified outcome of a withdrawal: paid posts what was held, closed gives it
// back to the driver. The same outcome again changes nothing; another one for a withdrawal that has
// ended, or was never sent, is a *money.StateError.
func (d *Desk) PayoutOutcome(
	ctx context.Context, now time.Time, id money.PayoutID, o money.Outcome,
) error {
	return d.book(ctx, "PayoutOutcome", now, func(j *job) error {
		_, err := j.paidOut(id, o)
		return err
	})
}

// paidOut books an outcome; changed is false if it was known.
func (j *job) paidOut(id money.PayoutID, o money.Outcome) (changed bool, err error) {
	was, err := j.tx.Withdrawal(id)
	if err != nil {
		return false, err
	}
	if o.State.Open() && o.Again == 0 {
		o.Again = workRetry
	}
	w, ends, err := was.Settle(o, j.now)
	if err != nil || w == was {
		return false, err
	}
	// Before its transfers: who comes second hears that the row is stale, and reads it anew.
	if err := j.tx.UpdateWithdrawal(w, was.State); err != nil {
		return false, err
	}
	if len(ends) > 0 {
		if err := j.tx.Book(w.Entry(j.now, ends...)); err != nil {
			return false, err
		}
	}
	if len(ends) > 0 || w.Ticket != was.Ticket {
		j.tellWithdrawal(w)
	}
	return true, nil
}

// tellWithdrawal tells the driver that a withdrawal has ended, or wants a tap of theirs.
func (j *job) tellWithdrawal(w money.Withdrawal) {
	j.withdrawn = append(j.withdrawn, w)
	shown := w // what travels needs no name, and of the account no more than its owner is shown
	shown.Account, shown.Name = money.MaskAccount(w.Account), ""
	j.told = append(j.told, Notice{Driver: DriverID(w.Driver), Money: &MoneyNews{
		City: CityID(w.City), Withdrawal: &shown,
	}})
}

// MoneyNews is what a driver's phone tells of money: that a ride was paid, or that a withdrawal has
// ended or waits for the driver. One of Ride and Withdrawal is set.
type MoneyNews struct {
	City CityID
	Ride RideID `json:",omitempty"`
	// Channel has moved Paid, and campaigns have added Subsidy.
	Channel    money.ChannelName `json:",omitempty"`
	Paid       money.Fen         `json:",omitempty"`
	Subsidy    money.Fen         `json:",omitempty"`
	Withdrawal *money.Withdrawal `json:",omitempty"`
}

// noticedPayout books what a channel tells of a withdrawal.
func (j *job) noticedPayout(n money.Notice) error {
	w, err := j.tx.Withdrawal(money.PayoutID(n.Order))
	if err != nil {
		return err
	}
	if n.Outcome.State.Open() {
		if !w.State.Open() || w.SentAt.IsZero() {
			return nil
		}
		now := w // something has changed, it does not say what: it is asked
		now.DueAt, j.opened = j.now, true
		return j.tx.UpdateWithdrawal(now, w.State)
	}
	if err := n.Fits(w.Channel, "", w.Amount); err != nil {
		return err
	}
	_, err = j.paidOut(w.ID, n.Outcome)
	return err
}

// Balance is what a driver may take out, and how.
type Balance struct {
	Available money.Fen // now
	InFlight  money.Fen // in withdrawals that have not ended
	Expected  money.Fen // subsidies of rides that are not paid yet
	Least     money.Fen // at once
	LeftToday money.Fen // that the day's limit still allows
	Left      int       // times
	Days      int       // after which it is paid out
	Channels  []money.ChannelName
}

// Balance reads a driver's balance. NotFound for a driver or city that is none.
func (d *Desk) Balance(ctx context.Context, now time.Time, id DriverID) (b Balance, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		driver, err := tx.Driver(id)
		if err != nil {
			return err
		}
		city, err := d.Cities.City(driver.City)
		if err != nil {
			return err
		}
		rules := city.PolicyAt(now).PayoutRules
		a, err := tx.Account(money.DriverPayable(DriverParty(id)))
		if err != nil {
			return err
		}
		n, sum, err := tx.WithdrawnOn(DriverParty(id), money.BusinessDay(now, city.Zone))
		b = Balance{
			Available: a.Available(), InFlight: a.PendingDebits, Expected: a.PendingCredits,
			Least: money.Fen(rules.PayoutLeastFen), Days: rules.PayoutDays,
			LeftToday: max(0, money.Fen(rules.PayoutDayFen)-sum),
			Left:      max(0, rules.PayoutsADay-n), Channels: d.payoutChannels(rules),
		}
		return err
	})
	return b, err
}

// Float is how much of the house's own money is out; see [money.Float].
func (d *Desk) Float(ctx context.Context) (float money.Fen, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		bank, err := tx.Account(money.Bank)
		float = money.Float(bank)
		return err
	})
	return float, err
}
