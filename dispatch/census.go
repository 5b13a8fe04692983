package dispatch

import (
	"slices"
	"time"
)

// Presence says whether a driver can be a candidate at all, and if not, why not.
type Presence int

// The presences.
const (
	// DriverIdle is on duty with a fresh position, and has neither a ride nor an offer.
	DriverIdle Presence = iota + 1
	// DriverBusy has a ride.
	DriverBusy
	// DriverOffered has an open offer.
	DriverOffered
	// DriverPaused keeps the taxi and wants no offers.
	DriverPaused
	// DriverOff is off duty.
	DriverOff
	// DriverSilent is on duty, and the phone has sent no position for longer than the policy's
	// stale_s, or none since the engine began.
	DriverSilent
)

var presences = [...]string{"", "idle", "busy", "offered", "paused", "off", "silent"}

// String is the presence's name.
func (p Presence) String() string { return presences[p] }

// MarshalText writes the name.
func (p Presence) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a name; an unknown one is an *Error.
func (p *Presence) UnmarshalText(text []byte) error {
	if *p = Presence(max(0, slices.Index(presences[:], string(text)))); *p == 0 {
		return Errorf(Invalid, ReasonField, "unknown presence %q", text)
	}
	return nil
}

// presence is that of a taxi's driver; a phone that has sent nothing since silentBefore is silent.
func (c *taxi) presence(silentBefore time.Time) Presence {
	switch {
	case c.ride != "" || c.trip.next != "":
		return DriverBusy
	case c.shift.Duty == Paused:
		return DriverPaused
	case c.shift.Duty != OnDuty:
		return DriverOff
	case c.offer != "":
		return DriverOffered
	case c.fixedAt.Before(silentBefore):
		return DriverSilent
	default:
		return DriverIdle
	}
}

// Census counts drivers by their presence.
type Census struct {
	Idle    int `json:"idle,omitempty"`
	Busy    int `json:"busy,omitempty"`
	Offered int `json:"offered,omitempty"`
	Paused  int `json:"paused,omitempty"`
	Off     int `json:"off,omitempty"` // whom the engine has seen on duty before
	Silent  int `json:"silent,omitempty"`
	// Unplaced are those of them, but for those off duty, of whom this engine has had no position:
	// where they are nobody knows.
	Unplaced int `json:"unplaced,omitempty"`
}

// count adds a driver.
func (c *Census) count(p Presence, placed bool) {
	if p != DriverOff && !placed {
		c.Unplaced++
	}
	switch p {
	case DriverIdle:
		c.Idle++
	case DriverBusy:
		c.Busy++
	case DriverOffered:
		c.Offered++
	case DriverPaused:
		c.Paused++
	case DriverOff:
		c.Off++
	case DriverSilent:
		c.Silent++
	}
}

// Duty is how many have not given their taxi back.
func (c Census) Duty() int { return c.Idle + c.Busy + c.Offered + c.Paused + c.Silent }

// Unfit counts idle taxis that one filter has removed.
type Unfit struct {
	Verdict Verdict `json:"verdict"`
	Taxis   int     `json:"taxis"`
}

// Look is what was around a waiting ride at one moment, or at several in which it was the same: who
// could have come, and what kept the others.
type Look struct {
	At      time.Time `json:"at"`
	Until   time.Time `json:"until"` // the last that saw the same
	Times   int       `json:"times"`
	Cause   Cause     `json:"cause"`
	Waiting int       `json:"waiting"` // rides in the last round, or now if there was none
	Idle    int       `json:"idle"`    // taxis, likewise
	City    Census    `json:"city"`    // all that the engine knows
	Near    Census    `json:"near"`    // those within the longest pickup
	Unfit   []Unfit   `json:"unfit,omitempty"`
	// NearestM and NearestS are the way of the nearest idle taxi in the city that no filter
	// removes, however far it is; 0 if there is none.
	NearestM int `json:"nearest_m,omitempty"`
	NearestS int `json:"nearest_s,omitempty"`
	// HeardS is for how long, at Until, the latest of the silent phones near had sent nothing.
	HeardS int `json:"heard_s,omitempty"`
}

// same reports whether another look saw the same, but for its time and how old positions are.
func (l Look) same(other Look) bool {
	return l.Cause == other.Cause && l.Waiting == other.Waiting && l.Idle == other.Idle &&
		l.City == other.City && l.Near == other.Near && l.NearestM == other.NearestM &&
		slices.Equal(l.Unfit, other.Unfit)
}

// sinceLook is what rounds since the look before say of a ride.
type sinceLook struct {
	fit    int  // idle taxis near, now, that no filter removes
	outbid bool // it could have had a taxi that another ride got
	later  bool // it was left for a later round
	held   bool // its offer was held back
	called bool // a call of it is open
}

// judge is the cause at the moment of a look, 0 if nothing keeps the ride from being taken.
func (l *Look) judge(since sinceLook, offers []LoggedOffer) Cause {
	near := l.Near
	switch {
	case since.held:
		return Overloaded
	case since.outbid:
		return TooFewTaxis
	case since.later:
		return LeftForLater
	case since.fit > 0 && since.called:
		return CallsUnheard
	case since.fit > 0: // the next round asks it, unless somebody else was just asked
		return causeOfLast(offers)
	case near.Idle > 0:
		most := slices.MaxFunc(l.Unfit, func(a, b Unfit) int { return a.Taxis - b.Taxis })
		return causeOfVerdict(most.Verdict, offers)
	case near.Offered > 0:
		return TooFewTaxis
	case near.Duty() == 0 && l.City.Duty() == 0:
		return NobodyOnDuty
	case near.Duty() == 0 && 2*l.City.Unplaced >= l.City.Duty():
		return DriversUnplaced
	case near.Duty() == 0:
		return NobodyNear
	case near.Busy >= near.Silent && near.Busy >= near.Paused:
		return AllBusy
	case near.Silent >= near.Paused:
		return PhonesSilent
	default:
		return AllPaused
	}
}
