package dispatch

import "time"

// BookingRules are the part of a policy that is about booked rides.
type BookingRules struct {
	// BookLeastS and BookMostS are how long ahead of its pickup a ride is booked, at least 0–86,400
	// and at most 3,600–259,200 s, which are three days.
	BookLeastS int `json:"book_least_s"`
	BookMostS  int `json:"book_most_s"`
	// BookingsEach is how many bookings a rider, and a driver, may have at once, 1–50.
	BookingsEach int `json:"bookings_each"`
	// BookSpareS is by how much a driver sets out earlier than the way to the pickup takes,
	// 0–3,600 s.
	BookSpareS int `json:"book_spare_s"`
	// BookSearchS is how long before its pickup a booking without a driver looks for a taxi, and
	// one whose driver cannot come for another, 60–7,200 s.
	BookSearchS int `json:"book_search_s"`
	// BookGapS is the time that a driver has at least between two bookings beside the ways,
	// 0–7,200 s.
	BookGapS int `json:"book_gap_s"`
	// BookRemindS is how long before the pickup its driver is reminded, 0–86,400 s; 0 is never.
	BookRemindS int `json:"book_remind_s"`
	// FlightLeastS is the least change of a flight's time that moves pickups, 0–3,600 s.
	FlightLeastS int `json:"flight_least_s"`
}

func defaultBookingRules() BookingRules {
	return BookingRules{
		BookLeastS: 1800, BookMostS: 259_200, BookingsEach: 10, BookSpareS: 600, BookSearchS: 1200,
		BookGapS: 900, BookRemindS: 3600, FlightLeastS: 300,
	}
}

func (p BookingRules) check() error {
	return checkRanges([]keyRange{
		{"book_least_s", p.BookLeastS, 0, 86_400},
		{"book_most_s", p.BookMostS, 3600, 259_200},
		{"bookings_each", p.BookingsEach, 1, 50},
		{"book_spare_s", p.BookSpareS, 0, 3600},
		{"book_search_s", p.BookSearchS, 60, 7200},
		{"book_gap_s", p.BookGapS, 0, 7200},
		{"book_remind_s", p.BookRemindS, 0, 86_400},
		{"flight_least_s", p.FlightLeastS, 0, 3600},
	})
}

// bookingLook is how often the engine looks whether the driver of a booking has to set out: the
// estimate changes with where the taxi is.
const bookingLook = 30 * time.Second

// searchesAt is when a booking that nobody has taken, or whose driver cannot come, begins to look
// for a taxi.
func (p Policy) searchesAt(pickup time.Time) time.Time {
	return pickup.Add(-seconds(p.BookSearchS))
}

// looksAt is from when on the engine looks where a booking's driver is: before that even one at the
// longest pickup need not set out.
func (p Policy) looksAt(pickup time.Time) time.Time {
	return earlier(p.searchesAt(pickup), pickup.Add(-p.MaxPickup()-seconds(p.BookSpareS)))
}

// remindsAt is when a booking's driver is reminded; ok is false if they are not, or were already.
func (p Policy) remindsAt(b Booking) (at time.Time, ok bool) {
	return b.PickupAt.Add(-seconds(p.BookRemindS)), p.BookRemindS > 0 && b.RemindedAt.IsZero()
}

// bookedDue is when the engine has to look next at a booking that a driver has.
func (p Policy) bookedDue(b Booking) time.Time {
	due := p.looksAt(b.PickupAt)
	if at, ok := p.remindsAt(b); ok {
		due = earlier(due, at)
	}
	return due
}

// takenAhead is when the engine looks next at a booking that a driver takes now, and whether it is
// so soon that the driver need not be reminded.
func (p Policy) takenAhead(b Booking, now time.Time) (due time.Time, knows bool) {
	b.RemindedAt = time.Time{}
	at, remind := p.remindsAt(b)
	if knows = remind && !now.Before(at); knows {
		b.RemindedAt = now
	}
	return p.bookedDue(b), knows
}

// dueAct is what becomes of a booking whose time to be looked at has come; without an act it is
// looked at again at a time.
//
// Nobody has it: it searches. Its driver is ready: they set out when the way and the spare time ask
// for it, or fall out if they would come after the pickup. They are not ready: they fall out when
// another one has to be found.
func (p Policy) dueAct(r Ride, d ready, now time.Time) (Act, time.Time) {
	b := r.Booking
	search := p.searchesAt(b.PickupAt)
	if r.State == Scheduled {
		if now.Before(search) {
			return nil, search
		}
		return Due{Search: p.Search()}, time.Time{}
	}
	look := p.looksAt(b.PickupAt)
	if at, ok := p.remindsAt(b); ok && !now.Before(at) {
		return Remind{Due: later(look, now)}, time.Time{}
	}
	if now.Before(look) {
		return nil, p.bookedDue(b)
	}
	next := now.Add(bookingLook)
	switch leave := b.PickupAt.Add(-d.way - seconds(p.BookSpareS)); {
	case d.can && d.known && now.Before(leave):
		return nil, earlier(leave, next)
	case d.can && d.known && !now.Add(d.way).After(b.PickupAt):
		return SetOut{Driver: r.Driver}, time.Time{} // the engine adds the taxi
	case d.can && d.known:
		return FallOut{Reason: "too_far", Search: p.Search()}, time.Time{}
	case now.Before(search):
		return nil, earlier(search, next)
	default:
		return FallOut{Reason: "not_ready", Search: p.Search()}, time.Time{}
	}
}
