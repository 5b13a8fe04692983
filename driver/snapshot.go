package driver

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// snapshot is the message that says where the driver stands.
func (s *session) snapshot(ctx context.Context) (*driverpb.DriveResponse, error) {
	snapshot, err := s.stands(ctx)
	if err != nil {
		return nil, err
	}
	return &driverpb.DriveResponse{
		Message: &driverpb.DriveResponse_Snapshot{Snapshot: snapshot},
	}, nil
}

// stands reads where the driver stands from rows, and notes it.
func (s *session) stands(ctx context.Context) (*driverpb.Snapshot, error) {
	v, answer := s.srv, &driverpb.Snapshot{}
	s.mu.Lock()
	before := s.stand.ride
	s.mu.Unlock()
	rows, err := v.c.Desk.Snapshot(ctx, s.driver)
	if dispatch.ReasonOf(err) == dispatch.ReasonUnknownDriver && err != nil {
		return answer, nil // before the first shift
	}
	if err != nil {
		return nil, err
	}
	if o := rows.Offer; o != nil && o.ExpiresAt.After(v.c.Now()) {
		if answer.Offer, err = s.openOffer(ctx, o.ID); err != nil {
			return nil, err
		}
	}
	if rows.Ride != nil {
		if answer.Ride, err = s.ridePB(ctx, *rows.Ride); err != nil {
			return nil, err
		}
		if err := s.recallFix(ctx, *rows.Ride); err != nil {
			return nil, err
		}
	}
	if rows.Next != nil {
		if answer.NextRide, err = s.ridePB(ctx, *rows.Next); err != nil {
			return nil, err
		}
	}
	for _, r := range rows.Bookings {
		answer.Bookings = append(answer.Bookings, wire.RidePB(r))
	}
	answer.Shift = shiftPB(rows.Shift)
	if rows.Rank != nil {
		rows.Rank.At = v.c.Now()
		answer.StandRank = v.rankPB(*rows.Rank)
	}
	s.settle(rows, before, answer.GetOffer().GetOfferId())
	answer.Calls = s.callsAround()
	return answer, nil
}

// settle notes a snapshot that was read when the ride was before, and the offer that it shows.
func (s *session) settle(rows dispatch.Snapshot, before rideStand, shown string) {
	v := s.srv
	s.mu.Lock()
	d := &s.stand
	if s.stream == nil {
		d.taxi = rows.Shift.Taxi // who has no stream has said no hello
	}
	d.takeShift(rows.Shift)
	d.ahead = d.ahead[:0]
	if rows.Next != nil {
		rows.Bookings = append(rows.Bookings, *rows.Next)
	}
	for _, r := range rows.Bookings {
		d.takeBooking(r.Brief(), s.driver)
		d.onceRide(v.book.seed, r.ID, r.Version)
	}
	if d.rank = (dispatch.StandRank{}); rows.Rank != nil {
		d.rank = *rows.Rank
	}
	if rows.Ride != nil {
		d.takeRide(rows.Ride.Brief(), s.driver)
		d.onceRide(v.book.seed, rows.Ride.ID, rows.Ride.Version)
	} else if d.ride.id == before.id && d.ride.version == before.version {
		d.ride.active = false // it has ended, and nobody has said so
	}
	if d.shown = dispatch.OfferID(shown); shown != "" {
		d.onceOffer(v.book.seed, *rows.Offer)
	}
	s.mu.Unlock()
	v.moved(s, v.cities[rows.Shift.City])
}

// recallFix finds the last fix of a ride whose trace was begun on another session, so that what
// follows is checked against it.
func (s *session) recallFix(ctx context.Context, r dispatch.Ride) error {
	s.mu.Lock()
	has := s.slot.taxi == r.Taxi
	s.mu.Unlock()
	if has || r.State != dispatch.OnTrip {
		return nil
	}
	trace, err := s.srv.c.Traces.Trace(ctx, r.ID)
	if err != nil || len(trace) == 0 {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slot.taxi != r.Taxi {
		s.slot.fix, s.slot.taxi = trace[len(trace)-1], r.Taxi
	}
	return nil
}

// offerMessage is an offer as the phone shows it; nil if it is open no more.
func (s *session) offerMessage(
	ctx context.Context, id dispatch.OfferID,
) (*driverpb.DriveResponse, error) {
	offer, err := s.openOffer(ctx, id)
	if err != nil || offer == nil {
		return nil, err
	}
	s.show(id)
	return &driverpb.DriveResponse{Message: &driverpb.DriveResponse_Offer{Offer: offer}}, nil
}

// openOffer reads an offer with its ride; nil if it is open no more.
func (s *session) openOffer(
	ctx context.Context, id dispatch.OfferID,
) (*driverpb.Offer, error) {
	o, r, err := s.srv.c.Reads.DriverOffer(ctx, s.driver, id)
	if err != nil && dispatch.ReasonOf(err) != dispatch.ReasonUnknownOffer {
		return nil, err
	}
	if err != nil || o.State != dispatch.OfferOpen || !o.ExpiresAt.After(s.srv.c.Now()) {
		return nil, nil
	}
	return offerPB(o, r), nil
}

func offerPB(o dispatch.Offer, r dispatch.Ride) *driverpb.Offer {
	pb := &driverpb.Offer{
		OfferId:      string(o.ID),
		RideId:       string(o.Ride),
		Pickup:       wire.PlacePB(r.Pickup),
		Dropoff:      wire.PlacePB(r.Dropoff),
		PickupMeters: int32(min(o.PickupM, 1<<30)), //nolint:gosec // G115: at most 1<<30
		PickupTime:   durationpb.New(time.Duration(o.PickupS) * time.Second),
		PickupSource: wire.SourcePB(o.PickupSource),
		Quote:        wire.QuotePB(r.Quote),
		TipFen:       int64(r.Tip),
		Seats:        int32(min(r.Seats, dispatch.MaxSeats)), //nolint:gosec // G115: at most 8
		ExpiresAt:    wire.TimePB(o.ExpiresAt),
		Voice:        wire.VoicePB(r.Voice),
		Search:       int32(min(o.Search, 1<<30)), //nolint:gosec // G115: at most 1<<30
		ForYou:       r.First.HeldFor(o.Driver, o.MadeAt),
	}
	if o.After != "" {
		pb.AfterCurrentRide = true
		pb.CurrentRideTime = durationpb.New(time.Duration(o.AfterS) * time.Second)
	}
	return pb
}

func shiftPB(s dispatch.Shift) *driverpb.Shift {
	pb := &driverpb.Shift{
		TaxiId: string(s.Taxi),
		City:   string(s.City),
		Duty:   dutyPB(s.Duty),
		Silent: int32(min(s.Silent, 1<<30)), //nolint:gosec // G115: at most 1<<30

		DestinationsUsed: int32(min(s.Destination.Used, 1<<30)), //nolint:gosec // G115: likewise
	}
	if s.Destination.Heading() {
		pb.Destination = wire.PointPB(s.Destination.To)
	}
	return pb
}

func dutyPB(d dispatch.Duty) driverpb.Duty {
	switch d {
	case dispatch.OnDuty:
		return driverpb.Duty_DUTY_ON
	case dispatch.Paused:
		return driverpb.Duty_DUTY_PAUSED
	case dispatch.OffDuty:
		return driverpb.Duty_DUTY_OFF
	default:
		return driverpb.Duty_DUTY_UNSPECIFIED
	}
}

func dutyOf(d driverpb.Duty) dispatch.Duty {
	switch d {
	case driverpb.Duty_DUTY_ON:
		return dispatch.OnDuty
	case driverpb.Duty_DUTY_PAUSED:
		return dispatch.Paused
	case driverpb.Duty_DUTY_OFF:
		return dispatch.OffDuty
	default:
		return 0
	}
}

// rideMessage is a ride of which a brief, or all, is known: as rows have it, or what little may be
// said of one that is the driver's no more.
func (s *session) rideMessage(
	ctx context.Context, b dispatch.Brief, whole *dispatch.Ride,
) (*typepb.Ride, error) {
	if whole != nil && whole.Driver == s.driver {
		return s.ridePB(ctx, *whole)
	}
	if whole == nil {
		r, err := s.srv.c.Reads.DriverRide(ctx, s.driver, b.ID)
		if err == nil {
			return s.ridePB(ctx, r)
		}
		if dispatch.KindOf(err) != dispatch.NotFound {
			return nil, err
		}
	}
	return gonePB(b), nil
}

// gonePB says of a ride that it is the driver's no more, and nothing else.
func gonePB(b dispatch.Brief) *typepb.Ride {
	return &typepb.Ride{
		RideId:  string(b.ID),
		City:    string(b.City),
		State:   wire.StatePB(b.State),
		Version: int32(min(b.Version, 1<<30)), //nolint:gosec // G115: at most 1<<30
	}
}

// ridePB is a ride of the driver's, with the rider while the driver is at it.
func (s *session) ridePB(ctx context.Context, r dispatch.Ride) (*typepb.Ride, error) {
	ride := wire.RidePB(r)
	if !r.State.Active() {
		return ride, nil
	}
	s.mu.Lock()
	who, whose := s.stand.who, s.stand.whose
	s.mu.Unlock()
	if whose != r.ID {
		rider, err := s.srv.c.Reads.RideContact(ctx, s.driver, r.ID)
		if err != nil {
			if dispatch.KindOf(err) == dispatch.NotFound {
				return ride, nil // it has ended meanwhile: that is told next
			}
			return nil, err
		}
		who = wire.ContactPB(rider)
		s.mu.Lock()
		s.stand.who, s.stand.whose = who, r.ID
		s.mu.Unlock()
	}
	ride.Contact = who
	return ride, nil
}

// asOf is a ride as it was right after a command, as far as the row of a later time tells: the
// same command gets the same answer again.
func asOf(r dispatch.Ride, was dispatch.Receipt) dispatch.Ride {
	if r.Version == was.Version {
		return r
	}
	r.State, r.Version = was.State, was.Version
	for _, at := range []*time.Time{&r.ArrivedAt, &r.StartedAt, &r.CompletedAt, &r.EndedAt} {
		if at.After(was.At) {
			*at = time.Time{}
		}
	}
	if !was.State.Terminal() {
		r.EndedAt, r.EndedBy, r.EndReason = time.Time{}, 0, ""
	}
	if was.State < dispatch.Completed {
		r.CompletedAt, r.Fare, r.Subsidy = time.Time{}, dispatch.Fare{}, money.Subsidy{}
	}
	if was.State < dispatch.OnTrip {
		r.StartedAt = time.Time{}
	}
	if was.State < dispatch.Arrived {
		r.ArrivedAt = time.Time{}
	}
	return r
}
