package dispatch

import (
	"fmt"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// Limits on what a command may carry. What happens at each is a typed error that names it.
const (
	MaxReasonBytes    = 200 // of a cancel or release
	MaxNameBytes      = 200 // of a place
	MaxNoteBytes      = 500 // for the driver
	MaxFareNoteBytes  = 500 // of ops about a fare
	MaxIDBytes        = 64
	MaxRequestIDBytes = 64
	MaxSeats          = 8
)

// MaxTip is the largest tip: 200 yuan; the apps of 2014 stopped at 30.
const MaxTip = money.Fen(200_00)

// MaxBacklog is how many events may wait to be sent before requests are refused: what outsiders are
// never told must not fill the disk.
const MaxBacklog = 1_000_000

// OnceKept is how long an answer is kept for its request id.
const OnceKept = 72 * time.Hour

// VoiceKept is how long the clip of a ride is kept: while somebody may complain. What a rider has
// said is nobody's business longer than that.
const VoiceKept = 90 * 24 * time.Hour

// Check returns an *Error that names the field if the place is out of its limits.
func (p Place) Check(field string) error {
	if err := p.Point.Check(); err != nil {
		return &Error{Kind: Invalid, Reason: ReasonPosition, Text: field, Cause: err}
	}
	switch {
	case len(p.Name) > MaxNameBytes:
		return invalid(field+".name", fmt.Sprintf("at most %d bytes", MaxNameBytes))
	case len(p.Note) > MaxNoteBytes:
		return invalid(field+".note", fmt.Sprintf("at most %d bytes", MaxNoteBytes))
	default:
		return nil
	}
}

// given is Check, and refuses the zero point: nobody has said where, and nobody knows.
func (p Place) given(field string) error {
	if p.Point == (geo.Point{}) {
		return invalid(field, "given: no position of the taxi is known")
	}
	return p.Check(field)
}

func checkID(field, id string) error {
	if id == "" || len(id) > MaxIDBytes {
		return invalid(field, fmt.Sprintf("1 to %d bytes", MaxIDBytes))
	}
	return nil
}

// SubsidyHeld is how long a subsidy stays reserved for a ride that is not paid, after the ride last
// changed; then it goes back to its campaign, and the ride costs its full fare.
const SubsidyHeld = 72 * time.Hour
