package money

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// StaleTry is how long an order or a refund may be open before it is looked at by the hour: every
// channel has ended them long before.
const StaleTry = time.Hour

// Standing is how the books stand with a channel.
type Standing struct {
	Channel     ChannelName
	Clearing    Fen // what the channel owes us by our books
	Differences int // open
	Stale       int // orders and refunds that are open for longer than StaleTry
}

// Standings is how the books stand with every channel that has bills, by name.
func (r Reconciler) Standings(ctx context.Context, now time.Time) (list []Standing, err error) {
	err = r.Store.MoneyView(ctx, func(tx Tx) error {
		list = nil
		for _, c := range slices.Sorted(maps.Keys(r.Sources)) {
			clearing, err := tx.Account(ChannelClearing(c))
			if err != nil {
				return err
			}
			s := Standing{Channel: c, Clearing: -clearing.Balance()}
			if s.Differences, err = tx.OpenDifferences(c); err != nil {
				return err
			}
			if s.Stale, err = tx.OpenTriesOf(c, now.Add(-StaleTry)); err != nil {
				return err
			}
			list = append(list, s)
		}
		return nil
	})
	return list, err
}

// Wake has every order and refund asked about that is open for longer than StaleTry and that nobody
// would ask about soon, and says how many.
func (r Reconciler) Wake(ctx context.Context, now time.Time) (woken int, err error) {
	err = r.Store.MoneyTx(ctx, func(tx Tx) (err error) {
		woken, err = tx.WakeTries(now.Add(-StaleTry), now)
		return err
	})
	return woken, err
}

// ImportDays imports the bills of some days of all channels and merchants, but those that are
// whole. A bill that is not made yet is left for the next time. Errors of the others are joined.
func (r Reconciler) ImportDays(ctx context.Context, days []string, now time.Time) error {
	var failed error
	for _, c := range slices.Sorted(maps.Keys(r.Sources)) {
		for _, merchant := range r.Sources[c].Merchants() {
			for _, day := range days {
				err := r.importOnce(ctx, BillID{c, merchant, day}, now)
				if err != nil && !errors.Is(err, ErrBillNotReady) {
					failed = errors.Join(failed, err)
				}
			}
		}
	}
	return failed
}

func (r Reconciler) importOnce(ctx context.Context, id BillID, now time.Time) error {
	var whole bool
	err := r.Store.MoneyView(ctx, func(tx Tx) error {
		b, _, err := tx.Bill(id)
		whole = b.Whole
		return err
	})
	if err != nil || whole {
		return err
	}
	_, err = r.Import(ctx, id, now)
	return err
}
