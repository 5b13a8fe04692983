package dispatch

import (
	"slices"
	"time"
)

// Verdict says what a round decided about one taxi for one ride.
type Verdict int

// The verdicts.
const (
	// Chosen is the taxi that the ride was paired with.
	Chosen Verdict = iota + 1
	// BetterElsewhere is a fit taxi that the pairing used for another ride, or not at all.
	BetterElsewhere
	// TooFar is a taxi farther than the policy's longest pickup.
	TooFar
	// TooFewSeats is a taxi that is too small.
	TooFewSeats
	// ExcludedPair is a driver who declined this ride, was silent, or gave it back.
	ExcludedPair
	// Called is a taxi that the ride's call reaches.
	Called
	// OfferRefused is a chosen taxi whose offer the store refused: ride or driver had changed.
	OfferRefused
)

var verdicts = [...]string{
	"", "chosen", "better_elsewhere", "too_far", "too_few_seats", "excluded_pair", "called",
	"offer_refused",
}

// String is the verdict's name.
func (v Verdict) String() string { return verdicts[v] }

// MarshalText writes the name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a name; an unknown one is an *Error.
func (v *Verdict) UnmarshalText(text []byte) error {
	if *v = Verdict(max(0, slices.Index(verdicts[:], string(text)))); *v == 0 {
		return Errorf(Invalid, ReasonField, "unknown verdict %q", text)
	}
	return nil
}

// Candidate is one taxi that a round considered for a ride.
type Candidate struct {
	Taxi    TaxiID  `json:"taxi"`
	PickupM int     `json:"pickup_m"`
	PickupS int     `json:"pickup_s"`
	Verdict Verdict `json:"verdict"`
}

// Round is one round as one ride saw it.
type Round struct {
	At         time.Time   `json:"at"`
	Waiting    int         `json:"waiting"` // rides in the round
	Idle       int         `json:"idle"`    // taxis in the round
	Candidates []Candidate `json:"candidates,omitempty"`
}

// Limits of a round log: a ride that waits long forgets its middle rounds.
const (
	maxLoggedRounds     = 50
	maxLoggedCandidates = 20
	keptFirstRounds     = 10
)

// RoundLog says why a ride got the taxi that it got, or none: the rounds in which there was
// anybody to consider, and how many there were in which there was nobody.
type RoundLog struct {
	Ride   RideID  `json:"ride"`
	City   CityID  `json:"city"`
	Empty  int     `json:"empty"`  // rounds without a candidate
	Looked int     `json:"looked"` // rounds with one
	Rounds []Round `json:"rounds"`
}

// Add appends a round with candidates.
func (l *RoundLog) Add(r Round) {
	l.Looked++
	if len(l.Rounds) == maxLoggedRounds {
		l.Rounds = slices.Delete(l.Rounds, keptFirstRounds, keptFirstRounds+1)
	}
	l.Rounds = append(l.Rounds, r)
}

// RoundStats is one finished round, for metrics.
type RoundStats struct {
	City    CityID
	At      time.Time
	Waiting int // rides that looked for a taxi
	Idle    int // taxis that could take one
	Edges   int // pairs considered
	Offers  int // made
	Calls   int // made
}
