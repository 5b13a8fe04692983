package sim

import (
	"errors"
	"fmt"

	"hexhail/dispatch"
	"hexhail/geo"
)

// once is a request of a simulated app: one per command.
func once(identity, id string) dispatch.Once {
	return dispatch.Once{Identity: identity, RequestID: id}
}

// fix sends a fix now, whatever the phone's rhythm.
func (v *virtual) fix(d *driver) error {
	if report, ok := v.reportOf(d); ok {
		v.frame = append(v.frame[:0], report)
		v.engine.Fixes(v.frame, v.now)
	}
	return nil
}

// reportOf makes the next fix, as the session would take it: checked, and on a ride appended to
// the trace.
func (v *virtual) reportOf(d *driver) (dispatch.Report, bool) {
	fix, ok := d.report(&v.crowd)
	if !ok {
		return dispatch.Report{}, false
	}
	if err := geo.CheckFix(d.last(), fix, v.now); err != nil {
		v.tally.refusedFix(err)
		return dispatch.Report{}, false
	}
	if d.phase == onTrip {
		d.trace = append(d.trace, fix)
	}
	d.sent(fix)
	return dispatch.Report{Taxi: d.taxi, Fix: fix}, true
}

// flush hands the trace to the store, as a session does in batches.
func (v *virtual) flush(d *driver) error {
	if len(d.trace) == 0 {
		return nil
	}
	err := v.store.AppendTrace(v.ctx, d.job.ride, d.trace)
	d.trace = d.trace[:0]
	return err
}

func (v *virtual) shown(d *driver, offer dispatch.OfferID) error {
	return expected(v.desk.Delivered(v.ctx, v.now, offer, d.id))
}

func (v *virtual) give(d *driver, cmd command) error {
	got, err := v.obey(d, cmd)
	if err == nil && cmd.deed == grab && got.State == dispatch.Searching {
		d.race(&v.crowd, cmd, got.Ride)
		return nil
	}
	return d.answered(&v.crowd, cmd, got.Ride, err)
}

func (v *virtual) obey(d *driver, cmd command) (r dispatch.Receipt, err error) {
	ctx, now, key := v.ctx, v.now, once("driver:"+string(d.id), cmd.id)
	offer := dispatch.AnswerOffer{Offer: cmd.offer, Driver: d.id}
	ride := dispatch.DriveRide{Ride: cmd.errand.ride, Driver: d.id, Reason: cmd.reason}
	switch cmd.deed {
	case beginShift, endShift:
		shift := dispatch.SetDuty{Driver: d.id, Taxi: d.taxi, Duty: dispatch.OnDuty}
		if cmd.deed == endShift {
			shift.Duty = dispatch.OffDuty
		}
		_, err = v.desk.SetDuty(ctx, now, key, shift)
		return r, err
	case takeStreet:
		rider := &v.riders[cmd.errand.rider] // who pays in the app by the driver's code
		return v.desk.Occupied(ctx, now, key, dispatch.StreetRide{
			Driver: d.id, Rider: rider.id, At: cmd.place, PayBy: rider.payBy,
		})
	case accept:
		return v.desk.Accept(ctx, now, key, offer)
	case decline:
		return v.desk.Decline(ctx, now, key, offer)
	case grab:
		return v.desk.Grab(ctx, now, key, dispatch.GrabRide{
			Call: cmd.call, Driver: d.id, At: d.pos,
		})
	case arrived:
		return v.desk.Arrive(ctx, now, key, ride)
	case started:
		return v.desk.Start(ctx, now, key, ride)
	case released:
		return v.desk.Release(ctx, now, key, ride)
	case inVain:
		return v.desk.NoShow(ctx, now, key, ride)
	case takeBooking:
		return v.desk.TakeBooking(ctx, now, key, dispatch.HoldBooking{
			Ride: cmd.errand.ride, Driver: d.id,
		})
	default:
		return v.obeyAtEnd(d, cmd, key)
	}
}

// obeyAtEnd is what ends a drive, and what comes after it.
func (v *virtual) obeyAtEnd(d *driver, cmd command, key dispatch.Once) (
	r dispatch.Receipt, err error,
) {
	if cmd.deed == cashTaken {
		return v.desk.CashReceived(v.ctx, v.now, key, dispatch.CashReceived{
			Ride: cmd.errand.ride, Driver: d.id,
		})
	}
	if err := v.flush(d); err != nil {
		return r, err
	}
	if cmd.deed == broken {
		return v.desk.BreakDown(v.ctx, v.now, key, dispatch.DriveRide{
			Ride: cmd.errand.ride, Driver: d.id, At: dispatch.Place{Point: cmd.place},
		})
	}
	return v.desk.Complete(v.ctx, v.now, key, dispatch.CompleteRide{
		Ride: cmd.errand.ride, Driver: d.id, Meter: cmd.meter,
	})
}

// look is the driver's app reading the ride's row.
func (v *virtual) look(d *driver) error {
	ride, err := v.read(d.job.ride)
	if err == nil {
		d.onRide(&v.crowd, ride.Brief())
	}
	return err
}

func (v *virtual) read(id dispatch.RideID) (r dispatch.Ride, err error) {
	err = v.store.Tx(v.ctx, func(tx dispatch.Tx) error {
		r, err = tx.Ride(id)
		return err
	})
	return r, err
}

// share implements [phones]. A recorded trip that is faster than any taxi is refused here too.
func (v *virtual) share(r *rider, at geo.Point) error {
	_, err := v.desk.SharePosition(v.ctx, v.now, dispatch.SharePosition{
		Ride: r.ride, Rider: r.id, Fix: geo.Fix{Point: at, At: v.now, AccuracyM: 5},
	})
	var fix *geo.FixError
	if errors.As(err, &fix) {
		v.tally.refusedFix(err)
		return nil
	}
	return expected(err)
}

func (v *virtual) ask(r *rider, w wish) error {
	got, err := v.serve(r, w)
	return r.answered(&v.crowd, w, got, err)
}

func (v *virtual) serve(r *rider, w wish) (got told, err error) {
	r.asked++
	ctx, now := v.ctx, v.now
	key := once("rider:"+string(r.id), r.requestID())
	word := dispatch.FareWord{Ride: r.ride, Rider: r.id}
	switch w {
	case wantRide:
		return v.requestRide(r, key)
	case wantLook:
		ride, err := v.read(r.ride)
		return told{brief: ride.Brief(), fare: ride.Fare.State}, err
	case wantOut:
		_, err = v.desk.Cancel(ctx, now, key, dispatch.CancelRide{
			Ride: r.ride, Rider: r.id, Reason: r.whyOut(),
		})
	case wantTip:
		_, err = v.desk.AddTip(ctx, now, key, dispatch.RaiseTip{
			Ride: r.ride, Rider: r.id, To: r.tip,
		})
	case wantComplain:
		_, err = v.desk.Complain(ctx, now, key, dispatch.MakeComplaint{
			Ride: r.ride, Rider: r.id, Cause: complainsOf,
		})
	case wantKeep:
		got.kept, err = v.keep(r, key)
	case wantConfirm:
		_, err = v.desk.Confirm(ctx, now, key, word)
	default:
		_, err = v.desk.Pay(ctx, now, key, dispatch.PayRide{
			Ride: r.ride, Rider: r.id, Means: dispatch.Means{Channel: r.payBy},
		})
	}
	return got, err
}

// Why riders cancel, and what they complain of.
const (
	lateTaxi    = "taxi is late"
	changedMind = "changed their mind"
	complainsOf = dispatch.CauseRude
)

func (r *rider) whyOut() string {
	if r.leaving {
		return changedMind
	}
	return lateTaxi
}

// requestID is the app's own id of the rider's latest request. Who comes back has another app.
func (r *rider) requestID() string {
	if r.again {
		return fmt.Sprintf("%d-%d", r.who, r.asked)
	}
	return fmt.Sprint(r.asked)
}

// keep is a rider's wish to keep the driver, and the driver's yes.
func (v *virtual) keep(r *rider, key dispatch.Once) (dispatch.RegularID, error) {
	driver := v.drivers[r.payee].id
	kept, err := v.desk.ProposeRegular(v.ctx, v.now, key, dispatch.ProposeRegular{
		Person: dispatch.Person{Rider: r.id}, Ride: r.ride,
	})
	if err != nil {
		return "", err
	}
	key = once("driver:"+string(driver), "keep "+string(kept.ID))
	_, err = v.desk.AgreeRegular(v.ctx, v.now, key, dispatch.RegularWord{
		Person: dispatch.Person{Driver: driver}, Regular: kept.ID,
	})
	return kept.ID, err
}

func (v *virtual) requestRide(r *rider, key dispatch.Once) (got told, err error) {
	if r.will.lead > 0 {
		return v.bookRide(r, key)
	}
	got.quoted = v.engine.Nearby(r.trip.Pickup, v.now).Pickup
	quote, err := v.city.QuoteFor(r.trip.Pickup, r.trip.Dropoff, got.quoted, v.now)
	if err != nil {
		return got, err
	}
	receipt, err := v.desk.Request(v.ctx, v.now, key, dispatch.RequestRide{
		City: v.city.ID, Rider: r.id, Seats: r.trip.Seats, PayBy: r.payBy, Quote: quote,
		Pickup:  dispatch.Place{Point: r.trip.Pickup},
		Dropoff: dispatch.Place{Point: r.trip.Dropoff},
		Voice:   clip(r.will.clipS), First: r.first, Device: r.device,
	})
	got.brief.ID = receipt.Ride
	return got, err
}

// bookRide asks for a taxi at a time ahead. Nobody can say where taxis will be then.
func (v *virtual) bookRide(r *rider, key dispatch.Once) (got told, err error) {
	quote, err := v.city.QuoteFor(r.trip.Pickup, r.trip.Dropoff, 0, r.pickupAt)
	if err != nil {
		return got, err
	}
	receipt, err := v.desk.Book(v.ctx, v.now, key, dispatch.BookRide{
		RequestRide: dispatch.RequestRide{
			City: v.city.ID, Rider: r.id, Seats: r.trip.Seats, PayBy: r.payBy, Quote: quote,
			Pickup:  dispatch.Place{Point: r.trip.Pickup},
			Dropoff: dispatch.Place{Point: r.trip.Dropoff},
			Voice:   clip(r.will.clipS),
		},
		PickupAt: r.pickupAt,
	})
	got.brief.ID = receipt.Ride
	return got, err
}
