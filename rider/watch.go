package rider

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/wire"
)

// positionEvery is the time between two positions of a taxi, machine time: a fast clock sends no
// more. positionSlack is by how much one may come too early, so that a phone that reports each
// second does not lose every other one.
const (
	positionEvery = time.Second
	positionSlack = 200 * time.Millisecond
)

// stream is where a watch sends to.
type stream = grpc.ServerStreamingServer[riderpb.WatchRideResponse]

// WatchRide implements [riderpb.RiderServiceServer].
func (s *Server) WatchRide(req *riderpb.WatchRideRequest, to stream) error {
	ctx := to.Context()
	rider, err := riderOf(ctx)
	if err != nil {
		return err
	}
	if err := wire.Validate(req); err != nil {
		return fail(err)
	}
	// The first read says whether the ride is the rider's. The second comes after the
	// subscription, so that no change falls between the two.
	r, err := s.reads.RiderRide(ctx, rider, dispatch.RideID(req.GetRideId()))
	if err != nil {
		return fail(err)
	}
	w := &watch{server: s, to: to, rider: rider, ride: r.ID, over: make(chan struct{})}
	if err := s.hub.begin(w); err != nil {
		return fail(err)
	}
	defer s.hub.end(w)
	defer w.finish(nil)
	stop, err := s.watch.Watch(r.Brief(), w.hear)
	if err != nil {
		return fail(err)
	}
	defer stop()
	if r, err = s.reads.RiderRide(ctx, rider, r.ID); err != nil {
		return fail(err)
	}
	w.hear(Update{Ride: &r})
	select {
	case <-w.over:
	case <-ctx.Done():
		w.finish(ctx.Err())
	}
	return fail(w.why)
}

// watch is one open WatchRide. What it hears goes into its queue; a pump sends while there is
// something in it.
type watch struct {
	server *Server
	to     stream
	rider  dispatch.RiderID
	ride   dispatch.RideID
	place  place // in the hub's rounds

	mu      sync.Mutex
	queue   queue
	reread  bool // the row is to be read
	beat    bool // a heartbeat is to be sent
	pumping bool
	sending bool // the pump is inside Send
	ended   bool
	why     error         // it ended; nil after an end of the ride
	over    chan struct{} // closed when it has ended

	// The newest ride that it heard of.
	version   int
	state     dispatch.State
	claimedAt time.Time
	told      byTime // that it was last told of
	// The last position that it took, and when the next may come.
	taxiAt time.Time
	taxiBy time.Time // machine time

	seq int64 // of the last message; the pump's
}

// hear takes what the bus or a row tells. It does not block.
func (w *watch) hear(u Update) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if u.Ride != nil {
		w.hearRide(*u.Ride)
	}
	if u.Taxi != nil {
		w.hearTaxi(*u.Taxi)
	}
	w.pump()
}

// byTime is what of a ride changes by time alone, under the same version.
type byTime struct {
	suggested money.Fen      // tip
	stage     dispatch.Stage // for whom it is held
}

// hearRide takes a newer version of the ride, or what time alone has changed.
func (w *watch) hearRide(r dispatch.Ride) {
	if r.ID != w.ride || r.Rider != w.rider || r.Version < w.version {
		return
	}
	now := byTime{w.server.suggestedTip(r), r.StageAt(w.server.now())}
	if r.Version == w.version && now == w.told {
		return
	}
	w.told = now
	w.version, w.state, w.claimedAt = r.Version, r.State, r.ClaimedAt
	if !r.State.Active() { // the taxi is the driver's own again
		w.queue.dropTaxis()
		w.taxiAt, w.taxiBy = time.Time{}, time.Time{}
	}
	w.queue.push(item{ride: &r})
}

// hearTaxi takes a position, if a taxi is at the ride, it was there when it claimed the ride or
// later, and it is time for one.
func (w *watch) hearTaxi(f geo.Fix) {
	now := w.server.machine()
	if !w.state.Active() || !f.At.After(w.taxiAt) || f.At.Before(w.claimedAt) ||
		now.Before(w.taxiBy.Add(-positionSlack)) {
		return
	}
	w.taxiAt = f.At
	if w.taxiBy.Before(now) {
		w.taxiBy = now
	}
	w.taxiBy = w.taxiBy.Add(positionEvery)
	w.queue.push(item{taxi: &f})
}

// wantRow has the row read again.
func (w *watch) wantRow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reread = true
	w.pump()
}

// wantBeat has a heartbeat sent. Who has not even taken the one before reads too slowly.
func (w *watch) wantBeat() {
	w.mu.Lock()
	slow := w.beat && w.sending
	w.beat = true
	w.pump()
	w.mu.Unlock()
	if slow {
		w.finish(slowReader())
	}
}

// finish ends the watch; the first who does says why.
func (w *watch) finish(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	w.ended, w.why = true, why
	close(w.over)
}

// pump begins to send if there is something to send and nobody does; w.mu is held. A pump that
// waits for a slow reader in Send is woken by the end of the handler.
func (w *watch) pump() {
	if w.pumping || w.ended || !w.ready() {
		return
	}
	w.pumping = true
	w.server.hub.pumps.Go(w.run)
}

// ready reports whether there is something to do; w.mu is held. Nothing goes out before the first
// ride.
func (w *watch) ready() bool { return len(w.queue) > 0 || w.reread || w.beat && w.version > 0 }

// run sends until the queue is empty or the watch has ended.
func (w *watch) run() {
	defer w.rescue()
	for {
		w.mu.Lock()
		if w.ended || !w.ready() {
			w.pumping = false
			w.mu.Unlock()
			return
		}
		do := w.next()
		w.mu.Unlock()
		if err := do(); err != nil {
			w.finish(err)
		}
	}
}

// rescue ends the watch after a bug in its pump, which no interceptor sees, and spares the others.
func (w *watch) rescue() {
	if bug := recover(); bug != nil {
		w.server.log.Error("a watch has panicked", "panic", bug, "stack", string(debug.Stack()))
		w.finish(fmt.Errorf("rider: a watch has panicked: %v", bug))
	}
}

// next is what to do next; w.mu is held.
func (w *watch) next() func() error {
	switch {
	case w.reread:
		w.reread = false
		return w.readRow
	case w.beat && w.seq > 0:
		return w.sendBeat
	default:
		it := w.queue.pop()
		if it.ride != nil {
			return func() error { return w.sendRide(*it.ride) }
		}
		return func() error { return w.sendTaxi(*it.taxi) }
	}
}

// readRow hears what the row says. A read that fails is tried again with the next round.
func (w *watch) readRow() error {
	ctx := w.to.Context()
	r, err := w.server.reads.RiderRide(ctx, w.rider, w.ride)
	if dispatch.KindOf(err) == dispatch.NotFound {
		return err
	}
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			w.server.log.WarnContext(ctx, "a watch could not read its row", "error", err)
		}
		return nil
	}
	w.hear(Update{Ride: &r})
	return nil
}

func (w *watch) sendRide(r dispatch.Ride) error {
	pb, err := w.server.show(w.to.Context(), r)
	if err != nil {
		return err
	}
	err = w.send(&riderpb.WatchRideResponse{Update: &riderpb.WatchRideResponse_Ride{Ride: pb}})
	if err == nil && r.State.Terminal() {
		w.finish(nil)
	}
	return err
}

func (w *watch) sendTaxi(f geo.Fix) error {
	return w.send(&riderpb.WatchRideResponse{Update: &riderpb.WatchRideResponse_Taxi{
		Taxi: &riderpb.TaxiPosition{
			Point: wire.PointPB(f.Point), HeadingDeg: f.HeadingDeg, At: wire.TimePB(f.At),
		},
	}})
}

// sendBeat sends a heartbeat, which is owed until it has left.
func (w *watch) sendBeat() error {
	at := wire.TimePB(w.server.now())
	err := w.send(&riderpb.WatchRideResponse{Update: &riderpb.WatchRideResponse_Heartbeat{
		Heartbeat: &riderpb.Heartbeat{At: at},
	}})
	w.mu.Lock()
	w.beat = false
	w.mu.Unlock()
	return err
}

func (w *watch) send(m *riderpb.WatchRideResponse) error {
	w.setSending(true)
	defer w.setSending(false)
	w.seq++
	m.Seq = w.seq
	return w.to.Send(m)
}

func (w *watch) setSending(is bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sending = is
}
