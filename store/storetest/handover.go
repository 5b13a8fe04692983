package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"hexhail/dispatch"
)

// handing is a booking that its driver offers to a team, or to one driver of it.
func handing(
	r dispatch.Ride, driver dispatch.DriverID, team dispatch.TeamID, to dispatch.DriverID,
) dispatch.Ride {
	r = heldBy(r, driver)
	r.Booking.HandOver = dispatch.HandOver{Team: team, To: to}
	return r
}

func handOvers(t *testing.T, open Open) {
	t.Run("Lists", func(t *testing.T) { handOverLists(t, open) })
	t.Run("Plates", func(t *testing.T) { plateAhead(t, open) })
	db := open(t)
	h := filled[dispatch.HandedOver](0)
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.InsertHandOver(h))
		got, ok, err := tx.HandOverOf(h.Ride)
		equal(t, "record", got, h)
		equal(t, "is there", ok, true)
		check(t, err)
		_, ok, err = tx.HandOverOf("another")
		equal(t, "another's", ok, false)
		return err
	})
	h.From, h.To = h.To, "D3"
	refused(t, db, dispatch.Conflict, dispatch.ReasonHandedOver, func(tx dispatch.Tx) error {
		return tx.InsertHandOver(h)
	})
}

// offeringTown is two teams whose drivers offer bookings: D1 of team A two to everybody and one to
// D2, D5 of team B one. D4 is only invited to A, D6 has left it.
func offeringTown(t *testing.T, db Database) {
	t.Helper()
	const joined = dispatch.MemberJoined
	insertMembers(t, db, placeIn("1", "A", "D1", joined), placeIn("2", "A", "D2", joined),
		placeIn("3", "A", "D3", joined), placeIn("4", "A", "D4", dispatch.MemberInvited),
		placeIn("5", "B", "D5", joined))
	taken, dropped := handing(scheduled("taken", 4000), "D1", "A", ""), scheduled("free", 4000)
	taken.Booking.HandOver.At, dropped.Booking.HandOver.Team = noon, "A"
	six := handing(scheduled("six", 4500), "D1", "A", "")
	six.Seats = 6
	insertRides(t, db, handing(scheduled("late", 5000), "D1", "A", ""),
		handing(scheduled("soon", 3000), "D1", "A", ""), six, taken, dropped,
		handing(scheduled("for D2", 4000), "D1", "A", "D2"),
		handing(scheduled("of B", 4000), "D5", "B", ""),
		handing(scheduled("left", 4000), "D6", "A", ""), heldBy(scheduled("own", 4000), "D1"))
	do(t, db, func(tx dispatch.Tx) error {
		return tx.InsertDriver(dispatch.Driver{ID: "D1", City: city, Name: "王师傅"})
	})
}

// handOverLists: a driver sees what others of the team offer to everybody or to them, and who does.
func handOverLists(t *testing.T, open Open) {
	db := open(t)
	offeringTown(t, db)
	list := func(q dispatch.HandOverQuery, size int) (ids []dispatch.RideID) {
		t.Helper()
		for p := (dispatch.Page{Limit: size}); ; {
			cards, err := db.HandOvers(t.Context(), q, p)
			check(t, err)
			for _, c := range cards {
				ids = append(ids, c.Ride.ID)
				if c.Ride.Driver == "D1" {
					equal(t, "who offers "+string(c.Ride.ID), c.From, "王师傅")
				}
				one, err := db.HandOver(t.Context(), q, c.Ride.ID)
				check(t, err)
				equal(t, "one", one, c)
			}
			if len(cards) < size {
				return ids
			}
			p.After = dispatch.BookingKey(cards[size-1].Ride)
		}
	}
	for _, size := range []int{1, 2, 10} {
		for driver, want := range map[dispatch.DriverID][]dispatch.RideID{
			"D1": nil, "D2": {"soon", "for D2", "late"}, "D3": {"soon", "late"},
			"D4": nil, "D5": nil, "D6": nil, "nobody": nil, "": nil,
		} {
			equal(t, fmt.Sprintf("pages of %d to %q", size, driver),
				list(dispatch.HandOverQuery{Driver: driver, Seats: 4, After: noon}, size), want)
		}
	}
	q := dispatch.HandOverQuery{Driver: "D3", Seats: 6, After: after(2999.999)}
	equal(t, "with seats", list(q, 9), []dispatch.RideID{"soon", "six", "late"})
	q.After = after(3000)
	equal(t, "not too late", list(q, 9), []dispatch.RideID{"six", "late"})
	for _, id := range []dispatch.RideID{"soon", "for D2", "of B", "left", "taken", "none", ""} {
		_, err := db.HandOver(t.Context(), q, id)
		wantError(t, err, dispatch.NotFound, dispatch.ReasonUnknownRide)
	}
	_, err := db.HandOvers(t.Context(), q, dispatch.Page{})
	wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
}

// plateAhead: the rider of a booking sees the plate of the taxi that its driver is on shift with.
func plateAhead(t *testing.T, open Open) {
	db := open(t)
	r := heldBy(scheduled("R", 9000), "D1")
	insertRides(t, db, r)
	plate := func(want string) {
		t.Helper()
		card, err := db.RideCard(t.Context(), r.Rider, r.ID)
		check(t, err)
		equal(t, "plate", card.Plate, want)
	}
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.InsertTaxi(dispatch.Taxi{ID: "T1", City: city, Plate: "京B12345"}))
		return tx.InsertDriver(dispatch.Driver{ID: "D1", City: city})
	})
	plate("")
	do(t, db, func(tx dispatch.Tx) error {
		return tx.PutShift(dispatch.Shift{
			Driver: "D1", Taxi: "T1", City: city, Duty: dispatch.OffDuty, ChangedAt: noon,
		})
	})
	plate("京B12345")
	r = next(assigned(r, "D1"), dispatch.Assigned, noon)
	do(t, db, func(tx dispatch.Tx) error { return tx.UpdateRide(r) })
	plate("") // comes with another taxi, of which nothing is known
}

// The load of promiseHandOver: all of a team want each booking that one of them offers.
const (
	handDrivers = 8
	handRides   = 24
	handEveryS  = 9000 // from one pickup to the next: no two of them clash
)

// promiseHandOver: a booking is handed over once, however many want it, and to nobody else
// afterwards. The index holds that whatever the code does.
func promiseHandOver(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		h := newHands(t, open(t))
		check(t, h.run(t))
		if n := h.refused[dispatch.ReasonHandedOver]; n < handRides {
			t.Errorf("only %d came too late: %v", n, h.refused)
		}
		h.again(t)
	})
	t.Run("KeptByIndex", func(t *testing.T) {
		h := newHands(t, open(t))
		h.take = h.takeBadly
		check(t, h.run(t))
	})
	t.Run("MutantNoIndex", func(t *testing.T) {
		db := open(t)
		remove(t, db, handOverIndex)
		h := newHands(t, db)
		h.take = h.takeBadly
		caught(t, h.run(t))
	})
}

// hands is one run of the load.
type hands struct {
	db   Database
	desk *dispatch.Desk
	take func(ctx context.Context, c dispatch.HoldBooking) error
	look map[dispatch.RideID]*sync.WaitGroup // of the mutant: until all have looked

	mu      sync.Mutex
	refused map[dispatch.Reason]int
	took    map[dispatch.RideID][]dispatch.DriverID
}

func newHands(t *testing.T, db Database) *hands {
	t.Helper()
	h := &hands{
		db: db, desk: NewDesk(t, db), refused: map[dispatch.Reason]int{},
		took: map[dispatch.RideID][]dispatch.DriverID{},
		look: map[dispatch.RideID]*sync.WaitGroup{},
	}
	h.take = func(ctx context.Context, c dispatch.HoldBooking) error {
		_, err := h.desk.TakeOverBooking(ctx, noon, onceFor(c.Driver, string(c.Ride)), c)
		return err
	}
	for i := range handDrivers {
		driver := dispatch.DriverID(fmt.Sprint("D", i))
		insertMembers(t, db, placeIn(dispatch.MemberID(fmt.Sprint("M", i)), "A", driver,
			dispatch.MemberJoined))
		do(t, db, func(tx dispatch.Tx) error {
			check(t, tx.InsertDriver(dispatch.Driver{ID: driver, City: city}))
			return tx.PutShift(dispatch.Shift{
				Driver: driver, Taxi: dispatch.TaxiID("taxi of " + driver), City: city, Seats: 4,
				Duty: dispatch.OnDuty, ChangedAt: noon,
			})
		})
	}
	for i := range handRides {
		r := heldBy(scheduled(bookID(i), float64(9000+i*handEveryS)), h.owner(i))
		insertRides(t, db, r)
		_, err := h.desk.HandOverBooking(t.Context(), noon, onceFor(r.Driver, "offer"+string(r.ID)),
			dispatch.HandOverBooking{Ride: r.ID, Driver: r.Driver})
		check(t, err)
		h.look[r.ID] = &sync.WaitGroup{}
		h.look[r.ID].Add(handDrivers - 1)
	}
	return h
}

// owner has the booking at first.
func (h *hands) owner(i int) dispatch.DriverID {
	return dispatch.DriverID(fmt.Sprint("D", i%handDrivers))
}

// run has all the others take each booking at once, and says how the promise was broken, if it was.
func (h *hands) run(t *testing.T) error {
	t.Helper()
	var all sync.WaitGroup
	for i := range handRides {
		for d := range handDrivers {
			c := dispatch.HoldBooking{
				Ride: bookID(i), Driver: dispatch.DriverID(fmt.Sprint("D", d)),
			}
			if c.Driver != h.owner(i) {
				all.Go(func() { h.note(c, h.take(t.Context(), c)) })
			}
		}
	}
	all.Wait()
	return h.judge(t)
}

func (h *hands) note(c dispatch.HoldBooking, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		h.refused[dispatch.ReasonOf(err)]++
		return
	}
	h.took[c.Ride] = append(h.took[c.Ride], c.Driver)
}

// judge compares what the drivers were told with the rows.
func (h *hands) judge(t *testing.T) (broken error) {
	t.Helper()
	do(t, h.db, func(tx dispatch.Tx) error {
		for i := range handRides {
			r, err := tx.Ride(bookID(i))
			check(t, err)
			record, ok, err := tx.HandOverOf(r.ID)
			check(t, err)
			took := h.took[r.ID]
			if len(took) != 1 || !ok || r.Driver != took[0] || record.To != took[0] ||
				record.From != h.owner(i) {
				broken = fmt.Errorf("%s of %s went to %v, is %s's, on record %+v", r.ID,
					h.owner(i), took, r.Driver, record)
			}
		}
		return nil
	})
	return broken
}

// again has who took a booking offer it, and the one who had it at first want it back.
func (h *hands) again(t *testing.T) {
	t.Helper()
	for i := range handRides {
		ride := bookID(i)
		has := h.took[ride][0]
		_, err := h.desk.HandOverBooking(t.Context(), noon, onceFor(has, "again"+string(ride)),
			dispatch.HandOverBooking{Ride: ride, Driver: has})
		wantError(t, err, dispatch.Conflict, dispatch.ReasonHandedOver)
		_, err = h.desk.TakeOverBooking(t.Context(), noon, onceFor(h.owner(i), "back"+string(ride)),
			dispatch.HoldBooking{Ride: ride, Driver: h.owner(i)})
		wantError(t, err, dispatch.Conflict, dispatch.ReasonHandedOver)
	}
}

// takeBadly looks in one transaction whether the booking was handed over, and acts in another, as
// often as the ride has changed meanwhile.
func (h *hands) takeBadly(ctx context.Context, c dispatch.HoldBooking) error {
	var r dispatch.Ride
	err := h.db.View(ctx, func(tx dispatch.Tx) (err error) {
		r, err = tx.Ride(c.Ride)
		return err
	})
	h.look[c.Ride].Done()
	h.look[c.Ride].Wait()
	if err != nil || !r.Booking.HandOver.At.IsZero() {
		return err
	}
	for range 4 * handDrivers {
		err = h.db.Tx(ctx, func(tx dispatch.Tx) error { return actBadly(tx, c) })
		if dispatch.ReasonOf(err) != dispatch.ReasonStale || err == nil {
			return err
		}
	}
	return err
}

func actBadly(tx dispatch.Tx, c dispatch.HoldBooking) error {
	r, err := tx.Ride(c.Ride)
	if err != nil {
		return err
	}
	record := dispatch.HandedOver{
		Ride: r.ID, City: r.City, Team: "A", From: r.Driver, To: c.Driver, At: noon,
	}
	r.Driver, r.Booking.HandOver.At = c.Driver, noon
	if err := tx.UpdateRide(next(r, dispatch.Booked, noon)); err != nil {
		return err
	}
	return tx.InsertHandOver(record)
}
