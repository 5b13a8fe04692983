package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
)

func regularIDs(list []dispatch.RegularCard) (ids []dispatch.RegularID) {
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	return ids
}

// keeps is a kept regular.
func keeps(
	id dispatch.RegularID, rider dispatch.RiderID, driver dispatch.DriverID,
) dispatch.Regular {
	return dispatch.Regular{
		ID: id, Rider: rider, Driver: driver, State: dispatch.RegularKept,
		ProposedBy: dispatch.SideDriver, Ride: "r", ProposedAt: noon, KeptAt: after(1),
	}
}

func putRegulars(t *testing.T, db Database, list ...dispatch.Regular) {
	t.Helper()
	do(t, db, func(tx dispatch.Tx) error {
		for _, r := range list {
			check(t, tx.PutRegular(r))
		}
		return nil
	})
}

func regulars(t *testing.T, open Open) {
	t.Run("Lists", func(t *testing.T) { regularLists(t, open) })
	t.Run("Promise", func(t *testing.T) { promiseRegulars(t, open) })
	db := open(t)
	first, again := filled[dispatch.Regular](0), filled[dispatch.Regular](100)
	again.Rider, again.Driver = first.Rider, first.Driver
	for _, want := range []dispatch.Regular{first, again} {
		putRegulars(t, db, want)
		do(t, db, func(tx dispatch.Tx) error {
			got, err := tx.Regular(want.ID)
			check(t, err)
			equal(t, "by id", got, want)
			got, ok, err := tx.RegularOf(want.Rider, want.Driver)
			equal(t, "of the two", got, want)
			equal(t, "found", ok, true)
			return err
		})
	}
	unknown := func(tx dispatch.Tx) error {
		_, err := tx.Regular(first.ID)
		return err
	}
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownRegular, unknown)
	do(t, db, func(tx dispatch.Tx) error {
		_, ok, err := tx.RegularOf(first.Rider, "another")
		equal(t, "of two who never met", ok, false)
		return err
	})
	// One id cannot name two pairs, and no row is half a pair or kept at no time.
	taken, alone, early := again, again, keeps("early", "R", "D")
	taken.Rider, early.KeptAt = "another", time.Time{}
	alone.ID, alone.Driver = "alone", ""
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate,
		func(tx dispatch.Tx) error { return tx.PutRegular(taken) })
	for _, bad := range []dispatch.Regular{alone, early} {
		if db.Tx(t.Context(), func(tx dispatch.Tx) error { return tx.PutRegular(bad) }) == nil {
			t.Errorf("kept %+v", bad)
		}
	}
	refused(t, db, dispatch.NotFound, dispatch.ReasonUnknownRider, func(tx dispatch.Tx) error {
		_, err := tx.LockRider("nobody")
		return err
	})
}

func regularLists(t *testing.T, open Open) {
	db, ctx := open(t), t.Context()
	driver, rider := filled[dispatch.Driver](10), filled[dispatch.Rider](20)
	over := keeps("5", rider.ID, "D5")
	over.State, over.EndedBy, over.EndedAt = dispatch.RegularEnded, dispatch.SideRider, after(2)
	putRegulars(t, db, keeps("1", rider.ID, "D1"), keeps("2", "R2", driver.ID),
		keeps("3", rider.ID, driver.ID), keeps("4", "R4", driver.ID), over)
	rated := assigned(searching("rated"), driver.ID)
	rated.State, rated.CompletedAt, rated.RiderStars = dispatch.Settled, noon, 4
	insertRides(t, db, rated)
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.InsertDriver(driver))
		check(t, tx.InsertRider(rider))
		riders, drivers, err := tx.CountRegulars(rider.ID, driver.ID)
		equal(t, "counted", [2]int{riders, drivers}, [2]int{2, 3})
		return err
	})
	his, err := db.RiderRegulars(ctx, rider.ID, dispatch.Page{Limit: 10})
	check(t, err)
	equal(t, "a rider's", regularIDs(his), []dispatch.RegularID{"3", "1"})
	equal(t, "the driver's card", his[0], dispatch.RegularCard{
		Regular: keeps("3", rider.ID, driver.ID), Name: driver.Name, PhotoURI: driver.PhotoURI,
		Stars: 4, Ratings: 1,
	})
	one, err := db.RiderRegular(ctx, rider.ID, "3")
	check(t, err)
	equal(t, "one of a rider's", one, his[0])
	var theirs []dispatch.RegularCard
	for p := (dispatch.Page{Limit: 2}); ; {
		list, err := db.DriverRegulars(ctx, driver.ID, p)
		check(t, err)
		if theirs = append(theirs, list...); len(list) < p.Limit {
			break
		}
		p.After = string(list[p.Limit-1].ID)
	}
	equal(t, "a driver's", regularIDs(theirs), []dispatch.RegularID{"4", "3", "2"})
	equal(t, "the rider's card", theirs[1], dispatch.RegularCard{
		Regular: keeps("3", rider.ID, driver.ID), Name: rider.Name,
	})
	one, err = db.DriverRegular(ctx, driver.ID, "3")
	check(t, err)
	equal(t, "one of a driver's", one, theirs[1])

	// What is somebody else's, has ended or never was is all the same.
	const none = dispatch.ReasonUnknownRegular
	for _, id := range []dispatch.RegularID{"2", "5", "x"} {
		_, err = db.RiderRegular(ctx, rider.ID, id)
		wantError(t, err, dispatch.NotFound, none)
	}
	_, err = db.DriverRegular(ctx, driver.ID, "1")
	wantError(t, err, dispatch.NotFound, none)
	for _, p := range []dispatch.Page{{}, {Limit: dispatch.MaxPage + 1}} {
		_, err = db.RiderRegulars(ctx, rider.ID, p)
		wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
		_, err = db.DriverRegulars(ctx, driver.ID, p)
		wantError(t, err, dispatch.Invalid, dispatch.ReasonField)
	}
}

// The load of promiseRegulars: many riders propose to few drivers at once.
const (
	keepDrivers = 4
	keepRiders  = 30
)

// promiseRegulars: no driver has more regulars than the policy allows, and no two people two.
func promiseRegulars(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		k := newKeeping(t, open(t))
		check(t, k.run(t))
		if k.full.Load() == 0 {
			t.Error("nobody was refused")
		}
	})
	t.Run("MutantCheckThenAct", func(t *testing.T) {
		k := newKeeping(t, open(t))
		k.propose = k.proposeBadly
		k.looked.Add(claimWorkers)
		caught(t, k.run(t))
	})
}

// keeping is one run of the load.
type keeping struct {
	db      Database
	desk    *dispatch.Desk
	most    int // regulars of a driver
	propose func(ctx context.Context, rider, driver int) error
	full    atomic.Int32

	looks  atomic.Int32 // of the mutant
	looked sync.WaitGroup
}

func newKeeping(t *testing.T, db Database) *keeping {
	t.Helper()
	k := &keeping{db: db, desk: NewDesk(t, db), most: 5}
	k.propose = k.proposeAtDesk
	beijing := k.desk.Cities[city].WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.RegularsADriver = k.most
		return p
	})
	k.desk.Cities = dispatch.Cities{city: beijing}
	var driven []dispatch.Ride
	do(t, db, func(tx dispatch.Tx) error {
		for d := range keepDrivers {
			check(t, tx.InsertDriver(dispatch.Driver{ID: keptDriver(d), City: city}))
		}
		for r := range keepRiders {
			check(t, tx.InsertRider(dispatch.Rider{ID: keptRider(r)}))
			for d := range keepDrivers {
				ride := assigned(searching(keptRide(r, d)), keptDriver(d))
				ride.Rider, ride.State, ride.CompletedAt = keptRider(r), dispatch.Settled, noon
				driven = append(driven, ride)
			}
		}
		return nil
	})
	insertRides(t, db, driven...)
	return k
}

func keptDriver(d int) dispatch.DriverID { return dispatch.DriverID(fmt.Sprint("D", d)) }
func keptRider(r int) dispatch.RiderID   { return dispatch.RiderID(fmt.Sprint("R", r)) }
func keptRide(r, d int) dispatch.RideID  { return dispatch.RideID(fmt.Sprint("of R", r, " D", d)) }

// run puts the load on the store, every proposal twice, and says how the promise was broken, if it
// was.
func (k *keeping) run(t *testing.T) error {
	t.Helper()
	order := random(t).Perm(2 * keepRiders * keepDrivers)
	each(claimWorkers, len(order), func(i int) {
		n := order[i] / 2
		err := k.propose(t.Context(), n/keepDrivers, n%keepDrivers)
		switch dispatch.ReasonOf(err) {
		case dispatch.ReasonTooManyRegulars:
			k.full.Add(1)
		default:
			if err != nil {
				t.Error(err)
			}
		}
	})
	for d := range keepDrivers {
		list, err := k.db.DriverRegulars(t.Context(), keptDriver(d), dispatch.Page{Limit: 200})
		check(t, err)
		pairs := map[dispatch.RiderID]bool{}
		for _, r := range list {
			pairs[r.Rider] = true
		}
		if len(list) > k.most || len(pairs) < len(list) {
			return fmt.Errorf("driver %d has %d regulars, the limit is %d: %v",
				d, len(list), k.most, regularIDs(list))
		}
		if len(list) < k.most {
			t.Errorf("driver %d has only %d regulars", d, len(list))
		}
	}
	return nil
}

func (k *keeping) proposeAtDesk(ctx context.Context, r, d int) error {
	_, err := k.desk.ProposeRegular(ctx, noon, onceFor(keptDriver(d), string(keptRide(r, d))),
		dispatch.ProposeRegular{
			Person: dispatch.Person{Driver: keptDriver(d)}, Ride: keptRide(r, d),
		})
	return err
}

// proposeBadly counts in one transaction and writes in another.
func (k *keeping) proposeBadly(ctx context.Context, r, d int) error {
	var n int
	err := k.db.Tx(ctx, func(tx dispatch.Tx) (err error) {
		_, n, err = tx.CountRegulars(keptRider(r), keptDriver(d))
		return err
	})
	if k.looks.Add(1) <= claimWorkers {
		k.looked.Done()
		k.looked.Wait()
	}
	if err != nil || n >= k.most {
		return err
	}
	return k.db.Tx(ctx, func(tx dispatch.Tx) error {
		return tx.PutRegular(keeps(
			dispatch.RegularID(keptRide(r, d)), keptRider(r), keptDriver(d)))
	})
}
