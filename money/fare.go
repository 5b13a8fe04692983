package money

import (
	"fmt"
	"slices"
)

// LineCode says what a line of a fare is for. The zero value is invalid.
type LineCode uint8

// The lines of a fare, in the order in which they are printed.
const (
	// LineFlagFall is the day's flag fall. Every fare has it.
	LineFlagFall LineCode = iota + 1
	// LineDistance is the distance after the flag fall at the day's price of a km.
	LineDistance
	// LineLongDistance is the extra by day's prices for the km beyond the tariff's long distance.
	LineLongDistance
	// LineEmptyReturn is the extra for the way back without a rider.
	LineEmptyReturn
	// LineLowSpeed is the time stopped or in jams, in km at the day's price.
	LineLowSpeed
	// LineWaiting is the time stopped or in jams, at a fixed price a period.
	LineWaiting
	// LineNight is what flag fall, km and low speed cost more because it was night.
	LineNight
	// LineFuel is the fuel surcharge.
	LineFuel
	// LineBookingFee is the fee of a booked ride.
	LineBookingFee
	// LineRounding makes the metered sum a multiple of the tariff's unit. It may be negative.
	LineRounding
)

var lineCodeNames = [...]string{
	LineFlagFall: "flag_fall", LineDistance: "distance", LineLongDistance: "long_distance",
	LineEmptyReturn: "empty_return", LineLowSpeed: "low_speed", LineWaiting: "waiting",
	LineNight: "night", LineFuel: "fuel", LineBookingFee: "booking_fee", LineRounding: "rounding",
}

// String is the code as it is stored, such as "flag_fall".
func (c LineCode) String() string {
	if c < LineFlagFall || int(c) >= len(lineCodeNames) {
		return fmt.Sprintf("LineCode(%d)", uint8(c))
	}
	return lineCodeNames[c]
}

// MarshalText implements [encoding.TextMarshaler]; an invalid code is an error.
func (c LineCode) MarshalText() ([]byte, error) {
	if c < LineFlagFall || int(c) >= len(lineCodeNames) {
		return nil, fmt.Errorf("money: no such fare line: %d", uint8(c))
	}
	return []byte(lineCodeNames[c]), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler]; an unknown code is an error.
func (c *LineCode) UnmarshalText(text []byte) error {
	i := slices.Index(lineCodeNames[:], string(text))
	if i < int(LineFlagFall) {
		return fmt.Errorf("money: no such fare line: %.40q", text)
	}
	*c = LineCode(i) //nolint:gosec // an index of lineCodeNames
	return nil
}

// FareLine is one item of a fare.
type FareLine struct {
	Code   LineCode `json:"code"`
	Amount Fen      `json:"fen"`
}

// Fare is one ride's price, itemised. Lines of 0 fen are left out, except the flag fall.
type Fare struct {
	// Lines are ordered by code, each code at most once; they add up to Total.
	Lines []FareLine `json:"lines"`
	// Total is what the ride costs: metered, rounded, with fuel and booking fee, without tolls.
	Total Fen `json:"total_fen"`
}

// Line returns the amount of one line, 0 if the fare has none.
func (f Fare) Line(code LineCode) Fen {
	for _, l := range f.Lines {
		if l.Code == code {
			return l.Amount
		}
	}
	return 0
}

// Meter returns what a driver reads off and enters: Total without the booking fee, which is owed
// for a purpose of its own. This is the amount to give [CheckFare] as the trace's.
func (f Fare) Meter() Fen { return f.Total - f.Line(LineBookingFee) }

// Check says whether the fare is sound: lines in order, only the rounding negative, and their sum
// exactly the total. A fare of this package always is; one read from elsewhere may not be.
func (f Fare) Check() error {
	var sum Fen
	last := LineCode(0)
	for _, l := range f.Lines {
		if l.Code <= last || int(l.Code) >= len(lineCodeNames) {
			return fmt.Errorf("money: fare line %s is repeated or out of order", l.Code)
		}
		if l.Amount < 0 && l.Code != LineRounding {
			return &AmountError{Field: l.Code.String(), Value: l.Amount, Limit: 0}
		}
		var err error
		if sum, err = Add(sum, l.Amount); err != nil {
			return err
		}
		last = l.Code
	}
	if sum != f.Total {
		return fmt.Errorf("money: fare lines add up to %s, not %s yuan", sum, f.Total)
	}
	return nil
}

// microPerFen: prices in fen per km times millimetres are millionths of a fen, which the meter
// adds up exactly. The longest ride at the dearest tariff that validates is under 10¹⁸ of them:
// no overflow.
const microPerFen = 1_000_000

// fareSheet collects the metered lines exactly and rounds once.
type fareSheet struct {
	fare  Fare
	micro int64 // exact sum of the metered lines, in millionths of a fen
	lines Fen   // sum of the printed lines, each rounded to the fen
}

// meter adds a metered line, in millionths of a fen, at least 0.
func (s *fareSheet) meter(code LineCode, micro int64) {
	s.micro += micro
	s.print(code, Fen((micro+microPerFen/2)/microPerFen))
}

// print appends a line unless it is 0; the flag fall always.
func (s *fareSheet) print(code LineCode, amount Fen) {
	if amount == 0 && code != LineFlagFall {
		return
	}
	s.lines += amount
	s.fare.Lines = append(s.fare.Lines, FareLine{Code: code, Amount: amount})
}

// close rounds the metered sum half up to the unit, adds the fixed amounts, and prints as rounding
// whatever makes the lines add up to the total.
func (s *fareSheet) close(unit, fuel, booking Fen) Fare {
	step := int64(unit) * microPerFen
	metered := Fen((s.micro+step/2)/step) * unit
	rounding := metered - s.lines
	s.print(LineFuel, fuel)
	s.print(LineBookingFee, booking)
	s.print(LineRounding, rounding)
	s.fare.Total = metered + fuel + booking
	return s.fare
}
