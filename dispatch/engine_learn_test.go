package dispatch_test

import (
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
)

// decline is the driver's no to the offer that was pushed.
func (w *town) decline(driver dispatch.DriverID) {
	w.t.Helper()
	_, err := w.desk.Decline(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.AnswerOffer{Offer: w.offers[driver].ID, Driver: driver})
	w.ok(err)
}

// cancel is a rider's who has asked under a name.
func (w *town) cancel(name string, ride dispatch.RideID) {
	w.t.Helper()
	_, err := w.desk.Cancel(w.ctx, w.now, w.key("rider:R"+name),
		dispatch.CancelRide{Ride: ride, Rider: dispatch.RiderID("R" + name)})
	w.ok(err)
}

// wilful is a town with a driver near who has declined ten rides, and one farther away who has
// taken as many.
func wilful(t *testing.T, change func(*dispatch.Policy)) (w *town, no, yes dispatch.DriverID) {
	w = newTown(t, change)
	no, yes = w.taxi("No", w.at(0, 100), 4), w.taxi("Yes", w.at(9000, 0), 4)
	for i := range 10 {
		name := fmt.Sprint("n", i)
		w.fix("No", w.at(0, 100))
		w.fix("Yes", w.at(9000, 0))
		near, far := w.ask(name, w.at(0, 0), 1), w.ask(fmt.Sprint("y", i), w.at(9000, 0), 1)
		w.round()
		w.offered(no, near)
		w.decline(no)
		w.cancel(name, near)
		w.accept(yes)
		w.drive(yes, far, w.desk.Arrive)
		w.drive(yes, far, w.desk.Start)
		_, err := w.desk.Complete(w.ctx, w.now, w.key("driver:DYes"),
			dispatch.CompleteRide{Ride: far, Driver: yes, Meter: metered})
		w.ok(err)
		w.pass(10 * time.Second)
	}
	return w, no, yes
}

// TestWhoDeclinesIsAskedLess: with a price on lost offers the ride goes to the driver who takes
// rides, 60 s farther away; without one to the nearest.
func TestWhoDeclinesIsAskedLess(t *testing.T) {
	for _, price := range []int{0, 300} {
		w, no, yes := wilful(t, func(p *dispatch.Policy) { p.DeclineS = price })
		w.fix("No", w.at(0, 100))
		w.fix("Yes", w.at(0, 500))
		ride := w.ask("last", w.at(0, 0), 1)
		w.round()
		if price == 0 {
			w.offered(no, ride)
		} else {
			w.offered(yes, ride)
		}
		log, _ := w.engine.RoundLog(ride)
		chance := map[dispatch.TaxiID]int{}
		for _, c := range log.Rounds[0].Candidates {
			chance[c.Taxi] = c.ChancePct
			if c.CostS < c.PickupS {
				t.Errorf("cost %d s of a pickup of %d s", c.CostS, c.PickupS)
			}
		}
		if chance["TNo"] < 2 || chance["TNo"] > 40 || chance["TYes"] < chance["TNo"]+25 {
			t.Errorf("the log has the chances %v", chance)
		}
	}
}

// learned is the row of the town's model.
func (w *town) learned() (l dispatch.Learned) {
	w.t.Helper()
	w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) (err error) {
		l, _, err = tx.Learned(w.city.ID)
		return err
	}))
	return l
}

// TestLearnedIsKept: what was learned is written within 30 s of the city's time, and an engine that
// is made anew goes on from there.
func TestLearnedIsKept(t *testing.T) {
	w, _, _ := wilful(t, func(*dispatch.Policy) {})
	w.due()
	l := w.learned()
	if l.Seen != 20 || len(w.answers) != 20 {
		t.Fatalf("learned from %d answers, told of %d, want 20", l.Seen, len(w.answers))
	}
	w.restart()
	w.pass(31 * time.Second)
	w.due()
	if again := w.learned(); !again.At.Equal(l.At) {
		t.Error("written again without anything new")
	}
	w.fix("Yes", w.at(0, 100))
	w.ask("last", w.at(0, 0), 1)
	w.round()
	w.accept("DYes")
	w.due()
	if l = w.learned(); l.Seen != 21 {
		t.Errorf("%d answers after the restart, want 21", l.Seen)
	}
}

// TestEachAnswerTeachesOnce: told twice or out of order, or found in the rows, an answer counts
// once; what says nothing of the driver counts not at all.
func TestEachAnswerTeachesOnce(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	answers := func(want ...bool) {
		t.Helper()
		var got []bool
		for _, a := range w.answers {
			got = append(got, a.Accepted)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("learned from %v, want %v", got, want)
		}
	}
	again := func() {
		for _, n := range w.nudges {
			w.engine.Nudge(n, w.now)
		}
		w.pass(6 * time.Second)
		w.due() // reads the rows
		w.fix("A", w.at(0, 100))
	}
	w.ask("1", w.at(0, 0), 1)
	w.round()
	w.decline(a)
	again()
	answers(false)

	two := w.ask("2", w.at(0, 0), 1)
	w.round()
	w.cancel("2", two) // the offer is withdrawn
	again()
	answers(false)

	w.cancel("1", w.nudges[1].Ride.ID)
	three := w.ask("3", w.at(0, 0), 1)
	w.round()
	w.pass(16 * time.Second) // the offer expires, and no phone has shown it
	again()
	answers(false)
	w.round()
	w.offered(a, three)
	w.ok(w.desk.Delivered(w.ctx, w.now, w.offers[a].ID, a))
	w.pass(16 * time.Second) // now one has
	again()
	answers(false, false)

	w.ask("4", w.at(0, 0), 1)
	w.round()
	w.deaf = true // the claim is found in the rows
	w.accept(a)
	w.deaf = false
	again()
	answers(false, false, true)
}
