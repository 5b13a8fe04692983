package store

import (
	"context"

	"hexhail/dispatch"
)

// The columns of teams and of their members, in the order in which they are written and read.
var (
	teamColumns   = columns{"id", "city", "name", "founder", "made_at"}
	memberColumns = columns{"id", "team", "driver", "state", "invited_by", "since"}
)

// isJoined repeats the condition of the index by which a driver is of one team.
const isJoined = `state = 'joined'`

// shiftsTeam is the team of a shift's driver: the members' rows say it, and no shift's.
const shiftsTeam = `coalesce((SELECT team FROM team_member
	WHERE team_member.driver = shift.driver AND ` + isJoined + `), '')`

var (
	putTeam = &query{text: teamColumns.insert("team").text +
		` ON CONFLICT (id) DO UPDATE SET city = excluded.city, name = excluded.name,
		founder = excluded.founder, made_at = excluded.made_at`}
	lockTeam = &query{text: teamColumns.selects(`team WHERE id = $1`).text, lock: `FOR UPDATE`}
	teamOf   = columns{"team"}.selects(`team_member WHERE driver = $1 AND ` + isJoined)

	memberByID   = memberColumns.selects(`team_member WHERE id = $1`)
	members      = memberColumns.selects(`team_member WHERE team = $1 ORDER BY state DESC, id`)
	insertMember = memberColumns.insert("team_member")
	updateMember = &query{text: `UPDATE team_member SET state = $2, since = $3 WHERE id = $1`}
	dropMember   = &query{text: `DELETE FROM team_member WHERE id = $1`}

	memberCards = append(append(memberColumns.of("team_member"),
		"coalesce(driver.name, '')", "coalesce(driver.photo_uri, '')", "coalesce(other.name, '')"),
		teamColumns.of("team")...)
	// A driver sees the team that they are of, and what they are invited to.
	teamMembers = memberCards.selects(memberRows + `team_member.team = (SELECT team
		FROM team_member AS own WHERE own.driver = $1 AND own.driver <> '' AND own.` + isJoined + `)
		ORDER BY team_member.state DESC, team_member.id`)
	invitations = memberCards.selects(memberRows + `team_member.driver = $1
		AND team_member.driver <> '' AND team_member.state = 'invited' ORDER BY team_member.id`)
)

const memberRows = `team_member JOIN team ON team.id = team_member.team
	LEFT JOIN driver ON driver.id = team_member.driver
	LEFT JOIN driver AS other ON other.id = team_member.invited_by WHERE `

func scanTeam(r *reader) dispatch.Team {
	return dispatch.Team{
		ID: dispatch.TeamID(r.text()), City: dispatch.CityID(r.text()), Name: r.text(),
		Founder: dispatch.DriverID(r.text()), MadeAt: r.time(),
	}
}

func scanMember(r *reader) dispatch.Member {
	return dispatch.Member{
		ID: dispatch.MemberID(r.text()), Team: dispatch.TeamID(r.text()),
		Driver: dispatch.DriverID(r.text()), State: name(r, dispatch.ParseMemberState),
		By: dispatch.DriverID(r.text()), Since: r.time(),
	}
}

func scanMemberCard(r *reader) dispatch.MemberCard {
	return dispatch.MemberCard{
		Member: scanMember(r), Name: r.text(), PhotoURI: r.text(), ByName: r.text(),
		Team: scanTeam(r),
	}
}

// PutTeam implements [dispatch.Teams].
func (t *tx) PutTeam(team dispatch.Team) error {
	_, err := t.exec(putTeam, string(team.ID), string(team.City), team.Name,
		string(team.Founder), millis(team.MadeAt))
	return err
}

// LockTeam implements [dispatch.Teams].
func (t *tx) LockTeam(id dispatch.TeamID) (dispatch.Team, error) {
	team, ok, err := one(t, scanTeam, lockTeam, string(id))
	return team, found(ok, err, dispatch.ReasonUnknownTeam, "team", string(id))
}

// TeamOf implements [dispatch.Teams].
func (t *tx) TeamOf(driver dispatch.DriverID) (dispatch.TeamID, error) {
	scan := func(r *reader) dispatch.TeamID { return dispatch.TeamID(r.text()) }
	team, _, err := one(t, scan, teamOf, string(driver))
	return team, err
}

// Member implements [dispatch.MemberRows].
func (t *tx) Member(id dispatch.MemberID) (dispatch.Member, error) {
	m, ok, err := one(t, scanMember, memberByID, string(id))
	return m, found(ok, err, dispatch.ReasonUnknownMember, "place", string(id))
}

// Members implements [dispatch.MemberRows].
func (t *tx) Members(team dispatch.TeamID) ([]dispatch.Member, error) {
	return all(t, scanMember, members, string(team))
}

// InsertMember implements [dispatch.MemberRows].
func (t *tx) InsertMember(m dispatch.Member) error {
	_, err := t.exec(insertMember, string(m.ID), string(m.Team), string(m.Driver),
		m.State.String(), string(m.By), millis(m.Since))
	return err
}

// UpdateMember implements [dispatch.MemberRows].
func (t *tx) UpdateMember(m dispatch.Member) error {
	changed, err := t.exec(updateMember, string(m.ID), m.State.String(), millis(m.Since))
	return found(changed == 1, err, dispatch.ReasonUnknownMember, "place", string(m.ID))
}

// DropMember implements [dispatch.MemberRows].
func (t *tx) DropMember(id dispatch.MemberID) error {
	_, err := t.exec(dropMember, string(id))
	return err
}

// TeamMembers are those of the team that a driver is of, joined ones first; none for a driver who
// is of no team.
func (db *DB) TeamMembers(
	ctx context.Context, driver dispatch.DriverID,
) ([]dispatch.MemberCard, error) {
	return all(db.look(ctx), scanMemberCard, teamMembers, string(driver))
}

// Invitations are what a driver is invited to.
func (db *DB) Invitations(
	ctx context.Context, driver dispatch.DriverID,
) ([]dispatch.MemberCard, error) {
	return all(db.look(ctx), scanMemberCard, invitations, string(driver))
}
