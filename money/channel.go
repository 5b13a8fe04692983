package money

import (
	"context"
	"fmt"
	"time"
)

// ChannelName says who moves the money.
type ChannelName string

// The channels.
const (
	Cash     ChannelName = "cash"
	InWallet ChannelName = "wallet"
	WeChat   ChannelName = "wechat"
	Alipay   ChannelName = "alipay"
	// ToBank pays drivers to their bank cards, by a file that people take to the bank. Nobody pays
	// a ride through it.
	ToBank ChannelName = "bank"
)

// sponsors reports whether campaigns may be of the channel: who hands money over in cash leaves
// nothing of which a sponsor could be told.
func (c ChannelName) sponsors() bool { return c == InWallet || c == WeChat || c == Alipay }

// External reports whether others move the money: it reaches our bank by their settlement, and they
// are asked how, and told by their own names.
func (c ChannelName) External() bool { return c != Cash && c != InWallet }

// Way is how the payer of an attempt is asked on an external channel.
type Way string

// The ways.
const (
	WayApp     Way = "app"     // the ticket opens the channel's app on the payer's phone
	WayPage    Way = "page"    // a page within the channel's app, of the payer that Token names
	WayQR      Way = "qr"      // the ticket is a QR code's text; whoever scans it pays
	WayBarcode Way = "barcode" // Token is the code on the payer's phone that the driver scanned
)

// Known reports whether w is one of the ways.
func (w Way) Known() bool {
	return w == WayApp || w == WayPage || w == WayQR || w == WayBarcode
}

// Outcome is a channel's verified answer about an attempt, a refund or a payout.
type Outcome struct {
	// State is Paid, Closed, Unknown, Sent (the payer or the driver still has to act) or Created
	// (the channel never heard of it: ask for it again under the same id). A refund or payout is
	// Paid when the money has arrived, Closed when it never will under this id.
	State  AttemptState
	Reason string
	// Again is when to look at an open attempt again; 0 leaves it to somebody's word.
	Again time.Duration
	// Ticket is what the payer's app or the QR code needs to go on, of an attempt that is Sent.
	Ticket string
	// Trade is the channel's own number of it, "" until it has one.
	Trade string
}

// AskedAgain is the answer to a question about an attempt. If its payer is waited for, and the
// answer that had the ticket was lost, it is to be charged again under its id: the channel tells
// another ticket of the same order.
func (o Outcome) AskedAgain(a Attempt) Outcome {
	needs := a.Way == WayApp || a.Way == WayPage || a.Way == WayQR
	if o.State == AttemptSent && needs && a.Ticket == "" && o.Ticket == "" {
		o.State, o.Reason, o.Again = AttemptCreated, "ticket_lost", 0
	}
	return o
}

// Channel is who moves the money of an attempt. Calls are idempotent by the attempt's id: charging
// the same attempt again moves nothing again. An error means that the outcome is not known.
type Channel interface {
	// Charge asks for the money of an attempt.
	Charge(ctx context.Context, a Attempt, now time.Time) (Outcome, error)
	// Query asks what became of an attempt. It moves no money.
	Query(ctx context.Context, a Attempt, now time.Time) (Outcome, error)
	// Close ends an attempt that is not paid. Its outcome says Paid if it came too late.
	Close(ctx context.Context, a Attempt, now time.Time) (Outcome, error)
}

// House is a channel of our own, whose money is in our books: it is asked in the transaction in
// which its answer is booked.
type House interface {
	Channel
	// ChargeIn is Charge within a transaction.
	ChargeIn(tx Tx, a Attempt, now time.Time) (Outcome, error)
}

// Refunder is a channel that gives money back.
type Refunder interface {
	// Refund asks for it. An error means that the outcome is not known.
	Refund(ctx context.Context, r Refund, now time.Time) (Outcome, error)
	// QueryRefund asks what became of it. It moves no money.
	QueryRefund(ctx context.Context, r Refund, now time.Time) (Outcome, error)
}

// PayoutID names a payout, and is the number that a channel knows it by.
type PayoutID string

// Payout is what we pay to a driver's own account at a channel.
type Payout struct {
	ID      PayoutID
	Account string // at the channel: an openid, a login
	Name    string // of its owner, checked by the channel; "" leaves it unchecked
	Amount  Fen    // > 0
	Note    string // shown to who gets it
}

// Payer is a channel that pays out.
type Payer interface {
	// PayOut asks for it, once for an id. An error means that the outcome is not known: it is
	// queried, and never asked for under another id before.
	PayOut(ctx context.Context, p Payout, now time.Time) (Outcome, error)
	// QueryPayout asks what became of it. It moves no money.
	QueryPayout(ctx context.Context, p Payout, now time.Time) (Outcome, error)
}

// NoticeKind says what a notice is about.
type NoticeKind string

// The kinds of notices.
const (
	NoticeCharge NoticeKind = "charge"
	NoticeRefund NoticeKind = "refund"
	NoticePayout NoticeKind = "payout"
)

// Notice is a channel's word of its own accord, its signature verified. It is repeated until it is
// answered, and comes in any order.
type Notice struct {
	Channel  ChannelName
	Merchant string // whose account it is about; "" is the house's own
	ID       string // the channel's; the same when it is repeated
	Kind     NoticeKind
	Order    string // our number: of an attempt, a refund or a payout
	Amount   Fen    // moved
	Outcome  Outcome
}

// NoticeError is a notice that is signed well, and speaks of other money than ours.
type NoticeError struct {
	Order   string
	Problem string
}

func (e *NoticeError) Error() string { return fmt.Sprintf("notice of %s: %s", e.Order, e.Problem) }

// Fits returns a *NoticeError unless the notice is of this channel, account there and amount: who
// has the keys of one account may well make an order of our number in it, and pay that. One whose
// outcome is not known only says that it is time to ask, and its amount need not be ours: Alipay's
// notices of refunds tell all that an order has given back.
func (n Notice) Fits(c ChannelName, merchant string, amount Fen) error {
	switch {
	case n.Channel != c:
		return &NoticeError{n.Order, fmt.Sprintf("by %s, the order went to %s", n.Channel, c)}
	case n.Merchant != merchant:
		return &NoticeError{
			n.Order, fmt.Sprintf("by account %q, the order went to %q", n.Merchant, merchant),
		}
	case n.Outcome.State != AttemptUnknown && n.Amount != amount:
		return &NoticeError{
			n.Order, fmt.Sprintf("of %s yuan, the order is of %s", n.Amount, amount),
		}
	default:
		return nil
	}
}

// BillRow is one line of the daily bill of a channel: what it says that it has moved.
type BillRow struct {
	Kind   NoticeKind
	Order  string // our number; of a refund that of the refund
	Of     string // of a refund: our number of the attempt
	Trade  string // the channel's number
	Amount Fen    // > 0
	Fee    Fen    // what the channel keeps; of a refund ≤ 0, what it gives back
	At     time.Time
}

// Channels finds a channel by its name.
type Channels map[ChannelName]Channel
