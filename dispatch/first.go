package dispatch

import (
	"fmt"
	"time"
)

// First says who alone may have a ride for a while: one driver, then the drivers of a team too. The
// zero First is everybody.
type First struct {
	Driver DriverID  // who alone may have it at first; "" is everybody
	Team   TeamID    // whose drivers may have it from TeamAt on; "" is none
	TeamAt time.Time // zero without a team
	OpenAt time.Time // from then on everybody may
}

// Holds reports whether the ride is for some alone at a time.
func (f First) Holds(now time.Time) bool { return f.Driver != "" && now.Before(f.OpenAt) }

// Admits reports whether a driver of a team, "" for none, may have the ride at a time.
func (f First) Admits(driver DriverID, team TeamID, now time.Time) bool {
	return !f.Holds(now) || f.Driver == driver ||
		f.Team != "" && f.Team == team && !now.Before(f.TeamAt)
}

// HeldFor reports whether the ride is for this driver alone at a time.
func (f First) HeldFor(driver DriverID, now time.Time) bool {
	return f.Holds(now) && f.Driver == driver && (f.Team == "" || now.Before(f.TeamAt))
}

// open ends all holding at a time, if it has not ended before.
func (f First) open(now time.Time) First {
	if f.Holds(now) {
		f.OpenAt = now
		if f.Team != "" {
			f.TeamAt = earlier(f.TeamAt, now)
		}
	}
	return f
}

// pass ends the time of the one driver for whom the ride is held, if it is this one: who has said
// no is waited for no more. The team has its own time all the same.
func (f First) pass(driver DriverID, now time.Time) First {
	switch {
	case !f.HeldFor(driver, now):
		return f
	case f.Team == "":
		return f.open(now)
	default:
		f.OpenAt = now.Add(f.OpenAt.Sub(f.TeamAt))
		f.TeamAt = now
		return f
	}
}

// Stage is for whom a ride is that has no driver yet.
type Stage int

// The stages.
const (
	// StageRegular is the time of the rider's regular alone.
	StageRegular Stage = iota + 1
	// StageTeam is the time of the regular and their team.
	StageTeam
	// StageAll is everybody's.
	StageAll
)

// StageAt is for whom the ride is at a time; 0 if it has a driver, or is over.
func (r Ride) StageAt(now time.Time) Stage {
	switch {
	case r.State != Searching && r.State != Scheduled:
		return 0
	case r.First.HeldFor(r.First.Driver, now):
		return StageRegular
	case r.First.Holds(now):
		return StageTeam
	default:
		return StageAll
	}
}

// AskFirst is a rider's wish that a regular is asked before all others, and then their team.
type AskFirst struct {
	Regular  RegularID
	RegularS int // how long the ride is held for them, 1 s to the policy's first_regular_s
	TeamS    int // and then for their team, if they have one: 0 to first_team_s
}

func (a AskFirst) check(p Policy) error {
	switch {
	case a == (AskFirst{}):
		return nil
	case a.Regular == "" || len(a.Regular) > MaxIDBytes:
		return invalid("first.regular_id", fmt.Sprintf("1 to %d bytes", MaxIDBytes))
	case a.RegularS < 1 || a.RegularS > p.FirstRegularS:
		return invalid("first.regular_seconds", fmt.Sprintf("1 to %d", p.FirstRegularS))
	case a.TeamS < 0 || a.TeamS > p.FirstTeamS:
		return invalid("first.team_seconds", fmt.Sprintf("0 to %d", p.FirstTeamS))
	default:
		return nil
	}
}

// first is whom a request is for at first.
func (j *job) first(c RequestRide) (First, error) {
	if c.First == (AskFirst{}) {
		return First{}, nil
	}
	driver, err := j.regularDriver(c.First.Regular, c.Rider, c.City)
	if err != nil {
		return First{}, err
	}
	alone := j.now.Add(seconds(c.First.RegularS))
	return j.firstFor(driver, alone, alone.Add(seconds(c.First.TeamS)))
}

// firstFor is a driver alone until a time, then the team that they have now until another: without
// a team, or without a time for it, the ride is everybody's from the first on.
func (j *job) firstFor(driver DriverID, teamAt, openAt time.Time) (First, error) {
	team, err := j.tx.TeamOf(driver)
	if err != nil || team == "" || !teamAt.Before(openAt) {
		return First{Driver: driver, OpenAt: teamAt}, err
	}
	return First{Driver: driver, Team: team, TeamAt: teamAt, OpenAt: openAt}, nil
}

// regularDriver is the driver of a rider's regular, who has to work in the city.
func (j *job) regularDriver(id RegularID, rider RiderID, city CityID) (DriverID, error) {
	reg, err := j.tx.Regular(id)
	if err != nil {
		return "", err
	}
	if reg.Rider != rider || reg.State != RegularKept {
		return "", unknownRegular(id)
	}
	driver, err := j.tx.Driver(reg.Driver)
	if err == nil && driver.City != city {
		err = unknownRegular(id)
	}
	return driver.ID, err
}
