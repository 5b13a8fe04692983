package dispatch

import (
	"context"
	"time"
)

// ProposeRegular is one side's wish to keep the other after a ride that they had together.
type ProposeRegular struct {
	Person
	Ride RideID
}

// RegularWord is one side's word on a regular.
type RegularWord struct {
	Person
	Regular RegularID
}

// ProposeRegular proposes to keep the other side of a ride; if the other has proposed it already,
// that is the agreement, and what is proposed or kept already stays as it is. Errors: NotFound for
// a ride that is not theirs, Conflict with ReasonStep for one that is not over or has no rider,
// with ReasonRegularState if the other has ended it since, Exhausted with ReasonTooManyRegulars.
func (d *Desk) ProposeRegular(
	ctx context.Context, now time.Time, key Once, c ProposeRegular,
) (Regular, error) {
	id := RegularID(d.NewID(now))
	return do(ctx, d, "ProposeRegular", now, key, c, func(j *job) (Regular, error) {
		r, err := j.tx.Ride(c.Ride)
		if err != nil {
			return Regular{}, err
		}
		if err := c.sharedRide(r); err != nil {
			return Regular{}, err
		}
		if err := j.lockBoth(r.Rider, r.Driver); err != nil {
			return Regular{}, err
		}
		was, ok, err := j.tx.RegularOf(r.Rider, r.Driver)
		if err != nil {
			return Regular{}, err
		}
		if ok && was.State != RegularEnded {
			if was.State == RegularProposed && was.ProposedBy != c.side() {
				return j.keep(was)
			}
			return was, nil
		}
		if err := was.mayPropose(c.side(), r); err != nil {
			return Regular{}, err
		}
		city, err := d.Cities.City(r.City)
		if err != nil {
			return Regular{}, err
		}
		if err := j.roomForRegular(r, city.PolicyAt(now)); err != nil {
			return Regular{}, err
		}
		made := Regular{
			ID: id, Rider: r.Rider, Driver: r.Driver, State: RegularProposed,
			ProposedBy: c.side(), Ride: r.ID, ProposedAt: now,
		}
		return made, j.tx.PutRegular(made)
	})
}

// sharedRide refuses a ride that the person was not at, or that the two have not had together.
func (c ProposeRegular) sharedRide(r Ride) error {
	err := r.drivenBy(c.Driver)
	if c.Rider != "" {
		err = r.riddenBy(c.Rider)
	}
	if err != nil {
		return err
	}
	if r.CompletedAt.IsZero() || r.Rider == "" {
		return Errorf(Conflict, ReasonStep, "ride %s has not been driven, or has no rider", r.ID)
	}
	return nil
}

// lockBoth locks two people, the driver first as everybody does.
func (j *job) lockBoth(rider RiderID, driver DriverID) error {
	if _, err := j.tx.LockDriver(driver); err != nil {
		return err
	}
	_, err := j.tx.LockRider(rider)
	return err
}

// roomForRegular refuses one more where a side has as many as it may. Both are locked.
func (j *job) roomForRegular(r Ride, p Policy) error {
	riders, drivers, err := j.tx.CountRegulars(r.Rider, r.Driver)
	if err != nil {
		return err
	}
	if riders >= p.RegularsARider || drivers >= p.RegularsADriver {
		return Errorf(Exhausted, ReasonTooManyRegulars,
			"a rider has at most %d regulars and a driver %d", p.RegularsARider, p.RegularsADriver)
	}
	return nil
}

func (j *job) keep(r Regular) (Regular, error) {
	r.State, r.KeptAt = RegularKept, j.now
	return r, j.tx.PutRegular(r)
}

// AgreeRegular is the other side's yes. NotFound for a regular that is not theirs or has ended,
// Conflict with ReasonRegularState for the side that has proposed it; what is kept already stays.
func (d *Desk) AgreeRegular(
	ctx context.Context, now time.Time, key Once, c RegularWord,
) (Regular, error) {
	return do(ctx, d, "AgreeRegular", now, key, c, func(j *job) (Regular, error) {
		r, err := j.lockRegular(c)
		switch {
		case err != nil:
			return Regular{}, err
		case r.State == RegularKept:
			return r, nil
		case r.ProposedBy == c.side():
			return Regular{}, Errorf(Conflict, ReasonRegularState,
				"regular %s waits for the other side", r.ID)
		default:
			return j.keep(r)
		}
	})
}

// EndRegular ends a regular, or refuses a proposed one. NotFound for one that is not theirs or has
// ended.
func (d *Desk) EndRegular(
	ctx context.Context, now time.Time, key Once, c RegularWord,
) (Regular, error) {
	return do(ctx, d, "EndRegular", now, key, c, func(j *job) (Regular, error) {
		r, err := j.lockRegular(c)
		if err != nil {
			return Regular{}, err
		}
		r.State, r.EndedBy, r.EndedAt = RegularEnded, c.side(), now
		return r, j.tx.PutRegular(r)
	})
}

// lockRegular reads a person's own regular that has not ended, with both sides locked.
func (j *job) lockRegular(c RegularWord) (Regular, error) {
	r, err := j.tx.Regular(c.Regular)
	if err != nil {
		return Regular{}, err
	}
	if !c.has(r) {
		return Regular{}, unknownRegular(c.Regular)
	}
	if err := j.lockBoth(r.Rider, r.Driver); err != nil {
		return Regular{}, err
	}
	// What was read before the lock may have changed.
	if r, err = j.tx.Regular(c.Regular); err == nil && r.State == RegularEnded {
		err = unknownRegular(c.Regular)
	}
	return r, err
}

func unknownRegular(id RegularID) error {
	return Errorf(NotFound, ReasonUnknownRegular, "no regular %s", id)
}
