package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"hexhail/money"
	"hexhail/ops"
	opspb "hexhail/pb/hexhail/ops/v1"
)

// Limits of reading a published list.
const (
	// maxDrawBytes is above the longest list that is read.
	maxDrawBytes  = 256 << 20
	drawFetchTime = time.Minute
)

func newDraw() *cobra.Command {
	cmd := &cobra.Command{Use: "draw", Short: "About daily draws", Args: noArgs}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	cmd.AddCommand(newDrawLaunch(), newDrawNumber(), newDrawVerify())
	return cmd
}

func newDrawLaunch() *cobra.Command {
	var a asking
	cmd := &cobra.Command{
		Use:   "launch FILE",
		Short: "Begin a daily draw, or add days to it",
		Long: "Begin a daily draw, or add days to it, as a file says: JSON of the message\n" +
			"hexhail.ops.v1.Draw. The same file again changes nothing. It asks a running server.",
		Args: oneArg("a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d := &opspb.Draw{}
			if err := readMessage(args[0], d); err != nil {
				return err
			}
			return a.call(cmd, func(ctx context.Context, api opspb.OpsServiceClient) error {
				got, err := api.LaunchDraw(ctx, &opspb.LaunchDrawRequest{
					RequestId: fmt.Sprintf("%s/%d", d.GetId(), d.GetVersion()), Draw: d,
				})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), protojson.Format(got.GetDraw()))
				return err
			})
		},
	}
	a.bind(cmd)
	return cmd
}

func newDrawNumber() *cobra.Command {
	var a asking
	var city string
	cmd := &cobra.Command{
		Use:   "number DAY NUMBER",
		Short: "Enter the public number of a day, by which it is drawn",
		Long: "Enter the public number of a day (2013-12-10), by which it is drawn within\n" +
			"seconds. It cannot be changed afterwards. It asks a running server.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &usageError{fmt.Errorf("%s takes a day and a number", cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.call(cmd, func(ctx context.Context, api opspb.OpsServiceClient) error {
				got, err := api.EnterDrawNumber(ctx, &opspb.EnterDrawNumberRequest{
					RequestId: "number/" + city + "/" + args[0], City: city, Day: args[0],
					Number: args[1],
				})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), protojson.Format(got.GetDay()))
				return err
			})
		},
	}
	cmd.Flags().StringVar(&city, "city", "beijing", "`city` of the draw")
	a.bind(cmd)
	return cmd
}

// readMessage reads a message's file in JSON. Fields that it does not have are an error.
func readMessage(name string, into proto.Message) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(file, maxCampaignFile+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if len(text) > maxCampaignFile {
		return fmt.Errorf("%s has more than %d bytes", name, maxCampaignFile)
	}
	if err := protojson.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// verifying is where a day's list is.
type verifying struct {
	city, file, url, commitment string
}

func newDrawVerify() *cobra.Command {
	var v verifying
	cmd := &cobra.Command{
		Use:   "verify DAY",
		Short: "Draw a day again from its published list, and compare",
		Long: "Draw a day (2013-12-10) again from its published list, and compare: that\n" +
			"the secret has the hash that was announced, that the list has the hash that was\n" +
			"frozen, and that secret, public number and list make the wins that are published.\n" +
			"The list is a file, or is read from a running server, which needs no token.",
		Args: oneArg("a day"),
		RunE: func(cmd *cobra.Command, args []string) error { return v.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&v.city, "city", "beijing", "`city` of the draw")
	f.StringVar(&v.file, "file", "", "published list, \"-\" for the standard input (default: ask "+
		"the server)")
	f.StringVar(&v.url, "url", "", "`address` of the server's HTTP side, https://… (default: as "+
		"DATA-DIR/address says)")
	f.StringVar(&v.commitment, "commitment", "", "the `hash` of the secret as you have seen it "+
		"before the day was over")
	bindSettings(f, "data-dir")
	return cmd
}

func (v verifying) run(cmd *cobra.Command, day string) (err error) {
	if !money.Day(day).Valid() {
		return &usageError{fmt.Errorf("%q is no day: write it like 2013-12-10", day)}
	}
	in, err := v.open(cmd, day)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	list, err := money.ReadDrawList(io.LimitReader(in, maxDrawBytes))
	if err != nil {
		return err
	}
	if string(list.Day) != day || list.City != v.city {
		return fmt.Errorf("the list is of %s in %s", list.Day, list.City)
	}
	if v.commitment != "" && v.commitment != list.Commitment {
		return &money.DrawListError{
			Part: "commitment", Problem: "is not the one that you have seen",
		}
	}
	wins, err := list.Verify()
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	_, err = fmt.Fprintf(out, "%s %s: %d rides, %d won, as published.\n"+
		"secret %s\ncommitment %s\nlist %s\nnumber %s (%s)\nseed %s\n", list.City, list.Day,
		list.Count, len(wins), list.Secret, list.Commitment, list.List, list.Number,
		list.NumberIs, list.Seed)
	for _, w := range wins {
		_, errWin := fmt.Fprintf(out, "%3d %s %s yuan\n", w.Slot, w.Code, w.Amount)
		err = errors.Join(err, errWin)
	}
	return err
}

func (v verifying) open(cmd *cobra.Command, day string) (io.ReadCloser, error) {
	switch v.file {
	case "":
		return v.fetch(cmd, day)
	case "-":
		return io.NopCloser(cmd.InOrStdin()), nil
	default:
		return os.Open(v.file)
	}
}

// fetch reads a list from a server.
func (v verifying) fetch(cmd *cobra.Command, day string) (io.ReadCloser, error) {
	base := v.url
	if base == "" {
		c, _, err := mergeConfig(cmd.Flags(), os.Environ())
		if err != nil {
			return nil, err
		}
		at, err := readAddresses(c.DataDir)
		if err != nil {
			return nil, fmt.Errorf("no server: %w", err)
		}
		base = "http://" + at.HTTP
	}
	address, err := url.JoinPath(base, ops.DrawsPath, v.city, day)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--url: %w", err)}
	}
	request, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, address, nil)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--url: %w", err)}
	}
	client := http.Client{Timeout: drawFetchTime}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("%s: %s", address, response.Status),
			response.Body.Close())
	}
	return response.Body, nil
}
