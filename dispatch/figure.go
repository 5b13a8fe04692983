package dispatch

import (
	"slices"

	"hexhail/money"
)

// Figure is one sum of a ride, with the transfers that it comes from.
type Figure struct {
	Name   string    // of a payment its purpose; else what the transfers' code says
	Amount money.Fen // as the rows of ride, payments and refunds have it
	Booked money.Fen // as the ledger has it
	Lines  []money.Booked
	// Memo says that the money went from hand to hand: nothing of it is booked.
	Memo bool
}

// Fits reports whether rows and ledger agree.
func (f Figure) Fits() bool { return f.Memo || f.Amount == f.Booked }

// Reserved names what is set aside for a ride and not moved.
const Reserved = "reserved"

// Afterwards begins the names of what a campaign has given by a repair.
const Afterwards = "repaired "

// withoutRows is what is booked for a ride and has no row of its own.
var withoutRows = []money.Code{
	money.CodeChannelFee, money.CodeDuplicate, money.CodeSubsidyRiderBack,
	money.CodeSubsidyDriverBack,
}

// Figures traces every sum of a ride to its transfers, which are all of the ride's by time. What is
// booked and has no row to compare with (a channel's fee) stands with what the ledger says.
func Figures(
	r Ride, payments []money.Payment, refunds []money.Refund, repairs []money.Repair,
	booked []money.Booked,
) []Figure {
	f := figures{held: r.Subsidy.Held}
	for _, p := range payments {
		switch {
		case p.State == money.PaymentCashConfirmed:
			f.list = append(f.list, Figure{
				Name: string(p.Purpose) + " by hand", Amount: p.Amount, Memo: true,
			})
		case p.State.Captured():
			f.owe(string(p.Code()), p.Charge())
			if r.Subsidy.Held {
				break // whether it moves was decided later
			}
			f.owe(string(money.CodeSubsidyRider), p.Discount)
			if p.Purpose == money.PurposeFare {
				f.owe(string(money.CodeSubsidyDriver), r.Subsidy.Driver)
			}
		}
	}
	for _, back := range refunds {
		if back.State == money.AttemptPaid {
			f.owe(string(back.Hold().Code), back.Amount)
		}
	}
	for _, given := range repairs {
		f.owe(Afterwards+string(money.CodeSubsidyRider), given.Rider)
		f.owe(Afterwards+string(money.CodeSubsidyDriver), given.Driver)
	}
	open := money.Unresolved(transfersOf(booked))
	for _, b := range booked {
		switch {
		case b.Moved():
			f.book(b)
		case slices.Contains(open, b.Transfer):
			held := f.of(Reserved)
			held.Amount += b.Amount
			held.Booked += b.Amount
			held.Lines = append(held.Lines, b)
		}
	}
	return f.list
}

// figures are those of a ride, in the order in which they are first met.
type figures struct {
	list []Figure
	rows []string // names of which there are rows
	held bool     // the subsidies are, or were
}

func (f *figures) of(name string) *Figure {
	at := slices.IndexFunc(f.list, func(x Figure) bool { return x.Name == name })
	if at < 0 {
		at = len(f.list)
		f.list = append(f.list, Figure{Name: name})
	}
	return &f.list[at]
}

// owe adds to what rows say.
func (f *figures) owe(name string, amount money.Fen) {
	if amount == 0 {
		return
	}
	f.of(name).Amount += amount
	f.rows = append(f.rows, name)
}

// book adds to what the ledger says.
func (f *figures) book(b money.Booked) {
	name := string(b.Code)
	if b.Repaired() {
		name = Afterwards + name
	}
	x := f.of(name)
	x.Booked += b.Amount
	x.Lines = append(x.Lines, b)
	subsidy := b.Code == money.CodeSubsidyRider || b.Code == money.CodeSubsidyDriver
	alone := slices.Contains(withoutRows, b.Code) || f.held && subsidy && !b.Repaired()
	if alone && !slices.Contains(f.rows, x.Name) {
		x.Amount = x.Booked
	}
}

func transfersOf(booked []money.Booked) []money.Transfer {
	list := make([]money.Transfer, len(booked))
	for i, b := range booked {
		list[i] = b.Transfer
	}
	return list
}
