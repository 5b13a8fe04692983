package wire

import (
	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/type/v1"
)

// WithdrawalPB is a withdrawal as its driver and ops see it. Why a call has failed is for the log.
func WithdrawalPB(w money.Withdrawal) *typepb.Withdrawal {
	if w.State == money.AttemptUnknown {
		w.Reason = noAnswer
	}
	return &typepb.Withdrawal{
		WithdrawalId: string(w.ID), DriverId: string(w.Driver), Channel: string(w.Channel),
		Account: money.MaskAccount(w.Account), AmountFen: int64(w.Amount),
		State: w.State.String(), Reason: w.Reason, MadeAt: TimePB(w.MadeAt),
		PayAt: TimePB(w.PayAt), EndedAt: TimePB(w.EndedAt), Ticket: w.Ticket,
	}
}

// StatementPB is the statement of a month.
func StatementPB(month string, s dispatch.Statement) *typepb.Statement {
	pb := &typepb.Statement{
		Month: month, Takings: takingsPB(s.Sum), WithdrawnFen: int64(s.Withdrawn),
	}
	for _, d := range s.Days {
		pb.Days = append(pb.Days, &typepb.StatementDay{
			Day: d.Day, Takings: takingsPB(d.Takings), WithdrawnFen: int64(d.Withdrawn),
		})
	}
	return pb
}

func takingsPB(k money.Takings) *typepb.Takings {
	pb := &typepb.Takings{
		Rides: int32Of(k.Rides), TipsFen: int64(k.Tips), FeesFen: int64(k.Fees),
		RiderSubsidiesFen: int64(k.ByRider), DriverSubsidiesFen: int64(k.Bonus),
		GivenBackFen: int64(k.Back), EarnedFen: int64(k.Earned()),
		CashRides: int32Of(k.CashRides), CashFen: int64(k.Cash),
		ChannelFeesFen: int64(k.ChannelFees),
	}
	for _, f := range k.Fares {
		pb.Fares = append(pb.Fares, &typepb.ChannelSum{
			Channel: string(f.Channel), AmountFen: int64(f.Amount),
		})
	}
	return pb
}
