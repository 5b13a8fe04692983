package dispatch

import (
	"context"
	"time"

	"hexhail/geo"
)

// SharePosition is a rider's app telling where the phone is during the drive.
type SharePosition struct {
	Ride  RideID
	Rider RiderID
	Fix   geo.Fix
}

// SharePosition keeps the first and the last position of a drive until that is over, for nobody to
// read, and says after what time another one is wanted; 0 is never. The same one twice is one.
// Errors: NotFound for a ride that is not the rider's, Conflict unless the rider is on board, a
// *geo.FixError for a position that no phone can have honestly.
func (d *Desk) SharePosition(
	ctx context.Context, now time.Time, c SharePosition,
) (next time.Duration, err error) {
	err = d.Store.Tx(ctx, func(tx Tx) error {
		next = 0
		r, err := tx.LockRide(c.Ride) // so that no place is kept after the drive
		if err != nil {
			return err
		}
		if err := r.riddenBy(c.Rider); err != nil {
			return err
		}
		if r.State != OnTrip {
			return Errorf(Conflict, ReasonStep, "ride %s is %s: its rider is not on board",
				r.ID, r.State)
		}
		city, err := d.Cities.City(r.City)
		if err != nil || !r.tellsPhone() || !city.PolicyAt(now).asksPhones() {
			return err
		}
		next = TellEvery
		return keepPosition(tx, r, c.Fix, now)
	})
	if err != nil {
		kind, reason := Classify(err)
		d.Listener.Refused("SharePosition", kind, reason)
		return 0, err
	}
	return next, nil
}

func keepPosition(tx Tx, r Ride, fix geo.Fix, now time.Time) error {
	was, err := tx.Whereabouts(r.ID)
	if err != nil {
		return err
	}
	w, changed, err := was.told(fix, r.StartedAt, now)
	if err != nil || !changed {
		return err
	}
	w.Ride = r.ID
	return tx.PutWhereabouts(w)
}

// measurePhone turns the places of the rider's phone into distances from the taxi, as the drive is
// over. Whoever tells another one from here on waits for the ride, and hears so.
func (j *job) measurePhone(r Ride, trace []geo.Fix) error {
	if !r.tellsPhone() {
		return nil
	}
	if _, err := j.tx.LockRide(r.ID); err != nil {
		return err
	}
	w, err := j.tx.Whereabouts(r.ID)
	if err != nil || w.Ride == "" {
		return err
	}
	return j.tx.PutWhereabouts(w.measured(trace, r.StartedAt))
}
