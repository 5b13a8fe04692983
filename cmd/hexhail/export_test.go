// Not under -race: a virtual city is one goroutine's.

//go:build !race

package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/sim"
	"hexhail/store"
)

// recordedTown runs a town on a database in a folder, and tells its report and its taxis as a file.
func recordedTown(t *testing.T, dir string) (r sim.Report, taxis string) {
	t.Helper()
	o := sim.DefaultOptions()
	o.Fleet, o.Requests, o.Duration, o.Street, o.Seed = 150, 1500, 10*time.Minute, 0.5, 3
	city, err := dispatch.LoadCity(sim.ModelCity)
	if err != nil {
		t.Fatal(err)
	}
	start, err := o.StartIn(city.Zone)
	if err != nil {
		t.Fatal(err)
	}
	model := sim.Model{City: city, Seed: o.Seed, PerHour: o.Requests}
	fleet := model.Fleet(o.Fleet, start)
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "hexhail.db"))
	if err != nil {
		t.Fatal(err)
	}
	r, err = sim.Virtual(t.Context(), sim.VirtualConfig{
		City: city.WithPolicy(o.Apply), Options: o, Trips: model.Demand(start, o.Duration),
		Taxis: fleet, Store: db, Wall: time.Now,
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("t_available,taxi_id,lat,lng,capacity\n")
	for _, x := range fleet {
		fmt.Fprintf(&text, "%s,%s,%v,%v,%d\n",
			x.From.Format(time.RFC3339), x.ID, x.At.Lat, x.At.Lng, x.Seats)
	}
	taxis = filepath.Join(dir, "taxis.csv")
	if err := os.WriteFile(taxis, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return r, taxis
}

// A recorded town's rides are exported, all and in parts, and run again under another policy.
func TestRecordedRides(t *testing.T) {
	dir := t.TempDir()
	was, taxis := recordedTown(t, dir)
	t.Run("run again", func(t *testing.T) { runAgain(t, dir, taxis, was) })
	t.Run("in parts", func(t *testing.T) { inParts(t, dir, was) })
}

func runAgain(t *testing.T, dir, taxis string, was sim.Report) {
	trips := filepath.Join(dir, "trips.csv")
	code, stdout, stderr := hexhail(t.Context(), "export", "rides", "--data-dir", dir,
		"--out", trips)
	if code != exitOK || stdout != "" {
		t.Fatalf("code %d, %s, %s", code, stdout, stderr)
	}
	if was.Requests <= dispatch.MaxPage {
		t.Fatalf("%d rides are a single page", was.Requests)
	}
	rows := exported(t, trips)
	if len(rows) != was.Requests {
		t.Errorf("%d rides, %d were asked for", len(rows), was.Requests)
	}
	driven, street := 0, 0
	for _, row := range rows {
		if row[6] != "" {
			driven++
		}
		if row[7] == "1" {
			street++
		}
	}
	if driven != was.Completed || street == 0 || street > was.Requests/2 {
		t.Errorf("%d of %d driven, %d at the kerb", driven, was.Completed, street)
	}
	code, stdout, stderr = hexhail(t.Context(), "sim", "--trips", trips, "--taxis", taxis,
		"--city", "beijing", "--policy", "nearest", "--alighting", "0s", "--fleet", "150",
		"--report", "-")
	if code != exitOK {
		t.Fatalf("code %d: %s", code, stderr)
	}
	again := parsed(t, stdout)
	if again.Policy != "nearest" || again.Requests != was.Requests || again.Completed == 0 ||
		again.PickupS == was.PickupS {
		t.Errorf("recorded %+v, run again %+v", was, again)
	}
}

// exported are the rows of a file without its header. It has nothing in it but times and numbers.
func exported(t *testing.T, path string) [][]string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%v in %s", err, data)
	}
	clock := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00$`)
	before := ""
	for _, row := range rows[1:] {
		if len(row) != 8 || !clock.MatchString(row[0]) || row[0] < before {
			t.Errorf("the row %q, after %s", row, before)
		}
		before = row[0]
		for _, cell := range row[1:] {
			if _, err := strconv.ParseFloat(cell, 64); err != nil && cell != "" {
				t.Errorf("%q is no number", cell)
			}
		}
	}
	return rows[1:]
}

func inParts(t *testing.T, dir string, was sim.Report) {
	count := func(flags ...string) (n int) {
		code, stdout, stderr := hexhail(t.Context(),
			append([]string{"export", "rides", "--data-dir", dir}, flags...)...)
		if code != exitOK {
			t.Fatalf("%v: code %d, %s", flags, code, stderr)
		}
		return strings.Count(stdout, "\n") - 1
	}
	// The model begins at 17:00.
	first := count("--to", "2014-02-26 17:05")
	middle := count("--from", "2014-02-26 17:05", "--to", "2014-02-26T17:08:00+08:00")
	last := count("--from", "2014-02-26 17:08:00")
	if first == 0 || middle == 0 || last == 0 || first+middle+last != was.Requests {
		t.Errorf("%d, %d and %d of %d", first, middle, last, was.Requests)
	}
	if n := count("--from", "2014-02-27"); n != 0 {
		t.Errorf("%d rides of another day", n)
	}
	if n := count("--city", "shanghai"); n != 0 {
		t.Errorf("%d rides of another city", n)
	}
}

func TestExportRefuses(t *testing.T) {
	for _, c := range []struct{ flags, says string }{
		{"--data-dir /nowhere", "no such file"},
		{"--city atlantis", "atlantis"},
		{"--from noon", `--from must be a time`},
		{"--from 2014-02-27 --to 2014-02-26", "before"},
	} {
		code, stdout, stderr := hexhail(t.Context(),
			append([]string{"export", "rides"}, strings.Fields(c.flags)...)...)
		if code == exitOK || stdout != "" || !strings.Contains(stderr, c.says) {
			t.Errorf("%s: code %d, %q, %q", c.flags, code, stdout, stderr)
		}
	}
	if _, err := os.Stat("/nowhere"); err == nil {
		t.Error("a folder was made")
	}
}
