package sim

import (
	"math/rand/v2"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// rider is one simulated rider with their phone: one trip each. What they know, they were told.
type rider struct {
	who    int32
	id     dispatch.RiderID
	trip   *Trip
	rand   *rand.Rand
	payBy  money.ChannelName
	gives  bool // cancels when the taxi is late
	absent bool // does not come to the taxi
	quoted time.Duration
	at     geo.Point     // where they stand: the pickup
	left   time.Duration // of the recorded ride, 0: unknown

	ride    dispatch.RideID
	state   dispatch.State
	version int
	search  int
	driver  int32 // told to be theirs, −1 none
	claims  int32
	street  bool // taken at the kerb
	asked   int
	pays    int

	askedAt, claimedAt, arrivedAt, boardedAt time.Time
	pickupM                                  float64
}

func (r *rider) once(v *virtual, command string) dispatch.Once {
	r.asked++
	return v.once("rider:"+string(r.id), command, r.asked)
}

// request asks for a taxi in the app, or raises a hand at the kerb.
func (v *virtual) request(who int32) error {
	r := &v.riders[who]
	v.tally.requests++
	v.tally.see(v.world, r.trip)
	r.askedAt = v.now
	if r.trip.Street || r.rand.Float64() < v.Options.Street {
		if d := v.hailed(r.trip); d != nil {
			return d.takeStreet(v, r)
		}
	}
	pickup, _, _ := v.engine.Quote(r.trip.Pickup, v.now)
	quote, err := v.City.QuoteFor(r.trip.Pickup, r.trip.Dropoff, pickup, v.now)
	if err != nil {
		return v.expected(err)
	}
	r.quoted = pickup
	// The rider is known by the ride before the answer is: hints come with the commit.
	got, err := v.desk.Request(v.ctx, v.now, r.once(v, "request"), dispatch.RequestRide{
		City: v.City.ID, Rider: r.id, Seats: r.trip.Seats, PayBy: r.payBy, Quote: quote,
		Pickup:  dispatch.Place{Point: r.trip.Pickup},
		Dropoff: dispatch.Place{Point: r.trip.Dropoff},
	})
	if err != nil {
		return v.expected(err)
	}
	v.open++
	r.ride, r.state, r.search = got.Ride, dispatch.Searching, 1
	v.byRide[r.ride] = who
	return nil
}

// hailed is the nearest empty taxi that sees a hand at the kerb.
func (v *virtual) hailed(t *Trip) *driver {
	var best *driver
	least := float64(streetReachM)
	for i := range v.drivers {
		d := &v.drivers[i]
		if d.phase != idle || d.offer != "" || d.seats < t.Seats {
			continue
		}
		if m := geo.DistanceM(d.pos, t.Pickup); m < least {
			best, least = d, m
		}
	}
	return best
}

// takeStreet is a taxi that stops for a raised hand: the rider pays in the app by the driver's
// code.
func (d *driver) takeStreet(v *virtual, r *rider) error {
	got, err := v.desk.Occupied(v.ctx, v.now, d.once(v, "occupied"), dispatch.StreetRide{
		Driver: d.id, Rider: r.id, At: r.trip.Pickup, PayBy: r.payBy,
	})
	if err != nil {
		return v.expected(err)
	}
	v.open++
	v.byRide[got.Ride] = r.who
	v.tally.driverTold(got.Ride, d.ride, d.who, 1)
	d.ride, d.rider, d.took, d.pos = got.Ride, r.who, v.now, r.trip.Pickup
	r.ride, r.state, r.search, r.driver = got.Ride, dispatch.OnTrip, 1, d.who
	r.claims, r.street = 1, true
	r.claimedAt, r.arrivedAt, r.boardedAt = v.now, v.now, v.now
	d.drive(v)
	return nil
}

// stranded is a rider whose taxi has broken down: they stand by the road and wait for the next one
// as long as it takes.
func (r *rider) stranded(at geo.Point, driven time.Duration) {
	r.at, r.gives, r.absent = at, false, false
	if r.left > 0 {
		r.left = max(r.left-driven, time.Second)
	}
}

// onRide is the rider's phone: whose taxi it is, and where the ride stands.
func (r *rider) onRide(v *virtual, b dispatch.Brief) {
	if b.ID != r.ride || b.Version <= r.version {
		return
	}
	was, search := r.state, r.search
	r.version, r.state, r.search = b.Version, b.State, b.Search
	driver := int32(-1)
	if b.Driver != "" {
		driver = v.byID[b.Driver]
	}
	if b.State.Active() && driver != r.driver {
		v.tally.riderTold(r.driver, search, b)
		r.claims++
		r.claimedAt = b.ClaimedAt
		r.watchPickup(v)
	}
	if b.State.Active() || b.State == dispatch.Searching {
		r.driver = driver
	}
	if !b.ArrivedAt.IsZero() {
		r.arrivedAt = b.ArrivedAt
	}
	if b.State == dispatch.OnTrip && was != dispatch.OnTrip {
		r.boardedAt = b.ChangedAt
	}
	if b.State.Terminal() && !was.Terminal() {
		v.open--
	}
}

// watchPickup puts the rider's patience with a late taxi on the agenda.
func (r *rider) watchPickup(v *virtual) {
	if r.gives && r.quoted > 0 {
		late := r.askedAt.Add(r.quoted + 5*time.Minute)
		if late.Before(v.now) {
			late = v.now
		}
		v.at(late, giveUp, r.who, r.claims)
	}
}

// giveUp cancels a ride whose taxi is late, if it is still on its way.
func (v *virtual) giveUp(e entry) error {
	r := &v.riders[e.who]
	if r.state != dispatch.Assigned || r.claims != e.serial {
		return nil
	}
	_, err := v.desk.Cancel(v.ctx, v.now, r.once(v, "cancel"), dispatch.CancelRide{
		Ride: r.ride, Rider: r.id, Reason: "taxi is late",
	})
	return v.expected(err)
}

// pay settles a completed ride as a rider does: agree to the fare if asked, pay as meant, look
// again, and if the wallet was too empty pay the driver by hand.
func (v *virtual) pay(who int32) error {
	r := &v.riders[who]
	ride, err := v.read(r.ride)
	if err != nil || ride.State != dispatch.Completed {
		return err
	}
	if ride.Fare.State == dispatch.FareAsked {
		word := dispatch.FareWord{Ride: r.ride, Rider: r.id}
		if _, err := v.desk.Confirm(v.ctx, v.now, r.once(v, "confirm"), word); err != nil {
			return v.expected(err)
		}
		v.tally.asked++
	}
	r.pays++
	v.in(payAgain, pay, who, 0)
	if r.payBy == money.Cash || r.pays > 1 {
		d := &v.drivers[v.byID[ride.Driver]]
		_, err = v.desk.CashReceived(v.ctx, v.now, d.once(v, "cash"), dispatch.CashReceived{
			Ride: r.ride, Driver: d.id,
		})
		return v.expected(err)
	}
	_, err = v.desk.Pay(v.ctx, v.now, r.once(v, "pay"), dispatch.PayRide{
		Ride: r.ride, Rider: r.id, Channel: r.payBy,
	})
	return v.expected(err)
}

// read is the app looking at its ride.
func (v *virtual) read(id dispatch.RideID) (r dispatch.Ride, err error) {
	err = v.Store.Tx(v.ctx, func(tx dispatch.Tx) error {
		r, err = tx.Ride(id)
		return err
	})
	return r, err
}

// expected lets through what a running city brings with it, counted already: an offer that has
// just expired, a ride that has just been cancelled. Anything else stops the run.
func (v *virtual) expected(err error) error {
	switch dispatch.KindOf(err) {
	case dispatch.Conflict, dispatch.Exhausted:
		return nil
	default:
		return err
	}
}
