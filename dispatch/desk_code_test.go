package dispatch_test

import (
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// kerbTown is a town with both external channels at hand and a campaign of 5 + 5 yuan for rides
// that are paid through Alipay, however the taxi was found.
func kerbTown(t *testing.T) (*town, *channel) {
	t.Helper()
	w, c := newTown(t), newChannel()
	w.desk.Channels[money.Alipay] = c
	w.desk.Channels[money.WeChat] = newChannel()
	w.ok(money.Cashier{Store: w.db}.Launch(w.ctx, money.Campaign{
		ID: "alipay", Version: 1, City: string(w.city.ID), Sponsor: "sponsor",
		Channel: money.Alipay, State: money.CampaignRuns,
		Rider: money.Fixed(5_00), Driver: money.Fixed(5_00), Cap: budget,
		StartsAt: w.now.Add(-time.Hour), EndsAt: w.now.Add(100 * 24 * time.Hour),
	}, w.now))
	return w, c
}

// kerb is a street ride of which nobody has said who rides, completed at 14 yuan.
func (w *town) kerb(driver dispatch.DriverID, byCode bool) dispatch.RideID {
	w.t.Helper()
	ride := w.boarded(driver)
	_, err := w.desk.Complete(w.ctx, w.now, w.key("driver:"+string(driver)), dispatch.CompleteRide{
		Ride: ride, Driver: driver, Meter: 14_00, ByCode: byCode,
	})
	w.ok(err)
	return ride
}

func (w *town) boarded(driver dispatch.DriverID) dispatch.RideID {
	w.t.Helper()
	got, err := w.desk.Occupied(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.StreetRide{Driver: driver, At: w.at(0, 0)})
	w.ok(err)
	w.pass(time.Minute)
	return got.Ride
}

func (w *town) code(driver dispatch.DriverID, ride dispatch.RideID, renew bool) string {
	w.t.Helper()
	c, err := w.desk.MakePayCode(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.MakePayCode{Driver: driver, Ride: ride, Renew: renew})
	w.ok(err)
	if len(c.Code) != dispatch.PayCodeBytes {
		w.t.Errorf("code %q", c.Code)
	}
	return c.Code
}

func (w *town) scan(code string) (dispatch.Scanned, error) {
	return w.desk.Scan(w.ctx, w.now, code)
}

func (w *town) byCode(code string, m dispatch.Means) error {
	_, err := w.desk.PayByCode(w.ctx, w.now, w.key("code:"+code),
		dispatch.PayByCode{Code: code, Means: m})
	return err
}

// A street ride that is paid by the code on the dashboard is paid as a hailed one is: the same
// campaign gives to both, and the driver hears of it.
func TestStreetRideIsPaidByCode(t *testing.T) {
	w, c := kerbTown(t)
	driver := w.taxi("A", w.at(0, 0), 4)
	code := w.code(driver, "", false)
	if w.code(driver, "", false) != code {
		t.Error("the dashboard has two codes")
	}
	ride := w.kerb(driver, true)
	seen, err := w.scan(code)
	w.ok(err)
	if seen.Plate != "A" || seen.Due() != 14_00 || seen.State != dispatch.Completed ||
		len(seen.Ways) != 2 {
		t.Fatalf("%+v", seen)
	}
	w.ok(w.byCode(code, byQR))
	w.ok(w.byCode(code, byQR)) // a second one who scans has the same order
	w.work()
	order := c.only(t, money.AttemptSent)
	if seen, err = w.scan(code); err != nil || seen.Due() != 9_00 ||
		seen.Payments[0].Ticket != "ticket of "+string(order.ID) {
		t.Fatalf("%+v, %v: want 9.00 due, with the order's ticket", seen, err)
	}
	if order.Payer != dispatch.GuestParty(driver) {
		t.Errorf("payer %q", order.Payer)
	}
	c.set(order.ID, money.AttemptPaid)
	var heard dispatch.State
	w.pushed = func(n dispatch.Notice) {
		if n.Ride != nil && n.Driver == driver {
			heard = n.Ride.State
		}
	}
	w.pass(5 * time.Second)
	w.work()
	if heard != dispatch.Settled {
		t.Errorf("the driver has heard of %s", heard)
	}
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 19_00, "channel_clearing:alipay": -9_00, "promo_budget:alipay": budget - 10_00,
	})
	_, err = w.scan(code)
	w.reason(err, dispatch.ReasonNothingDue)
}

func (w *town) reason(err error, want dispatch.Reason) {
	w.t.Helper()
	if got := dispatch.ReasonOf(err); err == nil || got != want {
		w.t.Errorf("got %v (%s), want %s", err, got, want)
	}
}

// By hand a street ride is a memo and over, as ever; by a code it may still be paid by hand, and
// then no campaign pays for what it does not see.
func TestStreetRideIsPaidByHand(t *testing.T) {
	w, c := kerbTown(t)
	driver := w.taxi("A", w.at(0, 0), 4)
	memo := w.kerb(driver, false)
	if r := w.ride(memo); r.State != dispatch.Settled || r.Subsidy.Granted() {
		t.Errorf("%s, %+v", r.State, r.Subsidy)
	}
	ride := w.kerb(driver, true)
	w.ok(w.byCode(w.code(driver, ride, false), byQR))
	w.work()
	w.ok(w.cash(driver, ride)) // the open order is closed first
	c.only(t, money.AttemptClosed)
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 0, "channel_clearing:alipay": 0, "promo_budget:alipay": budget,
	})
	sum, err := w.db.Earnings(w.ctx, driver, w.now.Add(-time.Hour), w.now.Add(time.Hour))
	w.ok(err)
	if sum.Cash != 28_00 || sum.Fares != 0 || sum.Rides != 2 {
		t.Errorf("%+v", sum)
	}
}

// The driver's phone collects a street ride's fare like any other: by a code that it shows, or by
// the one on the phone of whoever got in.
func TestStreetRideIsCollected(t *testing.T) {
	w, c := kerbTown(t)
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.kerb(driver, true)
	collect := func(m dispatch.Means) error {
		_, err := w.desk.Collect(w.ctx, w.now, w.key("driver:DA"),
			dispatch.CollectFare{Ride: ride, Driver: driver, Means: m})
		return err
	}
	w.ok(collect(dispatch.Means{Channel: money.WeChat, Way: money.WayQR}))
	w.work()
	w.ok(collect(dispatch.Means{Channel: money.Alipay, Way: money.WayBarcode, Token: "28"}))
	w.work()
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 19_00, "channel_clearing:alipay": -9_00,
	})
}

// Guests of a driver are one party for what a campaign counts: as nobody can tell them apart, a
// limit by rider or pair holds for all of them together.
func TestGuestsAreCountedTogether(t *testing.T) {
	w, c := newTown(t), newChannel()
	w.desk.Channels[money.Alipay] = c
	w.ok(money.Cashier{Store: w.db}.Launch(w.ctx, money.Campaign{
		ID: "capped", Version: 1, City: string(w.city.ID), Sponsor: "sponsor",
		Channel: money.Alipay, State: money.CampaignRuns, Limits: money.Limits{Pair: 2},
		Rider: money.Fixed(5_00), Driver: money.Fixed(5_00), Cap: 100_00,
		StartsAt: w.now.Add(-time.Hour), EndsAt: w.now.Add(24 * time.Hour),
	}, w.now))
	a, b := w.taxi("A", w.at(0, 0), 4), w.taxi("B", w.at(0, 0), 4)
	for i, driver := range []dispatch.DriverID{a, a, a, b} {
		ride := w.kerb(driver, true)
		w.ok(w.byCode(w.code(driver, "", false), byQR))
		if got, want := w.ride(ride).Subsidy.Granted(), i != 2; got != want {
			t.Errorf("ride %d of %s: %+v", i, driver, w.ride(ride).Subsidy)
		}
		w.work()
		c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
		w.pass(5 * time.Second)
		w.work()
	}
}

// Where a code leads to nothing, it says why; and never to what somebody else has left unpaid.
func TestCodesThatLeadToNothing(t *testing.T) {
	w, c := kerbTown(t)
	driver := w.taxi("A", w.at(0, 0), 4)
	other := w.taxi("B", w.at(0, 0), 4)
	code := w.code(driver, "", false)
	nothing := func(code string, want dispatch.Reason) {
		t.Helper()
		_, err := w.scan(code)
		w.reason(err, want)
		w.reason(w.byCode(code, byQR), want)
	}
	nothing(code, dispatch.ReasonNothingDue)
	nothing("x", dispatch.ReasonUnknownCode)
	nothing(strings.Repeat("A", dispatch.PayCodeBytes), dispatch.ReasonUnknownCode)
	unpaid := w.kerb(driver, true)
	w.boarded(driver) // the next one is in the taxi, whose fare nobody knows
	nothing(code, dispatch.ReasonNothingDue)
	if seen, err := w.scan(w.code(driver, unpaid, false)); err != nil || seen.Due() != 14_00 {
		t.Errorf("the ride's own code: %+v, %v", seen, err)
	}
	_, err := w.desk.MakePayCode(w.ctx, w.now, w.key("driver:DB"),
		dispatch.MakePayCode{Driver: other, Ride: unpaid})
	w.fails(err, dispatch.ReasonUnknownRide)

	theirs := w.code(other, "", false)
	w.kerb(other, true)
	renewed := w.code(other, "", true)
	nothing(theirs, dispatch.ReasonUnknownCode)
	_, err = w.scan(renewed)
	w.ok(err)
	for _, m := range []dispatch.Means{
		{Channel: money.Cash},
		{Channel: money.InWallet},
		{Channel: money.Alipay, Way: money.WayBarcode, Token: "28"},
		{Channel: money.Alipay},
	} {
		w.reason(w.byCode(renewed, m), dispatch.ReasonField)
	}
	w.reason(w.byCode(renewed, dispatch.Means{Channel: "gold", Way: money.WayQR}),
		dispatch.ReasonChannel)
	w.pass(dispatch.CodeStale + time.Second)
	nothing(renewed, dispatch.ReasonNothingDue)
	w.duty(other, dispatch.OffDuty)
	_, err = w.desk.MakePayCode(w.ctx, w.now, w.key("driver:DB"),
		dispatch.MakePayCode{Driver: other})
	w.fails(err, dispatch.ReasonOffDuty)
	if len(c.asked) > 0 {
		t.Errorf("a channel was asked: %v", c.asked)
	}
}

// A hailed ride whose rider does not pay in the app is paid by the dashboard's code too; one whose
// fare is questioned is not.
func TestHailedRideIsPaidByCode(t *testing.T) {
	w, c := kerbTown(t)
	w.payBy = money.Alipay
	driver := w.taxi("A", w.at(0, 0), 4)
	code := w.code(driver, "", false)
	asked := w.ridden("1", driver, 40_00)
	_, err := w.scan(code)
	w.reason(err, dispatch.ReasonNothingDue)
	_, err = w.desk.Confirm(w.ctx, w.now, w.key("rider:R1"),
		dispatch.FareWord{Ride: asked, Rider: "R1"})
	w.ok(err)
	w.ok(w.byCode(code, byQR))
	w.work()
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.settledBy(asked, map[money.AccountID]money.Fen{payee: 45_00})
}
