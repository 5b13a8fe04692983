package dispatch

import "time"

// HandOver is how a booking goes from the driver who has it to another one of their team: it is
// offered to one of them or to all, and the first who takes it has it. That happens once a ride.
// Until then it is the first driver's, who comes if nobody takes it. The zero HandOver is of a
// booking that was never offered.
type HandOver struct {
	Team TeamID    // within which it is offered, or was taken; "" is not offered
	To   DriverID  // who alone may take it; "" is everybody of the team
	At   time.Time // when it was taken; zero before
}

// Open reports whether the booking is offered, and nobody has taken it yet.
func (h HandOver) Open() bool { return h.Team != "" && h.At.IsZero() }

// reaches reports whether it is, or was, offered to a driver of a team, "" for none.
func (h HandOver) reaches(driver DriverID, team TeamID) bool {
	return h.Team != "" && h.Team == team && (h.To == "" || h.To == driver)
}

// closed forgets what was offered and not taken; what was taken stays known.
func (h HandOver) closed() HandOver {
	if h.At.IsZero() {
		return HandOver{}
	}
	return h
}

// HandedOver is the record of a booking that went from one driver to another. A ride has one at
// most.
type HandedOver struct {
	Ride     RideID
	City     CityID
	Team     TeamID
	From, To DriverID
	At       time.Time
}

// HandOverNews tells a driver's phone that a booking is offered to its team, or no more: the row
// says which.
type HandOverNews struct {
	City    CityID
	Ride    RideID
	Version int // of the ride
}

// HandOverQuery says which bookings a driver may take over now.
type HandOverQuery struct {
	Driver DriverID
	Seats  int       // of the taxi
	After  time.Time // the pickup has to be later: see [Policy.HandOverLead]
}

// HandOverCard is a booking as the drivers see it to whom it is offered.
type HandOverCard struct {
	Ride Ride
	From string // the name of the driver who has it
}

// HandOverLead is how long before its pickup a booking can be handed over the last time: HandOverS,
// or when the engine begins to look whether its driver has to set out, if that is earlier.
func (p Policy) HandOverLead() time.Duration {
	return max(seconds(p.HandOverS), seconds(p.BookSearchS),
		p.MaxPickup()+seconds(p.BookSpareS))
}

// handsOverBy is until when a booking can be handed over.
func (p Policy) handsOverBy(pickup time.Time) time.Time { return pickup.Add(-p.HandOverLead()) }
