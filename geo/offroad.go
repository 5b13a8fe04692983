package geo

import "time"

// OffRoad is how a vehicle drives where there is no road.
type OffRoad struct {
	Pace  Pace
	FromM float64 // a point farther than this from the graph may be reached straight
}

// Stretch makes the drive take so long, each part of it in proportion.
func (d *Drive) Stretch(took time.Duration) {
	if d.TimeS() <= 0 || took < 0 {
		return
	}
	by := took.Seconds() / d.TimeS()
	for i := range d.stops {
		d.stops[i].timeS *= by
	}
}

func (g *Roads) DriveX(d *Drive, from, to Point, off OffRoad) bool {
	a, toRoadM := g.Nearest(from)
	b, fromRoadM := g.Nearest(to)
	directM := DistanceM(from, to)
	straight := func() bool {
		d.Reset(from)
		d.Add(to, off.Pace.TimeS(directM), directM)
		return false
	}
	next, ok := g.treeTo(a, b)
	if !ok {
		return straight()
	}
	d.Reset(from)
	d.Add(g.points[a], off.Pace.TimeS(toRoadM), toRoadM)
	for v := a; v != b; {
		e := &g.roads[g.first[v]+int32(next[v])]
		v = e.to
		d.Add(g.points[v], float64(e.timeMS)/1000, float64(e.lengthM))
	}
	d.Add(to, off.Pace.TimeS(fromRoadM), fromRoadM)
	if max(toRoadM, fromRoadM) > off.FromM && off.Pace.TimeS(directM) <= d.TimeS() {
		return straight()
	}
	return true
}
