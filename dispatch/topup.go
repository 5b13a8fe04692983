package dispatch

import (
	"fmt"
	"time"

	"hexhail/money"
)

// TopUpID names a top-up of a rider's wallet. Like a ride's it begins with the time of its making.
type TopUpID string

// Subject is the top-up as money sees it.
func (id TopUpID) Subject() money.Subject { return money.Subject(id) }

// TopUp is a top-up as its rider sees it, with the one attempt to pay it.
type TopUp struct {
	ID      TopUpID
	Payment money.Payment
	Way     money.Way
	Attempt money.AttemptState
	Reason  string
	Ticket  string
	MadeAt  time.Time
	PaidAt  time.Time // when we heard of it; zero before
	Back    money.Fen // of what was paid too late for the wallet: goes back, or has gone
}

// check refuses an amount, a channel or a way that no top-up has.
func (c TopUpWallet) check() error {
	switch {
	case c.Amount < money.LeastPaidIn || c.Amount > money.MostPaidIn:
		return invalid("amount_fen", fmt.Sprintf("%d to %d",
			int64(money.LeastPaidIn), int64(money.MostPaidIn)))
	case !c.Channel.External():
		return invalid("channel", "wechat or alipay")
	case c.Way == money.WayBarcode: // the phone that shows it is the one that asks
		return invalid("way", "app, page or qr")
	default:
		return nil
	}
}

// mayPayIn is what a top-up may bring at most; 0 for none.
func mayPayIn(wallet money.Account, open []money.Payment) money.Fen {
	most := min(money.MostPaidIn, money.RoomIn(wallet, open))
	if len(open) >= money.MaxOpenTopUps || most < money.LeastPaidIn {
		return 0
	}
	return most
}

// takesIn refuses a top-up that its wallet has no room for, or one too many. Errors: Exhausted with
// ReasonWalletFull, ReasonTopUpsOpen.
func takesIn(wallet money.Account, open []money.Payment, amount money.Fen) error {
	if len(open) >= money.MaxOpenTopUps {
		e := Errorf(Exhausted, ReasonTopUpsOpen,
			"%d top-ups wait to be paid, at most %d may", len(open), money.MaxOpenTopUps)
		e.Field, e.Limit = "amount_fen", fmt.Sprintf(
			"of one of %d open top-ups at most", money.MaxOpenTopUps)
		return e
	}
	room := money.RoomIn(wallet, open)
	if amount <= room {
		return nil
	}
	e := Errorf(Exhausted, ReasonWalletFull,
		"%s yuan, the wallet takes %s more: it holds at most %s, open top-ups included",
		amount, room, money.WalletCap)
	e.Field, e.Limit = "amount_fen", fmt.Sprintf("at most %d", int64(room))
	return e
}
