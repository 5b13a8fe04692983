// Not under -race: a virtual city is one goroutine's.

//go:build !race

package sim_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/sim"
)

func TestVirtualCities(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sim.Options){
		"as it comes": func(*sim.Options) {},
		"scarce":      func(o *sim.Options) { o.Fleet = 80 },
		"scarce, first come first served": func(o *sim.Options) {
			o.Fleet, o.Policy = 80, dispatch.Nearest
		},
		"hints are lost":   func(o *sim.Options) { o.Hints = sim.HintsDrop },
		"drivers decline":  func(o *sim.Options) { o.Accept = 0.6 },
		"drivers are slow": func(o *sim.Options) { o.Answer = 12 * time.Second },
		"riders give up": func(o *sim.Options) {
			o.CancelAfter, o.Fleet, o.Patience, o.Accept = 1, 100, 15*time.Minute, 0.3
		},
		"drivers change their minds": func(o *sim.Options) { o.Release = 0.3 },
		"taxis break down":           func(o *sim.Options) { o.BreakDown = 0.2 },
		"riders do not come":         func(o *sim.Options) { o.NoShow = 0.2 },
		"all goes wrong, unheard": func(o *sim.Options) {
			o.Release, o.BreakDown, o.NoShow, o.Hints = 0.2, 0.1, 0.1, sim.HintsDrop
		},
		"a race for every ride": func(o *sim.Options) { o.Policy, o.Accept = dispatch.Grab, 0.5 },
		"a race with a referee": func(o *sim.Options) { o.Policy = dispatch.Grab },
		"a race, unheard": func(o *sim.Options) {
			o.Policy, o.Hints, o.Release, o.Street = dispatch.Grab, sim.HintsDrop, 0.1, 0.2
		},
		"at last a race": func(o *sim.Options) {
			o.Policy, o.Accept, o.Patience = dispatch.Hybrid, 0.2, 10*time.Minute
		},
		"raised hands":        func(o *sim.Options) { o.Street = 0.5 },
		"everybody pays cash": func(o *sim.Options) { o.Cash = 1 },
		"nobody pays cash":    func(o *sim.Options) { o.Cash = 0 },
		"empty wallets":       func(o *sim.Options) { o.RiderBalance = money.Yuan(20) },
		"the budget ends":     func(o *sim.Options) { o.Budget = money.Yuan(200) },
		"shanghai": func(o *sim.Options) {
			o.City, o.FixEvery = "shanghai", 2500*time.Millisecond
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := evening(t, change)
			if name == "a race with a referee" {
				c.City = c.City.WithPolicy(collecting)
			}
			r := run(t, c)
			sound(t, r, len(c.Trips))
			judge(t, name, c, r)
		})
	}
}

// collecting lets the nearest of those who grab within a second have the ride.
func collecting(p dispatch.Policy) dispatch.Policy {
	p.CollectMS = 1000
	return p
}

// judge checks what a variant is there to show.
func judge(t *testing.T, name string, c sim.VirtualConfig, r sim.Report) {
	t.Helper()
	shows := true
	switch name {
	case "riders give up":
		shows = r.Cancelled > 0
	case "drivers change their minds":
		shows = r.Released > 0 && r.Claimed < r.Offers && r.BrokenDown+r.NoShow == 0
	case "taxis break down":
		shows = r.BrokenDown > 0 && r.Released+r.NoShow == 0
	case "riders do not come":
		shows = r.NoShow > 0 && r.Released+r.BrokenDown == 0
	case "all goes wrong, unheard":
		shows = r.Released > 0 && r.BrokenDown > 0 && r.NoShow > 0
	case "a race for every ride", "a race, unheard", "a race with a referee":
		shows = r.Offers == 0 && r.Called > r.Claimed
	case "at last a race":
		shows = r.Offers > 0 && r.Called > 0
	case "raised hands":
		shows = r.Offers < r.Completed
	case "everybody pays cash":
		shows = r.PaidFen == 0 && r.SubsidyDriverFen == 0 && r.CashFen == r.FaresFen
	case "nobody pays cash":
		shows = r.CashFen == 0 && r.PaidFen+r.SubsidyRiderFen == r.FaresFen
	case "empty wallets":
		shows = r.CashFen > r.PaidFen && r.PaidFen > 0
	case "the budget ends":
		shows = r.BudgetLeftFen == 0 && r.SubsidyRiderFen+r.SubsidyDriverFen == c.Options.Budget
	case "drivers are slow":
		shows = r.Refused["Accept OFFER_EXPIRED"] > 0
	case "scarce", "scarce, first come first served":
		shows = r.Expired > 0
	}
	if !shows {
		t.Errorf("does not show what it should: %+v", r)
	}
}

// TestVirtualSeeds is the promise of legal ends over many cities: every ride ends once.
func TestVirtualSeeds(t *testing.T) {
	t.Parallel()
	seeds := uint64(8)
	if os.Getenv("HEXHAIL_SOAK") == "1" {
		seeds = 500
	}
	for seed := range seeds {
		c := evening(t, func(o *sim.Options) {
			o.Seed, o.Fleet, o.Requests = 1000+seed, 40, 400
			o.Accept, o.CancelAfter, o.Street = 0.7, 0.5, 0.2
			o.Release, o.BreakDown, o.NoShow = 0.1, 0.05, 0.1
			o.Policy = dispatch.Modes()[seed/2%4]
			if seed%2 == 1 {
				o.Hints = sim.HintsDrop
			}
		})
		r := run(t, c)
		t.Logf("seed %d: %d of %d completed", 1000+seed, r.Completed, r.Requests)
		sound(t, r, len(c.Trips))
	}
}

// bytesOf is a report without what depends on the machine.
func bytesOf(t *testing.T, r sim.Report) []byte {
	t.Helper()
	r.WallS, r.FixesPerS = 0, 0
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestVirtualIsTheSameToTheByte(t *testing.T) {
	config := func() sim.VirtualConfig {
		return evening(t, func(o *sim.Options) {
			o.Accept, o.Street, o.CancelAfter, o.Fleet = 0.8, 0.1, 0.3, 90
		})
	}
	first := bytesOf(t, run(t, config()))
	if again := bytesOf(t, run(t, config())); !bytes.Equal(first, again) {
		t.Errorf("run again:\n%s\n%s", first, again)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if alone := bytesOf(t, run(t, config())); !bytes.Equal(first, alone) {
		t.Errorf("on one processor:\n%s\n%s", first, alone)
	}
	other := config()
	other.Options.Seed++
	if bytes.Equal(first, bytesOf(t, run(t, other))) {
		t.Error("another seed gives the same report")
	}
}

// newYork is a part of the recorded hour on its roads.
func newYork(
	t testing.TB, fleet int, demand time.Duration, policy dispatch.Mode,
) sim.VirtualConfig {
	t.Helper()
	folder := sim.DataPath(t, "nyc_2013-11-18")
	city, err := dispatch.LoadCity(sim.ReplayCity)
	if err != nil {
		t.Fatal(err)
	}
	o := sim.DefaultOptions()
	o.Policy, o.Fleet, o.Duration = policy, fleet, demand
	city = city.WithPolicy(o.Apply)
	c := sim.VirtualConfig{City: city, Options: o}
	read(t, folder, "trips_1600_1700_jittered.csv.gz", func(name string, r io.Reader) (err error) {
		c.Trips, err = sim.ReadTrips(name, r, city.Zone)
		return err
	})
	c.Trips = sim.FirstTrips(c.Trips, demand)
	c.Taxis = drawn(t, fleet, o.Seed)
	read(t, folder, "links_nodes.csv.gz", func(name string, nodes io.Reader) (err error) {
		read(t, folder, "links_edges.csv.gz", func(edgesName string, edges io.Reader) error {
			c.Roads, err = geo.ReadRoads(geo.RoadFile{Name: name, R: nodes},
				geo.RoadFile{Name: edgesName, R: edges}, "")
			return err
		})
		return err
	})
	return c
}

// drawn is a fleet of the recorded taxis.
func drawn(t testing.TB, fleet int, seed uint64) (taxis []sim.Taxi) {
	t.Helper()
	folder := sim.DataPath(t, "nyc_2013-11-18")
	city, err := dispatch.LoadCity(sim.ReplayCity)
	if err != nil {
		t.Fatal(err)
	}
	read(t, folder, "taxis_start_1500_1700.csv.gz", func(name string, r io.Reader) error {
		all, err := sim.ReadTaxis(name, r, city.Zone)
		if err == nil {
			taxis, err = sim.DrawFleet(all, fleet, seed)
		}
		return err
	})
	return taxis
}

func read(t testing.TB, folder, file string, fn func(name string, r io.Reader) error) {
	t.Helper()
	path := filepath.Join(folder, file)
	f, err := sim.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := fn(path, f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestNewYork runs the first minutes of the recorded hour, too few taxis for them, under both
// policies: joint pairing serves more riders with shorter ways.
func TestNewYork(t *testing.T) {
	t.Parallel()
	const fleet, demand = 900, 10 * time.Minute
	reports := map[dispatch.Mode]sim.Report{}
	c := newYork(t, fleet, demand, dispatch.Nearest)
	for _, policy := range []dispatch.Mode{dispatch.Nearest, dispatch.Assign} {
		c.Options.Policy = policy
		c.City = c.City.WithPolicy(c.Options.Apply)
		r := run(t, c)
		t.Logf("%s: %.1f %% served, pickup %.0f s", policy, 100*r.ServiceRate, r.PickupS.Mean)
		sound(t, r, len(c.Trips))
		reports[policy] = r
	}
	nearest, assign := reports[dispatch.Nearest], reports[dispatch.Assign]
	if assign.ServiceRate < nearest.ServiceRate ||
		assign.PickupS.Mean >= nearest.PickupS.Mean {
		t.Errorf("assign serves %.3f in %.0f s, nearest %.3f in %.0f s",
			assign.ServiceRate, assign.PickupS.Mean, nearest.ServiceRate, nearest.PickupS.Mean)
	}
}

// BenchmarkNewYorkHour is the whole hour with 5,000 taxis, joint pairing beside the baseline.
func BenchmarkNewYorkHour(b *testing.B) {
	for _, policy := range []dispatch.Mode{dispatch.Nearest, dispatch.Assign} {
		b.Run(fmt.Sprintf("5000taxis/%s", policy), func(b *testing.B) {
			for range b.N {
				r := run(b, newYork(b, 5000, 0, policy))
				b.ReportMetric(r.WallS, "wall_s")
				b.ReportMetric(100*r.ServiceRate, "served_%")
			}
		})
	}
}

// TestDriversWithTaste: drivers who decide by their own taste decline, the engine learns from it
// what a constant cannot know, and the run is the same again.
func TestDriversWithTaste(t *testing.T) {
	c := evening(t, func(o *sim.Options) { o.AcceptModel = true })
	c.City = c.City.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.DeclineS = 120
		return p
	})
	r := run(t, c)
	sound(t, r, len(c.Trips))
	f := r.Acceptance
	if f == nil || r.Declined < r.Requests/10 || f.Answers < r.Completed+r.Declined-r.Requests/50 ||
		len(f.Weights) == 0 || f.Accepted < 0.2 || f.Accepted > 0.95 {
		t.Fatalf("%d requests, %d completed, acceptance %+v", r.Requests, r.Completed, f)
	}
	if f.BrierOwn >= f.BrierConstant || f.Brier < f.BrierOwn || f.Brier > f.BrierConstant {
		t.Errorf("Brier %.4f, constant %.4f, own %.4f", f.Brier, f.BrierConstant, f.BrierOwn)
	}
	again := run(t, c)
	r.Wall(0)
	again.Wall(0)
	var a, b bytes.Buffer
	if err := r.Write(&a); err != nil {
		t.Fatal(err)
	}
	if err := again.Write(&b); err != nil {
		t.Fatal(err)
	}
	if a.String() != b.String() {
		t.Errorf("the same flags gave\n%s\nand then\n%s", a.String(), b.String())
	}
}
