package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/store"
)

// answer is a driver's word, given by a process that stops between reading its clock and acting.
type answer struct {
	offer dispatch.Offer
	now   time.Time // as it was read
	stop  func()
}

// promiseExpiry: an expired or withdrawn offer cannot be accepted, not by a millisecond and not by
// a process that was stopped.
func promiseExpiry(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		db := open(t)
		if err := expire(t, db, acceptAtDesk(t, db)); err != nil {
			t.Error(err)
		}
	})
	if open(t).Postgres { // elsewhere nobody moves while a transaction stands still
		t.Run("StoppedInside", func(t *testing.T) { stoppedInside(t, open) })
	}
	t.Run("MutantCheckBefore", func(t *testing.T) {
		db := open(t)
		caught(t, expire(t, db, func(a answer) error {
			var open []dispatch.Offer
			do(t, db, func(tx dispatch.Tx) (err error) {
				open, err = tx.OpenOffers(dispatch.OfferQuery{Driver: a.offer.Driver})
				return err
			})
			if len(open) == 0 || !a.now.Before(open[0].ExpiresAt) {
				return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonOfferExpired, "expired")
			}
			a.stop()
			return seize(t, db, a.offer)
		}))
	})
	t.Run("MutantOffByOne", func(t *testing.T) {
		db := open(t)
		caught(t, expire(t, db, func(a answer) error {
			a.stop()
			var open []dispatch.Offer
			do(t, db, func(tx dispatch.Tx) (err error) {
				open, err = tx.OpenOffers(dispatch.OfferQuery{Driver: a.offer.Driver})
				return err
			})
			if len(open) == 0 || a.now.After(open[0].ExpiresAt) {
				return dispatch.Errorf(dispatch.Conflict, dispatch.ReasonOfferExpired, "expired")
			}
			return seize(t, db, a.offer)
		}))
	})
}

func acceptAtDesk(t *testing.T, db Database) func(answer) error {
	desk := NewDesk(t, db)
	return func(a answer) error {
		a.stop()
		_, err := desk.Accept(t.Context(), a.now, dispatch.Once{
			Identity: "driver:" + string(a.offer.Driver), RequestID: string(a.offer.ID),
		}, dispatch.AnswerOffer{Offer: a.offer.ID, Driver: a.offer.Driver})
		return err
	}
}

// seize gives the ride to the driver without looking.
func seize(t testing.TB, db Database, o dispatch.Offer) error {
	err := db.SQL(t.Context(), fmt.Sprintf(
		`UPDATE offer SET state = 'accepted' WHERE id = '%s'`, o.ID))
	if err != nil {
		return err
	}
	return db.SQL(t.Context(), fmt.Sprintf(`UPDATE ride SET state = 'assigned', slot = 'current',
		driver = '%s', taxi = '%s', version = version + 1 WHERE id = '%s'`,
		o.Driver, o.Taxi, o.Ride))
}

// expire tries answers around the time at which an offer of 15 s ends.
func expire(t *testing.T, db Database, accept func(answer) error) error {
	t.Helper()
	on := func() {}
	for i, test := range []struct {
		ms   int
		good bool
	}{{0, true}, {14_999, true}, {15_000, false}, {15_001, false}, {45_000, false}} {
		o := offered(dispatch.OfferID(fmt.Sprint("o", i)), dispatch.RideID(fmt.Sprint("r", i)),
			dispatch.DriverID(fmt.Sprint("D", i)))
		insertRides(t, db, searching(o.Ride))
		makeOffer(t, db, o)
		now := noon.Add(time.Duration(test.ms) * time.Millisecond)
		err := accept(answer{offer: o, now: now, stop: on})
		switch {
		case err == nil && !test.good:
			return fmt.Errorf("an offer of 15 s was accepted after %d ms", test.ms)
		case err != nil && test.good:
			return fmt.Errorf("an offer of 15 s, accepted after %d ms: %w", test.ms, err)
		case err != nil:
			wantError(t, err, dispatch.Conflict, dispatch.ReasonOfferExpired)
		}
	}
	// The clock is read 1 ms before the end; then the process stands still for 30 s.
	mine, theirs := offered("mine", "r", "D"), offered("theirs", "r", "E")
	theirs.MadeAt, theirs.ExpiresAt = after(15), after(30)
	insertRides(t, db, searching("r"))
	makeOffer(t, db, mine)
	err := accept(answer{offer: mine, now: after(14.999), stop: func() {
		if !makeOffer(t, db, theirs) {
			t.Error("not offered to another driver")
		}
		if err := accept(answer{offer: theirs, now: after(20), stop: on}); err != nil {
			t.Errorf("the other driver: %v", err)
		}
	}})
	if err == nil {
		return fmt.Errorf("ride r is %s's and was given to D", readRide(t, db, "r").Driver)
	}
	equal(t, "the ride's driver", readRide(t, db, "r").Driver, "E")
	return nil
}

// stoppedInside stops the process inside the transaction, right before the statement that accepts.
// Only where others can go on meanwhile is there anything to see.
func stoppedInside(t *testing.T, open Open) {
	var stopped atomic.Bool
	reached, goOn := make(chan struct{}), make(chan struct{})
	db := open(t, store.WithPause(func(point string) {
		if point == store.PauseAccept && stopped.CompareAndSwap(false, true) {
			close(reached)
			<-goOn
		}
	}))
	mine, theirs := offered("mine", "r", "D"), offered("theirs", "r", "E")
	theirs.MadeAt, theirs.ExpiresAt = after(15), after(30)
	insertRides(t, db, searching("r"))
	makeOffer(t, db, mine)
	accept := acceptAtDesk(t, db)
	late := make(chan error)
	go func() { late <- accept(answer{offer: mine, now: after(14.999), stop: func() {}}) }()
	<-reached
	if !makeOffer(t, db, theirs) {
		t.Error("not offered to another driver")
	}
	check(t, accept(answer{offer: theirs, now: after(20), stop: func() {}}))
	close(goOn)
	wantError(t, <-late, dispatch.Conflict, dispatch.ReasonOfferExpired)
	equal(t, "the ride's driver", readRide(t, db, "r").Driver, "E")
}
