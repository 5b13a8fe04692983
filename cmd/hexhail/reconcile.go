package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
)

// billWithin is how long a bill may take: five minutes to fetch it, and some to compare it.
const billWithin = 10 * time.Minute

func newReconcile() *cobra.Command {
	var a asking
	var in opspb.ReconcileBillRequest
	var file string
	cmd := &cobra.Command{
		Use: "reconcile DAY", Short: "Compare the bill of a channel with the books",
		Long: `Has a running server fetch the bill of a channel's day, compare it with the books,
list what differs, and settle what agrees. Again it changes nothing but what could not be
matched before. A server does so by itself each morning (docs/reconciliation.md). With
--file it compares a bill that you have downloaded from the channel's own pages: .csv as it
is, or packed (.gz, .zip), at most 64 MiB.`,
		Example: `  hexhail reconcile 2014-01-10 --channel alipay
  hexhail reconcile 2014-01-10 --channel wechat --file bill.csv
  hexhail reconcile differences
  hexhail reconcile approve alipay//2014-01-10/charge/01K… --note "their clerk has confirmed it"`,
		Args: oneArg("a day such as 2014-01-10"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Day = args[0]
			return a.callWithin(cmd, billWithin,
				func(ctx context.Context, c opspb.OpsServiceClient) error {
					got, err := reconcileWith(ctx, c, &in, file)
					if err != nil {
						return err
					}
					showBills(cmd.OutOrStdout(), []*opspb.Bill{got.GetBill()})
					fmt.Fprintf(cmd.OutOrStdout(), "%d differences are open; %s owes us %s yuan\n",
						got.GetOpenDifferences(), in.GetChannel(), inYuan(got.GetClearingFen()))
					return nil
				})
		},
	}
	cmd.Flags().StringVar(&in.Channel, "channel", string(money.WeChat), "`channel` of the bill")
	cmd.Flags().StringVar(&in.Merchant, "merchant", "", "whose `account` (default the house's)")
	cmd.Flags().StringVar(&file, "file", "",
		"`file` of a bill that was downloaded by hand (default: fetch it)")
	a.bind(cmd)
	cmd.AddCommand(newReconcileDifferences(), newReconcileApprove(), newReconcileBills())
	return cmd
}

// compared is what came of a bill.
type compared interface {
	GetBill() *opspb.Bill
	GetOpenDifferences() int32
	GetClearingFen() int64
}

// reconcileWith has a bill compared: the one in a file, or else the one that the server fetches.
func reconcileWith(
	ctx context.Context, c opspb.OpsServiceClient, in *opspb.ReconcileBillRequest, file string,
) (compared, error) {
	if file == "" {
		return c.ReconcileBill(ctx, in)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	got, err := sendBill(ctx, c, &opspb.BillName{
		Channel: in.GetChannel(), Merchant: in.GetMerchant(), Day: in.GetDay(),
	}, f)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return got, err
}

// billChunk is how many bytes of a bill a message has: a message has at most 64 KiB.
const billChunk = 60 << 10

func sendBill(
	ctx context.Context, c opspb.OpsServiceClient, name *opspb.BillName, file io.Reader,
) (*opspb.ImportBillResponse, error) {
	stream, err := c.ImportBill(ctx)
	if err != nil {
		return nil, err
	}
	m := &opspb.ImportBillRequest{Part: &opspb.ImportBillRequest_Bill{Bill: name}}
	for chunk := make([]byte, billChunk); stream.Send(m) == nil; {
		n, err := file.Read(chunk)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		m = &opspb.ImportBillRequest{Part: &opspb.ImportBillRequest_Chunk{Chunk: chunk[:n]}}
	}
	return stream.CloseAndRecv() // which says why Send has failed, if it has
}

func inYuan(fen int64) string { return money.Fen(fen).String() }

func showBills(w io.Writer, bills []*opspb.Bill) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "bill\trows\tpaid\trefunded\tfees\tsettled\t")
	for _, b := range bills {
		part := ""
		if !b.GetWhole() {
			part = "not whole"
		}
		fmt.Fprintf(table, "%s/%s/%s\t%d\t%s\t%s\t%s\t%s\t%s\n", b.GetChannel(), b.GetMerchant(),
			b.GetDay(), b.GetRows(), inYuan(b.GetPaidFen()), inYuan(b.GetRefundedFen()),
			inYuan(b.GetFeesFen()), inYuan(b.GetSettledFen()), part)
	}
	_ = table.Flush() // to the terminal
}

func newReconcileBills() *cobra.Command {
	var a asking
	var in opspb.ListBillsRequest
	cmd := &cobra.Command{
		Use: "bills", Short: "List the bills that were imported", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.call(cmd, func(ctx context.Context, c opspb.OpsServiceClient) error {
				got, err := c.ListBills(ctx, &in)
				if err == nil {
					showBills(cmd.OutOrStdout(), got.GetBills())
				}
				return err
			})
		},
	}
	cmd.Flags().StringVar(&in.Channel, "channel", "", "of one `channel` (default all)")
	a.bind(cmd)
	return cmd
}

func newReconcileDifferences() *cobra.Command {
	var a asking
	var in opspb.ListDifferencesRequest
	cmd := &cobra.Command{
		Use: "differences", Short: "List what bills and books do not agree on", Args: noArgs,
		Long: `Lists differences, each with its cause and what is proposed: transfers to be booked,
the bill's word to be taken for the channel's (outcome), or to wait for the next day's bill.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.call(cmd, func(ctx context.Context, c opspb.OpsServiceClient) error {
				for {
					got, err := c.ListDifferences(ctx, &in)
					if err != nil {
						return err
					}
					for _, d := range got.GetDifferences() {
						showDifference(cmd.OutOrStdout(), d)
					}
					if in.PageToken = got.GetNextPageToken(); in.GetPageToken() == "" {
						return nil
					}
				}
			})
		},
	}
	cmd.Flags().StringVar(&in.Channel, "channel", "", "of one `channel` (default all)")
	cmd.Flags().StringVar(&in.State, "state", "", "open, booked or gone (default open)")
	a.bind(cmd)
	return cmd
}

func showDifference(w io.Writer, d *opspb.Difference) {
	fmt.Fprintf(w, "%s\n  %s of day %s: they %s (fee %s), we %s (fee %s)", d.GetId(), d.GetCause(),
		d.GetDay(), inYuan(d.GetTheirAmountFen()), inYuan(d.GetTheirFeeFen()),
		inYuan(d.GetOurAmountFen()), inYuan(d.GetOurFeeFen()))
	if d.GetOurState() != "" {
		fmt.Fprintf(w, ", %s", d.GetOurState())
	}
	if d.GetRideId() != "" {
		fmt.Fprintf(w, ", ride %s", d.GetRideId())
	}
	words := []string{d.GetAction()}
	for _, t := range d.GetProposal() {
		words = append(words, fmt.Sprintf("%s from %s to %s", inYuan(t.GetAmountFen()),
			t.GetDebit(), t.GetCredit()))
	}
	verb := "proposed"
	if d.GetState() != string(money.DifferenceOpen) {
		verb = d.GetState()
	}
	fmt.Fprintf(w, "\n  %s: %s\n", verb, strings.Join(words, ", "))
	if d.GetDecidedBy() != "" {
		fmt.Fprintf(w, "  by %s: %s\n", d.GetDecidedBy(), d.GetNote())
	}
}

func newReconcileApprove() *cobra.Command {
	var a asking
	var in opspb.ApproveDifferenceRequest
	cmd := &cobra.Command{
		Use: "approve DIFFERENCE", Short: "Book a difference as it is proposed, once",
		Args: oneArg("a difference's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if in.GetNote() == "" || len(in.GetNote()) > money.MaxDifferenceNote {
				return &usageError{fmt.Errorf("--note must say why, in 1 to %d bytes",
					money.MaxDifferenceNote)}
			}
			in.DifferenceId = args[0]
			in.RequestId = requestOf(args[0], in.GetNote())
			return a.callWithin(cmd, billWithin,
				func(ctx context.Context, c opspb.OpsServiceClient) error {
					got, err := c.ApproveDifference(ctx, &in)
					if err == nil {
						showDifference(cmd.OutOrStdout(), got.GetDifference())
					}
					return err
				})
		},
	}
	cmd.Flags().StringVar(&in.Note, "note", "", "why, for who audits")
	a.bind(cmd)
	return cmd
}
