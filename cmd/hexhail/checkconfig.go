package main

import (
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
)

func newCheckConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check-config",
		Short: "Check every setting of serve, and print it with where its value comes from",
		Long: "Check every setting of serve and the files that they name, and print each with\n" +
			"where its value comes from. Secrets in URLs are masked.",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, from, err := readConfig(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			if _, err := c.load(); err != nil {
				return err
			}
			warnOfStrangers(cmd.ErrOrStderr(), os.Environ())
			return printConfig(cmd, c, from)
		},
	}
	bindSettings(cmd.Flags())
	return cmd
}

func printConfig(cmd *cobra.Command, c config, from origin) error {
	values := koanf.New(".")
	if err := values.Load(structs.Provider(c, "koanf"), nil); err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, s := range settings {
		fmt.Fprintf(table, "%s\t%s\t%s\n", s.key, show(s.key, values.Get(s.key)), from[s.key])
	}
	return table.Flush()
}
