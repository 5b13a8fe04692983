package driver

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
)

// join puts drivers into one team, which the first founds.
func (w *town) join(founder *phone, others ...*phone) {
	w.t.Helper()
	now := w.clock.Now()
	_, err := w.desk.FoundTeam(w.ctx, now, w.key("driver:a"),
		dispatch.FoundTeam{Driver: founder.driver, Name: "早班"})
	check(w.t, err)
	for _, p := range others {
		m, err := w.desk.InviteToTeam(w.ctx, now, w.key("driver:a"),
			dispatch.InviteToTeam{Driver: founder.driver, Invited: p.driver})
		check(w.t, err)
		_, err = w.desk.JoinTeam(w.ctx, now, w.key("driver:b"),
			dispatch.MemberWord{Driver: p.driver, Member: m.ID})
		check(w.t, err)
	}
}

func handOver(ride dispatch.RideID) *driverpb.Command {
	return &driverpb.Command{Action: &driverpb.Command_HandOverBooking{
		HandOverBooking: &driverpb.HandOverBooking{RideId: string(ride)},
	}}
}

func takeOver(ride dispatch.RideID) *driverpb.Command {
	return &driverpb.Command{Action: &driverpb.Command_TakeOverBooking{
		TakeOverBooking: &driverpb.RideAction{RideId: string(ride)},
	}}
}

func (p *phone) handOvers() []*driverpb.HandOver {
	p.w.t.Helper()
	got, err := p.unary().ListHandOvers(p.w.as(p.driver), &driverpb.ListHandOversRequest{})
	check(p.w.t, err)
	return got.GetHandOvers()
}

// TestHandOver: those of a driver's team, and nobody else, hear of a booking that is offered to
// them, see about where it is and no more, and hear that it is over; who takes it over has it.
func TestHandOver(t *testing.T) {
	w := newBookTown(t, 4)
	a, b, c, stranger := w.phone(0), w.phone(1), w.phone(2), w.phone(3)
	for _, p := range []*phone{a, b, c, stranger} {
		p.onDuty()
	}
	w.join(a, b, c)
	ride := w.book("R1", w.at(300, 0), 20*time.Hour)
	a.do(takeBooking(ride))
	if got := a.do(handOver(ride)).GetRide(); !got.GetBooking().GetHandingOver() {
		t.Errorf("offered: %v", got)
	}
	told := await(b, "what is offered", (*driverpb.DriveResponse).GetHandOver, nil)
	booking := w.ride(ride).Booking
	lead := w.city.PolicyAt(w.clock.Now()).HandOverLead()
	if told.GetFrom() != "Li" || told.GetToYou() || told.GetBooking().GetRideId() != string(ride) ||
		told.GetBooking().GetPickupName() != "首都机场" ||
		!told.GetUntil().AsTime().Equal(booking.PickupAt.Add(-lead)) {
		t.Errorf("told %v", told)
	}
	if p := told.GetBooking().GetPickup(); p.GetLat() == w.at(300, 0).Lat {
		t.Errorf("the place is told to a metre: %v", p)
	}
	if list := b.handOvers(); len(list) != 1 || !same(list[0], told) {
		t.Errorf("listed %v", list)
	}
	if len(a.handOvers()) > 0 || len(stranger.handOvers()) > 0 {
		t.Error("it is offered to its own driver, or to a stranger")
	}
	for p, reason := range map[*phone]string{stranger: "RIDE_UNKNOWN", a: "RIDE_STATE"} {
		if e := p.give(takeOver(ride)).GetError(); e.GetReason() != reason {
			t.Errorf("%s takes it: %v", p.driver, e)
		}
	}

	got := b.do(takeOver(ride)).GetRide()
	if got.GetState() != typepb.RideState_RIDE_STATE_BOOKED ||
		got.GetBooking().GetHandedOverAt() == nil || got.GetBooking().GetHandingOver() {
		t.Errorf("taken over: %v", got)
	}
	gone := await(a, "the end", (*driverpb.DriveResponse).GetRide, func(r *typepb.Ride) bool {
		return r.GetVersion() == got.GetVersion()
	})
	if gone.GetPickup() != nil || gone.GetBooking() != nil {
		t.Errorf("the first driver is told %v", gone)
	}
	await(c, "the end", (*driverpb.DriveResponse).GetHandOverEnded,
		func(e *driverpb.HandOverEnded) bool { return e.GetRideId() == string(ride) })
	if e := c.give(takeOver(ride)).GetError(); e.GetReason() != "HANDED_OVER_ALREADY" {
		t.Errorf("taken over twice: %v", e)
	}
	if e := b.give(handOver(ride)).GetError(); e.GetReason() != "HANDED_OVER_ALREADY" {
		t.Errorf("handed over twice: %v", e)
	}
	if s := b.again(); len(s.GetBookings()) != 1 {
		t.Errorf("snapshot: %v", s)
	}
	if s := a.again(); len(s.GetBookings()) > 0 || len(c.handOvers()) > 0 {
		t.Errorf("the first driver's snapshot: %v", s)
	}
	if count(stranger, (*driverpb.DriveResponse).GetHandOver, nil) > 0 {
		t.Error("a stranger was told")
	}
}

// TestHandOverByRows: a driver whose phone no hint reaches hears that a teammate has the booking.
func TestHandOverByRows(t *testing.T) {
	w := newBookTown(t, 2)
	a, b := w.phone(0), w.phone(1)
	a.onDuty()
	b.onDuty()
	w.join(a, b)
	ride := w.book("R1", w.at(300, 0), 20*time.Hour)
	a.do(takeBooking(ride))
	a.do(handOver(ride))
	a.do(&driverpb.Command{Action: &driverpb.Command_WithdrawHandOver{
		WithdrawHandOver: &driverpb.RideAction{RideId: string(ride)},
	}})
	await(b, "the end", (*driverpb.DriveResponse).GetHandOverEnded, nil)
	if len(b.handOvers()) > 0 {
		t.Error("what is withdrawn is listed")
	}
	w.hints.deaf.Store(true)
	a.do(handOver(ride))
	got := b.do(takeOver(ride)).GetRide()
	await(a, "the end", (*driverpb.DriveResponse).GetRide, func(r *typepb.Ride) bool {
		return r.GetVersion() == got.GetVersion() && r.GetPickup() == nil
	})
}
