package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"hexhail/dispatch"
)

func newReceipt() *cobra.Command {
	lang := string(dispatch.English)
	cmd := &cobra.Command{
		Use: "receipt RIDE", Short: "Print what a ride has cost, itemised",
		Long: `Prints the receipt of a ride that is settled, or whose late cancel is paid, as its
rider reads it (docs/receipts.md). It reads the database, beside a running server or without one,
and changes nothing. A receipt whose sums do not close is not printed, and the command fails.`,
		Example: `  hexhail receipt 01HX3K7V0000000000000000AB
  hexhail receipt 01HX3K7V0000000000000000AB --lang zh`,
		Args: oneArg("a ride's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(dispatch.Languages(), dispatch.Language(lang)) {
				return &usageError{fmt.Errorf("--lang must be en or zh, not %q", lang)}
			}
			return withBooks(cmd, func(ctx context.Context, b books) error {
				return b.receipt(ctx, dispatch.RideID(args[0]), dispatch.Language(lang))
			})
		},
	}
	cmd.Flags().StringVar(&lang, "lang", lang, "en or zh")
	bindSettings(cmd.Flags())
	return cmd
}

func (b books) receipt(ctx context.Context, id dispatch.RideID, lang dispatch.Language) error {
	rows, err := b.db.RideReceipt(ctx, id)
	if err != nil {
		return err
	}
	receipt, err := dispatch.NewRideReceipt(rows)
	if err != nil {
		return err
	}
	c, _, err := readConfig(b.cmd.Flags(), os.Environ())
	if err != nil {
		return err
	}
	city, err := exportedCity(c, rows.Ride.City)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(b.cmd.OutOrStdout(), receipt.Tell(lang, city.Zone))
	return err
}
