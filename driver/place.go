package driver

import (
	"sync"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// whereOf is the point that a command names, or the taxi's last position: the same one when the
// command is repeated, since it is part of what the command says.
func (s *session) whereOf(c *driverpb.Command, said *typepb.Point) (geo.Point, error) {
	if said != nil {
		return wire.PointOf(said)
	}
	s.mu.Lock()
	at, has := s.slot.fix.Point, s.slot.taxi != ""
	s.mu.Unlock()
	point, ok := s.srv.places.of(s.once(c), at, has)
	if !ok {
		return geo.Point{}, wire.BadField("at", "given: no position of the taxi is known")
	}
	return point, nil
}

// placesKept is how many commands without a place are remembered with the one that they got.
const placesKept = 4096

// places remembers which position a command was given that named none.
type places struct {
	mu    sync.Mutex
	known map[dispatch.Once]geo.Point
	order []dispatch.Once // the oldest first, from next on
	next  int
}

// of is the place that the command has, or gets now.
func (p *places) of(key dispatch.Once, at geo.Point, has bool) (geo.Point, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if was, ok := p.known[key]; ok {
		return was, true
	}
	if !has {
		return geo.Point{}, false
	}
	if p.known == nil {
		p.known = make(map[dispatch.Once]geo.Point)
	}
	if len(p.order) < placesKept {
		p.order = append(p.order, key)
	} else {
		delete(p.known, p.order[p.next])
		p.order[p.next] = key
		p.next = (p.next + 1) % placesKept
	}
	p.known[key] = at
	return at, true
}
