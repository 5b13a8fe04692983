package storetest

import (
	"context"
	"fmt"
	"testing"

	"hexhail/dispatch"
	"hexhail/money"
)

// promiseCorrect: of a fare that is corrected, never more than the corrected fare is kept, and
// never less: what its payers' channel has not given back, with what campaigns have not, is the
// fare, though drivers correct it while it is paid and from several sides, riders contest it, ops
// decide, and the channel's answers get lost.
func promiseCorrect(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		check(t, correctAll(t, open(t), nil))
	})
	t.Run("MutantForgetsWhatWentBack", func(t *testing.T) {
		caught(t, correctAll(t, open(t), func(s dispatch.Store) dispatch.Store {
			return forgetful{s}
		}))
	})
	t.Run("MutantKeepsSubsidies", func(t *testing.T) {
		caught(t, correctAll(t, open(t), func(s dispatch.Store) dispatch.Store {
			return stingy{s}
		}))
	})
}

// forgetful does not write what goes back of a payment.
type forgetful struct{ dispatch.Store }

// Tx runs fn with a store that forgets.
func (s forgetful) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error { return fn(forgetfulTx{tx}) })
}

type forgetfulTx struct{ dispatch.Tx }

// UpdatePayment writes that nothing goes back.
func (tx forgetfulTx) UpdatePayment(p money.Payment, from money.PaymentState) error {
	p.Refunded = 0
	return tx.Tx.UpdatePayment(p, from)
}

// stingy gives campaigns nothing back of what was posted.
type stingy struct{ dispatch.Store }

// Tx runs fn with a store that keeps subsidies.
func (s stingy) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error { return fn(stingyTx{tx}) })
}

type stingyTx struct{ dispatch.Tx }

// Book leaves out what goes back to campaigns.
func (tx stingyTx) Book(e money.Entry) error {
	for _, m := range e.Transfers {
		if m.Code == money.CodeSubsidyRiderBack || m.Code == money.CodeSubsidyDriverBack {
			return nil
		}
	}
	return tx.Tx.Book(e)
}

// correctAll has fares corrected, contested and decided from all sides while they are paid, and
// afterwards, and says what is kept wrongly.
func correctAll(
	t *testing.T, db Database, sabotage func(dispatch.Store) dispatch.Store,
) error {
	t.Helper()
	desk, bank := NewDesk(t, db), &lossyBank{}
	desk.Channels[money.Alipay] = bank
	if sabotage != nil {
		desk.Store = sabotage(desk.Store)
	}
	fundFor(t, db, money.Alipay)
	rides := completeRides(t, db, desk, captureRides)
	by := dispatch.Means{Channel: money.Alipay, Way: money.WayBarcode, Token: "28"}
	pay := byMeans(t, desk, by)
	err := payAll(t, desk, rides, func(ride dispatch.Ride, n int, key dispatch.Once) {
		if n == 3 && ride.ID[len(ride.ID)-1]%3 == 0 { // of the others more are paid by the channel
			meddle(t, desk, ride, key, n)
			return
		}
		pay(ride, n, key)
	}, bank.tells(t, desk))
	if err != nil {
		return err
	}
	each(captureWorkers, len(rides)*6, func(i int) {
		key := dispatch.Once{Identity: "somebody", RequestID: fmt.Sprint("meddle", i)}
		meddle(t, desk, rides[i/6], key, i%6)
	})
	for s := range 10 {
		if _, err := desk.Work(t.Context(), after(1000+float64(s)*30)); err != nil {
			return err
		}
	}
	return bank.corrected(t, db, rides)
}

// meddle corrects a fare, contests it or decides it, in turn; below 5 yuan campaigns give less.
func meddle(
	t *testing.T, desk *dispatch.Desk, ride dispatch.Ride, key dispatch.Once, n int,
) {
	switch n {
	case 0, 1, 3, 5:
		_, _ = desk.Correct(t.Context(), noon, key, dispatch.CorrectRide{
			Ride: ride.ID, Driver: ride.Driver, Meter: money.Fen(24_00 - 4_20*n),
		})
	case 2:
		_, _ = desk.Contest(t.Context(), noon, key,
			dispatch.FareWord{Ride: ride.ID, Rider: ride.Rider})
	default:
		if len(ride.ID)%2 == 0 {
			_, _ = desk.Resolve(t.Context(), noon, key,
				dispatch.ResolveFare{Ride: ride.ID, Fare: 2_00, Note: "by the trace"})
		}
	}
}

// corrected compares what is kept of each ride with its fare, and the bank's books with ours.
func (b *lossyBank) corrected(t *testing.T, db Database, rides []dispatch.Ride) error {
	t.Helper()
	books, err := money.Cashier{Store: db}.Audit(t.Context(), nil)
	check(t, err)
	if len(books.Wrong) > 0 || books.Pending() != 0 {
		return fmt.Errorf("accounts %v are wrong, %s is pending", books.Wrong, books.Pending())
	}
	var moved, given money.Fen
	for _, amount := range b.paid {
		moved += amount
	}
	for _, amount := range b.refunds {
		moved -= amount
	}
	if ours := -books.Balance("channel_clearing"); ours != moved {
		return fmt.Errorf("the bank has moved %s, our books say %s", moved, ours)
	}
	lower := 0
	for _, was := range rides {
		var kept, subsidy money.Fen
		var r dispatch.Ride
		do(t, db, func(tx dispatch.Tx) (err error) {
			if r, err = tx.Ride(was.ID); err != nil {
				return err
			}
			booked, err := tx.Transfers(was.Subject())
			for _, m := range booked {
				if m.Kind != money.TransferPosted && m.Kind != money.TransferPost {
					continue
				}
				switch m.Code {
				case money.CodeFare:
					kept += m.Amount
				case money.CodeRefund:
					if m.Debit != money.SuspenseDuplicate {
						kept -= m.Amount
					}
				case money.CodeSubsidyRider:
					kept, subsidy = kept+m.Amount, subsidy+m.Amount
				case money.CodeSubsidyRiderBack:
					kept, subsidy = kept-m.Amount, subsidy-m.Amount
				case money.CodeSubsidyDriver:
					subsidy += m.Amount
				case money.CodeSubsidyDriverBack:
					subsidy -= m.Amount
				default:
				}
			}
			return err
		})
		given += subsidy
		if byHand := kept == 0; !byHand && kept != r.Fare.Total() {
			return fmt.Errorf("ride %s of %s, %s: %s is kept", r.ID, r.Fare.Total(), r.State, kept)
		}
		if kept > 0 && (len(r.Fare.Was) > 0 || r.Fare.State == dispatch.FareResolved) {
			lower++
		}
	}
	budget := account(t, db, money.PromoBudget("launch"))
	if spent := budget.Debits - (budget.Credits - money.Yuan(10_000)); spent != given {
		return fmt.Errorf("the budget has given %s, rides have %s", spent, given)
	}
	if lower < len(rides)/6 {
		return fmt.Errorf("only %d of %d rides were paid and corrected", lower, len(rides))
	}
	return nil
}
