package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

const (
	// hellosAtOnce is how many phones connect at the same time: a server that comes back is not
	// run over.
	hellosAtOnce = 128
	// quietAfter an off-duty driver's phone sends a sign of life.
	quietAfter = 25 * time.Second
	// maxRepeats is how often a command is given again whose result says that it may work later.
	maxRepeats = 20
)

// session is a driver's phone. But for the last fields it is the crowd's.
type session struct {
	who     int32
	line    *line
	stream  grpc.ClientStream // nil: cut off
	pending []*pending        // commands without a result, in their order
	held    offered           // came while the driver was busy
	heldBy  time.Time         // until then it stands; city time
	calls   []offered         // on the screen, the oldest first
	calling bool              // the session has been begun
	met     bool              // it has been connected once
	saidAt  time.Time         // machine time of the last message

	luck *rand.Rand // of its pauses; the receiver's
}

// pending is a command that has no result yet.
type pending struct {
	command
	due     time.Time
	repeats int
}

// connect begins a session.
func (l *live) connect(s *session) {
	if s.calling {
		return
	}
	s.calling = true
	s.line = l.lines[int(s.who)/streamsALine]
	token, err := l.token(typepb.Role_ROLE_DRIVER, string(l.drivers[s.who].id))
	hello := &driverpb.Hello{TaxiId: string(l.drivers[s.who].taxi), AppVersion: "hexhail-sim"}
	l.callers.Go(func() {
		if err == nil {
			err = l.hold(wire.WithToken(l.ctx, token), s, hello)
		}
		if err != nil {
			l.post(func() error { return fmt.Errorf("driver %s: %w", l.drivers[s.who].id, err) })
		}
	})
}

// hold keeps a session up until the run ends; it returns an error that no new try will change.
func (l *live) hold(ctx context.Context, s *session, hello *driverpb.Hello) error {
	broken := l.config.Wall()
	for pause := leastPause; ; pause = min(2*pause, mostPause) {
		met, wait, err := l.converse(ctx, s, hello)
		now := l.config.Wall()
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && l.parting.Load():
			return nil // both sides have said all
		case final(err):
			return err
		case met:
			broken, pause = now, leastPause
		case now.Sub(broken) > giveUpAfter:
			return fmt.Errorf("no session for %v: %w", giveUpAfter, err)
		}
		jittered := time.Duration(float64(pause) * (0.5 + s.luck.Float64()))
		if !sleep(ctx, max(wait, jittered)) { // the server has drawn a time for each phone
			return nil
		}
	}
}

// final reports whether an error of a stream will come again however often it is tried.
func final(err error) bool {
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied, codes.InvalidArgument, codes.Unimplemented:
		return true
	default:
		return false
	}
}

// drive describes the stream.
var drive = &driverpb.DriverService_ServiceDesc.Streams[0]

// converse is one stream, from hello to its end. met says that it came up; wait is how long the
// server wants to be left alone.
func (l *live) converse(
	ctx context.Context, s *session, hello *driverpb.Hello,
) (met bool, wait time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := l.greet(ctx, cancel, s, hello)
	if err != nil {
		return false, 0, err
	}
	l.post(func() error { return l.connected(s, stream) })
	defer l.post(func() error {
		if s.stream == stream {
			s.stream = nil
		}
		return nil
	})
	for {
		msg := new(driverpb.DriveResponse)
		if err := stream.RecvMsg(msg); err != nil {
			return true, wait, ended(err)
		}
		if drain := msg.GetDrain(); drain != nil {
			wait = max(drain.GetRetryAfter().AsDuration(), time.Millisecond)
			continue
		}
		if heard := l.heard(s, msg); heard != nil {
			l.post(heard)
		}
	}
}

// greet opens a stream and says hello.
func (l *live) greet(
	ctx context.Context, cancel func(), s *session, hello *driverpb.Hello,
) (grpc.ClientStream, error) {
	select {
	case l.hellos <- struct{}{}:
		defer func() { <-l.hellos }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	patience := time.AfterFunc(callWithin, cancel)
	defer patience.Stop()
	stream, err := s.line.conn.NewStream(ctx, drive, driverpb.DriverService_Drive_FullMethodName,
		grpc.ForceCodecV2(newCodec()), grpc.StaticMethod())
	if err != nil {
		return nil, err
	}
	first := &driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{Hello: hello}}
	_ = stream.SendMsg(first) // the answer tells what went wrong
	msg := new(driverpb.DriveResponse)
	if err := stream.RecvMsg(msg); err != nil {
		return nil, ended(err)
	}
	return stream, nil
}

// connected is a session that is up, for the first time or again.
func (l *live) connected(s *session, stream grpc.ClientStream) error {
	if s.met {
		l.figures.Reconnects++
	}
	s.stream, s.met = stream, true
	l.resend(s)
	return nil
}

// resend gives every command without a result again, as it was.
func (l *live) resend(s *session) {
	for _, p := range s.pending {
		l.say(s, outgoing{msg: commandPB(&p.command), due: l.now})
	}
}

// say sends a message, if the phone is connected.
func (l *live) say(s *session, o outgoing) bool {
	if s.stream == nil {
		return false
	}
	o.stream = s.stream
	s.saidAt = l.config.Wall()
	return s.line.send(o)
}

// signsOfLife are sent by phones that have nothing to say.
func (l *live) signsOfLife() {
	now := l.config.Wall()
	for i := range l.sessions {
		if s := &l.sessions[i]; s.stream != nil && now.Sub(s.saidAt) > quietAfter {
			l.say(s, outgoing{due: l.now, msg: &driverpb.DriveRequest{
				Message: &driverpb.DriveRequest_Heartbeat{
					Heartbeat: &driverpb.Heartbeat{At: timestamppb.New(l.now)},
				},
			}})
		}
	}
}

// untold is how many commands have no result.
func (l *live) untold() int {
	n := 0
	for i := range l.sessions {
		n += len(l.sessions[i].pending)
	}
	return n
}

// fix implements [phones].
func (l *live) fix(d *driver) error {
	s := &l.sessions[d.who]
	fix, ok := d.report(&l.crowd)
	if !ok {
		return nil
	}
	d.sent(fix)
	if !l.say(s, outgoing{isFix: true, fix: fix, due: l.now}) {
		l.tally.fixes--
		l.figures.FixesUnsent++
	}
	return nil
}

// shown implements [phones].
func (l *live) shown(d *driver, offer dispatch.OfferID) error {
	l.say(&l.sessions[d.who], outgoing{due: l.now, msg: &driverpb.DriveRequest{
		Message: &driverpb.DriveRequest_Ack{Ack: &driverpb.OfferAck{OfferId: string(offer)}},
	}})
	return nil
}

// give implements [phones].
func (l *live) give(d *driver, cmd command) error {
	s := &l.sessions[d.who]
	if cmd.deed == takeStreet {
		l.riders[cmd.errand.rider].payBy = cashOnly
	}
	s.pending = append(s.pending, &pending{command: cmd, due: l.now})
	l.say(s, outgoing{msg: commandPB(&cmd), due: l.now})
	return nil
}

// take finds and removes the command of a result.
func (s *session) take(id string) *pending {
	i := slices.IndexFunc(s.pending, func(p *pending) bool { return p.id == id })
	if i < 0 {
		return nil // a result that was told twice
	}
	p := s.pending[i]
	s.pending = slices.Delete(s.pending, i, i+1)
	return p
}

// commandPB is a command for the wire.
func commandPB(c *command) *driverpb.DriveRequest {
	pb := &driverpb.Command{RequestId: c.id, At: timestamppb.New(c.at)}
	ride := &driverpb.RideAction{RideId: string(c.errand.ride), Reason: c.reason}
	offer := &driverpb.OfferAnswer{OfferId: string(c.offer)}
	switch c.deed {
	case beginShift:
		pb.Action = &driverpb.Command_SetDuty{
			SetDuty: &driverpb.SetDuty{Duty: driverpb.Duty_DUTY_ON},
		}
	case endShift:
		pb.Action = &driverpb.Command_SetDuty{
			SetDuty: &driverpb.SetDuty{Duty: driverpb.Duty_DUTY_OFF},
		}
	case takeStreet:
		pb.Action = &driverpb.Command_Occupied{
			Occupied: &driverpb.StreetRide{At: pointPB(c.place)},
		}
	case accept:
		pb.Action = &driverpb.Command_Accept{Accept: offer}
	case decline:
		pb.Action = &driverpb.Command_Decline{Decline: offer}
	case grab:
		pb.Action = &driverpb.Command_Grab{
			Grab: &driverpb.CallAnswer{CallId: string(c.call)},
		}
	case arrived:
		pb.Action = &driverpb.Command_Arrived{Arrived: ride}
	case started:
		pb.Action = &driverpb.Command_Started{Started: ride}
	case completed:
		pb.Action = &driverpb.Command_Completed{Completed: &driverpb.Completion{
			RideId: string(c.errand.ride), MeterFen: int64(c.meter),
		}}
	case released:
		pb.Action = &driverpb.Command_Release{Release: ride}
	case broken:
		pb.Action = &driverpb.Command_BreakDown{BreakDown: &driverpb.BreakDown{
			RideId: string(c.errand.ride), At: placePB(c.place),
		}}
	case inVain:
		pb.Action = &driverpb.Command_NoShow{NoShow: ride}
	case cashTaken:
		pb.Action = &driverpb.Command_CashReceived{CashReceived: ride}
	case takeBooking:
		pb.Action = &driverpb.Command_TakeBooking{TakeBooking: ride}
	}
	return &driverpb.DriveRequest{Message: &driverpb.DriveRequest_Command{Command: pb}}
}

func pointPB(p geo.Point) *typepb.Point {
	return &typepb.Point{Lat: p.Lat, Lng: p.Lng, Datum: typepb.Datum_DATUM_WGS84}
}

func placePB(p geo.Point) *typepb.Place { return &typepb.Place{Point: pointPB(p)} }
