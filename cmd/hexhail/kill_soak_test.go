//go:build soak && !race

package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestSoakKill is the kills in a bigger city: 2,000 taxis of the model, ten kills.
func TestSoakKill(t *testing.T) {
	for name, between := range map[string]func(*testing.T, *town){
		"SQLite": func(*testing.T, *town) {},
		"WithoutItsMessages": func(t *testing.T, w *town) {
			must(t, os.RemoveAll(filepath.Join(w.dir, "nats")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := play{rate: 20}
			w := newTown(t, p.clockArgs()...)
			c := newCrowdOf(t, w, "--city", city, "--start", evening.Format("2006-01-02 15:04"),
				"--fleet", "2000", "--requests", "12000", "--duration", "30m", "--fix-every", "10s",
				"--release", "0.05", "--break-down", "0.02", "--no-show", "0.05", "--accept", "0.9")
			kills(t, c, load{
				requested: 150, claimed: 100, started: 50, searching: 10, assigned: 50, onTrip: 50,
				answers: 100,
			}, 10, func(int) { between(t, w) })
			o := c.closes(t)
			if o.report.Reconnects < 10*1000 {
				t.Errorf("%d reconnects", o.report.Reconnects)
			}
		})
	}
}

// TestSoakDrain is I16 at its size: 5,000 streams, 10 restarts.
func TestSoakDrain(t *testing.T) {
	const streams = 5000
	p := play{riders: 2400, taxis: streams, span: 20 * time.Minute, rate: 5}
	w := newTown(t, append(p.clockArgs(), "--drain-for", "8s")...)
	c := newCrowd(t, w, p, "--fix-every", "30s")
	probes := newProbes(t, c.witness, witnessPeople)
	c.drains(t, probes, 10, load{
		requested: 20, claimed: 10, onTrip: 1, answers: 50,
	}, streams/2)
	o := c.closes(t)
	if o.report.Reconnects < 10*streams/2 {
		t.Errorf("%d reconnects of %d phones", o.report.Reconnects, streams)
	}
}

// steady is what a server may not need more of, the longer it runs.
var steady = []string{
	"go_goroutines", "go_gc_heap_live_bytes", "process_resident_memory_bytes",
}

const (
	sampleEvery = 10 * time.Second
	mostGrowth  = 1.2
)

// TestSoakDay is eight hours of the city, a hundred times as fast, from 10 to 18 h: demand in the
// second and in the last quarter of that time is about the same.
func TestSoakDay(t *testing.T) {
	p := play{rate: 100}
	start := time.Date(2014, 2, 26, 10, 0, 0, 0, evening.Location())
	args := p.clockArgs()
	args[len(args)-1] = start.Add(-30 * time.Minute).Format(time.RFC3339)
	w := newTown(t, args...)
	c := newCrowdOf(t, w, "--city", city, "--start", start.Format("2006-01-02 15:04"),
		"--fleet", "700", "--requests", "1500", "--duration", "8h", "--fix-every", "20s")
	c.reached(t, load{requested: 1})
	samples := map[string][]float64{}
	for tick := time.NewTicker(sampleEvery); !c.through(tick); {
		f := c.w.figures()
		for _, name := range steady {
			if f[name] > 0 {
				samples[name] = append(samples[name], f[name])
			}
		}
	}
	o := c.closes(t)
	if o.report.Completed < 5000 {
		t.Errorf("only %d rides", o.report.Completed)
	}
	for _, name := range steady {
		s := samples[name]
		if len(s) < 20 {
			t.Fatalf("%d samples of %s", len(s), name)
		}
		q := len(s) / 4
		second, last := median(s[q:2*q]), median(s[3*q:])
		t.Logf("%s: %.4g in the second quarter, %.4g in the last: × %.3f (%.4g)", name, second,
			last, last/second, s)
		if last > mostGrowth*second {
			t.Errorf("%s grows", name)
		}
	}
}

// through waits for the next tick, and says whether the crowd has ended before it.
func (c *crowd) through(tick *time.Ticker) bool {
	select {
	case <-c.sim.exited:
		return true
	case <-tick.C:
		return false
	}
}

func median(s []float64) float64 {
	s = slices.Sorted(slices.Values(s))
	return s[len(s)/2]
}
