package driver

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
)

// TestReconnectStorm is promise I16: many drivers, some of them at a ride, are sent away and come
// back all at once, several times. Nobody loses a shift or a ride, and what was given before and is
// given again is done once.
func TestReconnectStorm(t *testing.T) {
	streams, restarts := 5000, 2
	if testing.Short() || raceEnabled {
		streams = 500
	}
	w := newRows(t)
	w.openBus()
	w.startServer()
	w.enrol(streams)
	s := &storm{town: w, phones: make([]stormPhone, streams)}
	for i := range s.phones {
		p := &s.phones[i]
		p.driver, p.taxi, p.ctx = driverID(i), taxiID(i), w.as(driverID(i))
	}
	began := time.Now()
	s.connectAll()
	s.all(func(p *stormPhone) error { return p.give("on", stormDuty()) })
	s.all(func(p *stormPhone) error {
		if p.taxi[len(p.taxi)-1] != '7' {
			return nil
		}
		return p.give("kerb", stormStreet(w))
	})
	for range restarts {
		ctx, cancel := context.WithTimeout(w.ctx, 30*time.Second)
		check(t, w.server.drain(ctx, 0))
		cancel()
		w.startServer()
		s.connectAll()
		s.all((*stormPhone).stands)
		s.all(func(p *stormPhone) error { return p.give("on", stormDuty()) })
	}
	t.Logf("%d streams, %d restarts: %s", streams, restarts,
		time.Since(began).Round(time.Millisecond))
	rides := 0
	for i := range s.phones {
		rows, err := w.desk.Snapshot(w.ctx, s.phones[i].driver)
		check(t, err)
		if rows.Shift.Duty != dispatch.OnDuty {
			t.Fatalf("%s: %+v", s.phones[i].driver, rows.Shift)
		}
		if rows.Ride != nil {
			rides++
		}
	}
	if rides != streams/10 {
		t.Errorf("%d rides, want %d", rides, streams/10)
	}
	if n := w.server.Sessions(); n != streams {
		t.Errorf("%d sessions", n)
	}
}

// storm is many phones without a goroutine each: they are worked through by a few.
type storm struct {
	*town
	phones []stormPhone
}

type stormPhone struct {
	driver   dispatch.DriverID
	taxi     dispatch.TaxiID
	ctx      context.Context
	stream   driverpb.DriverService_DriveClient
	snapshot *driverpb.Snapshot
	ride     string
}

// all does something with every phone, 64 at a time.
func (s *storm) all(do func(p *stormPhone) error) {
	s.t.Helper()
	var group sync.WaitGroup
	errs := make(chan error, len(s.phones))
	for k := range 64 {
		group.Go(func() {
			for i := k; i < len(s.phones); i += 64 {
				if err := do(&s.phones[i]); err != nil {
					errs <- err
				}
			}
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		s.t.Fatal(err)
	}
}

func (s *storm) connectAll() {
	s.t.Helper()
	conns := make([]*grpc.ClientConn, (len(s.phones)+99)/100)
	for i := range conns {
		conns[i] = s.dial()
	}
	for i := range s.phones {
		s.phones[i].stream = nil
	}
	s.all(func(p *stormPhone) error {
		i := int(p.number())
		var err error
		p.stream, err = driverpb.NewDriverServiceClient(conns[i/100]).Drive(p.ctx)
		if err != nil {
			return err
		}
		return p.stream.Send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{
			Hello: &driverpb.Hello{TaxiId: string(p.taxi)},
		}})
	})
	s.all(func(p *stormPhone) error {
		msg, err := p.next(func(m *driverpb.DriveResponse) bool { return m.GetSnapshot() != nil })
		p.snapshot = msg.GetSnapshot()
		return err
	})
}

func (p *stormPhone) number() (n int) {
	for _, c := range p.taxi[1:] {
		n = n*10 + int(c-'0')
	}
	return n
}

// next reads until a message for which ok is true.
func (p *stormPhone) next(ok func(*driverpb.DriveResponse) bool) (*driverpb.DriveResponse, error) {
	for {
		msg, err := p.stream.Recv()
		if err != nil || ok(msg) {
			return msg, err
		}
	}
}

// give gives a command and checks its answer.
func (p *stormPhone) give(id string, c *driverpb.Command) error {
	c.RequestId = id
	err := p.stream.Send(&driverpb.DriveRequest{
		Message: &driverpb.DriveRequest_Command{Command: c},
	})
	if err != nil {
		return err
	}
	msg, err := p.next(func(m *driverpb.DriveResponse) bool { return m.GetResult() != nil })
	if err != nil {
		return err
	}
	if e := msg.GetResult().GetError(); e != nil {
		return fmt.Errorf("%s: %v: %s %s", p.driver, c, e.GetReason(), e.GetText())
	}
	if r := msg.GetResult().GetDone().GetRide(); r != nil {
		p.ride = r.GetRideId()
	}
	return nil
}

// stands checks the snapshot of a phone that has come back.
func (p *stormPhone) stands() error {
	if p.snapshot.GetShift().GetDuty() != driverpb.Duty_DUTY_ON ||
		p.snapshot.GetRide().GetRideId() != p.ride {
		return fmt.Errorf("%s with ride %q: %v", p.driver, p.ride, p.snapshot)
	}
	return nil
}

func stormDuty() *driverpb.Command { return duty(driverpb.Duty_DUTY_ON) }

func stormStreet(w *town) *driverpb.Command {
	c := w.city.Center
	return &driverpb.Command{Action: &driverpb.Command_Occupied{Occupied: &driverpb.StreetRide{
		At: &typepb.Point{Lat: c.Lat, Lng: c.Lng, Datum: typepb.Datum_DATUM_WGS84},
	}}}
}
