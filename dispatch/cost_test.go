package dispatch_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"hexhail/dispatch"
	"hexhail/money"
)

func drawPair(t *rapid.T) dispatch.Pair {
	ms := func(name string, most int64) time.Duration {
		return time.Duration(rapid.Int64Range(0, most).Draw(t, name)) * time.Millisecond
	}
	return dispatch.Pair{
		Pickup: ms("pickup", 5_400_000), Left: ms("left", 3_600_000), Idle: ms("idle", 3_590_000),
		Detour: ms("detour", 7_190_000), Tip: money.Fen(rapid.Int64Range(0, 199_00).Draw(t, "tip")),
		Chance: rapid.Float64Range(0.02, 0.98).Draw(t, "chance"),
		Usual:  rapid.Float64Range(0.02, 0.98).Draw(t, "usual"),
	}
}

// TestCostWithoutTerms: policies that weigh neither tip nor fairness, destination and acceptance
// have the cost that a pair always had.
func TestCostWithoutTerms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, p := drawPair(t), dispatch.DefaultPolicy()
		p.UrgencyPct = rapid.IntRange(0, 200).Draw(t, "urgency")
		p.DeclineS, p.TipS, p.IdlePct, p.DestinationPct = 0, 0, 0, 0
		was := int32(c.Pickup.Milliseconds()) +
			int32(c.Left.Milliseconds()*int64(p.UrgencyPct)/100)
		if got := p.Cost(c); got != was {
			t.Fatalf("%d, want %d", got, was)
		}
	})
}

// TestCostTerms: each term pulls the way that it should, by as much as its weight says, and no sum
// leaves the limits of a graph.
func TestCostTerms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := dispatch.DefaultPolicy()
		p.DeclineS = rapid.IntRange(0, 600).Draw(t, "decline_s")
		p.TipS = rapid.IntRange(0, 60).Draw(t, "tip_s")
		p.IdlePct = rapid.IntRange(0, 100).Draw(t, "idle_pct")
		p.DestinationPct = rapid.IntRange(0, 500).Draw(t, "destination_pct")
		if err := p.Check(); err != nil {
			t.Fatal(err)
		}
		c := drawPair(t)
		was := p.Cost(c)
		if was < int32(c.Pickup.Milliseconds()) || was >= dispatch.MaxEdgeCost {
			t.Fatalf("cost %d of a pickup of %v", was, c.Pickup)
		}
		for name, test := range map[string]struct {
			change func(*dispatch.Pair)
			by     int32
		}{
			"a yuan more": {func(c *dispatch.Pair) { c.Tip += 100 }, -1000 * int32(p.TipS)},
			"ten seconds longer idle": {
				func(c *dispatch.Pair) { c.Idle += 10 * time.Second }, -100 * int32(p.IdlePct),
			},
			"ten seconds more detour": {
				func(c *dispatch.Pair) { c.Detour += 10 * time.Second },
				100 * int32(p.DestinationPct),
			},
			"a tenth surer": {
				func(c *dispatch.Pair) { c.Chance += 0.1 }, -100 * int32(p.DeclineS),
			},
		} {
			changed := c
			test.change(&changed)
			if got := p.Cost(changed) - was; got < test.by-1 || got > test.by+1 {
				t.Fatalf("%s: the cost changes by %d ms, want %d", name, got, test.by)
			}
		}
	})
}

// TestCostTermsEnd: beyond an idle hour, two hours of detour and the greatest tip nothing changes.
func TestCostTermsEnd(t *testing.T) {
	p := dispatch.DefaultPolicy()
	p.DeclineS, p.TipS, p.IdlePct, p.DestinationPct = 600, 60, 100, 500
	most := dispatch.Pair{Idle: time.Hour, Tip: dispatch.MaxTip, Detour: 2 * time.Hour}
	for name, beyond := range map[string]dispatch.Pair{
		"idle":   {Idle: 50 * time.Hour, Tip: most.Tip, Detour: most.Detour},
		"tip":    {Idle: most.Idle, Tip: 2 * most.Tip, Detour: most.Detour},
		"detour": {Idle: most.Idle, Tip: most.Tip, Detour: 50 * time.Hour},
	} {
		if got, want := p.Cost(beyond), p.Cost(most); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	if got, want := p.Cost(dispatch.Pair{Idle: -1, Detour: -1, Left: -1}), int32(600*1000+
		60*200*1000+3600*1000); got != want {
		t.Errorf("the worst pair next door costs %d, want %d", got, want)
	}
}
