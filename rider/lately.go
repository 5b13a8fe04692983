package rider

import (
	"sync"
	"time"
)

// lately remembers values for some time after they were put: at least keep and at most twice that,
// unless more than most come in the time, which costs the oldest theirs. It holds them in two
// generations and drops the older as a whole, so that nothing has to be swept. It is safe for
// concurrent use.
type lately[K comparable, V any] struct {
	keep time.Duration
	most int // in each generation

	mu         sync.Mutex
	young, old map[K]V
	since      time.Time // of the young
}

// find is a value that was put lately.
func (l *lately[K, V]) find(k K, now time.Time) (V, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.age(now)
	v, ok := l.young[k]
	if !ok {
		v, ok = l.old[k]
	}
	return v, ok
}

// put remembers a value, anew if it was there.
func (l *lately[K, V]) put(k K, v V, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.age(now)
	l.young[k] = v
}

// age begins a new generation if the young one is old or full.
func (l *lately[K, V]) age(now time.Time) {
	switch age := now.Sub(l.since); {
	case l.young != nil && age < l.keep && len(l.young) < l.most:
		return
	case age >= 2*l.keep:
		l.old = nil
	default:
		l.old = l.young
	}
	l.young, l.since = map[K]V{}, now
}
