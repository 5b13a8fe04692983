package dispatch

import (
	"fmt"
	"time"

	"hexhail/money"
)

// complete takes the metered fare. If it stands, the payments are due at once; if it is
// questioned, nothing is owed and nothing reserved before the rider has answered.
func (d *Decision) complete(was Ride, a Complete, now time.Time) error {
	if err := was.drivenBy(a.Driver); err != nil {
		return err
	}
	if a.ByCode && was.Rider != "" {
		return invalid("by_code", "false: the ride has a rider, who pays")
	}
	r := &d.Ride
	r.CompletedAt, r.Fare, r.Subsidy, r.Slot = was.did(a.Did, now), a.Fare, a.Subsidy, ""
	if r.Fare.State == FareAsked {
		r.Subsidy = r.Subsidy.Without(money.SubsidyWaits)
		return nil
	}
	if was.Rider != "" || a.ByCode {
		d.owe(false)
	} else { // paid by hand, of which only the ride tells
		r.State, r.EndedAt = Settled, r.ChangedAt
	}
	return nil
}

func (d *Decision) confirm(was Ride, a Confirm, now time.Time) error {
	if err := was.riddenBy(a.Rider); err != nil {
		return err
	}
	if was.State == Settled {
		return d.agree(was, now)
	}
	if was.Fare.State != FareAsked {
		return Errorf(Conflict, ReasonStep, "ride %s: its fare is %s", was.ID, was.Fare.State)
	}
	d.Ride.Fare.State = FareAccepted
	d.Ride.Subsidy = a.Subsidy
	d.owe(true)
	return nil
}

func (d *Decision) contest(was Ride, a Contest, now time.Time) error {
	if err := was.riddenBy(a.Rider); err != nil {
		return err
	}
	if was.State == Settled {
		return d.disagree(was, now)
	}
	if was.Fare.State != FareAsked && was.Fare.State != FareAccepted {
		return Errorf(Conflict, ReasonStep, "ride %s: its fare is %s", was.ID, was.Fare.State)
	}
	d.Ride.Fare.State = FareContested
	return nil
}

// resolve takes what ops have decided in place of what the driver has claimed. It is never more:
// the rider was asked about that, and nobody has claimed anything beyond.
func (d *Decision) resolve(was Ride, a Resolve) error {
	if !was.Fare.State.Questioned() {
		return Errorf(Conflict, ReasonStep, "ride %s: its fare is %s", was.ID, was.Fare.State)
	}
	if err := a.check(was.Fare); err != nil {
		return err
	}
	d.Ride.Fare = was.Fare.resolved(a.Resolution)
	d.Ride.Subsidy = a.Subsidy
	if was.State != Settled { // else it is paid, and what is above it goes back
		d.owe(true)
	}
	return nil
}

func (r Resolution) check(f Fare) error {
	switch {
	case r.Total < 0 || r.Total > f.Claimed():
		return invalid("fare_fen", fmt.Sprintf("0 to %d, what the driver has claimed", f.Claimed()))
	case r.Note == "" || len(r.Note) > MaxFareNoteBytes:
		return invalid("note", fmt.Sprintf("1 to %d bytes", MaxFareNoteBytes))
	default:
		return nil
	}
}

// resolved is the fare with what ops have decided.
func (f Fare) resolved(r Resolution) Fare {
	f.State, f.Resolution = FareResolved, r
	return f
}

// owe makes the payments of a fare that stands; a ride that owes nothing is settled. anew says that
// the fare may have been owed before, at another amount or by a rider who has contested it since.
func (d *Decision) owe(anew bool) {
	r := &d.Ride
	owing := false
	owe := func(purpose money.Purpose, amount, discount money.Fen) {
		owing = owing || amount > 0
		if amount == 0 && (!anew || purpose != money.PurposeFare) {
			return
		}
		w := r.owes(purpose, amount, discount)
		w.Anew = anew
		d.Writes = append(d.Writes, w)
	}
	owe(money.PurposeFare, r.Fare.Total(), r.Subsidy.Rider)
	owe(money.PurposeTip, r.Tip, 0)
	owe(money.PurposeFee, r.Booking.Fee, 0)
	if !owing {
		r.State, r.EndedAt = Settled, r.ChangedAt
	}
}

// owes is a payment of the ride's payer to its driver.
func (r Ride) owes(purpose money.Purpose, amount, discount money.Fen) Owe {
	payer, payee := r.payer(), DriverParty(r.Driver)
	return Owe{Payment: money.Payment{
		ID:      money.NewPaymentID(r.Subject(), purpose, payer),
		Subject: r.Subject(), Payer: payer, Payee: payee, Purpose: purpose,
		Amount: amount, Discount: discount, State: money.PaymentDue, Channel: r.PayBy,
	}}
}
