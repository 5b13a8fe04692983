package dispatch

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// slowUntil is penalty.until by looking at every set of complaints that suspends, hour by hour.
func slowUntil(p penalty, made []time.Time, now time.Time) (end time.Time, ok bool) {
	holds := func(at time.Time) bool {
		for _, last := range made {
			in := 0
			for _, m := range made {
				if !m.After(last) && (p.window == 0 || last.Sub(m) <= p.window) {
					in++
				}
			}
			if p.limit > 0 && in >= p.limit && !last.After(at) &&
				(p.lasts == 0 || at.Before(last.Add(p.lasts))) {
				return true
			}
		}
		return false
	}
	if !holds(now) {
		return time.Time{}, false
	}
	if p.lasts == 0 {
		return time.Time{}, true
	}
	for end = now; holds(end); {
		end = end.Add(time.Hour)
	}
	return end, true
}

// TestPenalty holds the rule to its slow twin, with times that are all different. The mutants are
// wrong at an edge each.
func TestPenalty(t *testing.T) {
	type rule func(penalty, []time.Time, time.Time) (time.Time, bool)
	differs := func(rng *rand.Rand, fast rule) bool {
		p := penalty{
			limit:  rng.IntN(4),
			window: time.Duration(rng.IntN(30)) * time.Hour,
			lasts:  time.Duration(rng.IntN(20)) * time.Hour,
		}
		var made []time.Time
		for _, h := range rng.Perm(40)[:rng.IntN(8)] {
			made = append(made, noon.Add(time.Duration(h)*time.Hour))
		}
		slices.SortFunc(made, time.Time.Compare)
		now := noon.Add(time.Duration(40+rng.IntN(20)) * time.Hour)
		end, ok := fast(p, made, now)
		wantEnd, want := slowUntil(p, made, now)
		return ok != want || !end.Equal(wantEnd)
	}
	const draws = 20_000
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	for range draws {
		if differs(rng, penalty.until) {
			t.Fatalf("seed %d: not as the slow rule says", seed)
		}
	}
	for name, mutant := range map[string]rule{
		"one more": func(p penalty, made []time.Time, now time.Time) (time.Time, bool) {
			if p.limit > 0 {
				p.limit++
			}
			return p.until(made, now)
		},
		"a shorter window": func(p penalty, made []time.Time, now time.Time) (time.Time, bool) {
			if p.window > 0 {
				p.window -= time.Nanosecond
			}
			return p.until(made, now)
		},
		"still at its end": func(p penalty, made []time.Time, now time.Time) (time.Time, bool) {
			return p.until(made, now.Add(-time.Nanosecond))
		},
		"the first one alone": func(p penalty, made []time.Time, now time.Time) (time.Time, bool) {
			return p.until(made[:min(len(made), p.limit)], now)
		},
	} {
		rng, caught := rand.New(rand.NewPCG(1, 1)), false
		for range draws {
			caught = caught || differs(rng, mutant)
		}
		if !caught {
			t.Errorf("the mutant %q was not caught", name)
		}
	}
}

// TestPeopleRulesAreOff: a city that says nothing suspends nobody, whatever was complained of.
func TestPeopleRulesAreOff(t *testing.T) {
	p := DefaultPolicy()
	made := slices.Repeat([]time.Time{noon}, 1000)
	if s, ok := p.RiderSuspension(made, noon); ok {
		t.Errorf("a rider is suspended: %+v", s)
	}
	if s, ok := p.DriverSuspension(made, noon); ok {
		t.Errorf("a driver is suspended: %+v", s)
	}
}

// TestPeopleRulesAreChecked: each key has limits, and is named.
func TestPeopleRulesAreChecked(t *testing.T) {
	for key, change := range map[string]func(*PeopleRules){
		"no_show_suspend_days":   func(p *PeopleRules) { p.NoShowSuspendDays = 366 },
		"no_show_limit":          func(p *PeopleRules) { p.NoShowLimit = -1 },
		"no_show_window_days":    func(p *PeopleRules) { p.NoShowWindowDays = 3651 },
		"complaint_limit":        func(p *PeopleRules) { p.ComplaintLimit = 101 },
		"complaint_window_days":  func(p *PeopleRules) { p.ComplaintWindowDays = -1 },
		"complaint_suspend_days": func(p *PeopleRules) { p.ComplaintSuspendDays = 3651 },
		"complain_days":          func(p *PeopleRules) { p.ComplainDays = 0 },
		"contest_days":           func(p *PeopleRules) { p.ContestDays = 366 },
	} {
		p := DefaultPolicy()
		change(&p.PeopleRules)
		var e *Error
		if err := p.Check(); !errors.As(err, &e) || e.Field != "policy."+key {
			t.Errorf("%s: %v", key, err)
		}
	}
}
