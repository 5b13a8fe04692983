package dispatch

import (
	"slices"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// OfferState is where an offer stands.
type OfferState int

// The states of an offer.
const (
	// OfferOpen gives its driver the exclusive right to the ride until it expires.
	OfferOpen OfferState = iota + 1
	// OfferAccepted became a claim.
	OfferAccepted
	// OfferDeclined was refused by the driver.
	OfferDeclined
	// OfferSilent reached the driver's phone and was not answered in time.
	OfferSilent
	// OfferExpired was not answered in time, and nobody knows whether it was seen.
	OfferExpired
	// OfferWithdrawn was taken back: the ride was cancelled or has ended.
	OfferWithdrawn
)

var offerStates = [...]string{
	"", "open", "accepted", "declined", "silent", "expired", "withdrawn",
}

// String is the name as stored.
func (s OfferState) String() string { return offerStates[s] }

// ParseOfferState is String's inverse; it returns 0 for an unknown name.
func ParseOfferState(s string) OfferState {
	return OfferState(max(0, slices.Index(offerStates[:], s)))
}

// MarshalText writes the name.
func (s OfferState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a name; an unknown one is an *Error.
func (s *OfferState) UnmarshalText(text []byte) error {
	if *s = ParseOfferState(string(text)); *s == 0 {
		return Errorf(Invalid, ReasonField, "unknown state of an offer %q", text)
	}
	return nil
}

// Excludes reports whether the pair of ride and driver is not tried again, unless at a higher tip.
func (s OfferState) Excludes() bool { return s == OfferDeclined || s == OfferSilent }

// Offer gives one driver the exclusive right to one ride until it expires.
type Offer struct {
	ID      OfferID
	City    CityID
	Ride    RideID
	Search  int // of the ride; a re-search ends the offer
	Driver  DriverID
	Taxi    TaxiID
	State   OfferState
	Round   int
	PickupM int // estimated way to the pickup
	PickupS int // estimated time to the pickup
	// Tip is the ride's when it was made: a no is to what was offered.
	Tip money.Fen
	// PickupSource is where PickupS comes from.
	PickupSource geo.Source
	// After is the ride that the driver has to end first, of an offer by forward dispatch; "" of
	// one to an idle driver. AfterS is how long that still takes, a part of PickupS; PickupM is
	// then the way from where it ends.
	After       RideID
	AfterS      int
	MadeAt      time.Time
	ExpiresAt   time.Time
	DeliveredAt time.Time // acknowledged by the phone; zero if it was not
	ChangedAt   time.Time
}

// PickupAt is when the taxi should be at the pickup.
func (o Offer) PickupAt() time.Time { return o.MadeAt.Add(seconds(o.PickupS)) }

// Ended is the state in which an unanswered offer ends.
func (o Offer) Ended() OfferState {
	if o.DeliveredAt.IsZero() {
		return OfferExpired
	}
	return OfferSilent
}
