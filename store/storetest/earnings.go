package storetest

import (
	"errors"
	"fmt"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// earnings compares sums with those of a walk over all rides, drawn at random.
func earnings(t *testing.T, open Open) {
	db := open(t)
	r := random(t)
	want := map[dispatch.DriverID]*dispatch.Earnings{"D0": {}, "D1": {}, "D2": {}}
	from, to := after(1000), after(2000)
	do(t, db, func(tx dispatch.Tx) error {
		for i := range 300 {
			driver := dispatch.DriverID(fmt.Sprint("D", r.IntN(3)))
			ride := assigned(searching(dispatch.RideID(fmt.Sprint("ride", i))), driver)
			ride.Slot, ride.Tip = "", money.Fen(r.IntN(3)*500)
			ride.State = []dispatch.State{
				dispatch.Completed, dispatch.Settled, dispatch.Cancelled,
			}[r.IntN(3)]
			ride.Fare = dispatch.Fare{
				Meter: money.Fen(1300 + r.IntN(9000)), Tolls: money.Fen(r.IntN(2) * 500),
				State: dispatch.FareAccepted,
			}
			if ride.State != dispatch.Cancelled {
				ride.CompletedAt = after([]float64{
					999.999, 1000, 1500, 1999.999, 2000,
				}[r.IntN(5)])
			}
			if r.IntN(2) == 0 {
				ride.Subsidy = money.Subsidy{Rider: 500, Driver: 700, Reason: money.SubsidyGranted}
			}
			if ride.State == dispatch.Settled && r.IntN(4) == 0 {
				ride.Kind, ride.Rider, ride.Tip = dispatch.Street, "", 0
				ride.Subsidy = money.Subsidy{}
				if r.IntN(2) == 0 { // else it was paid by a code
					ride.PayBy = ""
				}
			}
			check(t, tx.InsertRide(ride))
			sum := &dispatch.Earnings{}
			if !ride.CompletedAt.Before(from) && ride.CompletedAt.Before(to) {
				sum = want[driver]
			}
			check(t, payRandomly(tx, r.IntN, ride, sum))
		}
		return nil
	})
	do(t, db, bookIt(entry("fares", transfer("fares", equity, money.DriverPayable("D1"), 4200),
		pending("held", equity, money.DriverPayable("D1"), 77))))
	want["D1"].Balance = 4200
	want["nobody"], want[""] = &dispatch.Earnings{}, &dispatch.Earnings{}
	for driver, sums := range want {
		got, err := db.Earnings(t.Context(), driver, from, to)
		check(t, err)
		equal(t, "earnings of "+string(driver), got, *sums)
	}
	none, err := db.Earnings(t.Context(), "D1", to, from)
	check(t, err)
	equal(t, "of no time at all", none, dispatch.Earnings{Balance: 4200})
}

// payRandomly writes a ride's payments and adds them to its driver's earnings.
func payRandomly(
	tx dispatch.Tx, draw func(int) int, ride dispatch.Ride, sum *dispatch.Earnings,
) error {
	if ride.CompletedAt.IsZero() {
		return nil
	}
	sum.Rides++
	settled := ride.State == dispatch.Settled
	if settled {
		sum.Subsidies += ride.Subsidy.Driver
	}
	if ride.PayBy == "" {
		sum.Cash += ride.Fare.Total()
		return nil
	}
	for purpose, amount := range map[money.Purpose]money.Fen{
		money.PurposeFare: ride.Fare.Total(), money.PurposeTip: ride.Tip,
	} {
		if amount == 0 {
			continue
		}
		p := due(ride.Subject(), purpose)
		p.Amount, p.State = amount, money.PaymentPaid
		if draw(2) == 0 {
			p.State = money.PaymentCashConfirmed
		}
		if !settled && draw(2) == 0 {
			p.State = money.PaymentState(1 + draw(2)*3) // due, or cash to be handed over
		}
		var goesBack func(dispatch.Tx) error
		if p.State == money.PaymentPaid && draw(3) == 0 {
			var back money.Fen
			back, goesBack = givesBack(draw, ride, &p)
			amount -= back
		}
		switch {
		case purpose == money.PurposeTip && settled:
			sum.Tips += amount
		case purpose == money.PurposeTip:
		case p.State.Captured():
			sum.Fares += amount
		case p.State == money.PaymentCashConfirmed:
			sum.Cash += amount
		}
		if err := tx.InsertPayment(p); err != nil {
			return err
		}
		if goesBack != nil {
			if err := goesBack(tx); err != nil {
				return err
			}
		}
	}
	return nil
}

// givesBack refunds a part of a payment or all of it: what of that its driver gives, and the rows.
func givesBack(
	draw func(int) int, ride dispatch.Ride, p *money.Payment,
) (back money.Fen, rows func(dispatch.Tx) error) {
	refund := money.Refund{
		ID: money.RefundID("back " + string(p.ID)), Of: money.AttemptID("A" + string(p.ID)),
		Payment: p.ID, Subject: p.Subject, Channel: money.Alipay, Captured: p.Amount,
		From:   money.DriverPayable(dispatch.DriverParty(ride.Driver)),
		Amount: p.Amount, Why: "a detour", State: money.AttemptPaid, MadeAt: after(0),
	}
	p.State, p.Discount = money.PaymentRefunded, 0
	if draw(2) == 0 {
		p.State, refund.Amount = money.PaymentPartlyRefunded, p.Amount/3
	}
	p.Refunded, back = refund.Amount, refund.Amount
	switch draw(3) {
	case 0: // at our loss
		refund.From, back = money.Loss, 0
	case 1: // its channel would not
		refund.State, back = money.AttemptClosed, 0
	}
	order := money.Attempt{
		ID: refund.Of, Order: refund.Of, Payment: p.ID, Subject: p.Subject, Payer: p.Payer,
		Payee: p.Payee, Purpose: p.Purpose, Channel: money.Alipay, State: money.AttemptPaid,
		Legs:   []money.Leg{{Instrument: money.Alipay, Amount: p.Amount}},
		MadeAt: after(0), Captured: p.Amount,
	}
	return back, func(tx dispatch.Tx) error {
		return errors.Join(tx.InsertAttempt(order), tx.InsertRefund(refund))
	}
}
