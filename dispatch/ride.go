package dispatch

import (
	"slices"
	"strings"
	"time"

	"hexhail/dispatch/voice"
	"hexhail/geo"
	"hexhail/money"
)

// RideKind says how a ride came about.
type RideKind int

// The kinds of rides.
const (
	// Hailed is asked for in the app and searches for a taxi.
	Hailed RideKind = iota + 1
	// Street is taken at the kerb: no search.
	Street
	// BookedRide is asked for ahead, for a time.
	BookedRide
)

var rideKinds = [...]string{"", "hailed", "street", "booked"}

// String is the name as stored.
func (k RideKind) String() string { return rideKinds[k] }

// ParseRideKind is String's inverse; it returns 0 for an unknown name.
func ParseRideKind(s string) RideKind { return RideKind(max(0, slices.Index(rideKinds[:], s))) }

// State is where a ride stands.
type State int

// The states of a ride.
const (
	// Scheduled is booked ahead and has no driver yet; drivers may take it.
	Scheduled State = iota + 1
	// Booked has a driver who has taken it ahead, and who is free for other rides until it is time
	// to set out.
	Booked
	// Searching has no driver; the engine looks for one until SearchBy.
	Searching
	// Assigned has a driver who is on the way to the pickup.
	Assigned
	// Arrived has the taxi waiting at the pickup.
	Arrived
	// OnTrip has the rider on board.
	OnTrip
	// Completed has been driven and metered; its fare is not settled. The driver is free again.
	Completed
	// Settled has all its payments made. An end.
	Settled
	// Cancelled was given up by somebody before boarding. An end.
	Cancelled
	// NoShow had a taxi at the pickup and no rider. An end.
	NoShow
	// Expired was taken by nobody. An end.
	Expired
)

var states = [...]string{
	"", "scheduled", "booked", "searching", "assigned", "arrived", "on_trip", "completed",
	"settled", "cancelled", "no_show", "expired",
}

// String is the name as stored.
func (s State) String() string { return states[s] }

// ParseState is String's inverse; it returns 0 for an unknown name.
func ParseState(s string) State { return State(max(0, slices.Index(states[:], s))) }

// MarshalText writes the name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name.
func (s *State) UnmarshalText(text []byte) error {
	if *s = ParseState(string(text)); *s == 0 {
		return Errorf(Invalid, ReasonField, "unknown state %q", text)
	}
	return nil
}

// Terminal reports whether nothing can happen to the ride any more.
func (s State) Terminal() bool { return s >= Settled && s <= Expired }

// Active reports whether the ride has a driver who is at it. A driver has at most one such ride
// in a slot.
func (s State) Active() bool { return s >= Assigned && s <= OnTrip }

// Ahead reports whether the ride is booked and its time has not come.
func (s State) Ahead() bool { return s == Scheduled || s == Booked }

// Open reports whether the rider may not ask for another ride; booked ones do not count.
func (s State) Open() bool { return s >= Searching && s <= OnTrip }

// Slot is a driver's place for a ride: at most one ride is in each.
type Slot string

// The slots.
const (
	// SlotCurrent is the ride that the driver is at.
	SlotCurrent Slot = "current"
	// SlotNext is the ride that the driver goes to after the current one, by forward dispatch. It
	// becomes the current one in the transaction that completes that.
	SlotNext Slot = "next"
)

// Place is a point with what people call it.
type Place struct {
	Point geo.Point
	Name  string // at most 200 bytes
	Note  string // for the driver, at most 500 bytes
}

// Quote is what the rider was told before asking. It is frozen with the ride.
type Quote struct {
	Low, High money.Fen     // the fare, without tolls
	Pickup    time.Duration // until a taxi is there; 0 if nobody could say
	DistanceM int           // of the ride itself, by estimate
	// PickupSource is where Pickup comes from; 0 without one.
	PickupSource geo.Source
}

// FareState says whether a completed ride's fare stands.
type FareState int

// The states of a fare.
const (
	// FareAccepted stands: the meter agrees with the trace, or the rider has said so.
	FareAccepted FareState = iota + 1
	// FareAsked waits for the rider's word; nothing is charged before.
	FareAsked
	// FareContested was refused by the rider, before or after having paid; the driver corrects it,
	// or ops decide.
	FareContested
	// FareResolved is what ops have decided, after either.
	FareResolved
)

var fareStates = [...]string{"", "accepted", "asked", "contested", "resolved"}

// Stands reports whether the fare may be charged.
func (s FareState) Stands() bool { return s == FareAccepted || s == FareResolved }

// Questioned reports whether the fare waits for somebody's word.
func (s FareState) Questioned() bool { return s == FareAsked || s == FareContested }

// String is the name as stored; "" before the ride is completed.
func (s FareState) String() string { return fareStates[s] }

// ParseFareState is String's inverse; it returns 0 for an unknown name.
func ParseFareState(s string) FareState { return FareState(max(0, slices.Index(fareStates[:], s))) }

// Fare is what a completed ride costs. It never changes by itself; its driver may correct it.
type Fare struct {
	Meter    money.Fen // what the taximeter said
	Tolls    money.Fen // paid on the way, on top
	ByTrace  money.Fen // what the tariff gives for the trace
	Coverage int       // percent of the ride's time that the trace covers
	Flagged  bool      // coverage too low to judge by
	DrivenM  int       // how long the trace is, in metres
	State    FareState
	Lines    []money.FareLine // of the trace's fare, for people to read

	Resolution Resolution // only of a resolved fare

	Was []Reading // what the driver has said before, the oldest first
	// Proposed is what the rider is asked to agree to after having paid less; zero for nothing.
	Proposed Reading
}

// Resolution is what ops have decided about a questioned fare.
type Resolution struct {
	Total money.Fen // with tolls, in place of what the driver has claimed; never above it
	Note  string    // why, for rider and driver; at most MaxFareNoteBytes
	By    string    // who: "ops:me"
}

// Claimed is what the driver has asked for.
func (f Fare) Claimed() money.Fen { return f.Meter + f.Tolls }

// Total is what the rider owes before tip and subsidy.
func (f Fare) Total() money.Fen {
	if f.State == FareResolved {
		return f.Resolution.Total
	}
	return f.Claimed()
}

// Side is who did something to a ride.
type Side int

// The sides.
const (
	SideRider Side = iota + 1
	SideDriver
	SideSystem
)

var sides = [...]string{"", "rider", "driver", "system"}

// String is the name as stored; "" for nobody.
func (s Side) String() string { return sides[s] }

// ParseSide is String's inverse; it returns 0 for an unknown name.
func ParseSide(s string) Side { return Side(max(0, slices.Index(sides[:], s))) }

// Ride is one trip from request to settlement.
type Ride struct {
	ID      RideID
	City    CityID
	Kind    RideKind
	State   State
	Version int // +1 with every change
	Search  int // +1 with every re-search; an offer holds for one search only

	Rider   RiderID // "" on a street ride that nobody pays in the app
	Pickup  Place
	Dropoff Place
	Seats   int // 1–8
	Wants   Vehicle
	Senior  bool              // the rider was, when it was asked for
	PayBy   money.ChannelName // "" while nobody has said, and of a street ride paid by hand
	Tip     money.Fen
	Quote   Quote
	Voice   voice.Head // of the clip that came with the request; zero without one
	Device  string     // the phone that has asked for it; "" if nobody knows

	Driver DriverID // "" while searching
	Taxi   TaxiID   // "" until the driver of a booked ride sets out
	Slot   Slot     // "" without a driver
	// ExpectedAt is when the taxi should be at the pickup, as the offer said that the driver has
	// accepted; zero if none did.
	ExpectedAt time.Time

	RequestedAt time.Time
	SearchBy    time.Time // the search ends then
	ClaimedAt   time.Time // of the last claim
	ArrivedAt   time.Time
	StartedAt   time.Time
	CompletedAt time.Time
	EndedAt     time.Time
	ChangedAt   time.Time

	First   First // who alone may have it for a while
	Booking Booking

	Fare    Fare
	Subsidy money.Subsidy

	EndedBy   Side // of a cancelled or re-searched ride: who
	EndReason string
	// CancelFee is what the rider owes the driver for a late cancel; 0 is nothing.
	CancelFee money.Fen

	RiderStars  int // given by the rider to the driver, 1–5, 0 none
	DriverStars int // given by the driver to the rider
}

// Brief is what the matcher needs to know of a ride.
type Brief struct {
	ID          RideID
	City        CityID
	Kind        RideKind
	State       State
	Version     int
	Search      int
	Driver      DriverID
	Taxi        TaxiID
	Slot        Slot
	Pickup      geo.Point
	Dropoff     geo.Point
	Seats       int
	Wants       Vehicle
	Senior      bool
	Tip         money.Fen
	First       First
	RequestedAt time.Time
	SearchBy    time.Time
	ClaimedAt   time.Time
	ArrivedAt   time.Time
	StartedAt   time.Time
	ExpectedAt  time.Time
	ChangedAt   time.Time
}

// Brief is the ride as the matcher sees it.
func (r Ride) Brief() Brief {
	return Brief{
		ID: r.ID, City: r.City, Kind: r.Kind, State: r.State, Version: r.Version,
		Search: r.Search,
		Driver: r.Driver, Taxi: r.Taxi, Slot: r.Slot,
		Pickup: r.Pickup.Point, Dropoff: r.Dropoff.Point, Seats: r.Seats, Tip: r.Tip,
		Wants: r.Wants, Senior: r.Senior, First: r.First,
		RequestedAt: r.RequestedAt, SearchBy: r.SearchBy,
		ClaimedAt: r.ClaimedAt, ArrivedAt: r.ArrivedAt, StartedAt: r.StartedAt,
		ExpectedAt: r.ExpectedAt, ChangedAt: r.ChangedAt,
	}
}

// Subject is the ride as money sees it.
func (r Ride) Subject() money.Subject { return money.Subject(r.ID) }

// RiderParty is a rider as money sees them.
func RiderParty(id RiderID) money.Party { return money.Party(id) }

// DriverParty is a driver as money sees them.
func DriverParty(id DriverID) money.Party { return money.Party(id) }

// GuestParty is whoever pays a driver's street rides by a code, and whom we do not know. All of one
// driver's are one party: a campaign that counts by rider or by pair counts them together, for
// nobody can tell them apart.
func GuestParty(of DriverID) money.Party { return money.Party(guestPrefix + string(of)) }

// guestPrefix begins the parties whom we do not know.
const guestPrefix = "guest:"

// isGuest reports whether nobody knows who a party is.
func isGuest(p money.Party) bool { return strings.HasPrefix(string(p), guestPrefix) }

// payer is who owes what a ride costs.
func (r Ride) payer() money.Party {
	if r.Rider == "" {
		return GuestParty(r.Driver)
	}
	return RiderParty(r.Rider)
}
