package bus

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"hexhail/dispatch"
	"hexhail/wire"
)

// ReasonBus is a message that could not be sent or was not answered: the bus is closed or away, or
// no engine has the city at the moment. It may work when tried again.
const ReasonBus = wire.ReasonBus

// Config says which bus.
type Config struct {
	// URL is of external servers ("nats://a:4222,nats://b:4222", "tls://…"); "" embeds one.
	URL string
	// Dir is where the embedded server keeps its streams; it is made if need be, belongs to one
	// process at a time, and may be wiped while none runs. Not used with a URL.
	Dir string
	// Creds is a file of user credentials (JWT and seed) for the external server; "" for none.
	Creds string
	// CAFile holds the certificates that sign the server's; "" for the host's.
	CAFile string
	// CertFile and KeyFile are the client's own certificate; "" for none. Any of the three files
	// makes a connection without TLS an error.
	CertFile, KeyFile string
	// Name is this node's, as the server's monitoring shows it; "" is "hexhail".
	Name string
	// Log hears of lost and regained connections; nil is nobody.
	Log *slog.Logger
}

// Bus is one node's connection to all others.
type Bus struct {
	log    *slog.Logger
	server *server.Server // nil with a URL
	nc     *nats.Conn
	out    *sender
	gone   chan struct{} // closed when the connection is, for good
	closed atomic.Bool
	quit   chan struct{}  // closed by Close
	loops  sync.WaitGroup // our goroutines but the sender

	askers  askers
	drivers drivers
	watches watches
	tracked tracked
	relayed relayed

	refused   atomic.Uint64 // garbage
	slow      atomic.Uint64 // times a reader became too slow
	replaced  atomic.Uint64
	reconnect atomic.Uint64
}

// Open starts the embedded server, or connects to the external one for up to 10 s or until ctx
// ends. A connection that is lost later is tried again for ever. Errors: Invalid for a
// configuration that cannot be used, Denied for credentials that the server refuses, Unavailable
// for a server that does not answer.
func Open(ctx context.Context, c Config) (*Bus, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Name == "" {
		c.Name = "hexhail"
	}
	if c.URL != "" {
		return connect(ctx, c, nil)
	}
	s, err := embed(c)
	if err != nil {
		return nil, err
	}
	b, err := connect(ctx, c, s)
	if err != nil {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, err
	}
	b.server = s
	return b, nil
}

// connect makes a node: of the embedded server s, or of the external one if that is nil.
func connect(ctx context.Context, c Config, s *server.Server) (*Bus, error) {
	b := &Bus{log: c.Log, gone: make(chan struct{}), quit: make(chan struct{})}
	options, err := b.options(c, s)
	if err != nil {
		return nil, err
	}
	if b.nc, err = dial(ctx, options); err != nil {
		return nil, err
	}
	b.out = newSender(b.nc)
	go b.out.run()
	b.watches.init()
	if err := b.subscribeAll(); err != nil {
		_ = b.Close(ctx) // there is an error already
		return nil, err
	}
	b.loops.Go(b.watchLoop)
	b.loops.Go(b.announceLoop)
	return b, nil
}

// subscribeAll makes the subscriptions that every node has.
func (b *Bus) subscribeAll() error {
	b.drivers.init()
	b.askers.init(b.nc)
	for subject, handle := range map[string]nats.MsgHandler{
		allPushes:             b.pushed,
		allSessions:           b.announced,
		b.askers.prefix + "*": b.answered,
	} {
		if _, err := b.subscribe(subject, handle); err != nil {
			return err
		}
	}
	return unavailable("no answer to the first subscriptions", b.nc.FlushTimeout(flushWait))
}

// Limits of what waits in one subscription for its handler; beyond either the newest are lost and
// counted.
const (
	maxPending      = 1 << 16
	maxPendingBytes = 64 << 20
)

// flushWait is how long a node waits for the server to have taken its subscriptions.
const flushWait = 2 * time.Second

func (b *Bus) subscribe(subject string, handle nats.MsgHandler) (*nats.Subscription, error) {
	sub, err := b.nc.Subscribe(subject, handle)
	if err != nil {
		return nil, unavailable("subscribe to "+subject, err)
	}
	if err := sub.SetPendingLimits(maxPending, maxPendingBytes); err != nil {
		return nil, unavailable("subscribe to "+subject, err)
	}
	b.tracked.add(sub)
	return sub, nil
}

func (b *Bus) unsubscribe(sub *nats.Subscription) {
	b.tracked.retire(sub)
	_ = sub.Unsubscribe() // it fails only on a closed connection
}

// Ready is nil while messages can be sent. Errors: Unavailable.
func (b *Bus) Ready() error {
	switch {
	case b.closed.Load():
		return errClosed()
	case !b.nc.IsConnected():
		return dispatch.Errorf(dispatch.Unavailable, ReasonBus, "bus: the connection is %v",
			b.nc.Status())
	case b.server != nil && !b.server.Running():
		return dispatch.Errorf(dispatch.Unavailable, ReasonBus, "bus: the server has stopped")
	}
	return nil
}

// Close sends what is queued, lets handlers finish what has come, and closes the connection and the
// embedded server: gracefully until ctx ends, then at once. Errors: of ctx. A second Close does
// nothing.
func (b *Bus) Close(ctx context.Context) error {
	if b.closed.Swap(true) {
		return nil
	}
	close(b.quit)
	b.out.close()
	err := b.drain(ctx)
	b.nc.Close()
	<-b.out.done // at once: a closed connection refuses everything
	<-b.gone
	b.askers.failAll()
	b.loops.Wait()
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
	return err
}

func (b *Bus) drain(ctx context.Context) error {
	select {
	case <-b.out.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if b.nc.Drain() != nil {
		return nil // not connected: nothing to drain
	}
	select {
	case <-b.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func errClosed() error {
	return dispatch.Errorf(dispatch.Unavailable, ReasonBus, "bus: closed")
}

// unavailable wraps what the connection says; nil for nil.
func unavailable(what string, cause error) error {
	if cause == nil {
		return nil
	}
	return &dispatch.Error{
		Kind: dispatch.Unavailable, Reason: ReasonBus, Text: "bus: " + what, Cause: cause,
	}
}
