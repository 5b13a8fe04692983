package dispatch

import (
	"context"
	"errors"
	"time"

	"golang.org/x/crypto/bcrypt"

	"hexhail/money"
)

// SetPayPIN is a rider's word on the pay PIN of their wallet. The digits are no part of what is
// kept for the request id: a hash that is fast tells six digits to whoever reads it.
type SetPayPIN struct {
	Rider RiderID
	Old   string `json:"-"` // "" for the first one
	New   string `json:"-"` // "" keeps it and changes the limits alone
	// Limits are the rider's own, nil the policy's.
	Limits *FreeLimits `json:",omitempty"`
}

func (c SetPayPIN) check() error {
	if c.New != "" || c.Old == "" {
		if err := checkPIN("new_pin", c.New); err != nil {
			return err
		}
	}
	if c.Limits != nil {
		return c.Limits.check()
	}
	return nil
}

// SetPayPIN sets a rider's pay PIN, or changes it and what is paid without it. It returns since
// when it holds. Errors: Conflict with ReasonPINNeeded where there is one and the old one is not
// given, with ReasonPINWrong; Exhausted with ReasonPINLocked after too many of those.
func (d *Desk) SetPayPIN(
	ctx context.Context, now time.Time, key Once, c SetPayPIN,
) (time.Time, error) {
	const name = "SetPayPIN"
	if err := c.check(); err != nil {
		return time.Time{}, err
	}
	var proof, hash string
	done, err := d.answered(ctx, name, key)
	if err == nil && !done {
		if proof, err = d.provePIN(ctx, now, "old_pin", c.Rider, c.Old); err == nil {
			hash, err = d.hashPIN(c.New)
		}
	}
	if err != nil {
		return time.Time{}, err
	}
	return do(ctx, d, name, now, key, c, func(j *job) (time.Time, error) {
		p, is, err := j.tx.LockPayPIN(c.Rider)
		switch {
		case err != nil:
			return time.Time{}, err
		case is && p.Hash != proof: // not given, or it has changed just now
			e := Errorf(Conflict, ReasonPINNeeded, "the wallet has a pay PIN")
			e.Field, e.Limit = "old_pin", "given"
			return time.Time{}, e
		}
		p.Rider, p.ChangedAt, p.Own, p.Free = c.Rider, now, c.Limits != nil, FreeLimits{}
		if p.Own {
			p.Free = *c.Limits
		}
		if hash != "" {
			p.Hash = hash
		}
		if !is {
			return now, j.tx.InsertPayPIN(p)
		}
		return now, j.tx.UpdatePayPIN(p)
	})
}

// ClearPayPIN forgets the pay PIN of a rider who does not know it any more, for ops who have made
// sure who it is. The wallet asks for none until the rider sets another one. Errors: NotFound with
// ReasonPINUnset.
func (d *Desk) ClearPayPIN(ctx context.Context, now time.Time, key Once, rider RiderID) error {
	_, err := do(ctx, d, "ClearPayPIN", now, key, rider, func(j *job) (RiderID, error) {
		_, is, err := j.tx.LockPayPIN(rider)
		if err == nil && !is {
			err = noPIN(rider)
		}
		if err != nil {
			return "", err
		}
		return rider, j.tx.DropPayPIN(rider)
	})
	return err
}

func noPIN(rider RiderID) error {
	return Errorf(NotFound, ReasonPINUnset, "rider %s has no pay PIN", rider)
}

// answered reports whether a request has its answer already.
func (d *Desk) answered(ctx context.Context, name string, key Once) (done bool, err error) {
	err = d.Store.View(ctx, func(tx Tx) error {
		_, done, err = tx.Recall(key.Identity, name, key.RequestID)
		return err
	})
	return done, err
}

func (d *Desk) hashPIN(pin string) (string, error) {
	if pin == "" {
		return "", nil
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(pin), d.PINCost)
	return string(hash), err
}

// provePIN judges a PIN, outside of any transaction as that is slow on purpose. It returns the hash
// that the PIN is right for, "" for no PIN: whoever acts on it compares it with the row's.
func (d *Desk) provePIN(
	ctx context.Context, now time.Time, field string, rider RiderID, pin string,
) (proof string, err error) {
	if pin == "" {
		return "", nil
	}
	var p PayPIN
	err = d.book(ctx, "TryPayPIN", now, func(j *job) error {
		was, is, err := j.tx.LockPayPIN(rider)
		if err == nil && !is {
			err = noPIN(rider)
		}
		if err == nil {
			p, err = was.Try(now)
		}
		if err != nil {
			return err
		}
		return j.tx.UpdatePayPIN(p)
	})
	if err != nil {
		return "", err
	}
	err = bcrypt.CompareHashAndPassword([]byte(p.Hash), []byte(pin))
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		err = p.wrong(field)
		d.Listener.Refused("TryPayPIN", Conflict, ReasonPINWrong)
	}
	if err != nil {
		return "", err
	}
	return p.Hash, d.book(ctx, "TryPayPIN", now, func(j *job) error {
		was, is, err := j.tx.LockPayPIN(rider)
		if err != nil || !is || was.Hash != p.Hash {
			return err
		}
		return j.tx.UpdatePayPIN(was.Right())
	})
}

// prove is the means with the PIN judged, where a wallet pays. A request that has its answer
// already gets that, whatever has become of the PIN since.
func (d *Desk) prove(
	ctx context.Context, name string, now time.Time, key Once, rider RiderID, m Means,
) (Means, error) {
	if m.PIN == "" {
		return m, nil
	}
	if m.Channel != money.InWallet && m.First == "" {
		return m, invalid("pay_pin", "empty but where the wallet pays")
	}
	done, err := d.answered(ctx, name, key)
	if err == nil && !done {
		m.proof, err = d.provePIN(ctx, now, "pay_pin", rider, m.PIN)
	}
	return m, err
}

// opensWallet refuses a wallet that does not pay what is due: too little in it, too much for a
// code, or without the PIN.
func (d *Desk) opensWallet(
	j *job, r Ride, from purse, payments []money.Payment, proof string,
) error {
	if err := j.affords(from.rider, payments); err != nil {
		return err
	}
	if from.byCode {
		if err := d.withinCode(r, due(payments), j.now); err != nil {
			return err
		}
	}
	return d.mayPay(j, r, from.rider, due(payments), proof)
}

// affords refuses a wallet that holds enough for none of the payments, while its owner looks at the
// screen. That it is not overdrawn is the ledger's business.
func (j *job) affords(rider RiderID, payments []money.Payment) error {
	wallet, _, err := purseOf(j.tx, rider, j.now)
	if err != nil {
		return err
	}
	least, due := money.Fen(0), false
	for _, p := range payments {
		if p.State == money.PaymentDue && (!due || p.Charge() < least) {
			least, due = p.Charge(), true
		}
	}
	if has := wallet.Spendable(); due && has < least {
		return Errorf(Conflict, ReasonLedgerLimit,
			"the wallet has %s yuan, %s are due: pay otherwise", has, least)
	}
	return nil
}

// mayPay lets a wallet pay a sum at once: with its PIN proven, or as far as it pays without. Errors
// as of [PayPIN.Spend].
func (d *Desk) mayPay(j *job, r Ride, rider RiderID, sum money.Fen, proof string) error {
	p, is, err := j.tx.LockPayPIN(rider)
	if err != nil || !is || proof != "" && p.Hash == proof {
		return err
	}
	city, err := d.Cities.City(r.City)
	if err != nil {
		return err
	}
	p, err = p.Spend(sum, city.PolicyAt(j.now).WalletRules,
		money.BusinessDay(j.now, city.Zone), j.now)
	if err != nil {
		return err
	}
	return j.tx.UpdatePayPIN(p)
}

// Purse is a rider's wallet as its owner sees it.
type Purse struct {
	Has  money.Fen // to be spent now
	Held money.Fen // set aside of it for what is being paid
	// Hongbaos can be spent now, beside the balance, in this order.
	Hongbaos []money.Hongbao
	// Incoming is what open top-ups would bring, and TopUp what may be topped up at once.
	Incoming, TopUp money.Fen
	// PIN says whether there is one; the rest is of that.
	PIN         bool
	Own         bool
	Free        FreeLimits // what is paid without it
	FreeLeft    money.Fen  // likewise, of today
	LockedUntil time.Time  // zero if it is not locked
	CodeSince   time.Time  // since when a phone may show codes; zero if none may
}

// Purse reads a rider's wallet, with the limits of a city where the rider has none of their own.
func (d *Desk) Purse(
	ctx context.Context, now time.Time, rider RiderID, in CityID,
) (Purse, error) {
	city, err := d.Cities.City(in)
	if err != nil {
		return Purse{}, err
	}
	var s Purse
	err = d.Store.View(ctx, func(tx Tx) error {
		var balance money.Account
		var err error
		if s, balance, err = purseOf(tx, rider, now); err != nil {
			return err
		}
		open, err := tx.OpenTopUps(RiderParty(rider), money.MaxOpenTopUps)
		if err != nil {
			return err
		}
		s.Incoming, s.TopUp = due(open), mayPayIn(balance, open)
		code, _, err := tx.WalletCodeOf(rider)
		if err != nil {
			return err
		}
		s.CodeSince = code.MadeAt
		p, is, err := tx.PayPIN(rider)
		if err != nil || !is {
			return err
		}
		s.PIN, s.Own = true, p.Own
		s.Free, s.FreeLeft = p.FreeNow(city.PolicyAt(now).WalletRules,
			money.BusinessDay(now, city.Zone))
		if now.Before(p.LockedUntil) {
			s.LockedUntil = p.LockedUntil
		}
		return nil
	})
	return s, err
}
