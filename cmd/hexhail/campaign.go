package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	opspb "hexhail/pb/hexhail/ops/v1"
)

// maxCampaignFile is how large a campaign's file may be: far above the longest.
const maxCampaignFile = 64 << 10

func newCampaign() *cobra.Command {
	cmd := &cobra.Command{Use: "campaign", Short: "About campaigns", Args: noArgs}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	var a asking
	launch := &cobra.Command{
		Use:   "launch FILE",
		Short: "Begin a campaign, or its next version",
		Long: "Begin a campaign, or its next version, as a file says: JSON of the message\n" +
			"hexhail.ops.v1.Campaign. The same file again changes nothing. It asks a\n" +
			"running server.",
		Args: oneArg("a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readCampaign(args[0])
			if err != nil {
				return err
			}
			text, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
			if err != nil {
				return err
			}
			return a.call(cmd, func(ctx context.Context, api opspb.OpsServiceClient) error {
				got, err := api.LaunchCampaign(ctx, &opspb.LaunchCampaignRequest{
					RequestId: requestOf("launch", string(text)), Campaign: c,
				})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), protojson.Format(got.GetCampaign()))
				return err
			})
		},
	}
	a.bind(launch)
	cmd.AddCommand(launch, newCampaignRepair(), newCampaignRepairs())
	return cmd
}

// readCampaign reads a campaign's file. Fields that no campaign has are an error.
func readCampaign(name string) (*opspb.Campaign, error) {
	c := &opspb.Campaign{}
	if err := readMessage(name, c); err != nil {
		return nil, err
	}
	return c, nil
}
