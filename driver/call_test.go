package driver

import (
	"testing"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
)

// newCallTown is a town that calls, within 2,000 m.
func newCallTown(t *testing.T, drivers int) *town {
	t.Helper()
	w := newRows(t)
	w.city = w.city.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.Mode, p.CallS, p.CallStartM, p.CallMaxM = dispatch.Grab, 120, 2000, 2000
		return p
	})
	w.desk.Cities = dispatch.Cities{w.city.ID: w.city}
	w.openBus()
	w.startEngine()
	w.startServer()
	w.enrol(drivers)
	return w
}

// free puts a driver on duty at a place. The engine knows the shift before it gets the fix: it
// would leave out that of a taxi that nobody drives, and these phones send no other.
func (p *phone) free(at geo.Point) {
	p.t.Helper()
	onDuty := func() int { n := p.w.loop.Counts(); return n.Idle + n.Busy }
	before := onDuty()
	p.onDuty()
	eventually(p.t, "the engine knows the shift", func() bool { return onDuty() > before })
	p.drive(at)
	eventually(p.t, "the engine knows the place", func() bool {
		near, err := p.w.loop.Nearby(p.w.ctx, at)
		return err == nil && len(near.Taxis) > 0 && near.Taxis[0].Taxi == p.taxi
	})
}

func (p *phone) called(ride dispatch.RideID) *driverpb.Call {
	p.t.Helper()
	return await(p, "call", (*driverpb.DriveResponse).GetCall,
		func(c *driverpb.Call) bool { return c.GetRideId() == string(ride) })
}

func grab(id string) *driverpb.Command {
	return &driverpb.Command{Action: &driverpb.Command_Grab{
		Grab: &driverpb.CallAnswer{CallId: id},
	}}
}

// TestCall: all around are told, the first has the ride, the others are told that it is gone, and
// who is late gets a plain answer.
func TestCall(t *testing.T) {
	w := newCallTown(t, 3)
	a, b, far := w.phone(0), w.phone(1), w.phone(2)
	a.free(w.at(0, 0))
	b.free(w.at(500, 0))
	far.free(w.at(9000, 0))
	ride := w.ask("R1", w.at(300, 0))
	call := a.called(ride)
	b.called(ride)
	if call.GetPickup().GetName() != "北京站" || call.GetTipFen() != 500 || call.GetSeats() != 1 ||
		call.GetPickupMeters() < 295 || call.GetPickupMeters() > 305 || call.GetTaxis() != 2 ||
		!call.GetExpiresAt().AsTime().After(w.clock.Now()) {
		t.Errorf("call %v", call)
	}
	got := b.do(grab(call.GetCallId())).GetRide()
	if got.GetState() != typepb.RideState_RIDE_STATE_ASSIGNED || got.GetContact() == nil {
		t.Errorf("grabbed: %v", got)
	}
	end := await(a, "the call's end", (*driverpb.DriveResponse).GetCallEnded, nil)
	if end.GetCallId() != call.GetCallId() || end.GetState() != "grabbed" {
		t.Errorf("%v", end)
	}
	if e := a.give(grab(call.GetCallId())).GetError(); e.GetReason() != "CALL_GONE" {
		t.Errorf("too late: %v", e)
	}
	if e := far.give(grab(call.GetCallId())).GetError(); e.GetReason() != "CALL_GONE" {
		t.Errorf("far away: %v", e)
	}
	for _, p := range []*phone{far, b} {
		if n := count(p, (*driverpb.DriveResponse).GetCallEnded, nil); n > 0 {
			t.Errorf("%s was told of the end", p.driver)
		}
	}
	client := driverpb.NewDriverServiceClient(a.conn)
	next := w.ask("R2", w.at(300, 0))
	a.called(next)
	seen, err := client.GetSnapshot(w.as(a.driver), &driverpb.GetSnapshotRequest{})
	check(t, err)
	if calls := seen.GetSnapshot().GetCalls(); len(calls) != 1 ||
		calls[0].GetRideId() != string(next) {
		t.Errorf("without a stream: %v", seen)
	}
	if n := count(far, (*driverpb.DriveResponse).GetCall, nil); n > 0 {
		t.Errorf("who is far was called")
	}
}

// TestCallFindsWhoComesFree: a driver who comes on duty, becomes free or connects while a call is
// open sees it.
func TestCallFindsWhoComesFree(t *testing.T) {
	w := newCallTown(t, 3)
	busy, off := w.phone(0), w.phone(1)
	busy.free(w.at(100, 0))
	street := busy.do(&driverpb.Command{Action: &driverpb.Command_Occupied{
		Occupied: &driverpb.StreetRide{},
	}}).GetRide()
	ride := w.ask("R1", w.at(0, 0))
	off.free(w.at(200, 0))
	call := off.called(ride)
	busy.do(atRide("completed", street.GetRideId()))
	if again := busy.called(ride); again.GetCallId() != call.GetCallId() {
		t.Errorf("%v", again)
	}
	late := w.phone(2)
	late.free(w.at(300, 0))
	late.called(ride)
	// A new stream knows where the taxi is if it has met the old one; otherwise with the next fix.
	snapshot := late.again()
	late.drive(w.at(301, 0))
	if len(snapshot.GetCalls()) == 0 {
		late.called(ride)
	} else if snapshot.GetCalls()[0].GetCallId() != call.GetCallId() {
		t.Errorf("snapshot %v", snapshot)
	}
	late.do(grab(call.GetCallId()))
}

// TestCallsWithoutTheBus: what is lost on the bus is read from the rows.
func TestCallsWithoutTheBus(t *testing.T) {
	w := newCallTown(t, 2)
	w.hints.deaf.Store(true)
	p, other := w.phone(0), w.phone(1)
	p.free(w.at(0, 0))
	other.free(w.at(10, 0))
	ride := w.ask("R1", w.at(300, 0))
	call := p.called(ride)
	other.called(ride)
	other.do(grab(call.GetCallId()))
	await(p, "the call's end", (*driverpb.DriveResponse).GetCallEnded, nil)
}

// TestCallsAtOnce: a phone shows ten calls, and the eleventh when one of them has ended.
func TestCallsAtOnce(t *testing.T) {
	w := newCallTown(t, 1)
	p := w.phone(0)
	p.free(w.at(0, 0))
	rides := map[string]bool{}
	for i := range MaxCalls + 1 {
		rides[string(w.ask(dispatch.RiderID("R"+string(rune('a'+i))), w.at(300, 0)))] = true
	}
	calls := func() int { return count(p, (*driverpb.DriveResponse).GetCall, nil) }
	eventually(t, "ten calls", func() bool { return calls() == MaxCalls })
	first := await(p, "a call", (*driverpb.DriveResponse).GetCall, nil)
	_, err := w.desk.Cancel(w.ctx, w.clock.Now(), w.key("rider:"+riderOf(w, first)),
		dispatch.CancelRide{
			Ride: dispatch.RideID(first.GetRideId()), Rider: dispatch.RiderID(riderOf(w, first)),
		})
	check(t, err)
	eventually(t, "the eleventh", func() bool { return calls() == MaxCalls+1 })
}

func riderOf(w *town, c *driverpb.Call) (rider string) {
	w.t.Helper()
	check(w.t, w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		r, err := tx.Ride(dispatch.RideID(c.GetRideId()))
		rider = string(r.Rider)
		return err
	}))
	return rider
}
