package rules_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hexhail/money"
	"hexhail/money/rules"
)

func newRules(t testing.TB) *rules.Rules {
	t.Helper()
	r, err := rules.New()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ride is of 28 yuan and 9 km on a Friday at 22:30 in Beijing.
func ride() money.SubsidyFacts {
	zone := time.FixedZone("CST", 8*3600)
	return money.SubsidyFacts{
		Kind: money.KindHailed, Channel: "wechat", Zone: zone, Fare: 28_00, DistanceM: 9000,
		CompletedAt: time.Date(2014, 1, 10, 22, 30, 0, 0, zone), Segments: []string{"students"},
	}
}

func TestHolds(t *testing.T) {
	r := newRules(t)
	for expr, want := range map[string]bool{
		`true`:                         true,
		`fare >= 2800 && fare < 2801`:  true,
		`distance > 9000`:              false,
		`kind == "hailed"`:             true,
		`channel in ["alipay"]`:        false,
		`day == "2014-01-10"`:          true,
		`weekday == 5 && hour == 22`:   true,
		`minute < 30`:                  false,
		`"students" in segments`:       true,
		`"nurses" in segments`:         false,
		`segments.exists(s, s == "x")`: false,
		`fare / (fare - 2800) > 0`:     false, // fails on this ride
		`day.startsWith("2014-")`:      true,
		`size(segments) == 1`:          true,
	} {
		if err := r.Check(expr); err != nil {
			t.Errorf("%s: %v", expr, err)
		}
		for range 2 { // compiled, and kept
			if got := r.Holds(expr, ride()); got != want {
				t.Errorf("%s is %t", expr, got)
			}
		}
	}
	if r.Holds(`nobody`, ride()) {
		t.Error("what does not compile holds")
	}
}

// TestCheckRefuses names what is wrong: what does not compile, is no condition, or costs too much.
func TestCheckRefuses(t *testing.T) {
	r := newRules(t)
	deep := `segments.all(a, segments.all(b, segments.all(c, a + b != c)))`
	for expr, says := range map[string]string{
		`fare >`:                            "compiles",
		`rider == "R1"`:                     "undeclared",
		`fare + 1`:                          "true or false, not int",
		`"1" == 1`:                          "compiles",
		deep:                                "costs at most 1000",
		`day.matches("(a|aa)+$")` + or(300): "at most 1000 bytes",
	} {
		err := r.Check(expr)
		var bad *money.CampaignError
		if !errors.As(err, &bad) || bad.Field != "when.expression" ||
			!strings.Contains(bad.Limit, says) {
			t.Errorf("%.60s: %v, want %q", expr, err, says)
		}
	}
	if err := r.Check(""); err != nil {
		t.Error(err)
	}
}

func or(n int) string { return strings.Repeat(" || true", n) }

// FuzzCheck: nothing that anybody writes panics, and what is accepted is evaluated.
func FuzzCheck(f *testing.F) {
	f.Add(`fare > 1 && "a" in segments`)
	f.Add(`[1,2].map(x, x * 2).exists(y, y == hour)`)
	f.Add(`day.matches("(a+)+")`)
	r := newRules(f)
	f.Fuzz(func(_ *testing.T, expr string) {
		if r.Check(expr) == nil && expr != "" {
			r.Holds(expr, ride())
		}
	})
}
