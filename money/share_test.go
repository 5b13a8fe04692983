package money_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"hexhail/money"
)

// Shares lose and make nothing: amounts and discounts add up to the whole and differ by at most a
// fen, no discount is above its amount, and the parts of a subsidy by share are the discounts.
func TestShares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, money.MaxShares).Draw(t, "n")
		amount := money.Fen(rapid.Int64Range(int64(n), 200_00).Draw(t, "amount"))
		discount := money.Fen(rapid.Int64Range(0, int64(amount)).Draw(t, "discount"))
		payers := make([]money.Party, n)
		for i := range payers {
			payers[i] = money.Party(fmt.Sprint("p", i))
		}
		whole := money.Payment{Subject: "r", Amount: amount, Discount: discount}
		shares, err := whole.Shares(payers)
		if err != nil {
			t.Fatal(err)
		}
		s := money.Subsidy{
			Rider: discount, Reason: money.SubsidyGranted,
			Grants: []money.Grant{{Campaign: "c", Rider: discount, Driver: 7_01}},
		}
		all := func(money.CampaignID) bool { return true }
		sum := s.Part(0, n, func(money.CampaignID) bool { return false })
		least, most := amount, money.Fen(0)
		var amounts money.Fen
		for i, p := range shares {
			amounts += p.Amount
			least, most = min(least, p.Amount), max(most, p.Amount)
			part := s.Part(i, n, all)
			if p.Discount > p.Amount || part.Rider != p.Discount {
				t.Fatalf("share %d: %+v, its part is %s", i, p, part.Rider)
			}
			sum = sum.Plus(part)
		}
		if amounts != amount || most-least > 1 || sum.Rider != discount || sum.Driver != 7_01 {
			t.Fatalf("%v: %s, and %+v", shares, amounts, sum)
		}
	})
	for n, amount := range map[int]money.Fen{1: 10, money.MaxShares + 1: 100, 3: 2} {
		if _, err := (money.Payment{Amount: amount}).Shares(make([]money.Party, n)); err == nil {
			t.Errorf("%s among %d", amount, n)
		}
	}
}
