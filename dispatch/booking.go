package dispatch

import (
	"fmt"
	"math"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// Limits of a booking. What happens at each is a typed error that names it.
const (
	MaxFlightBytes   = 8  // of a flight's number: "CA1831", "MU5101A"
	MaxTerminalBytes = 20 // of a terminal: "T3"
	// MaxFlightRides is how many rides of one flight are moved at once; an A380 has 600 seats.
	MaxFlightRides = 500
	// MaxDelay is the largest change of a flight's time that moves pickups; later is another day's
	// flight. MaxEarly is the same for a flight that comes before its time.
	MaxDelay = 24 * time.Hour
	MaxEarly = 2 * time.Hour
)

// Flight is one flight of one day.
type Flight struct {
	Number string // "" for none; capital letters and digits
	Day    string // of its landing by the timetable, as 2014-03-01, in the city's zone
}

// Check returns an *Error that names the field; the zero Flight is none, and good.
func (f Flight) Check() error {
	if f == (Flight{}) {
		return nil
	}
	if f.Number == "" || len(f.Number) > MaxFlightBytes {
		return invalid("flight.number", fmt.Sprintf("1 to %d bytes", MaxFlightBytes))
	}
	for _, c := range f.Number {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return invalid("flight.number", "capital letters and digits")
		}
	}
	if _, err := time.Parse(time.DateOnly, f.Day); err != nil {
		return invalid("flight.day", "a date as 2014-03-01")
	}
	return nil
}

// Booking is what a booked ride has beyond a hailed one. It is zero on others.
type Booking struct {
	PickupAt time.Time // when the rider wants to be picked up; a flight may move it
	Flight   Flight
	FlightAt time.Time // the landing that PickupAt goes by; zero before anything is known of it
	Terminal string

	Fee        money.Fen // for the driver, on top of the fare
	DueAt      time.Time // when the engine looks at it next; zero when it has a taxi or searches
	RemindedAt time.Time // when its driver was reminded of it

	HandOver HandOver // to another driver of the team
}

// ready is what a booking asks of its driver when it is time to go.
type ready struct {
	can   bool          // on duty with a taxi that has the seats, and without a ride
	known bool          // it is known where the taxi is
	way   time.Duration // from there to the pickup, by estimate
}

// searchUntil is when a search ends that begins now: as for any ride, but that of a booked one not
// before its pickup.
func (r Ride) searchUntil(now time.Time, search SearchTime) time.Time {
	return later(now.Add(search), r.Booking.PickupAt)
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// way is the estimated time from one place to another by the usual detour and speed: for what is
// days ahead, nobody knows better.
func way(from, to geo.Point) time.Duration {
	m := geo.DistanceM(from, to) * geo.DefaultDetour
	return time.Duration(m / geo.DefaultSpeedMPS * float64(time.Second))
}

// clash reports whether one driver cannot do both booked rides: after the drive of the earlier one,
// the way to the other's pickup and the gap between them it is too late.
func clash(a, b Ride, gap time.Duration) bool {
	if b.Booking.PickupAt.Before(a.Booking.PickupAt) {
		a, b = b, a
	}
	done := a.Booking.PickupAt.Add(way(a.Pickup.Point, a.Dropoff.Point))
	there := done.Add(way(a.Dropoff.Point, b.Pickup.Point) + gap)
	return b.Booking.PickupAt.Before(there)
}

// FlightTime is what is known of a flight: when it should land, and when it will.
type FlightTime struct {
	Scheduled time.Time // by the timetable
	Expected  time.Time
}

// Check returns an *Error if a change is too large to be one of this flight.
func (f FlightTime) Check() error {
	late := f.Expected.Sub(f.Scheduled)
	if f.Scheduled.IsZero() || late > MaxDelay || late < -MaxEarly {
		return invalid("expected_at", fmt.Sprintf("within %s before and %s after scheduled_at",
			Spell(MaxEarly), Spell(MaxDelay)))
	}
	return nil
}

// follow is the pickup that a booking has when its flight lands at another time, and the landing
// that the pickup then goes by. What is less than least is no move, and counts with the next one.
//
// A booking of which no landing is known goes by the timetable; but if whoever tells is a feed that
// sees it for the first time, and the rider wants to be picked up after the landing as it is
// expected already, the rider knew.
func (b Booking) follow(f FlightTime, feed bool, least time.Duration) (pickup, landing time.Time) {
	landing = b.FlightAt
	if landing.IsZero() {
		landing = f.Scheduled
		late := f.Expected.Sub(f.Scheduled).Abs() >= least
		if feed && late && !b.PickupAt.Before(f.Expected) {
			landing = f.Expected
		}
	}
	moved := f.Expected.Sub(landing)
	if moved.Abs() < least {
		return b.PickupAt, landing
	}
	return b.PickupAt.Add(moved), f.Expected
}

// BookingQuery says which bookings of a city a driver may take now.
type BookingQuery struct {
	City    CityID
	Driver  DriverID
	Team    TeamID // of the driver
	Seats   int    // of the taxi
	Now     time.Time
	Near    geo.Point // with WithinM
	WithinM int       // of the pickup from Near, both ways along the axes; 0 is the whole city
}

// Box is the rectangle around Near that WithinM reaches, in degrees.
func (q BookingQuery) Box() (south, north, west, east float64) {
	const metresPerDegree = 111_195 // of latitude
	lat := float64(q.WithinM) / metresPerDegree
	lng := lat / max(math.Cos(q.Near.Lat*math.Pi/180), 0.01)
	return q.Near.Lat - lat, q.Near.Lat + lat, q.Near.Lng - lng, q.Near.Lng + lng
}

// BookingKey is what lists of bookings are paged by: the time of the pickup, and the id.
func BookingKey(r Ride) string {
	return fmt.Sprintf("%013d/%s", r.Booking.PickupAt.UnixMilli(), r.ID)
}
