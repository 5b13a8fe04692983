package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhail/bus/bustest"
	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// Clients that are not ours: what a stranger would use, against the service as serve wires it.

// missing skips at a desk and fails in CI: nothing passes there that was not done.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	text := fmt.Sprintf(format, args...)
	if os.Getenv("CI") == "true" {
		t.Fatal(text)
	}
	t.Skip("SKIPPED: " + text)
}

// found is a program of the machine.
func found(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, "%s is not installed: scripts/test does it", name)
	}
	return path
}

// moduleRoot is the folder of go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return root
}

// builtTools are grpcurl and ghz, built once; what is up to date in bin/tools stays.
var builtTools struct {
	sync.Once
	err error
}

// goTool is a program of tools/clients.
func goTool(t *testing.T, name string) string {
	t.Helper()
	root, dir := moduleRoot(t), filepath.Join(moduleRoot(t), "bin", "tools")
	builtTools.Do(func() {
		if builtTools.err = os.MkdirAll(dir, 0o755); builtTools.err != nil {
			return
		}
		module := filepath.Join(root, "tools", "clients")
		out, err := exec.CommandContext(t.Context(),
			"go", "-C", module, "build", "-o", dir+"/", "tool").CombinedOutput()
		if err != nil {
			builtTools.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if builtTools.err != nil {
		missing(t, "%s is not there: %v", name, builtTools.err)
	}
	return filepath.Join(dir, name)
}

// output runs a program to its end and returns what it prints.
func output(t *testing.T, cmd *exec.Cmd) []byte {
	t.Helper()
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", filepath.Base(cmd.Path), err, out, &errs)
	}
	return out
}

// curl is a call with grpcurl, which knows no schema but what reflection tells.
func (c *cast) curl(w who, method string, request any) *exec.Cmd {
	c.t.Helper()
	body, err := json.Marshal(request)
	c.ok(err)
	return exec.CommandContext(c.t.Context(), goTool(c.t, "grpcurl"), "-plaintext",
		"-max-time", "30", "-H", "authorization: Bearer "+c.token(c.caller(w, w)),
		"-d", string(body), c.grpcAddr(), method)
}

type object = map[string]any

// spot is a place in JSON.
func (c *cast) spot(northKM float64) object {
	at := c.at(northKM)
	return object{"point": object{"lat": at.Lat, "lng": at.Lng, "datum": "DATUM_WGS84"}}
}

func TestGrpcurlRidesOverReflection(t *testing.T) {
	t.Parallel()
	c := &cast{realm: openRealm(t), n: 1}
	c.now = c.service.clock.Now()
	c.enrol()
	listed := output(t, exec.CommandContext(t.Context(), goTool(t, "grpcurl"), "-plaintext",
		c.grpcAddr(), "list"))
	for _, name := range services {
		if !slices.Contains(strings.Fields(string(listed)), string(name)) {
			t.Errorf("%s is not listed", name)
		}
	}
	// A stream of the client's: two messages of rows.
	rows := c.curl(staff, "hexhail.ops.v1.OpsService/ImportRiders", nil)
	rows.Args[slices.Index(rows.Args, "-d")+1] = `{"rows":[{"id":"curl-1","name":"Ein"}]}
		{"rows":[{"id":"curl-2","name":"Zwei"},{"id":"curl-3","name":"Drei"}]}`
	if got := string(output(t, rows)); !strings.Contains(got, `"added": 3`) {
		t.Errorf("imported %s", got)
	}
	c.cruise(driverOne, 0)
	way := object{"city": "beijing", "pickup": c.spot(0), "dropoff": c.spot(5)}
	var quoted struct {
		Quote struct{ LowFen, HighFen, Pickup string }
		Taxis []object
	}
	c.ok(json.Unmarshal(output(t,
		c.curl(riderOne, "hexhail.rider.v1.RiderService/QuoteRide", way)), &quoted))
	if quoted.Quote.LowFen == "" || quoted.Quote.Pickup == "" || len(quoted.Taxis) != 1 {
		t.Errorf("quoted %+v", quoted)
	}
	way["request_id"], way["seats"], way["pay_by"] = "curl", 1, "cash"
	var requested struct{ Ride struct{ RideID string } }
	c.ok(json.Unmarshal(output(t,
		c.curl(riderOne, "hexhail.rider.v1.RiderService/RequestRide", way)), &requested))
	c.watchToTheEnd(c.curl(riderOne, "hexhail.rider.v1.RiderService/WatchRide",
		object{"ride_id": requested.Ride.RideID}))
}

// watchToTheEnd has grpcurl watch a ride while driverOne drives it: all states are seen, in order,
// and the watch ends with the ride.
func (c *cast) watchToTheEnd(watch *exec.Cmd) {
	c.t.Helper()
	pipe, err := watch.StdoutPipe()
	c.ok(err)
	c.ok(watch.Start())
	var seen []string
	lines := json.NewDecoder(pipe)
	for seq := 1; ; seq++ {
		var m struct {
			Seq  string
			Ride struct{ State string }
		}
		err := lines.Decode(&m)
		if errors.Is(err, io.EOF) {
			break
		}
		c.ok(err)
		if m.Seq != fmt.Sprint(seq) {
			c.t.Errorf("message %d has seq %s", seq, m.Seq)
		}
		if m.Ride.State == "" {
			continue
		}
		seen = append(seen, m.Ride.State)
		if len(seen) == 1 { // it watches
			c.serveAsDriver()
		}
	}
	if err := watch.Wait(); err != nil {
		c.t.Errorf("the watch ended with %v", err)
	}
	want := []string{"SEARCHING", "ASSIGNED", "ARRIVED", "ON_TRIP", "COMPLETED", "SETTLED"}
	for i, state := range seen {
		seen[i] = strings.TrimPrefix(state, "RIDE_STATE_")
	}
	// A watch may skip states that pass while it is told of another, but goes never back.
	if !slices.IsSortedFunc(seen, func(a, b string) int {
		return slices.Index(want, a) - slices.Index(want, b)
	}) || seen[0] != want[0] || seen[len(seen)-1] != want[len(want)-1] {
		c.t.Errorf("states %v", seen)
	}
}

// serveAsDriver takes the next ride that driverOne is offered to its end, with unary calls.
func (c *cast) serveAsDriver() {
	c.t.Helper()
	app, ctx := driverpb.NewDriverServiceClient(c.conn()), c.as(driverOne)
	var offer *driverpb.Offer
	for deadline := time.Now().Add(30 * time.Second); offer == nil; {
		if time.Now().After(deadline) {
			c.t.Fatal("no offer")
		}
		got, err := app.GetSnapshot(ctx, &driverpb.GetSnapshotRequest{})
		c.ok(err)
		offer = got.GetSnapshot().GetOffer()
	}
	_, err := app.AckOffer(ctx, &driverpb.AckOfferRequest{OfferId: offer.GetOfferId()})
	c.ok(err)
	ride := &driverpb.RideAction{RideId: offer.GetRideId()}
	for _, command := range []*driverpb.Command{
		{Action: &driverpb.Command_Accept{Accept: &driverpb.OfferAnswer{
			OfferId: offer.GetOfferId(),
		}}},
		{Action: &driverpb.Command_Arrived{Arrived: ride}},
		{Action: &driverpb.Command_Started{Started: ride}},
		{Action: &driverpb.Command_Completed{Completed: &driverpb.Completion{
			RideId: offer.GetRideId(), MeterFen: 1100,
		}}},
		{Action: &driverpb.Command_CashReceived{CashReceived: ride}},
	} {
		command.RequestId = c.fresh()
		_, err := app.GiveCommand(ctx, &driverpb.GiveCommandRequest{Command: command})
		c.ok(err)
	}
}

func TestGhzCallsThousandsOfTimes(t *testing.T) {
	c := &cast{realm: openRealm(t), n: 1}
	const calls = 3000
	header, err := json.Marshal(object{
		"authorization": "Bearer " + c.token(c.caller(riderOne, riderOne)),
	})
	c.ok(err)
	out := output(t, exec.CommandContext(t.Context(), goTool(t, "ghz"), "--insecure",
		"--call", "hexhail.ops.v1.OpsService.GetClock", "-m", string(header), "-d", "{}",
		"-n", fmt.Sprint(calls), "-c", "20", "--connections", "4", "-O", "json", c.grpcAddr()))
	var got struct {
		Count                  int
		RPS                    float64
		StatusCodeDistribution map[string]int
		ErrorDistribution      map[string]int
	}
	c.ok(json.Unmarshal(out, &got))
	if got.Count != calls || got.StatusCodeDistribution["OK"] != calls ||
		len(got.ErrorDistribution) > 0 {
		t.Errorf("%+v", got)
	}
	t.Logf("%d calls, %.0f a second", got.Count, got.RPS)
}

// scrape is the page of metrics as it is now.
func (r *realm) scrape() []byte {
	r.t.Helper()
	text, err := get(r.t.Context(), "http://"+r.service.httpAt.Addr().String()+"/metrics")
	r.ok(err)
	return text
}

func get(ctx context.Context, url string) (text []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	if text, err = io.ReadAll(answer.Body); err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, answer.Status, text)
	}
	return text, err
}

func TestPrometheusScrapesTheFunnel(t *testing.T) {
	t.Parallel()
	program, checker := found(t, "prometheus"), found(t, "promtool")
	c := &cast{realm: openRealm(t), n: 1}
	c.now = c.service.clock.Now()
	c.enrol()
	c.cruise(driverOne, 0)
	_, err := riderpb.NewRiderServiceClient(c.conn()).RequestRide(c.as(riderOne),
		&riderpb.RequestRideRequest{
			RequestId: "one", City: "beijing", Seats: 1, PayBy: "cash",
			Pickup: placeOf(c.at(0)), Dropoff: placeOf(c.at(5)),
		})
	c.ok(err)
	c.serveAsDriver()

	check := exec.CommandContext(t.Context(), checker, "check", "metrics")
	check.Stdin = bytes.NewReader(c.scrape())
	if text, err := check.CombinedOutput(); err != nil || len(text) > 0 {
		t.Errorf("promtool: %v\n%s", err, text)
	}
	p := c.prometheus(program)
	p.soon(`count_over_time(up{job="hexhail"}[1m]) >= bool 4`, "1")
	p.soon(`min_over_time(up{job="hexhail"}[1m])`, "1")
	for _, act := range []string{"requested", "offered", "claimed", "completed", "settled"} {
		p.soon(fmt.Sprintf(
			`hexhail_rides_total{job="hexhail", city="beijing", kind="hailed", act=%q}`, act), "1")
	}
	p.soon(`hexhail_rides_total{city="beijing", kind="hailed", act="expired"}`, "0")
}

// prometheus is one that scrapes the service every second.
type prometheus struct {
	t    *testing.T
	addr string
}

func (r *realm) prometheus(program string) prometheus {
	r.t.Helper()
	dir := r.t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	r.ok(os.WriteFile(config, fmt.Appendf(nil, "global: {scrape_interval: 1s}\n"+
		"scrape_configs: [{job_name: hexhail, static_configs: [{targets: [%q]}]}]\n",
		r.service.httpAt.Addr()), 0o600))
	at := bustest.FreeAddress(r.t)
	var log bytes.Buffer
	cmd := exec.Command(program, "--config.file", config, "--storage.tsdb.path",
		filepath.Join(dir, "data"), "--web.listen-address", at)
	cmd.Stderr = &log
	r.ok(cmd.Start())
	r.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if r.t.Failed() {
			r.t.Log(log.String())
		}
	})
	return prometheus{r.t, at}
}

// soon asks until the answer is the one that is wanted.
func (p prometheus) soon(query, want string) {
	p.t.Helper()
	var got string
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		text, err := get(p.t.Context(),
			"http://"+p.addr+"/api/v1/query?query="+url.QueryEscape(query))
		got = fmt.Sprintf("%s %v", text, err)
		var answer struct {
			Data struct{ Result []struct{ Value [2]any } }
		}
		if err == nil && json.Unmarshal(text, &answer) == nil && len(answer.Data.Result) == 1 &&
			answer.Data.Result[0].Value[1] == want {
			return
		}
		select {
		case <-p.t.Context().Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	p.t.Errorf("%s is not %s: %s", query, want, got)
}

// nodeFolder is testdata/node with its packages, made in bin/tools once for each lock file.
func nodeFolder(t *testing.T) string {
	t.Helper()
	found(t, "node")
	npm, dir := found(t, "npm"), filepath.Join(moduleRoot(t), "bin", "tools", "node")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	same := true
	for _, name := range []string{".npmrc", "package.json", "package-lock.json", "driver.js"} {
		text, err := os.ReadFile(filepath.Join("testdata", "node", name))
		if err != nil {
			t.Fatal(err)
		}
		there, _ := os.ReadFile(filepath.Join(dir, name))
		if bytes.Equal(there, text) {
			continue
		}
		same = same && name == "driver.js"
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	installed := filepath.Join(dir, "node_modules", ".package-lock.json") // npm's last word
	if _, err := os.Stat(installed); err == nil && same {
		return dir
	}
	_ = os.Remove(installed)
	cmd := exec.CommandContext(t.Context(), npm, "ci")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		missing(t, "npm ci: %v\n%s", err, out)
	}
	return dir
}

func TestNodeHoldsDriveThroughARide(t *testing.T) {
	t.Parallel()
	dir, root := nodeFolder(t), moduleRoot(t)
	c := &cast{realm: openRealm(t), n: 1}
	c.now = c.service.clock.Now()
	c.enrol()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	at := c.at(0)
	app := exec.CommandContext(ctx, found(t, "node"), "driver.js", c.grpcAddr(),
		c.token(c.caller(driverOne, driverOne)), c.taxi(driverOne), fmt.Sprint(at.Lat),
		fmt.Sprint(at.Lng), filepath.Join(root, "pb"), filepath.Join(root, "third_party"))
	app.Dir = dir
	var heard, complained bytes.Buffer
	app.Stdout, app.Stderr = &heard, &complained
	c.ok(app.Start())
	rode := c.rideAsRider(ctx)
	if rode != nil {
		cancel()
	}
	if err := app.Wait(); err != nil || rode != nil {
		t.Fatalf("the rider: %v\nthe driver's app: %v\n%s%s", rode, err, &heard, &complained)
	}
	messages, seq := map[string]int{}, 0
	for lines := json.NewDecoder(&heard); lines.More(); {
		var m struct{ Seq, Message string }
		c.ok(lines.Decode(&m))
		messages[m.Message]++
		if seq++; m.Seq != fmt.Sprint(seq) {
			t.Errorf("message %d has seq %s", seq, m.Seq)
		}
	}
	// The results of set_duty, accept, arrived, started, completed and cash_received.
	if messages["welcome"] != 1 || messages["snapshot"] != 1 || messages["offer"] != 1 ||
		messages["result"] != 6 || messages["fixesRefused"] > 0 {
		t.Errorf("the driver's app has heard %v", messages)
	}
}

// rideAsRider asks for a taxi and watches until the ride is paid for.
func (c *cast) rideAsRider(ctx context.Context) error {
	ctx = wire.WithToken(ctx, c.token(c.caller(riderOne, riderOne)))
	app := riderpb.NewRiderServiceClient(c.conn())
	got, err := app.RequestRide(ctx, &riderpb.RequestRideRequest{
		RequestId: "ride", City: "beijing", Seats: 1, PayBy: "cash",
		Pickup: placeOf(c.at(0)), Dropoff: placeOf(c.at(5)),
	})
	if err != nil {
		return err
	}
	watch, err := app.WatchRide(ctx, &riderpb.WatchRideRequest{RideId: got.GetRide().GetRideId()})
	if err != nil {
		return err
	}
	var last *typepb.Ride
	for {
		m, err := watch.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if m.GetRide() != nil {
			last = m.GetRide()
		}
	}
	if last.GetState() != typepb.RideState_RIDE_STATE_SETTLED ||
		last.GetFare().GetMeterFen() != 1100 || last.GetCard().GetPlate() != c.plate(driverOne) {
		return fmt.Errorf("the ride has ended as %v", last)
	}
	return nil
}

// The lock file holds for every registry: it names none.
func TestTheLockNamesNoRegistry(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "node", "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), `"resolved"`) || strings.Contains(string(text), "registry") {
		t.Error("a package is bound to a registry: see .npmrc")
	}
	if n := strings.Count(string(text), `"integrity"`); n < 20 {
		t.Errorf("%d packages have a checksum", n)
	}
}
