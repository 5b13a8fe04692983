package dispatch

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hexhail/money"
)

// TestRefusals compares who is not tried at a tip with the list of all refusals.
func TestRefusals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		driver := rapid.SampledFrom([]DriverID{"A", "B", "C", "D"})
		tip := rapid.SampledFrom([]money.Fen{0, 5_00, 10_00, MaxTip})
		var m memo
		var all []refusal
		for range rapid.IntRange(0, 12).Draw(t, "refusals") {
			r := refusal{driver.Draw(t, "driver"), tip.Draw(t, "up to")}
			m.exclude(r.driver, r.upTo)
			all = append(all, r)
		}
		at := tip.Draw(t, "at")
		var want []DriverID // in the order of their first words
		for _, r := range all {
			excluded := slices.ContainsFunc(all, func(other refusal) bool {
				return other.driver == r.driver && other.upTo >= at
			})
			if got := m.excludes(r.driver, at); got != excluded {
				t.Fatalf("%s at %s: %v after %v", r.driver, at, got, all)
			}
			if excluded && !slices.Contains(want, r.driver) {
				want = append(want, r.driver)
			}
		}
		limit := rapid.IntRange(0, 4).Draw(t, "limit")
		got := m.excluded(at, limit)
		if !slices.Equal(got, want[max(0, len(want)-limit):]) {
			t.Fatalf("at %s at most %d of %v: %v after %v", at, limit, want, got, all)
		}
	})
}
