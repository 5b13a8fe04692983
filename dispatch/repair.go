package dispatch

import (
	"fmt"
	"time"

	"hexhail/money"
)

// Limits of a repair.
const (
	// LongestRepair is the longest window whose rides are repaired at once.
	LongestRepair = 31 * 24 * time.Hour
	// MaxRepairRides is how many rides are looked at: 5 MB of ids. A window of more is cut short.
	MaxRepairRides = 200_000
	// repairBatch is how many rides are looked at on one snapshot, and told of at once.
	repairBatch = 100
)

// RepairCampaign gives what a campaign has not: for rides completed while it ought to have run.
type RepairCampaign struct {
	City     CityID
	Campaign money.CampaignID
	From, To time.Time // completed in [From, To)
	Why      string    // 1 to money.MaxRepairWhy bytes, for who audits
	By       string    // "ops:me"
	DryRun   bool      // says what it would give, and writes nothing
}

// check refuses what is out of its limits.
func (c RepairCampaign) check() error {
	switch {
	case !c.From.Before(c.To) || c.To.Sub(c.From) > LongestRepair:
		return BadField("to", fmt.Sprintf("after from, and at most %s later",
			Spell(LongestRepair)))
	case c.Why == "" || len(c.Why) > money.MaxRepairWhy:
		return BadField("why", fmt.Sprintf("1 to %d bytes", money.MaxRepairWhy))
	default:
		return nil
	}
}

// Repaired is how far a repair has come.
type Repaired struct {
	Of      int // rides of the window that are settled
	Cut     bool
	Rides   int // of them, looked at
	Given   int // of those
	Rider   money.Fen
	Driver  money.Fen
	Riders  int // that it has given to
	Drivers int
	Refused map[money.SubsidyReason]int // rides, one side of which may have been given for
}

// Repair says that a campaign has given for a settled ride what it had missed.
type Repair struct{}

// Kind is ActRepair.
func (Repair) Kind() ActKind { return ActRepair }

// SettledRides find the rides that may have missed a campaign.
type SettledRides interface {
	// SettledRides are a city's settled rides, completed in [from, to) and asked for at most
	// LongestRide before, in the order of their completion.
	SettledRides(city CityID, from, to time.Time, limit int) ([]RideID, error)
}
