package driver

import (
	"context"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// obey does a command of the stream and queues its result. A command that is refused does not end
// the stream.
func (s *session) obey(c *driverpb.Command) error {
	var done *driverpb.Done
	err := s.mayCommand()
	if err == nil {
		err = wire.Validate(c)
	}
	if err == nil {
		s.setObeying(true)
		done, err = s.command(s.stream.Context(), c, true)
	}
	if err != nil && s.stream.Context().Err() != nil {
		return err // nobody is there to be told; the phone repeats it
	}
	result := &driverpb.Result{RequestId: c.GetRequestId()}
	if err != nil {
		result.Outcome = &driverpb.Result_Error{Error: wire.ErrorPB(err)}
	} else {
		result.Outcome = &driverpb.Result_Done{Done: done}
	}
	s.send(&driverpb.DriveResponse{Message: &driverpb.DriveResponse_Result{Result: result}})
	s.released()
	s.keepPace()
	return nil
}

// mayCommand limits how many commands a phone gives: each is a transaction.
func (s *session) mayCommand() error {
	if s.budget.commands++; s.budget.commands > MaxCommands {
		return wire.Refuse(codes.ResourceExhausted, wire.ReasonRateLimited,
			"more than %d commands in a second", MaxCommands)
	}
	return nil
}

// keepPace lets the phone read before it is read from again, if much waits for it already.
func (s *session) keepPace() {
	s.mu.Lock()
	behind := len(s.out.items) > MaxQueue/2
	s.mu.Unlock()
	if behind {
		s.drained()
	}
}

// seen notes that an offer has reached the driver's eyes. One that is not there any more, or never
// was the driver's, needs no answer.
func (s *session) seen(ack *driverpb.OfferAck) error {
	if err := wire.Validate(ack); err != nil {
		return err
	}
	if s.mayCommand() != nil {
		return nil
	}
	ctx, v := s.stream.Context(), s.srv
	err := v.c.Desk.Delivered(ctx, v.c.Now(), dispatch.OfferID(ack.GetOfferId()), s.driver)
	if err != nil && ctx.Err() == nil && dispatch.KindOf(err) != dispatch.NotFound {
		v.c.Log.Warn("noting a delivered offer", "driver", s.driver, "err", err)
		v.c.Listener.Dropped("ack")
	}
	return nil
}

// command does a command once for its id, and notes what it changes here. told says that the
// answer goes to the phone of this session, which need not be told again.
func (s *session) command(
	ctx context.Context, c *driverpb.Command, told bool,
) (*driverpb.Done, error) {
	if set := c.GetSetDuty(); set != nil {
		return s.setDuty(ctx, c, set, told)
	}
	if set := c.GetSetDestination(); set != nil {
		return s.setDestination(ctx, c, set, told)
	}
	receipt, err := s.act(ctx, c)
	if err != nil {
		return nil, err
	}
	switch a := c.GetAction().(type) {
	case *driverpb.Command_Decline:
		if told {
			s.hide(dispatch.OfferID(a.Decline.GetOfferId()))
		}
		return &driverpb.Done{Ride: gonePB(briefOf(receipt))}, nil
	case *driverpb.Command_Accept:
		if told {
			s.hide(dispatch.OfferID(a.Accept.GetOfferId()))
		}
	}
	ride, err := s.afterwards(ctx, receipt, told)
	return &driverpb.Done{Ride: ride}, err
}

func (s *session) setObeying(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stand.obeying = on
}

// released tells what was held back during a command.
func (s *session) released() {
	s.mu.Lock()
	held := s.stand.held
	s.stand.held, s.stand.obeying = nil, false
	s.mu.Unlock()
	for _, tell := range held {
		tell()
	}
}

// afterwards is the ride right after a command, and notes it.
func (s *session) afterwards(
	ctx context.Context, was dispatch.Receipt, told bool,
) (*typepb.Ride, error) {
	r, err := s.srv.c.Reads.DriverRide(ctx, s.driver, was.Ride)
	gone := err != nil && dispatch.KindOf(err) == dispatch.NotFound
	if err != nil && !gone {
		return nil, err
	}
	b := briefOf(was)
	if !gone {
		b = asOf(r, was).Brief()
	}
	s.mu.Lock()
	s.stand.takeRide(b, s.driver)
	if told {
		s.stand.onceRide(s.srv.book.seed, b.ID, b.Version)
	}
	s.mu.Unlock()
	if gone {
		return gonePB(b), nil
	}
	return s.ridePB(ctx, asOf(r, was))
}

// briefOf is what a receipt says of a ride that is the driver's no more.
func briefOf(was dispatch.Receipt) dispatch.Brief {
	return dispatch.Brief{
		ID: was.Ride, State: was.State, Version: was.Version, ChangedAt: was.At,
	}
}

func (s *session) once(c *driverpb.Command) dispatch.Once {
	who := wire.Caller{Role: typepb.Role_ROLE_DRIVER, ID: string(s.driver)}
	return dispatch.Once{Identity: who.Identity(), RequestID: c.GetRequestId()}
}

// setDuty begins, pauses or ends the shift. The taxi of the shift becomes the session's.
func (s *session) setDuty(
	ctx context.Context, c *driverpb.Command, set *driverpb.SetDuty, told bool,
) (*driverpb.Done, error) {
	v, taxi := s.srv, dispatch.TaxiID(set.GetTaxiId())
	s.mu.Lock()
	if taxi == "" {
		taxi = s.stand.taxi
	}
	s.mu.Unlock()
	if taxi == "" {
		return nil, wire.BadField("command.set_duty.taxi_id",
			"given: neither a session nor a shift says which taxi")
	}
	shift, err := v.c.Desk.SetDuty(ctx, v.c.Now(), s.once(c), dispatch.SetDuty{
		Driver: s.driver, Taxi: taxi, Duty: dutyOf(set.GetDuty()),
	})
	if err != nil {
		return nil, err
	}
	return s.shifted(shift, told), nil
}

// setDestination says where the driver is going.
func (s *session) setDestination(
	ctx context.Context, c *driverpb.Command, set *driverpb.SetDestination, told bool,
) (*driverpb.Done, error) {
	command := dispatch.SetDestination{Driver: s.driver}
	if set.GetTo() != nil {
		var err error
		if command.To, err = wire.PointOf(set.GetTo()); err != nil {
			return nil, err
		}
	}
	v := s.srv
	shift, err := v.c.Desk.SetDestination(ctx, v.c.Now(), s.once(c), command)
	if err != nil {
		return nil, err
	}
	return s.shifted(shift, told), nil
}

// shifted notes a shift that a command has changed. The taxi of the shift becomes the session's.
func (s *session) shifted(shift dispatch.Shift, told bool) *driverpb.Done {
	s.mu.Lock()
	if !shift.ChangedAt.Before(s.stand.shift.ChangedAt) {
		s.stand.taxi = shift.Taxi
		if told {
			s.stand.takeShift(shift)
		}
	}
	s.mu.Unlock()
	if told {
		s.srv.moved(s, s.srv.cities[shift.City])
	} else {
		s.hearShift(shift)
	}
	return &driverpb.Done{Shift: shiftPB(shift)}
}

// act gives every other command to the desk.
func (s *session) act(ctx context.Context, c *driverpb.Command) (dispatch.Receipt, error) {
	desk, now, key := s.srv.c.Desk, s.srv.c.Now(), s.once(c)
	switch a := c.GetAction().(type) {
	case *driverpb.Command_Accept:
		return desk.Accept(ctx, now, key, s.answer(a.Accept))
	case *driverpb.Command_Grab:
		return desk.Grab(ctx, now, key, dispatch.GrabRide{
			Call: dispatch.CallID(a.Grab.GetCallId()), Driver: s.driver, At: s.lastPoint(),
		})
	case *driverpb.Command_Decline:
		return desk.Decline(ctx, now, key, s.answer(a.Decline))
	case *driverpb.Command_Occupied:
		return s.occupied(ctx, c, a.Occupied)
	case *driverpb.Command_Arrived:
		return desk.Arrive(ctx, now, key, s.drive(c, a.Arrived))
	case *driverpb.Command_Started:
		return desk.Start(ctx, now, key, s.drive(c, a.Started))
	case *driverpb.Command_Completed:
		return s.completed(ctx, c, a.Completed)
	case *driverpb.Command_Release:
		return desk.Release(ctx, now, key, s.drive(c, a.Release))
	case *driverpb.Command_BreakDown:
		return s.breakDown(ctx, c, a.BreakDown)
	case *driverpb.Command_NoShow:
		return desk.NoShow(ctx, now, key, s.drive(c, a.NoShow))
	case *driverpb.Command_TakeBooking:
		return desk.TakeBooking(ctx, now, key, s.hold(a.TakeBooking))
	case *driverpb.Command_DropBooking:
		return desk.DropBooking(ctx, now, key, s.hold(a.DropBooking))
	case *driverpb.Command_HandOverBooking:
		return desk.HandOverBooking(ctx, now, key, dispatch.HandOverBooking{
			Ride: dispatch.RideID(a.HandOverBooking.GetRideId()), Driver: s.driver,
			Member: dispatch.MemberID(a.HandOverBooking.GetMemberId()),
		})
	case *driverpb.Command_WithdrawHandOver:
		return desk.WithdrawHandOver(ctx, now, key, s.hold(a.WithdrawHandOver))
	case *driverpb.Command_TakeOverBooking:
		return desk.TakeOverBooking(ctx, now, key, s.hold(a.TakeOverBooking))
	case *driverpb.Command_CashReceived:
		return desk.CashReceived(ctx, now, key, dispatch.CashReceived{
			Ride: dispatch.RideID(a.CashReceived.GetRideId()), Driver: s.driver,
		})
	case *driverpb.Command_Rate:
		return desk.Rate(ctx, now, key, dispatch.RateRide{
			Ride: dispatch.RideID(a.Rate.GetRideId()), Driver: s.driver,
			Stars: int(a.Rate.GetStars()),
		})
	default:
		return dispatch.Receipt{}, wire.BadField("command.action", "given")
	}
}

func (s *session) answer(a *driverpb.OfferAnswer) dispatch.AnswerOffer {
	return dispatch.AnswerOffer{Offer: dispatch.OfferID(a.GetOfferId()), Driver: s.driver}
}

func (s *session) drive(c *driverpb.Command, a *driverpb.RideAction) dispatch.DriveRide {
	return dispatch.DriveRide{
		Ride: dispatch.RideID(a.GetRideId()), Driver: s.driver, Reason: a.GetReason(),
		Did: wire.TimeOf(c.GetAt()),
	}
}

// completed ends a drive, when its fixes are in the trace: the meter is checked against them.
func (s *session) completed(
	ctx context.Context, c *driverpb.Command, a *driverpb.Completion,
) (dispatch.Receipt, error) {
	s.flushTrace(ctx)
	return s.srv.c.Desk.Complete(ctx, s.srv.c.Now(), s.once(c), dispatch.CompleteRide{
		Ride: dispatch.RideID(a.GetRideId()), Driver: s.driver,
		Meter: money.Fen(a.GetMeterFen()), Tolls: money.Fen(a.GetTollsFen()),
		Did: wire.TimeOf(c.GetAt()), ByCode: a.GetByCode(),
	})
}

func (s *session) occupied(
	ctx context.Context, c *driverpb.Command, a *driverpb.StreetRide,
) (dispatch.Receipt, error) {
	cmd := dispatch.StreetRide{
		Driver: s.driver, Did: wire.TimeOf(c.GetAt()), Last: s.lastPoint(),
	}
	if a.GetAt() != nil {
		var err error
		if cmd.At, err = wire.PointOf(a.GetAt()); err != nil {
			return dispatch.Receipt{}, err
		}
	}
	return s.srv.c.Desk.Occupied(ctx, s.srv.c.Now(), s.once(c), cmd)
}

func (s *session) breakDown(
	ctx context.Context, c *driverpb.Command, a *driverpb.BreakDown,
) (dispatch.Receipt, error) {
	cmd := dispatch.DriveRide{
		Ride: dispatch.RideID(a.GetRideId()), Driver: s.driver, Did: wire.TimeOf(c.GetAt()),
		Last: s.lastPoint(),
	}
	if a.GetAt() != nil {
		var err error
		if cmd.At, err = wire.PlaceOf("break_down.at", a.GetAt()); err != nil {
			return dispatch.Receipt{}, err
		}
	}
	return s.srv.c.Desk.BreakDown(ctx, s.srv.c.Now(), s.once(c), cmd)
}

// lastPoint is where the session's taxi was last, the zero point if that is not known.
func (s *session) lastPoint() geo.Point {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slot.fix.Point
}
