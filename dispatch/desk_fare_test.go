package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

func (w *town) resolve(ride dispatch.RideID, fare money.Fen) error {
	w.t.Helper()
	_, err := w.desk.Resolve(w.ctx, w.now, w.key("ops:me"),
		dispatch.ResolveFare{Ride: ride, Fare: fare, Note: "what the trace gives"})
	return err
}

// A contested fare is decided by ops, is due with its subsidy, is paid, and the books close.
func TestContestedFareIsResolved(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, 40_00)
	word := dispatch.FareWord{Ride: ride, Rider: "R1"}
	_, err := w.desk.Contest(w.ctx, w.now, w.key("rider:R1"), word)
	w.ok(err)
	w.fails(w.resolve(ride, 40_01), dispatch.ReasonField)
	w.fails(w.resolve(ride, -1), dispatch.ReasonField)
	w.fails(w.resolve("nobody's", 1), dispatch.ReasonUnknownRide)
	for _, note := range []string{"", strings.Repeat("x", dispatch.MaxFareNoteBytes+1)} {
		_, err = w.desk.Resolve(w.ctx, w.now, w.key("ops:me"),
			dispatch.ResolveFare{Ride: ride, Fare: byTrace, Note: note})
		w.fails(err, dispatch.ReasonField)
	}
	w.balances(map[money.AccountID]money.Fen{"promo_budget:launch": 20_00}) // nothing reserved

	once := w.key("ops:me")
	c := dispatch.ResolveFare{Ride: ride, Fare: byTrace, Note: "what the trace gives"}
	got, err := w.desk.Resolve(w.ctx, w.now, once, c)
	w.ok(err)
	again, err := w.desk.Resolve(w.ctx, w.now.Add(time.Hour), once, c)
	w.ok(err)
	if got.Version != again.Version {
		t.Errorf("decided twice: versions %d and %d", got.Version, again.Version)
	}
	c.Fare++
	_, err = w.desk.Resolve(w.ctx, w.now, once, c)
	w.fails(err, dispatch.ReasonRequestReused)
	r := w.ride(ride)
	want := dispatch.Resolution{Total: byTrace, Note: c.Note, By: "ops:me"}
	if r.Fare.Resolution != want || r.Fare.Meter != 40_00 || r.Fare.Total() != byTrace {
		t.Errorf("fare %+v: want what ops say beside what the meter said", r.Fare)
	}
	w.fails(w.resolve(ride, byTrace), dispatch.ReasonStep)
	_, err = w.desk.Confirm(w.ctx, w.now, w.key("rider:R1"), word)
	w.fails(err, dispatch.ReasonStep)
	w.ok(w.pay("1", ride, money.InWallet))
	if r := w.ride(ride); r.State != dispatch.Settled {
		t.Fatalf("%s, want settled", r.State)
	}
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 90_00, "driver_payable:DA": 20_00, "promo_budget:launch": 10_00,
		"sponsor_receivable:sponsor": -20_00, "sandbox:equity": -100_00,
	})
	w.fails(w.resolve(ride, byTrace), dispatch.ReasonStep)
}

// Nobody rides for nothing by saying nothing: after the policy's hours what the trace gives stands,
// with its subsidy, for which the rider has three days from then on. What is contested waits for
// ops, and in a city that says so all does.
func TestSilentFareStandsByItsTrace(t *testing.T) {
	for name, test := range map[string]struct {
		hours   int
		contest bool
		want    dispatch.FareState
	}{
		"silent":    {48, false, dispatch.FareResolved},
		"contested": {48, true, dispatch.FareContested},
		"left":      {0, false, dispatch.FareAsked},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t, func(p *dispatch.Policy) { p.FareAnswerH = test.hours })
			w.bank(100_00, "1")
			ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), 40_00)
			if test.contest {
				_, err := w.desk.Contest(w.ctx, w.now, w.key("rider:R1"),
					dispatch.FareWord{Ride: ride, Rider: "R1"})
				w.ok(err)
			}
			w.pass(48*time.Hour - time.Millisecond)
			w.work()
			if s := w.ride(ride).Fare.State; s == dispatch.FareResolved {
				t.Fatalf("the fare is %s too early", s)
			}
			w.pass(time.Millisecond)
			for range 2 {
				w.work()
			}
			r := w.ride(ride)
			if r.Fare.State != test.want {
				t.Fatalf("the fare is %s, want %s", r.Fare.State, test.want)
			}
			if test.want != dispatch.FareResolved {
				return
			}
			if r.Fare.Total() != byTrace || r.Fare.Resolution.By != dispatch.BySystem ||
				!r.Subsidy.Granted() {
				t.Errorf("%+v, %+v: want what the trace gives", r.Fare, r.Subsidy)
			}
			w.pass(dispatch.SubsidyHeld - time.Second)
			w.work()
			w.ok(w.pay("1", ride, money.InWallet))
			w.balances(map[money.AccountID]money.Fen{
				"wallet:R1": 100_00 - byTrace + 5_00, payee: byTrace + 5_00,
			})
		})
	}
}

// Where too little of the drive is in the trace, what was quoted stands, and never more than was
// claimed.
func TestSilentFareOfAThinTrace(t *testing.T) {
	for _, test := range []struct{ trace, quote, claimed, want money.Fen }{
		{13_00, 23_00, 40_00, 25_00},
		{30_00, 23_00, 40_00, 32_00},
		{13_00, 50_00, 40_00, 42_00},
	} {
		r := dispatch.Ride{
			Quote: dispatch.Quote{Low: 10_00, High: test.quote},
			Fare: dispatch.Fare{
				Meter: test.claimed, Tolls: 2_00, ByTrace: test.trace, Flagged: true,
			},
		}
		if got := r.Silent().Total; got != test.want {
			t.Errorf("%+v: %s stand", test, got)
		}
	}
}

// A rider who never answers: ops may decide before, and the driver takes cash.
func TestSilentFareIsResolved(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, 40_00)
	w.pass(24 * time.Hour)
	w.fails(w.cash(driver, ride), dispatch.ReasonStep)
	w.ok(w.resolve(ride, 20_00))
	w.ok(w.cash(driver, ride))
	if r := w.ride(ride); r.State != dispatch.Settled || r.Fare.Total() != 20_00 {
		t.Errorf("%s at %s", r.State, r.Fare.Total())
	}
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 100_00, "driver_payable:DA": 0, "promo_budget:launch": 20_00,
	})
}

// Ops may decide that the rider owes nothing: the ride is over, and no sponsor pays for it.
func TestFareOfNothing(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, 40_00)
	w.ok(w.resolve(ride, 0))
	r := w.ride(ride)
	if r.State != dispatch.Settled || r.Subsidy.Reason != money.SubsidyNotAllowed {
		t.Errorf("%s, subsidy %s", r.State, r.Subsidy.Reason)
	}
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 100_00, "driver_payable:DA": 0, "promo_budget:launch": 20_00,
	})
}

// A fare that stands is not decided again, nor is a ride that is driven.
func TestFareThatStandsIsNotResolved(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	open := w.ask("2", w.at(9000, 9000), 1)
	w.fails(w.resolve(open, 1), dispatch.ReasonStep)
	w.fails(w.resolve(w.ridden("1", driver, metered), 1), dispatch.ReasonStep)
}
