package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
)

func newHongbao() *cobra.Command {
	cmd := &cobra.Command{
		Use: "hongbao", Short: "Give riders hongbaos (红包), and list them",
		Long: `A hongbao is a credit in a rider's wallet that a sponsor pays for, until it expires
(docs/payments.md).`,
		Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newHongbaoGive(), newHongbaoList())
	return cmd
}

func newHongbaoGive() *cobra.Command {
	var a asking
	var flags spanFlags
	var amount string
	in := opspb.GiveHongbaosRequest{}
	cmd := &cobra.Command{
		Use: "give RIDER...", Short: "Give each of some riders a hongbao",
		Long: `Gives each of the riders, at most 1,000, a hongbao: all of them or, with an error,
none. The same words again give nothing more. It asks a running server.`,
		Example: `  hexhail hongbao give R1 R2 --amount 5.00 --sponsor alipay --until 2014-02-15 \
    --title-en 'Spring Festival' --title-zh 春节红包`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > money.MaxHongbaosAtOnce {
				return &usageError{fmt.Errorf("%s takes 1 to %d riders", cmd.CommandPath(),
					money.MaxHongbaosAtOnce)}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			fen, err := money.ParseYuan(amount)
			if err != nil {
				return &usageError{fmt.Errorf("--amount: %w", err)}
			}
			if flags.to == "" {
				return &usageError{errors.New("--until must say until when they can be spent")}
			}
			span, zone, err := flags.span(cmd)
			if err != nil {
				return err
			}
			in.City, in.RiderIds, in.AmountFen = flags.city, args, int64(fen)
			in.ExpiresAt = timestamppb.New(span.to)
			in.RequestId = requestOf(slices.Concat([]string{
				"hongbao", in.GetCity(), in.GetSponsor(), in.GetTitleEn(), in.GetTitleZh(), amount,
				span.to.UTC().String(),
			}, args)...)
			return a.call(cmd, func(ctx context.Context, c opspb.OpsServiceClient) error {
				got, err := c.GiveHongbaos(ctx, &in)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "given: %d of %s yuan, until %s\n",
					len(got.GetHongbaoIds()), fen, span.to.In(zone).Format(time.DateTime))
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.city, "city", "beijing", "`id` of the city by whose days it is claimed")
	f.StringVar(&flags.to, "until", "", "`time` until which they can be spent, the city's")
	f.StringVar(&amount, "amount", "", "what each rider gets, in `yuan`")
	f.StringVar(&in.Sponsor, "sponsor", "", "who pays for them")
	f.StringVar(&in.TitleEn, "title-en", "", "what they are for, in English")
	f.StringVar(&in.TitleZh, "title-zh", "", "what they are for, in Chinese")
	a.bind(cmd)
	return cmd
}

func newHongbaoList() *cobra.Command {
	var a asking
	in := opspb.ListHongbaosRequest{PageSize: 200}
	cmd := &cobra.Command{
		Use: "list", Short: "List hongbaos, the latest first, with what is left of each",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.call(cmd, func(ctx context.Context, c opspb.OpsServiceClient) error {
				var all []*opspb.Hongbao
				for more := true; more; more = in.GetPageToken() != "" {
					got, err := c.ListHongbaos(ctx, &in)
					if err != nil {
						return err
					}
					all, in.PageToken = append(all, got.GetHongbaos()...), got.GetNextPageToken()
				}
				return showHongbaos(cmd.OutOrStdout(), all)
			})
		},
	}
	cmd.Flags().StringVar(&in.RiderId, "rider", "", "of one `rider` (default all)")
	cmd.Flags().StringVar(&in.Sponsor, "sponsor", "", "of one `sponsor` (default all)")
	a.bind(cmd)
	return cmd
}

func showHongbaos(w io.Writer, all []*opspb.Hongbao) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "hongbao\trider\tsponsor\tgiven\tleft\theld\tuntil\ttitle")
	for _, h := range all {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s %s\n", h.GetHongbaoId(),
			h.GetRiderId(), h.GetSponsor(), inYuan(h.GetAmountFen()), inYuan(h.GetLeftFen()),
			inYuan(h.GetHeldFen()), h.GetExpiresAt().AsTime().Format(time.RFC3339),
			h.GetTitleEn(), h.GetTitleZh())
	}
	return table.Flush()
}
