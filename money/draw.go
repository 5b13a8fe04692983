package money

import (
	"fmt"
	"strings"
	"time"
)

// DrawID names a daily draw over all its versions.
type DrawID string

// Draw is one version of a daily draw: on each day of its city some of the rides that were paid
// through its channel are free. Versions are append-only; a later one adds days and nothing else.
type Draw struct {
	ID      DrawID
	Version int         // from 1
	Name    string      // as riders read it; may be empty
	City    string      // the city in which it holds
	Sponsor Party       // who owes us what it gives
	Channel ChannelName // through which a ride must be paid
	Slots   int         // free rides a day, at most MaxDrawSlots
	MaxWin  Fen         // the most that one of them gives back
	// NumberIs says which public number decides on a day, so that nobody chooses one afterwards:
	// one that is not known before the day is over.
	NumberIs string
	FirstDay Day
	LastDay  Day // inclusive
}

// Limits of a draw.
const (
	// MaxDrawSlots is how many free rides a day may have: what the sponsor of December 2013 gave.
	MaxDrawSlots = 200
	// MaxDrawWin is the highest value of a free ride: 500 yuan, far above a ride within a city.
	MaxDrawWin = Fen(500_00)
	// MaxDrawDays is how many days a draw may have in all: each has a secret of its own, made when
	// the draw is launched.
	MaxDrawDays = 366
	// MaxDrawWords is how many bytes a draw's name may have, and NumberIs.
	MaxDrawWords = 200
	// MaxDrawNumber is how many digits a public number may have.
	MaxDrawNumber = 64
	// MaxDrawID is how many bytes a draw's id may have.
	MaxDrawID = 64
)

// DrawError is a draw that cannot be: it names the field and its limit.
type DrawError struct{ Field, Limit string }

func (e *DrawError) Error() string { return fmt.Sprintf("draw: %s must be %s", e.Field, e.Limit) }

// Check returns a *DrawError for the first field that is out of its limits.
func (d Draw) Check() error {
	words := fmt.Sprintf("at most %d bytes, on one line", MaxDrawWords)
	switch {
	case d.ID == "" || len(d.ID) > MaxDrawID || !onOneLine(string(d.ID)):
		return &DrawError{"id", fmt.Sprintf("1 to %d bytes, on one line", MaxDrawID)}
	case d.Version < 1:
		return &DrawError{"version", "≥ 1"}
	case len(d.Name) > MaxDrawWords || !onOneLine(d.Name):
		return &DrawError{"name", words}
	case d.City == "" || !onOneLine(d.City):
		return &DrawError{"city", "given"}
	case d.Sponsor == "":
		return &DrawError{"sponsor", "given"}
	case !d.Channel.sponsors():
		return &DrawError{"channel", "wallet, wechat or alipay"}
	case d.Slots < 1 || d.Slots > MaxDrawSlots:
		return &DrawError{"slots", fmt.Sprintf("1 to %d", MaxDrawSlots)}
	case d.MaxWin < 1 || d.MaxWin > MaxDrawWin:
		return &DrawError{"max_win", fmt.Sprintf("1 to %d fen", MaxDrawWin)}
	case d.NumberIs == "" || len(d.NumberIs) > MaxDrawWords || !onOneLine(d.NumberIs):
		return &DrawError{"number_is", "given, and " + words}
	default:
		return d.checkDays()
	}
}

func (d Draw) checkDays() error {
	n := d.FirstDay.Until(d.LastDay)
	switch {
	case !d.FirstDay.Valid():
		return &DrawError{"first_day", "a date like 2013-12-10"}
	case !d.LastDay.Valid():
		return &DrawError{"last_day", "a date like 2013-12-31"}
	case n < 1:
		return &DrawError{"last_day", "first_day or after it"}
	case n > MaxDrawDays:
		return &DrawError{"last_day", fmt.Sprintf("at most %d days from first_day", MaxDrawDays)}
	default:
		return nil
	}
}

// onOneLine reports whether a text fits into a line of the published list.
func onOneLine(s string) bool { return !strings.ContainsAny(s, "\r\n") }

// lengthenedBy checks that next follows on d, and differs in its name and last day only.
func (d Draw) lengthenedBy(next Draw) error {
	as := next
	as.Version, as.Name, as.LastDay = d.Version, d.Name, d.LastDay
	switch {
	case next.Version != d.Version+1:
		return &DrawError{"version", fmt.Sprintf("%d, after the newest", d.Version+1)}
	case as != d:
		return &DrawError{"version", "that of a draw with other days; all else stays as announced"}
	case next.LastDay < d.LastDay:
		return &DrawError{"last_day", fmt.Sprintf("%s or after it", d.LastDay)}
	default:
		return nil
	}
}

// New are the days that a version adds to what the newest before it has, which is the zero Draw at
// the launch. A *DrawError if it does not follow on that, or if one of them has begun: who makes a
// secret must not know the rides.
func (d Draw) New(newest Draw, today Day) ([]Day, error) {
	first := d.FirstDay
	if newest.ID != "" {
		if err := newest.lengthenedBy(d); err != nil {
			return nil, err
		}
		first = newest.LastDay.Next()
	} else if d.Version != 1 {
		return nil, &DrawError{"version", "1 at the launch"}
	}
	if first <= d.LastDay && first <= today {
		field := "first_day"
		if newest.ID != "" {
			field = "version"
		}
		return nil, &DrawError{field, fmt.Sprintf(
			"such that each new day begins after %s, which is today", today)}
	}
	var days []Day
	for day := first; day <= d.LastDay; day = day.Next() {
		days = append(days, day)
	}
	return days, nil
}

// Budget is the account out of which a draw gives. It never goes below 0.
func (d Draw) Budget() AccountID { return DrawBudget(d.ID) }

// DrawBudget is the account of a draw. Campaigns may not have ids that begin like it.
func DrawBudget(id DrawID) AccountID { return PromoBudget(CampaignID(drawPrefix + string(id))) }

const drawPrefix = "draw/"

// MostOf is what so many days can cost at most.
func (d Draw) MostOf(days int) Fen { return d.MaxWin * Fen(d.Slots) * Fen(days) }

// Funding is the entry by which the sponsor's promise for new days becomes budget: all that can be
// won on them, so that no announced day lacks money.
func (d Draw) Funding(days int, at time.Time) Entry {
	id := fmt.Sprintf("%s%s/fund/%d", drawPrefix, d.ID, d.Version)
	return Entry{ID: EntryID(id), At: at, Transfers: []Transfer{{
		ID: TransferID(id), Kind: TransferPosted, Debit: SponsorReceivable(d.Sponsor),
		Credit: d.Budget(), Amount: d.MostOf(days), Code: CodeFund,
	}}}
}

// Return is the entry by which so much of the budget goes back to the sponsor.
func (d Draw) Return(id EntryID, amount Fen, at time.Time) Entry {
	return Entry{ID: id, At: at, Transfers: []Transfer{{
		ID: TransferID(id), Kind: TransferPosted, Debit: d.Budget(),
		Credit: SponsorReceivable(d.Sponsor), Amount: amount, Code: CodeCampaignEnd,
	}}}
}

// Day is a business day of a city ("2013-12-10"). Days compare as texts.
type Day string

// DayOf is the day that a moment belongs to in a city's zone.
func DayOf(at time.Time, zone *time.Location) Day { return Day(BusinessDay(at, zone)) }

func (d Day) date() (time.Time, error) { return time.Parse(time.DateOnly, string(d)) }

// Valid reports whether there is such a day.
func (d Day) Valid() bool {
	_, err := d.date()
	return err == nil
}

// Next is the day after it; of what is no day, nothing.
func (d Day) Next() Day {
	date, err := d.date()
	if err != nil {
		return ""
	}
	return Day(date.AddDate(0, 0, 1).Format(time.DateOnly))
}

// Until is how many days there are to last, both included; 0 or less if it is before.
func (d Day) Until(last Day) int {
	from, err := d.date()
	to, errTo := last.date()
	if err != nil || errTo != nil {
		return 0
	}
	return int(to.Sub(from)/(24*time.Hour)) + 1
}

// Bounds are its midnight and the next one in a zone: a moment of the day is at or after the first
// and before the second.
func (d Day) Bounds(zone *time.Location) (from, to time.Time) {
	date, err := d.date()
	if err != nil {
		return time.Time{}, time.Time{}
	}
	y, m, day := date.Date()
	return time.Date(y, m, day, 0, 0, 0, 0, zone), time.Date(y, m, day+1, 0, 0, 0, 0, zone)
}
