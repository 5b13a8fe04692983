package dispatch_test

import (
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
)

func (w *town) handOver(
	driver dispatch.DriverID, ride dispatch.RideID, to dispatch.MemberID,
) error {
	_, err := w.desk.HandOverBooking(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.HandOverBooking{Ride: ride, Driver: driver, Member: to})
	return err
}

func (w *town) takeOver(driver dispatch.DriverID, ride dispatch.RideID) error {
	_, err := w.desk.TakeOverBooking(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.HoldBooking{Ride: ride, Driver: driver})
	return err
}

func (w *town) withdraw(driver dispatch.DriverID, ride dispatch.RideID) error {
	_, err := w.desk.WithdrawHandOver(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.HoldBooking{Ride: ride, Driver: driver})
	return err
}

func (w *town) drop(driver dispatch.DriverID, ride dispatch.RideID) error {
	_, err := w.desk.DropBooking(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.HoldBooking{Ride: ride, Driver: driver})
	return err
}

// handing is a town with a team of three, a driver of none, and a booking of the founder's in three
// hours.
func handing(t *testing.T, change ...func(*dispatch.Policy)) (
	w *town, places []dispatch.Member, ride dispatch.RideID,
) {
	t.Helper()
	w = newTown(t, change...)
	for _, name := range []string{"1", "2", "3", "4"} {
		w.taxi(name, w.at(0, 500), 4)
	}
	places = w.team("D1", "D2", "D3")
	ride = w.book("a", 3*time.Hour)
	w.ok(w.take("D1", ride))
	return w, places, ride
}

// heard are the drivers who are told of what is offered to their team, from now on.
func (w *town) heard() (news func() []dispatch.DriverID) {
	var drivers []dispatch.DriverID
	w.pushed = func(n dispatch.Notice) {
		if n.HandOver != nil {
			drivers = append(drivers, n.Driver)
		}
	}
	return func() []dispatch.DriverID {
		slices.Sort(drivers)
		all := drivers
		drivers = nil
		return all
	}
}

// TestHandOver: a booking is offered to a team, stays its driver's until one takes it, once, and
// the new driver is reminded and sent out; the rider hears of it, and the first one is free.
func TestHandOver(t *testing.T) {
	w, places, ride := handing(t)
	news := w.heard()
	w.ok(w.handOver("D1", ride, places[1].ID))
	if got := news(); !slices.Equal(got, []dispatch.DriverID{"D2"}) {
		t.Errorf("offered to one, told %v", got)
	}
	w.fails(w.takeOver("D3", ride), dispatch.ReasonUnknownRide)
	w.ok(w.handOver("D1", ride, ""))
	if got := news(); !slices.Equal(got, []dispatch.DriverID{"D2", "D3"}) {
		t.Errorf("offered to all, told %v", got)
	}
	w.fails(w.takeOver("D4", ride), dispatch.ReasonUnknownRide)
	w.fails(w.takeOver("D1", ride), dispatch.ReasonStep)
	w.is(ride, dispatch.Booked, "D1")
	if r := w.rides[ride]; !r.Booking.HandOver.Open() {
		t.Error("the rider is not told that it is offered")
	}

	// While it is the first one's, what clashes with it is not.
	near := w.book("b", 3*time.Hour+10*time.Minute)
	w.fails(w.take("D1", near), dispatch.ReasonBookingClash)
	w.ok(w.takeOver("D2", ride))
	w.is(ride, dispatch.Booked, "D2")
	if r := w.rides[ride]; r.Driver != "D2" || !r.Booking.HandOver.At.Equal(w.now) {
		t.Errorf("the rider was told of %s, handed over %s", r.Driver, r.Booking.HandOver.At)
	}
	if got := news(); !slices.Equal(got, []dispatch.DriverID{"D3"}) {
		t.Errorf("taken, told %v", got)
	}
	w.ok(w.take("D1", near))
	w.fails(w.takeOver("D3", ride), dispatch.ReasonHandedOver)
	w.fails(w.handOver("D1", ride, ""), dispatch.ReasonUnknownRide)
	w.fails(w.handOver("D2", ride, ""), dispatch.ReasonHandedOver)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		record, ok, err := tx.HandOverOf(ride)
		if !ok || record.From != "D1" || record.To != "D2" || record.Team != places[0].Team {
			t.Errorf("record %+v, %v", record, ok)
		}
		return err
	}))
	w.sentOut("2", ride)
}

// sentOut has the taxis stand where they are until the booking's driver sets out with theirs.
func (w *town) sentOut(name string, ride dispatch.RideID) {
	w.t.Helper()
	w.restart() // it is in rows, and nowhere else
	pickup := w.ride(ride).Booking.PickupAt
	w.until(pickup.Add(-time.Hour))
	if w.ride(ride).Booking.RemindedAt.IsZero() {
		w.t.Error("nobody was reminded")
	}
	w.now = pickup.Add(-26 * time.Minute)
	for w.now.Before(pickup) && w.ride(ride).State == dispatch.Booked {
		for _, taxi := range []string{"1", "2", "3", "4"} {
			w.fix(taxi, w.at(0, 500))
		}
		w.until(w.now.Add(10 * time.Second))
	}
	w.is(ride, dispatch.Assigned, dispatch.DriverID("D"+name))
	if r := w.ride(ride); r.Booking.HandOver.Open() || r.Taxi != dispatch.TaxiID("T"+name) {
		w.t.Errorf("set out with %s: %+v", r.Taxi, r.Booking.HandOver)
	}
}

// TestHandOverUntaken: whom nobody relieves comes all the same, and the team hears that it is over.
// Who withdraws or drops what they offer offers it no more.
func TestHandOverUntaken(t *testing.T) {
	w, _, ride := handing(t)
	w.ok(w.handOver("D1", ride, ""))
	news := w.heard()
	told := func(what string) {
		t.Helper()
		if got := news(); !slices.Equal(got, []dispatch.DriverID{"D2", "D3"}) {
			t.Errorf("%s: told %v", what, got)
		}
	}
	w.fails(w.withdraw("D2", ride), dispatch.ReasonUnknownRide)
	w.ok(w.withdraw("D1", ride))
	told("withdrawn")
	w.fails(w.takeOver("D2", ride), dispatch.ReasonUnknownRide)
	w.fails(w.withdraw("D1", ride), dispatch.ReasonStep)
	w.ok(w.handOver("D1", ride, ""))
	told("offered again")
	w.ok(w.drop("D1", ride))
	told("dropped")
	w.fails(w.takeOver("D2", ride), dispatch.ReasonUnknownRide)
	w.ok(w.take("D1", ride))
	w.fails(w.takeOver("D2", ride), dispatch.ReasonUnknownRide)
	w.ok(w.handOver("D1", ride, ""))
	news()
	w.sentOut("1", ride)
	if got := news(); !slices.Contains(got, "D3") {
		t.Errorf("set out: told %v", got)
	}
	w.fails(w.takeOver("D2", ride), dispatch.ReasonUnknownRide)
	w.fails(w.handOver("D1", ride, ""), dispatch.ReasonStep)
}

// TestHandOverInTime: it is possible until the policy's time before the pickup, and never when the
// engine may send the driver out.
func TestHandOverInTime(t *testing.T) {
	for name, test := range map[string]struct {
		s    int
		lead time.Duration
	}{"policy": {7200, 2 * time.Hour}, "set out": {0, 25 * time.Minute}} {
		t.Run(name, func(t *testing.T) {
			w, _, ride := handing(t, func(p *dispatch.Policy) { p.HandOverS = test.s })
			last := w.ride(ride).Booking.PickupAt.Add(-test.lead)
			w.now = last.Add(-time.Second)
			w.ok(w.handOver("D1", ride, ""))
			w.now = last
			w.fails(w.handOver("D1", ride, ""), dispatch.ReasonTooLate)
			w.fails(w.takeOver("D2", ride), dispatch.ReasonTooLate)
			w.is(ride, dispatch.Booked, "D1")
			w.now = last.Add(-time.Second)
			w.ok(w.takeOver("D2", ride))
		})
	}
}

// TestHandOverRefused: who cannot do it does not get it, and nobody hands over to strangers.
func TestHandOverRefused(t *testing.T) {
	w, places, ride := handing(t, func(p *dispatch.Policy) {
		p.BookingsEach, p.ComplaintLimit = 2, 1
	})
	w.fails(w.handOver("D2", ride, ""), dispatch.ReasonUnknownRide)
	w.fails(w.handOver("D1", ride, places[0].ID), dispatch.ReasonUnknownMember)
	w.fails(w.handOver("D1", ride, "nobody's"), dispatch.ReasonUnknownMember)
	invited, err := w.invite("D1", "D4")
	w.ok(err)
	w.fails(w.handOver("D1", ride, invited.ID), dispatch.ReasonUnknownMember)
	w.ok(w.handOver("D1", ride, ""))
	w.fails(w.takeOver("D4", ride), dispatch.ReasonUnknownRide)

	near := w.book("b", 3*time.Hour+30*time.Minute)
	w.ok(w.take("D2", near))
	w.fails(w.takeOver("D2", ride), dispatch.ReasonBookingClash)
	w.ok(w.drop("D2", near))
	for _, ahead := range []time.Duration{24, 48} {
		w.ok(w.take("D2", w.book(ahead.String(), ahead*time.Hour)))
	}
	w.fails(w.takeOver("D2", ride), dispatch.ReasonTooManyBookings)

	driven := w.drivenBefore("c", "D3")
	_, err = w.desk.Complain(w.ctx, w.now, w.key("rider:Rc"), dispatch.MakeComplaint{
		Ride: driven, Rider: "Rc", Cause: dispatch.CauseRude,
	})
	w.ok(err)
	w.fails(w.takeOver("D3", ride), dispatch.ReasonDriverSuspended)
	w.fails(w.take("D3", near), dispatch.ReasonDriverSuspended)

	w.taxi("5", w.at(0, 500), 2)
	m, err := w.invite("D1", "D5")
	w.ok(err)
	w.ok(w.join("D5", m.ID))
	big := w.book("d", 40*time.Hour, func(c *dispatch.BookRide) { c.Seats = 3 })
	w.ok(w.take("D1", big))
	w.ok(w.handOver("D1", big, m.ID))
	w.fails(w.takeOver("D5", big), dispatch.ReasonSeats)

	w.ok(w.leave("D1", places[0].ID)) // who leaves takes what they offer with them
	w.fails(w.takeOver("D5", ride), dispatch.ReasonUnknownRide)
	w.fails(w.handOver("D1", ride, ""), dispatch.ReasonUnknownTeam)
	w.is(ride, dispatch.Booked, "D1")
}
