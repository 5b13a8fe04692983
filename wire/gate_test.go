package wire

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
)

const getRide = "/hexhail.rider.v1.RiderService/GetRide"

func ride(id string) *riderpb.GetRideRequest { return &riderpb.GetRideRequest{RideId: id} }

// A call may take longer than others where its rule says so, and never less.
func TestARuleGivesACallMoreTime(t *testing.T) {
	for seconds, want := range map[int32]time.Duration{
		0: 10 * time.Second, 5: 10 * time.Second, 600: 10 * time.Minute,
	} {
		if got := DefaultLimits().callTime(&typepb.Rule{CallSeconds: seconds}); got != want {
			t.Errorf("%d s: %s, want %s", seconds, got, want)
		}
	}
	if got := DefaultLimits().callTime(nil); got != 10*time.Second {
		t.Errorf("without a rule: %s", got)
	}
}

func TestAGoodCallGoesThrough(t *testing.T) {
	var seen Caller
	e := newEdge(t, ServerConfig{}, &riders{get: func(
		ctx context.Context, q *riderpb.GetRideRequest,
	) (*riderpb.GetRideResponse, error) {
		seen = CallerOf(ctx)
		if _, ok := ctx.Deadline(); !ok {
			t.Error("there is no deadline")
		}
		return &riderpb.GetRideResponse{Ride: &typepb.Ride{RideId: RequestIDOf(ctx)}}, nil
	}}, &drivers{})
	caller := Caller{Role: typepb.Role_ROLE_RIDER, ID: "R1", Device: "phone"}
	got, err := e.rider.GetRide(metadata.AppendToOutgoingContext(e.as(caller),
		"x-request-id", "call-7"), ride("x"))
	if err != nil || seen != caller || got.GetRide().GetRideId() != "call-7" {
		t.Errorf("got %v, %v as %+v", got, err, seen)
	}
	// An id that is not fit for a log is not taken.
	for _, id := range []string{"", "two words", strings.Repeat("x", 65)} {
		got, err := e.rider.GetRide(metadata.AppendToOutgoingContext(e.as(caller),
			"x-request-id", id), ride("x"))
		if err != nil || len(got.GetRide().GetRideId()) != 16 {
			t.Errorf("%q: got %v, %v", id, got, err)
		}
	}
	if n := e.heard.calls[getRide][codes.OK]; n != 4 {
		t.Errorf("heard of %d calls", n)
	}
}

// refused is a call and what becomes of it.
type refused struct {
	ctx    context.Context
	code   codes.Code
	reason dispatch.Reason
}

func TestWhoMayNotCall(t *testing.T) {
	e := newEdge(t, ServerConfig{}, &riders{}, &drivers{})
	bare := func(values ...string) context.Context {
		ctx := t.Context()
		for _, v := range values {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", v)
		}
		return ctx
	}
	token := mint(t, e.key, rider("R1"), noon, time.Hour)
	forged := mint(t, newKey(t), rider("R1"), noon, time.Hour)
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, goodClaims()).
		SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	unknown := func(token string, reason dispatch.Reason) refused {
		return refused{bare("Bearer " + token), codes.Unauthenticated, reason}
	}
	denied := func(c Caller) refused {
		return refused{e.as(c), codes.PermissionDenied, ReasonRoleDenied}
	}
	old := mint(t, e.key, rider("R1"), noon.Add(-2*time.Hour), time.Hour)
	early := mint(t, e.key, rider("R1"), noon.Add(time.Hour), time.Hour)
	for name, c := range map[string]refused{
		"no token":      {bare(), codes.Unauthenticated, ReasonTokenMissing},
		"empty token":   unknown("", ReasonTokenMissing),
		"other scheme":  {bare("Basic " + token), codes.Unauthenticated, ReasonTokenInvalid},
		"no scheme":     {bare(token), codes.Unauthenticated, ReasonTokenInvalid},
		"two tokens":    {bare("Bearer "+token, "x"), codes.Unauthenticated, ReasonTokenInvalid},
		"forged":        unknown(forged, ReasonTokenInvalid),
		"unsigned":      unknown(unsigned, ReasonTokenInvalid),
		"expired":       unknown(old, ReasonTokenExpired),
		"not valid yet": unknown(early, ReasonTokenEarly),
		"a driver":      denied(driver("R1")),
		"a company":     denied(Caller{Role: typepb.Role_ROLE_COMPANY, ID: "C1"}),
		"ops":           denied(Caller{Role: typepb.Role_ROLE_OPS, ID: "O1"}),
	} {
		before := e.heard.count(c.reason)
		_, err := e.rider.GetRide(c.ctx, ride("x"))
		if d := refusedFor(t, err, c.code, c.reason); d.id == "" {
			t.Errorf("%s: there is no request id", name)
		}
		if e.heard.count(c.reason) != before+1 {
			t.Errorf("%s: was not counted", name)
		}
		// The same through a stream.
		watch, err := e.rider.WatchRide(c.ctx, &riderpb.WatchRideRequest{RideId: "x"})
		if err == nil {
			_, err = watch.Recv()
		}
		refusedFor(t, err, c.code, c.reason)
	}
	// "bearer" is no matter of case (RFC 6750, RFC 9110).
	if _, err := e.rider.GetRide(bare("bEARER "+token), ride("x")); err != nil {
		t.Errorf("bEARER: %v", err)
	}
}

func TestAKnownTokenExpiresAtTheServer(t *testing.T) {
	e := newEdge(t, ServerConfig{}, &riders{}, &drivers{})
	ctx := e.as(rider("R1"))
	for range 2 {
		if _, err := e.rider.GetRide(ctx, ride("x")); err != nil {
			t.Fatal(err)
		}
	}
	e.clock.add(time.Hour + tokenLeeway)
	_, err := e.rider.GetRide(ctx, ride("x"))
	refusedFor(t, err, codes.Unauthenticated, ReasonTokenExpired)
}

func TestUnknownMethodsAreRefused(t *testing.T) {
	e := newEdge(t, ServerConfig{}, &riders{}, &drivers{})
	for _, name := range []string{
		"/hexhail.rider.v1.RiderService/StealRide", "/hexhail.none.v1.None/Call",
		"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", // it is off
	} {
		err := e.conn.Invoke(e.as(rider("R1")), name, &emptypb.Empty{}, &emptypb.Empty{})
		refusedFor(t, err, codes.Unimplemented, ReasonMethodUnknown)
		err = e.conn.Invoke(t.Context(), name, &emptypb.Empty{}, &emptypb.Empty{})
		refusedFor(t, err, codes.Unauthenticated, ReasonTokenMissing)
	}
	// What is in the schema and not in the code is no different.
	_, err := e.rider.AddTip(e.as(rider("R1")),
		&riderpb.AddTipRequest{RequestId: "a", RideId: "b", TipFen: 1})
	refusedFor(t, err, codes.Unimplemented, ReasonMethodUnknown)
	for name := range e.heard.calls {
		if strings.Contains(name, "Steal") || strings.Contains(name, "none") {
			t.Errorf("%s could fill the metrics with names", name)
		}
	}
}

// rawCodec sends bytes as they are.
type rawCodec struct{ encoding.CodecV2 }

func (c rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	if raw, ok := v.([]byte); ok {
		return mem.BufferSlice{mem.SliceBuffer(raw)}, nil
	}
	return c.CodecV2.Marshal(v)
}

func TestMessagesThatAreNone(t *testing.T) {
	e := newEdge(t, ServerConfig{}, &riders{}, &drivers{drive: func(
		s grpc.BidiStreamingServer[driverpb.DriveRequest, driverpb.DriveResponse],
	) error {
		for {
			if _, err := s.Recv(); err != nil {
				return err
			}
		}
	}})
	raw := grpc.ForceCodecV2(rawCodec{encoding.GetCodecV2("proto")})
	send := func(message []byte) error {
		return e.conn.Invoke(e.as(rider("R1")), getRide, message, &riderpb.GetRideResponse{}, raw)
	}
	refusedFor(t, send([]byte{0xff, 0xff, 0xff}), codes.InvalidArgument, ReasonMessageInvalid)
	refusedFor(t, send([]byte{0x0a, 0x01, 0xff}), codes.InvalidArgument, ReasonMessageInvalid)

	stream := func(message any) error {
		desc := &driverpb.DriverService_ServiceDesc.Streams[0]
		s, err := e.conn.NewStream(e.as(driver("D1")), desc,
			driverpb.DriverService_Drive_FullMethodName, raw)
		if err != nil {
			return err
		}
		if err := s.SendMsg(message); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return s.RecvMsg(&driverpb.DriveResponse{})
	}
	refusedFor(t, stream([]byte{0xff}), codes.InvalidArgument, ReasonMessageInvalid)
	refusedFor(t, stream(make([]byte, 64<<10+1)), codes.ResourceExhausted, ReasonMessageTooLarge)
	if got := e.heard.count(ReasonMessageInvalid); got != 3 {
		t.Errorf("counted %d", got)
	}
}

func TestMessagesThatAreTooLarge(t *testing.T) {
	e := newEdge(t, ServerConfig{}, &riders{}, &drivers{})
	// A message of n bytes: tag, length of three bytes, the id.
	of := func(n int) error {
		_, err := e.rider.GetRide(e.as(rider("R1")), ride(strings.Repeat("x", n-4)))
		return err
	}
	// At the limit the schema has the word: an id of at most 64 bytes.
	refusedFor(t, of(64<<10), codes.InvalidArgument, dispatch.ReasonField)
	d := refusedFor(t, of(64<<10+1), codes.ResourceExhausted, ReasonMessageTooLarge)
	if d.retry != 0 {
		t.Error("says that it may be smaller later")
	}
	refusedFor(t, of(256<<10), codes.ResourceExhausted, ReasonMessageTooLarge)
	// Beyond four times the limit it is not even read: gRPC's own word, and counted all the same.
	if err := of(256<<10 + 1); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("got %v", err)
	}
	e.server.GracefulStop() // gRPC has answered before the gate counts
	if got := e.heard.count(ReasonMessageTooLarge); got != 3 {
		t.Errorf("counted %d", got)
	}
}

// A request with a clip may be larger than others, as its rule says.
func TestRequestsThatMayBeLarger(t *testing.T) {
	e := newEdge(t, ServerConfig{}, &riders{}, &drivers{})
	of := func(n int) error {
		at := &typepb.Place{Point: &typepb.Point{Lat: 39.9, Lng: 116.4, Datum: 1}}
		_, err := e.rider.RequestRide(e.as(rider("R1")), &riderpb.RequestRideRequest{
			RequestId: "a", City: "beijing", PayBy: "cash", Seats: 1, Pickup: at, Dropoff: at,
			Voice: make([]byte, n),
		})
		return err
	}
	refusedFor(t, of(128<<10), codes.Unimplemented, ReasonMethodUnknown) // it has come through
	d := refusedFor(t, of(128<<10+1), codes.InvalidArgument, dispatch.ReasonField)
	if v := d.bad.GetFieldViolations(); len(v) != 1 || v[0].GetField() != "voice" {
		t.Errorf("violations %v", v)
	}
	refusedFor(t, of(192<<10), codes.ResourceExhausted, ReasonMessageTooLarge)
}

func TestTheSchemaNamesTheField(t *testing.T) {
	called := false
	e := newEdge(t, ServerConfig{}, &riders{get: func(
		context.Context, *riderpb.GetRideRequest,
	) (*riderpb.GetRideResponse, error) {
		called = true
		return &riderpb.GetRideResponse{}, nil
	}}, &drivers{})
	_, err := e.rider.GetRide(e.as(rider("R1")), ride(""))
	d := refusedFor(t, err, codes.InvalidArgument, dispatch.ReasonField)
	if v := d.bad.GetFieldViolations(); len(v) != 1 || v[0].GetField() != "ride_id" ||
		v[0].GetDescription() == "" || called {
		t.Errorf("got %v, called %v", v, called)
	}
	_, err = e.rider.RequestRide(e.as(rider("R1")), &riderpb.RequestRideRequest{
		RequestId: "a", City: "beijing", PayBy: "cash", Seats: 9,
		Pickup:  &typepb.Place{Point: &typepb.Point{Lat: 91, Datum: typepb.Datum_DATUM_WGS84}},
		Dropoff: &typepb.Place{},
	})
	var fields []string
	for _, v := range refusedFor(t, err, codes.InvalidArgument, dispatch.ReasonField).
		bad.GetFieldViolations() {
		fields = append(fields, v.GetField())
	}
	if got := strings.Join(fields, " "); got != "pickup.point.lat dropoff.point seats" {
		t.Errorf("fields %q", got)
	}
}

func TestAFloodHitsOnlyWhoMakesIt(t *testing.T) {
	five := Rate{PerSecond: 1, Burst: 5}
	e := newEdge(t, ServerConfig{Limits: Limits{Caller: five, Device: five}}, &riders{}, &drivers{})
	flood := func(ctx context.Context) (passed, refused int, last error) {
		for range 50 {
			_, err := e.rider.GetRide(ctx, ride("x"))
			if err == nil {
				passed++
				continue
			}
			refused++
			last = err
		}
		return passed, refused, last
	}
	var others sync.WaitGroup
	for _, id := range []string{"R2", "R3", "R4"} {
		ctx := e.as(rider(id))
		others.Go(func() {
			for range 5 {
				if _, err := e.rider.GetRide(ctx, ride("x")); err != nil {
					t.Errorf("%s is hit too: %v", id, err)
				}
			}
		})
	}
	ctx := e.as(rider("R1"))
	passed, refused, err := flood(ctx)
	others.Wait()
	if passed != 5 || refused != 45 {
		t.Errorf("%d passed, %d refused", passed, refused)
	}
	d := refusedFor(t, err, codes.ResourceExhausted, ReasonRateLimited)
	if d.retry <= 0 || d.retry > time.Second {
		t.Errorf("retry after %v", d.retry)
	}
	e.clock.add(d.retry)
	if _, err := e.rider.GetRide(ctx, ride("x")); err != nil {
		t.Errorf("after the time given: %v", err)
	}
	// One phone with many identities is one phone.
	passed = 0
	for _, id := range []string{"A", "B", "C", "D", "E", "F", "G", "H", "I", "J"} {
		c := rider(id)
		c.Device = "phone"
		if _, err := e.rider.GetRide(e.as(c), ride("x")); err == nil {
			passed++
		}
	}
	if passed != 5 {
		t.Errorf("%d calls of one phone passed", passed)
	}
	// A driver of the same id is somebody else.
	if _, err := e.driver.GetSnapshot(e.as(driver("R1")), &driverpb.GetSnapshotRequest{}); status.
		Code(err) != codes.Unimplemented {
		t.Errorf("driver:R1: %v", err)
	}
}

func TestAFloodOfBadTokensIsNotChecked(t *testing.T) {
	e := newEdge(t, ServerConfig{Limits: Limits{Stranger: Rate{PerSecond: 1, Burst: 10}}},
		&riders{}, &drivers{})
	known := e.as(rider("R1"))
	if _, err := e.rider.GetRide(known, ride("x")); err != nil {
		t.Fatal(err)
	}
	forger := newKey(t)
	forge := func(n int) error {
		token := mint(t, forger, rider("R1"), noon.Add(-time.Duration(n)*time.Second), time.Hour)
		_, err := e.rider.GetRide(WithToken(t.Context(), token), ride("x"))
		return err
	}
	for n := range 10 {
		refusedFor(t, forge(n), codes.Unauthenticated, ReasonTokenInvalid)
	}
	refusedFor(t, forge(11), codes.ResourceExhausted, ReasonRateLimited)
	if _, err := e.rider.GetRide(known, ride("x")); err != nil {
		t.Errorf("a known token on the same connection: %v", err)
	}
	_, err := e.rider.GetRide(e.as(rider("R2")), ride("x"))
	refusedFor(t, err, codes.ResourceExhausted, ReasonRateLimited)
	other := riderpb.NewRiderServiceClient(e.dial())
	if _, err := other.GetRide(e.as(rider("R2")), ride("x")); err != nil {
		t.Errorf("a new token on another connection: %v", err)
	}
	// Good tokens cost nothing, however many.
	for n := range 30 {
		if _, err := other.GetRide(e.as(rider(strings.Repeat("x", n+1))), ride("x")); err != nil {
			t.Fatal(err)
		}
	}
}
