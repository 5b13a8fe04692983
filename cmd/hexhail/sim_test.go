// Not under -race: a virtual city is one goroutine's.

//go:build !race

package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hexhail/sim"
)

// small is a town of a few short rides: under -race each second of a city's scans is 10 ms.
var small = []string{
	"sim", "--requests", "200", "--fleet", "60", "--duration", "2m", "--seed", "10",
}

func parsed(t *testing.T, data string) sim.Report {
	t.Helper()
	var r sim.Report
	if err := json.Unmarshal([]byte(data), &r); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return r
}

func TestSimRunsATown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, []byte(strings.Repeat("older\n", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := hexhail(t.Context(), append(small, "--report", path)...)
	if code != exitOK {
		t.Fatalf("code %d, stderr %s", code, stderr)
	}
	// The line that scripts/bench reads.
	if !regexp.MustCompile(`(?m)^wall_s=[0-9.]+ fixes_per_s=[0-9]+`).MatchString(stdout) {
		t.Errorf("no wall_s in %s", stdout)
	}
	if !strings.Contains(stderr, "taxis") || strings.Contains(stderr, "\r") {
		t.Errorf("progress by lines: %q", stderr)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := parsed(t, string(data))
	if r.Requests < 3 || r.Completed < 1 || r.Fleet != 60 || r.DoubleClaims != 0 ||
		!r.BooksClose || !r.Books.Close() || r.Fixes == 0 || r.WallS <= 0 {
		t.Errorf("report %+v", r)
	}
}

func TestSimReplaysFiles(t *testing.T) {
	dir := t.TempDir()
	trips, taxis := filepath.Join(dir, "trips.csv"), filepath.Join(dir, "taxis.csv")
	for path, text := range map[string]string{
		trips: "t_request,pickup_lat,pickup_lng,dropoff_lat,dropoff_lng,passengers\n" +
			"2013-11-18 16:00:00,40.7500,-73.9800,40.7530,-73.9780,2\n" +
			"2013-11-18 16:00:10,40.7510,-73.9810,40.7540,-73.9790,1\n" +
			"2013-11-18 16:02:00,40.7510,-73.9810,40.7540,-73.9790,1\n",
		taxis: "t_available,taxi_id,lat,lng,capacity\n" +
			"2013-11-18 15:00:00,a,40.7502,-73.9802,4\n2013-11-18 15:00:00,b,40.7512,-73.9812,4\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	replay := func(duration string) sim.Report {
		code, stdout, stderr := hexhail(t.Context(), "sim", "--trips", trips, "--taxis", taxis,
			"--duration", duration, "--policy", "nearest", "--report", "-")
		if code != exitOK || !strings.Contains(stderr, "wall_s=") {
			t.Fatalf("code %d, want the summary on the standard error: %s", code, stderr)
		}
		r := parsed(t, stdout)
		r.WallS, r.FixesPerS = 0, 0
		return r
	}
	all := replay("0s")
	if all.Requests != 3 || all.Settled != 3 || all.Fleet != 2 || all.Policy != "nearest" {
		t.Errorf("all of the file: %+v", all)
	}
	if again := replay("0s"); !reflect.DeepEqual(all, again) {
		t.Errorf("the same files and seed gave\n%+v\nand then\n%+v", all, again)
	}
	if first := replay("1m"); first.Requests != 2 || first.Settled != 2 {
		t.Errorf("the first minute: %+v", first)
	}
}

// interrupted runs a town that the given line of progress ends, an hour's run in all.
func interrupted(t *testing.T, line int, path string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs strings.Builder
	code = run(ctx, []string{"sim", "--requests", "200", "--fleet", "50", "--report", path}, &out,
		writer(func(p []byte) (int, error) {
			if line--; line == 0 {
				cancel()
			}
			return errs.Write(p)
		}))
	return code, out.String(), errs.String()
}

func TestAnInterruptedRunTellsSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	requests := 0
	for line := 1; line <= 10; line++ {
		code, stdout, stderr := interrupted(t, line, path)
		if code != exitInterrupted || !strings.Contains(stdout, "wall_s=") ||
			!strings.Contains(stdout, "books      cut short: ") ||
			!strings.Contains(stderr, "the part that was run") {
			t.Errorf("line %d: code %d, stdout %q, stderr %q", line, code, stdout, stderr)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r := parsed(t, string(data))
		if !r.CutShort || r.Fleet != 50 || r.Requests < max(requests, 1) || r.Fixes == 0 ||
			len(r.Wrong()) != 0 {
			t.Errorf("line %d: report %s", line, data)
		}
		requests = r.Requests
	}
	if requests < 50 {
		t.Errorf("%d requests until the last line: they were all cut at the same point", requests)
	}
}

func TestARunInterruptedAtOnceLeavesTheReportAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, stdout, stderr := hexhail(ctx, append(slices.Clone(small), "--report", path)...)
	if code != exitInterrupted || stdout != "" || strings.Count(stderr, "\n") != 1 {
		t.Errorf("code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "older" {
		t.Errorf("the report is now %q, %v", data, err)
	}
}

// writer is an io.Writer by a function.
type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestABrokenCityIsAnError(t *testing.T) {
	good := sim.Report{Books: sim.Books{
		AccountsReplay: true, NoPending: true, Budget: true, Rides: true, DriverPayable: true,
		Wallets: true, Channels: true, Sponsor: true, Cash: true,
	}}
	good.Derive()
	if err := verdict(good); err != nil {
		t.Error(err)
	}
	twice, open := good, good
	twice.DoubleClaims = 2
	open.Books.Cash = false
	open.Derive()
	if err := verdict(twice); err == nil || !strings.Contains(err.Error(), "2 double claims") {
		t.Errorf("double claims: %v", err)
	}
	cut := good
	cut.CutShort, cut.Books.NoPending = true, false
	cut.Derive()
	if err := verdict(cut); !errors.Is(err, errInterrupted) {
		t.Errorf("cut short: %v", err)
	}
	cut.Books.Cash = false
	if err := verdict(cut); err == nil || !strings.Contains(err.Error(), "not close: cash") ||
		strings.Contains(err.Error(), "no_pending") {
		t.Errorf("cut short with open books: %v", err)
	}
	err := verdict(open)
	if err == nil || !strings.Contains(err.Error(), "books do not close: cash") {
		t.Errorf("open books: %v", err)
	}
}

func TestOnlyATerminalHasColumns(t *testing.T) {
	if n := columns(io.Discard); n != 0 {
		t.Errorf("a writer has %d columns", n)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if n := columns(file); n != 0 {
		t.Errorf("a file has %d columns", n)
	}
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil && columns(null) != 0 {
		t.Error("nothing has columns")
	}
}

// A behaviour file lets people do more, and is told of when it is wrong.
func TestSimTakesABehaviourFile(t *testing.T) {
	code, stdout, stderr := hexhail(t.Context(), append(slices.Clone(small), "--requests", "1200",
		"--behaviour", "../../docs/behaviour.json", "--report", "-")...)
	if code != exitOK {
		t.Fatalf("code %d, %s", code, stderr)
	}
	if r := parsed(t, stdout); r.Habits == nil || r.Habits.Booked == 0 || !r.BooksClose ||
		!strings.Contains(stderr, "\nhabits     ") {
		t.Errorf("%s%s", stdout, stderr)
	}
	for path, want := range map[string]string{
		"/absent.json": "/absent.json",
		policyFile(t, "often.json", `{"booked": 2}`): "often.json: booked must be 0 to 1, not 2",
		policyFile(t, "angry.json", `{"angry": 1}`):  `angry.json: "angry" must be one of booked,`,
	} {
		code, stdout, stderr := hexhail(t.Context(),
			append(slices.Clone(small), "--behaviour", path)...)
		if code == exitOK || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d, %q, %q", path, code, stdout, stderr)
		}
	}
}
