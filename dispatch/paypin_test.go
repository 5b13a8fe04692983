package dispatch_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"hexhail/dispatch"
	"hexhail/money"
)

const (
	pinOne = "190715"
	pinTwo = "280624"
)

// pinTown is a town whose rider "a" has a wallet with a pay PIN and the policy's limits.
func pinTown(t *testing.T) *town {
	t.Helper()
	w := newTown(t)
	w.desk.PINCost = bcrypt.MinCost
	w.topUp("a")
	w.ok(w.setPIN("", pinOne, nil))
	return w
}

func (w *town) setPIN(old, pin string, limits *dispatch.FreeLimits) error {
	_, err := w.desk.SetPayPIN(w.ctx, w.now, w.key("rider:Ra"), dispatch.SetPayPIN{
		Rider: "Ra", Old: old, New: pin, Limits: limits,
	})
	return err
}

// refusal is an error of dispatch's own.
func refusal(t *testing.T, err error) *dispatch.Error {
	t.Helper()
	own := new(dispatch.Error)
	if !errors.As(err, &own) {
		t.Fatal(err)
	}
	return own
}

// because checks an error's reason, where it need not be counted.
func because(t *testing.T, err error, want dispatch.Reason) {
	t.Helper()
	if got := dispatch.ReasonOf(err); err == nil || got != want {
		t.Errorf("got %v (%s), want %s", err, got, want)
	}
}

func (w *town) payPIN(ride dispatch.RideID, pin string) error {
	_, err := w.desk.Pay(w.ctx, w.now, w.key("rider:Ra"), dispatch.PayRide{
		Ride: ride, Rider: "Ra", Means: dispatch.Means{Channel: money.InWallet, PIN: pin},
	})
	if err == nil {
		w.work()
	}
	return err
}

func (w *town) purse() dispatch.Purse {
	w.t.Helper()
	p, err := w.desk.Purse(w.ctx, w.now, "Ra", w.city.ID)
	w.ok(err)
	return p
}

// Below the limits the wallet pays without the PIN, above either of them with it, and the day's
// limit is new the next day.
func TestWalletAsksForPIN(t *testing.T) {
	w := pinTown(t)
	driver := w.taxi("A", w.at(0, 0), 4)
	w.ok(w.setPIN(pinOne, "", &dispatch.FreeLimits{Each: byTrace, Day: 40_00}))
	if p := w.purse(); !p.PIN || !p.Own || p.FreeLeft != 40_00 || p.Has != 100_00 {
		t.Errorf("%+v", p)
	}
	dear := w.ridden("a", driver, metered)
	err := w.payPIN(dear, "")
	w.fails(err, dispatch.ReasonPINNeeded)
	if !strings.Contains(err.Error(), "15.00 at once") {
		t.Error(err)
	}
	if w.ride(dear).State != dispatch.Completed {
		t.Error("paid without the PIN")
	}
	w.ok(w.payPIN(dear, pinOne))
	if w.ride(dear).State != dispatch.Settled || w.purse().FreeLeft != 40_00 {
		t.Errorf("%s, %+v", w.ride(dear).State, w.purse())
	}
	for range 2 {
		w.ok(w.payPIN(w.ridden("a", driver, byTrace), ""))
	}
	third := w.ridden("a", driver, byTrace)
	w.fails(w.payPIN(third, ""), dispatch.ReasonPINNeeded)
	w.pass(24 * time.Hour)
	w.ok(w.payPIN(third, ""))
	if left := w.purse().FreeLeft; left != 25_00 {
		t.Errorf("left %s", left)
	}
}

// Without a PIN there are no limits, and nothing to prove.
func TestWalletWithoutPIN(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.WalletFreeFen, p.WalletFreeDayFen = 0, 0 })
	w.topUp("a")
	ride := w.ridden("a", w.taxi("A", w.at(0, 0), 4), metered)
	w.fails(w.payPIN(ride, pinOne), dispatch.ReasonPINUnset)
	w.ok(w.payPIN(ride, ""))
	if p := w.purse(); p.PIN || p.Free != (dispatch.FreeLimits{}) {
		t.Errorf("%+v", p)
	}
	_, err := w.desk.Pay(w.ctx, w.now, w.key("rider:Ra"), dispatch.PayRide{
		Ride: ride, Rider: "Ra", Means: dispatch.Means{Channel: money.Cash, PIN: pinOne},
	})
	because(t, err, dispatch.ReasonField)
}

// Five wrong PINs, wherever they are given, lock the wallet for an hour, for sums that need none
// too; a right one begins the count anew.
func TestWrongPINsLock(t *testing.T) {
	w := pinTown(t)
	ride := w.ridden("a", w.taxi("A", w.at(0, 0), 4), byTrace)
	for range 4 {
		w.fails(w.payPIN(ride, pinTwo), dispatch.ReasonPINWrong)
	}
	w.ok(w.setPIN(pinOne, "", nil))
	for range 3 {
		w.fails(w.payPIN(ride, pinTwo), dispatch.ReasonPINWrong)
	}
	w.fails(w.setPIN(pinTwo, pinTwo, nil), dispatch.ReasonPINWrong)
	err := w.payPIN(ride, pinTwo)
	w.fails(err, dispatch.ReasonPINWrong)
	if !strings.Contains(refusal(t, err).Limit, "left: 0") {
		t.Error(err)
	}
	until := w.now.Add(time.Hour)
	for _, pin := range []string{"", pinOne, pinTwo} {
		err := w.payPIN(ride, pin)
		w.fails(err, dispatch.ReasonPINLocked)
		if got := refusal(t, err).Until; !got.Equal(until) {
			t.Errorf("until %s, want %s", got, until)
		}
	}
	w.fails(w.setPIN(pinOne, pinTwo, nil), dispatch.ReasonPINLocked)
	if !w.purse().LockedUntil.Equal(until) {
		t.Errorf("%+v", w.purse())
	}
	w.pass(time.Hour)
	w.fails(w.payPIN(ride, pinTwo), dispatch.ReasonPINWrong)
	w.ok(w.payPIN(ride, pinOne))
}

// A payment that was made is told again to a phone that has heard nothing, though the wallet is
// locked by then.
func TestPaidIsToldAgainWhenLocked(t *testing.T) {
	w := pinTown(t)
	driver := w.taxi("A", w.at(0, 0), 4)
	ride, key := w.ridden("a", driver, byTrace), w.key("rider:Ra")
	pay := func() (dispatch.Receipt, error) {
		return w.desk.Pay(w.ctx, w.now, key, dispatch.PayRide{
			Ride: ride, Rider: "Ra", Means: dispatch.Means{Channel: money.InWallet, PIN: pinOne},
		})
	}
	first, err := pay()
	w.ok(err)
	w.work()
	other := w.ridden("a", driver, byTrace)
	for range dispatch.MaxPINTries {
		w.fails(w.payPIN(other, pinTwo), dispatch.ReasonPINWrong)
	}
	w.fails(w.payPIN(other, pinOne), dispatch.ReasonPINLocked)
	if again, err := pay(); err != nil || again != first {
		t.Errorf("told again: %+v, %v, want %+v", again, err, first)
	}
}

// A PIN is changed with the old one, once for a request id, though the phone asks again; what is
// kept of it does not tell it.
func TestPINChanges(t *testing.T) {
	w := pinTown(t)
	w.fails(w.setPIN("", pinTwo, nil), dispatch.ReasonPINNeeded)
	for _, easy := range []string{"111111", "123456", "987654", "12345", "1234567", "12345x", ""} {
		because(t, w.setPIN("", easy, nil), dispatch.ReasonField)
	}
	key := w.key("rider:Ra")
	for range 2 {
		_, err := w.desk.SetPayPIN(w.ctx, w.now, key, dispatch.SetPayPIN{
			Rider: "Ra", Old: pinOne, New: pinTwo,
		})
		w.ok(err)
	}
	w.fails(w.setPIN(pinOne, pinOne, nil), dispatch.ReasonPINWrong)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		p, is, err := tx.PayPIN("Ra")
		if !is || strings.Contains(p.Hash, pinTwo) || p.Tries != 1 {
			t.Errorf("%+v", p)
		}
		kept, _, _ := tx.Recall(key.Identity, "SetPayPIN", key.RequestID)
		if strings.Contains(string(kept.Answer), p.Hash) {
			t.Errorf("%s", kept.Answer)
		}
		return err
	}))
	w.ok(w.desk.ClearPayPIN(w.ctx, w.now, w.key("ops:o"), "Ra"))
	w.fails(w.desk.ClearPayPIN(w.ctx, w.now, w.key("ops:o"), "Ra"), dispatch.ReasonPINUnset)
	w.ok(w.setPIN("", pinOne, nil))
}

// The fee of a late cancel is not taken silently from a wallet that would ask: it is owed.
func TestCancelFeeWaitsForPIN(t *testing.T) {
	for _, limit := range []money.Fen{100_00, 0} {
		w := newTown(t, func(p *dispatch.Policy) {
			p.CancelFreeS, p.CancelFee, p.CancelLateS = 60, 5_00, 3600
		})
		w.desk.PINCost = bcrypt.MinCost
		w.topUp("a")
		w.ok(w.setPIN("", pinOne, &dispatch.FreeLimits{Each: limit, Day: limit}))
		driver := w.taxi("A", w.at(0, 0), 4)
		_, err := w.db.ImportRiders(w.ctx, []dispatch.Rider{{ID: "Ra", Name: "a"}})
		w.ok(err)
		request := w.request("Ra", w.at(0, 100), 1)
		request.Quote.Pickup = 4 * time.Minute
		got, err := w.desk.Request(w.ctx, w.now, w.key("rider:Ra"), request)
		w.ok(err)
		ride := got.Ride
		w.round()
		w.accept(driver)
		w.pass(3 * time.Minute)
		_, err = w.desk.Cancel(w.ctx, w.now, w.key("rider:Ra"),
			dispatch.CancelRide{Ride: ride, Rider: "Ra"})
		w.ok(err)
		w.work()
		if fee := w.ride(ride).CancelFee; fee != 5_00 {
			t.Fatalf("fee %s", fee)
		}
		want := 100_00 - limit/20
		if has := w.purse().Has; has != want {
			t.Errorf("limit %s: the wallet has %s, want %s", limit, has, want)
		}
		if limit == 0 {
			w.fails(w.payPIN(ride, ""), dispatch.ReasonPINNeeded)
			w.ok(w.payPIN(ride, pinOne))
			if has := w.purse().Has; has != 95_00 {
				t.Errorf("has %s", has)
			}
		}
	}
}
