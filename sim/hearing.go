package sim

import (
	"errors"
	"io"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// ended is nil for a stream that the server has ended well.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// heard is what a message does to the crowd; nil for nothing.
func (l *live) heard(s *session, msg *driverpb.DriveResponse) func() error {
	switch m := msg.GetMessage().(type) {
	case *driverpb.DriveResponse_Result:
		return func() error { return l.result(s, m.Result) }
	case *driverpb.DriveResponse_Offer:
		return func() error { l.offer(s, m.Offer); return nil }
	case *driverpb.DriveResponse_OfferEnded:
		return func() error { l.offerEnded(s, m.OfferEnded.GetOfferId()); return nil }
	case *driverpb.DriveResponse_Call:
		return func() error { l.called(s, m.Call); return nil }
	case *driverpb.DriveResponse_CallEnded:
		return func() error { l.callEnded(s, m.CallEnded.GetCallId()); return nil }
	case *driverpb.DriveResponse_Ride:
		return func() error { l.rideOf(s, m.Ride); return nil }
	case *driverpb.DriveResponse_Shift:
		return func() error { l.shiftOf(s, m.Shift); return nil }
	case *driverpb.DriveResponse_Snapshot:
		return func() error { l.snapshot(s, m.Snapshot); return nil }
	case *driverpb.DriveResponse_FixesRefused:
		return func() error {
			for reason, n := range m.FixesRefused.GetCounts() {
				l.figures.FixesRefused[reason] += int(n)
			}
			return nil
		}
	default:
		return nil
	}
}

// result is what came of a command.
func (l *live) result(s *session, r *driverpb.Result) error {
	p := s.take(r.GetRequestId())
	if p == nil {
		return nil
	}
	d := &l.drivers[s.who]
	if e := r.GetError(); e != nil {
		return l.failed(s, p, e)
	}
	ride := r.GetDone().GetRide()
	if p.deed == grab && ride.GetState() == typepb.RideState_RIDE_STATE_SEARCHING {
		d.race(&l.crowd, p.command, dispatch.RideID(ride.GetRideId()))
		return nil
	}
	if p.errand.rider == nobody && (p.deed == accept || p.deed == grab) {
		p.errand.rider = l.riderNamed(ride.GetContact().GetName())
		p.errand.cash = ride.GetPayBy() == string(cashOnly)
	}
	switch p.deed {
	case accept, grab, takeStreet:
		s.calls = nil // a phone with a ride shows none
	default:
	}
	err := d.answered(&l.crowd, p.command, dispatch.RideID(ride.GetRideId()), nil)
	l.count(p, ride)
	l.ring(s)
	return err
}

// failed is a command that was refused, or may work later.
func (l *live) failed(s *session, p *pending, e *typepb.Error) error {
	d := &l.drivers[s.who]
	code := codes.Code(e.GetCode()) //nolint:gosec // G115: codes are small
	switch code {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Internal, codes.ResourceExhausted:
		if p.repeats++; p.repeats <= maxRepeats {
			s.pending = append(s.pending, p)
			wait := max(e.GetRetryAfter().AsDuration(), time.Second)
			l.in(l.cityTime(wait), giveAgain, s.who, 0)
			return nil
		}
	default:
	}
	why := refused(code, e.GetReason(), e.GetText())
	l.tally.refused[p.deed.String()+" "+string(why.Reason)]++
	if why.Kind == dispatch.NotFound || why.Kind == dispatch.Unavailable {
		why.Kind = dispatch.Conflict // a ride that is theirs no more does not exist
	}
	err := d.answered(&l.crowd, p.command, "", why)
	if err == nil && p.deed == takeStreet { // the taxi has driven on: they ask in the app
		err = l.ask(&l.riders[p.errand.rider], wantRide)
	}
	l.ring(s)
	return err
}

// count sums up what is shown while the city runs.
func (l *live) count(p *pending, ride *typepb.Ride) {
	switch p.deed {
	case started:
		l.tally.boarded++
		l.tally.waited += p.at.Sub(wire.TimeOf(ride.GetRequestedAt()))
	case released:
		l.tally.released++
	case broken:
		l.tally.brokenDown++
	case takeStreet, completed:
		if p.errand.rider != nobody && l.riders[p.errand.rider].street {
			r := &l.riders[p.errand.rider]
			r.onRide(&l.crowd, l.briefOf(r, ride)) // nobody else tells them
		}
	default:
	}
}

func (l *live) offer(s *session, pb *driverpb.Offer) {
	o := offered{id: dispatch.OfferID(pb.GetOfferId()), open: true, errand: errand{
		ride: dispatch.RideID(pb.GetRideId()), search: int(pb.GetSearch()), rider: nobody,
		pickup: placeOf(pb.GetPickup()), dropoff: placeOf(pb.GetDropoff()),
	}, after: pb.GetAfterCurrentRide()}
	if who, ok := l.byRide[o.errand.ride]; ok {
		o.errand.rider = who
	}
	s.held, s.heldBy = o, wire.TimeOf(pb.GetExpiresAt())
	l.ring(s)
}

// ring shows an offer to a driver who is free for it. One that comes while a command is on its way
// waits for the result.
func (l *live) ring(s *session) {
	d := &l.drivers[s.who]
	if s.held.id == "" || !d.hears(s.held) || d.waits > 0 {
		return
	}
	if l.now.Before(s.heldBy) {
		d.onOffer(&l.crowd, s.held)
	}
	s.held = offered{}
}

func (l *live) offerEnded(s *session, id string) {
	if s.held.id == dispatch.OfferID(id) {
		s.held = offered{}
	}
	l.drivers[s.who].onOffer(&l.crowd, offered{id: dispatch.OfferID(id)})
}

// rideOf is a ride of the driver's that has changed.
func (l *live) rideOf(s *session, pb *typepb.Ride) {
	d := &l.drivers[s.who]
	b := dispatch.Brief{ID: dispatch.RideID(pb.GetRideId()), State: wire.StateOf(pb.GetState())}
	if b.State.Active() {
		b.Driver = d.id
	}
	if raced, ok := d.racing[b.ID]; ok && raced.rider == nobody {
		raced.rider = l.riderNamed(pb.GetContact().GetName())
		raced.cash = pb.GetPayBy() == string(cashOnly)
		d.racing[b.ID] = raced
	}
	d.onRide(&l.crowd, b)
	l.ring(s)
}

func (l *live) shiftOf(s *session, pb *driverpb.Shift) {
	if pb.GetDuty() == driverpb.Duty_DUTY_OFF {
		l.drivers[s.who].onShift(&l.crowd, dispatch.OffDuty)
	}
}

// snapshot is where the driver stands. A command on its way may change it: its result tells.
func (l *live) snapshot(s *session, pb *driverpb.Snapshot) {
	d := &l.drivers[s.who]
	if ride := pb.GetRide(); d.ahead[dispatch.RideID(ride.GetRideId())] != (errand{}) {
		l.rideOf(s, ride) // it was time to set out, and the phone has not heard it
	}
	if len(s.pending) == 0 {
		if d.job.ride != "" && pb.GetRide().GetRideId() != string(d.job.ride) {
			d.onRide(&l.crowd, dispatch.Brief{ID: d.job.ride})
		}
		next := pb.GetNextRide().GetRideId()
		if id := string(d.next.ride); id != "" && id != next && id != pb.GetRide().GetRideId() {
			d.onRide(&l.crowd, dispatch.Brief{ID: d.next.ride})
		}
		l.shiftOf(s, pb.GetShift())
	}
	if pb.GetOffer() != nil {
		l.offer(s, pb.GetOffer())
	}
	s.calls = nil
	for _, c := range pb.GetCalls() {
		l.called(s, c)
	}
}

// called is a call on the driver's screen.
func (l *live) called(s *session, pb *driverpb.Call) {
	o := offered{call: dispatch.CallID(pb.GetCallId()), open: true, errand: errand{
		ride: dispatch.RideID(pb.GetRideId()), search: int(pb.GetSearch()), rider: nobody,
		pickup: placeOf(pb.GetPickup()), dropoff: placeOf(pb.GetDropoff()),
	}}
	if who, ok := l.byRide[o.errand.ride]; ok {
		o.errand.rider = who
	}
	s.calls = append(s.calls, o)
	l.drivers[s.who].onCall(&l.crowd, o)
}

func (l *live) callEnded(s *session, id string) {
	s.dropCall(dispatch.CallID(id))
	l.drivers[s.who].onCall(&l.crowd, offered{call: dispatch.CallID(id)})
}

func (s *session) dropCall(id dispatch.CallID) {
	s.calls = slices.DeleteFunc(s.calls, func(o offered) bool { return o.call == id })
}

// freed implements [phones]: a phone shows calls until they end or its driver has a ride.
func (l *live) freed(d *driver) {
	s := &l.sessions[d.who]
	s.dropCall(d.passed)
	for _, o := range s.calls {
		if d.onCall(&l.crowd, o); d.offer.call != "" {
			return
		}
	}
}

// riderNamed is one of the crowd, or nobody.
func (l *live) riderNamed(name string) int32 {
	if who, ok := l.byName[name]; ok {
		return who
	}
	return nobody
}

// briefOf is what a rider's ride looks like to the crowd. The plate tells who drives. That the ride
// has searched anew may have been missed between two versions.
func (l *live) briefOf(r *rider, pb *typepb.Ride) dispatch.Brief {
	b := dispatch.Brief{
		ID: dispatch.RideID(pb.GetRideId()), State: wire.StateOf(pb.GetState()),
		Version: int(pb.GetVersion()), Search: r.search,
		ClaimedAt: wire.TimeOf(pb.GetClaimedAt()), ArrivedAt: wire.TimeOf(pb.GetArrivedAt()),
		ChangedAt: wire.TimeOf(pb.GetStartedAt()),
	}
	if plate := pb.GetCard().GetPlate(); plate != "" {
		b.Driver = l.driverOf(plate)
	} else if r.driver >= 0 && b.State != dispatch.Searching {
		b.Driver = l.drivers[r.driver].id
	}
	another := r.driver != nobody && b.Driver != "" && l.byID[b.Driver] != r.driver
	begins := b.State == dispatch.Searching && (r.state.Active() || r.state.Ahead())
	if begins || another && b.Version > r.version+1 {
		b.Search++
	}
	return b
}

// driverOf is whose taxi has the plate; one that is not of the crowd is a stranger's.
func (l *live) driverOf(plate string) dispatch.DriverID {
	id, ok := l.byPlate[plate]
	if !ok {
		id = dispatch.DriverID("plate " + plate)
		l.byPlate[plate], l.byID[id] = id, stranger
	}
	return id
}

func placeOf(p *typepb.Place) geo.Point {
	return geo.Point{Lat: p.GetPoint().GetLat(), Lng: p.GetPoint().GetLng()}
}
