package dispatch_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"hexhail/dispatch"
)

// timetable is what a feed of flights says; one that it does not have is not known.
type timetable map[string]dispatch.FlightTime

func (f timetable) Landing(
	_ context.Context, _ dispatch.CityID, flight dispatch.Flight,
) (dispatch.FlightTime, bool, error) {
	if flight.Number == "BROKEN1" {
		return dispatch.FlightTime{}, false, errors.New("no answer")
	}
	at, ok := f[flight.Number]
	return at, ok, nil
}

// TestFollowFlights: the flights of the next day are followed, one that fails holds up no other,
// and a pickup that has moved away from its taxi is told to it.
func TestFollowFlights(t *testing.T) {
	w := newTown(t)
	driver := w.taxi("1", w.at(0, 500), 4)
	landing := w.now.Add(2 * time.Hour)
	on := func(number string) func(*dispatch.BookRide) {
		return func(c *dispatch.BookRide) { c.Flight.Number = number }
	}
	w.book("broken", 2*time.Hour, on("BROKEN1"))
	w.book("unknown", 2*time.Hour, on("XX1"))
	late := w.book("late", 2*time.Hour+20*time.Minute, on("CA1831"))
	far := w.book("far", 48*time.Hour, on("CA1831"))
	w.ok(w.take(driver, late))
	feed := timetable{"CA1831": {Scheduled: landing, Expected: landing}}
	if err := w.desk.FollowFlights(w.ctx, w.now, feed); err == nil {
		t.Error("a flight that fails is nobody's business")
	}
	pickup := landing.Add(20 * time.Minute)
	for w.now.Before(pickup) && w.ride(late).State == dispatch.Booked {
		w.fix("1", w.at(0, 500))
		w.until(w.now.Add(20 * time.Second))
	}
	w.is(late, dispatch.Assigned, driver) // on the way, when the delay is told
	feed["CA1831"] = dispatch.FlightTime{Scheduled: landing, Expected: landing.Add(time.Hour)}
	_ = w.desk.FollowFlights(w.ctx, w.now, feed) // the one that fails
	r := w.rides[late]
	if r.State != dispatch.Assigned || !r.Booking.PickupAt.Equal(pickup.Add(time.Hour)) {
		t.Errorf("told of %s at %s", r.State, r.Booking.PickupAt)
	}
	if got := w.ride(far).Booking; !got.FlightAt.IsZero() {
		t.Errorf("the flight of the day after is followed: %+v", got)
	}
	// Who will not wait gives it back, and it searches until its new time.
	w.drive(driver, late, w.desk.Release)
	if r := w.ride(late); r.State != dispatch.Searching || !r.SearchBy.Equal(r.Booking.PickupAt) {
		t.Errorf("%s until %s", r.State, r.SearchBy)
	}
}
