package bus

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// Stats counts since Open, but for what waits now.
type Stats struct {
	Received      uint64 // messages that came
	ReceivedBytes uint64
	Sent          uint64 // messages handed to the connection
	SentBytes     uint64
	Dropped       uint64 // not sent: the queue was full, or the server away
	Missed        uint64 // came, and were lost because their reader was too slow
	SlowReaders   uint64 // times that a reader became too slow
	Refused       uint64 // garbage: messages, and reports within frames
	Replaced      uint64 // sessions of this node that another one has replaced
	Reconnects    uint64

	Queued      int // messages that wait to be sent now
	Events      uint64
	EventsAgain uint64 // of them, events that the stream had already
	EventErrors uint64 // tries of the relay that failed
	// OutboxWaiting is how many events wait in the outbox, up to dispatch.MaxBacklog: what the
	// relay has read, or counted in the last seconds if that is more than a batch.
	OutboxWaiting int
	OutboxLag     time.Duration
}

// Stats looks at the counters.
func (b *Bus) Stats() Stats {
	nats := b.nc.Stats()
	s := Stats{
		Received: nats.InMsgs, ReceivedBytes: nats.InBytes,
		Sent: nats.OutMsgs, SentBytes: nats.OutBytes,
		Dropped: b.out.dropped.Load(), Missed: b.tracked.missed(), SlowReaders: b.slow.Load(),
		Refused: b.refused.Load(), Replaced: b.replaced.Load(), Reconnects: b.reconnect.Load(),
		Queued: b.out.waiting(),
		Events: b.relayed.events.Load(), EventsAgain: b.relayed.again.Load(),
		EventErrors: b.relayed.errors.Load(),
	}
	s.OutboxWaiting, s.OutboxLag = b.relayed.lag(time.Now())
	return s
}

// tracked are the subscriptions whose losses count. Those of watches, which come and go, are
// counted when they end.
type tracked struct {
	mu   sync.Mutex
	subs map[*nats.Subscription]struct{}
	past uint64
}

func (t *tracked) add(sub *nats.Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.subs == nil {
		t.subs = map[*nats.Subscription]struct{}{}
	}
	t.subs[sub] = struct{}{}
}

// retire adds the losses of a subscription that is about to end.
func (t *tracked) retire(sub *nats.Subscription) {
	lost, err := sub.Dropped()
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && lost > 0 {
		t.past += uint64(lost)
	}
	delete(t.subs, sub)
}

func (t *tracked) missed() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.past
	for sub := range t.subs {
		if lost, err := sub.Dropped(); err == nil && lost > 0 {
			n += uint64(lost)
		}
	}
	return n
}

// relayed counts what the relay does.
type relayed struct {
	events, again, errors atomic.Uint64

	mu      sync.Mutex
	waiting int
	first   string    // the id of the first event that waits
	since   time.Time // when it was first seen
}

// waits notes what waits in the outbox.
func (r *relayed) waits(n int, first string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting = n
	if n > 0 && r.first != first {
		r.first, r.since = first, now
	}
}

func (r *relayed) lag(now time.Time) (waiting int, lag time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting == 0 {
		return 0, 0
	}
	return r.waiting, now.Sub(r.since)
}

// Backlog is OutboxWaiting alone, for who asks often.
func (b *Bus) Backlog() int {
	n, _ := b.relayed.lag(time.Now())
	return n
}
