package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// TestSnapshot is a phone that was cut off: it learns from rows where its driver stands.
func TestSnapshot(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	look := func() dispatch.Snapshot {
		s, err := w.desk.Snapshot(w.ctx, a)
		w.ok(err)
		return s
	}
	if s := look(); s.Shift.Duty != dispatch.OnDuty || s.Offer != nil || s.Ride != nil {
		t.Errorf("on duty: %+v", s)
	}
	ride := w.ask("1", w.at(0, 0), 1)
	w.round()
	if s := look(); s.Offer == nil || s.Offer.Ride != ride || s.Ride != nil {
		t.Errorf("with an offer: %+v", s)
	}
	w.accept(a)
	if s := look(); s.Offer != nil || s.Ride == nil || s.Ride.ID != ride {
		t.Errorf("with a ride: %+v", s)
	}
	since := w.now
	w.pass(time.Minute)
	w.drive(a, ride, w.desk.Arrive)
	missed, err := w.desk.Missed(w.ctx, w.city.ID, since.Add(time.Second))
	w.ok(err)
	if len(missed.Offers) != 0 || len(missed.Rides) != 1 ||
		missed.Rides[0].State != dispatch.Arrived {
		t.Errorf("missed: %+v", missed)
	}
	if _, err := w.desk.Snapshot(w.ctx, "nobody"); dispatch.KindOf(err) != dispatch.NotFound {
		t.Errorf("nobody's snapshot: %v", err)
	}
}

func TestDuty(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	w.taxi("B", w.at(0, 5000), 4)
	set := func(driver dispatch.DriverID, taxi dispatch.TaxiID, duty dispatch.Duty) error {
		_, err := w.desk.SetDuty(w.ctx, w.now, w.key("driver:"+string(driver)),
			dispatch.SetDuty{Driver: driver, Taxi: taxi, Duty: duty})
		return err
	}
	w.fails(set("nobody", "TA", dispatch.OnDuty), dispatch.ReasonUnknownDriver)
	w.fails(set("DA", "nothing", dispatch.OnDuty), dispatch.ReasonUnknownTaxi)
	w.fails(set("DA", "TA", 9), dispatch.ReasonField)
	w.fails(set("DB", "TA", dispatch.OnDuty), dispatch.ReasonTaxiTaken)
	w.ok(set("DA", "TA", dispatch.Paused))
	ride := w.ask("1", w.at(0, 0), 1)
	if stats := w.round(); stats.Idle != 1 || stats.Offers != 0 {
		t.Errorf("%+v: A is paused, B too far", stats)
	}
	w.ok(set("DA", "TA", dispatch.OnDuty))
	w.pass(time.Second)
	w.fix("A", w.at(0, 100))
	w.round()
	w.accept(a)
	w.fails(set("DA", "TA", dispatch.OffDuty), dispatch.ReasonDriverBusy)
	w.fails(set("DA", "TB", dispatch.OnDuty), dispatch.ReasonDriverBusy)
	street := dispatch.StreetRide{Driver: a, At: w.at(0, 100)}
	_, err := w.desk.Occupied(w.ctx, w.now, w.key("driver:DA"), street)
	w.fails(err, dispatch.ReasonDriverBusy)
	w.drive(a, ride, w.desk.Arrive)
	noShow := dispatch.DriveRide{Ride: ride, Driver: a}
	_, err = w.desk.NoShow(w.ctx, w.now, w.key("driver:DA"), noShow)
	w.fails(err, dispatch.ReasonStep) // has to wait
	w.pass(5 * time.Minute)
	w.drive(a, ride, w.desk.NoShow)
	w.ok(set("DA", "TA", dispatch.OffDuty))
	_, err = w.desk.Occupied(w.ctx, w.now, w.key("driver:DA"), street)
	w.fails(err, dispatch.ReasonOffDuty)
}

func TestBothSidesRateOnce(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, metered)
	rate := func(c dispatch.RateRide) error {
		c.Ride = ride
		_, err := w.desk.Rate(w.ctx, w.now, w.key("somebody"), c)
		return err
	}
	w.fails(rate(dispatch.RateRide{Rider: "R2", Stars: 1}), dispatch.ReasonUnknownRide)
	w.fails(rate(dispatch.RateRide{Driver: driver, Stars: 6}), dispatch.ReasonField)
	w.ok(rate(dispatch.RateRide{Rider: "R1", Stars: 5}))
	w.ok(w.pay("1", ride, money.InWallet))
	w.ok(rate(dispatch.RateRide{Driver: driver, Stars: 4}))
	w.fails(rate(dispatch.RateRide{Rider: "R1", Stars: 1}), dispatch.ReasonStep)
	if r := w.ride(ride); r.RiderStars != 5 || r.DriverStars != 4 || r.State != dispatch.Settled {
		t.Errorf("%s, %d and %d stars", r.State, r.RiderStars, r.DriverStars)
	}
}

// TestTaxiChangesHands is a driver who goes off duty with an offer open, and another who takes the
// taxi: the offer is gone, and the taxi cannot be at two rides.
func TestTaxiChangesHands(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.round()
	offer := w.offers[a]
	w.pass(time.Second)
	w.duty(a, dispatch.OffDuty)
	w.offered(a, "")
	_, err := w.desk.Accept(w.ctx, w.now, w.key("driver:DA"),
		dispatch.AnswerOffer{Offer: offer.ID, Driver: a})
	w.fails(err, dispatch.ReasonOfferClosed)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertDriver(dispatch.Driver{ID: "DB", City: w.city.ID})
	}))
	_, err = w.desk.SetDuty(w.ctx, w.now, w.key("driver:DB"),
		dispatch.SetDuty{Driver: "DB", Taxi: "TA", Duty: dispatch.OnDuty})
	w.ok(err)
	w.pass(time.Second)
	w.fix("A", w.at(0, 100))
	w.round()
	w.offered("DB", ride)
	w.accept("DB")
	stale := offer // as if the engine had missed it all
	stale.ID, stale.Ride, stale.State = "stale", w.ask("2", w.at(0, 0), 1), dispatch.OfferOpen
	stale.MadeAt, stale.ExpiresAt = w.now, w.now.Add(time.Minute)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		made, err := tx.InsertOffer(stale)
		if made {
			t.Error("an offer was made to a driver who is off duty")
		}
		return err
	}))
}
