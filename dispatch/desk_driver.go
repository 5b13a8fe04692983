package dispatch

import (
	"context"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// SetDuty begins, pauses or ends a driver's shift with a taxi.
type SetDuty struct {
	Driver DriverID
	Taxi   TaxiID
	Duty   Duty
}

// SetDuty writes the shift. Errors: NotFound for an unknown driver or taxi, Conflict if another
// driver has the taxi, if the driver would change the taxi or go off duty with a ride, or, with
// ReasonDriverSuspended, until the error's time.
func (d *Desk) SetDuty(ctx context.Context, now time.Time, key Once, c SetDuty) (Shift, error) {
	return do(ctx, d, "SetDuty", now, key, c, func(j *job) (Shift, error) {
		if c.Duty < OnDuty || c.Duty > OffDuty {
			return Shift{}, invalid("duty", "on, paused or off")
		}
		driver, err := j.tx.Driver(c.Driver)
		if err != nil {
			return Shift{}, err
		}
		if c.Duty != OffDuty {
			city, err := d.Cities.City(driver.City)
			if err != nil {
				return Shift{}, err
			}
			if err := j.mayDrive(c.Driver, city); err != nil {
				return Shift{}, err
			}
		}
		taxi, err := j.tx.Taxi(c.Taxi)
		if err != nil {
			return Shift{}, err
		}
		if driver.City != taxi.City {
			return Shift{}, Errorf(NotFound, ReasonUnknownTaxi,
				"taxi %s is not of driver %s's city", taxi.ID, driver.ID)
		}
		was, _, err := j.tx.Shift(c.Driver)
		if err != nil {
			return Shift{}, err
		}
		if was.Taxi != "" && (was.Taxi != c.Taxi || c.Duty == OffDuty) {
			if _, busy, err := j.tx.DriversRide(c.Driver); err != nil {
				return Shift{}, err
			} else if busy {
				return Shift{}, Errorf(Conflict, ReasonDriverBusy,
					"driver %s has a ride: end it first", c.Driver)
			}
		}
		if c.Duty != OnDuty || was.Taxi != c.Taxi {
			if err := j.withdrawFrom(c.Driver, OfferWithdrawn); err != nil {
				return Shift{}, err
			}
		}
		s := Shift{
			Driver: c.Driver, Taxi: c.Taxi, City: taxi.City, Seats: taxi.Seats, Duty: c.Duty,
			Vehicle: taxi.Vehicle, Destination: was.Destination,
		}
		if s.Team, err = j.tx.TeamOf(c.Driver); err != nil {
			return Shift{}, err
		}
		if s.Duty == OffDuty || s.City != was.City {
			s.Destination.To = geo.Point{}
		}
		return s, j.putShift(&s)
	})
}

// Delivered notes that an offer has reached its driver's phone: from then on silence counts.
func (d *Desk) Delivered(
	ctx context.Context, now time.Time, offer OfferID, driver DriverID,
) error {
	return d.Store.Tx(ctx, func(tx Tx) error { return tx.DeliverOffer(offer, driver, now) })
}

// AnswerOffer is a driver's word on an offer.
type AnswerOffer struct {
	Offer  OfferID
	Driver DriverID
}

// Accept is the claim: the one transaction in which a ride and a driver become each other's. The
// offer and the ride each change by a conditional update, and the indexes allow no second ride to
// the driver and no second driver to the ride. Conflict with ReasonOfferExpired,
// ReasonOfferClosed or ReasonDriverBusy says why not. A driver who is still at another ride goes to
// this one after it: it is in slot next.
func (d *Desk) Accept(
	ctx context.Context, now time.Time, key Once, c AnswerOffer,
) (Receipt, error) {
	return do(ctx, d, "Accept", now, key, c, func(j *job) (Receipt, error) {
		if err := j.tx.Answered(c.Driver, now); err != nil {
			return Receipt{}, err
		}
		o, err := j.tx.AcceptOffer(c.Offer, c.Driver, now)
		if err != nil {
			return Receipt{}, err
		}
		slot, err := j.slotFor(o)
		if err != nil {
			return Receipt{}, err
		}
		r, err := j.tx.Ride(o.Ride)
		if err != nil {
			return Receipt{}, err
		}
		r, err = j.step(r, Claim{
			Driver: o.Driver, Taxi: o.Taxi, Search: o.Search, Slot: slot, Expected: o.PickupAt(),
		})
		if err != nil {
			return Receipt{}, err
		}
		return receipt(r), nil
	})
}

// GrabRide is a driver's word on a call.
type GrabRide struct {
	Call   CallID
	Driver DriverID
	// At is the taxi's last position. It is another one when a grab is repeated, so it does not
	// tell two grabs apart.
	At geo.Point `json:"-"`
}

// Grab is the claim of a call: of all drivers who are told of it, the first one whose grab commits
// has the ride; where the policy collects grabs for a moment, the answer is that the ride still
// searches, and what became of it is told then. The call and the ride each change by a conditional
// update, as for Accept. Errors: NotFound with ReasonUnknownCall for a call that this driver was
// not told of, Conflict with ReasonCallExpired, ReasonCallGone (somebody was faster, or the ride is
// off), ReasonOffDuty or ReasonDriverBusy.
func (d *Desk) Grab(ctx context.Context, now time.Time, key Once, c GrabRide) (Receipt, error) {
	return do(ctx, d, "Grab", now, key, c, func(j *job) (Receipt, error) {
		shift, ok, err := j.tx.Shift(c.Driver)
		if err != nil {
			return Receipt{}, err
		}
		if !ok || shift.Duty != OnDuty {
			return Receipt{}, Errorf(Conflict, ReasonOffDuty, "driver %s is not on duty", c.Driver)
		}
		if err := j.tx.Answered(c.Driver, now); err != nil {
			return Receipt{}, err
		}
		if err := j.withdrawFrom(c.Driver, OfferDeclined); err != nil {
			return Receipt{}, err
		}
		city, err := d.Cities.City(shift.City)
		if err != nil {
			return Receipt{}, err
		}
		return j.grab(c, shift, city)
	})
}

// grab claims a call's ride, or keeps the grab until the call is decided.
func (j *job) grab(c GrabRide, shift Shift, city City) (Receipt, error) {
	collect := city.PolicyAt(j.now).Collect()
	var call Call
	var err error
	if collect == 0 {
		call, err = j.tx.GrabCall(c.Call, c.Driver, j.now)
	} else {
		call, err = j.collect(c, shift, collect)
	}
	if err != nil {
		return Receipt{}, err
	}
	if !call.Fits(shift) || !call.near(c.At) {
		return Receipt{}, unknownCall(c)
	}
	if err := j.leavesQueue(city, c.Driver, call.Pickup); err != nil {
		return Receipt{}, err
	}
	r, err := j.tx.Ride(call.Ride)
	if err != nil {
		return Receipt{}, err
	}
	if collect > 0 {
		j.told = append(j.told, Change{City: call.City, Call: &call})
		return Receipt{Ride: r.ID, State: Searching, Version: r.Version, At: j.now}, nil
	}
	j.tellCall(call)
	r, err = j.step(r, Claim{Driver: c.Driver, Taxi: shift.Taxi, Search: call.Search})
	return receipt(r), err
}

// collect keeps the grab. That the driver has no other ride is found here as a favour; the claim
// makes sure of it.
func (j *job) collect(c GrabRide, shift Shift, collect time.Duration) (Call, error) {
	if _, busy, err := j.tx.DriversRide(c.Driver); err != nil {
		return Call{}, err
	} else if busy {
		return Call{}, Errorf(Conflict, ReasonDriverBusy, "driver %s has a ride", c.Driver)
	}
	open, err := j.tx.OpenCalls(CallQuery{ID: c.Call})
	if err != nil {
		return Call{}, err
	}
	g := KeptGrab{Call: c.Call, Driver: c.Driver, Taxi: shift.Taxi, At: j.now}
	if len(open) == 1 {
		g.PickupM = int(geo.DistanceM(c.At, open[0].Pickup))
	}
	return j.tx.AddGrab(g, j.now.Add(collect))
}

func unknownCall(c GrabRide) error {
	return Errorf(NotFound, ReasonUnknownCall, "no call %s for driver %s", c.Call, c.Driver)
}

// Decline gives the offer back; the pair is not tried again, unless the rider raises the tip.
func (d *Desk) Decline(
	ctx context.Context, now time.Time, key Once, c AnswerOffer,
) (Receipt, error) {
	return do(ctx, d, "Decline", now, key, c, func(j *job) (Receipt, error) {
		open, err := j.tx.OpenOffers(OfferQuery{Driver: c.Driver})
		if err != nil {
			return Receipt{}, err
		}
		for _, o := range open {
			if o.ID != c.Offer {
				continue
			}
			if err := j.tx.Answered(c.Driver, now); err != nil {
				return Receipt{}, err
			}
			answer := Receipt{Ride: o.Ride, State: Searching, At: now}
			if err := j.closeOffer(o, OfferDeclined); err != nil {
				return answer, err
			}
			return answer, j.passOn(o)
		}
		return Receipt{}, Errorf(Conflict, ReasonOfferClosed,
			"driver %s has no open offer %s", c.Driver, c.Offer)
	})
}

// passOn lets others have a ride at once that was held for the driver of an offer, who will not
// have it. One that has changed meanwhile needs nothing: it is as another command has left it.
func (j *job) passOn(o Offer) error {
	r, err := j.tx.Ride(o.Ride)
	if err != nil || r.State != Searching || !r.First.HeldFor(o.Driver, j.now) {
		return err
	}
	_, err = j.step(r, PassOn{Driver: o.Driver})
	if err != nil && ReasonOf(err) == ReasonStale {
		return nil
	}
	return err
}

// DriveRide is a driver's word on the ride that they are at.
type DriveRide struct {
	Ride   RideID
	Driver DriverID
	Reason string // of a release, at most 200 bytes
	At     Place  // of a breakdown: where the rider stands; without a point where the taxi is
	// Did is when, by the phone, of an arrival or a start that was told late; zero is now.
	Did time.Time
	// Last is the taxi's last position, zero if none is known. It is another one when a command is
	// repeated, so it does not tell two commands apart.
	Last geo.Point `json:"-"`
}

// Release gives the ride back before boarding: it searches again, without this driver.
func (d *Desk) Release(ctx context.Context, now time.Time, key Once, c DriveRide) (Receipt, error) {
	return d.drive(ctx, "Release", now, key, c, func(city City) Act {
		return Release{Driver: c.Driver, Reason: c.Reason, Search: city.PolicyAt(now).Search()}
	})
}

// BreakDown says that the taxi cannot go on with the rider on board: the ride searches again from
// where it stands.
func (d *Desk) BreakDown(
	ctx context.Context, now time.Time, key Once, c DriveRide,
) (Receipt, error) {
	at := c.At
	if at.Point == (geo.Point{}) {
		at.Point = c.Last
	}
	return d.act(ctx, "BreakDown", now, key, c, c.Ride, func(j *job, r Ride) (Act, error) {
		if err := r.drivenBy(c.Driver); err != nil {
			return nil, err
		}
		city, err := d.Cities.City(r.City)
		if err != nil {
			return nil, err
		}
		// Nor do they come to a ride that was offered them for afterwards.
		err = j.withdrawFrom(c.Driver, OfferWithdrawn)
		return Break{Driver: c.Driver, At: at, Search: city.PolicyAt(now).Search()}, err
	})
}

// Arrive says that the taxi is at the pickup.
func (d *Desk) Arrive(ctx context.Context, now time.Time, key Once, c DriveRide) (Receipt, error) {
	return d.drive(ctx, "Arrive", now, key, c, func(City) Act { return Arrive{c.Driver, c.Did} })
}

// NoShow says that nobody came, after the time that the policy asks for.
func (d *Desk) NoShow(ctx context.Context, now time.Time, key Once, c DriveRide) (Receipt, error) {
	return d.drive(ctx, "NoShow", now, key, c, func(city City) Act {
		return NotThere{Driver: c.Driver, WaitedS: city.PolicyAt(now).NoShowS}
	})
}

// Start says that the rider is on board.
func (d *Desk) Start(ctx context.Context, now time.Time, key Once, c DriveRide) (Receipt, error) {
	return d.drive(ctx, "Start", now, key, c, func(City) Act { return Start{c.Driver, c.Did} })
}

func (d *Desk) drive(
	ctx context.Context, name string, now time.Time, key Once, c DriveRide, act func(City) Act,
) (Receipt, error) {
	return d.act(ctx, name, now, key, c, c.Ride, func(_ *job, r Ride) (Act, error) {
		// Whose it is comes before where it stands, which is nobody else's business.
		if err := r.drivenBy(c.Driver); err != nil {
			return nil, err
		}
		city, err := d.Cities.City(r.City)
		return act(city), err
	})
}

// StreetRide is begun at the kerb by the driver's tap.
type StreetRide struct {
	Driver DriverID
	Rider  RiderID           // who pays in the app; "" if by hand
	At     geo.Point         // zero is Last
	PayBy  money.ChannelName // with a rider, else not looked at
	Did    time.Time         // when, by the phone, if it is told late; zero is now
	// Last is the taxi's last position, zero if none is known; as for DriveRide.
	Last geo.Point `json:"-"`
}

// Occupied begins a street ride: no search, the rider is on board. NotFound without a shift,
// Conflict with another ride, or with ReasonDriverSuspended for a driver whom complaints have
// paused at the ride before.
func (d *Desk) Occupied(
	ctx context.Context, now time.Time, key Once, c StreetRide,
) (Receipt, error) {
	id := RideID(d.NewID(now))
	return do(ctx, d, "Occupied", now, key, c, func(j *job) (Receipt, error) {
		at := Place{Point: c.At}
		if c.At == (geo.Point{}) {
			at.Point = c.Last
		}
		if err := at.given("at"); err != nil {
			return Receipt{}, err
		}
		shift, ok, err := j.tx.Shift(c.Driver)
		if err != nil {
			return Receipt{}, err
		}
		if !ok || shift.Duty == OffDuty {
			return Receipt{}, Errorf(Conflict, ReasonOffDuty, "driver %s is off duty", c.Driver)
		}
		city, err := d.Cities.City(shift.City)
		if err != nil {
			return Receipt{}, err
		}
		if err := j.mayDrive(c.Driver, city); err != nil {
			return Receipt{}, err
		}
		if c.Rider == "" {
			c.PayBy = ""
		} else {
			if err := d.checkChannel(c.PayBy); err != nil {
				return Receipt{}, err
			}
			if _, err := j.tx.Rider(c.Rider); err != nil {
				return Receipt{}, err
			}
		}
		if err := j.withdrawFrom(c.Driver, OfferDeclined); err != nil {
			return Receipt{}, err
		}
		did := Ride{}.did(c.Did, now)
		r := Ride{
			ID: id, City: shift.City, Kind: Street, State: OnTrip, Version: 1, Search: 1,
			Rider: c.Rider, Pickup: at, Seats: 1, PayBy: c.PayBy,
			Driver: c.Driver, Taxi: shift.Taxi, Slot: SlotCurrent,
			RequestedAt: did, ClaimedAt: did, ArrivedAt: did, StartedAt: did, ChangedAt: now,
		}
		return j.open(r, nil, Nudge{r}, Push{c.Driver, r}, Tell{r})
	})
}

// withdrawFrom ends a driver's open offer: the taxi is full, or not theirs any more.
func (j *job) withdrawFrom(driver DriverID, as OfferState) error {
	open, err := j.tx.OpenOffers(OfferQuery{Driver: driver})
	if err != nil {
		return err
	}
	for _, o := range open {
		if err := j.closeOffer(o, as); err != nil {
			return err
		}
	}
	return nil
}
