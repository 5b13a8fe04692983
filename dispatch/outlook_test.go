package dispatch_test

import (
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
)

// settled is a town in which fifty rides were claimed at once, each about 100 m from its taxi.
func settled(t *testing.T, change func(*dispatch.Policy)) (w *town, a dispatch.DriverID) {
	w = newTown(t, change)
	a = w.taxi("A", w.at(0, 100), 4)
	for i := range 50 {
		w.fix("A", w.at(0, 100))
		ride := w.ask(fmt.Sprint("s", i), w.at(0, 0), 1)
		w.round()
		w.accept(a)
		w.drive(a, ride, w.desk.Release)
		w.cancel(fmt.Sprint("s", i), ride)
		w.pass(time.Second)
	}
	w.fix("A", w.at(0, 100))
	return w, a
}

func deferring(p *dispatch.Policy) { p.DeferPct, p.DeferS, p.UrgencyPct = 300, 20, 0 }

// TestABadPairIsDeferred: where taxis are usually next door, a ride that has but a far one waits,
// and says so; the near one that comes meanwhile has it.
func TestABadPairIsDeferred(t *testing.T) {
	for _, defers := range []bool{false, true} {
		w, a := settled(t, func(p *dispatch.Policy) {
			if defers {
				deferring(p)
			}
		})
		ride := w.ask("last", w.at(2000, 100), 1)
		w.round()
		if !defers {
			w.offered(a, ride)
			continue
		}
		w.offered(a, "")
		log, _ := w.engine.RoundLog(ride)
		if v := log.Rounds[0].Candidates[0].Verdict; v != dispatch.Deferred {
			t.Errorf("the log says %v", v)
		}
		w.pass(5 * time.Second)
		w.fix("A", w.at(0, 100))
		b := w.taxi("B", w.at(1900, 100), 4)
		w.round()
		w.offered(a, "")
		w.offered(b, ride)
	}
}

// TestDeferringEnds: after the policy's time the far taxi has to do, whichever side looks; and a
// younger ride nearer to it goes before.
func TestDeferringEnds(t *testing.T) {
	for _, others := range []int{0, 3} { // with more rides than taxis the taxis look
		w, a := settled(t, deferring)
		ride := w.ask("last", w.at(2000, 100), 1)
		for i := range others {
			w.ask(fmt.Sprint("far", i), w.at(2500, float64(100*i)), 1)
		}
		w.pass(19 * time.Second)
		w.fix("A", w.at(0, 100))
		w.round()
		w.offered(a, "")
		w.pass(time.Second)
		w.fix("A", w.at(0, 100))
		w.round()
		w.offered(a, ride)
		w.decline(a)

		w.ask("old", w.at(2000, 300), 1)
		w.pass(25 * time.Second)
		w.fix("A", w.at(0, 100))
		young := w.ask("young", w.at(100, 100), 1)
		w.round()
		w.offered(a, young)
	}
}

// TestNothingIsDeferredUntilMuchIsKnown: a new engine pairs what there is.
func TestNothingIsDeferredUntilMuchIsKnown(t *testing.T) {
	w := newTown(t, deferring)
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(4000, 0), 1)
	w.round()
	w.offered(a, ride)
}
