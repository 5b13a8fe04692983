package dispatch_test

import (
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
)

func (w *town) found(driver dispatch.DriverID) dispatch.Member {
	w.t.Helper()
	m, err := w.desk.FoundTeam(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.FoundTeam{Driver: driver, Name: "早班车队"})
	w.ok(err)
	return m
}

func (w *town) invite(by, driver dispatch.DriverID) (dispatch.Member, error) {
	return w.desk.InviteToTeam(w.ctx, w.now, w.key("driver:"+string(by)),
		dispatch.InviteToTeam{Driver: by, Invited: driver})
}

func (w *town) join(driver dispatch.DriverID, id dispatch.MemberID) error {
	_, err := w.desk.JoinTeam(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.MemberWord{Driver: driver, Member: id})
	return err
}

func (w *town) leave(driver dispatch.DriverID, id dispatch.MemberID) error {
	_, err := w.desk.LeaveTeam(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.MemberWord{Driver: driver, Member: id})
	return err
}

// team has a driver invite and receive others, after having founded a team.
func (w *town) team(founder dispatch.DriverID, others ...dispatch.DriverID) []dispatch.Member {
	w.t.Helper()
	members := []dispatch.Member{w.found(founder)}
	for _, driver := range others {
		w.pass(time.Second)
		m, err := w.invite(founder, driver)
		w.ok(err)
		w.ok(w.join(driver, m.ID))
		members = append(members, m)
	}
	return members
}

// cards are a driver's team: names in order, the founder with a star, who is invited in brackets.
func (w *town) cards(driver dispatch.DriverID) (list []string) {
	w.t.Helper()
	members, err := w.db.TeamMembers(w.ctx, driver)
	w.ok(err)
	for _, m := range members {
		text := string(m.Driver)
		if m.Driver == m.Team.Founder {
			text += "*"
		}
		if m.State == dispatch.MemberInvited {
			text = "(" + text + ")"
		}
		list = append(list, text)
	}
	return list
}

// TestTeams: drivers invite, join, leave and are removed; a driver is of one team; who founded it
// is followed by the one who has joined first, and nobody is invited to a team without members.
func TestTeams(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.TeamDrivers = 3 })
	var d []dispatch.DriverID
	for _, name := range []string{"1", "2", "3", "4"} {
		d = append(d, w.taxi(name, w.at(0, 0), 4))
	}
	is := func(driver dispatch.DriverID, want ...string) {
		t.Helper()
		if got := w.cards(driver); !slices.Equal(got, want) {
			t.Fatalf("%s sees %v, want %v", driver, got, want)
		}
	}
	_, err := w.invite(d[0], d[1])
	w.fails(err, dispatch.ReasonUnknownTeam)
	_, err = w.desk.FoundTeam(w.ctx, w.now, w.key("driver:D1"), dispatch.FoundTeam{Driver: d[0]})
	w.fails(err, dispatch.ReasonField)
	first := w.found(d[0])
	_, err = w.invite(d[0], "nobody")
	w.fails(err, dispatch.ReasonUnknownDriver)
	second, err := w.invite(d[0], d[1])
	w.ok(err)
	again, err := w.invite(d[0], d[1])
	w.ok(err)
	if again.ID != second.ID {
		t.Errorf("invited twice: %v, %v", second, again)
	}
	is(d[1])
	w.fails(w.join(d[2], second.ID), dispatch.ReasonUnknownMember)
	w.fails(w.leave(d[2], second.ID), dispatch.ReasonUnknownMember)
	w.pass(time.Second)
	w.ok(w.join(d[1], second.ID))
	third, err := w.invite(d[1], d[2]) // any member may
	w.ok(err)
	_, err = w.invite(d[0], d[3])
	w.fails(err, dispatch.ReasonTeamFull)
	is(d[0], "D1*", "D2", "(D3)")

	own := w.found(d[2])
	w.fails(w.join(d[2], third.ID), dispatch.ReasonInTeam)
	_, err = w.desk.FoundTeam(w.ctx, w.now, w.key("driver:D3"),
		dispatch.FoundTeam{Driver: d[2], Name: "another"})
	w.fails(err, dispatch.ReasonInTeam)
	w.ok(w.leave(d[2], own.ID))
	w.pass(time.Second)
	w.ok(w.join(d[2], third.ID))
	is(d[2], "D1*", "D2", "D3")

	w.fails(w.leave(d[1], third.ID), dispatch.ReasonUnknownMember) // it is the founder's to say
	w.ok(w.leave(d[0], first.ID))
	is(d[2], "D2*", "D3")
	w.ok(w.leave(d[1], third.ID)) // who founds it now
	_, err = w.invite(d[1], d[3])
	w.ok(err)
	w.ok(w.leave(d[1], second.ID))
	invited, err := w.db.Invitations(w.ctx, d[3])
	w.ok(err)
	if len(invited) > 0 {
		t.Errorf("invited to nothing: %v", invited)
	}
}

// teamed is a town with a regular on a break, a driver of their team, and a nearer one of none.
func teamed(t *testing.T, change ...func(*dispatch.Policy)) (
	w *town, mate, other dispatch.DriverID, places []dispatch.Member, id dispatch.RegularID,
) {
	t.Helper()
	w = newTown(t, change...)
	his := w.taxi("1", w.at(0, 10), 4)
	id = w.regulars("a", his)
	mate, other = w.taxi("2", w.at(0, 900), 4), w.taxi("3", w.at(0, 50), 4)
	places = w.team(his, mate)
	w.duty(his, dispatch.Paused)
	return w, mate, other, places, id
}

// TestTeamStage: after the regular's time the team's begins, in every mode and after a restart, and
// then everybody's.
func TestTeamStage(t *testing.T) {
	where := map[string][2]float64{"1": {0, 10}, "2": {0, 900}, "3": {0, 50}}
	for _, mode := range dispatch.Modes() {
		t.Run(string(mode), func(t *testing.T) {
			w, mate, other, _, id := teamed(t, func(p *dispatch.Policy) {
				p.Mode, p.AssignRounds, p.OfferS = mode, 1, 5
			})
			c := w.request("Ra", w.at(0, 0), 1)
			c.First = dispatch.AskFirst{Regular: id, RegularS: 30, TeamS: 20}
			got, err := w.desk.Request(w.ctx, w.now, w.key("rider:Ra"), c)
			w.ok(err)
			asked := w.now
			var stages []dispatch.Stage
			reached := false
			w.live(60*time.Second, where, func() {
				s := w.ride(got.Ride).StageAt(w.now)
				if n := len(stages); n == 0 || stages[n-1] != s {
					stages = append(stages, s)
				}
				since := w.now.Sub(asked)
				if w.reaches(mate, got.Ride) && since < 30*time.Second {
					t.Errorf("the team has it after %s", since)
				}
				if w.reaches(other, got.Ride) && since < 50*time.Second {
					t.Errorf("another has it after %s", since)
				}
				reached = reached || w.reaches(other, got.Ride)
				if since == 33*time.Second {
					w.offered(mate, got.Ride)
					w.restart()
				}
			})
			want := []dispatch.Stage{
				dispatch.StageRegular, dispatch.StageTeam, dispatch.StageAll,
			}
			if !slices.Equal(stages, want) || !reached {
				t.Errorf("stages %v, offers %v", stages, w.offers)
			}
		})
	}
}

// TestTeamChanges: the engine hears who joins and leaves a team, and a new shift knows its team.
func TestTeamChanges(t *testing.T) {
	where := map[string][2]float64{"1": {0, 10}, "2": {0, 900}, "3": {0, 50}}
	w, mate, other, places, id := teamed(t)
	c := w.request("Ra", w.at(0, 0), 1)
	c.First = dispatch.AskFirst{Regular: id, RegularS: 1, TeamS: 120}
	got, err := w.desk.Request(w.ctx, w.now, w.key("rider:Ra"), c)
	w.ok(err)
	w.ok(w.leave(mate, places[1].ID))
	w.live(5*time.Second, where, nil)
	if w.reaches(mate, got.Ride) {
		t.Fatal("who has left is asked")
	}
	m, err := w.invite("D1", other)
	w.ok(err)
	w.live(2*time.Second, where, nil)
	if w.reaches(other, got.Ride) {
		t.Fatal("who is only invited is asked")
	}
	w.duty(other, dispatch.OffDuty)
	w.ok(w.join(other, m.ID))
	w.duty(other, dispatch.OnDuty)
	w.live(3*time.Second, where, nil)
	w.offered(other, got.Ride)
}

// TestTeamlessRegular: the time of a team that there is not is nobody's.
func TestTeamlessRegular(t *testing.T) {
	w, _, other, id := held(t, func(p *dispatch.Policy) { p.FirstTeamS = 60 })
	c := w.request("Ra", w.at(0, 0), 1)
	for _, s := range []int{-1, 61} {
		c.First = dispatch.AskFirst{Regular: id, RegularS: 10, TeamS: s}
		_, err := w.desk.Request(w.ctx, w.now, w.key("rider:Ra"), c)
		w.fails(err, dispatch.ReasonField)
	}
	c.First.TeamS = 60
	got, err := w.desk.Request(w.ctx, w.now, w.key("rider:Ra"), c)
	w.ok(err)
	if f := w.ride(got.Ride).First; f.Team != "" || !f.OpenAt.Equal(w.now.Add(10*time.Second)) {
		t.Errorf("%+v", f)
	}
	w.duty("D1", dispatch.Paused)
	w.live(13*time.Second, map[string][2]float64{"2": {0, 50}}, nil)
	w.offered(other, got.Ride)
}

// TestBookingForRegular: a booking days ahead is told to the regular at once, the team may take it
// from a stated time on, and then everybody.
func TestBookingForRegular(t *testing.T) {
	w, mate, other, _, id := teamed(t)
	told := map[dispatch.DriverID]dispatch.RideID{}
	w.pushed = func(n dispatch.Notice) {
		if n.Ride != nil {
			told[n.Driver] = n.Ride.ID
		}
	}
	pickup := w.now.Add(48 * time.Hour)
	teamAt, openAt := pickup.Add(-24*time.Hour), pickup.Add(-12*time.Hour)
	book := func(change func(*dispatch.BookRide)) (dispatch.RideID, error) {
		got, err := w.tryBook("Ra", 48*time.Hour, func(c *dispatch.BookRide) {
			c.ForRegular, c.TeamAt, c.OpenAt = id, teamAt, openAt
			change(c)
		})
		return got.Ride, err
	}
	for name, bad := range map[string]func(*dispatch.BookRide){
		"both":           func(c *dispatch.BookRide) { c.ForDriver = "D1" },
		"never open":     func(c *dispatch.BookRide) { c.OpenAt = time.Time{} },
		"team too late":  func(c *dispatch.BookRide) { c.TeamAt = openAt },
		"team too early": func(c *dispatch.BookRide) { c.TeamAt = w.now.Add(-time.Second) },
		"open too late":  func(c *dispatch.BookRide) { c.OpenAt = pickup.Add(-time.Minute) },
	} {
		if _, err := book(bad); dispatch.ReasonOf(err) != dispatch.ReasonField {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := book(func(c *dispatch.BookRide) { c.ForRegular = "nobody's" })
	w.fails(err, dispatch.ReasonUnknownRegular)
	ride, err := book(func(*dispatch.BookRide) {})
	w.ok(err)
	if told["D1"] != ride || len(told) != 1 {
		t.Errorf("told %v", told)
	}
	w.fails(w.take(mate, ride), dispatch.ReasonUnknownRide)
	w.now = teamAt.Add(-time.Second)
	w.fails(w.take(mate, ride), dispatch.ReasonUnknownRide)
	w.now = teamAt
	w.fails(w.take(other, ride), dispatch.ReasonUnknownRide)
	w.ok(w.take(mate, ride))
	_, err = w.desk.DropBooking(w.ctx, w.now, w.key("driver:D2"),
		dispatch.HoldBooking{Ride: ride, Driver: mate})
	w.ok(err)
	w.now = openAt
	w.ok(w.take(other, ride))
	w.is(ride, dispatch.Booked, other)
}
