package driver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
)

// Limits of sessions, and what happens at each.
const (
	// MaxSessions is how many sessions a process has; beyond it a hello is refused.
	MaxSessions = 100_000
	// MaxQueue is how many messages wait for a phone. Beyond it heartbeats and counts of refused
	// fixes are dropped, the oldest first; if there are none the phone is disconnected, and
	// resumes.
	MaxQueue = 64
	// MaxFixes is how many fixes a message has; one with more is refused as a whole.
	MaxFixes = 50
	// MaxCommands is how many commands and acknowledgements a phone gives in a second; beyond it a
	// command is refused.
	MaxCommands = 50
	// MaxMessages is how many messages a phone sends in a second; beyond it it is disconnected. A
	// phone sends one in some seconds; 20,000 are 2 % of a core.
	MaxMessages = 20_000
)

// Times of a session, all of the machine's clock but FixInterval.
const (
	// HelloWithin is how long a stream may wait with its hello.
	HelloWithin = 10 * time.Second
	// HeartbeatInterval is how often each side is heard at least. After three of silence from the
	// phone the session ends.
	HeartbeatInterval = 30 * time.Second
	// FixInterval is how often a fix is wanted, city time: a tenth of the age at which a taxi is no
	// candidate any more.
	FixInterval = 3 * time.Second
	// MaxRetry is the longest time that a phone is asked to wait when the server drains.
	MaxRetry = 30 * time.Second

	stuckAfter = 30 * time.Second // one message that does not get out: a slow reader
	drainGrace = 5 * time.Second  // from the drain message to the end of the streams
	partingMax = 3 * time.Second  // for what is still to be sent when the phone has closed
)

// The times above in turns of Run's walk, which is once a second.
const (
	silentTurns    = uint32(3 * HeartbeatInterval / time.Second)
	heartbeatTurns = uint32(HeartbeatInterval / time.Second)
	stuckTurns     = uint32(stuckAfter / time.Second)
)

// Config is what a Server needs.
type Config struct {
	Desk     *dispatch.Desk
	Cities   dispatch.Cities
	Fixes    Fixes
	Inbox    Inbox
	Reads    Reads
	Traces   dispatch.Traces
	Listener Listener
	Now      func() time.Time // the city clock
	Log      *slog.Logger
	// FrameEvery is how long positions are collected before they are sent on, machine time; 50 to
	// 100 ms. 0 sends every fix at once.
	FrameEvery time.Duration
	// MissedEvery is how often rows are read for what hints have missed, city time; 5 s by default.
	MissedEvery time.Duration
	// LiveLog is what an engine here has not written yet of a driver's log; nil if none is here.
	LiveLog dispatch.LiveDriverLog
	// Rate is how many seconds of the city pass in one of the machine; nil is 1.
	Rate func() float64
}

// Server serves drivers' apps. It implements driverpb.DriverServiceServer.
type Server struct {
	driverpb.UnimplementedDriverServiceServer

	c      Config
	book   book
	cities map[dispatch.CityID]*city
	turn   atomic.Uint32 // of the walk: seconds of the machine since the start

	calls chan dispatch.Call // that wait to be shown

	helloWithin time.Duration // HelloWithin, but in tests

	mu       sync.Mutex
	draining bool
	known    int           // sessions that have said hello and have not ended
	loose    int           // drivers who use the unary calls
	gone     chan struct{} // closed when the last session has ended; made by Drain
	nextTo   uint8         // the shard of the next session's frames
}

// New makes a server. An error names what is missing.
func New(c Config) (*Server, error) {
	if c.Desk == nil || c.Fixes == nil || c.Inbox == nil || c.Reads == nil || c.Traces == nil ||
		c.Listener == nil || c.Now == nil || c.Log == nil || len(c.Cities) == 0 {
		return nil, errors.New("driver: Desk, Cities, Fixes, Inbox, Reads, Traces, Listener, " +
			"Now and Log must be given")
	}
	if c.FrameEvery < 0 || c.MissedEvery < 0 {
		return nil, fmt.Errorf("driver: FrameEvery %s and MissedEvery %s must not be negative",
			c.FrameEvery, c.MissedEvery)
	}
	if c.MissedEvery == 0 {
		c.MissedEvery = 5 * time.Second
	}
	if c.Rate == nil {
		c.Rate = func() float64 { return 1 }
	}
	v := &Server{
		c: c, cities: make(map[dispatch.CityID]*city, len(c.Cities)), helloWithin: HelloWithin,
		calls: make(chan dispatch.Call, callsHeard),
	}
	v.book.open()
	for id := range c.Cities {
		v.cities[id] = &city{id: id}
	}
	return v, nil
}

// Sessions is how many drivers have a session here.
func (v *Server) Sessions() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known
}

// Run sends frames, walks the sessions once a second and reads what hints have missed, until ctx
// ends; then it returns nil. Errors are logged, counted and tried again.
func (v *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	if v.c.FrameEvery > 0 {
		group.Go(func() error { return every(ctx, v.c.FrameEvery, v.flushFrames) })
	}
	group.Go(func() error { return every(ctx, time.Second, v.walk) })
	group.Go(func() error { return v.keepTraces(ctx) })
	group.Go(func() error { return v.listenToCalls(ctx) })
	group.Go(func() error { return every(ctx, pollStep, func() { v.pollDue(ctx) }) })
	return group.Wait()
}

func every(ctx context.Context, interval time.Duration, do func()) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			do()
		}
	}
}

// walk is a turn: it does for every session what is due by the machine's clock.
func (v *Server) walk() {
	turn := v.turn.Add(1)
	v.book.each(func(s *session) { s.look(turn) })
}
