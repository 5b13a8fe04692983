package dispatch

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hexhail/geo"
)

// The stands of these tests: squares of about 200 m around these points.
var (
	inAirport = geo.Point{Lat: 40.05, Lng: 116.6}
	inStation = geo.Point{Lat: 39.9, Lng: 116.3}
	onTheRoad = geo.Point{Lat: 40, Lng: 116.5}
)

func squareText(mid geo.Point) string {
	corner := func(east, north float64) string {
		return fmt.Sprintf("[%f,%f]", mid.Lng+.001*east, mid.Lat+.001*north)
	}
	return `{"type":"Polygon","coordinates":[[` + strings.Join([]string{
		corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1), corner(-1, -1),
	}, ",") + `]]}`
}

func standText(id string, mid geo.Point, more string) string {
	return `{"id":"` + id + `","name":"A","name_zh":"甲","zone":` + squareText(mid) + more + `}`
}

func testStands(t testing.TB, rules string) City {
	t.Helper()
	stands, err := parseStands([]json.RawMessage{
		json.RawMessage(standText("airport", inAirport, rules)),
		json.RawMessage(standText("station", inStation, "")),
	})
	if err != nil {
		t.Fatal(err)
	}
	return City{ID: "beijing", Stands: stands}
}

// TestStandTranscripts replays what happens at two stands, the airport's with room for four taxis.
func TestStandTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/stand/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { replayStand(t, file) })
	}
}

func replayStand(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	q := newStandQueues(testStands(t, `,"max_taxis":4`))
	in := bufio.NewScanner(strings.NewReader(string(data)))
	output := false
	for in.Scan() {
		line := in.Text()
		switch {
		case line == "":
			output = false
		case line == "----":
			output = true
		case output:
		case strings.HasPrefix(line, "#"):
			fmt.Fprintln(&got, line)
		default:
			fmt.Fprintf(&got, "%s\n----\n", line)
			standCommand(t, &q, strings.Fields(line))
			describeStands(&got, &q)
		}
	}
	if os.Getenv("HEXHAIL_REWRITE") != "" {
		if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if got.String() != string(data) {
		t.Errorf("%s: got\n%s", file, got.String())
	}
}

// standCommand does what a line says: a second's offset, a verb, drivers, and what it is about.
func standCommand(t *testing.T, q *standQueues, words []string) {
	at, err := strconv.Atoi(strings.TrimPrefix(words[0], "+"))
	if err != nil {
		t.Fatal(err)
	}
	now := noon.Add(time.Duration(at) * time.Second)
	places := map[string]geo.Point{
		"airport": inAirport, "station": inStation, "road": onTheRoad,
	}
	last := words[len(words)-1]
	switch verb := words[1]; verb {
	case "idle", "busy": // at a place
		for _, driver := range words[2 : len(words)-1] {
			q.see(DriverID(driver), "T"+TaxiID(driver), places[last], verb == "idle", now)
		}
	case "leave":
		q.leave(DriverID(last), now)
	case "decline":
		q.tail(DriverID(last), now)
	case "claim":
		q.hold(DriverID(words[2]), RideID(last))
	case "rider_gone":
		q.giveBack(DriverID(words[2]), RideID(last), now)
	case "tick":
		q.lose(now)
	case "restart":
		var kept []Turn
		for _, p := range q.turns {
			kept = append(kept, p.Turn)
		}
		*q = newStandQueues(City{ID: q.city, Stands: q.stands})
		q.load(kept, now)
	default:
		t.Fatalf("unknown verb %q", verb)
	}
}

func describeStands(out *strings.Builder, q *standQueues) {
	for i, line := range q.lines {
		fmt.Fprint(out, q.stands[i].ID, ":")
		for _, p := range line {
			fmt.Fprintf(out, " %s", p.Driver)
			if p.outside > 0 {
				fmt.Fprintf(out, "(%d out)", p.outside)
			}
		}
		fmt.Fprintln(out)
	}
	var kept []string
	for _, p := range q.turns {
		if p.Ride != "" {
			kept = append(kept, fmt.Sprintf("%s for %s", p.Driver, p.Ride))
		}
	}
	if slices.Sort(kept); len(kept) > 0 {
		fmt.Fprintln(out, "kept:", strings.Join(kept, ", "))
	}
	for _, n := range q.gone {
		fmt.Fprintln(out, "gone:", n.Driver)
	}
	q.gone = nil
	fmt.Fprintln(out)
}

// slowStands is the model: one list for all, gone through from its head for everything.
type slowStands struct {
	city City
	all  []slowTurn // in the order of their places
}

type slowTurn struct {
	driver  DriverID
	stand   string
	outside int
	ride    RideID
	since   time.Time
	seen    time.Time
}

func (m *slowStands) find(driver DriverID) int {
	return slices.IndexFunc(m.all, func(s slowTurn) bool { return s.driver == driver })
}

func (m *slowStands) line(stand string) (drivers []DriverID) {
	for _, s := range m.all {
		if s.stand == stand && s.ride == "" {
			drivers = append(drivers, s.driver)
		}
	}
	return drivers
}

func (m *slowStands) drop(i int) { m.all = slices.Delete(m.all, i, i+1) }

func (m *slowStands) see(driver DriverID, place string, idle bool, now time.Time) {
	if i := m.find(driver); i >= 0 {
		m.all[i].seen = now
		if m.all[i].stand == place {
			m.all[i].outside = 0
			return
		}
		m.all[i].outside++
		if m.all[i].outside < 3 || m.all[i].ride != "" {
			return
		}
		m.drop(i)
	}
	room := map[string]int{"airport": 2, "station": 2000}[place]
	if idle && len(m.line(place)) < room {
		m.all = append(m.all, slowTurn{driver: driver, stand: place, since: now, seen: now})
	}
}

// standRun is one run of the machine beside its model, with what the rows have kept.
type standRun struct {
	city City
	q    standQueues
	m    *slowStands
	rows map[DriverID]Turn
	now  time.Time
	seen *standSeen
}

// standSeen counts what happened in all runs.
type standSeen struct{ tailed, kept, back, lost, full int }

func drawDriver(t *rapid.T) DriverID {
	return DriverID(rapid.SampledFrom([]string{"A", "B", "C", "D", "E", "F"}).Draw(t, "driver"))
}

func drawRide(t *rapid.T) RideID {
	return RideID(rapid.SampledFrom([]string{"R1", "R2"}).Draw(t, "ride"))
}

func (r *standRun) see(t *rapid.T) {
	d := drawDriver(t)
	place := rapid.SampledFrom([]string{"airport", "airport", "station", "road"}).Draw(t, "place")
	at := map[string]geo.Point{"airport": inAirport, "station": inStation, "road": onTheRoad}[place]
	idle := rapid.IntRange(0, 4).Draw(t, "idle") > 0
	if len(r.m.line("airport")) == 2 {
		r.seen.full++
	}
	r.q.see(d, "T"+TaxiID(d), at, idle, r.now)
	r.m.see(d, place, idle, r.now)
}

func (r *standRun) leave(t *rapid.T) {
	d := drawDriver(t)
	r.q.leave(d, r.now)
	if i := r.m.find(d); i >= 0 {
		r.m.drop(i)
	}
}

func (r *standRun) tail(t *rapid.T) {
	d := drawDriver(t)
	did := r.now.Add(-time.Duration(rapid.IntRange(0, 30).Draw(t, "ago")) * time.Second)
	r.q.tail(d, did)
	if i := r.m.find(d); i >= 0 && r.m.all[i].ride == "" && did.After(r.m.all[i].since) {
		s := r.m.all[i]
		s.since = did
		r.m.drop(i)
		r.m.all = append(r.m.all, s)
		r.seen.tailed++
	}
}

func (r *standRun) hold(t *rapid.T) {
	d, ride := drawDriver(t), drawRide(t)
	r.q.hold(d, ride)
	if i := r.m.find(d); i >= 0 {
		r.m.all[i].ride = ride
		r.seen.kept++
	}
}

func (r *standRun) giveBack(t *rapid.T) {
	d, ride := drawDriver(t), drawRide(t)
	r.q.giveBack(d, ride, r.now)
	if i := r.m.find(d); i >= 0 && r.m.all[i].ride == ride {
		r.m.all[i].ride, r.m.all[i].outside = "", 0
		r.seen.back++
	} else if i >= 0 {
		r.m.drop(i)
	}
}

func (r *standRun) lose(*rapid.T) {
	r.q.lose(r.now)
	before := len(r.m.all)
	r.m.all = slices.DeleteFunc(r.m.all, func(s slowTurn) bool {
		return s.ride == "" && s.seen.Before(r.now.Add(-300*time.Second))
	})
	r.seen.lost += before - len(r.m.all)
}

// restart writes what has changed, and begins anew with the rows.
func (r *standRun) restart(*rapid.T) {
	for d := range r.q.dirty {
		if p := r.q.turns[d]; p != nil {
			r.rows[d] = p.Turn
		} else {
			delete(r.rows, d)
		}
	}
	var turns []Turn
	for _, turn := range r.rows {
		turns = append(turns, turn)
	}
	r.q = newStandQueues(r.city)
	r.q.load(turns, r.now)
	for i := range r.m.all { // what need not outlive the engine
		r.m.all[i].outside, r.m.all[i].seen = 0, r.now
	}
}

func (r *standRun) check(t *rapid.T) {
	pass := rapid.SampledFrom([]int{0, 1, 7, 120}).Draw(t, "s")
	r.now = r.now.Add(time.Duration(pass) * time.Second)
	sameStands(t, &r.q, r.m, r.now)
}

// TestStandsAgainstModel: after any calls the queues are those of the model, and what was kept in
// rows makes the same queues again.
func TestStandsAgainstModel(t *testing.T) {
	city, seen := testStands(t, `,"max_taxis":2`), standSeen{}
	for range 20 {
		rapid.Check(t, func(t *rapid.T) {
			r := &standRun{
				city: city, q: newStandQueues(city), m: &slowStands{city: city},
				rows: map[DriverID]Turn{}, now: noon, seen: &seen,
			}
			t.Repeat(map[string]func(*rapid.T){
				"see": r.see, "see again": r.see, "leave": r.leave, "tail": r.tail, "hold": r.hold,
				"giveBack": r.giveBack, "lose": r.lose, "restart": r.restart, "": r.check,
			})
		})
	}
	if seen.tailed < 50 || seen.kept < 50 || seen.back < 10 || seen.lost < 10 || seen.full < 10 {
		t.Errorf("%+v: too few to tell", seen)
	}
}

func sameStands(t *rapid.T, q *standQueues, m *slowStands, now time.Time) {
	for i, stand := range []string{"airport", "station"} {
		want := m.line(stand)
		var got []DriverID
		for n, p := range q.lines[i] {
			got = append(got, p.Driver)
			r, ok := q.rank(p.Driver, now)
			if !ok || r.Rank != n+1 || r.Length != len(want) || string(r.Stand) != stand {
				t.Fatalf("%s: rank %+v, %v, at place %d", p.Driver, r, ok, n)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s: %v, want %v", stand, got, want)
		}
	}
	if len(q.turns) != len(m.all) {
		t.Fatalf("%d turns, want %d", len(q.turns), len(m.all))
	}
	for _, s := range m.all {
		if _, ok := q.rank(s.driver, now); ok != (s.ride == "") {
			t.Fatalf("%s has a rank: %v", s.driver, ok)
		}
	}
}

func TestBadStands(t *testing.T) {
	crossed := strings.Replace(standText("a", inAirport, ""),
		"[116.601000,40.049000]", "[116.599000,40.051500]", 1)
	head, huge := `{"id":"a","name":"A","name_zh":"甲"`,
		`{"type":"Polygon","coordinates":[[[116,40],[117,40],[117,41],[116,40]]]}`
	airport := func(more string) string { return standText("a", inAirport, more) }
	for name, c := range map[string]struct{ text, key string }{
		"no zone":      {head + `}`, "stands[0].zone"},
		"no id":        {standText("", inAirport, ""), "stands[0].id"},
		"no name":      {`{"id":"a","name_zh":"甲","zone":` + huge + `}`, "stands[0].name"},
		"unknown key":  {airport(`,"x":1`), "stands[0]"},
		"exit":         {airport(`,"exit_fixes":0`), "stands[0].exit_fixes"},
		"lost":         {airport(`,"lost_s":10`), "stands[0].lost_s"},
		"taxis":        {airport(`,"max_taxis":5001`), "stands[0].max_taxis"},
		"pickups":      {airport(`,"pickups":{"type":"Point"}`), "stands[0].pickups.type"},
		"crossed":      {crossed, "stands[0].zone.coordinates[0]"},
		"a whole city": {head + `,"zone":` + huge + `}`, "stands[0].zone.coordinates"},
		"twice":        {airport("") + "," + airport(""), "stands[1].id"},
	} {
		text := `{"id":"x","name":"X","name_zh":"某","time_zone":"Asia/Shanghai",` +
			`"center":{"lat":40,"lng":116},"tariff":"beijing","stands":[` + c.text + `]}`
		_, err := ParseCity("some.json", []byte(text))
		var typed *Error
		if !errors.As(err, &typed) || typed.Kind != Invalid ||
			!strings.Contains(err.Error(), "some.json") || !strings.Contains(err.Error(), c.key) {
			t.Errorf("%s: %v, want an error that names some.json and %s", name, err, c.key)
		}
	}
	many := make([]json.RawMessage, MaxStands+1)
	if _, err := parseStands(many); ReasonOf(err) != ReasonField {
		t.Errorf("too many stands: %v", err)
	}
}
