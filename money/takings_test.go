package money_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"hexhail/money"
)

// TestTakings: the transfers of money.md's table, and what only looks like them.
func TestTakings(t *testing.T) {
	driver := money.DriverPayable("D")
	var k money.Takings
	clearing, wallet := money.ChannelClearing(money.Alipay), money.Wallet("R")
	budget := money.PromoBudget("C")
	const posted, post, held = money.TransferPosted, money.TransferPost, money.TransferPending
	for _, m := range []struct {
		kind          money.TransferKind
		code          money.Code
		amount        money.Fen
		debit, credit money.AccountID
	}{
		{posted, money.CodeFare, 2300, clearing, driver},
		{held, money.CodeFare, 1800, wallet, driver},
		{post, money.CodeFare, 1800, wallet, driver},
		{posted, money.CodeTip, 500, wallet, driver},
		{posted, money.CodeFee, 300, wallet, driver},
		{posted, money.CodeCancelFee, 200, wallet, driver},
		{post, money.CodeSubsidyRider, 501, budget, driver},
		{post, money.CodeSubsidyDriver, 502, budget, driver},
		{money.TransferVoid, money.CodeSubsidyDriver, 999, budget, driver},
		{posted, money.CodeChannelFee, 14, money.FeeExpense(money.Alipay), clearing},
		{post, money.CodeRefund, 100, driver, clearing},
		{post, money.CodeRefund, 50, money.Loss, clearing},
		{posted, money.CodeDuplicate, 2300, clearing, money.SuspenseDuplicate},
	} {
		k.Take(money.Transfer{
			Kind: m.kind, Code: m.code, Amount: m.amount, Debit: m.debit, Credit: m.credit,
		})
	}
	want := money.Takings{
		Fares: []money.ChannelSum{{money.Alipay, 2300}, {money.InWallet, 1800}},
		Tips:  500, Fees: 500, Back: 100, ByRider: 501, Bonus: 502, ChannelFees: 14,
	}
	if !reflect.DeepEqual(k, want) {
		t.Errorf("%+v, want %+v", k, want)
	}
	if got := k.Earned(); got != 2300+1800+500+500+501+502-100 {
		t.Errorf("earned %s", got)
	}
}

// TestTakingsAddUp: what is earned is what the driver's account has grown by, however the transfers
// are cut into days.
func TestTakingsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		driver := money.DriverPayable("D")
		codes := []money.Code{
			money.CodeFare, money.CodeTip, money.CodeFee, money.CodeCancelFee,
			money.CodeSubsidyRider, money.CodeSubsidyDriver, money.CodeRefund,
		}
		var whole, parts money.Takings
		books := money.Replayed{}
		for range rapid.IntRange(0, 30).Draw(t, "transfers") {
			m := money.Transfer{
				Kind:   rapid.SampledFrom([]money.TransferKind{1, 3}).Draw(t, "kind"),
				Code:   rapid.SampledFrom(codes).Draw(t, "code"),
				Amount: money.Fen(rapid.IntRange(1, 9999).Draw(t, "amount")), Credit: driver,
				Debit: rapid.SampledFrom([]money.AccountID{
					money.Wallet("R"), money.ChannelClearing(money.WeChat),
					money.ChannelClearing(money.Alipay),
				}).Draw(t, "from"),
			}
			if m.Code == money.CodeRefund {
				m.Debit, m.Credit = m.Credit, m.Debit
			}
			var day money.Takings
			day.Take(m)
			parts.Add(day)
			whole.Take(m)
			books.Add(m)
		}
		if !reflect.DeepEqual(whole, parts) {
			t.Fatalf("%+v, in parts %+v", whole, parts)
		}
		if got := books[driver].Balance(); whole.Earned() != got {
			t.Fatalf("earned %s, the account has %s", whole.Earned(), got)
		}
	})
}
