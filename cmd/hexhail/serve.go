package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

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
			warnOfStrangers(cmd.ErrOrStderr(), os.Environ())
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

// Run serves until ctx ends or a part of the service fails, then drains and closes everything. Its
// error is the part's, or what closing has met.
func (s *service) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
	case <-s.broken.Done():
	}
	within := 2*s.config.DrainFor + time.Second
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	return errors.Join(s.failure(), s.Close(closing))
}

// partError is a part of the service that has ended of itself.
type partError struct {
	part  string
	cause error
}

// Error is short: the cause has been logged when it came, before the drain.
func (e *partError) Error() string { return e.part + " has failed: see the log" }

// Unwrap is the cause.
func (e *partError) Unwrap() error { return e.cause }

// part runs a part of the service that only ends when it is told to: if it ends before with an
// error, the service does too. The first such error is logged, those that follow come of it.
func (s *service) part(name string, run func() error) {
	s.running.Go(func() { s.ended(name, run()) })
}

func (s *service) ended(name string, err error) {
	if err == nil {
		return
	}
	s.first.Do(func() {
		s.log.Error("ends early", "part", name, "error", err)
		s.breaks(&partError{name, err})
	})
}

// failure is the first part's that has failed, or nil.
func (s *service) failure() error {
	var failed *partError
	if errors.As(context.Cause(s.broken), &failed) {
		return failed
	}
	return nil
}

// openHTTP takes the address of the HTTP side, which channels are told. It is served when all
// stands.
func (s *service) openHTTP(ctx context.Context) error {
	var open net.ListenConfig
	var err error
	if s.httpAt, err = open.Listen(ctx, "tcp", s.config.HTTPAddr); err != nil {
		return fmt.Errorf("http-addr: %w", err)
	}
	s.closer("http-addr", func(context.Context) error {
		if err := s.httpAt.Close(); !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil // with its server
	})
	return nil
}

// listen opens the address of gRPC, serves both, and writes them into the data folder. HTTP is
// closed after gRPC: /readyz says so while sessions leave.
func (s *service) listen(ctx context.Context) error {
	var open net.ListenConfig
	var err error
	if s.grpcAt, err = open.Listen(ctx, "tcp", s.config.GRPCAddr); err != nil {
		return fmt.Errorf("grpc-addr: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", s.metrics.Handler(s.checks()...))
	mux.Handle(ops.NotifyPath, s.notices())
	mux.Handle(ops.DrawsPath, ops.DrawPages(s.cities, s.db, s.db, s.clock.Now))
	mux.Handle(ops.PayPath, ops.PayCodes(s.desk, s.clock.Now))
	s.http = ops.NewHTTPServer(mux)
	s.part("HTTP", func() error {
		if err := s.http.Serve(s.httpAt); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	s.closer("HTTP", s.http.Shutdown)
	s.part("gRPC", func() error {
		if err := s.grpc.Serve(s.grpcAt); !errors.Is(err, grpc.ErrServerStopped) {
			return err
		}
		return nil // closed before it has begun
	})
	s.closer("gRPC", s.drain)
	at := addresses{GRPC: s.grpcAt.Addr().String(), HTTP: s.httpAt.Addr().String()}
	if s.standins != nil {
		at.Sandbox = s.standins.Addr().String()
	}
	return s.folder.write(at)
}

// drain tells sessions and watches to go, waits for calls to end, then stops.
func (s *service) drain(ctx context.Context) error {
	s.draining.Store(true)
	s.log.Info("draining", "for", s.config.DrainFor.String())
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
		{Name: "engines", Ready: s.enginesTurn},
		{Name: "draining", Ready: func(context.Context) error {
			if s.draining.Load() {
				return errDraining
			}
			return nil
		}},
	}
}

var errDraining = errors.New("the service drains")

// enginesTurn asks every engine something: one that has ended, stands still or is far behind does
// not answer within the time that a check has.
func (s *service) enginesTurn(ctx context.Context) error {
	var all errgroup.Group
	for _, loop := range s.loops {
		all.Go(func() error {
			_, _, err := loop.RoundLog(ctx, "")
			return err
		})
	}
	return all.Wait()
}
