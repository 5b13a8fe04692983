package sim

import (
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
	asked int // commands given

	phase  phase
	serial int32 // overtakes what is on the agenda
	onAt   time.Time
	pos    geo.Point
	leg    geo.Drive
	legAt  time.Time // the leg's begin

	offer  dispatch.OfferID // being answered
	search int              // of that offer
	ride   dispatch.RideID  // theirs
	rider  int32
	pickup geo.Point // of the ride
	took   time.Time // when they heard that it is theirs
	fixed  geo.Fix   // last that was sent
	hasFix bool
	meter  money.Meter
	meterM float64 // of the leg, metered so far
	trace  []geo.Fix

	emptyM, loadedM float64
	tripS           float64
	dutyS           float64 // of shifts that have ended
}

func (d *driver) once(v *virtual, command string) dispatch.Once {
	d.asked++
	return v.once("driver:"+string(d.id), command, d.asked)
}

// where is the taxi's position now.
func (d *driver) where(now time.Time) geo.Point {
	if d.phase == toPickup || d.phase == onTrip {
		return d.leg.At(now.Sub(d.legAt))
	}
	return d.pos
}

func (d *driver) happen(v *virtual, e entry) error {
	if e.serial != d.serial {
		return nil
	}
	switch e.what {
	case acknowledge:
		return d.acknowledge(v)
	case answer:
		return d.answer(v)
	case arrive:
		return d.arrive(v)
	case board:
		return d.board(v)
	case alight:
		return d.alight(v)
	case giveBack:
		return d.giveBack(v)
	case notThere:
		return d.notThere(v)
	case breakDown:
		return d.breakDown(v)
	default:
		return d.complete(v)
	}
}

// onOffer is the phone ringing, or an offer that is gone.
func (d *driver) onOffer(v *virtual, o dispatch.Offer) {
	switch {
	case o.State != dispatch.OfferOpen && o.ID == d.offer:
		d.offer = ""
		d.serial++
	case o.State == dispatch.OfferOpen && o.ID != d.offer && d.phase == idle:
		d.offer, d.search = o.ID, o.Search
		d.serial++
		d.rider = v.byRide[o.Ride]
		d.pickup = v.riders[d.rider].at
		v.tally.offers++
		v.in(0, acknowledge, d.who, d.serial)
		v.in(exponential(d.rand, v.Options.Answer, time.Second), answer, d.who, d.serial)
	}
}

func (d *driver) onShift(v *virtual, s dispatch.Shift) {
	if s.Duty == dispatch.OffDuty && d.phase == idle {
		d.goOff(v)
	}
}

func (d *driver) acknowledge(v *virtual) error {
	err := v.desk.Delivered(v.ctx, v.now, d.offer, d.id)
	return v.expected(err)
}

// answer says yes or no. Whoever says yes and gets the ride sets off at once.
func (d *driver) answer(v *virtual) error {
	word := dispatch.AnswerOffer{Offer: d.offer, Driver: d.id}
	d.offer = ""
	if d.rand.Float64() >= v.Options.Accept {
		_, err := v.desk.Decline(v.ctx, v.now, d.once(v, "decline"), word)
		return v.expected(err)
	}
	got, err := v.desk.Accept(v.ctx, v.now, d.once(v, "accept"), word)
	if err != nil {
		return v.expected(err)
	}
	v.tally.driverTold(got.Ride, d.ride, d.who, d.search)
	d.ride, d.took = got.Ride, v.now
	d.phase = toPickup
	v.world.plan(&d.leg, d.pos, d.pickup, 0)
	if happens(d.rand, v.Options.Release) {
		d.setOff(v, d.rand.Float64(), giveBack)
	} else {
		d.setOff(v, 1, arrive)
	}
	return nil
}

// happens draws whether something of a share comes to pass. What never does draws nothing, so that
// a flag that is not set changes no run.
func happens(r *rand.Rand, share float64) bool { return share > 0 && r.Float64() < share }

// setOff begins a leg; what ends it after a share of its time is put on the agenda.
func (d *driver) setOff(v *virtual, share float64, end happening) {
	d.legAt, d.meterM = v.now, 0
	d.serial++
	after := time.Duration(share * float64(d.leg.Duration()))
	v.in(after.Round(time.Millisecond), end, d.who, d.serial)
}

// stop ends the leg where the taxi is, and says how far it has come on it.
func (d *driver) stop(now time.Time) float64 {
	at := d.leg.Motion(now.Sub(d.legAt))
	d.pos = at.Point
	return at.LengthM
}

func (d *driver) arrive(v *virtual) error {
	driven := d.stop(v.now)
	d.emptyM += driven
	d.phase = atPickup
	word := dispatch.DriveRide{Ride: d.ride, Driver: d.id}
	_, err := v.desk.Arrive(v.ctx, v.now, d.once(v, "arrive"), word)
	if err != nil {
		return d.refused(v, err)
	}
	r := &v.riders[d.rider]
	r.pickupM = driven
	d.serial++
	if r.absent {
		v.in(time.Duration(v.City.Policy.NoShowS)*time.Second, notThere, d.who, d.serial)
	} else {
		v.in(v.Options.Boarding, board, d.who, d.serial)
	}
	return nil
}

func (d *driver) board(v *virtual) error {
	word := dispatch.DriveRide{Ride: d.ride, Driver: d.id}
	if _, err := v.desk.Start(v.ctx, v.now, d.once(v, "start"), word); err != nil {
		return d.refused(v, err)
	}
	d.drive(v)
	return nil
}

// drive begins the loaded leg.
func (d *driver) drive(v *virtual) {
	r := &v.riders[d.rider]
	d.phase = onTrip
	d.meter = money.NewMeter(&v.City.Tariff, v.now.In(v.City.Zone))
	d.trace = d.trace[:0]
	v.world.plan(&d.leg, d.pos, r.trip.Dropoff, r.left)
	if !r.street && happens(d.rand, v.Options.BreakDown) {
		d.setOff(v, 0.5, breakDown)
	} else {
		d.setOff(v, 1, alight)
	}
	d.record(v)
}

// record sends a fix now, whatever the phone's rhythm.
func (d *driver) record(v *virtual) {
	if report, ok := d.report(v); ok {
		v.frame = append(v.frame[:0], report)
		v.engine.Fixes(v.frame, v.now)
	}
}

// report makes the next fix, as the session would take it: checked, and on a ride metered and
// appended to the trace.
func (d *driver) report(v *virtual) (dispatch.Report, bool) {
	fix := geo.Fix{Point: d.where(v.now), At: v.now, AccuracyM: 5}
	if d.hasFix && fix.At.Equal(d.fixed.At) {
		return dispatch.Report{}, false
	}
	v.tally.fixes++
	if err := geo.CheckFix(d.last(), fix, v.now); err != nil {
		v.tally.refusedFix(err)
		return dispatch.Report{}, false
	}
	if d.phase == onTrip {
		d.count(fix.At)
		d.trace = append(d.trace, fix)
	}
	d.fixed, d.hasFix = fix, true
	return dispatch.Report{Taxi: d.taxi, Fix: fix}, true
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

// flush hands the trace to the store, as a session does in batches.
func (d *driver) flush(v *virtual) error {
	if len(d.trace) == 0 {
		return nil
	}
	err := v.Store.AppendTrace(v.ctx, d.ride, d.trace)
	d.trace = d.trace[:0]
	return err
}

// stopLoaded ends a loaded leg where the taxi is.
func (d *driver) stopLoaded(v *virtual) {
	d.record(v)
	d.count(v.now)
	d.loadedM += d.stop(v.now)
	d.tripS += v.within(d.legAt, v.now)
}

func (d *driver) alight(v *virtual) error {
	d.stopLoaded(v)
	d.phase = atEnd
	d.serial++
	v.in(v.Options.Alighting, complete, d.who, d.serial)
	return d.flush(v)
}

func (d *driver) complete(v *virtual) error {
	word := dispatch.CompleteRide{Ride: d.ride, Driver: d.id, Meter: d.meter.Fare().Meter()}
	_, err := v.desk.Complete(v.ctx, v.now, d.once(v, "complete"), word)
	if err != nil {
		return v.expected(err)
	}
	d.ride, d.phase = "", idle
	v.in(0, pay, d.rider, 0)
	return nil
}

// refused is a command on a ride that was not taken: the phone looks where the ride stands.
func (d *driver) refused(v *virtual, err error) error {
	if err := v.expected(err); err != nil {
		return err
	}
	ride, err := v.read(d.ride)
	if err == nil {
		d.onRide(v, ride.Brief())
	}
	return err
}

// onRide is the phone's word on the driver's ride: it may be theirs no more.
func (d *driver) onRide(v *virtual, b dispatch.Brief) {
	if b.ID == d.ride && (b.Driver != d.id || !b.State.Active()) {
		d.leave(v.now)
	}
}

// leave gives up the way to the rider, or the waiting there.
func (d *driver) leave(now time.Time) {
	if d.phase == toPickup {
		d.emptyM += d.stop(now)
	}
	if d.phase == toPickup || d.phase == atPickup {
		d.ride, d.phase = "", idle
		d.serial++
	}
}
