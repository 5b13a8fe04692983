package dispatch

import (
	"context"
	"time"

	"hexhail/geo"
)

// SetDestination says where a driver is going, or that they are going nowhere.
type SetDestination struct {
	Driver DriverID
	To     geo.Point // zero: nowhere
}

// SetDestination keeps the destination with the shift until a ride was driven, the driver goes off
// duty, or says otherwise. Errors: Invalid for a bad point, Conflict with ReasonOffDuty without a
// shift, Exhausted with ReasonDestinations when the day's are used up.
func (d *Desk) SetDestination(
	ctx context.Context, now time.Time, key Once, c SetDestination,
) (Shift, error) {
	return do(ctx, d, "SetDestination", now, key, c, func(j *job) (Shift, error) {
		if err := (Place{Point: c.To}).Check("to"); err != nil {
			return Shift{}, err
		}
		s, ok, err := j.tx.Shift(c.Driver)
		if err != nil {
			return Shift{}, err
		}
		if !ok || s.Duty == OffDuty {
			return Shift{}, Errorf(Conflict, ReasonOffDuty, "driver %s is off duty", c.Driver)
		}
		city, err := d.Cities.City(s.City)
		if err != nil {
			return Shift{}, err
		}
		most := city.PolicyAt(now).DestinationsADay
		if s.Destination, err = s.Destination.Set(c.To, city.dayOf(now), most); err != nil {
			return Shift{}, err
		}
		return s, j.putShift(&s)
	})
}

// arrivedSomewhere ends a driver's destination: a ride was driven.
func (j *job) arrivedSomewhere(driver DriverID) error {
	s, ok, err := j.tx.Shift(driver)
	if err != nil || !ok || !s.Destination.Heading() {
		return err
	}
	s.Destination.To = geo.Point{}
	return j.putShift(&s)
}

// putShift writes a shift that was changed now, and tells the engine.
func (j *job) putShift(s *Shift) error {
	s.ChangedAt = j.now
	j.told = append(j.told, Change{City: s.City, Shift: s})
	return j.tx.PutShift(*s)
}
