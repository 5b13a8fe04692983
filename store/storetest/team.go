package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"hexhail/dispatch"
)

// placeIn is a driver's place in a team.
func placeIn(
	id dispatch.MemberID, team dispatch.TeamID, driver dispatch.DriverID, s dispatch.MemberState,
) dispatch.Member {
	return dispatch.Member{
		ID: id, Team: team, Driver: driver, State: s, By: "D1", Since: noon,
	}
}

func insertMembers(t *testing.T, db Database, list ...dispatch.Member) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) error {
		for _, m := range list {
			check(t, tx.InsertMember(m))
		}
		return nil
	})
}

func teams(t *testing.T, open Open) {
	t.Run("Lists", func(t *testing.T) { teamLists(t, open) })
	t.Run("Promise", func(t *testing.T) { promiseTeams(t, open) })
	db := open(t)
	const joined, invited = dispatch.MemberJoined, dispatch.MemberInvited
	team, later := filled[dispatch.Team](0), filled[dispatch.Team](100)
	later.ID = team.ID
	for _, want := range []dispatch.Team{team, later} {
		do(t, db, func(tx dispatch.Tx) error {
			check(t, tx.PutTeam(want))
			got, err := tx.LockTeam(team.ID)
			equal(t, "team", got, want)
			return err
		})
	}
	one, two := placeIn("1", "A", "D1", joined), placeIn("2", "A", "D2", invited)
	insertMembers(t, db, two, one)
	do(t, db, func(tx dispatch.Tx) error {
		got, err := tx.Member("2")
		check(t, err)
		equal(t, "member", got, two)
		list, err := tx.Members("A")
		check(t, err)
		equal(t, "members", list, []dispatch.Member{one, two})
		for driver, want := range map[dispatch.DriverID]dispatch.TeamID{
			"D1": "A", "D2": "", "D3": "",
		} {
			is, err := tx.TeamOf(driver)
			check(t, err)
			equal(t, "team of "+string(driver), is, want)
		}
		two.State, two.Since = joined, after(5)
		check(t, tx.UpdateMember(two))
		got, err = tx.Member("2")
		equal(t, "joined", got, two)
		return err
	})
	shiftsKnowTheirTeam(t, db)
	refusedMembers(t, db)
}

// shiftsKnowTheirTeam: whoever reads a shift reads the driver's team, whatever was written with it.
func shiftsKnowTheirTeam(t *testing.T, db Database) {
	t.Helper()
	s := dispatch.Shift{
		Driver: "D1", Taxi: "T1", City: city, Seats: 4, Duty: dispatch.OnDuty, ChangedAt: noon,
	}
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.PutShift(s))
		s.Team = "A"
		got, _, err := tx.Shift("D1")
		check(t, err)
		equal(t, "one shift", got, s)
		list, err := tx.ChangedShifts(city, noon)
		check(t, err)
		equal(t, "changed shifts", list, []dispatch.Shift{s})
		stands, err := tx.Standing(city)
		equal(t, "standing shifts", stands.Shifts, []dispatch.Shift{s})
		return err
	})
}

// refusedMembers: nobody is of two teams or twice of one, and what is gone is gone.
func refusedMembers(t *testing.T, db Database) {
	t.Helper()
	const joined, invited = dispatch.MemberJoined, dispatch.MemberInvited
	refused(t, db, dispatch.Conflict, dispatch.ReasonInTeam, func(tx dispatch.Tx) error {
		return tx.InsertMember(placeIn("3", "B", "D1", joined))
	})
	insertMembers(t, db, placeIn("4", "B", "D1", invited))
	refused(t, db, dispatch.Conflict, dispatch.ReasonInTeam, func(tx dispatch.Tx) error {
		return tx.UpdateMember(placeIn("4", "B", "D1", joined))
	})
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate, func(tx dispatch.Tx) error {
		return tx.InsertMember(placeIn("5", "B", "D1", invited))
	})
	do(t, db, func(tx dispatch.Tx) error { return tx.DropMember("1") })
	insertMembers(t, db, placeIn("6", "C", "D1", joined))
	const none = dispatch.ReasonUnknownMember
	refused(t, db, dispatch.NotFound, none, func(tx dispatch.Tx) error {
		_, err := tx.Member("1")
		return err
	})
	refused(t, db, dispatch.NotFound, none, func(tx dispatch.Tx) error {
		return tx.UpdateMember(placeIn("1", "A", "D1", joined))
	})
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownTeam, func(tx dispatch.Tx) error {
		_, err := tx.LockTeam("nobody's")
		return err
	})
}

func teamLists(t *testing.T, open Open) {
	db, ctx := open(t), t.Context()
	const joined, invited = dispatch.MemberJoined, dispatch.MemberInvited
	driver, team := filled[dispatch.Driver](10), filled[dispatch.Team](20)
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.InsertDriver(driver))
		check(t, tx.PutTeam(dispatch.Team{ID: "B", City: city, Name: "b"}))
		return tx.PutTeam(team)
	})
	his := placeIn("1", team.ID, driver.ID, joined)
	his.By = driver.ID
	insertMembers(t, db, placeIn("0", team.ID, "D9", invited), his,
		placeIn("2", team.ID, "D8", joined), placeIn("3", "B", driver.ID, invited),
		placeIn("4", "B", "D7", joined))
	card := dispatch.MemberCard{
		Member: his, Name: driver.Name, PhotoURI: driver.PhotoURI, Team: team,
		ByName: driver.Name,
	}
	for _, who := range []dispatch.DriverID{driver.ID, "D8"} {
		got, err := db.TeamMembers(ctx, who)
		check(t, err)
		var ids []dispatch.MemberID
		for _, m := range got {
			ids = append(ids, m.ID)
		}
		equal(t, "team", ids, []dispatch.MemberID{"1", "2", "0"})
		equal(t, "card", got[0], card)
	}
	for _, who := range []dispatch.DriverID{"D9", "nobody", ""} { // only invited, or strangers
		got, err := db.TeamMembers(ctx, who)
		check(t, err)
		equal(t, fmt.Sprintf("the team of %q", who), len(got), 0)
	}
	got, err := db.Invitations(ctx, driver.ID)
	check(t, err)
	equal(t, "invitations", len(got), 1)
	equal(t, "to the other", got[0].Team.Name, "b")
	got, err = db.Invitations(ctx, "D8")
	equal(t, "no invitations", len(got), 0)
	check(t, err)
	teamBookings(t, db, team.ID)
}

// teamBookings: a team's drivers find what is theirs from its time on.
func teamBookings(t *testing.T, db Database, team dispatch.TeamID) {
	t.Helper()
	r := scheduled("teams", 9000)
	r.First = dispatch.First{Driver: "D1", Team: team, TeamAt: after(100), OpenAt: after(200)}
	insertRides(t, db, r)
	for _, test := range []struct {
		driver dispatch.DriverID
		team   dispatch.TeamID
		at     float64
		want   int
	}{
		{"D1", "", 0, 1},
		{"D2", team, 99.999, 0},
		{"D2", team, 100, 1},
		{"D2", "B", 199.999, 0},
		{"D2", "", 199.999, 0},
		{"D2", "", 200, 1},
	} {
		list, err := db.OpenBookings(t.Context(), dispatch.BookingQuery{
			City: city, Driver: test.driver, Team: test.team, Seats: 4, Now: after(test.at),
		}, dispatch.Page{Limit: 9})
		check(t, err)
		equal(t, fmt.Sprintf("open to %+v", test), len(list), test.want)
	}
}

// promiseTeams: a driver who joins many teams at once is of one of them.
func promiseTeams(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) { check(t, joinAll(t, open(t))) })
	t.Run("MutantNoIndex", func(t *testing.T) {
		db := open(t)
		check(t, db.SQL(t.Context(), `DROP INDEX team_one_per_driver`))
		caught(t, joinAll(t, db))
	})
	t.Run("BesideLeave", func(t *testing.T) { joinLeft(t, open(t)) })
}

// joinLeft: who joins a team in the moment in which the last of its drivers leaves has the team, or
// hears that there is no such place any more.
func joinLeft(t *testing.T, db Database) {
	desk, ctx := NewDesk(t, db), t.Context()
	for i := range 24 {
		a, b := dispatch.DriverID(fmt.Sprint("A", i)), dispatch.DriverID(fmt.Sprint("B", i))
		do(t, db, func(tx dispatch.Tx) error {
			check(t, tx.InsertDriver(dispatch.Driver{ID: a, City: city}))
			return tx.InsertDriver(dispatch.Driver{ID: b, City: city})
		})
		own, err := desk.FoundTeam(ctx, noon, onceFor(a, "found"),
			dispatch.FoundTeam{Driver: a, Name: "team"})
		check(t, err)
		place, err := desk.InviteToTeam(ctx, noon, onceFor(a, "invite"),
			dispatch.InviteToTeam{Driver: a, Invited: b})
		check(t, err)
		var refusal error
		each(2, 2, func(which int) {
			if which == 0 {
				_, err := desk.LeaveTeam(ctx, noon, onceFor(a, "leave"),
					dispatch.MemberWord{Driver: a, Member: own.ID})
				check(t, err)
				return
			}
			_, refusal = desk.JoinTeam(ctx, noon, onceFor(b, "join"),
				dispatch.MemberWord{Driver: b, Member: place.ID})
		})
		do(t, db, func(tx dispatch.Tx) error {
			of, err := tx.TeamOf(b)
			check(t, err)
			team, err := tx.LockTeam(own.Team)
			joined := of == team.ID && team.Founder == b
			switch {
			case refusal == nil && !joined:
				t.Errorf("%s has joined, is of team %q, and %s is founder", b, of, team.Founder)
			case refusal != nil && (of != "" ||
				dispatch.ReasonOf(refusal) != dispatch.ReasonUnknownMember):
				t.Errorf("%s is of team %q: %v", b, of, refusal)
			}
			return err
		})
	}
}

// joinAll has a few drivers join many teams at once, each of whose invitations was read before.
func joinAll(t *testing.T, db Database) error {
	t.Helper()
	const drivers, clubs = 4, 12
	var all []dispatch.Member
	for d := range drivers {
		for c := range clubs {
			all = append(all, placeIn(dispatch.MemberID(fmt.Sprint(d, "/", c)),
				dispatch.TeamID(fmt.Sprint("team", c)), keptDriver(d), dispatch.MemberInvited))
		}
	}
	insertMembers(t, db, all...)
	join := func(ctx context.Context, m dispatch.Member) error {
		m.State = dispatch.MemberJoined
		return db.Tx(ctx, func(tx dispatch.Tx) error { return tx.UpdateMember(m) })
	}
	var mu sync.Mutex
	refusals := 0
	each(claimWorkers, len(all), func(i int) {
		if err := join(t.Context(), all[i]); err != nil {
			mu.Lock()
			defer mu.Unlock()
			refusals++
			if dispatch.ReasonOf(err) != dispatch.ReasonInTeam {
				t.Error(err)
			}
		}
	})
	joined := map[dispatch.DriverID]int{}
	do(t, db, func(tx dispatch.Tx) error {
		for c := range clubs {
			list, err := tx.Members(dispatch.TeamID(fmt.Sprint("team", c)))
			check(t, err)
			for _, m := range list {
				if m.State == dispatch.MemberJoined {
					joined[m.Driver]++
				}
			}
		}
		return nil
	})
	for driver, n := range joined {
		if n != 1 {
			return fmt.Errorf("driver %s is of %d teams", driver, n)
		}
	}
	if len(joined) != drivers || refusals != drivers*(clubs-1) {
		t.Errorf("%d have joined, %d refusals", len(joined), refusals)
	}
	return nil
}
