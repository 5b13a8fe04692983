package wire

import (
	"hexhail/dispatch"
	"hexhail/pb/hexhail/type/v1"
)

// PaymentPB is a payment as riders and drivers see it.
func PaymentPB(o dispatch.Owed) *typepb.Payment {
	return &typepb.Payment{
		Purpose: string(o.Payment.Purpose), State: o.Payment.State.String(),
		AmountFen: int64(o.Payment.Amount), DiscountFen: int64(o.Payment.Discount),
		RefundedFen: int64(o.Payment.Refunded), Channel: string(o.Payment.Channel),
		Way: string(o.Way), AttemptState: o.Attempt.String(), Reason: o.Reason,
		Ticket: o.Ticket,
	}
}
