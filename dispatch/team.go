package dispatch

import (
	"slices"
	"time"
	"unicode/utf8"
)

// MaxTeamNameBytes is how long a team's name may be.
const MaxTeamNameBytes = 60

// Team is drivers of one city who organise themselves.
type Team struct {
	ID      TeamID
	City    CityID
	Name    string   // 1 to MaxTeamNameBytes
	Founder DriverID // who may remove others; of those who stay the first, if the founder leaves
	MadeAt  time.Time
}

// MemberState is where a driver stands with a team.
type MemberState int

// The states of a member.
const (
	// MemberInvited may join.
	MemberInvited MemberState = iota + 1
	// MemberJoined is of the team. A driver is of one team at most.
	MemberJoined
)

var memberStates = [...]string{"", "invited", "joined"}

// String is the name as stored.
func (s MemberState) String() string { return memberStates[s] }

// ParseMemberState is String's inverse; it returns 0 for an unknown name.
func ParseMemberState(s string) MemberState {
	return MemberState(max(0, slices.Index(memberStates[:], s)))
}

// MarshalText writes the name.
func (s MemberState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name; an unknown one is an *Error.
func (s *MemberState) UnmarshalText(text []byte) error {
	if *s = ParseMemberState(string(text)); *s == 0 {
		return Errorf(Invalid, ReasonField, "unknown state of a member %q", text)
	}
	return nil
}

// Member is a driver of a team, or one who is invited to it.
type Member struct {
	ID     MemberID
	Team   TeamID
	Driver DriverID
	State  MemberState
	By     DriverID  // who has invited them; the founder themselves
	Since  time.Time // when they were invited, or have joined
}

// MemberCard is a member as the others of the team see them, and an invitation as its driver does:
// without a phone number or a position.
type MemberCard struct {
	Member
	Name     string // of the driver
	PhotoURI string // of the driver
	Team     Team
	ByName   string // of who has invited them
}

// TeamRules are the part of a policy that is about teams.
type TeamRules struct {
	// TeamDrivers is how many drivers a team may have, invited ones included, 1–200.
	TeamDrivers int `json:"team_drivers"`
	// FirstTeamS is for how long at most a request may be held for a regular's team, 0–600 s.
	FirstTeamS int `json:"first_team_s"`
	// HandOverS is how long before its pickup a booking can be handed over within a team the last
	// time, 0–86,400 s: 45 minutes leave the new driver 20 until they may have to set out. It is
	// never later than that; see [Policy.HandOverLead].
	HandOverS int `json:"hand_over_s"`
}

func defaultTeamRules() TeamRules {
	return TeamRules{TeamDrivers: 200, FirstTeamS: 120, HandOverS: 2700}
}

func (p TeamRules) check() error {
	return checkRanges([]keyRange{
		{"team_drivers", p.TeamDrivers, 1, 200},
		{"first_team_s", p.FirstTeamS, 0, 600},
		{"hand_over_s", p.HandOverS, 0, 86_400},
	})
}

func checkTeamName(name string) error {
	if name == "" || len(name) > MaxTeamNameBytes || !utf8.ValidString(name) {
		return invalid("name", "1 to 60 bytes")
	}
	return nil
}
