package dispatch

import (
	"fmt"
	"slices"
	"time"

	"hexhail/money"
)

// CorrectWithin is how long after the drive a fare can be corrected, or contested: a week, in which
// people look at what they have paid.
const CorrectWithin = 7 * 24 * time.Hour

// MaxCorrections is how often a fare is corrected.
const MaxCorrections = 5

// Reading is what a driver has said of a fare at a time, before or instead of what stands.
type Reading struct {
	Meter money.Fen `json:"meter"`
	Tolls money.Fen `json:"tolls,omitempty"`
	At    time.Time `json:"at"` // until when it stood; of a proposed one, since when it waits
}

// Total is what it comes to.
func (r Reading) Total() money.Fen { return r.Meter + r.Tolls }

// CorrectFare is the driver's word that what they have typed was wrong. Before anything is paid the
// fare is checked anew, and the rider is asked about a higher one. What is paid already falls at
// once, and rises only if the rider agrees.
type CorrectFare struct {
	Driver DriverID
	Fare   Fare // before payment, as checked; after it only Meter and Tolls are looked at
	// Subsidy is what campaigns give now: reserved anew before payment, lowered after it.
	Subsidy money.Subsidy
}

// Kind is ActCorrect.
func (CorrectFare) Kind() ActKind { return ActCorrect }

// correctable refuses a fare that cannot be corrected any more, or was contested for ever.
func (r Ride) correctable(now time.Time) error {
	switch {
	case now.Sub(r.CompletedAt) > CorrectWithin:
		return Errorf(Conflict, ReasonTooLate,
			"ride %s: its fare can be corrected for %s", r.ID, CorrectWithin)
	case r.Fare.State == FareResolved:
		return Errorf(Conflict, ReasonStep, "ride %s: ops have decided its fare", r.ID)
	default:
		return nil
	}
}

func (d *Decision) correct(was Ride, a CorrectFare, now time.Time) error {
	if err := was.drivenBy(a.Driver); err != nil {
		return err
	}
	if err := was.correctable(now); err != nil {
		return err
	}
	old, said := was.Fare.Total(), a.Fare.Claimed()
	switch {
	case len(was.Fare.Was) >= MaxCorrections:
		return Errorf(Conflict, ReasonStep,
			"ride %s: its fare was corrected %d times", was.ID, MaxCorrections)
	case said == old && was.Fare.Proposed == (Reading{}):
		return invalid("meter_fen", fmt.Sprintf("other than %d with tolls", old))
	case was.State == Settled:
		return d.correctPaid(was, a, now)
	}
	r := &d.Ride
	r.Fare = a.Fare.after(was.Fare, now)
	r.Subsidy = a.Subsidy
	if r.Fare.State == FareAsked {
		r.Subsidy = money.Subsidy{Reason: money.SubsidyWaits}
		return nil
	}
	d.owe(true)
	return nil
}

// correctPaid changes a fare that is paid. The money that goes back is the desk's to send.
func (d *Decision) correctPaid(was Ride, a CorrectFare, now time.Time) error {
	r := &d.Ride
	said := Reading{Meter: a.Fare.Meter, Tolls: a.Fare.Tolls, At: now}
	switch old := was.Fare.Total(); {
	case said.Total() > old && was.Rider == "":
		return invalid("meter_fen", fmt.Sprintf(
			"at most %d with tolls: it is paid, and nobody is there to agree to more", old))
	case said.Total() > old:
		r.Fare.Proposed = said
		return nil
	}
	r.Fare = was.Fare.reading(said, now)
	r.Fare.State = FareAccepted
	if a.Subsidy.Granted() {
		r.Subsidy = a.Subsidy
	}
	return nil
}

// after is a fare that takes the place of another.
func (f Fare) after(was Fare, now time.Time) Fare {
	f.Was = append(slices.Clone(was.Was), Reading{Meter: was.Meter, Tolls: was.Tolls, At: now})
	return f
}

// reading is the fare with other words of the driver's.
func (f Fare) reading(said Reading, now time.Time) Fare {
	other := f.after(f, now)
	other.Meter, other.Tolls, other.Proposed = said.Meter, said.Tolls, Reading{}
	return other
}

// agree takes what the rider was asked about after having paid: the rest is owed.
func (d *Decision) agree(was Ride, now time.Time) error {
	if was.Fare.Proposed == (Reading{}) {
		return Errorf(Conflict, ReasonStep, "ride %s: nobody has asked about its fare", was.ID)
	}
	r := &d.Ride
	r.Fare = was.Fare.reading(was.Fare.Proposed, now)
	rest := r.Fare.Total() - was.Fare.Total()
	d.Writes = append(d.Writes, was.owes(money.PurposeRest, rest, 0))
	return nil
}

// disagree is the rider's word against a fare that is paid, or against what they are asked to pay
// besides.
func (d *Decision) disagree(was Ride, now time.Time) error {
	r := &d.Ride
	if was.Fare.Proposed != (Reading{}) {
		r.Fare.Proposed = Reading{}
		return nil
	}
	if err := was.correctable(now); err != nil {
		return err
	}
	if was.Fare.State != FareAccepted {
		return Errorf(Conflict, ReasonStep, "ride %s: its fare is %s", was.ID, was.Fare.State)
	}
	r.Fare.State = FareContested
	return nil
}
