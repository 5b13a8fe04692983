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
	will   whims

	ride    dispatch.RideID
	state   dispatch.State
	version int
	search  int
	driver  int32 // told to be theirs, or nobody
	payee   int32 // the driver who is paid
	claims  int32
	street  bool // taken at the kerb
	outside bool // asks from off the road graph
	asked   int  // of the city
	pays    int

	pickupAt time.Time         // that was booked
	tip      money.Fen         // that was asked for
	again    bool              // has ridden before, as another rider
	first    dispatch.AskFirst // the regular who is asked before all others
	regular  int32             // the driver that is
	leaving  bool              // has changed their mind
	spoke    bool              // has said about the driver what there was to say
	brushes  bool              // with the ally
	ally     int32             // the driver whose account this is
	ends     geo.Point         // where a brushed ride really ends
	device   string            // the phone that asks, where it is another's; "" is nobody's

	askedAt, claimedAt, arrivedAt, boardedAt time.Time
	pickupM                                  float64
}

// request asks for a taxi in the app, or raises a hand at the kerb.
func (c *crowd) request(who int32) error {
	r := &c.riders[who]
	c.tally.requests++
	c.brush(r)
	c.tally.see(c.world, r)
	r.askedAt, r.pickupAt = c.now, c.now.Add(r.will.lead)
	c.comeBack(r)
	kerb := r.trip.Street || r.rand.Float64() < c.do.Street
	if kerb && r.will.lead == 0 && !r.again && !r.brushes {
		if d := c.hailed(r.trip); d != nil {
			return d.give(c, command{
				deed: takeStreet, errand: errand{search: 1, rider: who}, place: r.trip.Pickup,
			})
		}
	}
	return c.phones.ask(r, wantRide)
}

// answered hears what came of a wish.
func (r *rider) answered(c *crowd, w wish, got told, err error) error {
	if err != nil {
		return expected(err)
	}
	switch w {
	case wantRide:
		c.open++
		r.quoted = got.quoted
		r.ride, r.state, r.search = got.brief.ID, dispatch.Searching, 1
		c.byRide[r.ride] = r.who
		c.taken(r)
	case wantOut:
		if r.leaving {
			c.tally.habits.LateCancels++
		}
	case wantTip:
		c.tally.habits.TipsRaised++
		c.mindTip(r)
	case wantComplain:
		c.tally.habits.Complaints++
	case wantKeep:
		c.tally.habits.Kept++
		c.kept = append(c.kept, kept{r.who, r.payee, got.kept})
	case wantLook:
		return r.looked(c, got)
	case wantConfirm:
		c.tally.asked++
		return r.settle(c)
	default: // the ride tells
	}
	return nil
}

// hailed is the nearest empty taxi that sees a hand at the kerb.
func (c *crowd) hailed(t *Trip) *driver {
	var best *driver
	least := float64(streetReachM)
	for i := range c.drivers {
		d := &c.drivers[i]
		if d.phase != idle || d.offer.id != "" || d.waits > 0 || d.seats < t.Seats {
			continue
		}
		if m := geo.DistanceM(d.pos, t.Pickup); m < least {
			best, least = d, m
		}
	}
	return best
}

// picked is a taxi that has stopped for a raised hand.
func (d *driver) picked(c *crowd, cmd command, ride dispatch.RideID) error {
	r := &c.riders[cmd.errand.rider]
	c.open++
	c.byRide[ride] = r.who
	c.tally.driverTold(ride, d.job.ride, d.who, 1)
	d.job, d.pos = cmd.errand, cmd.place
	d.job.ride = ride
	d.hush()
	r.ride, r.state, r.search, r.driver = ride, dispatch.OnTrip, 1, d.who
	r.claims, r.street = 1, true
	r.claimedAt, r.arrivedAt, r.boardedAt = c.now, c.now, c.now
	return d.drive(c)
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
func (r *rider) onRide(c *crowd, b dispatch.Brief) {
	if b.ID != r.ride || b.Version <= r.version {
		return
	}
	was, search := r.state, r.search
	r.version, r.state, r.search = b.Version, b.State, b.Search
	driver := int32(nobody)
	if b.Driver != "" {
		driver = c.byID[b.Driver]
	}
	if b.State.Active() && driver != r.driver {
		c.tally.riderTold(r.driver, search, b)
		r.claims++
		r.claimedAt = b.ClaimedAt
		r.watchPickup(c)
		r.mindLeaving(c)
		r.mindAlly(c, driver)
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
		c.open--
	}
}

// watchPickup puts the rider's patience with a late taxi on the agenda.
func (r *rider) watchPickup(c *crowd) {
	if r.gives && r.quoted > 0 {
		late := r.askedAt.Add(r.quoted + 5*time.Minute)
		if late.Before(c.now) {
			late = c.now
		}
		c.at(late, giveUp, r.who, r.claims)
	}
}

// giveUp cancels a ride whose taxi is late, if it is still on its way.
func (c *crowd) giveUp(e entry) error {
	r := &c.riders[e.who]
	if r.state != dispatch.Assigned || r.claims != e.serial {
		return nil
	}
	return c.phones.ask(r, wantOut)
}

// pay settles a completed ride as a rider does: look at it, agree to the fare if asked, pay as
// meant, look again, and if the wallet was too empty pay the driver by hand.
func (c *crowd) pay(who int32) error { return c.phones.ask(&c.riders[who], wantLook) }

func (r *rider) looked(c *crowd, got told) error {
	if got.brief.State != dispatch.Completed {
		return nil
	}
	r.payee = c.byID[got.brief.Driver]
	if err := c.afterRide(r); err != nil {
		return err
	}
	if got.fare == dispatch.FareAsked {
		return c.phones.ask(r, wantConfirm)
	}
	return r.settle(c)
}

// patientLooks is how often a rider looks whether what they have paid has arrived, each time after
// twice as long, before they pay by hand.
const patientLooks = 3

// settle pays a ride whose fare stands.
func (r *rider) settle(c *crowd) error {
	// Who has to look again and again looks less and less often.
	most, tries := 5, 1
	if r.payBy.External() {
		most, tries = 1, mostPays
	}
	c.in(c.again<<min(r.pays, most), pay, r.who, 0)
	r.pays++
	switch {
	case r.payBy == money.Cash:
	case r.pays <= tries:
		return c.phones.ask(r, wantPay)
	case r.pays <= tries+patientLooks:
		return nil // it may be on its way
	}
	if r.payee == stranger {
		return nil // who takes the money themselves
	}
	return c.drivers[r.payee].give(c, command{
		deed: cashTaken, errand: errand{ride: r.ride, rider: r.who},
	})
}
