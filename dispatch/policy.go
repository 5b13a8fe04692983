package dispatch

import (
	"cmp"
	"slices"
	"time"

	"hexhail/geo"
)

// Mode is how a city pairs rides with taxis.
type Mode string

// The modes.
const (
	// Assign pairs the open rides of a round jointly and offers each to one driver.
	Assign Mode = "assign"
	// Grab calls all idle taxis around each ride, and the first grab has it.
	Grab Mode = "grab"
	// Hybrid assigns in a ride's first rounds, and then calls it if a driver has refused it and
	// taxis are not too few.
	Hybrid Mode = "hybrid"
	// Nearest is the baseline: first come, first served, by the nearest idle taxi.
	Nearest Mode = "nearest"
)

// Modes are all modes.
func Modes() []Mode { return []Mode{Assign, Grab, Hybrid, Nearest} }

// Policy is one version of a city's rules. The zero value is not valid; DefaultPolicy is.
type Policy struct {
	Mode Mode `json:"mode"`
	// RoundMS is the time between two rounds of Assign, 0–10,000 ms. A longer one pairs better
	// and answers later. 0 is at once: as soon as a ride asks or a taxi comes free.
	RoundMS int `json:"round_ms"`
	// RoundMaxMS makes the time between two rounds adapt, 0–30,000 ms: it is RoundMS for each ride
	// that waits for an idle taxi, at most this. 0 keeps it at RoundMS. See [Policy.RoundAfter].
	RoundMaxMS int `json:"round_max_ms"`
	// OfferS is how long a driver has to answer, 5–120 s: 15 is what drivers of the time had.
	OfferS int `json:"offer_s"`
	// MaxPickupS is the longest estimated way to a pickup, 60–3,600 s.
	MaxPickupS int `json:"max_pickup_s"`
	// SearchS is how long a ride searches, 10–3,600 s.
	SearchS int `json:"search_s"`
	// Candidates is how many taxis a ride considers in a round, 1–50. More than 20 changes
	// little: the 20th nearest is seldom the right one.
	Candidates int `json:"candidates"`
	// UrgencyPct is how much a second that a ride may still search weighs against a second of
	// pickup, in percent, 0–200: above 0, rides whose search ends soon go before others. 30 served
	// 1.7 points more of an hour with too few taxis than 0, at the same mean pickup.
	UrgencyPct int `json:"urgency_pct"`
	// DeclineS is how many seconds of pickup a lost offer costs, 0–600, weighed with the chance
	// that the driver does not take it; see [Policy.Cost]. 0 asks whoever is nearest.
	DeclineS int `json:"decline_s"`
	// TipS is how many seconds of pickup a yuan of tip is worth, 0–60: above 0, of two rides that
	// want the same taxi the one with the greater tip goes first.
	TipS int `json:"tip_s"`
	// IdlePct is how much a second without a ride weighs against a second of pickup, in percent,
	// 0–100: above 0, drivers who have waited long go before others.
	IdlePct int `json:"idle_pct"`
	// DestinationPct is how much a second of detour weighs for a driver who has said where they are
	// going, against a second of pickup, in percent, 0–500.
	DestinationPct int `json:"destination_pct"`
	// DestinationsADay is how often in a day a driver may say so, 0–20.
	DestinationsADay int `json:"destinations_a_day"`
	// DeferPct leaves a bad pair for a later round, 0–1,000: a ride waits if its pair costs more
	// than so many per cent of what waiting and pickup have been together lately. 0 defers nothing.
	// DeferS is until which age a ride may be left so, 0–300 s.
	DeferPct int `json:"defer_pct"`
	DeferS   int `json:"defer_s"`
	// SilentLimit is after how many unanswered offers in a row a driver goes off duty, 1–20.
	SilentLimit int `json:"silent_limit"`
	// NoShowS is how long a driver waits at the pickup before giving up, 0–1,800 s.
	NoShowS int `json:"no_show_s"`
	// StaleS is after how long without a fix a taxi is no candidate, 5–300 s.
	StaleS int `json:"stale_s"`
	// CollectMS is for how long after its first grab the grabs of a call are collected, 0–1,000 ms:
	// then the taxi that is nearest has the ride. With 0 the first grab has it.
	CollectMS int `json:"collect_ms"`
	// AssignRounds is for how many rounds Hybrid assigns at least before it calls, 1–300.
	AssignRounds int `json:"assign_rounds"`
	// CallS is the countdown of a call, 5–120 s. In March 2014 a real one ran for 97.
	CallS int `json:"call_s"`
	// CallStartM is the radius of a ride's first call, 100–20,000 m; each one that nobody has
	// grabbed is followed by one that reaches CallStepM farther, 0–20,000 m, until CallMaxM,
	// 100–50,000 m.
	CallStartM int `json:"call_start_m"`
	CallStepM  int `json:"call_step_m"`
	CallMaxM   int `json:"call_max_m"`
	// CallTaxis is how many taxis a call reaches when it is made, 1–500: the nearest. The real one
	// went to 176.
	CallTaxis int `json:"call_taxis"`
	// SnapM is how far from a road a place may be to be at it, 10–2,000 m: beyond it pickup times
	// are learned ones, and so they are in a city without roads.
	SnapM int `json:"snap_m"`
	// TimesMS is how long a round waits for a service's pickup times, 10–2,000 ms of the machine.
	TimesMS int `json:"times_ms"`
	// MaxOpenRides is how many rides may search at once, 1–20,000.
	MaxOpenRides int `json:"max_open_rides"`
	Rules
	BookingRules
	ForwardRules
	PeopleRules
	CancelRules
	RegularRules
	TeamRules
	PayoutRules
	BrushRules
	WalletRules
}

// DefaultPolicy is what a city has that says nothing else.
func DefaultPolicy() Policy {
	return Policy{
		Mode: Assign, RoundMS: 1000, OfferS: 15, MaxPickupS: 900, SearchS: 300, Candidates: 20,
		UrgencyPct: 30, DestinationPct: 100, DestinationsADay: 2, SilentLimit: 3,
		NoShowS: 300, StaleS: 30, MaxOpenRides: 20_000,
		AssignRounds: 10, CallS: 20, CallStartM: 1500, CallStepM: 1500, CallMaxM: 6000,
		CallTaxis: 200,
		SnapM:     geo.DefaultSnapM, TimesMS: 150,
		Rules: defaultRules(), BookingRules: defaultBookingRules(),
		ForwardRules: defaultForwardRules(),
		PeopleRules:  defaultPeopleRules(), CancelRules: defaultCancelRules(),
		RegularRules: defaultRegularRules(), TeamRules: defaultTeamRules(),
		PayoutRules: defaultPayoutRules(), BrushRules: defaultBrushRules(),
		WalletRules: defaultWalletRules(),
	}
}

// Check returns an *Error that names the first key out of its limits.
func (p Policy) Check() error {
	if !slices.Contains(Modes(), p.Mode) {
		return invalid("policy.mode", "assign, grab, hybrid or nearest")
	}
	err := checkRanges([]keyRange{
		{"round_ms", p.RoundMS, 0, 10_000},
		{"round_max_ms", p.RoundMaxMS, 0, 30_000},
		{"offer_s", p.OfferS, 5, 120},
		{"max_pickup_s", p.MaxPickupS, 60, 3600},
		{"search_s", p.SearchS, 10, 3600},
		{"candidates", p.Candidates, 1, 50},
		{"urgency_pct", p.UrgencyPct, 0, 200},
		{"decline_s", p.DeclineS, 0, 600},
		{"tip_s", p.TipS, 0, 60},
		{"idle_pct", p.IdlePct, 0, 100},
		{"destination_pct", p.DestinationPct, 0, 500},
		{"destinations_a_day", p.DestinationsADay, 0, 20},
		{"defer_pct", p.DeferPct, 0, 1000},
		{"defer_s", p.DeferS, 0, 300},
		{"silent_limit", p.SilentLimit, 1, 20},
		{"no_show_s", p.NoShowS, 0, 1800},
		{"stale_s", p.StaleS, 5, 300},
		{"collect_ms", p.CollectMS, 0, 1000},
		{"assign_rounds", p.AssignRounds, 1, 300},
		{"call_s", p.CallS, 5, 120},
		{"call_start_m", p.CallStartM, 100, 20_000},
		{"call_step_m", p.CallStepM, 0, 20_000},
		{"call_max_m", p.CallMaxM, 100, 50_000},
		{"call_taxis", p.CallTaxis, 1, 500},
		{"snap_m", p.SnapM, 10, 2000},
		{"times_ms", p.TimesMS, 10, 2000},
		{"max_open_rides", p.MaxOpenRides, 1, 20_000},
	})
	return cmp.Or(err, p.Rules.check(), p.BookingRules.check(), p.ForwardRules.check(),
		p.PeopleRules.check(), p.CancelRules.check(), p.RegularRules.check(), p.TeamRules.check(),
		p.PayoutRules.check(), p.BrushRules.check(), p.WalletRules.check())
}

// clone shares nothing with p that a change could reach.
func (p Policy) clone() Policy {
	p.Rules, p.PayoutRules = p.Rules.clone(), p.PayoutRules.clone()
	return p
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// Round is the time between two rounds, before it adapts.
func (p Policy) Round() time.Duration { return time.Duration(p.RoundMS) * time.Millisecond }

// When a round is made.
const (
	// roundAtOnce: with that many idle taxis for each waiting ride, a round need not collect.
	roundAtOnce = 3
	// roundLeast is the shortest time between two rounds.
	roundLeast = 20 * time.Millisecond
	// roundAgain is when rounds at once are tried again with nothing new but what time alone
	// brings: taxis that move, bars that end.
	roundAgain = time.Second
)

// RoundAfter is how long after the last round the next one may be, when something has changed: 20
// ms with plenty of taxis, as no ride has to give way to another; else RoundMS, or with RoundMaxMS
// above it RoundMS times waiting ÷ idle. When taxis are scarce, waiting for some more of them lets
// each find a ride that is near (how long is best depends on the ratio of the two: G. Qin et al.,
// "Optimizing matching time intervals for ride-hailing services using reinforcement learning",
// 2021). Nearest and Grab do not collect.
func (p Policy) RoundAfter(waiting, idle int) time.Duration {
	switch {
	case p.Mode == Nearest || p.Mode == Grab:
		return 0
	case idle >= roundAtOnce*waiting:
		return roundLeast
	case p.RoundMaxMS <= p.RoundMS:
		return max(p.Round(), roundLeast)
	default:
		ms := min(p.RoundMS*waiting/max(1, idle), p.RoundMaxMS)
		return max(time.Duration(ms)*time.Millisecond, roundLeast)
	}
}

// RoundAgain is how long after a round that left rides waiting the next one is made in any case.
func (p Policy) RoundAgain(waiting, idle int) time.Duration {
	switch {
	case p.RoundMS == 0:
		return roundAgain
	case p.RoundMaxMS > p.RoundMS && p.Mode != Nearest && p.Mode != Grab:
		return max(p.RoundAfter(waiting, idle), p.Round(), roundLeast)
	default:
		return max(p.Round(), roundLeast)
	}
}

// Offer is how long an offer stays open.
func (p Policy) Offer() time.Duration { return seconds(p.OfferS) }

// Call is the countdown of a call.
func (p Policy) Call() time.Duration { return seconds(p.CallS) }

// Collect is for how long the grabs of a call are collected.
func (p Policy) Collect() time.Duration { return time.Duration(p.CollectMS) * time.Millisecond }

// CallRadiusM is the radius of a ride's next call after so many that nobody has grabbed.
func (p Policy) CallRadiusM(expired int) int {
	return min(p.CallStartM+expired*p.CallStepM, max(p.CallMaxM, p.CallStartM))
}

// MaxPickup is the longest estimated way to a pickup.
func (p Policy) MaxPickup() time.Duration { return seconds(p.MaxPickupS) }

// Search is how long a ride searches.
func (p Policy) Search() time.Duration { return seconds(p.SearchS) }

// Times is how long a round waits for a service's pickup times.
func (p Policy) Times() time.Duration { return time.Duration(p.TimesMS) * time.Millisecond }

// Stale is after how long without a fix a taxi is no candidate.
func (p Policy) Stale() time.Duration { return seconds(p.StaleS) }
