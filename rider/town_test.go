package rider_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/rider"
	"hexhail/store"
	"hexhail/wire"
)

// town is a small Beijing with a Desk and an Engine on SQLite in memory, and a rider's server on
// loopback. Its city clock stands until a test turns it; hints arrive at once, unless deaf.
type town struct {
	t      testing.TB
	city   dispatch.City
	db     *store.DB
	rows   *rows
	desk   *dispatch.Desk
	server *rider.Server
	grpc   *wire.Server
	conn   *grpc.ClientConn
	signer *wire.Signer

	clock atomic.Int64 // city time in ms
	ids   atomic.Int64
	deaf  atomic.Bool // watchers hear nothing

	mu     sync.Mutex // of the engine
	engine *dispatch.Engine
	mute   error // the engine's answer to questions, if not nil

	hearing  sync.Mutex // one of the ears at a time
	ears     map[int]ear
	offers   sync.Map // dispatch.DriverID → dispatch.Offer, open, as pushed
	watching atomic.Int64
	quoted   atomic.Int64 // taxis shown
}

type ear struct {
	ride dispatch.RideID
	on   func(rider.Update)
}

func newTown(t testing.TB) *town { return newTownOn(t, "sqlite::memory:") }

// newTownOn has its rows elsewhere, and other ports if change says so.
func newTownOn(t testing.TB, url string, change ...func(*town, *rider.Config)) *town {
	t.Helper()
	city, err := dispatch.LoadCity("beijing")
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	w := &town{t: t, city: city, db: db, rows: &rows{DB: db}, ears: map[int]ear{}}
	w.clock.Store(time.Date(2013, 12, 20, 12, 0, 0, 0, city.Zone).UnixMilli())
	w.desk = &dispatch.Desk{
		Cities: dispatch.Cities{city.ID: city}, Store: db, Traces: db, Hints: w, Listener: w,
		NewID: func(time.Time) string { return fmt.Sprintf("id%05d", w.ids.Add(1)) },
		Channels: money.Channels{
			money.Cash: money.CashChannel{}, money.InWallet: money.WalletChannel{Store: db},
		},
	}
	w.engine, err = dispatch.NewEngine(t.Context(), dispatch.EngineConfig{
		City: city, Store: db, Hints: w, Listener: w, NewID: w.desk.NewID,
	}, w.now())
	w.ok(err)
	config := rider.Config{
		Desk: w.desk, Cities: w.desk.Cities, City: w, Watch: w, Reads: w.rows, Listener: w,
		Now: w.now, Log: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(w, &config)
	}
	w.server, err = rider.New(config)
	w.ok(err)
	w.serve()
	t.Cleanup(func() {
		w.ok(w.conn.Close())
		w.grpc.Stop()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		w.ok(w.server.Drain(ctx))
		if n := w.watching.Load(); n != 0 {
			t.Errorf("%d watches are left", n)
		}
		w.ok(db.Close())
	})
	return w
}

// serve begins to answer on loopback.
func (w *town) serve() {
	w.t.Helper()
	key, err := wire.MakeKey()
	w.ok(err)
	w.signer = wire.NewSigner(key)
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		w.t.Fatal("no Ed25519 key")
	}
	w.grpc, err = wire.NewServer(wire.ServerConfig{
		Verifier: wire.NewVerifier(public), Now: time.Now, Limits: limits,
		Log: slog.New(slog.DiscardHandler), Listener: calls{},
	}, func(r grpc.ServiceRegistrar) { riderpb.RegisterRiderServiceServer(r, w.server) })
	w.ok(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	w.ok(err)
	go func() { _ = w.grpc.Serve(listener) }()
	w.conn, err = grpc.NewClient(listener.Addr().String(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithInitialWindowSize(64<<10)) // fixed: it does not grow for who does not read
	w.ok(err)
}

// app is one rider's phone.
type app struct {
	riderpb.RiderServiceClient
	ctx context.Context
	id  dispatch.RiderID
}

// app is the phone of a new rider, who has money.
func (w *town) app(name string) app {
	w.t.Helper()
	id := dispatch.RiderID("R" + name)
	w.ok(w.db.Tx(w.t.Context(), func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: id, Name: name, Phone: "13900001111"})
	}))
	w.ok(money.Cashier{Store: w.db}.TopUp(w.t.Context(), money.EntryID("top/"+name),
		money.SandboxEquity, money.Party(id), 500_00, w.now()))
	return w.appOf(wire.Caller{Role: typepb.Role_ROLE_RIDER, ID: string(id), Device: "d" + name})
}

func (w *town) appOf(c wire.Caller) app {
	w.t.Helper()
	token, err := w.signer.Mint(c, time.Now(), time.Hour)
	w.ok(err)
	return app{
		RiderServiceClient: riderpb.NewRiderServiceClient(w.conn),
		ctx:                wire.WithToken(w.t.Context(), token), id: dispatch.RiderID(c.ID),
	}
}

func (w *town) now() time.Time       { return time.UnixMilli(w.clock.Load()).In(w.city.Zone) }
func (w *town) pass(d time.Duration) { w.clock.Add(d.Milliseconds()) }

func (w *town) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// request is a wish for a taxi from some metres north of the centre.
func (w *town) request(id string, north float64) *riderpb.RequestRideRequest {
	return &riderpb.RequestRideRequest{
		RequestId: id, City: string(w.city.ID), Seats: 1, PayBy: string(money.InWallet),
		Pickup: place(w.at(north, 0)), Dropoff: place(w.at(4000, 4000)),
	}
}

func place(p geo.Point) *typepb.Place {
	return &typepb.Place{Point: wire.PointPB(p), Name: "here", Note: "by the gate"}
}

// at is a point so many metres north and east of the centre.
func (w *town) at(north, east float64) geo.Point {
	c := w.city.Center
	return geo.Point{Lat: c.Lat + north/111_195, Lng: c.Lng + east/85_300}
}

// ask requests a taxi at the centre.
func (w *town) ask(a app) *typepb.Ride {
	w.t.Helper()
	got, err := a.RequestRide(a.ctx, w.request(w.key("").RequestID, 0))
	w.ok(err)
	return got.GetRide()
}

func (w *town) key(identity string) dispatch.Once {
	return dispatch.Once{Identity: identity, RequestID: fmt.Sprintf("req%05d", w.ids.Add(1))}
}

// taxi puts a driver with a card and a taxi on duty at a place.
func (w *town) taxi(name string, at geo.Point) dispatch.DriverID {
	w.t.Helper()
	driver, taxi := dispatch.DriverID("D"+name), dispatch.TaxiID("T"+name)
	w.ok(w.db.Tx(w.t.Context(), func(tx dispatch.Tx) error {
		if err := tx.InsertDriver(dispatch.Driver{
			ID: driver, City: w.city.ID, Name: "driver " + name, Phone: "13812345678",
			PhotoURI: "https://photos/" + name,
		}); err != nil {
			return err
		}
		return tx.InsertTaxi(dispatch.Taxi{
			ID: taxi, City: w.city.ID, Plate: "京B·" + name, Seats: 4,
		})
	}))
	_, err := w.desk.SetDuty(w.t.Context(), w.now(), w.key("driver:"+string(driver)),
		dispatch.SetDuty{Driver: driver, Taxi: taxi, Duty: dispatch.OnDuty})
	w.ok(err)
	w.fix(taxi, at)
	return driver
}

func (w *town) fix(taxi dispatch.TaxiID, at geo.Point) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	w.engine.Fixes([]dispatch.Report{{Taxi: taxi, Fix: geo.Fix{Point: at, At: now}}}, now)
}

// claim makes a round, and the driver accepts what comes of it.
func (w *town) claim(driver dispatch.DriverID) dispatch.RideID {
	w.t.Helper()
	w.mu.Lock()
	_, err := w.engine.Round(w.t.Context(), w.now())
	w.mu.Unlock()
	w.ok(err)
	o, ok := w.offers.LoadAndDelete(driver)
	if !ok {
		w.t.Fatalf("%s has no offer", driver)
	}
	offer, ok := o.(dispatch.Offer)
	if !ok {
		w.t.Fatalf("%T is no offer", o)
	}
	got, err := w.desk.Accept(w.t.Context(), w.now(), w.key("driver:"+string(driver)),
		dispatch.AnswerOffer{Offer: offer.ID, Driver: driver})
	w.ok(err)
	return got.Ride
}

// driveCommand is a Desk's command of a driver about their ride.
type driveCommand func(
	context.Context, time.Time, dispatch.Once, dispatch.DriveRide,
) (dispatch.Receipt, error)

func (w *town) drive(driver dispatch.DriverID, ride dispatch.RideID, command driveCommand) {
	w.t.Helper()
	_, err := command(w.t.Context(), w.now(), w.key("driver:"+string(driver)),
		dispatch.DriveRide{Ride: ride, Driver: driver})
	w.ok(err)
}

// complete ends a drive of ten minutes and 3.3 km, for which the tariff gives 15 yuan.
func (w *town) complete(driver dispatch.DriverID, ride dispatch.RideID, meter money.Fen) {
	w.t.Helper()
	var trace []geo.Fix
	for i := range 61 {
		trace = append(trace, geo.Fix{Point: w.at(float64(i)*55, 0), At: w.now()})
		w.pass(10 * time.Second)
	}
	w.ok(w.db.AppendTrace(w.t.Context(), ride, trace))
	_, err := w.desk.Complete(w.t.Context(), w.now(), w.key("driver:"+string(driver)),
		dispatch.CompleteRide{Ride: ride, Driver: driver, Meter: meter})
	w.ok(err)
}

// ridden takes a ride of the app to its completion.
func (w *town) ridden(a app, driver dispatch.DriverID, meter money.Fen) dispatch.RideID {
	w.t.Helper()
	w.fix("T"+dispatch.TaxiID(driver[1:]), w.at(0, 0))
	w.ask(a)
	ride := w.claim(driver)
	w.drive(driver, ride, w.desk.Arrive)
	w.drive(driver, ride, w.desk.Start)
	w.complete(driver, ride, meter)
	return ride
}

func (w *town) work() {
	w.t.Helper()
	_, err := w.desk.Work(w.t.Context(), w.now())
	w.ok(err)
}

// The ports.

func (w *town) Nudge(_ context.Context, c dispatch.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.engine.Nudge(c, w.now())
}

func (w *town) Push(_ context.Context, n dispatch.Notice) {
	if n.Offer != nil && n.Offer.State == dispatch.OfferOpen {
		w.offers.Store(n.Driver, *n.Offer)
	}
}

func (w *town) Announce(context.Context, dispatch.Call) {}
func (w *town) Called(dispatch.Call)                    {}

func (w *town) Tell(_ context.Context, r dispatch.Ride) {
	w.tell(r.ID, rider.Update{Ride: &r})
}

// tell is what the bus tells those who watch a ride.
func (w *town) tell(ride dispatch.RideID, u rider.Update) {
	if w.deaf.Load() {
		return
	}
	w.hearing.Lock()
	defer w.hearing.Unlock()
	for _, e := range w.ears {
		if e.ride == ride {
			e.on(u)
		}
	}
}

// position tells those who watch a ride where its taxi is.
func (w *town) position(ride dispatch.RideID, at geo.Point) {
	w.tell(ride, rider.Update{Taxi: &geo.Fix{Point: at, At: w.now(), HeadingDeg: 90}})
}

// Watch implements rider.Watch.
func (w *town) Watch(ride dispatch.Brief, on func(rider.Update)) (func(), error) {
	w.hearing.Lock()
	defer w.hearing.Unlock()
	n := int(w.ids.Add(1))
	w.ears[n] = ear{ride.ID, on}
	return func() {
		w.hearing.Lock()
		defer w.hearing.Unlock()
		delete(w.ears, n)
	}, nil
}

// Nearby implements rider.City.
func (w *town) Nearby(
	ctx context.Context, _ dispatch.CityID, at geo.Point,
) (dispatch.Nearby, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.mute != nil {
		return dispatch.Nearby{}, w.mute
	}
	return w.engine.Nearby(at, w.now()), ctx.Err()
}

func (w *town) Acted(dispatch.ActKind, dispatch.Ride)          {}
func (w *town) Offered(dispatch.Offer)                         {}
func (w *town) Rounded(dispatch.RoundStats)                    {}
func (w *town) Answered(dispatch.Answer)                       {}
func (w *town) Drew(dispatch.DrewDay)                          {}
func (w *town) Refused(string, dispatch.Kind, dispatch.Reason) {}

// Watching implements rider.Listener.
func (w *town) Watching(change int) { w.watching.Add(int64(change)) }

// Quoted implements rider.Listener.
func (w *town) Quoted(_ dispatch.CityID, taxis int) { w.quoted.Add(int64(taxis)) }

// Withdrew implements [dispatch.Listener].
func (*town) Withdrew(money.Withdrawal) {}

// Floats implements [dispatch.Listener].
func (*town) Floats(money.Fen) {}

// Forgot implements [dispatch.Listener].
func (*town) Forgot(dispatch.Forgotten, int) {}
