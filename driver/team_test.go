package driver

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
)

func (p *phone) unary() driverpb.DriverServiceClient {
	return driverpb.NewDriverServiceClient(p.conn)
}

func (p *phone) teams() *driverpb.GetTeamResponse {
	p.w.t.Helper()
	got, err := p.unary().GetTeam(p.w.as(p.driver), &driverpb.GetTeamRequest{})
	check(p.w.t, err)
	return got
}

// TestTeams: drivers form a team over the API; each sees the others' names and no id.
func TestTeams(t *testing.T) {
	w := newBookTown(t, 2)
	a, b := w.phone(0), w.phone(1)
	a.onDuty()
	b.onDuty()
	found := &driverpb.FoundTeamRequest{RequestId: "found", Name: "早班"}
	for range 2 {
		got, err := a.unary().FoundTeam(w.as(a.driver), found)
		check(t, err)
		if m := got.GetTeam().GetMembers(); got.GetTeam().GetName() != "早班" || len(m) != 1 ||
			!m[0].GetFounder() || !m[0].GetYou() || !m[0].GetJoined() {
			t.Errorf("founded %v", got)
		}
	}
	_, err := a.unary().InviteToTeam(w.as(a.driver),
		&driverpb.InviteToTeamRequest{RequestId: "invite", DriverId: string(b.driver)})
	check(t, err)
	sees := b.teams()
	if list := sees.GetInvitations(); sees.GetTeam() != nil || len(list) != 1 ||
		list[0].GetTeamName() != "早班" {
		t.Fatalf("invited: %v", sees)
	}
	id := sees.GetInvitations()[0].GetMemberId()
	_, err = a.unary().JoinTeam(w.as(a.driver),
		&driverpb.JoinTeamRequest{RequestId: "join", MemberId: id})
	if _, reason := reasonOf(err); reason != dispatch.ReasonUnknownMember {
		t.Errorf("joined for another: %v", err)
	}
	got, err := b.unary().JoinTeam(w.as(b.driver),
		&driverpb.JoinTeamRequest{RequestId: "join", MemberId: id})
	check(t, err)
	if m := got.GetTeam().GetMembers(); len(m) != 2 || m[0].GetYou() || !m[1].GetYou() ||
		!m[1].GetJoined() || m[1].GetFounder() {
		t.Errorf("joined %v", got)
	}
	_, err = b.unary().LeaveTeam(w.as(b.driver),
		&driverpb.LeaveTeamRequest{RequestId: "leave", MemberId: id})
	check(t, err)
	if b.teams().GetTeam() != nil || len(a.teams().GetTeam().GetMembers()) != 1 {
		t.Errorf("left: %v, %v", b.teams(), a.teams())
	}
}

// TestBookingForYou: a driver is told at once of a booking that is for them first, and another one
// is not; the team finds it from its time on.
func TestBookingForYou(t *testing.T) {
	w := newBookTown(t, 3)
	a, b, c := w.phone(0), w.phone(1), w.phone(2)
	for _, p := range []*phone{a, b, c} {
		p.onDuty()
	}
	place, err := w.desk.FoundTeam(w.ctx, w.clock.Now(), w.key("driver:a"),
		dispatch.FoundTeam{Driver: a.driver, Name: "早班"})
	check(t, err)
	mate, err := w.desk.InviteToTeam(w.ctx, w.clock.Now(), w.key("driver:a"),
		dispatch.InviteToTeam{Driver: place.Driver, Invited: b.driver})
	check(t, err)
	_, err = w.desk.JoinTeam(w.ctx, w.clock.Now(), w.key("driver:b"),
		dispatch.MemberWord{Driver: b.driver, Member: mate.ID})
	check(t, err)
	_, err = w.db.ImportRiders(w.ctx, []dispatch.Rider{{ID: "R1", Name: "Wang"}})
	check(t, err)
	now := w.clock.Now()
	teamAt := now.Add(time.Minute) // three seconds of the machine
	got, err := w.desk.Book(w.ctx, now, w.key("rider:R1"), dispatch.BookRide{
		RequestRide: dispatch.RequestRide{
			City: w.city.ID, Rider: "R1", Seats: 1, PayBy: money.Cash,
			Pickup:  dispatch.Place{Point: w.at(300, 0), Name: "首都机场"},
			Dropoff: dispatch.Place{Point: w.at(2000, 2000)},
		},
		PickupAt: now.Add(20 * time.Hour), ForDriver: a.driver, TeamAt: teamAt,
		OpenAt: now.Add(10 * time.Hour),
	})
	check(t, err)
	told := await(a, "the booking", (*driverpb.DriveResponse).GetBookingForYou, nil)
	if told.GetRideId() != string(got.Ride) || !told.GetForYou() ||
		told.GetPickupName() != "首都机场" {
		t.Errorf("told %v", told)
	}
	lists := func(p *phone) int {
		list, err := p.bookings(0)
		check(t, err)
		return len(list.GetBookings())
	}
	if early := lists(b); early > 0 && w.clock.Now().Before(teamAt) {
		t.Error("the team sees it before its time")
	}
	eventually(t, "the team's time", func() bool { return w.clock.Now().After(teamAt) })
	if lists(b) != 1 {
		t.Error("the team does not see it")
	}
	if lists(c) > 0 || count(c, (*driverpb.DriveResponse).GetBookingForYou, nil) > 0 ||
		count(b, (*driverpb.DriveResponse).GetBookingForYou, nil) > 0 {
		t.Error("others are told of it")
	}
	b.do(takeBooking(got.Ride))
	if lists(a) > 0 {
		t.Error("it is there still")
	}
}
