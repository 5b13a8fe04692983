package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
)

// complained is a complaint of one side of a ride, so many seconds after noon.
func complained(ride dispatch.RideID, by dispatch.Side, made float64) dispatch.Complaint {
	c := dispatch.Complaint{
		Ride: ride, By: by, City: city, Rider: "R1", Driver: "D1", Cause: dispatch.CauseRude,
		Text: "他说脏话", State: dispatch.ComplaintOpen, MadeAt: after(made),
	}
	if by == dispatch.SideDriver {
		c.Cause = dispatch.CauseNoShow
	}
	return c
}

// ruled is a complaint that ops have decided.
func ruled(c dispatch.Complaint, state dispatch.ComplaintState) dispatch.Complaint {
	c.State, c.DecidedBy, c.Note, c.DecidedAt = state, "ops:O1", "by the trace", after(9000)
	return c
}

func contested(c dispatch.Complaint, at float64) dispatch.Complaint {
	c.State, c.Contest, c.ContestedAt = dispatch.ComplaintContested, "it was not so", after(at)
	return c
}

func complaints(t *testing.T, open Open) {
	t.Run("Lists", func(t *testing.T) { complaintLists(t, open) })
	t.Run("Constraints", func(t *testing.T) { complaintConstraints(t, open) })
	t.Run("Promise", func(t *testing.T) { promiseSuspension(t, open) })
	db := open(t)
	insert := func(c dispatch.Complaint) func(dispatch.Tx) error {
		return func(tx dispatch.Tx) error { return tx.InsertComplaint(c) }
	}
	first := complained("r1", dispatch.SideDriver, 0)
	do(t, db, insert(first))
	refused(t, db, dispatch.Conflict, dispatch.ReasonComplained, insert(first))
	do(t, db, insert(complained("r1", dispatch.SideRider, 1))) // the other side's
	read := func(c dispatch.Complaint) (got dispatch.Complaint) {
		do(t, db, func(tx dispatch.Tx) (err error) {
			got, err = tx.Complaint(c.Ride, c.By)
			return err
		})
		return got
	}
	equal(t, "written", read(first), first)
	spoken := contested(first, 50)
	do(t, db, func(tx dispatch.Tx) error {
		return tx.UpdateComplaint(spoken, dispatch.ComplaintOpen)
	})
	equal(t, "contested", read(first), spoken)
	refused(t, db, dispatch.Conflict, dispatch.ReasonStale, func(tx dispatch.Tx) error {
		return tx.UpdateComplaint(spoken, dispatch.ComplaintOpen)
	})
	done := ruled(spoken, dispatch.ComplaintUpheld)
	do(t, db, func(tx dispatch.Tx) error {
		return tx.UpdateComplaint(done, dispatch.ComplaintContested)
	})
	equal(t, "decided", read(first), done)
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownComplaint,
		func(tx dispatch.Tx) error {
			_, err := tx.Complaint("r2", dispatch.SideDriver)
			return err
		})
}

// complaintLists is what counts, and who sees what.
func complaintLists(t *testing.T, open Open) {
	db := open(t)
	insertRides(t, db, searching("a"), searching("b"))
	a := contested(complained("a", dispatch.SideDriver, 30), 80)
	b := contested(complained("b", dispatch.SideDriver, 10), 70)
	upheld := ruled(complained("c", dispatch.SideDriver, 20), dispatch.ComplaintUpheld)
	dropped := ruled(complained("d", dispatch.SideDriver, 5), dispatch.ComplaintDropped)
	mine, away := complained("a", dispatch.SideRider, 40), contested(
		complained("e", dispatch.SideDriver, 1), 60)
	away.City, away.Rider, away.Driver = "chengdu", "R2", "D2"
	do(t, db, func(tx dispatch.Tx) error {
		for _, c := range []dispatch.Complaint{a, b, upheld, dropped, mine, away} {
			check(t, tx.InsertComplaint(c))
		}
		made, err := tx.AgainstRider("R1")
		check(t, err)
		equal(t, "against the rider", made, []time.Time{after(10), after(20), after(30)})
		made, err = tx.AgainstDriver("D1")
		check(t, err)
		equal(t, "against the driver", made, []time.Time{after(40)})
		made, err = tx.AgainstDriver("D2")
		equal(t, "nothing against this one", len(made), 0)
		return err
	})
	for _, size := range []int{1, 2, 10} {
		of := func(read func(dispatch.Page) ([]dispatch.Complaint, error)) []dispatch.Complaint {
			return paged(t, size, read, dispatch.ComplaintKey)
		}
		want := []dispatch.Complaint{dropped, upheld, b, mine, a}
		equal(t, "a rider's", of(func(p dispatch.Page) ([]dispatch.Complaint, error) {
			return db.RiderComplaints(t.Context(), "R1", p)
		}), want)
		equal(t, "a driver's", of(func(p dispatch.Page) ([]dispatch.Complaint, error) {
			return db.DriverComplaints(t.Context(), "D1", p)
		}), want)
		list := paged(t, size, func(p dispatch.Page) ([]dispatch.Contested, error) {
			return db.Contests(t.Context(), city, p)
		}, func(c dispatch.Contested) string { return dispatch.ContestKey(c.Complaint) })
		equal(t, "contests", list, []dispatch.Contested{
			{Complaint: b, Ride: searching("b")}, {Complaint: a, Ride: searching("a")},
		})
	}
	_, err := db.Contests(t.Context(), city, dispatch.Page{})
	wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
}

// paged reads a whole list by pages of a size.
func paged[T any](
	t testing.TB, size int, read func(dispatch.Page) ([]T, error), key func(T) string,
) (list []T) {
	t.Helper()
	for p := (dispatch.Page{Limit: size}); ; {
		rows, err := read(p)
		check(t, err)
		list = append(list, rows...)
		if len(rows) < size {
			return list
		}
		p.After = key(rows[size-1])
	}
}

// complaintConstraints are kept by the database, whatever the code above does.
func complaintConstraints(t *testing.T, open Open) {
	db := open(t)
	good := complained("r", dispatch.SideDriver, 0)
	for name, change := range map[string]func(*dispatch.Complaint){
		"of nobody":       func(c *dispatch.Complaint) { c.Rider = "" },
		"of no driver":    func(c *dispatch.Complaint) { c.Driver = "" },
		"of the system":   func(c *dispatch.Complaint) { c.By = dispatch.SideSystem },
		"without a cause": func(c *dispatch.Complaint) { c.Cause = "" },
		"a rider's cause": func(c *dispatch.Complaint) { c.Cause = dispatch.CauseRude },
		"without a state": func(c *dispatch.Complaint) { c.State = 0 },
		"contested at no time": func(c *dispatch.Complaint) {
			c.State = dispatch.ComplaintContested
		},
		"decided at no time": func(c *dispatch.Complaint) { c.State = dispatch.ComplaintUpheld },
		"decided by nobody": func(c *dispatch.Complaint) {
			*c = ruled(*c, dispatch.ComplaintDropped)
			c.DecidedBy = ""
		},
		"decided and open": func(c *dispatch.Complaint) { c.DecidedAt = after(1) },
	} {
		bad := good
		change(&bad)
		err := db.Tx(t.Context(), func(tx dispatch.Tx) error { return tx.InsertComplaint(bad) })
		if err == nil {
			t.Errorf("a complaint %s was written", name)
		}
	}
	do(t, db, func(tx dispatch.Tx) error { return tx.InsertComplaint(good) })
}

// suspensionLimit complaints suspend; so many are made at once.
const suspensionLimit = 8

// promiseSuspension: of complaints at once none is overlooked, and the last one puts the driver off
// duty.
func promiseSuspension(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		s := newSuspended(t, open(t))
		s.complain = s.complainAtDesk
		check(t, s.run(t))
	})
	t.Run("MutantCountThenAct", func(t *testing.T) {
		s := newSuspended(t, open(t))
		s.complain = s.complainBadly
		s.counted.Add(suspensionLimit)
		caught(t, s.run(t))
	})
}

// suspended is one run of the load.
type suspended struct {
	db       Database
	desk     *dispatch.Desk
	complain func(ctx context.Context, ride dispatch.RideID) error
	counted  sync.WaitGroup // of the mutant: everybody, before anybody acts
}

func newSuspended(t *testing.T, db Database) *suspended {
	t.Helper()
	s := &suspended{db: db, desk: NewDesk(t, db)}
	of := s.desk.Cities[city]
	of.Policies = slices.Clone(of.Policies)
	for i := range of.Policies {
		policy := &of.Policies[i].Policy
		policy.ComplaintLimit, policy.ComplaintSuspendDays = suspensionLimit, 7
	}
	s.desk.Cities = dispatch.Cities{city: of}
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.InsertDriver(dispatch.Driver{ID: "D1", City: city}))
		return tx.PutShift(dispatch.Shift{
			Driver: "D1", Taxi: "T1", City: city, Seats: 4, Duty: dispatch.OnDuty, ChangedAt: noon,
		})
	})
	for i := range suspensionLimit {
		r := searching(complainedRide(i))
		r.State, r.Driver, r.EndedAt = dispatch.Cancelled, "D1", noon
		insertRides(t, db, r)
	}
	return s
}

func complainedRide(i int) dispatch.RideID { return dispatch.RideID(fmt.Sprintf("C%02d", i)) }

func (s *suspended) run(t *testing.T) error {
	t.Helper()
	each(suspensionLimit, suspensionLimit, func(i int) {
		check(t, s.complain(t.Context(), complainedRide(i)))
	})
	var shift dispatch.Shift
	var made []time.Time
	do(t, s.db, func(tx dispatch.Tx) (err error) {
		if made, err = tx.AgainstDriver("D1"); err != nil {
			return err
		}
		shift, _, err = tx.Shift("D1")
		return err
	})
	if len(made) != suspensionLimit {
		return fmt.Errorf("%d complaints count, of %d", len(made), suspensionLimit)
	}
	if shift.Duty != dispatch.OffDuty {
		return fmt.Errorf("the driver is %s after %d complaints", shift.Duty, len(made))
	}
	return nil
}

func (s *suspended) complainAtDesk(ctx context.Context, ride dispatch.RideID) error {
	_, err := s.desk.Complain(ctx, noon, onceFor("D1", string(ride)), dispatch.MakeComplaint{
		Ride: ride, Rider: "of " + dispatch.RiderID(ride), Cause: dispatch.CauseRude,
	})
	return err
}

// complainBadly counts in one transaction and acts in another.
func (s *suspended) complainBadly(ctx context.Context, ride dispatch.RideID) error {
	var made []time.Time
	err := s.db.Tx(ctx, func(tx dispatch.Tx) (err error) {
		made, err = tx.AgainstDriver("D1")
		return err
	})
	s.counted.Done()
	s.counted.Wait()
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx dispatch.Tx) error {
		if len(made)+1 >= suspensionLimit {
			shift, _, err := tx.Shift("D1")
			if err != nil {
				return err
			}
			if err := tx.PutShift(shift.Leave()); err != nil {
				return err
			}
		}
		c := complained(ride, dispatch.SideRider, 0)
		c.Rider = "of " + dispatch.RiderID(ride)
		return tx.InsertComplaint(c)
	})
}
