package dispatch

import (
	"time"

	"hexhail/money"
)

// PaidQuery selects rides for the list of a day of a draw.
type PaidQuery struct {
	City    CityID
	Channel money.ChannelName
	Draw    money.DrawID // in none of whose lists they are
	// From and To bound when a ride was settled, the latter excluded. It was asked for at most
	// LongestRide before From.
	From, To time.Time
	After    RideID // of the page before; "" for the first
	Limit    int
}

// PaidRides find what takes part in draws.
type PaidRides interface {
	// PaidRides are settled rides whose riders have paid the fare through a channel, and have some
	// of it not refunded, by id: lots without draw, day and code.
	PaidRides(q PaidQuery) ([]money.Lot, error)
}

// RiderLot is a rider's place in a list, and what came of it.
type RiderLot struct {
	money.Lot
	City   CityID
	State  money.DrawState    // of the day
	Won    money.Fen          // 0 is nothing
	Sent   money.Fen          // of it
	Refund money.AttemptState // of what is sent; 0 is none
}

// WinDraw says that a settled ride is free: what its rider has paid goes back.
type WinDraw struct{ Amount money.Fen }

// Kind is ActWinDraw.
func (WinDraw) Kind() ActKind { return ActWinDraw }
