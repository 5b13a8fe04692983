package dispatch

import (
	"context"
	"slices"
	"time"

	"hexhail/money"
)

// judge is what the city's rules against brushing say of a completed ride.
func (j *job) judge(city City, r Ride) (Judgement, error) {
	rules := city.PolicyAt(r.CompletedAt).BrushRules
	if !rules.watches() {
		return Judgement{Outcome: OutcomePay}, nil
	}
	e, err := evidence(j.tx, rules, city, r)
	return rules.Judge(e), err
}

// evidence reads what may speak against a ride. Whether the two are regulars is asked for only
// where it matters.
func evidence(tx Tx, rules BrushRules, city City, r Ride) (Evidence, error) {
	since := r.CompletedAt.AddDate(0, 0, -rules.BrushPairDays)
	past, err := tx.RiddenTogether(r.Rider, r.Driver, since)
	if err != nil {
		return Evidence{}, err
	}
	past = slices.DeleteFunc(past, func(p PairRide) bool {
		return !p.CompletedAt.Before(r.CompletedAt) // this one, for one
	})
	regulars := false
	if len(past) >= rules.BrushPairRides {
		k, ok, err := tx.RegularOf(r.Rider, r.Driver)
		if err != nil {
			return Evidence{}, err
		}
		regulars = ok && k.State == RegularKept
	}
	e := evidenceOf(r, past, regulars, city.Zone)
	if rules.brief(e) {
		midnight, _ := money.DayOf(r.CompletedAt, city.Zone).Bounds(city.Zone)
		e.Again, err = tx.BriefRides(r.Driver, midnight, r.CompletedAt,
			seconds(rules.BrushQuickS), rules.BrushShortM)
	}
	if err == nil && r.Device != "" {
		var others []RiderID
		others, err = tx.AccountsOf(r.Device, r.Rider, since, r.CompletedAt)
		e.Accounts = len(others)
	}
	if err == nil && rules.asksPhones() && r.tellsPhone() {
		var w Whereabouts
		w, err = tx.Whereabouts(r.ID)
		e.Phone = w.heard(r.CompletedAt)
	}
	return e, err
}

// subsidise reserves what campaigns give for a ride, as far as it does not look like brushing: of
// one that does they give nothing, or what they give is held.
func (j *job) subsidise(
	city City, r Ride, campaigns []money.Campaign, facts money.SubsidyFacts,
) (money.Subsidy, error) {
	verdict, err := j.judge(city, r)
	if err != nil {
		return money.Subsidy{}, err
	}
	switch verdict.Outcome {
	case OutcomeDeny:
		return money.Subsidy{Reason: money.SubsidyBrushing}, nil
	case OutcomeCapped:
		return money.Subsidy{Reason: money.SubsidyPair}, nil
	default:
	}
	s, err := money.Subsidise(j.tx, campaigns, facts, r.Subsidy, j.now)
	if err != nil || verdict.Outcome != OutcomeHold || !s.Granted() {
		return s, err
	}
	s.Held = true
	rules := city.PolicyAt(j.now).BrushRules
	return s, j.tx.InsertHold(Hold{
		Ride: r.ID, City: r.City, Rider: r.Rider, Driver: r.Driver, Score: verdict.Score,
		Findings: verdict.Findings, State: Held, MadeAt: j.now,
		DueAt: j.now.AddDate(0, 0, rules.BrushAppealDays),
	})
}

// held reports whether a ride's subsidy is not to be paid with it.
func (j *job) held(r Ride) (bool, error) {
	if !r.Subsidy.Held {
		return false, nil
	}
	h, err := j.tx.Hold(r.ID)
	return h.State.Open(), err
}

// AppealHold is a driver's word on a subsidy that is held.
type AppealHold struct {
	Ride   RideID
	Driver DriverID
	Text   string // 1 to MaxAppealBytes bytes
}

// AppealHold asks ops to decide on a held subsidy, which is paid if they do not in time. Errors:
// NotFound with ReasonUnknownHold for a ride that is not the driver's or whose subsidy is not held,
// Conflict with ReasonHoldState.
func (d *Desk) AppealHold(
	ctx context.Context, now time.Time, key Once, c AppealHold,
) (Hold, error) {
	return do(ctx, d, "AppealHold", now, key, c, func(j *job) (Hold, error) {
		was, err := j.tx.Hold(c.Ride)
		if err != nil {
			return Hold{}, err
		}
		if was.Driver != c.Driver || c.Driver == "" {
			return Hold{}, unknownHold(c.Ride)
		}
		city, err := d.Cities.City(was.City)
		if err != nil {
			return Hold{}, err
		}
		h, err := was.appealed(c.Text, city.PolicyAt(now).BrushRules, now)
		if err != nil {
			return Hold{}, err
		}
		return h, j.tx.UpdateHold(h, was.State)
	})
}

func unknownHold(ride RideID) error {
	return Errorf(NotFound, ReasonUnknownHold, "no subsidy of ride %s is held", ride)
}

// DecideHold is the word of ops on a held subsidy.
type DecideHold struct {
	Ride    RideID
	Release bool   // else it is denied
	Note    string // why, for rider and driver; at most MaxAppealBytes bytes
}

// DecideHold pays a held subsidy, or gives it back to its campaign. Errors: NotFound with
// ReasonUnknownHold, Conflict with ReasonHoldState for one that is decided already, with
// ReasonPayment while the fare is being paid.
func (d *Desk) DecideHold(
	ctx context.Context, now time.Time, key Once, c DecideHold,
) (Hold, error) {
	return do(ctx, d, "DecideHold", now, key, c, func(j *job) (Hold, error) {
		return j.decideHold(c.Ride, func(h Hold) (Hold, error) {
			return h.decided(c.Release, key.Identity, c.Note, now)
		})
	})
}

// decideHold writes a decision, and does what it says to the transfers that wait.
func (j *job) decideHold(ride RideID, decide func(Hold) (Hold, error)) (Hold, error) {
	r, err := j.tx.LockRide(ride)
	if KindOf(err) == NotFound && err != nil {
		return Hold{}, unknownHold(ride)
	}
	if err != nil {
		return Hold{}, err
	}
	was, err := j.tx.Hold(ride) // now that nobody pays the ride meanwhile
	if err != nil {
		return Hold{}, err
	}
	h, err := decide(was)
	if err != nil {
		return Hold{}, err
	}
	if err := j.endHold(r, h); err != nil { // before anything is written if it refuses
		return Hold{}, err
	}
	j.after = append(j.after, Tell{Ride: r}, Push{Driver: r.Driver, Ride: r})
	return h, j.tx.UpdateHold(h, was.State)
}

// endHold ends the pending transfers of a held subsidy. What is released before the ride is paid is
// paid with it; what is denied before makes the ride cost its full fare.
func (j *job) endHold(r Ride, h Hold) error {
	payments, err := j.tx.PaymentsOf(r.Subject())
	if err != nil {
		return err
	}
	split := len(sharesOf(payments)) > 0
	paid, open := true, split // who shares a fare has been told what the others pay
	for _, p := range payments {
		if p.Purpose.Fare() {
			paid, open = paid && p.State.Final(), open || p.State == money.PaymentOpen
		}
	}
	switch {
	case h.State == HoldReleased && paid && split:
		_, err := j.giveParts(r, payments)
		return err
	case h.State == HoldReleased && !paid:
		return nil
	case h.State == HoldDenied && !paid && open:
		return Errorf(Conflict, ReasonPayment,
			"ride %s is being paid: its subsidy can be denied when it is", r.ID)
	case h.State == HoldDenied && !paid:
		return j.takeSubsidy(r, payments, money.SubsidyBrushing)
	}
	booked, err := j.tx.Transfers(r.Subject())
	if err != nil {
		return err
	}
	pending := money.SubsidiesIn(money.Unresolved(booked))
	if len(pending) == 0 {
		return nil // it was paid by hand meanwhile, or has expired
	}
	how := money.TransferPost
	if h.State == HoldDenied {
		how = money.TransferVoid
		if err := money.GiveBackCounts(j.tx, r.Subsidy.Grants); err != nil {
			return err
		}
	}
	id := money.EntryID(string(r.ID) + "/hold/" + how.String())
	return j.tx.Book(money.Resolution(id, r.Subject(), pending, how, j.now))
}

// dropHold ends the hold of a subsidy that has gone back to its campaign meanwhile.
func (j *job) dropHold(ride RideID) error {
	was, err := j.tx.Hold(ride)
	if err != nil || !was.State.Open() {
		return err
	}
	h, err := was.decided(false, BySystem, "", j.now)
	if err != nil {
		return err
	}
	return j.tx.UpdateHold(h, was.State)
}

// How holds end by themselves.
const (
	holdBatch = 16               // at once
	holdAgain = 10 * time.Minute // until one whose ride is being paid is looked at again
)

// endHolds ends the holds whose time is over. One whose ride is being paid waits behind the others.
func (j *job) endHolds() error {
	list, err := j.tx.DueHolds(j.now, holdBatch)
	if err != nil {
		return err
	}
	for _, due := range list {
		_, err := j.decideHold(due.Ride, func(h Hold) (Hold, error) { return h.overdue(j.now) })
		if err != nil && ReasonOf(err) == ReasonPayment {
			later := due
			later.DueAt = j.now.Add(holdAgain)
			err = j.tx.UpdateHold(later, due.State)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
