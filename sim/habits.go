package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// Habits are what some of the simulated people do beyond asking for a taxi, being driven and
// paying: the keys of a behaviour file. A share is from 0 to 1; at 0 nobody does it, and nothing is
// drawn: a run without habits is what it would be if there were none.
type Habits struct {
	// Booked is the share of the riders who book a ride for later instead of asking for one now:
	// BookFromMin to BookToMin minutes ahead, 1 to 180. Less than the city's policy wants is
	// refused.
	Booked      float64 `json:"booked"`
	BookFromMin float64 `json:"book_from_min"`
	BookToMin   float64 `json:"book_to_min"`
	// TakenAhead is the share of the bookings that a driver finds and takes ahead, in the first
	// half of the time until the pickup.
	TakenAhead float64 `json:"taken_ahead"`
	// RaiseTip is the share of the riders who, as long as nobody takes the ride, raise the tip to
	// the city's next step whenever their app proposes it.
	RaiseTip float64 `json:"raise_tip"`
	// LateCancel is the share of the riders who change their minds when a taxi has been on its way
	// to them, or waited, for longer than a cancel is free, within another minute.
	LateCancel float64 `json:"late_cancel"`
	// Complain is the share of the rides after which the rider complains of the driver.
	Complain float64 `json:"complain"`
	// Clip is the share of the requests with which the rider says something, one to three seconds.
	Clip float64 `json:"clip"`
	// Keep is the share of the rides after which rider and driver keep each other as regulars. Each
	// such rider asks for a taxi again, in the place of the next rider of the demand, and for that
	// driver first.
	Keep float64 `json:"keep"`
	// Brush is the share of the requests that are made for the subsidy alone: by an account of a
	// driver's, whose taxi stands beside the phone, for a way that nobody wants to go.
	Brush float64 `json:"brush"`
	// Tell is the share of the riders whose apps tell where the phone is while they are driven, at
	// the beginning and at the end; Away is the share of the requests for somebody else, in which
	// the phone stays elsewhere. Half of the brushers' second phones stay at home.
	Tell float64 `json:"tell"`
	Away float64 `json:"away"`
}

// DefaultHabits are none; if riders book, it is for 35 minutes to an hour ahead, and drivers take
// four of five bookings.
func DefaultHabits() Habits { return Habits{BookFromMin: 35, BookToMin: 60, TakenAhead: 0.8} }

// HabitError is a key of a behaviour file with a value that it may not have.
type HabitError struct {
	File  string // "" if there is none
	Key   string
	Limit string // what it must be, and what it is
}

// Error is "file: key must be limit".
func (e *HabitError) Error() string {
	text := fmt.Sprintf("%s must be %s", e.Key, e.Limit)
	if e.File != "" {
		text = e.File + ": " + text
	}
	return text
}

// habit is a key, where its value is, and the least and the most of it.
type habit struct {
	key         string
	value       *float64
	least, most float64
}

func (h *Habits) list() []habit {
	return []habit{
		{"booked", &h.Booked, 0, 1},
		{"book_from_min", &h.BookFromMin, 1, 180},
		{"book_to_min", &h.BookToMin, 1, 180},
		{"taken_ahead", &h.TakenAhead, 0, 1},
		{"raise_tip", &h.RaiseTip, 0, 1},
		{"late_cancel", &h.LateCancel, 0, 1},
		{"complain", &h.Complain, 0, 1},
		{"clip", &h.Clip, 0, 1},
		{"keep", &h.Keep, 0, 1},
		{"brush", &h.Brush, 0, 1},
		{"tell", &h.Tell, 0, 1},
		{"away", &h.Away, 0, 1},
	}
}

// ParseHabits reads a behaviour file: a JSON object with some of the keys of Habits; the others are
// DefaultHabits'. name is for errors: a *HabitError for a key that there is not, or a value that it
// may not have.
func ParseHabits(name string, data []byte) (Habits, error) {
	h := DefaultHabits()
	var given map[string]json.RawMessage
	d := json.NewDecoder(bytes.NewReader(data))
	err := d.Decode(&given)
	if _, more := d.Token(); err == nil && more != io.EOF {
		err = fmt.Errorf("more than one object")
	}
	if err != nil || given == nil {
		return Habits{}, &HabitError{name, "it", fmt.Sprintf("one JSON object: %v", err)}
	}
	for _, of := range h.list() {
		value, ok := given[of.key]
		if !ok {
			continue
		}
		delete(given, of.key)
		if err := json.Unmarshal(value, of.value); err != nil || string(value) == "null" {
			return Habits{}, &HabitError{name, of.key, fmt.Sprintf("a number, not %.40s", value)}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		return Habits{}, &HabitError{name, fmt.Sprintf("%.40q", key), "one of " + habitKeys()}
	}
	if err := h.check(); err != nil {
		err.File = name
		return Habits{}, err
	}
	return h, nil
}

func habitKeys() string {
	var keys []string
	for _, of := range new(Habits).list() {
		keys = append(keys, of.key)
	}
	return strings.Join(keys, ", ")
}

// check names the first habit out of its limits; nil if there is none.
func (h Habits) check() *HabitError {
	for _, of := range h.list() {
		if v := *of.value; math.IsNaN(v) || v < of.least || v > of.most {
			return &HabitError{Key: of.key, Limit: fmt.Sprintf("%v to %v, not %v",
				of.least, of.most, v)}
		}
	}
	if h.BookToMin < h.BookFromMin {
		return &HabitError{Key: "book_to_min", Limit: fmt.Sprintf("book_from_min or more, not %v",
			h.BookToMin)}
	}
	return nil
}

// any reports whether somebody has one.
func (h Habits) any() bool {
	return slices.ContainsFunc([]float64{
		h.Booked, h.RaiseTip, h.LateCancel, h.Complain, h.Clip, h.Keep, h.Brush, h.Tell,
	}, func(share float64) bool { return share > 0 })
}

// ahead is the longest time from a request to its pickup.
func (h Habits) ahead() time.Duration {
	if h.Booked == 0 {
		return 0
	}
	return minutes(h.BookToMin)
}

// minutes is a time in whole seconds.
func minutes(m float64) time.Duration {
	return time.Duration(math.Round(60*m)) * time.Second
}
