package dispatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DayMinute is a time of the day on the city's clock, in minutes from midnight, 0–1,440. It is
// written "07:30"; "24:00" is the end of the day.
type DayMinute int

const dayMinutes DayMinute = 24 * 60

// MarshalText writes the time.
func (m DayMinute) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%02d:%02d", m/60, m%60), nil
}

// UnmarshalText reads a time; what is none is an *Error.
func (m *DayMinute) UnmarshalText(text []byte) error {
	if string(text) == "24:00" {
		*m = dayMinutes
		return nil
	}
	at, err := time.Parse("15:04", string(text))
	if err != nil || len(text) != len("15:04") {
		return Errorf(Invalid, ReasonField, "%.20q is no time of the day as 07:30", text)
	}
	*m = DayMinute(at.Hour()*60 + at.Minute())
	return nil
}

// Weekdays is a set of days of the week: bit 0 is Sunday. None is every day.
type Weekdays uint8

var weekdays = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Has reports whether a day is in the set.
func (w Weekdays) Has(day time.Weekday) bool { return w == 0 || w>>day&1 == 1 }

// MarshalJSON writes a list of names.
func (w Weekdays) MarshalJSON() ([]byte, error) {
	names := []string{}
	for day, name := range weekdays {
		if w>>day&1 == 1 {
			names = append(names, name)
		}
	}
	return json.Marshal(names)
}

// UnmarshalJSON reads a list of names: "mon" to "sun". Another one is an *Error.
func (w *Weekdays) UnmarshalJSON(text []byte) error {
	var names []string
	if err := json.Unmarshal(text, &names); err != nil {
		return err
	}
	*w = 0
	for _, name := range names {
		day := slices.Index(weekdays[:], name)
		if day < 0 {
			return Errorf(Invalid, ReasonField, "%.20q is none of %s", name,
				strings.Join(weekdays[:], ", "))
		}
		*w |= 1 << day
	}
	return nil
}

// Hours is a part of a day, on some days of the week.
type Hours struct {
	Days Weekdays  `json:"days"`
	From DayMinute `json:"from"`
	To   DayMinute `json:"to"` // after From, and not in them any more
}

// MaxHours is how many Hours a policy may have.
const MaxHours = 50

func checkHours(list []Hours) error {
	if len(list) > MaxHours {
		return invalid("policy.closed_hours", fmt.Sprintf("at most %d", MaxHours))
	}
	for i, h := range list {
		if h.From < 0 || h.From >= h.To || h.To > dayMinutes {
			return invalid(
				fmt.Sprintf("policy.closed_hours[%d]", i), "from before to, both of one day")
		}
	}
	return nil
}

// end is when the hours that a time is in are over; ok is false if it is in none.
func (h Hours) end(local time.Time) (end time.Time, ok bool) {
	minute := DayMinute(local.Hour()*60 + local.Minute())
	if !h.Days.Has(local.Weekday()) || minute < h.From || minute >= h.To {
		return time.Time{}, false
	}
	year, month, day := local.Date()
	return time.Date(year, month, day, int(h.To/60), int(h.To%60), 0, 0, local.Location()), true
}

// closedLook is how far ClosedUntil looks: a week, after which hours repeat themselves.
const closedLook = 7 * 24 * time.Hour

// ClosedUntil is when the city takes requests again, if it takes none now. Hours that follow each
// other without a gap are one, over midnight and over a change of the policy too. A city that is
// closed for the whole week to come says so for that week.
func (c City) ClosedUntil(now time.Time) (until time.Time, closed bool) {
	until = now.In(c.Zone)
	for until.Sub(now) < closedLook {
		end, ok := c.closedAt(until)
		if !ok {
			break
		}
		until, closed = end, true
	}
	return until, closed
}

// closedAt is when the hours are over that a time is in, or the policy's version with them.
func (c City) closedAt(local time.Time) (end time.Time, closed bool) {
	for _, h := range c.PolicyAt(local).ClosedHours {
		if over, ok := h.end(local); ok && over.After(end) && over.After(local) {
			end, closed = over, true
		}
	}
	for _, d := range c.Policies {
		if closed && d.From.After(local) && d.From.Before(end) {
			end = d.From.In(c.Zone)
		}
	}
	return end, closed
}

// checkOpen refuses what comes while the city takes no requests.
func (c City) checkOpen(now time.Time) error {
	until, closed := c.ClosedUntil(now)
	if !closed {
		return nil
	}
	return &Error{
		Kind: Conflict, Reason: ReasonClosed, Until: until,
		Text: fmt.Sprintf("%s takes no requests until %s", c.ID, until.Format("2006-01-02 15:04")),
	}
}
