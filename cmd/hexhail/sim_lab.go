package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"hexhail/dispatch"
	"hexhail/sim"
)

// bindLab makes the flags of l; its values are the defaults.
func bindLab(f *pflag.FlagSet, l *sim.LabOptions) {
	f.StringSliceVar(&l.Compare, "compare", l.Compare,
		"run several `policies` on the same demand: modes or policy files, with commas; "+
			"the first is what the others are compared with")
	f.IntSliceVar(&l.Fleets, "fleets", l.Fleets,
		"`taxis`, with commas: with --compare each of them, with --smallest-fleet between two")
	f.IntVar(&l.Seeds, "seeds", l.Seeds, "runs of each policy and fleet, from --seed on")
	f.IntVar(&l.AtOnce, "at-once", l.AtOnce, "runs at the same time; each takes one processor")
	f.StringVar(&l.Chart, "chart", l.Chart,
		"with --compare: SVG `file` of wait and service over the fleet")
	f.BoolVar(&l.Smallest, "smallest-fleet", l.Smallest,
		"look for the smallest fleet that serves --serve at a mean wait of --arrival")
	f.Float64Var(&l.Serve, "serve", l.Serve, "share of the requests within the graph")
	f.DurationVar(&l.Arrival, "arrival", l.Arrival,
		"their mean wait from request to the taxi's arrival")
	f.IntVar(&l.Step, "fleet-step", l.Step, "`taxis` between two fleets that are tried")
	f.BoolVar(&l.Bound, "bound", l.Bound,
		"the smallest fleet that could serve all, if all rides were known beforehand")
	f.DurationVar(&l.Wait, "bound-wait", l.Wait, "each of these rides may wait so long")
}

// contender is one policy of a lab.
type contender struct {
	name  string
	apply func(*sim.Options)
}

// contenders are the policies that --compare names.
func contenders(words []string) ([]contender, error) {
	var all []contender
	for _, word := range words {
		c, err := contenderOf(word)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(other contender) bool { return other.name == c.name }) {
			return nil, &sim.OptionError{
				Flag: "compare", Limit: fmt.Sprintf("different policies, not %s twice", c.name),
			}
		}
		all = append(all, c)
	}
	return all, nil
}

// contenderOf is a mode, if a policy may have it, or else a policy file, named after the file.
func contenderOf(word string) (contender, error) {
	policy := dispatch.DefaultPolicy()
	policy.Mode = dispatch.Mode(word)
	if policy.Check() == nil {
		return contender{word, func(o *sim.Options) { o.Policy = policy.Mode }}, nil
	}
	if _, err := os.Stat(word); err != nil {
		return contender{}, &sim.OptionError{
			Flag: "compare", Limit: fmt.Sprintf("modes or policy files, not %q: %v", word, err),
		}
	}
	name := strings.TrimSuffix(filepath.Base(word), ".json")
	return contender{name, func(o *sim.Options) { o.PolicyFile = word }}, nil
}

// lab makes the runs of several policies. Each worker has inputs of its own.
type lab struct {
	o          sim.Options
	contenders []contender
	inputs     []inputs // by worker
	stderr     io.Writer
	started    time.Time
}

// newLab reads the files and checks the policies before the first run: an hour's work should not
// end at the second policy's file. first is the first contender's city.
func newLab(o sim.Options, l sim.LabOptions, stderr io.Writer) (*lab, sim.VirtualConfig, error) {
	first := sim.VirtualConfig{}
	if err := o.Check(); err != nil {
		return nil, first, err
	}
	one := []contender{{string(o.Policy), func(*sim.Options) {}}}
	if o.PolicyFile != "" {
		one[0].name = strings.TrimSuffix(filepath.Base(o.PolicyFile), ".json")
	}
	if len(l.Compare) > 0 {
		var err error
		if one, err = contenders(l.Compare); err != nil {
			return nil, first, err
		}
	}
	b := &lab{
		o: o, contenders: one, inputs: make([]inputs, l.AtOnce), stderr: stderr,
		started: time.Now(),
	}
	for i, c := range one {
		config, err := b.config(0, sim.Case{Contender: c.name, Fleet: o.Fleet, Seed: o.Seed})
		if err != nil {
			return nil, first, err
		}
		if i == 0 {
			first = config
		}
	}
	return b, first, nil
}

// names are the contenders'.
func (b *lab) names() []string {
	var names []string
	for _, c := range b.contenders {
		names = append(names, c.name)
	}
	return names
}

// config is what a case runs.
func (b *lab) config(worker int, k sim.Case) (sim.VirtualConfig, error) {
	o := b.o
	o.Fleet, o.Seed = k.Fleet, k.Seed
	for _, c := range b.contenders {
		if c.name == k.Contender {
			c.apply(&o)
		}
	}
	return b.inputs[worker].prepare(o)
}

// run makes one run; with one at a time, a terminal shows how far it is.
func (b *lab) run(ctx context.Context, worker int, k sim.Case) (sim.Report, error) {
	config, err := b.config(worker, k)
	if err != nil {
		return sim.Report{}, err
	}
	config.Wall = time.Now
	if n := columns(b.stderr); n > 0 && len(b.inputs) == 1 {
		config.Progress = sim.NewProgress(b.stderr, n, time.Now)
	}
	report, err := runMode(ctx, config, b.stderr)
	config.Progress.Finish()
	if err != nil {
		return report, err
	}
	if err := verdict(report); err != nil && !errors.Is(err, errInterrupted) {
		return report, err
	}
	return report, nil
}

// heard tells of a run that has ended.
func (b *lab) heard(done sim.Run, left int, made int) {
	r := done.Report
	eta := time.Since(b.started) / time.Duration(max(1, made)) * time.Duration(left)
	fmt.Fprintf(b.stderr, "%d/%d  %d taxis, seed %d, %s: %.2f %% served, %.1f s to arrival, "+
		"%.1f s of wall time, ETA %v\n", made, made+left, r.Fleet, done.Seed, done.Contender,
		100*r.ServiceRate, r.ArrivalS.Mean, r.WallS, eta.Round(time.Second))
}

// runLab makes the runs that a lab is asked for, and tells what came of them.
func runLab(
	ctx context.Context, o sim.Options, l sim.LabOptions, stdout, stderr io.Writer,
) (err error) {
	b, first, err := newLab(o, l, stderr)
	if err != nil {
		return err
	}
	sink, err := openSink(o.Report, stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	people := sink.beside(stdout, stderr)
	if l.Bound {
		return tellBounds(boundsOf(first, l), sink, people)
	}
	if l.Smallest {
		return b.smallest(ctx, l, first, sink, people)
	}
	return b.compare(ctx, l, first, sink, people)
}

// compare runs the contenders against each other.
func (b *lab) compare(
	ctx context.Context, l sim.LabOptions, first sim.VirtualConfig, sink *sink, people io.Writer,
) (err error) {
	chart, err := openSink(l.Chart, io.Discard)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, chart.Close()) }()
	runs := b.runs(l)
	runs.Contenders, runs.Fleets = b.names(), b.fleets(l, first)
	c, err := runs.Compare(ctx)
	if err != nil {
		return err
	}
	title := first.City.Name + ", " + first.Trips[0].At.Format("2 January 2006, 15:04")
	err = c.Table(people)
	if errors.Is(err, sim.ErrNoRuns) {
		return errNothingDone
	}
	err = errors.Join(err, sink.write(c), chart.write(titled{c, title}))
	if err == nil && c.CutShort {
		return errInterrupted
	}
	return err
}

// runs are a lab whose runs are told of.
func (b *lab) runs(l sim.LabOptions) sim.Lab {
	made := 0
	return sim.Lab{
		Seeds: b.seeds(l), AtOnce: l.AtOnce, Run: b.run,
		Heard: func(done sim.Run, left int) {
			made++
			b.heard(done, left, made)
		},
	}
}

// titled is a comparison that writes its chart.
type titled struct {
	sim.Comparison
	title string
}

// Write writes the chart.
func (t titled) Write(w io.Writer) error { return t.Chart(w, t.title) }

// fleets are the sizes to run; without any the first run's.
func (b *lab) fleets(l sim.LabOptions, first sim.VirtualConfig) []int {
	if len(l.Fleets) > 0 {
		return l.Fleets
	}
	return []int{len(first.Taxis)}
}

func (b *lab) seeds(l sim.LabOptions) []uint64 {
	seeds := make([]uint64, l.Seeds)
	for i := range seeds {
		seeds[i] = b.o.Seed + uint64(i)
	}
	return seeds
}
