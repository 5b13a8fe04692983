package sim

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// phase is what a simulated driver does.
type phase uint8

const (
	offDuty phase = iota
	idle
	toPickup
	atPickup
	onTrip
	atEnd // the rider pays and gets out
)

// driver is one simulated driver with their taxi and phone. What they know, they were told.
type driver struct {
	who   int32
	id    dispatch.DriverID
	taxi  dispatch.TaxiID
	seats int
	rand  *rand.Rand
	taste taste
	asked int // commands given
	waits int // of them without an answer

	phase  phase
	serial int32 // overtakes what is on the agenda
	rings  int32 // overtakes what is to become of an offer
	onAt   time.Time
	pos    geo.Point
	leg    geo.Drive
	legAt  time.Time // the leg's begin

	offer  offered                    // being answered
	passed dispatch.CallID            // the last call that they did not want
	racing map[dispatch.RideID]errand // of grabs that are not decided yet
	job    errand                     // theirs
	next   errand                     // theirs after it
	ahead  map[dispatch.RideID]errand // bookings that they have taken
	fixed  geo.Fix                    // last that was sent
	hasFix bool
	meter  money.Meter
	meterM float64 // of the leg, metered so far
	trace  []geo.Fix

	emptyM, loadedM float64
	pickupM         float64 // driven to the last pickup
	tripS           float64
	dutyS           float64 // of shifts that have ended
}

// give tells the city what the driver has done.
func (d *driver) give(c *crowd, cmd command) error {
	d.asked++
	d.waits++
	cmd.id, cmd.at = fmt.Sprintf("%s-%d", cmd.deed, d.asked), c.now
	return c.phones.give(d, cmd)
}

// where is the taxi's position now.
func (d *driver) where(now time.Time) geo.Point {
	if d.phase == toPickup || d.phase == onTrip {
		return d.leg.At(now.Sub(d.legAt))
	}
	return d.pos
}

func (d *driver) happen(c *crowd, e entry) error {
	if e.what == logOn {
		return d.logOn(c)
	}
	switch e.what {
	case acknowledge, answer:
		return d.rung(c, e)
	default:
	}
	if e.serial != d.serial {
		return nil
	}
	switch e.what {
	case arrive:
		return d.arrive(c)
	case board:
		return d.board(c)
	case alight:
		return d.alight(c)
	case giveBack:
		return d.giveBack(c)
	case notThere:
		return d.notThere(c)
	case breakDown:
		return d.breakDown(c)
	default:
		return d.complete(c)
	}
}

// rung is what becomes of the offer or call on the phone's screen.
func (d *driver) rung(c *crowd, e entry) error {
	switch {
	case e.serial != d.rings || d.offer == (offered{}):
		return nil
	case e.what == acknowledge:
		return c.phones.shown(d, d.offer.id)
	default:
		return d.answer(c)
	}
}

// hush takes the offer or call off the screen.
func (d *driver) hush() {
	d.offer = offered{}
	d.rings++
}

// onOffer is the phone ringing, or an offer that is gone.
func (d *driver) onOffer(c *crowd, o offered) {
	switch {
	case !o.open && o.id == d.offer.id:
		d.hush()
		c.phones.freed(d)
	case o.open && o.id != d.offer.id && d.hears(o):
		d.hush()
		d.offer = o
		c.tally.offers++
		c.in(0, acknowledge, d.who, d.rings)
		c.in(exponential(d.rand, c.do.Answer, time.Second), answer, d.who, d.rings)
	}
}

// hears reports whether the driver looks at an offer: an idle one does, and one with a rider on
// board if it is for afterwards.
func (d *driver) hears(o offered) bool {
	return d.phase == idle || o.after && d.busy() && d.next == (errand{})
}

// busy reports whether a rider is on board, or about to get out.
func (d *driver) busy() bool { return d.phase == onTrip || d.phase == atEnd }

// onCall is a call on the phone's screen, or one that is gone. A driver thinks of one ride at a
// time.
func (d *driver) onCall(c *crowd, o offered) {
	switch {
	case !o.open && o.call == d.offer.call:
		d.hush()
		c.phones.freed(d)
	case o.open && d.phase == idle && d.offer == (offered{}) && o.call != d.passed && d.waits == 0:
		d.hush()
		d.offer = o
		c.tally.called++
		c.in(exponential(d.rand, c.do.Answer, time.Second), answer, d.who, d.rings)
	}
}

// race is a grab that is not decided yet: if it wins, the ride says so.
func (d *driver) race(c *crowd, cmd command, ride dispatch.RideID) {
	d.waits--
	if d.racing == nil {
		d.racing = make(map[dispatch.RideID]errand)
	}
	d.racing[ride], d.passed = cmd.errand, cmd.call
	c.phones.freed(d)
}

// onShift is the city's word that the shift has ended.
func (d *driver) onShift(c *crowd, duty dispatch.Duty) {
	if duty == dispatch.OffDuty && d.phase == idle {
		d.goOff(c)
	}
}

// logOn begins a driver's shift.
func (d *driver) logOn(c *crowd) error { return d.give(c, command{deed: beginShift}) }

// answer says yes or no.
func (d *driver) answer(c *crowd) error {
	cmd := command{
		deed: accept, offer: d.offer.id, call: d.offer.call, errand: d.offer.errand,
	}
	d.hush()
	delete(d.ahead, cmd.errand.ride) // a booking that is offered is theirs no more
	chance := d.likes(c, cmd.errand)
	wants := d.rand.Float64() < chance
	switch {
	case cmd.call != "" && wants:
		cmd.deed = grab
	case cmd.call != "":
		d.passed = cmd.call
		c.phones.freed(d)
		return nil
	case !wants:
		cmd.deed = decline
		c.tally.declined++
	}
	if cmd.call == "" {
		c.tally.guesses.own(chance, wants)
	}
	return d.give(c, cmd)
}

// answered hears what came of a command.
func (d *driver) answered(c *crowd, cmd command, ride dispatch.RideID, err error) error {
	d.waits--
	if err != nil {
		return d.refused(c, cmd, err)
	}
	switch cmd.deed {
	case beginShift:
		d.phase, d.onAt = idle, c.now
		if err := c.phones.fix(d); err != nil {
			return err
		}
		c.phones.freed(d)
	case accept, grab:
		d.setOut(c, cmd, ride)
	case takeStreet:
		return d.picked(c, cmd, ride)
	case arrived:
		d.wait(c, cmd)
	case started:
		if cmd.errand.ride == d.job.ride && d.phase == atPickup {
			return d.drive(c)
		}
	case completed:
		d.job, d.phase = errand{}, idle
		d.goNext(c)
		if cmd.errand.rider != nobody {
			c.in(0, pay, cmd.errand.rider, 0)
		} else if cmd.errand.cash {
			if err := d.give(c, command{deed: cashTaken, errand: cmd.errand}); err != nil {
				return err
			}
		}
		if d.phase == idle {
			c.phones.freed(d)
		}
	case released, inVain:
		if cmd.errand.ride == d.job.ride {
			d.leave(c)
			c.phones.freed(d)
		}
	case takeBooking:
		if d.ahead == nil {
			d.ahead = make(map[dispatch.RideID]errand)
		}
		d.ahead[cmd.errand.ride] = cmd.errand
		c.tally.habits.TakenAhead++
	case broken:
		d.job, d.next = errand{}, errand{}
		d.goOff(c)
		return d.give(c, command{deed: endShift})
	default: // nothing follows
	}
	return nil
}

// refused is a command that was not taken. Where it was about a ride, the phone looks how that
// stands. The begin of a shift and a breakdown are never refused: that would be a bug, and ends the
// run.
func (d *driver) refused(c *crowd, cmd command, err error) error {
	switch cmd.deed {
	case beginShift, broken:
		return fmt.Errorf("%s of driver %s: %w", cmd.deed, d.id, err)
	case arrived, started, released, inVain:
		if err := expected(err); err != nil {
			return err
		}
		return c.phones.look(d)
	case grab:
		d.passed = cmd.call // another driver was faster
	default:
	}
	c.phones.freed(d)
	return expected(err)
}

// setOut is a driver who has got the ride and sets off at once, or when the present one is over.
func (d *driver) setOut(c *crowd, cmd command, ride dispatch.RideID) {
	got := cmd.errand
	got.ride = ride
	if d.busy() {
		c.tally.driverTold(ride, d.next.ride, d.who, got.search)
		c.tally.forward++
		d.next = got
		return
	}
	c.tally.driverTold(ride, d.job.ride, d.who, got.search)
	d.hush()
	d.head(c, got)
}

// goNext is a driver whose ride is over and who goes to the next one, if there is one.
func (d *driver) goNext(c *crowd) {
	if next := d.next; next != (errand{}) {
		d.next = errand{}
		d.head(c, next)
	}
}

// head begins the way to a pickup.
func (d *driver) head(c *crowd, to errand) {
	d.job, d.phase = to, toPickup
	c.world.plan(&d.leg, d.pos, d.job.pickup, 0)
	if happens(d.rand, c.do.Release) {
		d.setOff(c, d.rand.Float64(), giveBack)
	} else {
		d.setOff(c, 1, arrive)
	}
}

// happens draws whether something of a share comes to pass. What never does draws nothing, so that
// a flag that is not set changes no run.
func happens(r *rand.Rand, share float64) bool { return share > 0 && r.Float64() < share }

// setOff begins a leg; what ends it after a share of its time is put on the agenda.
func (d *driver) setOff(c *crowd, share float64, end happening) {
	d.legAt, d.meterM = c.now, 0
	d.serial++
	after := time.Duration(share * float64(d.leg.Duration()))
	c.in(after.Round(time.Millisecond), end, d.who, d.serial)
}

// stop ends the leg where the taxi is, and says how far it has come on it.
func (d *driver) stop(now time.Time) float64 {
	at := d.leg.Motion(now.Sub(d.legAt))
	d.pos = at.Point
	return at.LengthM
}

func (d *driver) arrive(c *crowd) error {
	d.pickupM = d.stop(c.now)
	d.emptyM += d.pickupM
	d.phase = atPickup
	return d.give(c, command{deed: arrived, errand: d.job})
}

// wait is a driver at the pickup, whom the city has noted there.
func (d *driver) wait(c *crowd, cmd command) {
	if cmd.errand.ride != d.job.ride || d.phase != atPickup {
		return // the ride has ended meanwhile
	}
	d.serial++
	from, absent := c.now, false
	if d.job.rider != nobody {
		r := &c.riders[d.job.rider]
		r.pickupM, absent = d.pickupM, r.absent
		if r.pickupAt.After(from) {
			from = r.pickupAt // nobody has to be there before the time that was booked
		}
	}
	if absent {
		wait := time.Duration(c.city.PolicyAt(c.now).NoShowS) * time.Second
		c.at(from.Add(wait), notThere, d.who, d.serial)
	} else {
		c.at(from.Add(c.do.Boarding), board, d.who, d.serial)
	}
}

func (d *driver) board(c *crowd) error {
	return d.give(c, command{deed: started, errand: d.job})
}

// drive begins the loaded leg.
func (d *driver) drive(c *crowd) error {
	d.phase = onTrip
	d.meter = money.NewMeter(&c.city.Tariff, c.now.In(c.city.Zone))
	d.trace = d.trace[:0]
	to, took, street, roads := d.job.dropoff, time.Duration(0), false, c.world
	if d.job.rider != nobody {
		r := &c.riders[d.job.rider]
		to, took, street = r.trip.Dropoff, r.left, r.street
		if r.brushes && r.ally == d.who {
			to, took, roads = r.ends, r.will.quick, world{} // whichever way leads straight on
		}
	}
	roads.plan(&d.leg, d.pos, to, took)
	if !street && happens(d.rand, c.do.BreakDown) {
		d.setOff(c, 0.5, breakDown)
	} else {
		d.setOff(c, 1, alight)
	}
	return errors.Join(c.phones.fix(d), c.tellPhone(d))
}

// report makes the next fix; false if one of this very moment was made.
func (d *driver) report(c *crowd) (geo.Fix, bool) {
	if d.hasFix && c.now.Equal(d.fixed.At) {
		return geo.Fix{}, false
	}
	c.tally.fixes++
	return geo.Fix{Point: d.where(c.now), At: c.now, AccuracyM: 5}, true
}

// sent notes that a fix has been made use of: on a ride the meter turns.
func (d *driver) sent(fix geo.Fix) {
	if d.phase == onTrip {
		d.count(fix.At)
	}
	d.fixed, d.hasFix = fix, true
}

func (d *driver) last() *geo.Fix {
	if !d.hasFix {
		return nil
	}
	return &d.fixed
}

// count turns the meter by what was driven since the last fix.
func (d *driver) count(now time.Time) {
	driven := d.leg.Motion(now.Sub(d.legAt)).LengthM
	since := d.meter.Elapsed()
	// Refused only beyond 24 hours, which no leg lasts.
	_ = d.meter.Drive(money.Segment{
		Distance: money.Metres(driven - d.meterM), Duration: now.Sub(d.legAt) - since,
	})
	d.meterM = driven
}

// stopLoaded ends a loaded leg where the taxi is.
func (d *driver) stopLoaded(c *crowd) error {
	err := c.phones.fix(d)
	d.count(c.now)
	d.loadedM += d.stop(c.now)
	d.tripS += c.within(d.legAt, c.now)
	return err
}

func (d *driver) alight(c *crowd) error {
	err := errors.Join(d.stopLoaded(c), c.tellPhone(d))
	d.phase = atEnd
	d.serial++
	c.in(c.do.Alighting, complete, d.who, d.serial)
	return err
}

func (d *driver) complete(c *crowd) error {
	return d.give(c, command{deed: completed, errand: d.job, meter: d.meter.Fare().Meter()})
}

// onRide is the phone's word on the driver's ride: it may be theirs no more.
func (d *driver) onRide(c *crowd, b dispatch.Brief) {
	won, raced := d.racing[b.ID]
	if raced && b.Driver == d.id && b.State == dispatch.Assigned && d.phase == idle {
		d.setOut(c, command{errand: won}, b.ID)
		clear(d.racing)
		return
	}
	d.onAhead(c, b)
	theirs := b.Driver == d.id && b.State.Active()
	if b.ID == d.job.ride && !theirs {
		d.leave(c)
	}
	if b.ID == d.next.ride && !theirs {
		d.next = errand{}
	}
}

// leave gives up the way to the rider, or the waiting there, for a booking whose time has come
// meanwhile if there is one.
func (d *driver) leave(c *crowd) {
	if d.phase == toPickup {
		d.emptyM += d.stop(c.now)
	}
	if d.phase == toPickup || d.phase == atPickup {
		d.job, d.phase = errand{}, idle
		d.serial++
		d.goNext(c)
	}
}
