package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	opspb "hexhail/pb/hexhail/ops/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

func newRide() *cobra.Command {
	cmd := &cobra.Command{Use: "ride", Short: "About rides", Args: noArgs}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	var e explaining
	explain := &cobra.Command{
		Use:   "explain RIDE",
		Short: "Tell why a ride was taken, or why nobody took it",
		Long: "Tell why a ride was taken, or why nobody took it, in words. It asks a running " +
			"server:\nthe engine knows of a ride that still searches more than its rows do.",
		Args: oneArg("a ride's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.ask(cmd, func(ctx context.Context, c opspb.OpsServiceClient) (told, error) {
				return c.ExplainRide(ctx, &opspb.ExplainRideRequest{RideId: args[0]})
			})
		},
	}
	e.bind(explain)
	cmd.AddCommand(explain)
	return cmd
}

func newDriver() *cobra.Command {
	cmd := &cobra.Command{Use: "driver", Short: "About drivers", Args: noArgs}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	var e explaining
	var since time.Duration
	explain := &cobra.Command{
		Use:   "explain DRIVER",
		Short: "Tell why a driver got the rides that they got, or none",
		Long: "Tell why a driver got the rides that they got, or none, in words. It asks a " +
			"running\nserver: the engine knows of the last minutes more than its rows do.",
		Args: oneArg("a driver's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if since <= 0 || since > dispatch.MaxStory {
				return &usageError{fmt.Errorf("--since must be above 0 and at most %s",
					dispatch.Spell(dispatch.MaxStory))}
			}
			return e.ask(cmd, func(ctx context.Context, c opspb.OpsServiceClient) (told, error) {
				clock, err := c.GetClock(ctx, &opspb.GetClockRequest{})
				if err != nil {
					return nil, err
				}
				from := clock.GetAt().AsTime().Add(-since)
				return c.ExplainDriver(ctx, &opspb.ExplainDriverRequest{
					DriverId: args[0], From: timestamppb.New(from), To: clock.GetAt(),
				})
			})
		},
	}
	e.bind(explain)
	explain.Flags().DurationVar(&since, "since", dispatch.StoryTime,
		"how far back, city time, at most 24h")
	cmd.AddCommand(explain)
	return cmd
}

// oneArg asks for one word.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return &usageError{fmt.Errorf("%s takes %s", cmd.CommandPath(), what)}
		}
		return nil
	}
}

// told is an answer that has its story in both languages.
type told interface {
	proto.Message
	GetText() string
	GetTextZh() string
}

// asking is how a running server is asked by ops.
type asking struct{ addr, caFile string }

func (a *asking) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&a.addr, "addr", "", "`address` of its gRPC (default: as DATA-DIR/address says)")
	f.StringVar(&a.caFile, "ca", "", "`file` with the certificates that it is trusted by "+
		"(default: no TLS)")
	bindSettings(f, "data-dir", "token-key")
}

// call calls a server as a member of ops.
func (a *asking) call(
	cmd *cobra.Command, fn func(context.Context, opspb.OpsServiceClient) error,
) (err error) {
	return a.callWithin(cmd, answerWithin, fn)
}

// callWithin is call for what may take longer.
func (a *asking) callWithin(
	cmd *cobra.Command, within time.Duration,
	fn func(context.Context, opspb.OpsServiceClient) error,
) (err error) {
	c, _, err := mergeConfig(cmd.Flags(), os.Environ())
	if err != nil {
		return err
	}
	conn, err := a.dial(c.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	token, err := staffToken(c.TokenKey, cmd.CommandPath())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: --data-dir or --token-key says where the server's key is", err)
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), within)
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	err = fn(ctx, opspb.NewOpsServiceClient(conn))
	if s, ok := status.FromError(err); ok && err != nil {
		return fmt.Errorf("%s: %s%s", s.Code(), s.Message(), a.hint(s))
	}
	return err
}

// hint is what may be behind an error: one of the two speaks TLS, and the other does not.
func (a *asking) hint(s *status.Status) string {
	switch {
	case s.Code() != codes.Unavailable:
		return ""
	case a.caFile == "" && strings.Contains(s.Message(), "server preface"):
		return " (if the server has a tls-cert, say --ca FILE)"
	case a.caFile != "" && strings.Contains(s.Message(), "handshake failed"):
		return " (--ca is for a server that has a tls-cert, of a name that the certificate is for)"
	default:
		return ""
	}
}

// explaining is how a story is asked for, and how it is shown.
type explaining struct {
	asking
	lang string
	json bool
}

func (e *explaining) bind(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&e.lang, "lang", string(dispatch.English), "en or zh")
	f.BoolVar(&e.json, "json", false, "the whole answer, as JSON")
	e.asking.bind(cmd)
}

// ask calls a server, and prints what it tells.
func (e *explaining) ask(
	cmd *cobra.Command, call func(context.Context, opspb.OpsServiceClient) (told, error),
) (err error) {
	if e.lang != string(dispatch.English) && e.lang != string(dispatch.Chinese) {
		return &usageError{fmt.Errorf("--lang must be en or zh")}
	}
	return e.call(cmd, func(ctx context.Context, c opspb.OpsServiceClient) error {
		answer, err := call(ctx, c)
		if err != nil {
			return err
		}
		text := answer.GetText()
		switch {
		case e.json:
			text = protojson.Format(answer) + "\n"
		case e.lang == string(dispatch.Chinese):
			text = answer.GetTextZh()
		}
		_, err = fmt.Fprint(cmd.OutOrStdout(), text)
		return err
	})
}

// requestOf is the request id of a command that is the same whenever its words are.
func requestOf(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// answerWithin is how long a server may take to answer.
const answerWithin = 10 * time.Second

// staffToken is one of a member of ops, for this one call.
func staffToken(file, who string) (string, error) {
	key, err := readKey(file)
	if err != nil {
		return "", fmt.Errorf("%w (a server makes it at its first start)", err)
	}
	caller := wire.Caller{Role: typepb.Role_ROLE_OPS, ID: who}
	return wire.NewSigner(key.private).Mint(caller, time.Now(), time.Minute)
}

func (a *asking) dial(dataDir string) (*grpc.ClientConn, error) {
	addr := a.addr
	if addr == "" {
		at, err := readAddresses(dataDir)
		if err != nil {
			return nil, fmt.Errorf("%w (is the server running?)", err)
		}
		addr = at.GRPC
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--addr must be host:port: %w", err)}
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	creds := insecure.NewCredentials()
	if a.caFile != "" {
		text, err := os.ReadFile(a.caFile)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--ca %s has no certificate", a.caFile)
		}
		creds = credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	}
	return grpc.NewClient(net.JoinHostPort(host, port), grpc.WithTransportCredentials(creds))
}
