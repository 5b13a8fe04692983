package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"hexhail/dispatch"
	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
)

func newSponsor() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sponsor", Short: "What campaigns have given, and what sponsors owe for it",
		Long: `Each city day a campaign has given something is a claim on its sponsor: a row of the
statement that the sponsor gets (docs/sponsors.md).`,
		Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSponsorClaims(), newSponsorMake(), newSponsorTransfers(),
		newSponsorWord("dispute", "Note that a sponsor says that a part of a claim is not owed",
			func(ctx context.Context, c opspb.OpsServiceClient, w *opspb.DisputeClaimRequest) (
				*opspb.Claim, error,
			) {
				got, err := c.DisputeClaim(ctx, w)
				return got.GetClaim(), err
			}),
		newSponsorWord("decide", "Decide a dispute: what is given up is our loss, the rest is owed",
			func(ctx context.Context, c opspb.OpsServiceClient, w *opspb.DisputeClaimRequest) (
				*opspb.Claim, error,
			) {
				got, err := c.DecideClaim(ctx, &opspb.DecideClaimRequest{
					RequestId: w.GetRequestId(), CampaignId: w.GetCampaignId(), Day: w.GetDay(),
					AmountFen: w.GetAmountFen(), Why: w.GetWhy(),
				})
				return got.GetClaim(), err
			}),
		newSponsorWord("settle", "Book that a sponsor has paid what is due of a claim",
			func(ctx context.Context, c opspb.OpsServiceClient, w *opspb.DisputeClaimRequest) (
				*opspb.Claim, error,
			) {
				got, err := c.SettleClaim(ctx, &opspb.SettleClaimRequest{
					RequestId: w.GetRequestId(), CampaignId: w.GetCampaignId(), Day: w.GetDay(),
					AmountFen: w.GetAmountFen(), Why: w.GetWhy(),
				})
				return got.GetClaim(), err
			}))
	return cmd
}

// newSponsorWord is a command about one claim.
func newSponsorWord(
	name, short string,
	give func(context.Context, opspb.OpsServiceClient, *opspb.DisputeClaimRequest) (
		*opspb.Claim, error),
) *cobra.Command {
	var a asking
	var amount, why string
	cmd := &cobra.Command{
		Use: name + " CAMPAIGN DAY", Short: short, Args: twoArgs("a campaign and a day"),
		Example: "  hexhail sponsor " + name +
			" launch 2014-01-10 --amount 23.00 --why 'as agreed'",
		RunE: func(cmd *cobra.Command, args []string) error {
			fen, err := money.ParseYuan(amount)
			if err != nil {
				return &usageError{fmt.Errorf("--amount: %w", err)}
			}
			if why == "" || len(why) > money.MaxClaimNote {
				return &usageError{fmt.Errorf("--why must say why, in 1 to %d bytes",
					money.MaxClaimNote)}
			}
			return a.call(cmd, func(ctx context.Context, c opspb.OpsServiceClient) error {
				claim, err := give(ctx, c, &opspb.DisputeClaimRequest{
					RequestId:  requestOf(name, args[0], args[1], amount, why),
					CampaignId: args[0], Day: args[1], AmountFen: int64(fen), Why: why,
				})
				if err != nil {
					return err
				}
				return showClaims(cmd.OutOrStdout(), []*opspb.Claim{claim})
			})
		},
	}
	cmd.Flags().StringVar(&amount, "amount", "", "how much, in `yuan`")
	cmd.Flags().StringVar(&why, "why", "", "why, for who audits")
	a.bind(cmd)
	return cmd
}

// twoArgs asks for two words.
func twoArgs(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 {
			return &usageError{fmt.Errorf("%s takes %s", cmd.CommandPath(), what)}
		}
		return nil
	}
}

func showClaims(w io.Writer, claims []*opspb.Claim) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "campaign\tday\tsponsor\tgiven\ttransfers\tstate\twithdrawn\tdue\twhy")
	for _, c := range claims {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", c.GetCampaignId(), c.GetDay(),
			c.GetSponsor(), inYuan(c.GetAmountFen()), c.GetTransfers(), c.GetState(),
			inYuan(c.GetWithdrawnFen()), inYuan(c.GetDueFen()), c.GetWhy())
	}
	return table.Flush()
}

func newSponsorClaims() *cobra.Command {
	var a asking
	var in opspb.ListClaimsRequest
	cmd := &cobra.Command{
		Use: "claims", Short: "List what sponsors were asked for", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.call(cmd, func(ctx context.Context, c opspb.OpsServiceClient) error {
				var all []*opspb.Claim
				for more := true; more; more = in.GetPageToken() != "" {
					got, err := c.ListClaims(ctx, &in)
					if err != nil {
						return err
					}
					all, in.PageToken = append(all, got.GetClaims()...), got.GetNextPageToken()
				}
				return showClaims(cmd.OutOrStdout(), all)
			})
		},
	}
	cmd.Flags().StringVar(&in.Sponsor, "sponsor", "", "of one `sponsor` (default all)")
	cmd.Flags().StringVar(&in.State, "state", "", "claimed, disputed or settled (default all)")
	a.bind(cmd)
	return cmd
}

func newSponsorMake() *cobra.Command {
	var a asking
	in := opspb.MakeClaimsRequest{}
	cmd := &cobra.Command{
		Use: "make DAY", Short: "Make the claims of a city day, if they are not made yet",
		Args: oneArg("a day such as 2014-01-10"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Day = args[0]
			return a.call(cmd, func(ctx context.Context, c opspb.OpsServiceClient) error {
				got, err := c.MakeClaims(ctx, &in)
				if err != nil {
					return err
				}
				return showClaims(cmd.OutOrStdout(), got.GetClaims())
			})
		},
	}
	cmd.Flags().StringVar(&in.City, "city", "beijing", "`id` of the city")
	a.bind(cmd)
	return cmd
}

func newSponsorTransfers() *cobra.Command {
	var flags spanFlags
	var out string
	cmd := &cobra.Command{
		Use: "transfers CAMPAIGN DAY", Short: "Write the transfers of a claim as CSV",
		Long: `Writes the transfers of which a claim is the sum, from the database: what the sponsor
can trace, each with its ride. The columns are those of hexhail ledger export. CAMPAIGN may be that
of a claim for hongbaos, hongbao/beijing/alipay: what came back to them is in it, too.`,
		Args: twoArgs("a campaign and a day"),
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.from = args[1]
			span, zone, err := flags.span(cmd)
			if err != nil {
				return err
			}
			span.to = span.from.In(zone).AddDate(0, 0, 1)
			return withBooks(cmd, func(ctx context.Context, b books) (err error) {
				file := transferFile{ctx: ctx, ledger: b.money, span: span, zone: zone}
				campaign, hongbaos := money.CampaignID(args[0]), false
				if file.spent, hongbaos = money.HongbaosClaimed(campaign); !hongbaos {
					file.of = campaign
					if err := b.launched(ctx, flags.city, campaign); err != nil {
						return err
					}
				}
				sink, err := openSink(out, cmd.OutOrStdout())
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, sink.Close()) }()
				return sink.write(file)
			})
		},
	}
	cmd.Flags().StringVar(&flags.city, "city", "beijing", "`id` of the city whose day it is")
	cmd.Flags().StringVar(&out, "out", "-", "CSV `file`; - is the standard output")
	bindSettings(cmd.Flags())
	return cmd
}

// launched is an error for a campaign that the city never had.
func (b books) launched(ctx context.Context, city string, id money.CampaignID) error {
	return b.db.View(ctx, func(tx dispatch.Tx) error {
		_, err := money.Launched(tx, city, id)
		return err
	})
}

// claimDays is how many days back claims are made by themselves: a long weekend without a server.
const claimDays = 5

// claim makes the claims of the city days that are over, of all cities.
func (s *service) claim(ctx context.Context) {
	for _, city := range s.cities {
		now := s.clock.Now()
		_, err := money.Cashier{Store: s.db}.Claim(ctx, string(city.ID),
			money.DaysBefore(now, city.Zone, claimDays), now)
		if err != nil && ctx.Err() == nil {
			s.failed("claim", err)
		}
	}
}

// claiming makes claims each hour of the machine.
func (s *service) claiming(running context.Context) {
	s.part("the claims", func() error {
		ticker := time.NewTicker(wakeEvery)
		defer ticker.Stop()
		for {
			s.claim(running)
			select {
			case <-running.Done():
				return nil
			case <-ticker.C:
			}
		}
	})
}
