package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/money"
)

// firstRides is the load of promiseWalletFirst.
const firstRides = 24

// promiseWalletFirst: of a payment that a wallet pays in part and a channel of others for the rest,
// both parts are captured or none, and the channel is asked for its own; each part gets back what
// it has paid and no fen more. So it stays though answers get lost, riders pay otherwise meanwhile,
// cash changes hands, and everything goes back from many sides at once.
func promiseWalletFirst(t *testing.T, open Open) {
	t.Run("Kept", func(t *testing.T) {
		var bank *lossyBank
		kept(t, func() error {
			bank = &lossyBank{}
			return walletFirst(t, open(t), bank, nil, nil)
		})
		if bank.lost[0] == 0 || bank.lost[1] == 0 {
			t.Errorf("answers lost before and after the charge: %v; both have to happen", bank.lost)
		}
	})
	t.Run("MutantAsksForAll", func(t *testing.T) {
		db, bank := open(t), &lossyBank{}
		caught(t, walletFirst(t, db, bank, asksForAll{bank, db}, nil))
	})
	t.Run("MutantKeepsHold", func(t *testing.T) {
		caught(t, walletFirst(t, open(t), &lossyBank{}, nil,
			func(s dispatch.Store) dispatch.Store { return keepsHold{s} }))
	})
	t.Run("MutantForgetsLegs", func(t *testing.T) {
		caught(t, walletFirst(t, open(t), &lossyBank{}, nil,
			func(s dispatch.Store) dispatch.Store { return forgetsLegs{s} }))
	})
}

// asksForAll asks a channel for what is charged, whatever the wallet pays of it.
type asksForAll struct {
	*lossyBank
	db Database
}

// Charge charges all legs.
func (b asksForAll) Charge(
	ctx context.Context, a money.Attempt, now time.Time,
) (money.Outcome, error) {
	err := b.db.MoneyTx(ctx, func(tx money.Tx) error {
		order, err := tx.Order(a.ID)
		a.Legs = nil
		for _, part := range order {
			a.Legs = append(a.Legs, part.Legs...)
		}
		return err
	})
	if err != nil {
		return money.Outcome{}, err
	}
	return b.lossyBank.Charge(ctx, a, now)
}

// keepsHold forgets what a wallet has held for an order that has ended unpaid.
type keepsHold struct{ dispatch.Store }

// Tx runs fn with a store that gives nothing back.
func (s keepsHold) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error { return fn(keepsHoldTx{tx}) })
}

type keepsHoldTx struct{ dispatch.Tx }

// Book leaves out what gives back.
func (tx keepsHoldTx) Book(e money.Entry) error {
	if len(e.Transfers) > 0 && e.Transfers[0].Kind == money.TransferVoid {
		return nil
	}
	return tx.Tx.Book(e)
}

// forgetsLegs does not write which leg has got back what.
type forgetsLegs struct{ dispatch.Store }

// Tx runs fn with a store that forgets.
func (s forgetsLegs) Tx(ctx context.Context, fn func(dispatch.Tx) error) error {
	return s.Store.Tx(ctx, func(tx dispatch.Tx) error { return fn(forgetsLegsTx{tx}) })
}

type forgetsLegsTx struct{ dispatch.Tx }

// TakeBackLeg says yes.
func (forgetsLegsTx) TakeBackLeg(money.AttemptID, money.Leg) (bool, error) { return true, nil }

// FirstRides makes rides of rider0 and on, ride0 and on, of 28 yuan and 10 of tip, that are driven
// and not paid. Each rider has two hongbaos of 10 yuan, and a balance of 100.
func FirstRides(t *testing.T, db Database, n int) []dispatch.Ride {
	t.Helper()
	rides := completeRidesWithTip(t, db, NewDesk(t, db), n)
	for _, ride := range rides {
		for i := range 2 {
			id := money.HongbaoID(fmt.Sprint(ride.Rider, "-", i))
			give(t, db, hongbaoFor(id, money.Party(ride.Rider), 7200))
		}
	}
	return rides
}

// walletFirst pays many rides of 28 yuan and 10 of tip, whose riders have two hongbaos of 10 yuan,
// gives back what has paid them, and says what is wrong afterwards.
func walletFirst(
	t *testing.T, db Database, bank *lossyBank, c money.Channel,
	sabotage func(dispatch.Store) dispatch.Store,
) error {
	t.Helper()
	desk := NewDesk(t, db)
	desk.Channels[money.Alipay] = bank
	if c != nil {
		desk.Channels[money.Alipay] = c
	}
	rides := FirstRides(t, db, firstRides)
	if sabotage != nil {
		desk.Store = sabotage(desk.Store)
	}
	by := dispatch.Means{Channel: money.Alipay, Way: money.WayQR}
	err := payAll(t, desk, rides, func(ride dispatch.Ride, n int, key dispatch.Once) {
		by := by
		by.First = []dispatch.WalletFirst{
			dispatch.HongbaosFirst, "", dispatch.HongbaosFirst, dispatch.BalanceFirst,
		}[n]
		if n == 3 && len(ride.ID)%2 == 0 { // else the wallet has enough and pays alone
			by.First = dispatch.HongbaosFirst
		}
		byMeans(t, desk, by)(ride, n, key)
	}, bank.tells(t, desk))
	if err != nil {
		return err
	}
	if err := legsBackAll(t, desk, rides); err != nil {
		return err
	}
	for s := range 3 {
		if _, err := desk.Work(t.Context(), after(910+10*float64(s))); err != nil {
			return err
		}
	}
	if err := bank.judge(t, db, rides); err != nil {
		return err
	}
	return legsMatch(t, db, rides)
}

// legsBackAll wants each fare back in parts, from many sides at once, each part twice.
func legsBackAll(t *testing.T, desk *dispatch.Desk, rides []dispatch.Ride) error {
	t.Helper()
	parts := []money.Fen{5_00, 9_01, 7_99, 6_00, 3_33} // 28 yuan, and one that is too much
	var broken atomic.Pointer[error]
	each(captureWorkers, 2*len(parts)*len(rides), func(i int) {
		ride, part := rides[i%len(rides)], i/len(rides)%len(parts)
		_, err := desk.Refund(t.Context(), after(902),
			dispatch.Once{Identity: "ops", RequestID: fmt.Sprint(ride.ID, part)},
			dispatch.RefundRide{
				Ride: ride.ID, Purpose: money.PurposeFare, Amount: parts[part], Ours: true,
				Why: "a detour",
			})
		if kind, _ := dispatch.Classify(err); err != nil && kind == dispatch.Internal {
			broken.Store(&err)
		}
	})
	if err := broken.Load(); err != nil {
		return *err
	}
	return nil
}

// legsMatch compares what each leg has paid and got back with payments, refunds and accounts.
func legsMatch(t *testing.T, db Database, rides []dispatch.Ride) error {
	t.Helper()
	mixed, back := 0, 0
	for _, ride := range rides {
		var spent money.Fen // out of hongbaos, for good
		err := db.Tx(t.Context(), func(tx dispatch.Tx) error {
			spent = 0
			payments, err := tx.PaymentsOf(ride.Subject())
			if err != nil {
				return err
			}
			refunds, err := tx.RefundsOf(ride.Subject())
			if err != nil {
				return err
			}
			for _, p := range payments {
				a, ok, err := tx.PaidAttempt(p.ID)
				if err != nil {
					return err
				}
				if !ok || a.Channel == money.Cash {
					continue
				}
				if a.Outside() > 0 && a.Outside() < a.Charge() {
					mixed++
				}
				if err := legMatches(p, a, refunds); err != nil {
					return err
				}
				back += int(p.Refunded)
				for _, leg := range a.Legs {
					if leg.Hongbao != "" {
						spent += leg.Amount - leg.Refunded
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		left := money.Fen(0)
		for i := range 2 {
			id := money.HongbaoID(fmt.Sprint(ride.Rider, "-", i))
			left += account(t, db, id.Account()).Available()
		}
		if left+spent != 20_00 {
			return fmt.Errorf("rider %s: %s left in hongbaos of 20.00, %s spent",
				ride.Rider, left, spent)
		}
	}
	t.Logf("%d payments by both, %s back of all", mixed, money.Fen(back))
	if mixed < len(rides)/6 || back == 0 {
		return fmt.Errorf("%d payments by wallet and channel, %d fen back: %w", mixed, back,
			errTooFew)
	}
	return nil
}

// legMatches compares the legs of a payment with what is asked to go back of it.
func legMatches(p money.Payment, a money.Attempt, refunds []money.Refund) error {
	var legs, outside money.Fen
	for _, leg := range a.Legs {
		legs += leg.Refunded
		if leg.Outside() {
			outside = leg.Refunded
		}
	}
	for _, r := range refunds {
		if r.Payment == p.ID && r.Channel.External() {
			outside -= r.Amount
		}
	}
	if legs != p.Refunded || outside != 0 || a.Charge() != p.Charge() {
		return fmt.Errorf("payment %s of %s, %s back: %+v, refunds %+v",
			p.ID, p.Charge(), p.Refunded, a.Legs, refunds)
	}
	return nil
}
