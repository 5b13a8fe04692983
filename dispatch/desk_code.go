package dispatch

import (
	"context"
	"crypto/rand"
	"time"

	"hexhail/money"
)

// MakePayCode asks for a code that a driver shows.
type MakePayCode struct {
	Driver DriverID
	Ride   RideID // of the driver's; "" is for the taxi's dashboard
	// Renew makes a new one though there is one: the old one leads nowhere from then on.
	Renew bool `json:",omitempty"`
}

// MakePayCode returns the code of a driver's ride, or of the taxi of their shift, and makes it if
// there is none. Errors: NotFound for a ride that is not theirs, Conflict with ReasonOffDuty
// without a shift.
func (d *Desk) MakePayCode(
	ctx context.Context, now time.Time, key Once, c MakePayCode,
) (PayCode, error) {
	return do(ctx, d, "MakePayCode", now, key, c, func(j *job) (PayCode, error) {
		want := PayCode{Ride: c.Ride}
		if c.Ride == "" {
			var err error
			if want.Taxi, err = j.taxiOf(c.Driver); err != nil {
				return PayCode{}, err
			}
			return j.payCode(want, c.Renew)
		}
		r, err := j.tx.LockRide(c.Ride)
		if err == nil {
			err = r.drivenBy(c.Driver)
		}
		if err != nil {
			return PayCode{}, err
		}
		return j.payCode(want, c.Renew)
	})
}

// taxiOf is the taxi of a driver's shift.
func (j *job) taxiOf(driver DriverID) (TaxiID, error) {
	if _, err := j.tx.LockDriver(driver); err != nil {
		return "", err
	}
	shift, ok, err := j.tx.Shift(driver)
	if err == nil && (!ok || shift.Duty == OffDuty) {
		err = Errorf(Conflict, ReasonOffDuty, "driver %s is off duty: a code is of a taxi", driver)
	}
	return shift.Taxi, err
}

// payCode is the code that leads where want does.
func (j *job) payCode(want PayCode, renew bool) (PayCode, error) {
	is, ok, err := j.tx.PayCodeTo(want)
	if err != nil || ok && !renew {
		return is, err
	}
	if ok {
		if err := j.tx.DropPayCode(is.Code); err != nil {
			return PayCode{}, err
		}
	}
	want.Code, want.MadeAt = rand.Text(), j.now
	return want, j.tx.InsertPayCode(want)
}

// Scan is what a code leads to now. Errors: NotFound with ReasonUnknownCode, Conflict with
// ReasonNothingDue where there is nothing to pay yet, or any more.
func (d *Desk) Scan(ctx context.Context, now time.Time, code string) (Scanned, error) {
	var s Scanned
	err := d.Store.View(ctx, func(tx Tx) error {
		r, share, err := leadsTo(tx, code, now)
		if err != nil {
			return err
		}
		s, err = d.scanned(tx, r, purse{share: share})
		return err
	})
	return s, err
}

// leadsTo is the ride that a code leads to, and the share of it if it leads to one.
func leadsTo(tx Tx, code string, now time.Time) (Ride, money.PaymentID, error) {
	if err := checkPayCode(code); err != nil {
		return Ride{}, "", err
	}
	c, ok, err := tx.PayCode(code)
	if err != nil {
		return Ride{}, "", err
	}
	if !ok {
		return Ride{}, "", unknownCode()
	}
	if c.Taxi == "" {
		r, err := tx.Ride(c.Ride)
		return r, c.Share, err
	}
	r, ok, err := tx.TaxisRide(c.Taxi)
	if err == nil && !ok {
		err = Errorf(Conflict, ReasonNothingDue, "nothing is to be paid")
	}
	if err == nil {
		err = r.owedAt(now)
	}
	return r, "", err
}

func (d *Desk) scanned(tx Tx, r Ride, from purse) (Scanned, error) {
	taxi, err := tx.Taxi(r.Taxi)
	if err != nil {
		return Scanned{}, err
	}
	s := Scanned{
		City: r.City, Plate: taxi.Plate, CompletedAt: r.CompletedAt, State: r.State,
		Fare: r.Fare.Total(), Ways: externals(d.Channels),
	}
	payments, err := tx.PaymentsOf(r.Subject())
	if err != nil {
		return Scanned{}, err
	}
	for _, p := range from.of(r, payments) {
		o := Owed{Payment: p}
		if a, open, err := tx.OpenAttempt(p.ID); err != nil {
			return Scanned{}, err
		} else if open {
			if o, err = owedBy(tx, p, a); err != nil {
				return Scanned{}, err
			}
		}
		s.Payments = append(s.Payments, o)
	}
	return s, nil
}

// owedBy is a payment with its open attempt, and the ticket of that one's order.
func owedBy(tx Tx, p money.Payment, a money.Attempt) (Owed, error) {
	o := Owed{Payment: p, Way: a.Way, Attempt: a.State, Reason: a.Reason, Ticket: a.Ticket}
	if a.Order == a.ID {
		return o, nil
	}
	lead, err := tx.Attempt(a.Order)
	o.Ticket = lead.Ticket
	return o, err
}

// PayByCode is somebody's tap on "pay" after a scan.
type PayByCode struct {
	Code  string
	Rider RiderID `json:",omitempty"` // who it is, "" for somebody whom we do not know
	Means
}

func (c PayByCode) check() error {
	switch {
	case c.Channel == money.Cash || c.Way == money.WayBarcode:
		return invalid("channel", "another one than cash, and not by a barcode")
	case c.Channel == money.InWallet && c.Rider == "":
		return invalid("channel", "an external one: nobody knows whose wallet")
	case c.First != "" && c.Rider == "":
		return invalid("wallet_first", "empty: nobody knows whose wallet")
	default:
		return nil
	}
}

// PayByCode pays all that is due where a code leads: out of a rider's wallet, or through an
// external channel; Scan has the ticket. An order that waits for whoever scans it, on the same
// channel, is that of all: no second one is made. Errors: as of Scan and Pay; Invalid for cash, and
// for a barcode, which is scanned at the driver's phone.
func (d *Desk) PayByCode(
	ctx context.Context, now time.Time, key Once, c PayByCode,
) (Receipt, error) {
	if err := c.check(); err != nil {
		return Receipt{}, err
	}
	var ride RideID
	from := purse{rider: c.Rider}
	var err error
	if c.Means, err = d.prove(ctx, "PayByCode", now, key, c.Rider, c.Means); err != nil {
		return Receipt{}, err
	}
	err = d.Store.View(ctx, func(tx Tx) error {
		r, share, err := leadsTo(tx, c.Code, now)
		ride, from.share = r.ID, share
		return err
	})
	if err != nil {
		return Receipt{}, err
	}
	led := func(r Ride) error { // the code may have been renewed, or the taxi have gone on
		if r.ID != ride {
			return unknownCode()
		}
		return nil
	}
	which := func(r Ride, p money.Payment) bool {
		return len(from.of(r, []money.Payment{p})) > 0
	}
	return d.payOnceOf(ctx, now, ride, led, which, func() (Receipt, error) {
		return do(ctx, d, "PayByCode", now, key, c, func(j *job) (Receipt, error) {
			r, _, err := leadsTo(j.tx, c.Code, now)
			if err != nil {
				return Receipt{}, err
			}
			if err := led(r); err != nil {
				return Receipt{}, err
			}
			if waits, err := j.waits(r, from, c.Means); err != nil || waits {
				return receipt(r), err
			}
			return d.pay(j, ride, led, from, c.Means)
		})
	})
}

// waits reports whether an order that anybody may pay is open for all that is due, by these means.
func (j *job) waits(r Ride, from purse, m Means) (bool, error) {
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return false, err
	}
	due := 0
	for _, p := range from.of(r, payments) {
		if p.State.Final() {
			continue
		}
		due++
		a, open, err := j.tx.OpenAttempt(p.ID)
		alike := m.Way == money.WayQR && a.Way == m.Way && a.Channel == m.Channel &&
			(m.First == "" || a.Outside() < a.Charge())
		if err != nil || !open || !alike {
			return false, err
		}
	}
	return due > 0, nil
}
