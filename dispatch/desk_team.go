package dispatch

import (
	"context"
	"slices"
	"time"
)

// FoundTeam makes a team.
type FoundTeam struct {
	Driver DriverID
	Name   string // 1 to MaxTeamNameBytes
}

// InviteToTeam is a member's wish to have another driver in the team.
type InviteToTeam struct {
	Driver  DriverID // of the team
	Invited DriverID
}

// MemberWord is a driver's word on a place in a team.
type MemberWord struct {
	Driver DriverID
	Member MemberID
}

// FoundTeam makes a team, whose first member is the driver. Conflict with ReasonInTeam for one who
// is of a team already.
func (d *Desk) FoundTeam(
	ctx context.Context, now time.Time, key Once, c FoundTeam,
) (Member, error) {
	id, place := TeamID(d.NewID(now)), MemberID(d.NewID(now))
	return do(ctx, d, "FoundTeam", now, key, c, func(j *job) (Member, error) {
		if err := checkTeamName(c.Name); err != nil {
			return Member{}, err
		}
		driver, err := j.tx.LockDriver(c.Driver)
		if err != nil {
			return Member{}, err
		}
		err = j.tx.PutTeam(Team{
			ID: id, City: driver.City, Name: c.Name, Founder: c.Driver, MadeAt: now,
		})
		if err != nil {
			return Member{}, err
		}
		m := Member{
			ID: place, Team: id, Driver: c.Driver, State: MemberJoined, By: c.Driver, Since: now,
		}
		if err := j.tx.InsertMember(m); err != nil {
			return Member{}, err
		}
		return m, j.tellTeam(c.Driver)
	})
}

// tellTeam tells engine and phone that a driver's team is another.
func (j *job) tellTeam(driver DriverID) error {
	s, ok, err := j.tx.Shift(driver)
	if err != nil || !ok {
		return err
	}
	return j.putShift(&s)
}

// InviteToTeam invites a driver of the same city. Who is invited or a member already stays so.
// Errors: NotFound with ReasonUnknownTeam for who is of no team, with ReasonUnknownDriver for a
// driver who is not of the city, Exhausted with ReasonTeamFull.
func (d *Desk) InviteToTeam(
	ctx context.Context, now time.Time, key Once, c InviteToTeam,
) (Member, error) {
	id := MemberID(d.NewID(now))
	return do(ctx, d, "InviteToTeam", now, key, c, func(j *job) (Member, error) {
		invited, err := j.tx.Driver(c.Invited)
		if err != nil {
			return Member{}, err
		}
		team, err := j.ownTeam(c.Driver)
		if err == nil && invited.City != team.City {
			err = Errorf(NotFound, ReasonUnknownDriver, "no driver %s", c.Invited)
		}
		if err != nil {
			return Member{}, err
		}
		members, err := j.tx.Members(team.ID)
		if err != nil {
			return Member{}, err
		}
		at := slices.IndexFunc(members, func(m Member) bool { return m.Driver == c.Invited })
		if at >= 0 {
			return members[at], nil
		}
		city, err := d.Cities.City(team.City)
		if err != nil {
			return Member{}, err
		}
		if most := city.PolicyAt(now).TeamDrivers; len(members) >= most {
			return Member{}, Errorf(Exhausted, ReasonTeamFull,
				"team %s has %d drivers, its limit, invited ones included", team.ID, most)
		}
		m := Member{
			ID: id, Team: team.ID, Driver: c.Invited, State: MemberInvited, By: c.Driver,
			Since: now,
		}
		return m, j.tx.InsertMember(m)
	})
}

// ownTeam locks the team that a driver is of.
func (j *job) ownTeam(driver DriverID) (Team, error) {
	if _, err := j.tx.LockDriver(driver); err != nil {
		return Team{}, err
	}
	id, err := j.tx.TeamOf(driver)
	if err != nil {
		return Team{}, err
	}
	if id == "" {
		return Team{}, Errorf(NotFound, ReasonUnknownTeam, "driver %s is of no team", driver)
	}
	return j.tx.LockTeam(id)
}

// JoinTeam is the yes to an invitation; who has joined already stays. NotFound with
// ReasonUnknownMember for an invitation that is not the driver's, Conflict with ReasonInTeam for
// who is of a team.
func (d *Desk) JoinTeam(
	ctx context.Context, now time.Time, key Once, c MemberWord,
) (Member, error) {
	return do(ctx, d, "JoinTeam", now, key, c, func(j *job) (Member, error) {
		if _, err := j.tx.LockDriver(c.Driver); err != nil {
			return Member{}, err
		}
		m, err := j.tx.Member(c.Member)
		if err != nil {
			return Member{}, err
		}
		if m.Driver != c.Driver {
			return Member{}, unknownMember(c.Member)
		}
		if _, err := j.tx.LockTeam(m.Team); err != nil {
			return Member{}, err
		}
		// The last of the team may have left since, and the invitation with them.
		if m, err = j.tx.Member(c.Member); err != nil || m.State == MemberJoined {
			return m, err
		}
		m.State, m.Since = MemberJoined, now
		if err := j.tx.UpdateMember(m); err != nil {
			return Member{}, err
		}
		return m, j.tellTeam(c.Driver)
	})
}

// LeaveTeam ends a place in a team: the driver's own, or an invitation that they refuse, or, for
// the founder, anybody's. When the founder leaves, the one who has joined first of those who stay
// is the founder; when nobody stays, nobody is invited any more. NotFound with ReasonUnknownMember
// for a place of which the driver has no say.
func (d *Desk) LeaveTeam(
	ctx context.Context, now time.Time, key Once, c MemberWord,
) (Member, error) {
	return do(ctx, d, "LeaveTeam", now, key, c, func(j *job) (Member, error) {
		m, err := j.tx.Member(c.Member)
		if err != nil {
			return Member{}, err
		}
		if _, err := j.tx.LockDriver(m.Driver); err != nil {
			return Member{}, err
		}
		team, err := j.tx.LockTeam(m.Team)
		if err != nil {
			return Member{}, err
		}
		if m.Driver != c.Driver && team.Founder != c.Driver {
			return Member{}, unknownMember(c.Member)
		}
		// What was read before the locks may have changed.
		if m, err = j.tx.Member(c.Member); err != nil {
			return Member{}, err
		}
		if err := j.tx.DropMember(m.ID); err != nil {
			return Member{}, err
		}
		if m.State == MemberInvited {
			return m, nil
		}
		if err := j.pass(team, m.Driver); err != nil {
			return Member{}, err
		}
		return m, j.tellTeam(m.Driver)
	})
}

// pass gives a team whose founder has left to the next, or forgets its invitations.
func (j *job) pass(team Team, left DriverID) error {
	if team.Founder != left {
		return nil
	}
	members, err := j.tx.Members(team.ID)
	if err != nil {
		return err
	}
	var next *Member
	for i, m := range members {
		if m.State == MemberJoined && (next == nil || m.Since.Before(next.Since)) {
			next = &members[i]
		}
	}
	if next != nil {
		team.Founder = next.Driver
		return j.tx.PutTeam(team)
	}
	for _, m := range members {
		if err := j.tx.DropMember(m.ID); err != nil {
			return err
		}
	}
	return nil
}

func unknownMember(id MemberID) error {
	return Errorf(NotFound, ReasonUnknownMember, "no place %s", id)
}
