package dispatch

import (
	"fmt"
	"time"

	"hexhail/money"
)

// MaxCancelFee is the highest fee of a late cancel: 100 yuan.
const MaxCancelFee = money.Fen(100_00)

// CancelRules are the part of a policy that is about what a late cancel costs.
type CancelRules struct {
	// CancelFee is what a rider who cancels late owes the driver, 0 to MaxCancelFee; 0 is nothing.
	CancelFee money.Fen `json:"cancel_fee_fen"`
	// CancelFreeS is for how long after a driver took the ride, or set out to a booked one, its
	// cancel is free, 0–3,600 s.
	CancelFreeS int `json:"cancel_free_s"`
	// CancelLateS is by how much the taxi may be later than was quoted, or than was booked,
	// 0–3,600 s: beyond it a cancel is free.
	CancelLateS int `json:"cancel_late_s"`
	// UnpaidFees is with how many fees unpaid a rider may ask for no taxi, 0–100; 0 asks nobody to
	// pay first. What the wallet is being charged counts as paid: that takes a second.
	UnpaidFees int `json:"unpaid_fees"`
}

// defaultCancelRules: free. A city that takes a fee sees it paid before the next ride.
func defaultCancelRules() CancelRules {
	return CancelRules{CancelFreeS: 180, CancelLateS: 300, UnpaidFees: 1}
}

func (p CancelRules) check() error {
	return checkRanges([]keyRange{
		{"cancel_fee_fen", int(p.CancelFee), 0, int(MaxCancelFee)},
		{"cancel_free_s", p.CancelFreeS, 0, 3600},
		{"cancel_late_s", p.CancelLateS, 0, 3600},
		{"unpaid_fees", p.UnpaidFees, 0, 100},
	})
}

// paidUp refuses a rider who has as many fees unpaid as the policy asks nobody to have. It names
// the oldest of them.
func (j *job) paidUp(rider RiderID, p Policy) error {
	if p.UnpaidFees == 0 {
		return nil
	}
	unpaid, err := j.tx.UnpaidFees(RiderParty(rider), p.UnpaidFees)
	if err != nil || len(unpaid) < p.UnpaidFees {
		return err
	}
	first := unpaid[0]
	return &Error{
		Kind: Conflict, Reason: ReasonUnpaidFee, Ride: RideID(first.Subject), Owed: first.Charge(),
		Text: fmt.Sprintf("rider %s owes %s yuan for the cancel of ride %s: pay first; unpaid: %d",
			rider, first.Charge(), first.Subject, len(unpaid)),
	}
}

// OwedForCancel is what the rider of a ride owes its driver who cancels it now: nothing while no
// driver is on the way or waits, in the free time, and if the taxi is, or was, later than told. Who
// was told no time owes nothing: there is no promise that the driver has kept.
func (p Policy) OwedForCancel(r Ride, now time.Time) money.Fen {
	told := r.toldPickup()
	there := r.ArrivedAt
	if there.IsZero() {
		there = now
	}
	switch {
	case r.State != Assigned && r.State != Arrived, r.Slot == SlotNext, r.Rider == "":
		return 0
	case !now.After(r.ClaimedAt.Add(seconds(p.CancelFreeS))):
		return 0
	case told.IsZero() || there.After(told.Add(seconds(p.CancelLateS))):
		return 0
	default:
		return p.CancelFee
	}
}

// toldPickup is when the rider was told that a taxi would be there: the booked time, or that of the
// quote; zero if nobody could say.
func (r Ride) toldPickup() time.Time {
	switch {
	case r.Kind == BookedRide:
		return r.Booking.PickupAt
	case r.Quote.Pickup > 0:
		return r.RequestedAt.Add(r.Quote.Pickup)
	default:
		return time.Time{}
	}
}
