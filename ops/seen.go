package ops

import (
	"hash/maphash"
	"sync"

	"hexhail/dispatch"
)

// seenKept is how many searches with an offer are remembered at least: an hour of them at 18 a
// second, in 3 MB.
const seenKept = 1 << 16

// seenRides tells the first offer of a search from the later ones, so that the funnel counts rides
// and not offers. It forgets the oldest half when it is full: then a search that is older than
// seenKept others is counted twice. The zero value is ready.
type seenRides struct {
	mu         sync.Mutex
	seed       maphash.Seed
	young, old map[uint64]struct{}
}

// first is true for a ride and search that were not asked for before.
func (s *seenRides) first(ride dispatch.RideID, search int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.young == nil {
		s.seed, s.young = maphash.MakeSeed(), make(map[uint64]struct{})
	}
	key := maphash.String(s.seed, string(ride)) + uint64(max(0, search))
	if _, ok := s.young[key]; ok {
		return false
	}
	_, before := s.old[key]
	if len(s.young) >= seenKept {
		s.young, s.old = make(map[uint64]struct{}), s.young
	}
	s.young[key] = struct{}{}
	return !before
}
