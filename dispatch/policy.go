package dispatch

import (
	"fmt"
	"time"
)

// Mode is how a city pairs rides with taxis.
type Mode string

// The modes.
const (
	// Assign pairs the open rides of a round jointly and offers each to one driver.
	Assign Mode = "assign"
	// Nearest is the baseline: first come, first served, by the nearest idle taxi.
	Nearest Mode = "nearest"
)

// Policy is one version of a city's rules. The zero value is not valid; DefaultPolicy is.
type Policy struct {
	Mode Mode `json:"mode"`
	// RoundMS is the time between two rounds of Assign, 20–10,000 ms. A longer one pairs better
	// and answers later.
	RoundMS int `json:"round_ms"`
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
	// SilentLimit is after how many unanswered offers in a row a driver goes off duty, 1–20.
	SilentLimit int `json:"silent_limit"`
	// NoShowS is how long a driver waits at the pickup before giving up, 0–1,800 s.
	NoShowS int `json:"no_show_s"`
	// StaleS is after how long without a fix a taxi is no candidate, 5–300 s.
	StaleS int `json:"stale_s"`
	// MaxOpenRides is how many rides may search at once, 1–20,000.
	MaxOpenRides int `json:"max_open_rides"`
}

// DefaultPolicy is what a city has that says nothing else.
func DefaultPolicy() Policy {
	return Policy{
		Mode: Assign, RoundMS: 1000, OfferS: 15, MaxPickupS: 900, SearchS: 300, Candidates: 20,
		UrgencyPct: 30, SilentLimit: 3, NoShowS: 300, StaleS: 30, MaxOpenRides: 20_000,
	}
}

// Check returns an *Error that names the first key out of its limits.
func (p Policy) Check() error {
	if p.Mode != Assign && p.Mode != Nearest {
		return invalid("policy.mode", "assign or nearest")
	}
	for _, l := range []struct {
		key         string
		v, min, max int
	}{
		{"round_ms", p.RoundMS, 20, 10_000},
		{"offer_s", p.OfferS, 5, 120},
		{"max_pickup_s", p.MaxPickupS, 60, 3600},
		{"search_s", p.SearchS, 10, 3600},
		{"candidates", p.Candidates, 1, 50},
		{"urgency_pct", p.UrgencyPct, 0, 200},
		{"silent_limit", p.SilentLimit, 1, 20},
		{"no_show_s", p.NoShowS, 0, 1800},
		{"stale_s", p.StaleS, 5, 300},
		{"max_open_rides", p.MaxOpenRides, 1, 20_000},
	} {
		if l.v < l.min || l.v > l.max {
			return invalid("policy."+l.key, fmt.Sprintf("%d to %d, not %d", l.min, l.max, l.v))
		}
	}
	return nil
}

// clone shares nothing with p that a change could reach.
func (p Policy) clone() Policy { return p }

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// Round is the time between two rounds.
func (p Policy) Round() time.Duration { return time.Duration(p.RoundMS) * time.Millisecond }

// Offer is how long an offer stays open.
func (p Policy) Offer() time.Duration { return seconds(p.OfferS) }

// MaxPickup is the longest estimated way to a pickup.
func (p Policy) MaxPickup() time.Duration { return seconds(p.MaxPickupS) }

// Search is how long a ride searches.
func (p Policy) Search() time.Duration { return seconds(p.SearchS) }

// Stale is after how long without a fix a taxi is no candidate.
func (p Policy) Stale() time.Duration { return seconds(p.StaleS) }
