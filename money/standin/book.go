package standin

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hexhail/money"
)

// OrderState is where an order stands.
type OrderState string

// The states of an order.
const (
	Waiting  OrderState = "waiting"  // nobody has paid yet
	Paying   OrderState = "paying"   // the payer of a barcode is typing the password
	Paid     OrderState = "paid"     // and perhaps refunded since
	Closed   OrderState = "closed"   // nobody can pay it any more
	Reversed OrderState = "reversed" // ended by a reverse; what was paid has gone back
)

// Order is what a payer is asked to pay.
type Order struct {
	Channel  money.ChannelName `json:"channel"`
	Merchant string            `json:"merchant"` // the account at the channel: mchid, seller
	App      string            `json:"app"`
	Number   string            `json:"number"` // the merchant's, unique for the account
	Way      money.Way         `json:"way"`
	Amount   money.Fen         `json:"amount"`
	Subject  string            `json:"subject"`          // what the payer reads
	Notify   string            `json:"-"`                // where the channel tells of it
	Expires  time.Time         `json:"expires,omitzero"` // zero is never

	State      OrderState `json:"state"`
	Trade      string     `json:"trade"`      // the channel's number
	Payer      string     `json:"payer"`      // an openid or login, once it is known
	Instrument string     `json:"instrument"` // what the payer's wallet paid with
	MadeAt     time.Time  `json:"made_at"`
	PaidAt     time.Time  `json:"paid_at"`
	Refunded   money.Fen  `json:"refunded"`
	Refunds    int        `json:"refunds"`
}

// Refund is money that went back.
type Refund struct {
	Channel  money.ChannelName
	Merchant string
	Number   string // the merchant's
	Of       string // the order's number
	Amount   money.Fen
	Reason   string
	Notify   string
	Trade    string // the channel's number
	At       time.Time
}

// Payout is money that went to somebody's account at the channel.
type Payout struct {
	Channel  money.ChannelName
	Merchant string
	App      string
	Number   string // the merchant's
	Account  string // an openid or login
	Name     string
	Amount   money.Fen
	Note     string
	Notify   string
	Trade    string // the channel's number
	At       time.Time
	Failed   string // why it never arrives; "" if it has
}

// What a book refuses. A channel's half says them in its own words.
var (
	ErrUnknown    = errors.New("standin: there is no such number")
	ErrOtherTerms = errors.New("standin: the number means something else already")
	ErrPaid       = errors.New("standin: it is paid")
	ErrEnded      = errors.New("standin: it has ended")
	ErrNotPaid    = errors.New("standin: it is not paid")
	ErrTooMuch    = errors.New("standin: more than was paid")
	ErrTooMany    = errors.New("standin: more than 50 refunds of an order")
	ErrCodeUsed   = errors.New("standin: the barcode has paid already")
	ErrPoor       = errors.New("standin: the account has not so much")
	ErrOtherName  = errors.New("standin: the account's owner has another name")
	errBookIsFull = errors.New("standin: the book is full")
)

const (
	// MaxOrders is how many orders, refunds and payouts a book holds, each: hours of a large city.
	// Further ones are refused.
	MaxOrders = 1_000_000
	// maxRefunds of an order, as both channels have it.
	maxRefunds = 50
)

// Event is something that a channel tells us of its own accord. Exactly one of the three is set.
type Event struct {
	Order  *Order
	Refund *Refund
	Payout *Payout
}

// key finds a number: merchants do not share them.
type key struct {
	channel  money.ChannelName
	merchant string
	number   string
}

// Book keeps what channels were asked for. See [NewBook].
type Book struct {
	mu      sync.Mutex
	last    int64
	orders  map[key]*Order
	refunds map[key]*Refund
	payouts map[key]*Payout
	codes   map[string]key // a barcode pays once
	names   map[string]string
	told    map[money.ChannelName]func(Event)
}

// NewBook makes an empty book.
func NewBook() *Book {
	return &Book{
		orders: map[key]*Order{}, refunds: map[key]*Refund{}, payouts: map[key]*Payout{},
		codes: map[string]key{}, names: map[string]string{},
		told: map[money.ChannelName]func(Event){},
	}
}

// OnEvent sets who hears of what a channel was paid, gave back and paid out: once each, after it is
// in the book, without its lock. It is set before the book is used.
func (b *Book) OnEvent(channel money.ChannelName, told func(Event)) { b.told[channel] = told }

func (b *Book) tell(channel money.ChannelName, e Event) {
	if told := b.told[channel]; told != nil {
		told(e)
	}
}

// number makes a channel's own number of what is new. Callers hold the lock.
func (b *Book) number(channel money.ChannelName, at time.Time) string {
	b.last++
	prefix := "42000"
	if channel == money.Alipay {
		prefix = "2200"
	}
	return fmt.Sprintf("%s%s%014d", prefix, at.UTC().Format("20060102"), b.last)
}

// Open makes an order, Waiting, unless there is one of this number. That is given back if it was
// asked for on the same terms, else the error is [ErrOtherTerms].
func (b *Book) Open(o Order, now time.Time) (Order, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := key{o.Channel, o.Merchant, o.Number}
	if old, ok := b.orders[at]; ok {
		if old.App != o.App || old.Way != o.Way || old.Amount != o.Amount ||
			old.Subject != o.Subject {
			return *old, ErrOtherTerms
		}
		return *old, nil
	}
	if len(b.orders) >= MaxOrders {
		return Order{}, errBookIsFull
	}
	o.State, o.MadeAt, o.Trade = Waiting, now, ""
	if o.Channel == money.Alipay { // it numbers an order when it comes into being, not when paid
		o.Trade = b.number(o.Channel, now)
	}
	o.PaidAt, o.Refunded, o.Refunds = time.Time{}, 0, 0
	b.orders[at] = &o
	return o, nil
}

// OpenWith opens an order that a payer's barcode is to pay. A code that has paid another order is
// refused: [ErrCodeUsed]; it is as good as used from here on.
func (b *Book) OpenWith(code string, o Order, now time.Time) (Order, error) {
	b.mu.Lock()
	at := key{o.Channel, o.Merchant, o.Number}
	used, ok := b.codes[code]
	if ok && used != at {
		b.mu.Unlock()
		return Order{}, ErrCodeUsed
	}
	if len(b.codes) < MaxOrders {
		b.codes[code] = at
	}
	b.mu.Unlock()
	return b.Open(o, now)
}

// Order finds an order by the merchant's number.
func (b *Book) Order(channel money.ChannelName, merchant, number string) (Order, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o, ok := b.orders[key{channel, merchant, number}]
	if !ok {
		return Order{}, false
	}
	return *o, true
}

// change does something to an order under the lock.
func (b *Book) change(
	channel money.ChannelName, merchant, number string, do func(*Order) (told bool, err error),
) (Order, error) {
	b.mu.Lock()
	o, ok := b.orders[key{channel, merchant, number}]
	if !ok {
		b.mu.Unlock()
		return Order{}, ErrUnknown
	}
	told, err := do(o)
	copied := *o
	b.mu.Unlock()
	if told {
		b.tell(channel, Event{Order: &copied})
	}
	return copied, err
}

// Wait makes the payer of an order type the password: Paying, until [Book.Pay] or [Book.Reverse].
func (b *Book) Wait(channel money.ChannelName, merchant, number string) (Order, error) {
	return b.change(channel, merchant, number, func(o *Order) (bool, error) {
		if o.State == Waiting {
			o.State = Paying
		}
		return false, nil
	})
}

// Pay pays an order as its payer's phone does. Paying it again changes nothing. Errors:
// [ErrUnknown]; [ErrEnded] if it is closed, reversed or too old.
func (b *Book) Pay(
	channel money.ChannelName, merchant, number string, payer Payer, now time.Time,
) (Order, error) {
	return b.change(channel, merchant, number, func(o *Order) (bool, error) {
		switch {
		case o.State == Paid:
			return false, nil
		case o.State == Closed || o.State == Reversed,
			!o.Expires.IsZero() && !now.Before(o.Expires):
			return false, ErrEnded
		}
		o.State, o.PaidAt = Paid, now
		if o.Trade == "" {
			o.Trade = b.number(channel, now)
		}
		o.Payer, o.Instrument = cmp.Or(payer.Account, o.Payer), payer.Instrument(o.Amount)
		return true, nil
	})
}

// Close ends an order that is not paid. Closing it again changes nothing. Errors: [ErrUnknown];
// [ErrPaid].
func (b *Book) Close(channel money.ChannelName, merchant, number string) (Order, error) {
	return b.change(channel, merchant, number, func(o *Order) (bool, error) {
		switch o.State {
		case Paid:
			return false, ErrPaid
		case Waiting, Paying:
			o.State = Closed
		case Closed, Reversed:
		}
		return false, nil
	})
}

// Reverse ends an order; what was paid goes back to the payer. Errors: [ErrUnknown]; [ErrTooMuch]
// if some of it was refunded.
func (b *Book) Reverse(channel money.ChannelName, merchant, number string) (Order, error) {
	return b.change(channel, merchant, number, func(o *Order) (bool, error) {
		if o.Refunded > 0 {
			return false, ErrTooMuch
		}
		o.State = Reversed
		return false, nil
	})
}

// Orders lists the orders of a merchant in the order in which they were made; merchant "" is all.
func (b *Book) Orders(channel money.ChannelName, merchant string) []Order {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []Order
	for at, o := range b.orders {
		if at.channel == channel && (merchant == "" || at.merchant == merchant) {
			all = append(all, *o)
		}
	}
	slices.SortFunc(all, func(x, y Order) int {
		return cmp.Or(x.MadeAt.Compare(y.MadeAt), cmp.Compare(x.Number, y.Number))
	})
	return all
}
