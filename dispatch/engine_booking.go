package dispatch

import (
	"context"
	"errors"
	"time"

	"hexhail/geo"
)

// bookingBatch is how many bookings are looked at in a second; who is left comes next.
const bookingBatch = 200

// doBookings does what is due with bookings: drivers are reminded and set out, or lose the booking
// in time for another to be found, and those without a driver search. Each has a transaction of its
// own: a refused one holds up no other.
func (e *Engine) doBookings(ctx context.Context, now time.Time) error {
	var due []Ride
	err := e.store.View(ctx, func(tx Tx) (err error) {
		due, err = tx.DueBookings(e.city.ID, now, bookingBatch)
		return err
	})
	for _, r := range due {
		err = errors.Join(err, e.doBooking(ctx, r, now))
	}
	return err
}

func (e *Engine) doBooking(ctx context.Context, r Ride, now time.Time) error {
	var j job
	err := e.store.FencedTx(ctx, e.fence, func(tx Tx) error {
		j = job{tx: tx, now: now}
		return e.decideBooking(&j, r)
	})
	switch ReasonOf(err) {
	case ReasonStale, ReasonDriverBusy:
		if err != nil {
			return nil // somebody was faster; it is due still, or not any more
		}
	default:
	}
	if err == nil {
		e.tell(ctx, &j, now)
	}
	return err
}

// decideBooking looks at one booking, shift first and ride then, as all commands lock.
func (e *Engine) decideBooking(j *job, r Ride) error {
	var d ready
	var shift Shift
	if r.State == Booked {
		var err error
		if d, shift, err = e.readyFor(j, r); err != nil {
			return err
		}
	}
	act, next := e.policy.dueAct(r, d, j.now)
	_, falls := act.(FallOut)
	if falls && !d.known && j.now.Sub(e.begunAt) < e.policy.Stale() {
		// An engine that has just begun has not heard where the taxis are.
		act, next = nil, j.now.Add(time.Second)
	}
	switch a := act.(type) {
	case nil:
		b := r.Booking
		b.DueAt = next
		_, err := j.tx.PutOff(r.ID, r.Version, b)
		return err
	case SetOut:
		if err := j.withdrawFrom(r.Driver, OfferWithdrawn); err != nil {
			return err
		}
		a.Taxi = shift.Taxi
		_, err := j.step(r, a)
		return err
	default:
		_, err := j.step(r, act)
		return err
	}
}

// readyFor says whether a booking's driver can set out, as the rows say, and how long the way is,
// by roads or
// the learned pace from the taxi's last fix.
func (e *Engine) readyFor(j *job, r Ride) (ready, Shift, error) {
	shift, ok, err := j.tx.Shift(r.Driver)
	if err != nil {
		return ready{}, shift, err
	}
	_, busy, err := j.tx.DriversRide(r.Driver)
	if err != nil {
		return ready{}, shift, err
	}
	d := ready{
		can: ok && !busy && shift.Duty == OnDuty && shift.City == r.City &&
			shift.Seats >= r.Seats && shift.Vehicle.Serves(r.Wants),
	}
	ref, ok := e.fleet.byTaxi[shift.Taxi]
	if !ok {
		return d, shift, nil
	}
	c := &e.fleet.taxis[ref]
	if c.shift.Driver != r.Driver || j.now.Sub(c.fixedAt) > e.policy.Stale() {
		return d, shift, nil
	}
	to, hour := r.Pickup.Point, e.hour(j.now)
	drive := []geo.Estimate{
		e.estimate(c.at, to, geo.DistanceM(c.at, to), e.speed.PaceAt(to, hour)),
	}
	e.time(drive, hour)
	d.known, d.way = true, time.Duration(drive[0].TimeMS)*time.Millisecond
	return d, shift, nil
}
