package dispatch

import (
	"fmt"
	"slices"
	"time"
)

// MaxAppealBytes is the longest appeal, and the longest note of a decision, in bytes.
const MaxAppealBytes = 500

// HoldState is where a held subsidy stands.
type HoldState int

// The states of a hold.
const (
	// Held waits for the driver's appeal, or for ops.
	Held HoldState = iota + 1
	// HoldAppealed waits for ops.
	HoldAppealed
	// HoldReleased is paid, or is paid when the ride is.
	HoldReleased
	// HoldDenied went back to its campaign.
	HoldDenied
)

var holdStates = [...]string{"", "held", "appealed", "released", "denied"}

// String is the name as stored.
func (s HoldState) String() string { return holdStates[s] }

// ParseHoldState is String's inverse; it returns 0 for an unknown name.
func ParseHoldState(s string) HoldState {
	return HoldState(max(0, slices.Index(holdStates[:], s)))
}

// Open reports whether nothing is decided yet.
func (s HoldState) Open() bool { return s == Held || s == HoldAppealed }

// Hold is a subsidy that is not paid with its ride, for the ride looks like brushing: the transfers
// stay pending until somebody decides, or a time is over.
type Hold struct {
	Ride       RideID
	City       CityID
	Rider      RiderID
	Driver     DriverID
	Score      int
	Findings   []Finding
	State      HoldState
	MadeAt     time.Time
	DueAt      time.Time // of an open one: when it ends by itself
	Appeal     string    // the driver's words
	AppealedAt time.Time
	DecidedBy  string // who has; BySystem when the time was over
	Note       string // why, for rider and driver
	DecidedAt  time.Time
}

// appealed is the hold after the driver's appeal. Errors: Conflict with ReasonHoldState for one
// that is appealed or decided already, or whose time is over.
func (h Hold) appealed(text string, p BrushRules, now time.Time) (Hold, error) {
	if h.State != Held || now.After(h.DueAt) {
		return h, Errorf(Conflict, ReasonHoldState,
			"the hold of ride %s is %s: no appeal", h.Ride, h.State)
	}
	if text == "" || len(text) > MaxAppealBytes {
		return h, invalid("text", fmt.Sprintf("1 to %d bytes", MaxAppealBytes))
	}
	h.State, h.Appeal, h.AppealedAt = HoldAppealed, text, now
	h.DueAt = now.AddDate(0, 0, p.BrushDecideDays)
	return h, nil
}

// decided is the hold after somebody's decision. Errors: Conflict with ReasonHoldState for one that
// is decided already.
func (h Hold) decided(release bool, by, note string, now time.Time) (Hold, error) {
	if !h.State.Open() {
		return h, Errorf(Conflict, ReasonHoldState, "the hold of ride %s is %s", h.Ride, h.State)
	}
	if len(note) > MaxAppealBytes {
		return h, invalid("note", fmt.Sprintf("at most %d bytes", MaxAppealBytes))
	}
	h.State, h.DecidedBy, h.Note, h.DecidedAt = HoldDenied, by, note, now
	if release {
		h.State = HoldReleased
	}
	h.DueAt = time.Time{}
	return h, nil
}

// overdue is the hold when its time is over: who does not appeal has nothing to say for the ride;
// whose appeal nobody has looked at is paid.
func (h Hold) overdue(now time.Time) (Hold, error) {
	return h.decided(h.State == HoldAppealed, BySystem, "", now)
}

// HoldKey is after which hold a page of holds begins.
func HoldKey(h Hold) string { return string(h.Ride) }
