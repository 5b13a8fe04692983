package dispatch

import (
	"errors"
	"testing"
	"time"

	"hexhail/money"
)

// TestOwedForCancel: a cancel costs from a millisecond after the free time on, and not where the
// taxi is, or came, later than was told.
func TestOwedForCancel(t *testing.T) {
	p := DefaultPolicy()
	p.CancelFee, p.CancelFreeS, p.CancelLateS = 5_00, 180, 300
	after := func(d time.Duration) time.Time { return noon.Add(d) }
	// Asked for at noon, told 4 minutes, claimed 10 s later.
	claimed := func(change func(*Ride)) Ride {
		r := hailed()
		r.State, r.Driver, r.ClaimedAt = Assigned, "D1", after(10*time.Second)
		r.Quote.Pickup = 4 * time.Minute
		change(&r)
		return r
	}
	none := func(*Ride) {}
	const free, owed = 190 * time.Second, 191 * time.Second
	for _, test := range []struct {
		name string
		ride Ride
		at   time.Duration
		want money.Fen
	}{
		{"free", claimed(none), free, 0},
		{"a millisecond later", claimed(none), free + time.Millisecond, 5_00},
		{"not late yet", claimed(none), 9 * time.Minute, 5_00},
		{"late", claimed(none), 9*time.Minute + time.Millisecond, 0},
		{"came in time", claimed(func(r *Ride) {
			r.State, r.ArrivedAt = Arrived, after(9*time.Minute)
		}), time.Hour, 5_00},
		{"came late", claimed(func(r *Ride) {
			r.State, r.ArrivedAt = Arrived, after(9*time.Minute+time.Millisecond)
		}), time.Hour, 0},
		{"told nothing", claimed(func(r *Ride) { r.Quote.Pickup = 0 }), owed, 0},
		{"searching", claimed(func(r *Ride) { r.State, r.Driver = Searching, "" }), owed, 0},
		{"after another", claimed(func(r *Ride) { r.Slot = SlotNext }), owed, 0},
		{"on board", claimed(func(r *Ride) { r.State = OnTrip }), owed, 0},
		{"of nobody", claimed(func(r *Ride) { r.Rider = "" }), owed, 0},
		{"booked, and ahead", claimed(func(r *Ride) {
			*r = booked()
			r.State, r.Driver = Booked, "D1"
		}), owed, 0},
		{"booked, on the way", claimed(func(r *Ride) {
			r.Kind, r.Booking.PickupAt, r.Quote.Pickup = BookedRide, after(20*time.Minute), 0
		}), 25 * time.Minute, 5_00},
		{"booked, late", claimed(func(r *Ride) {
			r.Kind, r.Booking.PickupAt = BookedRide, after(20*time.Minute)
		}), 25*time.Minute + time.Millisecond, 0},
	} {
		if got := p.OwedForCancel(test.ride, after(test.at)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if got := DefaultPolicy().OwedForCancel(claimed(none), after(owed)); got != 0 {
		t.Errorf("a city that says nothing charges %s", got)
	}
}

// TestCancelRulesAreChecked: each key has limits, and is named.
func TestCancelRulesAreChecked(t *testing.T) {
	for key, change := range map[string]func(*CancelRules){
		"cancel_fee_fen": func(p *CancelRules) { p.CancelFee = MaxCancelFee + 1 },
		"cancel_free_s":  func(p *CancelRules) { p.CancelFreeS = -1 },
		"cancel_late_s":  func(p *CancelRules) { p.CancelLateS = 3601 },
	} {
		p := DefaultPolicy()
		change(&p.CancelRules)
		var e *Error
		if err := p.Check(); !errors.As(err, &e) || e.Field != "policy."+key {
			t.Errorf("%s: %v", key, err)
		}
	}
}
