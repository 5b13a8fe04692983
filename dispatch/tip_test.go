package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// raise is the higher tip of rider R1.
func (w *town) raise(ride dispatch.RideID, to money.Fen) {
	w.t.Helper()
	_, err := w.desk.AddTip(w.ctx, w.now, w.key("rider:R1"),
		dispatch.RaiseTip{Ride: ride, Rider: "R1", To: to})
	w.ok(err)
}

// asks makes the round that is due, a second later if none is, and fails unless the driver is
// offered the ride in it, or nobody for "".
func (w *town) asks(driver dispatch.DriverID, ride dispatch.RideID) {
	w.t.Helper()
	if at, ok := w.engine.NextRound(); !ok || at.After(w.now) {
		w.pass(time.Second)
	}
	w.fix("A", w.at(0, 100))
	stats := w.round()
	if driver == "" {
		if stats.Offers != 0 {
			w.t.Fatalf("asked: %v", w.offers)
		}
		return
	}
	w.offered(driver, ride)
	if is := w.ride(ride).Tip; w.offers[driver].Tip != is {
		w.t.Errorf("offered at a tip of %s, not %s", w.offers[driver].Tip, is)
	}
}

// TestARaisedTipAsksWhoDeclined: a no is to what was offered. At a higher tip the next round is at
// once and asks the same driver, also after a restart, and after a no to that one not any more.
//
// Seen to fail with every refusal up to MaxTip, and with those of a no up to the ride's tip of now.
func TestARaisedTipAsksWhoDeclined(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.asks(a, ride)
	w.decline(a)
	w.asks("", ride)
	w.raise(ride, 5_00)
	if at, ok := w.engine.NextRound(); !ok || at.After(w.now) {
		t.Errorf("the next round is at %v", at)
	}
	w.asks(a, ride)
	w.decline(a)
	w.asks("", ride)
	w.restart()
	w.asks("", ride)
	w.raise(ride, 10_00)
	w.restart()
	w.asks(a, ride)
	w.accept(a)
}

// TestARaisedTipAsksWhoWasSilent: who has not answered may answer to more.
func TestARaisedTipAsksWhoWasSilent(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.asks(a, ride)
	w.ok(w.desk.Delivered(w.ctx, w.now, w.offers[a].ID, a))
	w.pass(15 * time.Second)
	w.due()
	w.asks("", ride)
	w.raise(ride, 5_00)
	w.asks(a, ride)
}

// TestANoToTheLowerTip: a driver who looks at an offer while the tip is raised has said no to what
// they saw.
func TestANoToTheLowerTip(t *testing.T) {
	w := newTown(t)
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.asks(a, ride)
	w.raise(ride, 5_00)
	w.decline(a)
	w.asks(a, ride)
}

// TestNoTipBringsBackWhoGaveItBack: the rider has waited for that driver in vain already.
func TestNoTipBringsBackWhoGaveItBack(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newTown(t)
		a := w.taxi("A", w.at(0, 100), 4)
		ride := w.ask("1", w.at(0, 0), 1)
		w.asks(a, ride)
		w.accept(a)
		w.drive(a, ride, w.desk.Release)
		w.raise(ride, 5_00)
		if restart {
			w.restart()
		}
		w.asks("", ride)
	}
}

// TestARaisedTipCallsWhoDeclined: hybrid calls at once, and whoever declined the lower tip may grab
// it.
func TestARaisedTipCallsWhoDeclined(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.Mode, p.AssignRounds = dispatch.Hybrid, 1 })
	a := w.taxi("A", w.at(0, 100), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.asks(a, ride)
	w.decline(a)
	w.pass(time.Second)
	w.round()
	w.fails(w.tryGrab(a, w.called(), w.at(0, 100)), dispatch.ReasonUnknownCall)
	w.raise(ride, 5_00)
	w.round()
	c := w.called()
	if c.State != dispatch.CallOpen || len(c.Except) != 0 || c.Taxis != 1 {
		t.Errorf("%+v", c)
	}
	w.ok(w.tryGrab(a, c, w.at(0, 100)))
}
