package dispatch

import (
	"fmt"
	"time"

	"hexhail/money"
)

// SearchTime is how long a ride searches.
type SearchTime = time.Duration

// table is the one list of what may happen in which state, and where it leads.
var table = map[State]map[ActKind]State{
	Scheduled: {
		ActBook: Booked, ActDue: Searching, ActMove: Scheduled, ActCancel: Cancelled,
	},
	Booked: {
		ActSetOut: Assigned, ActFallOut: Searching, ActDrop: Scheduled, ActRemind: Booked,
		ActMove: Booked, ActCancel: Cancelled,
		ActHandOver: Booked, ActWithdrawHandOver: Booked, ActTakeOver: Booked,
	},
	Searching: {
		ActClaim: Assigned, ActCancel: Cancelled, ActExpire: Expired, ActTip: Searching,
		ActMove: Scheduled, ActPassOn: Searching,
	},
	Assigned: {
		ActArrive: Arrived, ActCancel: Cancelled, ActRelease: Searching, ActMove: Assigned,
		ActPromote: Assigned, ActFallOut: Searching, // in slot next alone
	},
	Arrived: {
		ActStart: OnTrip, ActCancel: Cancelled, ActRelease: Searching, ActNoShow: NoShow,
		ActMove: Arrived,
	},
	OnTrip: {
		ActComplete: Completed, ActBreak: Searching,
	},
	Completed: {
		ActConfirm: Completed, ActContest: Completed, ActSettle: Settled, ActRate: Completed,
		ActPayBy: Completed, ActResolve: Completed, ActComplain: Completed, ActTip: Completed,
		ActContestComplaint: Completed, ActDecideComplaint: Completed, ActCorrect: Completed,
	},
	Settled: {
		ActRate: Settled, ActComplain: Settled, ActContestComplaint: Settled,
		ActDecideComplaint: Settled, ActWinDraw: Settled, ActTip: Settled,
		ActRepair:  Settled,
		ActCorrect: Settled, ActConfirm: Settled, ActContest: Settled, ActResolve: Settled,
	},
	Cancelled: {
		ActComplain: Cancelled, ActContestComplaint: Cancelled, ActDecideComplaint: Cancelled,
	},
	NoShow: {ActContestComplaint: NoShow, ActDecideComplaint: NoShow},
}

// Next is where an act leads from a state; ok is false if it is not allowed there.
func Next(from State, act ActKind) (to State, ok bool) {
	to, ok = table[from][act]
	return to, ok
}

// Decision is what Step decides: the ride after the act, what joins the transaction, and what is
// told when it has committed.
type Decision struct {
	Ride   Ride
	Event  Event
	Writes []Write
	After  []Hint
}

// Write is a row that joins the transaction beside the ride and its event.
type Write interface{ write() }

// The writes.
type (
	// WithdrawOffers closes the ride's open offer, and its open call.
	WithdrawOffers struct{ Ride RideID }
	// WithdrawCalls closes the ride's open call: another one takes its place.
	WithdrawCalls struct{ Ride RideID }
	// Owe is a payment that is due now. Anew says that it may be there already, not paid: then its
	// amount and discount change, and an amount of 0 is owed no more.
	Owe struct {
		Payment money.Payment
		Anew    bool
	}
)

func (WithdrawOffers) write() {}
func (WithdrawCalls) write()  {}
func (Owe) write()            {}

// Hint is told after the commit. It may get lost.
type Hint interface{ hint() }

// The hints.
type (
	// Nudge tells the city's engine that a ride changed.
	Nudge struct{ Ride Ride }
	// Push tells a driver that a ride of theirs changed.
	Push struct {
		Driver DriverID
		Ride   Ride
	}
	// Tell tells the ride's watchers.
	Tell struct{ Ride Ride }
)

func (Nudge) hint() {}
func (Push) hint()  {}
func (Tell) hint()  {}

// Step is the ride machine: the ride r, an act and the city's time give the ride after it, or an
// *Error: Conflict where the state does not allow the act, NotFound where the ride is not this
// driver's or rider's, Invalid for a bad value. r itself is not changed.
func Step(r Ride, act Act, now time.Time) (Decision, error) {
	to, ok := Next(r.State, act.Kind())
	if !ok {
		return Decision{}, Errorf(Conflict, ReasonStep,
			"ride %s is %s: cannot %s", r.ID, r.State, act.Kind())
	}
	d := Decision{Ride: r}
	d.Ride.State = to
	d.Ride.Version++
	d.Ride.ChangedAt = now
	if err := d.apply(r, act, now); err != nil {
		return Decision{}, err
	}
	if to.Terminal() && d.Ride.EndedAt.IsZero() {
		d.Ride.EndedAt = now
	}
	if to != Booked { // nobody hands over what they do not hold
		d.Ride.Booking.HandOver = d.Ride.Booking.HandOver.closed()
	}
	d.Event = eventOf(d.Ride, act.Kind(), now)
	if c, ok := d.filed(); ok && act.Kind() >= ActComplain {
		d.Event.Reason = c.eventReason()
	}
	d.tell(r, act.Kind())
	return d, nil
}

func (d *Decision) apply(was Ride, act Act, now time.Time) error {
	switch a := act.(type) {
	case Cancel:
		return d.cancel(was, a, now)
	case Claim:
		return d.claim(a, now)
	case Release:
		return d.release(was, a.Driver, a.Reason, a.Search, now)
	case Arrive:
		d.Ride.ArrivedAt = was.did(a.Did, now)
		return was.mayArrive(a.Driver)
	case NotThere:
		return d.noShow(was, a, now)
	case Start:
		d.Ride.StartedAt = was.did(a.Did, now)
		return was.drivenBy(a.Driver)
	case Break:
		return d.breakDown(was, a, now)
	case Complete:
		return d.complete(was, a, now)
	case Confirm:
		return d.confirm(was, a, now)
	case Contest:
		return d.contest(was, a, now)
	case CorrectFare:
		return d.correct(was, a, now)
	case Resolve:
		return d.resolve(was, a)
	case Expire:
		return d.expire(was, now)
	case AddTip:
		return d.addTip(was, a, now)
	case PassOn:
		return d.passOn(was, a, now)
	case Rate:
		return d.rate(was, a)
	case PayOtherwise:
		d.Ride.Subsidy = a.Subsidy
		return nil
	case Settle:
		return d.settle(was, a)
	case WinDraw, Repair:
		return nil
	case Promote:
		return d.promote(was, a)
	case Complain:
		return d.complain(was, a, now)
	case ContestComplaint:
		return d.contestComplaint(a, now)
	case DecideComplaint:
		return d.decideComplaint(a, now)
	default:
		return d.applyAhead(was, act, now)
	}
}

// passOn ends the waiting for a driver who will not have the ride.
func (d *Decision) passOn(was Ride, a PassOn, now time.Time) error {
	if !was.First.HeldFor(a.Driver, now) {
		return Errorf(Conflict, ReasonStep, "ride %s is not held for %s", was.ID, a.Driver)
	}
	d.Ride.First = was.First.pass(a.Driver, now)
	return nil
}

func (d *Decision) settle(was Ride, a Settle) error {
	if !a.Subsidy.IsZero() {
		d.Ride.Subsidy = a.Subsidy
	}
	if !was.Fare.State.Stands() {
		return Errorf(Conflict, ReasonStep, "ride %s: its fare is %s", was.ID, was.Fare.State)
	}
	return nil
}

// tell adds what every change has in common: the engine hears of what changes supply or demand,
// the driver and the watchers of everything.
func (d *Decision) tell(was Ride, act ActKind) {
	changed := was.State != d.Ride.State
	if changed && (was.State.Open() || d.Ride.State.Open()) ||
		act == ActTip && was.State == Searching || act == ActPromote || act == ActPassOn {
		d.After = append(d.After, Nudge{Ride: d.Ride})
	}
	if was.Driver != "" {
		d.After = append(d.After, Push{Driver: was.Driver, Ride: d.Ride})
	}
	if d.Ride.Driver != "" && d.Ride.Driver != was.Driver {
		d.After = append(d.After, Push{Driver: d.Ride.Driver, Ride: d.Ride})
	}
	d.After = append(d.After, Tell{Ride: d.Ride})
}

// maxCutOff is how long a phone may have been cut off when it tells what was done meanwhile.
const maxCutOff = 12 * time.Hour

// did is when something that a driver tells of at now was done at the ride: as the phone says, if
// that is neither in the future nor before the ride's last step nor too long ago, otherwise now.
func (r Ride) did(said, now time.Time) time.Time {
	for _, step := range []time.Time{r.ClaimedAt, r.ArrivedAt, r.StartedAt, now.Add(-maxCutOff)} {
		if said.Before(step) {
			return now
		}
	}
	if said.After(now) {
		return now
	}
	return said
}

// drivenBy is NotFound unless the ride is the driver's, in the words of a ride that never was.
func (r Ride) drivenBy(driver DriverID) error {
	if r.Driver != driver {
		return Errorf(NotFound, ReasonUnknownRide, "no ride %s", r.ID)
	}
	return nil
}

// riddenBy is the same of the rider.
func (r Ride) riddenBy(rider RiderID) error {
	if r.Rider != rider {
		return Errorf(NotFound, ReasonUnknownRide, "no ride %s", r.ID)
	}
	return nil
}

func (d *Decision) cancel(was Ride, a Cancel, now time.Time) error {
	switch {
	case len(a.Reason) > MaxReasonBytes:
		return invalid("reason", "at most 200 bytes")
	case a.AskedByDriver && was.Driver == "":
		return invalid("asked_by_driver", "false: no driver has the ride")
	case a.Fee > 0 && (!was.State.Active() || a.AskedByDriver):
		return Errorf(Internal, ReasonStep, "ride %s: a fee that nobody is owed", was.ID)
	}
	d.Ride.EndedBy, d.Ride.EndReason = SideRider, a.Reason
	d.Ride.Slot, d.Ride.Booking.DueAt = "", time.Time{}
	d.Writes = append(d.Writes, WithdrawOffers{d.Ride.ID})
	if a.AskedByDriver {
		c := was.complaintOf(SideRider, CauseAskedToCancel, "", now)
		d.Writes = append(d.Writes, FileComplaint{Complaint: c})
	}
	if a.Fee > 0 {
		d.Ride.CancelFee = a.Fee
		d.Writes = append(d.Writes, was.owes(money.PurposeCancelFee, a.Fee, 0))
	}
	return nil
}

func (d *Decision) claim(a Claim, now time.Time) error {
	if a.Search != d.Ride.Search {
		return Errorf(Conflict, ReasonOfferClosed, "ride %s searches anew", d.Ride.ID)
	}
	d.Ride.Driver, d.Ride.Taxi, d.Ride.Slot = a.Driver, a.Taxi, SlotCurrent
	if a.Slot != "" {
		d.Ride.Slot = a.Slot
	}
	d.Ride.ClaimedAt, d.Ride.ExpectedAt = now, a.Expected
	d.Ride.EndedBy, d.Ride.EndReason = 0, ""
	return nil
}

// release sends the ride into another search: the driver is free, and never offered it again.
func (d *Decision) release(
	was Ride, by DriverID, reason string, search SearchTime, now time.Time,
) error {
	if err := was.drivenBy(by); err != nil {
		return err
	}
	if len(reason) > MaxReasonBytes {
		return invalid("reason", "at most 200 bytes")
	}
	r := &d.Ride
	r.Driver, r.Taxi, r.Slot = "", "", ""
	r.ArrivedAt, r.StartedAt, r.ExpectedAt = time.Time{}, time.Time{}, time.Time{}
	r.First = was.First.pass(by, now)
	r.Search++
	r.SearchBy = was.searchUntil(now, search)
	r.EndedBy, r.EndReason = SideDriver, reason
	return nil
}

func (d *Decision) noShow(was Ride, a NotThere, now time.Time) error {
	if err := was.drivenBy(a.Driver); err != nil {
		return err
	}
	// From when the rider could know, not from when the phone says that it arrived; and nobody has
	// to be there before the time that was booked.
	since := later(was.ChangedAt, was.Booking.PickupAt)
	if wait := time.Duration(a.WaitedS) * time.Second; now.Sub(since) < wait {
		return Errorf(Conflict, ReasonStep, "ride %s: wait at least %s at the pickup", was.ID, wait)
	}
	d.Ride.EndedBy, d.Ride.EndReason, d.Ride.Slot = SideDriver, string(CauseNoShow), ""
	c := was.complaintOf(SideDriver, CauseNoShow, "", now)
	d.Writes = append(d.Writes, FileComplaint{Complaint: c})
	return nil
}

func (d *Decision) breakDown(was Ride, a Break, now time.Time) error {
	if was.Kind == Street {
		return Errorf(Conflict, ReasonStep, "ride %s is a street ride: complete it", was.ID)
	}
	if err := a.At.given("at"); err != nil {
		return err
	}
	d.Ride.Pickup = a.At
	return d.release(was, a.Driver, "break_down", a.Search, now)
}

func (d *Decision) expire(was Ride, now time.Time) error {
	if now.Before(was.SearchBy) {
		return Errorf(Conflict, ReasonStep, "ride %s searches until %s", was.ID, was.SearchBy)
	}
	d.Ride.EndedBy, d.Ride.EndReason = SideSystem, "nobody_took_it"
	d.Writes = append(d.Writes, WithdrawOffers{was.ID})
	return nil
}

func (d *Decision) addTip(was Ride, a AddTip, now time.Time) error {
	if was.State != Searching {
		return d.tipAfter(was, a, now)
	}
	if a.To <= was.Tip || a.To > MaxTip {
		return invalid("tip_fen", fmt.Sprintf("above %d, at most %d", was.Tip, MaxTip))
	}
	d.Ride.Tip = a.To
	d.Writes = append(d.Writes, WithdrawCalls{was.ID})
	return nil
}

func (d *Decision) rate(was Ride, a Rate) error {
	if a.Stars < 1 || a.Stars > 5 {
		return invalid("stars", "1 to 5")
	}
	given := &d.Ride.RiderStars
	if a.By == SideDriver {
		given = &d.Ride.DriverStars
	}
	if *given != 0 {
		return Errorf(Conflict, ReasonStep, "ride %s is rated already", was.ID)
	}
	*given = a.Stars
	return nil
}
