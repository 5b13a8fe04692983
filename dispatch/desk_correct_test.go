package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

func (w *town) correct(driver dispatch.DriverID, ride dispatch.RideID, meter money.Fen) error {
	_, err := w.desk.Correct(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.CorrectRide{Ride: ride, Driver: driver, Meter: meter})
	return err
}

// contest and agrees are R1's words.
func (w *town) contest(ride dispatch.RideID) error {
	_, err := w.desk.Contest(w.ctx, w.now, w.key("rider:R1"),
		dispatch.FareWord{Ride: ride, Rider: "R1"})
	return err
}

func (w *town) agrees(ride dispatch.RideID) error {
	_, err := w.desk.Confirm(w.ctx, w.now, w.key("rider:R1"),
		dispatch.FareWord{Ride: ride, Rider: "R1"})
	return err
}

// Before it is paid, a fare that stands is contested and corrected: what was reserved for it goes
// back and is reserved anew, an open order is closed first, and what is paid is the corrected fare.
func TestFareIsCorrectedBeforePayment(t *testing.T) {
	w, c := kerbTown(t)
	w.payBy = money.Alipay
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), metered)
	w.ok(w.payExternal(ride, byQR))
	w.work()
	late := c.only(t, money.AttemptSent)
	w.ok(w.contest(ride))
	c.only(t, money.AttemptClosed)
	w.fails(w.payExternal(ride, byQR), dispatch.ReasonStep)
	// What was closed is paid all the same: nobody owes it, and it goes back.
	w.ok(w.desk.PaymentOutcome(w.ctx, w.now, late.ID, money.Outcome{State: money.AttemptPaid}))
	w.work()
	w.balances(map[money.AccountID]money.Fen{"suspense:duplicate": 0})

	w.fails(w.correct("DA", ride, metered), dispatch.ReasonField)
	w.ok(w.correct("DA", ride, 13_00))
	r := w.ride(ride)
	if r.Fare.State != dispatch.FareAccepted || r.Fare.Total() != 13_00 ||
		len(r.Fare.Was) != 1 || r.Fare.Was[0].Meter != metered || !r.Subsidy.Granted() {
		t.Fatalf("%+v, %+v", r.Fare, r.Subsidy)
	}
	w.ok(w.correct("DA", ride, 12_00)) // and once more
	w.ok(w.payExternal(ride, byQR))
	w.work()
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.settledBy(ride, map[money.AccountID]money.Fen{
		payee: 17_00, "promo_budget:alipay": budget - 10_00,
	})
}

// A fare that was typed too low is asked about before it is owed: the rider has heard of less.
func TestHigherFareIsAskedAbout(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), 1_50)
	w.ok(w.correct("DA", ride, 15_00))
	if r := w.ride(ride); r.Fare.State != dispatch.FareAsked || r.Subsidy.Granted() {
		t.Fatalf("%+v, %+v", r.Fare, r.Subsidy)
	}
	w.balances(map[money.AccountID]money.Fen{"promo_budget:launch": budget})
	w.fails(w.pay("1", ride, money.InWallet), dispatch.ReasonStep)
	w.ok(w.agrees(ride))
	w.ok(w.pay("1", ride, money.InWallet))
	w.settledBy(ride, map[money.AccountID]money.Fen{
		"wallet:R1": 90_00, payee: 20_00, "promo_budget:launch": budget - 10_00,
	})
	w.fails(w.correct("DA", ride, 15_00), dispatch.ReasonField)
}

// Of a fare that is paid what is too much goes back to the instrument that has paid it, once, and
// no more than the corrected fare is kept; the campaign's fixed gifts stay.
func TestFareIsCorrectedAfterPayment(t *testing.T) {
	w, c := kerbTown(t)
	w.payBy, w.tip = money.Alipay, 5_00
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), metered)
	w.ok(w.payExternal(ride, byQR)) // 12 and 5 of tip
	w.work()
	c.set(c.only(t, money.AttemptSent).ID, money.AttemptPaid)
	w.pass(5 * time.Second)
	w.work()
	w.ok(w.contest(ride))
	w.ok(w.correct("DA", ride, 11_00))
	w.work()
	w.balances(map[money.AccountID]money.Fen{
		payee: 11_00 + 5_00 + 5_00, "channel_clearing:alipay": -6_00 - 5_00,
		"promo_budget:alipay": budget - 10_00,
	})
	// Below what the campaign gives the rider owes nothing, and the campaign has some back.
	w.ok(w.correct("DA", ride, 3_00))
	w.work()
	w.balances(map[money.AccountID]money.Fen{
		payee: 3_00 + 5_00 + 5_00, "channel_clearing:alipay": -5_00,
		"promo_budget:alipay": budget - 8_00,
	})
	r := w.ride(ride)
	if r.Subsidy.Rider != 3_00 || r.Subsidy.Driver != 5_00 || r.State != dispatch.Settled ||
		r.Fare.State != dispatch.FareAccepted {
		t.Errorf("%s, %+v, %+v", r.State, r.Fare, r.Subsidy)
	}
	if len(c.refunds) != 2 {
		t.Errorf("%d refunds", len(c.refunds))
	}
	if got := w.owed(ride)[money.PurposeFare].Payment; got.State != money.PaymentRefunded {
		t.Errorf("%+v", got)
	}
	sum, err := w.db.Earnings(w.ctx, "DA", w.now.Add(-time.Hour), w.now.Add(time.Hour))
	w.ok(err)
	if sum.Fares != 5_00 || sum.Tips != 5_00 { // what riders paid and kept, with 5 of the sponsor's
		t.Errorf("%+v", sum)
	}
}

// A higher fare after payment is owed only if the rider agrees, and then as a rest, which may be
// paid through any channel. A lower one takes from the rest first.
func TestRestIsOwedIfTheRiderAgrees(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), metered)
	w.ok(w.pay("1", ride, money.InWallet))
	w.fails(w.agrees(ride), dispatch.ReasonStep)
	w.ok(w.correct("DA", ride, 27_00))
	w.ok(w.contest(ride)) // no
	if r := w.ride(ride); r.Fare.Total() != metered || r.Fare.State != dispatch.FareAccepted {
		t.Fatalf("%+v", r.Fare)
	}
	w.fails(w.pay("1", ride, money.InWallet), dispatch.ReasonStep)
	w.ok(w.correct("DA", ride, 25_00))
	w.ok(w.agrees(ride))
	w.fails(w.correct("DA", ride, 26_00), dispatch.ReasonStep)
	w.ok(w.correct("DA", ride, 22_00))
	w.ok(w.pay("1", ride, money.InWallet))
	w.balances(map[money.AccountID]money.Fen{
		"wallet:R1": 83_00, payee: 27_00, "promo_budget:launch": budget - 10_00,
	})
	w.ok(w.correct("DA", ride, 10_00)) // 12 of 17 go back, from both
	w.balances(map[money.AccountID]money.Fen{"wallet:R1": 95_00, payee: 15_00})
	owed := w.owed(ride)
	back := owed[money.PurposeFare].Payment.Refunded + owed[money.PurposeRest].Payment.Refunded
	if back != 12_00 || owed[money.PurposeRest].Payment.Amount != 5_00 {
		t.Errorf("%+v", owed)
	}
}

// By hand it is a memo: what is too much goes back by hand.
func TestCashFareIsCorrected(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.ridden("1", driver, metered)
	w.ok(w.cash(driver, ride))
	w.ok(w.correct(driver, ride, 13_00))
	memo := w.kerb(driver, false)
	w.ok(w.correct(driver, memo, 12_00))
	w.fails(w.correct(driver, memo, 15_00), dispatch.ReasonField) // nobody is there to agree
	w.balances(map[money.AccountID]money.Fen{"wallet:R1": 100_00, payee: 0})
	sum, err := w.db.Earnings(w.ctx, driver, w.now.Add(-time.Hour), w.now.Add(time.Hour))
	w.ok(err)
	if sum.Cash != 25_00 {
		t.Errorf("%+v", sum)
	}
	w.ok(w.correct(driver, ride, 20_00))
	w.ok(w.agrees(ride))
	w.ok(w.cash(driver, ride))
	w.fails(w.cash(driver, ride), dispatch.ReasonStep)
}

// Ops decide what driver and rider do not agree on; what a driver is not owed any more is our loss.
func TestPaidFareIsResolved(t *testing.T) {
	w := newTown(t)
	w.bank(100_00, "1")
	ride := w.ridden("1", w.taxi("A", w.at(0, 0), 4), metered)
	w.ok(w.pay("1", ride, money.InWallet))
	w.fails(w.resolve(ride, 1), dispatch.ReasonStep)
	w.ok(w.contest(ride))
	w.ok(w.db.MoneyTx(w.ctx, func(tx money.Tx) error { // the driver has had it all
		return tx.Book(money.Entry{ID: "out", At: w.now, Transfers: []money.Transfer{{
			ID: "out", Kind: money.TransferPosted, Debit: payee, Credit: money.Bank, Amount: 22_00,
			Code: money.CodeTopUp,
		}}})
	}))
	w.fails(w.correct("DA", ride, 15_00), dispatch.ReasonLedgerLimit)
	w.ok(w.resolve(ride, 15_00))
	w.balances(map[money.AccountID]money.Fen{"wallet:R1": 90_00, "loss": -2_00, payee: 0})
	w.fails(w.correct("DA", ride, 10_00), dispatch.ReasonStep)
	w.fails(w.contest(ride), dispatch.ReasonStep)
}

// Nobody contests or corrects for ever, nor what is being paid.
func TestCorrectionsEnd(t *testing.T) {
	w, _, ride := rideDue(t)
	w.fails(w.correct("DB", ride, 14_00), dispatch.ReasonUnknownRide)
	for i := range dispatch.MaxCorrections {
		w.ok(w.correct("DA", ride, 14_00-money.Fen(i)))
	}
	w.fails(w.correct("DA", ride, 1_00), dispatch.ReasonStep)
	w.ok(w.cash("DA", ride))
	w.pass(dispatch.CorrectWithin + time.Minute)
	w.fails(w.contest(ride), dispatch.ReasonTooLate)
	w.fails(w.correct("DA", ride, 2_00), dispatch.ReasonTooLate)
}
