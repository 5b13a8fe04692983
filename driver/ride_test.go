package driver

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
)

// toOffer puts driver i on duty and has a rider ask nearby.
func (w *town) toOffer(p *phone) (dispatch.RideID, *driverpb.Offer) {
	w.t.Helper()
	p.free(w.at(100, 0))
	ride := w.ask("R1", w.at(300, 0))
	return ride, p.offered(ride)
}

func TestWholeRide(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	p := w.newPhone(0)
	p.connect()
	if s := p.hello(); s.GetShift() != nil || s.GetOffer() != nil || s.GetRide() != nil {
		t.Fatalf("snapshot before the first shift: %v", s)
	}
	ride, offer := w.toOffer(p)
	if offer.GetPickup().GetName() != "北京站" || offer.GetTipFen() != 500 || offer.GetSeats() != 1 ||
		offer.GetQuote().GetHighFen() != 3000 || offer.GetPickupTime().AsDuration() <= 0 ||
		!offer.GetExpiresAt().AsTime().After(w.clock.Now()) {
		t.Errorf("offer %v", offer)
	}
	p.ack(offer.GetOfferId())
	got := p.do(accept(offer.GetOfferId())).GetRide()
	if got.GetState() != typepb.RideState_RIDE_STATE_ASSIGNED || got.GetVersion() != 2 ||
		got.GetContact().GetName() != "Wang" || got.GetContact().GetMaskedPhone() != "138****5678" {
		t.Fatalf("accepted: %v", got)
	}
	if o := w.offer(offer.GetOfferId()); o.DeliveredAt.IsZero() {
		t.Error("the acknowledgement is not in the row")
	}
	p.drive(w.at(200, 0))
	p.do(atRide("arrived", string(ride)))
	p.do(atRide("started", string(ride)))
	const steps = 20
	for i := range steps {
		now := w.clock.Now().Add(time.Duration(i) * time.Millisecond)
		p.send(fixes(fixPB(w.at(300+float64(i)*50, 0), now)))
	}
	done := p.do(atRide("completed", string(ride))).GetRide()
	if done.GetState() != typepb.RideState_RIDE_STATE_COMPLETED ||
		done.GetFare().GetMeterFen() != 1500 || done.GetContact() != nil {
		t.Fatalf("completed: %v", done)
	}
	trace, err := w.db.Trace(w.ctx, ride)
	check(t, err)
	if len(trace) != steps {
		t.Errorf("%d fixes in the trace when the meter was checked, want %d", len(trace), steps)
	}
	if n := len(w.tap.watched(ride)); n == 0 || n > steps {
		t.Errorf("%d positions for the rider", n)
	}
	end := p.do(atRide("cash", string(ride))).GetRide()
	if end.GetState() != typepb.RideState_RIDE_STATE_SETTLED {
		t.Errorf("paid by hand: %v", end)
	}
	if n := count(p, (*driverpb.DriveResponse).GetRide, nil); n != 0 {
		t.Errorf("%d changes were told beside the results: %v", n, p.all())
	}
	for i, msg := range p.all() {
		if msg.GetSeq() != int64(i)+1 {
			t.Errorf("message %d has seq %d", i+1, msg.GetSeq())
		}
	}
	w.earned(p)
}

// earned checks the unary reads after one ride of 15 yuan with 5 of tolls and 5 of tip, by hand.
func (w *town) earned(p *phone) {
	w.t.Helper()
	client := driverpb.NewDriverServiceClient(p.conn)
	sum, err := client.GetEarnings(w.as(p.driver), &driverpb.GetEarningsRequest{})
	check(w.t, err)
	if sum.GetRides() != 1 || sum.GetCashFen() != 20_00 || sum.GetFaresFen() != 0 ||
		money.Fen(sum.GetTipsFen()) != 5_00 {
		w.t.Errorf("earnings %v", sum)
	}
	list, err := client.ListRides(w.as(p.driver), &driverpb.ListRidesRequest{})
	check(w.t, err)
	if len(list.GetRides()) != 1 || list.GetRides()[0].GetContact() != nil {
		w.t.Errorf("rides %v", list)
	}
}

func (w *town) offer(id string) (o dispatch.Offer) {
	w.t.Helper()
	o, _, err := w.db.DriverOffer(w.ctx, "D0", dispatch.OfferID(id))
	check(w.t, err)
	return o
}

// TestCutOffInEachPhase breaks the connection after every step of a ride: the snapshot of the next
// one says where the driver stands, and the command that was cut off gets the answer that it got.
func TestCutOffInEachPhase(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	p := w.phone(0)
	on := duty(driverpb.Duty_DUTY_ON)
	p.do(on)
	if s := p.again(); s.GetShift().GetDuty() != driverpb.Duty_DUTY_ON {
		t.Fatalf("after set_duty: %v", s)
	}
	ride, offer := w.toOffer(p)
	if s := p.again(); s.GetOffer().GetOfferId() != offer.GetOfferId() || s.GetRide() != nil {
		t.Fatalf("after the offer: %v", s)
	}
	steps := []struct {
		command *driverpb.Command
		state   typepb.RideState
	}{
		{accept(offer.GetOfferId()), typepb.RideState_RIDE_STATE_ASSIGNED},
		{atRide("arrived", string(ride)), typepb.RideState_RIDE_STATE_ARRIVED},
		{atRide("started", string(ride)), typepb.RideState_RIDE_STATE_ON_TRIP},
		{atRide("completed", string(ride)), typepb.RideState_RIDE_STATE_COMPLETED},
		{atRide("cash", string(ride)), typepb.RideState_RIDE_STATE_SETTLED},
	}
	answers := make([]*driverpb.Done, len(steps))
	for i, step := range steps {
		answers[i] = p.do(step.command)
		s := p.again()
		if at := step.state <= typepb.RideState_RIDE_STATE_ON_TRIP; at != (s.GetRide() != nil) ||
			at && s.GetRide().GetState() != step.state || s.GetOffer() != nil {
			t.Fatalf("after %v: %v", step.command, s)
		}
		version := w.ride(ride).Version
		again := p.do(step.command)
		if !same(again, answers[i]) {
			t.Errorf("%v again:\n%v, was\n%v", step.command, again, answers[i])
		}
		if now := w.ride(ride).Version; now != version {
			t.Errorf("%v again: version %d, was %d", step.command, now, version)
		}
	}
	for i, step := range steps { // long after, all but the contact is as it was
		again, was := p.do(step.command).GetRide(), answers[i].GetRide()
		if again.GetState() != step.state || again.GetVersion() != was.GetVersion() ||
			(again.GetFare() != nil) != (was.GetFare() != nil) {
			t.Errorf("%v at the end:\n%v, was\n%v", step.command, again, was)
		}
	}
	other := atRide("release", string(ride))
	other.RequestId = steps[0].command.GetRequestId()
	if e := p.give(other).GetError(); e == nil {
		t.Error("another command under the same id was done")
	}
}

// TestDoneWhileCutOff gives commands with the times at which they were done, twice.
func TestDoneWhileCutOff(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	p := w.phone(0)
	ride, offer := w.toOffer(p)
	p.do(accept(offer.GetOfferId()))
	claimed := w.ride(ride).ClaimedAt
	p.cut()
	eventually(t, "five minutes of the city", func() bool {
		return w.clock.Now().Sub(claimed) > 20*time.Second
	})
	arrived, started := claimed.Add(5*time.Second), claimed.Add(12*time.Second)
	commands := []*driverpb.Command{
		at(atRide("arrived", string(ride)), arrived), at(atRide("started", string(ride)), started),
	}
	p.connect()
	p.hello()
	for range 2 {
		for _, c := range commands {
			p.do(c)
		}
	}
	r := w.ride(ride)
	if !r.ArrivedAt.Equal(arrived) || !r.StartedAt.Equal(started) || r.Version != 4 {
		t.Errorf("arrived %s, started %s, version %d; want %s, %s, 4",
			r.ArrivedAt, r.StartedAt, r.Version, arrived, started)
	}
}

// TestLostHints has every hint to drivers lost: rows tell the phone, once.
func TestLostHints(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	w.hints.deaf.Store(true)
	p := w.phone(0)
	ride, offer := w.toOffer(p)
	p.do(accept(offer.GetOfferId()))
	_, err := w.desk.Cancel(w.ctx, w.clock.Now(), w.key("rider:R1"),
		dispatch.CancelRide{Ride: ride, Rider: "R1"})
	check(t, err)
	gone := func(r *typepb.Ride) bool {
		return r.GetState() == typepb.RideState_RIDE_STATE_CANCELLED
	}
	await(p, "cancelled ride", (*driverpb.DriveResponse).GetRide, gone)
	since := w.clock.Now()
	eventually(t, "some polls", func() bool { return w.clock.Now().Sub(since) > 20*time.Second })
	if n := count(p, (*driverpb.DriveResponse).GetRide, nil); n != 1 {
		t.Errorf("told %d times: %v", n, p.all())
	}
	if n := count(p, (*driverpb.DriveResponse).GetOffer, nil); n != 1 {
		t.Errorf("offered %d times: %v", n, p.all())
	}
	p.drive(w.at(250, 0))
	if n := len(w.tap.watched(ride)); n > 1 {
		t.Errorf("%d positions of a cancelled ride", n)
	}
}

// TestOfferEnds tells of offers that end by themselves, and puts a silent driver off duty.
func TestOfferEnds(t *testing.T) {
	w := newRows(t)
	w.city = w.city.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.OfferS, p.SilentLimit = 5, 1
		return p
	})
	w.desk.Cities[w.city.ID] = w.city
	w.openBus()
	w.startEngine()
	w.startServer()
	w.enrol(1)
	p := w.phone(0)
	_, offer := w.toOffer(p)
	p.ack(offer.GetOfferId())
	ended := await(p, "end of the offer", (*driverpb.DriveResponse).GetOfferEnded, nil)
	if ended.GetOfferId() != offer.GetOfferId() || ended.GetState() != "silent" {
		t.Errorf("%v", ended)
	}
	shift := await(p, "shift", (*driverpb.DriveResponse).GetShift, nil)
	if shift.GetDuty() != driverpb.Duty_DUTY_OFF {
		t.Errorf("%v", shift)
	}
	p.drive(w.at(120, 0))
	eventually(t, "a fix without a taxi", func() bool { return w.ears.count("no_taxi") == 1 })
	if e := p.give(accept(offer.GetOfferId())).GetError(); e.GetReason() != "OFFER_CLOSED" &&
		e.GetReason() != "OFFER_EXPIRED" {
		t.Errorf("accepting it after: %v", e)
	}
}
