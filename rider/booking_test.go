package rider_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
)

func (w *town) bookRequest(id string, ahead time.Duration) *riderpb.BookRideRequest {
	return &riderpb.BookRideRequest{
		RequestId: id, City: string(w.city.ID), Seats: 1, PayBy: string(money.InWallet),
		Pickup: place(w.at(0, 0)), Dropoff: place(w.at(4000, 4000)),
		PickupAt: timestamppb.New(w.now().Add(ahead)),
		Flight:   &typepb.Flight{Number: "CA1831"}, Terminal: "T3",
	}
}

// TestBookRide: a booking is one whatever the phone repeats, lives beside an open ride, and tells
// who has taken it.
func TestBookRide(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	in := w.bookRequest("tap", 24*time.Hour)
	var id string
	for range 2 {
		got, err := a.BookRide(a.ctx, in)
		w.ok(err)
		r := got.GetRide()
		if id != "" && r.GetRideId() != id {
			t.Errorf("two rides: %s and %s", id, r.GetRideId())
		}
		id = r.GetRideId()
		b := r.GetBooking()
		if r.GetKind() != typepb.RideKind_RIDE_KIND_BOOKED ||
			r.GetState() != typepb.RideState_RIDE_STATE_SCHEDULED ||
			!b.GetPickupAt().AsTime().Equal(in.GetPickupAt().AsTime()) ||
			b.GetFlight().GetDay() != w.now().Add(24*time.Hour).Format(time.DateOnly) ||
			b.GetTerminal() != "T3" || r.GetQuote().GetHighFen() == 0 {
			t.Errorf("booked %v", r)
		}
		w.pass(time.Minute)
	}
	other := w.bookRequest("tap", 30*time.Hour)
	_, err := a.BookRide(a.ctx, other)
	w.refused(err, codes.InvalidArgument, dispatch.ReasonRequestReused)
	_, err = a.BookRide(a.ctx, w.bookRequest("soon", 29*time.Minute))
	w.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	bad := w.bookRequest("bad", time.Hour)
	bad.Flight.Number = "not a flight"
	if _, err = a.BookRide(a.ctx, bad); err == nil {
		t.Error("any text is a flight")
	}
	w.ask(a) // an open ride beside it

	driver := w.taxi("A", w.at(0, 0))
	_, err = w.desk.TakeBooking(t.Context(), w.now(), w.key("driver:"+string(driver)),
		dispatch.HoldBooking{Ride: dispatch.RideID(id), Driver: driver})
	w.ok(err)
	got, err := a.GetRide(a.ctx, &riderpb.GetRideRequest{RideId: id})
	w.ok(err)
	if r := got.GetRide(); r.GetState() != typepb.RideState_RIDE_STATE_BOOKED ||
		r.GetCard().GetName() == "" || r.GetCard().GetPlate() != "京B·A" {
		t.Errorf("taken: %v", r)
	}
	cancelled, err := a.CancelRide(a.ctx, &riderpb.CancelRideRequest{RequestId: "off", RideId: id})
	w.ok(err)
	if s := cancelled.GetRide().GetState(); s != typepb.RideState_RIDE_STATE_CANCELLED {
		t.Errorf("cancelled: %s", s)
	}
}

// TestWatchBooking: who watches a booking hears of its driver and of a moved flight.
func TestWatchBooking(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	got, err := a.BookRide(a.ctx, w.bookRequest("tap", 24*time.Hour))
	w.ok(err)
	id, booked := got.GetRide().GetRideId(), got.GetRide().GetBooking()
	watch, err := a.WatchRide(a.ctx, &riderpb.WatchRideRequest{RideId: id})
	w.ok(err)
	next := func() *typepb.Ride {
		t.Helper()
		for {
			update, err := watch.Recv()
			w.ok(err)
			if update.GetRide() != nil {
				return update.GetRide()
			}
		}
	}
	if r := next(); r.GetState() != typepb.RideState_RIDE_STATE_SCHEDULED {
		t.Errorf("first %v", r)
	}
	driver := w.taxi("A", w.at(0, 0))
	_, err = w.desk.TakeBooking(t.Context(), w.now(), w.key("driver:"+string(driver)),
		dispatch.HoldBooking{Ride: dispatch.RideID(id), Driver: driver})
	w.ok(err)
	if r := next(); r.GetState() != typepb.RideState_RIDE_STATE_BOOKED {
		t.Errorf("then %v", r)
	}
	landing := booked.GetPickupAt().AsTime().Add(-20 * time.Minute)
	_, err = w.desk.MoveFlight(t.Context(), w.now(), w.key("ops:1"), dispatch.MoveFlight{
		City:   w.city.ID,
		Flight: dispatch.Flight{Number: "CA1831", Day: booked.GetFlight().GetDay()},
		FlightTime: dispatch.FlightTime{
			Scheduled: landing, Expected: landing.Add(2 * time.Hour),
		},
	})
	w.ok(err)
	if r := next(); !r.GetBooking().GetPickupAt().AsTime().Equal(landing.Add(140 * time.Minute)) {
		t.Errorf("moved %v", r)
	}
}
