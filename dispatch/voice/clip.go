package voice

import (
	"fmt"
	"slices"
	"time"
)

// Limits of a clip. Beyond them it is refused.
const (
	// MaxBytes holds a minute of AMR at its most, 12.2 kbit/s (94 KiB), of wideband AMR at 15.85
	// kbit/s (120 KiB), and of Opus at 16 kbit/s with its pages (121 KiB).
	MaxBytes = 128 << 10
	// MaxLength is four times as long as an offer is open: what is longer nobody hears to its end.
	MaxLength = time.Minute
)

// Format is how a clip is written.
type Format int

// The formats.
const (
	// AMR is narrowband AMR in its own file format (RFC 4867, section 5).
	AMR Format = iota + 1
	// AMRWB is wideband AMR, likewise.
	AMRWB
	// Opus is Opus in Ogg (RFC 7845).
	Opus
)

var formats = [...]string{"", "amr", "amr_wb", "opus"}

// String is the name as stored; "" for none.
func (f Format) String() string { return formats[f] }

// ParseFormat is String's inverse; it returns 0 for an unknown name.
func ParseFormat(s string) Format { return Format(max(0, slices.Index(formats[:], s))) }

// Head is what is told of a clip beside its bytes; zero is no clip.
type Head struct {
	Format Format
	Length time.Duration // above 0, at most MaxLength; whole milliseconds, rounded up
}

// Flaw is the closed set of what can be wrong with a clip.
type Flaw int

// The flaws.
const (
	// TooLarge has more than MaxBytes.
	TooLarge Flaw = iota + 1
	// TooLong takes longer than MaxLength.
	TooLong
	// Unknown is in none of the formats, or in a variant that phones need not play: several
	// channels of AMR, a surround mapping of Opus.
	Unknown
	// CutShort ends before it is over.
	CutShort
	// Damaged breaks the rules of its format.
	Damaged
	// Silent has no sound in it.
	Silent
)

// Error says why a clip was refused.
type Error struct {
	Flaw  Flaw
	Limit string // what a clip must be: "at most 60 s long"
	At    int    // the byte at which it was seen
}

// Error names the limit and the place.
func (e *Error) Error() string {
	return fmt.Sprintf("a clip must be %s (byte %d)", e.Limit, e.At)
}

// Read reads a clip. Errors: an *Error.
func Read(clip []byte) (Head, error) {
	if len(clip) > MaxBytes {
		return Head{}, &Error{
			Flaw: TooLarge, Limit: fmt.Sprintf("at most %d bytes", MaxBytes), At: MaxBytes,
		}
	}
	switch {
	case starts(clip, amrMagic):
		return readAMR(clip, len(amrMagic), narrowband())
	case starts(clip, amrWBMagic):
		return readAMR(clip, len(amrWBMagic), wideband())
	case starts(clip, oggMagic):
		return readOpus(clip)
	default:
		return Head{}, unknown(0)
	}
}

func starts(clip []byte, magic string) bool {
	return len(clip) >= len(magic) && string(clip[:len(magic)]) == magic
}

func unknown(at int) *Error {
	return &Error{
		Flaw: Unknown, Limit: "AMR, AMR-WB or Opus in Ogg, of one or two channels", At: at,
	}
}

func cutShort(at int) *Error {
	return &Error{Flaw: CutShort, Limit: "whole, and is cut short", At: at}
}

func damaged(what string, at int) *Error {
	return &Error{Flaw: Damaged, Limit: "undamaged: " + what, At: at}
}

// head checks the length of a clip that has been read to its end.
func head(f Format, length time.Duration, end int) (Head, error) {
	switch {
	case length <= 0:
		return Head{}, &Error{Flaw: Silent, Limit: "longer than 0 s", At: end}
	case length > MaxLength:
		return Head{}, tooLong(end)
	}
	// Rounded up, so that what is there is never told as nothing.
	return Head{Format: f, Length: (length + time.Millisecond - 1).Truncate(time.Millisecond)}, nil
}

func tooLong(at int) *Error {
	return &Error{
		Flaw: TooLong, Limit: fmt.Sprintf("at most %d s long", MaxLength/time.Second), At: at,
	}
}
