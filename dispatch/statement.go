package dispatch

import (
	"slices"
	"time"

	"hexhail/money"
)

// StatementOf is whose statement is wanted.
type StatementOf int

// Who has statements.
const (
	StatementOfDriver StatementOf = iota + 1
	StatementOfTaxi
	StatementOfCompany // of the drivers who are the company's now
)

// StatementQuery asks for a statement.
type StatementQuery struct {
	Of       StatementOf
	ID       string
	From, To time.Time      // [From, To)
	Zone     *time.Location // whose days it is by
	Company  string         // who asks sees its own drivers' rides alone; "" sees all
}

// Month is the span of a month ("2013-12") of a zone. Invalid for what is none.
func Month(month string, zone *time.Location) (from, to time.Time, err error) {
	from, err = time.ParseInLocation("2006-01", month, zone)
	if err != nil || from.Year() < 2000 {
		return from, to, invalid("month", "a month as 2013-12")
	}
	return from, from.AddDate(0, 1, 0), nil
}

// Statement is what a driver, a taxi or a company has taken in a span of time.
type Statement struct {
	Query     StatementQuery
	Sum       money.Takings
	Withdrawn money.Fen      // that has arrived in the span; none of a taxi
	Days      []StatementDay // on which there was anything, in their order
}

// StatementDay is a business day of a statement.
type StatementDay struct {
	Day       string // "2013-12-09"
	Takings   money.Takings
	Withdrawn money.Fen
}

// NewStatement is a statement in which nothing is added up yet.
func NewStatement(q StatementQuery) Statement { return Statement{Query: q} }

// Ride adds a completed ride, with what of it was paid by hand.
func (s *Statement) Ride(at time.Time, cash money.Fen) {
	add := money.Takings{Rides: 1, Cash: cash}
	if cash > 0 {
		add.CashRides = 1
	}
	s.Sum.Add(add)
	s.day(at).Takings.Add(add)
}

// Transfer adds a transfer of a ride that counts at a time.
func (s *Statement) Transfer(at time.Time, t money.Transfer) {
	s.Sum.Take(t)
	s.day(at).Takings.Take(t)
}

// Withdrawal adds what has arrived at a time.
func (s *Statement) Withdrawal(at time.Time, amount money.Fen) {
	s.Withdrawn += amount
	s.day(at).Withdrawn += amount
}

func (s *Statement) day(at time.Time) *StatementDay {
	zone := s.Query.Zone
	if zone == nil {
		zone = time.UTC
	}
	day := money.BusinessDay(at, zone)
	i, found := slices.BinarySearchFunc(s.Days, day, func(d StatementDay, day string) int {
		switch {
		case d.Day < day:
			return -1
		case d.Day > day:
			return 1
		default:
			return 0
		}
	})
	if !found {
		s.Days = slices.Insert(s.Days, i, StatementDay{Day: day})
	}
	return &s.Days[i]
}
