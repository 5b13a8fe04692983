package dispatch

import "time"

// The acts on booked rides. What they need of the policy is in them: Step knows none.
type (
	// Book is a driver's word that they will come; Due is when the engine looks at it next.
	Book struct {
		Driver DriverID
		Team   TeamID // of the driver
		Due    time.Time
		Knows  bool // it is so soon that the driver need not be reminded
	}
	// Drop is the driver's cancel, ahead: others may take the booking.
	Drop struct {
		Driver DriverID
		By     Side   // the driver, or the system: another booking has come too near
		Reason string // at most 200 bytes
		Due    time.Time
	}
	// Remind tells the driver that the time comes.
	Remind struct{ Due time.Time }
	// Move is a pickup at another time, and the landing that it goes by, if there is one.
	Move struct {
		PickupAt time.Time
		FlightAt time.Time
		Due      time.Time // of a booking whose driver does not set out yet
	}
	// Due begins the search of a booking that nobody has taken.
	Due struct{ Search SearchTime }
	// SetOut makes the booking its driver's current ride, with the taxi of their shift.
	SetOut struct {
		Driver DriverID
		Taxi   TaxiID
	}
	// FallOut takes the booking, or a ride in slot next, from a driver who cannot come: it
	// searches.
	FallOut struct {
		Reason string // "not_ready", "too_far"; of a next ride "late", "break_down"
		Search SearchTime
	}
)

// Kind is ActBook.
func (Book) Kind() ActKind { return ActBook }

// Kind is ActDrop.
func (Drop) Kind() ActKind { return ActDrop }

// Kind is ActRemind.
func (Remind) Kind() ActKind { return ActRemind }

// Kind is ActMove.
func (Move) Kind() ActKind { return ActMove }

// Kind is ActDue.
func (Due) Kind() ActKind { return ActDue }

// Kind is ActSetOut.
func (SetOut) Kind() ActKind { return ActSetOut }

// Kind is ActFallOut.
func (FallOut) Kind() ActKind { return ActFallOut }

func (d *Decision) applyAhead(was Ride, act Act, now time.Time) error {
	r := &d.Ride
	switch a := act.(type) {
	case Book:
		return d.book(was, a, now)
	case Drop:
		return d.drop(was, a)
	case Remind:
		r.Booking.RemindedAt, r.Booking.DueAt = now, a.Due
	case Move:
		return d.move(was, a)
	case Due:
		d.search(was, a.Search, now)
	case SetOut:
		r.Taxi, r.Slot, r.ClaimedAt = a.Taxi, SlotCurrent, now
		r.Booking.DueAt = time.Time{}
		return was.drivenBy(a.Driver)
	case OfferHandOver:
		return d.offerHandOver(was, a, now)
	case WithdrawHandOver:
		return d.withdrawHandOver(was, a)
	case TakeOver:
		return d.takeOver(was, a, now)
	case FallOut:
		if was.State == Assigned && was.Slot != SlotNext {
			return Errorf(Conflict, ReasonStep,
				"ride %s is its driver's current one: only they give it back", was.ID)
		}
		r.Driver, r.Taxi, r.Slot, r.ExpectedAt = "", "", "", time.Time{}
		r.EndedBy, r.EndReason = SideSystem, a.Reason
		d.search(was, a.Search, now)
	}
	return nil
}

// book gives the booking to a driver. Who may not take it yet hears what is said of a ride that
// never was.
func (d *Decision) book(was Ride, a Book, now time.Time) error {
	if !was.First.Admits(a.Driver, a.Team, now) {
		return Errorf(NotFound, ReasonUnknownRide, "no ride %s", was.ID)
	}
	r := &d.Ride
	r.Driver, r.EndedBy, r.EndReason = a.Driver, 0, ""
	r.Booking.DueAt, r.Booking.RemindedAt = a.Due, time.Time{}
	if a.Knows {
		r.Booking.RemindedAt = now
	}
	return nil
}

func (d *Decision) drop(was Ride, a Drop) error {
	if err := was.drivenBy(a.Driver); err != nil {
		return err
	}
	if len(a.Reason) > MaxReasonBytes {
		return invalid("reason", "at most 200 bytes")
	}
	r := &d.Ride
	r.Driver, r.EndedBy, r.EndReason = "", a.By, a.Reason
	r.Booking.DueAt, r.Booking.RemindedAt = a.Due, time.Time{}
	return nil
}

// move changes the time of the pickup. A search is over: the booking is looked at again when its
// time comes, which may be at once. Who is on the way already is told, and may give the ride back.
func (d *Decision) move(was Ride, a Move) error {
	if was.Kind != BookedRide {
		return Errorf(Conflict, ReasonStep, "ride %s is not booked", was.ID)
	}
	b := &d.Ride.Booking
	b.PickupAt, b.FlightAt = a.PickupAt, a.FlightAt
	if !d.Ride.State.Ahead() {
		return nil
	}
	b.DueAt, b.RemindedAt = a.Due, time.Time{}
	if was.State == Searching {
		d.Writes = append(d.Writes, WithdrawOffers{was.ID})
	}
	return nil
}

// search sends a booking into a search: until its pickup, and not shorter than any ride's. From
// then on it is everybody's, whatever was said: a flight may have come earlier.
func (d *Decision) search(was Ride, search SearchTime, now time.Time) {
	r := &d.Ride
	r.Search++
	r.SearchBy = was.searchUntil(now, search)
	r.First = was.First.open(now)
	r.Booking.DueAt = time.Time{}
}
