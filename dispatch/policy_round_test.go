package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
)

func TestRoundAfter(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		mode          dispatch.Mode
		round, most   int
		waiting, idle int
		after, again  time.Duration
	}{
		{dispatch.Assign, 1000, 0, 1, 3, 20 * ms, time.Second}, // plenty
		{dispatch.Assign, 1000, 0, 10, 1, time.Second, time.Second},
		{dispatch.Assign, 0, 0, 10, 1, 20 * ms, time.Second}, // at once
		{dispatch.Assign, 5, 0, 10, 1, 20 * ms, 20 * ms},
		{dispatch.Assign, 1000, 5000, 10, 40, 20 * ms, time.Second}, // adapts
		{dispatch.Assign, 1000, 5000, 10, 20, 500 * ms, time.Second},
		{dispatch.Assign, 1000, 5000, 30, 10, 3 * time.Second, 3 * time.Second},
		{dispatch.Assign, 1000, 5000, 80, 10, 5 * time.Second, 5 * time.Second},
		{dispatch.Assign, 1000, 5000, 80, 0, 5 * time.Second, 5 * time.Second},
		{dispatch.Assign, 1000, 800, 80, 10, time.Second, time.Second}, // no more than it is
		{dispatch.Hybrid, 1000, 5000, 30, 10, 3 * time.Second, 3 * time.Second},
		{dispatch.Nearest, 1000, 5000, 30, 10, 0, time.Second},
		{dispatch.Grab, 1000, 5000, 30, 10, 0, time.Second},
	} {
		p := dispatch.DefaultPolicy()
		p.Mode, p.RoundMS, p.RoundMaxMS = c.mode, c.round, c.most
		if err := p.Check(); err != nil {
			t.Error(err)
		}
		after, again := p.RoundAfter(c.waiting, c.idle), p.RoundAgain(c.waiting, c.idle)
		if after != c.after || again != c.again {
			t.Errorf("%+v: %v and %v", c, after, again)
		}
	}
}

// With rounds at once a ride that found nobody has a taxi within 20 ms of its coming free, and
// meanwhile the engine does not turn in a circle.
func TestRoundsAtOnce(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.RoundMS = 0 })
	near := w.at(0, 0)
	w.taxi("a", near, 4)
	first, second := w.ask("first", near, 1), w.ask("second", near, 1)
	w.round()
	w.accept("Da")
	if w.ride(first).Driver == "" && w.ride(second).Driver == "" {
		t.Fatal("nobody has the taxi")
	}
	if at, ok := w.engine.NextRound(); !ok || at.Sub(w.now) != time.Second {
		t.Errorf("with nobody idle the next round is in %v, %v", at.Sub(w.now), ok)
	}
	w.pass(300 * time.Millisecond)
	w.taxi("b", near, 4)
	if at, ok := w.engine.NextRound(); !ok || at.After(w.now) {
		t.Errorf("a taxi has come, and the next round is in %v, %v", at.Sub(w.now), ok)
	}
}

// An adapting round collects longer, the scarcer taxis are.
func TestRoundsAdapt(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.RoundMS, p.RoundMaxMS = 1000, 5000 })
	near := w.at(0, 0)
	for _, name := range []string{"q", "r", "s", "t"} {
		w.ask(name, near, 1)
	}
	w.round()
	w.pass(100 * time.Millisecond)
	w.taxi("a", near, 4)
	if at, ok := w.engine.NextRound(); !ok || at.Sub(w.now) != 3900*time.Millisecond {
		t.Errorf("4 rides wait for one taxi, and the next round is in %v, %v", at.Sub(w.now), ok)
	}
}
