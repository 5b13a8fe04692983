package sim

import (
	"cmp"
	"math"
	"slices"

	"hexhail/geo"
)

// chained is a ride of the bound.
type chained struct {
	askMS, freeMS int64 // asked for; the taxi is free again, if it was there at once
	pickup, end   geo.Point
	from, to      node // nearest to pickup and to end
}

// node is a node of the road graph as a place in a chains' table, and how far it is.
type node struct {
	place int32
	offM  float64
}

// chains are rides and which of them follow each other with the same taxi: a matching of each ride
// with its successor.
type chains struct {
	rides  []chained // by askMS
	waitMS int64
	mostMS int64     // of a way to a pickup
	table  [][]int32 // of ways between nodes, in milliseconds
	roads  bool

	first  []int32 // of the rides that could follow a ride by time alone
	after  []int32 // a ride's successor, or −1
	before []int32
	skip   []int32 // from a ride on, the next one that was not visited in this phase
}

func newChains(c BoundConfig) *chains {
	x := &chains{
		waitMS: c.Wait.Milliseconds(), mostMS: c.Options.MaxPickup.Milliseconds(),
		roads: c.Roads != nil,
	}
	w, leg := world{roads: c.Roads}, geo.Drive{}
	aside := c.Options.Boarding + c.Options.Alighting
	for i := range c.Trips {
		t := &c.Trips[i]
		if !c.All && w.outside(t.Pickup) {
			continue
		}
		w.plan(&leg, t.Pickup, t.Dropoff, t.Duration)
		ask := t.At.UnixMilli()
		x.rides = append(x.rides, chained{
			askMS: ask, freeMS: ask + (aside + leg.Duration()).Milliseconds(),
			pickup: t.Pickup, end: t.Dropoff,
		})
	}
	slices.SortStableFunc(x.rides, func(a, b chained) int { return cmp.Compare(a.askMS, b.askMS) })
	if x.roads {
		x.tabulate(c.Roads)
	}
	n := len(x.rides)
	x.first, x.after, x.before = make([]int32, n), make([]int32, n), make([]int32, n)
	x.skip = make([]int32, n+1)
	for i := range x.rides {
		x.after[i], x.before[i] = -1, -1
		at, _ := slices.BinarySearchFunc(x.rides, x.rides[i].freeMS-x.waitMS,
			func(r chained, ms int64) int { return cmp.Compare(r.askMS, ms) })
		x.first[i] = int32(at)
	}
	return x
}

// tabulate computes the times between all nodes at which rides end and begin.
func (x *chains) tabulate(g *geo.Roads) {
	places := map[geo.NodeID]int32{}
	var nodes []geo.NodeID
	at := func(p geo.Point) node {
		id, m := g.Nearest(p)
		place, ok := places[id]
		if !ok {
			place = int32(len(nodes))
			places[id] = place
			nodes = append(nodes, id)
		}
		return node{place, m}
	}
	for i := range x.rides {
		r := &x.rides[i]
		r.from, r.to = at(r.pickup), at(r.end)
	}
	x.table = make([][]int32, len(nodes))
	for i := range x.table {
		x.table[i] = make([]int32, len(nodes))
	}
	for to := range nodes { // all ways to a node come out of one tree
		for from := range nodes {
			x.table[from][to] = noWay
			if s, ok := g.TimeS(nodes[from], nodes[to]); ok {
				x.table[from][to] = int32(min(math.Round(1000*s), noWay-1))
			}
		}
	}
}

// noWay is longer than any way: 24 days.
const noWay = math.MaxInt32

// wayMS is how long a taxi drives from the end of one ride to the pickup of another, in
// milliseconds, by the rules of [geo.Roads.Drive].
func (x *chains) wayMS(a, b *chained) float64 {
	const pace = geo.Pace(1 / straightMPS)
	if !x.roads {
		return 1000 * pace.TimeS(geo.DistanceM(a.end, b.pickup))
	}
	offM := a.to.offM + b.from.offM
	far := max(a.to.offM, b.from.offM) > nearGraphM
	roadMS := x.table[a.to.place][b.from.place]
	byRoadMS := float64(roadMS) + 1000*pace.TimeS(offM)
	// Only short ways are straight, but for far ends: most pairs need no distance.
	if !far && a.to.place != b.from.place && roadMS != noWay &&
		math.Abs(a.end.Lat-b.pickup.Lat)*metresPerDegree > offM {
		return byRoadMS
	}
	directM := geo.DistanceM(a.end, b.pickup)
	directMS := 1000 * pace.TimeS(directM)
	if a.to.place == b.from.place || roadMS == noWay || offM >= directM ||
		far && directMS <= byRoadMS {
		return directMS
	}
	return byRoadMS
}

// metresPerDegree is the least length of a degree of latitude.
const metresPerDegree = 110_500

// follows reports whether one taxi can drive ride j after ride i.
func (x *chains) follows(i, j int32) bool {
	a, b := &x.rides[i], &x.rides[j]
	slack := b.askMS + x.waitMS - a.freeMS
	if slack < 0 || i == j {
		return false
	}
	return x.wayMS(a, b) <= float64(min(slack, x.mostMS))
}

// match finds the largest matching of rides with successors: a good one at first, then augmenting
// paths, many in each phase (A. Pothen, C.-J. Fan, "Computing the block triangular form of a sparse
// matrix", ACM TOMS 16, 1990), until a phase finds none. Pairs are computed when they are looked
// at: all of them would be 10⁸.
func (x *chains) match() {
	x.begin()
	for found := true; found; {
		found = false
		for i := range x.skip {
			x.skip[i] = int32(i)
		}
		for i := range x.rides {
			if x.after[i] < 0 && x.augment(int32(i)) {
				found = true
			}
		}
	}
}

// begin gives each ride, in the order of requests, the taxi that arrives last of those in time: who
// is free for longer can still go farther.
func (x *chains) begin() {
	order := make([]int32, len(x.rides)) // by the time at which they are free
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		return cmp.Compare(x.rides[a].freeMS, x.rides[b].freeMS)
	})
	var free []int32 // in that order
	next := 0
	for j := range x.rides {
		for next < len(order) && x.rides[order[next]].freeMS <= x.rides[j].askMS+x.waitMS {
			free = append(free, order[next])
			next++
		}
		for k := len(free) - 1; k >= 0; k-- {
			if i := free[k]; x.follows(i, int32(j)) {
				x.after[i], x.before[j] = int32(j), i
				free = slices.Delete(free, k, k+1)
				break
			}
		}
	}
}

// unvisited is the first ride from j on that was not visited in this phase.
func (x *chains) unvisited(j int32) int32 {
	end := j
	for x.skip[end] != end {
		end = x.skip[end]
	}
	for x.skip[j] != end { // the next search is shorter
		x.skip[j], j = end, x.skip[j]
	}
	return end
}

// augment gives ride i a successor, if others can make room for it.
func (x *chains) augment(i int32) bool {
	n := int32(len(x.rides))
	for j := x.unvisited(x.first[i]); j < n; j = x.unvisited(j + 1) {
		if !x.follows(i, j) {
			continue
		}
		x.skip[j] = j + 1
		if had := x.before[j]; had < 0 || x.augment(had) {
			x.after[i], x.before[j] = j, i
			return true
		}
	}
	return false
}

// exposed is how many rides follow no other: the taxis.
func (x *chains) exposed() (n int) {
	for _, b := range x.before {
		if b < 0 {
			n++
		}
	}
	return n
}

// lengths are how many rides each chain has, the fewest first. Rings, which a wait allows, are left
// out.
func (x *chains) lengths() []int {
	var all []int
	for i := range x.rides {
		if x.before[i] >= 0 {
			continue
		}
		n := 0
		for at := int32(i); at >= 0; at = x.after[at] {
			n++
		}
		all = append(all, n)
	}
	slices.Sort(all)
	return all
}

// busyAtOnce is how many rides are under way at the busiest moment.
func (x *chains) busyAtOnce() (most int) {
	ends := make([]int64, len(x.rides))
	for i := range x.rides {
		ends[i] = x.rides[i].freeMS
	}
	slices.Sort(ends)
	ended := 0
	for i := range x.rides {
		for ended < len(ends) && ends[ended] <= x.rides[i].askMS {
			ended++
		}
		most = max(most, i+1-ended)
	}
	return most
}
