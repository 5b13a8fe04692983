package driver

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// phone is a driver's app: it keeps all that the server has said.
type phone struct {
	w      *town
	t      testing.TB
	driver dispatch.DriverID
	taxi   dispatch.TaxiID
	conn   *grpc.ClientConn
	stream driverpb.DriverService_DriveClient
	hangUp context.CancelFunc
	polite atomic.Bool // closes when it is told that the server drains

	mu    sync.Mutex
	heard []*driverpb.DriveResponse
	news  chan struct{}
	err   error // of the stream, when done is closed
	done  chan struct{}
	asked int
}

// phone connects driver i and says hello.
func (w *town) phone(i int) *phone {
	w.t.Helper()
	p := w.newPhone(i)
	p.connect()
	p.hello()
	return p
}

func (w *town) newPhone(i int) *phone {
	return &phone{w: w, t: w.t, driver: driverID(i), taxi: taxiID(i), conn: w.dial()}
}

// connect opens a stream and listens to it.
func (p *phone) connect() {
	p.t.Helper()
	ctx, cancel := context.WithCancel(p.w.as(p.driver))
	stream, err := driverpb.NewDriverServiceClient(p.conn).Drive(ctx)
	check(p.t, err)
	p.mu.Lock()
	p.stream, p.hangUp, p.heard, p.err = stream, cancel, nil, nil
	p.news, p.done = make(chan struct{}, 1), make(chan struct{})
	p.mu.Unlock()
	done := p.done
	go p.listen(stream, done)
	p.t.Cleanup(func() { cancel(); <-done })
}

func (p *phone) listen(stream driverpb.DriverService_DriveClient, done chan struct{}) {
	defer close(done)
	for {
		msg, err := stream.Recv()
		p.mu.Lock()
		if err != nil {
			p.err = err
			p.mu.Unlock()
			return
		}
		p.heard = append(p.heard, msg)
		p.mu.Unlock()
		if msg.GetDrain() != nil && p.polite.Load() {
			_ = stream.CloseSend()
		}
		select {
		case p.news <- struct{}{}:
		default:
		}
	}
}

// cut breaks the connection off without a word.
func (p *phone) cut() {
	p.hangUp()
	<-p.done
}

// again connects anew and takes the session up.
func (p *phone) again() *driverpb.Snapshot {
	p.t.Helper()
	p.cut()
	p.connect()
	return p.hello()
}

func (p *phone) send(msg *driverpb.DriveRequest) {
	p.t.Helper()
	check(p.t, p.stream.Send(msg))
}

// hello is the handshake: it returns the snapshot.
func (p *phone) hello() *driverpb.Snapshot {
	p.t.Helper()
	p.send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{Hello: &driverpb.Hello{
		TaxiId: string(p.taxi), AppVersion: "test",
	}}})
	await(p, "welcome", (*driverpb.DriveResponse).GetWelcome, nil)
	return await(p, "snapshot", (*driverpb.DriveResponse).GetSnapshot, nil)
}

// await waits for a message of a kind for which ok is true; nil is any.
func await[M any](
	p *phone, what string, get func(*driverpb.DriveResponse) *M, ok func(*M) bool,
) *M {
	p.t.Helper()
	timer := time.NewTimer(15 * time.Second)
	defer timer.Stop()
	for {
		if m := find(p, get, ok); m != nil {
			return m
		}
		select {
		case <-p.news:
		case <-p.done:
			if m := find(p, get, ok); m != nil {
				return m
			}
			p.t.Fatalf("%s: no %s: the stream has ended: %v", p.driver, what, p.err)
		case <-timer.C:
			p.t.Fatalf("%s: no %s in %v", p.driver, what, p.all())
		}
	}
}

func find[M any](
	p *phone, get func(*driverpb.DriveResponse) *M, ok func(*M) bool,
) *M {
	for _, msg := range p.all() {
		if m := get(msg); m != nil && (ok == nil || ok(m)) {
			return m
		}
	}
	return nil
}

func (p *phone) all() []*driverpb.DriveResponse {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*driverpb.DriveResponse(nil), p.heard...)
}

// count is how many messages of a kind have come.
func count[M any](
	p *phone, get func(*driverpb.DriveResponse) *M, ok func(*M) bool,
) (n int) {
	for _, msg := range p.all() {
		if m := get(msg); m != nil && (ok == nil || ok(m)) {
			n++
		}
	}
	return n
}

// give sends a command under a new id, unless it has one, and waits for its result.
func (p *phone) give(c *driverpb.Command) *driverpb.Result {
	p.t.Helper()
	if c.GetRequestId() == "" {
		p.asked++
		c.RequestId = fmt.Sprintf("%s-%d-%p", p.driver, p.asked, p)
	}
	seen := count(p, (*driverpb.DriveResponse).GetResult, nil)
	p.send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Command{Command: c}})
	return awaitNext(p, seen, c.GetRequestId())
}

// awaitNext waits for the result after so many; it has to be the command's.
func awaitNext(p *phone, seen int, id string) *driverpb.Result {
	p.t.Helper()
	result := await(p, "result of "+id, (*driverpb.DriveResponse).GetResult,
		func(r *driverpb.Result) bool { return p.nthResult(seen) == r })
	if result.GetRequestId() != id {
		p.t.Fatalf("result of %s, want %s: they come in order", result.GetRequestId(), id)
	}
	return result
}

// nthResult is the result after so many; nil if it has not come.
func (p *phone) nthResult(seen int) *driverpb.Result {
	for _, msg := range p.all() {
		if r := msg.GetResult(); r != nil {
			if seen == 0 {
				return r
			}
			seen--
		}
	}
	return nil
}

// do gives a command that has to be done.
func (p *phone) do(c *driverpb.Command) *driverpb.Done {
	p.t.Helper()
	result := p.give(c)
	if result.GetDone() == nil {
		p.t.Fatalf("%v: %v", c, result.GetError())
	}
	return result.GetDone()
}

func (p *phone) onDuty() {
	p.t.Helper()
	p.do(duty(driverpb.Duty_DUTY_ON))
}

func duty(d driverpb.Duty) *driverpb.Command {
	return &driverpb.Command{Action: &driverpb.Command_SetDuty{
		SetDuty: &driverpb.SetDuty{Duty: d},
	}}
}

// drive reports a position, now.
func (p *phone) drive(at geo.Point) {
	p.t.Helper()
	p.send(fixes(fixPB(at, p.w.clock.Now())))
}

func fixPB(at geo.Point, when time.Time) *typepb.Fix {
	return &typepb.Fix{Lat: at.Lat, Lng: at.Lng, AtMs: when.UnixMilli(), SpeedMps: 8}
}

func heartbeat() *driverpb.DriveRequest {
	return &driverpb.DriveRequest{Message: &driverpb.DriveRequest_Heartbeat{
		Heartbeat: &driverpb.Heartbeat{},
	}}
}

func fixes(list ...*typepb.Fix) *driverpb.DriveRequest {
	return &driverpb.DriveRequest{Message: &driverpb.DriveRequest_Fixes{
		Fixes: &driverpb.FixBatch{Fixes: list},
	}}
}

func (p *phone) ack(offer string) {
	p.t.Helper()
	p.send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Ack{
		Ack: &driverpb.OfferAck{OfferId: offer},
	}})
}

func accept(offer string) *driverpb.Command {
	return &driverpb.Command{Action: &driverpb.Command_Accept{
		Accept: &driverpb.OfferAnswer{OfferId: offer},
	}}
}

// atRide makes a command that names a ride.
func atRide(kind string, ride string) *driverpb.Command {
	a := &driverpb.RideAction{RideId: ride}
	switch kind {
	case "arrived":
		return &driverpb.Command{Action: &driverpb.Command_Arrived{Arrived: a}}
	case "started":
		return &driverpb.Command{Action: &driverpb.Command_Started{Started: a}}
	case "release":
		return &driverpb.Command{Action: &driverpb.Command_Release{Release: a}}
	case "cash":
		return &driverpb.Command{Action: &driverpb.Command_CashReceived{CashReceived: a}}
	case "completed":
		return &driverpb.Command{Action: &driverpb.Command_Completed{
			Completed: &driverpb.Completion{RideId: ride, MeterFen: 15_00, TollsFen: 5_00},
		}}
	}
	panic(kind)
}

func at(c *driverpb.Command, when time.Time) *driverpb.Command {
	c.At = timestamppb.New(when)
	return c
}

// offered waits for the offer of a ride.
func (p *phone) offered(ride dispatch.RideID) *driverpb.Offer {
	p.t.Helper()
	return await(p, "offer", (*driverpb.DriveResponse).GetOffer,
		func(o *driverpb.Offer) bool { return o.GetRideId() == string(ride) })
}

// ended waits for the end of the stream and returns its reason.
func (p *phone) ended() (codes.Code, dispatch.Reason) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(15 * time.Second):
		p.t.Fatalf("%s: the stream does not end", p.driver)
	}
	return reasonOf(p.err)
}

// endsWith fails unless the stream ends for this reason.
func (p *phone) endsWith(code codes.Code, reason dispatch.Reason) {
	p.t.Helper()
	if c, r := p.ended(); c != code || r != reason {
		p.t.Fatalf("%s: the stream has ended with %s %s (%v), want %s %s",
			p.driver, c, r, p.err, code, reason)
	}
}

func reasonOf(err error) (codes.Code, dispatch.Reason) {
	st := status.Convert(err)
	for _, detail := range st.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == wire.Domain {
			return st.Code(), dispatch.Reason(info.GetReason())
		}
	}
	return st.Code(), ""
}

func same(a, b proto.Message) bool { return proto.Equal(a, b) }
