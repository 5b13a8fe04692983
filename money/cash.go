package money

import (
	"context"
	"time"
)

// CashChannel is money from hand to hand. The driver's word is the only outcome there is, so the
// channel itself never says Paid.
type CashChannel struct{}

// Charge leaves the attempt open until the driver confirms.
func (CashChannel) Charge(context.Context, Attempt, time.Time) (Outcome, error) {
	return Outcome{State: AttemptSent, Reason: "driver_confirms"}, nil
}

// ChargeIn implements [House].
func (CashChannel) ChargeIn(Tx, Attempt, time.Time) (Outcome, error) {
	return Outcome{State: AttemptSent, Reason: "driver_confirms"}, nil
}

// Query says the same: nobody but the driver knows.
func (CashChannel) Query(context.Context, Attempt, time.Time) (Outcome, error) {
	return Outcome{State: AttemptSent, Reason: "driver_confirms"}, nil
}

// Close always succeeds: what was not handed over can be paid otherwise.
func (CashChannel) Close(context.Context, Attempt, time.Time) (Outcome, error) {
	return Outcome{State: AttemptClosed, Reason: "paid_otherwise"}, nil
}
