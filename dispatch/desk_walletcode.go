package dispatch

import (
	"context"
	"crypto/rand"
	"math/big"
	"time"

	"hexhail/money"
)

// IssueWalletCode gives a rider's phone a new secret. The one before it is worth nothing from then
// on. The same request id has the same secret, as long as that is the rider's; nothing else ever
// tells it. Errors: NotFound with ReasonUnknownCode for a repeated request whose secret is gone.
func (d *Desk) IssueWalletCode(
	ctx context.Context, now time.Time, key Once, rider RiderID,
) (WalletCode, error) {
	handle, err := do(ctx, d, "IssueWalletCode", now, key, rider, func(j *job) (string, error) {
		handle, err := rand.Int(rand.Reader, big.NewInt(10_000_000_000))
		if err != nil {
			return "", err
		}
		c := WalletCode{
			Rider: rider, Handle: fixedDigits(handle), MadeAt: now,
			Secret: make([]byte, WalletSecretBytes),
		}
		nonce := make([]byte, walletNonce, SealedBytes)
		_, _ = rand.Read(c.Secret) // never fails
		_, _ = rand.Read(nonce)
		sealed, err := d.WalletKey.seal(c, nonce)
		if err != nil {
			return "", err
		}
		if _, err := j.tx.DropWalletCode(rider); err != nil {
			return "", err
		}
		return c.Handle, j.tx.InsertWalletCode(sealed)
	})
	if err != nil {
		return WalletCode{}, err
	}
	var c WalletCode
	err = d.Store.View(ctx, func(tx Tx) error {
		sealed, is, err := tx.WalletCode(handle)
		switch {
		case err != nil:
			return err
		case !is:
			return Errorf(NotFound, ReasonUnknownCode, "this secret is not the rider's any more")
		}
		c, err = d.WalletKey.open(sealed)
		return err
	})
	return c, err
}

func fixedDigits(n *big.Int) string {
	text := n.String()
	for len(text) < walletHandle {
		text = "0" + text
	}
	return text
}

// RevokeWalletCode makes a rider's secret worth nothing, at once; one who has none is no error.
func (d *Desk) RevokeWalletCode(
	ctx context.Context, now time.Time, key Once, rider RiderID,
) error {
	_, err := do(ctx, d, "RevokeWalletCode", now, key, rider, func(j *job) (bool, error) {
		return j.tx.DropWalletCode(rider)
	})
	return err
}

// collectByCode pays a driver's ride out of the wallet whose code was scanned. What is wrong with
// the wallet is the rider's affair: the driver hears that it does not pay.
func (d *Desk) collectByCode(
	ctx context.Context, now time.Time, key Once, c CollectFare,
) (Receipt, error) {
	mine := func(r Ride) error { return r.drivenBy(c.Driver) }
	done, err := d.answered(ctx, "Collect", key)
	if err == nil && !done {
		err = d.judgeCode(ctx, now, c, mine)
	}
	if err != nil {
		return Receipt{}, err
	}
	paid, err := d.payOnce(ctx, now, c.Ride, mine, func() (Receipt, error) {
		return do(ctx, d, "Collect", now, key, c, func(j *job) (Receipt, error) {
			code, step, err := d.shown(j, c.Token)
			if err != nil {
				return Receipt{}, err
			}
			if err := j.tx.InsertUsedCode(UsedCode{
				Handle: code.Handle, Step: step, Ride: c.Ride, Driver: c.Driver, At: now,
			}); err != nil {
				return Receipt{}, err
			}
			from := purse{rider: code.Rider, byCode: true}
			return d.pay(j, c.Ride, mine, from, Means{Channel: money.InWallet})
		})
	})
	switch ReasonOf(err) {
	case ReasonPINNeeded, ReasonPINLocked, ReasonLedgerLimit:
		return Receipt{}, Errorf(Conflict, ReasonCodeDeclined,
			"the rider's wallet does not pay this by a code")
	default:
		return paid, err
	}
}

// shown is the secret of a code that a phone may show now, and its minute. Nobody revokes it before
// the transaction ends.
func (d *Desk) shown(j *job, text string) (WalletCode, int64, error) {
	handle, digits, ok := walletHandleIn(text)
	if !ok {
		return WalletCode{}, 0, wrongCode()
	}
	sealed, is, err := j.tx.LockWalletCode(handle)
	if err == nil && !is {
		err = wrongCode()
	}
	if err != nil {
		return WalletCode{}, 0, err
	}
	c, err := d.WalletKey.open(sealed)
	if err != nil {
		return WalletCode{}, 0, err
	}
	step, ok := c.Match(digits, j.now)
	if !ok {
		return WalletCode{}, 0, wrongCode()
	}
	return c, step, nil
}

// judgeCode refuses a wrong code, and counts it for its driver: in a transaction of its own, so
// that the count stays.
func (d *Desk) judgeCode(
	ctx context.Context, now time.Time, c CollectFare, mine func(Ride) error,
) error {
	var wrong error
	err := d.book(ctx, "TryWalletCode", now, func(j *job) error {
		r, err := j.tx.Ride(c.Ride)
		if err == nil {
			err = mine(r)
		}
		if err != nil {
			return err
		}
		if _, err := j.tx.LockDriver(c.Driver); err != nil { // whose tries are counted
			return err
		}
		tries, err := j.tx.CodeTries(c.Driver)
		if err != nil {
			return err
		}
		if tries, err = tries.begin(now); err != nil {
			return err
		}
		if _, _, wrong = d.shown(j, c.Token); ReasonOf(wrong) != ReasonCodeWrong || wrong == nil {
			return wrong
		}
		tries.Driver, tries.Wrong = c.Driver, tries.Wrong+1
		return j.tx.PutCodeTries(tries)
	})
	if err == nil && wrong != nil {
		d.Listener.Refused("TryWalletCode", Conflict, ReasonCodeWrong)
		err = wrong
	}
	return err
}

// withinCode refuses what is too much for a code.
func (d *Desk) withinCode(r Ride, sum money.Fen, now time.Time) error {
	city, err := d.Cities.City(r.City)
	if err != nil {
		return err
	}
	if most := money.Fen(city.PolicyAt(now).WalletCodeFen); sum > most {
		e := Errorf(Conflict, ReasonCodeDeclined,
			"%s yuan are due: a code pays at most %s", sum, most)
		e.Field, e.Limit = "barcode", "for less: at most "+most.String()+" yuan"
		return e
	}
	return nil
}
