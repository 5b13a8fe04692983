package driver

import (
	"testing"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
)

// newNextTown is a town that asks drivers up to 15 minutes before they are free, with a phone whose
// driver has a rider on board.
func newNextTown(t *testing.T) (*town, *phone, dispatch.RideID) {
	t.Helper()
	w := newRows(t)
	w.city = w.city.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.ForwardS, p.ForwardLateS = 900, 900
		return p
	})
	w.desk.Cities = dispatch.Cities{w.city.ID: w.city}
	w.openBus()
	w.startEngine()
	w.startServer()
	w.enrol(1)
	p := w.phone(0)
	ride, offer := w.toOffer(p)
	if offer.GetAfterCurrentRide() || offer.GetCurrentRideTime() != nil {
		t.Errorf("an idle driver's offer is for afterwards: %v", offer)
	}
	p.do(accept(offer.GetOfferId()))
	p.do(atRide("arrived", string(ride)))
	p.do(atRide("started", string(ride)))
	return w, p, ride
}

// takeNext has the driver asked, and say yes, for a ride near the end of the present one.
func (w *town) takeNext(p *phone) dispatch.RideID {
	w.t.Helper()
	next := w.ask("R2", w.at(2100, 2000))
	offer := p.offered(next)
	rest, pickup := offer.GetCurrentRideTime().AsDuration(), offer.GetPickupTime().AsDuration()
	if !offer.GetAfterCurrentRide() || rest <= 0 || pickup <= rest ||
		offer.GetPickupMeters() > 200 {
		w.t.Errorf("offer %v: want it after the ride, with the way from its end", offer)
	}
	got := p.do(accept(offer.GetOfferId())).GetRide()
	if got.GetState() != typepb.RideState_RIDE_STATE_ASSIGNED || !got.GetAfterAnother() ||
		got.GetExpectedAt() == nil || got.GetContact().GetName() != "Wang" {
		w.t.Errorf("accepted: %v", got)
	}
	return next
}

// TestNextRide: a driver has two rides, in their order, and the session knows which is which.
func TestNextRide(t *testing.T) {
	w, p, ride := newNextTown(t)
	next := w.takeNext(p)
	s := p.again()
	if s.GetRide().GetRideId() != string(ride) || s.GetNextRide().GetRideId() != string(next) ||
		!s.GetNextRide().GetAfterAnother() || s.GetRide().GetAfterAnother() {
		t.Fatalf("snapshot %v", s)
	}
	refused := p.give(atRide("arrived", string(next))).GetError()
	if refused.GetReason() != string(dispatch.ReasonDriverBusy) {
		t.Errorf("arrived at the next ride with a rider on board: %v", refused)
	}
	p.drive(w.at(120, 0))
	eventually(t, "the position of the present ride", func() bool {
		return len(w.tap.watched(ride)) > 0
	})
	if n := len(w.tap.watched(next)); n != 0 {
		t.Errorf("%d positions for the rider of the next ride", n)
	}
	p.do(atRide("completed", string(ride)))
	await(p, "promoted ride", (*driverpb.DriveResponse).GetRide, func(r *typepb.Ride) bool {
		return r.GetRideId() == string(next) && !r.GetAfterAnother() &&
			r.GetState() == typepb.RideState_RIDE_STATE_ASSIGNED
	})
	if s := p.again(); s.GetRide().GetRideId() != string(next) || s.GetNextRide() != nil {
		t.Errorf("snapshot %v", s)
	}
	p.do(atRide("arrived", string(next)))
	p.do(atRide("started", string(next)))
	p.do(atRide("completed", string(next)))
}

// TestNextRideTakenAway: a next ride that searches anew, which the phone did not hear, is found by
// reading rows; the present one stays.
func TestNextRideTakenAway(t *testing.T) {
	w, p, ride := newNextTown(t)
	next := w.takeNext(p)
	w.hints.deaf.Store(true)
	_, err := w.desk.Release(w.ctx, w.clock.Now(), w.key("driver:D0"),
		dispatch.DriveRide{Ride: next, Driver: p.driver})
	check(t, err)
	await(p, "ride", (*driverpb.DriveResponse).GetRide, func(r *typepb.Ride) bool {
		return r.GetRideId() == string(next) && r.GetContact() == nil &&
			r.GetState() == typepb.RideState_RIDE_STATE_SEARCHING
	})
	w.hints.deaf.Store(false)
	if s := p.again(); s.GetRide().GetRideId() != string(ride) || s.GetNextRide() != nil {
		t.Errorf("snapshot %v", s)
	}
}
