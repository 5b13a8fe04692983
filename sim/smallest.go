package sim

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"time"

	"hexhail/dispatch"
)

// Goal is what a fleet has to do for the requests within the graph, in the mean of the seeds.
type Goal struct {
	Share   float64       // of them that are served, at least
	Arrival time.Duration // mean wait from request to arrival, at most
}

// Trial is a fleet that was tried: its figures within the graph.
type Trial struct {
	Fleet    int      `json:"fleet"`
	Within   Interval `json:"service_rate_within"`
	ArrivalS Interval `json:"arrival_s"`
	WaitS    Interval `json:"wait_s"`
	Met      bool     `json:"met"` // the goal
}

// Smallest is the smallest fleet with which a policy reaches a goal.
type Smallest struct {
	Contender string  `json:"contender"`
	Fleet     int     `json:"fleet"` // 0: none of those that were tried is enough
	Tried     []Trial `json:"tried"` // by fleet
	// CutShort is a search that was ended from outside: Fleet is the smallest that is known to be
	// enough so far.
	CutShort bool `json:"cut_short"`
}

// Smallest looks among fleets, in ascending order, for the smallest with which a contender reaches
// a goal. It bisects: it takes for granted that a larger fleet does not serve worse. That holds but
// for luck, so that the answer is as exact as the means of the seeds are. The lab's own contenders
// and fleets are of no account. A search that ctx ends is one that is cut short.
func (l Lab) Smallest(
	ctx context.Context, contender string, fleets []int, g Goal,
) (Smallest, error) {
	s := Smallest{Contender: contender}
	l.Contenders = []string{contender}
	var failed error
	sort.Search(len(fleets), func(i int) bool {
		if failed != nil || s.CutShort {
			return true // the search is over
		}
		l.Fleets = []int{fleets[i]}
		c, err := l.Compare(ctx)
		if failed, s.CutShort = err, c.CutShort; err != nil || c.CutShort {
			return true
		}
		t := c.trial(g)
		s.Tried = append(s.Tried, t)
		if t.Met && (s.Fleet == 0 || t.Fleet < s.Fleet) {
			s.Fleet = t.Fleet
		}
		return t.Met
	})
	slices.SortFunc(s.Tried, func(a, b Trial) int { return cmp.Compare(a.Fleet, b.Fleet) })
	return s, failed
}

// trial is what came of a comparison of one contender at one fleet.
func (c Comparison) trial(g Goal) Trial {
	r, name, fleet := c.results(), c.Contenders[0], c.Fleets[0]
	t := Trial{
		Fleet:  fleet,
		Within: r.mean(name, fleet, func(r Report) float64 { return r.WithinGraph.ServiceRate }),
		ArrivalS: r.mean(name, fleet, func(r Report) float64 {
			return r.WithinGraph.ArrivalS.Mean
		}),
		WaitS: r.mean(name, fleet, func(r Report) float64 { return r.WithinGraph.WaitS.Mean }),
	}
	t.Met = t.Within.Mean >= g.Share && t.ArrivalS.Mean <= g.Arrival.Seconds()
	return t
}

// FleetsBetween are the fleets from low to high, step apart; the last one is high.
func FleetsBetween(low, high, step int) (all []int) {
	for fleet := low; fleet < high; fleet += step {
		all = append(all, fleet)
	}
	return append(all, high)
}

// Summary writes the search for people: the answer, and what was tried.
func (s Smallest) Summary(w io.Writer) error {
	var text strings.Builder
	switch {
	case s.Fleet == 0 && s.CutShort:
		fmt.Fprintf(&text, "%s: not known yet\n", s.Contender)
	case s.Fleet == 0:
		fmt.Fprintf(&text, "%s: no fleet of those between is enough\n", s.Contender)
	case s.CutShort:
		fmt.Fprintf(&text, "%s: at most %s\n", s.Contender,
			dispatch.Plural(s.Fleet, "1 taxi", "%d taxis"))
	default:
		fmt.Fprintf(&text, "%s: %s\n", s.Contender,
			dispatch.Plural(s.Fleet, "1 taxi", "%d taxis"))
	}
	for _, t := range s.Tried {
		verdict := "too few"
		if t.Met {
			verdict = "enough"
		}
		percent := Interval{N: t.Within.N, Mean: 100 * t.Within.Mean, Half: 100 * t.Within.Half}
		fmt.Fprintf(&text, "  %6d taxis  within the graph %s %% served, %s s to arrival, "+
			"%s s to boarding: %s\n", t.Fleet, percent.text(2, ""), t.ArrivalS.text(1, ""),
			t.WaitS.text(1, ""), verdict)
	}
	_, err := io.WriteString(w, text.String())
	return err
}
