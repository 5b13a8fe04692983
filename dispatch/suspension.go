package dispatch

import (
	"fmt"
	"time"
)

// PeopleRules are the part of a policy that is about people who let others down. All of it is off
// by default but the times.
type PeopleRules struct {
	// NoShowSuspendDays is for how many days a rider may ask for no taxi after each no-show,
	// 0–365; 0 is none.
	NoShowSuspendDays int `json:"no_show_suspend_days"`
	// NoShowLimit is after how many no-shows a rider may never again, 0–100, if they were within
	// NoShowWindowDays of each other, 0–3,650; limit 0 is never, window 0 is ever.
	NoShowLimit      int `json:"no_show_limit"`
	NoShowWindowDays int `json:"no_show_window_days"`
	// ComplaintLimit is after how many complaints a driver is suspended, 0–100, if they were within
	// ComplaintWindowDays of each other, 0–3,650, for ComplaintSuspendDays, 0–3,650; limit 0 is
	// never, window 0 is ever, days 0 is until ops drop one of them.
	ComplaintLimit       int `json:"complaint_limit"`
	ComplaintWindowDays  int `json:"complaint_window_days"`
	ComplaintSuspendDays int `json:"complaint_suspend_days"`
	// ComplainDays is for how many days after a ride its rider may complain, 1–365.
	ComplainDays int `json:"complain_days"`
	// ContestDays is for how many days after a complaint it can be contested, 1–365.
	ContestDays int `json:"contest_days"`
}

func defaultPeopleRules() PeopleRules {
	return PeopleRules{ComplainDays: 30, ContestDays: 30}
}

func (p PeopleRules) check() error {
	return checkRanges([]keyRange{
		{"no_show_suspend_days", p.NoShowSuspendDays, 0, 365},
		{"no_show_limit", p.NoShowLimit, 0, 100},
		{"no_show_window_days", p.NoShowWindowDays, 0, 3650},
		{"complaint_limit", p.ComplaintLimit, 0, 100},
		{"complaint_window_days", p.ComplaintWindowDays, 0, 3650},
		{"complaint_suspend_days", p.ComplaintSuspendDays, 0, 3650},
		{"complain_days", p.ComplainDays, 1, 365},
		{"contest_days", p.ContestDays, 1, 365},
	})
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// Suspension keeps a rider from asking for taxis, or a driver from being on duty. It is no row: it
// follows from the complaints that count and from the policy of the time, so a complaint that is
// dropped ends it at once.
type Suspension struct {
	Until time.Time // zero is for good: until ops drop a complaint
	// Complaints is how many of them count.
	Complaints int
}

// MaxCounted is how many complaints are looked at: ten times the highest limit.
const MaxCounted = 1000

// penalty is a rule: the limit-th complaint within the window, and each that follows in it,
// suspends.
type penalty struct {
	limit         int           // 0 is no rule
	window, lasts time.Duration // window 0 is ever, lasts 0 is for good
}

// until is when the suspension ends that holds now; ok is false if none does. made are the times of
// the complaints, rising.
func (p penalty) until(made []time.Time, now time.Time) (end time.Time, ok bool) {
	if p.limit == 0 {
		return time.Time{}, false
	}
	for i := p.limit - 1; i < len(made); i++ {
		if p.window > 0 && made[i].Sub(made[i-p.limit+1]) > p.window {
			continue
		}
		if p.lasts == 0 {
			return time.Time{}, true
		}
		if by := made[i].Add(p.lasts); by.After(now) && by.After(end) {
			end, ok = by, true
		}
	}
	return end, ok
}

// RiderSuspension is what follows for a rider from the times of the no-shows that count, rising; ok
// is false if nothing does.
func (p Policy) RiderSuspension(noShows []time.Time, now time.Time) (s Suspension, ok bool) {
	s.Complaints = len(noShows)
	forGood := penalty{limit: p.NoShowLimit, window: days(p.NoShowWindowDays)}
	if _, ok = forGood.until(noShows, now); ok || p.NoShowSuspendDays == 0 {
		return s, ok
	}
	s.Until, ok = penalty{limit: 1, lasts: days(p.NoShowSuspendDays)}.until(noShows, now)
	return s, ok
}

// DriverSuspension is what follows for a driver from the times of the complaints that count,
// rising; ok is false if nothing does.
func (p Policy) DriverSuspension(complaints []time.Time, now time.Time) (s Suspension, ok bool) {
	s.Complaints = len(complaints)
	s.Until, ok = penalty{
		limit: p.ComplaintLimit, window: days(p.ComplaintWindowDays),
		lasts: days(p.ComplaintSuspendDays),
	}.until(complaints, now)
	return s, ok
}

// refusal is the error for who is suspended.
func (s Suspension) refusal(reason Reason, who string, zone *time.Location) error {
	until := "until a complaint is dropped"
	if !s.Until.IsZero() {
		s.Until = s.Until.In(zone)
		until = "until " + s.Until.Format("2006-01-02 15:04")
	}
	return &Error{
		Kind: Conflict, Reason: reason, Until: s.Until,
		Text: fmt.Sprintf("%s is suspended %s; complaints that count: %d",
			who, until, s.Complaints),
	}
}
