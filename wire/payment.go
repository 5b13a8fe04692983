package wire

import (
	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/type/v1"
)

// noAnswer is what apps are told of an attempt whose outcome is not known. Why a call has failed is
// for ops: it may name addresses.
const noAnswer = "no_answer"

// PaymentPB is a payment as riders and drivers see it.
func PaymentPB(o dispatch.Owed) *typepb.Payment {
	if o.Attempt == money.AttemptUnknown {
		o.Reason = noAnswer
	}
	return &typepb.Payment{
		Purpose: string(o.Payment.Purpose), State: o.Payment.State.String(),
		AmountFen: int64(o.Payment.Amount), DiscountFen: int64(o.Payment.Discount),
		RefundedFen: int64(o.Payment.Refunded), Channel: string(o.Payment.Channel),
		Way: string(o.Way), AttemptState: o.Attempt.String(), Reason: o.Reason,
		Ticket: o.Ticket, Code: o.Code, HongbaoFen: int64(o.Hongbao),
		BalanceFen: int64(o.Balance),
	}
}
