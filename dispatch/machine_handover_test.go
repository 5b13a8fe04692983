package dispatch

import "time"

// judgeHandOver says what promise of a hand-over an act has broken.
func judgeHandOver(was Ride, act Act, d Decision) string {
	before, after := was.Booking.HandOver, d.Ride.Booking.HandOver
	moved := was.State == Booked && d.Ride.State == Booked && was.Driver != d.Ride.Driver
	var record *HandedOver
	for _, w := range d.Writes {
		if w, ok := w.(RecordHandOver); ok {
			record = &w.HandedOver
		}
	}
	switch {
	case after.Open() && d.Ride.State != Booked:
		return "is offered to a team without being booked"
	case !before.At.IsZero() && !after.At.Equal(before.At):
		return "is handed over again, or as if it never was"
	case moved != (act.Kind() == ActTakeOver):
		return "changes its driver ahead without a hand-over, or has one and keeps the driver"
	case moved != (record != nil) || moved && before.At.Equal(after.At):
		return "is handed over without a record, or has one without it"
	case moved && (record.From != was.Driver || record.To != d.Ride.Driver):
		return "has a record of others"
	case moved && !before.reaches(d.Ride.Driver, after.Team):
		return "goes to a driver to whom it was not offered"
	case moved && (d.Ride.Booking.PickupAt != was.Booking.PickupAt || !pushed(d, was.Driver) ||
		!pushed(d, d.Ride.Driver)):
		return "is handed over behind somebody's back"
	default:
		return ""
	}
}

// pushed reports whether a decision tells a driver.
func pushed(d Decision, driver DriverID) bool {
	for _, h := range d.After {
		if push, ok := h.(Push); ok && push.Driver == driver {
			return true
		}
	}
	return false
}

// handOverMutants do wrong to bookings that are handed over.
func handOverMutants() map[string]stepper {
	return map[string]stepper{
		"hand over twice": func(r Ride, a Act, now time.Time) (Decision, error) {
			if _, ok := a.(OfferHandOver); ok && r.State == Booked {
				r.Booking.HandOver.At = time.Time{}
			}
			return Step(r, a, now)
		},
		"leave the offer when the driver drops it": func(
			r Ride, a Act, now time.Time,
		) (Decision, error) {
			d, err := Step(r, a, now)
			if a.Kind() == ActDrop {
				d.Ride.Booking.HandOver = r.Booking.HandOver
			}
			return d, err
		},
		"anybody may take it over": func(r Ride, a Act, now time.Time) (Decision, error) {
			if take, ok := a.(TakeOver); ok && r.Booking.HandOver.Open() {
				was := r
				was.Booking.HandOver.To, take.Team = "", was.Booking.HandOver.Team
				d, err := Step(was, take, now)
				d.Ride.Booking.HandOver.To = r.Booking.HandOver.To
				return d, err
			}
			return Step(r, a, now)
		},
		"tell the new driver alone": func(r Ride, a Act, now time.Time) (Decision, error) {
			d, err := Step(r, a, now)
			if a.Kind() == ActTakeOver {
				d.After = []Hint{Push{d.Ride.Driver, d.Ride}}
			}
			return d, err
		},
	}
}
