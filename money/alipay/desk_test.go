package alipay

import (
	"context"
	"errors"
	"time"

	"hexhail/money"
	"hexhail/money/standin"
)

// port is what a desk sees of a channel; mutants stand before it.
type port interface {
	money.Channel
	money.Refunder
	money.Payer
}

// desk goes about attempts as the payment worker does: it charges what is Created, queries what is
// open, and closes what takes too long.
type desk struct {
	*world
	port port
	// gives up after so long, and closes. 0 waits as long as it can be paid.
	patience time.Duration
}

// kept is how long a desk goes on at most.
const kept = 40 * time.Minute

// apply is what the desk writes of an outcome.
func apply(a money.Attempt, o money.Outcome, err error) money.Attempt {
	if err != nil {
		o.State = money.AttemptUnknown
	}
	a.State, a.Reason = o.State, o.Reason
	if o.Ticket != "" {
		a.Ticket = o.Ticket
	}
	if o.Trade != "" {
		a.Trade = o.Trade
	}
	return a
}

// settle takes an attempt to its end. phone is called between the desk's calls: the payer's part.
func (d *desk) settle(a money.Attempt, phone func(a money.Attempt)) (money.Attempt, error) {
	ctx := context.Background()
	for d.now().Before(a.MadeAt.Add(kept)) {
		var o money.Outcome
		var err error
		a.Tries++
		switch {
		case d.patience > 0 && !d.now().Before(a.MadeAt.Add(d.patience)):
			o, err = d.port.Close(ctx, a, d.now())
		case a.State == money.AttemptCreated:
			o, err = d.port.Charge(ctx, a, d.now())
		default:
			o, err = d.port.Query(ctx, a, d.now())
		}
		a = apply(a, o, err)
		if !a.State.Open() {
			return a, nil
		}
		phone(a)
		// Half of the attempt's age at least: fewer calls than a real desk makes.
		d.pass(max(o.Again, time.Second, d.now().Sub(a.MadeAt)/2))
	}
	return a, errors.New("it has no end")
}

// opensAndPays is a payer who pays as soon as there is something to pay.
func (d *desk) opensAndPays(a money.Attempt) {
	if a.Way == money.WayBarcode {
		o, ok := d.book.Order(money.Alipay, d.merchant.SellerID, string(a.ID))
		if ok && o.State == standin.Paying {
			_, _ = d.alipay.Pays(o.Trade, standin.Payer{})
		}
		return
	}
	if a.Ticket != "" {
		_, _ = d.alipay.Pays(a.Ticket, standin.Payer{})
	}
}

// neverPays is a payer who does nothing.
func (*desk) neverPays(money.Attempt) {}

// onlyOpens is a payer who opens the order and then thinks better of it.
func (d *desk) onlyOpens(a money.Attempt) {
	if a.Ticket != "" {
		_, _ = d.alipay.Scan(a.Ticket)
	}
}
