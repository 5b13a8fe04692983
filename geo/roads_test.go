package geo

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// newYork is the graph of Manhattan with the travel times of one hour.
func newYork(t testing.TB) *Roads {
	t.Helper()
	g, err := ReadRoads(
		RoadFile{"links_nodes.csv", realData(t, "nyc_2013-11-18", "links_nodes.csv.gz")},
		RoadFile{"links_edges.csv", realData(t, "nyc_2013-11-18", "links_edges.csv.gz")},
		"travel_time_s_1600_1700")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

type trip struct{ from, to Point }

func readTrips(t testing.TB) []trip {
	t.Helper()
	var trips []trip
	file := realData(t, "nyc_2013-11-18", "trips_1600_1700.csv.gz")
	rowsOf(t, file, func(col func(string) string) {
		trips = append(trips, trip{
			Point{number(t, col("pickup_lat")), number(t, col("pickup_lng"))},
			Point{number(t, col("dropoff_lat")), number(t, col("dropoff_lng"))},
		})
	})
	return trips
}

func read(nodes, edges, column string) (*Roads, error) {
	return ReadRoads(RoadFile{"n.csv", strings.NewReader(nodes)},
		RoadFile{"e.csv", strings.NewReader(edges)}, column)
}

const twoNodes = "node,lat,lng\n7,40.70,-74.00\n9,40.71,-74.00\n"

func TestReadRoads(t *testing.T) {
	betweenM := DistanceM(Point{40.70, -74}, Point{40.71, -74})
	for _, c := range []struct {
		name, edges, column string
		timeS, lengthM      float64
	}{
		{"the only time", "from,to,length_m,travel_time_s_8\n7,9,1200,95.5\n", "", 95.5, 1200},
		{
			"a time", "from,to,length_m,travel_time_s_8,travel_time_s_9\n7,9,1200,95.5,80\n",
			"travel_time_s_9", 80, 1200,
		},
		{"no length", "to,x,from,travel_time_s\n9,?,7,60\n", "", 60, betweenM},
		{"no time", "from,to,length_m\n7,9,1200\n", "", 180, 1200},
		{"a length by name", "from,to,cost_raw,crow_m\n7,9,1300,1200\n", "cost_raw", 195, 1300},
	} {
		g, err := read(twoNodes, c.edges, c.column)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		r, ok := g.Route(nil, 0, 1)
		if !ok || r.TimeS != c.timeS || math.Abs(r.LengthM-c.lengthM) > 1e-3 {
			t.Errorf("%s: %+v, want %v s, %v m", c.name, r, c.timeS, c.lengthM)
		}
		if _, ok := g.Route(nil, 1, 0); ok || g.Label(1) != 9 || g.Len() != 2 || g.Edges() != 1 {
			t.Errorf("%s: %d nodes, %d edges, way back %v", c.name, g.Len(), g.Edges(), ok)
		}
	}
}

const oneEdge = "from,to,travel_time_s\n7,9,60\n"

// badRoads are two tables, the column asked for, and the error that they give.
type badRoads struct{ name, nodes, edges, column, want string }

func TestReadRoadsRefusesNodes(t *testing.T) {
	refused(t, []badRoads{
		{"no header", "", oneEdge, "", "geo: n.csv: empty: no header"},
		{"no nodes", "node,lat,lng\n", oneEdge, "", "geo: n.csv: no nodes"},
		{
			"no column", "node,lat,lon\n1,2,3\n", oneEdge, "",
			"geo: n.csv:1: column lng: missing; there are node, lat, lon",
		},
		{
			"node", "node,lat,lng\n1,2,3\nx,2,3\n", oneEdge, "",
			`geo: n.csv:3: column node: "x" is not a whole number`,
		},
		{
			"twice", "node,lat,lng\n1,2,3\n1,2,3\n", oneEdge, "",
			"geo: n.csv:3: column node: node 1 is there twice",
		},
		{
			"latitude", "node,lat,lng\n1,92,3\n", oneEdge, "",
			"geo: n.csv:2: column lat: lat 92 is not in [-90, 90]",
		},
		{
			"longitude", "node,lat,lng\n1,2,NaN\n", oneEdge, "",
			"geo: n.csv:2: column lng: lng NaN is not in [-180, 180]",
		},
		{"short line", "node,lat,lng\n1,2\n", oneEdge, "", "geo: n.csv:2: wrong number of fields"},
	})
}

func TestReadRoadsRefusesEdges(t *testing.T) {
	refused(t, []badRoads{
		{
			"no edge columns", twoNodes, "a,b\n", "",
			"geo: e.csv:1: column from: missing; there are a, b",
		},
		{
			"no cost", twoNodes, "from,to\n", "",
			"geo: e.csv:1: column travel_time_s*: missing; there are from, to",
		},
		{
			"no such cost", twoNodes, oneEdge, "travel_time_s_8",
			"geo: e.csv:1: column travel_time_s_8: missing; there are from, to, travel_time_s",
		},
		{
			"two costs", twoNodes, "from,to,travel_time_s_1,travel_time_s_2\n", "",
			"geo: e.csv:1: column travel_time_s_2: a second column of travel times: say which",
		},
		{"column twice", twoNodes, "from,to,to\n", "", "geo: e.csv:1: column to: there twice"},
		{
			"unknown node", twoNodes, "from,to,travel_time_s\n7,9,1\n7,8,60\n", "",
			"geo: e.csv:3: column to: there is no node 8",
		},
		{
			"no time", twoNodes, "from,to,travel_time_s\n7,9,0\n", "",
			"geo: e.csv:2: column travel_time_s: travel time 0 s is not in (0, 86400]",
		},
		{
			"not a time", twoNodes, "from,to,travel_time_s\n7,9,soon\n", "",
			`geo: e.csv:2: column travel_time_s: "soon" is not a number`,
		},
		{
			"length", twoNodes, "from,to,length_m,travel_time_s\n7,9,-1,4\n", "",
			"geo: e.csv:2: column length_m: not a length in metres",
		},
		{
			"crossing", twoNodes, "from,to,travel_time_s\n" + strings.Repeat("7,9,1\n", 255), "",
			"geo: e.csv: 255 roads out of node 7, at most 254",
		},
	})
}

func refused(t *testing.T, tables []badRoads) {
	t.Helper()
	for _, c := range tables {
		_, err := read(c.nodes, c.edges, c.column)
		var bad *RoadError
		if !errors.As(err, &bad) || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
	}
}

// randomRoads is a graph with many equal times.
func randomRoads(r *rand.Rand, nodes, edges int) *Roads {
	var n, e strings.Builder
	n.WriteString("node,lat,lng\n")
	for i := range nodes {
		fmt.Fprintf(&n, "%d,%v,%v\n", i, 40+r.Float64()/50, 116+r.Float64()/50)
	}
	e.WriteString("from,to,length_m,travel_time_s\n")
	for range edges {
		fmt.Fprintf(&e, "%d,%d,%d,%d\n", r.IntN(nodes), r.IntN(nodes), r.IntN(500), 1+r.IntN(5))
	}
	g, err := read(n.String(), e.String(), "")
	if err != nil {
		panic(err)
	}
	return g
}

// floyd is the oracle of the routes: all pairs by Floyd and Warshall, in milliseconds.
func floyd(g *Roads) [][]float64 {
	n := g.Len()
	d := make([][]float64, n)
	for i := range d {
		d[i] = slices.Repeat([]float64{math.Inf(1)}, n)
		d[i][i] = 0
		for _, e := range g.roads[g.first[i]:g.first[i+1]] {
			if int(e.to) != i {
				d[i][e.to] = min(d[i][e.to], float64(e.timeMS))
			}
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				d[i][j] = min(d[i][j], d[i][k]+d[k][j])
			}
		}
	}
	return d
}

func TestRoutesAgainstFloyd(t *testing.T) {
	const seed = 8
	r := rand.New(rand.NewPCG(seed, 1))
	for round := range 40 {
		g := randomRoads(r, 1+r.IntN(40), r.IntN(150))
		if round%2 == 1 {
			g.LimitTrees(3 * g.Len())
		}
		want := floyd(g)
		var buf []NodeID
		for range 2000 {
			a, b := NodeID(r.IntN(g.Len())), NodeID(r.IntN(g.Len()))
			route, ok := g.Route(buf, a, b)
			buf = route.Nodes
			timeS, ok2 := g.TimeS(a, b)
			if ok != !math.IsInf(want[a][b], 1) || ok2 != ok {
				t.Fatalf("seed %d: from %d to %d: %v, %v", seed, a, b, ok, want[a][b])
			}
			if !ok {
				continue
			}
			if route.TimeS != want[a][b]/1000 || timeS != route.TimeS {
				t.Fatalf("seed %d: from %d to %d %v s, want %v",
					seed, a, b, route.TimeS, want[a][b])
			}
			checkWay(t, g, route, a, b)
		}
		if round%2 == 1 && len(g.trees.kept) > 3 {
			t.Fatalf("%d trees at a limit of 3", len(g.trees.kept))
		}
	}
}

// checkWay walks a route and takes, as documented, the first road of the file that is as quick.
func checkWay(t *testing.T, g *Roads, route Route, a, b NodeID) {
	t.Helper()
	if route.Nodes[0] != a || route.Nodes[len(route.Nodes)-1] != b {
		t.Fatalf("from %d to %d by %v", a, b, route.Nodes)
	}
	var timeMS, lengthM float64
	for i, v := range route.Nodes[1:] {
		leftS, _ := g.TimeS(route.Nodes[i], b)
		for _, e := range g.roads[g.first[route.Nodes[i]]:g.first[route.Nodes[i]+1]] {
			afterS, ok := g.TimeS(e.to, b)
			if ok && math.Abs(afterS+float64(e.timeMS)/1000-leftS) < 1e-9 {
				if e.to != v {
					t.Fatalf("at %d to %d, not %d", route.Nodes[i], v, e.to)
				}
				timeMS += float64(e.timeMS)
				lengthM += float64(e.lengthM)
				break
			}
		}
	}
	if timeMS/1000 != route.TimeS || lengthM != route.LengthM {
		t.Fatalf("%v ms and %v m along %+v", timeMS, lengthM, route)
	}
}

func TestRouteRefusesStrangers(t *testing.T) {
	g := randomRoads(rand.New(rand.NewPCG(1, 1)), 5, 20)
	for _, n := range []NodeID{-1, 5, math.MaxInt32, math.MinInt32} {
		if _, ok := g.Route(nil, n, 0); ok {
			t.Errorf("a route from %d", n)
		}
		if _, ok := g.TimeS(0, n); ok {
			t.Errorf("a route to %d", n)
		}
	}
	if r, ok := g.Route(nil, 3, 3); !ok || len(r.Nodes) != 1 || r.TimeS != 0 || r.LengthM != 0 {
		t.Errorf("from here to here: %+v, %v", r, ok)
	}
}

func TestNearestNode(t *testing.T) {
	const seed = 4
	r := rand.New(rand.NewPCG(seed, 1))
	for range 30 {
		g := randomRoads(r, 1+r.IntN(300), 0)
		for range 300 {
			p := scatter(r, Point{40.01, 116.01}, []float64{1000, 20_000, 5e6}[r.IntN(3)])
			got, d := g.Nearest(p)
			best := math.Inf(1)
			for n := range g.Len() {
				best = min(best, DistanceM(p, g.Point(NodeID(n))))
			}
			if math.Abs(d-best) > 1e-6 || d != DistanceM(p, g.Point(got)) {
				t.Fatalf("seed %d: nearest of %v is %d at %v m, want %v", seed, p, got, d, best)
			}
		}
	}
	g := randomRoads(r, 3, 0)
	if n, d := g.Nearest(Point{Lat: math.NaN()}); n != -1 || !math.IsInf(d, 1) {
		t.Errorf("nearest of nowhere: %d, %v", n, d)
	}
}

func TestRealRoads(t *testing.T) {
	g := newYork(t)
	if g.Len() != 3873 || g.Edges() != 8810 {
		t.Errorf("%d nodes, %d edges", g.Len(), g.Edges())
	}
	trips := readTrips(t)
	var buf []NodeID
	var timeS, lengthM float64
	start := time.Now()
	n := 0
	for n < 45_000 {
		for _, trip := range trips {
			a, _ := g.Nearest(trip.from)
			b, _ := g.Nearest(trip.to)
			route, ok := g.Route(buf, a, b)
			if !ok {
				t.Fatalf("no route from %d to %d", a, b)
			}
			buf = route.Nodes
			timeS, lengthM, n = timeS+route.TimeS, lengthM+route.LengthM, n+1
		}
	}
	t.Logf("%d routes in %v, %d trees, mean %.1f km/h", n, time.Since(start), len(g.trees.kept),
		lengthM/timeS*3.6)
	if v := lengthM / timeS * 3.6; v < 10 || v > 20 {
		t.Errorf("mean %v km/h", v)
	}
	chengdu, err := ReadRoads(
		RoadFile{"nodes.csv", realData(t, "chengdu", "nodes.csv.gz")},
		RoadFile{"adjacency_edges.csv", realData(t, "chengdu", "adjacency_edges.csv.gz")},
		"cost_raw")
	if err != nil || chengdu.Len() != 4139 || chengdu.Edges() != 12_136 {
		t.Errorf("chengdu: %v", err)
	}
	manhattan, err := ReadRoads(
		RoadFile{"nodes.csv", realData(t, "manhattan_network", "nodes.csv.gz")},
		RoadFile{"edges.csv", realData(t, "manhattan_network", "edges.csv.gz")}, "")
	if err != nil || manhattan.Len() != 4091 || manhattan.Edges() != 9452 {
		t.Errorf("manhattan: %v", err)
	}
}

func FuzzReadRoads(f *testing.F) {
	f.Add(twoNodes, "from,to,length_m,travel_time_s\n7,9,1200,95.5\n9,7,1200,90\n", "")
	f.Add("\ufeffnode,lat,lng\n1,0,0\n", "from,to,length_m\n1,1,5\n", "length_m")
	f.Add("node,lat,lng\n\"1\n", "from,to", "x")
	f.Fuzz(func(t *testing.T, nodes, edges, column string) {
		g, err := read(nodes, edges, column)
		if err != nil {
			var bad *RoadError
			if !errors.As(err, &bad) || bad.File == "" || bad.Why == "" {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		for a := range min(NodeID(g.Len()), 20) {
			if g.Point(a).Check() != nil {
				t.Fatalf("node %d at %v", a, g.Point(a))
			}
			for b := range min(NodeID(g.Len()), 20) {
				r, ok := g.Route(nil, a, b)
				if ok && (!(r.TimeS >= 0) || !(r.LengthM >= 0) || (a == b) != (r.TimeS == 0)) {
					t.Fatalf("from %d to %d: %+v", a, b, r)
				}
			}
		}
	})
}

func BenchmarkRoute(b *testing.B) {
	g := newYork(b)
	r := rand.New(rand.NewPCG(1, 1))
	n := func() NodeID { return NodeID(r.IntN(g.Len())) }
	var buf []NodeID
	b.Run("tree", func(b *testing.B) {
		next := make([]uint8, g.Len())
		for b.Loop() {
			g.grow(next, n())
		}
	})
	for range 40_000 {
		g.TimeS(n(), n())
	}
	b.Run("walk", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			route, _ := g.Route(buf, n(), n())
			buf = route.Nodes
		}
	})
	b.Run("time", func(b *testing.B) {
		for b.Loop() {
			g.TimeS(n(), n())
		}
	})
	b.Run("nearest", func(b *testing.B) {
		for b.Loop() {
			g.Nearest(Point{40.7 + r.Float64()/8, -74 + r.Float64()/16})
		}
	})
}
