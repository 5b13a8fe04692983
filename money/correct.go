package money

import (
	"slices"
	"strings"
)

// Lowered is what campaigns give for a ride whose fare, paid already, is corrected to the lower one
// of the facts, drop below the fare that they gave for. No gift rises. A campaign whose condition
// the lower fare does not meet gives nothing, and a gift that goes by the fare gives less; but the
// rider never pays more than before because the fare is lower, so all of them together fall by at
// most drop. Counts of the day stay as they were taken.
func Lowered(campaigns []Campaign, had Subsidy, f SubsidyFacts, drop Fen) Subsidy {
	out := had
	out.Grants = slices.Clone(had.Grants)
	left := f.Fare
	for i, g := range out.Grants {
		lower := g
		for _, c := range campaigns {
			if c.ID == g.Campaign {
				lower = c.lowered(g, f, left)
			}
		}
		lower.Rider = min(lower.Rider, left)
		left -= lower.Rider
		out.Grants[i] = lower
	}
	out.sumGrants()
	for i := range out.Grants { // what would raise the rider's part stays given
		g := &out.Grants[i]
		more := min(had.Rider-out.Rider-drop, had.Grants[i].Rider-g.Rider)
		if more > 0 {
			g.Rider += more
			out.Rider += more
		}
	}
	return out
}

// Anew is what a ride keeps in mind of its subsidy when all of it is given anew: what was given
// back before.
func (s Subsidy) Anew() Subsidy {
	out := Subsidy{Refused: slices.DeleteFunc(slices.Clone(s.Refused), func(r Refusal) bool {
		return !r.Reason.spent()
	})}
	if s.spent() {
		out.Campaign, out.Version, out.Reason = s.Campaign, s.Version, s.Reason
	}
	return out
}

func (s *Subsidy) sumGrants() {
	s.Rider, s.Driver = 0, 0
	for _, g := range s.Grants {
		s.Rider += g.Rider
		s.Driver += g.Driver
	}
}

// lowered is a campaign's grant for a lower fare. What a gift by tiers gives depends on a count
// that nobody remembers: it stays, as it does not go by the fare.
func (c Campaign) lowered(g Grant, f SubsidyFacts, left Fen) Grant {
	if c.When.refuses(f) == SubsidyFare || f.Fare <= 0 {
		g.Rider, g.Driver = 0, 0
		return g
	}
	side := func(gift Gift, of Side, given, most Fen) Fen {
		if len(gift.Tiers) > 0 || gift.None() {
			return min(given, most)
		}
		on := giving{fare: f.Fare, draw: GiftNumber(c.ID, f.Subject, of)}
		if gift.Price != (PriceGift{}) {
			on.fare = most
		}
		return min(given, gift.amount(on), most)
	}
	g.Rider = side(c.Rider, SideRider, g.Rider, left)
	driver := c.Driver
	if driver.Price != (PriceGift{}) {
		driver = Gift{}
	}
	g.Driver = side(driver, SideDriver, g.Driver, g.Driver)
	return g
}

// GivenBack are the transfers that take from an account what lower grants give less than those that
// were posted, to where it came from: the budget, or the sponsor of a campaign that has ended.
func GivenBack(
	campaigns []Campaign, had, now Subsidy, from AccountID, id TransferID,
) (list []Transfer) {
	for i, g := range had.Grants {
		to := PromoBudget(g.Campaign)
		for _, c := range campaigns {
			if c.ID == g.Campaign && c.State == CampaignEnded {
				to = SponsorReceivable(c.Sponsor)
			}
		}
		add := func(code Code, amount Fen) { // see BackTo
			if amount == 0 {
				return
			}
			list = append(list, Transfer{
				ID:   id + "/" + TransferID(code) + "/" + TransferID(g.Campaign),
				Kind: TransferPosted, Code: code, Debit: from, Credit: to, Amount: amount,
			})
		}
		add(CodeSubsidyRiderBack, g.Rider-now.Grants[i].Rider)
		add(CodeSubsidyDriverBack, g.Driver-now.Grants[i].Driver)
	}
	return list
}

// BackTo reports whether it gives back to a campaign what a corrected fare has left of its gift:
// one of GivenBack's.
func (b Booked) BackTo(c CampaignID) bool {
	back := b.Code == CodeSubsidyRiderBack || b.Code == CodeSubsidyDriverBack
	return back && strings.HasSuffix(string(b.ID), "/"+string(b.Code)+"/"+string(c))
}
