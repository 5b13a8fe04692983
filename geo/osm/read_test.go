package osm

import (
	"bytes"
	"compress/gzip"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"hexhail/geo"
)

// drive is the time between two nodes by their numbers in the file; −1 if there is no way.
func drive(t *testing.T, g *geo.Roads, from, to int64) float64 {
	t.Helper()
	ends := [2]geo.NodeID{-1, -1}
	for n := range geo.NodeID(g.Len()) {
		for i, label := range [2]int64{from, to} {
			if g.Label(n) == label {
				ends[i] = n
			}
		}
	}
	s, ok := g.TimeS(ends[0], ends[1])
	if !ok {
		return -1
	}
	return s
}

func TestReadCross(t *testing.T) {
	formats := map[string][]byte{
		"XML": []byte(cross().xml()), "PBF": cross().pbf(true, true),
		"PBF, nodes alone": cross().pbf(false, true), "PBF, not packed": cross().pbf(true, false),
	}
	for name, content := range formats {
		g, err := read(t, content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// Nodes 2 and 4 stay, as an edge would be longer than 150 m; 8 is on a footpath only.
		if g.Len() != 7 || g.Edges() != 12 {
			t.Errorf("%s: %d nodes, %d edges, want 7 and 12", name, g.Len(), g.Edges())
		}
		street, crossing := drive(t, g, 1, 5), drive(t, g, 6, 7)
		if math.Abs(street-400/(32/3.6)) > 0.1 || math.Abs(crossing-180/(16.09/3.6)) > 0.1 {
			t.Errorf("%s: %v s and %v s, want 400 m at 32 km/h, 180 m at 10 mph",
				name, street, crossing)
		}
	}
}

func TestRoadOf(t *testing.T) {
	both := road{speedKMH: 28, forward: true, backward: true}
	along := road{speedKMH: 28, forward: true}
	for _, c := range []struct {
		tags string
		want road
	}{
		{"highway=secondary", both},
		{"highway=secondary maxspeed=20", road{speedKMH: 20, forward: true, backward: true}},
		{"highway=secondary maxspeed=80", both},
		{"highway=secondary maxspeed=CN:urban", both},
		{"highway=secondary oneway=yes", along},
		{"highway=secondary oneway=-1", road{speedKMH: 28, backward: true}},
		{"highway=secondary oneway=yes oneway:taxi=no", both},
		{"highway=secondary junction=roundabout", along},
		{"highway=secondary junction=roundabout oneway=no", both},
		{"highway=motorway", road{speedKMH: 70, forward: true}},
		{"highway=motorway oneway=no", road{speedKMH: 70, forward: true, backward: true}},
		{"highway=secondary access=no", road{}},
		{"highway=secondary access=no psv=yes", both},
		{"highway=secondary taxi=no psv=yes", road{}},
		{"highway=secondary motor_vehicle=private", road{}},
		{"highway=secondary access=private motor_vehicle=destination", both},
		{"highway=service area=yes", road{}},
		{"highway=footway", road{}},
		{"building=yes", road{}},
	} {
		var all tags
		for _, pair := range strings.Fields(c.tags) {
			key, value, _ := strings.Cut(pair, "=")
			all = append(all, tag{key, value})
		}
		if got := roadOf(all); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.tags, got, c.want)
		}
	}
}

// Of two towns that no road joins the larger stays, and of a street that leads out of it nothing.
func TestTheLargestPartStays(t *testing.T) {
	w := cross()
	w.nodes = append(w.nodes, node{20, geo.Point{Lat: 41, Lng: 116}},
		node{21, geo.Point{Lat: 41.001, Lng: 116}}, node{22, geo.Point{Lat: 40.001, Lng: 116.01}})
	w.ways = append(w.ways,
		way{13, []int64{20, 21}, tags{{"highway", "primary"}}},
		way{14, []int64{5, 22}, tags{{"highway", "primary"}, {"oneway", "yes"}}})
	g, err := read(t, []byte(w.xml()))
	if err != nil {
		t.Fatal(err)
	}
	if g.Len() != 7 || g.Edges() != 12 {
		t.Errorf("%d nodes, %d edges, want 7 and 12", g.Len(), g.Edges())
	}
}

func TestLargestPartEqualsBruteForce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 300 {
		n := 1 + r.IntN(14)
		var edges []geo.RoadEdge
		var reach [14][14]bool
		for v := range n {
			reach[v][v] = true
		}
		for range r.IntN(3 * n) {
			from, to := r.IntN(n), r.IntN(n)
			reach[from][to] = true
			edges = append(edges, geo.RoadEdge{From: geo.NodeID(from), To: geo.NodeID(to)})
		}
		for k := range n {
			for i := range n {
				for j := range n {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		most, size := 0, 0
		in := largestPart(n, edges)
		for v := range n {
			part := 0
			for w := range n {
				if reach[v][w] && reach[w][v] {
					part++
				}
			}
			most = max(most, part)
			if !in[v] {
				continue
			}
			size++
			for w := range n {
				if in[w] != (reach[v][w] && reach[w][v]) {
					t.Fatalf("%d nodes, %v: %v", n, edges, in)
				}
			}
		}
		if size != most {
			t.Fatalf("%d nodes, %v: a part of %d, the largest has %d", n, edges, size, most)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	change := func(was, is string) []byte {
		text := cross().xml()
		if !strings.Contains(text, was) {
			t.Fatalf("no %q in the town", was)
		}
		return []byte(strings.Replace(text, was, is, 1))
	}
	long := cross()
	long.ways[0].refs = make([]int64, MaxWayNodes+1)
	pbf := cross().pbf(true, true)
	header := blob("OSMHeader", bytesField(4, []byte("OsmSchema-V0.6")), false)
	needs := blob("OSMHeader", bytesField(4, []byte("HistoricalInformation")), false)
	for _, c := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"nothing", nil, "empty"},
		{
			"HTML", []byte("<html></html>"),
			"is neither OpenStreetMap XML nor PBF: it begins with <html>",
		},
		{"text", []byte("node,lat,lng\n"), "ends too early"},
		{"cut XML", []byte(cross().xml())[:900], "XML: unexpected EOF"},
		{"no end", []byte("<osm><way id=\"1\">"), "XML: unexpected EOF"},
		{"id", change(`node id="4"`, `node id="x"`), `node: "x" is no id`},
		{"no id", change(`way id="11"`, `way`), `way: "" is no id`},
		{"ref", change(`ref="9"`, `ref="1.5"`), `way 11: "1.5" is no ref`},
		{
			"latitude", change(`lat="40.0000000"`, `lat="140"`),
			"node 1: lat 140 is not in [-90, 90]",
		},
		{"no number", change(`lat="40.0000000"`, `lat="N"`), `node 1: lat "N", lon`},
		{"twice", change(`node id="4"`, `node id="2"`), "node 2: is there twice"},
		{"long", []byte(long.xml()), "way 10: 2001 nodes, at most 2000"},
		{"long PBF", long.pbf(true, true), "way 10: 2001 nodes, at most 2000"},
		{"no roads", []byte("<osm></osm>"), "no road that a taxi may drive on"},
		{"cut PBF", pbf[:len(pbf)-3], "ends too early"},
		{"half a length", pbf[:2], "XML: illegal character code U+0000"},
		{"PBF with history", needs, `PBF: needs "HistoricalInformation"`},
		{
			"large header", framed(append([]byte("\n\tOSMHeader"), make([]byte, 70_000)...), nil),
			"PBF: a block of 70011 bytes, at most 65536",
		},
		{
			"large block", append(header[:len(header):len(header)], framed(message(
				bytesField(1, []byte("OSMData")), numberField(3, 1<<30)), nil)...),
			"PBF: a block of 1073741824 bytes, at most 33554432",
		},
		{
			"LZMA", append(header[:len(header):len(header)], framed(message(
				bytesField(1, []byte("OSMData")), numberField(3, 3)), bytesField(4, []byte{1}))...),
			"PBF: packed otherwise than with zlib",
		},
	} {
		_, err := read(t, c.content)
		var typed *geo.RoadError
		if !errors.As(err, &typed) || typed.File != "town" ||
			!strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want a RoadError with %q", c.name, err, c.want)
		}
	}
	broken := errors.New("broken")
	_, err := Read(geo.RoadFile{Name: "town", R: iotest.ErrReader(broken)})
	if !errors.Is(err, broken) {
		t.Errorf("a failure to read: %v", err)
	}
}

// A bomb of zeros unpacks to more than a block may have.
func TestReadRefusesABomb(t *testing.T) {
	header := blob("OSMHeader", bytesField(4, []byte("OsmSchema-V0.6")), false)
	bomb := append(header, blob("OSMData", make([]byte, maxBlobBytes+1), true)...)
	if _, err := read(t, bomb); err == nil || !strings.Contains(err.Error(), "more than 33554432") {
		t.Errorf("%v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(cross().xml()))
	f.Add(cross().pbf(true, true))
	f.Add(cross().pbf(true, false))
	f.Add(cross().pbf(false, false))
	f.Fuzz(func(t *testing.T, content []byte) {
		g, err := Read(geo.RoadFile{Name: "fuzz", R: bytes.NewReader(content)})
		if err == nil && (g.Len() == 0 || g.Edges() == 0) {
			t.Errorf("a graph of %d nodes and %d edges", g.Len(), g.Edges())
		}
		if err != nil && !strings.Contains(err.Error(), "fuzz") {
			t.Errorf("%v does not name the file", err)
		}
	})
}

// TestMonaco reads a real extract: every node reaches every other, and the hierarchy's times are
// those of Dijkstra's algorithm.
func TestMonaco(t *testing.T) {
	dir := os.Getenv("HEXHAIL_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	file, err := os.Open(filepath.Join(dir, "osm_extracts", "monaco.osm.gz"))
	if err != nil {
		t.Skipf("no real data: %v (set HEXHAIL_DATA)", err)
	}
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	g, err := Read(geo.RoadFile{Name: "monaco.osm", R: unpacked})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d nodes, %d edges", g.Len(), g.Edges())
	if g.Len() < 500 || g.Len() > 20_000 {
		t.Errorf("%d nodes", g.Len())
	}
	h := geo.NewHierarchy(g)
	for to := geo.NodeID(0); int(to) < g.Len(); to += geo.NodeID(g.Len() / 20) {
		for from := range geo.NodeID(g.Len()) {
			want, ok := g.TimeS(from, to)
			got := h.TimesMS(nil, []geo.NodePair{{From: from, To: to}})[0]
			if !ok || math.Abs(float64(got)-1000*want) > 0.5 {
				t.Fatalf("%d → %d: %d ms, want %v s", g.Label(from), g.Label(to), got, want)
			}
		}
	}
	heliport := geo.Point{Lat: 43.7263, Lng: 7.4197}
	casino := geo.Point{Lat: 43.7396, Lng: 7.4286}
	e := []geo.Estimate{{From: heliport, To: casino, DistanceM: geo.DistanceM(heliport, casino)}}
	geo.NewRoadTimes(g).Fill(e, -1)
	t.Logf("heliport to casino: %.0f m, %d s", e[0].DistanceM, e[0].TimeMS/1000)
	if e[0].Source != geo.SourceRoad || e[0].TimeMS < 180_000 || e[0].TimeMS > 720_000 {
		t.Errorf("%+v, want 3 to 12 minutes", e[0])
	}
}
