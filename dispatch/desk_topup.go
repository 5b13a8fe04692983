package dispatch

import (
	"context"
	"time"

	"hexhail/money"
)

// TopUpWallet is the rider's wish to pay into their own wallet.
type TopUpWallet struct {
	Rider  RiderID
	Amount money.Fen // money.LeastPaidIn to money.MostPaidIn
	Means
}

// TopUp opens an order at an external channel, by which a rider pays into their wallet: a payment
// like a ride's, for a subject that is no ride. The wallet has the money once the channel's word is
// verified and booked. Errors: Invalid for an amount, a channel or a way that no top-up has,
// NotFound with ReasonChannel, Exhausted with ReasonWalletFull above the wallet's cap, with
// ReasonTopUpsOpen while as many as may be are open.
func (d *Desk) TopUp(
	ctx context.Context, now time.Time, key Once, c TopUpWallet,
) (TopUpID, error) {
	return do(ctx, d, "TopUpWallet", now, key, c, func(j *job) (TopUpID, error) {
		if err := c.check(); err != nil {
			return "", err
		}
		if err := d.checkMeans(c.Means); err != nil {
			return "", err
		}
		if _, err := j.tx.Rider(c.Rider); err != nil {
			return "", err
		}
		// Locked: of several at once each counts the others.
		rider := RiderParty(c.Rider)
		wallet, err := j.tx.LockAccount(money.Wallet(rider))
		if err != nil {
			return "", err
		}
		open, err := j.tx.OpenTopUps(rider, money.MaxOpenTopUps)
		if err == nil {
			err = takesIn(wallet, open, c.Amount)
		}
		if err != nil {
			return "", err
		}
		id := TopUpID(d.NewID(now))
		p := money.NewTopUp(id.Subject(), rider, c.Amount)
		if err := j.tx.InsertPayment(p); err != nil {
			return "", err
		}
		attempt := money.AttemptID(d.NewID(now))
		_, err = j.try(p, attempt, attempt, purse{rider: c.Rider}, c.Means)
		return id, err
	})
}

// lockFor locks what an attempt pays for, so that nobody else changes its payments: a ride, or a
// top-up, for which the ride is the zero one.
func (j *job) lockFor(a money.Attempt) (Ride, error) {
	if a.Purpose == money.PurposeTopUp {
		return Ride{}, j.tx.LockTopUp(a.Subject)
	}
	return j.tx.LockRide(RideID(a.Subject))
}

// noRoom reports whether a top-up is paid after it had ended, and its wallet has no room for it any
// more: only an open one is counted among what a wallet is about to hold.
func (j *job) noRoom(order money.Order) (bool, error) {
	if !order.For(money.PurposeTopUp) || !order.Ended() {
		return false, nil
	}
	whole := order.Whole()
	wallet, err := j.tx.Account(money.Wallet(whole.Payee))
	if err != nil {
		return false, err
	}
	open, err := j.tx.OpenTopUps(whole.Payee, money.MaxOpenTopUps)
	return whole.Charge() > money.RoomIn(wallet, open), err
}
