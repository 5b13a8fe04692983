// Not under -race: a virtual city is one goroutine's.

//go:build !race

package sim_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/sim"
)

// TestRushHourClosing runs an evening whose middle third the city forbids: who asks then is
// refused, who asked before is driven, and the books close.
func TestRushHourClosing(t *testing.T) {
	t.Parallel()
	c := evening(t, func(o *sim.Options) { o.Requests = 300 })
	first := c.Trips[0].At.In(c.City.Zone).Truncate(time.Minute)
	third := eveningDemand / 3
	day := time.Date(first.Year(), first.Month(), first.Day(), 0, 0, 0, 0, c.City.Zone)
	minute := func(at time.Time) dispatch.DayMinute {
		return dispatch.DayMinute(at.Sub(day) / time.Minute)
	}
	hours := dispatch.Hours{From: minute(first.Add(third)), To: minute(first.Add(2 * third))}
	c.City = c.City.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.ClosedHours = []dispatch.Hours{hours}
		return p
	})
	refused := 0
	for _, trip := range c.Trips {
		if m := minute(trip.At.In(c.City.Zone)); m >= hours.From && m < hours.To {
			refused++
		}
	}
	r := run(t, c)
	if got := r.Refused["Request "+string(dispatch.ReasonClosed)]; got != refused || refused == 0 {
		t.Errorf("%d requests refused, want %d: %v", got, refused, r.Refused)
	}
	if r.Settled == 0 || r.Settled > len(c.Trips)-refused || r.Settled < (len(c.Trips)-refused)/2 {
		t.Errorf("%d of %d rides settled", r.Settled, len(c.Trips)-refused)
	}
	if wrong := r.Wrong(); r.DoubleClaims != 0 || len(wrong) != 0 {
		t.Errorf("%d double claims, books wrong: %v", r.DoubleClaims, wrong)
	}
}
