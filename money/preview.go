package money

import "slices"

// Preview is what a campaign would have given for rides of the past.
type Preview struct {
	Rides   int // looked at
	Granted int
	Rider   Fen // to riders
	Driver  Fen
	Riders  int // that it would have given to
	Drivers int
	Refused map[SubsidyReason]int // rides, one side of which may have been given for
}

// Rehearse runs a campaign alone over rides that are over, in the order of their completion, with
// its whole budget and counts of its own: the same rules as Subsidise, on nothing that is kept. Its
// dates are those of the rides. It sorts the rides.
func Rehearse(c Campaign, rides []SubsidyFacts) (Preview, error) {
	slices.SortStableFunc(rides, func(a, b SubsidyFacts) int {
		return a.CompletedAt.Compare(b.CompletedAt)
	})
	p := Preview{Rides: len(rides), Refused: map[SubsidyReason]int{}}
	if len(rides) == 0 {
		return p, nil
	}
	c.State, c.Version = CampaignRuns, max(1, c.Version)
	c.StartsAt = rides[0].CompletedAt
	c.EndsAt = rides[len(rides)-1].CompletedAt.Add(1)
	only := []Campaign{c}
	on := Suppose().On(untouched{budget: c.Cap})
	riders, drivers := map[Party]bool{}, map[Party]bool{}
	for _, f := range rides {
		s, err := Subsidise(on, only, f, Subsidy{}, f.CompletedAt)
		if err != nil {
			return Preview{}, err
		}
		for _, r := range s.Refused {
			p.Refused[r.Reason]++
		}
		if !s.Granted() {
			continue
		}
		p.Granted++
		p.Rider += s.Rider
		p.Driver += s.Driver
		if s.Rider > 0 {
			riders[f.Rider] = true
		}
		if s.Driver > 0 {
			drivers[f.Driver] = true
		}
	}
	p.Riders, p.Drivers = len(riders), len(drivers)
	return p, nil
}

// untouched is a giver of a whole budget, of which nobody was given anything.
type untouched struct {
	Giver  // nothing else is asked of it
	budget Fen
}

// Account implements [Accounts].
func (u untouched) Account(id AccountID) (Account, error) {
	return Account{ID: id, Credits: u.budget}, nil
}

// CountOf implements [Counts].
func (untouched) CountOf(CountKey) (int, error) { return 0, nil }
