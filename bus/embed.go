package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"hexhail/dispatch"
)

// readyWithin is how long the embedded server may take to be ready; it takes some 10 ms.
const readyWithin = 5 * time.Second

// Limits of what the embedded server keeps: all of it is the stream of events.
const (
	embeddedDisk   = 2 << 30
	embeddedMemory = 16 << 20
)

// embed starts a server in this process that listens nowhere. JetStream writes without a sync for
// each message: the outbox keeps an event until it is stored, and a power failure that loses
// the last stored ones loses them for outsiders only, as the wiping of the directory would.
func embed(c Config) (*server.Server, error) {
	if c.Dir == "" {
		return nil, dispatch.Errorf(dispatch.Invalid, dispatch.ReasonField,
			"bus: an embedded server needs a directory")
	}
	s, err := server.NewServer(&server.Options{
		ServerName: c.Name, DontListen: true, NoSigs: true,
		JetStream: true, StoreDir: c.Dir, DisableJetStreamBanner: true,
		JetStreamMaxMemory: embeddedMemory, JetStreamMaxStore: embeddedDisk,
		// Who sends too fast for a reader is not held up: the reader loses messages.
		NoFastProducerStall: true,
	})
	if err != nil {
		return nil, unusable("the embedded server's directory", err)
	}
	log := &serverLog{to: c.Log}
	s.SetLogger(log, false, false)
	s.Start()
	fatal := log.fatal.Load() // Start has returned at once, and the server will never be ready
	if fatal == nil && s.ReadyForConnections(readyWithin) && s.JetStreamEnabled() {
		return s, nil
	}
	s.Shutdown()
	s.WaitForShutdown()
	if fatal != nil {
		return nil, unusable("the embedded server's directory", errors.New(*fatal))
	}
	return nil, unavailable("the embedded server", fmt.Errorf("not ready after %v", readyWithin))
}

// serverLog hands the server's log on. A fatal error of the server does not end the process.
type serverLog struct {
	to    *slog.Logger
	fatal atomic.Pointer[string]
}

// Noticef logs what the server tells at its start and end.
func (l *serverLog) Noticef(format string, v ...any) { l.write(slog.LevelDebug, format, v) }

// Warnf logs a warning.
func (l *serverLog) Warnf(format string, v ...any) { l.write(slog.LevelWarn, format, v) }

// Errorf logs an error.
func (l *serverLog) Errorf(format string, v ...any) { l.write(slog.LevelError, format, v) }

// Fatalf keeps an error that the server does not survive: it is returned.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.fatal.Store(&text)
}

// Debugf is not used.
func (l *serverLog) Debugf(format string, v ...any) { l.write(slog.LevelDebug, format, v) }

// Tracef is not used.
func (l *serverLog) Tracef(format string, v ...any) { l.write(slog.LevelDebug, format, v) }

func (l *serverLog) write(level slog.Level, format string, v []any) {
	l.to.Log(context.Background(), level, "nats server", "text", fmt.Sprintf(format, v...))
}
