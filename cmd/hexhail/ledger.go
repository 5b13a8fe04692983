package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/store"
)

const ledgerHelp = `Reads the books in the database, beside a running server or without one, and
changes nothing (docs/ledger.md).`

func newLedger() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ledger", Short: "Look at the books", Long: ledgerHelp,
		Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLedgerCheck(), newLedgerTrial(), newLedgerStatement(), newLedgerExport(),
		newLedgerRide())
	return cmd
}

// books is the database that a command reads.
type books struct {
	db    *store.DB
	money money.Ledger
	cmd   *cobra.Command
}

// withBooks runs fn on the configured database.
func withBooks(cmd *cobra.Command, fn func(context.Context, books) error) (err error) {
	c, _, err := readConfig(cmd.Flags(), os.Environ())
	if err != nil {
		return err
	}
	db, err := openThere(cmd.Context(), c.Store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return fn(cmd.Context(), books{db, money.Ledger{Rows: db}, cmd})
}

// errUnsound ends a check that has found something.
var errUnsound = errors.New("the ledger is not as it was booked")

func newLedgerCheck() *cobra.Command {
	var known string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check", Short: "Compare every transfer with the balances and with the chain",
		Long: `Replays all transfers and compares them with the balances, and follows the chain
of hashes over the entries. What is not as it was booked is named, and the command fails.

Keep the head that it prints where the database's keepers cannot write: with --head the next check
proves that nothing before it was changed and sealed anew.`,
		Example: `  hexhail ledger check
  hexhail ledger check --head "$(cat head-of-yesterday)"`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			seal, err := parseHead(known)
			if err != nil {
				return err
			}
			return withBooks(cmd, func(ctx context.Context, b books) error {
				found, err := b.money.Check(ctx, seal)
				if err != nil {
					return err
				}
				return showFindings(cmd.OutOrStdout(), found, asJSON)
			})
		},
	}
	cmd.Flags().StringVar(&known, "head", "", "`number:hash` that an earlier check has printed")
	cmd.Flags().BoolVar(&asJSON, "json", false, "the findings as JSON")
	bindSettings(cmd.Flags())
	return cmd
}

// parseHead reads what headText has written; "" is none.
func parseHead(text string) (money.Seal, error) {
	if text == "" {
		return money.Seal{}, nil
	}
	number, hash, _ := strings.Cut(text, ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || seq <= 0 || len(hash) != 64 {
		return money.Seal{}, &usageError{fmt.Errorf(
			"--head must be a number, a colon and 64 hexadecimal digits, not %q", text)}
	}
	return money.Seal{Seq: seq, Hash: strings.ToLower(hash)}, nil
}

func headText(s money.Seal) string { return fmt.Sprintf("%d:%s", s.Seq, s.Hash) }

func showFindings(w io.Writer, f money.Findings, asJSON bool) error {
	if !asJSON {
		tellFindings(w, f)
	} else if text, err := json.MarshalIndent(struct {
		money.Findings
		Head string `json:"head"`
	}{f, headText(f.Head)}, "", "  "); err != nil {
		return err
	} else {
		fmt.Fprintln(w, string(text))
	}
	if !f.Sound() {
		return fmt.Errorf("%w: %d faults", errUnsound, len(f.Faults)+f.More)
	}
	return nil
}

func tellFindings(w io.Writer, f money.Findings) {
	fmt.Fprintf(w, "%d transfers on %d accounts; %d entries are sealed", f.Transfers, f.Accounts,
		f.Sealed)
	if f.Unsealed > 0 {
		fmt.Fprintf(w, ", %d transfers not yet", f.Unsealed)
	}
	fmt.Fprintln(w)
	for _, fault := range f.Faults {
		fmt.Fprintf(w, "%s: %s\n", fault.Kind, fault.Text)
	}
	if f.More > 0 {
		fmt.Fprintf(w, "and %d more\n", f.More)
	}
	if f.Sealed > 0 {
		fmt.Fprintf(w, "head %s\n", headText(f.Head))
	}
	if f.Sound() {
		fmt.Fprintln(w, "sound")
	}
}

func newLedgerTrial() *cobra.Command {
	var accounts bool
	cmd := &cobra.Command{
		Use: "trial", Short: "Print the trial balance", Args: noArgs,
		Long: `Prints what the accounts come to, by class: debits, credits, balance (credits less
debits) and what is pending on both sides, in yuan. All debits are all credits.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withBooks(cmd, func(ctx context.Context, b books) error {
				trial, err := b.money.Trial(ctx)
				if err != nil {
					return err
				}
				return showTrial(cmd.OutOrStdout(), trial, accounts)
			})
		},
	}
	cmd.Flags().BoolVar(&accounts, "accounts", false, "every account, not only the classes")
	bindSettings(cmd.Flags())
	return cmd
}

// errUneven ends a trial balance whose sides differ.
var errUneven = errors.New("debits and credits are not the same")

func showTrial(w io.Writer, t money.Trial, accounts bool) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "debits\tcredits\tbalance\tpending debits\tpending credits\t  account")
	row := func(name string, a money.Account) {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t  %s\n", a.Debits, a.Credits, a.Balance(),
			a.PendingDebits, a.PendingCredits, name)
	}
	for _, class := range t.Classes {
		row(fmt.Sprintf("%s (%d)", class.Class, len(class.Accounts)), class.Account)
		for _, a := range class.Accounts {
			if accounts {
				row("  "+string(a.ID), a)
			}
		}
	}
	row("all", t.Total)
	if err := table.Flush(); err != nil {
		return err
	}
	if !t.Even() {
		return errUneven
	}
	return nil
}

// spanFlags are a span of time, in the zone of a city.
type spanFlags struct{ city, from, to string }

func (f *spanFlags) bind(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.city, "city", "beijing", "`id` of the city whose clock it is")
	cmd.Flags().StringVar(&f.from, "from", "", "`time` of the first transfers (default all)")
	cmd.Flags().StringVar(&f.to, "to", "", "`time` before which the last ones were booked "+
		"(default all)")
}

func (f *spanFlags) span(cmd *cobra.Command) (timeSpan, *time.Location, error) {
	c, _, err := readConfig(cmd.Flags(), os.Environ())
	if err != nil {
		return timeSpan{}, nil, err
	}
	city, err := exportedCity(c, dispatch.CityID(f.city))
	if err != nil {
		return timeSpan{}, nil, err
	}
	span, err := exportFlags{from: f.from, to: f.to}.span(city.Zone)
	return span, city.Zone, err
}
