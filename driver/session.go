package driver

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

// Why sessions end, besides the reasons of wire's refusals.
const (
	whyClosed = "closed"  // the phone has closed the stream
	whyCutOff = "cut_off" // the connection broke
)

// session is a driver at work: usually a stream; without one, what is known of a driver who uses
// the unary calls.
type session struct {
	srv    *Server
	stream driverpb.DriverService_DriveServer // nil without a stream
	driver dispatch.DriverID
	id     string
	stop   func() // of the inbox

	heard  atomic.Uint32 // the turn in which the phone was heard last
	budget budget        // the reader's

	// flushing is held while fixes are on their way into the trace, so that who completes a ride
	// can wait for them. It is taken before mu.
	flushing sync.Mutex

	mu    sync.Mutex // guards what follows
	over  error      // why the session has ended, if the server has ended it
	out   queue
	stand stand
	slot  slot
	trace trace
}

// budget is what a phone has sent in this second.
type budget struct {
	turn               uint32
	messages, commands int32
}

func (b *budget) renew(turn uint32) {
	if b.turn != turn {
		*b = budget{turn: turn}
	}
}

// Drive is a driver's session, from hello to the end of the stream.
func (v *Server) Drive(stream driverpb.DriverService_DriveServer) error {
	s := &session{srv: v, stream: stream, id: rand.Text()}
	s.driver = dispatch.DriverID(wire.CallerOf(stream.Context()).ID)
	v.c.Listener.Session(+1, "")
	err := s.run()
	if err != nil {
		s.end(err)
		err = s.ended() // which may have been another one before
	}
	v.c.Listener.Session(-1, why(err))
	return err
}

// why is the word under which the end of a stream is counted.
func why(err error) string {
	var refusal *wire.Refusal
	switch {
	case err == nil:
		return whyClosed
	case errors.As(err, &refusal):
		return string(refusal.Reason)
	}
	switch reason := wire.ReasonOf(err); reason {
	case wire.ReasonCallerGone, wire.ReasonUnavailable, wire.ReasonDeadline:
		return whyCutOff
	default:
		return string(reason)
	}
}

// run reads until the stream ends.
func (s *session) run() error {
	in := newIncoming()
	if err := s.greet(in); err != nil {
		return err
	}
	defer s.leave()
	if err := s.welcome(in.GetHello()); err != nil {
		return err
	}
	for {
		if err := s.stream.RecvMsg(in); err != nil {
			return s.part(err)
		}
		err := s.take(&in.DriveRequest)
		in.release()
		if err != nil {
			return err
		}
	}
}

// greet waits for hello and takes the driver over from any other session.
func (s *session) greet(in *incoming) error {
	patience := time.AfterFunc(s.srv.helloWithin, func() {
		s.end(wire.Refuse(codes.FailedPrecondition, wire.ReasonHelloMissing,
			"no hello within %s", dispatch.Spell(s.srv.helloWithin)))
	})
	defer patience.Stop()
	if err := s.stream.RecvMsg(in); err != nil {
		return s.part(err)
	}
	if err := aside(func() error { return wire.Validate(&in.DriveRequest) }); err != nil {
		return err
	}
	if in.GetHello() == nil {
		return wire.Refuse(codes.FailedPrecondition, wire.ReasonHelloMissing,
			"the first message of a stream is hello")
	}
	return s.srv.admit(s)
}

// welcome makes the session the driver's own and tells it where it stands. It returns when fixes
// and commands can be taken.
func (s *session) welcome(hello *driverpb.Hello) error {
	v := s.srv
	s.heard.Store(v.turn.Load())
	s.stand.taxi = dispatch.TaxiID(hello.GetTaxiId())
	if err := aside(func() error { return v.book.put(s, s.takeOver) }); err != nil {
		return err
	}
	if v.isDraining() { // after it was admitted: Drain may have looked into the book before
		return drainingError()
	}
	s.send(&driverpb.DriveResponse{Message: &driverpb.DriveResponse_Welcome{
		Welcome: &driverpb.Welcome{
			SessionId:         s.id,
			At:                wire.TimePB(v.c.Now()),
			FixInterval:       durationpb.New(FixInterval),
			HeartbeatInterval: durationpb.New(HeartbeatInterval),
		},
	}})
	read := make(chan error, 1)
	s.sendLate(func(ctx context.Context) (*driverpb.DriveResponse, error) {
		msg, err := s.snapshot(ctx)
		read <- err
		return msg, err
	})
	select {
	case err := <-read:
		return err
	case <-s.stream.Context().Done():
		return s.stream.Context().Err()
	}
}

// takeOver ends the session before this one, here or elsewhere, and hears what comes for the driver
// from now on.
func (s *session) takeOver(was *session) (err error) {
	v := s.srv
	if was != nil {
		s.inherit(was)
		if was.stream == nil {
			was.flushTrace(s.stream.Context())
			v.retire(was)
		} else {
			was.end(replacedError())
		}
	}
	s.stop, err = v.c.Inbox.Listen(s.driver, s.id, s.notice, func() { s.end(replacedError()) })
	return err
}

// take handles one message.
func (s *session) take(in *driverpb.DriveRequest) error {
	turn := s.srv.turn.Load()
	if s.heard.Load() != turn {
		s.heard.Store(turn)
		s.budget.renew(turn)
	}
	if s.budget.messages++; s.budget.messages > MaxMessages {
		return wire.Refuse(codes.ResourceExhausted, wire.ReasonRateLimited,
			"more than %d messages in a second", MaxMessages)
	}
	switch m := in.GetMessage().(type) {
	case *driverpb.DriveRequest_Fixes:
		s.takeFixes(s.stream.Context(), m.Fixes)
		return nil
	case *driverpb.DriveRequest_Command:
		return aside(func() error { return s.obey(m.Command) })
	case *driverpb.DriveRequest_Ack:
		return aside(func() error { return s.seen(m.Ack) })
	case *driverpb.DriveRequest_Heartbeat:
		return nil
	case *driverpb.DriveRequest_Hello:
		return wire.Refuse(codes.InvalidArgument, wire.ReasonMessageInvalid,
			"hello is the first message of a stream, and no other")
	default:
		return wire.Validate(in)
	}
}

// part is the end of a stream as the reader sees it.
func (s *session) part(err error) error {
	if ended := s.ended(); ended != nil {
		return ended
	}
	if errors.Is(err, io.EOF) {
		s.finish()
		return nil
	}
	return err
}

// finish waits for what is still to be sent to a phone that has said all it has to say.
func (s *session) finish() {
	patience := time.AfterFunc(partingMax, func() { s.end(slowError()) })
	defer patience.Stop()
	s.drained()
}

// leave undoes welcome.
func (s *session) leave() {
	v := s.srv
	if s.stop != nil {
		s.stop()
	}
	v.book.drop(s)
	s.mu.Lock()
	s.out.clear()
	s.mu.Unlock()
	s.drained()
	s.flushTrace(context.WithoutCancel(s.stream.Context()))
	v.moved(s, nil)
	v.discharge()
}

// ended is why the server has ended the session; nil if it has not.
func (s *session) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// statusWriter is what a stream of grpc-go can do beyond its interface: end itself while the
// handler waits for a message. The only other way to break off a RecvMsg is to read in a goroutine
// of its own, which is 4 KB a session.
type statusWriter interface {
	WriteStatus(st *status.Status) error
}

// end breaks the session off: the phone gets the error's status, the reader wakes up and returns.
// The first call counts.
func (s *session) end(err error) {
	s.mu.Lock()
	first := s.over == nil
	if first {
		s.over = err
		s.out.clear()
	}
	s.mu.Unlock()
	if !first || s.stream == nil {
		return
	}
	stream := grpc.ServerTransportStreamFromContext(s.stream.Context())
	if w, ok := stream.(statusWriter); ok {
		_ = w.WriteStatus(wire.Status(err)) // a connection that is gone needs no status
	}
}

// errRetired ends what stands for a session of unary calls. Nobody is told.
var errRetired = errors.New("driver: no calls any more")

func replacedError() error {
	return wire.Refuse(codes.Aborted, wire.ReasonSessionReplaced,
		"the driver has a newer session")
}

func slowError() error {
	return wire.Refuse(codes.ResourceExhausted, wire.ReasonSlowReader,
		"%d messages wait to be read: connect again", MaxQueue)
}

func silentError() error {
	return wire.Refuse(codes.Unavailable, wire.ReasonSilentPeer,
		"nothing was heard for %s", dispatch.Spell(3*HeartbeatInterval))
}
