// Not under -race: a virtual city is one goroutine's.

//go:build !race

package sim_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/sim"
)

// TestForwardDispatch runs a city with too few taxis, whose drivers are asked before their riders
// get out: they go from one ride to the next, whatever goes wrong meanwhile, and nobody is promised
// twice.
func TestForwardDispatch(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sim.Options){
		"as it comes":    func(*sim.Options) {},
		"hints are lost": func(o *sim.Options) { o.Hints = sim.HintsDrop },
		"all goes wrong": func(o *sim.Options) {
			o.Accept, o.Release, o.BreakDown, o.NoShow = 0.7, 0.2, 0.2, 0.1
			o.CancelAfter, o.Patience, o.Answer = 1, 15*time.Minute, 8*time.Second
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := evening(t, func(o *sim.Options) {
				o.Fleet = 80
				change(o)
			})
			c.City = c.City.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
				p.ForwardS = 300
				return p
			})
			r := run(t, c)
			sound(t, r, len(c.Trips))
			if r.Forward < 30 {
				t.Errorf("%d rides were taken ahead: too few to prove anything", r.Forward)
			}
			t.Logf("%d of %d rides were taken ahead, %d broken down; refused %v",
				r.Forward, r.Claimed, r.BrokenDown, r.Refused)
		})
	}
}
