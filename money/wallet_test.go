package money

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestLegsComeBack: whatever a wallet holds, the legs of a payment are what is charged: hongbaos
// before the balance, and what is left on the channel. In however many parts it goes back, each leg
// gets back what it has paid: the channel first, then the balance, then hongbaos, the last first.
func TestLegsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fen := func(name string, least, most int) Fen {
			return Fen(rapid.IntRange(least, most).Draw(t, name))
		}
		charge := fen("charge", 1, 10_000)
		a := Attempt{
			ID: "a", Payer: "R", Payee: "D",
			Channel: rapid.SampledFrom([]ChannelName{InWallet, WeChat}).Draw(t, "channel"),
		}
		a.Legs = []Leg{{Instrument: a.Channel, Amount: charge}}
		has := Spending{Most: charge}
		if a.Channel == WeChat {
			has.Balance, has.Most = fen("balance", 0, 5_000), fen("most", 0, 10_000)
		}
		var left Fen
		for i := range rapid.IntRange(0, 6).Draw(t, "hongbaos") {
			h := Hongbao{ID: HongbaoID(fmt.Sprint("h", i)), Left: fen("left", 0, 3_000)}
			has.Hongbaos, left = append(has.Hongbaos, h), left+h.Left
		}
		sum := has.Sum()
		a = has.Pay(a)
		if a.Charge() != charge || a.ByHongbao() > left {
			t.Fatalf("%s of %s by hongbaos: %+v", a.ByHongbao(), charge, a.Legs)
		}
		if a.Channel == WeChat && a.Outside() != max(0, charge-sum) {
			t.Fatalf("%s of %s left to the channel, the wallet has %s", a.Outside(), charge, sum)
		}
		if held := TotalOf(a.Holds()); held != charge-a.Outside() {
			t.Fatalf("%s held for %+v", held, a.Legs)
		}
		for gone := Fen(0); gone < charge; {
			part := fen("back", 1, int(charge-gone))
			parts, err := a.Back(part)
			if err != nil {
				t.Fatal(err)
			}
			gone += part
			takeBack(t, a, parts, part)
		}
		if _, err := a.Back(1); err == nil {
			t.Fatal("more goes back than was paid")
		}
	})
}

// takeBack gives parts back to the legs of an attempt, the last one first.
func takeBack(t *rapid.T, a Attempt, parts []Leg, want Fen) {
	for _, part := range parts {
		want -= part.Amount
		for i := len(a.Legs) - 1; ; i-- {
			leg := &a.Legs[i]
			if leg.Instrument == part.Instrument && leg.Hongbao == part.Hongbao {
				leg.Refunded += part.Amount
				if part.Amount <= 0 || leg.Refunded > leg.Amount {
					t.Fatalf("%+v back to %+v", part, leg)
				}
				break
			}
			if leg.Refunded != leg.Amount {
				t.Fatalf("%+v goes back before %+v", part, leg)
			}
		}
	}
	if want != 0 {
		t.Fatalf("%s do not go back: %+v", want, parts)
	}
}

// TestAWinIsTheBalances: what a draw gives is no hongbao, whatever has paid.
func TestAWinIsTheBalances(t *testing.T) {
	r := Refund{ID: "r", From: PromoBudget("draw/free"), Amount: 23_00}
	list := r.ToWallet("R", []Leg{{Hongbao: "h", Amount: 23_00}})
	if len(list) != 1 || list[0].Credit != Wallet("R") || list[0].Amount != 23_00 {
		t.Errorf("%+v", list)
	}
}
