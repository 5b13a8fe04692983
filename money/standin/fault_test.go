package standin

import (
	"errors"
	"testing"
)

func TestScript(t *testing.T) {
	s := NewScript(1)
	err := s.Add(
		Rule{Call: CallCharge, Order: "A", Fault: DropAfter, Skip: 1, Times: 2},
		Rule{Fault: SystemError, Times: 1},
		Rule{Call: CallNotice, Fault: NoticeOld},
	)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		call  Call
		order string
		want  Fault
	}{
		{CallNotice, "A", NoticeOld}, // a rule for every call is not for notices
		{CallQuery, "B", SystemError},
		{CallCharge, "B", ""},
		{CallCharge, "A", ""},
		{CallCharge, "A", DropAfter},
		{CallQuery, "A", ""},
		{CallCharge, "A", DropAfter},
		{CallCharge, "A", ""},
		{CallNotice, "B", NoticeOld},
	} {
		if got := s.Next(c.call, c.order); got != c.want {
			t.Errorf("%d: %s of %s meets %q, want %q", i, c.call, c.order, got, c.want)
		}
	}
	if got := s.Hits(DropAfter); got != 2 {
		t.Errorf("counted %d", got)
	}
	s.Clear()
	if got := s.Next(CallNotice, "B"); got != "" {
		t.Errorf("after Clear: %q", got)
	}
}

// TestScriptByChance: a chance of a tenth comes about a tenth of the times, and the same seed gives
// the same calls.
func TestScriptByChance(t *testing.T) {
	run := func() (failed []int) {
		s := NewScript(7)
		if err := s.Add(Rule{Fault: HangAfter, PPM: 100_000}); err != nil {
			t.Fatal(err)
		}
		for i := range 10_000 {
			if s.Next(CallCharge, "") != "" {
				failed = append(failed, i)
			}
		}
		return failed
	}
	one, two := run(), run()
	if len(one) < 850 || len(one) > 1150 { // 5 standard deviations
		t.Errorf("%d of 10,000 calls failed, a tenth is asked for", len(one))
	}
	for i := range one {
		if len(one) != len(two) || one[i] != two[i] {
			t.Fatal("the same seed gave other calls")
		}
	}
}

func TestScriptRefuses(t *testing.T) {
	for field, r := range map[string]Rule{
		"call":  {Call: "steal", Fault: HangAfter},
		"fault": {Call: CallCharge, Fault: NoticeOld},
		"skip":  {Fault: HangAfter, Skip: -1},
		"times": {Fault: HangAfter, Times: -1},
		"ppm":   {Fault: HangAfter, PPM: 1_000_001},
	} {
		err := NewScript(1).Add(r)
		if refused := (*RuleError)(nil); !errors.As(err, &refused) || refused.Field != field {
			t.Errorf("%+v: %v, want the field %s", r, err, field)
		}
	}
	s := NewScript(1)
	if err := s.Add(make([]Rule, 0)...); err != nil {
		t.Errorf("no rule: %v", err)
	}
	for range maxRules {
		if err := s.Add(Rule{Fault: HangAfter}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Add(Rule{Fault: HangAfter}); err == nil {
		t.Error("no end of rules")
	}
}
