package driver

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// admit counts a session in, unless the server is full or going away.
func (v *Server) admit(s *session) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.draining:
		return drainingError()
	case v.known >= MaxSessions:
		return fullError()
	}
	v.known++
	v.nextTo++
	s.slot.shard = v.nextTo % frameShards
	return nil
}

// discharge counts a session out.
func (v *Server) discharge() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.known--
	if v.known == 0 && v.gone != nil {
		close(v.gone)
		v.gone = nil
	}
}

// Drain ends all sessions in good order: no new ones are taken, every phone is told to connect
// again after a time of its own (the fewer they are, the sooner), and has some seconds to finish
// what it is saying; then the streams end, as Unavailable with DRAINING. It returns when all have
// ended, or with ctx's error when ctx ends first. A command that has a result was done; one that
// has none is repeated by the phone under its own id.
func (v *Server) Drain(ctx context.Context) error { return v.drain(ctx, drainGrace) }

func (v *Server) drain(ctx context.Context, grace time.Duration) error {
	gone := v.closeDoor()
	if gone == nil {
		return nil
	}
	spread := v.retrySpread()
	v.book.each(func(s *session) {
		after := rand.N(spread)
		s.send(&driverpb.DriveResponse{Message: &driverpb.DriveResponse_Drain{
			Drain: &driverpb.Drain{RetryAfter: durationpb.New(after), Reason: "shutdown"},
		}})
	})
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
	case <-timer.C:
	}
	v.book.each(func(s *session) { s.end(drainingError()) })
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retrySpread is within what time all phones shall come back: a thousand a second, at most
// MaxRetry.
func (v *Server) retrySpread() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return max(time.Second, min(MaxRetry, time.Duration(v.known)*time.Millisecond))
}

// closeDoor takes no more sessions. The channel is closed when the last one has ended; it is nil if
// there is none.
func (v *Server) closeDoor() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.draining = true
	if v.known == 0 {
		return nil
	}
	if v.gone == nil {
		v.gone = make(chan struct{})
	}
	return v.gone
}

func (v *Server) isDraining() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.draining
}

func drainingError() error {
	return wire.Refuse(codes.Unavailable, wire.ReasonDraining, "the server is going away")
}

func fullError() error {
	return wire.Refuse(codes.ResourceExhausted, wire.ReasonSessionsFull,
		"%d sessions, the limit of this server", MaxSessions)
}

// maxLoose is how many drivers without a stream are remembered; beyond it their calls are refused.
const maxLoose = 10_000

// of is the caller's session, or what stands for one while they use the unary calls.
func (v *Server) of(ctx context.Context) (*session, error) {
	s := v.outside(ctx)
	if is := v.book.get(s.driver); is != nil {
		is.heard.Store(v.turn.Load())
		return is, nil
	}
	v.mu.Lock()
	full := v.loose >= maxLoose
	v.nextTo++
	s.slot.shard = v.nextTo % frameShards // before anybody else can see the session
	v.mu.Unlock()
	if full {
		return nil, fullError()
	}
	if _, err := s.stands(ctx); err != nil {
		return nil, err
	}
	is := v.book.offer(s)
	if is != s {
		v.moved(s, nil)
		return is, nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.loose++
	return s, nil
}

// outside is a session of nobody's book: for a look at the caller's rows.
func (v *Server) outside(ctx context.Context) *session {
	s := &session{srv: v, driver: dispatch.DriverID(wire.CallerOf(ctx).ID)}
	s.heard.Store(v.turn.Load())
	return s
}

// retire forgets a driver without a stream, who makes no calls any more or has a stream now.
func (v *Server) retire(s *session) {
	v.book.drop(s)
	s.mu.Lock()
	first := s.over == nil
	s.over = errRetired
	s.mu.Unlock()
	if !first {
		return
	}
	v.moved(s, nil)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.loose--
}
