package standin

import (
	"cmp"
	"slices"
	"time"

	"hexhail/money"
)

// Refund gives money of an order back. The same number again on the same terms is the refund that
// was made. Errors: [ErrUnknown] order; [ErrNotPaid]; [ErrOtherTerms]; [ErrTooMuch]; [ErrTooMany].
func (b *Book) Refund(r Refund, now time.Time) (Refund, error) {
	b.mu.Lock()
	made, fresh, err := b.refund(r, now)
	b.mu.Unlock()
	if err == nil && fresh {
		b.tell(r.Channel, Event{Refund: &made})
	}
	return made, err
}

func (b *Book) refund(r Refund, now time.Time) (made Refund, fresh bool, err error) {
	at := key{r.Channel, r.Merchant, r.Number}
	if old, ok := b.refunds[at]; ok {
		if old.Of != r.Of || old.Amount != r.Amount {
			return *old, false, ErrOtherTerms
		}
		return *old, false, nil
	}
	o, ok := b.orders[key{r.Channel, r.Merchant, r.Of}]
	switch {
	case !ok:
		return Refund{}, false, ErrUnknown
	case o.State != Paid:
		return Refund{}, false, ErrNotPaid
	case r.Amount <= 0 || r.Amount > o.Amount-o.Refunded:
		return Refund{}, false, ErrTooMuch
	case o.Refunds >= maxRefunds:
		return Refund{}, false, ErrTooMany
	case len(b.refunds) >= MaxOrders:
		return Refund{}, false, errBookIsFull
	}
	o.Refunded += r.Amount
	o.Refunds++
	r.Trade, r.At = b.number(r.Channel, now), now
	b.refunds[at] = &r
	return r, true, nil
}

// RefundOf finds a refund by the merchant's number.
func (b *Book) RefundOf(channel money.ChannelName, merchant, number string) (Refund, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.refunds[key{channel, merchant, number}]
	if !ok {
		return Refund{}, false
	}
	return *r, true
}

// Name sets whose an account at a channel is; payouts that name somebody else fail. Accounts
// without a name belong to everybody.
func (b *Book) Name(account, name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.names[account] = name
}

// PayOut pays to an account. The same number again on the same terms is the payout that was made.
// One to somebody of another name is in the book as Failed. Errors: [ErrOtherTerms].
func (b *Book) PayOut(p Payout, now time.Time) (Payout, error) {
	b.mu.Lock()
	at := key{p.Channel, p.Merchant, p.Number}
	if old, ok := b.payouts[at]; ok {
		made := *old
		b.mu.Unlock()
		if made.Account != p.Account || made.Amount != p.Amount {
			return made, ErrOtherTerms
		}
		return made, nil
	}
	if len(b.payouts) >= MaxOrders {
		b.mu.Unlock()
		return Payout{}, errBookIsFull
	}
	p.Trade, p.At, p.Failed = b.number(p.Channel, now), now, ""
	if name, ok := b.names[p.Account]; ok && p.Name != "" && p.Name != name {
		p.Failed = ErrOtherName.Error()
	}
	kept := p
	b.payouts[at] = &kept
	b.mu.Unlock()
	b.tell(p.Channel, Event{Payout: &p})
	return p, nil
}

// PayoutOf finds a payout by the merchant's number.
func (b *Book) PayoutOf(channel money.ChannelName, merchant, number string) (Payout, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.payouts[key{channel, merchant, number}]
	if !ok {
		return Payout{}, false
	}
	return *p, true
}

// Totals is what has moved at a channel: what a test compares with its own books.
type Totals struct {
	Paid     money.Fen `json:"paid"`
	Refunded money.Fen `json:"refunded"`
	PaidOut  money.Fen `json:"paid_out"`
	Orders   int       `json:"orders"` // that moved something
	Payouts  int       `json:"payouts"`
}

// Totals sums up a channel. Reversed orders have moved nothing.
func (b *Book) Totals(channel money.ChannelName) Totals {
	b.mu.Lock()
	defer b.mu.Unlock()
	var t Totals
	for _, o := range b.orders {
		if o.Channel == channel && o.State == Paid {
			t.Paid += o.Amount
			t.Refunded += o.Refunded
			t.Orders++
		}
	}
	for _, p := range b.payouts {
		if p.Channel == channel && p.Failed == "" {
			t.PaidOut += p.Amount
			t.Payouts++
		}
	}
	return t
}

// BillRows is what the bill of a merchant's day says, in the order of time: what was paid and what
// was refunded from from on, before to. fee is what the channel keeps, in ppm, rounded half up. An
// order that was reversed after it was paid is in it twice: paid, and refunded at once under its
// own number.
func (b *Book) BillRows(
	channel money.ChannelName, merchant string, from, to time.Time, fee money.PPM,
) ([]money.BillRow, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var rows []money.BillRow
	within := func(at time.Time) bool { return !at.Before(from) && at.Before(to) }
	for at, o := range b.orders {
		if at.channel != channel || at.merchant != merchant || o.PaidAt.IsZero() ||
			!within(o.PaidAt) {
			continue
		}
		kept, err := money.ApplyPPM(o.Amount, fee)
		if err != nil {
			return nil, err
		}
		rows = append(rows, money.BillRow{
			Kind: money.NoticeCharge, Order: o.Number, Trade: o.Trade, Amount: o.Amount,
			Fee: kept, At: o.PaidAt,
		})
		if o.State == Reversed {
			rows = append(rows, money.BillRow{
				Kind: money.NoticeRefund, Order: o.Number, Of: o.Number, Trade: o.Trade,
				Amount: o.Amount, Fee: -kept, At: o.PaidAt,
			})
		}
	}
	for at, r := range b.refunds {
		if at.channel != channel || at.merchant != merchant || !within(r.At) {
			continue
		}
		given, err := money.ApplyPPM(r.Amount, fee)
		if err != nil {
			return nil, err
		}
		rows = append(rows, money.BillRow{
			Kind: money.NoticeRefund, Order: r.Number, Of: r.Of, Trade: r.Trade, Amount: r.Amount,
			Fee: -given, At: r.At,
		})
	}
	slices.SortFunc(rows, func(x, y money.BillRow) int {
		return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.Trade, y.Trade),
			cmp.Compare(x.Kind, y.Kind))
	})
	return rows, nil
}
