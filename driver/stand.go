package driver

import (
	"context"
	"hash/maphash"
	"strconv"
	"time"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// stand is where a driver stands, as far as this process has heard. It follows hints, results and
// rows, whichever comes first, and never goes back. Guarded by its session's mu.
type stand struct {
	taxi    dispatch.TaxiID    // the session's: of the hello, then of the shift begun on it
	shift   dispatch.Shift     // zero before the first
	city    *city              // of the shift; nil before the first
	mine    bool               // the session's taxi is the shift's: the driver may report its fixes
	rank    dispatch.StandRank // in the queue of a stand; zero before the first word of it
	ride    rideStand
	ahead   []dispatch.RideID // booked, or in slot next, as far as we know
	shown   dispatch.OfferID  // open on the phone, as far as we know
	calls   []dispatch.CallID // likewise
	wasFree bool              // in the last turn: no ride, and it was known where the taxi is
	who     *typepb.Contact   // of the rider of the ride whose id is whose
	whose   dispatch.RideID

	obeying bool     // a command is under way: what it changes is in its result
	held    []func() // told after it

	told  [8]uint64 // what the phone was told last, hashed
	tells uint8
}

// rideStand is the ride that a driver is at, or was at last.
type rideStand struct {
	id        dispatch.RideID
	version   int
	state     dispatch.State
	active    bool // the driver is at it
	changedAt time.Time
	posAt     time.Time // of the last position for those who watch
}

// once reports whether the phone was not told of this version of something yet, and notes that it
// is now.
func (d *stand) once(seed maphash.Seed, id string, version string) bool {
	var h maphash.Hash
	h.SetSeed(seed)
	_, _ = h.WriteString(id) // never fails
	_ = h.WriteByte('/')
	_, _ = h.WriteString(version)
	sum := h.Sum64()
	for _, was := range d.told {
		if was == sum {
			return false
		}
	}
	d.told[d.tells%uint8(len(d.told))] = sum
	d.tells++
	return true
}

func (d *stand) onceRide(seed maphash.Seed, id dispatch.RideID, version int) bool {
	return d.once(seed, string(id), strconv.Itoa(version))
}

func (d *stand) onceOffer(seed maphash.Seed, o dispatch.Offer) bool {
	return d.once(seed, string(o.ID), o.State.String())
}

// takeRide notes a ride; news is false if as much or more is known of it.
func (d *stand) takeRide(b dispatch.Brief, driver dispatch.DriverID) (news bool) {
	at := b.State.Active() && b.Driver == driver && b.Slot != dispatch.SlotNext
	d.takeBooking(b, driver)
	if b.ID == d.ride.id {
		if b.Version < d.ride.version {
			return false
		}
	} else if !at || b.ChangedAt.Before(d.ride.changedAt) {
		return true // an earlier ride
	}
	d.ride = rideStand{
		id: b.ID, version: b.Version, state: b.State, active: at, changedAt: b.ChangedAt,
		posAt: d.ride.posAt,
	}
	return true
}

// takeShift notes a shift; changed is false if the phone need not know.
func (d *stand) takeShift(s dispatch.Shift) (changed bool) {
	if s.ChangedAt.Before(d.shift.ChangedAt) {
		return false
	}
	changed = s.Duty != d.shift.Duty || s.Taxi != d.shift.Taxi
	d.shift = s
	d.mine = s.Taxi == d.taxi && s.Duty >= dispatch.OnDuty && s.Duty < dispatch.OffDuty
	return changed
}

// notice takes what the bus brings.
func (s *session) notice(n dispatch.Notice) {
	switch {
	case n.Offer != nil:
		s.hearOffer(*n.Offer)
	case n.Ride != nil && n.Ride.State == dispatch.Scheduled && n.Ride.Version == 1:
		s.hearBooking(*n.Ride)
	case n.Ride != nil:
		s.unlessObeying(func() { s.hearRide(n.Ride.Brief(), n.Ride) })
	case n.Rank != nil:
		s.hearRank(*n.Rank)
	case n.HandOver != nil:
		s.hearHandOver(*n.HandOver)
	case n.Money != nil:
		s.hearMoney(*n.Money)
	case n.Shift != nil:
		s.unlessObeying(func() { s.hearShift(*n.Shift) })
	}
}

// unlessObeying does it now, or after the command that is under way: what the command changes is
// in its result, and need not be told twice.
func (s *session) unlessObeying(do func()) {
	s.mu.Lock()
	hold := s.stand.obeying && len(s.stand.held) < MaxQueue
	if hold {
		s.stand.held = append(s.stand.held, do)
	}
	s.mu.Unlock()
	if !hold {
		do()
	}
}

// hearOffer tells of an offer that was made or has ended.
func (s *session) hearOffer(o dispatch.Offer) {
	if o.Driver != s.driver || o.State == dispatch.OfferAccepted {
		return
	}
	s.mu.Lock()
	news := s.stand.onceOffer(s.srv.book.seed, o)
	s.mu.Unlock()
	if !news {
		return
	}
	if o.State == dispatch.OfferOpen {
		s.sendLate(func(ctx context.Context) (*driverpb.DriveResponse, error) {
			return s.offerMessage(ctx, o.ID)
		})
		return
	}
	s.sendLate(func(context.Context) (*driverpb.DriveResponse, error) {
		if !s.hide(o.ID) {
			return nil, nil // the phone never saw it
		}
		return &driverpb.DriveResponse{Message: &driverpb.DriveResponse_OfferEnded{
			OfferEnded: &driverpb.OfferEnded{OfferId: string(o.ID), State: o.State.String()},
		}}, nil
	})
}

// show notes that an offer is on the phone.
func (s *session) show(id dispatch.OfferID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stand.shown = id
}

// hide notes that an offer is gone from the phone, and reports whether it was there.
func (s *session) hide(id dispatch.OfferID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stand.shown != id {
		return false
	}
	s.stand.shown = ""
	return true
}

// hearRide tells of a ride that has changed. whole is the ride if the hint had it.
func (s *session) hearRide(b dispatch.Brief, whole *dispatch.Ride) {
	s.mu.Lock()
	news := s.stand.takeRide(b, s.driver) &&
		s.stand.onceRide(s.srv.book.seed, b.ID, b.Version)
	s.mu.Unlock()
	if !news {
		return
	}
	s.sendLate(func(ctx context.Context) (*driverpb.DriveResponse, error) {
		ride, err := s.rideMessage(ctx, b, whole)
		if err != nil {
			return nil, err
		}
		if reminds(b, ride) {
			return reminderMessage(ride), nil
		}
		return &driverpb.DriveResponse{Message: &driverpb.DriveResponse_Ride{Ride: ride}}, nil
	})
}

// hearShift tells of a shift that was changed by somebody else than this phone.
func (s *session) hearShift(shift dispatch.Shift) {
	s.mu.Lock()
	changed := s.stand.takeShift(shift)
	s.mu.Unlock()
	s.srv.moved(s, s.srv.cities[shift.City])
	if changed {
		s.send(&driverpb.DriveResponse{
			Message: &driverpb.DriveResponse_Shift{Shift: shiftPB(shift)},
		})
	}
}

// moved notes the city that a session's driver works in; nil for none any more.
func (v *Server) moved(s *session, to *city) {
	s.mu.Lock()
	defer s.mu.Unlock()
	over := s.out.stopped || s.over != nil
	if s.stand.city == to || over && to != nil {
		return
	}
	if s.stand.city != nil {
		s.stand.city.sessions.Add(-1)
	}
	if to != nil {
		to.sessions.Add(1)
	}
	s.stand.city = to
}

// inherit takes over from an older session of the driver in this process what rows do not tell.
func (s *session) inherit(was *session) {
	was.mu.Lock()
	fix, taxi := was.slot.fix, was.slot.taxi
	was.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slot.fix, s.slot.taxi = fix, taxi
}

func (s *session) heartbeat(context.Context) (*driverpb.DriveResponse, error) {
	return &driverpb.DriveResponse{Message: &driverpb.DriveResponse_Heartbeat{
		Heartbeat: &driverpb.Heartbeat{At: wire.TimePB(s.srv.c.Now())},
	}}, nil
}
