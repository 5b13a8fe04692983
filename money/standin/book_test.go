package standin

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hexhail/money"
)

var noon = time.Date(2014, 1, 10, 12, 0, 0, 0, time.UTC)

// sum is what a book's answers said that it moved, added up plainly.
type sum struct {
	book       *Book
	told       map[string]int
	paid, back map[string]money.Fen // by order
	refunds    map[string]bool
}

func (s *sum) open(t *rapid.T, number string) {
	o := Order{Channel: money.WeChat, Merchant: "M", Number: number}
	o.Amount = rapid.SampledFrom([]money.Fen{2300, 900}).Draw(t, "amount")
	if got, err := s.book.Open(o, noon); err == nil && got.Amount != o.Amount {
		t.Fatalf("opened %+v, asked for %+v", got, o)
	}
}

func (s *sum) refund(t *rapid.T, number string) {
	r, err := s.book.Refund(Refund{
		Channel: money.WeChat, Merchant: "M", Of: number,
		Number: rapid.SampledFrom([]string{"r1", "r2", "r3", "r4"}).Draw(t, "refund"),
		Amount: money.Fen(rapid.IntRange(0, 1500).Draw(t, "amount")),
	}, noon)
	if err == nil && !s.refunds[r.Number] {
		s.refunds[r.Number] = true
		s.back[r.Of] += r.Amount
	}
}

func (s *sum) check(t *rapid.T) {
	var want Totals
	for number, amount := range s.paid {
		want.Paid += amount
		want.Refunded += s.back[number]
		want.Orders++
		if s.back[number] > amount {
			t.Fatalf("%s: paid %v, refunded %v", number, amount, s.back[number])
		}
	}
	if got := s.book.Totals(money.WeChat); got != want {
		t.Fatalf("the book moved %+v, its answers %+v", got, want)
	}
	for what, times := range s.told {
		if times != 1 {
			t.Fatalf("told of %s %d times", what, times)
		}
	}
}

// TestBookAgainstASum compares a book with that sum, whatever is asked of it in whatever order.
func TestBookAgainstASum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sum{
			book: NewBook(), told: map[string]int{}, paid: map[string]money.Fen{},
			back: map[string]money.Fen{}, refunds: map[string]bool{},
		}
		s.book.OnEvent(money.WeChat, func(e Event) {
			if e.Order != nil {
				s.told["paid "+e.Order.Number]++
			} else {
				s.told["refund "+e.Refund.Number]++
			}
		})
		number := func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "order")
		}
		t.Repeat(map[string]func(*rapid.T){
			"open":   func(t *rapid.T) { s.open(t, number(t)) },
			"refund": func(t *rapid.T) { s.refund(t, number(t)) },
			"":       s.check,
			"pay": func(t *rapid.T) {
				o, err := s.book.Pay(money.WeChat, "M", number(t), Payer{}, noon)
				if err == nil {
					s.paid[o.Number] = o.Amount
				}
			},
			"close": func(t *rapid.T) {
				o, err := s.book.Close(money.WeChat, "M", number(t))
				if err == nil && s.paid[o.Number] != 0 {
					t.Fatalf("closed %s, which is paid", o.Number)
				}
			},
			"reverse": func(t *rapid.T) {
				if o, err := s.book.Reverse(money.WeChat, "M", number(t)); err == nil {
					delete(s.paid, o.Number)
				}
			},
		})
	})
}

func TestBookRefuses(t *testing.T) {
	b := NewBook()
	o := Order{Channel: money.WeChat, Merchant: "M", Number: "A", Amount: 100, Subject: "taxi"}
	if _, err := b.OpenWith("code", o, noon); err != nil {
		t.Fatal(err)
	}
	other := o
	other.Number = "B"
	if _, err := b.OpenWith("code", other, noon); !errors.Is(err, ErrCodeUsed) {
		t.Errorf("a barcode for a second order: %v", err)
	}
	if _, err := b.OpenWith("code", o, noon); err != nil {
		t.Errorf("the same order again: %v", err)
	}
	dearer := o
	dearer.Amount++
	if _, err := b.Open(dearer, noon); !errors.Is(err, ErrOtherTerms) {
		t.Errorf("a fen more under the same number: %v", err)
	}
	foreign := o
	foreign.Merchant = "N"
	if _, err := b.Open(foreign, noon); err != nil {
		t.Errorf("another merchant's order of the same number: %v", err)
	}
	refund := Refund{Channel: money.WeChat, Merchant: "M", Number: "r", Of: "A", Amount: 2}
	if _, err := b.Refund(refund, noon); !errors.Is(err, ErrNotPaid) {
		t.Errorf("a refund of what is not paid: %v", err)
	}
	if _, err := b.Pay(money.WeChat, "M", "A", Payer{Account: "ann"}, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Close(money.WeChat, "M", "A"); !errors.Is(err, ErrPaid) {
		t.Errorf("closing what is paid: %v", err)
	}
	for i := range maxRefunds {
		refund.Number, refund.Amount = string(rune('a'+i)), 1
		if _, err := b.Refund(refund, noon); err != nil {
			t.Fatal(err)
		}
	}
	refund.Number = "one more"
	if _, err := b.Refund(refund, noon); !errors.Is(err, ErrTooMany) {
		t.Errorf("refund 51: %v", err)
	}
}

func TestBookExpires(t *testing.T) {
	b := NewBook()
	o := Order{
		Channel: money.WeChat, Merchant: "M", Number: "A", Amount: 100,
		Expires: noon.Add(time.Hour),
	}
	if _, err := b.Open(o, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Pay(money.WeChat, "M", "A", Payer{}, o.Expires); !errors.Is(err, ErrEnded) {
		t.Errorf("paid at its end: %v", err)
	}
	before := o.Expires.Add(-time.Millisecond)
	if _, err := b.Pay(money.WeChat, "M", "A", Payer{}, before); err != nil {
		t.Errorf("paid before its end: %v", err)
	}
}

func TestPayoutToSomebodyElse(t *testing.T) {
	b := NewBook()
	b.Name("openid", "王师傅")
	p := Payout{Channel: money.WeChat, Merchant: "M", Number: "A", Account: "openid", Amount: 5}
	p.Name = "李师傅"
	if made, err := b.PayOut(p, noon); err != nil || made.Failed == "" {
		t.Errorf("%+v, %v: it arrived at somebody else's", made, err)
	}
	p.Number, p.Name = "B", "王师傅"
	for range 2 {
		if made, err := b.PayOut(p, noon); err != nil || made.Failed != "" {
			t.Errorf("%+v, %v", made, err)
		}
	}
	if got := b.Totals(money.WeChat); got.PaidOut != 5 || got.Payouts != 1 {
		t.Errorf("paid out %+v, one payout of 5", got)
	}
}

// TestBillRows: the bill of a day has what moved in it, to the fen, and nothing of its neighbours.
func TestBillRows(t *testing.T) {
	b := NewBook()
	for i, at := range []time.Time{noon.Add(-time.Nanosecond), noon, noon.Add(time.Hour)} {
		o := Order{Channel: money.WeChat, Merchant: "M", Amount: 2300}
		o.Number = string(rune('A' + i))
		if _, err := b.Open(o, at); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Pay(money.WeChat, "M", o.Number, Payer{}, at); err != nil {
			t.Fatal(err)
		}
	}
	r := Refund{Channel: money.WeChat, Merchant: "M", Number: "r", Of: "B", Amount: 300}
	if _, err := b.Refund(r, noon.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	rows, err := b.BillRows(money.WeChat, "M", noon, noon.Add(time.Hour), 6000)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %v: want the payment and its refund", rows, err)
	}
	if rows[0].Amount != 2300 || rows[0].Fee != 14 {
		t.Errorf("2300 at 0.6 %%: %+v", rows[0])
	}
	if rows[1].Of != "B" || rows[1].Amount != 300 || rows[1].Fee != -2 {
		t.Errorf("the refund: %+v", rows[1])
	}
}

func TestInstrument(t *testing.T) {
	for name, c := range map[string]struct {
		payer Payer
		want  string
	}{
		"nothing known":       {Payer{}, "balance"},
		"hongbao first":       {Payer{Hongbao: 2300, Card: 9000}, "hongbao"},
		"a hongbao too small": {Payer{Hongbao: 2299, Card: 9000, Credit: 9000}, "card"},
		"credit":              {Payer{Card: 1, Credit: 2300, Balance: 2300}, "credit"},
		"the fund":            {Payer{Balance: 1, Fund: 2300}, "fund"},
	} {
		if got := c.payer.Instrument(2300); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
