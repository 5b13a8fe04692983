//go:build soak

package sim_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/sim"
	"hexhail/wire"
)

// means are the figures of one policy and fleet over the seeds.
type means struct{ served, pickupS, waitS float64 }

// TestNewYorkHour is the whole recorded hour over five seeds: with too few taxis joint pairing
// serves at least 5 points more at no more than 0.6 of the pickup time; with enough it serves no
// fewer than the baseline less 0.3 points, at no more pickup time.
func TestNewYorkHour(t *testing.T) {
	const seeds = 5
	hour := func(fleet int, policy dispatch.Mode) (m means) {
		for seed := uint64(1); seed <= seeds; seed++ {
			r := run(t, seeded(t, fleet, policy, seed))
			if r.DoubleClaims != 0 || !r.BooksClose {
				t.Errorf("seed %d: %d double claims, open books %v",
					seed, r.DoubleClaims, r.Books.Open())
			}
			t.Logf("%d taxis, %s, seed %d: %.2f %% served, match %.1f s, pickup %.1f s, "+
				"wait %.1f s, %.1f s of wall time", fleet, policy, seed, 100*r.ServiceRate,
				r.MatchS.Mean, r.PickupS.Mean, r.WaitS.Mean, r.WallS)
			m.served += 100 * r.ServiceRate / seeds
			m.pickupS += r.PickupS.Mean / seeds
			m.waitS += r.WaitS.Mean / seeds
		}
		t.Logf("%d taxis, %s: %.2f %% served, pickup %.1f s, wait %.1f s",
			fleet, policy, m.served, m.pickupS, m.waitS)
		return m
	}
	nearest, assign := hour(4000, dispatch.Nearest), hour(4000, dispatch.Assign)
	if assign.served < nearest.served+5 || assign.pickupS > 0.6*nearest.pickupS {
		t.Errorf("4,000 taxis: assign %+v, nearest %+v", assign, nearest)
	}
	nearest, assign = hour(6000, dispatch.Nearest), hour(6000, dispatch.Assign)
	if assign.served < nearest.served-0.3 || assign.pickupS > nearest.pickupS {
		t.Errorf("6,000 taxis: assign %+v, nearest %+v", assign, nearest)
	}
}

func seeded(t *testing.T, fleet int, policy dispatch.Mode, seed uint64) sim.VirtualConfig {
	c := newYork(t, fleet, 0, policy)
	if seed == c.Options.Seed {
		return c
	}
	c.Options.Seed = seed
	c.Taxis = drawn(t, fleet, seed)
	return c
}

// TestNewYorkBytes runs the hour of seed 1 twice, and once on one processor.
func TestNewYorkBytes(t *testing.T) {
	for _, fleet := range []int{4000, 6000} {
		for _, policy := range []dispatch.Mode{dispatch.Nearest, dispatch.Assign} {
			first := bytesOf(t, run(t, seeded(t, fleet, policy, 1)))
			if again := bytesOf(t, run(t, seeded(t, fleet, policy, 1))); !bytes.Equal(first, again) {
				t.Errorf("%d taxis, %s, run again:\n%s\n%s", fleet, policy, first, again)
			}
			was := runtime.GOMAXPROCS(1)
			alone := bytesOf(t, run(t, seeded(t, fleet, policy, 1)))
			runtime.GOMAXPROCS(was)
			if !bytes.Equal(first, alone) {
				t.Errorf("%d taxis, %s, on one processor:\n%s\n%s", fleet, policy, first, alone)
			}
		}
	}
}

// TestNewYorkLostHints: losing every hint serves at least 0.95 of the rides.
func TestNewYorkLostHints(t *testing.T) {
	heard := run(t, seeded(t, 6000, dispatch.Assign, 1))
	c := seeded(t, 6000, dispatch.Assign, 1)
	c.Options.Hints = sim.HintsDrop
	deaf := run(t, c)
	t.Logf("completed %d with hints, %d without", heard.Completed, deaf.Completed)
	if float64(deaf.Completed) < 0.95*float64(heard.Completed) || !deaf.BooksClose {
		t.Errorf("completed %d of %d, open books %v",
			deaf.Completed, heard.Completed, deaf.Books.Open())
	}
}

// TestNewYorkRace compares ten minutes of demand with the same under the race detector: the
// programs are another, the report is not.
func TestNewYorkRace(t *testing.T) {
	folder := sim.DataPath(t, "nyc_2013-11-18")
	report := func(flags ...string) []byte {
		args := append([]string{"run"}, flags...)
		args = append(args, "../cmd/hexhail", "sim", "--duration", "10m", "--fleet", "4000",
			"--trips", filepath.Join(folder, "trips_1600_1700_jittered.csv.gz"),
			"--taxis", filepath.Join(folder, "taxis_start_1500_1700.csv.gz"),
			"--roads-nodes", filepath.Join(folder, "links_nodes.csv.gz"),
			"--roads-edges", filepath.Join(folder, "links_edges.csv.gz"), "--report", "-")
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var kept []byte
		for line := range bytes.Lines(out) {
			if !bytes.Contains(line, []byte(`"wall_s"`)) &&
				!bytes.Contains(line, []byte(`"fixes_per_s"`)) {
				kept = append(kept, line...)
			}
		}
		return kept
	}
	plain, race := report(), report("-race")
	if !bytes.Equal(plain, race) {
		t.Errorf("without and with the race detector:\n%s\n%s", plain, race)
	}
}

// TestNewYorkLive is the hour with all its taxis against a server in this process, at a speed that
// HEXHAIL_SPEEDUP may say.
func TestNewYorkLive(t *testing.T) {
	rate := 30.0
	if text := os.Getenv("HEXHAIL_SPEEDUP"); text != "" {
		var err error
		if rate, err = strconv.ParseFloat(text, 64); err != nil {
			t.Fatal(err)
		}
	}
	c := newYork(t, 0, 0, dispatch.Assign)
	w := newTown(t, c.City, c.Trips[0].At.Add(-time.Duration(20*rate)*time.Second), rate)
	r, err := sim.Live(t.Context(), sim.LiveConfig{
		Addr: w.addr, Key: wire.NewSigner(w.key), City: c.City, Options: c.Options,
		Trips: c.Trips, Taxis: c.Taxis, Roads: c.Roads, Wall: time.Now,
		Progress: sim.NewProgress(os.Stderr, 0, time.Now),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Write(os.Stderr); err != nil {
		t.Fatal(err)
	}
	ended := r.Settled + r.Expired + r.Cancelled + r.NoShow
	if r.DoubleClaims != 0 || !r.BooksClose || ended != len(c.Trips) || r.ServiceRate < 0.95 ||
		r.LagS.P99 > 3 {
		t.Errorf("%d double claims, open books %v, %d of %d ended, %.3f served, lag %.2f s",
			r.DoubleClaims, r.Books.Open(), ended, len(c.Trips), r.ServiceRate, r.LagS.P99)
	}
}
