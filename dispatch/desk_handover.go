package dispatch

import (
	"context"
	"fmt"
	"time"
)

// HandOverBooking is a driver's wish that another one of their team takes a booking.
type HandOverBooking struct {
	Ride   RideID
	Driver DriverID
	Member MemberID // who alone may take it; "" is the whole team
}

// HandOverBooking offers a booking to one of the driver's team or to all of it, in place of what
// was offered before. The driver keeps it until somebody takes it. Errors: NotFound for a booking
// that is not the driver's, with ReasonUnknownTeam for who is of no team, with ReasonUnknownMember
// for who is not of it; Conflict with ReasonStep when the driver has set out, with ReasonHandedOver
// for what was handed over once, with ReasonTooLate.
func (d *Desk) HandOverBooking(
	ctx context.Context, now time.Time, key Once, c HandOverBooking,
) (Receipt, error) {
	name := "HandOverBooking"
	return d.act(ctx, name, now, key, c, c.Ride, func(j *job, r Ride) (Act, error) {
		if err := r.drivenBy(c.Driver); err != nil {
			return nil, err
		}
		city, err := d.Cities.City(r.City)
		if err != nil {
			return nil, err
		}
		team, err := j.tx.TeamOf(c.Driver)
		if err == nil && team == "" {
			err = Errorf(NotFound, ReasonUnknownTeam, "driver %s is of no team", c.Driver)
		}
		if err != nil {
			return nil, err
		}
		to, err := j.teammate(c, team)
		return OfferHandOver{
			Driver: c.Driver, Team: team, To: to,
			By: city.PolicyAt(now).handsOverBy(r.Booking.PickupAt),
		}, err
	})
}

// teammate is the driver whom a member's id names; "" if it names nobody.
func (j *job) teammate(c HandOverBooking, team TeamID) (DriverID, error) {
	switch {
	case c.Member == "":
		return "", nil
	case len(c.Member) > MaxIDBytes:
		return "", invalid("member_id", fmt.Sprintf("at most %d bytes", MaxIDBytes))
	}
	m, err := j.tx.Member(c.Member)
	if err != nil {
		return "", err
	}
	if m.Team != team || m.State != MemberJoined || m.Driver == c.Driver {
		return "", unknownMember(c.Member)
	}
	return m.Driver, nil
}

// WithdrawHandOver takes the offer back: the driver comes after all. NotFound for a booking that is
// not the driver's, or no more; Conflict with ReasonStep for one that is not offered.
func (d *Desk) WithdrawHandOver(
	ctx context.Context, now time.Time, key Once, c HoldBooking,
) (Receipt, error) {
	name := "WithdrawHandOver"
	return d.act(ctx, name, now, key, c, c.Ride, func(_ *job, r Ride) (Act, error) {
		return WithdrawHandOver{Driver: c.Driver}, r.drivenBy(c.Driver)
	})
}

// TakeOverBooking gives a booking that is offered to a driver's team to the driver: the first who
// takes it has it. Errors: NotFound for one that this driver may not take; Conflict with
// ReasonHandedOver if another one was faster, with ReasonTooLate; and those of TakeBooking for a
// driver who cannot do it.
func (d *Desk) TakeOverBooking(
	ctx context.Context, now time.Time, key Once, c HoldBooking,
) (Receipt, error) {
	return do(ctx, d, "TakeOverBooking", now, key, c, func(j *job) (Receipt, error) {
		r, city, err := d.lockHeld(j, c)
		if err != nil {
			return Receipt{}, err
		}
		team, err := j.tx.TeamOf(c.Driver)
		if err != nil {
			return Receipt{}, err
		}
		if r.Driver != c.Driver {
			if err := j.mayTakeOver(r, c.Driver, team, city); err != nil {
				return Receipt{}, err
			}
		}
		policy := city.PolicyAt(now)
		due, knows := policy.takenAhead(r.Booking, now)
		r, err = j.step(r, TakeOver{
			Driver: c.Driver, Team: team, By: policy.handsOverBy(r.Booking.PickupAt),
			Due: due, Knows: knows,
		})
		return receipt(r), err
	})
}

// mayTakeOver refuses a booking to a driver to whom it is not offered, or who cannot do it. It is
// handed over within a team: who has left it hands nothing over any more.
func (j *job) mayTakeOver(r Ride, driver DriverID, team TeamID, city City) error {
	h := r.Booking.HandOver
	if !h.reaches(driver, team) {
		return Errorf(NotFound, ReasonUnknownRide, "no ride %s", r.ID)
	}
	if r.State != Booked || !h.Open() {
		return nil // Step says why not
	}
	his, err := j.tx.TeamOf(r.Driver)
	if err == nil && his != team {
		err = Errorf(NotFound, ReasonUnknownRide, "no ride %s", r.ID)
	}
	if err != nil {
		return err
	}
	return j.fits(r, driver, city)
}

// tellReached tells those to whom a booking is offered, or was until now. Whoever drives it hears
// of it as of every change.
func (j *job) tellReached(was, is Ride) error {
	before, after := was.Booking.HandOver, is.Booking.HandOver
	if !before.Open() && !after.Open() {
		return nil
	}
	told := map[DriverID]bool{was.Driver: true, is.Driver: true}
	for _, h := range []HandOver{before, after} {
		if !h.Open() {
			continue
		}
		reached, err := j.reached(h)
		if err != nil {
			return err
		}
		for _, driver := range reached {
			if !told[driver] {
				told[driver] = true
				j.told = append(j.told, Notice{Driver: driver, HandOver: &HandOverNews{
					City: is.City, Ride: is.ID, Version: is.Version,
				}})
			}
		}
	}
	return nil
}

// reached are the drivers to whom a booking is offered, its own among them.
func (j *job) reached(h HandOver) (drivers []DriverID, err error) {
	if h.To != "" {
		return []DriverID{h.To}, nil
	}
	members, err := j.tx.Members(h.Team)
	for _, m := range members {
		if m.State == MemberJoined {
			drivers = append(drivers, m.Driver)
		}
	}
	return drivers, err
}
