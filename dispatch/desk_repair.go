package dispatch

import (
	"context"
	"slices"
	"time"

	"hexhail/money"
)

// repairing is a run of a repair.
type repairing struct {
	desk          *Desk
	command       RepairCampaign
	clock         func() time.Time
	city          City
	done          Repaired
	riders        map[money.Party]bool
	drivers       map[money.Party]bool
	supposed      *money.Supposed // of a dry run
	supposedGifts map[RideID]Ride
	tell          func(Repaired) error
}

// RepairCampaign gives everyone who has missed a campaign what it would have given: for each ride
// of the window that is settled, meets the campaign's conditions and has nothing of it or of its
// group, in the order of their completion, from the budget and the counts of the day that are left.
// The campaign's dates and a pause are taken as if it had run. Rides whose subsidy was denied or
// held, or would be, are left out, but for those that were released.
//
// Each ride is a transaction of its own, and given for once, whoever else repairs the same: a run
// that was cut off is given again and goes on. tell hears of the progress; its error ends the run.
// Errors: *money.CampaignError for one that is not of the city or has ended, Invalid for a window
// or reason out of its limits.
func (d *Desk) RepairCampaign(
	ctx context.Context, clock func() time.Time, c RepairCampaign, tell func(Repaired) error,
) (Repaired, error) {
	r := repairing{
		desk: d, command: c, clock: clock, tell: tell, riders: map[money.Party]bool{},
		drivers: map[money.Party]bool{}, supposedGifts: map[RideID]Ride{},
	}
	r.done.Refused = map[money.SubsidyReason]int{}
	if c.DryRun {
		r.supposed = money.Suppose()
	}
	rides, err := r.begin(ctx)
	if err != nil {
		return r.done, err
	}
	for batch := range slices.Chunk(rides, repairBatch) {
		if err := r.repair(ctx, batch); err != nil {
			return r.done, err
		}
		if err := tell(r.done); err != nil {
			return r.done, err
		}
	}
	return r.done, nil
}

// begin finds the rides.
func (r *repairing) begin(ctx context.Context) (rides []RideID, err error) {
	c := r.command
	if err := c.check(); err != nil {
		return nil, err
	}
	if r.city, err = r.desk.Cities.City(c.City); err != nil {
		return nil, err
	}
	err = r.desk.Store.View(ctx, func(tx Tx) error {
		if _, err := repairable(tx, c); err != nil {
			return err
		}
		rides, err = tx.SettledRides(c.City, c.From, c.To, MaxRepairRides+1)
		return err
	})
	if len(rides) > MaxRepairRides {
		rides, r.done.Cut = rides[:MaxRepairRides], true
	}
	r.done.Of = len(rides)
	return rides, err
}

// repairable is the newest version of a campaign that may still give.
func repairable(tx money.Campaigns, c RepairCampaign) (money.Campaign, error) {
	newest, err := money.Launched(tx, string(c.City), c.Campaign)
	if err == nil && newest.State == money.CampaignEnded {
		err = &money.CampaignError{Field: "id", Limit: "that of a campaign that has not ended"}
	}
	return newest, err
}

// repair looks at some rides on one snapshot, and gives for those that have missed something.
func (r *repairing) repair(ctx context.Context, rides []RideID) error {
	var missed []RideID
	err := r.desk.Store.View(ctx, func(tx Tx) (err error) {
		missed, err = r.look(tx, rides)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range missed {
		if err := r.give(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// look counts what is refused already, and returns the other rides; of a dry run it counts all.
func (r *repairing) look(tx Tx, rides []RideID) (missed []RideID, err error) {
	c, err := repairable(tx, r.command)
	if err != nil {
		return nil, err
	}
	for _, id := range rides {
		ride, err := tx.Ride(id)
		if err != nil {
			return nil, err
		}
		supposed, seen := r.supposed, Tx(supposedTx{tx, r.supposedGifts})
		if supposed == nil {
			supposed, seen = money.Suppose(), tx
		}
		made, m, why, err := r.one(&job{tx: seen, now: r.clock()}, supposed.On(tx), ride, c)
		switch {
		case err != nil:
			return nil, err
		case made.Given() && r.supposed == nil:
			missed = append(missed, id)
			continue
		case made.Given():
			r.supposedGifts[id] = ride
		}
		r.count(made, m.Facts, why)
	}
	return missed, nil
}

// give gives for a ride in a transaction of its own, in which all is asked again.
func (r *repairing) give(ctx context.Context, id RideID) error {
	var (
		made  money.Repair
		facts money.SubsidyFacts
		why   money.SubsidyReason
	)
	run := func(j *job) error {
		ride, err := j.tx.LockRide(id)
		if err != nil {
			return err
		}
		c, err := repairable(j.tx, r.command)
		if err != nil {
			return err
		}
		var m money.Missed
		made, m, why, err = r.one(j, j.tx, ride, c)
		facts = m.Facts
		if err != nil || !made.Given() {
			return err
		}
		made.Why, made.By, made.At = r.command.Why, r.command.By, j.now
		if err := j.tx.InsertRepair(made); err != nil {
			return err
		}
		_, err = j.step(ride, Repair{})
		return err
	}
	if err := r.desk.book(ctx, "RepairCampaign", r.clock(), run); err != nil {
		return err
	}
	r.count(made, facts, why)
	return nil
}

// one gives for a ride what it has missed, from a giver's counts and budget.
func (r *repairing) one(
	j *job, from money.Giver, ride Ride, c money.Campaign,
) (made money.Repair, m money.Missed, why money.SubsidyReason, err error) {
	if m, err = r.desk.missed(j.tx, r.city, ride, c); err != nil {
		return made, m, why, err
	}
	if why = c.Misses(m); why != money.SubsidyGranted {
		return made, m, why, nil
	}
	if why, err = j.suspected(r.city, ride); err != nil || why != money.SubsidyGranted {
		return made, m, why, err
	}
	made, why, err = c.Repair(from, m, j.now)
	return made, m, why, err
}

// missed is what a campaign goes by for a settled ride.
func (d *Desk) missed(
	tx Tx, city City, r Ride, c money.Campaign,
) (m money.Missed, err error) {
	if m.Repairs, err = tx.RepairsOf(r.Subject()); err != nil {
		return m, err
	}
	m.Had = r.Subsidy
	only := []money.Campaign{c.Through(r.CompletedAt)}
	m.Facts, err = SubsidyFacts(tx, city, r, money.AsksFirst(only, r.CompletedAt))
	if err == nil && money.AsksSegments(only, r.CompletedAt) {
		m.Facts.Segments, err = tx.SegmentsOf(m.Facts.Rider)
	}
	if err != nil {
		return m, err
	}
	m.Facts.Holds = d.Holds
	payments, err := tx.PaymentsOf(r.Subject())
	for _, p := range payments {
		if !p.State.Captured() || !p.Purpose.Fare() || !c.Takes(p.Channel) {
			continue
		}
		payer := p.Payer // who owed it
		if by, ok, err := tx.PaidAttempt(p.ID); err != nil {
			return m, err
		} else if ok {
			payer = by.Payer // who has paid it, by a code perhaps
		}
		if !isGuest(payer) {
			m.Paid = append(m.Paid, money.PaidPart{
				Payer: payer, Kept: max(0, p.Charge()-p.Refunded),
			})
		}
	}
	return m, err
}

// suspected is why the city's rules against brushing refuse a settled ride, or
// money.SubsidyGranted: as they did, or would have done.
func (j *job) suspected(city City, r Ride) (money.SubsidyReason, error) {
	if r.Subsidy.Reason == money.SubsidyBrushing {
		return r.Subsidy.Reason, nil
	}
	held, err := j.tx.Hold(r.ID)
	switch {
	case err == nil && held.State == HoldReleased:
		return money.SubsidyGranted, nil
	case err == nil:
		return money.SubsidyBrushing, nil
	case KindOf(err) != NotFound:
		return "", err
	}
	verdict, err := j.judge(city, r)
	if err != nil {
		return "", err
	}
	switch verdict.Outcome {
	case OutcomeDeny, OutcomeHold:
		return money.SubsidyBrushing, nil
	case OutcomeCapped:
		return money.SubsidyPair, nil
	default:
		return money.SubsidyGranted, nil
	}
}

// count adds a ride to what is done.
func (r *repairing) count(made money.Repair, f money.SubsidyFacts, why money.SubsidyReason) {
	done := &r.done
	done.Rides++
	if why != money.SubsidyGranted {
		done.Refused[why]++
	}
	if !made.Given() {
		return
	}
	done.Given++
	done.Rider += made.Rider
	done.Driver += made.Driver
	if made.Rider > 0 {
		r.riders[f.Rider] = true
	}
	if made.Driver > 0 {
		r.drivers[f.Driver] = true
	}
	done.Riders, done.Drivers = len(r.riders), len(r.drivers)
}

// supposedTx is a transaction in which some rides have been given for.
type supposedTx struct {
	Tx
	gifts map[RideID]Ride
}

// RiddenTogether implements [PairRides].
func (t supposedTx) RiddenTogether(
	rider RiderID, driver DriverID, since time.Time,
) ([]PairRide, error) {
	past, err := t.Tx.RiddenTogether(rider, driver, since)
	for i := range past {
		past[i].Subsidised = past[i].Subsidised || t.given(past[i].Ride)
	}
	return past, err
}

// AccountsOf implements [PairRides].
func (t supposedTx) AccountsOf(
	device string, but RiderID, from, to time.Time,
) ([]RiderID, error) {
	list, err := t.Tx.AccountsOf(device, but, from, to)
	for _, r := range t.gifts {
		if r.Device == device && r.Rider != but && !r.CompletedAt.Before(from) &&
			r.CompletedAt.Before(to) && !slices.Contains(list, r.Rider) {
			list = append(list, r.Rider)
		}
	}
	return list, err
}

func (t supposedTx) given(id RideID) bool {
	_, ok := t.gifts[id]
	return ok
}
