package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// splitTown is a town in which R1 owes 17 yuan for a ride, of which a campaign pays 5 and gives the
// driver 5, if it goes through Alipay. R2 and R3 are friends with 100 yuan in their wallets.
func splitTown(t *testing.T) (*town, *channel, dispatch.RideID) {
	t.Helper()
	w, c := kerbTown(t)
	w.payBy = money.Alipay
	for _, name := range []string{"1", "2", "3"} {
		rider := dispatch.RiderID("R" + name)
		_, err := w.db.ImportRiders(w.ctx, []dispatch.Rider{
			{ID: rider, Name: name, Phone: "1380000000" + name},
		})
		w.ok(err)
		w.ok(money.Cashier{Store: w.db}.TopUp(w.ctx, money.EntryID("top/"+name),
			money.SandboxEquity, dispatch.RiderParty(rider), 100_00, w.now))
	}
	return w, c, w.ridden("1", w.taxi("A", w.at(0, 0), 4), metered)
}

func (w *town) split(ride dispatch.RideID, friends ...dispatch.Friend) ([]dispatch.Share, error) {
	return w.desk.Split(w.ctx, w.now, w.key("rider:R1"),
		dispatch.SplitFare{Ride: ride, Rider: "R1", Friends: friends})
}

func (w *town) payShare(rider dispatch.RiderID, code string, m dispatch.Means) error {
	_, err := w.desk.PayByCode(w.ctx, w.now, w.key("rider:"+string(rider)),
		dispatch.PayByCode{Code: code, Rider: rider, Means: m})
	if err == nil {
		w.work()
	}
	return err
}

func (w *town) paidAt(c *channel) {
	w.t.Helper()
	w.work()
	c.set(c.only(w.t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
}

// Three share a fare: each part is a third to a fen, each friend pays their own through any
// channel, and a campaign gives for the shares that went through its own.
func TestFriendsShareAFare(t *testing.T) {
	w, c, ride := splitTown(t)
	shares, err := w.split(ride,
		dispatch.Friend{Rider: "R2"}, dispatch.Friend{Phone: "13800000003"})
	w.ok(err)
	var amount, discount money.Fen
	for i, s := range shares {
		amount, discount = amount+s.Payment.Amount, discount+s.Payment.Discount
		if want := []money.Party{"R1", "R2", "R3"}[i]; s.Payment.Payer != want {
			t.Errorf("share %d is %s's", i, s.Payment.Payer)
		}
		if (s.Code == "") != (i == 0) || s.Payment.Amount < 5_66 || s.Payment.Amount > 5_67 {
			t.Errorf("share %d: %+v", i, s)
		}
	}
	if amount != 17_00 || discount != 5_00 {
		t.Errorf("shares of %s less %s", amount, discount)
	}
	mine, err := w.db.RiderShares(w.ctx, "R3")
	w.ok(err)
	if len(mine) != 1 || mine[0].Code != shares[2].Code || mine[0].Plate != "A" {
		t.Fatalf("R3 is asked for %+v", mine)
	}
	if none, err := w.db.RiderShares(w.ctx, "R1"); err != nil || len(none) != 0 {
		t.Errorf("the organiser is asked for %+v, %v", none, err)
	}
	_, err = w.split(ride, dispatch.Friend{})
	w.fails(err, dispatch.ReasonPayment)
	w.fails(w.contest(ride), dispatch.ReasonPayment)

	w.ok(w.payShare("R2", shares[1].Code, byWalletOf)) // 5.67 in full: no sponsor sees it
	w.ok(w.payShare("R3", shares[2].Code, byQR))
	w.paidAt(c)
	if r := w.ride(ride); r.State != dispatch.Completed {
		t.Fatalf("%s before all is paid", r.State)
	}
	w.ok(w.payExternal(ride, byQR))
	w.paidAt(c)
	r := w.ride(ride)
	if r.State != dispatch.Settled || r.Subsidy.Rider+r.Subsidy.Driver == 0 {
		t.Fatalf("%s, %+v", r.State, r.Subsidy)
	}
	spent := 100_00 - w.books()["wallet:R2"].Balance()
	if spent != shares[1].Payment.Amount {
		t.Errorf("R2 has paid %s for a share of %s", spent, shares[1].Payment.Amount)
	}
	w.balances(map[money.AccountID]money.Fen{
		payee:                     17_00 + r.Subsidy.Driver,
		"channel_clearing:alipay": -(17_00 - spent - r.Subsidy.Rider),
		"promo_budget:alipay":     budget - r.Subsidy.Rider - r.Subsidy.Driver,
	})
	if r.Subsidy.Rider < 3_32 || r.Subsidy.Rider > 3_34 {
		t.Errorf("two thirds of 5.00 are %s", r.Subsidy.Rider)
	}
}

var byWalletOf = dispatch.Means{Channel: money.InWallet}

// What friends have not paid in time is the organiser's, once, and late money goes back.
func TestTheOrganiserCovers(t *testing.T) {
	w, c, ride := splitTown(t)
	shares, err := w.split(ride, dispatch.Friend{Rider: "R2"}, dispatch.Friend{}, dispatch.Friend{})
	w.ok(err)
	w.ok(w.payShare("R2", shares[1].Code, byWalletOf))
	w.ok(w.byCode(shares[2].Code, byQR)) // asked for, and never paid
	w.work()
	late := c.only(t, money.AttemptSent)
	w.pass(dispatch.SplitFor - time.Second)
	w.work()
	if r := w.ride(ride); r.State != dispatch.Completed {
		t.Fatal(r.State)
	}
	w.fails(w.payShare("R2", shares[1].Code, byWalletOf), dispatch.ReasonNothingDue)
	w.pass(time.Second)
	w.work()
	owed := w.owed(ride)
	whole := owed[money.PurposeFare].Payment
	if whole.State != money.PaymentDue || whole.Amount != 8_50 {
		t.Fatalf("%+v: want two shares of 4.25", whole)
	}
	w.reason(w.byCode(shares[2].Code, byQR), dispatch.ReasonNothingDue)
	w.ok(w.desk.PaymentOutcome(w.ctx, w.now, late.ID, money.Outcome{State: money.AttemptPaid}))
	w.work()
	w.balances(map[money.AccountID]money.Fen{"suspense:duplicate": 0, "channel_clearing:alipay": 0})
	w.ok(w.payExternal(ride, byQR)) // own share and what is covered: one order
	w.paidAt(c)
	r := w.ride(ride)
	if r.State != dispatch.Settled {
		t.Fatal(r.State)
	}
	w.balances(map[money.AccountID]money.Fen{
		payee:                 17_00 + r.Subsidy.Driver,
		"promo_budget:alipay": budget - r.Subsidy.Rider - r.Subsidy.Driver,
	})
	if want := money.Fen(3_75); r.Subsidy.Rider != want {
		t.Errorf("%s given, want three of four parts: %s", r.Subsidy.Rider, want)
	}
}

// A friend who has nothing to do with us pays a share at its code; the rest is paid by hand, and
// then no campaign gives for that.
func TestSharesByHand(t *testing.T) {
	w, c, ride := splitTown(t)
	shares, err := w.split(ride, dispatch.Friend{}, dispatch.Friend{Phone: "nobody's"})
	w.ok(err)
	if seen, err := w.scan(shares[1].Code); err != nil || len(seen.Payments) != 1 ||
		seen.Due() != shares[1].Payment.Charge() {
		t.Fatalf("%+v, %v", seen, err)
	}
	w.ok(w.byCode(shares[1].Code, byQR))
	w.paidAt(c)
	w.ok(w.cash("DA", ride))
	r := w.ride(ride)
	if r.State != dispatch.Settled || r.Subsidy.Rider < 1_66 || r.Subsidy.Rider > 1_67 {
		t.Fatalf("%s, %+v", r.State, r.Subsidy)
	}
	w.balances(map[money.AccountID]money.Fen{
		payee:                 shares[1].Payment.Amount + r.Subsidy.Driver,
		"promo_budget:alipay": budget - r.Subsidy.Rider - r.Subsidy.Driver,
	})
}

// Of a shared fare that is corrected each instrument gets its part back.
func TestSharedFareIsCorrected(t *testing.T) {
	w, c, ride := splitTown(t)
	shares, err := w.split(ride, dispatch.Friend{Rider: "R2"})
	w.ok(err)
	w.fails(w.correct("DA", ride, 10_00), dispatch.ReasonPayment)
	w.ok(w.payShare("R2", shares[1].Code, byWalletOf)) // 8.50
	w.ok(w.payExternal(ride, byQR))                    // 8.50 less 2.50
	w.paidAt(c)
	w.ok(w.correct("DA", ride, 10_00)) // 7.00 of 14.50 go back
	w.work()
	wallet, driver := w.books()["wallet:R2"].Balance(), w.books()[payee].Balance()
	if wallet <= 91_50 || wallet > 96_00 || driver != 10_00+2_50 {
		t.Errorf("R2 has %s, the driver is owed %s", wallet, driver)
	}
}

// Whoever is in the app pays somebody's ride or share out of their own wallet.
func TestARiderPaysByCode(t *testing.T) {
	w, _, _ := splitTown(t)
	driver := w.taxi("B", w.at(0, 0), 4)
	ride := w.kerb(driver, true)
	w.ok(w.payShare("R2", w.code(driver, ride, false), byWalletOf))
	w.settledBy(ride, map[money.AccountID]money.Fen{
		"wallet:R2": 86_00, "driver_payable:DB": 14_00,
	})
	back, err := w.desk.Refund(w.ctx, w.now, w.key("ops:me"), dispatch.RefundRide{
		Ride: ride, Purpose: money.PurposeFare, Amount: 4_00, Why: "a detour",
	})
	w.ok(err)
	w.balances(map[money.AccountID]money.Fen{"wallet:R2": 90_00})
	_ = back
}

// Nobody splits what is not theirs to split, or among people who cannot be.
func TestSplitsThatCannotBe(t *testing.T) {
	w, c, ride := splitTown(t)
	for _, friends := range [][]dispatch.Friend{
		nil,
		{{Rider: "R1"}},
		{{Rider: "R2"}, {Rider: "R2"}},
		{{Rider: "R2", Phone: "13800000003"}},
		make([]dispatch.Friend, money.MaxShares),
	} {
		_, err := w.split(ride, friends...)
		w.fails(err, dispatch.ReasonField)
	}
	_, err := w.split(ride, dispatch.Friend{Rider: "nobody"})
	w.fails(err, dispatch.ReasonUnknownRider)
	_, err = w.desk.Split(w.ctx, w.now, w.key("rider:R2"), dispatch.SplitFare{
		Ride: ride, Rider: "R2", Friends: []dispatch.Friend{{}},
	})
	w.fails(err, dispatch.ReasonUnknownRide)
	for _, within := range []time.Duration{dispatch.ShortestSplit - 1, dispatch.LongestSplit + 1} {
		_, err = w.desk.Split(w.ctx, w.now, w.key("rider:R1"), dispatch.SplitFare{
			Ride: ride, Rider: "R1", Friends: []dispatch.Friend{{}}, For: within,
		})
		w.fails(err, dispatch.ReasonField)
	}
	w.ok(w.payExternal(ride, byQR))
	w.paidAt(c)
	_, err = w.split(ride, dispatch.Friend{})
	w.fails(err, dispatch.ReasonStep)
}
