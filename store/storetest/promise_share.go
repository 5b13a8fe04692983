package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// promiseShare: what is owed and paid of a fare that friends share is the fare, to the fen, and a
// campaign gives for the shares that its channel has paid and for no other, though friends pay at
// the moment at which their time is over, answers get lost, the organiser pays what is left, and
// the driver takes cash.
func promiseShare(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		var bank *lossyBank
		kept(t, func() error {
			bank = &lossyBank{}
			return shareAll(t, open(t), bank, nil)
		})
		if bank.lost[0] == 0 || bank.lost[1] == 0 {
			t.Errorf("answers lost before and after the charge: %v; both have to happen", bank.lost)
		}
	})
	t.Run("MutantFareIsOwedBeside", func(t *testing.T) {
		caught(t, shareAll(t, open(t), &lossyBank{}, func(s dispatch.Store) dispatch.Store {
			return neverVoid{s}
		}))
	})
	t.Run("MutantGivesForAll", func(t *testing.T) {
		caught(t, shareAll(t, open(t), &lossyBank{}, func(s dispatch.Store) dispatch.Store {
			return generous{s}
		}))
	})
}

// neverVoid goes on owing what is owed no more.
type neverVoid struct{ dispatch.Store }

// Tx runs fn with a store that forgets nothing.
func (s neverVoid) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error { return fn(neverVoidTx{tx}) })
}

type neverVoidTx struct{ dispatch.Tx }

// UpdatePayment leaves what should be void as it was.
func (tx neverVoidTx) UpdatePayment(p money.Payment, from money.PaymentState) error {
	if p.State == money.PaymentVoid {
		p.State = from
	}
	return tx.Tx.UpdatePayment(p, from)
}

// generous posts all that was reserved, whoever has paid.
type generous struct{ dispatch.Store }

// Tx runs fn with a store that gives.
func (s generous) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error { return fn(generousTx{tx}) })
}

type generousTx struct{ dispatch.Tx }

// Book posts instead of giving back.
func (tx generousTx) Book(e money.Entry) error {
	for i, m := range e.Transfers {
		if m.Kind == money.TransferVoid && m.Code == money.CodeSubsidyDriver {
			e.Transfers[i].Kind = money.TransferPost
		}
	}
	return tx.Tx.Book(e)
}

// shareAll splits fares among three and has them paid from all sides at once, and says what is
// wrong afterwards.
func shareAll(
	t *testing.T, db Database, bank *lossyBank, sabotage func(dispatch.Store) dispatch.Store,
) error {
	t.Helper()
	desk := NewDesk(t, db)
	desk.Channels[money.Alipay] = bank
	if sabotage != nil {
		desk.Store = sabotage(desk.Store)
	}
	fundFor(t, db, money.Alipay)
	alipay := dispatch.Means{Channel: money.Alipay, Way: money.WayQR}
	rides := completeRides(t, db, desk, captureRides)
	codes := map[dispatch.RideID][]string{}
	for i, ride := range rides { // by a payer who chooses the sponsor's channel, and thinks better
		_, _ = desk.Pay(t.Context(), noon, dispatch.Once{Identity: "r", RequestID: fmt.Sprint(i)},
			dispatch.PayRide{Ride: ride.ID, Rider: ride.Rider, Means: alipay})
		shares, err := desk.Split(t.Context(), noon,
			dispatch.Once{Identity: "split", RequestID: fmt.Sprint(i)},
			dispatch.SplitFare{
				Ride: ride.ID, Rider: ride.Rider, Friends: []dispatch.Friend{{}, {}},
				For: dispatch.ShortestSplit,
			})
		if err != nil {
			return err
		}
		for _, s := range shares[1:] {
			codes[ride.ID] = append(codes[ride.ID], s.Code)
		}
	}
	late := noon.Add(dispatch.ShortestSplit)
	err := payAll(t, desk, rides, func(ride dispatch.Ride, n int, key dispatch.Once) {
		switch n {
		case 0:
			_, _ = desk.Pay(t.Context(), noon, key, dispatch.PayRide{
				Ride: ride.ID, Rider: ride.Rider, Means: alipay,
			})
		case 1, 2:
			by := dispatch.PayByCode{Code: codes[ride.ID][n-1], Means: alipay}
			if n == 2 && len(ride.ID)%2 == 0 {
				by.Rider, by.Means = ride.Rider, byWallet
			}
			_, _ = desk.PayByCode(t.Context(), noon, key, by)
		default:
			_, _ = desk.Work(t.Context(), late)
		}
	}, bank.tells(t, desk))
	if err != nil {
		return err
	}
	if _, err := desk.Work(t.Context(), late.Add(time.Hour)); err != nil {
		return err
	}
	return bank.shared(t, db, rides)
}

// shared compares the bank's books with ours, and what each ride's payments and gifts come to with
// its fare.
func (b *lossyBank) shared(t *testing.T, db Database, rides []dispatch.Ride) error {
	t.Helper()
	if err := b.judge(t, db, rides); err != nil {
		return err
	}
	parts := 0
	var given money.Fen
	for _, was := range rides {
		var owed, gift, earned money.Fen
		do(t, db, func(tx dispatch.Tx) error {
			payments, err := tx.PaymentsOf(was.Subject())
			if err != nil {
				return err
			}
			for _, p := range payments {
				if p.State != money.PaymentVoid {
					owed, gift = owed+p.Amount, gift+p.Discount
				}
			}
			booked, err := tx.Transfers(was.Subject())
			for _, m := range money.SubsidiesIn(booked) {
				if m.Kind != money.TransferPost && m.Kind != money.TransferPosted {
					continue
				}
				given += m.Amount
				if m.Code == money.CodeSubsidyRider {
					gift -= m.Amount
				}
				earned += m.Amount
			}
			return err
		})
		if fare := money.Yuan(28); owed != fare || gift != 0 {
			return fmt.Errorf("ride %s of %s: owed are %s, %s more off than given",
				was.ID, fare, owed, gift)
		}
		if earned > 0 && earned < money.Yuan(10) {
			parts++
		}
	}
	budget := account(t, db, money.PromoBudget("launch"))
	if budget.Debits != given || budget.PendingDebits != 0 {
		return fmt.Errorf("the budget has given %s, rides have %s", budget.Debits, given)
	}
	for _, r := range rides {
		if err := bothSides(t, db, r); err != nil {
			return err
		}
	}
	if parts == 0 {
		return fmt.Errorf("rides that are given a part of their subsidy: %w", errTooFew)
	}
	return nil
}

// bothSides: rider and driver are given for the same shares of a ride.
func bothSides(t *testing.T, db Database, was dispatch.Ride) error {
	t.Helper()
	var r dispatch.Ride
	var rider, driver money.Fen
	do(t, db, func(tx dispatch.Tx) (err error) {
		if r, err = tx.Ride(was.ID); err != nil {
			return err
		}
		booked, err := tx.Transfers(was.Subject())
		for _, m := range money.SubsidiesIn(booked) {
			switch {
			case m.Kind != money.TransferPost && m.Kind != money.TransferPosted:
			case m.Code == money.CodeSubsidyRider:
				rider += m.Amount
			default:
				driver += m.Amount
			}
		}
		return err
	})
	if rider != driver || r.Subsidy.Rider != rider || r.Subsidy.Driver != driver {
		return fmt.Errorf("ride %s: %s and %s given, its row says %s and %s", r.ID, rider, driver,
			r.Subsidy.Rider, r.Subsidy.Driver)
	}
	return nil
}

// splits are due at their time, once, until they end.
func splits(t *testing.T, open Open) {
	db := open(t)
	do(t, db, func(tx dispatch.Tx) error {
		check(t, tx.InsertRider(dispatch.Rider{ID: "R2", Phone: "138"}))
		check(t, tx.InsertRider(dispatch.Rider{ID: "R1", Phone: "138"}))
		check(t, tx.InsertRider(dispatch.Rider{ID: "R0"}))
		for phone, want := range map[string]dispatch.RiderID{"138": "R1", "": "", "139": ""} {
			id, err := tx.RiderByPhone(phone)
			equal(t, "by phone "+phone, id, want)
			check(t, err)
		}
		check(t, tx.InsertSplit("b", after(1)))
		return tx.InsertSplit("a", after(2))
	})
	refused(t, db, dispatch.Conflict, dispatch.ReasonDuplicate,
		func(tx dispatch.Tx) error { return tx.InsertSplit("a", after(3)) })
	due := func(seconds float64, limit int, want ...dispatch.RideID) {
		t.Helper()
		do(t, db, func(tx dispatch.Tx) error {
			got, err := tx.DueSplits(after(seconds), limit)
			equal(t, "due", got, want)
			return err
		})
	}
	due(0.999, 9)
	due(2, 9, "b", "a")
	due(2, 1, "b")
	do(t, db, func(tx dispatch.Tx) error { return tx.PutOffSplit("b", after(3)) })
	due(2, 9, "a")
	do(t, db, func(tx dispatch.Tx) error { return tx.EndSplit("a") })
	due(9, 9, "b")
}
