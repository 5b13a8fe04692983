package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// BookRide asks for a taxi at a time ahead.
type BookRide struct {
	RequestRide
	PickupAt time.Time
	Flight   Flight // zero for none; its day is that of PickupAt if none is given
	Terminal string // at most MaxTerminalBytes
	// ForDriver is who alone may take it until OpenAt; both or none.
	ForDriver DriverID
	OpenAt    time.Time
	// ForRegular is the rider's regular whose driver is meant, in place of ForDriver. The driver is
	// told at once.
	ForRegular RegularID `json:",omitzero"`
	// TeamAt is from when on the driver's team may take it too; zero for no time of the team, else
	// before OpenAt.
	TeamAt time.Time `json:",omitzero"`
}

// addressed reports whether it is for somebody first.
func (c BookRide) addressed() bool { return c.ForDriver != "" || c.ForRegular != "" }

func (c BookRide) checkAhead(p Policy, now time.Time) error {
	least, most := seconds(p.BookLeastS), seconds(p.BookMostS)
	if ahead := c.PickupAt.Sub(now); ahead < least || ahead > most {
		return invalid("pickup_at", fmt.Sprintf("%s to %s ahead", Spell(least), Spell(most)))
	}
	switch {
	case len(c.Terminal) > MaxTerminalBytes:
		return invalid("terminal", fmt.Sprintf("at most %d bytes", MaxTerminalBytes))
	case len(c.ForDriver) > MaxIDBytes:
		return invalid("for_driver", fmt.Sprintf("at most %d bytes", MaxIDBytes))
	case len(c.ForRegular) > MaxIDBytes || c.ForRegular != "" && c.ForDriver != "":
		return invalid("for_regular", fmt.Sprintf("at most %d bytes, and not with for_driver",
			MaxIDBytes))
	case c.addressed() == c.OpenAt.IsZero():
		return invalid("open_at", "given with for_driver or for_regular, and only then")
	case !c.TeamAt.IsZero() && (c.TeamAt.Before(now) || !c.TeamAt.Before(c.OpenAt)):
		return invalid("team_at", "between now and open_at")
	case c.addressed() && (c.OpenAt.Before(now) || c.OpenAt.After(p.searchesAt(c.PickupAt))):
		// Later nobody else could take it ahead: it is found a taxi like any other.
		return invalid("open_at", "between now and "+Spell(seconds(p.BookSearchS))+
			" before pickup_at")
	default:
		return nil
	}
}

// Book opens a ride for a time ahead. Nobody searches for it yet: drivers may take it, and when
// nobody has by the policy's time before the pickup it searches like any other. It may be asked for
// in hours in which the city takes no requests for now. Errors: as for Request, but that a rider
// may have bookings beside an open ride, up to the policy's number: Exhausted with
// ReasonTooManyBookings.
func (d *Desk) Book(ctx context.Context, now time.Time, key Once, c BookRide) (Receipt, error) {
	id := RideID(d.NewID(now))
	said, unread := readVoice(c.Voice)
	return do(ctx, d, "Book", now, key, c, func(j *job) (Receipt, error) {
		city, err := d.Cities.City(c.City)
		if err != nil {
			return Receipt{}, err
		}
		policy := city.PolicyAt(now)
		if c.Flight.Number != "" && c.Flight.Day == "" {
			c.Flight.Day = c.PickupAt.In(city.Zone).Format(time.DateOnly)
		}
		err = cmp.Or(c.check(), unread, c.checkAhead(policy, now), c.Flight.Check(),
			c.Wants.Check(), policy.checkVehicle(c.Wants), policy.checkTip(c.Tip),
			city.CheckPickup(c.Pickup.Point), d.checkChannel(c.PayBy), d.room(j, city))
		if err != nil {
			return Receipt{}, err
		}
		first, err := j.bookedFor(c)
		if err != nil {
			return Receipt{}, err
		}
		// Locked, after the driver as everywhere: of several at once each counts the others.
		rider, err := j.tx.LockRider(c.Rider)
		if err == nil {
			err = cmp.Or(j.mayBook(c, policy), j.mayAsk(c.Rider, city))
		}
		if err != nil {
			return Receipt{}, err
		}
		r := Ride{
			ID: id, City: c.City, Kind: BookedRide, State: Scheduled, Version: 1,
			Rider: c.Rider, Pickup: c.Pickup, Dropoff: c.Dropoff, Seats: c.Seats, PayBy: c.PayBy,
			Device: c.Device,
			Wants:  c.Wants, Senior: rider.Senior,
			Tip: c.Tip, Quote: c.Quote, Voice: said, RequestedAt: now, ChangedAt: now,
			First: first,
			Booking: Booking{
				PickupAt: c.PickupAt, Flight: c.Flight, Terminal: c.Terminal,
				Fee:   policy.BookingFee(c.PickupAt.Sub(now)),
				DueAt: policy.searchesAt(c.PickupAt),
			},
		}
		if first.Driver != "" {
			return j.open(r, c.Voice, Tell{r}, Push{first.Driver, r})
		}
		return j.open(r, c.Voice, Tell{r})
	})
}

// bookedFor is whom a booking is for at first.
func (j *job) bookedFor(c BookRide) (First, error) {
	if !c.addressed() {
		return First{}, nil
	}
	id := c.ForDriver
	if c.ForRegular != "" {
		var err error
		if id, err = j.regularDriver(c.ForRegular, c.Rider, c.City); err != nil {
			return First{}, err
		}
	}
	driver, err := j.tx.Driver(id)
	if err != nil {
		return First{}, err
	}
	if driver.City != c.City {
		return First{}, Errorf(NotFound, ReasonUnknownDriver, "no driver %s in %s", id, c.City)
	}
	if c.TeamAt.IsZero() {
		return First{Driver: id, OpenAt: c.OpenAt}, nil
	}
	return j.firstFor(id, c.TeamAt, c.OpenAt)
}

// mayBook refuses a rider who has as many bookings as they may. The rider is locked.
func (j *job) mayBook(c BookRide, p Policy) error {
	n, err := j.tx.RidersBookings(c.Rider)
	if err == nil && n >= p.BookingsEach {
		return tooManyBookings(n)
	}
	return err
}

func tooManyBookings(n int) error {
	return Errorf(Exhausted, ReasonTooManyBookings, "%d bookings, the limit of the city", n)
}

// HoldBooking is a driver's word on a booking.
type HoldBooking struct {
	Ride   RideID
	Driver DriverID
	Reason string // of a drop, at most 200 bytes
}

// TakeBooking gives a booking to a driver ahead. It leaves the driver free for other rides until it
// is time to set out. Errors: NotFound for one that this driver may not take, Conflict with
// ReasonStep if somebody has it, with ReasonBookingClash beside another of the driver's bookings,
// with ReasonSeats if the driver never had a shift with a taxi that has the seats, with
// ReasonDriverSuspended until the error's time, Exhausted with ReasonTooManyBookings.
func (d *Desk) TakeBooking(
	ctx context.Context, now time.Time, key Once, c HoldBooking,
) (Receipt, error) {
	return do(ctx, d, "TakeBooking", now, key, c, func(j *job) (Receipt, error) {
		r, city, err := d.lockHeld(j, c)
		if err != nil {
			return Receipt{}, err
		}
		team, err := j.tx.TeamOf(c.Driver)
		if err != nil {
			return Receipt{}, err
		}
		if r.Kind != BookedRide || !r.First.Admits(c.Driver, team, now) {
			return Receipt{}, Errorf(NotFound, ReasonUnknownRide, "no ride %s", c.Ride)
		}
		if r.State == Scheduled {
			if err := j.fits(r, c.Driver, city); err != nil {
				return Receipt{}, err
			}
		}
		due, knows := city.PolicyAt(now).takenAhead(r.Booking, now)
		r, err = j.step(r, Book{Driver: c.Driver, Team: team, Due: due, Knows: knows})
		return receipt(r), err
	})
}

// lockHeld locks a driver and reads a ride of their city.
func (d *Desk) lockHeld(j *job, c HoldBooking) (Ride, City, error) {
	driver, err := j.tx.LockDriver(c.Driver)
	if err != nil {
		return Ride{}, City{}, err
	}
	r, err := j.tx.Ride(c.Ride)
	if err != nil {
		return Ride{}, City{}, err
	}
	if r.City != driver.City {
		return Ride{}, City{}, Errorf(NotFound, ReasonUnknownRide, "no ride %s", c.Ride)
	}
	city, err := d.Cities.City(r.City)
	return r, city, err
}

// fits refuses a booking to a driver who cannot do it. The driver is locked.
func (j *job) fits(r Ride, driver DriverID, city City) error {
	if err := j.mayDrive(driver, city); err != nil {
		return err
	}
	p := city.PolicyAt(j.now)
	shift, ok, err := j.tx.Shift(driver)
	if err != nil {
		return err
	}
	if !ok || shift.Seats < r.Seats || !shift.Vehicle.Serves(r.Wants) {
		return Errorf(Conflict, ReasonSeats,
			"driver %s has had no shift with a taxi of %d seats that fits", driver, r.Seats)
	}
	held, err := j.tx.DriversBookings(driver)
	if err != nil {
		return err
	}
	if len(held) >= p.BookingsEach {
		return tooManyBookings(len(held))
	}
	return j.clashes(r, driver, held, p)
}

// clashes refuses a booking beside those that a driver holds, or the booked ride that they are at.
func (j *job) clashes(r Ride, driver DriverID, held []Ride, p Policy) error {
	current, ok, err := j.tx.DriversRide(driver)
	if err != nil {
		return err
	}
	if ok && current.Kind == BookedRide {
		held = append(held, current)
	}
	for _, other := range held {
		if other.ID != r.ID && clash(r, other, seconds(p.BookGapS)) {
			return Errorf(Conflict, ReasonBookingClash, "booking %s at %s is too near to %s",
				r.ID, r.Booking.PickupAt.Format(time.RFC3339), other.ID)
		}
	}
	return nil
}

// DropBooking gives a booking back ahead: others may take it. NotFound if it is not the driver's,
// Conflict when the driver has set out: a ride is given back by Release.
func (d *Desk) DropBooking(
	ctx context.Context, now time.Time, key Once, c HoldBooking,
) (Receipt, error) {
	return d.act(ctx, "DropBooking", now, key, c, c.Ride, func(_ *job, r Ride) (Act, error) {
		if err := r.drivenBy(c.Driver); err != nil {
			return nil, err
		}
		city, err := d.Cities.City(r.City)
		return Drop{
			Driver: c.Driver, By: SideDriver, Reason: c.Reason,
			Due: city.PolicyAt(now).searchesAt(r.Booking.PickupAt),
		}, err
	})
}

// MoveFlight says that a flight lands at another time.
type MoveFlight struct {
	City   CityID
	Flight Flight
	FlightTime
	// Feed says that a feed of flights tells, and not a person: see [Booking]'s rules.
	Feed bool
}

// FlightMoved is what a moved flight has changed.
type FlightMoved struct {
	Moved  int `json:"moved"`  // rides whose pickup is at another time now
	Same   int `json:"same"`   // rides that it changes nothing for
	Losing int `json:"losing"` // of the moved ones: whose driver has another booking then
}

// MoveFlight moves the pickups of all rides of a flight that have not begun by as much as its
// landing moves. Riders and drivers are told. A driver whose other booking would be too near then
// loses the moved one: others may take it. Errors: Invalid for a bad flight, time, or a change that
// is too large; NotFound for an unknown city; Exhausted beyond MaxFlightRides.
func (d *Desk) MoveFlight(
	ctx context.Context, now time.Time, key Once, c MoveFlight,
) (FlightMoved, error) {
	return do(ctx, d, "MoveFlight", now, key, c, func(j *job) (FlightMoved, error) {
		return d.moveFlight(j, c)
	})
}

func (d *Desk) moveFlight(j *job, c MoveFlight) (FlightMoved, error) {
	city, err := d.Cities.City(c.City)
	if err != nil {
		return FlightMoved{}, err
	}
	if c.Flight == (Flight{}) {
		return FlightMoved{}, invalid("flight.number", "given")
	}
	if err := c.Flight.Check(); err != nil {
		return FlightMoved{}, err
	}
	if err := c.Check(); err != nil {
		return FlightMoved{}, err
	}
	rides, err := j.tx.FlightRides(c.City, c.Flight, MaxFlightRides+1)
	if err != nil {
		return FlightMoved{}, err
	}
	if len(rides) > MaxFlightRides {
		return FlightMoved{}, Errorf(Exhausted, ReasonTooManyRides,
			"flight %s has more than %d rides", c.Flight.Number, MaxFlightRides)
	}
	if err := j.lockDrivers(rides); err != nil {
		return FlightMoved{}, err
	}
	var sum FlightMoved
	for _, r := range rides {
		if err := j.follow(r, c, city.PolicyAt(j.now), &sum); err != nil {
			return FlightMoved{}, err
		}
	}
	return sum, nil
}

// lockDrivers locks the drivers who hold some of the rides, in the order of their ids.
func (j *job) lockDrivers(rides []Ride) error {
	var drivers []DriverID
	for _, r := range rides {
		if r.State == Booked {
			drivers = append(drivers, r.Driver)
		}
	}
	slices.SortFunc(drivers, func(a, b DriverID) int { return cmp.Compare(a, b) })
	for _, driver := range slices.Compact(drivers) {
		if _, err := j.tx.LockDriver(driver); err != nil {
			return err
		}
	}
	return nil
}

// follow moves one ride's pickup with its flight.
func (j *job) follow(r Ride, c MoveFlight, p Policy, sum *FlightMoved) error {
	was := r.Booking
	pickup, landing := was.follow(c.FlightTime, c.Feed, seconds(p.FlightLeastS))
	if pickup.Equal(was.PickupAt) {
		sum.Same++
		if landing.Equal(was.FlightAt) {
			return nil
		}
		b := was
		b.FlightAt = landing
		_, err := j.tx.PutOff(r.ID, r.Version, b)
		return err
	}
	sum.Moved++
	b := was
	b.PickupAt, b.FlightAt, b.RemindedAt = pickup, landing, time.Time{}
	act := Move{PickupAt: pickup, FlightAt: landing, Due: p.searchesAt(pickup)}
	if r.State != Booked {
		_, err := j.step(r, act)
		return err
	}
	act.Due = p.bookedDue(b)
	moved, err := j.step(r, act)
	if err != nil {
		return err
	}
	held, err := j.tx.DriversBookings(r.Driver)
	if err != nil {
		return err
	}
	err = j.clashes(moved, r.Driver, held, p)
	if err == nil || ReasonOf(err) != ReasonBookingClash {
		return err
	}
	sum.Losing++
	_, err = j.step(moved, Drop{
		Driver: r.Driver, By: SideSystem, Reason: "flight_moved", Due: p.searchesAt(pickup),
	})
	return err
}
