package dispatch

import (
	"cmp"
	"slices"
	"time"
)

// SilentFareNote is what rider and driver read of a fare that stands because its rider has not
// answered, and BySystem who has decided so.
const (
	SilentFareNote = "乘客未答复，按行驶轨迹或预估价计费 · " +
		"the rider has not answered: as the trace or the quote says"
	BySystem = "system"
)

// Silent is what stands of a fare that nobody answers, with the tolls and not above what was
// claimed: what the trace gives, or, where too little of the drive is in it, what the rider was
// quoted at most.
func (r Ride) Silent() Resolution {
	meter := r.Fare.ByTrace
	if r.Fare.Flagged {
		meter = max(meter, r.Quote.High)
	}
	total := min(r.Fare.Claimed(), meter+r.Fare.Tolls)
	return Resolution{Total: total, Note: SilentFareNote, By: BySystem}
}

// answerFares resolves the fares whose riders have had the policy's hours to say yes or no. Nobody
// rides for nothing by saying nothing, and nobody owes by it what they were asked about. What is
// contested waits for ops all the same, and so does a thin trace without a quote.
func (d *Desk) answerFares(j *job) error {
	cities := make([]CityID, 0, len(d.Cities))
	for id := range d.Cities {
		cities = append(cities, id)
	}
	slices.SortFunc(cities, func(a, b CityID) int { return cmp.Compare(a, b) })
	for _, id := range cities {
		hours := d.Cities[id].PolicyAt(j.now).FareAnswerH
		if hours == 0 {
			continue
		}
		before := j.now.Add(-time.Duration(hours) * time.Hour)
		rides, err := j.tx.SilentFares(id, before, workBatch)
		if err != nil {
			return err
		}
		for _, r := range rides {
			if err := d.answerFare(j, r.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Desk) answerFare(j *job, id RideID) error {
	r, err := j.tx.LockRide(id) // again, now that nobody else changes it
	if err != nil || r.State != Completed || r.Fare.State != FareAsked {
		return err
	}
	act, resolved := Resolve{Resolution: r.Silent()}, r
	resolved.Fare = r.Fare.resolved(act.Resolution)
	if act.Subsidy, err = d.reserve(j, resolved); err == nil {
		_, err = j.step(r, act)
	}
	return err
}
