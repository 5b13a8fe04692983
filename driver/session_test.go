package driver

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

func TestSecondPhoneClosesTheFirst(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	first := w.phone(0)
	first.onDuty()
	for range 3 {
		second := w.newPhone(0)
		second.connect()
		if s := second.hello(); s.GetShift().GetDuty() != driverpb.Duty_DUTY_ON {
			t.Errorf("snapshot of the second phone: %v", s)
		}
		first.endsWith(codes.Aborted, wire.ReasonSessionReplaced)
		first = second
	}
	first.drive(w.at(0, 0))
	eventually(t, "the fix of the last phone", func() bool { return w.ears.taken() == 1 })
	if n := w.server.Sessions(); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

// TestTwoNodes has the second phone arrive at another edge.
func TestTwoNodes(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	first := w.phone(0)
	first.onDuty()
	w.startServer() // another edge on the same bus
	second := w.phone(0)
	first.endsWith(codes.Aborted, wire.ReasonSessionReplaced)
	ride, offer := w.toOffer(second)
	second.do(accept(offer.GetOfferId()))
	if r := w.ride(ride); r.Driver != second.driver {
		t.Errorf("%+v", r)
	}
}

func TestPhonesThatBeginAtOnce(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	const phones = 20
	all := make([]*phone, phones)
	for i := range all {
		all[i] = w.newPhone(0)
		all[i].connect()
	}
	for _, p := range all {
		p.send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{
			Hello: &driverpb.Hello{TaxiId: "T0"},
		}})
	}
	alive := func() (n int) {
		for _, p := range all {
			select {
			case <-p.done:
			default:
				n++
			}
		}
		return n
	}
	eventually(t, "one is left", func() bool {
		return w.server.Sessions() == 1 && w.ears.ended("SESSION_REPLACED") == phones-1
	})
	eventually(t, "one stream is left", func() bool { return alive() == 1 })
}

func TestNoHello(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	for name, msg := range map[string]*driverpb.DriveRequest{
		"a heartbeat": heartbeat(),
		"fixes":       fixes(fixPB(w.at(0, 0), w.clock.Now())),
	} {
		p := w.newPhone(0)
		p.connect()
		p.send(msg)
		if code, reason := p.ended(); code != codes.FailedPrecondition ||
			reason != wire.ReasonHelloMissing {
			t.Errorf("%s first: %s %s", name, code, reason)
		}
	}
	p := w.newPhone(0)
	p.connect()
	p.send(&driverpb.DriveRequest{})
	p.endsWith(codes.InvalidArgument, dispatch.ReasonField)
	p.connect()
	p.send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{Hello: &driverpb.Hello{}}})
	p.endsWith(codes.InvalidArgument, dispatch.ReasonField) // no taxi
	p.connect()
	p.hello()
	p.send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{
		Hello: &driverpb.Hello{TaxiId: "T0"},
	}})
	p.endsWith(codes.InvalidArgument, wire.ReasonMessageInvalid)
	eventually(t, "it is counted", func() bool { return w.ears.ended("HELLO_MISSING") == 2 })
}

func TestNothingIsSaid(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	const patience = 200 * time.Millisecond
	v := w.still()
	v.helloWithin = patience
	began := time.Now()
	p := w.newPhone(0)
	p.connect()
	p.endsWith(codes.FailedPrecondition, wire.ReasonHelloMissing)
	if took := time.Since(began); took < patience {
		t.Errorf("after %s", took)
	}
	eventually(t, "it is counted", func() bool { return w.ears.ended("HELLO_MISSING") == 1 })
	p = w.phone(0) // who has said hello may be silent for longer
	time.Sleep(2 * patience)
	p.onDuty()
}

// still is a config whose loops do not run: the test turns the walk.
func (w *town) still() *Server {
	w.t.Helper()
	v, err := New(w.server.c)
	check(w.t, err)
	w.host(v)
	return v
}

func TestHeartbeatsAndSilence(t *testing.T) {
	w := newTown(t)
	w.enrol(2)
	v := w.still()
	silent, talks := w.phone(0), w.phone(1)
	beat := func(p *phone) int { return count(p, (*driverpb.DriveResponse).GetHeartbeat, nil) }
	for turn := uint32(1); turn <= silentTurns; turn++ {
		v.walk()
		if turn%heartbeatTurns == 0 {
			n := int(turn / heartbeatTurns)
			eventually(t, "a heartbeat", func() bool {
				return beat(silent) == n && beat(talks) == n
			})
		}
		if turn == silentTurns/2 {
			talks.send(heartbeat())
			eventually(t, "the phone's heartbeat", func() bool {
				return v.book.get(talks.driver).heard.Load() == turn
			})
		}
	}
	v.walk()
	silent.endsWith(codes.Unavailable, wire.ReasonSilentPeer)
	talks.onDuty()
	eventually(t, "it is counted", func() bool { return w.ears.ended("SILENT_PEER") == 1 })
}

// TestSlowReader has a phone that does not read, and another that does.
func TestSlowReader(t *testing.T) {
	w := newTown(t)
	w.enrol(2)
	ctx, cancel := context.WithCancel(w.as(driverID(0)))
	defer cancel()
	slow, err := driverpb.NewDriverServiceClient(w.dial(grpc.WithStaticStreamWindowSize(64 << 10))).
		Drive(ctx)
	check(t, err)
	check(t, slow.Send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{
		Hello: &driverpb.Hello{TaxiId: "T0"},
	}}))
	quick := w.phone(1)
	var s *session
	eventually(t, "both have a session", func() bool {
		s = w.server.book.get(driverID(0))
		return s != nil && w.server.Sessions() == 2
	})
	eventually(t, "the snapshot has gone out", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.out.writer == nil && s.out.seq == 2
	})
	ride := dispatch.Ride{
		City: w.city.ID, State: dispatch.Completed, Driver: driverID(0),
		Pickup: dispatch.Place{Point: w.at(0, 0), Note: string(make([]byte, 500))},
	}
	for i := 0; s.ended() == nil; i++ {
		if i > 10_000 {
			t.Fatal("a phone that does not read is not cut off")
		}
		another := ride // the session keeps what it is given
		another.ID, another.Version = dispatch.RideID(newID(w.clock.Now())), i
		s.notice(dispatch.Notice{Driver: s.driver, Ride: &another})
		if i%100 == 0 {
			quick.onDuty() // nobody else is slowed
		}
	}
	eventually(t, "the session has ended", func() bool { return w.server.Sessions() == 1 })
	eventually(t, "it is counted", func() bool { return w.ears.ended("SLOW_READER") == 1 })
	if w.ears.deepest != MaxQueue {
		t.Errorf("a queue of %d", w.ears.deepest)
	}
	for err == nil { // it reads at last
		_, err = slow.Recv()
	}
	if code, reason := reasonOf(err); code != codes.ResourceExhausted ||
		reason != wire.ReasonSlowReader {
		t.Errorf("it reads %v", err)
	}
}

func TestBadMessages(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	p := w.phone(0)
	result := p.give(&driverpb.Command{RequestId: "1"})
	if result.GetError().GetReason() != "FIELD_INVALID" || result.GetError().GetTextZh() == "" {
		t.Errorf("a command without an action: %v", result)
	}
	result = p.give(accept(string(make([]byte, 65))))
	if result.GetError().GetReason() != "FIELD_INVALID" {
		t.Errorf("a long offer id: %v", result)
	}
	result = p.give(accept("nobody's"))
	if result.GetError().GetReason() != "OFFER_UNKNOWN" {
		t.Errorf("no offer: %v", result)
	}
	p.ack("nobody's") // is left out
	p.onDuty()
	p.send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Ack{Ack: &driverpb.OfferAck{}}})
	p.endsWith(codes.InvalidArgument, dispatch.ReasonField)
	p.connect()
	p.hello()
	p.send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Command{
		Command: &driverpb.Command{RequestId: string(make([]byte, 70<<10))},
	}})
	p.endsWith(codes.ResourceExhausted, wire.ReasonMessageTooLarge)
	eventually(t, "it is counted", func() bool { return w.ears.ended("MESSAGE_TOO_LARGE") == 1 })
}

func TestFloods(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	v := w.still() // one second, however long it takes
	p := w.phone(0)
	refused := 0
	for range MaxCommands + 10 {
		if p.give(accept("nobody's")).GetError().GetReason() == "RATE_LIMITED" {
			refused++
		}
	}
	if refused != 10 {
		t.Errorf("%d commands refused, want 10", refused)
	}
	v.walk()
	if e := p.give(accept("nobody's")).GetError(); e.GetReason() != "OFFER_UNKNOWN" {
		t.Errorf("in the next second: %v", e)
	}
	beat := heartbeat()
	for range MaxMessages + 1 {
		if p.stream.Send(beat) != nil {
			break
		}
	}
	p.endsWith(codes.ResourceExhausted, wire.ReasonRateLimited)
}

func TestDrain(t *testing.T) {
	w := newTown(t)
	w.enrol(40)
	phones := make([]*phone, 40)
	for i := range phones {
		phones[i] = w.phone(i)
		phones[i].polite.Store(i < 20)
		phones[i].onDuty()
	}
	ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
	defer cancel()
	check(t, w.server.drain(ctx, 200*time.Millisecond))
	different := map[time.Duration]bool{}
	for i, p := range phones {
		code, reason := p.ended()
		if i < 20 && code == codes.Unknown { // io.EOF
			continue
		}
		if code != codes.Unavailable || reason != wire.ReasonDraining {
			t.Errorf("%d: %s %s %v", i, code, reason, p.err)
		}
	}
	for _, p := range phones {
		for _, msg := range p.all() {
			if d := msg.GetDrain(); d != nil {
				after := d.GetRetryAfter().AsDuration()
				if after < 0 || after > MaxRetry {
					t.Errorf("retry after %s", after)
				}
				different[after] = true
			}
		}
	}
	if len(different) < len(phones)*3/4 {
		t.Errorf("%d times for %d phones", len(different), len(phones))
	}
	late := w.newPhone(0)
	late.connect()
	late.send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{
		Hello: &driverpb.Hello{TaxiId: "T0"},
	}})
	late.endsWith(codes.Unavailable, wire.ReasonDraining)
	check(t, w.server.Drain(ctx)) // nobody is left
	if n := w.server.Sessions(); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

func TestConfig(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("an empty config makes a server")
	}
	w := newTown(t)
	c := w.server.c
	c.FrameEvery = -1
	if _, err := New(c); err == nil {
		t.Error("a negative interval makes a server")
	}
}
