package dispatch_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
)

func TestRoundOffersTheBestPairs(t *testing.T) {
	// B is nearest for both rides. First come, first served would send A far away; the joint
	// pairing gives A to the first ride and B to the second.
	w := newTown(t)
	a := w.taxi("A", w.at(0, -600), 4)
	b := w.taxi("B", w.at(0, 400), 4)
	one := w.ask("1", w.at(0, 0), 1)
	two := w.ask("2", w.at(0, 900), 1)
	if stats := w.round(); stats.Offers != 2 || stats.Edges != 4 {
		t.Errorf("stats %+v, want 2 offers of 4 pairs", stats)
	}
	w.offered(a, one)
	w.offered(b, two)
	if got := w.accept(b); got != two {
		t.Errorf("B has %s, want %s", got, two)
	}
	if r := w.ride(two); r.State != dispatch.Assigned || r.Driver != b {
		t.Errorf("ride %+v", r)
	}
}

func TestNearestIsFirstComeFirstServed(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.Mode = dispatch.Nearest })
	a := w.taxi("A", w.at(0, -600), 4)
	b := w.taxi("B", w.at(0, 400), 4)
	one := w.ask("1", w.at(0, 0), 1)
	w.pass(time.Second)
	two := w.ask("2", w.at(0, 900), 1)
	w.round()
	w.offered(b, one)
	w.offered(a, two)
}

func TestScarceTaxisGoToNearRides(t *testing.T) {
	w := newTown(t)
	far := w.ask("far", w.at(3000, 0), 1)
	w.pass(time.Second)
	near := w.ask("near", w.at(100, 0), 1)
	a := w.taxi("A", w.at(0, 0), 4)
	w.round()
	w.offered(a, near)
	log, ok := w.engine.RoundLog(far)
	if !ok || log.Looked != 1 || log.Rounds[0].Candidates[0].Verdict != dispatch.BetterElsewhere {
		t.Errorf("log of the far ride: %+v", log)
	}
}

func TestFiltersAreLogged(t *testing.T) {
	w := newTown(t)
	small := w.taxi("small", w.at(0, 100), 2)
	w.taxi("far", w.at(9000, 0), 4)
	ride := w.ask("1", w.at(0, 0), 4)
	if stats := w.round(); stats.Offers != 0 {
		t.Fatalf("%d offers, want none", stats.Offers)
	}
	log, _ := w.engine.RoundLog(ride)
	got := map[dispatch.TaxiID]dispatch.Verdict{}
	for _, c := range log.Rounds[0].Candidates {
		got[c.Taxi] = c.Verdict
	}
	want := map[dispatch.TaxiID]dispatch.Verdict{
		"Tsmall": dispatch.TooFewSeats, "Tfar": dispatch.TooFar,
	}
	for taxi, verdict := range want {
		if got[taxi] != verdict {
			t.Errorf("%s: %v, want %v", taxi, got[taxi], verdict)
		}
	}
	w.offered(small, "")
}

func TestDeclinedPairIsNotTriedAgain(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	b := w.taxi("B", w.at(0, 2000), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.round()
	w.offered(a, ride)
	_, err := w.desk.Decline(w.ctx, w.now, w.key("driver:DA"),
		dispatch.AnswerOffer{Offer: w.offers[a].ID, Driver: a})
	w.ok(err)
	w.pass(time.Second)
	w.round()
	w.offered(b, ride)
	w.offered(a, "")
	w.restart() // knows it from the rows
	w.fix("A", w.at(0, 100))
	w.fix("B", w.at(0, 2000))
	_, err = w.desk.Decline(w.ctx, w.now, w.key("driver:DB"),
		dispatch.AnswerOffer{Offer: w.offers[b].ID, Driver: b})
	w.ok(err)
	w.pass(time.Second)
	w.fix("A", w.at(0, 100))
	w.fix("B", w.at(0, 2000))
	if stats := w.round(); stats.Offers != 0 || stats.Idle != 2 {
		t.Errorf("%+v: want two idle taxis that have both declined", stats)
	}
}

func TestThreeSilentOffersPutOffDuty(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	for i, name := range []string{"1", "2", "3"} {
		w.fix("A", w.at(0, 100))
		ride := w.ask(name, w.at(0, 0), 1)
		w.round()
		w.offered(a, ride)
		w.ok(w.desk.Delivered(w.ctx, w.now, w.offers[a].ID, a))
		w.pass(14 * time.Second)
		w.due()
		w.offered(a, ride)
		w.pass(time.Second)
		w.due()
		w.offered(a, "")
		if off := len(w.shifts) == 1; off != (i == 2) {
			t.Fatalf("after %d silent offers: off duty %v", i+1, off)
		}
	}
	if s := w.shifts[0]; s.Driver != a || s.Duty != dispatch.OffDuty {
		t.Errorf("pushed %+v", s)
	}
	w.fix("A", w.at(0, 100))
	w.ask("4", w.at(0, 0), 1)
	if stats := w.round(); stats.Idle != 0 || stats.Offers != 0 {
		t.Errorf("%+v: a driver off duty gets no offers", stats)
	}
	w.duty(a, dispatch.OnDuty)
	w.pass(time.Second)
	w.fix("A", w.at(0, 100))
	if stats := w.round(); stats.Offers != 1 {
		t.Errorf("%+v: back on duty", stats)
	}
}

func TestUndeliveredOfferIsNotSilence(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	for range 4 {
		w.fix("A", w.at(0, 100))
		w.round()
		w.offered(a, ride) // the pair is tried again
		w.pass(15 * time.Second)
		w.due()
		w.pass(time.Second)
	}
	if len(w.shifts) != 0 {
		t.Error("put off duty by offers that never reached the phone")
	}
}

func TestReleasedRideSearchesWithoutThatDriver(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newTown(t)
		a := w.taxi("A", w.at(0, 100), 4)
		b := w.taxi("B", w.at(0, 2000), 4)
		ride := w.ask("1", w.at(0, 0), 1)
		w.round()
		w.accept(a)
		w.pass(10 * time.Second)
		w.drive(a, ride, w.desk.Release)
		if restart {
			w.restart()
		}
		w.pass(time.Second)
		w.fix("A", w.at(0, 100))
		w.fix("B", w.at(0, 2000))
		w.round()
		w.offered(a, "")
		w.offered(b, ride)
		if got := w.ride(w.accept(b)); got.Search != 2 || got.Driver != b {
			t.Errorf("restart %v: %+v", restart, got)
		}
	}
}

func TestBreakDownSearchesFromWhereTheRiderStands(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.round()
	w.accept(a)
	w.drive(a, ride, w.desk.Arrive)
	w.drive(a, ride, w.desk.Start)
	stuck := w.at(2000, 2000)
	_, err := w.desk.BreakDown(w.ctx, w.now, w.key("driver:DA"), dispatch.DriveRide{
		Ride: ride, Driver: a, At: dispatch.Place{Point: stuck},
	})
	w.ok(err)
	b := w.taxi("B", w.at(2100, 2000), 4)
	w.round()
	w.offered(b, ride)
	if o := w.offers[b]; o.PickupM > 110 {
		t.Errorf("pickup %d m away, want the place of the breakdown", o.PickupM)
	}
}

func TestSearchExpires(t *testing.T) {
	w := newTown(t)
	ride := w.ask("1", w.at(0, 0), 1)
	w.pass(299 * time.Second)
	w.due()
	if r := w.ride(ride); r.State != dispatch.Searching {
		t.Fatalf("%s too early", r.State)
	}
	w.pass(time.Second)
	w.round()
	w.due()
	if r := w.ride(ride); r.State != dispatch.Expired {
		t.Fatalf("%s, want expired", r.State)
	}
	if w.rides[ride].State != dispatch.Expired {
		t.Error("the rider was not told")
	}
	w.due() // the log is written
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		log, ok, err := tx.RoundLog(ride)
		if !ok || log.Empty == 0 {
			t.Errorf("round log %+v, %v", log, ok)
		}
		return err
	}))
}

func TestRestartReloadsOpenRides(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	b := w.taxi("B", w.at(0, 200), 4)
	one := w.ask("1", w.at(0, 0), 1)
	w.round()
	w.offered(a, one) // stays open over the restart
	two := w.ask("2", w.at(0, 50), 1)
	w.restart()
	w.pass(time.Second)
	w.fix("A", w.at(0, 100))
	w.fix("B", w.at(0, 200))
	if stats := w.round(); stats.Waiting != 1 || stats.Idle != 1 {
		t.Errorf("%+v: want one waiting ride and one idle taxi beside the open offer", stats)
	}
	w.offered(b, two)
	w.accept(a)
	w.accept(b)
	w.restart()
	w.pass(time.Second)
	w.fix("A", w.at(0, 100))
	w.ask("3", w.at(0, 0), 1)
	if stats := w.round(); stats.Idle != 0 {
		t.Errorf("%+v: drivers at work are not idle after a restart", stats)
	}
}

func TestLostNudgesAreReadFromRows(t *testing.T) {
	w := newTown(t)
	w.deaf = true
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	if stats := w.round(); stats.Waiting != 0 {
		t.Fatalf("%+v: the engine is deaf", stats)
	}
	w.pass(6 * time.Second)
	w.due()
	w.fix("A", w.at(0, 100))
	w.round()
	w.offered(a, ride)
	w.accept(a)
	w.drive(a, ride, w.desk.Arrive)
	w.drive(a, ride, w.desk.Start)
	_, err := w.desk.Complete(w.ctx, w.now, w.key("driver:DA"),
		dispatch.CompleteRide{Ride: ride, Driver: a, Meter: 1300})
	w.ok(err)
	w.pass(6 * time.Second)
	w.due()
	w.fix("A", w.at(0, 100))
	if n := w.engine.Counts(); n.Idle != 1 || n.Busy != 0 {
		t.Errorf("%+v: the driver is free again", n)
	}
}

func TestReplacedEngineWritesNothing(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	old := w.engine
	w.restart()
	if _, err := old.Round(w.ctx, w.now); dispatch.ReasonOf(err) != dispatch.ReasonFenced {
		t.Errorf("old engine: %v, want %s", err, dispatch.ReasonFenced)
	}
	w.offered(a, "")
	w.fix("A", w.at(0, 100))
	w.round()
	w.offered(a, ride)
}

func TestSilentTaxiIsNoCandidate(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	w.pass(31 * time.Second)
	ride := w.ask("1", w.at(0, 0), 1)
	if stats := w.round(); stats.Idle != 0 {
		t.Errorf("%+v: a taxi without a fix for 31 s is no candidate", stats)
	}
	w.fix("A", w.at(0, 100))
	w.round()
	w.offered(a, ride)
}

func TestNextRound(t *testing.T) {
	w := newTown(t)
	if _, ok := w.engine.NextRound(); ok {
		t.Error("a round is wanted in an empty town")
	}
	w.taxi("A", w.at(0, 100), 4)
	w.ask("1", w.at(0, 0), 1)
	w.round()
	w.pass(100 * time.Millisecond)
	w.taxi("B", w.at(0, 200), 4)
	w.ask("2", w.at(0, 0), 1)
	at, ok := w.engine.NextRound()
	if want := w.now.Add(900 * time.Millisecond); !ok || !at.Equal(want) {
		t.Errorf("one taxi for one ride: next round %v, want %v: a second after the last", at, want)
	}
	w.taxi("C", w.at(0, 200), 4)
	w.taxi("D", w.at(0, 200), 4)
	if w.ask("3", w.at(0, 0), 1); true {
		w.taxi("E", w.at(0, 300), 4)
		w.taxi("F", w.at(0, 300), 4)
		w.taxi("G", w.at(0, 300), 4)
	}
	at, _ = w.engine.NextRound()
	if want := w.now; at.After(want) {
		t.Errorf("six taxis for two rides: next round %v, want at once, %v", at, want)
	}
}

// TestLateNudgesChangeNothing gives all nudges of two rides again, in reverse and in random orders:
// the engine must know the same as before, and go on.
func TestLateNudgesChangeNothing(t *testing.T) {
	for seed := range uint64(50) {
		w := newTown(t)
		a := w.taxi("A", w.at(0, 0), 4)
		w.ridden("1", a, metered)
		w.pass(time.Second)
		w.ridden("2", a, metered)
		late := slices.Clone(w.nudges)
		slices.Reverse(late)
		if seed > 0 {
			rng := rand.New(rand.NewPCG(seed, 0))
			rng.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
		}
		for _, n := range late {
			w.engine.Nudge(n, w.now)
		}
		if n := w.engine.Counts(); n.Idle != 1 || n.Busy != 0 {
			t.Fatalf("seed %d: %+v after late nudges, want one idle taxi", seed, n)
		}
		w.pass(time.Second)
		w.fix("A", w.at(0, 0))
		three := w.ask("3", w.at(0, 0), 1)
		for range 3 { // a round finds out about rides that search no more
			w.round()
			w.pass(time.Second)
			w.fix("A", w.at(0, 0))
		}
		w.offered(a, three)
		if n := w.engine.Counts(); n.Waiting != 0 || n.Offered != 1 {
			t.Fatalf("seed %d: %+v, want the one offer", seed, n)
		}
	}
}

// TestLostReleaseFreesTheTaxi loses the nudge of a release; the ride is cancelled before the rows
// are read again.
func TestLostReleaseFreesTheTaxi(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.round()
	w.accept(a)
	w.deaf = true
	w.drive(a, ride, w.desk.Release)
	w.deaf = false
	_, err := w.desk.Cancel(w.ctx, w.now, w.key("rider:R1"),
		dispatch.CancelRide{Ride: ride, Rider: "R1"})
	w.ok(err)
	if n := w.engine.Counts(); n.Idle != 1 || n.Busy != 0 || n.Waiting != 0 {
		t.Errorf("%+v, want one idle taxi and no ride", n)
	}
}

// TestExclusionsLastOverSearches: who declined, or gave the ride back, is not asked again when it
// searches anew.
func TestExclusionsLastOverSearches(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	b := w.taxi("B", w.at(0, 200), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.round()
	_, err := w.desk.Decline(w.ctx, w.now, w.key("driver:DA"),
		dispatch.AnswerOffer{Offer: w.offers[a].ID, Driver: a})
	w.ok(err)
	w.pass(time.Second)
	w.fix("A", w.at(0, 100))
	w.fix("B", w.at(0, 200))
	w.round()
	w.accept(b)
	w.drive(b, ride, w.desk.Release)
	c := w.taxi("C", w.at(0, 3000), 4)
	w.pass(time.Second)
	w.fix("A", w.at(0, 100))
	w.fix("B", w.at(0, 200))
	w.fix("C", w.at(0, 3000))
	w.round()
	w.offered(c, ride)
	log, _ := w.engine.RoundLog(ride)
	if log.Looked != 3 {
		t.Errorf("the log has %d rounds, want those of both searches", log.Looked)
	}
}

// TestOverdueOfferIsLetGo loses the word of a decline, whose row was written long after its time.
func TestOverdueOfferIsLetGo(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	w.ask("1", w.at(0, 0), 1)
	w.round()
	w.deaf = true
	_, err := w.desk.Decline(w.ctx, w.now.Add(-time.Minute), w.key("driver:DA"),
		dispatch.AnswerOffer{Offer: w.offers[a].ID, Driver: a})
	w.ok(err)
	for range 5 {
		w.pass(6 * time.Second)
		w.fix("A", w.at(0, 100))
		w.due()
	}
	if n := w.engine.Counts(); n.Offered != 0 || n.Waiting != 1 {
		t.Errorf("%+v: the ride is still held by an offer that has ended", n)
	}
}
