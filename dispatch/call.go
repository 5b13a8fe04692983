package dispatch

import (
	"slices"
	"time"

	"hexhail/geo"
)

// CallState is where a call stands.
type CallState int

// The states of a call.
const (
	// CallOpen may be grabbed by any driver whom it reaches.
	CallOpen CallState = iota + 1
	// CallGrabbed has a winner: the claim.
	CallGrabbed
	// CallExpired was grabbed by nobody in time; the next one of the ride reaches farther.
	CallExpired
	// CallWithdrawn was taken back: the ride was cancelled or has ended, or another one with a
	// higher tip takes its place.
	CallWithdrawn
)

var callStates = [...]string{"", "open", "grabbed", "expired", "withdrawn"}

// String is the name as stored.
func (s CallState) String() string { return callStates[s] }

// ParseCallState is String's inverse; it returns 0 for an unknown name.
func ParseCallState(s string) CallState { return CallState(max(0, slices.Index(callStates[:], s))) }

// MarshalText writes the name.
func (s CallState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name; an unknown one is an *Error.
func (s *CallState) UnmarshalText(text []byte) error {
	if *s = ParseCallState(string(text)); *s == 0 {
		return Errorf(Invalid, ReasonField, "unknown state of a call %q", text)
	}
	return nil
}

// Call tells every idle taxi in a ring around a pickup of a ride; the first valid grab has it. It
// is told to an area and not to a list of drivers: who comes on duty, becomes free or drives into
// the ring while it is open sees it too.
type Call struct {
	ID        CallID
	City      CityID
	Ride      RideID
	Search    int // of the ride; a re-search ends the call
	State     CallState
	Round     int
	Pickup    geo.Point
	RadiusM   int        // of the ring
	Seats     int        // that the ride needs
	Wants     Vehicle    // likewise
	Taxis     int        // that were fit and in the ring when it was made
	Except    []DriverID // who are not asked: they have declined it at this tip, or given it back
	Driver    DriverID   // who has grabbed it
	MadeAt    time.Time
	ExpiresAt time.Time
	// DecideAt is until when grabs are collected; zero before the first, or if the first wins.
	DecideAt  time.Time
	ChangedAt time.Time
}

// KeptGrab is a driver's word on a call whose grabs are collected for a moment, so that not the
// fastest network wins.
type KeptGrab struct {
	Call    CallID
	Driver  DriverID
	Taxi    TaxiID
	PickupM int // as the crow flies
	At      time.Time
}

// MaxExcept is how many drivers a call leaves out; of more the latest are.
const MaxExcept = 50

// Fits reports whether a driver on this shift may grab the call, wherever the taxi is.
func (c Call) Fits(s Shift) bool {
	return s.Duty == OnDuty && s.City == c.City && s.Seats >= c.Seats &&
		s.Vehicle.Serves(c.Wants) && !slices.Contains(c.Except, s.Driver)
}

// Reaches reports whether a driver on this shift whose taxi is at a point is told of the call.
func (c Call) Reaches(s Shift, at geo.Point) bool {
	return c.State == CallOpen && c.Fits(s) && geo.DistanceM(at, c.Pickup) <= float64(c.RadiusM)
}

// grabSlack is by how much a taxi may have driven out of a call's ring when it grabs: it was told
// within, and has moved since.
const grabSlack = 1.5

// near reports whether a grab from a point can be of somebody who was told. The zero point is
// nowhere: a phone without a fix is near nothing.
func (c Call) near(at geo.Point) bool {
	return at != geo.Point{} && geo.DistanceM(at, c.Pickup) <= grabSlack*float64(c.RadiusM)
}
