package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// maxTTL is the longest life of a token that is minted by hand.
const maxTTL = 365 * 24 * time.Hour

func newToken() *cobra.Command {
	var role, id, device string
	var ttl time.Duration
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Mint a token with the server's key",
		Long: "Mint a token with the server's key, which is found as serve finds it: by flags,\n" +
			"by the environment (HEXHAIL_DATA_DIR, HEXHAIL_TOKEN_KEY), by the configuration file.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			caller := wire.Caller{
				Role: typepb.Role(typepb.Role_value["ROLE_"+strings.ToUpper(role)]),
				ID:   id, Device: device,
			}
			switch {
			case caller.Role == typepb.Role_ROLE_UNSPECIFIED:
				return &usageError{fmt.Errorf("--role must be rider, driver, company or ops")}
			case id == "" || len(id) > 64:
				return &usageError{fmt.Errorf("--id must be 1 to 64 bytes")}
			case ttl < time.Second || ttl > maxTTL:
				return &usageError{fmt.Errorf("--ttl must be 1s to 8760h")}
			}
			c, _, err := mergeConfig(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			key, err := readKey(c.TokenKey)
			if err != nil {
				return fmt.Errorf("%w (a server makes it at its first start)", err)
			}
			token, err := wire.NewSigner(key.private).Mint(caller, time.Now(), ttl)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&role, "role", "", "rider, driver, company or ops")
	f.StringVar(&id, "id", "", "`id` of the rider, driver, company or member of ops")
	f.StringVar(&device, "device", "", "`id` of the phone")
	f.DurationVar(&ttl, "ttl", 24*time.Hour, "how long it holds")
	bindSettings(f, "data-dir", "token-key")
	return cmd
}
