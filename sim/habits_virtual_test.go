// Not under -race: a virtual city is one goroutine's.

//go:build !race

package sim_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/sim"
)

// livelyEvening is a village of people with habits.
func livelyEvening(t *testing.T, change func(*sim.Options)) sim.VirtualConfig {
	t.Helper()
	c := evening(t, func(o *sim.Options) {
		lively(o)
		// Long enough that who has kept a driver comes back, with taxis so few that people wait.
		o.Accept, o.Fleet, o.Requests, o.Duration = 0.7, 30, 300, 40*time.Minute
		change(o)
	})
	village(c)
	c.City = c.City.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		hasty(&p)
		p.BookingFees = []dispatch.BookingFee{{Fee: 5_00}}
		return p
	})
	return c
}

// TestHabits: each comes to something, whatever the mode and whether messages arrive; every ride
// ends, nobody is promised twice and the books close, fees of bookings and late cancels included.
func TestHabits(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sim.Options){
		"assign":  func(*sim.Options) {},
		"grab":    func(o *sim.Options) { o.Policy = dispatch.Grab },
		"hybrid":  func(o *sim.Options) { o.Policy = dispatch.Hybrid },
		"unheard": func(o *sim.Options) { o.Hints = sim.HintsDrop },
		"all goes wrong": func(o *sim.Options) {
			o.Release, o.BreakDown, o.NoShow, o.Street, o.CancelAfter = 0.1, 0.05, 0.1, 0.1, 0.3
		},
		"by taste": func(o *sim.Options) { o.Accept, o.AcceptModel = 1, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := livelyEvening(t, change)
			r := run(t, c)
			sound(t, r, len(c.Trips))
			everyHabit(t, r)
			if r.Habits.DrivenByFirst == 0 {
				t.Error("no regular came")
			}
			t.Logf("refused: %v", r.Refused)
		})
	}
}

// TestHabitsReplay: the same seed gives the same report to the byte; another seed another one.
func TestHabitsReplay(t *testing.T) {
	t.Parallel()
	report := func(seed uint64) []byte {
		c := livelyEvening(t, func(o *sim.Options) { o.Seed = seed })
		r := run(t, c)
		r.Wall(time.Second)
		var out bytes.Buffer
		must(t, r.Write(&out))
		return out.Bytes()
	}
	one, again, other := report(3), report(3), report(4)
	if !bytes.Equal(one, again) {
		t.Errorf("one seed, two reports:\n%s\n%s", one, again)
	}
	if bytes.Equal(one, other) {
		t.Error("two seeds, one report")
	}
}

// TestNoHabitsLeaveNoTrace: a file of zeros is as good as none, whatever else it says.
func TestNoHabitsLeaveNoTrace(t *testing.T) {
	t.Parallel()
	report := func(change func(*sim.Options)) map[string]any {
		r := run(t, evening(t, change))
		r.Wall(time.Second)
		text, err := json.Marshal(r)
		must(t, err)
		if bytes.Contains(text, []byte("habits")) {
			t.Errorf("%s", text)
		}
		var fields map[string]any
		must(t, json.Unmarshal(text, &fields))
		return fields
	}
	none := report(func(*sim.Options) {})
	zeros := report(func(o *sim.Options) { o.TakenAhead, o.BookToMin = 1, 180 })
	for key, value := range none {
		a, _ := json.Marshal(value)
		b, _ := json.Marshal(zeros[key])
		if !bytes.Equal(a, b) {
			t.Errorf("%s is %s, and with habits that nobody has %s", key, a, b)
		}
	}
}
