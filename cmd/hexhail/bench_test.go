package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	driverpb "hexhail/pb/hexhail/driver/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// A bench town: so many riders, each with a driver next door, and idle taxis all around, so that no
// round waits for more.
const (
	benchPairs = 64
	benchIdle  = 256
)

// benchTown is the service as serve wires it, on SQLite with synchronous=FULL and NATS in the
// process, with people in it and real clients.
type benchTown struct {
	b       *testing.B
	service *service
	signer  *wire.Signer
	conns   []*grpc.ClientConn
	ids     atomic.Int64
}

func openBenchTown(b *testing.B, more ...string) *benchTown {
	b.Helper()
	config, _, err := readConfig(flagsOf(b, append([]string{
		"--data-dir", b.TempDir(), "--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0",
		"--sandbox", "--channels", "none", "--rate-per-s", "100000", "--drain-for", "5s",
		"--log-level", "error",
	}, more...)...), nil)
	if err != nil {
		b.Fatal(err)
	}
	s, err := openService(b.Context(), config, newLog(io.Discard, "error"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			b.Error(err)
		}
	})
	t := &benchTown{b: b, service: s, signer: wire.NewSigner(s.key.private)}
	t.people()
	for range 8 {
		conn, err := grpc.NewClient(s.grpcAt.Addr().String(),
			grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = conn.Close() })
		t.conns = append(t.conns, conn)
	}
	return t
}

// people brings everybody in and fills the wallets.
func (t *benchTown) people() {
	var riders []dispatch.Rider
	var drivers []dispatch.Driver
	var taxis []dispatch.Taxi
	for i := range benchPairs + benchIdle {
		id := fmt.Sprintf("%03d", i)
		drivers = append(drivers, dispatch.Driver{
			ID: dispatch.DriverID("D" + id), City: "beijing", Name: id,
		})
		taxis = append(taxis, dispatch.Taxi{
			ID: dispatch.TaxiID("T" + id), City: "beijing", Plate: id, Seats: 4,
		})
		if i < benchPairs {
			riders = append(riders, dispatch.Rider{ID: dispatch.RiderID("R" + id), Name: id})
		}
	}
	ctx, db := t.b.Context(), t.service.db
	_, err := db.ImportRiders(ctx, riders)
	t.ok(err)
	_, err = db.ImportDrivers(ctx, drivers)
	t.ok(err)
	_, err = db.ImportTaxis(ctx, taxis)
	t.ok(err)
	for _, r := range riders {
		t.ok(money.Cashier{Store: db}.TopUp(ctx, money.EntryID("top/"+string(r.ID)),
			money.SandboxEquity, dispatch.RiderParty(r.ID), money.MaxTopUp, time.Now()))
	}
}

func (t *benchTown) ok(err error) {
	t.b.Helper()
	if err != nil {
		t.b.Fatal(err)
	}
}

// at is where number i stands: those who ride on a lattice of 500 m, the idle ones 5 km away.
func (t *benchTown) at(i int) geo.Point {
	centre := t.service.cities["beijing"].Center
	if i >= benchPairs {
		centre.Lat += 0.045
	}
	return geo.Point{
		Lat: centre.Lat + float64(i/16)*0.0045, Lng: centre.Lng + float64(i%16)*0.0058,
	}
}

func (t *benchTown) as(role typepb.Role, id string) context.Context {
	token, err := t.signer.Mint(wire.Caller{Role: role, ID: id}, time.Now(), time.Hour)
	t.ok(err)
	return wire.WithToken(t.b.Context(), token)
}

func (t *benchTown) fresh() string { return fmt.Sprintf("b%d", t.ids.Add(1)) }

// phone is a driver's stream.
type benchPhone struct {
	t      *benchTown
	i      int
	stream driverpb.DriverService_DriveClient
	heard  chan *driverpb.DriveResponse
}

// phone says hello, goes on duty and tells where it is.
func (t *benchTown) phone(i int) *benchPhone {
	id := fmt.Sprintf("%03d", i)
	client := driverpb.NewDriverServiceClient(t.conns[i%len(t.conns)])
	stream, err := client.Drive(t.as(typepb.Role_ROLE_DRIVER, "D"+id))
	t.ok(err)
	p := &benchPhone{t: t, i: i, stream: stream, heard: make(chan *driverpb.DriveResponse, 64)}
	go func() {
		for {
			m, err := stream.Recv()
			if err != nil {
				close(p.heard)
				return
			}
			p.heard <- m
		}
	}()
	t.ok(stream.Send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Hello{
		Hello: &driverpb.Hello{TaxiId: "T" + id},
	}}))
	p.do(&driverpb.Command{Action: &driverpb.Command_SetDuty{
		SetDuty: &driverpb.SetDuty{Duty: driverpb.Duty_DUTY_ON, TaxiId: "T" + id},
	}})
	p.fix()
	return p
}

// until waits for a message that is wanted and leaves the others.
func (p *benchPhone) until(want func(*driverpb.DriveResponse) bool) *driverpb.DriveResponse {
	for {
		select {
		case m, open := <-p.heard:
			if !open {
				p.t.b.Error("a driver's stream has ended")
				return nil
			}
			if want(m) {
				return m
			}
		case <-time.After(20 * time.Second):
			p.t.b.Error("a driver has waited 20 s in vain")
			return nil
		}
	}
}

// do gives a command and waits until it is done.
func (p *benchPhone) do(c *driverpb.Command) {
	c.RequestId = p.t.fresh()
	if err := p.stream.Send(&driverpb.DriveRequest{
		Message: &driverpb.DriveRequest_Command{Command: c},
	}); err != nil {
		p.t.b.Error(err)
	}
	m := p.until(func(m *driverpb.DriveResponse) bool {
		return m.GetResult().GetRequestId() == c.GetRequestId()
	})
	if e := m.GetResult().GetError(); e != nil {
		p.t.b.Errorf("driver %d: %s %s", p.i, e.GetReason(), e.GetText())
	}
}

func (p *benchPhone) fix() {
	at := p.t.at(p.i)
	if err := p.stream.Send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Fixes{
		Fixes: &driverpb.FixBatch{Fixes: []*typepb.Fix{{
			Lat: at.Lat, Lng: at.Lng, AtMs: time.Now().UnixMilli(), AccuracyM: 5,
		}}},
	}}); err != nil {
		p.t.b.Error(err)
	}
}

// benchRide is one pair's ride, and how long its parts took.
type benchRide struct {
	id          string
	offer, told time.Duration
}

// ride goes from the request to the end of the drive.
func (t *benchTown) ride(rider context.Context, p *benchPhone, watch bool) (r benchRide) {
	client := riderpb.NewRiderServiceClient(t.conns[p.i%len(t.conns)])
	here := &typepb.Place{Point: wire.PointPB(t.at(p.i))}
	there := &typepb.Place{Point: wire.PointPB(t.at(p.i + 33))}
	p.fix()
	began := time.Now()
	got, err := client.RequestRide(rider, &riderpb.RequestRideRequest{
		RequestId: t.fresh(), City: "beijing", Pickup: here, Dropoff: there, Seats: 1,
		PayBy: "wallet",
	})
	if err != nil {
		t.b.Error(err)
		return r
	}
	id := got.GetRide().GetRideId()
	m := p.until(func(m *driverpb.DriveResponse) bool { return m.GetOffer().GetRideId() == id })
	r.offer = time.Since(began)
	told := make(chan struct{})
	if watch {
		go t.hear(rider, client, id, told, func(m *riderpb.WatchRideResponse) bool {
			return m.GetRide().GetCard() != nil
		})
	}
	began = time.Now()
	p.do(&driverpb.Command{Action: &driverpb.Command_Accept{
		Accept: &driverpb.OfferAnswer{OfferId: m.GetOffer().GetOfferId()},
	}})
	if watch {
		<-told
		r.told = time.Since(began)
	}
	act := &driverpb.RideAction{RideId: id}
	p.do(&driverpb.Command{Action: &driverpb.Command_Arrived{Arrived: act}})
	p.do(&driverpb.Command{Action: &driverpb.Command_Started{Started: act}})
	p.do(&driverpb.Command{Action: &driverpb.Command_Completed{
		Completed: &driverpb.Completion{RideId: id, MeterFen: 14_00},
	}})
	r.id = id
	return r
}

// pay takes the fare of a ride from the rider's wallet.
func (t *benchTown) pay(rider context.Context, p *benchPhone, id string) {
	client := riderpb.NewRiderServiceClient(t.conns[p.i%len(t.conns)])
	_, err := client.PayRide(rider, &riderpb.PayRideRequest{
		RequestId: t.fresh(), RideId: id, Channel: "wallet",
	})
	if err != nil {
		t.b.Error(err)
		return
	}
	p.settled(id)
}

// settled waits until the driver's phone says that a ride is settled.
func (p *benchPhone) settled(id string) {
	p.until(func(m *driverpb.DriveResponse) bool {
		return m.GetRide().GetRideId() == id &&
			m.GetRide().GetState() == typepb.RideState_RIDE_STATE_SETTLED
	})
}

// hear watches a ride until its rider has heard what is wanted.
func (t *benchTown) hear(
	rider context.Context, client riderpb.RiderServiceClient, id string, told chan struct{},
	wanted func(*riderpb.WatchRideResponse) bool,
) {
	defer close(told)
	ctx, cancel := context.WithCancel(rider)
	defer cancel()
	watch, err := client.WatchRide(ctx, &riderpb.WatchRideRequest{RideId: id})
	for err == nil {
		var m *riderpb.WatchRideResponse
		if m, err = watch.Recv(); wanted(m) {
			return
		}
	}
	t.b.Error(err)
}

// gathered waits until the engine knows where the taxis of these phones are: a rider who asks
// before that is sent a taxi that nobody here drives.
func (t *benchTown) gathered(phones []*benchPhone) {
	by := time.Now().Add(30 * time.Second)
	for _, p := range phones {
		for near := (dispatch.Nearby{}); len(near.Taxis) == 0 ||
			geo.DistanceM(near.Taxis[0].At, t.at(p.i)) > 1; {
			var err error
			near, err = t.service.loops["beijing"].Nearby(t.b.Context(), t.at(p.i))
			t.ok(err)
			if time.Now().After(by) {
				t.b.Fatalf("the engine has not seen taxi %d", p.i)
			}
		}
	}
}

// committed is how many commits the database has made.
func (t *benchTown) committed() float64 {
	families, err := t.service.metrics.Registry().Gather()
	t.ok(err)
	for _, f := range families {
		if f.GetName() == "hexhail_commit_seconds" {
			return float64(f.GetMetric()[0].GetHistogram().GetSampleCount())
		}
	}
	t.b.Fatal("no hexhail_commit_seconds")
	return 0
}

// BenchmarkRides takes whole rides by 64 riders and their drivers: request, offer, claim, arrival,
// start, end, payment by wallet.
func BenchmarkRides(b *testing.B) {
	t := openBenchTown(b)
	for i := range benchIdle {
		t.phone(benchPairs + i)
	}
	var phones []*benchPhone
	var riders []context.Context
	for i := range benchPairs {
		phones = append(phones, t.phone(i))
		riders = append(riders, t.as(typepb.Role_ROLE_RIDER, fmt.Sprintf("R%03d", i)))
	}
	t.gathered(phones)
	var left atomic.Int64
	left.Store(int64(b.N))
	before := t.committed()
	var all sync.WaitGroup
	b.ResetTimer()
	for i, p := range phones {
		all.Go(func() {
			for left.Add(-1) >= 0 && !b.Failed() {
				t.pay(riders[i], p, t.ride(riders[i], p, false).id)
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rides/s")
	b.ReportMetric((t.committed()-before)/float64(b.N), "commits/ride")
}

// BenchmarkLatency is one ride after another in ample supply, beside so many fixes a second of
// other taxis: from the request to the offer on the driver's phone, and from the driver's yes to
// the taxi's card on the rider's.
func BenchmarkLatency(b *testing.B) {
	for _, fixes := range []int{0, 20_000} {
		b.Run(fmt.Sprintf("fixes=%d", fixes), func(b *testing.B) {
			t := openBenchTown(b)
			var idle []*benchPhone
			for i := range benchIdle {
				idle = append(idle, t.phone(benchPairs+i))
			}
			stop := t.load(idle, fixes)
			defer stop()
			var phones []*benchPhone // in turn: a driver has at most 50 commands a second
			var riders []context.Context
			for i := range benchPairs {
				phones = append(phones, t.phone(i))
				riders = append(riders, t.as(typepb.Role_ROLE_RIDER, fmt.Sprintf("R%03d", i)))
			}
			t.gathered(phones)
			var offers, told []time.Duration
			b.ResetTimer()
			for i := range b.N {
				rider, phone := riders[i%benchPairs], phones[i%benchPairs]
				r := t.ride(rider, phone, true)
				t.pay(rider, phone, r.id)
				offers, told = append(offers, r.offer), append(told, r.told)
			}
			b.StopTimer()
			for name, list := range map[string][]time.Duration{"offer": offers, "told": told} {
				slices.Sort(list)
				b.ReportMetric(ms(list[len(list)/2]), name+"-p50-ms")
				b.ReportMetric(ms(list[len(list)*99/100]), name+"-p99-ms")
			}
		})
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// load sends so many fixes a second, spread over the phones, until stop is called.
func (t *benchTown) load(phones []*benchPhone, perSecond int) (stop func()) {
	if perSecond == 0 {
		return func() {}
	}
	const tick = 10 * time.Millisecond
	ended := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for next := 0; ; {
			select {
			case <-ended:
				return
			case <-ticker.C:
				for range perSecond * int(tick) / int(time.Second) {
					phones[next%len(phones)].fix()
					next++
				}
			}
		}
	})
	return func() { close(ended); all.Wait() }
}

// BenchmarkStart is how long a service takes on a migrated data folder until it serves.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	for range b.N {
		config, _, err := readConfig(flagsOf(b, "--data-dir", dir,
			"--grpc-addr", "127.0.0.1:0", "--http-addr", "127.0.0.1:0", "--drain-for", "0s"), nil)
		if err != nil {
			b.Fatal(err)
		}
		var log strings.Builder
		s, err := openService(b.Context(), config, newLog(&log, "error"))
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
