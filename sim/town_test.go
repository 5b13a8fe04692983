package sim_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"hexhail/bus"
	"hexhail/dispatch"
	"hexhail/driver"
	"hexhail/money"
	"hexhail/ops"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/ops/v1"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/rider"
	"hexhail/store"
	"hexhail/wire"
)

// town is a server of the real rooms on a folder, with an address that outlives a crash.
type town struct {
	t     testing.TB
	city  dispatch.City
	dir   string
	addr  string
	key   ed25519.PrivateKey
	clock wire.Clock
	crash func() // ends everything at once
}

// newTown serves a city whose clock shows at and runs at a rate.
func newTown(t testing.TB, city dispatch.City, at time.Time, rate float64) *town {
	t.Helper()
	key, err := wire.MakeKey()
	must(t, err)
	w := &town{
		t: t, city: city, dir: t.TempDir(), addr: "127.0.0.1:0", key: key,
		clock: wire.Clock{Epoch: at, Start: time.Now().Round(0), Rate: rate},
	}
	w.start()
	t.Cleanup(func() { w.crash() })
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start opens the rooms. Whatever they tell of a life before is in the folder.
func (w *town) start() {
	ctx, log := context.Background(), slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(w.dir, "town.db"))
	must(w.t, err)
	line, err := bus.Open(ctx, bus.Config{Dir: filepath.Join(w.dir, "nats"), Log: log})
	must(w.t, err)
	attempts, events := make(chan struct{}, 1), make(chan struct{}, 1)
	desk := &dispatch.Desk{
		Cities: dispatch.Cities{w.city.ID: w.city}, Store: db, Traces: db, Hints: line,
		Listener: deaf{}, NewID: ids(), Committed: bell(events), Opened: bell(attempts),
		Channels: money.Channels{
			money.Cash: money.CashChannel{}, money.InWallet: money.WalletChannel{Store: db},
		},
		Parallel: 8,
	}
	engine, err := dispatch.NewEngine(ctx, dispatch.EngineConfig{
		City: w.city, Store: db, Hints: line, Listener: deaf{}, NewID: desk.NewID,
	}, w.clock.Now())
	must(w.t, err)
	loop := dispatch.NewLoop(engine, w.clock, func(string, error) {})
	left, err := line.Serve(w.city.ID, loop)
	must(w.t, err)
	drivers, riders, staff := w.edges(desk, db, line, log)

	running, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() { _ = loop.Run(running) })
	all.Go(func() { desk.Working(running, w.clock, attempts, func(string, error) {}) })
	all.Go(func() { desk.Tidying(running, w.clock, func(string, error) {}) })
	all.Go(func() { _ = line.Relay(running, db, events) })
	all.Go(func() { _ = drivers.Run(running) })
	public, _ := w.key.Public().(ed25519.PublicKey)
	server, err := wire.NewServer(wire.ServerConfig{Verifier: wire.NewVerifier(public)},
		func(r grpc.ServiceRegistrar) {
			riderpb.RegisterRiderServiceServer(r, riders)
			driverpb.RegisterDriverServiceServer(r, drivers)
			opspb.RegisterOpsServiceServer(r, staff)
		})
	must(w.t, err)
	at, err := new(net.ListenConfig).Listen(ctx, "tcp", w.addr)
	must(w.t, err)
	w.addr = at.Addr().String()
	all.Go(func() { _ = server.Serve(at) })
	w.crash = sync.OnceFunc(func() {
		stop()
		server.Stop()
		left()
		all.Wait()
		closing, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_ = line.Close(closing)
		_ = db.Close()
	})
}

func (w *town) edges(desk *dispatch.Desk, db *store.DB, line *bus.Bus, log *slog.Logger) (
	*driver.Server, *rider.Server, *ops.Server,
) {
	drivers, err := driver.New(driver.Config{
		Desk: desk, Cities: desk.Cities, Fixes: line, Inbox: line, Reads: db, Traces: db,
		Listener: deaf{}, Now: w.clock.Now, Log: log, FrameEvery: 20 * time.Millisecond,
		Rate: func() float64 { return w.clock.Rate },
	})
	must(w.t, err)
	riders, err := rider.New(rider.Config{
		Desk: desk, Cities: desk.Cities, City: line, Watch: watches{line}, Reads: db,
		Listener: deaf{}, Now: w.clock.Now, Log: log,
	})
	must(w.t, err)
	staff, err := ops.New(ops.Config{
		Cities: desk.Cities, Desk: desk, Store: db, Registry: db, Reads: db,
		Cashier: money.Cashier{Store: db}, Sandbox: true,
		Clock: func() (time.Time, float64) { return w.clock.Now(), w.clock.Rate },
	})
	must(w.t, err)
	return drivers, riders, staff
}

// watches is the bus's watch as riders want it.
type watches struct{ bus *bus.Bus }

func (w watches) Watch(ride dispatch.Brief, on func(rider.Update)) (func(), error) {
	return w.bus.Watch(ride, func(u bus.Update) { on(rider.Update{Ride: u.Ride, Taxi: u.Taxi}) })
}

func ids() func(time.Time) string {
	var mu sync.Mutex
	from := dispatch.IDs{Entropy: rand.Reader}
	return func(now time.Time) string {
		mu.Lock()
		defer mu.Unlock()
		return from.New(now)
	}
}

func bell(rings chan struct{}) func() {
	return func() {
		select {
		case rings <- struct{}{}:
		default:
		}
	}
}

// deaf listens to nothing.
type deaf struct{}

func (deaf) Acted(dispatch.ActKind, dispatch.Ride)          {}
func (deaf) Offered(dispatch.Offer)                         {}
func (deaf) Refused(string, dispatch.Kind, dispatch.Reason) {}
func (deaf) Called(dispatch.Call)                           {}
func (deaf) Rounded(dispatch.RoundStats)                    {}
func (deaf) Answered(dispatch.Answer)                       {}
func (deaf) Drew(dispatch.DrewDay)                          {}
func (deaf) Session(int, string)                            {}
func (deaf) Fixes(int)                                      {}
func (deaf) FixesRefused(string, int)                       {}
func (deaf) Queued(int)                                     {}
func (deaf) Dropped(string)                                 {}
func (deaf) Watching(int)                                   {}
func (deaf) Quoted(dispatch.CityID, int)                    {}

// Withdrew implements [dispatch.Listener].
func (deaf) Withdrew(money.Withdrawal) {}

// Floats implements [dispatch.Listener].
func (deaf) Floats(money.Fen) {}

// Forgot implements [dispatch.Listener].
func (deaf) Forgot(dispatch.Forgotten, int) {}
