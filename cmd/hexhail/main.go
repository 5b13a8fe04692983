// Command hexhail is the whole service in one binary. `hexhail serve` runs it; `migrate`,
// `check-config`, `health` and `token` are for those who look after it; `ride explain` tells why
// nobody took a ride, `campaign launch` begins a campaign; `ledger` looks at the books; `sim` runs
// a simulated city; `version` tells what it was built from, `completion` helps a shell.
//
// It only wires: configuration in, rooms connected, results out. What a ride or a fen may do is
// decided elsewhere.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // a bare machine has no zones, and a city's day is its zone's

	"github.com/spf13/cobra"

	"hexhail/sim"
)

// The codes with which the process ends.
const (
	exitOK          = 0
	exitFailed      = 1   // it went wrong
	exitUsage       = 2   // the command line is wrong
	exitInterrupted = 130 // 128 + SIGINT, as shells have it
)

func main() {
	useMemory()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for the end; after it the system's own handling is back, so that a
	// second one ends at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program: args without its name, and the code with which it ends. It returns early
// when ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintf(stderr, "hexhail: %v\n", err)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var usage *usageError
	var option *sim.OptionError
	var habit *sim.HabitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage), errors.As(err, &option), errors.As(err, &habit):
		return exitUsage
	case errors.Is(err, errInterrupted), errors.Is(err, errNothingDone),
		errors.Is(err, context.Canceled):
		return exitInterrupted
	default:
		return exitFailed
	}
}

// usageError is a command line that cannot be understood.
type usageError struct{ cause error }

// Error tells what is wrong and where help is.
func (e *usageError) Error() string { return e.cause.Error() + " (see hexhail --help)" }

// Unwrap is the cause.
func (e *usageError) Unwrap() error { return e.cause }

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "hexhail",
		Short:         "A taxi-hailing dispatch service",
		Args:          noArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(newServe(), newSim(), newRide(), newDriver(), newCampaign(), newDraw(),
		newPayouts(), newLedger(), newReceipt(), newReconcile(), newSponsor(), newHongbao(),
		newExport(), newStandin(), newToken(), newMigrate(), newCheckConfig(), newHealth(),
		newVersion())
	return root
}

// noArgs refuses words that are no flags.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case cmd.HasSubCommands():
		return &usageError{fmt.Errorf("unknown command %q", args[0])}
	default:
		return &usageError{fmt.Errorf("%s takes flags only, not %q", cmd.CommandPath(), args[0])}
	}
}
