package sim

import (
	"hexhail/dispatch"
	"hexhail/money"
)

// booked is what the ledger has moved for one ride.
type booked struct {
	transfers               int
	paid                    money.Fen // by the rider, posted
	outside                 money.Fen // of it, through external channels
	riderSubsidy, driverSub money.Fen // posted
	held                    money.Fen // of subsidies, pending
}

// ledger is what an audit has found: of everything, or of what has changed since the begin.
type ledger struct {
	sound   bool // every account replays to its balance
	pending money.Fen
	balance func(class string) money.Fen // of all accounts of a class
}

// closeBooks reads the rows once and fills the report: what the phones were told, and what the
// ledger says.
func (v *virtual) closeBooks() error {
	byRide := make(map[money.Subject]*booked)
	books, err := money.Cashier{Store: v.store}.Audit(v.ctx,
		func(s money.Subject, t money.Transfer) {
			if s == "" {
				return
			}
			b := byRide[s]
			if b == nil {
				b = &booked{}
				byRide[s] = b
			}
			b.add(t)
		})
	if err != nil {
		return err
	}
	rides, err := v.rides()
	if err != nil {
		return err
	}
	r := &v.report
	v.countRiders(r, rides)
	if r.Acceptance != nil {
		if err := v.readWeights(r.Acceptance); err != nil {
			return err
		}
	}
	v.countDrivers(r)
	v.countMoney(r, rides, byRide, ledger{
		sound: len(books.Wrong) == 0, pending: books.Pending(), balance: books.Balance,
	})
	return nil
}

func (b *booked) add(t money.Transfer) {
	b.transfers++
	if t.Code == money.CodeSubsidyRider || t.Code == money.CodeSubsidyDriver {
		b.hold(t)
	}
	if t.Kind != money.TransferPosted && t.Kind != money.TransferPost {
		return
	}
	switch {
	case t.Code == money.CodeSubsidyRider && t.Credit.Class() == money.Wallet("").Class():
		// given afterwards, to who has paid the fare
	case t.Code == money.CodeSubsidyRider:
		b.riderSubsidy += t.Amount
	case t.Code == money.CodeSubsidyDriver:
		b.driverSub += t.Amount
	case t.Code.Paid():
		b.paid += t.Amount
		if t.Debit.Class() == money.ChannelClearing("").Class() {
			b.outside += t.Amount
		}
	default: // what a channel keeps, or has moved twice and sent back
	}
}

// hold counts a transfer of a subsidy that reserves, or ends what is reserved.
func (b *booked) hold(t money.Transfer) {
	switch t.Kind {
	case money.TransferPending:
		b.held += t.Amount
	case money.TransferPost, money.TransferVoid, money.TransferExpire:
		b.held -= t.Amount
	case money.TransferPosted:
	}
}

// rides reads every ride that was asked for.
func (v *virtual) rides() ([]dispatch.Ride, error) {
	rides := make([]dispatch.Ride, 0, len(v.riders))
	err := v.batches(len(v.riders), func(tx dispatch.Tx, i int) error {
		if v.riders[i].ride == "" {
			return nil
		}
		r, err := tx.Ride(v.riders[i].ride)
		rides = append(rides, r)
		return err
	})
	return rides, err
}
