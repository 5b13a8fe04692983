package driver

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"hexhail/bus"
	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/store"
	"hexhail/wire"
)

// townRate is how fast a town's clock runs: an offer of 120 s is open for 6.
const townRate = 20

// town is everything but riders' apps: rows, desk, engine, bus, and a gRPC server on loopback with
// the room under test.
type town struct {
	t       testing.TB
	ctx     context.Context
	clock   wire.Clock
	city    dispatch.City
	db      *store.DB
	bus     *bus.Bus
	hints   *hints
	desk    *dispatch.Desk
	loop    *dispatch.Loop
	tap     *tap
	ears    *ears
	signer  *wire.Signer
	verify  *wire.Verifier
	server  *Server
	limits  wire.Limits
	addr    string
	numbers int

	voice []byte // of new requests
}

// newTown builds one. change may change the room's config.
func newTown(t testing.TB, change ...func(*Config)) *town {
	t.Helper()
	w := newRows(t)
	w.openBus()
	w.startEngine()
	w.startServer(change...)
	return w
}

// newRows is a town's rows and desk.
func newRows(t testing.TB) *town {
	t.Helper()
	city, err := dispatch.LoadCity("beijing")
	check(t, err)
	city = city.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.OfferS, p.StaleS, p.SearchS = 120, 300, 3600
		return p
	})
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite::memory:")
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	public, key, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	w := &town{
		t: t, ctx: ctx, city: city, db: db, ears: newEars(), hints: &hints{},
		signer: wire.NewSigner(key), verify: wire.NewVerifier(public),
		clock: wire.Clock{
			Epoch: time.Date(2013, 12, 20, 12, 0, 0, 0, city.Zone), Start: time.Now(),
			Rate: townRate,
		},
	}
	w.desk = &dispatch.Desk{
		Cities: dispatch.Cities{city.ID: city}, Store: db, Traces: db, Hints: w.hints,
		Listener: quiet{}, NewID: newID,
		Channels: money.Channels{money.Cash: money.CashChannel{}},
	}
	return w
}

func newID(now time.Time) string {
	return ulid.MustNew(ulid.Timestamp(now), rand.Reader).String()
}

func (w *town) openBus() {
	w.t.Helper()
	var err error
	w.bus, err = bus.Open(w.ctx, bus.Config{Dir: w.t.TempDir()})
	check(w.t, err)
	w.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
		defer cancel()
		check(w.t, w.bus.Close(ctx))
	})
	w.hints.Hints = w.bus
	w.tap = newTap(w.bus)
}

func (w *town) startEngine() {
	w.t.Helper()
	engine, err := dispatch.NewEngine(w.ctx, dispatch.EngineConfig{
		City: w.city, Store: w.db, Hints: w.hints, Listener: quiet{}, NewID: newID,
	}, w.clock.Now())
	check(w.t, err)
	w.loop = dispatch.NewLoop(engine, w.clock, func(what string, err error) {
		w.t.Logf("engine: %s: %v", what, err)
	})
	stop, err := w.bus.Serve(w.city.ID, w.loop)
	check(w.t, err)
	w.background(w.loop.Run)
	w.t.Cleanup(stop)
}

// background runs until the test ends.
func (w *town) background(run func(context.Context) error) {
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		check(w.t, <-done)
	})
}

// startServer starts another edge of the same city; the last one is the town's.
func (w *town) startServer(change ...func(*Config)) {
	w.t.Helper()
	c := Config{
		Desk: w.desk, Cities: w.desk.Cities, Fixes: w.tap, Inbox: w.bus, Reads: w.db, Traces: w.db,
		Listener: w.ears, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler),
		FrameEvery: 5 * time.Millisecond, Rate: func() float64 { return townRate },
	}
	for _, change := range change {
		change(&c)
	}
	server, err := New(c)
	check(w.t, err)
	w.background(server.Run)
	w.host(server)
}

// host serves a room on loopback; the last one is the town's.
func (w *town) host(server *Server) {
	w.t.Helper()
	transport, err := wire.NewServer(wire.ServerConfig{Verifier: w.verify, Limits: w.limits},
		func(r grpc.ServiceRegistrar) { driverpb.RegisterDriverServiceServer(r, server) })
	check(w.t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(w.t, err)
	w.server, w.addr = server, listener.Addr().String()
	served := make(chan error, 1)
	go func() { served <- transport.Serve(listener) }()
	w.t.Cleanup(func() {
		transport.Stop()
		if err := <-served; !errors.Is(err, grpc.ErrServerStopped) {
			check(w.t, err)
		}
	})
}

// dial opens a connection that is closed when the test ends, at the latest.
func (w *town) dial(options ...grpc.DialOption) *grpc.ClientConn {
	w.t.Helper()
	options = append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))
	conn, err := grpc.NewClient(w.addr, options...)
	check(w.t, err)
	w.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// as is a context in which a driver calls.
func (w *town) as(driver dispatch.DriverID) context.Context {
	w.t.Helper()
	token, err := w.signer.Mint(
		wire.Caller{Role: typepb.Role_ROLE_DRIVER, ID: string(driver)}, time.Now(), time.Hour)
	check(w.t, err)
	return wire.WithToken(w.ctx, token)
}

// enrol adds drivers D0… with taxis T0….
func (w *town) enrol(n int) {
	w.t.Helper()
	drivers, taxis := make([]dispatch.Driver, n), make([]dispatch.Taxi, n)
	for i := range n {
		drivers[i] = dispatch.Driver{ID: driverID(i), City: w.city.ID, Name: "Li"}
		taxis[i] = dispatch.Taxi{
			ID: taxiID(i), City: w.city.ID, Plate: fmt.Sprintf("京B%05d", i), Seats: 4,
		}
	}
	_, err := w.db.ImportTaxis(w.ctx, taxis)
	check(w.t, err)
	_, err = w.db.ImportDrivers(w.ctx, drivers)
	check(w.t, err)
}

func driverID(i int) dispatch.DriverID { return dispatch.DriverID(fmt.Sprintf("D%d", i)) }
func taxiID(i int) dispatch.TaxiID     { return dispatch.TaxiID(fmt.Sprintf("T%d", i)) }

// at is a point so many metres north and east of the centre.
func (w *town) at(northM, eastM float64) geo.Point {
	c := w.city.Center
	return geo.Point{Lat: c.Lat + northM/111_195, Lng: c.Lng + eastM/85_300}
}

func (w *town) key(who string) dispatch.Once {
	w.numbers++
	return dispatch.Once{Identity: who, RequestID: fmt.Sprintf("r%d", w.numbers)}
}

// ask is a rider who asks for a taxi and pays by hand.
func (w *town) ask(rider dispatch.RiderID, at geo.Point) dispatch.RideID {
	w.t.Helper()
	_, err := w.db.ImportRiders(w.ctx, []dispatch.Rider{
		{ID: rider, Name: "Wang", Phone: "13812345678"},
	})
	check(w.t, err)
	got, err := w.desk.Request(w.ctx, w.clock.Now(), w.key("rider:"+string(rider)),
		dispatch.RequestRide{
			City: w.city.ID, Rider: rider, Seats: 1, PayBy: money.Cash, Tip: 5_00,
			Pickup:  dispatch.Place{Point: at, Name: "北京站"},
			Dropoff: dispatch.Place{Point: w.at(2000, 2000)},
			Quote:   dispatch.Quote{Low: 20_00, High: 30_00, DistanceM: 3000},
			Voice:   w.voice,
		})
	check(w.t, err)
	return got.Ride
}

// ride reads a ride's row.
func (w *town) ride(id dispatch.RideID) (r dispatch.Ride) {
	w.t.Helper()
	check(w.t, w.db.Tx(w.ctx, func(tx dispatch.Tx) (err error) {
		r, err = tx.Ride(id)
		return err
	}))
	return r
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until ok, for at most 10 s.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 10 s", what)
		}
	}
}
