package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// heading is the driver's word where they are going.
func (w *town) heading(driver dispatch.DriverID, to geo.Point) (dispatch.Shift, error) {
	return w.desk.SetDestination(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.SetDestination{Driver: driver, To: to})
}

// TestARideOnTheWayGoesFirst: of two drivers the one whom the ride takes home gets it, though the
// other is nearer; once it was driven, the nearer one does again.
func TestARideOnTheWayGoesFirst(t *testing.T) {
	for _, ends := range []string{"driven", "off duty", "nowhere"} {
		w := newTown(t)
		near, home := w.taxi("N", w.at(0, 100), 4), w.taxi("H", w.at(0, 500), 4)
		fixes := func() {
			w.pass(time.Second)
			w.fix("N", w.at(0, 100))
			w.fix("H", w.at(0, 500))
		}
		_, err := w.heading(near, w.at(-6000, -6000)) // rides lead to the north-east
		w.ok(err)
		_, err = w.heading(home, w.at(4500, 4500))
		w.ok(err)
		ride := w.ask("1", w.at(0, 0), 1)
		w.round()
		w.offered(home, ride)
		_, err = w.heading(near, geo.Point{})
		w.ok(err)
		w.accept(home)
		w.drive(home, ride, w.desk.Arrive)
		w.drive(home, ride, w.desk.Start)
		_, err = w.desk.Complete(w.ctx, w.now, w.key("driver:DH"),
			dispatch.CompleteRide{Ride: ride, Driver: home, Meter: metered})
		w.ok(err)
		fixes()
		two := w.ask("2", w.at(0, 0), 1)
		w.round()
		w.offered(near, two) // it has been used
		w.cancel("2", two)

		_, err = w.heading(near, w.at(-6000, -6000))
		w.ok(err)
		switch ends {
		case "off duty":
			w.duty(near, dispatch.OffDuty)
			w.duty(near, dispatch.OnDuty)
		case "nowhere":
			_, err = w.heading(near, geo.Point{})
			w.ok(err)
		default:
			w.restart() // it is in the rows
			fixes()
			three := w.ask("3", w.at(0, 0), 1)
			w.round()
			w.offered(home, three)
			continue
		}
		fixes()
		three := w.ask("3", w.at(0, 0), 1)
		w.round()
		w.offered(near, three)
	}
}

// TestDestinationsADay: two a day of the city, and none without a shift; the word of nowhere is
// free, and the pause of a shift changes nothing.
func TestDestinationsADay(t *testing.T) {
	w := newTown(t)
	a, to := w.taxi("A", w.at(0, 0), 4), w.at(5000, 0)
	for i := range 2 {
		s, err := w.heading(a, to)
		w.ok(err)
		if s.Destination != (dispatch.Destination{To: to, Day: 20131220, Used: i + 1}) {
			t.Errorf("%+v", s.Destination)
		}
		_, err = w.heading(a, geo.Point{})
		w.ok(err)
	}
	w.duty(a, dispatch.OffDuty)
	_, err := w.heading(a, to)
	w.fails(err, dispatch.ReasonOffDuty)
	w.duty(a, dispatch.OnDuty)
	_, err = w.heading(a, to)
	w.fails(err, dispatch.ReasonDestinations)
	w.pass(12*time.Hour - time.Second) // 23:59:59
	_, err = w.heading(a, to)
	w.fails(err, dispatch.ReasonDestinations)
	w.pass(time.Second)
	_, err = w.heading(a, to)
	w.ok(err)
	w.duty(a, dispatch.Paused)
	w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) error {
		s, _, err := tx.Shift(a)
		if s.Destination.To != to || s.Destination.Day != 20131221 || s.Destination.Used != 1 {
			t.Errorf("%+v", s.Destination)
		}
		return err
	}))
	_, err = w.heading(a, geo.Point{Lat: 91})
	if dispatch.KindOf(err) != dispatch.Invalid {
		t.Errorf("a place that is none: %v", err)
	}
	_, err = w.heading("nobody", to)
	w.fails(err, dispatch.ReasonOffDuty)
}
