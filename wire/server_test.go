package wire

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheDeadlineIsHeldAndNeverInternal(t *testing.T) {
	var fail func(ctx context.Context) error
	limits := Limits{CallTime: 20 * time.Millisecond}
	e := newEdge(t, ServerConfig{Limits: limits}, &riders{get: func(
		ctx context.Context, _ *riderpb.GetRideRequest,
	) (*riderpb.GetRideResponse, error) {
		<-ctx.Done()
		return nil, fail(ctx)
	}}, &drivers{})
	for name, how := range map[string]func(context.Context) error{
		"as it is": context.Context.Err,
		"of gRPC": func(ctx context.Context) error {
			return status.FromContextError(ctx.Err()).Err()
		},
		"hidden": func(context.Context) error { return errors.New("statement interrupted") },
		"in a kind": func(ctx context.Context) error {
			return &dispatch.Error{
				Kind: dispatch.Internal, Reason: dispatch.ReasonStore, Text: "read",
				Cause: ctx.Err(),
			}
		},
	} {
		fail = how
		_, err := e.rider.GetRide(e.as(rider("R1")), ride("x"))
		if d := refusedFor(t, err, codes.DeadlineExceeded, ReasonDeadline); d.retry == 0 {
			t.Errorf("%s: cannot be tried again", name)
		}
	}
}

func TestACallThatIsGivenUpIsNotInternal(t *testing.T) {
	started := make(chan struct{}, 1)
	e := newEdge(t, ServerConfig{}, &riders{watch: func(
		_ *riderpb.WatchRideRequest, to grpc.ServerStreamingServer[riderpb.WatchRideResponse],
	) error {
		started <- struct{}{}
		<-to.Context().Done()
		return errors.New("statement interrupted")
	}}, &drivers{})
	ctx, cancel := context.WithCancel(e.as(rider("R1")))
	if _, err := e.rider.WatchRide(ctx, &riderpb.WatchRideRequest{RideId: "x"}); err != nil {
		t.Fatal(err)
	}
	<-started
	cancel()
	e.server.GracefulStop() // waits for the handler
	if n := e.heard.count(ReasonCallerGone); n != 1 || e.heard.count(ReasonInternal) != 0 {
		t.Errorf("counted %v", e.heard.refused)
	}
}

func TestAPanicTellsNothing(t *testing.T) {
	var log bytes.Buffer
	panics := true
	e := newEdge(t, ServerConfig{Log: slog.New(slog.NewJSONHandler(&log, nil))}, &riders{get: func(
		context.Context, *riderpb.GetRideRequest,
	) (*riderpb.GetRideResponse, error) {
		if panics {
			panic("rider 13800005678 is at 39.908823")
		}
		return &riderpb.GetRideResponse{}, nil
	}}, &drivers{})
	_, err := e.rider.GetRide(e.as(rider("R1")), ride("x"))
	refusedFor(t, err, codes.Internal, ReasonInternal)
	if got := status.Convert(err); strings.Contains(got.String(), "13800005678") ||
		got.Message() != "internal error" {
		t.Errorf("tells %v", got)
	}
	panics = false
	if _, err := e.rider.GetRide(e.as(rider("R1")), ride("x")); err != nil {
		t.Errorf("after the panic: %v", err)
	}
	e.server.GracefulStop()
	if text := log.String(); strings.Contains(text, "13800005678") ||
		strings.Contains(text, "39.908823") || !strings.Contains(text, "rider # is at #") ||
		!strings.Contains(text, "server_test.go") {
		t.Errorf("the log: %s", text)
	}
}

func TestTheLogHasWhoAndWhatAndNothingPrivate(t *testing.T) {
	var log bytes.Buffer
	e := newEdge(t, ServerConfig{
		Log: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}, &riders{}, &drivers{})
	token := mint(t, e.key, rider("R1"), noon, time.Hour)
	ctx := metadata.AppendToOutgoingContext(WithToken(t.Context(), token), "x-request-id", "call-7")
	place := &typepb.Place{Point: stationPB, Name: "13800005678"}
	if _, err := e.rider.QuoteRide(ctx, &riderpb.QuoteRideRequest{
		City: "beijing", Pickup: place, Dropoff: place,
	}); status.Code(err) != codes.Unimplemented {
		t.Fatal(err)
	}
	if _, err := e.rider.GetRide(ctx, ride("x")); err != nil {
		t.Fatal(err)
	}
	e.server.GracefulStop()
	text := log.String()
	for _, want := range []string{
		`"method":"/hexhail.rider.v1.RiderService/QuoteRide"`, `"code":"Unimplemented"`,
		`"caller":"rider:R1"`, `"request_id":"call-7"`, `"took":`, `"reason":"METHOD_UNKNOWN"`,
		`"method":"/hexhail.rider.v1.RiderService/GetRide"`, `"code":"OK"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in %s", want, text)
		}
	}
	for _, private := range []string{"39.8", "116.3", "13800005678", token[len(token)-20:]} {
		if strings.Contains(text, private) {
			t.Errorf("there is %s in %s", private, text)
		}
	}
}

func TestHealthAndSchemaNeedNoToken(t *testing.T) {
	e := newEdge(t, ServerConfig{Reflection: true}, &riders{}, &drivers{})
	health := grpc_health_v1.NewHealthClient(e.conn)
	for _, name := range []string{
		"", "hexhail.rider.v1.RiderService", "hexhail.driver.v1.DriverService",
	} {
		got, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: name})
		if err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("%q: %v, %v", name, got, err)
		}
	}
	_, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{Service: "none"})
	refusedFor(t, err, codes.NotFound, ReasonRefused)
	e.server.Health.Shutdown()
	got, err := health.Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || got.GetStatus() != grpc_health_v1.HealthCheckResponse_NOT_SERVING {
		t.Errorf("as it goes down: %v, %v", got, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	asked, err := grpc_reflection_v1.NewServerReflectionClient(e.conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := asked.Send(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{},
	}); err != nil {
		t.Fatal(err)
	}
	answer, err := asked.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range answer.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	if got := strings.Join(names, " "); !strings.Contains(got, "hexhail.rider.v1.RiderService") ||
		!strings.Contains(got, "grpc.health.v1.Health") {
		t.Errorf("the services are %q", got)
	}
}

func TestAConnectionHasAHundredStreams(t *testing.T) {
	e := newEdge(t, ServerConfig{}, &riders{watch: func(
		_ *riderpb.WatchRideRequest, to grpc.ServerStreamingServer[riderpb.WatchRideResponse],
	) error {
		if err := to.Send(&riderpb.WatchRideResponse{Seq: 1}); err != nil {
			return err
		}
		<-to.Context().Done()
		return to.Context().Err()
	}}, &drivers{})
	ctx, cancel := context.WithCancel(e.as(rider("R1")))
	defer cancel()
	for n := range 100 {
		watch, err := e.rider.WatchRide(ctx, &riderpb.WatchRideRequest{RideId: "x"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := watch.Recv(); err != nil {
			t.Fatalf("stream %d: %v", n, err)
		}
	}
	short, stop := context.WithTimeout(e.as(rider("R1")), 50*time.Millisecond)
	defer stop()
	if _, err := e.rider.GetRide(short, ride("x")); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("one more: %v", err)
	}
	other := riderpb.NewRiderServiceClient(e.dial())
	if _, err := other.GetRide(e.as(rider("R2")), ride("x")); err != nil {
		t.Errorf("another connection: %v", err)
	}
}
