//go:build !race

package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
)

// The witness works in a city of its own, so that nobody else's money or taxis are there.
const (
	witnessCity   = "chengdu"
	witnessPeople = 6
	witnessPace   = 250 * time.Millisecond // between two rides of one of them
)

// chengdu is where all of the witness's rides are.
var chengdu = &typepb.Point{Lat: 30.6598, Lng: 104.0633, Datum: typepb.Datum_DATUM_WGS84}

// witness is some riders who ask for rides, tip and cancel, and some drivers who give rides from
// the kerb, all of them without pause. It keeps a log of every answer, whatever the simulator says.
type witness struct {
	t    testing.TB
	w    *town
	conn *grpc.ClientConn
	stop context.CancelFunc
	all  sync.WaitGroup

	mu     sync.Mutex
	acks   []ack
	faults []string
	tries  int // calls that had no answer and were made again
}

// newWitness brings its people in and sets them to work.
func newWitness(t testing.TB, w *town) *witness {
	t.Helper()
	v := &witness{t: t, w: w, conn: w.dial()}
	var drivers []*opspb.Driver
	var taxis []*opspb.Taxi
	var riders []*opspb.Rider
	for i := range witnessPeople {
		id := fmt.Sprintf("W%d", i)
		drivers = append(drivers, &opspb.Driver{Id: id, City: witnessCity, Name: id})
		taxis = append(taxis, &opspb.Taxi{Id: id, City: witnessCity, Plate: id, Seats: 4})
		riders = append(riders, &opspb.Rider{Id: id, Name: id})
	}
	importAll(t, w, drivers, taxis, riders)
	working, stop := context.WithCancel(t.Context())
	v.stop = stop
	for i := range witnessPeople {
		v.all.Go(func() { v.ask(working, fmt.Sprintf("W%d", i)) })
		v.all.Go(func() { v.drive(working, fmt.Sprintf("W%d", i)) })
	}
	t.Cleanup(func() { stop(); v.all.Wait() })
	return v
}

// importAll brings people in, 500 in a message.
func importAll(
	t testing.TB, w *town, drivers []*opspb.Driver, taxis []*opspb.Taxi, riders []*opspb.Rider,
) {
	t.Helper()
	d, err := w.ops.ImportDrivers(w.asOps())
	must(t, err)
	for rows := range chunks(drivers) {
		must(t, d.Send(&opspb.ImportDriversRequest{Rows: rows}))
	}
	_, err = d.CloseAndRecv()
	must(t, err)
	c, err := w.ops.ImportTaxis(w.asOps())
	must(t, err)
	for rows := range chunks(taxis) {
		must(t, c.Send(&opspb.ImportTaxisRequest{Rows: rows}))
	}
	_, err = c.CloseAndRecv()
	must(t, err)
	r, err := w.ops.ImportRiders(w.asOps())
	must(t, err)
	for rows := range chunks(riders) {
		must(t, r.Send(&opspb.ImportRidersRequest{Rows: rows}))
	}
	_, err = r.CloseAndRecv()
	must(t, err)
}

func chunks[T any](rows []T) func(func([]T) bool) {
	return func(yield func([]T) bool) {
		for len(rows) > 0 {
			n := min(len(rows), 500)
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// done ends the work, each ride in good order, and returns the log.
func (v *witness) done() []ack {
	v.t.Helper()
	v.stop()
	v.all.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, f := range v.faults {
		v.t.Error(f)
	}
	return v.acks
}

func (v *witness) seen() (acks, tries int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.acks), v.tries
}

// insist makes a call until it is answered, under the same id, and logs the answer. ok is false if
// the call was refused: that is a fault.
func (v *witness) insist(what string, call func() (*typepb.Ride, error)) (*typepb.Ride, bool) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(patience); ; <-look.C {
		ride, err := call()
		v.mu.Lock()
		switch status.Code(err) {
		case codes.OK:
			if ride.GetRideId() != "" {
				v.acks = append(v.acks, ack{what, ride.GetRideId(), ride.GetVersion()})
			}
			v.mu.Unlock()
			return ride, true
		case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.ResourceExhausted:
			v.tries++
			if time.Now().Before(deadline) {
				v.mu.Unlock()
				continue
			}
		default: // refused
		}
		v.faults = append(v.faults, fmt.Sprintf("%s: %v", what, err))
		v.mu.Unlock()
		return nil, false
	}
}

// within bounds one try of a call.
func within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}

// ask is a rider: request, tip, cancel, and the request once more under its old id.
func (v *witness) ask(working context.Context, id string) {
	who := v.w.as(v.t.Context(), typepb.Role_ROLE_RIDER, id)
	api := riderpb.NewRiderServiceClient(v.conn)
	at := &typepb.Place{Point: chengdu}
	pace := time.NewTicker(witnessPace)
	defer pace.Stop()
	for n := 0; working.Err() == nil; n++ {
		request := func() (*typepb.Ride, error) {
			ctx, cancel := within(who)
			defer cancel()
			got, err := api.RequestRide(ctx, &riderpb.RequestRideRequest{
				RequestId: fmt.Sprintf("%d-request", n), City: witnessCity, Pickup: at, Dropoff: at,
				Seats: 1, PayBy: "cash",
			})
			return got.GetRide(), err
		}
		ride, ok := v.insist(id+" requests", request)
		if !ok {
			return
		}
		_, ok = v.insist(id+" cancels", func() (*typepb.Ride, error) {
			ctx, cancel := within(who)
			defer cancel()
			got, err := api.CancelRide(ctx, &riderpb.CancelRideRequest{
				RequestId: fmt.Sprintf("%d-cancel", n), RideId: ride.GetRideId(),
			})
			return got.GetRide(), err
		})
		if !ok {
			return
		}
		again, ok := v.insist(id+" repeats", request)
		if ok && again.GetRideId() != ride.GetRideId() {
			v.fault("%s: the same request became ride %s and %s", id, ride.GetRideId(),
				again.GetRideId())
		}
		<-pace.C
	}
}

func (v *witness) fault(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

// drive is a driver: on duty, then a ride from the kerb after the other. Each is paid by hand, and
// settled when it is completed.
func (v *witness) drive(working context.Context, id string) {
	who := v.w.as(v.t.Context(), typepb.Role_ROLE_DRIVER, id)
	api := driverpb.NewDriverServiceClient(v.conn)
	give := func(c *driverpb.Command) (*typepb.Ride, bool) {
		return v.insist(fmt.Sprintf("%s gives %s", id, c.GetRequestId()),
			func() (*typepb.Ride, error) {
				ctx, cancel := within(who)
				defer cancel()
				got, err := api.GiveCommand(ctx, &driverpb.GiveCommandRequest{Command: c})
				return got.GetDone().GetRide(), err
			})
	}
	_, ok := give(&driverpb.Command{RequestId: "duty", Action: &driverpb.Command_SetDuty{
		SetDuty: &driverpb.SetDuty{Duty: driverpb.Duty_DUTY_ON, TaxiId: id},
	}})
	pace := time.NewTicker(witnessPace)
	defer pace.Stop()
	for n := 0; ok && working.Err() == nil; n++ {
		ok = streetRide(n, give)
		<-pace.C
	}
}

func streetRide(n int, give func(*driverpb.Command) (*typepb.Ride, bool)) bool {
	ride, ok := give(&driverpb.Command{
		RequestId: fmt.Sprintf("%d-occupied", n),
		Action:    &driverpb.Command_Occupied{Occupied: &driverpb.StreetRide{At: chengdu}},
	})
	if !ok {
		return false
	}
	id := ride.GetRideId()
	_, ok = give(&driverpb.Command{
		RequestId: fmt.Sprintf("%d-completed", n),
		Action: &driverpb.Command_Completed{Completed: &driverpb.Completion{
			RideId: id, MeterFen: 1000,
		}},
	})
	return ok
}

// find reads the witness's rides as the server has them.
func (w *town) find(acks []ack) map[string]*typepb.Ride {
	w.t.Helper()
	found := map[string]*typepb.Ride{}
	for _, a := range acks {
		if _, ok := found[a.ride]; ok {
			continue
		}
		got, err := w.ops.GetRide(w.asOps(), &opspb.GetRideRequest{RideId: a.ride})
		if status.Code(err) != codes.NotFound {
			must(w.t, err)
			found[a.ride] = got.GetRide()
		}
	}
	return found
}

// probes are streams that see whether the server says that it goes away.
type probes struct {
	mu     sync.Mutex
	drains int      // told to go
	late   int      // of those, with a time to come again that is out of its limits
	ends   []string // of streams that were not told, or ended otherwise than as said
	up     int
}

// newProbes opens n streams of the witness's drivers (at most witnessPeople), and keeps them up.
func newProbes(t testing.TB, v *witness, n int) *probes {
	t.Helper()
	p := &probes{}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range n {
		who := v.w.as(ctx, typepb.Role_ROLE_DRIVER, fmt.Sprintf("W%d", i))
		hello := &driverpb.Hello{TaxiId: fmt.Sprintf("W%d", i)}
		all.Go(func() {
			pace := time.NewTicker(witnessPace)
			defer pace.Stop()
			for ctx.Err() == nil {
				p.listen(who, v.conn, hello)
				<-pace.C
			}
		})
	}
	t.Cleanup(func() { stop(); all.Wait() })
	return p
}

// listen is one stream, from hello to its end.
func (p *probes) listen(ctx context.Context, conn *grpc.ClientConn, hello *driverpb.Hello) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := driverpb.NewDriverServiceClient(conn).Drive(ctx)
	if err != nil {
		return
	}
	_ = stream.Send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{Hello: hello}})
	told, up := false, false
	for {
		msg, err := stream.Recv()
		p.mu.Lock()
		switch {
		case err != nil:
			p.ended(ctx, up, told, err)
			p.mu.Unlock()
			return
		case msg.GetWelcome() != nil:
			up = true
			p.up++
		case msg.GetDrain() != nil:
			told = true
			p.drains++
			after := msg.GetDrain().GetRetryAfter().AsDuration()
			if after < 0 || after > time.Minute {
				p.late++
			}
		}
		p.mu.Unlock()
	}
}

// ended notes how a stream that was up has ended. The caller holds p.mu.
func (p *probes) ended(ctx context.Context, up, told bool, err error) {
	if !up {
		return // the server is away, or about to go
	}
	p.up--
	if ctx.Err() == nil && (!told || status.Code(err) != codes.Unavailable) {
		p.ends = append(p.ends, fmt.Sprintf("told %v, ended by %v", told, err))
	}
}

func (p *probes) isUp(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.up == n
}
