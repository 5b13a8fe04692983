package dispatch

import (
	"context"
	"slices"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// CorrectRide is the driver's word that the fare that they have typed was wrong.
type CorrectRide struct {
	Ride   RideID
	Driver DriverID
	Meter  money.Fen // 0 to money.MaxMeter
	Tolls  money.Fen // 0 to money.MaxTolls
}

// fareCorrected is what a payer reads of what comes back.
const fareCorrected = "车费更正 fare corrected"

// Correct changes a fare that its driver has mistyped, for a week after the drive. Before anything
// is paid it is checked anew, what campaigns had reserved goes back and is reserved for the new
// fare, and a rider is asked about a higher one; an order that is open is closed first. After it is
// paid, what is too much goes back to the instruments that have paid it, and to the campaigns what
// they give less; a higher fare waits for the rider's yes, who then owes the rest. Errors: Conflict
// with ReasonPayment while some of the ride is paid and some is not, or being paid; with
// ReasonTooLate; Exhausted with ReasonLedgerLimit if the driver is owed less than has to go back.
func (d *Desk) Correct(
	ctx context.Context, now time.Time, key Once, c CorrectRide,
) (Receipt, error) {
	trace, err := d.Traces.Trace(ctx, c.Ride)
	if err != nil {
		return Receipt{}, err
	}
	mine := func(r Ride) error { return r.drivenBy(c.Driver) }
	return d.payOnce(ctx, now, c.Ride, mine, func() (Receipt, error) {
		return do(ctx, d, "Correct", now, key, c, func(j *job) (Receipt, error) {
			r, err := j.tx.LockRide(c.Ride)
			if err == nil {
				err = mine(r)
			}
			if err != nil {
				return Receipt{}, err
			}
			act, err := d.corrected(j, r, c, trace)
			if err != nil {
				return Receipt{}, err
			}
			r, err = j.step(r, act)
			return receipt(r), err
		})
	})
}

// corrected is the act of a correction. What Step refuses anyway moves nothing.
func (d *Desk) corrected(j *job, r Ride, c CorrectRide, trace []geo.Fix) (CorrectFare, error) {
	said := money.MeterReading{Meter: c.Meter, Tolls: c.Tolls}
	total, err := said.Total()
	act := CorrectFare{Driver: c.Driver, Fare: Fare{Meter: c.Meter, Tolls: c.Tolls}}
	if err != nil || r.State != Completed && r.State != Settled {
		return act, err
	}
	if _, err := Step(r, act, j.now); err != nil {
		return act, err
	}
	if r.State == Completed {
		return d.correctedUnpaid(j, r, said, trace)
	}
	if total < r.Fare.Total() {
		act.Subsidy, err = d.lower(j, r, total, money.DriverPayable(DriverParty(r.Driver)))
		return act, err
	}
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err == nil && slices.ContainsFunc(payments, isRest) {
		err = Errorf(Conflict, ReasonStep, "ride %s: its rider has agreed to more once", r.ID)
	}
	return act, err
}

func isRest(p money.Payment) bool { return p.Purpose == money.PurposeRest }

// correctedUnpaid checks a fare anew of which nothing is paid.
func (d *Desk) correctedUnpaid(
	j *job, r Ride, said money.MeterReading, trace []geo.Fix,
) (CorrectFare, error) {
	act := CorrectFare{Driver: r.Driver}
	if err := j.nobodyPays(r); err != nil {
		return act, err
	}
	city, err := d.Cities.City(r.City)
	if err != nil {
		return act, err
	}
	if act.Fare, err = checkFare(city, r, said, trace, r.CompletedAt); err != nil {
		return act, err
	}
	switch higher := act.Fare.Total() > r.Fare.Total(); {
	case r.Rider != "" && higher: // the rider has heard of less
		act.Fare.State = FareAsked
	case r.Fare.State == FareAccepted && !higher: // and who has agreed to more agrees to this
		act.Fare.State = FareAccepted
	}
	if _, err = j.giveBack(r, money.SubsidyVoid, none); err != nil {
		return act, err
	}
	if act.Fare.State == FareAsked {
		return act, nil
	}
	r.Fare = act.Fare.after(r.Fare, j.now)
	r.Subsidy = r.Subsidy.Anew()
	act.Subsidy, err = d.reserve(j, r)
	return act, err
}

// nobodyPays is a *money.StateError while something of a ride is paid, or being paid otherwise than
// by hand: its fare must not change under the payer's eyes.
func (j *job) nobodyPays(r Ride) error {
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return err
	}
	for _, p := range payments {
		busy := p.State.Captured() || p.State == money.PaymentCashConfirmed ||
			p.Purpose == money.PurposeShare
		if a, open, err := j.tx.OpenAttempt(p.ID); err != nil {
			return err
		} else if open && a.Channel != money.Cash {
			busy = true
		}
		if busy {
			return &money.StateError{
				What: "payment", ID: string(p.ID), State: p.State.String(),
				Step: "change with its fare",
			}
		}
	}
	return nil
}

// owe writes what is owed now.
func (j *job) owe(w Owe) error {
	if !w.Anew {
		return j.tx.InsertPayment(w.Payment)
	}
	payments, err := j.tx.PaymentsOf(w.Payment.Subject)
	if err != nil {
		return err
	}
	at := find(payments, w.Payment.ID)
	if at < 0 {
		if w.Payment.Amount == 0 {
			return nil
		}
		return j.tx.InsertPayment(w.Payment)
	}
	p := payments[at]
	was := p.State
	if p, err = j.notByHand(p); err != nil {
		return err
	}
	if p.State != money.PaymentDue {
		return &money.StateError{
			What: "payment", ID: string(p.ID), State: was.String(), Step: "change with its fare",
		}
	}
	if p.Amount, p.Discount = w.Payment.Amount, w.Payment.Discount; p.Amount == 0 {
		p.State, p.Amount, p.Discount = money.PaymentVoid, payments[at].Amount, 0
	}
	return j.tx.UpdatePayment(p, was)
}

// notByHand ends the attempt of a payment that was to be handed over.
func (j *job) notByHand(p money.Payment) (money.Payment, error) {
	if p.State != money.PaymentCash {
		return p, nil
	}
	open, ok, err := j.tx.OpenAttempt(p.ID)
	if err != nil {
		return p, err
	}
	if ok {
		ended := open
		ended.State, ended.Reason = money.AttemptClosed, "paid_otherwise"
		if err := j.tx.UpdateAttempt(ended, open.State); err != nil {
			return p, err
		}
	}
	p.State = money.PaymentDue
	return p, nil
}

// lower sends back what of a paid ride is above a lower fare: first a rest that is not paid is owed
// less, then each instrument gets its part of the difference, and the campaigns what they give less
// for the lower fare. from is whose money it is. It returns what the campaigns give now.
func (d *Desk) lower(
	j *job, r Ride, total money.Fen, from money.AccountID,
) (money.Subsidy, error) {
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return r.Subsidy, err
	}
	drop, err := j.lowerRest(payments, r.Fare.Total()-total)
	if err != nil || drop == 0 {
		return r.Subsidy, err
	}
	paid := slices.DeleteFunc(payments, func(p money.Payment) bool {
		return !p.Purpose.Fare() || !p.State.Final() || p.State == money.PaymentVoid
	})
	if len(paid) == 0 { // at the kerb, of which only the ride tells
		return r.Subsidy, nil
	}
	now := r.Subsidy
	if now.Granted() {
		if now, err = d.giveLess(j, r, total, drop, from); err != nil {
			return now, err
		}
	}
	return now, d.sendBackAbove(j, r, paid, max(0, total-now.Rider), from)
}

// resolvePaid is lower by the word of ops: what the driver is not owed any more is our loss.
func (d *Desk) resolvePaid(j *job, r Ride, total money.Fen) (money.Subsidy, error) {
	r, err := j.tx.LockRide(r.ID) // again: nobody else changes its payments
	if err != nil || total == r.Fare.Total() {
		return r.Subsidy, err
	}
	from := money.DriverPayable(DriverParty(r.Driver))
	owed, err := j.tx.Account(from)
	if err != nil {
		return r.Subsidy, err
	}
	if most := r.Fare.Total() - total + r.Subsidy.Driver; owed.Available() < most {
		from = money.Loss
	}
	return d.lower(j, r, total, from)
}

// lowerRest lowers what is owed besides and not paid, and returns what is left to lower.
func (j *job) lowerRest(payments []money.Payment, drop money.Fen) (money.Fen, error) {
	at := slices.IndexFunc(payments, isRest)
	if at < 0 || payments[at].State.Final() {
		return drop, nil
	}
	p, was := payments[at], payments[at].State
	p, err := j.notByHand(p)
	if err != nil {
		return drop, err
	}
	if p.State != money.PaymentDue {
		return drop, &money.StateError{
			What: "payment", ID: string(p.ID), State: was.String(), Step: "change with its fare",
		}
	}
	less := min(drop, p.Amount)
	if p.Amount -= less; p.Amount == 0 {
		p.State, p.Amount = money.PaymentVoid, less
	}
	return drop - less, j.tx.UpdatePayment(p, was)
}

// giveLess returns to the campaigns of a paid ride what they do not give for a lower fare.
func (d *Desk) giveLess(
	j *job, r Ride, total, drop money.Fen, from money.AccountID,
) (money.Subsidy, error) {
	campaigns, err := j.tx.CampaignsOf(string(r.City))
	if err != nil {
		return r.Subsidy, err
	}
	city, err := d.Cities.City(r.City)
	if err != nil {
		return r.Subsidy, err
	}
	facts, err := SubsidyFacts(j.tx, city, r, false)
	if err != nil {
		return r.Subsidy, err
	}
	facts.Fare = total
	now := money.Lowered(campaigns, r.Subsidy, facts, drop)
	id := string(r.ID) + "/corrected/" + d.NewID(j.now)
	back := money.GivenBack(campaigns, r.Subsidy, now, from, money.TransferID(id))
	if len(back) == 0 {
		return now, nil
	}
	return now, j.tx.Book(money.Entry{
		ID: money.EntryID(id), Subject: r.Subject(), At: j.now, Transfers: back,
	})
}

// sendBackAbove sends back what was paid above what is to be kept, to each instrument in proportion
// to what it has paid. What was paid by hand goes back by hand.
func (d *Desk) sendBackAbove(
	j *job, r Ride, paid []money.Payment, keep money.Fen, from money.AccountID,
) error {
	weights, kept := make([]int64, len(paid)), money.Fen(0)
	for i, p := range paid {
		weights[i] = int64(p.Charge() - p.Refunded)
		kept += p.Charge() - p.Refunded
	}
	if kept <= keep {
		return nil
	}
	parts, err := money.SplitBy(kept-keep, weights)
	if err != nil {
		return err
	}
	for i, p := range paid {
		switch {
		case parts[i] == 0:
		case p.State == money.PaymentCashConfirmed:
			if p.Amount -= parts[i]; p.Amount == 0 {
				p.State, p.Amount = money.PaymentVoid, parts[i]
			}
			err = j.tx.UpdatePayment(p, paid[i].State)
		default:
			err = d.sendBack(j, r, p, RefundRide{Amount: parts[i], Why: fareCorrected}, from)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sendBack sends back what a refund says of a payment.
func (d *Desk) sendBack(
	j *job, r Ride, p money.Payment, c RefundRide, from money.AccountID,
) error {
	paid, err := j.paidBy(p)
	if err != nil {
		return err
	}
	j.after = append(j.after, Tell{Ride: r})
	return j.sendBack(p, paid, c, from, money.RefundID(d.NewID(j.now)))
}

// payRest opens attempts for what is owed of a ride that was settled before.
func (d *Desk) payRest(j *job, r Ride, from purse, m Means) (Receipt, error) {
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return Receipt{}, err
	}
	if payments = from.of(r, payments); !slices.ContainsFunc(payments, unpaid) {
		return Receipt{}, Errorf(Conflict, ReasonStep,
			"ride %s is %s: nothing to pay", r.ID, r.State)
	}
	return d.open(j, r, from, m, payments)
}

func unpaid(p money.Payment) bool { return !p.State.Final() }
