package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"hexhail/money"
)

// RequestRide asks for a taxi.
type RequestRide struct {
	City    CityID
	Rider   RiderID
	Pickup  Place
	Dropoff Place
	Seats   int // 1–8
	// Wants is of a class and with tags that the policy knows.
	Wants Vehicle `json:",omitzero"`
	PayBy money.ChannelName
	Tip   money.Fen // 0 to MaxTip
	// Voice is what the rider says to the driver, of a format that [voice.Read] knows; nil for
	// nothing.
	Voice []byte `json:",omitempty"`
	// First is the regular who is asked before all others; zero for none.
	First AskFirst `json:",omitzero"`
	// Device is the phone, as the app's token says; "" if it does not. The same request may come
	// from another one.
	Device string `json:"-"`
	// Quote is what is frozen with the ride. It is estimated anew when a request is repeated, so it
	// does not tell two requests apart.
	Quote Quote `json:"-"`
}

func (c RequestRide) check() error {
	if err := c.Pickup.Check("pickup"); err != nil {
		return err
	}
	if err := c.Dropoff.Check("dropoff"); err != nil {
		return err
	}
	switch {
	case c.Seats < 1 || c.Seats > MaxSeats:
		return invalid("seats", fmt.Sprintf("1 to %d", MaxSeats))
	case c.Tip < 0 || c.Tip > MaxTip:
		return invalid("tip_fen", fmt.Sprintf("0 to %d", MaxTip))
	case c.Quote.Low < 0 || c.Quote.High < c.Quote.Low || c.Quote.Pickup < 0:
		return invalid("quote", "0 ≤ low ≤ high, pickup ≥ 0")
	default:
		return nil
	}
}

// allows refuses a request that the city's rules of the time do not allow.
func (c City) allows(r RequestRide, now time.Time) error {
	p := c.PolicyAt(now)
	return cmp.Or(r.Wants.Check(), p.checkVehicle(r.Wants), p.checkTip(r.Tip), r.First.check(p),
		c.CheckPickup(r.Pickup.Point), c.checkOpen(now))
}

// Request opens a ride that searches for a taxi. Errors: Invalid for a bad field, NotFound for an
// unknown city, rider, channel or regular, Conflict if the rider has an open ride, or the city is
// closed, has banned tips or does not serve the pickup, Exhausted if the city has as many searches
// as its policy allows, or too many events wait to be sent; Conflict with ReasonRiderSuspended
// until the error's time, with ReasonUnpaidFee until the error's ride is paid.
func (d *Desk) Request(
	ctx context.Context, now time.Time, key Once, c RequestRide,
) (Receipt, error) {
	id := RideID(d.NewID(now))
	said, unread := readVoice(c.Voice) // before the transaction, for which others wait
	return do(ctx, d, "Request", now, key, c, func(j *job) (Receipt, error) {
		city, err := d.Cities.City(c.City)
		if err != nil {
			return Receipt{}, err
		}
		if err := cmp.Or(c.check(), unread); err != nil {
			return Receipt{}, err
		}
		if err := city.allows(c, now); err != nil {
			return Receipt{}, err
		}
		if err := d.checkChannel(c.PayBy); err != nil {
			return Receipt{}, err
		}
		rider, err := j.tx.Rider(c.Rider)
		if err != nil {
			return Receipt{}, err
		}
		if err := j.mayAsk(c.Rider, city); err != nil {
			return Receipt{}, err
		}
		if err := d.room(j, city); err != nil {
			return Receipt{}, err
		}
		first, err := j.first(c)
		if err != nil {
			return Receipt{}, err
		}
		r := Ride{
			ID: id, City: c.City, Kind: Hailed, State: Searching, Version: 1, Search: 1,
			Rider: c.Rider, Pickup: c.Pickup, Dropoff: c.Dropoff, Seats: c.Seats, PayBy: c.PayBy,
			Device: c.Device,
			Wants:  c.Wants, Senior: rider.Senior,
			Tip: c.Tip, Quote: c.Quote, Voice: said, First: first,
			RequestedAt: now, ChangedAt: now,
			SearchBy: later(now, first.OpenAt).Add(city.PolicyAt(now).Search()),
		}
		return j.open(r, c.Voice, Nudge{r}, Tell{r})
	})
}

// room refuses a request where the city or the outbox is full.
func (d *Desk) room(j *job, city City) error {
	if d.Backlog != nil && d.Backlog() >= MaxBacklog {
		return Errorf(Exhausted, ReasonBacklog,
			"%d events wait to be sent, the limit: try again later", MaxBacklog)
	}
	n, err := j.tx.Searching(city.ID)
	if err == nil && n >= city.PolicyAt(j.now).MaxOpenRides {
		return Errorf(Exhausted, ReasonTooManyRides,
			"%s has %d open rides, its limit: try again soon", city.ID, n)
	}
	return err
}

// open writes a new ride with its clip, if there is one, and its first event.
func (j *job) open(r Ride, clip []byte, after ...Hint) (Receipt, error) {
	if err := j.tx.InsertRide(r); err != nil {
		return Receipt{}, err
	}
	if len(clip) > 0 {
		if err := j.tx.InsertVoice(r.ID, clip, j.now); err != nil {
			return Receipt{}, err
		}
	}
	d := Decision{Ride: r, Event: eventOf(r, 0, j.now), After: after}
	return receipt(r), j.write(d, 0)
}

func (d *Desk) checkChannel(name money.ChannelName) error {
	if _, ok := d.Channels[name]; !ok {
		return Errorf(NotFound, ReasonChannel, "pay_by: no channel %q", name)
	}
	return nil
}

// CancelRide is the rider's: before boarding, at any time.
type CancelRide struct {
	Ride   RideID
	Rider  RiderID
	Reason string
	// AskedByDriver says that the driver wanted it: nothing is owed, and it is a complaint of the
	// driver's, which they may contest.
	AskedByDriver bool `json:",omitempty"`
}

// Cancel ends a ride before boarding. After the policy's free time the rider owes the driver its
// fee, which is charged at once if the ride is paid from a wallet; what a wallet does not hold, and
// the fee of a ride that was to be paid otherwise, is owed until it is paid with Pay. Errors:
// NotFound for a ride that is not the rider's, Conflict after boarding, Invalid for a word on a
// driver where there is none.
func (d *Desk) Cancel(
	ctx context.Context, now time.Time, key Once, c CancelRide,
) (Receipt, error) {
	feeID := money.AttemptID(d.NewID(now))
	return do(ctx, d, "Cancel", now, key, c, func(j *job) (Receipt, error) {
		r, err := j.tx.Ride(c.Ride)
		if err != nil {
			return Receipt{}, err
		}
		if err := r.riddenBy(c.Rider); err != nil {
			return Receipt{}, err
		}
		city, err := d.Cities.City(r.City)
		if err != nil {
			return Receipt{}, err
		}
		policy := city.PolicyAt(now)
		act := Cancel{Reason: c.Reason, AskedByDriver: c.AskedByDriver}
		if !c.AskedByDriver {
			act.Fee = policy.OwedForCancel(r, now)
		} else if _, err := Step(r, act, now); err != nil {
			return Receipt{}, err
		} else if err := j.suspend(r, policy); err != nil {
			return Receipt{}, err
		}
		if r, err = j.step(r, act); err != nil {
			return Receipt{}, err
		}
		return receipt(r), d.chargeCancel(j, r, feeID)
	})
}

// chargeCancel opens the attempt for the fee of a ride that is paid from a wallet. One that asks
// for its PIN first is not charged: the fee is owed.
func (d *Desk) chargeCancel(j *job, r Ride, id money.AttemptID) error {
	if r.CancelFee == 0 || r.PayBy != money.InWallet {
		return nil
	}
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return err
	}
	err = d.mayPay(j, r, r.Rider, due(payments), "")
	if reason := ReasonOf(err); err != nil &&
		(reason == ReasonPINNeeded || reason == ReasonPINLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, p := range payments {
		from, by := purse{rider: r.Rider}, Means{Channel: money.InWallet}
		if _, err := j.try(p, id, id, from, by); err != nil {
			return err
		}
	}
	return nil
}

// RaiseTip is the rider's, while the ride searches or after it.
type RaiseTip struct {
	Ride  RideID
	Rider RiderID
	To    money.Fen // above the present tip, at most MaxTip
}

// AddTip raises the tip of a searching ride to another of the policy's steps; the next round is at
// once. For a week after the drive a ride without a tip is given one of them: it is owed, and paid
// by Pay. Errors: Conflict with ReasonTooLate, with ReasonStep for a second one.
func (d *Desk) AddTip(ctx context.Context, now time.Time, key Once, c RaiseTip) (Receipt, error) {
	return d.act(ctx, "AddTip", now, key, c, c.Ride, func(_ *job, r Ride) (Act, error) {
		if err := r.riddenBy(c.Rider); err != nil {
			return nil, err
		}
		city, err := d.Cities.City(r.City)
		if _, may := Next(r.State, ActTip); err == nil && may {
			err = city.PolicyAt(now).checkTip(c.To)
		}
		return AddTip{To: c.To}, err
	})
}

// RateRide is either side's, once, after the ride.
type RateRide struct {
	Ride   RideID
	Rider  RiderID  // one of the two is set: who rates
	Driver DriverID //
	Stars  int      // 1–5
}

// Rate gives the other side of a completed ride its stars.
func (d *Desk) Rate(ctx context.Context, now time.Time, key Once, c RateRide) (Receipt, error) {
	return d.act(ctx, "Rate", now, key, c, c.Ride, func(_ *job, r Ride) (Act, error) {
		if c.Rider != "" {
			return Rate{By: SideRider, Stars: c.Stars}, r.riddenBy(c.Rider)
		}
		return Rate{By: SideDriver, Stars: c.Stars}, r.drivenBy(c.Driver)
	})
}
