package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Limits of a comparison.
const (
	MaxContenders = 12 // that a chart can still tell apart
	MaxFleets     = 50
	MaxSeeds      = 100
	MaxAtOnce     = 64
)

// Case is one run of a comparison.
type Case struct {
	Contender string `json:"contender"`
	Fleet     int    `json:"fleet"` // taxis
	Seed      uint64 `json:"seed"`
}

// Run is a case and what came of it.
type Run struct {
	Case
	Report Report `json:"report"`
}

// Lab runs policies, the contenders, on the same demand: for each seed and fleet every contender
// meets the same riders, the same taxis and the same luck.
type Lab struct {
	Contenders []string // names; the first is what the others are compared with
	Fleets     []int
	Seeds      []uint64
	AtOnce     int // runs at the same time, at least 1
	// Run makes one run. worker is 0 to AtOnce−1; no two runs of a worker overlap.
	Run func(ctx context.Context, worker int, c Case) (Report, error)
	// Heard is told of each run that has ended, one at a time, in the order of their ends; nil:
	// nobody listens. left is how many are still to come.
	Heard func(done Run, left int)
}

// cases are all runs: a whole table for the first seed, then for the next, so that a comparison
// that is ended early has something on every contender at every fleet.
func (l Lab) cases() []Case {
	var all []Case
	for _, seed := range l.Seeds {
		for _, fleet := range l.Fleets {
			for _, name := range l.Contenders {
				all = append(all, Case{Contender: name, Fleet: fleet, Seed: seed})
			}
		}
	}
	return all
}

// Compare makes all runs. A run that fails ends the others, and its error is returned. When ctx
// ends, the comparison is of the runs that had ended by themselves until then, and CutShort says
// so. How many run at once changes nothing but the time.
func (l Lab) Compare(ctx context.Context) (Comparison, error) {
	cases := l.cases()
	done := make([]*Run, len(cases))
	work, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	var ended sync.Mutex
	left := len(cases)
	for worker := range max(1, l.AtOnce) {
		workers.Go(func() {
			for i := range next {
				if work.Err() != nil {
					return // handed over as it ended
				}
				report, err := l.Run(work, worker, cases[i])
				ended.Lock()
				switch {
				case err == nil && !report.CutShort:
					left--
					done[i] = &Run{Case: cases[i], Report: report}
					if l.Heard != nil {
						l.Heard(*done[i], left)
					}
				case err != nil && work.Err() == nil:
					cancel(fmt.Errorf("%s, %d taxis, seed %d: %w",
						cases[i].Contender, cases[i].Fleet, cases[i].Seed, err))
				}
				ended.Unlock()
			}
		})
	}
	for i := range cases {
		select {
		case next <- i:
		case <-work.Done():
		}
	}
	close(next)
	workers.Wait()
	c := Comparison{Contenders: l.Contenders, Fleets: l.Fleets, Seeds: l.Seeds}
	for _, r := range done {
		if r != nil {
			c.Runs = append(c.Runs, *r)
		}
	}
	c.CutShort = len(c.Runs) < len(cases)
	if err := context.Cause(work); err != nil && ctx.Err() == nil {
		return c, err
	}
	return c, nil
}

// Comparison is what came of a lab's runs.
type Comparison struct {
	Contenders []string
	Fleets     []int
	Seeds      []uint64
	Runs       []Run // in the order of seeds, fleets and contenders
	CutShort   bool  // runs are missing, as the comparison was ended from outside
}

// ErrNoRuns is a comparison that was ended before its first run was over.
var ErrNoRuns = errors.New("sim: ended before the first run was over")

// results are a comparison's reports where they can be found.
type results struct {
	Comparison
	reports map[Case]Report
}

func (c Comparison) results() results {
	r := results{Comparison: c, reports: make(map[Case]Report, len(c.Runs))}
	for _, run := range c.Runs {
		r.reports[run.Case] = run.Report
	}
	return r
}

// seeds are those with a run of every contender at a fleet: only these can be compared there.
func (r results) seeds(fleet int) []uint64 {
	return slices.DeleteFunc(slices.Clone(r.Seeds), func(seed uint64) bool {
		return slices.ContainsFunc(r.Contenders, func(name string) bool {
			_, ok := r.reports[Case{Contender: name, Fleet: fleet, Seed: seed}]
			return !ok
		})
	})
}

// samples are a figure of a contender at a fleet, by seed.
func (r results) samples(contender string, fleet int, of func(Report) float64) []float64 {
	seeds := r.seeds(fleet)
	all := make([]float64, len(seeds))
	for i, seed := range seeds {
		all[i] = of(r.reports[Case{Contender: contender, Fleet: fleet, Seed: seed}])
	}
	return all
}

// mean is a figure of a contender at a fleet.
func (r results) mean(contender string, fleet int, of func(Report) float64) Interval {
	return IntervalOf(r.samples(contender, fleet, of))
}

// difference is by how much a contender's figure exceeds the first contender's.
func (r results) difference(contender string, fleet int, of func(Report) float64) Interval {
	return PairedInterval(r.samples(contender, fleet, of),
		r.samples(r.Contenders[0], fleet, of))
}
