package dispatch

import "time"

// Lengths of what a taxi's meter prints on its paper receipt, in digits: of the number (发票号码)
// 8 on paper rolls and 20 on digital ones, of the roll's code (发票代码) 10 or 12.
const (
	MinReceiptNumber = 8
	MaxReceiptNumber = 20
	MinReceiptCode   = 10
	MaxReceiptCode   = 12
)

// ReceiptNumberWithin is how long after the drive the printed number can be added, or replaced: a
// week, as for the fare itself.
const ReceiptNumberWithin = CorrectWithin

// ReceiptNumber is what the taxi's own paper receipt of a ride says: it belongs to one ride of one
// taxi.
type ReceiptNumber struct {
	Ride   RideID
	City   CityID
	Taxi   TaxiID
	Number string // MinReceiptNumber to MaxReceiptNumber digits
	Code   string // MinReceiptCode to MaxReceiptCode digits; "" if nobody has typed it
	By     Side   // who has typed it, and alone may replace it
	At     time.Time
}

// AddReceiptNumber is the word of a ride's driver, or of its rider, on what was printed: of Rider
// and Driver one is set.
type AddReceiptNumber struct {
	Ride   RideID
	Rider  RiderID
	Driver DriverID
	Number string
	Code   string // may be ""
}

// side is whose word it is. NotFound for a ride that is not theirs.
func (c AddReceiptNumber) side(r Ride) (Side, error) {
	if c.Driver != "" {
		return SideDriver, r.drivenBy(c.Driver)
	}
	return SideRider, r.riddenBy(c.Rider)
}

// of is the number of a ride.
func (c AddReceiptNumber) of(r Ride, by Side, now time.Time) (ReceiptNumber, error) {
	switch {
	case r.State != Completed && r.State != Settled:
		return ReceiptNumber{}, Errorf(Conflict, ReasonStep,
			"ride %s is %s: its taxi has printed nothing", r.ID, r.State)
	case now.Sub(r.CompletedAt) > ReceiptNumberWithin:
		return ReceiptNumber{}, Errorf(Conflict, ReasonTooLate,
			"ride %s: a receipt's number can be added for %s", r.ID, Spell(ReceiptNumberWithin))
	case !digits(c.Number, MinReceiptNumber, MaxReceiptNumber):
		return ReceiptNumber{}, invalid("number", "8 to 20 digits")
	case c.Code != "" && !digits(c.Code, MinReceiptCode, MaxReceiptCode):
		return ReceiptNumber{}, invalid("code", "empty or 10 to 12 digits")
	default:
		return ReceiptNumber{
			Ride: r.ID, City: r.City, Taxi: r.Taxi, Number: c.Number, Code: c.Code, By: by, At: now,
		}, nil
	}
}

// digits reports whether text is so many decimal digits, and nothing else.
func digits(text string, least, most int) bool {
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) >= least && len(text) <= most
}
