package driver

import (
	"context"
	"slices"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// openRes is the resolution of the fields in which bookings are shown before somebody takes them:
// some 500 m to a side. A driver has to know about where, and not at whose door.
const openRes = 8

func (s *session) hold(a *driverpb.RideAction) dispatch.HoldBooking {
	return dispatch.HoldBooking{
		Ride: dispatch.RideID(a.GetRideId()), Driver: s.driver, Reason: a.GetReason(),
	}
}

// takeBooking notes a booking or a next ride that the driver holds, or that they hold no more.
func (d *stand) takeBooking(b dispatch.Brief, driver dispatch.DriverID) {
	i := slices.Index(d.ahead, b.ID)
	ahead := b.State == dispatch.Booked || b.State.Active() && b.Slot == dispatch.SlotNext
	switch holds := ahead && b.Driver == driver; {
	case holds && i < 0:
		d.ahead = append(d.ahead, b.ID)
	case !holds && i >= 0:
		d.ahead = slices.Delete(d.ahead, i, i+1)
	}
}

// lost are the bookings and the next ride that the driver is thought to hold and that have no
// driver any more, or another one.
func (d *stand) lost(
	changed map[dispatch.RideID]dispatch.Brief, driver dispatch.DriverID,
) (all []dispatch.Brief) {
	for _, id := range d.ahead {
		if b, ok := changed[id]; ok && b.Driver != driver {
			all = append(all, b)
		}
	}
	return all
}

// reminds reports whether a change of a ride is that its driver is reminded.
func reminds(b dispatch.Brief, ride *typepb.Ride) bool {
	at := wire.TimeOf(ride.GetBooking().GetRemindedAt())
	return b.State == dispatch.Booked && !at.IsZero() && at.Equal(b.ChangedAt)
}

func reminderMessage(ride *typepb.Ride) *driverpb.DriveResponse {
	return &driverpb.DriveResponse{Message: &driverpb.DriveResponse_BookingReminder{
		BookingReminder: &driverpb.BookingReminder{Ride: ride},
	}}
}

// ListBookings reads the bookings that the driver may take, the first pickup first.
func (v *Server) ListBookings(
	ctx context.Context, in *driverpb.ListBookingsRequest,
) (*driverpb.ListBookingsResponse, error) {
	caller := wire.CallerOf(ctx)
	list := "driver/bookings/" + caller.Identity()
	page, err := wire.PageOf(list, in.GetPageSize(), in.GetPageToken())
	if err != nil {
		return nil, err
	}
	driver := dispatch.DriverID(caller.ID)
	rows, err := v.c.Desk.Snapshot(ctx, driver)
	if err != nil {
		return nil, err
	}
	q := dispatch.BookingQuery{
		City: rows.Shift.City, Driver: driver, Team: rows.Shift.Team,
		Seats: rows.Shift.Seats, Now: v.c.Now(),
		WithinM: int(in.GetWithinMeters()),
	}
	if q.WithinM > 0 {
		if is := v.book.get(driver); is != nil {
			q.Near = is.lastPoint()
		}
		if q.Near == (geo.Point{}) {
			return nil, wire.BadField("within_meters", "0: no position of the taxi is known here")
		}
	}
	rides, err := v.c.Reads.OpenBookings(ctx, q, page)
	if err != nil {
		return nil, err
	}
	out := &driverpb.ListBookingsResponse{}
	for _, r := range rides {
		if !rows.Shift.Vehicle.Serves(r.Wants) {
			continue
		}
		b, err := openBookingPB(r, driver)
		if err != nil {
			return nil, err
		}
		out.Bookings = append(out.Bookings, b)
	}
	if len(rides) == page.Limit {
		out.NextPageToken = wire.NextPage(list, dispatch.BookingKey(rides[len(rides)-1]))
	}
	return out, nil
}

// hearBooking tells of a booking that was made for this driver first.
func (s *session) hearBooking(r dispatch.Ride) {
	if !r.First.HeldFor(s.driver, s.srv.c.Now()) {
		return
	}
	s.mu.Lock()
	news := s.stand.onceRide(s.srv.book.seed, r.ID, r.Version)
	s.mu.Unlock()
	if !news {
		return
	}
	s.sendLate(func(context.Context) (*driverpb.DriveResponse, error) {
		b, err := openBookingPB(r, s.driver)
		return &driverpb.DriveResponse{Message: &driverpb.DriveResponse_BookingForYou{
			BookingForYou: b,
		}}, err
	})
}

// openBookingPB is a booking as drivers see it who may take it.
func openBookingPB(r dispatch.Ride, driver dispatch.DriverID) (*driverpb.OpenBooking, error) {
	from, err := about(r.Pickup.Point)
	if err != nil {
		return nil, err
	}
	to, err := about(r.Dropoff.Point)
	if err != nil {
		return nil, err
	}
	return &driverpb.OpenBooking{
		RideId: string(r.ID), Pickup: from, PickupName: r.Pickup.Name, Dropoff: to,
		PickupAt: wire.TimePB(r.Booking.PickupAt), Flown: r.Booking.Flight.Number != "",
		Terminal: r.Booking.Terminal, Quote: wire.QuotePB(r.Quote), TipFen: int64(r.Tip),
		FeeFen: int64(r.Booking.Fee),
		Seats:  int32(min(r.Seats, dispatch.MaxSeats)), //nolint:gosec // G115: at most 8
		ForYou: r.First.Driver == driver,
	}, nil
}

// about is the middle of the field around a point.
func about(p geo.Point) (*typepb.Point, error) {
	cell, err := geo.CellOf(p, openRes)
	if err != nil {
		return nil, err
	}
	middle, err := cell.Center()
	return wire.PointPB(middle), err
}
