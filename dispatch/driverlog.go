package dispatch

import (
	"slices"
	"time"
)

// DriverLog is what the engine has seen of one driver in about an hour: where the time went, and
// the rides that the driver was considered for. It answers "why do I get no rides?".
type DriverLog struct {
	Driver DriverID  `json:"driver"`
	City   CityID    `json:"city"`
	Taxi   TaxiID    `json:"taxi"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
	// EngineAt is when the engine began that has seen it: of positions before it knows nothing.
	EngineAt time.Time `json:"engine_at"`

	Spent   []PresenceTime   `json:"spent"`
	Changes []PresenceChange `json:"changes"` // the last 20

	Rides    int            `json:"rides"` // that the driver was considered for, forgotten ones too
	Verdicts []VerdictCount `json:"verdicts,omitempty"`
	Answers  []AnswerCount  `json:"answers,omitempty"`
	Seen     []Sighting     `json:"seen,omitempty"` // at most 16 of the rides, oldest first
}

// PresenceTime is how long a driver was present in one way.
type PresenceTime struct {
	Presence Presence `json:"presence"`
	MS       int      `json:"ms"`
}

// For is the time.
func (p PresenceTime) For() time.Duration { return time.Duration(p.MS) * time.Millisecond }

// PresenceChange is a change of a driver's presence.
type PresenceChange struct {
	At       time.Time `json:"at"`
	Presence Presence  `json:"presence"`
	// HeardAt is of a phone that has fallen silent when it was heard last; zero if it never was
	// since the engine began.
	HeardAt time.Time `json:"heard_at"`
}

// VerdictCount is for how many rides a verdict was the last one on a driver.
type VerdictCount struct {
	Verdict Verdict `json:"verdict"`
	Rides   int     `json:"rides"`
}

// AnswerCount is how many offers to a driver have ended in a state.
type AnswerCount struct {
	State  OfferState `json:"state"`
	Offers int        `json:"offers"`
}

// Sighting is one ride that a driver was considered for.
type Sighting struct {
	Ride    RideID     `json:"ride"`
	At      time.Time  `json:"at"`       // of the first round
	Until   time.Time  `json:"until"`    // of one of the last
	PickupM int        `json:"pickup_m"` // in the last round, as the rest
	PickupS int        `json:"pickup_s"`
	CostS   int        `json:"cost_s"`
	Verdict Verdict    `json:"verdict"`
	Offer   OfferState `json:"offer,omitempty"` // of the offer, if one was made
}

// PastOffer is one offer to a driver, or a call that they have grabbed, as its rows tell it.
type PastOffer struct {
	Ride      RideID
	At        time.Time // when it was made, or grabbed
	PickupM   int       // of an offer
	PickupS   int       // likewise
	State     OfferState
	GivenBack bool // it became a ride, which the driver has given back
}

// MaxPastOffers is how many of them are read at most: one a minute and a half for a day.
const MaxPastOffers = 1000

// Limits of a driver's log. A driver on duty all day leaves 24 logs of at most 4 KiB.
const (
	maxSightings   = 16
	maxChanges     = 20
	driverLogSpan  = time.Hour
	driverLogSaved = 10 * time.Minute // what a crash loses at most
	// DriverLogsKept is for how long drivers' logs are kept.
	DriverLogsKept = 7 * 24 * time.Hour
)

// sight is a sighting as the engine keeps it: without a pointer to follow, but for the ride's id.
type sight struct {
	ride           RideID
	atMS, untilMS  int64
	distanceM      int32
	pickupMS, cost int32
	verdict        uint8
	offer          uint8
}

// sights are the rides of one trail: made once, so that a candidate of a round costs no allocation.
type sights struct {
	tickets [maxSightings]uint32 // of the rides, in the places of seen; 0 is none
	seen    [maxSightings]sight
}

// trail is what the engine keeps of one driver until it is written. What a candidate touches stands
// first: a round has 100,000 of them, and each line of memory counts.
type trail struct {
	sights   *sights // nil before the first ride
	rides    int32
	newest   uint8 // the place of the ride that was seen first last
	presence Presence
	changed  bool  // since it was written
	fromMS   int64 // of the log
	sinceMS  int64 // of the presence
	savedMS  int64
	spentMS  [len(presences)]int64
	verdicts [len(verdicts)]int32 // of the rides that are forgotten
	answers  [len(offerStates)]int32
	changes  []PresenceChange
}

// turn notes the driver's presence, if it is another than before.
func (t *trail) turn(p Presence, heardAt, now time.Time) {
	if t.presence == p {
		return
	}
	ms := now.UnixMilli()
	switch {
	case t.presence == 0:
		t.fromMS = ms
	case t.presence == DriverOff && ms-t.fromMS >= driverLogSpan.Milliseconds():
		t.begin(now) // what was before is written, and being off duty is no log's business
	default:
		t.spentMS[t.presence] += ms - t.sinceMS
	}
	change := PresenceChange{At: now, Presence: p}
	if p == DriverSilent {
		change.HeardAt = heardAt
	}
	t.changes = keep(t.changes, change, maxChanges, 0)
	t.presence, t.sinceMS, t.changed = p, ms, true
}

// saw notes that a round has considered the driver for the ride with a ticket. A new ride takes the
// place of the one that was seen first longest ago; one that was offered stays longer.
func (t *trail) saw(ticket uint32, ride RideID, o *option, nowMS int64) {
	t.changed = true
	if t.sights == nil {
		t.sights = &sights{}
	}
	i := slices.Index(t.sights.tickets[:], ticket)
	if i < 0 {
		t.rides++
		i = t.place()
		t.sights.tickets[i] = ticket
		t.sights.seen[i] = sight{ride: ride, atMS: nowMS}
	}
	s := &t.sights.seen[i]
	//nolint:gosec // G115: a verdict is small
	s.untilMS, s.verdict = nowMS, uint8(o.verdict)
	s.distanceM, s.pickupMS, s.cost = int32(o.distanceM), o.ms, o.cost
	if o.verdict == Chosen {
		s.offer = uint8(OfferOpen)
	}
}

// place is where the next ride is kept. What was there is only counted from now on.
func (t *trail) place() int {
	all := t.sights
	next := (int(t.newest) + 1) % maxSightings
	i := next
	for range maxSightings {
		if all.seen[i].offer == 0 {
			break
		}
		i = (i + 1) % maxSightings
	}
	if all.tickets[i] != 0 {
		t.verdicts[all.seen[i].verdict]++
	}
	t.newest = uint8(i)
	return i
}

// each calls fn for the rides that are kept.
func (t *trail) each(fn func(s *sight)) {
	if t.sights == nil {
		return
	}
	for i := range t.sights.seen {
		if t.sights.tickets[i] != 0 {
			fn(&t.sights.seen[i])
		}
	}
}

// answered notes what became of an offer to the driver, or that they have grabbed a call.
func (t *trail) answered(ride RideID, state OfferState) {
	t.each(func(s *sight) {
		//nolint:gosec // G115: a state is small
		if s.ride == ride && s.offer != uint8(state) && state != OfferOpen {
			//nolint:gosec // G115: a state is small
			s.offer, t.changed = uint8(state), true
			t.answers[state]++
		}
	})
}

// log is the trail as it is written.
func (t *trail) log(shift Shift, now time.Time) DriverLog {
	zone := now.Location()
	at := func(ms int64) time.Time { return time.UnixMilli(ms).In(zone) }
	l := DriverLog{
		Driver: shift.Driver, City: shift.City, Taxi: shift.Taxi, From: at(t.fromMS), Until: now,
		Changes: slices.Clone(t.changes), Rides: int(t.rides),
	}
	spent := t.spentMS
	spent[t.presence] += now.UnixMilli() - t.sinceMS
	for p, ms := range spent {
		if ms > 0 {
			l.Spent = append(l.Spent, PresenceTime{Presence(p), int(ms)})
		}
	}
	counts := t.verdicts
	t.each(func(s *sight) {
		counts[s.verdict]++
		l.Seen = append(l.Seen, Sighting{
			Ride: s.ride, At: at(s.atMS), Until: at(s.untilMS),
			PickupM: int(s.distanceM), PickupS: int(s.pickupMS+500) / 1000,
			CostS: int(s.cost+500) / 1000, Verdict: Verdict(s.verdict), Offer: OfferState(s.offer),
		})
	})
	slices.SortStableFunc(l.Seen, func(a, b Sighting) int { return a.At.Compare(b.At) })
	for v, n := range counts {
		if n > 0 {
			l.Verdicts = append(l.Verdicts, VerdictCount{Verdict(v), int(n)})
		}
	}
	for state, n := range t.answers {
		if n > 0 {
			l.Answers = append(l.Answers, AnswerCount{OfferState(state), int(n)})
		}
	}
	return l
}

// saved notes that the trail was written; one that is long enough begins anew.
func (t *trail) saved(now time.Time) {
	ms := now.UnixMilli()
	t.savedMS, t.changed = ms, false
	if ms-t.fromMS < driverLogSpan.Milliseconds() {
		return
	}
	t.begin(now)
}

// begin makes room for the next log, with the presence that holds.
func (t *trail) begin(now time.Time) {
	ms, last := now.UnixMilli(), PresenceChange{At: now, Presence: t.presence}
	if n := len(t.changes); n > 0 {
		last.HeardAt = t.changes[n-1].HeardAt
	}
	if t.sights != nil {
		*t.sights = sights{}
	}
	*t = trail{
		fromMS: ms, sinceMS: ms, savedMS: t.savedMS, presence: t.presence, sights: t.sights,
		changes: append(t.changes[:0], last),
	}
}
