// Not under -race: a virtual city is one goroutine's.

//go:build !race

package sim

import (
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"hexhail/geo"
)

// someTrips are n rides of a few minutes in a small town, so close in time and place that some
// taxis can drive several.
func someTrips(r *rand.Rand, n int) []Trip {
	at := time.Date(2014, 2, 26, 9, 0, 0, 0, time.UTC)
	place := func() geo.Point {
		return geo.Point{Lat: 40 + r.Float64()/40, Lng: 116 + r.Float64()/40}
	}
	trips := make([]Trip, n)
	for i := range trips {
		at = at.Add(time.Duration(r.IntN(240)) * time.Second)
		trips[i] = Trip{At: at, Pickup: place(), Dropoff: place(), Seats: 1}
	}
	return trips
}

// oracle finds the fewest taxis by trying everything, with the ways that the simulator drives.
type oracle struct {
	c     BoundConfig
	drive geo.Drive
}

type oracleTaxi struct {
	free time.Time
	at   geo.Point
}

// fewest is how many taxis it takes to drive the rides that are not done yet, beyond those that are
// there; each may wait up to c.Wait.
func (o *oracle) fewest(done []bool, taxis []oracleTaxi, budget int) int {
	best, all := budget, true
	for i, t := range o.c.Trips {
		if done[i] {
			continue
		}
		all = false
		done[i] = true
		for k := range taxis {
			was := taxis[k]
			if at, ok := o.reaches(was, t); ok {
				taxis[k] = o.driven(t, at)
				best = min(best, o.fewest(done, taxis, best))
				taxis[k] = was
			}
		}
		if best > 1 {
			more := append(taxis[:len(taxis):len(taxis)], o.driven(t, t.At))
			best = min(best, 1+o.fewest(done, more, best-1))
		}
		done[i] = false
	}
	if all {
		return 0
	}
	return best
}

// reaches is when a taxi is at a pickup, not before the request.
func (o *oracle) reaches(x oracleTaxi, t Trip) (time.Time, bool) {
	world{o.c.Roads}.plan(&o.drive, x.at, t.Pickup, 0)
	way := o.drive.Duration()
	at := x.free.Add(way)
	if at.Before(t.At) {
		at = t.At
	}
	return at, way <= o.c.Options.MaxPickup && !at.After(t.At.Add(o.c.Wait))
}

func (o *oracle) driven(t Trip, at time.Time) oracleTaxi {
	world{o.c.Roads}.plan(&o.drive, t.Pickup, t.Dropoff, t.Duration)
	aside := o.c.Options.Boarding + o.c.Options.Alighting
	return oracleTaxi{at.Add(aside + o.drive.Duration()), t.Dropoff}
}

// Without a wait the bound is the fewest taxis, and what it says of a share is true; with one no
// schedule that the oracle finds is below it.
func TestBoundAgainstBruteForce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	shared, waited := 0, 0
	for range 300 {
		c := BoundConfig{
			Trips: someTrips(r, 1+r.IntN(6)), Options: DefaultOptions(), Share: 0.6, All: true,
		}
		exact := BoundOf(c)
		o := oracle{c: c}
		n := len(c.Trips)
		fewest := o.fewest(make([]bool, n), nil, n)
		if exact.Fleet != fewest || !exact.Exact {
			t.Fatalf("%d taxis, the oracle needs %d, for %+v", exact.Fleet, fewest, c.Trips)
		}
		if fewest < n {
			shared++
		}
		part := fewestForShare(&o, int(math.Ceil(c.Share*float64(n)-1e-9)))
		if exact.AtLeast > part || exact.Enough < part {
			t.Fatalf("a share takes %d to %d taxis, the oracle needs %d", exact.AtLeast,
				exact.Enough, part)
		}
		o.c.Wait = 3 * time.Minute
		loose := BoundOf(o.c)
		late := o.fewest(make([]bool, n), nil, n)
		if loose.Fleet > late || loose.Exact || loose.Fleet > fewest {
			t.Fatalf("no fewer than %d, but the oracle needs %d: %+v", loose.Fleet, late, c.Trips)
		}
		if late < fewest {
			waited++
		}
	}
	if shared < 50 || waited < 20 {
		t.Errorf("%d times taxis had several rides, %d times waiting saved one", shared, waited)
	}
}

// fewestForShare is the fewest taxis for some n of the rides.
func fewestForShare(o *oracle, n int) int {
	best := n
	for set := range 1 << len(o.c.Trips) {
		done, left := make([]bool, len(o.c.Trips)), 0
		for i := range done {
			if done[i] = set>>i&1 == 0; !done[i] {
				left++
			}
		}
		if left == n {
			best = min(best, o.fewest(done, nil, best))
		}
	}
	return best
}

// Ways of the bound's table take as long as those that simulated taxis drive, on the graph, off it,
// and between.
func TestBoundsWaysAreTheSimulators(t *testing.T) {
	roads := newYorkRoads(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var trips []Trip
	at := time.Date(2013, 11, 18, 16, 0, 0, 0, time.UTC)
	for range 300 {
		near := func() geo.Point {
			p := roads.Point(geo.NodeID(r.IntN(roads.Len())))
			off := math.Pow(10, -5+3.5*r.Float64()) // 1 m to 3 km
			return geo.Point{Lat: p.Lat + off*(r.Float64()-0.5), Lng: p.Lng + off*(r.Float64()-0.5)}
		}
		trips = append(trips, Trip{At: at, Pickup: near(), Dropoff: near(), Seats: 1})
	}
	x := newChains(BoundConfig{Trips: trips, Roads: roads, Options: DefaultOptions(), All: true})
	straight, drive := 0, geo.Drive{}
	for i := range x.rides {
		for j := range x.rides {
			a, b := &x.rides[i], &x.rides[j]
			world{roads}.plan(&drive, a.end, b.pickup, 0)
			want := drive.TimeS() * 1000
			if got := x.wayMS(a, b); math.Abs(got-want) > 1 {
				t.Fatalf("from %v to %v %v ms, want %v", a.end, b.pickup, got, want)
			}
			if m := geo.DistanceM(a.end, b.pickup); math.Abs(want-1000*m/straightMPS) < 1 {
				straight++
			}
		}
	}
	if straight < 100 || straight > len(x.rides)*len(x.rides)/2 {
		t.Errorf("%d ways are straight: the test looks at one kind only", straight)
	}
}

func newYorkRoads(t testing.TB) *geo.Roads {
	t.Helper()
	var files [2]io.Reader
	for i, name := range []string{"links_nodes.csv.gz", "links_edges.csv.gz"} {
		f, err := OpenFile(DataPath(t, "nyc_2013-11-18/"+name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files[i] = f
	}
	roads, err := geo.ReadRoads(geo.RoadFile{Name: "nodes", R: files[0]},
		geo.RoadFile{Name: "edges", R: files[1]}, "")
	if err != nil {
		t.Fatal(err)
	}
	return roads
}

func TestBoundOfNothing(t *testing.T) {
	b := BoundOf(BoundConfig{Options: DefaultOptions(), Share: 1})
	if b != (Bound{Exact: true, Share: 1}) {
		t.Errorf("%+v", b)
	}
}

func TestBoundTellsWhatItMeans(t *testing.T) {
	var exact, loose strings.Builder
	b := Bound{Rides: 100, Outside: 7, Fleet: 20, Exact: true, Share: 0.98, AtLeast: 18, Enough: 19}
	if err := b.Summary(&exact); err != nil || !strings.Contains(exact.String(),
		"20 taxis drive all, no fewer can; 19 drive 98 %, fewer than 18 cannot") {
		t.Errorf("%s %v", exact.String(), err)
	}
	b.Exact, b.WaitS = false, 168
	if err := b.Summary(&loose); err != nil || !strings.Contains(loose.String(),
		"up to 168 s: fewer than 20 taxis cannot drive all, fewer than 18 not 98 %") {
		t.Errorf("%s %v", loose.String(), err)
	}
}
