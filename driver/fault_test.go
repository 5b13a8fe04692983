package driver

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// frail is rows that fail, or break, when they are told to.
type frail struct {
	Reads
	dispatch.Traces
	fails, breaks atomic.Int32 // the next so many reads of an offer, and writes of a trace
}

func (f *frail) DriverOffer(
	ctx context.Context, driver dispatch.DriverID, id dispatch.OfferID,
) (dispatch.Offer, dispatch.Ride, error) {
	if f.breaks.Add(-1) >= 0 {
		panic("a bug")
	}
	if f.fails.Add(-1) >= 0 {
		return dispatch.Offer{}, dispatch.Ride{}, errors.New("no connection")
	}
	return f.Reads.DriverOffer(ctx, driver, id)
}

func (f *frail) AppendTrace(ctx context.Context, ride dispatch.RideID, fixes []geo.Fix) error {
	if f.fails.Add(-1) >= 0 {
		return errors.New("no connection")
	}
	return f.Traces.AppendTrace(ctx, ride, fixes)
}

func (f *frail) AppendTraces(ctx context.Context, batches []dispatch.TraceBatch) error {
	if f.fails.Add(-1) >= 0 {
		return errors.New("no connection")
	}
	return f.Traces.AppendTraces(ctx, batches)
}

// TestReadFails: an offer that cannot be read when its hint comes is in the snapshot that follows.
func TestReadFails(t *testing.T) {
	rows := &frail{}
	w := newTown(t, func(c *Config) { rows.Reads, c.Reads = c.Reads, rows })
	w.enrol(1)
	p := w.phone(0)
	p.onDuty()
	p.drive(w.at(0, 0))
	eventually(t, "the fix is in the index", func() bool { return w.loop.Counts().Idle > 0 })
	rows.fails.Store(1)
	ride := w.ask("R1", w.at(100, 0))
	s := await(p, "snapshot with the offer", (*driverpb.DriveResponse).GetSnapshot,
		func(s *driverpb.Snapshot) bool { return s.GetOffer().GetRideId() == string(ride) })
	p.do(accept(s.GetOffer().GetOfferId()))
	w.ears.mu.Lock()
	defer w.ears.mu.Unlock()
	if w.ears.dropped["read"] != 1 {
		t.Errorf("dropped %v", w.ears.dropped)
	}
}

// TestTraceIsKept: fixes that cannot be written are written later, in order.
func TestTraceIsKept(t *testing.T) {
	rows := &frail{}
	w := newTown(t, func(c *Config) { rows.Traces, c.Traces = c.Traces, rows })
	w.enrol(1)
	p := w.phone(0)
	ride, offer := w.toOffer(p)
	p.do(accept(offer.GetOfferId()))
	p.do(atRide("arrived", string(ride)))
	p.do(atRide("started", string(ride)))
	rows.fails.Store(2)
	const n = 3 * traceBatch
	for range n / MaxFixes {
		now := w.clock.Now()
		batch := make([]*typepb.Fix, MaxFixes)
		for j := range batch {
			batch[j] = fixPB(w.at(150, 0), now.Add(time.Duration(j-MaxFixes)*time.Millisecond))
		}
		p.send(fixes(batch...))
		eventually(t, "time passes", func() bool {
			return w.clock.Now().Sub(now) > MaxFixes*time.Millisecond
		})
	}
	p.do(atRide("completed", string(ride)))
	trace, err := w.db.Trace(w.ctx, ride)
	check(t, err)
	if len(trace) != n/MaxFixes*MaxFixes {
		t.Errorf("%d fixes in the trace, want %d; dropped %v", len(trace), n, w.ears.dropped)
	}
	if rows.fails.Load() >= 0 {
		t.Error("nothing has failed")
	}
}

// TestBugEndsOneSession: a panic while an offer is read ends that session, and no other.
func TestBugEndsOneSession(t *testing.T) {
	rows := &frail{}
	w := newTown(t, func(c *Config) { rows.Reads, c.Reads = c.Reads, rows })
	w.enrol(2)
	p, other := w.phone(0), w.phone(1)
	rows.breaks.Store(1)
	w.server.book.get(p.driver).notice(dispatch.Notice{
		Driver: p.driver, Offer: &dispatch.Offer{
			ID: "O1", City: w.city.ID, Driver: p.driver, State: dispatch.OfferOpen,
		},
	})
	p.endsWith(codes.Internal, wire.ReasonInternal)
	other.onDuty()
	p.connect()
	p.hello()
}

func TestAside(t *testing.T) {
	want := errors.New("as it is")
	if err := aside(func() error { return want }); !errors.Is(err, want) {
		t.Errorf("%v", err)
	}
	defer func() {
		if bug, _ := recover().(string); !strings.HasPrefix(bug, "a bug\n") ||
			!strings.Contains(bug, "TestAside") {
			t.Errorf("recovered %q", bug)
		}
	}()
	_ = aside(func() error { panic("a bug") })
	t.Error("the panic is lost")
}

// TestRideTakenAway: a ride that is searched for anew, which the phone did not hear, is found by
// reading rows; nothing of it is shown but that it is gone.
func TestRideTakenAway(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	p := w.phone(0)
	ride, offer := w.toOffer(p)
	p.do(accept(offer.GetOfferId()))
	w.hints.deaf.Store(true)
	_, err := w.desk.Release(w.ctx, w.clock.Now(), w.key("driver:D0"),
		dispatch.DriveRide{Ride: ride, Driver: p.driver})
	check(t, err)
	gone := await(p, "ride", (*driverpb.DriveResponse).GetRide, nil)
	if gone.GetRideId() != string(ride) || gone.GetPickup() != nil || gone.GetContact() != nil ||
		gone.GetState() != typepb.RideState_RIDE_STATE_SEARCHING {
		t.Errorf("%v", gone)
	}
	p.drive(w.at(130, 0))
	eventually(t, "the fix", func() bool { return w.ears.taken() == 2 })
	if n := len(w.tap.watched(ride)); n != 0 {
		t.Errorf("%d positions of a ride that is not the driver's any more", n)
	}
}

// TestLongBlind: after a long time without reading rows every phone gets a snapshot.
func TestLongBlind(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	v := w.still()
	p := w.phone(0)
	p.onDuty()
	c := v.cities[w.city.ID]
	c.polledAt = w.clock.Now().Add(-2 * pollBack * townRate)
	v.pollDue(w.ctx)
	v.walk()
	eventually(t, "another snapshot", func() bool {
		return count(p, (*driverpb.DriveResponse).GetSnapshot, nil) == 2
	})
	if w.clock.Now().Sub(c.polledAt) > time.Minute {
		t.Errorf("polled at %s", c.polledAt)
	}
}

// TestFullQueue: what may be lost goes first, the oldest of it; what may not is refused.
func TestFullQueue(t *testing.T) {
	var q queue
	late := func(context.Context) (*driverpb.DriveResponse, error) { return nil, nil }
	for i := range MaxQueue {
		if dropped, ok := q.add(item{late: late, drop: i == 3 || i == 5}); dropped || !ok {
			t.Fatal(i)
		}
	}
	for _, want := range []struct{ drop, dropped, ok bool }{
		{false, true, true},
		{true, true, true},
		{true, true, true},
		{false, true, true},
		{true, true, true},
		{false, false, false},
	} {
		if dropped, ok := q.add(item{late: late, drop: want.drop}); dropped != want.dropped ||
			ok != want.ok {
			t.Errorf("%+v: %v %v", want, dropped, ok)
		}
		if len(q.items) != MaxQueue {
			t.Errorf("%d items", len(q.items))
		}
	}
}
