package sim_test

import (
	"testing"

	"hexhail/dispatch"
	"hexhail/sim"
)

// TestLiveForwardDispatch: real clients of a server with too few taxis are asked before their
// riders get out, and go from one ride to the next.
func TestLiveForwardDispatch(t *testing.T) {
	t.Parallel()
	_, c := liveEvening(t, func(o *sim.Options) { o.Fleet = 20 / slow }, forward)
	r, err := sim.Live(t.Context(), c)
	must(t, err)
	soundLive(t, r, c)
	if r.Forward == 0 {
		t.Error("no ride was taken ahead")
	}
	t.Logf("%d of %d rides were taken ahead", r.Forward, r.Claimed)
}

// forward asks drivers five minutes ahead; the clock is so fast that being late means little.
func forward(p *dispatch.Policy) { p.ForwardS, p.ForwardLateS = 300, 900 }
