package dispatch

import (
	"context"
	"errors"
	"slices"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// CompleteRide is the driver's tap at the end of the drive, with what the meter says.
type CompleteRide struct {
	Ride   RideID
	Driver DriverID
	Meter  money.Fen // 0 to money.MaxMeter
	Tolls  money.Fen // 0 to money.MaxTolls
	Did    time.Time // when, by the phone, if it is told late; zero is now
	// ByCode says that a street ride without a rider is paid by a code; else it is by hand.
	ByCode bool `json:",omitempty"`
}

// Complete ends the drive. The meter is checked against the ride's trace. If the fare stands, the
// subsidy is reserved and the payments are due; if it is too high, the rider is asked first.
func (d *Desk) Complete(
	ctx context.Context, now time.Time, key Once, c CompleteRide,
) (Receipt, error) {
	trace, err := d.Traces.Trace(ctx, c.Ride)
	if err != nil {
		return Receipt{}, err
	}
	return d.act(ctx, "Complete", now, key, c, c.Ride, func(j *job, r Ride) (Act, error) {
		reading := money.MeterReading{Meter: c.Meter, Tolls: c.Tolls}
		if _, err := reading.Total(); err != nil {
			return nil, err
		}
		if err := r.drivenBy(c.Driver); err != nil {
			return nil, err
		}
		city, err := d.Cities.City(r.City)
		if err != nil {
			return nil, err
		}
		did := r.did(c.Did, now)
		fare, err := checkFare(city, r, reading, trace, did)
		if err != nil {
			return nil, err
		}
		if err := j.arrivedSomewhere(c.Driver); err != nil {
			return nil, err
		}
		if err := j.measurePhone(r, trace); err != nil {
			return nil, err
		}
		act := Complete{Driver: c.Driver, Did: c.Did, Fare: fare, ByCode: c.ByCode}
		if fare.State == FareAccepted && r.State == OnTrip {
			r.Fare, r.CompletedAt = fare, did
			act.Subsidy, err = d.reserve(j, r)
		}
		return act, err
	})
}

// checkFare compares the meter with what the tariff gives for the trace from boarding to now.
func checkFare(
	city City, r Ride, m money.MeterReading, trace []geo.Fix, now time.Time,
) (Fare, error) {
	segments := make([]money.Segment, 0, len(trace))
	start := r.StartedAt
	for i, fix := range trace {
		if fix.At.Before(r.StartedAt) || fix.At.After(now) {
			continue
		}
		if i > 0 && !trace[i-1].At.Before(r.StartedAt) {
			was := trace[i-1]
			segments = append(segments, money.Segment{
				Distance: money.Millimetres(geo.DistanceM(was.Point, fix.Point) * 1000),
				Duration: fix.At.Sub(was.At),
			})
		} else {
			start = fix.At
		}
	}
	// A trace that no meter takes (above 24 hours, say) counts as none: flagged, like a thin one.
	byTrace, stats, err := money.TraceFare(&city.Tariff, start.In(city.Zone), segments)
	if err != nil {
		stats = money.TraceStats{}
	}
	coverage := stats.Coverage(now.Sub(r.StartedAt))
	verdict, err := money.CheckFare(money.FareClaim{
		Meter: m.Meter, Trace: byTrace.Meter(), Coverage: coverage,
	})
	if err != nil {
		return Fare{}, err
	}
	fare := Fare{
		Meter: m.Meter, Tolls: m.Tolls, ByTrace: byTrace.Meter(), Lines: byTrace.Lines,
		Coverage: int(coverage * 100), Flagged: verdict.LowCoverage, State: FareAccepted,
		DrivenM: int(stats.Distance / 1000),
	}
	if !verdict.MayCharge() && r.Rider != "" { // else there is nobody to ask
		fare.State = FareAsked
	}
	return fare, nil
}

// FareWord is the rider's answer to a questioned fare.
type FareWord struct {
	Ride  RideID
	Rider RiderID
}

// Confirm accepts a questioned fare: the subsidy is reserved and the payments are due. After the
// ride was paid it accepts a fare that was corrected to a higher one: the rest is due.
func (d *Desk) Confirm(ctx context.Context, now time.Time, key Once, c FareWord) (Receipt, error) {
	return d.act(ctx, "Confirm", now, key, c, c.Ride, func(j *job, r Ride) (Act, error) {
		act := Confirm{Rider: c.Rider}
		err := r.riddenBy(c.Rider)
		if err == nil && r.State == Completed && r.Fare.State == FareAsked {
			act.Subsidy, err = d.reserve(j, r)
		}
		return act, err
	})
}

// Contest refuses a questioned fare: nothing is charged before the driver has corrected it or ops
// have decided. For a week after the drive it also contests a fare that was not questioned, paid or
// not; an order that is open is closed first. Where the rider is asked for more than they have
// paid, it says no to that. Errors: Conflict with ReasonPayment while some of the ride is paid and
// some is not, or being paid.
func (d *Desk) Contest(ctx context.Context, now time.Time, key Once, c FareWord) (Receipt, error) {
	mine := func(r Ride) error { return r.riddenBy(c.Rider) }
	return d.payOnce(ctx, now, c.Ride, mine, func() (Receipt, error) {
		return do(ctx, d, "Contest", now, key, c, func(j *job) (Receipt, error) {
			r, err := j.tx.LockRide(c.Ride)
			if err == nil {
				err = mine(r)
			}
			if err == nil && r.State == Completed && r.Fare.State == FareAccepted {
				err = j.nobodyPays(r)
			}
			if err != nil {
				return Receipt{}, err
			}
			r, err = j.step(r, Contest{Rider: c.Rider})
			return receipt(r), err
		})
	})
}

// ResolveFare is the word of ops on a fare that its rider contests or never answers.
type ResolveFare struct {
	Ride RideID
	Fare money.Fen // with tolls: 0 to what the driver has claimed
	Note string    // why, for rider and driver; 1 to MaxFareNoteBytes bytes
}

// Resolve decides a questioned fare: the subsidy is reserved and the payments are due. A fare of 0
// without tip or fee settles the ride. What is above it of a fare that was contested after it was
// paid goes back, from the driver, or from us if the driver is owed less. Errors: Conflict with
// ReasonStep where no fare is questioned, Invalid for a fare above what was claimed.
func (d *Desk) Resolve(
	ctx context.Context, now time.Time, key Once, c ResolveFare,
) (Receipt, error) {
	return d.act(ctx, "Resolve", now, key, c, c.Ride, func(j *job, r Ride) (Act, error) {
		act := Resolve{Resolution: Resolution{Total: c.Fare, Note: c.Note, By: key.Identity}}
		if !r.Fare.State.Questioned() {
			return act, nil // Step says why not
		}
		err := act.check(r.Fare)
		if err == nil && r.State == Settled {
			act.Subsidy, err = d.resolvePaid(j, r, c.Fare)
			return act, err
		}
		if err == nil && r.Subsidy.Granted() { // for a fare that stood before it was contested
			if _, err = j.giveBack(r, money.SubsidyVoid, none); err == nil {
				r.Subsidy = r.Subsidy.Anew()
			}
		}
		if err == nil {
			r.Fare = r.Fare.resolved(act.Resolution)
			act.Subsidy, err = d.reserve(j, r)
		}
		return act, err
	})
}

// PayRide is the rider's tap on "pay".
type PayRide struct {
	Ride  RideID
	Rider RiderID
	Means
}

// Means are how a payment is made.
type Means struct {
	Channel money.ChannelName
	Way     money.Way `json:",omitempty"` // with an external channel, how its payer is asked
	Token   string    `json:",omitempty"` // who pays, or the code that was scanned
	PIN     string    `json:"-"`          // of the wallet, "" if it is not given
	// First is what of the payer's own wallet is spent before an external channel.
	First WalletFirst `json:",omitempty"`

	proof    string      // the hash that the PIN is right for
	merchant string      // whose account at an external channel is paid
	alone    WalletFirst // of the wallet, what First was where it pays all
}

func (d *Desk) checkMeans(m Means) error {
	if err := d.checkChannel(m.Channel); err != nil {
		return err
	}
	token := m.Way == money.WayPage || m.Way == money.WayBarcode
	switch {
	case m.Channel.External() != (m.Way != "") || m.Way != "" && !m.Way.Known():
		return Errorf(Invalid, ReasonField,
			"way: %q, must be app, page, qr or barcode with an external channel, else empty", m.Way)
	case token != (m.Token != "") || len(m.Token) > money.MaxToken:
		return Errorf(Invalid, ReasonField,
			"token: %d bytes, must be 1 to %d with page and barcode, else empty",
			len(m.Token), money.MaxToken)
	default:
		return m.checkFirst()
	}
}

// Pay opens an attempt for each payment of the ride that is due; Work takes it to the channel. On
// an external channel all that is due is one order. A ride that turns out to be paid otherwise than
// through its sponsor's channel gives its subsidy back. An open attempt has to be closed before a
// second: cash ends by this, an external order is closed at its channel first. What the payer's
// wallet pays first is held in the same transaction. Errors: Conflict with ReasonLedgerLimit for a
// wallet that can pay nothing of it, with ReasonPINNeeded for one that asks for its PIN, with
// ReasonPayment while the channel does not say how an attempt has ended.
func (d *Desk) Pay(ctx context.Context, now time.Time, key Once, c PayRide) (Receipt, error) {
	mine := func(r Ride) error { return r.riddenBy(c.Rider) }
	var err error
	if c.Means, err = d.prove(ctx, "Pay", now, key, c.Rider, c.Means); err != nil {
		return Receipt{}, err
	}
	return d.payOnce(ctx, now, c.Ride, mine, func() (Receipt, error) {
		return do(ctx, d, "Pay", now, key, c, func(j *job) (Receipt, error) {
			return d.pay(j, c.Ride, mine, purse{}, c.Means)
		})
	})
}

// purse is who pays, and what, where that is not a ride's own payer all that they owe.
type purse struct {
	share money.PaymentID // alone
	rider RiderID         // whose wallet it is
	// byCode says that the rider's phone has shown a code, and may be offline.
	byCode bool
}

// of are the payments that are paid: a share, or all that the ride's payer owes.
func (s purse) of(r Ride, payments []money.Payment) []money.Payment {
	return slices.DeleteFunc(slices.Clone(payments), func(p money.Payment) bool {
		if s.share != "" {
			return p.ID != s.share
		}
		return p.Payer != r.payer()
	})
}

// payOnce does pay, and again after the ride's open orders were closed if one was in its way.
func (d *Desk) payOnce(
	ctx context.Context, now time.Time, ride RideID, mine func(Ride) error,
	pay func() (Receipt, error),
) (Receipt, error) {
	all := func(Ride, money.Payment) bool { return true }
	return d.payOnceOf(ctx, now, ride, mine, all, pay)
}

// payOnceOf is payOnce where only the orders of some payments may be in the way.
func (d *Desk) payOnceOf(
	ctx context.Context, now time.Time, ride RideID, mine func(Ride) error,
	which func(Ride, money.Payment) bool, pay func() (Receipt, error),
) (Receipt, error) {
	answer, err := pay()
	if open := (*money.StateError)(nil); !errors.As(err, &open) {
		return answer, err
	}
	if err := d.closeOrdersOf(ctx, now, ride, mine, which); err != nil {
		return Receipt{}, err
	}
	return pay()
}

func (d *Desk) pay(
	j *job, ride RideID, mine func(Ride) error, from purse, m Means,
) (Receipt, error) {
	if err := d.checkMeans(m); err != nil {
		return Receipt{}, err
	}
	r, err := j.tx.LockRide(ride)
	if err != nil {
		return Receipt{}, err
	}
	if err := mine(r); err != nil {
		return Receipt{}, err
	}
	switch {
	case r.CancelFee > 0:
		return d.payCancelFee(j, r, m)
	case r.State == Settled:
		return d.payRest(j, r, from, m)
	case r.State != Completed:
		return Receipt{}, Errorf(Conflict, ReasonStep,
			"ride %s is %s: nothing to pay", r.ID, r.State)
	case !r.Fare.State.Stands():
		return Receipt{}, Errorf(Conflict, ReasonStep,
			"ride %s: its fare is %s: nothing to pay yet", r.ID, r.Fare.State)
	}
	if paid, is, err := d.payAsReserved(j, r, from, m); is || err != nil {
		return paid, err
	}
	payments, err := d.payBy(j, &r, m.Channel)
	if err != nil {
		return Receipt{}, err
	}
	payments = from.of(r, payments)
	if !slices.ContainsFunc(payments, unpaid) {
		return Receipt{}, Errorf(Conflict, ReasonNothingDue, "ride %s: nothing to pay", r.ID)
	}
	if err := j.discounts(r, payments, m.Channel); err != nil {
		return Receipt{}, err
	}
	return d.open(j, r, from, m, payments)
}

// open makes attempts for what is due.
func (d *Desk) open(
	j *job, r Ride, from purse, m Means, payments []money.Payment,
) (Receipt, error) {
	if from.rider == "" {
		from.rider = r.Rider
	}
	if paid, is, err := d.payAlone(j, r, from, m, payments); is || err != nil {
		return paid, err
	}
	if m.Channel == money.InWallet {
		if err := d.opensWallet(j, r, from, payments, m.proof); err != nil {
			return Receipt{}, err
		}
	}
	attempts, err := d.tries(j, r, from, m, payments)
	if err != nil {
		return Receipt{}, err
	}
	return receipt(r), d.holdFirst(j, r, from.rider, m, attempts)
}

// tries makes attempts for what is due, through an external channel as one order.
func (d *Desk) tries(
	j *job, r Ride, from purse, m Means, payments []money.Payment,
) (list []money.Attempt, err error) {
	if m.merchant, err = d.merchant(j, r, m.Channel); err != nil {
		return nil, err
	}
	var order money.AttemptID
	for _, p := range payments {
		if p.State.Final() {
			continue
		}
		id := money.AttemptID(d.NewID(j.now))
		if !m.Channel.External() || order == "" {
			order = id
		}
		attempt, err := j.try(p, id, order, from, m)
		if err != nil {
			return nil, err
		}
		list = append(list, attempt)
	}
	return list, nil
}

// merchant is whose account at a channel is paid for a ride: that of its driver's company, if it
// has one of its own, else the house's. The order remembers it: whatever becomes of driver and
// company, it is asked about, told of, given back and billed where it was paid.
func (d *Desk) merchant(j *job, r Ride, channel money.ChannelName) (string, error) {
	if len(d.Contracts[channel].Own) == 0 || r.Driver == "" {
		return "", nil
	}
	driver, err := j.tx.Driver(r.Driver)
	return d.Contracts.Merchant(channel, driver.Company), err
}

// due is what is charged for payments that are not made.
func due(payments []money.Payment) (sum money.Fen) {
	for _, p := range payments {
		if !p.State.Final() {
			sum += p.Charge()
		}
	}
	return sum
}

// payCancelFee opens an attempt for what is still owed for a late cancel. There is no taxi in which
// it could be paid by hand.
func (d *Desk) payCancelFee(j *job, r Ride, m Means) (Receipt, error) {
	if m.Channel == money.Cash {
		return Receipt{}, Errorf(Conflict, ReasonStep,
			"ride %s: the fee of a cancel is not paid by hand", r.ID)
	}
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return Receipt{}, err
	}
	for _, p := range payments {
		if p.State.Final() {
			return Receipt{}, Errorf(Conflict, ReasonStep,
				"ride %s: its fee is %s: nothing to pay", r.ID, p.State)
		}
	}
	return d.open(j, r, purse{}, m, payments)
}

// closeOrdersOf closes open orders of a ride, for some of its payments, at their channels: somebody
// whose ride it is wants it to be paid otherwise.
func (d *Desk) closeOrdersOf(
	ctx context.Context, now time.Time, ride RideID, mine func(Ride) error,
	which func(Ride, money.Payment) bool,
) error {
	var open []money.AttemptID
	err := d.Store.Tx(ctx, func(tx Tx) error {
		open = nil
		r, err := tx.Ride(ride)
		if err != nil {
			return err
		}
		if err := mine(r); err != nil {
			return err
		}
		payments, err := tx.PaymentsOf(r.Subject())
		if err != nil {
			return err
		}
		for _, p := range payments {
			a, ok, err := tx.OpenAttempt(p.ID)
			if err != nil {
				return err
			}
			if ok && a.Channel.External() && which(r, p) && !slices.Contains(open, a.Order) {
				open = append(open, a.Order)
			}
		}
		return nil
	})
	for _, id := range open {
		err = errors.Join(err, d.CloseOrder(ctx, now, id))
	}
	return err
}

// try opens an attempt of an order; one in cash is ended for it.
func (j *job) try(
	p money.Payment, id, order money.AttemptID, from purse, m Means,
) (attempt money.Attempt, err error) {
	was := p.State
	if m.Channel != money.Cash {
		if p, err = j.notByHand(p); err != nil {
			return attempt, err
		}
	}
	if p, attempt, err = p.Try(id, m.Channel, j.now); err != nil {
		return attempt, err
	}
	attempt.Order, attempt.Way, attempt.Token = order, m.Way, m.Token
	attempt.Merchant = m.merchant
	if m.Channel == money.InWallet {
		attempt.Payer = RiderParty(from.rider)
	}
	if order != id { // the one that leads the order is taken to the channel
		attempt.DueAt = time.Time{}
	}
	if err := j.tx.UpdatePayment(p, was); err != nil {
		return attempt, err
	}
	j.opened = true
	return attempt, j.tx.InsertAttempt(attempt)
}

// CashReceived is the driver's word that the rider has paid by hand.
type CashReceived struct {
	Ride   RideID
	Driver DriverID
}

// CashReceived confirms every payment of a ride that is due, or to be paid, in cash. An order that
// is open at an external channel is closed there first; errors as of Pay.
func (d *Desk) CashReceived(
	ctx context.Context, now time.Time, key Once, c CashReceived,
) (Receipt, error) {
	mine := func(r Ride) error { return r.drivenBy(c.Driver) }
	return d.payOnce(ctx, now, c.Ride, mine, func() (Receipt, error) {
		return d.cashReceived(ctx, now, key, c)
	})
}

func (d *Desk) cashReceived(
	ctx context.Context, now time.Time, key Once, c CashReceived,
) (Receipt, error) {
	return do(ctx, d, "CashReceived", now, key, c, func(j *job) (Receipt, error) {
		r, err := j.tx.LockRide(c.Ride)
		if err != nil {
			return Receipt{}, err
		}
		if err := r.drivenBy(c.Driver); err != nil {
			return Receipt{}, err
		}
		if (r.State != Completed || !r.Fare.State.Stands()) && r.State != Settled {
			return Receipt{}, Errorf(Conflict, ReasonStep,
				"ride %s is %s, its fare %s: nothing to confirm", r.ID, r.State, r.Fare.State)
		}
		payments, err := d.payBy(j, &r, money.Cash)
		if err != nil {
			return Receipt{}, err
		}
		if r.State == Settled && !slices.ContainsFunc(payments, unpaid) {
			return Receipt{}, Errorf(Conflict, ReasonStep,
				"ride %s is %s: nothing to confirm", r.ID, r.State)
		}
		if err := j.discounts(r, payments, money.Cash); err != nil {
			return Receipt{}, err
		}
		for i, p := range payments {
			if p.State.Final() {
				continue
			}
			id := money.AttemptID(d.NewID(now))
			if payments[i], err = j.handOver(p, id); err != nil {
				return Receipt{}, err
			}
		}
		r, err = j.settle(r, payments)
		return receipt(r), err
	})
}

// handOver pays a payment by hand, with the attempt that is open for it or a new one.
func (j *job) handOver(p money.Payment, id money.AttemptID) (money.Payment, error) {
	was := p.State
	attempt, open, err := j.tx.OpenAttempt(p.ID)
	if err != nil {
		return p, err
	}
	before := attempt.State
	if !open {
		if p, attempt, err = p.Try(id, money.Cash, j.now); err != nil {
			return p, err
		}
	} else if attempt.Channel != money.Cash {
		return p, &money.StateError{
			What: "payment", ID: string(p.ID), State: p.State.String(), Step: "be paid in cash",
		}
	}
	p, attempt, err = p.Settle(attempt, money.Outcome{State: money.AttemptPaid})
	if err != nil {
		return p, err
	}
	if err := j.tx.UpdatePayment(p, was); err != nil {
		return p, err
	}
	if open {
		return p, j.tx.UpdateAttempt(attempt, before)
	}
	return p, j.tx.InsertAttempt(attempt)
}

// settle ends a ride whose payments are all made; a cancelled one, and one of which a rest was
// owed, have ended already.
func (j *job) settle(r Ride, payments []money.Payment) (Ride, error) {
	if r.State == Cancelled || r.State == Settled {
		j.after = append(j.after, Tell{Ride: r}, Push{Driver: r.Driver, Ride: r})
		return r, nil
	}
	for _, p := range payments {
		if !p.State.Final() {
			return r, nil
		}
	}
	given, err := j.giveShares(r, payments)
	if err != nil {
		return r, err
	}
	return j.step(r, Settle{Subsidy: given})
}
