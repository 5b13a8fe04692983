package dispatch_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

const budget = money.Fen(20_00)

// bank gives riders money and the town a campaign of 5 + 5 yuan.
func (w *town) bank(cents money.Fen, riders ...string) {
	w.t.Helper()
	cashier := money.Cashier{Store: w.db}
	w.ok(cashier.Launch(w.ctx, money.Campaign{
		ID: "launch", Version: 1, City: string(w.city.ID), Sponsor: "sponsor",
		Channel: money.InWallet, State: money.CampaignRuns,
		Rider: money.Fixed(500), Driver: money.Fixed(500),
		Cap:      budget,
		StartsAt: w.now.Add(-time.Hour), EndsAt: w.now.Add(24 * time.Hour),
	}, w.now))
	for _, r := range riders {
		w.ok(cashier.TopUp(w.ctx, money.EntryID("top/"+r), money.SandboxEquity,
			money.Party("R"+r), cents, w.now))
	}
}

// ridden takes a ride from request to the end of its drive, 3.3 km in ten minutes with a fix every
// 10 s, and returns it completed with the meter at so much.
func (w *town) ridden(name string, driver dispatch.DriverID, meter money.Fen) dispatch.RideID {
	w.t.Helper()
	from := w.at(0, 0)
	w.fix(string(driver[1:]), from)
	ride := w.ask(name, from, 1)
	w.round()
	w.accept(driver)
	w.drive(driver, ride, w.desk.Arrive)
	w.drive(driver, ride, w.desk.Start)
	var trace []geo.Fix
	for i := range 61 {
		trace = append(trace, geo.Fix{Point: w.at(float64(i)*55, 0), At: w.now})
		w.pass(10 * time.Second)
	}
	w.now = trace[60].At
	w.ok(w.db.AppendTrace(w.ctx, ride, trace))
	_, err := w.desk.Complete(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.CompleteRide{Ride: ride, Driver: driver, Meter: meter})
	w.ok(err)
	return ride
}

func (w *town) pay(name string, ride dispatch.RideID, by money.ChannelName) error {
	w.t.Helper()
	_, err := w.desk.Pay(w.ctx, w.now, w.key("rider:R"+name), dispatch.PayRide{
		Ride: ride, Rider: dispatch.RiderID("R" + name), Means: dispatch.Means{Channel: by},
	})
	if err == nil {
		_, err = w.desk.Work(w.ctx, w.now)
	}
	return err
}

func (w *town) cash(driver dispatch.DriverID, ride dispatch.RideID) error {
	_, err := w.desk.CashReceived(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.CashReceived{Ride: ride, Driver: driver})
	return err
}

// books are the balances by account; wrong accounts fail the test.
func (w *town) books() map[money.AccountID]money.Account {
	w.t.Helper()
	books, err := money.Cashier{Store: w.db}.Audit(w.ctx, nil)
	w.ok(err)
	if len(books.Wrong) > 0 {
		w.t.Errorf("accounts that do not replay to their balance: %v", books.Wrong)
	}
	accounts := map[money.AccountID]money.Account{}
	for _, a := range books.Accounts {
		accounts[a.ID] = a
	}
	return accounts
}

func (w *town) balances(want map[money.AccountID]money.Fen) {
	w.t.Helper()
	accounts := w.books()
	for id, fen := range want {
		if got := accounts[id]; got.Balance() != fen || got.PendingDebits+got.PendingCredits != 0 {
			w.t.Errorf("%s: %s yuan, %s and %s pending; want %s and nothing pending",
				id, got.Balance(), got.PendingDebits, got.PendingCredits, fen)
		}
	}
}

// The tariff gives 15 yuan for the drive of ridden: 13.00, 0.3 km at 2.30, fuel 1.00, rounded. The
// driver's meter says 17, as it went round corners.
const byTrace, metered = money.Fen(15_00), money.Fen(17_00)

func TestWalletRide(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, metered)
	r := w.ride(ride)
	if r.State != dispatch.Completed || r.Fare.ByTrace != byTrace || r.Fare.Coverage != 100 ||
		r.Fare.State != dispatch.FareAccepted || !r.Subsidy.Granted() {
		t.Fatalf("fare %+v, subsidy %+v", r.Fare, r.Subsidy)
	}
	if b := w.books()[money.PromoBudget("launch")]; b.PendingDebits != 1000 {
		t.Errorf("reserved %s of the budget, want 10.00", b.PendingDebits)
	}
	w.ok(w.pay("1", ride, money.InWallet))
	if r := w.ride(ride); r.State != dispatch.Settled {
		t.Fatalf("%s, want settled", r.State)
	}
	if w.rides[ride].State != dispatch.Settled {
		t.Error("the rider was not told")
	}
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 88_00, "driver_payable:DA": 22_00, "promo_budget:launch": 10_00,
		"sponsor_receivable:sponsor": -20_00, "sandbox:equity": -100_00,
	})
	w.fails(w.pay("1", ride, money.InWallet), dispatch.ReasonStep)
	w.fails(w.cash(driver, ride), dispatch.ReasonStep)
}

func TestCashRideHasNoTransfer(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, metered)
	w.ok(w.pay("1", ride, money.Cash)) // gives the subsidy back
	r := w.ride(ride)
	if r.State != dispatch.Completed || r.Subsidy.Reason != money.SubsidyVoid ||
		r.Subsidy.Rider != 0 {
		t.Fatalf("%s, subsidy %+v", r.State, r.Subsidy)
	}
	w.ok(w.cash(driver, ride))
	if r := w.ride(ride); r.State != dispatch.Settled {
		t.Fatalf("%s, want settled", r.State)
	}
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 100_00, "driver_payable:DA": 0, "promo_budget:launch": 20_00,
	})
}

func TestCashThenWallet(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, metered)
	w.ok(w.pay("1", ride, money.Cash))
	w.ok(w.pay("1", ride, money.InWallet)) // changed their mind; the subsidy is gone
	w.fails(w.cash(driver, ride), dispatch.ReasonStep)
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 83_00, "driver_payable:DA": 17_00, "promo_budget:launch": 20_00,
	})
}

func TestEmptyWalletIsPaidByHand(t *testing.T) {
	w := newTown(t)
	w.bank(11_99, "1") // due are 12.00
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, metered)
	w.fails(w.pay("1", ride, money.InWallet), dispatch.ReasonLedgerLimit)
	if r := w.ride(ride); r.State != dispatch.Completed {
		t.Fatalf("%s, want completed: the wallet is too empty", r.State)
	}
	w.ok(w.cash(driver, ride))
	w.balances(map[money.AccountID]money.Fen{"wallet:R1": 11_99, "promo_budget:launch": 20_00})
}

func TestQuestionedFareWaits(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, 40_00)
	r := w.ride(ride)
	if r.Fare.State != dispatch.FareAsked || r.Subsidy.Reason != money.SubsidyWaits {
		t.Fatalf("fare %s, subsidy %s: want asked, and waiting", r.Fare.State, r.Subsidy.Reason)
	}
	w.fails(w.pay("1", ride, money.InWallet), dispatch.ReasonStep)
	w.balances(map[money.AccountID]money.Fen{"promo_budget:launch": 20_00})
	word := dispatch.FareWord{Ride: ride, Rider: "R1"}
	_, err := w.desk.Confirm(w.ctx, w.now, w.key("rider:R1"), word)
	w.ok(err)
	w.ok(w.pay("1", ride, money.InWallet))
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 65_00, "driver_payable:DA": 45_00, "promo_budget:launch": 10_00,
	})
}

func TestThinTraceIsFlagged(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.round()
	w.accept(driver)
	w.drive(driver, ride, w.desk.Arrive)
	w.drive(driver, ride, w.desk.Start)
	for i, m := range []float64{0, 100, 3300} {
		w.ok(w.db.AppendTrace(w.ctx, ride, []geo.Fix{{Point: w.at(m, 0), At: w.now}}))
		w.pass([]time.Duration{20 * time.Second, 580 * time.Second, 0}[i])
	}
	_, err := w.desk.Complete(w.ctx, w.now, w.key("driver:DA"),
		dispatch.CompleteRide{Ride: ride, Driver: driver, Meter: metered})
	w.ok(err)
	if r := w.ride(ride); !r.Fare.Flagged || r.Fare.Coverage != 3 || r.Fare.Total() != metered {
		t.Errorf("fare %+v: want flagged with 3 %% coverage, and the meter's amount", r.Fare)
	}
}

func TestBudgetAndDatesRefuseASubsidy(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1", "2", "3")
	driver := w.taxi("A", w.at(0, 0), 4)
	var reasons []money.SubsidyReason
	for _, name := range []string{"1", "2", "3"} {
		ride := w.ridden(name, driver, metered)
		reasons = append(reasons, w.ride(ride).Subsidy.Reason)
		w.ok(w.pay(name, ride, money.InWallet))
	}
	want := []money.SubsidyReason{money.SubsidyGranted, money.SubsidyGranted, money.SubsidyBudget}
	if !slices.Equal(reasons, want) {
		t.Errorf("%v, want %v", reasons, want)
	}
	w.balances(map[money.AccountID]money.Fen{
		"promo_budget:launch": 0, "wallet:R3": 83_00, "driver_payable:DA": 61_00,
	})
	w.pass(24 * time.Hour)
	late := w.ridden("4", driver, metered)
	if got := w.ride(late).Subsidy.Reason; got != money.SubsidyNotDated {
		t.Errorf("after the campaign: %s", got)
	}
}

// TestCashMeantWalletPaid: whoever pays through the sponsor's channel after all has the subsidy.
func TestCashMeantWalletPaid(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	w.payBy = money.Cash
	ride := w.ridden("1", driver, metered)
	if r := w.ride(ride); r.Subsidy.Reason != money.SubsidyChannel {
		t.Fatalf("subsidy %+v", r.Subsidy)
	}
	w.ok(w.pay("1", ride, money.InWallet))
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 88_00, "driver_payable:DA": 22_00, "promo_budget:launch": 10_00,
	})
}

// TestPaidSubsidyStays: the fare is paid with its subsidy, the tip is not; neither cash for the tip
// nor time takes the subsidy away.
func TestPaidSubsidyStays(t *testing.T) {
	w := newTown(t)
	w.bank(15_00, "1") // enough for the fare less 5, not for the tip
	driver := w.taxi("A", w.at(0, 0), 4)
	w.tip = 10_00
	ride := w.ridden("1", driver, metered)
	w.ok(w.pay("1", ride, money.InWallet))
	told := w.rides[ride].State
	if r := w.ride(ride); r.State != dispatch.Completed || told != dispatch.Completed {
		t.Fatalf("%s, want completed: the tip is not paid", r.State)
	}
	w.pass(dispatch.SubsidyHeld + time.Hour)
	_, err := w.desk.Work(w.ctx, w.now)
	w.ok(err)
	w.ok(w.cash(driver, ride))
	r := w.ride(ride)
	if r.State != dispatch.Settled || !r.Subsidy.Granted() || r.PayBy != money.InWallet {
		t.Errorf("%s by %s, subsidy %+v", r.State, r.PayBy, r.Subsidy)
	}
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 3_00, "driver_payable:DA": 22_00, "promo_budget:launch": 10_00,
	})
}

// TestEndlessStreetRide is on the meter for 30 hours: the trace cannot judge it, and it ends.
func TestEndlessStreetRide(t *testing.T) {
	w := newTown(t)
	driver := w.taxi("A", w.at(0, 0), 4)
	got, err := w.desk.Occupied(w.ctx, w.now, w.key("driver:DA"),
		dispatch.StreetRide{Driver: driver, At: w.at(0, 0)})
	w.ok(err)
	for range 31 {
		w.ok(w.db.AppendTrace(w.ctx, got.Ride, []geo.Fix{{Point: w.at(0, 0), At: w.now}}))
		w.pass(time.Hour)
	}
	_, err = w.desk.Complete(w.ctx, w.now, w.key("driver:DA"),
		dispatch.CompleteRide{Ride: got.Ride, Driver: driver, Meter: 900_00})
	w.ok(err)
	if r := w.ride(got.Ride); r.State != dispatch.Settled || !r.Fare.Flagged {
		t.Errorf("%s, fare %+v", r.State, r.Fare)
	}
}

func TestUnpaidSubsidyExpires(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, metered)
	for _, wait := range []time.Duration{dispatch.SubsidyHeld - time.Second, time.Second} {
		if r := w.ride(ride); !r.Subsidy.Granted() {
			t.Fatalf("gave the subsidy back too early: %+v", r.Subsidy)
		}
		w.pass(wait)
		_, err := w.desk.Work(w.ctx, w.now)
		w.ok(err)
	}
	r := w.ride(ride)
	if r.Subsidy.Reason != money.SubsidyExpired || r.State != dispatch.Completed {
		t.Fatalf("%s, subsidy %+v", r.State, r.Subsidy)
	}
	w.balances(map[money.AccountID]money.Fen{"promo_budget:launch": 20_00})
	w.ok(w.pay("1", ride, money.InWallet))
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 83_00, "driver_payable:DA": 17_00, "promo_budget:launch": 20_00,
	})
}

func TestStreetRideIsSubsidisedToo(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: "R1"})
	}))
	got, err := w.desk.Occupied(w.ctx, w.now, w.key("driver:DA"), dispatch.StreetRide{
		Driver: driver, Rider: "R1", At: w.at(0, 0), PayBy: money.InWallet,
	})
	w.ok(err)
	if n := w.engine.Counts(); n.Busy != 1 || n.Idle != 0 {
		t.Errorf("%+v: the taxi is taken", n)
	}
	w.pass(time.Minute)
	_, err = w.desk.Complete(w.ctx, w.now, w.key("driver:DA"),
		dispatch.CompleteRide{Ride: got.Ride, Driver: driver, Meter: 14_00})
	w.ok(err)
	w.ok(w.pay("1", got.Ride, money.InWallet))
	w.balances(map[money.AccountID]money.Fen{"wallet:R1": 91_00, "driver_payable:DA": 19_00})
}

func TestTipGoesToTheDriver(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	_, err := w.desk.AddTip(w.ctx, w.now, w.key("rider:R1"),
		dispatch.RaiseTip{Ride: ride, Rider: "R1", To: 10_00})
	w.ok(err)
	w.round()
	w.accept(driver)
	w.drive(driver, ride, w.desk.Arrive)
	w.drive(driver, ride, w.desk.Start)
	w.pass(time.Minute)
	_, err = w.desk.Complete(w.ctx, w.now, w.key("driver:DA"),
		dispatch.CompleteRide{Ride: ride, Driver: driver, Meter: 14_00, Tolls: 5_00})
	w.ok(err)
	w.ok(w.pay("1", ride, money.InWallet))
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 76_00, "driver_payable:DA": 34_00, "promo_budget:launch": 10_00,
	})
}

// A tip after the ride is the driver's, through any channel, once; the fare and its settlement are
// as they were.
func TestTipAfterTheRide(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, metered)
	w.ok(w.pay("1", ride, money.InWallet))
	tip := func(rider dispatch.RiderID, to money.Fen) error {
		_, err := w.desk.AddTip(w.ctx, w.now, w.key("rider:"+string(rider)),
			dispatch.RaiseTip{Ride: ride, Rider: rider, To: to})
		return err
	}
	w.fails(tip("R1", 1), dispatch.ReasonField) // none of the policy's steps
	w.fails(tip("R2", 5_00), dispatch.ReasonUnknownRide)
	w.ok(tip("R1", 5_00))
	w.fails(tip("R1", 10_00), dispatch.ReasonStep)
	nudged := len(w.nudges)
	w.ok(w.pay("1", ride, money.InWallet))
	if len(w.nudges) != nudged {
		t.Error("the engine was told of a tip")
	}
	w.settledBy(ride, map[money.AccountID]money.Fen{
		"wallet:R1": 83_00, payee: 27_00, "promo_budget:launch": budget - 10_00,
	})
	unpaid := w.ridden("1", driver, metered)
	_, err := w.desk.AddTip(w.ctx, w.now, w.key("rider:R1"),
		dispatch.RaiseTip{Ride: unpaid, Rider: "R1", To: 5_00})
	w.ok(err)
	w.ok(w.cash(driver, unpaid)) // with the fare
	if r := w.ride(unpaid); r.State != dispatch.Settled || r.Tip != 5_00 {
		t.Errorf("%s, tip %s", r.State, r.Tip)
	}
	late := w.ridden("1", driver, metered)
	w.pass(dispatch.TipWithin + time.Second)
	_, err = w.desk.AddTip(w.ctx, w.now, w.key("rider:R1"),
		dispatch.RaiseTip{Ride: late, Rider: "R1", To: 5_00})
	w.fails(err, dispatch.ReasonTooLate)
}

func TestRequestIDs(t *testing.T) {
	w := newTown(t)
	first := w.ask("1", w.at(0, 0), 1)
	key := dispatch.Once{Identity: "rider:R2", RequestID: "same"}
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: "R2"})
	}))
	c := w.request("R2", w.at(0, 0), 1)
	one, err := w.desk.Request(w.ctx, w.now, key, c)
	w.ok(err)
	w.pass(time.Minute)
	two, err := w.desk.Request(w.ctx, w.now, key, c)
	w.ok(err)
	if !one.At.Equal(two.At) || one.Ride != two.Ride || one.State != two.State ||
		one.Ride == first {
		t.Errorf("%+v, then %+v", one, two)
	}
	c.Seats = 2
	_, err = w.desk.Request(w.ctx, w.now, key, c)
	w.fails(err, dispatch.ReasonRequestReused)
	_, err = w.desk.Request(w.ctx, w.now, w.key("rider:R2"), c)
	w.fails(err, dispatch.ReasonRideOpen)
}

// refusesBadRequests spoils a good request of rider R1 in one field after the other.
func refusesBadRequests(t *testing.T, w *town, good dispatch.RequestRide) {
	t.Helper()
	long := string(make([]byte, 501))
	type command = dispatch.RequestRide
	for name, tc := range map[string]struct {
		change func(*command)
		want   dispatch.Reason
	}{
		"latitude": {func(c *command) { c.Pickup.Point.Lat = 91 }, dispatch.ReasonPosition},
		"NaN":      {func(c *command) { c.Dropoff.Point.Lng = math.NaN() }, dispatch.ReasonField},
		"infinite": {func(c *command) { c.Pickup.Point.Lng = math.Inf(1) }, dispatch.ReasonField},
		"seats":    {func(c *command) { c.Seats = 9 }, dispatch.ReasonField},
		"no seat":  {func(c *command) { c.Seats = 0 }, dispatch.ReasonField},
		"tip":      {func(c *command) { c.Tip = -1 }, dispatch.ReasonField},
		"big tip":  {func(c *command) { c.Tip = 200_01 }, dispatch.ReasonField},
		"note":     {func(c *command) { c.Pickup.Note = long }, dispatch.ReasonField},
		"name":     {func(c *command) { c.Dropoff.Name = long }, dispatch.ReasonField},
		"quote":    {func(c *command) { c.Quote.Low = 2; c.Quote.High = 1 }, dispatch.ReasonField},
		"city":     {func(c *command) { c.City = "atlantis" }, dispatch.ReasonUnknownCity},
		"rider":    {func(c *command) { c.Rider = "nobody" }, dispatch.ReasonUnknownRider},
		"channel":  {func(c *command) { c.PayBy = "shells" }, dispatch.ReasonChannel},
	} {
		t.Run(name, func(*testing.T) {
			c := good
			tc.change(&c)
			_, err := w.desk.Request(w.ctx, w.now, w.key("rider:R1"), c)
			w.fails(err, tc.want)
		})
	}
}

func TestBadInput(t *testing.T) {
	w := newTown(t)
	driver := w.taxi("A", w.at(0, 0), 4)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: "R1"})
	}))
	good := w.request("R1", w.at(0, 0), 1)
	refusesBadRequests(t, w, good)
	_, err := w.desk.Request(w.ctx, w.now, dispatch.Once{Identity: "rider:R1"}, good)
	w.fails(err, dispatch.ReasonField) // no request id
	got, err := w.desk.Request(w.ctx, w.now, w.key("rider:R1"), good)
	w.ok(err)
	w.round()
	offer := w.offers[driver]
	foreign := dispatch.AnswerOffer{Offer: offer.ID, Driver: "DB"}
	_, err = w.desk.Accept(w.ctx, w.now, w.key("driver:DB"), foreign)
	w.fails(err, dispatch.ReasonUnknownOffer)
	w.pass(15 * time.Second)
	_, err = w.desk.Accept(w.ctx, w.now, w.key("driver:DA"),
		dispatch.AnswerOffer{Offer: offer.ID, Driver: driver})
	w.fails(err, dispatch.ReasonOfferExpired)
	_, err = w.desk.Cancel(w.ctx, w.now, w.key("rider:R2"),
		dispatch.CancelRide{Ride: got.Ride, Rider: "R2"})
	w.fails(err, dispatch.ReasonUnknownRide)
	w.due()
	w.fix("A", w.at(0, 0))
	w.round()
	w.accept(driver)
	w.drive(driver, got.Ride, w.desk.Arrive)
	w.drive(driver, got.Ride, w.desk.Start)
	for _, c := range []dispatch.CompleteRide{
		{Ride: got.Ride, Driver: driver, Meter: -1},
		{Ride: got.Ride, Driver: driver, Meter: money.MaxMeter + 1},
		{Ride: got.Ride, Driver: driver, Meter: 1300, Tolls: money.MaxTolls + 1},
	} {
		_, err = w.desk.Complete(w.ctx, w.now, w.key("driver:DA"), c)
		w.fails(err, dispatch.ReasonAmount)
	}
	_, err = w.desk.Complete(w.ctx, w.now, w.key("driver:DA"),
		dispatch.CompleteRide{Ride: "nowhere", Driver: driver, Meter: 1300})
	w.fails(err, dispatch.ReasonUnknownRide)
	if r := w.ride(got.Ride); r.State != dispatch.OnTrip {
		t.Errorf("%s: bad input has changed something", r.State)
	}
}

// TestBacklogRefusesRequests: what nobody is told of must not fill the disk.
func TestBacklogRefusesRequests(t *testing.T) {
	w := newTown(t)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: "R1", Name: "1"})
	}))
	ask := func() error {
		_, err := w.desk.Request(w.ctx, w.now, w.key("rider:R1"), w.request("R1", w.at(0, 0), 1))
		return err
	}
	waiting := dispatch.MaxBacklog
	w.desk.Backlog = func() int { return waiting }
	if err := ask(); dispatch.ReasonOf(err) != dispatch.ReasonBacklog ||
		dispatch.KindOf(err) != dispatch.Exhausted {
		t.Errorf("with a full backlog: %v", err)
	}
	waiting--
	w.ok(ask())
}

func TestCityFiles(t *testing.T) {
	names := dispatch.CityNames()
	if len(names) != 7 {
		t.Errorf("cities: %v", names)
	}
	for _, name := range names {
		if _, err := dispatch.LoadCity(dispatch.CityID(name)); err != nil {
			t.Error(err)
		}
	}
	const good = `{"id":"x","name":"X","name_zh":"X","time_zone":"Asia/Shanghai",` +
		`"center":{"lat":30,"lng":104},"tariff":"chengdu","policies":[{"offer_s":20}]}`
	city, err := dispatch.ParseCity("x.json", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if p := city.PolicyAt(time.Time{}); p.OfferS != 20 || p.MaxPickupS != 900 {
		t.Fatalf("%+v", p)
	}
	for _, tc := range []struct{ from, to, names string }{
		{`"offer_s":20`, `"offer_s":4`, "policy.offer_s"},
		{`"offer_s"`, `"ofer_s"`, "ofer_s"},
		{`"time_zone"`, `"zone"`, "zone"},
		{"Asia/Shanghai", "Asia/Atlantis", "time_zone"},
		{`"lat":30`, `"lat":300`, "center"},
		{`"chengdu"`, `"atlantis"`, "atlantis"},
	} {
		_, err := dispatch.ParseCity("x.json", []byte(strings.Replace(good, tc.from, tc.to, 1)))
		if err == nil || !strings.Contains(err.Error(), tc.names) ||
			!strings.Contains(err.Error(), "x.json") {
			t.Errorf("%s: %v, want the file and %s named", tc.to, err, tc.names)
		}
	}
}
