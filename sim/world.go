package sim

import (
	"time"

	"hexhail/geo"
)

// The simulated streets, where there is no graph of them.
const (
	// straightMPS is the speed along a straight line: 24 km/h on streets that are 1.32 times as
	// long as the line.
	straightMPS = 24 / 1.32 / 3.6
	// nearGraphM is how far from a node of the graph a place may be to be on it.
	nearGraphM = 300
	// outsideGraphM is how far a pickup has to be to count as outside.
	outsideGraphM = 500
)

// world is where legs are driven.
type world struct{ roads *geo.Roads }

// plan makes d the way between two places: by the roads, or straight where there are none. Where
// either end is off the graph it is whichever is quicker. took > 0 is how long it really took.
func (w world) plan(d *geo.Drive, from, to geo.Point, took time.Duration) {
	pace := geo.Pace(1 / straightMPS)
	if w.roads == nil {
		m := geo.DistanceM(from, to)
		d.Reset(from)
		d.Add(to, pace.TimeS(m), m)
	} else {
		w.roads.Drive(d, from, to, geo.OffRoad{Pace: pace, FarM: nearGraphM})
	}
	if took > 0 {
		d.Stretch(took)
	}
}

// outside reports whether a pickup is off the graph.
func (w world) outside(p geo.Point) bool {
	if w.roads == nil {
		return false
	}
	_, m := w.roads.Nearest(p)
	return m > outsideGraphM
}
