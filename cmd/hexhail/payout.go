package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
)

func newPayouts() *cobra.Command {
	cmd := &cobra.Command{
		Use: "payouts", Short: "About what drivers take out to their bank cards", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBankFile(), newBankResults())
	return cmd
}

func newBankFile() *cobra.Command {
	var a asking
	var id, out string
	cmd := &cobra.Command{
		Use: "file", Short: "Write the next file for the bank",
		Long: "Puts the withdrawals whose time has come into a file for the bank, and writes\n" +
			"it: CSV of withdrawal_id, card, name, amount_yuan. With --id it writes one that\n" +
			"was made before, again. It asks a running server.",
		Example: "  hexhail payouts file --out payouts.csv", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.call(cmd, func(ctx context.Context, api opspb.OpsServiceClient) error {
				return writeBankFile(ctx, api, id, out, cmd.OutOrStdout(), cmd.ErrOrStderr())
			})
		},
	}
	cmd.Flags().StringVar(&id, "id", "", "`id` of a file that was made before")
	cmd.Flags().StringVar(&out, "out", "-", "CSV `file`; - is the standard output")
	a.bind(cmd)
	return cmd
}

func writeBankFile(
	ctx context.Context, api opspb.OpsServiceClient, id, out string, stdout, stderr io.Writer,
) error {
	if id == "" {
		made, err := api.MakeBankFile(ctx, &opspb.MakeBankFileRequest{RequestId: rand.Text()})
		if err != nil {
			return err
		}
		fmt.Fprintf(stderr, "file %s: %d withdrawals, %s yuan\n", made.GetFileId(),
			made.GetRows(), money.Fen(made.GetTotalFen()))
		if id = made.GetFileId(); id == "" {
			return nil // there is nothing to pay
		}
	}
	file, err := api.GetBankFile(ctx, &opspb.GetBankFileRequest{FileId: id})
	if err != nil {
		return err
	}
	if out == "-" {
		_, err = stdout.Write(file.GetCsv())
		return err
	}
	return os.WriteFile(out, file.GetCsv(), 0o600) // names and cards
}

func newBankResults() *cobra.Command {
	var a asking
	cmd := &cobra.Command{
		Use: "results FILE", Short: "Book what the bank says",
		Long: "Books the bank's results: CSV of withdrawal_id, amount_yuan, result (paid, 成功,\n" +
			"failed, 失败) and reason. The same file again changes nothing. Lines that could\n" +
			"not be booked are told, and the command fails. It asks a running server.",
		Args: oneArg("a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readAtMost(args[0], money.MaxBankResults)
			if err != nil {
				return err
			}
			return a.call(cmd, func(ctx context.Context, api opspb.OpsServiceClient) error {
				done, err := api.ImportBankResults(ctx, &opspb.ImportBankResultsRequest{Csv: text})
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%d paid, %d failed, %d known before\n",
					done.GetPaid(), done.GetFailed(), done.GetSame())
				for _, r := range done.GetRefused() {
					fmt.Fprintf(cmd.ErrOrStderr(), "line %d, withdrawal %s: %s\n",
						r.GetLine(), r.GetWithdrawalId(), r.GetWhy())
				}
				if n := len(done.GetRefused()); n > 0 {
					return fmt.Errorf("%d lines were not booked", n)
				}
				return nil
			})
		},
	}
	a.bind(cmd)
	return cmd
}

// readAtMost reads a file that has no more bytes than this.
func readAtMost(name string, most int64) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, most+1))
	if closing := file.Close(); err == nil {
		err = closing
	}
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return text, err
}
