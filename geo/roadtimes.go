package geo

import (
	"math"
	"time"
)

// DefaultSnapM is how far from a road a place is still at it, in metres: two blocks.
const DefaultSnapM = 500

// snapSlots is how many places' nodes are remembered, a power of two: those of 20,000 taxis and
// 5,000 rides mostly find room (2 MB).
const snapSlots = 1 << 16

// RoadTimes tells how long drives between places take on a road graph: straight to the nearest
// node, along the quickest way, straight from the node nearest to the end. The straight ends are
// driven at the learned pace.
//
// The graph knows neither jams nor lights. What finished drives took, over what the graph says, is
// learned by the hour of the day and multiplies every answer. It belongs to one goroutine.
type RoadTimes struct {
	// SnapM is how far from its nodes, in metres, a place may be to get an answer.
	SnapM float64

	roads  *Roads
	ways   *Hierarchy
	snaps  []snap
	pairs  []NodePair
	places []int32 // of pairs in the estimates
	times  []uint32
	one    [1]Estimate

	hours  [hoursADay]learnedPace // over the graph's time, instead of seconds a metre
	always learnedPace
}

// snap is the node nearest to a place.
type snap struct {
	at        Point
	distanceM float32
	node      NodeID
	known     bool
}

// NewRoadTimes contracts a graph. Places farther than DefaultSnapM from its nodes get no answer.
// The graph is only read, and by its positions and edges: it may be in use elsewhere.
func NewRoadTimes(g *Roads) *RoadTimes {
	return &RoadTimes{
		SnapM: DefaultSnapM, roads: g, ways: NewHierarchy(g), snaps: make([]snap, snapSlots),
	}
}

// Fill answers the estimates that have no source yet, for drives that begin in an hour of the day,
// 0–23, and where the roads can tell: both ends are within the limit, they are not at the same
// node, the roads are nearer than the other end, and there is a way. The others stay as they are.
// Estimates that have an end in common should stand together.
func (t *RoadTimes) Fill(estimates []Estimate, hour int) {
	t.pairs, t.places = t.pairs[:0], t.places[:0]
	for i := range estimates {
		e := &estimates[i]
		if e.Source != 0 {
			continue
		}
		from, to := t.snap(e.From), t.snap(e.To)
		offM := float64(from.distanceM + to.distanceM)
		if max(from.distanceM, to.distanceM) <= float32(t.SnapM) &&
			from.node != to.node && offM < e.DistanceM {
			t.pairs = append(t.pairs, NodePair{from.node, to.node})
			t.places = append(t.places, int32(i))
			e.TimeMS = uint32(1000 * e.Pace.TimeS(offM)) // of the ends, for now
		}
	}
	t.times = t.ways.TimesMS(t.times[:0], t.pairs)
	traffic := float64(t.traffic(hour))
	for k, i := range t.places {
		e := &estimates[i]
		if onRoadMS := t.times[k]; onRoadMS != noTime {
			ms := traffic*float64(onRoadMS) + float64(e.TimeMS)
			e.TimeMS, e.Source = uint32(min(ms, maxTimeMS)), SourceRoad
		}
	}
}

// Learn adds a finished drive that began in an hour of the day, 0–23, and reports whether it taught
// anything: one of less than MinLearnM or of no time, or that the roads cannot tell, does not. A
// drive counts as at most three times slower or faster than known, a longer one for more.
func (t *RoadTimes) Learn(from, to Point, took time.Duration, hour int) bool {
	distanceM := DistanceM(from, to)
	if took <= 0 || hour < 0 || hour >= hoursADay || !(distanceM >= MinLearnM) {
		return false
	}
	t.one[0] = Estimate{From: from, To: to, DistanceM: distanceM}
	t.Fill(t.one[:], -1)
	if t.one[0].Source != SourceRoad || t.one[0].TimeMS == 0 {
		return false
	}
	known := Pace(t.traffic(-1))
	seen := known * Pace(float64(took.Milliseconds())/float64(t.one[0].TimeMS))
	seen = min(max(seen, 1/maxTraffic), maxTraffic)
	share := min(distanceM/usualM, maxShare)
	t.always.learn(seen, 1, share)
	t.hours[hour].learn(seen, t.always.or(1), share)
	return true
}

// maxTraffic bounds what is learned: so many times slower or faster than the graph.
const maxTraffic = 5

// maxTimeMS is the longest time that an estimate can have.
const maxTimeMS = float64(noTime - 1)

// traffic is by how much drives are slower than the graph in an hour; at no hour in general.
func (t *RoadTimes) traffic(hour int) Pace {
	if hour < 0 || hour >= hoursADay {
		return t.always.or(1)
	}
	return t.hours[hour].or(t.always.or(1))
}

// snap finds the node nearest to a place, or remembers it. A point not on the earth is infinitely
// far.
func (t *RoadTimes) snap(p Point) snap {
	const mix = 0x9E3779B97F4A7C15 // 2^64 ÷ the golden ratio: neighbours fall far apart
	hash := (math.Float64bits(p.Lat)*mix ^ math.Float64bits(p.Lng)) * mix
	s := &t.snaps[hash>>(64-16)]
	if !s.known || s.at != p {
		n, m := t.roads.Nearest(p)
		*s = snap{at: p, distanceM: float32(m), node: n, known: true}
	}
	return *s
}
