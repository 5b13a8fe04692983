package money

import (
	"fmt"
	"strconv"
	"time"
)

// ClockTime is a time of day in seconds after midnight, 0…86,399, written "HH:MM" in files.
type ClockTime int32

const daySeconds ClockTime = 24 * 60 * 60

// ClockTimeOf is what a clock on the wall in t's location shows, without the fraction of a second.
func ClockTimeOf(t time.Time) ClockTime {
	h, m, s := t.Clock()
	return ClockTime(h*3600 + m*60 + s) //nolint:gosec // under 86,400
}

// String writes the time as "HH:MM", with ":SS" if it has seconds.
func (c ClockTime) String() string {
	if c%60 != 0 {
		return fmt.Sprintf("%02d:%02d:%02d", c/3600, c/60%60, c%60)
	}
	return fmt.Sprintf("%02d:%02d", c/3600, c/60%60)
}

// MarshalText implements [encoding.TextMarshaler].
func (c ClockTime) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads "HH:MM", 00:00…23:59, and nothing else.
func (c *ClockTime) UnmarshalText(text []byte) error {
	if len(text) != 5 || text[2] != ':' {
		return fmt.Errorf("time of day %.20q is not HH:MM", text)
	}
	h, errH := strconv.ParseUint(string(text[:2]), 10, 8)
	m, errM := strconv.ParseUint(string(text[3:]), 10, 8)
	if errH != nil || errM != nil || h > 23 || m > 59 {
		return fmt.Errorf("time of day %.20q is not HH:MM", text)
	}
	*c = ClockTime(h*3600 + m*60)
	return nil
}

// ClockWindow is a stretch of every day: From belongs to it, To does not. It runs over midnight if
// To is before From. From = To is refused by [Tariff.Validate].
type ClockWindow struct {
	From ClockTime `json:"from"`
	To   ClockTime `json:"to"`
}

// Contains says whether c is within the window.
func (w ClockWindow) Contains(c ClockTime) bool {
	if w.From <= w.To {
		return w.From <= c && c < w.To
	}
	return w.From <= c || c < w.To
}
