package money

import (
	"slices"
	"strings"
	"time"
)

// MaxRepairWhy is how long the reason of a repair may be, in bytes.
const MaxRepairWhy = 200

// Reasons for which a repair gives nothing beside those for which a campaign does not.
const (
	SubsidyGiven    SubsidyReason = "already_given"    // with the ride
	SubsidyRepaired SubsidyReason = "already_repaired" // afterwards
)

// Repair is what a campaign has given afterwards for a ride that had missed it. There is at most
// one of a campaign and ride, and of the campaigns of a group for a ride.
type Repair struct {
	Campaign CampaignID
	Subject  Subject
	Version  int    // of the campaign
	Group    string // of it
	Rider    Fen    // to the wallets of who has paid the fare
	Driver   Fen
	Why      string // 1 to MaxRepairWhy bytes
	By       string // "ops:me"
	At       time.Time
}

// Repairs are what campaigns have given afterwards.
type Repairs interface {
	// InsertRepair writes one. Conflict with ReasonDuplicate if the ride has one of the campaign or
	// of its group.
	InsertRepair(r Repair) error
	// RepairsOf are a subject's, by campaign.
	RepairsOf(subject Subject) ([]Repair, error)
	// RepairsBy are a campaign's, by subject, after one, at most limit.
	RepairsBy(c CampaignID, after Subject, limit int) ([]Repair, error)
}

// PaidPart is what somebody with a wallet has paid of a fare and not got back.
type PaidPart struct {
	Payer Party
	Kept  Fen // ≥ 0
}

// Missed is a ride that is paid, for a campaign that may not have given for it.
type Missed struct {
	Facts   SubsidyFacts
	Had     Subsidy    // what campaigns have given with it
	Repairs []Repair   // and afterwards
	Paid    []PaidPart // through the campaign's channels
}

// Through is the campaign as if it ran at a moment, whatever its dates, and if it is paused.
func (c Campaign) Through(at time.Time) Campaign {
	c.State, c.StartsAt, c.EndsAt = CampaignRuns, at, at.Add(1)
	return c
}

// Misses is why a ride cannot have missed the campaign, or SubsidyGranted; limits and budget come
// later.
func (c Campaign) Misses(m Missed) SubsidyReason {
	for _, r := range m.Repairs {
		if r.Campaign == c.ID {
			return SubsidyRepaired
		}
		if r.Group == c.Group {
			return SubsidyGroup
		}
	}
	for _, g := range m.Had.Grants {
		if g.Campaign == c.ID {
			return SubsidyGiven
		}
		if g.Group == c.Group {
			return SubsidyGroup
		}
	}
	return c.Through(m.Facts.CompletedAt).applies(m.Facts)
}

// Repair gives a ride what the campaign would have given for it, as if it had run through the
// ride's end: by the same rules as Subsidise, from the counts of that day and the budget that are
// left. The rider's part goes to the wallets of who has paid, in proportion and never more than
// they have; the driver's to what is owed to the driver. It is booked at once. made gives nothing
// where why says so; a reason beside something given is one side's. Who writes made, whose Why, By
// and At are empty, in the same transaction gives once.
func (c Campaign) Repair(
	tx Giver, m Missed, at time.Time,
) (made Repair, why SubsidyReason, err error) {
	if why = c.Misses(m); why != SubsidyGranted {
		return made, why, nil
	}
	had := m.had(c.ID)
	books := repairing{Giver: tx, campaign: c.ID, paid: m.Paid}
	s, err := Subsidise(books, []Campaign{c.Through(m.Facts.CompletedAt)}, m.Facts, had, at)
	if err != nil {
		return made, "", err
	}
	for _, r := range s.Refused {
		if r.Campaign == c.ID {
			why = r.Reason
		}
	}
	for _, g := range s.Grants[len(had.Grants):] {
		made = Repair{
			Campaign: c.ID, Subject: m.Facts.Subject, Version: g.Version, Group: g.Group,
			Rider: g.Rider, Driver: g.Driver,
		}
	}
	return made, why, nil
}

// Given reports whether it gives anything.
func (r Repair) Given() bool { return r.Rider+r.Driver > 0 }

// had is what the ride has of campaigns, with as much of the fare off as leaves the rider's part
// within what was paid.
func (m Missed) had(of CampaignID) Subsidy {
	had := Subsidy{Grants: slices.Clone(m.Had.Grants)}
	for _, r := range m.Repairs {
		had.Grants = append(had.Grants, Grant{
			Campaign: r.Campaign, Version: r.Version, Group: r.Group, Rider: r.Rider,
			Driver: r.Driver,
		})
	}
	var kept, given Fen
	for _, p := range m.Paid {
		kept += p.Kept
	}
	for _, r := range m.Repairs {
		given += r.Rider
	}
	left := min(m.Facts.Fare-m.Had.Rider, kept) - given
	had.Rider = m.Facts.Fare - max(0, left)
	for _, r := range m.Had.Refused {
		if r.Campaign == of { // given back once, it is not given again
			had.Refused = append(had.Refused, r)
		}
	}
	return had
}

// repairing books what Subsidise would reserve.
type repairing struct {
	Giver
	campaign CampaignID
	paid     []PaidPart
}

// Book implements [Accounts].
func (r repairing) Book(e Entry) error {
	id := repairEntry(r.campaign, e.Subject)
	out := Entry{ID: id, Subject: e.Subject, At: e.At}
	for _, t := range e.Transfers {
		t.ID, t.Kind = TransferID(id)+"/"+TransferID(t.Code), TransferPosted
		if t.Code != CodeSubsidyRider {
			out.Transfers = append(out.Transfers, t)
			continue
		}
		parts, err := r.toWallets(t)
		if err != nil {
			return err
		}
		out.Transfers = append(out.Transfers, parts...)
	}
	return r.Giver.Book(out)
}

// toWallets are the parts of a transfer by payer, in proportion to what each has paid.
func (r repairing) toWallets(t Transfer) (parts []Transfer, err error) {
	weights := make([]int64, len(r.paid))
	for i, p := range r.paid {
		weights[i] = int64(p.Kept)
	}
	amounts, err := SplitBy(t.Amount, weights)
	if err != nil {
		return nil, err
	}
	for i, amount := range amounts {
		if amount == 0 {
			continue
		}
		part := t
		part.ID += TransferID("/" + string(r.paid[i].Payer))
		part.Credit, part.Amount = Wallet(r.paid[i].Payer), amount
		parts = append(parts, part)
	}
	return parts, nil
}

// repairPrefix begins the ids of the entries of repairs.
const repairPrefix = "repair/"

// repairEntry names the entry of a repair: there is one of a campaign and ride.
func repairEntry(c CampaignID, s Subject) EntryID {
	return EntryID(repairPrefix + string(c) + "/" + string(s))
}

// Repaired reports whether it was booked by a repair of its subject.
func (b Booked) Repaired() bool {
	id := string(b.Entry)
	return b.Subject != "" && strings.HasPrefix(id, repairPrefix) &&
		strings.HasSuffix(id, "/"+string(b.Subject))
}
