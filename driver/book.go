package driver

import (
	"hash/maphash"
	"sync"

	"hexhail/dispatch"
)

// bookShards is a power of two: enough that 50,000 sessions that come back at once do not wait for
// each other.
const bookShards = 64

// book finds the session of a driver. There is one at a time: the newest.
type book struct {
	seed   maphash.Seed
	shards [bookShards]bookShard
}

type bookShard struct {
	entering sync.Mutex // held by who becomes a driver's session, taken before mu
	mu       sync.Mutex
	byDriver map[dispatch.DriverID]*session
}

func (b *book) open() {
	b.seed = maphash.MakeSeed()
	for i := range b.shards {
		b.shards[i].byDriver = make(map[dispatch.DriverID]*session)
	}
}

func (b *book) shard(driver dispatch.DriverID) *bookShard {
	return &b.shards[maphash.String(b.seed, string(driver))%bookShards]
}

// get is a driver's session; nil if there is none.
func (b *book) get(driver dispatch.DriverID) *session {
	shard := b.shard(driver)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	return shard.byDriver[driver]
}

// put makes s its driver's session, then calls listen with the one that was, or nil. Of
// two sessions that begin at once one is the later in the book and for listen, not one in each.
func (b *book) put(s *session, listen func(was *session) error) error {
	shard := b.shard(s.driver)
	shard.entering.Lock()
	defer shard.entering.Unlock()
	return listen(shard.put(s))
}

func (shard *bookShard) put(s *session) (was *session) {
	shard.mu.Lock()
	defer shard.mu.Unlock()
	was = shard.byDriver[s.driver]
	shard.byDriver[s.driver] = s
	return was
}

// offer makes s its driver's session unless there is one, and returns the one that is.
func (b *book) offer(s *session) *session {
	shard := b.shard(s.driver)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if is := shard.byDriver[s.driver]; is != nil {
		return is
	}
	shard.byDriver[s.driver] = s
	return s
}

// drop forgets s, unless a newer one has its place.
func (b *book) drop(s *session) {
	shard := b.shard(s.driver)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.byDriver[s.driver] == s {
		delete(shard.byDriver, s.driver)
	}
}

// each calls do with every session, outside of the shards' locks.
func (b *book) each(do func(*session)) {
	var all []*session
	for i := range b.shards {
		shard := &b.shards[i]
		shard.mu.Lock()
		all = all[:0]
		for _, s := range shard.byDriver {
			all = append(all, s)
		}
		shard.mu.Unlock()
		for _, s := range all {
			do(s)
		}
	}
}
