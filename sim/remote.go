package sim

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"hexhail/dispatch"
)

const (
	// streamsALine is how many streams a connection has: the server's limit.
	streamsALine = 100
	// callWithin is how long one try of a call may take.
	callWithin = 10 * time.Second
	// The pause between two tries, doubled from the least to the most.
	leastPause, mostPause = 100 * time.Millisecond, 2 * time.Second
)

// remote is the server.
type remote struct {
	addr  string
	creds credentials.TransportCredentials

	mu    sync.Mutex
	conns []*grpc.ClientConn
}

// dial makes one more connection; it connects with the first call.
func (r *remote) dial() (*grpc.ClientConn, error) {
	creds := r.creds
	if creds == nil {
		creds = insecure.NewCredentials()
	}
	conn, err := grpc.NewClient(r.addr,
		grpc.WithTransportCredentials(creds), grpc.WithDisableRetry(), grpc.WithNoProxy(),
		grpc.WithUserAgent("hexhail-sim"), grpc.WithIdleTimeout(0),
		grpc.WithReadBufferSize(8<<10),
		grpc.WithStaticStreamWindowSize(64<<10), grpc.WithStaticConnWindowSize(1<<20),
		grpc.WithConnectParams(grpc.ConnectParams{
			MinConnectTimeout: 10 * time.Second, // a busy server takes its time
			Backoff: backoff.Config{
				BaseDelay: leastPause, MaxDelay: mostPause, Multiplier: 2, Jitter: 0.3,
			},
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: 20 * time.Second, Timeout: 20 * time.Second, PermitWithoutStream: true,
		}))
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns = append(r.conns, conn)
	return conn, nil
}

func (r *remote) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range r.conns {
		_ = conn.Close() // twice closed is no harm
	}
}

// keepTrying makes a call until it has an answer. Every try must have the same request id. What the
// server says for good is an answer, too.
func keepTrying(ctx context.Context, wall func() time.Time, try func(context.Context) error) error {
	began, internal := wall(), 0
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		attempt, cancel := context.WithTimeout(ctx, callWithin)
		err := try(attempt)
		cancel()
		wait, passes := passing(err)
		if status.Code(err) == codes.Internal {
			internal++
		}
		if !passes || internal > 3 || ctx.Err() != nil || wall().Sub(began) > giveUpAfter {
			return err
		}
		if !sleep(ctx, max(wait, pause)) {
			return err
		}
	}
}

// sleep waits, and reports whether ctx lasted.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// passing reports whether the same call may succeed later, and how long to wait at least.
func passing(err error) (time.Duration, bool) {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return 0, errors.Is(err, context.DeadlineExceeded)
	}
	if wait, ok := retryAfter(s); ok && s.Code() != codes.Aborted {
		return wait, true
	}
	switch s.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.Canceled:
		return 0, true
	default:
		return 0, false
	}
}

func retryAfter(s *status.Status) (time.Duration, bool) {
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration(), true
		}
	}
	return 0, false
}

// refusal is a status of the server as the Desk's own error.
func refusal(err error) *dispatch.Error {
	s, _ := status.FromError(err)
	reason := ""
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			reason = info.GetReason()
		}
	}
	return refused(s.Code(), reason, s.Message())
}

// refused makes the Desk's error of what the wire makes of it.
func refused(code codes.Code, reason, text string) *dispatch.Error {
	kind := dispatch.Internal
	switch code {
	case codes.InvalidArgument, codes.OutOfRange:
		kind = dispatch.Invalid
	case codes.NotFound:
		kind = dispatch.NotFound
	case codes.FailedPrecondition, codes.Aborted, codes.AlreadyExists:
		kind = dispatch.Conflict
	case codes.ResourceExhausted:
		kind = dispatch.Exhausted
	case codes.PermissionDenied, codes.Unauthenticated, codes.Unimplemented:
		kind = dispatch.Denied
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		kind = dispatch.Unavailable
	default:
	}
	if reason == "" {
		reason = code.String()
	}
	return dispatch.Errorf(kind, dispatch.Reason(reason), "%s: %s", reason, text)
}
