package dispatch_test

import (
	"testing"

	"hexhail/dispatch"
)

func TestServes(t *testing.T) {
	has := dispatch.Vehicle{
		Tags: dispatch.TagsOf([]string{"wheelchair", "a", "wheelchair", "chair"}),
	}
	if has.Tags != "a,chair,wheelchair" {
		t.Errorf("tags %q", has.Tags)
	}
	for _, tc := range []struct {
		class dispatch.Class
		tags  dispatch.Tags
		want  bool
	}{
		{"", "", true},
		{"standard", "", true},
		{"large", "", false},
		{"", "wheel", false},
		{"", "wheelchair", true},
		{"", "a,wheelchair", true},
		{"", "a,b", false},
		{"", "chair,hair", false},
		{"standard", "chair", true},
		{"large", "a", false},
	} {
		wanted := dispatch.Vehicle{Class: tc.class, Tags: tc.tags}
		if got := has.Serves(wanted); got != tc.want {
			t.Errorf("%+v serves %+v: %v", has, wanted, got)
		}
		call := dispatch.Call{Wants: wanted}
		if got := call.Fits(dispatch.Shift{Duty: dispatch.OnDuty, Vehicle: has}); got != tc.want {
			t.Errorf("a call for %+v fits %+v: %v", wanted, has, got)
		}
	}
	if n := testing.AllocsPerRun(100, func() {
		has.Serves(dispatch.Vehicle{Class: "standard", Tags: "a,wheelchair"})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
