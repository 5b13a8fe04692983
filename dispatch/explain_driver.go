package dispatch

import (
	"slices"
	"time"

	"hexhail/geo"
)

// Hindrance is why a driver got no rides, or not more of them, in one word.
type Hindrance int

// The hindrances.
const (
	// NoLogs is a time of which no engine has written anything.
	NoLogs Hindrance = iota + 1
	// WasOff is a driver who was off duty for nearly all of the time.
	WasOff
	// WasBusy is one who had rides for most of the time on duty.
	WasBusy
	// WasPaused is one who was on a break for most of it.
	WasPaused
	// WasSilent is one whose phone sent no positions for most of it.
	WasSilent
	// LeftOffers is one who did not answer most offers.
	LeftOffers
	// DeclinedOffers is one who said no to most offers.
	DeclinedOffers
	// MissedOffers is one whose phone most offers have not reached.
	MissedOffers
	// QuietPlace is a driver near whom hardly anybody asked for a taxi.
	QuietPlace
	// OthersNearer is one near whom rides were, that other taxis were of more use to.
	OthersNearer
	// TaxiTooSmall is one whose taxi had too few seats for most rides near.
	TaxiTooSmall
	// NoGrab is one who was called and did not grab, or too late.
	NoGrab
	// KeptByRule is one whom a rule of the city kept from most rides near.
	KeptByRule
)

var hindrances = [...]string{
	"", "no_logs", "was_off", "was_busy", "was_paused", "was_silent", "left_offers",
	"declined_offers", "missed_offers", "quiet_place", "others_nearer", "taxi_too_small",
	"no_grab", "kept_by_rule",
}

// String is the hindrance's name; "" for none.
func (h Hindrance) String() string { return hindrances[h] }

// SeenRide is one ride that a driver was considered for, and what became of it.
type SeenRide struct {
	Sighting
	Pickup geo.Point // zero if the ride's row is gone
	State  State     // 0 likewise
	Mine   bool      // the driver has it or had it
	Back   bool      // the driver had it and has given it back
	Taken  bool      // somebody has it or had it
	RivalS int       // how far the taxi was that took it, in seconds of driving; 0 if nobody knows
}

// DriverStory is what a driver's logs say about why they got the rides that they got, or none.
type DriverStory struct {
	Driver    DriverID
	City      CityID // where the driver works
	From, To  time.Time
	Now       Presence // 0 if no engine was asked
	Since     time.Time
	HeardAt   time.Time // of a silent phone; zero if none since EngineAt
	EngineAt  time.Time // when the engine began that was asked
	Hindrance Hindrance // the one that weighed most

	Spent     [len(presences)]time.Duration
	Unwatched time.Duration    // of which nothing is known
	Changes   []PresenceChange // the latest 50, the oldest first
	Rides     int              // that the driver was considered for
	Verdicts  []VerdictCount
	Answers   [len(offerStates)]int // to the offers made in the time, and to calls a grab
	GivenBack int                   // of those accepted
	Seen      []SeenRide            // the latest 50, the latest first
}

// Limits of a story.
const (
	// StoryTime is how far back is told if nothing is said.
	StoryTime = 4 * time.Hour
	// MaxStory is the longest time that is told of.
	MaxStory = 24 * time.Hour
	// MaxSeenRides is how many rides are told of.
	MaxSeenRides   = 50
	maxToldChanges = 50
)

// quietFor is how long a driver is idle for each ride near before the place is called quiet: at
// noon in a city's middle it is seconds.
const quietFor = 20 * time.Minute

// blurRes is the resolution of the fields that a driver is shown: hexagons about 900 m wide.
const blurRes = 8

// Blurred is the story as the driver may see it: rides without their ids, pickups in the middle of
// their fields, ways rounded up to whole minutes. Two drivers who put their stories together would
// else know where a rider stood.
func (s DriverStory) Blurred() DriverStory {
	s.Seen = slices.Clone(s.Seen)
	minutes := func(seconds int) int { return (seconds + 59) / 60 * 60 }
	for i := range s.Seen {
		r := &s.Seen[i]
		r.Ride, r.PickupM, r.CostS = "", 0, 0
		r.PickupS, r.RivalS = minutes(r.PickupS), minutes(r.RivalS)
		cell, err := geo.CellOf(r.Pickup, blurRes)
		if err == nil && r.Pickup != (geo.Point{}) {
			r.Pickup, err = cell.Center()
		}
		if err != nil {
			r.Pickup = geo.Point{}
		}
	}
	return s
}

// Offers is how many offers have ended, and Accepted how many of them, or of calls, by a claim.
func (s DriverStory) Offers() (ended, accepted int) {
	for state, n := range s.Answers {
		if s := OfferState(state); s != OfferWithdrawn && s != OfferOpen {
			ended += n
		}
	}
	return ended, s.Answers[OfferAccepted]
}

// Duty is how long the driver was on duty, breaks included.
func (s DriverStory) Duty() time.Duration {
	sum := time.Duration(0)
	for p, d := range s.Spent {
		if Presence(p) != DriverOff {
			sum += d
		}
	}
	return sum
}

// tellDriver adds logs up, the oldest first. was is the presence before them, 0 if nothing is known
// of it. What became of the rides and of offers is not in them.
func tellDriver(
	driver DriverID, logs []DriverLog, was Presence, from, to time.Time,
) DriverStory {
	s := DriverStory{Driver: driver, From: from, To: to}
	at := from
	var verdicts [len(verdicts)]int
	for _, l := range logs {
		s.gap(l.From.Sub(at), was)
		at = l.Until
		for _, spent := range l.Spent {
			s.Spent[spent.Presence] += spent.For()
		}
		for _, v := range l.Verdicts {
			verdicts[v.Verdict] += v.Rides
		}
		for _, t := range l.Changes {
			if t.Presence != was {
				s.Changes = keep(s.Changes, t, maxToldChanges, 0)
			}
			was = t.Presence
		}
		s.Rides += l.Rides
		for _, seen := range l.Seen {
			s.Seen = keep(s.Seen, SeenRide{Sighting: seen}, MaxSeenRides, 0)
		}
	}
	s.gap(to.Sub(at), was)
	for v, n := range verdicts {
		if n > 0 {
			s.Verdicts = append(s.Verdicts, VerdictCount{Verdict(v), n})
		}
	}
	return s
}

// addOffers adds what the rows tell of offers, which no crash takes away: all answers, and rides
// that were offered in a time of which there is no log.
func (s *DriverStory) addOffers(past []PastOffer, logs []DriverLog) {
	for _, o := range past {
		s.Answers[o.State]++
		if o.GivenBack {
			s.GivenBack++
		}
		i := slices.IndexFunc(s.Seen, func(r SeenRide) bool { return r.Ride == o.Ride })
		if i < 0 && slices.ContainsFunc(logs, func(l DriverLog) bool { return l.covers(o.At) }) {
			continue // it is counted, and forgotten
		}
		if i < 0 {
			s.Rides++
			s.addVerdict(Chosen)
			s.Seen = append(s.Seen, SeenRide{Sighting: Sighting{
				Ride: o.Ride, At: o.At, Until: o.At, PickupM: o.PickupM, PickupS: o.PickupS,
				Verdict: Chosen,
			}})
			i = len(s.Seen) - 1
		}
		s.Seen[i].Offer, s.Seen[i].Back = o.State, o.GivenBack
	}
	slices.SortStableFunc(s.Verdicts, func(a, b VerdictCount) int { return b.Rides - a.Rides })
	slices.SortStableFunc(s.Seen, func(a, b SeenRide) int { return b.At.Compare(a.At) })
	s.Seen = s.Seen[:min(len(s.Seen), MaxSeenRides)]
	s.Hindrance = s.hindrance()
}

// addVerdict counts a ride more of a verdict.
func (s *DriverStory) addVerdict(v Verdict) {
	i := slices.IndexFunc(s.Verdicts, func(c VerdictCount) bool { return c.Verdict == v })
	if i < 0 {
		i = len(s.Verdicts)
		s.Verdicts = append(s.Verdicts, VerdictCount{Verdict: v})
	}
	s.Verdicts[i].Rides++
}

// covers reports whether the log tells of a moment.
func (l DriverLog) covers(at time.Time) bool {
	return !at.Before(l.From) && !at.After(l.Until)
}

// gap adds a time without a log: after one that ended off duty there is none until the next shift.
func (s *DriverStory) gap(d time.Duration, was Presence) {
	switch {
	case d <= 0:
	case was == DriverOff:
		s.Spent[DriverOff] += d
	default:
		s.Unwatched += d
	}
}

// hindrance is what weighed most: first where the time went, then what became of offers, then what
// became of the rides near.
func (s DriverStory) hindrance() Hindrance {
	duty := s.Duty()
	busy, paused, silent := s.Spent[DriverBusy], s.Spent[DriverPaused], s.Spent[DriverSilent]
	idle := s.Spent[DriverIdle] + s.Spent[DriverOffered]
	switch most := max(busy, paused, silent, idle); {
	case duty == 0 && s.Spent[DriverOff] == 0:
		return NoLogs
	case duty < s.Spent[DriverOff]/10: // in a short shift the rest counts
		return WasOff
	case most == silent:
		return WasSilent
	case most == paused:
		return WasPaused
	case most == busy:
		return WasBusy
	}
	declined, left := s.Answers[OfferDeclined], s.Answers[OfferSilent]
	missed := s.Answers[OfferExpired]
	if no := declined + left + missed; no > s.Answers[OfferAccepted] {
		switch max(declined, left, missed) {
		case left:
			return LeftOffers
		case declined:
			return DeclinedOffers
		default:
			return MissedOffers
		}
	}
	near := s.Rides
	for _, v := range s.Verdicts {
		if v.Verdict == TooFar {
			near -= v.Rides
		}
	}
	if near <= 0 || idle/time.Duration(near) >= quietFor {
		return QuietPlace
	}
	return s.ofVerdicts()
}

// ofVerdicts is what kept the driver from most of the rides near, but for those that were offered.
func (s DriverStory) ofVerdicts() Hindrance {
	for _, v := range s.Verdicts {
		switch v.Verdict {
		case Chosen, TooFar:
			continue
		case BetterElsewhere, OfferRefused, Deferred, HeldBack:
			return OthersNearer
		case TooFewSeats:
			return TaxiTooSmall
		case ExcludedPair:
			return DeclinedOffers
		case Called:
			return NoGrab
		default:
			return KeptByRule
		}
	}
	return QuietPlace // all were offered: there were no more
}
