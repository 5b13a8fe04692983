package wire

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/type/v1"
)

// gate is what every call goes through, unary or stream, in this order: metrics and log, a shelter
// from panics, the token, the method's rule, the rate, the time that it may take, the rules of the
// schema. It is wrapped around the handlers as they are registered: gRPC's interceptors do not see
// what could not be received, which would not be counted then.
type gate struct {
	verifier *Verifier
	now      func() time.Time
	log      *slog.Logger
	listener Listener
	limits   Limits
	buckets  *buckets
}

// method is one that the gate lets calls through to.
type method struct {
	name string       // "/hexhail.rider.v1.RiderService/GetRide"
	rule *typepb.Rule // nil: anybody may call
}

// unknownMethod stands for all methods that there are not.
const unknownMethod = "unknown"

// handler does the call itself.
type handler func(srv any, s *stream) error

// unary makes a handler of a method without streams. Its request is checked against the schema.
func (g *gate) unary(desc grpc.MethodDesc) handler {
	return func(srv any, s *stream) error {
		ctx, cancel := context.WithTimeout(s.ctx, s.limitTime)
		defer cancel()
		reply, err := desc.Handler(srv, ctx, s.receiveValid, nil)
		if err != nil {
			return becauseGone(ctx, err)
		}
		return s.SendMsg(reply)
	}
}

// becauseGone is the context's error where something broke because the context had ended.
func becauseGone(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && judge(err).code == codes.Internal {
		return ctx.Err()
	}
	return err
}

// guard puts the gate before a handler.
func (g *gate) guard(m method, do handler) grpc.StreamHandler {
	return func(srv any, bare grpc.ServerStream) error {
		began := g.now()
		v := &visit{requestID: requestID(bare.Context())}
		s := &stream{
			ServerStream: bare,
			limitBytes:   max(g.limits.MessageBytes, int(m.rule.GetRequestBytes())),
			limitTime:    g.limits.callTime(m.rule),
			ctx:          context.WithValue(bare.Context(), visitKey{}, v),
		}
		return g.close(m, v, s, began, g.call(m, v, s, began, srv, do))
	}
}

// unknown answers calls of methods that there are not.
func (g *gate) unknown(srv any, bare grpc.ServerStream) error {
	return g.guard(method{name: unknownMethod, rule: &typepb.Rule{}}, nil)(srv, bare)
}

// call makes the call if the caller may. A panic is a bug: the caller hears that there was one, the
// log has the rest.
func (g *gate) call(
	m method, v *visit, s *stream, now time.Time, srv any, do handler,
) (err error) {
	defer func() {
		if bug := recover(); bug != nil {
			g.log.LogAttrs(s.ctx, slog.LevelError, "panic",
				slog.String("method", m.name), slog.String("request_id", v.requestID),
				slog.String("panic", scrub(fmt.Sprint(bug))),
				slog.String("stack", string(debug.Stack())))
			err = Refuse(codes.Internal, ReasonInternal, "internal error")
		}
	}()
	if err := g.admit(m, v, s, now); err != nil {
		return err
	}
	return becauseGone(s.ctx, do(srv, s))
}

// admit says whether the call may be made.
func (g *gate) admit(m method, v *visit, s *stream, now time.Time) error {
	if m.rule == nil {
		return draw(g.buckets.stranger(s.ctx), now, "connection without a token")
	}
	c, err := g.identify(s.ctx, now)
	if err != nil {
		return err
	}
	v.caller = c
	if m.name == unknownMethod {
		name, _ := grpc.MethodFromServerStream(s)
		return Refuse(codes.Unimplemented, ReasonMethodUnknown, "no method %.200q", name)
	}
	if !allows(m.rule, c.Role) {
		return Refuse(codes.PermissionDenied, ReasonRoleDenied,
			"a %s may not call %s", roleName(c.Role), m.name)
	}
	return g.buckets.take(c, now)
}

// identify tells who calls. A connection that has shown too many bad tokens has to wait; good ones
// that are known go through even then.
func (g *gate) identify(ctx context.Context, now time.Time) (Caller, error) {
	token, err := bearer(ctx)
	if err == nil {
		if _, known, _ := g.verifier.recall(token); known != nil {
			return g.verifier.Verify(token, now)
		}
	}
	bucket := g.buckets.stranger(ctx)
	if bucket.TokensAt(now) < 1 {
		return Caller{}, rateLimited(bucket, now, "connection without a token")
	}
	var c Caller
	if err == nil {
		c, err = g.check(token, now)
	}
	if err != nil {
		bucket.AllowN(now, 1)
	}
	return c, err
}

// check verifies a token on a goroutine of its own: the signature's check grows a stack to 16 KB,
// and that of a stream would stay so for its whole life. A panic goes on in the caller.
func (g *gate) check(token string, now time.Time) (c Caller, err error) {
	var bug any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { bug = recover() }()
		c, err = g.verifier.Verify(token, now)
	}()
	<-done
	if bug != nil {
		panic(bug)
	}
	return c, err
}

// bearer finds the token of a call (RFC 6750); "" if there is none.
func bearer(ctx context.Context) (string, error) {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	switch len(values) {
	case 0:
		return "", nil
	case 1:
	default:
		return "", tokenInvalid()
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return "", tokenInvalid()
	}
	return strings.TrimSpace(token), nil
}

// requestID is what the client sent, if it is fit for a log, or 16 hex digits.
func requestID(ctx context.Context) string {
	if sent := metadata.ValueFromIncomingContext(ctx, "x-request-id"); len(sent) == 1 {
		if id := sent[0]; id != "" && len(id) <= dispatch.MaxIDBytes && printable(id) {
			return id
		}
	}
	return strconv.FormatUint(rand.Uint64()|1<<63, 16) // a name in the log, no secret
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// close tells of the call and turns its error into the status that the client gets.
func (g *gate) close(m method, v *visit, s *stream, began time.Time, err error) error {
	st := statusOf(err, v.requestID)
	took := g.now().Sub(began)
	g.listener.Called(m.name, st.Code(), took)
	if err == nil && !g.log.Enabled(s.ctx, slog.LevelDebug) {
		return nil
	}
	attrs := []slog.Attr{
		slog.String("method", m.name), slog.String("code", st.Code().String()),
		slog.String("caller", v.caller.Identity()), slog.String("request_id", v.requestID),
		slog.Duration("took", took),
	}
	level := slog.LevelDebug
	if err != nil {
		reason := ReasonOf(err)
		g.listener.Refused(reason)
		level = levelOf(st.Code(), reason)
		attrs = append(attrs, slog.String("reason", string(reason)))
	}
	if st.Code() == codes.Internal {
		attrs = append(attrs, slog.String("error", scrub(err.Error()))) // the caller is not told
	}
	g.log.LogAttrs(s.ctx, level, "call", attrs...)
	return st.Err()
}

// levelOf says who should look: operators at what we got wrong, developers at what callers got
// wrong, nobody at a flood.
func levelOf(code codes.Code, reason dispatch.Reason) slog.Level {
	switch {
	case code == codes.Internal || code == codes.Unknown:
		return slog.LevelError
	case code == codes.Unavailable || code == codes.DeadlineExceeded:
		return slog.LevelWarn
	case code == codes.Canceled || reason == ReasonRateLimited:
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

// stream is a call's stream as handlers see it.
type stream struct {
	grpc.ServerStream
	ctx        context.Context // the call's, as every ServerStream has
	in         inbox
	limitBytes int
	limitTime  time.Duration // of a call without streams
}

// Context knows the caller.
func (s *stream) Context() context.Context { return s.ctx }

// RecvMsg is the next message. What the client did wrong comes as a Refusal, io.EOF is the end.
func (s *stream) RecvMsg(m any) error {
	s.in = inbox{message: m, limitBytes: s.limitBytes}
	err := s.ServerStream.RecvMsg(&s.in)
	s.in.message = nil
	if err == nil {
		return s.in.err
	}
	return received(err)
}

// received puts gRPC's own words for what could not be received into ours.
func received(err error) error {
	if err == io.EOF { //nolint:errorlint // gRPC returns it bare
		return err
	}
	switch st := status.Convert(err); st.Code() {
	case codes.ResourceExhausted:
		return Refuse(codes.ResourceExhausted, ReasonMessageTooLarge, "%s", st.Message())
	case codes.Internal:
		return Refuse(codes.InvalidArgument, ReasonMessageInvalid, "%s", st.Message())
	default:
		return err
	}
}

// receiveValid is RecvMsg for a request that has to keep the schema's rules.
func (s *stream) receiveValid(m any) error {
	if err := s.RecvMsg(m); err != nil {
		return err
	}
	if request, ok := m.(proto.Message); ok {
		return Validate(request)
	}
	return nil
}
