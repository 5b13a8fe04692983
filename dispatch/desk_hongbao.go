package dispatch

import (
	"context"
	"time"

	"hexhail/money"
)

// EndHongbaos gives what is left of hongbaos that have expired back to who gave them, and returns
// how many it has looked at, at most a batch.
func (d *Desk) EndHongbaos(ctx context.Context, now time.Time) (ended int, err error) {
	err = d.retry(ctx, func(tx Tx) (err error) {
		ended, err = money.EndHongbaos(tx, now, workBatch)
		return err
	})
	return ended, err
}

// wakeHongbaos has what goes back to hongbaos go on to who gave those that have expired. It returns
// how much that is of transfers.
func (j *job) wakeHongbaos(transfers []money.Transfer) (sum money.Fen, err error) {
	for _, t := range transfers {
		id, is := t.Credit.Hongbao()
		if !is {
			continue
		}
		if err := j.tx.WakeHongbao(id); err != nil {
			return 0, err
		}
		sum += t.Amount
	}
	return sum, nil
}

// purseOf is what a rider's wallet holds: its balance, and hongbaos that can be spent now.
func purseOf(tx Tx, rider RiderID, now time.Time) (s Purse, balance money.Account, err error) {
	party := RiderParty(rider)
	if balance, err = tx.Account(money.Wallet(party)); err != nil {
		return Purse{}, balance, err
	}
	s = Purse{Has: balance.Available(), Held: balance.PendingDebits}
	s.Hongbaos, err = tx.HongbaosOf(party, now, money.MaxHongbaos)
	return s, balance, err
}

// Spendable is what can be spent now: balance and hongbaos.
func (s Purse) Spendable() money.Fen {
	sum := s.Has
	for _, h := range s.Hongbaos {
		sum += h.Left
	}
	return sum
}
