package dispatch

import (
	"slices"
	"time"
)

// RideStory is what a ride's rows and its log say about why it was taken, or not.
type RideStory struct {
	Ride RideID
	// Cause is why nobody took it; 0 if somebody did, or if an offer of it is open.
	Cause Cause
	// Until is, of a ride that its rider gave up, what had kept it from being taken until then.
	Until Cause

	State    State
	AskedAt  time.Time     // of a booked ride: when its search began, if one has
	Searched time.Duration // from the request to the last claim, the end, or now
	Searches int           // 1, and one more each time that it was given back
	By       DriverID      // who took it; "" if nobody

	Rounds  int // that it was in
	Without int // of these, with nobody who could have had it
	Outbid  int // of these, that gave everybody who could to another ride

	Made   int // offers
	Offers []LoggedOffer
	Called int // calls
	Calls  []LoggedCall
	Spent  []Spent // of the search, the longest first
	Last   *Round  // with candidates; nil if there was none
	// Look is the latest that saw the cause; nil if there was none.
	Look *Look
	// Unwatched says that no engine has written anything of it, in a time in which one would.
	Unwatched bool
	Lost      time.Duration // of the search, of which nothing is known
}

// ExplainRide tells why a ride was taken, or why nobody took it: the cause that held for the
// longest part of its search, as far as is known. now counts for a ride that still searches.
func ExplainRide(record Record, now time.Time) RideStory {
	r, log := record.Ride, record.Log
	s := RideStory{
		Ride: r.ID, State: r.State, AskedAt: r.RequestedAt, Searches: r.Search, By: r.Driver,
		Rounds: log.Empty + log.Looked, Without: log.Empty + log.Looked - log.Fit,
		Outbid: log.Outbid, Made: log.Made, Offers: log.Offers,
		Called: log.Called, Calls: log.Calls, Spent: slices.Clone(log.Spent),
	}
	if r.Kind == BookedRide && !log.Since.IsZero() {
		s.AskedAt = log.Since // its search
	}
	s.Searched = max(0, searchEnd(r, now).Sub(s.AskedAt))
	s.Unwatched = s.Rounds == 0 && log.Since.IsZero() && r.Kind == Hailed && s.Searched > lapseLeast
	if s.Unwatched && len(s.Spent) == 0 {
		s.Spent = append(s.Spent, s.unwatched(record.EngineAt))
	}
	slices.SortStableFunc(s.Spent, func(a, b Spent) int {
		if a.MS != b.MS {
			return b.MS - a.MS
		}
		return int(a.Cause - b.Cause)
	})
	if n := len(log.Rounds); n > 0 {
		s.Last = &log.Rounds[n-1]
	}
	for _, spent := range s.Spent {
		if spent.Cause == NotRecorded {
			s.Lost = spent.For()
		}
	}
	s.Cause, s.Until = causesOf(r, log, s)
	why := s.Cause
	if s.Until != 0 {
		why = s.Until
	}
	for i := range log.Looks {
		if log.Looks[i].Cause == why {
			s.Look = &log.Looks[i]
		}
	}
	return s
}

// unwatched is what a search is put down to of which no engine has written anything. Only if none
// has shown a sign of life since it was asked for is it sure that none has looked.
func (s RideStory) unwatched(engineAt time.Time) Spent {
	cause := NotRecorded
	if !engineAt.Add(syncEvery).After(s.AskedAt) {
		cause = EngineDown
	}
	return Spent{Cause: cause, MS: int(s.Searched.Milliseconds())}
}

// longest is the cause that held for the longest time of which anything is known.
func longest(spent []Spent) Cause {
	for _, s := range spent {
		if s.Cause != NotRecorded {
			return s.Cause
		}
	}
	return NotRecorded
}

// searchEnd is when a ride's search came to its end, or now.
func searchEnd(r Ride, now time.Time) time.Time {
	switch {
	case r.Driver != "" && !r.ClaimedAt.IsZero():
		return r.ClaimedAt
	case !r.EndedAt.IsZero():
		return r.EndedAt
	case now.Before(r.RequestedAt):
		return r.RequestedAt
	default:
		return now
	}
}

// causesOf is a ride's cause, and for one that its rider gave up what had kept it until then.
func causesOf(r Ride, log RoundLog, s RideStory) (cause, until Cause) {
	n := len(log.Offers)
	switch {
	case r.Kind == Street || r.Driver != "":
		return 0, 0
	case r.State == Searching && n > 0 && log.Offers[n-1].State == OfferOpen:
		return 0, 0
	}
	switch {
	case len(s.Spent) > 0:
		cause = longest(s.Spent)
	case s.Last != nil:
		cause = causeOfRound(*s.Last, log.Offers)
	case s.Rounds > 0 && r.State == Expired:
		// It waited its whole time without its turn to be looked around for: so many do.
		cause = TooFewTaxis
	}
	if r.State == Cancelled && r.EndedBy == SideRider {
		return RiderLeft, cause
	}
	return cause, 0
}

// causeOfRound is what a round's candidates say of a ride that is too young to have been looked
// around for.
func causeOfRound(r Round, offers []LoggedOffer) Cause {
	var most [len(verdicts)]int
	v := Verdict(0)
	for _, c := range r.Candidates {
		if c.Verdict.Fit() && c.Verdict != OfferRefused {
			return TooFewTaxis
		}
		if most[c.Verdict]++; v == 0 || most[c.Verdict] > most[v] {
			v = c.Verdict
		}
	}
	if v == TooFar || v == 0 {
		return NobodyNear
	}
	return causeOfVerdict(v, offers)
}
