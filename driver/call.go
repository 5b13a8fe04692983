package driver

import (
	"context"
	"maps"
	"slices"
	"sync"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/wire"
)

const (
	// MaxCalls is how many calls a phone shows at once; beyond it a driver could read none of them.
	// The others are shown when one of these ends.
	MaxCalls = 10
	// callsHeard is how many calls wait for the goroutine that shows them. Beyond it they are lost,
	// and found in the rows within seconds.
	callsHeard = 4096
)

// board is the open calls of a city, as far as this process has heard, and who shows them.
type board struct {
	mu     sync.Mutex
	posted map[dispatch.CallID]*posted
}

// posted is one call with its ride, and the sessions whose phones were told of it.
type posted struct {
	call  dispatch.Call
	ride  dispatch.Ride
	shown []*session
}

// post adds a call; false if it is there already.
func (b *board) post(c dispatch.Call, r dispatch.Ride) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.posted[c.ID]; ok {
		return false
	}
	if b.posted == nil {
		b.posted = make(map[dispatch.CallID]*posted)
	}
	b.posted[c.ID] = &posted{call: c, ride: r}
	return true
}

// has reports whether a call is on the board.
func (b *board) has(id dispatch.CallID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.posted[id]
	return ok
}

// take removes a call, and says who shows it.
func (b *board) take(id dispatch.CallID) []*session {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.posted[id]
	if p == nil {
		return nil
	}
	delete(b.posted, id)
	return p.shown
}

// show shows a call to a session, if the call is still open and reaches it.
func (b *board) show(id dispatch.CallID, s *session) *driverpb.Call {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.posted[id]
	if p == nil {
		return nil
	}
	msg := s.reached(p)
	if msg != nil {
		p.shown = append(p.shown, s)
	}
	return msg
}

// open is the calls of the board, the oldest first.
func (b *board) open() []dispatch.Call {
	var list []dispatch.Call
	for _, p := range b.all() {
		list = append(list, p.call)
	}
	return list
}

// all is what is posted, the oldest first.
func (b *board) all() []*posted {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := slices.Collect(maps.Values(b.posted))
	slices.SortFunc(list, func(a, b *posted) int { return a.call.MadeAt.Compare(b.call.MadeAt) })
	return list
}

// look is the calls that reach a session, at most MaxCalls, for who only looks.
func (b *board) look(s *session) (list []*driverpb.Call) {
	all := b.all()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.free() {
		return nil
	}
	at := s.slot.fix.Point
	for _, p := range all {
		if len(list) < MaxCalls && p.call.Reaches(s.stand.shift, at) {
			list = append(list, callPB(p.call, p.ride, geo.DistanceM(at, p.call.Pickup)))
		}
	}
	return list
}

// hearCall takes what the bus brings. It does not block.
func (v *Server) hearCall(c dispatch.Call) {
	select {
	case v.calls <- c:
	default:
		v.c.Listener.Dropped("call")
	}
}

// listenToCalls hears of the calls of all cities until ctx ends.
func (v *Server) listenToCalls(ctx context.Context) error {
	for id := range v.cities {
		stop, err := v.c.Inbox.Calls(id, v.hearCall)
		if err != nil {
			return err
		}
		defer stop()
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-v.calls:
			v.takeCall(ctx, c)
		}
	}
}

// takeCall shows a call that is open to all whom it reaches, and takes one that has ended back.
func (v *Server) takeCall(ctx context.Context, c dispatch.Call) {
	at := v.cities[c.City]
	switch {
	case at == nil:
	case c.State != dispatch.CallOpen:
		v.endCall(at, c)
	case c.ExpiresAt.After(v.c.Now()) && !at.board.has(c.ID):
		call, ride, err := v.c.Reads.OpenCall(ctx, c.ID)
		if err != nil {
			if dispatch.KindOf(err) != dispatch.NotFound && ctx.Err() == nil {
				v.c.Log.Warn("reading a call", "call", c.ID, "err", err)
				v.c.Listener.Dropped("call")
			}
			return
		}
		if at.board.post(call, ride) {
			v.book.each(func(s *session) { s.hearOf(at, call) })
		}
	}
}

// endCall tells the phones that show a call that it is gone.
func (v *Server) endCall(at *city, c dispatch.Call) {
	for _, s := range at.board.take(c.ID) {
		if s.hideCall(c.ID) && s.driver != c.Driver {
			s.send(&driverpb.DriveResponse{Message: &driverpb.DriveResponse_CallEnded{
				CallEnded: &driverpb.CallEnded{CallId: string(c.ID), State: c.State.String()},
			}})
		}
	}
}

// healCalls brings the board up to date with all calls of a city that were open in the rows at or
// after a time.
func (v *Server) healCalls(ctx context.Context, at *city, p polled) {
	open := make(map[dispatch.CallID]bool, len(p.missed.Calls))
	for _, c := range p.missed.Calls {
		open[c.ID] = true
		v.takeCall(ctx, c)
	}
	for _, c := range at.board.open() {
		if !open[c.ID] && c.MadeAt.Before(p.readAt) {
			c.State = dispatch.CallWithdrawn // one way or another
			v.endCall(at, c)
		}
	}
}

// hearOf shows a call, if it reaches this session.
func (s *session) hearOf(at *city, c dispatch.Call) {
	if s.stream == nil || !s.near(at, c) {
		return
	}
	if msg := at.board.show(c.ID, s); msg != nil {
		s.enqueue(item{drop: true, msg: &driverpb.DriveResponse{
			Message: &driverpb.DriveResponse_Call{Call: msg},
		}})
	}
}

// near is a first look, without the board's lock.
func (s *session) near(at *city, c dispatch.Call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stand.city == at && s.free() && s.mayHave(c.Pickup) &&
		c.Reaches(s.stand.shift, s.slot.fix.Point)
}

// free reports whether the driver can take a ride and it is known where the taxi is. The caller
// holds s.mu.
func (s *session) free() bool {
	return s.stand.mine && s.stand.shift.Duty == dispatch.OnDuty && !s.stand.ride.active &&
		s.slot.taxi == s.stand.taxi
}

// reached is a posted call as the phone shows it, and notes that it does; nil if it does not reach
// the session, or is shown already, or there are too many.
func (s *session) reached(p *posted) *driverpb.Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.slot.fix.Point
	if !s.free() || !s.mayHave(p.call.Pickup) || !p.call.Reaches(s.stand.shift, at) ||
		len(s.stand.calls) >= MaxCalls ||
		slices.Contains(s.stand.calls, p.call.ID) {
		return nil
	}
	s.stand.calls = append(s.stand.calls, p.call.ID)
	return callPB(p.call, p.ride, geo.DistanceM(at, p.call.Pickup))
}

// hideCall notes that a call is gone from the phone, and reports whether it was there.
func (s *session) hideCall(id dispatch.CallID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.stand.calls, id)
	if i < 0 {
		return false
	}
	if len(s.stand.calls) == MaxCalls {
		s.stand.wasFree = false // there is room for others
	}
	s.stand.calls = slices.Delete(s.stand.calls, i, i+1)
	return true
}

// becameFree reports whether the driver can take a ride since the last turn. The caller holds s.mu.
func (s *session) becameFree() bool {
	was, is := s.stand.wasFree, s.free()
	s.stand.wasFree = is
	if !is {
		s.stand.calls = nil // a phone with a ride shows none
	}
	return is && !was
}

// showCalls shows the open calls around a driver who has become free.
func (s *session) showCalls() {
	s.mu.Lock()
	at := s.stand.city
	s.mu.Unlock()
	if at == nil {
		return
	}
	for _, c := range at.board.open() {
		s.hearOf(at, c)
	}
}

// callsAround are the open calls around the taxi, for a snapshot. On a stream, which is told of
// their ends, they count as shown.
func (s *session) callsAround() []*driverpb.Call {
	s.mu.Lock()
	at := s.stand.city
	if s.stream != nil {
		s.stand.calls = nil
	}
	s.mu.Unlock()
	if at == nil {
		return nil
	}
	if s.stream == nil {
		return at.board.look(s)
	}
	var list []*driverpb.Call
	for _, c := range at.board.open() {
		if msg := at.board.show(c.ID, s); msg != nil {
			list = append(list, msg)
		}
	}
	return list
}

func callPB(c dispatch.Call, r dispatch.Ride, distanceM float64) *driverpb.Call {
	return &driverpb.Call{
		CallId:       string(c.ID),
		RideId:       string(c.Ride),
		Pickup:       wire.PlacePB(r.Pickup),
		Dropoff:      wire.PlacePB(r.Dropoff),
		PickupMeters: int32(min(distanceM, 1<<30)),
		Quote:        wire.QuotePB(r.Quote),
		TipFen:       int64(r.Tip),
		Seats:        int32(min(r.Seats, dispatch.MaxSeats)), //nolint:gosec // G115: at most 8
		Taxis:        int32(min(c.Taxis, 1<<30)),             //nolint:gosec // G115: at most 1<<30
		ExpiresAt:    wire.TimePB(c.ExpiresAt),
		Voice:        wire.VoicePB(r.Voice),
		Search:       int32(min(c.Search, 1<<30)), //nolint:gosec // G115: at most 1<<30
	}
}
