package money

import (
	"fmt"
	"time"
)

// CampaignID names a campaign over all its versions.
type CampaignID string

// Campaign is one version of a dated, budgeted rule. Versions are append-only: extending a
// campaign is a new version of it.
type Campaign struct {
	ID       CampaignID
	Version  int         // from 1
	City     string      // the city in which it holds
	Sponsor  Party       // who owes us what it gives
	Channel  ChannelName // through which a ride must be paid
	Rider    Fen         // given to the rider of a ride, ≥ 0
	Driver   Fen         // given to the driver of a ride, ≥ 0
	Cap      Fen         // all that it may give
	StartsAt time.Time   // inclusive
	EndsAt   time.Time   // exclusive
}

// Limits of a campaign.
const (
	// MaxCampaignCap is the largest budget: 1,000 million yuan, above what both apps together
	// spent in the spring of 2014.
	MaxCampaignCap = Fen(1_000_000_000_00)
	// MaxSubsidy is the most that one ride may give to one side: 200 yuan.
	MaxSubsidy = Fen(200_00)
)

// CampaignError is a campaign that cannot be: it names the field and its limit.
type CampaignError struct{ Field, Limit string }

func (e *CampaignError) Error() string {
	return fmt.Sprintf("campaign: %s must be %s", e.Field, e.Limit)
}

// Check returns a *CampaignError for the first field that is out of its limits.
func (c Campaign) Check() error {
	switch {
	case c.ID == "":
		return &CampaignError{"id", "given"}
	case c.Version < 1:
		return &CampaignError{"version", "≥ 1"}
	case c.City == "" || c.Sponsor == "":
		return &CampaignError{"city and sponsor", "given"}
	case !c.Channel.sponsors():
		return &CampaignError{"channel", "wallet, wechat or alipay"}
	case c.Rider < 0 || c.Rider > MaxSubsidy:
		return &CampaignError{"rider", fmt.Sprintf("0 to %d fen", MaxSubsidy)}
	case c.Driver < 0 || c.Driver > MaxSubsidy:
		return &CampaignError{"driver", fmt.Sprintf("0 to %d fen", MaxSubsidy)}
	case c.Rider+c.Driver == 0:
		return &CampaignError{"rider", "above 0 where the driver gets nothing"}
	case c.Cap <= 0 || c.Cap > MaxCampaignCap:
		return &CampaignError{"cap", fmt.Sprintf("1 to %d fen", MaxCampaignCap)}
	case !c.StartsAt.Before(c.EndsAt):
		return &CampaignError{"ends_at", "after starts_at"}
	default:
		return nil
	}
}

// SubsidyReason says why a ride has no subsidy, or that it has one.
type SubsidyReason string

// The reasons.
const (
	SubsidyGranted    SubsidyReason = "granted"
	SubsidyNone       SubsidyReason = "no_campaign"       // no campaign in this city
	SubsidyNotDated   SubsidyReason = "outside_dates"     // completed before or after it
	SubsidyChannel    SubsidyReason = "other_channel"     // not paid through the sponsor's channel
	SubsidyBudget     SubsidyReason = "budget_spent"      // the reservation was refused
	SubsidyWaits      SubsidyReason = "fare_questioned"   // waits for the rider's word
	SubsidyVoid       SubsidyReason = "paid_otherwise"    // reserved, then given back
	SubsidyExpired    SubsidyReason = "not_paid_in_time"  // reserved for too long, given back
	SubsidyNotAllowed SubsidyReason = "nothing_to_charge" // a fare of 0
)

// Subsidy is what a campaign gives for one ride.
type Subsidy struct {
	Campaign CampaignID
	Version  int
	Rider    Fen
	Driver   Fen
	Reason   SubsidyReason
}

// Granted reports whether money is reserved or was given.
func (s Subsidy) Granted() bool { return s.Reason == SubsidyGranted }

// Without is the same ride's subsidy, refused for a reason.
func (s Subsidy) Without(why SubsidyReason) Subsidy {
	return Subsidy{Campaign: s.Campaign, Version: s.Version, Reason: why}
}

// SubsidyFacts are what decides on a ride's subsidy.
type SubsidyFacts struct {
	City        string
	Channel     ChannelName // through which the rider means to pay
	CompletedAt time.Time
	Fare        Fen
}

// Subsidise picks the first campaign, in the order given, that applies to the ride. The rider's
// part is never more than the fare. What it grants has still to be reserved.
func Subsidise(campaigns []Campaign, f SubsidyFacts) Subsidy {
	refused := Subsidy{Reason: SubsidyNone}
	for _, c := range campaigns {
		why := c.applies(f)
		if why == SubsidyGranted {
			return Subsidy{
				Campaign: c.ID, Version: c.Version,
				Rider: min(c.Rider, f.Fare), Driver: c.Driver, Reason: why,
			}
		}
		if refused.Reason == SubsidyNone {
			refused = Subsidy{Campaign: c.ID, Version: c.Version, Reason: why}
		}
	}
	return refused
}

func (c Campaign) applies(f SubsidyFacts) SubsidyReason {
	switch {
	case c.City != f.City:
		return SubsidyNone
	case f.CompletedAt.Before(c.StartsAt) || !f.CompletedAt.Before(c.EndsAt):
		return SubsidyNotDated
	case c.Channel != f.Channel:
		return SubsidyChannel
	case f.Fare <= 0:
		return SubsidyNotAllowed
	default:
		return SubsidyGranted
	}
}

// Reservation is the entry that sets a granted subsidy aside: two pending transfers, or one where
// a side gets nothing. There is at most one for a subject.
func (s Subsidy) Reservation(subject Subject, driver Party, at time.Time) Entry {
	e := Entry{ID: EntryID(string(subject) + "/reserve"), Subject: subject, At: at}
	budget, payable := PromoBudget(s.Campaign), DriverPayable(driver)
	add := func(code Code, amount Fen) {
		if amount == 0 {
			return
		}
		e.Transfers = append(e.Transfers, Transfer{
			ID: TransferID(string(subject) + "/" + string(code)), Kind: TransferPending,
			Debit: budget, Credit: payable, Amount: amount, Code: code,
		})
	}
	add(CodeSubsidyRider, s.Rider)
	add(CodeSubsidyDriver, s.Driver)
	return e
}

// Funding is the entry by which a sponsor's promise becomes a campaign's budget.
func (c Campaign) Funding(at time.Time) Entry {
	id := string(c.ID) + "/fund"
	return Entry{ID: EntryID(id), At: at, Transfers: []Transfer{{
		ID: TransferID(id), Kind: TransferPosted, Debit: SponsorReceivable(c.Sponsor),
		Credit: PromoBudget(c.ID), Amount: c.Cap, Code: CodeFund,
	}}}
}
