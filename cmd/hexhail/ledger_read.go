package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hexhail/dispatch"
	"hexhail/money"
)

func newLedgerStatement() *cobra.Command {
	var flags spanFlags
	cmd := &cobra.Command{
		Use: "statement ACCOUNT", Short: "Print what was booked on an account",
		Long: `Prints the balance of an account before a time, every transfer on it until another,
each with the balance after it, and the balance in the end, in yuan: what is credited adds to it.
What is only set aside is shown as pending and moves no balance. It reads all of the ledger.`,
		Example: `  hexhail ledger statement driver_payable:D1 --from 2014-01-10 --to 2014-01-11
  hexhail ledger statement channel_clearing:alipay`,
		Args: oneArg("an account"),
		RunE: func(cmd *cobra.Command, args []string) error {
			span, zone, err := flags.span(cmd)
			if err != nil {
				return err
			}
			return withBooks(cmd, func(ctx context.Context, b books) error {
				return b.statement(ctx, money.AccountID(args[0]), span, zone)
			})
		},
	}
	flags.bind(cmd)
	bindSettings(cmd.Flags())
	return cmd
}

func (b books) statement(
	ctx context.Context, id money.AccountID, span timeSpan, zone *time.Location,
) error {
	w := tabwriter.NewWriter(b.cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	s, err := b.money.Statement(ctx, id, span.from, span.to,
		func(opening money.Fen) {
			fmt.Fprintf(w, "%s\tbefore\t\t\t\t%s\t\n", id, opening)
		},
		func(l money.Line) {
			change := l.Change.String()
			if l.Change == 0 {
				change = fmt.Sprintf("(%s %s)", l.Kind, l.Amount)
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
				l.At.In(zone).Format(time.DateTime), l.Code, l.Other, l.Subject, change,
				l.Balance, l.ID)
		})
	if err != nil {
		return err
	}
	if !s.Booked {
		return fmt.Errorf("nothing was ever booked on %q (see hexhail ledger trial)", id)
	}
	fmt.Fprintf(w, "%s\tafter\t\t\t%s\t%s\t%d lines\n", id, s.Credits-s.Debits, s.Closing, s.Lines)
	if s.PendingDebits > 0 || s.PendingCredits > 0 {
		fmt.Fprintf(w, "pending now\t%s to go out, %s to come in\t\t\t\t\t\n",
			s.PendingDebits, s.PendingCredits)
	}
	return w.Flush()
}

func newLedgerExport() *cobra.Command {
	var flags spanFlags
	var out string
	cmd := &cobra.Command{
		Use: "export", Short: "Write transfers as CSV", Args: noArgs,
		Long: `Writes every transfer of a time as CSV (RFC 4180, UTF-8), by the time of booking.
Amounts are in fen. The columns are in the order in which an entry's hash has them.`,
		Example: `  hexhail ledger export --from 2014-01-10 --to 2014-01-11 --out 2014-01-10.csv`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			span, zone, err := flags.span(cmd)
			if err != nil {
				return err
			}
			return withBooks(cmd, func(ctx context.Context, b books) (err error) {
				sink, err := openSink(out, cmd.OutOrStdout())
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, sink.Close()) }()
				return sink.write(transferFile{ctx: ctx, ledger: b.money, span: span, zone: zone})
			})
		},
	}
	flags.bind(cmd)
	cmd.Flags().StringVar(&out, "out", "-", "CSV `file`; - is the standard output")
	bindSettings(cmd.Flags())
	return cmd
}

// transferFile is a part of the ledger that writes itself as CSV.
type transferFile struct {
	ctx    context.Context
	ledger money.Ledger
	span   timeSpan
	zone   *time.Location
	// What alone is told, if it is not zero: what a campaign has given and got back, or what was
	// spent of a sponsor's hongbaos, and came back to them.
	of    money.CampaignID
	spent money.HongbaoSponsor
}

var transferHeader = []string{
	"seq", "entry", "part", "subject", "at", "at_ms", "id", "kind", "pending_id", "debit", "credit",
	"amount_fen", "code",
}

// Write writes the file.
func (f transferFile) Write(w io.Writer) error {
	buffered := bufio.NewWriter(w)
	rows := csv.NewWriter(buffered)
	failed := rows.Write(transferHeader)
	err := f.read(func(b money.Booked) {
		if failed != nil || f.of != "" && !b.GivenBy(f.of) && !b.BackTo(f.of) {
			return
		}
		failed = rows.Write([]string{
			strconv.FormatInt(b.Seq, 10), string(b.Entry), strconv.Itoa(b.Part),
			string(b.Subject), b.At.In(f.zone).Format(time.RFC3339Nano),
			strconv.FormatInt(b.At.UnixMilli(), 10), string(b.ID), b.Kind.String(),
			string(b.Pending), string(b.Debit), string(b.Credit),
			strconv.FormatInt(int64(b.Amount), 10), string(b.Code),
		})
	})
	rows.Flush()
	return errors.Join(err, failed, rows.Error(), buffered.Flush())
}

func (f transferFile) read(visit func(money.Booked)) error {
	if f.spent.Sponsor != "" {
		return f.ledger.Spent(f.ctx, f.spent, f.span.from, f.span.to, visit)
	}
	return f.ledger.Export(f.ctx, f.span.from, f.span.to, visit)
}

// errUntraced ends a ride's figures of which one is not what was booked.
var errUntraced = errors.New("a figure of the ride is not what was booked")

func newLedgerRide() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ride RIDE", Short: "Trace every figure of a ride to its transfers",
		Long: `Prints every sum of a ride: what its payments, subsidies, refunds and repairs say,
and below each the transfers that it comes from, in yuan. A sum that is not what was booked is
marked, and the command fails. What was paid by hand is a memo: nothing of it is booked.`,
		Args: oneArg("a ride's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withBooks(cmd, func(ctx context.Context, b books) error {
				return b.ride(ctx, dispatch.RideID(args[0]))
			})
		},
	}
	bindSettings(cmd.Flags())
	return cmd
}

func (b books) ride(ctx context.Context, id dispatch.RideID) error {
	var r dispatch.Ride
	var payments []money.Payment
	var refunds []money.Refund
	var repairs []money.Repair
	err := b.db.View(ctx, func(tx dispatch.Tx) (err error) {
		if r, err = tx.Ride(id); err != nil {
			return err
		}
		if payments, err = tx.PaymentsOf(r.Subject()); err != nil {
			return err
		}
		if refunds, err = tx.RefundsOf(r.Subject()); err != nil {
			return err
		}
		repairs, err = tx.RepairsOf(r.Subject())
		return err
	})
	if err != nil {
		return err
	}
	var booked []money.Booked
	err = b.money.Of(ctx, r.Subject(), func(t money.Booked) { booked = append(booked, t) })
	if err != nil {
		return err
	}
	return showFigures(b.cmd.OutOrStdout(), r,
		dispatch.Figures(r, payments, refunds, repairs, booked))
}

func showFigures(w io.Writer, r dispatch.Ride, figures []dispatch.Figure) error {
	fmt.Fprintf(w, "ride %s, %s: meter %s, tolls %s, tip %s\n", r.ID, r.State, r.Fare.Meter,
		r.Fare.Tolls, r.Tip)
	var failed error
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range figures {
		word := "booked " + f.Booked.String()
		switch {
		case f.Memo:
			word = "a memo"
		case !f.Fits():
			word, failed = "NOT as booked: "+f.Booked.String(), errUntraced
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t\t\n", f.Name, f.Amount, word)
		for _, l := range f.Lines {
			fmt.Fprintf(table, "  %s\t%s\t%s → %s\t%s\t%s\n", l.At.Format(time.RFC3339), l.Amount,
				l.Debit, l.Credit, l.Kind, l.ID)
		}
	}
	return errors.Join(table.Flush(), failed)
}
