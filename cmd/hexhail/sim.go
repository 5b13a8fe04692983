package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hexhail/sim"
	"hexhail/store"
)

// A run that was ended by a signal: what it had done is told all the same, if there is any.
var (
	errInterrupted = errors.New("interrupted: the figures are of the part that was run")
	errNothingDone = errors.New("interrupted before there was anything to tell")
)

const simHelp = `Runs a city of simulated riders and drivers against the production code.

Without files it is the model of a Chinese city: Beijing, a Wednesday evening. With --trips and
--taxis it replays recorded demand, with --roads-nodes and --roads-edges on recorded streets. The
same seed and flags give the same report, but for wall_s and fixes_per_s.

The progress goes to the standard error, on a terminal with a bar; on a narrow one it is short:
taxis idle, on the way to a pickup, at it, on a trip and off duty, then rides that are open, claims,
the mean wait from request to boarding, and the subsidies in yuan. The summary goes to the standard
output, unless --report - gives that to the report alone. Ctrl-C ends the run early and tells what
was done; before the first request there is nothing to tell, and a report file stays as it is.`

const simExample = `  hexhail sim --fleet 2500 --policy nearest
  hexhail sim --city chengdu --start "2014-03-01 21:00" --duration 2h --seed 7
  hexhail sim --trips trips.csv.gz --taxis taxis.csv.gz --fleet 5000 --report -`

func newSim() *cobra.Command {
	o, lab := sim.DefaultOptions(), sim.DefaultLabOptions()
	cmd := &cobra.Command{
		Use:     "sim",
		Short:   "Run a simulated city",
		Long:    simHelp,
		Example: simExample,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := lab.Check(o); err != nil {
				return err
			}
			if lab.Asked() {
				return runLab(cmd.Context(), o, lab, cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			return runSim(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	bindFlags(cmd.Flags(), &o)
	bindLab(cmd.Flags(), &lab)
	if err := completeFlags(cmd); err != nil {
		panic(err) // a flag of that name does not exist: a bug
	}
	return cmd
}

// runSim opens what a run needs, in order, runs it and tells what came of it.
func runSim(ctx context.Context, o sim.Options, stdout, stderr io.Writer) (err error) {
	if err := o.Check(); err != nil {
		return err
	}
	config, err := new(inputs).prepare(o)
	if err != nil {
		return err
	}
	// Opened before the run: an hour's work should not end at a folder that is not there.
	sink, err := openSink(o.Report, stdout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, sink.Close()) }()
	config.Wall = time.Now
	config.Progress = sim.NewProgress(stderr, columns(stderr), time.Now)

	report, err := runMode(ctx, config, stderr)
	config.Progress.Finish()
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return errNothingDone
	}
	if err != nil {
		return err
	}
	if err := tell(report, sink, stdout, stderr); err != nil {
		return err
	}
	return verdict(report)
}

// runMode runs the city as --mode says.
func runMode(
	ctx context.Context, c sim.VirtualConfig, stderr io.Writer,
) (r sim.Report, err error) {
	if c.Options.Mode == sim.ModeLive {
		return runLive(ctx, c, stderr)
	}
	db, err := store.Open(ctx, "sqlite::memory:")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c.Store = db
	return sim.Virtual(ctx, c)
}

// tell writes the report and its summary; a report on the standard output has it for itself.
func tell(report sim.Report, sink *sink, stdout, stderr io.Writer) error {
	if err := sink.write(report); err != nil {
		return err
	}
	return report.Summary(sink.beside(stdout, stderr))
}

// verdict is an error if the run shows that the city is broken, or was cut short.
func verdict(r sim.Report) error {
	switch {
	case r.DoubleClaims > 0:
		return fmt.Errorf("%d double claims", r.DoubleClaims)
	case len(r.Wrong()) > 0:
		return fmt.Errorf("the books do not close: %s", strings.Join(r.Wrong(), ", "))
	case r.CutShort:
		return errInterrupted
	default:
		return nil
	}
}
