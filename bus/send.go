package bus

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// Limits of what waits to be sent; beyond either a message is dropped and counted. A healthy server
// takes a full queue in a few milliseconds.
const (
	maxQueued      = 8192
	maxQueuedBytes = 32 << 20
)

// item is one message, or something else to be done on the connection in its turn.
type item struct {
	subject string
	data    []byte
	pooled  *[]byte // where data came from, if it goes back to frames
	do      func()  // instead of a message
}

// sender is the queue before the connection and the goroutine that empties it. The connection's own
// calls wait for a lock and for the network: when a server hangs without closing its connections,
// for as long as the write time-out, each caller after the other. Nobody but this goroutine makes
// them, so that no session and no command ever waits for the bus.
type sender struct {
	nc *nats.Conn

	mu     sync.Mutex
	items  []item
	bytes  int
	closed bool

	wake    chan struct{}
	done    chan struct{}
	dropped atomic.Uint64
}

func newSender(nc *nats.Conn) *sender {
	return &sender{nc: nc, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// put adds a message, or drops and counts it.
func (s *sender) put(it item) {
	s.mu.Lock()
	fits := !s.closed && len(s.items) < maxQueued && s.bytes+len(it.data) <= maxQueuedBytes
	if fits {
		s.items = append(s.items, it)
		s.bytes += len(it.data)
	}
	s.mu.Unlock()
	if !fits {
		s.drop(it)
		return
	}
	s.ring()
}

// perform adds something to be done after all messages before it. It is not subject to the limits:
// who calls it has a limit of its own. It reports false if the sender is closed.
func (s *sender) perform(do func()) bool {
	s.mu.Lock()
	ok := !s.closed
	if ok {
		s.items = append(s.items, item{do: do})
	}
	s.mu.Unlock()
	s.ring()
	return ok
}

func (s *sender) ring() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *sender) drop(it item) {
	s.dropped.Add(1)
	recycle(it.pooled)
}

// close lets the goroutine end after what is queued already; done is closed then.
func (s *sender) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.ring()
}

func (s *sender) run() {
	defer close(s.done)
	var batch []item
	for range s.wake {
		s.mu.Lock()
		batch, s.items = s.items, batch[:0]
		s.bytes = 0
		closed := s.closed
		s.mu.Unlock()
		for i := range batch {
			s.send(batch[i])
			batch[i] = item{}
		}
		if cap(batch) > 2*maxQueued {
			batch = nil // a wave of watches is over
		}
		if closed {
			return
		}
	}
}

// send hands one item to the connection. While that is reconnecting it refuses at once.
func (s *sender) send(it item) {
	if it.do != nil {
		it.do()
		return
	}
	if err := s.nc.Publish(it.subject, it.data); err != nil {
		s.failed(err)
		s.drop(it)
		return
	}
	recycle(it.pooled)
}

// failed gives up a connection on which a write has timed out: the server hangs.
func (s *sender) failed(err error) {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		_ = s.nc.ForceReconnect() // it fails only on a closed connection
	}
}

// waiting is how many items are in the queue.
func (s *sender) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items)
}
