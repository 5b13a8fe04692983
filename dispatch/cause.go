package dispatch

import "slices"

// Cause is why nobody has taken a ride, in one word. Of several, the one that held for most of the
// search is the true one.
type Cause int

// The causes, in the order in which the first of two that held equally long is taken.
const (
	// EngineDown is a time in which nobody looked for a taxi: the city's engine did not run.
	EngineDown Cause = iota + 1
	// NotRecorded is a time of which nothing is known: the engine that looked for a taxi has
	// stopped before it had written what it saw. It is the cause only of a ride of which nothing
	// else is known.
	NotRecorded
	// NobodyOnDuty is a city without a driver on duty.
	NobodyOnDuty
	// NobodyNear is a pickup without a driver on duty within the longest pickup.
	NobodyNear
	// DriversUnplaced are drivers on duty whose position the engine has never had, as after a
	// restart, and at least as many of them as of the others: some may be near.
	DriversUnplaced
	// AllBusy are drivers near who had rides.
	AllBusy
	// AllPaused are drivers near who were on a break.
	AllPaused
	// PhonesSilent are drivers on duty near whose phones sent no positions.
	PhonesSilent
	// TooFewTaxis are taxis near, idle or free soon, and more rides than they: other rides got
	// them.
	TooFewTaxis
	// TaxisTooSmall are idle taxis near with too few seats.
	TaxisTooSmall
	// DriversDeclined are drivers who were asked and said no.
	DriversDeclined
	// DriversSilent are drivers who were asked and did not answer, though the offer was shown.
	DriversSilent
	// GivenBack are drivers near who had taken the ride and given it back.
	GivenBack
	// CallsUnheard are calls to idle taxis near that nobody has grabbed.
	CallsUnheard
	// OffersLost are offers that no phone has confirmed.
	OffersLost
	// OffersRefused are pairs that the store refused, again and again: the rows said otherwise than
	// the engine thought.
	OffersRefused
	// LeftForLater are idle taxis near that were so bad for the ride that it had better wait.
	LeftForLater
	// Overloaded are offers that the engine held back, as the store took the answers in too late.
	Overloaded
	// RuledOut are idle taxis near that a rule of the city kept from this ride.
	RuledOut
	// HeldForRegular are idle taxis near while the ride was held for the rider's regular or their
	// team.
	HeldForRegular
	// RiderLeft is a ride that its rider gave up before anybody had taken it.
	RiderLeft
)

var causes = [...]string{
	"", "engine_down", "not_recorded", "nobody_on_duty", "nobody_near", "drivers_unplaced",
	"all_busy", "all_paused", "phones_silent", "too_few_taxis", "taxis_too_small",
	"drivers_declined", "drivers_silent", "given_back", "calls_unheard", "offers_lost",
	"offers_refused", "left_for_later", "overloaded", "ruled_out", "held_for_regular", "rider_left",
}

// String is the cause's name; "" for none.
func (c Cause) String() string { return causes[c] }

// ParseCause is String's inverse; it returns 0 for an unknown name.
func ParseCause(s string) Cause { return Cause(max(0, slices.Index(causes[:], s))) }

// MarshalText writes the name.
func (c Cause) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads a name or "", which is none; an unknown one is an *Error.
func (c *Cause) UnmarshalText(text []byte) error {
	if *c = ParseCause(string(text)); *c == 0 && len(text) > 0 {
		return Errorf(Invalid, ReasonField, "unknown cause %q", text)
	}
	return nil
}

// causeOfOffer is what an ended offer cost a ride its time by; 0 for an end that is no obstacle.
func causeOfOffer(s OfferState) Cause {
	switch s {
	case OfferDeclined:
		return DriversDeclined
	case OfferSilent:
		return DriversSilent
	case OfferExpired:
		return OffersLost
	default:
		return 0
	}
}

// causeOfLast is what the last offer that was no claim cost the ride its time by; 0 if there is
// none.
func causeOfLast(offers []LoggedOffer) Cause {
	for _, o := range slices.Backward(offers) {
		if cause := causeOfOffer(o.State); cause != 0 {
			return cause
		}
	}
	return 0
}

// causeOfExclusion is why the latest of the drivers is not tried again whom the offers exclude. Who
// is excluded and has said neither no nor nothing has given the ride back.
func causeOfExclusion(offers []LoggedOffer) Cause {
	for _, o := range slices.Backward(offers) {
		if o.State == OfferAccepted {
			break
		}
		if o.State.Excludes() {
			return causeOfOffer(o.State)
		}
	}
	return GivenBack
}

// causeOfVerdict is what a filter that has removed every idle taxi is as a cause.
func causeOfVerdict(v Verdict, offers []LoggedOffer) Cause {
	switch v {
	case TooFewSeats:
		return TaxisTooSmall
	case OfferRefused:
		return OffersRefused
	case HeldForOthers:
		return HeldForRegular
	case ExcludedPair:
		return causeOfExclusion(offers)
	default:
		return RuledOut
	}
}
