package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	"hexhail/bus"
	"hexhail/dispatch"
	"hexhail/dispatch/flights"
	"hexhail/driver"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/money/rules"
	"hexhail/ops"
	driverpb "hexhail/pb/hexhail/driver/v1"
	opspb "hexhail/pb/hexhail/ops/v1"
	riderpb "hexhail/pb/hexhail/rider/v1"
	"hexhail/rider"
	"hexhail/store"
	"hexhail/wire"
)

// service is a running server: its rooms in the order in which they were opened.
type service struct {
	config config
	loaded
	folder *dataFolder
	clock  wire.Clock
	key    wireKey
	log    *slog.Logger

	db      *store.DB
	bus     *bus.Bus
	metrics *ops.Metrics
	desk    *dispatch.Desk
	// checkExpr says why an expression of a campaign cannot be.
	checkExpr func(string) error
	loops     map[dispatch.CityID]*dispatch.Loop
	roads     map[dispatch.CityID]*geo.RoadTimes // of the engines; a city without has none
	drivers   *driver.Server
	riders    *rider.Server
	grpc      *wire.Server
	http      *http.Server
	notify    *ops.Notifier

	grpcAt, httpAt net.Listener
	external       external
	standins       net.Listener // of the channels, in a sandbox; nil without them

	events           chan struct{}   // rings when there are some
	attempts, orders chan struct{}   // likewise, for the house's own channels and for others'
	running          sync.WaitGroup  // the parts
	broken           context.Context // ends when the first part fails, with its error as cause
	breaks           context.CancelCauseFunc
	first            sync.Once // part that fails
	draining         atomic.Bool
	closers          []func(context.Context) error
}

// openService opens everything and serves. If something fails, what was opened is closed again.
func openService(ctx context.Context, c config, log *slog.Logger) (*service, error) {
	loaded, err := c.load()
	if err != nil {
		return nil, err
	}
	s := &service{
		config: c, loaded: loaded, log: log, loops: map[dispatch.CityID]*dispatch.Loop{},
		events: make(chan struct{}, 1), attempts: make(chan struct{}, 1),
		orders: make(chan struct{}, 1),
	}
	s.broken, s.breaks = context.WithCancelCause(context.WithoutCancel(ctx))
	for _, open := range []func(context.Context) error{
		s.openFolder, s.openMetrics, s.openStore, s.openBus, s.openHTTP,
		s.openChannels, s.openDesk, s.openRoads, s.openEngines,
		s.openEdges, s.openServers,
	} {
		if err := open(ctx); err != nil {
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.DrainFor)
			defer cancel()
			if s.folder != nil {
				err = errors.Join(err, s.folder.unsettle())
			}
			return nil, errors.Join(err, s.Close(closing))
		}
	}
	return s, nil
}

func (s *service) closer(what string, fn func(context.Context) error) {
	s.closers = append(s.closers, func(ctx context.Context) error {
		if err := fn(ctx); err != nil {
			return fmt.Errorf("closing %s: %w", what, err)
		}
		return nil
	})
}

// Close ends in reverse what was opened.
func (s *service) Close(ctx context.Context) error {
	var all error
	for i := len(s.closers) - 1; i >= 0; i-- {
		all = errors.Join(all, s.closers[i](ctx))
	}
	s.closers = nil
	return all
}

// openFolder takes the data folder, if it is of the right kind, and reads or makes the clock and
// the key.
func (s *service) openFolder(ctx context.Context) error {
	var err error
	if s.folder, err = openDataFolder(ctx, s.config.DataDir); err != nil {
		return err
	}
	s.closer("data folder", func(context.Context) error { return s.folder.Close() })
	if err = s.folder.settle(s.config.Sandbox); err != nil {
		return err
	}
	if s.clock, err = openClock(s.config, time.Now()); err != nil {
		return err
	}
	s.key, err = openKey(s.config.TokenKey)
	return err
}

func (s *service) openMetrics(context.Context) error {
	var err error
	s.metrics, err = ops.NewMetrics(ops.MetricsConfig{
		Cities: slices.Sorted(maps.Keys(s.cities)), Services: []*grpc.ServiceDesc{
			&riderpb.RiderService_ServiceDesc, &driverpb.DriverService_ServiceDesc,
			&opspb.OpsService_ServiceDesc, &healthpb.Health_ServiceDesc,
			&reflectionpb.ServerReflection_ServiceDesc,
		},
	})
	return err
}

func (s *service) openStore(ctx context.Context) error {
	var err error
	s.db, err = store.Open(ctx, s.config.Store, store.WithCommits(s.metrics.Committed))
	if err != nil {
		return err
	}
	s.closer("store", func(context.Context) error { return s.db.Close() })
	return nil
}

func (s *service) openBus(ctx context.Context) error {
	c := s.config
	var err error
	s.bus, err = bus.Open(ctx, bus.Config{
		URL: c.NATS, Dir: filepath.Join(c.DataDir, "nats"), Creds: c.NATSCreds, CAFile: c.NATSCA,
		CertFile: c.NATSCert, KeyFile: c.NATSKey, Name: "hexhail", Log: s.log,
	})
	if err != nil {
		return err
	}
	s.closer("bus", s.bus.Close)
	return nil
}

// newIDs makes ids that are safe to make from many goroutines.
func newIDs() func(time.Time) string {
	var mu sync.Mutex
	ids := dispatch.IDs{Entropy: rand.Reader}
	return func(now time.Time) string {
		mu.Lock()
		defer mu.Unlock()
		return ids.New(now)
	}
}

// newSecret makes a secret that nobody can guess.
func newSecret() (s money.DrawSecret) {
	_, _ = rand.Read(s[:]) // never fails
	return s
}

func ring(bells ...chan struct{}) func() {
	return func() {
		for _, bell := range bells {
			select {
			case bell <- struct{}{}:
			default:
			}
		}
	}
}

// payingAtOnce is how many payments are on their way to their channels at the same time: as many as
// make the database's commits worth their while.
const payingAtOnce = 64

// walletKey is the key of wallets' secrets. It is an error that one is sealed by another.
func (s *service) walletKey(ctx context.Context) (dispatch.WalletKey, error) {
	key, err := s.key.wallet()
	if err != nil {
		return key, err
	}
	other, err := s.db.ForeignSealer(ctx, key.Name())
	if err == nil && other != "" {
		err = fmt.Errorf("token-key %s is not the key that wallets' secrets are sealed with (%s): "+
			"put that one back, or delete the rows of the table wallet_code, and phones ask for "+
			"new secrets", s.config.TokenKey, other)
	}
	return key, err
}

func (s *service) openDesk(ctx context.Context) error {
	festivals, err := dispatch.LoadFestivals()
	if err != nil {
		return err
	}
	walletKey, err := s.walletKey(ctx)
	if err != nil {
		return err
	}
	expressions, err := rules.New()
	if err != nil {
		return err
	}
	s.checkExpr = expressions.Check
	channels := money.Channels{
		money.Cash: money.CashChannel{}, money.InWallet: money.WalletChannel{Store: s.db},
	}
	maps.Copy(channels, s.external.channels)
	s.desk = &dispatch.Desk{
		Cities: s.cities, Store: s.db, Traces: s.db, Hints: s.bus, Listener: s.metrics,
		Channels: channels, Contracts: s.external.contracts, Festivals: festivals,
		WalletKey: walletKey,
		RidesKept: time.Duration(s.config.KeepDays * float64(24*time.Hour)),
		NewID:     newIDs(), NewSecret: newSecret, Holds: expressions.Holds,
		Committed: ring(s.events), Opened: ring(s.attempts, s.orders),
		Backlog: s.bus.Backlog, Parallel: payingAtOnce,
	}
	if err := s.metrics.Bus(s.busStats); err != nil {
		return err
	}
	return s.metrics.Outbox(s.outboxState)
}

func (s *service) busStats() ops.BusStats {
	b := s.bus.Stats()
	return ops.BusStats{
		In: b.Received, Out: b.Sent, Missed: b.Missed, Dropped: b.Dropped,
		SlowReaders: b.SlowReaders, Refused: b.Refused, Reconnects: b.Reconnects,
		Queued: b.Queued, Events: b.Events, EventErrors: b.EventErrors,
	}
}

func (s *service) outboxState() ops.OutboxState {
	b := s.bus.Stats()
	return ops.OutboxState{Backlog: b.OutboxWaiting, Lag: b.OutboxLag}
}

// openEngines starts the loop of each city, the payments' and the relay's.
func (s *service) openEngines(ctx context.Context) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.closer("loops", func(context.Context) error {
		stop()
		s.running.Wait()
		return nil
	})
	for id, city := range s.cities {
		engine, err := dispatch.NewEngine(ctx, dispatch.EngineConfig{
			City: city, Store: s.db, Hints: s.bus, Listener: s.metrics, NewID: s.desk.NewID,
			Roads: s.roads[id],
		}, s.clock.Now())
		if err != nil {
			return err
		}
		loop := dispatch.NewLoop(engine, s.clock, s.failed)
		loop.Rounded = func(took time.Duration) { s.metrics.RoundTook(id, took) }
		if s.tables != nil {
			loop.Ask(s.tables)
		}
		s.loops[id] = loop
		if _, err := s.metrics.Engine(id, loop.Counts, loop.Load); err != nil {
			return err
		}
		if len(city.Stands) > 0 {
			if _, err := s.metrics.Stands(city, loop.Stands); err != nil {
				return err
			}
		}
		left, err := s.bus.Serve(id, loop)
		if err != nil {
			return err
		}
		s.closer("engine of "+string(id), func(context.Context) error { left(); return nil })
		s.part("the engine of "+string(id), func() error { return loop.Run(running) })
	}
	s.working(running)
	s.sealLedger(running)
	s.reconcile(running)
	s.claiming(running)
	s.part("the relay", func() error { return s.bus.Relay(running, s.db, s.events) })
	if err := s.openFlights(running); err != nil {
		return err
	}
	return s.openNotifier(running)
}

// working takes payments to their channels, and does what is due besides.
func (s *service) working(running context.Context) {
	s.part("the payments", func() error {
		s.desk.Working(running, s.clock, s.attempts, s.failed)
		return nil
	})
	s.part("the tidying", func() error {
		s.desk.Tidying(running, s.clock, s.failed)
		return nil
	})
	if len(s.external.channels) == 0 {
		return
	}
	s.part("the payments outside", func() error {
		s.desk.WorkingOutside(running, s.clock, s.orders, s.failed)
		return nil
	})
}

// openFlights follows the flights of bookings, if it was told whom to ask.
func (s *service) openFlights(running context.Context) error {
	if s.config.FlightsURL == "" {
		return nil
	}
	service, err := flights.New(flights.Config{URL: s.config.FlightsURL})
	if err != nil {
		return fmt.Errorf("flights-url: %w", err)
	}
	s.part("the flights", func() error {
		defer service.Close()
		s.desk.Following(running, s.clock, service, s.failed)
		return nil
	})
	return nil
}

// openNotifier sends events to the configured receiver, from where it has come to.
func (s *service) openNotifier(running context.Context) error {
	if s.config.NotifyURL == "" {
		return nil
	}
	var err error
	s.notify, err = ops.NewNotifier(ops.NotifierConfig{
		URL: s.config.NotifyURL, AllowHTTP: s.config.Sandbox, KeyID: "notify-key",
		Secret: s.secret, Metrics: s.metrics, Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("notify-url: %w", err)
	}
	s.part("the notifier", func() error { return s.notify.Run(running) })
	s.part("the reader of events", func() error {
		return s.bus.Events(running, "notifier", s.notify.Deliver)
	})
	return nil
}

// failed logs what a loop goes on after.
func (s *service) failed(what string, err error) {
	s.log.Error("loop goes on", "what", what, "error", err)
}

// openEdges makes the servers' rooms.
func (s *service) openEdges(ctx context.Context) error {
	var err error
	s.drivers, err = driver.New(driver.Config{
		Desk: s.desk, Cities: s.cities, Fixes: s.bus, Inbox: s.bus, Reads: s.db, Traces: s.db,
		Listener: s.metrics, Now: s.clock.Now, Log: s.log, FrameEvery: s.config.FrameEvery,
		LiveLog: s.liveDriver, Rate: func() float64 { return s.clock.Rate },
	})
	if err != nil {
		return err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	s.part("the sessions", func() error { defer close(done); return s.drivers.Run(running) })
	s.closer("sessions", func(context.Context) error { stop(); <-done; return nil })
	s.riders, err = rider.New(rider.Config{
		Desk: s.desk, Cities: s.cities, City: s.bus, Watch: watches{s.bus}, Reads: s.db,
		Listener: s.metrics, Now: s.clock.Now, Log: s.log,
	})
	return err
}

// watches is the bus's watch as riders want it.
type watches struct{ bus *bus.Bus }

// Watch implements [rider.Watch].
func (w watches) Watch(ride dispatch.Brief, on func(rider.Update)) (func(), error) {
	return w.bus.Watch(ride, func(u bus.Update) { on(rider.Update{Ride: u.Ride, Taxi: u.Taxi}) })
}

func (s *service) openServers(ctx context.Context) error {
	clock := func() (time.Time, float64) { return s.clock.Now(), s.clock.Rate }
	staff, err := ops.New(ops.Config{
		Cities: s.cities, Desk: s.desk, Store: s.db, Registry: s.db, Reads: s.db,
		Cashier: money.Cashier{Store: s.db}, Reconciler: s.reconciler(), Clock: clock,
		Live: s.live, LiveDriver: s.liveDriver, CheckExpr: s.checkExpr,
		Sandbox: s.config.Sandbox,
	})
	if err != nil {
		return err
	}
	s.grpc, err = wire.NewServer(wire.ServerConfig{
		Verifier: wire.NewVerifier(s.key.public()), Now: time.Now, Log: s.log,
		Listener: s.metrics.Calls(), Limits: s.limits(), Reflection: s.config.Reflection,
		Options: s.transport(),
	}, func(r grpc.ServiceRegistrar) {
		riderpb.RegisterRiderServiceServer(r, s.riders)
		driverpb.RegisterDriverServiceServer(r, s.drivers)
		opspb.RegisterOpsServiceServer(r, staff)
	})
	if err != nil {
		return err
	}
	return s.listen(ctx)
}

// live is the round log of a ride that searches in one of this process's cities.
func (s *service) live(ctx context.Context, city dispatch.CityID, ride dispatch.RideID) (
	dispatch.RoundLog, bool, error,
) {
	loop, ok := s.loops[city]
	if !ok {
		return dispatch.RoundLog{}, false, nil
	}
	return loop.RoundLog(ctx, ride)
}

// liveDriver is what the engine of one of this process's cities has not written yet of a driver.
func (s *service) liveDriver(ctx context.Context, city dispatch.CityID, driver dispatch.DriverID) (
	dispatch.DriverLog, bool, error,
) {
	loop, ok := s.loops[city]
	if !ok {
		return dispatch.DriverLog{}, false, nil
	}
	return loop.DriverLog(ctx, driver)
}

// limits are wire's, with the configured rate.
func (s *service) limits() wire.Limits {
	l := wire.DefaultLimits()
	l.Caller = wire.Rate{PerSecond: s.config.RatePerS}
	if s.config.Sandbox { // whose cities come and go in seconds
		l.Ops = wire.Rate{PerSecond: liveRate}
	}
	return l
}

func (s *service) transport() []grpc.ServerOption {
	if s.certificate == nil {
		return nil
	}
	return []grpc.ServerOption{grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{*s.certificate}, MinVersion: tls.VersionTLS12,
	}))}
}
