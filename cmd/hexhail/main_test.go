package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"hexhail/sim"
)

// hexhail runs the program as main does.
func hexhail(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestBadCommandLinesNameWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		args, want string
		code       int
	}{
		{"drive", `unknown command "drive"`, exitUsage},
		{"--fleet 3", "--fleet", exitUsage},
		{"sim now", `takes flags only, not "now"`, exitUsage},
		{"version 2", `takes flags only, not "2"`, exitUsage},
		{"sim --speed 3", "--speed", exitUsage},
		{"sim --mode dead", "--mode must be virtual or live", exitUsage},
		{"sim --hints some", "--hints must be deliver or drop", exitUsage},
		{"sim --policy best", "--policy must be assign or grab", exitUsage},
		{"sim --city atlantis", "--city must be one of beijing", exitUsage},
		{"sim --fleet many", "--fleet", exitUsage},
		{"sim --fleet -1", "--fleet must be 0 to 100000, not -1", exitUsage},
		{"sim --round 1", "--round", exitUsage},
		{"sim --round 1h", "--round must be 0s to 10s", exitUsage},
		{"sim --seed -1", "--seed", exitUsage},
		{"sim --duration 25h", "--duration must be", exitUsage},
		{"sim --patience 1s", "--patience must be", exitUsage},
		{"sim --cancel-after 2", "--cancel-after must be 0 to 1", exitUsage},
		{"sim --accept NaN", "--accept must be 0 to 1", exitUsage},
		{"sim --answer 0s", "--answer must be", exitUsage},
		{"sim --boarding -1s", "--boarding must be", exitUsage},
		{"sim --alighting 1h", "--alighting must be", exitUsage},
		{"sim --cash -1", "--cash must be 0 to 1", exitUsage},
		{"sim --fix-every 1m", "--fix-every must be", exitUsage},
		{"sim --max-pickup 2h", "--max-pickup must be", exitUsage},
		{"sim --release -1", "--release must be 0 to 1", exitUsage},
		{"sim --break-down 2", "--break-down must be 0 to 1", exitUsage},
		{"sim --no-show NaN", "--no-show must be 0 to 1", exitUsage},
		{"sim --street 1.01", "--street must be 0 to 1", exitUsage},
		{"sim --rider-balance 1.234", "--rider-balance", exitUsage},
		{"sim --rider-balance -5", "--rider-balance must be", exitUsage},
		{"sim --budget 0", "--budget must be", exitUsage},
		{"sim --requests 0", "--requests must be", exitUsage},
		{"sim --start noon", "--start must be", exitUsage},
		{"sim --trips t.csv", "--taxis must be given with --trips", exitUsage},
		{"sim --taxis t.csv", "--trips must be given with --taxis", exitUsage},
		{"sim --roads-nodes n.csv", "--roads-edges must be given", exitUsage},
		{"sim --roads-edges e.csv", "--roads-nodes must be given", exitUsage},
		{"sim --trips /absent.csv --taxis /absent.csv", "/absent.csv", exitFailed},
		{"sim --roads-nodes /absent --roads-edges /absent", "/absent", exitFailed},
		{"sim --report /absent/report.json", "/absent/report.json", exitFailed},
		{"sim --requests 1 --duration 1ms", "--requests or --duration", exitFailed},
	} {
		code, stdout, stderr := hexhail(t.Context(), strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("hexhail %s: code %d, want %d\nstderr %swant %q in it\nstdout %q",
				c.args, code, c.code, stderr, c.want, stdout)
		}
		if strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "hexhail: ") {
			t.Errorf("hexhail %s: want one line, got %q", c.args, stderr)
		}
	}
}

func TestBrokenFilesAreNamed(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const header = "t_request,pickup_lat,pickup_lng,dropoff_lat,dropoff_lng\n"
	trips := file("trips.csv", header+"2013-11-18 16:00:00,40.75,-73.98,40.76,-73.97\n")
	badTrips := file("bad_trips.csv", header+"2013-11-18 16:00:00,40.75,-273.98,40.76,-73.97\n")
	taxis := file("taxis.csv",
		"t_available,taxi_id,lat,lng,capacity\n2013-11-18 15:00:00,1,40.75,-73.98,4\n")
	badTaxis := file("bad_taxis.csv", "t_available,lat,lng,capacity\n")
	nodes := file("nodes.csv", "node,lat,lng\n0,40.75,-73.98\n1,40.76,x\n")
	edges := file("edges.csv", "from,to,travel_time_s\n0,1,60\n")
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{
			[]string{"--trips", badTrips, "--taxis", taxis},
			badTrips + ":2: pickup_lng: ", exitFailed,
		},
		{[]string{"--trips", trips, "--taxis", badTaxis}, badTaxis + ":1: taxi_id: ", exitFailed},
		{[]string{"--trips", dir, "--taxis", taxis}, dir, exitFailed},
		{
			[]string{"--trips", trips, "--taxis", taxis, "--fleet", "2"},
			"--fleet must be 0 to 1", exitUsage,
		},
		{
			[]string{
				"--trips", trips, "--taxis", taxis, "--roads-nodes", nodes, "--roads-edges", edges,
			},
			nodes + ":3: column lng", exitFailed,
		},
	} {
		code, stdout, stderr := hexhail(t.Context(), append([]string{"sim"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) || stdout != "" {
			t.Errorf("%v: code %d, want %d, stderr %swant %q in it",
				c.args, code, c.code, stderr, c.want)
		}
	}
}

func TestHelpTellsEveryFlag(t *testing.T) {
	code, stdout, stderr := hexhail(t.Context(), "sim", "--help")
	if code != exitOK || stderr != "" {
		t.Fatalf("code %d, stderr %q", code, stderr)
	}
	for _, flag := range strings.Fields(`mode hints city trips taxis fleet roads-nodes roads-edges
		roads-column policy round seed duration report patience cancel-after accept answer boarding
		alighting cash fix-every max-pickup street rider-balance budget start requests`) {
		if !strings.Contains(stdout, "--"+flag+" ") {
			t.Errorf("--%s is not in the help", flag)
		}
	}
	code, stdout, _ = hexhail(t.Context())
	if code != exitOK || !strings.Contains(stdout, "sim") || !strings.Contains(stdout, "version") {
		t.Errorf("no arguments: code %d, %s", code, stdout)
	}
}

// The flags of a run and their defaults.
func TestFlagsDefaultToTheOptionsDefaults(t *testing.T) {
	flags := newSim().Flags()
	for flag, want := range map[string]string{
		"mode": "virtual", "hints": "deliver", "policy": "assign", "round": "1s",
		"patience": "5m0s", "cancel-after": "0", "accept": "1", "answer": "3s",
		"boarding": "1m0s", "alighting": "30s", "cash": "0.2", "fix-every": "4s",
		"max-pickup": "15m0s", "street": "0", "rider-balance": "500.00", "budget": "200000.00",
		"seed": "1", "fleet": "0", "duration": "0s",
	} {
		if got := flags.Lookup(flag).DefValue; got != want {
			t.Errorf("--%s is %s by default, want %s", flag, got, want)
		}
	}
}

func TestShellsAreHelped(t *testing.T) {
	code, stdout, _ := hexhail(t.Context(), "completion", "bash")
	if code != exitOK || !strings.Contains(stdout, "hexhail") {
		t.Errorf("code %d", code)
	}
	_, stdout, _ = hexhail(t.Context(), "__complete", "sim", "--policy", "")
	if !strings.Contains(stdout, "assign\ngrab\nhybrid\nnearest\n") {
		t.Errorf("--policy completes to %q", stdout)
	}
}

func TestVersion(t *testing.T) {
	code, stdout, stderr := hexhail(t.Context(), "version")
	if code != exitOK || !strings.HasPrefix(stdout, "hexhail ") || stderr != "" {
		t.Errorf("code %d, %q, %q", code, stdout, stderr)
	}
	line := versionLine(&debug.BuildInfo{
		Main: debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"},
		},
	})
	if !strings.HasPrefix(line, "hexhail v1.2.3 (commit 0123456789ab, modified) go") {
		t.Error(line)
	}
	if line := versionLine(&debug.BuildInfo{}); !strings.HasPrefix(line, "hexhail (devel) go") {
		t.Error(line)
	}
}

func TestExitCodes(t *testing.T) {
	for want, err := range map[int]error{
		exitOK:          nil,
		exitFailed:      os.ErrNotExist,
		exitUsage:       fmt.Errorf("so: %w", &sim.OptionError{Flag: "fleet"}),
		exitInterrupted: errors.Join(errInterrupted, os.ErrClosed),
	} {
		if got := exitCode(err); got != want {
			t.Errorf("%v: code %d, want %d", err, got, want)
		}
	}
	if exitCode(context.Canceled) != exitInterrupted {
		t.Error("a run given up early")
	}
}
