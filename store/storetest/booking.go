package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// scheduled is booked for a pickup so many seconds after noon.
func scheduled(id dispatch.RideID, pickup float64) dispatch.Ride {
	r := searching(id)
	r.Kind, r.State, r.Search, r.SearchBy = dispatch.BookedRide, dispatch.Scheduled, 0, time.Time{}
	r.Pickup.Point = geo.Point{Lat: 39.9, Lng: 116.4}
	r.Dropoff.Point = geo.Point{Lat: 39.95, Lng: 116.45}
	r.Booking = dispatch.Booking{PickupAt: after(pickup), DueAt: after(pickup - 1200)}
	return r
}

// heldBy is the booking in a driver's hands.
func heldBy(r dispatch.Ride, driver dispatch.DriverID) dispatch.Ride {
	r.State, r.Driver = dispatch.Booked, driver
	return r
}

func bookings(t *testing.T, open Open) {
	t.Run("Promise", func(t *testing.T) { promiseBooking(t, open) })
	t.Run("Lists", func(t *testing.T) { bookingLists(t, open) })
	t.Run("Flights", func(t *testing.T) { flightRides(t, open) })
	db := open(t)
	b, c := heldBy(scheduled("b", 7200), "D1"), heldBy(scheduled("c", 3600), "D1")
	gone := scheduled("gone", 3600)
	gone.State = dispatch.Cancelled
	b.Rider, c.Rider = "R1", "R1"
	insertRides(t, db, scheduled("a", 5000), b, c, gone, heldBy(scheduled("d", 9000), "D2"))
	due := func(at float64, limit int) (ids []dispatch.RideID) {
		do(t, db, func(tx dispatch.Tx) error {
			list, err := tx.DueBookings(city, after(at), limit)
			ids = rideIDs(list)
			return err
		})
		return ids
	}
	equal(t, "due", due(6000, 10), []dispatch.RideID{"c", "a", "b"})
	equal(t, "the first two", due(6000, 2), []dispatch.RideID{"c", "a"})
	equal(t, "not yet", len(due(2399.999, 10)), 0)
	do(t, db, func(tx dispatch.Tx) error {
		held, err := tx.DriversBookings("D1")
		check(t, err)
		equal(t, "held", held, []dispatch.Ride{c, b})
		n, err := tx.RidersBookings("R1")
		equal(t, "a rider's", n, 2)
		check(t, err)
		later := c.Booking
		later.DueAt, later.FlightAt = after(2500), after(3000)
		for version, ok := range map[int]bool{c.Version: true, c.Version + 1: false} {
			put, err := tx.PutOff(c.ID, version, later)
			check(t, err)
			equal(t, "put off", put, ok)
		}
		return nil
	})
	off := readRide(t, db, "c")
	equal(t, "put off", off.Booking.DueAt, after(2500))
	equal(t, "goes by a landing", off.Booking.FlightAt, after(3000))
	equal(t, "no other version", off.Version, c.Version)
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownDriver, func(tx dispatch.Tx) error {
		_, err := tx.LockDriver("nobody")
		return err
	})
}

func bookingLists(t *testing.T, open Open) {
	db := open(t)
	his, big, far := scheduled("his", 4000), scheduled("big", 4000), scheduled("far", 6000)
	his.First.Driver, his.First.OpenAt = "D1", after(100)
	big.Seats, far.Pickup.Point.Lat = 6, 40.2
	away := scheduled("away", 4000)
	away.City = "chengdu"
	insertRides(t, db, his, big, far, away, scheduled("b", 5000), scheduled("a", 5000),
		scheduled("early", 3000), heldBy(scheduled("held", 3000), "D1"),
		heldBy(scheduled("also", 2000), "D1"))
	q := dispatch.BookingQuery{City: city, Driver: "D2", Seats: 4, Now: noon}
	list := func(change func(*dispatch.BookingQuery), size int) (ids []dispatch.RideID) {
		of := q
		change(&of)
		for p := (dispatch.Page{Limit: size}); ; {
			rides, err := db.OpenBookings(t.Context(), of, p)
			check(t, err)
			ids = append(ids, rideIDs(rides)...)
			if len(rides) < size {
				return ids
			}
			p.After = dispatch.BookingKey(rides[size-1])
		}
	}
	everybody := []dispatch.RideID{"early", "a", "b", "far"}
	for _, size := range []int{1, 2, 3, 10} {
		equal(t, fmt.Sprint("pages of ", size), list(func(*dispatch.BookingQuery) {}, size),
			everybody)
	}
	with := []dispatch.RideID{"early", "his", "a", "b", "far"}
	equal(t, "his own", list(func(q *dispatch.BookingQuery) { q.Driver = "D1" }, 10), with)
	equal(t, "open", list(func(q *dispatch.BookingQuery) { q.Now = after(100) }, 10), with)
	equal(t, "not open", list(func(q *dispatch.BookingQuery) { q.Now = after(99.999) }, 10),
		everybody)
	equal(t, "with seats", list(func(q *dispatch.BookingQuery) { q.Seats = 6 }, 10),
		[]dispatch.RideID{"early", "big", "a", "b", "far"})
	equal(t, "near", list(func(q *dispatch.BookingQuery) {
		q.Near, q.WithinM = geo.Point{Lat: 39.91, Lng: 116.41}, 5000
	}, 10), []dispatch.RideID{"early", "a", "b"})
	_, err := db.OpenBookings(t.Context(), q, dispatch.Page{})
	wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
}

func flightRides(t *testing.T, open Open) {
	db := open(t)
	flown := func(id dispatch.RideID, pickup float64, f dispatch.Flight) dispatch.Ride {
		r := scheduled(id, pickup)
		r.Booking.Flight = f
		return r
	}
	one := dispatch.Flight{Number: "CA1831", Day: "2013-12-09"}
	other := dispatch.Flight{Number: "CA1831", Day: "2013-12-10"}
	over := flown("over", 4000, one)
	over.State = dispatch.OnTrip
	coming := assigned(flown("coming", 4000, one), "D2")
	away := flown("away", 4000, one)
	away.City = "chengdu"
	insertRides(t, db, flown("b", 4000, one), heldBy(flown("a", 5000, one), "D1"), coming, over,
		away, flown("later", 90_000, other), scheduled("by train", 4000))
	do(t, db, func(tx dispatch.Tx) error {
		list, err := tx.FlightRides(city, one, 10)
		check(t, err)
		equal(t, "on it", rideIDs(list), []dispatch.RideID{"a", "b", "coming"})
		list, err = tx.FlightRides(city, one, 1)
		check(t, err)
		equal(t, "the first", rideIDs(list), []dispatch.RideID{"a"})
		for by, want := range map[float64][]dispatch.Flight{
			3000: nil, 4000: {one}, 100_000: {one, other},
		} {
			flights, err := tx.OpenFlights(city, after(by), 10)
			check(t, err)
			equal(t, fmt.Sprint("flights by ", by), flights, want)
		}
		return nil
	})
}

// The load of promiseBooking: every driver wants every booking, and half of them clash.
const (
	bookDrivers = 6
	bookRides   = 24
	bookEveryS  = 1500 // from one pickup to the next: less than drive, way back and gap
)

// promiseBooking: a booking has one driver, and no driver two that are too near to each other.
func promiseBooking(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		b := newTakes(t, open(t))
		check(t, b.run(t))
		for _, reason := range []dispatch.Reason{
			dispatch.ReasonBookingClash, dispatch.ReasonStep,
		} {
			if b.refused[reason] == 0 {
				t.Errorf("nothing was refused with %s", reason)
			}
		}
	})
	t.Run("MutantCheckThenAct", func(t *testing.T) {
		b := newTakes(t, open(t))
		b.take = b.takeBadly
		b.looked.Add(claimWorkers)
		b.acted.Add(claimWorkers)
		caught(t, b.run(t))
	})
	t.Run("OfOneRider", func(t *testing.T) { bookedAtOnce(t, open(t)) })
}

// bookedAtOnce: a rider who books many times at once has as many bookings as the policy allows.
func bookedAtOnce(t *testing.T, db Database) {
	desk := NewDesk(t, db)
	most := desk.Cities[city].PolicyAt(noon).BookingsEach
	do(t, db, insertRider("R1"))
	var refusals atomic.Int32
	each(8, 3*most, func(i int) {
		_, err := desk.Book(t.Context(), noon,
			dispatch.Once{Identity: "rider:R1", RequestID: fmt.Sprint(i)},
			dispatch.BookRide{
				RequestRide: dispatch.RequestRide{
					City: city, Rider: "R1", Seats: 1, PayBy: money.Cash,
					Pickup:  dispatch.Place{Point: desk.Cities[city].Center},
					Dropoff: dispatch.Place{Point: desk.Cities[city].Center},
				},
				PickupAt: noon.Add(20 * time.Hour),
			})
		if err == nil {
			return
		}
		if refusals.Add(1); dispatch.ReasonOf(err) != dispatch.ReasonTooManyBookings {
			t.Error(err)
		}
	})
	do(t, db, func(tx dispatch.Tx) error {
		n, err := tx.RidersBookings("R1")
		equal(t, "bookings", n, most)
		return err
	})
	equal(t, "refused", int(refusals.Load()), 2*most)
}

// takes is one run of the load.
type takes struct {
	db   Database
	desk *dispatch.Desk
	take func(ctx context.Context, c dispatch.HoldBooking) error

	mu      sync.Mutex
	refused map[dispatch.Reason]int

	looks  atomic.Int32   // of the mutant
	looked sync.WaitGroup // its first ones, before any of them acts
	acted  sync.WaitGroup // likewise, before any other looks
}

func newTakes(t *testing.T, db Database) *takes {
	t.Helper()
	b := &takes{db: db, desk: NewDesk(t, db), refused: map[dispatch.Reason]int{}}
	b.take = b.takeAtDesk
	for i := range bookRides {
		insertRides(t, db, scheduled(bookID(i), float64(7200+i*bookEveryS)))
	}
	do(t, db, func(tx dispatch.Tx) error {
		for i := range bookDrivers {
			driver := dispatch.DriverID(fmt.Sprint("D", i))
			check(t, tx.InsertDriver(dispatch.Driver{ID: driver, City: city}))
			check(t, tx.PutShift(dispatch.Shift{
				Driver: driver, Taxi: dispatch.TaxiID("taxi of " + driver), City: city, Seats: 4,
				Duty: dispatch.OffDuty, ChangedAt: noon,
			}))
		}
		return nil
	})
	return b
}

func bookID(i int) dispatch.RideID { return dispatch.RideID(fmt.Sprintf("B%02d", i)) }

// run puts the load on the store and says how the promise was broken, if it was.
func (b *takes) run(t *testing.T) error {
	t.Helper()
	order := random(t).Perm(bookDrivers * bookRides)
	each(claimWorkers, len(order), func(i int) {
		err := b.take(t.Context(), dispatch.HoldBooking{
			Ride:   bookID(order[i] % bookRides),
			Driver: dispatch.DriverID(fmt.Sprint("D", order[i]/bookRides)),
		})
		if err != nil {
			b.mu.Lock()
			b.refused[dispatch.ReasonOf(err)]++
			b.mu.Unlock()
		}
	})
	taken := 0
	for i := range bookDrivers {
		driver := dispatch.DriverID(fmt.Sprint("D", i))
		held, err := b.held(t.Context(), driver)
		check(t, err)
		taken += len(held)
		for i := 1; i < len(held); i++ {
			apart := held[i].Booking.PickupAt.Sub(held[i-1].Booking.PickupAt)
			if apart < 3*bookEveryS*time.Second {
				return fmt.Errorf("driver %s holds %v, two of them %s apart", driver,
					rideIDs(held), apart)
			}
		}
	}
	if taken < bookRides/2 {
		t.Errorf("%d of %d taken are too few to prove anything", taken, bookRides)
	}
	return nil
}

func (b *takes) held(
	ctx context.Context, driver dispatch.DriverID,
) (held []dispatch.Ride, err error) {
	err = b.db.Tx(ctx, func(tx dispatch.Tx) error {
		held, err = tx.DriversBookings(driver)
		return err
	})
	return held, err
}

func (b *takes) takeAtDesk(ctx context.Context, c dispatch.HoldBooking) error {
	_, err := b.desk.TakeBooking(ctx, noon, onceFor(c.Driver, string(c.Ride)), c)
	return err
}

// takeBadly looks in one transaction and acts in another.
func (b *takes) takeBadly(ctx context.Context, c dispatch.HoldBooking) error {
	held, err := b.held(ctx, c.Driver)
	if b.looks.Add(1) <= claimWorkers {
		b.looked.Done()
		b.looked.Wait()
		defer b.acted.Wait()
		defer b.acted.Done()
	}
	if err != nil {
		return err
	}
	return b.db.Tx(ctx, func(tx dispatch.Tx) error {
		r, err := tx.Ride(c.Ride)
		if err != nil || r.State != dispatch.Scheduled {
			return err
		}
		near := func(other dispatch.Ride) bool {
			apart := r.Booking.PickupAt.Sub(other.Booking.PickupAt)
			return apart.Abs() < 3*bookEveryS*time.Second
		}
		if slices.ContainsFunc(held, near) {
			return nil
		}
		taken := next(heldBy(r, c.Driver), dispatch.Booked, noon)
		return tx.UpdateRide(taken)
	})
}
