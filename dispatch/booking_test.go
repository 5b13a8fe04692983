package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// book is a new rider who books a taxi ahead.
func (w *town) book(
	name string, ahead time.Duration, change ...func(*dispatch.BookRide),
) dispatch.RideID {
	w.t.Helper()
	rider := dispatch.RiderID("R" + name)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: rider, Name: name})
	}))
	got, err := w.tryBook(rider, ahead, change...)
	w.ok(err)
	return got.Ride
}

func (w *town) tryBook(
	rider dispatch.RiderID, ahead time.Duration, change ...func(*dispatch.BookRide),
) (dispatch.Receipt, error) {
	c := dispatch.BookRide{
		RequestRide: w.request(rider, w.at(0, 0), 1), PickupAt: w.now.Add(ahead),
	}
	for _, change := range change {
		change(&c)
	}
	return w.desk.Book(w.ctx, w.now, w.key("rider:"+string(rider)), c)
}

func (w *town) take(driver dispatch.DriverID, ride dispatch.RideID) error {
	_, err := w.desk.TakeBooking(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.HoldBooking{Ride: ride, Driver: driver})
	return err
}

// is fails unless the ride is in a state with a driver, "" for none.
func (w *town) is(ride dispatch.RideID, state dispatch.State, driver dispatch.DriverID) {
	w.t.Helper()
	if r := w.ride(ride); r.State != state || r.Driver != driver {
		w.t.Fatalf("ride is %s with %q (%s), want %s with %q", r.State, r.Driver, r.EndReason,
			state, driver)
	}
}

// until turns the clock by steps of a second and does what is due, as the engine's loop does.
func (w *town) until(at time.Time) {
	w.t.Helper()
	for w.now.Before(at) {
		w.pass(time.Second)
		w.due()
	}
}

func TestBookingLimits(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.BookingsEach = 2 })
	w.book("a", 30*time.Minute)
	tooSoon := 30*time.Minute - time.Second
	for name, change := range map[string]func(*dispatch.BookRide){
		"too soon":    func(c *dispatch.BookRide) { c.PickupAt = w.now.Add(tooSoon) },
		"too late":    func(c *dispatch.BookRide) { c.PickupAt = w.now.Add(72*time.Hour + 1) },
		"never":       func(c *dispatch.BookRide) { c.PickupAt = time.Time{} },
		"flight":      func(c *dispatch.BookRide) { c.Flight.Number = "ca 1831" },
		"long flight": func(c *dispatch.BookRide) { c.Flight.Number = "CA1831000" },
		"day": func(c *dispatch.BookRide) {
			c.Flight = dispatch.Flight{Number: "CA1", Day: "tomorrow"}
		},
		"no flight":    func(c *dispatch.BookRide) { c.Flight.Day = "2013-12-20" },
		"terminal":     func(c *dispatch.BookRide) { c.Terminal = "the terminal of long names" },
		"open to whom": func(c *dispatch.BookRide) { c.OpenAt = w.now.Add(time.Minute) },
		"for how long": func(c *dispatch.BookRide) { c.ForDriver = w.taxi("x", w.at(0, 0), 4) },
		"seats":        func(c *dispatch.BookRide) { c.Seats = 9 },
	} {
		if _, err := w.tryBook("Ra", time.Hour, change); dispatch.KindOf(err) != dispatch.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.tryBook("Ra", time.Hour, func(c *dispatch.BookRide) {
		c.ForDriver, c.OpenAt = "nobody", w.now.Add(time.Minute)
	})
	w.fails(err, dispatch.ReasonUnknownDriver)
	_, err = w.tryBook("Ra", 72*time.Hour)
	w.ok(err)
	_, err = w.tryBook("Ra", time.Hour)
	w.fails(err, dispatch.ReasonTooManyBookings)
	// What is booked does not keep a rider from riding now.
	_, err = w.desk.Request(w.ctx, w.now, w.key("rider:Ra"), w.request("Ra", w.at(0, 0), 1))
	w.ok(err)
}

// TestBookedRide: a driver takes a booking, drives others meanwhile, is reminded, and is sent out
// when the way asks for it. The booking's fee is the driver's.
func TestBookedRide(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { // as Beijing had it
		p.BookingFees = []dispatch.BookingFee{{LeadS: 0, Fee: 500}, {LeadS: 4 * 3600, Fee: 600}}
	})
	driver := w.taxi("1", w.at(0, 2000), 4)
	pickup := w.now.Add(5 * time.Hour)
	ride := w.book("ahead", 5*time.Hour)
	if fee := w.ride(ride).Booking.Fee; fee != 600 {
		t.Fatalf("a fee of %s", fee)
	}
	w.ok(w.take(driver, ride))
	w.is(ride, dispatch.Booked, driver)

	other := w.ask("now", w.at(0, 0), 1)
	w.round()
	w.offered(driver, other)
	w.accept(driver)
	w.drive(driver, other, w.desk.Arrive)
	w.drive(driver, other, w.desk.Start)
	w.complete(driver, other)

	w.now = pickup.Add(-time.Hour - time.Second)
	w.due()
	if !w.ride(ride).Booking.RemindedAt.IsZero() {
		t.Fatal("reminded too early")
	}
	w.until(pickup.Add(-time.Hour))
	if got := w.ride(ride).Booking.RemindedAt; !got.Equal(w.now) {
		t.Fatalf("reminded at %s, not at %s", got, w.now)
	}
	w.restart() // it is in rows, and nowhere else
	w.now = pickup.Add(-30 * time.Minute)
	for w.now.Before(pickup) && w.ride(ride).State == dispatch.Booked {
		w.fix("1", w.at(0, 2000))
		w.until(w.now.Add(10 * time.Second))
	}
	w.is(ride, dispatch.Assigned, driver)
	r := w.ride(ride)
	// 2 km are some 400 s by the usual speed; the policy adds ten minutes to spare.
	if ahead := pickup.Sub(r.ClaimedAt); ahead < 950*time.Second || ahead > 1050*time.Second {
		t.Errorf("sent out %s before the pickup", ahead)
	}
	if r.Taxi != "T1" || r.Slot != dispatch.SlotCurrent {
		t.Errorf("%s with taxi %q in slot %q", r.State, r.Taxi, r.Slot)
	}
	w.drive(driver, ride, w.desk.Arrive)
	w.now = pickup
	w.drive(driver, ride, w.desk.Start)
	w.complete(driver, ride)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		payments, err := tx.PaymentsOf(r.Subject())
		for _, p := range payments {
			if p.Purpose == money.PurposeFee && p.Amount == 600 &&
				p.Payee == dispatch.DriverParty(driver) {
				return err
			}
		}
		t.Errorf("no fee among %+v", payments)
		return err
	}))
}

// complete ends a drive with what the quote said.
func (w *town) complete(driver dispatch.DriverID, ride dispatch.RideID) {
	w.t.Helper()
	_, err := w.desk.Complete(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.CompleteRide{Ride: ride, Driver: driver, Meter: 1300})
	w.ok(err)
}

// TestBookingReplaced: a driver who cannot come loses the booking in time for another one.
func TestBookingReplaced(t *testing.T) {
	for name, test := range map[string]struct {
		at     float64 // km east of the pickup
		spoil  func(w *town, driver dispatch.DriverID)
		before time.Duration // the pickup: when the driver falls out
		reason string
	}{
		"off duty": {
			1, func(w *town, d dispatch.DriverID) { w.duty(d, dispatch.OffDuty) },
			20 * time.Minute, "not_ready",
		},
		"paused": {
			1, func(w *town, d dispatch.DriverID) { w.duty(d, dispatch.Paused) },
			20 * time.Minute, "not_ready",
		},
		"at the kerb": {1, func(w *town, d dispatch.DriverID) {
			_, err := w.desk.Occupied(w.ctx, w.now, w.key("driver:"+string(d)),
				dispatch.StreetRide{Driver: d, At: w.at(0, 0)})
			w.ok(err)
		}, 20 * time.Minute, "not_ready"},
		"silent": {1, func(*town, dispatch.DriverID) {}, 20 * time.Minute, "not_ready"},
		// 18 km are some 3,600 s: later than the pickup.
		"too far": {18, nil, 25 * time.Minute, "too_far"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			driver := w.taxi("1", w.at(0, 1000*test.at), 4)
			pickup := w.now.Add(2 * time.Hour)
			ride := w.book("ahead", 2*time.Hour)
			w.ok(w.take(driver, ride))
			if test.spoil != nil {
				test.spoil(w, driver)
			}
			w.now = pickup.Add(-test.before - 2*time.Second)
			w.due() // the reminder
			for range 10 {
				if test.spoil == nil {
					w.fix("1", w.at(0, 1000*test.at))
				}
				if w.due(); w.ride(ride).State != dispatch.Booked {
					break
				}
				w.pass(time.Second)
			}
			w.is(ride, dispatch.Searching, "")
			r := w.ride(ride)
			if r.EndReason != test.reason || !r.SearchBy.Equal(pickup) {
				t.Errorf("%s, searches until %s, not %s", r.EndReason, r.SearchBy, pickup)
			}
			if late := r.ChangedAt.Sub(pickup.Add(-test.before)); late < 0 || late > 5*time.Second {
				t.Errorf("fell out %s off", late)
			}
			second := w.taxi("2", w.at(500, 0), 4)
			w.round()
			w.offered(second, ride)
			w.accept(second)
			w.is(ride, dispatch.Assigned, second)
		})
	}
}

// TestBookingAfterRestart: an engine that has just begun waits for the taxis' positions before it
// takes a booking from its driver.
func TestBookingAfterRestart(t *testing.T) {
	w := newTown(t)
	driver := w.taxi("1", w.at(0, 1000), 4)
	pickup := w.now.Add(2 * time.Hour)
	ride := w.book("ahead", 2*time.Hour)
	w.ok(w.take(driver, ride))
	w.now = pickup.Add(-15 * time.Minute)
	w.restart()
	w.until(w.now.Add(20 * time.Second))
	w.is(ride, dispatch.Booked, driver)
	w.fix("1", w.at(0, 1000))
	w.until(w.now.Add(5 * time.Second))
	if r := w.ride(ride); r.State == dispatch.Searching {
		t.Fatalf("the driver has lost it: %s", r.EndReason)
	}
}

// TestBookingUntaken: a booking that nobody takes searches by itself.
func TestBookingUntaken(t *testing.T) {
	w := newTown(t)
	pickup := w.now.Add(time.Hour)
	ride := w.book("ahead", time.Hour)
	w.now = pickup.Add(-20*time.Minute - time.Second)
	w.due()
	w.is(ride, dispatch.Scheduled, "")
	w.until(w.now.Add(time.Second))
	w.is(ride, dispatch.Searching, "")
	driver := w.taxi("1", w.at(0, 300), 4)
	w.round()
	w.offered(driver, ride)
	w.accept(driver)
	w.is(ride, dispatch.Assigned, driver)
}

func TestBookingTaken(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.BookingsEach = 2 })
	one, two := w.taxi("1", w.at(0, 0), 4), w.taxi("2", w.at(0, 0), 4)
	own := w.book("own", 24*time.Hour, func(c *dispatch.BookRide) {
		c.ForDriver, c.OpenAt = one, w.now.Add(time.Hour)
	})
	w.fails(w.take(two, own), dispatch.ReasonUnknownRide)
	w.ok(w.take(one, own))
	w.fails(w.take(one, own), dispatch.ReasonStep)
	_, err := w.desk.DropBooking(w.ctx, w.now, w.key("driver:D2"),
		dispatch.HoldBooking{Ride: own, Driver: two})
	w.fails(err, dispatch.ReasonUnknownRide)
	_, err = w.desk.DropBooking(w.ctx, w.now, w.key("driver:D1"),
		dispatch.HoldBooking{Ride: own, Driver: one, Reason: "a wedding"})
	w.ok(err)
	if r := w.rides[own]; r.State != dispatch.Scheduled || r.EndReason != "a wedding" {
		t.Errorf("the rider was told of %s, %q", r.State, r.EndReason)
	}
	w.fails(w.take(two, own), dispatch.ReasonUnknownRide)
	w.pass(time.Hour)
	w.ok(w.take(two, own)) // open to everybody

	// The way there and back is some 40 minutes, with a quarter of an hour between.
	near := w.book("near", 23*time.Hour+40*time.Minute)
	w.fails(w.take(two, near), dispatch.ReasonBookingClash)
	later := w.book("later", 26*time.Hour)
	w.ok(w.take(two, later))
	last := w.book("last", 30*time.Hour)
	w.fails(w.take(two, last), dispatch.ReasonTooManyBookings)
	big := w.book("big", 48*time.Hour, func(c *dispatch.BookRide) { c.Seats = 6 })
	w.fails(w.take(one, big), dispatch.ReasonSeats)
	hailed := w.ask("hailed", w.at(0, 0), 1)
	w.fails(w.take(one, hailed), dispatch.ReasonUnknownRide)
}

// TestFlightMoves: pickups follow their flight, by as much as it is late against what they went by.
func TestFlightMoves(t *testing.T) {
	w := newTown(t)
	one := w.taxi("1", w.at(0, 0), 4)
	landing := w.now.Add(6 * time.Hour)
	flight := dispatch.Flight{Number: "CA1831", Day: landing.Format(time.DateOnly)}
	on := func(c *dispatch.BookRide) { c.Flight = flight }
	early := w.book("early", 6*time.Hour+20*time.Minute, on)
	late := w.book("late", 6*time.Hour+40*time.Minute, func(c *dispatch.BookRide) {
		c.Flight.Number = flight.Number // its day is the pickup's
	})
	other := w.book("other", 10*time.Hour)
	w.ok(w.take(one, early))
	w.ok(w.take(one, other))
	move := func(late time.Duration, feed bool) dispatch.FlightMoved {
		t.Helper()
		sum, err := w.desk.MoveFlight(w.ctx, w.now, w.key("ops:1"), dispatch.MoveFlight{
			City: w.city.ID, Flight: flight, Feed: feed, FlightTime: dispatch.FlightTime{
				Scheduled: landing, Expected: landing.Add(late),
			},
		})
		w.ok(err)
		return sum
	}
	at := func(ride dispatch.RideID, want time.Duration) {
		t.Helper()
		if got := w.ride(ride).Booking.PickupAt.Sub(landing); got != want {
			t.Errorf("pickup %s after the landing by the timetable, want %s", got, want)
		}
	}
	if sum := move(time.Minute, true); sum != (dispatch.FlightMoved{Same: 2}) {
		t.Errorf("a minute moves %+v", sum)
	}
	if sum := move(time.Hour, true); sum != (dispatch.FlightMoved{Moved: 2}) {
		t.Errorf("an hour moves %+v", sum)
	}
	at(early, 80*time.Minute)
	at(late, 100*time.Minute)
	if sum := move(time.Hour, false); sum != (dispatch.FlightMoved{Same: 2}) {
		t.Errorf("the same again moves %+v", sum)
	}
	if r := w.rides[early]; !r.Booking.PickupAt.Equal(landing.Add(80 * time.Minute)) {
		t.Error("its watchers were not told")
	}
	// Who books when the delay is known already books by it.
	knows := w.book("knows", 7*time.Hour+30*time.Minute, on)
	move(time.Hour, true)
	at(knows, 90*time.Minute)
	// Three hours more and the driver's other booking comes too near.
	if sum := move(4*time.Hour, true); sum != (dispatch.FlightMoved{Moved: 3, Losing: 1}) {
		t.Errorf("four hours move %+v", sum)
	}
	at(knows, 270*time.Minute)
	w.is(early, dispatch.Scheduled, "")
	w.is(other, dispatch.Booked, one)
	if r := w.ride(early); r.EndReason != "flight_moved" || r.EndedBy != dispatch.SideSystem {
		t.Errorf("taken from its driver by %s: %s", r.EndedBy, r.EndReason)
	}
	for _, late := range []time.Duration{25 * time.Hour, -3 * time.Hour} {
		_, err := w.desk.MoveFlight(w.ctx, w.now, w.key("ops:1"), dispatch.MoveFlight{
			City: w.city.ID, Flight: flight, FlightTime: dispatch.FlightTime{
				Scheduled: landing, Expected: landing.Add(late),
			},
		})
		w.fails(err, dispatch.ReasonField)
	}
}
