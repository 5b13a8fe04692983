// Not under -race: a virtual city is one goroutine's.

//go:build !race

package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// policyFile writes a file into a folder of the test's.
func policyFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type comparison struct {
	Contenders []string
	CutShort   bool `json:"cut_short"`
	Fleets     []struct {
		Fleet, Seeds int
		Contenders   []struct {
			Name    string
			Figures map[string]struct{ Mean, Half float64 }
		}
	}
	Runs []struct {
		Contender string
		Report    struct {
			Policy string
			Fleet  int
			Seed   uint64
		}
	}
}

func TestSimComparesModesAndFiles(t *testing.T) {
	// Nobody is ever near enough for this one.
	near := policyFile(t, "near.json", `{"max_pickup_s": 60, "mode": "nearest"}`)
	chart, report := filepath.Join(t.TempDir(), "c.svg"), filepath.Join(t.TempDir(), "c.json")
	code, stdout, stderr := hexhail(t.Context(), append(slices.Clone(small), "--seeds", "2",
		"--compare", "assign,"+near, "--fleets", "20,40", "--at-once", "2", "--chart", chart,
		"--report", report)...)
	if code != exitOK || strings.Count(stdout, "95 % confidence") != 2 ||
		!strings.Contains(stdout, "less assign") || strings.Count(stderr, " of wall time") != 8 {
		t.Fatalf("code %d, stdout %s, stderr %s", code, stdout, stderr)
	}
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var c comparison
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(c.Contenders, []string{"assign", "near"}) || len(c.Runs) != 8 || c.CutShort {
		t.Errorf("%s", data)
	}
	for _, r := range c.Runs {
		want := map[string]string{"assign": "assign", "near": "nearest"}[r.Contender]
		if r.Report.Policy != want || r.Report.Seed < 10 || r.Report.Seed > 11 {
			t.Errorf("%s ran %s with seed %d", r.Contender, r.Report.Policy, r.Report.Seed)
		}
	}
	many := c.Fleets[1]
	if assign, near := many.Contenders[0], many.Contenders[1]; many.Fleet != 40 ||
		near.Figures["pickup_s"].Mean >= assign.Figures["pickup_s"].Mean ||
		near.Figures["service_rate"].Mean >= assign.Figures["service_rate"].Mean {
		t.Errorf("the policy file is without effect: %+v", many)
	}
	svg, err := os.ReadFile(chart)
	if err != nil || !strings.HasPrefix(string(svg), "<svg ") ||
		!strings.Contains(string(svg), ">near<") {
		t.Errorf("the chart is %s, %v", svg, err)
	}
}

func TestSimRefusesWhatItCannotCompare(t *testing.T) {
	unknown := policyFile(t, "x.json", `{"rounds_ms": 1}`)
	for _, c := range []struct {
		flags string
		names []string
	}{
		{"--compare assign,assign", []string{"compare", "assign twice"}},
		{"--compare auction", []string{"compare", `"auction"`}},
		{"--compare assign," + unknown, []string{unknown, "rounds_ms"}},
		{"--policy-file " + unknown, []string{unknown, "rounds_ms"}},
		{"--policy-file /nowhere", []string{"/nowhere"}},
		{"--compare assign --seeds 0", []string{"seeds", "1 to 100"}},
		{"--compare assign --fleets 9,5", []string{"fleets"}},
		{"--fleets 5", []string{"fleets", "fleet"}},
		{"--chart x.svg", []string{"chart", "--compare"}},
		{"--compare assign --mode live", []string{"mode", "virtual"}},
		{"--compare assign --policy-file x", []string{"policy-file"}},
	} {
		code, stdout, stderr := hexhail(t.Context(),
			append(slices.Clone(small), strings.Fields(c.flags)...)...)
		if code == exitOK || stdout != "" || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: code %d, %q, %q", c.flags, code, stdout, stderr)
		}
		for _, name := range c.names {
			if !strings.Contains(stderr, name) {
				t.Errorf("%s: %q is not in %q", c.flags, name, stderr)
			}
		}
	}
}

// Ctrl-C after the first seed leaves a table of it.
func TestAnInterruptedComparisonTellsWhatIsDone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs strings.Builder
	code := run(ctx, append(slices.Clone(small), "--compare", "nearest,assign", "--seeds", "50"),
		&out, writer(func(p []byte) (int, error) {
			if strings.HasPrefix(string(p), "2/") {
				cancel()
			}
			return errs.Write(p)
		}))
	if code != exitInterrupted || !strings.Contains(out.String(), "60 taxis") ||
		!strings.Contains(out.String(), "seeds: 1;") ||
		!strings.Contains(errs.String(), errInterrupted.Error()) {
		t.Errorf("code %d, stdout %s, stderr %s", code, out.String(), errs.String())
	}
}

// Ctrl-C after the very first run leaves a table of that, and no comparison.
func TestAComparisonInterruptedAfterOneRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out, errs strings.Builder
	code := run(ctx, append(slices.Clone(small), "--compare", "nearest,assign", "--seeds", "50"),
		&out, writer(func(p []byte) (int, error) {
			if strings.HasPrefix(string(p), "1/") {
				cancel()
			}
			return errs.Write(p)
		}))
	if code != exitInterrupted || !strings.Contains(out.String(), "nothing is compared") ||
		!strings.Contains(out.String(), "nearest\n") || strings.Contains(out.String(), "assign") ||
		!strings.Contains(out.String(), "served, %") ||
		!strings.Contains(errs.String(), errInterrupted.Error()) {
		t.Errorf("code %d, stdout %s, stderr %s", code, out.String(), errs.String())
	}
}

func TestSimLooksForTheSmallestFleetBetweenTwo(t *testing.T) {
	flags := []string{
		"--smallest-fleet", "--compare", "nearest,assign", "--seeds", "1", "--fleets", "5,60",
		"--fleet-step", "5", "--serve", "0.5", "--arrival", "10m", "--report", "-",
	}
	code, stdout, stderr := hexhail(t.Context(), append(slices.Clone(small), flags...)...)
	var found []struct {
		Contender string
		Fleet     int
		Tried     []struct {
			Fleet int
			Met   bool
		}
	}
	if err := json.Unmarshal([]byte(stdout), &found); err != nil || code != exitOK {
		t.Fatalf("code %d, %v, %s, %s", code, err, stdout, stderr)
	}
	if len(found) != 2 || found[1].Contender != "assign" || found[1].Fleet < 5 ||
		!strings.Contains(stderr, "assign: ") || !strings.Contains(stderr, " enough") {
		t.Fatalf("%+v, %s", found, stderr)
	}
	for _, tried := range found[1].Tried {
		if tried.Met != (tried.Fleet >= found[1].Fleet) {
			t.Errorf("%d taxis are enough, but %+v", found[1].Fleet, tried)
		}
	}
}

func TestSimTellsTheBound(t *testing.T) {
	code, stdout, stderr := hexhail(t.Context(), append(slices.Clone(small), "--bound",
		"--report", "-")...)
	var bounds []struct {
		Rides, Fleet int
		Exact        bool
		Enough       int
	}
	err := json.Unmarshal([]byte(stdout), &bounds)
	if err != nil || code != exitOK || len(bounds) != 1 || !bounds[0].Exact ||
		bounds[0].Rides < 3 || bounds[0].Fleet < 1 || bounds[0].Fleet > bounds[0].Rides ||
		!strings.Contains(stderr, "no fewer can") {
		t.Errorf("code %d, %v, %s, %s", code, err, stdout, stderr)
	}
}
