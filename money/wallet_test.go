package money

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestLegsComeBack: whatever a wallet holds, the legs of a payment are what is charged, hongbaos
// before the balance; and in however many parts it goes back, each leg gets back what it has paid,
// the balance first.
func TestLegsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fen := func(name string, least, most int) Fen {
			return Fen(rapid.IntRange(least, most).Draw(t, name))
		}
		charge := fen("charge", 1, 10_000)
		a := Attempt{ID: "a", Payer: "R", Payee: "D"}
		a.Legs = []Leg{{Instrument: InWallet, Amount: charge}}
		var has []Hongbao
		var left Fen
		for i := range rapid.IntRange(0, 6).Draw(t, "hongbaos") {
			h := Hongbao{ID: HongbaoID(fmt.Sprint("h", i)), Left: fen("left", 0, 3_000)}
			has, left = append(has, h), left+h.Left
		}
		a.Legs = a.legsOn(has)
		if a.Charge() != charge || a.ByHongbao() != min(charge, left) {
			t.Fatalf("%s of %s by hongbaos: %+v of %+v", a.ByHongbao(), charge, a.Legs, has)
		}
		back, paid := map[AccountID]Fen{}, map[AccountID]Fen{}
		for _, hold := range a.Holds() {
			paid[hold.Debit] += hold.Amount
		}
		balance := Wallet(a.Payer)
		for before := Fen(0); before < charge; {
			r := Refund{
				ID: RefundID(fmt.Sprint("r", before)), Channel: InWallet,
				From: DriverPayable(a.Payee), Amount: fen("back", 1, int(charge-before)),
			}
			list := r.ToWallet(a, before)
			if TotalOf(list) != r.Amount {
				t.Fatalf("%s back of %s: %+v", TotalOf(list), r.Amount, list)
			}
			for _, m := range list {
				back[m.Credit] += m.Amount
				if m.Credit != balance && back[balance] != paid[balance] {
					t.Fatalf("%s goes back before the balance has all: %+v", m.Credit, list)
				}
			}
			before += r.Amount
		}
		for id, amount := range paid {
			if back[id] != amount {
				t.Fatalf("%s has paid %s and got %s back", id, amount, back[id])
			}
		}
	})
}

// TestAWinIsTheBalances: what a draw gives is no hongbao, whatever has paid.
func TestAWinIsTheBalances(t *testing.T) {
	a := Attempt{ID: "a", Payer: "R", Legs: []Leg{{Hongbao: "h", Amount: 23_00}}}
	r := Refund{ID: "r", From: PromoBudget("draw/free"), Amount: 23_00}
	list := r.ToWallet(a, 0)
	if len(list) != 1 || list[0].Credit != Wallet("R") || list[0].Amount != 23_00 {
		t.Errorf("%+v", list)
	}
}
