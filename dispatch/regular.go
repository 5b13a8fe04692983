package dispatch

import (
	"slices"
	"time"
)

// RegularState is where a rider and a driver stand who keep each other.
type RegularState int

// The states of a regular.
const (
	// RegularProposed waits for the other side's word.
	RegularProposed RegularState = iota + 1
	// RegularKept is agreed to by both.
	RegularKept
	// RegularEnded was ended, or refused, by one side. An end, until somebody proposes anew.
	RegularEnded
)

var regularStates = [...]string{"", "proposed", "kept", "ended"}

// String is the name as stored.
func (s RegularState) String() string { return regularStates[s] }

// ParseRegularState is String's inverse; it returns 0 for an unknown name.
func ParseRegularState(s string) RegularState {
	return RegularState(max(0, slices.Index(regularStates[:], s)))
}

// MarshalText writes the name.
func (s RegularState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name; an unknown one is an *Error.
func (s *RegularState) UnmarshalText(text []byte) error {
	if *s = ParseRegularState(string(text)); *s == 0 {
		return Errorf(Invalid, ReasonField, "unknown state of a regular %q", text)
	}
	return nil
}

// Regular is a rider and a driver who keep each other: one has proposed it after a ride that they
// had together, and it holds once the other has agreed, until one of them ends it. Of two people
// there is one at most.
type Regular struct {
	ID         RegularID
	Rider      RiderID
	Driver     DriverID
	State      RegularState
	ProposedBy Side   // the rider or the driver
	Ride       RideID // after which it was proposed
	ProposedAt time.Time
	KeptAt     time.Time // zero before both have agreed
	EndedBy    Side      // of an ended one
	EndedAt    time.Time
}

// RegularCard is a regular as one side sees it: the other side without a phone number or a
// position.
type RegularCard struct {
	Regular
	Name     string // of the other side
	PhotoURI string // of a driver
	Company  string // of a driver, its name
	Stars    int    // of a driver: given by riders, summed up
	Ratings  int    // of a driver: how many riders have given stars
}

// Rating is the mean of the stars, 0 before the first.
func (c RegularCard) Rating() float64 { return Card{Stars: c.Stars, Ratings: c.Ratings}.Rating() }

// Person is one side of a regular: either a rider or a driver is set.
type Person struct {
	Rider  RiderID
	Driver DriverID
}

// side is which of the two it is.
func (p Person) side() Side {
	if p.Rider != "" {
		return SideRider
	}
	return SideDriver
}

// has reports whether the regular is the person's.
func (p Person) has(r Regular) bool {
	if p.Rider != "" {
		return r.Rider == p.Rider
	}
	return p.Driver != "" && r.Driver == p.Driver
}

// mayPropose refuses a proposal that the past of the two does not allow: who has ended it is asked
// again only after another ride.
func (r Regular) mayPropose(by Side, ride Ride) error {
	if r.State == RegularEnded && r.EndedBy != by && !ride.CompletedAt.After(r.EndedAt) {
		return Errorf(Conflict, ReasonRegularState,
			"regular %s was ended by the other side: ride together again first", r.ID)
	}
	return nil
}

// RegularRules are the part of a policy that is about regulars.
type RegularRules struct {
	// RegularsADriver is how many regulars a driver may have, proposed ones too, 1–1,000.
	RegularsADriver int `json:"regulars_a_driver"`
	// RegularsARider is how many a rider may have, likewise, 1–200.
	RegularsARider int `json:"regulars_a_rider"`
	// FirstRegularS is for how long at most a request may be held for a regular, 0–600 s; 0 lets
	// nobody ask for one.
	FirstRegularS int `json:"first_regular_s"`
	// GreetDays is from how many days before a festival's day on drivers may greet their regulars,
	// 0–14.
	GreetDays int `json:"greet_days"`
}

func defaultRegularRules() RegularRules {
	return RegularRules{
		RegularsADriver: 1000, RegularsARider: 50, FirstRegularS: 120, GreetDays: 3,
	}
}

func (p RegularRules) check() error {
	return checkRanges([]keyRange{
		{"regulars_a_driver", p.RegularsADriver, 1, 1000},
		{"regulars_a_rider", p.RegularsARider, 1, 200},
		{"first_regular_s", p.FirstRegularS, 0, 600},
		{"greet_days", p.GreetDays, 0, 14},
	})
}
