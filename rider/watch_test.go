package rider_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/rider"
	"hexhail/wire"
)

// eye is one watch, with what it must be true of all of them.
type eye struct {
	w       *town
	stream  grpc.ServerStreamingClient[riderpb.WatchRideResponse]
	seq     int64
	version int32
	tip     int64 // suggested
	waits   typepb.WaitsFor
}

func (w *town) open(a app, ride string) *eye {
	w.t.Helper()
	stream, err := a.WatchRide(a.ctx, &riderpb.WatchRideRequest{RideId: ride})
	w.ok(err)
	return &eye{w: w, stream: stream}
}

// next is the next message.
func (e *eye) next() (*riderpb.WatchRideResponse, error) {
	e.w.t.Helper()
	m, err := e.stream.Recv()
	if err != nil {
		return nil, err
	}
	if e.seq++; m.GetSeq() != e.seq {
		e.w.t.Fatalf("seq %d, want %d", m.GetSeq(), e.seq)
	}
	if r := m.GetRide(); r != nil {
		if tip := r.GetSuggestedTipFen(); r.GetVersion() < e.version ||
			r.GetVersion() == e.version && tip == e.tip && r.GetWaitsFor() == e.waits {
			e.w.t.Fatalf("version %d after %d, suggested tip %d", r.GetVersion(), e.version, tip)
		}
		e.version, e.tip, e.waits = r.GetVersion(), r.GetSuggestedTipFen(), r.GetWaitsFor()
	} else if e.version == 0 {
		e.w.t.Fatalf("the first message is no ride: %v", m)
	}
	e.w.secrets(m)
	return m, nil
}

// sees reads on to a ride in a state, passing heartbeats only.
func (e *eye) sees(state dispatch.State) *typepb.Ride {
	e.w.t.Helper()
	for {
		m, err := e.next()
		e.w.ok(err)
		if m.GetHeartbeat() != nil {
			continue
		}
		if got := m.GetRide().GetState(); got != wire.StatePB(state) {
			e.w.t.Fatalf("saw %v, want a ride that is %s", m, state)
		}
		return m.GetRide()
	}
}

// seesTaxi reads a position.
func (e *eye) seesTaxi(at geo.Point) {
	e.w.t.Helper()
	m, err := e.next()
	e.w.ok(err)
	p := m.GetTaxi().GetPoint()
	if geo.DistanceM(at, geo.Point{Lat: p.GetLat(), Lng: p.GetLng()}) > 0.1 ||
		p.GetDatum() != typepb.Datum_DATUM_WGS84 || m.GetTaxi().GetHeadingDeg() != 90 ||
		!m.GetTaxi().GetAt().AsTime().Equal(e.w.now()) {
		e.w.t.Fatalf("saw %v, want the taxi at %v", m, at)
	}
}

func (e *eye) ends(code codes.Code, reason dispatch.Reason) {
	e.w.t.Helper()
	_, err := e.next()
	if code == codes.OK {
		if !errors.Is(err, io.EOF) {
			e.w.t.Fatalf("got %v, want the end", err)
		}
		return
	}
	e.w.refused(err, code, reason)
}

// TestWatchToSettled sees every state of a ride, the card from claim to end, and the taxi while it
// is at the ride and no longer.
func TestWatchToSettled(t *testing.T) {
	w := newTown(t)
	w.server.SetMachine(w.now)
	w.server.SetBeat(time.Hour)
	a := w.app("1")
	w.taxi("A", w.at(100, 0))
	ride := w.ask(a).GetRideId()
	id := dispatch.RideID(ride)
	e := w.open(a, ride)
	if r := e.sees(dispatch.Searching); r.GetCard() != nil || r.GetQuote() == nil {
		t.Errorf("%v", r)
	}
	w.position(id, w.at(90, 0)) // no claim yet: not to be seen
	w.claim("DA")
	w.isCard(e.sees(dispatch.Assigned).GetCard())
	for i := range 3 {
		w.pass(time.Second)
		w.position(id, w.at(float64(90-i), 0))
		e.seesTaxi(w.at(float64(90-i), 0))
	}
	w.drive("DA", id, w.desk.Arrive)
	w.isCard(e.sees(dispatch.Arrived).GetCard())
	w.drive("DA", id, w.desk.Start)
	w.isCard(e.sees(dispatch.OnTrip).GetCard())
	w.complete("DA", id, 17_00)
	r := e.sees(dispatch.Completed)
	w.isCard(r.GetCard())
	if r.GetFare().GetMeterFen() != 17_00 {
		t.Errorf("fare %v", r.GetFare())
	}
	w.pass(time.Minute)
	w.position(id, w.at(5000, 0)) // the driver's way home is the driver's
	_, err := a.PayRide(a.ctx,
		&riderpb.PayRideRequest{RequestId: "p", RideId: ride, Channel: "wallet"})
	w.ok(err)
	w.work()
	w.isCard(e.sees(dispatch.Settled).GetCard())
	e.ends(codes.OK, "")
	late := w.open(a, ride) // a snapshot is all there is of an ended ride
	w.isCard(late.sees(dispatch.Settled).GetCard())
	late.ends(codes.OK, "")
}

func TestWatchEnds(t *testing.T) {
	for _, c := range []struct {
		state dispatch.State
		end   func(w *town, a app, ride string)
	}{
		{dispatch.Cancelled, func(w *town, a app, ride string) {
			_, err := a.CancelRide(a.ctx,
				&riderpb.CancelRideRequest{RequestId: "c", RideId: ride})
			w.ok(err)
		}},
		{dispatch.Expired, func(w *town, _ app, _ string) {
			w.pass(w.city.PolicyAt(w.now()).Search() + time.Second)
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ok(w.engine.Due(w.t.Context(), w.now()))
		}},
		{dispatch.NoShow, func(w *town, _ app, ride string) {
			w.claim("DA")
			w.drive("DA", dispatch.RideID(ride), w.desk.Arrive)
			w.pass(time.Duration(w.city.PolicyAt(w.now()).NoShowS+1) * time.Second)
			w.drive("DA", dispatch.RideID(ride), w.desk.NoShow)
		}},
	} {
		t.Run(c.state.String(), func(t *testing.T) {
			w := newTown(t)
			a := w.app("1")
			w.taxi("A", w.at(0, 0))
			ride := w.ask(a).GetRideId()
			e := w.open(a, ride)
			e.sees(dispatch.Searching)
			c.end(w, a, ride)
			var last *typepb.Ride
			for {
				m, err := e.next()
				if errors.Is(err, io.EOF) {
					break
				}
				w.ok(err)
				if m.GetRide() != nil {
					last = m.GetRide()
				}
			}
			if last.GetState() != wire.StatePB(c.state) {
				t.Errorf("ended with %v", last)
			}
		})
	}
}

// TestDeafWatch hears nothing at all, and sees every state in the rows.
func TestDeafWatch(t *testing.T) {
	w := newTown(t)
	var ahead atomic.Int64 // of the machine's clock, in nanoseconds
	w.server.SetMachine(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	w.deaf.Store(true)
	a := w.app("1")
	w.taxi("A", w.at(0, 0))
	ride := w.ask(a).GetRideId()
	id := dispatch.RideID(ride)
	e := w.open(a, ride)
	e.sees(dispatch.Searching)
	turn := func() {
		ahead.Add(int64(5 * time.Second))
		w.server.Sweep()
	}
	heal := func(state dispatch.State) {
		t.Helper()
		turn()
		w.isCard(e.sees(state).GetCard())
	}
	w.claim("DA")
	w.isCard(e.sees(dispatch.Assigned).GetCard()) // by the server's own turn
	w.rows.broken.Store(true)                     // for a while even the rows cannot be read
	before := w.rows.rides.Load()
	w.drive("DA", id, w.desk.Arrive)
	for w.rows.rides.Load() == before {
		turn()
		// Its goroutine has to have its turn too, or it seems to be one that nobody reads.
		time.Sleep(100 * time.Millisecond)
	}
	w.rows.broken.Store(false)
	heal(dispatch.Arrived)
	w.drive("DA", id, w.desk.Start)
	heal(dispatch.OnTrip)
	w.complete("DA", id, 17_00)
	heal(dispatch.Completed)
	_, err := a.PayRide(a.ctx,
		&riderpb.PayRideRequest{RequestId: "p", RideId: ride, Channel: "wallet"})
	w.ok(err)
	w.work()
	heal(dispatch.Settled)
	e.ends(codes.OK, "")
}

// TestNothingFallsBetween: the ride changes between the reads and the subscription of a watch. The
// snapshot has it, and no hint is needed; or the hint has it, and the older snapshot is not told.
func TestNothingFallsBetween(t *testing.T) {
	for _, at := range []int64{1, 2} {
		w := newTown(t)
		a := w.app("1")
		w.taxi("A", w.at(0, 0))
		ride := w.ask(a).GetRideId()
		w.rows.rides.Store(0)
		claim := func(n int64) {
			if n == at {
				w.claim("DA")
			}
		}
		w.rows.after.Store(&claim)
		w.open(a, ride).sees(dispatch.Assigned)
	}
}

// TestStaleHintsAreNotTold: late, repeated and foreign hints change nothing.
func TestStaleHintsAreNotTold(t *testing.T) {
	w := newTown(t)
	a, b := w.app("1"), w.app("2")
	w.taxi("A", w.at(0, 0))
	ride := w.ask(a).GetRideId()
	id := dispatch.RideID(ride)
	searching, err := w.db.RiderRide(t.Context(), a.id, id)
	w.ok(err)
	e := w.open(a, ride)
	e.sees(dispatch.Searching)
	w.claim("DA")
	e.sees(dispatch.Assigned)
	assigned, err := w.db.RiderRide(t.Context(), a.id, id)
	w.ok(err)
	foreign := assigned
	foreign.Rider, foreign.Version = b.id, 99
	other := assigned
	other.ID, other.Version = "other", 99
	for _, r := range []dispatch.Ride{searching, assigned, foreign, other} {
		w.tell(id, rider.Update{Ride: &r})
	}
	w.tell(id, rider.Update{})
	// A position from before the claim is of the time in which the taxi was nobody's business.
	w.tell(id, rider.Update{Taxi: &geo.Fix{Point: w.at(1, 1), At: w.now().Add(-time.Second)}})
	w.drive("DA", id, w.desk.Arrive)
	e.sees(dispatch.Arrived)
}

// TestPositionsAreThrottled: one a second, in order, of the present taxi only.
func TestPositionsAreThrottled(t *testing.T) {
	w := newTown(t)
	w.server.SetMachine(w.now)
	w.server.SetBeat(time.Hour)
	a := w.app("1")
	w.taxi("A", w.at(0, 0))
	ride := w.ask(a).GetRideId()
	id := dispatch.RideID(ride)
	e := w.open(a, ride)
	e.sees(dispatch.Searching)
	w.claim("DA")
	e.sees(dispatch.Assigned)
	start := w.now()
	const seconds, perSecond = 50, 10
	told := 0
	for i := range seconds * perSecond {
		at := w.at(float64(i), 0)
		w.position(id, at)
		w.tell(id, rider.Update{Taxi: &geo.Fix{Point: w.at(0, 0), At: start}}) // out of order
		// It may come 0.2 s early, and the one after it comes none the sooner for that.
		if i == 0 || i%perSecond == 8 {
			e.seesTaxi(at)
			told++
		}
		w.pass(time.Second / perSecond)
	}
	if told != seconds+1 { // both ends of 49.8 s
		t.Errorf("%d positions in %d s", told, seconds)
	}
	w.drive("DA", id, w.desk.Release) // the ride searches again, without this driver
	w.position(id, w.at(0, 0))
	if r := e.sees(dispatch.Searching); r.GetCard() != nil {
		t.Errorf("%v", r)
	}
	w.taxi("B", w.at(0, 0))
	w.claim("DB")
	e.sees(dispatch.Assigned)
	w.position(id, w.at(7, 7))
	e.seesTaxi(w.at(7, 7))
}

func TestHeartbeats(t *testing.T) {
	w := newTown(t)
	w.server.SetBeat(time.Millisecond)
	a := w.app("1")
	e := w.open(a, w.ask(a).GetRideId())
	e.sees(dispatch.Searching)
	for range 3 {
		m, err := e.next()
		w.ok(err)
		if !m.GetHeartbeat().GetAt().AsTime().Equal(w.now()) {
			t.Fatalf("%v is no heartbeat", m)
		}
	}
}

// TestSlowReader does not read; the other watch of the same ride goes on undisturbed.
func TestSlowReader(t *testing.T) {
	w := newTown(t)
	w.server.SetBeat(300 * time.Millisecond)
	a := w.app("1")
	ride := w.ask(a).GetRideId()
	slow, quick := w.open(a, ride), w.open(a, ride)
	slow.sees(dispatch.Searching)
	quick.sees(dispatch.Searching)
	r, err := w.db.RiderRide(t.Context(), a.id, dispatch.RideID(ride))
	w.ok(err)
	r.Pickup.Note = strings.Repeat("n", dispatch.MaxNoteBytes)
	r.Dropoff.Note = r.Pickup.Note
	const versions = 1000 // of 1.3 KB each: windows and buffers hold a tenth of that
	for range versions {
		r.Version++
		told := r
		w.tell(r.ID, rider.Update{Ride: &told})
		for int(quick.version) < r.Version {
			_, err := quick.next()
			w.ok(err)
		}
	}
	for w.watching.Load() > 1 { // until the hub has seen two heartbeats stay behind
		_, err := quick.next()
		w.ok(err)
	}
	read := 0
	for err = nil; err == nil; read++ {
		_, err = slow.next()
	}
	w.refused(err, codes.ResourceExhausted, wire.ReasonSlowReader)
	if read > versions/2 {
		t.Errorf("%d messages were kept for who does not read", read)
	}
	w.ok(quick.stream.Context().Err())
	again := w.open(a, ride) // watching anew heals
	again.sees(dispatch.Searching)
}

// TestBugInAWatch ends that watch only, and says nothing of itself.
func TestBugInAWatch(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	ride := w.ask(a).GetRideId()
	w.rows.rides.Store(0)
	bug := func(n int64) {
		if n == 3 { // the first two make the snapshot
			panic("a bug")
		}
	}
	w.rows.after.Store(&bug)
	e := w.open(a, ride)
	e.sees(dispatch.Searching)
	w.pass(5 * time.Second)
	_, err := e.next()
	w.refused(err, codes.Internal, wire.ReasonInternal)
	if strings.Contains(err.Error(), "bug") {
		t.Errorf("told: %v", err)
	}
	w.open(a, ride).sees(dispatch.Searching)
}

func TestThreeWatches(t *testing.T) {
	w := newTown(t)
	a, b := w.app("1"), w.app("2")
	ride := w.ask(a).GetRideId()
	ctx, leave := context.WithCancel(a.ctx)
	leaving := a
	leaving.ctx = ctx
	w.open(leaving, ride).sees(dispatch.Searching)
	for range rider.MaxWatches - 1 {
		w.open(a, ride).sees(dispatch.Searching)
	}
	w.open(a, ride).ends(codes.ResourceExhausted, wire.ReasonRateLimited)
	w.open(b, w.ask(b).GetRideId()).sees(dispatch.Searching)
	leave()
	for w.watching.Load() > rider.MaxWatches {
		time.Sleep(time.Millisecond) // until the server knows
	}
	w.open(a, ride).sees(dispatch.Searching)
}

// TestDrain ends the watches and lets calls go on.
func TestDrain(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	ride := w.ask(a).GetRideId()
	e := w.open(a, ride)
	e.sees(dispatch.Searching)
	w.ok(w.server.Drain(t.Context()))
	e.ends(codes.Unavailable, wire.ReasonDraining)
	w.open(a, ride).ends(codes.Unavailable, wire.ReasonDraining)
	_, err := a.GetRide(a.ctx, &riderpb.GetRideRequest{RideId: ride})
	w.ok(err)
	if n := w.watching.Load(); n != 0 {
		t.Errorf("%d watches after the drain", n)
	}
}

// TestWatcherGone: a phone that goes away leaves nothing behind.
func TestWatcherGone(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	ride := w.ask(a).GetRideId()
	ctx, leave := context.WithCancel(a.ctx)
	stream, err := a.WatchRide(ctx, &riderpb.WatchRideRequest{RideId: ride})
	w.ok(err)
	_, err = stream.Recv()
	w.ok(err)
	leave()
	if _, err := stream.Recv(); status.Code(err) != codes.Canceled {
		t.Errorf("%v", err)
	}
	for w.watching.Load() != 0 {
		time.Sleep(time.Millisecond) // until the server knows
	}
	w.hearing.Lock()
	defer w.hearing.Unlock()
	if len(w.ears) != 0 {
		t.Errorf("%d subscriptions are left", len(w.ears))
	}
}
