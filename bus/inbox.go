package bus

import (
	"cmp"
	"encoding/json"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nuid"

	"hexhail/dispatch"
)

// driverShards is in how many parts the sessions are filed, each with its lock: a node has up to
// 100,000 of them, and some thousands come and go a second after a restart.
const driverShards = 64

// drivers are the sessions of this node, filed under the token of their driver. A node has one
// subscription for all notices and one for all announcements, whatever the number of its sessions:
// one for each would cost a goroutine or a kilobyte a session, here and at the server.
type drivers struct {
	node   string
	clock  atomic.Int64  // the highest rank seen
	again  chan struct{} // announce all sessions again
	seed   maphash.Seed
	shards [driverShards]driverShard
}

type driverShard struct {
	mu      sync.Mutex
	byToken map[string]*listener
}

// listener is one session.
type listener struct {
	claim    claim
	on       func(dispatch.Notice)
	replaced func()
}

// claim is a session's word that it has the driver. Of two claims the later one holds, on every
// node alike, in whatever order it hears of them.
type claim struct {
	// Rank is the time of the claim in nanoseconds, or one more than the highest rank that its
	// node had seen (a hybrid logical clock: Kulkarni et al., "Logical Physical Clocks", 2014), so
	// that a session that begins after another has been heard of is later, however the clocks of
	// their nodes differ.
	Rank    int64  `json:"rank"`
	Session string `json:"session"`
	Node    string `json:"node"`
}

// compare orders claims; equal ones are the same.
func (c claim) compare(d claim) int {
	return cmp.Or(cmp.Compare(c.Rank, d.Rank), cmp.Compare(c.Session, d.Session),
		cmp.Compare(c.Node, d.Node))
}

// maxAhead is how far in the future a claim may be. Nodes refuse to start with 250 ms; what is
// further off is garbage, and believing it would make every later claim carry it on.
const maxAhead = time.Minute

func (d *drivers) init() {
	d.node, d.seed, d.again = nuid.Next(), maphash.MakeSeed(), make(chan struct{}, 1)
	for i := range d.shards {
		d.shards[i].byToken = map[string]*listener{}
	}
}

func (d *drivers) shard(driverToken string) *driverShard {
	return &d.shards[maphash.String(d.seed, driverToken)%driverShards]
}

// rank is a new one, higher than all before.
func (d *drivers) rank(now time.Time) int64 {
	for {
		last := d.clock.Load()
		next := max(now.UnixNano(), last+1)
		if d.clock.CompareAndSwap(last, next) {
			return next
		}
	}
}

// saw moves the clock on to a rank from another node.
func (d *drivers) saw(rank int64) {
	for {
		last := d.clock.Load()
		if rank <= last || d.clock.CompareAndSwap(last, rank) {
			return
		}
	}
}

// Listen calls on with every notice for the driver until stop is called, and takes the driver over:
// any other session of the driver, here or on another node, has its replaced called, once, and gets
// no more notices. Of sessions that begin at the same moment on several nodes exactly one stays.
// The same session id on a second stream counts as another session, and the later stream stays.
// While the connection is away nobody elsewhere is told; all sessions are announced again when it
// is back. on is called by one goroutine, replaced by another, without waiting for each other;
// neither may block. A call that has begun when stop is called may end after it. Errors:
// Unavailable after Close.
func (b *Bus) Listen(
	driver dispatch.DriverID, session string, on func(dispatch.Notice), replaced func(),
) (stop func(), err error) {
	if b.closed.Load() {
		return nil, errClosed()
	}
	name := token(string(driver))
	s := b.drivers.shard(name)
	l := &listener{on: on, replaced: replaced}
	s.mu.Lock()
	// Drawn under the lock: who is filed here already is earlier.
	l.claim = claim{Rank: b.drivers.rank(time.Now()), Session: session, Node: b.drivers.node}
	before := s.byToken[name]
	s.byToken[name] = l
	s.mu.Unlock()
	if before != nil {
		b.replaced.Add(1)
		before.replaced()
	}
	b.announce(name, l.claim)
	return func() { s.drop(name, l) }, nil
}

// drop forgets a session, unless another has its place.
func (s *driverShard) drop(name string, l *listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byToken[name] == l {
		delete(s.byToken, name)
	}
}

// announce tells all nodes of a session. It is not dropped for want of room: there is at most one
// for each session that begins, here or elsewhere.
func (b *Bus) announce(name string, c claim) {
	data, err := json.Marshal(c)
	if err != nil { // there is nothing in a claim that JSON cannot say
		b.refused.Add(1)
		return
	}
	b.out.perform(func() { b.out.send(item{subject: sessionSubject(name), data: data}) })
}

// announced hears of a session somewhere. An earlier one than ours is told of ours: its node may
// have been cut off when ours began.
func (b *Bus) announced(m *nats.Msg) {
	c, err := readClaim(m.Data, time.Now())
	if err != nil {
		b.refused.Add(1)
		return
	}
	if c.Node == b.drivers.node {
		return // settled by Listen
	}
	b.drivers.saw(c.Rank)
	name := lastToken(m.Subject)
	s := b.drivers.shard(name)
	s.mu.Lock()
	ours := s.byToken[name]
	order := 0
	if ours != nil {
		order = c.compare(ours.claim)
	}
	if order > 0 {
		delete(s.byToken, name)
	}
	s.mu.Unlock()
	switch {
	case order > 0:
		b.replaced.Add(1)
		ours.replaced()
	case order < 0:
		b.announce(name, ours.claim)
	}
}

func readClaim(data []byte, now time.Time) (claim, error) {
	var c claim
	if err := json.Unmarshal(data, &c); err != nil {
		return claim{}, err
	}
	if c.Rank <= 0 || c.Node == "" || c.Rank > now.Add(maxAhead).UnixNano() {
		return claim{}, errHint
	}
	return c, nil
}

// pushed takes a notice, if the driver's session is here. Others are not even read: every node
// hears the notices of all drivers.
func (b *Bus) pushed(m *nats.Msg) {
	name := lastToken(m.Subject)
	s := b.drivers.shard(name)
	s.mu.Lock()
	l := s.byToken[name]
	s.mu.Unlock()
	if l == nil {
		return
	}
	n, err := readNotice(m.Data, name)
	if err != nil {
		b.refused.Add(1)
		return
	}
	l.on(n)
}

// announceLoop announces all sessions again after each reconnect.
func (b *Bus) announceLoop() {
	for {
		select {
		case <-b.quit:
			return
		case <-b.drivers.again:
			b.announceAll()
		}
	}
}

func (b *Bus) announceAll() {
	for i := range b.drivers.shards {
		s := &b.drivers.shards[i]
		s.mu.Lock()
		claims := make(map[string]claim, len(s.byToken))
		for name, l := range s.byToken {
			claims[name] = l.claim
		}
		s.mu.Unlock()
		for name, c := range claims {
			if !b.announceSoon(name, c) {
				return
			}
		}
	}
}

// announceSoon waits until the queue is at most half full: the sessions of a large node are more
// than fit into it, and hints are to have room. It reports false when the bus closes.
func (b *Bus) announceSoon(name string, c claim) bool {
	for b.out.waiting() > maxQueued/2 {
		select {
		case <-b.quit:
			return false
		case <-time.After(time.Millisecond):
		}
	}
	b.announce(name, c)
	return true
}
