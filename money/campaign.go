package money

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// CampaignID names a campaign over all its versions.
type CampaignID string

// CampaignState says whether a campaign gives anything.
type CampaignState int

// The states of a campaign.
const (
	// CampaignRuns gives between its dates.
	CampaignRuns CampaignState = iota + 1
	// CampaignPaused gives nothing until it runs again; its budget stays.
	CampaignPaused
	// CampaignEnded gives nothing any more, and what was left of its budget went back. An end.
	CampaignEnded
)

var campaignStates = [...]string{"", "runs", "paused", "ended"}

// String is the name as stored.
func (s CampaignState) String() string { return campaignStates[s] }

// ParseCampaignState is String's inverse; it returns 0 for an unknown name.
func ParseCampaignState(s string) CampaignState {
	return CampaignState(max(0, slices.Index(campaignStates[:], s)))
}

// Campaign is one version of a dated, budgeted rule. Versions are append-only: extending, pausing
// and ending a campaign are new versions of it.
type Campaign struct {
	ID       CampaignID
	Version  int         // from 1
	Name     string      // as riders read it; may be empty
	City     string      // the city in which it holds
	Sponsor  Party       // who owes us what it gives
	Channel  ChannelName // through which a ride must be paid; When may name others besides
	State    CampaignState
	Group    string // a ride takes one campaign of each group; "" is the city's main group
	When     When   // which rides it is for, beyond city, channel and dates
	Rider    Gift   // given to the rider of a ride
	Driver   Gift   // given to the driver of a ride
	Limits   Limits // how often a day
	Cap      Fen    // all that it may give
	StartsAt time.Time
	EndsAt   time.Time // exclusive
}

// Limits of a campaign.
const (
	// MaxCampaignCap is the largest budget: 1,000 million yuan, above what both apps together
	// spent in the spring of 2014.
	MaxCampaignCap = Fen(1_000_000_000_00)
	// MaxSubsidy is the most that one campaign may give to one side of a ride: 200 yuan.
	MaxSubsidy = Fen(200_00)
	// MaxCampaignName is how many bytes a name may have, and a group's.
	MaxCampaignName = 120
	// MaxDailyLimit is the highest limit of a day that can be set; 0 is none.
	MaxDailyLimit = 1_000_000
	// MaxCampaigns is how many campaigns a city may have that have not ended: each completed ride
	// reads them all.
	MaxCampaigns = 100
)

// Limits are how often a campaign gives on one business day of its city; 0 is no limit. One that
// is reached on the rider's side leaves the driver's gift, and the other way round; one of the
// pair, of the device or of the city ends both.
type Limits struct {
	Rider  int `json:"rider,omitempty"`  // rides of one rider that the rider is given for
	Driver int `json:"driver,omitempty"` // rides of one driver that the driver is given for
	Pair   int `json:"pair,omitempty"`   // rides of one rider with one driver
	City   int `json:"city,omitempty"`   // rides of all
	// Device is rides that were asked for by one phone, whoever's; where the app has not told which
	// it is, there is no limit.
	Device int `json:"device,omitempty"`
}

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
	case strings.HasPrefix(string(c.ID), drawPrefix):
		return &CampaignError{"id", fmt.Sprintf("one that does not begin with %q", drawPrefix)}
	case strings.HasPrefix(string(c.ID), hongbaoPrefix):
		return &CampaignError{"id", fmt.Sprintf("one that does not begin with %q", hongbaoPrefix)}
	case c.Version < 1:
		return &CampaignError{"version", "≥ 1"}
	case len(c.Name) > MaxCampaignName:
		return &CampaignError{"name", fmt.Sprintf("at most %d bytes", MaxCampaignName)}
	case len(c.Group) > MaxCampaignName:
		return &CampaignError{"group", fmt.Sprintf("at most %d bytes", MaxCampaignName)}
	case c.City == "" || c.Sponsor == "":
		return &CampaignError{"city and sponsor", "given"}
	case !c.Channel.sponsors():
		return &CampaignError{"channel", "wallet, wechat or alipay"}
	case c.State < CampaignRuns || c.State > CampaignEnded:
		return &CampaignError{"state", "runs, paused or ended"}
	case c.Cap <= 0 || c.Cap > MaxCampaignCap:
		return &CampaignError{"cap", fmt.Sprintf("1 to %d fen", MaxCampaignCap)}
	case !c.StartsAt.Before(c.EndsAt):
		return &CampaignError{"ends_at", "after starts_at"}
	}
	for _, check := range []func() error{c.checkGifts, c.Limits.check, c.When.check} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c Campaign) checkGifts() error {
	if err := c.Rider.check("rider"); err != nil {
		return err
	}
	if err := c.Driver.check("driver"); err != nil {
		return err
	}
	switch {
	case c.Rider.None() && c.Driver.None():
		return &CampaignError{"rider", "above 0 where the driver gets nothing"}
	case c.Driver.Price != (PriceGift{}):
		return &CampaignError{"driver", "other than a price: drivers pay none"}
	default:
		return nil
	}
}

func (l Limits) check() error {
	for _, limit := range []struct {
		field string
		n     int
	}{
		{"limits.rider", l.Rider},
		{"limits.driver", l.Driver},
		{"limits.pair", l.Pair},
		{"limits.city", l.City},
		{"limits.device", l.Device},
	} {
		if limit.n < 0 || limit.n > MaxDailyLimit {
			return &CampaignError{limit.field, fmt.Sprintf("0 to %d a day", MaxDailyLimit)}
		}
	}
	return nil
}

// Takes reports whether rides that are paid through a channel count.
func (c Campaign) Takes(channel ChannelName) bool {
	return channel == c.Channel || slices.Contains(c.When.Channels, channel)
}

// Overlaps reports whether there may be a ride that both campaigns of one group are for, by dates,
// channels, kinds, hours, fares and distances. Whether it is somebody's first ride is not asked: a
// bonus for it belongs into a group of its own.
func (c Campaign) Overlaps(o Campaign) bool {
	both := func(channel ChannelName) bool { return o.Takes(channel) }
	return c.City == o.City && c.Group == o.Group &&
		c.State != CampaignEnded && o.State != CampaignEnded &&
		c.StartsAt.Before(o.EndsAt) && o.StartsAt.Before(c.EndsAt) &&
		(both(c.Channel) || slices.ContainsFunc(c.When.Channels, both)) &&
		c.When.overlaps(o.When)
}

// redatedBy checks that next follows on c, and differs in its name and period only.
func (c Campaign) redatedBy(next Campaign) error {
	funded := func(field string, is any) error {
		return &CampaignError{field, fmt.Sprintf("%v, as it was funded", is)}
	}
	switch {
	case next.Version != c.Version+1:
		return &CampaignError{"version", fmt.Sprintf("%d, after the newest", c.Version+1)}
	case c.State == CampaignEnded:
		return &CampaignError{"version", "that of a campaign that has not ended"}
	case next.Sponsor != c.Sponsor:
		return funded("sponsor", c.Sponsor)
	case next.Channel != c.Channel:
		return funded("channel", c.Channel)
	case !reflect.DeepEqual(next.Rider, c.Rider):
		return funded("rider", c.Rider)
	case !reflect.DeepEqual(next.Driver, c.Driver):
		return funded("driver", c.Driver)
	case next.Cap != c.Cap:
		return funded("cap", fmt.Sprintf("%d fen", c.Cap))
	case next.Group != c.Group:
		return funded("group", fmt.Sprintf("%q", c.Group))
	case next.Limits != c.Limits:
		return &CampaignError{"limits", "as they were funded"}
	case !reflect.DeepEqual(next.When, c.When):
		return &CampaignError{"when", "as it was funded"}
	default:
		return nil
	}
}

// Same reports whether two versions say the same.
func (c Campaign) Same(o Campaign) bool {
	dates := c.StartsAt.Equal(o.StartsAt) && c.EndsAt.Equal(o.EndsAt)
	c.StartsAt, c.EndsAt = o.StartsAt, o.EndsAt
	return dates && reflect.DeepEqual(c, o)
}

// Funding is the entry by which a sponsor's promise becomes a campaign's budget.
func (c Campaign) Funding(at time.Time) Entry {
	id := string(c.ID) + "/fund"
	return Entry{ID: EntryID(id), At: at, Transfers: []Transfer{{
		ID: TransferID(id), Kind: TransferPosted, Debit: SponsorReceivable(c.Sponsor),
		Credit: PromoBudget(c.ID), Amount: c.Cap, Code: CodeFund,
	}}}
}
