package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"hexhail/ops"
)

func newServe() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the service: gRPC for apps, HTTP for metrics and health",
		Long: "Run the service in one process: database, messages, engines, gRPC for apps,\n" +
			"HTTP for metrics and health. It ends on SIGINT or SIGTERM: sessions are told\n" +
			"to connect again, and what was acknowledged is kept. Every flag is also a key of\n" +
			"the configuration file and a variable of the environment (HEXHAIL_GRPC_ADDR).",
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, _, err := readConfig(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			return serve(cmd.Context(), c, cmd.ErrOrStderr())
		},
	}
	bindSettings(cmd.Flags())
	return cmd
}

// serve runs the service until ctx ends, then drains it.
func serve(ctx context.Context, c config, stderr io.Writer) error {
	s, err := openService(ctx, c, newLog(stderr, c.LogLevel))
	if err != nil {
		return err
	}
	s.log.Info("serving", "grpc", s.grpcAt.Addr().String(), "http", s.httpAt.Addr().String())
	return s.Run(ctx)
}

// newLog logs JSON lines.
func newLog(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // check has done it
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l}))
}

// Run serves until ctx ends or a loop fails, then drains and closes everything.
func (s *service) Run(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.running.Wait() }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	within := 2*s.config.DrainFor + time.Second
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	return errors.Join(err, s.Close(closing))
}

// listen opens both addresses, writes them into the data folder and serves.
func (s *service) listen(ctx context.Context) error {
	var open net.ListenConfig
	var err error
	if s.grpcAt, err = open.Listen(ctx, "tcp", s.config.GRPCAddr); err != nil {
		return err
	}
	s.closer("gRPC", func(ctx context.Context) error { return s.drain(ctx) })
	if s.httpAt, err = open.Listen(ctx, "tcp", s.config.HTTPAddr); err != nil {
		return errors.Join(err, s.grpcAt.Close())
	}
	s.http = ops.NewHTTPServer(s.metrics.Handler(s.checks()...))
	s.closer("HTTP", s.http.Shutdown)
	go func() {
		if err := s.http.Serve(s.httpAt); !errors.Is(err, http.ErrServerClosed) {
			s.failed("http", err)
		}
	}()
	go func() {
		if err := s.grpc.Serve(s.grpcAt); err != nil {
			s.failed("grpc", err)
		}
	}()
	return s.writeAddresses()
}

// addresses is the file "address" in the data folder: where a server of it listens.
type addresses struct {
	GRPC string `json:"grpc"`
	HTTP string `json:"http"`
}

func (s *service) writeAddresses() error {
	text, err := json.Marshal(addresses{s.grpcAt.Addr().String(), s.httpAt.Addr().String()})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.config.DataDir, "address"), append(text, '\n'), 0o600)
}

// drain tells sessions and watches to go, waits for calls to end, then stops.
func (s *service) drain(ctx context.Context) error {
	s.grpc.Health.Shutdown()
	ctx, cancel := context.WithTimeout(ctx, s.config.DrainFor)
	defer cancel()
	err := errors.Join(s.drivers.Drain(ctx), s.riders.Drain(ctx))
	ended := make(chan struct{})
	go func() { s.grpc.GracefulStop(); close(ended) }()
	select {
	case <-ended:
	case <-ctx.Done():
		s.grpc.Stop()
		<-ended
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // who has not gone by now was cut off
	}
	return err
}

// checks are what /readyz asks.
func (s *service) checks() []ops.Check {
	return []ops.Check{
		{Name: "store", Ready: s.db.Ping},
		{Name: "bus", Ready: func(context.Context) error { return s.bus.Ready() }},
	}
}
