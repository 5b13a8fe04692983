package driver

import (
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
	"hexhail/pb/hexhail/driver/v1"
)

// TestMoneyIsHeard: a payment and a withdrawal come to the phone in words, once however often the
// hint comes.
func TestMoneyIsHeard(t *testing.T) {
	w := newBookTown(t, 1)
	a := w.phone(0)
	a.onDuty()
	paid := dispatch.Notice{Driver: a.driver, Money: &dispatch.MoneyNews{
		City: w.city.ID, Ride: "R", Channel: money.Alipay, Paid: 23_00, Subsidy: 5_00,
	}}
	w.bus.Push(w.ctx, paid)
	got := await(a, "money", (*driverpb.DriveResponse).GetMoneyNews, nil)
	if got.GetRideId() != "R" || got.GetAmountFen() != 23_00 || got.GetSubsidyFen() != 5_00 ||
		got.GetWordsZh() != "支付宝到账23元，补贴5元" ||
		got.GetWords() != "Alipay: 23 yuan received, subsidy 5 yuan" {
		t.Errorf("heard %v", got)
	}
	w.bus.Push(w.ctx, paid)
	w.bus.Push(w.ctx, dispatch.Notice{Driver: a.driver, Money: &dispatch.MoneyNews{
		City: w.city.ID, Withdrawal: &money.Withdrawal{
			ID: "W", Channel: money.ToBank, Account: "4111111111111111", Amount: 100_00,
			State: money.AttemptPaid,
		},
	}})
	last := await(a, "a withdrawal", (*driverpb.DriveResponse).GetMoneyNews,
		func(n *driverpb.MoneyNews) bool { return n.GetWithdrawal() != nil })
	if x := last.GetWithdrawal(); last.GetWordsZh() != "提现100元已到银行卡" ||
		x.GetAccount() != "****1111" || x.GetState() != "paid" || last.GetRideId() != "" {
		t.Errorf("heard %v", last)
	}
	if n := count(a, (*driverpb.DriveResponse).GetMoneyNews, nil); n != 2 {
		t.Errorf("%d messages of money, want 2", n)
	}
}
