package dispatch

import (
	"slices"
	"time"

	"hexhail/geo"
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
	// ExcludedPair is a driver who declined this ride at its tip, was silent, or gave it back.
	ExcludedPair
	// Called is a taxi that the ride's call reaches.
	Called
	// WrongVehicle is a taxi of another class than the ride wants, or without one of its tags.
	WrongVehicle
	// OfferRefused is a chosen taxi whose offer the store refused: ride or driver had changed.
	OfferRefused
	// Deferred is a fit taxi that was so bad for the ride that it had better wait for another.
	Deferred
	// NotHeadOfQueue is a taxi in the queue of the ride's stand that has others before it.
	NotHeadOfQueue
	// QueuedElsewhere is a taxi in the queue of another stand than the ride's, which keeps it.
	QueuedElsewhere
	// HeldBack is a chosen taxi that got no offer, as answers came in too late already.
	HeldBack
	// HeldForOthers is a taxi that the ride is not for yet: its rider wants a regular, or
	// their team, first.
	HeldForOthers
)

var verdicts = [...]string{
	"", "chosen", "better_elsewhere", "too_far", "too_few_seats", "excluded_pair", "called",
	"wrong_vehicle", "offer_refused", "deferred",
	"not_head_of_queue", "queued_elsewhere", "held_back", "held_for_others",
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

// Fit reports whether the taxi could have had the ride: no filter had removed it.
func (v Verdict) Fit() bool {
	switch v {
	case Chosen, BetterElsewhere, Called, OfferRefused, Deferred, HeldBack:
		return true
	default:
		return false
	}
}

// Candidate is one taxi that a round considered for a ride.
type Candidate struct {
	Taxi    TaxiID     `json:"taxi"`
	PickupM int        `json:"pickup_m"`
	PickupS int        `json:"pickup_s"`
	AfterS  int        `json:"after_s,omitempty"` // of PickupS: until its present ride ends
	CostS   int        `json:"cost_s"`            // of the pair, as the matcher adds up
	Source  geo.Source `json:"source,omitempty"`  // of PickupS
	// ChancePct is how likely it was that the driver takes the ride, in percent.
	ChancePct int     `json:"chance_pct"`
	Verdict   Verdict `json:"verdict"`
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

// RoundLog says why a ride got the taxi that it got, or none: the rounds in which there was anybody
// to consider and how many there were in which there was nobody, the offers with their answers, and
// what the engine saw when it looked around for a ride that waits (Look).
type RoundLog struct {
	Ride   RideID  `json:"ride"`
	City   CityID  `json:"city"`
	Empty  int     `json:"empty"`  // rounds without a candidate
	Looked int     `json:"looked"` // rounds with one
	Fit    int     `json:"fit"`    // of these, rounds with a taxi that could have had the ride
	Outbid int     `json:"outbid"` // of these, rounds that gave every such taxi to another ride
	Later  int     `json:"later"`  // of these, rounds that left it for a later one
	Held   int     `json:"held"`   // of these, rounds whose offer of it was held back
	Rounds []Round `json:"rounds"`

	Made   int           `json:"made"` // offers, forgotten ones too
	Offers []LoggedOffer `json:"offers,omitempty"`
	Called int           `json:"called"` // calls, forgotten ones too
	Calls  []LoggedCall  `json:"calls,omitempty"`
	Looks  []Look        `json:"looks,omitempty"`
	Spent  []Spent       `json:"spent,omitempty"` // of the search, each cause once
	// Since is when the engine began to look around for the ride, Until when it last did. Between
	// two engines, and before the first, nobody did.
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// Add appends a round with candidates.
func (l *RoundLog) Add(r Round) {
	l.Looked++
	fit, chosen, held, outbid, later := 0, 0, 0, 0, 0
	for _, c := range r.Candidates {
		if c.Verdict.Fit() {
			fit = 1
		}
		switch c.Verdict {
		case Chosen:
			chosen = 1
		case HeldBack:
			held = 1
		case BetterElsewhere:
			outbid = 1
		case Deferred:
			later = 1
		default:
		}
	}
	l.Fit += fit
	l.Held += held
	l.Outbid += outbid &^ (chosen | held)
	l.Later += later &^ (chosen | held | outbid)
	l.Rounds = keep(l.Rounds, r, maxLoggedRounds, keptFirstRounds)
}

// keep appends to a list of at most limit; when it is full, the oldest after the first few goes.
func keep[T any](list []T, one T, limit, first int) []T {
	if len(list) >= limit {
		list = slices.Delete(list, first, first+1)
	}
	return append(list, one)
}

// LoggedOffer is one offer of a ride and what became of it.
type LoggedOffer struct {
	ID      OfferID    `json:"id"`
	Driver  DriverID   `json:"driver"`
	Taxi    TaxiID     `json:"taxi"`
	PickupM int        `json:"pickup_m"`
	PickupS int        `json:"pickup_s"`
	AfterS  int        `json:"after_s,omitempty"` // of PickupS: until the driver's ride ends
	MadeAt  time.Time  `json:"made_at"`
	EndedAt time.Time  `json:"ended_at"` // zero while it is open
	State   OfferState `json:"state"`
}

// Limits of a log's offers: 20 a ride are answered in five minutes of silence.
const (
	maxLoggedOffers = 30
	keptFirstOffers = 5
)

// Offer notes an offer that was made or has ended, and says whether that was new.
func (l *RoundLog) Offer(o Offer) bool {
	i := slices.IndexFunc(l.Offers, func(was LoggedOffer) bool { return was.ID == o.ID })
	switch {
	case i < 0:
		l.Made++
		l.Offers = keep(l.Offers, LoggedOffer{
			ID: o.ID, Driver: o.Driver, Taxi: o.Taxi, PickupM: o.PickupM, PickupS: o.PickupS,
			AfterS: o.AfterS, MadeAt: o.MadeAt, State: OfferOpen,
		}, maxLoggedOffers, keptFirstOffers)
		i = len(l.Offers) - 1
	case l.Offers[i].State != OfferOpen, o.State == OfferOpen:
		return false
	}
	if o.State == OfferOpen {
		return true
	}
	// An engine that was down writes the end of an offer later than it was.
	ended := o.ChangedAt
	if (o.State == OfferSilent || o.State == OfferExpired) && o.ExpiresAt.Before(ended) {
		ended = o.ExpiresAt
	}
	l.Offers[i].State, l.Offers[i].EndedAt = o.State, ended
	if cause := causeOfOffer(o.State); cause != 0 {
		l.spend(cause, ended.Sub(o.MadeAt))
	}
	return true
}

// LoggedCall is one call of a ride and what became of it.
type LoggedCall struct {
	ID      CallID    `json:"id"`
	RadiusM int       `json:"radius_m"`
	Taxis   int       `json:"taxis"` // that it reached at once
	MadeAt  time.Time `json:"made_at"`
	EndedAt time.Time `json:"ended_at"` // zero while it is open
	State   CallState `json:"state"`
	Driver  DriverID  `json:"driver"` // who has grabbed it
}

// Limits of a log's calls.
const (
	maxLoggedCalls = 20
	keptFirstCalls = 5
)

// Call notes a call that was made or has ended, and says whether that was new.
func (l *RoundLog) Call(c Call) bool {
	i := slices.IndexFunc(l.Calls, func(was LoggedCall) bool { return was.ID == c.ID })
	switch {
	case i < 0:
		l.Called++
		l.Calls = keep(l.Calls, LoggedCall{
			ID: c.ID, RadiusM: c.RadiusM, Taxis: c.Taxis, MadeAt: c.MadeAt, State: CallOpen,
		}, maxLoggedCalls, keptFirstCalls)
		i = len(l.Calls) - 1
	case l.Calls[i].State != CallOpen, c.State == CallOpen:
		return false
	}
	if c.State != CallOpen {
		l.Calls[i].State, l.Calls[i].EndedAt, l.Calls[i].Driver = c.State, c.ChangedAt, c.Driver
	}
	return true
}

// claimed notes that the open offer of a driver, or else the open call, has become a claim: the
// ride tells of it sooner than the row.
func (l *RoundLog) claimed(driver DriverID, at time.Time) {
	if driver == "" {
		return
	}
	for i := range l.Calls {
		if c := &l.Calls[i]; c.State == CallOpen {
			c.State, c.EndedAt, c.Driver = CallGrabbed, at, driver
		}
	}
	for i := range l.Offers {
		if o := &l.Offers[i]; o.Driver == driver && o.State == OfferOpen {
			o.State, o.EndedAt = OfferAccepted, at
		}
	}
}

// clone is the log with lists of its own.
func (l RoundLog) clone() RoundLog {
	l.Rounds, l.Offers = slices.Clone(l.Rounds), slices.Clone(l.Offers)
	l.Calls, l.Looks = slices.Clone(l.Calls), slices.Clone(l.Looks)
	l.Spent = slices.Clone(l.Spent)
	return l
}

// Spent is how long one cause kept a ride from being taken.
type Spent struct {
	Cause Cause `json:"cause"`
	MS    int   `json:"ms"`
}

// For is the time.
func (s Spent) For() time.Duration { return time.Duration(s.MS) * time.Millisecond }

// spend adds to the time of a cause.
func (l *RoundLog) spend(cause Cause, d time.Duration) {
	ms := int(max(0, d).Milliseconds())
	i := slices.IndexFunc(l.Spent, func(s Spent) bool { return s.Cause == cause })
	if i < 0 {
		i = len(l.Spent)
		l.Spent = append(l.Spent, Spent{Cause: cause})
	}
	l.Spent[i].MS += ms
}

// lapse adds a time of which no look tells: in the part without an engine nobody looked for a taxi;
// of the rest, but for the offers, which have rows of their own, nothing is known.
func (l *RoundLog) lapse(all, down span) {
	gone := all.common(down)
	lost := all.length() - gone.length()
	for _, o := range l.Offers {
		open := span{o.MadeAt, o.EndedAt}
		if o.State == OfferOpen {
			open.to = all.to
		}
		lost -= open.common(all).length() - open.common(gone).length()
	}
	if gone.length() > 0 {
		l.spend(EngineDown, gone.length())
	}
	if lost > lapseLeast {
		l.spend(NotRecorded, lost)
	}
}

// span is a time from one moment to another, empty if the other is not later.
type span struct{ from, to time.Time }

func (s span) length() time.Duration { return max(0, s.to.Sub(s.from)) }

// common is the part of it that it has in common with another one.
func (s span) common(other span) span {
	if other.from.After(s.from) {
		s.from = other.from
	}
	if other.to.Before(s.to) {
		s.to = other.to
	}
	return s
}

// Limits of a log's looks. Looks that saw the same are one.
const (
	maxLooks       = 20
	keptFirstLooks = 5
)

// look notes what was around the ride since a time.
func (l *RoundLog) look(one Look, since time.Time) {
	if one.Cause != 0 {
		l.spend(one.Cause, one.At.Sub(since))
	}
	l.Until = one.At
	if n := len(l.Looks); n > 0 && l.Looks[n-1].same(one) {
		l.Looks[n-1].Until, l.Looks[n-1].HeardS = one.At, one.HeardS
		l.Looks[n-1].Times++
		return
	}
	l.Looks = keep(l.Looks, one, maxLooks, keptFirstLooks)
}

// RoundStats is one finished round, for metrics.
type RoundStats struct {
	City    CityID
	At      time.Time
	Waiting int // rides that looked for a taxi
	Idle    int // taxis that could take one
	Edges   int // pairs considered
	// Timed counts pairs by where their pickup time comes from, those of calls too.
	Timed  [geo.Sources]int
	Pairs  int // of ride and taxi that offers were tried for
	Offers int // made
	Calls  int // made
}
