package money

import (
	"fmt"
	"slices"
	"time"
)

// Purpose says what a payment is for.
type Purpose string

// The purposes. Fare and shares of a ride never exceed its fare.
const (
	PurposeFare Purpose = "fare"
	PurposeTip  Purpose = "tip"
	// PurposeFee is the fee of a booking. It is the driver's.
	PurposeFee Purpose = "fee"
	// PurposeShare is one person's part of a fare that several pay.
	PurposeShare Purpose = "share"
	// PurposeRest is what a fare is above what was paid of it, as it was corrected since.
	PurposeRest Purpose = "rest"
	// PurposeCancelFee is the fee of a late cancel. It is the driver's.
	PurposeCancelFee Purpose = "cancel_fee"
	// PurposeTopUp fills a rider's wallet. Nobody owes it, and it is for no ride.
	PurposeTopUp Purpose = "top_up"
)

// Fare reports whether it pays a part of the fare: all of those together are never above it.
func (p Purpose) Fare() bool {
	return p == PurposeFare || p == PurposeShare || p == PurposeRest
}

// PaymentID names a payment. It is made from the three parts that are unique together.
type PaymentID string

// NewPaymentID is the id of what payer owes for a purpose of a subject.
func NewPaymentID(subject Subject, purpose Purpose, payer Party) PaymentID {
	return PaymentID(string(subject) + "/" + string(purpose) + "/" + string(payer))
}

// PaymentState is where a payment stands.
type PaymentState int

// The states of a payment.
const (
	// PaymentDue is owed; nobody is trying to pay it.
	PaymentDue PaymentState = iota + 1
	// PaymentOpen has an open attempt on a channel.
	PaymentOpen
	// PaymentPaid is captured: the channel's outcome was verified and booked.
	PaymentPaid
	// PaymentCash is to be handed over in the taxi; the driver has not confirmed it.
	PaymentCash
	// PaymentCashConfirmed was handed over, by the driver's word.
	PaymentCashConfirmed
	// PaymentVoid is owed no more.
	PaymentVoid
	// PaymentPartlyRefunded was captured, and some of it goes back or has gone.
	PaymentPartlyRefunded
	// PaymentRefunded was captured, and all of it goes back or has gone.
	PaymentRefunded
)

var paymentStates = [...]string{
	"", "due", "open", "paid", "cash", "cash_confirmed", "void", "partly_refunded", "refunded",
}

// String is the name as stored.
func (s PaymentState) String() string { return paymentStates[s] }

// ParsePaymentState is String's inverse; it returns 0 for an unknown name.
func ParsePaymentState(s string) PaymentState {
	return PaymentState(max(0, slices.Index(paymentStates[:], s)))
}

// Final reports whether nothing more is owed.
func (s PaymentState) Final() bool {
	return s.Captured() || s == PaymentCashConfirmed || s == PaymentVoid
}

// Captured reports whether a channel has moved the money, be it refunded since or not.
func (s PaymentState) Captured() bool {
	return s == PaymentPaid || s == PaymentPartlyRefunded || s == PaymentRefunded
}

// Payment is what one payer owes for one purpose of one subject.
type Payment struct {
	ID       PaymentID
	Subject  Subject
	Payer    Party
	Payee    Party
	Purpose  Purpose
	Amount   Fen // owed before the subsidy, > 0
	Discount Fen // the rider's subsidy, reserved or given; ≤ Amount
	State    PaymentState
	Channel  ChannelName // of the last attempt
	Attempts int         // made so far
	Refunded Fen         // asked to go back, ≤ Charge
}

// Charge is what the payer is charged: amount less subsidy.
func (p Payment) Charge() Fen { return p.Amount - p.Discount }

// Refund is the payment after amount of it is asked to go back. An amount above what is left of it
// is an *AmountError, a payment that no channel has captured a *StateError.
func (p Payment) Refund(amount Fen) (Payment, error) {
	if !p.State.Captured() {
		return p, &StateError{"payment", string(p.ID), p.State.String(), "be refunded"}
	}
	left := p.Charge() - p.Refunded
	if amount <= 0 || amount > left {
		return p, &AmountError{Field: "amount", Value: amount, Limit: left}
	}
	p.Refunded += amount
	p.State = PaymentPartlyRefunded
	if p.Refunded == p.Charge() {
		p.State = PaymentRefunded
	}
	return p, nil
}

// NotRefunded is the payment after amount of it, which was asked to go back, never will.
func (p Payment) NotRefunded(amount Fen) Payment {
	p.Refunded -= amount
	p.State = PaymentPartlyRefunded
	if p.Refunded == 0 {
		p.State = PaymentPaid
	}
	return p
}

// AttemptState is where one try to pay stands.
type AttemptState int

// The states of an attempt. Unknown is neither paid nor closed: it is queried until it is known.
const (
	AttemptCreated AttemptState = iota + 1
	AttemptSent
	AttemptPaid
	AttemptClosed
	AttemptUnknown
)

var attemptStates = [...]string{"", "created", "sent", "paid", "closed", "unknown"}

// String is the name as stored.
func (s AttemptState) String() string { return attemptStates[s] }

// ParseAttemptState is String's inverse; it returns 0 for an unknown name.
func ParseAttemptState(s string) AttemptState {
	return AttemptState(max(0, slices.Index(attemptStates[:], s)))
}

// Open reports whether the attempt may still be paid. A payment has at most one open attempt.
func (s AttemptState) Open() bool {
	return s == AttemptCreated || s == AttemptSent || s == AttemptUnknown
}

// AttemptID names an attempt, and is the order number that a channel knows it by.
type AttemptID string

// Attempt is one try to pay a payment.
type Attempt struct {
	ID      AttemptID
	Payment PaymentID
	Subject Subject
	Payer   Party
	Payee   Party
	Purpose Purpose
	Channel ChannelName
	State   AttemptState
	Reason  string // why it was closed, or is unknown
	Legs    []Leg
	MadeAt  time.Time
	DueAt   time.Time // when the worker looks at it next
	Tries   int       // calls to the channel so far

	// Order is the attempt whose number the channel knows: of several that are paid together the
	// first one's, else its own. Captured and Refunded are of the whole order, in that attempt.
	Order    AttemptID
	Captured Fen // what a channel has moved to us, of the wallet what that has; 0 for cash
	Refunded Fen // asked to go back, ≤ Captured
	// CapturedAt is when we heard that an external channel has moved it; zero if none has.
	CapturedAt time.Time
	Way        Way    // how the payer is asked; "" where nobody is
	Merchant   string // whose account at the channel is paid; "" is the house's own
	Token      string // with WayPage who pays, with WayBarcode the code; ≤ MaxToken bytes
	Ticket     string // what the payer's app or the QR code needs, once the channel has told it
	Trade      string // the channel's own number, once it has told it
}

// MaxToken is the longest token of an attempt, in bytes.
const MaxToken = 128

// StateError is a step that a payment or attempt in this state does not take.
type StateError struct {
	What  string // "payment" or "attempt"
	ID    string
	State string
	Step  string
}

func (e *StateError) Error() string {
	return fmt.Sprintf("%s %s is %s: cannot %s", e.What, e.ID, e.State, e.Step)
}

// Try opens an attempt to pay p through a channel. A payment that is already open, paid or
// confirmed in cash gives a *StateError: the first attempt has to be closed before a second.
func (p Payment) Try(id AttemptID, channel ChannelName, now time.Time) (Payment, Attempt, error) {
	if p.State != PaymentDue {
		return p, Attempt{}, &StateError{"payment", string(p.ID), p.State.String(), "be paid again"}
	}
	p.State = PaymentOpen
	if channel == Cash {
		p.State = PaymentCash
	}
	p.Channel = channel
	p.Attempts++
	a := Attempt{
		ID: id, Payment: p.ID, Subject: p.Subject, Payer: p.Payer, Payee: p.Payee,
		Purpose: p.Purpose, Channel: channel, State: AttemptCreated, Order: id,
		Legs: []Leg{{Instrument: channel, Amount: p.Charge()}}, MadeAt: now, DueAt: now,
	}
	return p, a, nil
}

// Settle takes a verified outcome of the attempt a. It returns the payment and the attempt after
// it. A payment can be paid once: an outcome for an attempt that has ended changes nothing if it
// says the same or knows less, and is a *StateError if it does not. But an external channel that
// was late, and alone was to pay, pays what nobody has paid meanwhile.
func (p Payment) Settle(a Attempt, o Outcome) (Payment, Attempt, error) {
	late := a.Channel.External() && a.State == AttemptClosed && o.State == AttemptPaid &&
		p.State == PaymentDue && a.Outside() == a.Charge()
	if !a.State.Open() && !late {
		if a.State == o.State || o.State.Open() {
			return p, a, nil
		}
		return p, a, &StateError{
			"attempt", string(a.ID), a.State.String(), "become " + o.State.String(),
		}
	}
	a.State, a.Reason = o.State, o.Reason
	if o.Ticket != "" {
		a.Ticket = o.Ticket
	}
	if o.Trade != "" {
		a.Trade = o.Trade
	}
	switch o.State {
	case AttemptPaid:
		p.State = PaymentPaid
		switch {
		case a.Channel == Cash:
			p.State = PaymentCashConfirmed
		case !a.Channel.External():
			a.Captured = a.Charge()
		}
	case AttemptClosed:
		p.State = PaymentDue
	case AttemptSent, AttemptUnknown, AttemptCreated: // still open: looked at again later
	}
	return p, a, nil
}
