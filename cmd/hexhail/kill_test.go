// Not under -race: all the work is done by processes, which are built without it.

//go:build !race

package main

import (
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"hexhail/bus/bustest"
	"hexhail/dispatch"
	"hexhail/geo"
	opspb "hexhail/pb/hexhail/ops/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// city is where the simulated crowds of these tests live.
const city = "beijing"

// evening is when it wants to ride.
var evening = time.Date(2014, 2, 26, 17, 0, 0, 0, time.FixedZone("", 8*3600))

// play is how a crowd lives in a town.
type play struct {
	riders, taxis int
	span          time.Duration // of the demand, city time
	rate          float64       // city seconds in a second
}

// villageDeg is from the middle of the village to its edge: 600 m, two minutes' drive.
const villageDeg = 0.006

// village is the middle of a city with short rides; their files are for the simulator.
func village(t testing.TB, p play) (trips, taxis string) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed of the village %d", seed)
	luck := rand.New(rand.NewPCG(seed, 1))
	home, err := dispatch.LoadCity(city)
	must(t, err)
	near := func() geo.Point {
		return geo.Point{
			Lat: home.Center.Lat + villageDeg*(2*luck.Float64()-1),
			Lng: home.Center.Lng + villageDeg*(2*luck.Float64()-1),
		}
	}
	degrees := func(p geo.Point) []string {
		return []string{
			strconv.FormatFloat(p.Lat, 'f', 6, 64), strconv.FormatFloat(p.Lng, 'f', 6, 64),
		}
	}
	rows := [][]string{{"t_request", "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng"}}
	for i := range p.riders {
		at := evening.Add(p.span * time.Duration(i) / time.Duration(p.riders))
		row := append([]string{at.Format(time.DateTime)}, degrees(near())...)
		rows = append(rows, append(row, degrees(near())...))
	}
	trips = csvFile(t, rows)
	rows = [][]string{{"t_available", "taxi_id", "lat", "lng", "capacity"}}
	for i := range p.taxis {
		row := append([]string{
			evening.Add(-time.Hour).Format(time.DateTime), strconv.Itoa(i),
		}, degrees(near())...)
		rows = append(rows, append(row, "4"))
	}
	return trips, csvFile(t, rows)
}

func csvFile(t testing.TB, rows [][]string) string {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "*.csv")
	must(t, err)
	must(t, csv.NewWriter(file).WriteAll(rows))
	must(t, file.Close())
	return file.Name()
}

// clockArgs are a server's whose clock comes to the first request in about 5 s.
func (p play) clockArgs() []string {
	return p.clockArgsFrom(evening.Add(-time.Duration(p.rate * float64(5*time.Second))))
}

func (p play) clockArgsFrom(at time.Time) []string {
	return []string{
		"--cities", city + "," + witnessCity, "--rate-per-s", "100000", "--drain-for", "1s",
		"--clock-rate", fmt.Sprint(p.rate), "--clock-epoch", at.Format(time.RFC3339),
	}
}

// crowd is a simulator as a process, and a witness beside it.
type crowd struct {
	w       *town
	sim     *process
	report  string
	witness *witness
}

// newCrowd sets a village's people to work in a town; more are arguments of the simulator.
func newCrowd(t testing.TB, w *town, p play, more ...string) *crowd {
	t.Helper()
	trips, taxis := village(t, p)
	return newCrowdOf(t, w, append([]string{
		"--city", city, "--trips", trips, "--taxis", taxis, "--boarding", "20s",
		"--alighting", "5s", "--fix-every", "8s",
	}, more...)...)
}

func newCrowdOf(t testing.TB, w *town, args ...string) *crowd {
	t.Helper()
	c := &crowd{w: w, report: filepath.Join(t.TempDir(), "report.json")}
	c.sim = launch(t, c.report+".log", program(t), append([]string{
		"sim", "--mode", "live", "--addr", w.grpc, "--key", filepath.Join(w.dir, "token.key"),
		"--report", c.report,
	}, args...)...)
	c.witness = newWitness(t, w)
	return c
}

// load is what a life of the server must have seen before its end counts: rides that came to a
// stage, rides that are in a state when it ends, and answers to the witness.
type load struct {
	requested, claimed, started int
	searching, assigned, onTrip int
	answers                     int
}

// reached waits for a load. It fails if the crowd is through before.
func (c *crowd) reached(t testing.TB, least load) {
	t.Helper()
	before, _ := c.witness.seen()
	var is load
	eventually(t, "the load is reached", patience, func() bool {
		select {
		case <-c.sim.exited:
			t.Log(c.w.figures().of("hexhail_taxis", "hexhail_round", "hexhail_engine",
				"hexhail_bus", "hexhail_searching", "hexhail_offers", "hexhail_commit"))
			t.Fatalf("the crowd has ended (%v) at %+v: a kill needs %+v", c.sim.err, is, least)
		default:
		}
		f := c.w.figures()
		answers, _ := c.witness.seen()
		is = load{
			requested: f.stage(c.w.city, "requested"), claimed: f.stage(c.w.city, "claimed"),
			started: f.stage(c.w.city, "started"), answers: answers - before,
		}
		if is.requested < least.requested || is.claimed < least.claimed ||
			is.started < least.started || is.answers < least.answers {
			return false
		}
		is.searching = c.w.count(c.w.city, typepb.RideState_RIDE_STATE_SEARCHING, least.searching)
		is.assigned = c.w.count(c.w.city, typepb.RideState_RIDE_STATE_ASSIGNED, least.assigned)
		is.onTrip = c.w.count(c.w.city, typepb.RideState_RIDE_STATE_ON_TRIP, least.onTrip)
		return is.searching >= least.searching && is.assigned >= least.assigned &&
			is.onTrip >= least.onTrip
	})
	t.Logf("reached %+v", is)
}

// closes waits for the crowd's end, and looks whether the promises were kept.
func (c *crowd) closes(t *testing.T) outcome {
	t.Helper()
	if err := c.sim.ended(t, 10*patience); err != nil {
		t.Errorf("the crowd: %v", err)
	}
	text, err := os.ReadFile(c.report)
	must(t, err)
	o := outcome{acks: c.witness.done()}
	if len(text) == 0 {
		t.Fatal("no report")
	}
	o.report = parsed(t, string(text))
	o.rides, o.held = c.w.rides(c.w.city), c.w.held(c.w.city)
	o.found = c.w.find(o.acks)
	o.books, err = c.w.ops.AuditBooks(c.w.asOps(), &opspb.AuditBooksRequest{})
	must(t, err)
	for i, fault := range o.faults() {
		if i == 20 {
			t.Errorf("… and more")
			break
		}
		t.Error(fault)
	}
	_, tries := c.witness.seen()
	r := o.report
	t.Logf("%d requests, %d completed, %d expired, %d cancelled, %d reconnects; the witness has "+
		"%d answers of %d rides, %d calls made again; refused %v; %.0f s", r.Requests, r.Completed,
		r.Expired, r.Cancelled, r.Reconnects, len(o.acks), len(o.found), tries, r.Refused, r.WallS)
	return o
}

// atWork is what a kill in the village needs.
var atWork = load{
	requested: 40, claimed: 30, started: 10, searching: 2, assigned: 5, onTrip: 5, answers: 30,
}

// evenings are lived by 500 riders and 150 taxis.
var evenings = play{riders: 500, taxis: 150, span: 8 * time.Minute, rate: 20}

// kills ends the server by force three times, each time at work; between does more to a server
// that is dead.
func kills(t *testing.T, c *crowd, least load, times int, between func(life int)) {
	t.Helper()
	for life := range times {
		c.reached(t, least)
		c.w.server.kill()
		between(life)
		begun := time.Now()
		c.w.start()
		c.w.awake()
		t.Logf("started again in %.1f s", time.Since(begun).Seconds())
	}
}

// TestKillAndDrain is I2 and I16 through the API, on servers that run as processes, all at once:
// most of a town's time is waiting for its clock. TestKillOutcomeFaults has the mutants of the
// check; those of the server are killed by the store's crash tests at each failpoint.
func TestKillAndDrain(t *testing.T) {
	program(t)
	var all sync.WaitGroup
	for name, test := range map[string]func(*testing.T){
		"Kill/SQLite": func(t *testing.T) { killEmbedded(t, func(*town) {}) },
		"Kill/WithoutItsMessages": func(t *testing.T) {
			killEmbedded(t, func(w *town) { must(t, os.RemoveAll(filepath.Join(w.dir, "nats"))) })
		},
		"Kill/PostgresAndNATS": killExternal,
		"Kill/Paying":          killPaying,
		"Drain":                drainTwice,
	} {
		all.Go(func() { t.Run(name, test) }) // t.Parallel would let two at a time run on two cores
	}
	all.Wait()
}

// killEmbedded kills a server that has all in one process, three times while rides are searching,
// assigned and on trip. What it had acknowledged comes to an end, nothing happens twice, the books
// close.
func killEmbedded(t *testing.T, between func(*town)) {
	w := newTown(t, evenings.clockArgs()...)
	c := newCrowd(t, w, evenings)
	kills(t, c, atWork, 3, func(int) { between(w) })
	o := c.closes(t)
	if o.report.Reconnects < 2*evenings.taxis { // some were still away at the next kill
		t.Errorf("%d reconnects of %d phones", o.report.Reconnects, evenings.taxis)
	}
}

// killExternal is the same on an external nats-server and on Postgres: the NATS server is killed
// too, once together with the server and without what it had stored, once alone.
func killExternal(t *testing.T) {
	url := schemaURL(t)
	least := load{
		requested: 20, claimed: 15, started: 5, searching: 1, assigned: 5, onTrip: 5, answers: 20,
	}
	nats := startNATS(t)
	p := play{riders: 300, taxis: 100, span: 10 * time.Minute, rate: 15}
	w := newTown(t, append(p.clockArgs(), "--store", url, "--nats", "nats://"+nats.address)...)
	c := newCrowd(t, w, p)
	kills(t, c, least, 2, func(life int) {
		if life == 1 {
			nats.kill()
			must(t, os.RemoveAll(nats.store))
			nats.start(t)
		}
	})
	c.reached(t, least)
	nats.kill()
	eventually(t, "the outage is noticed", patience, func() bool {
		_, err := w.get("/readyz")
		return err != nil
	})
	nats.start(t)
	w.awake()
	kills(t, c, least, 1, func(int) {})
	c.closes(t)
}

// natsProcess is an external server at an address that outlives it.
type natsProcess struct {
	*process
	binary, address, store string
}

func startNATS(t testing.TB) *natsProcess {
	t.Helper()
	n := &natsProcess{
		binary: natsServer(t), address: bustest.FreeAddress(t),
		store: filepath.Join(t.TempDir(), "nats"),
	}
	n.start(t)
	return n
}

func (n *natsProcess) start(t testing.TB) {
	t.Helper()
	host, port, err := net.SplitHostPort(n.address)
	must(t, err)
	n.process = launch(t, n.store+".log", n.binary, "-a", host, "-p", port, "-js", "-sd", n.store)
	eventually(t, "NATS listens", patience, func() bool {
		conn, err := net.Dial("tcp", n.address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// schemaURL leads into a schema of the test's own on the Postgres of HEXHAIL_POSTGRES. At a desk
// without one the test skips; where one has to be, it fails.
func schemaURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv("HEXHAIL_POSTGRES")
	if server == "" {
		if os.Getenv("HEXHAIL_REQUIRE_POSTGRES") == "1" || os.Getenv("CI") == "true" {
			t.Fatal("no Postgres: HEXHAIL_POSTGRES is not set")
		}
		t.Skip("SKIPPED: no Postgres; set HEXHAIL_POSTGRES or run scripts/test")
	}
	admin, err := sql.Open("pgx", server)
	must(t, err)
	schema := fmt.Sprintf("kill_%016x", rand.Uint64())
	_, err = admin.ExecContext(t.Context(), "CREATE SCHEMA "+schema)
	must(t, err)
	t.Cleanup(func() {
		_, err := admin.ExecContext(context.Background(), "DROP SCHEMA "+schema+" CASCADE")
		must(t, errors.Join(err, admin.Close()))
	})
	u, err := url.Parse(server)
	must(t, err)
	values := u.Query()
	values.Set("search_path", schema)
	u.RawQuery = values.Encode()
	return u.String()
}

// drainTwice asks a server to end: it tells its sessions, ends well, and its phones come back when
// they were told to. The second time some are still to come.
func drainTwice(t *testing.T) {
	p := play{riders: 400, taxis: 300, span: 5 * time.Minute, rate: 15}
	w := newTown(t, p.clockArgs()...)
	c := newCrowd(t, w, p)
	probes := newProbes(t, c.witness, witnessPeople)
	c.drains(t, probes, 2, load{requested: 20, claimed: 10, answers: 20}, p.taxis/10)
	o := c.closes(t)
	if o.report.Reconnects < p.taxis {
		t.Errorf("%d reconnects of %d phones", o.report.Reconnects, p.taxis)
	}
}

// drains asks the server to end, some times, each time at work, with at least so many sessions.
func (c *crowd) drains(t *testing.T, p *probes, times int, least load, sessions int) {
	t.Helper()
	for n := range times {
		c.reached(t, least)
		eventually(t, "the sessions are there", 2*patience, func() bool {
			return p.isUp(witnessPeople) && int(c.w.figures()["hexhail_sessions"]) >= sessions
		})
		begun := time.Now()
		c.w.terminate()
		took := time.Since(begun)
		c.w.start()
		c.w.awake()
		p.mu.Lock()
		if p.drains != witnessPeople*(n+1) || p.late > 0 || len(p.ends) > 0 {
			t.Errorf("of %d probes %d were told to go by now, %d with a wrong time: %v",
				witnessPeople, p.drains, p.late, p.ends)
		}
		p.mu.Unlock()
		t.Logf("drained in %.1f s", took.Seconds())
	}
}
