package money

import (
	"fmt"
	"slices"
	"time"
)

// Contract is what is agreed with an external channel.
type Contract struct {
	Fee         PPM       // of what it moves for us, 0 to MaxFee
	WaivedUntil time.Time // no fee before it; zero waives nothing
	// Own are the contracts of companies that have an account of their own at the channel, by
	// company; else the account is the house's.
	Own map[string]Contract
}

// MaxFee is the highest fee of a channel: a tenth.
const MaxFee PPM = 100_000

// On is the fee on what an order moved at a time, rounded half up.
func (c Contract) On(amount Fen, at time.Time) (Fen, error) {
	if at.Before(c.WaivedUntil) {
		return 0, nil
	}
	return ApplyPPM(amount, c.Fee)
}

// Contracts are those with the external channels.
type Contracts map[ChannelName]Contract

// Merchant is whose account at a channel is paid for a company's drivers: the company's own if it
// has one there, else the house's, "".
func (c Contracts) Merchant(channel ChannelName, company string) string {
	if _, own := c[channel].Own[company]; own {
		return company
	}
	return ""
}

// Of is the contract of the account that an attempt pays.
func (c Contracts) Of(a Attempt) Contract {
	if own, ok := c[a.Channel].Own[a.Merchant]; ok {
		return own
	}
	return c[a.Channel]
}

// FeeError is a fee that no contract may have.
type FeeError struct {
	Channel  ChannelName
	Merchant string
	Fee      PPM
}

func (e *FeeError) Error() string {
	of := string(e.Channel)
	if e.Merchant != "" {
		of = fmt.Sprintf("%s.accounts[%q]", e.Channel, e.Merchant)
	}
	return fmt.Sprintf("%s.fee_ppm must be 0 to %d, not %d", of, MaxFee, e.Fee)
}

// Check returns a *FeeError for a fee that is out of its limits.
func (c Contracts) Check() error {
	for name, contract := range c {
		if contract.Fee < 0 || contract.Fee > MaxFee {
			return &FeeError{name, "", contract.Fee}
		}
		for merchant, own := range contract.Own {
			if own.Fee < 0 || own.Fee > MaxFee {
				return &FeeError{name, merchant, own.Fee}
			}
		}
	}
	return nil
}

// Order is the attempts that are paid together at a channel: one number, one sum, one outcome. A
// rider who owes fare, tip and fee taps once.
type Order []Attempt

// Whole is the order as its channel knows it: the attempt that leads it, with the legs of all; at
// an external channel with those on that channel alone, as what wallets pay beside it is nothing of
// which the channel has heard.
func (o Order) Whole() Attempt {
	whole := o[0]
	for _, a := range o {
		if a.ID == whole.Order {
			whole = a
		}
	}
	whole.ID, whole.Legs = whole.Order, nil
	for _, a := range o {
		for _, leg := range a.Legs {
			if leg.Outside() || !whole.Channel.External() {
				whole.Legs = append(whole.Legs, leg)
			}
		}
	}
	return whole
}

// Charge is what its payers pay in all, by whatever instruments.
func (o Order) Charge() (sum Fen) {
	for _, a := range o {
		sum += a.Charge()
	}
	return sum
}

// HeldIn are the transfers by which wallets have set their part of it aside.
func (o Order) HeldIn(transfers []Transfer) (held []Transfer) {
	for _, a := range o {
		held = append(held, a.HeldIn(transfers)...)
	}
	return held
}

// For reports whether the order pays for a purpose.
func (o Order) For(p Purpose) bool {
	return slices.ContainsFunc(o, func(a Attempt) bool { return a.Purpose == p })
}

// Ended reports whether the order went to an external channel and has ended unpaid.
func (o Order) Ended() bool {
	whole := o.Whole()
	return whole.Channel.External() && whole.State == AttemptClosed
}

// Late reports whether the order has ended unpaid, and some of what it was for is not due any more,
// or not at that price, as a subsidy has come or gone since, or a wallet has its part back: what
// its channel moves now nobody owes.
func (o Order) Late(payments []Payment) bool {
	if !o.Ended() {
		return false
	}
	if o.Whole().Charge() != o.Charge() {
		return true
	}
	return slices.ContainsFunc(payments, func(p Payment) bool {
		return slices.ContainsFunc(o, func(a Attempt) bool {
			return a.Payment == p.ID && (p.State != PaymentDue || p.Charge() != a.Charge())
		})
	})
}

// paidCode says for what an attempt's money moves.
func (a Attempt) paidCode() Code {
	switch a.Purpose {
	case PurposeTip:
		return CodeTip
	case PurposeFee:
		return CodeFee
	case PurposeCancelFee:
		return CodeCancelFee
	case PurposeShare:
		return CodeShare
	case PurposeRest:
		return CodeRest
	case PurposeTopUp:
		return CodeTopUp
	case PurposeFare:
	}
	return CodeFare
}

// paidTo is the account that an attempt's money reaches.
func (a Attempt) paidTo() AccountID {
	if a.Purpose == PurposeTopUp {
		return Wallet(a.Payee)
	}
	return DriverPayable(a.Payee)
}

// Capture is the entry of an order that an external channel has paid: from the channel's clearing
// account to the drivers, or to the wallet that is topped up, less its fee, with the pending
// transfers that are posted by it (the ride's subsidies, and what wallets pay beside the channel).
// An order of 0 that posts nothing is an entry without transfers.
func (o Order) Capture(c Contract, posts []Transfer, at time.Time) (Entry, error) {
	whole := o.Whole()
	e := Resolution(EntryID(string(whole.ID)+"/capture"), whole.Subject, posts, TransferPost, at)
	clearing := ChannelClearing(whole.Channel)
	for _, a := range o {
		if a.Outside() == 0 {
			continue
		}
		e.Transfers = append(e.Transfers, Transfer{
			ID: TransferID(string(a.ID) + "/paid"), Kind: TransferPosted, Code: a.paidCode(),
			Debit: clearing, Credit: a.paidTo(), Amount: a.Outside(),
		})
	}
	return e.withFee(whole, c)
}

// withFee adds what an order's channel keeps of it.
func (e Entry) withFee(whole Attempt, c Contract) (Entry, error) {
	fee, err := c.On(whole.Charge(), e.At)
	if err != nil {
		return Entry{}, err
	}
	if fee > 0 {
		e.Transfers = append(e.Transfers, Transfer{
			ID: TransferID(string(whole.ID) + "/channel_fee"), Kind: TransferPosted,
			Code: CodeChannelFee, Debit: FeeExpense(whole.Channel),
			Credit: ChannelClearing(whole.Channel), Amount: fee,
		})
	}
	return e, nil
}

// Twice is the entry of an order that a channel has paid though its attempts had ended, and that
// nobody owes any more, or no wallet has room for: it waits in suspense, and goes back by a refund
// of the whole.
func (o Order) Twice(c Contract, at time.Time) (Entry, Refund, error) {
	whole := o.Whole()
	id, why := string(whole.ID), "paid twice"
	if o.For(PurposeTopUp) {
		why = "wallet full"
	}
	e := Entry{ID: EntryID(id + "/twice"), Subject: whole.Subject, At: at, Transfers: []Transfer{{
		ID: TransferID(id + "/twice"), Kind: TransferPosted, Code: CodeDuplicate,
		Debit: ChannelClearing(whole.Channel), Credit: SuspenseDuplicate, Amount: whole.Charge(),
	}}}
	e, err := e.withFee(whole, c)
	if err != nil {
		return Entry{}, Refund{}, err
	}
	return e, Refund{
		ID: RefundID(id + "D"), Of: whole.ID, Subject: whole.Subject, Channel: whole.Channel,
		Merchant: whole.Merchant, From: SuspenseDuplicate, Captured: whole.Charge(),
		Amount: whole.Charge(), Why: why, State: AttemptCreated, MadeAt: at, DueAt: at,
	}, nil
}
