package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// brushed is a ride of a rider whom the taxi stands beside already: it is over after half a minute
// and 60 metres, and paid through a channel.
func (w *town) brushed(name string, driver dispatch.DriverID) dispatch.RideID {
	w.t.Helper()
	from := w.at(0, 0)
	w.fix(string(driver[1:]), from)
	ride := w.ask(name, from, 1)
	w.round()
	w.accept(driver)
	w.drive(driver, ride, w.desk.Arrive)
	w.drive(driver, ride, w.desk.Start)
	var trace []geo.Fix
	for i := range 4 {
		trace = append(trace, geo.Fix{Point: w.at(float64(i)*20, 0), At: w.now})
		w.pass(10 * time.Second)
	}
	w.now = trace[3].At
	w.ok(w.db.AppendTrace(w.ctx, ride, trace))
	_, err := w.desk.Complete(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.CompleteRide{Ride: ride, Driver: driver, Meter: 10_00})
	w.ok(err)
	return ride
}

func (w *town) hold(ride dispatch.RideID) (h dispatch.Hold) {
	w.t.Helper()
	w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) (err error) {
		h, err = tx.Hold(ride)
		return err
	}))
	return h
}

// brushTown is a town with a campaign, in which R1 has brushed a ride with DA and paid it: the
// driver has the 5 yuan that R1 paid of 10, and the subsidy of 5 + 5 waits.
func brushTown(t *testing.T, pay bool) (*town, dispatch.RideID) {
	t.Helper()
	w := newTown(t, func(p *dispatch.Policy) { p.BrushHold = 90 })
	w.topUp("1")
	w.launch("caps", func(c *money.Campaign) { c.Limits = money.Limits{Rider: 1, Driver: 5} })
	ride := w.brushed("1", w.taxi("A", w.at(0, 0), 4))
	if s := w.ride(ride).Subsidy; !s.Granted() || !s.Held || s.Rider != 5_00 {
		t.Fatalf("the subsidy is %+v", s)
	}
	if pay {
		w.ok(w.pay("1", ride, money.InWallet))
		if r := w.ride(ride); r.State != dispatch.Settled {
			t.Errorf("the ride is %s: its fare is no matter of the hold", r.State)
		}
		books := w.books()
		if a := books["driver_payable:DA"]; a.Balance() != 5_00 || a.PendingCredits != 10_00 ||
			books["wallet:R1"].Balance() != 95_00 {
			t.Errorf("the driver's account is %+v", a)
		}
	}
	return w, ride
}

// wantHold checks what has become of a hold, and that nothing is pending any more.
func (w *town) wantHold(ride dispatch.RideID, state dispatch.HoldState, by string) {
	w.t.Helper()
	if h := w.hold(ride); h.State != state || h.DecidedBy != by || !h.DueAt.IsZero() {
		w.t.Errorf("the hold is %+v, want it %s by %q", h, state, by)
	}
	for id, a := range w.books() {
		if a.PendingDebits != 0 || a.PendingCredits != 0 {
			w.t.Errorf("%s has pending transfers: %+v", id, a)
		}
	}
}

func (w *town) decide(ride dispatch.RideID, release bool) error {
	_, err := w.desk.DecideHold(w.ctx, w.now, w.key("ops:1"), dispatch.DecideHold{
		Ride: ride, Release: release, Note: "seen",
	})
	return err
}

func TestHoldIsReleased(t *testing.T) {
	w, ride := brushTown(t, true)
	h := w.hold(ride)
	if h.State != dispatch.Held || h.Score != 90 || len(h.Findings) != 3 ||
		!h.DueAt.Equal(w.now.AddDate(0, 0, 7)) {
		t.Errorf("the hold is %+v", h)
	}
	earned, err := w.db.Earnings(w.ctx, "DA", w.now.Add(-time.Hour), w.now.Add(time.Hour))
	w.ok(err)
	if earned.Subsidies != 0 {
		t.Errorf("what is held counts as earned: %+v", earned)
	}
	w.ok(w.decide(ride, true))
	w.wantHold(ride, dispatch.HoldReleased, "ops:1")
	w.balances(map[money.AccountID]money.Fen{
		"driver_payable:DA": 15_00, "promo_budget:caps": 90_00,
	})
	if err := w.decide(ride, false); dispatch.ReasonOf(err) != dispatch.ReasonHoldState {
		t.Errorf("decided twice: %v", err)
	}
}

func TestHoldIsDenied(t *testing.T) {
	w, ride := brushTown(t, true)
	w.ok(w.decide(ride, false))
	w.wantHold(ride, dispatch.HoldDenied, "ops:1")
	w.balances(map[money.AccountID]money.Fen{
		"driver_payable:DA": 5_00, "promo_budget:caps": 100_00,
	})
	// Its count of the day was given back.
	w.now = w.now.Add(time.Hour)
	if s := w.ride(w.ridden("1", "DA", metered)).Subsidy; s.Rider != 5_00 || s.Held {
		t.Errorf("the next ride's subsidy: %+v", s)
	}
}

// TestHoldEndsByItself: without an appeal the subsidy goes back; with one that nobody looks at it
// is paid.
func TestHoldEndsByItself(t *testing.T) {
	w, ride := brushTown(t, true)
	w.pass(7*24*time.Hour - time.Second)
	w.work()
	if h := w.hold(ride); h.State != dispatch.Held {
		t.Errorf("the hold is %s", h.State)
	}
	w.pass(time.Second)
	w.work()
	w.wantHold(ride, dispatch.HoldDenied, dispatch.BySystem)

	w, ride = brushTown(t, true)
	appeal := func(driver dispatch.DriverID, text string) error {
		_, err := w.desk.AppealHold(w.ctx, w.now, w.key("driver:"+string(driver)),
			dispatch.AppealHold{Ride: ride, Driver: driver, Text: text})
		return err
	}
	for name, test := range map[string]struct {
		err  error
		want dispatch.Reason
	}{
		"another's": {appeal("DB", "x"), dispatch.ReasonUnknownHold},
		"no words":  {appeal("DA", ""), dispatch.ReasonField},
	} {
		if dispatch.ReasonOf(test.err) != test.want {
			t.Errorf("%s: %v", name, test.err)
		}
	}
	w.pass(24 * time.Hour)
	w.ok(appeal("DA", "the lady had forgotten her keys"))
	if err := appeal("DA", "again"); dispatch.ReasonOf(err) != dispatch.ReasonHoldState {
		t.Errorf("appealed twice: %v", err)
	}
	if h := w.hold(ride); !h.DueAt.Equal(w.now.AddDate(0, 0, 7)) {
		t.Errorf("the hold is %+v", h)
	}
	w.pass(7 * 24 * time.Hour)
	w.work()
	w.wantHold(ride, dispatch.HoldReleased, dispatch.BySystem)
	w.balances(map[money.AccountID]money.Fen{"driver_payable:DA": 15_00})
}

// TestHoldBeforePayment: what is released before the ride is paid is paid with it; what is denied
// makes it cost its full fare; what expires leaves nothing to decide.
func TestHoldBeforePayment(t *testing.T) {
	w, ride := brushTown(t, false)
	w.ok(w.decide(ride, true))
	w.ok(w.pay("1", ride, money.InWallet))
	w.wantHold(ride, dispatch.HoldReleased, "ops:1")
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 95_00, "driver_payable:DA": 15_00,
	})

	w, ride = brushTown(t, false)
	w.ok(w.decide(ride, false))
	w.ok(w.pay("1", ride, money.InWallet))
	w.wantHold(ride, dispatch.HoldDenied, "ops:1")
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 90_00, "driver_payable:DA": 10_00, "promo_budget:caps": 100_00,
	})
	if s := w.ride(ride).Subsidy; s.Reason != money.SubsidyBrushing {
		t.Errorf("what was denied reads %q", s.Reason)
	}

	w, ride = brushTown(t, false)
	w.ok(w.pay("1", ride, money.Cash)) // gives the subsidy back
	w.ok(w.cash("DA", ride))
	w.wantHold(ride, dispatch.HoldDenied, dispatch.BySystem)
	w.balances(map[money.AccountID]money.Fen{"promo_budget:caps": 100_00})
}

// TestBrushingIsDenied: where the policy says so, from a score on nothing is given at all, and the
// rider pays the full fare. A pair that has had its share of the day is told so, and held for
// nothing.
func TestBrushingIsDenied(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.BrushDeny = 90 })
	w.topUp("1")
	w.launch("caps", func(*money.Campaign) {})
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.brushed("1", driver)
	if s := w.ride(ride).Subsidy; s.Granted() || s.Reason != money.SubsidyBrushing {
		t.Errorf("the subsidy is %+v", s)
	}
	w.ok(w.pay("1", ride, money.InWallet))
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 90_00, "driver_payable:DA": 10_00, "promo_budget:caps": 100_00,
	})

	w = newTown(t, func(p *dispatch.Policy) { p.BrushPairDay = 1 })
	w.topUp("1")
	w.launch("caps", func(*money.Campaign) {})
	driver = w.taxi("A", w.at(0, 0), 4)
	for i, want := range []money.SubsidyReason{money.SubsidyGranted, money.SubsidyPair} {
		ride := w.ridden("1", driver, metered)
		if s := w.ride(ride).Subsidy; s.Reason != want || s.Held {
			t.Errorf("ride %d: %+v", i, s)
		}
		w.ok(w.pay("1", ride, money.InWallet))
	}
	if err := w.decide("nobodys", true); dispatch.ReasonOf(err) != dispatch.ReasonUnknownHold {
		t.Errorf("nobody's hold: %v", err)
	}
}

// A hold whose ride is being paid when its time is over waits behind the others, and ends after.
func TestHoldWaitsForThePayment(t *testing.T) {
	w, ride := brushTown(t, false)
	silent := newChannel()
	wallet := w.desk.Channels[money.InWallet]
	silent.down, w.desk.Channels[money.InWallet] = true, silent
	_, err := w.desk.Pay(w.ctx, w.now, w.key("rider:R1"), dispatch.PayRide{
		Ride: ride, Rider: "R1", Means: dispatch.Means{Channel: money.InWallet},
	})
	w.ok(err)
	w.pass(8 * 24 * time.Hour)
	w.work()
	if h := w.hold(ride); h.State != dispatch.Held ||
		!h.DueAt.Equal(w.now.Add(10*time.Minute)) {
		t.Errorf("the hold is %s until %v", h.State, h.DueAt)
	}
	w.desk.Channels[money.InWallet] = wallet
	for range 2 { // paid, then looked at
		w.pass(11 * time.Minute)
		w.work()
	}
	w.wantHold(ride, dispatch.HoldDenied, dispatch.BySystem)
}
