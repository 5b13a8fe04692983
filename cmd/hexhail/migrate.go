package main

import (
	"os"

	"github.com/spf13/cobra"

	"hexhail/store"
)

func newMigrate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date, as serve does at its start",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, err := readConfig(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
				return err
			}
			db, err := store.Open(cmd.Context(), c.Store)
			if err != nil {
				return err
			}
			return db.Close()
		},
	}
	bindSettings(cmd.Flags())
	return cmd
}
