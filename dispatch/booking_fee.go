package dispatch

import (
	"fmt"
	"time"

	"hexhail/money"
)

// BookingFee is what a booking costs that is made at least LeadS ahead of its pickup.
type BookingFee struct {
	LeadS int       `json:"lead_s"` // 0 to 3 days
	Fee   money.Fen `json:"fee_fen"`
}

// Limits of a policy's booking fees.
const (
	MaxBookingFees = 10
	MaxBookingFee  = money.Fen(100_00)
	MaxLead        = 3 * 24 * time.Hour
)

func checkBookingFees(list []BookingFee) error {
	if len(list) > MaxBookingFees {
		return invalid("policy.booking_fees", fmt.Sprintf("at most %d", MaxBookingFees))
	}
	for i, f := range list {
		key := fmt.Sprintf("policy.booking_fees[%d]", i)
		switch {
		case f.LeadS < 0 || seconds(f.LeadS) > MaxLead || i > 0 && f.LeadS <= list[i-1].LeadS:
			return invalid(key+".lead_s", fmt.Sprintf("rising from 0 to %d", MaxLead/time.Second))
		case f.Fee < 0 || f.Fee > MaxBookingFee:
			return invalid(key+".fee_fen", fmt.Sprintf("0 to %d", MaxBookingFee))
		}
	}
	return nil
}

// BookingFee is what a booking costs that is made so long ahead of its pickup: the fee of the
// longest lead that it reaches, 0 if it reaches none.
func (p Policy) BookingFee(lead time.Duration) money.Fen {
	fee := money.Fen(0)
	for _, f := range p.BookingFees {
		if lead < seconds(f.LeadS) {
			break
		}
		fee = f.Fee
	}
	return fee
}
