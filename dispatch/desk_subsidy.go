package dispatch

import (
	"context"
	"slices"
	"time"

	"hexhail/money"
)

// toldLate is for how long after its end a ride is told that a campaign is over, where none runs.
const toldLate = 31 * 24 * time.Hour

// reserve sets aside what the city's campaigns give for a ride, beside what they have given for it
// already. A campaign that does not apply, a limit that is reached and a budget that is spent are
// answers and not errors.
func (d *Desk) reserve(j *job, r Ride) (money.Subsidy, error) {
	if r.PayBy == "" { // by hand, or by a channel that whoever scans the code will choose
		return money.Subsidy{Reason: money.SubsidyChannel}, nil
	}
	campaigns, err := j.tx.CampaignsSince(string(r.City), r.CompletedAt.Add(-toldLate))
	if err != nil {
		return money.Subsidy{}, err
	}
	if len(campaigns) == 0 {
		return money.Subsidy{Reason: money.SubsidyNone}, nil
	}
	city, err := d.Cities.City(r.City)
	if err != nil {
		return money.Subsidy{}, err
	}
	facts, err := SubsidyFacts(j.tx, city, r, money.AsksFirst(campaigns, r.CompletedAt))
	if err == nil && money.AsksSegments(campaigns, r.CompletedAt) {
		facts.Segments, err = j.tx.SegmentsOf(facts.Rider)
	}
	if err != nil {
		return money.Subsidy{}, err
	}
	facts.Holds = d.Holds
	return j.subsidise(city, r, campaigns, facts)
}

// SubsidyFacts are what campaigns go by for a completed ride. first asks for what the rider had
// done before it, which takes a query more.
func SubsidyFacts(tx RiderPast, city City, r Ride, first bool) (money.SubsidyFacts, error) {
	f := money.SubsidyFacts{
		City: string(r.City), Subject: r.Subject(),
		Rider: r.payer(), Driver: DriverParty(r.Driver),
		Kind: r.Kind.String(), Channel: r.PayBy, CompletedAt: r.CompletedAt, Zone: city.Zone,
		Fare: r.Fare.Total(), DistanceM: r.DrivenM(), Device: r.Device,
		Corrected: len(r.Fare.Was),
	}
	if r.Fare.State == FareResolved {
		f.Corrected++
	}
	if !first || r.Rider == "" { // nobody knows what a guest has done before
		return f, nil
	}
	past, err := tx.PastOf(r.Rider, r.ID, r.CompletedAt)
	f.FirstRide, f.FirstAppPayment = !past.Rode, !past.PaidByApp
	return f, err
}

// DrivenM is how long a completed ride was, in metres: by its trace, or as it was quoted where the
// trace covers too little.
func (r Ride) DrivenM() int {
	if r.Fare.Flagged && r.Quote.DistanceM > r.Fare.DrivenM {
		return r.Quote.DistanceM
	}
	return r.Fare.DrivenM
}

// payBy changes the channel of a ride of which nothing is paid yet. What campaigns of another
// channel have reserved is given back, and what those of the new one give is reserved. A campaign
// that has been given back once is not reserved again.
func (d *Desk) payBy(j *job, r *Ride, channel money.ChannelName) ([]money.Payment, error) {
	payments, err := j.tx.PaymentsOf(r.Subject())
	paid := func(p money.Payment) bool { return p.State.Final() }
	if err != nil || channel == r.PayBy || slices.ContainsFunc(payments, paid) {
		return payments, err // a fare that is split is void: each share is paid by its own
	}
	changed := *r
	changed.PayBy = channel
	if changed.Subsidy, err = d.subsidyBy(j, changed); err != nil {
		return nil, err
	}
	for i := range payments {
		payments[i].Discount = 0
		if payments[i].Purpose == money.PurposeFare {
			payments[i].Discount = changed.Subsidy.Rider
		}
	}
	*r, err = j.step(changed, PayOtherwise{Subsidy: changed.Subsidy})
	return payments, err
}

// subsidyBy is a ride's subsidy after its channel has changed.
func (d *Desk) subsidyBy(j *job, r Ride) (money.Subsidy, error) {
	if r.Subsidy.Reason == money.SubsidyExpired {
		return r.Subsidy, nil
	}
	if len(r.Subsidy.Grants) > 0 {
		campaigns, err := j.tx.CampaignsOf(string(r.City))
		if err != nil {
			return money.Subsidy{}, err
		}
		held := r.Subsidy.Held
		r.Subsidy, err = j.giveBack(r, money.SubsidyVoid, staysWith(campaigns, r.PayBy))
		if err == nil && held && !r.Subsidy.Granted() {
			err = j.dropHold(r.ID)
		}
		if err != nil {
			return money.Subsidy{}, err
		}
	}
	if r.PayBy == money.Cash && len(r.Subsidy.Grants) == 0 && r.Subsidy.Reason != "" {
		return r.Subsidy, nil // no campaign pays for what it does not see
	}
	return d.reserve(j, r)
}

// staysWith says of a grant whether its campaign, of some, gives for rides through a channel.
func staysWith(
	campaigns []money.Campaign, channel money.ChannelName,
) func(money.Grant) bool {
	return func(g money.Grant) bool {
		return slices.ContainsFunc(campaigns, func(c money.Campaign) bool {
			return c.ID == g.Campaign && c.Takes(channel)
		})
	}
}

// giveBack returns what is reserved for a ride to its campaigns, but for the grants that stay, and
// the counts of the day with it. It returns the subsidy that is left.
func (j *job) giveBack(
	r Ride, why money.SubsidyReason, stays func(money.Grant) bool,
) (money.Subsidy, error) {
	how := money.TransferVoid
	if why == money.SubsidyExpired {
		how = money.TransferExpire
	}
	rest, gone := r.Subsidy.Less(func(g money.Grant) bool { return !stays(g) }, why)
	if len(gone) == 0 {
		return r.Subsidy, nil
	}
	if err := money.GiveBackCounts(j.tx, gone); err != nil {
		return money.Subsidy{}, err
	}
	booked, err := j.tx.Transfers(r.Subject())
	if err != nil {
		return money.Subsidy{}, err
	}
	pending := money.SubsidiesIn(money.Unresolved(booked))
	pending = slices.DeleteFunc(pending, func(t money.Transfer) bool {
		return !slices.ContainsFunc(gone, func(g money.Grant) bool {
			return t.Debit == money.PromoBudget(g.Campaign)
		})
	})
	if len(pending) == 0 {
		return rest, nil
	}
	id := money.EntryID(string(pending[0].ID) + "/" + how.String())
	return rest, j.tx.Book(money.Resolution(id, r.Subject(), pending, how, j.now))
}

// none is that no grant stays.
func none(money.Grant) bool { return false }

// CampaignsFor are the campaigns of a city that run now, with what is left of each today for a
// rider. Errors: NotFound for a city that is none.
func (d *Desk) CampaignsFor(
	ctx context.Context, now time.Time, rider RiderID, id CityID,
) (offers []money.Offer, err error) {
	city, err := d.Cities.City(id)
	if err != nil {
		return nil, err
	}
	err = d.Store.View(ctx, func(tx Tx) error {
		campaigns, err := tx.CampaignsSince(string(id), now)
		if err != nil {
			return err
		}
		segments, err := tx.SegmentsOf(RiderParty(rider))
		if err != nil {
			return err
		}
		offers, err = money.OffersFor(tx, campaigns, RiderParty(rider), segments, city.Zone, now)
		return err
	})
	return offers, err
}
