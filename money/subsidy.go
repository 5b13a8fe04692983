package money

import (
	"slices"
	"strconv"
	"time"
)

// SubsidyReason says why a ride has no subsidy, or that it has one.
type SubsidyReason string

// The reasons.
const (
	SubsidyGranted    SubsidyReason = "granted"
	SubsidyNone       SubsidyReason = "no_campaign"       // no campaign in this city
	SubsidyNotDated   SubsidyReason = "outside_dates"     // completed before or after it
	SubsidyPaused     SubsidyReason = "paused"            // ops have paused it
	SubsidyEnded      SubsidyReason = "ended"             // ops have ended it
	SubsidyChannel    SubsidyReason = "other_channel"     // not paid through the sponsor's channel
	SubsidyKind       SubsidyReason = "other_kind"        // not hailed, say, but booked
	SubsidyHours      SubsidyReason = "outside_hours"     // at another time of the day
	SubsidyFare       SubsidyReason = "other_fare"        // too cheap or too dear
	SubsidyDistance   SubsidyReason = "other_distance"    // too short or too long
	SubsidyNotFirst   SubsidyReason = "not_first"         // not the first ride or payment
	SubsidySegment    SubsidyReason = "other_segment"     // the rider is in none of its segments
	SubsidyRule       SubsidyReason = "other_rule"        // its expression is not true of the ride
	SubsidyGroup      SubsidyReason = "other_campaign"    // another one of its group gives
	SubsidyRider      SubsidyReason = "rider_limit"       // the rider has had enough today
	SubsidyDriver     SubsidyReason = "driver_limit"      // the driver has
	SubsidyPair       SubsidyReason = "pair_limit"        // the two together have
	SubsidyDevice     SubsidyReason = "device_limit"      // the phone has
	SubsidyCity       SubsidyReason = "city_limit"        // the city has
	SubsidyNothing    SubsidyReason = "nothing_to_give"   // its gifts come to 0
	SubsidyBudget     SubsidyReason = "budget_spent"      // the reservation was refused
	SubsidyWaits      SubsidyReason = "fare_questioned"   // waits for the rider's word
	SubsidyVoid       SubsidyReason = "paid_otherwise"    // reserved, then given back
	SubsidyExpired    SubsidyReason = "not_paid_in_time"  // reserved for too long, given back
	SubsidyNotAllowed SubsidyReason = "nothing_to_charge" // a fare of 0
	SubsidyBrushing   SubsidyReason = "brushing"          // the ride looks as if made for it
)

// spent reports whether what was given once is not given again.
func (r SubsidyReason) spent() bool {
	return r == SubsidyVoid || r == SubsidyExpired || r == SubsidyBrushing
}

// spent reports whether all that was given was given back. Of a ride for which nothing was ever
// given, as it looked like brushing, there is no campaign.
func (s Subsidy) spent() bool {
	return len(s.Grants) == 0 && s.Campaign != "" && s.Reason.spent()
}

// Subsidy is what campaigns give for one ride: the sum, and each of them.
type Subsidy struct {
	Campaign CampaignID // the first that gives, or that whose refusal the reason is
	Version  int
	Rider    Fen // of all grants
	Driver   Fen
	Reason   SubsidyReason
	Grants   []Grant   `json:",omitempty"` // at most one of each group
	Refused  []Refusal `json:",omitempty"` // campaigns within their dates that give less or nothing
	// Held: it was held when it was reserved, and is not paid with the ride before somebody has
	// said so.
	Held bool `json:",omitempty"`
}

// Grant is what one campaign gives for one ride.
type Grant struct {
	Campaign CampaignID `json:"campaign"`
	Version  int        `json:"version"`
	Group    string     `json:"group,omitempty"`
	Rider    Fen        `json:"rider,omitempty"`
	Driver   Fen        `json:"driver,omitempty"`
	Counts   []CountKey `json:"counts,omitempty"` // that were taken for it
}

// Refusal is why a campaign did not apply: the first reason found. One that is the rider's or the
// driver's limit may stand beside a grant to the other.
type Refusal struct {
	Campaign CampaignID    `json:"campaign"`
	Reason   SubsidyReason `json:"reason"`
}

// maxRefused is how many refusals a ride keeps, so that its row stays small.
const maxRefused = 16

// Granted reports whether money is reserved or was given.
func (s Subsidy) Granted() bool { return s.Reason == SubsidyGranted }

// IsZero reports whether nobody has looked for a campaign yet.
func (s Subsidy) IsZero() bool { return s.Reason == "" && len(s.Grants) == 0 }

// Without is the same ride's subsidy, all of it refused for a reason.
func (s Subsidy) Without(why SubsidyReason) Subsidy {
	rest, _ := s.Less(func(Grant) bool { return true }, why)
	return rest
}

// Less is the ride's subsidy without the grants that go for a reason, and those grants.
func (s Subsidy) Less(goes func(Grant) bool, why SubsidyReason) (rest Subsidy, gone []Grant) {
	rest = Subsidy{Campaign: s.Campaign, Version: s.Version, Reason: why}
	for _, g := range s.Grants {
		if !goes(g) {
			rest.Grants = append(rest.Grants, g)
			continue
		}
		gone = append(gone, g)
		rest.Refused = append(rest.Refused, Refusal{g.Campaign, why})
	}
	for _, r := range s.Refused {
		rest.refuse(r.Campaign, r.Reason)
	}
	if len(rest.Grants) > 0 {
		rest.sum()
	}
	return rest, gone
}

// sum adds up the grants of a subsidy that has some.
func (s *Subsidy) sum() {
	s.Campaign, s.Version, s.Reason = s.Grants[0].Campaign, s.Grants[0].Version, SubsidyGranted
	s.Rider, s.Driver = 0, 0
	for _, g := range s.Grants {
		s.Rider += g.Rider
		s.Driver += g.Driver
	}
}

// refuse keeps why a campaign did not apply, unless that is known already.
func (s *Subsidy) refuse(c CampaignID, why SubsidyReason) {
	known := func(r Refusal) bool { return r.Campaign == c }
	if len(s.Refused) < maxRefused && !slices.ContainsFunc(s.Refused, known) {
		s.Refused = append(s.Refused, Refusal{c, why})
	}
}

// SubsidyFacts are what decides on a ride's subsidy.
type SubsidyFacts struct {
	City          string
	Subject       Subject
	Rider, Driver Party
	Kind          string      // KindHailed, KindStreet or KindBooked
	Channel       ChannelName // through which the rider means to pay
	CompletedAt   time.Time
	Zone          *time.Location // of the city; its midnight begins a business day
	Fare          Fen            // meter and tolls
	DistanceM     int
	// That the rider has completed no other ride before, and paid none other than by hand. They
	// need not be known unless AsksFirst.
	FirstRide, FirstAppPayment bool
	// Corrected is how often the fare has changed before anything was paid: each time all that was
	// reserved has gone back, and is reserved anew under another name.
	Corrected int
	// Segments are those that the rider is in. They need not be known unless AsksSegments.
	Segments []string
	// Device is the phone that has asked for the ride; "" if nobody knows.
	Device string
	// Holds evaluates the expression of a campaign; nil is that none is true.
	Holds func(expr string, f SubsidyFacts) bool
}

// LocalTime is when the ride was completed, by the city's clock.
func (f SubsidyFacts) LocalTime() time.Time { return f.CompletedAt.In(f.zone()) }

func (f SubsidyFacts) zone() *time.Location {
	if f.Zone == nil {
		return time.UTC
	}
	return f.Zone
}

// Day is the business day.
func (f SubsidyFacts) Day() string { return BusinessDay(f.CompletedAt, f.zone()) }

// BusinessDay is the day that a moment belongs to in a city's zone ("2014-01-10"). Limits of a day
// begin anew at its midnight.
func BusinessDay(at time.Time, zone *time.Location) string {
	return at.In(zone).Format(time.DateOnly)
}

// AsksFirst reports whether one of the campaigns, at a moment, wants to know what a rider has done
// before.
func AsksFirst(campaigns []Campaign, at time.Time) bool {
	return slices.ContainsFunc(campaigns, func(c Campaign) bool {
		return c.When.once() && c.dated(at) && c.State == CampaignRuns
	})
}

// AsksSegments reports whether one of the campaigns, at a moment, wants to know in which segments a
// rider is.
func AsksSegments(campaigns []Campaign, at time.Time) bool {
	return slices.ContainsFunc(campaigns, func(c Campaign) bool {
		return (len(c.When.Segments) > 0 || c.When.Expr != "") && c.dated(at) &&
			c.State == CampaignRuns
	})
}

func (c Campaign) dated(at time.Time) bool {
	return !at.Before(c.StartsAt) && at.Before(c.EndsAt)
}

// applies is why a campaign is not for a ride, or SubsidyGranted; limits and budget come later.
func (c Campaign) applies(f SubsidyFacts) SubsidyReason {
	switch {
	case c.City != f.City:
		return SubsidyNone
	case c.State == CampaignEnded:
		return SubsidyEnded
	case !c.dated(f.CompletedAt):
		return SubsidyNotDated
	case c.State == CampaignPaused:
		return SubsidyPaused
	case !c.Takes(f.Channel):
		return SubsidyChannel
	case f.Fare <= 0:
		return SubsidyNotAllowed
	default:
		return c.When.refuses(f)
	}
}

// Reservation is the entry that sets grants aside: of each a pending transfer for each side that
// gets something. A campaign is reserved at most once for a subject.
func (s Subsidy) Reservation(subject Subject, driver Party, at time.Time) Entry {
	return reservation(s.Grants, SubsidyFacts{Subject: subject, Driver: driver}, at)
}

func reservation(grants []Grant, f SubsidyFacts, at time.Time) Entry {
	subject, driver, again := f.Subject, f.Driver, ""
	if f.Corrected > 0 {
		again = "/" + strconv.Itoa(f.Corrected)
	}
	e := Entry{Subject: subject, At: at}
	for _, g := range grants {
		if e.ID == "" {
			e.ID = EntryID(string(subject) + "/reserve/" + string(g.Campaign) + again)
		}
		add := func(code Code, amount Fen) {
			if amount == 0 {
				return
			}
			e.Transfers = append(e.Transfers, Transfer{
				ID: TransferID(
					string(subject) + "/" + string(code) + "/" + string(g.Campaign) + again),
				Kind: TransferPending, Debit: PromoBudget(g.Campaign),
				Credit: DriverPayable(driver), Amount: amount, Code: code,
			})
		}
		add(CodeSubsidyRider, g.Rider)
		add(CodeSubsidyDriver, g.Driver)
	}
	return e
}
