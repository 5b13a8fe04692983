package sim

import (
	"fmt"
	"io"
	"math"
	"time"

	"hexhail/geo"
)

// BoundConfig is what the offline bound is computed for.
type BoundConfig struct {
	Trips   []Trip
	Roads   *geo.Roads    // nil: all legs are straight
	Options Options       // boarding, alighting, longest pickup
	Wait    time.Duration // each ride may wait so long from its request to the taxi's arrival
	Share   float64       // of the rides that have to be driven, for AtLeast and Enough
	All     bool          // with the rides off the road graph, driven across country
}

// Bound is how many taxis the rides of a file need if all are known beforehand.
//
// It is the minimum path cover of the rides (M. M. Vazifeh et al., "Addressing the minimum fleet
// problem in on-demand urban mobility", Nature 557, 2018): one ride may follow another with the
// same taxi if that, having let its rider out, can be at the next pickup in time, and the fewest
// chains that hold every ride are as many as the rides, less the largest matching of rides with
// their successors (L. R. Ford, D. R. Fulkerson, Flows in Networks, 1962).
//
// It assumes more than any dispatcher has: all rides and all travel times are known, each taxi
// stands at first where it is needed, drives ahead of the request, says yes at once and has seats
// for all. Ways to a pickup longer than the longest pickup are left out.
//
// Without a wait every chain can be driven as it is, so that Fleet is exact for riders who are
// picked up when they ask. With a wait it is a lower bound: a ride may follow if it could after a
// predecessor that did not wait itself.
type Bound struct {
	Rides   int     `json:"rides"`   // within the graph, or All
	Outside int     `json:"outside"` // left out
	WaitS   float64 `json:"wait_s"`
	Fleet   int     `json:"fleet"` // taxis, for all rides
	Exact   bool    `json:"exact"` // Fleet is enough, too
	Share   float64 `json:"share"`
	// AtLeast are the taxis without which fewer than Share of the rides are driven: to leave out a
	// ride saves one taxi at most.
	AtLeast int `json:"at_least"`
	// Enough are taxis with which Share of the rides are driven: those without the shortest of the
	// chains. 0 if not Exact.
	Enough int `json:"enough,omitempty"`
	// BusyAtOnce are the rides that are under way at the busiest moment, if each begins when it is
	// asked for.
	BusyAtOnce int `json:"busy_at_once"`
}

// BoundOf computes the bound; 17,000 rides of an hour take seconds.
func BoundOf(c BoundConfig) Bound {
	x := newChains(c)
	x.match()
	b := Bound{
		Rides: len(x.rides), Outside: len(c.Trips) - len(x.rides), WaitS: c.Wait.Seconds(),
		Exact: c.Wait == 0, Share: c.Share, BusyAtOnce: x.busyAtOnce(),
	}
	lengths := x.lengths()
	b.Fleet = x.exposed()
	spare := b.Rides - int(math.Ceil(c.Share*float64(b.Rides)-1e-9))
	b.AtLeast = max(0, b.Fleet-spare)
	if b.Exact {
		b.Enough = b.Fleet
		for _, n := range lengths {
			if spare -= n; spare < 0 {
				break
			}
			b.Enough--
		}
	}
	return b
}

// Summary writes the bound for people.
func (b Bound) Summary(w io.Writer) error {
	text := fmt.Sprintf("%d rides, all known beforehand, %d outside the graph left out; "+
		"%d under way at once\n", b.Rides, b.Outside, b.BusyAtOnce)
	if b.Exact {
		text += fmt.Sprintf("  picked up when asked for: %d taxis drive all, no fewer can; "+
			"%d drive %g %%, fewer than %d cannot\n", b.Fleet, b.Enough, 100*b.Share, b.AtLeast)
	} else {
		text += fmt.Sprintf("  with each waiting up to %g s: fewer than %d taxis cannot drive "+
			"all, fewer than %d not %g %%\n", b.WaitS, b.Fleet, b.AtLeast, 100*b.Share)
	}
	_, err := io.WriteString(w, text)
	return err
}
