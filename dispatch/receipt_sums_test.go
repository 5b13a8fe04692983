package dispatch_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"hexhail/dispatch"
	"hexhail/money"
)

// bill is a ride that was paid, and a model of what its receipt has to say.
type bill struct {
	rows             dispatch.ReceiptRows
	letOff, toGoBack money.Fen
}

// drawBill makes one up: a fare with a gift, alone or shared, a tip and a fee, paid or due; then
// the fare is corrected, and something is given back besides; some refunds fail.
func drawBill(t *rapid.T) bill {
	fen := func(least, most money.Fen, what string) money.Fen {
		return money.Fen(rapid.Int64Range(int64(least), int64(most)).Draw(t, what))
	}
	rows := drivenRows()
	f := &rows.Ride.Fare
	f.Meter, f.Tolls = fen(20, 500_00, "meter"), fen(0, 50_00, "tolls")
	whole := *owes(&rows, money.PurposeFare, "R", f.Total())
	discounted(&rows, &whole, fen(0, min(f.Total(), 20_00), "gift"))
	rows.Payments = []money.Payment{whole}
	if n := rapid.IntRange(1, 5).Draw(t, "payers"); n > 1 {
		payers := []money.Party{"R"}
		for i := 1; i < n; i++ {
			payers = append(payers, money.Party(fmt.Sprint("friend", i)))
		}
		shares, err := whole.Shares(payers)
		if err != nil {
			t.Fatal(err)
		}
		rows.Payments[0].State = money.PaymentVoid
		rows.Payments = append(rows.Payments, shares...)
	}
	for i := range rows.Payments {
		if p := &rows.Payments[i]; p.State != money.PaymentVoid {
			paidBy(&rows, p, money.Alipay, minutes(31))
		}
	}
	b := bill{rows: rows}
	if rapid.Bool().Draw(t, "corrected") {
		b.correct(fen(1, f.Total(), "less"), rapid.Bool().Draw(t, "fails"))
	}
	if rapid.Bool().Draw(t, "refunded") {
		b.giveBack(fen(1, 10_00, "goodwill"))
	}
	b.besides(t, fen(0, 10_00, "tip"), fen(0, 10_00, "fee"))
	if b.letOff > b.toGoBack {
		b.letOff, b.toGoBack = b.letOff-b.toGoBack, 0
	} else {
		b.letOff, b.toGoBack = 0, b.toGoBack-b.letOff
	}
	return b
}

// correct lowers the fare, and the gift with it where it is above the fare.
func (b *bill) correct(less money.Fen, fails bool) {
	f := &b.rows.Ride.Fare
	f.Was = []dispatch.Reading{{Meter: f.Meter, Tolls: f.Tolls, At: minutes(50)}}
	f.Meter, f.Tolls = f.Total()-less, 0
	s := &b.rows.Ride.Subsidy
	s.Rider = min(s.Rider, f.Total())
	s.Grants[0].Rider = s.Rider
	kept := -(f.Total() - s.Rider)
	for _, p := range b.rows.Payments {
		if p.State != money.PaymentVoid {
			kept += p.Charge()
		}
	}
	for i := range b.rows.Payments {
		p := &b.rows.Payments[i]
		part := min(kept, p.Charge())
		if p.State == money.PaymentVoid || part == 0 {
			continue
		}
		sentBack(&b.rows, p, part, "corrected", fails)
		if kept -= part; fails {
			b.toGoBack += part
		}
	}
}

// giveBack refunds up to an amount of the first payment that has as much left.
func (b *bill) giveBack(amount money.Fen) {
	for i := range b.rows.Payments {
		p := &b.rows.Payments[i]
		if left := p.Charge() - p.Refunded; p.State != money.PaymentVoid && left > 0 && amount > 0 {
			amount = min(amount, left)
			sentBack(&b.rows, p, amount, "goodwill", false)
			b.letOff += amount
			return
		}
	}
}

// besides adds tip and fee, each paid or due.
func (b *bill) besides(t *rapid.T, tip, fee money.Fen) {
	r := &b.rows.Ride
	r.Tip, r.Booking.Fee = tip, fee
	for purpose, amount := range map[money.Purpose]money.Fen{
		money.PurposeTip: tip, money.PurposeFee: fee,
	} {
		if amount == 0 {
			continue
		}
		p := owes(&b.rows, purpose, "R", amount)
		if rapid.Bool().Draw(t, "paid") {
			paidBy(&b.rows, p, money.WeChat, minutes(31))
		}
	}
}

// What a receipt says closes to the fen, whatever was paid by whom and went back; and a row that is
// a fen off makes no receipt where nothing else can explain it.
func TestReceiptsClose(t *testing.T) {
	refused := 0
	rapid.Check(t, func(rt *rapid.T) {
		b := drawBill(rt)
		r, err := dispatch.NewRideReceipt(b.rows)
		if err != nil {
			rt.Fatal(err)
		}
		closes(t, r)
		if r.LetOff != b.letOff || r.ToGoBack != b.toGoBack {
			rt.Fatalf("%s let off and %s to go back, want %s and %s",
				r.LetOff, r.ToGoBack, b.letOff, b.toGoBack)
		}
		i := rapid.IntRange(0, len(b.rows.Payments)-1).Draw(rt, "wrong")
		if p := &b.rows.Payments[i]; len(b.rows.Refunds) == 0 && p.State != money.PaymentVoid {
			p.Amount++
			_, err := dispatch.NewRideReceipt(b.rows)
			if err == nil || dispatch.KindOf(err) != dispatch.Internal {
				rt.Fatalf("a fen too much is %v", err)
			}
			refused++
		}
	})
	if refused == 0 {
		t.Error("no wrong row was tried")
	}
}
