package sim

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// The oracle tries every fleet; a search of 101 tries at most 7.
func TestSmallestFleet(t *testing.T) {
	fleets := FleetsBetween(1000, 6000, 50)
	for _, g := range []Goal{
		{Share: 0.9, Arrival: time.Hour},
		{Share: 0, Arrival: 170 * time.Second},
		{Share: 0, Arrival: time.Hour},
		{Share: 1.2, Arrival: time.Hour},
	} {
		l := smallLab(1)
		want := 0
		for _, fleet := range slices.Backward(fleets) {
			l.Fleets, l.Contenders = []int{fleet}, []string{"assign"}
			if compared(t, l).trial(g).Met {
				want = fleet
			}
		}
		s, err := smallLab(2).Smallest(t.Context(), "assign", fleets, g)
		if err != nil || s.Fleet != want || len(s.Tried) > 7 || s.CutShort {
			t.Errorf("%+v: %d taxis after %d tries, want %d; %v",
				g, s.Fleet, len(s.Tried), want, err)
		}
		var text strings.Builder
		if err := s.Summary(&text); err != nil || (want == 0) != strings.Contains(text.String(),
			"no fleet") || strings.Count(text.String(), "taxis  ") != len(s.Tried) {
			t.Errorf("%s, %v", text.String(), err)
		}
	}
}

func TestASearchThatIsEndedEarly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := smallLab(1)
	made := 0
	l.Heard = func(Run, int) {
		if made++; made == 4 { // in the second trial
			cancel()
		}
	}
	s, err := l.Smallest(ctx, "assign", FleetsBetween(1000, 6000, 50), Goal{Arrival: time.Hour})
	if err != nil || !s.CutShort || len(s.Tried) != 1 || s.Fleet != s.Tried[0].Fleet {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestASearchThatFails(t *testing.T) {
	broken := errors.New("broken")
	l := smallLab(1)
	l.Run = func(context.Context, int, Case) (Report, error) { return Report{}, broken }
	_, err := l.Smallest(t.Context(), "assign", []int{1, 2, 3}, Goal{})
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestFleetsBetween(t *testing.T) {
	for _, c := range []struct {
		low, high, step int
		want            []int
	}{{1, 5, 2, []int{1, 3, 5}}, {1, 6, 2, []int{1, 3, 5, 6}}, {4, 4, 10, []int{4}}} {
		if got := FleetsBetween(c.low, c.high, c.step); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
