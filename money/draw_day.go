package money

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DrawState is how far a day of a draw has come.
type DrawState int

// The states of a day.
const (
	// DrawOpen is announced with the hash of its secret; its rides are not all known.
	DrawOpen DrawState = iota + 1
	// DrawFrozen has its list, which never changes any more, and waits for the public number.
	DrawFrozen
	// DrawNumbered has the number too: everything is decided, and nothing is drawn yet.
	DrawNumbered
	// DrawDrawn has its wins; some of them may not be on their way.
	DrawDrawn
	// DrawPaid has all its wins on their way to who has won. An end.
	DrawPaid
	// DrawCancelled was taken back before it began. An end.
	DrawCancelled
)

var drawStates = [...]string{"", "open", "frozen", "numbered", "drawn", "paid", "cancelled"}

// String is the name as stored.
func (s DrawState) String() string { return drawStates[s] }

// ParseDrawState is String's inverse; it returns 0 for an unknown name.
func ParseDrawState(s string) DrawState { return DrawState(max(0, slices.Index(drawStates[:], s))) }

// Revealed reports whether the day's secret may be told.
func (s DrawState) Revealed() bool { return s == DrawDrawn || s == DrawPaid }

// DrawSecret is what only we know of a day until it is drawn: its hash is told before.
type DrawSecret [sha256.Size]byte

// String is the secret in hex.
func (s DrawSecret) String() string { return hex.EncodeToString(s[:]) }

// Commitment is the SHA-256 of the secret's hex text, in hex: what is told beforehand.
func (s DrawSecret) Commitment() string { return sumOf(s.String()) }

// ParseDrawSecret is String's inverse. A *DrawError for what is no secret.
func ParseDrawSecret(s string) (secret DrawSecret, err error) {
	bytes, err := hex.DecodeString(s)
	if err != nil || len(bytes) != len(secret) || strings.ToLower(s) != s {
		return secret, &DrawError{"secret", fmt.Sprintf("%d lower-case hex digits",
			2*len(secret))}
	}
	return DrawSecret(bytes), nil
}

// DrawDay is one day of a draw, with what was announced for it.
type DrawDay struct {
	Draw     DrawID
	Day      Day
	City     string
	Channel  ChannelName
	Slots    int
	MaxWin   Fen
	NumberIs string
	Secret   DrawSecret // to be told when the state is Revealed, not before

	State   DrawState
	Version int    // +1 with every change
	Cursor  string // the last ride that was listed; rides are listed by id
	Lots    int    // so far
	List    string // hash of the frozen list, in hex
	Number  string // the public one

	EndsAt     time.Time // the midnight after it
	FrozenAt   time.Time
	NumberedAt time.Time
	DrawnAt    time.Time
	DueAt      time.Time // when it is looked at next; zero is by somebody's word
}

// FreezeAfter is how long after its midnight a day's list is made: what was paid in its last second
// is committed by then. What is not is of the next day's list.
const FreezeAfter = time.Minute

// NewDay announces a day.
func (d Draw) NewDay(day Day, secret DrawSecret, zone *time.Location) DrawDay {
	_, to := day.Bounds(zone)
	to = to.UTC()
	return DrawDay{
		Draw: d.ID, Day: day, City: d.City, Channel: d.Channel, Slots: d.Slots, MaxWin: d.MaxWin,
		NumberIs: d.NumberIs, Secret: secret, State: DrawOpen, Version: 1,
		EndsAt: to, DueAt: to.Add(FreezeAfter),
	}
}

// step is the day after a change from a state, or a *StateError.
func (d DrawDay) step(from, to DrawState, what string) (DrawDay, error) {
	if d.State != from {
		return d, &StateError{
			"draw day", string(d.Draw) + " " + string(d.Day), d.State.String(), what,
		}
	}
	d.State = to
	d.Version++
	return d, nil
}

// Listed is the day after more of its rides were listed, up to a ride.
func (d DrawDay) Listed(lots int, cursor string) (DrawDay, error) {
	d, err := d.step(DrawOpen, DrawOpen, "be listed")
	d.Lots += lots
	d.Cursor = cursor
	return d, err
}

// Freeze is the day with its whole list, of which list is the hash. With no ride in it nothing is
// left to be done.
func (d DrawDay) Freeze(list string, now time.Time) (DrawDay, error) {
	d, err := d.step(DrawOpen, DrawFrozen, "be frozen")
	d.List, d.FrozenAt, d.DueAt = list, now, time.Time{}
	if d.Lots == 0 {
		d.State, d.DrawnAt = DrawPaid, now
	}
	return d, err
}

// Enter is the day with its public number: 1 to MaxDrawNumber digits, once. A *DrawError for what
// is no number, a *StateError before the list is frozen or for a second number.
func (d DrawDay) Enter(number string, now time.Time) (DrawDay, error) {
	notDigit := func(r rune) bool { return r < '0' || r > '9' }
	if number == "" || len(number) > MaxDrawNumber || strings.ContainsFunc(number, notDigit) {
		return d, &DrawError{"number", fmt.Sprintf("1 to %d digits", MaxDrawNumber)}
	}
	d, err := d.step(DrawFrozen, DrawNumbered, "be given a number")
	d.Number, d.NumberedAt, d.DueAt = number, now, now
	return d, err
}

// Drawn is the day whose wins are written.
func (d DrawDay) Drawn(now time.Time) (DrawDay, error) {
	d, err := d.step(DrawNumbered, DrawDrawn, "be drawn")
	d.DrawnAt, d.DueAt = now, now
	return d, err
}

// Paid is the day of whose wins none is left to be sent.
func (d DrawDay) Paid() (DrawDay, error) {
	d, err := d.step(DrawDrawn, DrawPaid, "be paid")
	d.DueAt = time.Time{}
	return d, err
}

// Cancel is a day that is taken back. One that has begun is a *StateError.
func (d DrawDay) Cancel(today Day) (DrawDay, error) {
	if d.Day <= today {
		return d, &StateError{
			"draw day", string(d.Draw) + " " + string(d.Day), "begun", "be cancelled",
		}
	}
	d, err := d.step(DrawOpen, DrawCancelled, "be cancelled")
	d.DueAt = time.Time{}
	return d, err
}

// Holds is what of a draw's budget the day may still take.
func (d DrawDay) Holds(wins []Win) Fen {
	switch d.State {
	case DrawOpen, DrawFrozen, DrawNumbered:
		return d.MaxWin * Fen(d.Slots)
	case DrawDrawn:
		var sum Fen
		for _, w := range wins {
			if w.State == WinDue {
				sum += w.Amount
			}
		}
		return sum
	case DrawPaid, DrawCancelled:
	}
	return 0
}

// sumOf is the SHA-256 of lines, each followed by a line feed but for the only one, in hex.
func sumOf(lines ...string) string {
	text := lines[0]
	if len(lines) > 1 {
		text = strings.Join(lines, "\n") + "\n"
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
