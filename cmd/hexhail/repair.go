package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/money"
	opspb "hexhail/pb/hexhail/ops/v1"
)

// repairWithin is how long a repair may take: 200,000 rides at 10 ms. One that takes longer is run
// again and goes on.
const repairWithin = 40 * time.Minute

func newCampaignRepair() *cobra.Command {
	var a asking
	var flags spanFlags
	in := opspb.RepairCampaignRequest{}
	cmd := &cobra.Command{
		Use: "repair CAMPAIGN", Short: "Give for rides what a campaign has missed",
		Long: `Gives everyone who has missed a campaign what it would have given for their settled
rides completed from --from on and before --to, as if it had run then: after an outage, a launch
that came late, a pause by mistake. Each ride is given for once: a run that was cut off, or some of
whose rides were not paid yet, is run again and goes on (docs/campaigns.md). It asks a running
server.`,
		Example: `  hexhail campaign repair didi-2014-01 --from 2014-01-10T08:00:00+08:00 \
    --to 2014-01-10T11:30:00+08:00 --why 'launched late' --dry-run`,
		Args: oneArg("a campaign"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.from == "" || flags.to == "" {
				return &usageError{errors.New("--from and --to must say when the rides ended")}
			}
			if n := len(in.GetWhy()); n == 0 || n > money.MaxRepairWhy {
				return &usageError{fmt.Errorf("--why must say why, in 1 to %d bytes",
					money.MaxRepairWhy)}
			}
			span, _, err := flags.span(cmd)
			if err != nil {
				return err
			}
			in.City, in.CampaignId = flags.city, args[0]
			in.From, in.To = timestamppb.New(span.from), timestamppb.New(span.to)
			in.RequestId = requestOf("repair", in.GetCity(), in.GetCampaignId(),
				span.from.UTC().String(), span.to.UTC().String(), in.GetWhy(),
				fmt.Sprint(in.GetDryRun()))
			return a.callWithin(cmd, repairWithin,
				func(ctx context.Context, c opspb.OpsServiceClient) error {
					return repair(ctx, cmd, c, &in)
				})
		},
	}
	f := cmd.Flags()
	f.StringVar(&flags.city, "city", "beijing", "`id` of the city")
	f.StringVar(&flags.from, "from", "", "`time` of the first rides' end, the city's")
	f.StringVar(&flags.to, "to", "", "`time` before which the last ones ended")
	f.StringVar(&in.Why, "why", "", "why, for who audits")
	f.BoolVar(&in.DryRun, "dry-run", false, "say what would be given, and write nothing")
	a.bind(cmd)
	return cmd
}

// repair runs it, tells how far it has come, and shows the sums.
func repair(
	ctx context.Context, cmd *cobra.Command, c opspb.OpsServiceClient,
	in *opspb.RepairCampaignRequest,
) error {
	stream, err := c.RepairCampaign(ctx, in)
	if err != nil {
		return err
	}
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return errors.New("the server has not come to the end: run it again")
		}
		if err != nil {
			return err
		}
		if r.GetDone() {
			return showRepair(cmd.OutOrStdout(), in, r)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d rides, %d given for\n", r.GetRides(),
			r.GetOfRides(), r.GetGiven())
	}
}

func showRepair(
	w io.Writer, in *opspb.RepairCampaignRequest, r *opspb.RepairCampaignResponse,
) error {
	if in.GetDryRun() {
		fmt.Fprintln(w, "a dry run: nothing is given")
	}
	if r.GetCut() {
		fmt.Fprintf(w, "only the first %d rides: choose a shorter time\n", r.GetOfRides())
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "campaign\trides\tgiven for\triders\tdrivers\tto riders\tto drivers")
	fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%s\t%s\n", in.GetCampaignId(), r.GetRides(),
		r.GetGiven(), r.GetRiders(), r.GetDrivers(), inYuan(r.GetRiderFen()),
		inYuan(r.GetDriverFen()))
	if len(r.GetRefused()) > 0 {
		fmt.Fprintln(table, "refused\trides\t\t\t\t\t")
	}
	for _, refused := range r.GetRefused() {
		fmt.Fprintf(table, "%s\t%d\t\t\t\t\t\n", refused.GetReason(), refused.GetRides())
	}
	return table.Flush()
}

func newCampaignRepairs() *cobra.Command {
	var a asking
	var in opspb.ListRepairsRequest
	cmd := &cobra.Command{
		Use: "repairs CAMPAIGN", Short: "List what a campaign has given by repairs",
		Args: oneArg("a campaign"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.CampaignId, in.PageSize = args[0], 200
			return a.call(cmd, func(ctx context.Context, c opspb.OpsServiceClient) error {
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "ride\tto rider\tto driver\tat\tby\twhy")
				for more := true; more; more = in.GetPageToken() != "" {
					got, err := c.ListRepairs(ctx, &in)
					if err != nil {
						return err
					}
					for _, r := range got.GetRepairs() {
						fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.GetRideId(),
							inYuan(r.GetRiderFen()), inYuan(r.GetDriverFen()),
							r.GetAt().AsTime().Format(time.RFC3339), r.GetMadeBy(), r.GetWhy())
					}
					in.PageToken = got.GetNextPageToken()
				}
				return table.Flush()
			})
		},
	}
	a.bind(cmd)
	return cmd
}
