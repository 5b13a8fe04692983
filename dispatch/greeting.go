package dispatch

import (
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of greetings.
const (
	// MaxGreetingBytes is the longest text: a hundred Chinese characters.
	MaxGreetingBytes = 300
	// GreetingKept is how long a greeting is kept.
	GreetingKept = 90 * 24 * time.Hour
	// phoneDigits is from how many digits on a number may be one that can be called.
	phoneDigits = 7
)

// Greeting is a driver's to all their regulars, for one festival: one of each.
type Greeting struct {
	ID       GreetingID
	Driver   DriverID
	City     CityID
	Festival FestivalID
	Text     string // 1 to MaxGreetingBytes
	SentAt   time.Time
	Riders   int // to how many it went
}

// GreetingCard is a greeting as a rider sees it: by whom it is, as much as the rider knows of them
// anyway.
type GreetingCard struct {
	Greeting
	Regular  RegularID
	Name     string // of the driver
	PhotoURI string
}

// checkGreeting returns an *Error for a text that is too long, cannot be shown, or has a number in
// it that can be called: no side of a regular learns the other's by the service.
func checkGreeting(text string) error {
	if text == "" || len(text) > MaxGreetingBytes || !utf8.ValidString(text) {
		return invalid("text", fmt.Sprintf("1 to %d bytes", MaxGreetingBytes))
	}
	digits := 0
	for _, c := range text {
		switch {
		case unicode.IsControl(c) && c != '\n':
			return invalid("text", "without control characters")
		case unicode.IsDigit(c): // full width ones too
			digits++
		case c != ' ' && c != '-':
			digits = 0
		}
		if digits >= phoneDigits {
			return invalid("text", "without phone numbers")
		}
	}
	return nil
}
