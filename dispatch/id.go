package dispatch

import (
	"io"
	"time"

	"github.com/oklog/ulid/v2"
)

// The ids of this house. All are opaque; those that we make are ULIDs.
type (
	// CityID names a city ("beijing").
	CityID string
	// RiderID names a rider.
	RiderID string
	// DriverID names a driver. Offers, claims and money are the driver's.
	DriverID string
	// TaxiID names a taxi. Positions are the taxi's.
	TaxiID string
	// RideID names a ride.
	RideID string
	// OfferID names an offer.
	OfferID string
	// CallID names a call.
	CallID string
	// RegularID names a rider and a driver who keep each other.
	RegularID string
	// TeamID names a team.
	TeamID string
	// MemberID names a driver's place in a team, or the invitation to it.
	MemberID string
	// GreetingID names a driver's greeting to their regulars.
	GreetingID string
	// EventID names an event; outsiders drop one that they have seen.
	EventID string
)

// IDs makes ULIDs from a clock and a source of randomness that its owner chooses. They sort by
// the time of their making. It is not safe for concurrent use unless the source is.
type IDs struct{ Entropy io.Reader }

// New makes an id for the time now.
func (s IDs) New(now time.Time) string {
	return ulid.MustNew(ulid.Timestamp(now), s.Entropy).String()
}

// LongestRide is how long before its completion a ride was asked for at most, for who looks rides
// up by the time of their making: bookings are made days ahead.
const LongestRide = 9 * 24 * time.Hour

// MadeAt is what the ids begin with that are made at a moment: all made before it sort below, all
// made later above. Times outside of what a ULID can tell (to the year 10889) are its ends.
func MadeAt(at time.Time) string {
	ms := min(ulid.Timestamp(time.UnixMilli(max(0, at.UnixMilli()))), ulid.MaxTime())
	var id ulid.ULID
	_ = id.SetTime(ms) // within its range by the line above
	return id.String()[:10]
}
