package dispatch

// Promote makes the ride in slot next its driver's current one: the one before is completed.
type Promote struct{ Driver DriverID }

// Kind is ActPromote.
func (Promote) Kind() ActKind { return ActPromote }

// Why a ride in slot next was taken from its driver, as the ride's EndReason says it.
const (
	// EndLate is a driver whose current ride takes longer than was thought, by more than the
	// policy's forward_late_s.
	EndLate = "late"
	// EndBreakDown is a driver whose taxi has broken down with the current rider on board.
	EndBreakDown = "break_down"
)

func (d *Decision) promote(was Ride, a Promote) error {
	if err := was.drivenBy(a.Driver); err != nil {
		return err
	}
	if was.Slot != SlotNext {
		return Errorf(Conflict, ReasonStep, "ride %s is its driver's current one", was.ID)
	}
	d.Ride.Slot = SlotCurrent
	return nil
}

// mayArrive refuses an arrival at somebody else's ride, and at one before which another ride has to
// be ended.
func (r Ride) mayArrive(driver DriverID) error {
	if err := r.drivenBy(driver); err != nil {
		return err
	}
	if r.Slot == SlotNext {
		return Errorf(Conflict, ReasonDriverBusy,
			"ride %s is the next one: the driver has to end the current one first", r.ID)
	}
	return nil
}

// nextUp is what becomes of the driver's next ride when the current one leaves their hands: it
// takes its place, or searches anew if the taxi has broken down. It reads the next ride after the
// current one's row is written: a claim into slot next locks that row first, so that it either was
// there before, and is seen, or comes after, and sees that the driver is free.
func (j *job) nextUp(was Ride, act Act) error {
	if was.Slot != SlotCurrent || was.State != OnTrip {
		return nil // no next ride is claimed before the current rider is on board
	}
	next, ok, err := j.tx.DriversNext(was.Driver)
	if err != nil || !ok {
		return err
	}
	if broken, ok := act.(Break); ok {
		_, err = j.step(next, FallOut{Reason: EndBreakDown, Search: broken.Search})
		return err
	}
	_, err = j.step(next, Promote{Driver: was.Driver})
	return err
}

// slotFor is the slot that an accepted offer's ride takes. The ride that the driver was at when the
// offer was made is locked: until this claim commits it cannot be completed, and when it has been,
// the driver is free.
func (j *job) slotFor(o Offer) (Slot, error) {
	if o.After == "" {
		return SlotCurrent, nil
	}
	before, err := j.tx.LockRide(o.After)
	if err != nil {
		return "", err
	}
	if before.State == OnTrip && before.Driver == o.Driver && before.Slot == SlotCurrent {
		return SlotNext, nil
	}
	return SlotCurrent, nil
}
