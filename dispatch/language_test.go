package dispatch_test

import (
	"regexp"
	"testing"
	"time"

	"hexhail/dispatch"
)

func TestSpell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", time.Second: "1 s", 300 * time.Second: "5 min", 90 * time.Minute: "1 h 30 min",
		24 * time.Hour: "24 h", 72 * time.Hour: "72 h", 744 * time.Hour: "31 days",
		time.Hour + time.Second: "1 h 1 s",
	} {
		if got := dispatch.Spell(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 taxis", 1: "1 taxi", 2: "2 taxis"} {
		if got := dispatch.Plural(n, "1 taxi", "%d taxis"); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

// goDuration is a length of time as Go prints it: 72h0m0s.
var goDuration = regexp.MustCompile(`\d[hm]\d+[ms]`)

// TestLimitsOfTimeAreSpelled: who is told a limit is told it as people write it.
func TestLimitsOfTimeAreSpelled(t *testing.T) {
	w := newTown(t)
	_, err := w.tryBook("R1", time.Minute)
	far := dispatch.FlightTime{Scheduled: w.now, Expected: w.now.Add(1000 * time.Hour)}.Check()
	for _, err := range []error{err, far} {
		if err == nil || goDuration.MatchString(err.Error()) {
			t.Errorf("%v", err)
		}
	}
}
