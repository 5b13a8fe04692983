package dispatch

import "time"

// The acts by which a booking goes from one driver of a team to another.
type (
	// OfferHandOver is the wish of the driver who has it that another one takes it.
	OfferHandOver struct {
		Driver DriverID
		Team   TeamID    // of the driver
		To     DriverID  // who alone may; "" is the whole team
		By     time.Time // later it is not possible
	}
	// WithdrawHandOver is the driver's word that they come after all.
	WithdrawHandOver struct{ Driver DriverID }
	// TakeOver is the word of another driver of the team that they come instead.
	TakeOver struct {
		Driver DriverID
		Team   TeamID    // of the driver
		By     time.Time // later it is not possible
		Due    time.Time // when the engine looks at it next
		Knows  bool      // it is so soon that the driver need not be reminded
	}
)

// RecordHandOver is the write that a booking has gone from one driver to another.
type RecordHandOver struct{ HandedOver }

func (RecordHandOver) write() {}

// Kind is ActHandOver.
func (OfferHandOver) Kind() ActKind { return ActHandOver }

// Kind is ActWithdrawHandOver.
func (WithdrawHandOver) Kind() ActKind { return ActWithdrawHandOver }

// Kind is ActTakeOver.
func (TakeOver) Kind() ActKind { return ActTakeOver }

// offerHandOver offers the booking to the team, in place of what was offered before.
func (d *Decision) offerHandOver(was Ride, a OfferHandOver, now time.Time) error {
	if err := was.drivenBy(a.Driver); err != nil {
		return err
	}
	if err := was.mayHandOver(a.By, now); err != nil {
		return err
	}
	d.Ride.Booking.HandOver = HandOver{Team: a.Team, To: a.To}
	return nil
}

// mayHandOver refuses what has been handed over once, and what is too late.
func (r Ride) mayHandOver(by, now time.Time) error {
	switch {
	case !r.Booking.HandOver.At.IsZero():
		return Errorf(Conflict, ReasonHandedOver, "booking %s was handed over already", r.ID)
	case !now.Before(by):
		return Errorf(Conflict, ReasonTooLate, "booking %s could be handed over until %s", r.ID,
			by.Format(time.RFC3339))
	default:
		return nil
	}
}

func (d *Decision) withdrawHandOver(was Ride, a WithdrawHandOver) error {
	if err := was.drivenBy(a.Driver); err != nil {
		return err
	}
	if !was.Booking.HandOver.Open() {
		return Errorf(Conflict, ReasonStep, "booking %s is not offered to a team", was.ID)
	}
	d.Ride.Booking.HandOver = HandOver{}
	return nil
}

// takeOver gives the booking to another driver of the team. Whom it was never offered to hears what
// is said of a ride that never was.
func (d *Decision) takeOver(was Ride, a TakeOver, now time.Time) error {
	if was.Driver == a.Driver {
		return Errorf(Conflict, ReasonStep, "booking %s is driver %s's already", was.ID, a.Driver)
	}
	if !was.Booking.HandOver.reaches(a.Driver, a.Team) {
		return Errorf(NotFound, ReasonUnknownRide, "no ride %s", was.ID)
	}
	if err := was.mayHandOver(a.By, now); err != nil {
		return err
	}
	r := &d.Ride
	r.Driver, r.Booking.HandOver.At = a.Driver, now
	r.Booking.DueAt, r.Booking.RemindedAt = a.Due, time.Time{}
	if a.Knows {
		r.Booking.RemindedAt = now
	}
	d.Writes = append(d.Writes, RecordHandOver{HandedOver{
		Ride: r.ID, City: r.City, Team: a.Team, From: was.Driver, To: a.Driver, At: now,
	}})
	return nil
}
