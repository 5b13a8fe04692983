package dispatch

import (
	"context"
	"time"
)

// MakeComplaint is a rider's, once a ride.
type MakeComplaint struct {
	Ride  RideID
	Rider RiderID
	Cause ComplaintCause
	Text  string // at most MaxComplaintBytes; with CauseOther not empty
}

// Complain keeps a rider's complaint of the driver of a ride that was driven or cancelled. At the
// policy's number of them the driver is suspended: off duty at once, or paused if at a ride, which
// is driven to its end. Errors: NotFound for a ride that is not the rider's, Conflict with
// ReasonStep for one that had no driver or is not over, with ReasonComplained for a second time,
// with ReasonTooLate.
func (d *Desk) Complain(
	ctx context.Context, now time.Time, key Once, c MakeComplaint,
) (Receipt, error) {
	return d.act(ctx, "Complain", now, key, c, c.Ride, func(j *job, r Ride) (Act, error) {
		if err := r.riddenBy(c.Rider); err != nil {
			return nil, err
		}
		city, err := d.Cities.City(r.City)
		if err != nil {
			return nil, err
		}
		policy := city.PolicyAt(now)
		act := Complain{
			Rider: c.Rider, Cause: c.Cause, Text: c.Text, Within: days(policy.ComplainDays),
		}
		// All that can be refused is, before anybody is put off duty.
		if _, err := Step(r, act, now); err != nil {
			return nil, err
		}
		switch _, err := j.tx.Complaint(r.ID, SideRider); {
		case err == nil:
			return nil, Errorf(Conflict, ReasonComplained, "ride %s has a complaint already", r.ID)
		case KindOf(err) != NotFound:
			return nil, err
		}
		return act, j.suspend(r, policy)
	})
}

// suspend puts the driver of a ride off duty for whom one complaint more is too many. The driver's
// row is locked first: of two complaints at once the second counts both. The ride itself is over,
// or being cancelled.
func (j *job) suspend(r Ride, p Policy) error {
	driver := r.Driver
	if p.ComplaintLimit == 0 {
		return nil
	}
	if _, err := j.tx.LockDriver(driver); err != nil {
		return err
	}
	made, err := j.tx.AgainstDriver(driver)
	if err != nil {
		return err
	}
	if _, ok := p.DriverSuspension(append(made, j.now), j.now); !ok {
		return nil
	}
	shift, ok, err := j.tx.Shift(driver)
	if err != nil || !ok || shift.Duty == OffDuty {
		return err
	}
	if err := j.withdrawFrom(driver, OfferWithdrawn); err != nil {
		return err
	}
	// Not before the offer is withdrawn: until then it may become a ride.
	at, busy, err := j.tx.DriversRide(driver)
	if err != nil {
		return err
	}
	shift = shift.Leave()
	if busy && at.ID != r.ID {
		shift.Duty = Paused
	}
	j.told = append(j.told, Notice{Driver: driver, Shift: &shift})
	return j.putShift(&shift)
}

// SpeakComplaint is the word of whom a complaint is about: of Rider and Driver one is set. A rider
// speaks to the driver's no-show, a driver to the rider's complaint.
type SpeakComplaint struct {
	Ride   RideID
	Rider  RiderID
	Driver DriverID
	Text   string // 1 to MaxComplaintBytes
}

// ContestComplaint asks ops to decide on a complaint. It counts until they drop it. Errors:
// NotFound for a ride that is not the caller's, or with ReasonUnknownComplaint, Conflict with
// ReasonComplaintState for one that is contested or decided, with ReasonTooLate.
func (d *Desk) ContestComplaint(
	ctx context.Context, now time.Time, key Once, c SpeakComplaint,
) (Receipt, error) {
	name := "ContestComplaint"
	return d.act(ctx, name, now, key, c, c.Ride, func(j *job, r Ride) (Act, error) {
		by, whose := SideDriver, r.riddenBy(c.Rider)
		if c.Driver != "" {
			by, whose = SideRider, r.drivenBy(c.Driver)
		}
		if whose != nil {
			return nil, whose // not even that there is a complaint is anybody else's business
		}
		complaint, err := j.tx.Complaint(c.Ride, by)
		if err != nil {
			return nil, err
		}
		city, err := d.Cities.City(r.City)
		return ContestComplaint{
			Complaint: complaint, Rider: c.Rider, Driver: c.Driver, Text: c.Text,
			Within: days(city.PolicyAt(now).ContestDays),
		}, err
	})
}

// RuleComplaint is ops' word on a complaint, which nobody can change any more.
type RuleComplaint struct {
	Ride   RideID
	By     Side // whose complaint it is
	Uphold bool // else it is dropped
	Note   string
}

// DecideComplaint ends a complaint, contested or not. One that is dropped counts no more: who was
// suspended for it may ask for a taxi, or go on duty, at once. Who decides is the key's identity.
// Errors: NotFound with ReasonUnknownComplaint, Conflict with ReasonComplaintState for one that is
// decided already.
func (d *Desk) DecideComplaint(
	ctx context.Context, now time.Time, key Once, c RuleComplaint,
) (Receipt, error) {
	return d.act(ctx, "DecideComplaint", now, key, c, c.Ride, func(j *job, _ Ride) (Act, error) {
		if c.By != SideRider && c.By != SideDriver {
			return nil, invalid("by", "rider or driver")
		}
		complaint, err := j.tx.Complaint(c.Ride, c.By)
		return DecideComplaint{
			Complaint: complaint, By: key.Identity, Uphold: c.Uphold, Note: c.Note,
		}, err
	})
}

// file writes what an act has decided of a complaint.
func (j *job) file(w FileComplaint) error {
	if w.Was == 0 {
		return j.tx.InsertComplaint(w.Complaint)
	}
	return j.tx.UpdateComplaint(w.Complaint, w.Was)
}

// mayAsk refuses a rider who is suspended under the city's policy, or has to pay for late cancels
// first. Those, and no-shows, count wherever they were.
func (j *job) mayAsk(rider RiderID, city City) error {
	policy := city.PolicyAt(j.now)
	s, ok, err := suspensionOfRider(j.tx, rider, policy, j.now)
	if err != nil {
		return err
	}
	if !ok {
		return j.paidUp(rider, policy)
	}
	return s.refusal(ReasonRiderSuspended, "rider "+string(rider), city.Zone)
}

// mayDrive refuses a driver who is suspended.
func (j *job) mayDrive(driver DriverID, city City) error {
	s, ok, err := suspensionOfDriver(j.tx, driver, city.PolicyAt(j.now), j.now)
	if err != nil || !ok {
		return err
	}
	return s.refusal(ReasonDriverSuspended, "driver "+string(driver), city.Zone)
}

func suspensionOfRider(
	tx Complaints, rider RiderID, p Policy, now time.Time,
) (s Suspension, ok bool, err error) {
	if p.NoShowLimit == 0 && p.NoShowSuspendDays == 0 {
		return s, false, nil
	}
	made, err := tx.AgainstRider(rider)
	if err == nil {
		s, ok = p.RiderSuspension(made, now)
	}
	return s, ok, err
}

func suspensionOfDriver(
	tx Complaints, driver DriverID, p Policy, now time.Time,
) (s Suspension, ok bool, err error) {
	if p.ComplaintLimit == 0 {
		return s, false, nil
	}
	made, err := tx.AgainstDriver(driver)
	if err == nil {
		s, ok = p.DriverSuspension(made, now)
	}
	return s, ok, err
}

// RiderSuspended is whether a rider may ask for no taxi in a city, and until when.
func (d *Desk) RiderSuspended(
	ctx context.Context, now time.Time, rider RiderID, city CityID,
) (s Suspension, ok bool, err error) {
	c, err := d.Cities.City(city)
	if err != nil {
		return s, false, err
	}
	err = d.Store.View(ctx, func(tx Tx) (err error) {
		s, ok, err = suspensionOfRider(tx, rider, c.PolicyAt(now), now)
		return err
	})
	return s, ok, err
}

// DriverSuspended is whether a driver may not be on duty, and until when.
func (d *Desk) DriverSuspended(
	ctx context.Context, now time.Time, driver DriverID,
) (s Suspension, ok bool, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		who, err := tx.Driver(driver)
		if err != nil {
			return err
		}
		city, err := d.Cities.City(who.City)
		if err != nil {
			return err
		}
		s, ok, err = suspensionOfDriver(tx, driver, city.PolicyAt(now), now)
		return err
	})
	return s, ok, err
}
