package sim_test

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/sim"
	"hexhail/wire"
)

// liveRate is how fast the clocks of the live tests run.
const liveRate = 100 / slow

// liveEvening is an evening with short rides, and its town, whose clock is a little before it.
func liveEvening(
	t testing.TB, change func(*sim.Options), rules ...func(*dispatch.Policy),
) (*town, sim.LiveConfig) {
	t.Helper()
	c := evening(t, func(o *sim.Options) {
		o.Mode, o.Fleet, o.Requests, o.Duration = sim.ModeLive, 100/slow, 900, 4*time.Minute/slow
		change(o)
	})
	c.City = c.City.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		// A second of the machine is a minute and a half: a busy one is late by as much.
		p.CallS, p.OfferS, p.StaleS = 120, 120, 300
		for _, rule := range rules {
			rule(&p)
		}
		return p
	})
	village(c)
	w := newTown(t, c.City, c.Trips[0].At.Add(-time.Minute), liveRate)
	return w, sim.LiveConfig{
		Addr: w.addr, Key: wire.NewSigner(w.key), City: c.City, Options: c.Options,
		Trips: c.Trips, Taxis: c.Taxis, Wall: time.Now,
	}
}

// village makes a village with the streets of Beijing of a city.
func village(c sim.VirtualConfig) {
	near := func(p *geo.Point) {
		p.Lat = c.City.Center.Lat + (p.Lat-c.City.Center.Lat)/6
		p.Lng = c.City.Center.Lng + (p.Lng-c.City.Center.Lng)/6
	}
	for i := range c.Trips {
		near(&c.Trips[i].Pickup)
		near(&c.Trips[i].Dropoff)
		c.Trips[i].Duration = 0
	}
	for i := range c.Taxis {
		near(&c.Taxis[i].At)
	}
}

// soundLive is sound, and that the run was live.
func soundLive(t *testing.T, r sim.Report, c sim.LiveConfig) {
	t.Helper()
	sound(t, r, len(c.Trips))
	if r.LiveFigures == nil || r.Speedup != liveRate || r.Fixes == 0 {
		t.Fatalf("not live: %+v", r)
	}
	var out bytes.Buffer
	if err := r.Summary(&out); err != nil || !strings.Contains(out.String(), "live       ") {
		t.Errorf("%v", err)
	}
	for reason, n := range r.FixesRefused {
		// A taxi that stops for a hand jumps to the kerb; on a busy machine 60 s of the city are
		// soon over, and a first fix may overtake the begin of its shift.
		switch {
		case reason == "stale", reason == "jump" && c.Options.Street > 0,
			reason == "no_taxi" && n <= len(c.Taxis):
		default:
			t.Errorf("%d fixes refused: %s", n, reason)
		}
	}
	t.Logf("%srefused: %v", out.String(), r.Refused)
}

func TestLive(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*sim.Options){
		"as it comes": func(*sim.Options) {},
		"all goes wrong": func(o *sim.Options) {
			o.Accept, o.Release, o.BreakDown, o.NoShow, o.Street = 0.8, 0.1, 0.1, 0.1, 0.2
		},
		"a race for every ride": func(o *sim.Options) { o.Policy, o.Accept = dispatch.Grab, 0.5 },
		"at last a race": func(o *sim.Options) {
			o.Policy, o.Accept, o.Release, o.Street = dispatch.Hybrid, 0.6, 0.1, 0.1
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := liveEvening(t, change)
			r, err := sim.Live(t.Context(), c)
			must(t, err)
			soundLive(t, r, c)
			if r.Reconnects != 0 {
				t.Errorf("%d reconnects", r.Reconnects)
			}
		})
	}
}

// looker is a screen on which somebody looks for claims.
type looker struct{ claims func() }

var noClaims = regexp.MustCompile(`\b0 claims`)

func (l looker) Write(line []byte) (int, error) {
	if !noClaims.Match(line) && bytes.Contains(line, []byte("claims")) {
		l.claims()
	}
	return len(line), nil
}

// TestLiveOutlivesCrashes ends the server three times in the middle of the run: what was
// acknowledged goes on, and nothing is done twice.
func TestLiveOutlivesCrashes(t *testing.T) {
	t.Parallel()
	w, c := liveEvening(t, func(*sim.Options) {})
	looks := make(chan struct{}, 1)
	c.Progress = sim.NewProgress(looker{bell(looks)}, 200, time.Now)
	crashes := 0
	var all sync.WaitGroup
	all.Go(func() {
		for range looks {
			if crashes < 3 {
				crashes++
				w.crash()
				w.start()
			}
		}
	})
	r, err := sim.Live(t.Context(), c)
	close(looks)
	all.Wait()
	must(t, err)
	soundLive(t, r, c)
	if crashes == 0 || r.Reconnects < len(c.Taxis)/2 {
		t.Errorf("%d crashes, %d reconnects", crashes, r.Reconnects)
	}
	t.Logf("%d crashes", crashes)
}

// TestLiveIsCutShort ends a run in its middle.
func TestLiveIsCutShort(t *testing.T) {
	t.Parallel()
	_, c := liveEvening(t, func(o *sim.Options) { o.Duration = time.Hour })
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Progress = sim.NewProgress(looker{cancel}, 200, time.Now)
	r, err := sim.Live(ctx, c)
	must(t, err)
	if !r.CutShort || r.Requests == 0 || r.Requests == len(c.Trips) || len(r.Wrong()) != 0 {
		t.Errorf("%+v", r)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := sim.Live(cancelled, c); !errors.Is(err, context.Canceled) || r.Fleet != 0 {
		t.Errorf("cancelled at the begin: %v, %+v", err, r)
	}
}

// TestLiveNeedsACity tells what is wrong with a server.
func TestLiveNeedsACity(t *testing.T) {
	t.Parallel()
	_, c := liveEvening(t, func(*sim.Options) {})
	other := c
	other.City.ID = "atlantis"
	if _, err := sim.Live(t.Context(), other); err == nil ||
		!strings.Contains(err.Error(), "does not serve atlantis") {
		t.Errorf("another city: %v", err)
	}
	key, err := wire.MakeKey()
	must(t, err)
	other = c
	other.Key = wire.NewSigner(key)
	if _, err := sim.Live(t.Context(), other); err == nil ||
		!strings.Contains(err.Error(), "Unauthenticated") {
		t.Errorf("another key: %v", err)
	}
	other = c
	other.Trips = nil
	if _, err := sim.Live(t.Context(), other); err == nil {
		t.Error("without trips")
	}
}
