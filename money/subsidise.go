package money

import (
	"errors"
	"math"
	"slices"
	"time"
)

// Side is whose gifts of a day are counted.
type Side string

// The sides.
const (
	SideRider  Side = "rider"
	SideDriver Side = "driver"
	SidePair   Side = "pair" // a rider with a driver
	SideDevice Side = "device"
	SideCity   Side = "city" // all of a campaign
)

// CountKey names a count: how often a campaign has given, on a business day, to somebody.
type CountKey struct {
	Campaign CampaignID `json:"campaign"`
	Day      string     `json:"day"` // of the city; everyDay where it counts for good
	Side     Side       `json:"side"`
	Key      string     `json:"key"` // the party, or the pair; "" for the city
}

// everyDay is the day of what is given once and never again.
const everyDay = "ever"

// Giver is what reserving a subsidy needs of a transaction.
type Giver interface {
	Accounts
	Counts
}

// Subsidise gives a ride what the campaigns have for it, in their order, at most one of each group,
// and reserves it: counts of the day first, then the budgets in one entry. A limit that is reached
// or a budget that is spent is an answer, not an error. had is what an earlier call has given for
// the ride (its zero value for the first): its grants stay, and what it has given back once is not
// given again. The rider's gifts together are never more than the fare.
//
// Counts and accounts are taken in the order of campaigns, and for each rider, driver, pair,
// device, city. Two rides lock them in the same order unless a spent budget makes one choose again;
// where they then wait for each other the database ends one of the two, and its transaction runs
// again.
func Subsidise(
	tx Giver, campaigns []Campaign, f SubsidyFacts, had Subsidy, at time.Time,
) (Subsidy, error) {
	g := giver{tx: tx, facts: f, spent: map[CampaignID]bool{}, had: had}
	for _, r := range had.Refused {
		if r.Reason.spent() {
			g.spent[r.Campaign] = true
			g.known = append(g.known, r)
		}
	}
	for {
		if err := g.choose(campaigns); err != nil {
			return Subsidy{}, err
		}
		fresh := g.out.Grants[len(had.Grants):]
		if len(fresh) == 0 {
			break
		}
		err := tx.Book(reservation(fresh, f, at))
		refused := (*LimitError)(nil)
		if err == nil {
			break
		}
		if !errors.As(err, &refused) {
			return Subsidy{}, err
		}
		if err := g.withdraw(fresh, refused.Account); err != nil {
			return Subsidy{}, err
		}
	}
	g.sum(campaigns)
	return g.out, nil
}

// giver is one ride's subsidy in the making.
type giver struct {
	tx    Giver
	facts SubsidyFacts
	had   Subsidy
	out   Subsidy
	spent map[CampaignID]bool // not to be asked again
	known []Refusal           // of those
	left  Fen                 // of the fare, for the rider's gifts
	late  Refusal             // of a campaign outside of its dates
}

// choose adds a grant for each group that has none to what the ride had.
func (g *giver) choose(campaigns []Campaign) error {
	g.left = g.facts.Fare - g.had.Rider
	g.out = Subsidy{Grants: slices.Clone(g.had.Grants), Refused: slices.Clone(g.known)}
	for _, c := range campaigns {
		if g.spent[c.ID] || g.has(func(o Grant) bool { return o.Campaign == c.ID }) {
			continue
		}
		why := c.applies(g.facts)
		if why == SubsidyGranted && g.has(func(o Grant) bool { return o.Group == c.Group }) {
			why = SubsidyGroup
		}
		if why == SubsidyGranted {
			grant, refused, err := g.give(c)
			if err != nil {
				return err
			}
			if grant.Rider+grant.Driver > 0 {
				g.out.Grants = append(g.out.Grants, grant)
				g.left -= grant.Rider
			}
			why = refused
		}
		g.refuse(c.ID, why)
	}
	return nil
}

func (g *giver) has(ok func(Grant) bool) bool { return slices.ContainsFunc(g.out.Grants, ok) }

func (g *giver) refuse(c CampaignID, why SubsidyReason) {
	switch why {
	case SubsidyGranted, SubsidyNone, "":
	case SubsidyNotDated, SubsidyEnded:
		if g.late.Reason == "" {
			g.late = Refusal{c, why}
		}
	default:
		g.out.refuse(c, why)
	}
}

// give takes a campaign's counts for a ride. What is refused may be one side alone; a grant of
// nothing has given its counts back.
func (g *giver) give(c Campaign) (Grant, SubsidyReason, error) {
	grant := Grant{Campaign: c.ID, Version: c.Version, Group: c.Group}
	t := taking{tx: g.tx, facts: g.facts, campaign: c, grant: &grant}
	err := t.all(g.left)
	if err == nil && grant.Rider+grant.Driver == 0 {
		err = GiveBackCounts(g.tx, []Grant{grant})
		grant = Grant{}
		if t.refused == "" {
			t.refused = SubsidyNothing
		}
	}
	return grant, t.refused, err
}

// withdraw takes back what was chosen, as the budget of one campaign is spent: what the others give
// depends on it.
func (g *giver) withdraw(chosen []Grant, budget AccountID) error {
	at := slices.IndexFunc(chosen, func(o Grant) bool { return PromoBudget(o.Campaign) == budget })
	if at < 0 {
		return &TransferError{Problem: "a reservation was refused by " + string(budget)}
	}
	spent := chosen[at].Campaign
	g.spent[spent] = true
	g.known = append(g.known, Refusal{spent, SubsidyBudget})
	return GiveBackCounts(g.tx, chosen)
}

// sum fills in what the grants come to, or why there are none.
func (g *giver) sum(campaigns []Campaign) {
	s, had := &g.out, g.had
	switch {
	case len(s.Grants) > 0:
		s.sum()
		return
	case had.spent():
		s.Campaign, s.Version, s.Reason = had.Campaign, had.Version, had.Reason
		return
	case len(s.Refused) > 0:
		s.Campaign, s.Reason = s.Refused[0].Campaign, s.Refused[0].Reason
	case g.late.Reason != "":
		s.Campaign, s.Reason = g.late.Campaign, g.late.Reason
	default:
		s.Reason = SubsidyNone
	}
	for _, c := range campaigns {
		if c.ID == s.Campaign {
			s.Version = c.Version
		}
	}
}

// taking is one campaign's counts and gifts for one ride.
type taking struct {
	tx       Giver
	facts    SubsidyFacts
	campaign Campaign
	grant    *Grant
	refused  SubsidyReason // the first
}

func (t *taking) all(left Fen) error {
	c, f := t.campaign, t.facts
	if c.When.once() {
		n, err := t.take(CountKey{c.ID, everyDay, SideRider, string(f.Rider)}, 1, SubsidyNotFirst)
		if err != nil || n == 0 {
			return err
		}
	}
	var err error
	t.grant.Rider, err = t.side(SideRider, f.Rider, c.Rider, c.Limits.Rider, SubsidyRider, left)
	if err != nil {
		return err
	}
	t.grant.Driver, err = t.side(
		SideDriver, f.Driver, c.Driver, c.Limits.Driver, SubsidyDriver, MaxSubsidy)
	if err != nil || t.grant.Rider+t.grant.Driver == 0 {
		return err
	}
	pair := string(f.Rider) + " " + string(f.Driver)
	if err := t.both(SidePair, pair, c.Limits.Pair, SubsidyPair); err != nil {
		return err
	}
	if f.Device != "" {
		err := t.both(SideDevice, f.Device, c.Limits.Device, SubsidyDevice)
		if err != nil {
			return err
		}
	}
	return t.both(SideCity, "", c.Limits.City, SubsidyCity)
}

// take counts one more, and says the how many-th it is; 0 if the limit is reached.
func (t *taking) take(k CountKey, limit int, why SubsidyReason) (int, error) {
	n, err := t.tx.TakeCount(k, limit)
	switch {
	case err != nil:
	case n > 0:
		t.grant.Counts = append(t.grant.Counts, k)
	case t.refused == "":
		t.refused = why
	}
	return n, err
}

// side is what one side is given, at most so much.
func (t *taking) side(
	side Side, to Party, gift Gift, limit int, why SubsidyReason, most Fen,
) (Fen, error) {
	if gift.None() {
		return 0, nil
	}
	c, f := t.campaign, t.facts
	on := giving{fare: f.Fare, draw: GiftNumber(c.ID, f.Subject, side)}
	if gift.Price != (PriceGift{}) {
		on.fare = most // others have paid a part of it
	}
	key, counted := CountKey{c.ID, f.Day(), side, string(to)}, limit > 0 || len(gift.Tiers) > 0
	if counted {
		if limit == 0 {
			limit = math.MaxInt32
		}
		n, err := t.take(key, limit, why)
		if err != nil || n == 0 {
			return 0, err
		}
		on.nth = n
	}
	given := min(gift.amount(on), most)
	if given == 0 && counted {
		t.grant.Counts = t.grant.Counts[:len(t.grant.Counts)-1]
		return 0, t.tx.GiveBackCount(key)
	}
	return given, nil
}

// both takes a count that both sides depend on: at its limit the grant comes to nothing.
func (t *taking) both(side Side, key string, limit int, why SubsidyReason) error {
	if limit == 0 || t.grant.Rider+t.grant.Driver == 0 {
		return nil
	}
	n, err := t.take(CountKey{t.campaign.ID, t.facts.Day(), side, key}, limit, why)
	if err == nil && n == 0 {
		t.grant.Rider, t.grant.Driver = 0, 0
		t.refused = why
	}
	return err
}

// GiveBackCounts takes the counts of grants away again, for their subsidies go back.
func GiveBackCounts(tx Counts, grants []Grant) error {
	for _, g := range grants {
		for _, k := range g.Counts {
			if err := tx.GiveBackCount(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// Offer is what a campaign still has for a rider today.
type Offer struct {
	Campaign Campaign
	Left     int // more rides; -1 is no limit
}

// OffersFor are the campaigns that run at a moment for a rider who is in so many segments, with how
// many more rides of the business day each gives the rider something for, as far as limits say.
func OffersFor(
	tx Counts, campaigns []Campaign, rider Party, segments []string, zone *time.Location,
	at time.Time,
) ([]Offer, error) {
	var offers []Offer
	day := BusinessDay(at, zone)
	for _, c := range campaigns {
		if c.State != CampaignRuns || !c.dated(at) || !c.When.takes(segments) {
			continue
		}
		offer := Offer{Campaign: c, Left: -1}
		for _, l := range []struct {
			key   CountKey
			limit int
			on    bool
		}{
			{CountKey{c.ID, everyDay, SideRider, string(rider)}, 1, c.When.once()},
			{CountKey{c.ID, day, SideRider, string(rider)}, c.Limits.Rider, c.Limits.Rider > 0},
			{CountKey{c.ID, day, SideCity, ""}, c.Limits.City, c.Limits.City > 0},
		} {
			if !l.on {
				continue
			}
			n, err := tx.CountOf(l.key)
			if err != nil {
				return nil, err
			}
			left := max(0, l.limit-n)
			if offer.Left < 0 || left < offer.Left {
				offer.Left = left
			}
		}
		offers = append(offers, offer)
	}
	return offers, nil
}
