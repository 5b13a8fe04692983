package driver

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"

	"hexhail/bus"
	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/store"
	"hexhail/wire"
)

// benchRole is the environment variable that makes the test binary a server: what it names is
// "bare" (grpc-go with an empty handler), "wire" (the same behind the house's server), or "drive"
// with the interval of its frames ("drive 50ms", "drive 0s").
const benchRole = "HEXHAIL_DRIVER_BENCH"

// benchDrivers are on duty in a benchmark's server.
const benchDrivers = 50_000

// benchKey signs the tokens of a benchmark.
func benchKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
}

// serveBench serves on loopback and answers questions on its standard input until that ends.
func serveBench(role string) {
	s := &benchServer{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	stop := s.start(role, listener)
	fmt.Println(listener.Addr())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Println(s.answer(lines.Text()))
	}
	stop()
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type benchServer struct {
	streams atomic.Int64 // of the empty handler
	moves   atomic.Int64 // positions that reached the engine
	ears    *ears
	drivers *Server
}

// answer is "cpu" in microseconds, "memory" in bytes after a collection, "moves", "sessions".
func (s *benchServer) answer(question string) int64 {
	switch question {
	case "cpu":
		var u syscall.Rusage
		must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
		return u.Utime.Nano()/1000 + u.Stime.Nano()/1000
	case "heap":
		return atRest().HeapAlloc
	case "stacks":
		return atRest().StackInuse
	case "moves":
		return s.moves.Load()
	case "accepted":
		return int64(s.ears.taken())
	case "refused":
		s.ears.mu.Lock()
		defer s.ears.mu.Unlock()
		n := 0
		for _, k := range s.ears.refused {
			n += k
		}
		return int64(n)
	case "sessions":
		if s.drivers == nil {
			return s.streams.Load()
		}
		return int64(s.drivers.Sessions())
	}
	return -1
}

// atRest is the memory of a process that has come to rest.
func atRest() (m struct{ HeapAlloc, StackInuse int64 }) {
	for range 4 { // stacks shrink by half in each
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	m.HeapAlloc, m.StackInuse = int64(stats.HeapAlloc), int64(stats.StackInuse)
	return m
}

func (s *benchServer) start(role string, listener net.Listener) (stop func()) {
	limits := wire.Limits{Streams: 1000}
	public, _ := benchKey().Public().(ed25519.PublicKey)
	config := wire.ServerConfig{Verifier: wire.NewVerifier(public), Limits: limits}
	serve := func(impl driverpb.DriverServiceServer) func() {
		w, err := wire.NewServer(config,
			func(r grpc.ServiceRegistrar) { driverpb.RegisterDriverServiceServer(r, impl) })
		must(err)
		go func() { _ = w.Serve(listener) }()
		return w.Stop
	}
	kind, interval, _ := strings.Cut(role, " ")
	switch kind {
	case "bare":
		g := grpc.NewServer(grpc.MaxConcurrentStreams(limits.Streams))
		driverpb.RegisterDriverServiceServer(g, &emptyHandler{streams: &s.streams})
		go func() { _ = g.Serve(listener) }()
		return g.Stop
	case "wire":
		return serve(&emptyHandler{streams: &s.streams})
	default:
		every, err := time.ParseDuration(interval)
		must(err)
		drivers, closeTown := s.town(every)
		end := serve(drivers)
		return func() { end(); closeTown() }
	}
}

// emptyHandler reads and does nothing. It answers the first message, as a session does.
type emptyHandler struct {
	driverpb.UnimplementedDriverServiceServer
	streams *atomic.Int64
}

func (h *emptyHandler) Drive(stream driverpb.DriverService_DriveServer) error {
	if _, err := stream.Recv(); err != nil {
		return err
	}
	h.streams.Add(1)
	defer h.streams.Add(-1)
	for range 2 {
		if err := stream.Send(&driverpb.DriveResponse{}); err != nil {
			return err
		}
	}
	for {
		if _, err := stream.Recv(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// town is the room with all that is behind it: SQLite, the bus, an engine with drivers on duty.
func (s *benchServer) town(every time.Duration) (drivers *Server, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	city, err := dispatch.LoadCity("beijing")
	must(err)
	dir, err := os.MkdirTemp("", "hexhail-bench-")
	must(err)
	db, err := store.Open(ctx, "sqlite::memory:")
	must(err)
	hub, err := bus.Open(ctx, bus.Config{Dir: filepath.Join(dir, "bus")})
	must(err)
	clock := wire.NewClock()
	hire(ctx, db, city.ID, clock.Now())
	desk := &dispatch.Desk{
		Cities: dispatch.Cities{city.ID: city}, Store: db, Traces: db, Hints: hub,
		Listener: quiet{}, NewID: newID,
	}
	engine, err := dispatch.NewEngine(ctx, dispatch.EngineConfig{
		City: city, Store: db, Hints: hub, Listener: quiet{}, NewID: newID,
	}, clock.Now())
	must(err)
	loop := dispatch.NewLoop(engine, clock, func(string, error) {})
	stopServing, err := hub.Serve(city.ID, &countedEngine{loop, &s.moves})
	must(err)
	s.ears = newEars()
	s.drivers, err = New(Config{
		Desk: desk, Cities: desk.Cities, Fixes: hub, Inbox: hub, Reads: db, Traces: db,
		Listener: s.ears, Now: clock.Now, Log: slog.New(slog.DiscardHandler), FrameEvery: every,
	})
	must(err)
	go func() { _ = loop.Run(ctx) }()
	go func() { _ = s.drivers.Run(ctx) }()
	return s.drivers, func() {
		cancel()
		stopServing()
		_ = hub.Close(context.Background())
		_ = db.Close()
		_ = os.RemoveAll(dir)
	}
}

// hire puts a benchmark's drivers on duty.
func hire(ctx context.Context, db *store.DB, city dispatch.CityID, now time.Time) {
	const batch = 1000
	for first := 0; first < benchDrivers; first += batch {
		must(db.Tx(ctx, func(tx dispatch.Tx) error {
			for i := first; i < first+batch; i++ {
				err := errors.Join(
					tx.InsertDriver(dispatch.Driver{ID: driverID(i), City: city}),
					tx.InsertTaxi(dispatch.Taxi{ID: taxiID(i), City: city, Seats: 4}),
					tx.PutShift(dispatch.Shift{
						Driver: driverID(i), Taxi: taxiID(i), City: city, Seats: 4,
						Duty: dispatch.OnDuty, ChangedAt: now,
					}))
				if err != nil {
					return err
				}
			}
			return nil
		}))
	}
}

// countedEngine counts the positions that reach an engine's inbox.
type countedEngine struct {
	*dispatch.Loop
	moves *atomic.Int64
}

func (e *countedEngine) Frame(reports []dispatch.Report) {
	e.moves.Add(int64(len(reports)))
	e.Loop.Frame(reports)
}
