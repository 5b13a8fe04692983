package sim_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/sim"
)

// lively are people of whom each habit has some.
func lively(o *sim.Options) {
	o.Booked, o.BookFromMin, o.BookToMin, o.TakenAhead = 0.2, 10, 15, 0.8
	o.RaiseTip, o.LateCancel, o.Complain, o.Clip, o.Keep = 0.8, 0.2, 0.2, 0.3, 0.5
	o.Tell, o.Away = 0.7, 0.1
}

// hasty is a city in which a late cancel costs something, and all is sooner than elsewhere: what is
// late, the app's proposal of a tip, and the pickups that are booked.
func hasty(p *dispatch.Policy) {
	p.CancelFee, p.CancelFreeS, p.TipPromptS = 5_00, 20, 5
	p.BookLeastS, p.BookSearchS, p.BookSpareS, p.BookGapS = 300, 300, 60, 300
}

// everyHabit fails unless each has come to something.
func everyHabit(t *testing.T, r sim.Report) {
	t.Helper()
	f := r.Habits
	if f == nil {
		t.Fatal("no habits")
	}
	t.Logf("%+v", *f)
	for what, happened := range map[string]bool{
		"booked":          f.Booked > 0 && f.BookedDriven > 0 && f.BookedDriven <= f.Booked,
		"taken ahead":     f.TakenAhead > 0 && f.TakenAhead <= f.Booked,
		"tips":            f.TipsRaised > 0 && f.TipsFen > 0,
		"late cancels":    f.LateCancels > 0 && f.LateCancels <= r.Cancelled && f.CancelFeesFen > 0,
		"complaints":      f.Complaints > 0,
		"clips":           f.Clips > 0,
		"regulars":        f.Kept > 0,
		"asked first":     f.AskedFirst > 0 && f.AskedFirst <= f.Kept,
		"driven by first": f.DrivenByFirst <= f.AskedFirst, // who may be busy
	} {
		if !happened {
			t.Errorf("%s: %+v", what, *f)
		}
	}
}

// TestLiveHabits: people who book, tip, change their minds, complain, speak and come back, as real
// clients of a server.
func TestLiveHabits(t *testing.T) {
	t.Parallel()
	_, c := liveEvening(t, func(o *sim.Options) {
		lively(o)
		o.Accept, o.Fleet, o.Requests, o.Duration = 0.7, 24/slow, 300, 16*time.Minute/slow
	}, hasty)
	r, err := sim.Live(t.Context(), c)
	must(t, err)
	soundLive(t, r, c)
	if slow == 1 { // a smaller city has not some of each
		everyHabit(t, r)
	}
}
