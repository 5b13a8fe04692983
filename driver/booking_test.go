package driver

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
)

// newBookTown is a town whose drivers are reminded an hour before the pickup.
func newBookTown(t *testing.T, drivers int) *town {
	t.Helper()
	w := newTown(t)
	w.enrol(drivers)
	return w
}

// book is a rider who books a taxi ahead.
func (w *town) book(rider dispatch.RiderID, at geo.Point, ahead time.Duration) dispatch.RideID {
	w.t.Helper()
	_, err := w.db.ImportRiders(w.ctx, []dispatch.Rider{
		{ID: rider, Name: "Wang", Phone: "13812345678"},
	})
	check(w.t, err)
	now := w.clock.Now()
	got, err := w.desk.Book(w.ctx, now, w.key("rider:"+string(rider)), dispatch.BookRide{
		RequestRide: dispatch.RequestRide{
			City: w.city.ID, Rider: rider, Seats: 1, PayBy: money.Cash,
			Pickup:  dispatch.Place{Point: at, Name: "首都机场", Note: "with two dogs"},
			Dropoff: dispatch.Place{Point: w.at(2000, 2000), Name: "Home"},
		},
		PickupAt: now.Add(ahead), Flight: dispatch.Flight{Number: "CA1831"}, Terminal: "T3",
	})
	check(w.t, err)
	return got.Ride
}

func takeBooking(ride dispatch.RideID) *driverpb.Command {
	return &driverpb.Command{Action: &driverpb.Command_TakeBooking{
		TakeBooking: &driverpb.RideAction{RideId: string(ride)},
	}}
}

func dropBooking(ride dispatch.RideID) *driverpb.Command {
	return &driverpb.Command{Action: &driverpb.Command_DropBooking{
		DropBooking: &driverpb.RideAction{RideId: string(ride), Reason: "a wedding"},
	}}
}

// bookings lists what the driver may take.
func (p *phone) bookings(within int32) (*driverpb.ListBookingsResponse, error) {
	return driverpb.NewDriverServiceClient(p.conn).ListBookings(p.w.as(p.driver),
		&driverpb.ListBookingsRequest{WithinMeters: within})
}

// TestBookings: drivers see what they may take and no more than they have to know of it; who takes
// one has it in the snapshot, another one is refused, and who gives it back has it no more.
func TestBookings(t *testing.T) {
	w := newBookTown(t, 2)
	a, b := w.phone(0), w.phone(1)
	a.free(w.at(0, 0))
	b.onDuty()
	far := w.book("R2", w.at(30_000, 0), 3*time.Hour)
	ride := w.book("R1", w.at(300, 0), 20*time.Hour)
	list, err := a.bookings(0)
	check(t, err)
	if got := list.GetBookings(); len(got) != 2 || got[0].GetRideId() != string(far) {
		t.Fatalf("listed %v", got)
	}
	list, err = a.bookings(5000)
	check(t, err)
	if got := list.GetBookings(); len(got) != 1 || got[0].GetRideId() != string(ride) ||
		got[0].GetPickupName() != "首都机场" || !got[0].GetFlown() || got[0].GetTerminal() != "T3" {
		t.Fatalf("near: %v", got)
	}
	shown := geo.Point{
		Lat: list.GetBookings()[0].GetPickup().GetLat(),
		Lng: list.GetBookings()[0].GetPickup().GetLng(),
	}
	if off := geo.DistanceM(shown, w.at(300, 0)); off == 0 || off > 700 {
		t.Errorf("shown %.0f m off", off)
	}
	if _, err = b.bookings(5000); err == nil {
		t.Error("a taxi that is nowhere is near something")
	}
	got := a.do(takeBooking(ride)).GetRide()
	if got.GetState() != typepb.RideState_RIDE_STATE_BOOKED || got.GetContact() != nil ||
		got.GetBooking().GetFlight().GetNumber() != "CA1831" {
		t.Errorf("taken: %v", got)
	}
	if e := b.give(takeBooking(ride)).GetError(); e.GetReason() != "RIDE_STATE" {
		t.Errorf("taken twice: %v", e)
	}
	if e := b.give(dropBooking(ride)).GetError(); e.GetReason() != "RIDE_UNKNOWN" {
		t.Errorf("dropped by another: %v", e)
	}
	if s := a.again(); len(s.GetBookings()) != 1 || s.GetRide() != nil ||
		s.GetBookings()[0].GetRideId() != string(ride) {
		t.Errorf("snapshot: %v", s)
	}
	if s := b.again(); len(s.GetBookings()) != 0 {
		t.Errorf("another's snapshot: %v", s)
	}
	// It keeps nobody from driving others.
	other := w.ask("R3", w.at(300, 0))
	offer := a.offered(other)
	a.do(accept(offer.GetOfferId()))
	gone := a.do(dropBooking(ride)).GetRide()
	if gone.GetState() != typepb.RideState_RIDE_STATE_SCHEDULED || gone.GetPickup() != nil {
		t.Errorf("given back: %v", gone)
	}
}

// TestBookingMoves: a driver is told when the flight of a booking moves it, and when the booking
// is gone, whether or not hints arrive.
func TestBookingMoves(t *testing.T) {
	for name, deaf := range map[string]bool{"hints": false, "rows": true} {
		t.Run(name, func(t *testing.T) {
			w := newBookTown(t, 1)
			a := w.phone(0)
			a.free(w.at(0, 0))
			ride := w.book("R1", w.at(300, 0), 20*time.Hour)
			a.do(takeBooking(ride))
			w.hints.deaf.Store(deaf)
			was := w.ride(ride).Booking
			_, err := w.desk.MoveFlight(w.ctx, w.clock.Now(), w.key("ops:1"), dispatch.MoveFlight{
				City: w.city.ID, Flight: was.Flight, FlightTime: dispatch.FlightTime{
					Scheduled: was.PickupAt, Expected: was.PickupAt.Add(time.Hour),
				},
			})
			check(t, err)
			await(a, "the moved booking", (*driverpb.DriveResponse).GetRide,
				func(r *typepb.Ride) bool {
					return r.GetBooking().GetPickupAt().AsTime().Equal(was.PickupAt.Add(time.Hour))
				})
			_, err = w.desk.DropBooking(w.ctx, w.clock.Now(), w.key("company:1"),
				dispatch.HoldBooking{Ride: ride, Driver: a.driver})
			check(t, err)
			await(a, "the end", (*driverpb.DriveResponse).GetRide, func(r *typepb.Ride) bool {
				return r.GetState() == typepb.RideState_RIDE_STATE_SCHEDULED
			})
		})
	}
}

// TestBookingReminder: a driver is reminded over the session.
func TestBookingReminder(t *testing.T) {
	w := newBookTown(t, 1)
	a := w.phone(0)
	a.free(w.at(0, 0))
	ride := w.book("R1", w.at(300, 0), time.Hour+10*time.Second)
	a.do(takeBooking(ride))
	got := await(a, "the reminder", (*driverpb.DriveResponse).GetBookingReminder, nil).GetRide()
	if got.GetRideId() != string(ride) || got.GetBooking().GetRemindedAt() == nil {
		t.Errorf("reminded of %v", got)
	}
}
