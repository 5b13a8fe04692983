package money

import "slices"

// Takings are what rides of a span of time have brought to a driver, a taxi or a company, from the
// transfers that were booked for them, and what they have cost.
type Takings struct {
	Rides   int // completed
	Fares   []ChannelSum
	Tips    Fen // paid in the app
	Fees    Fen // of bookings and of late cancels
	Back    Fen // what drivers have given back to riders
	ByRider Fen // subsidies that have paid a part of what riders owed
	Bonus   Fen // subsidies for drivers
	// Memo, in none of the sums: what was paid from hand to hand, and what channels have kept,
	// which the house bears.
	CashRides   int
	Cash        Fen
	ChannelFees Fen
}

// ChannelSum is what came through one channel.
type ChannelSum struct {
	Channel ChannelName
	Amount  Fen
}

// Earned is what drivers are owed for it: what payers have paid, with the subsidies, less what went
// back.
func (k Takings) Earned() Fen {
	sum := k.Tips + k.Fees + k.ByRider + k.Bonus - k.Back
	for _, f := range k.Fares {
		sum += f.Amount
	}
	return sum
}

// Add adds the takings of another span.
func (k *Takings) Add(o Takings) {
	k.Rides, k.CashRides, k.Cash = k.Rides+o.Rides, k.CashRides+o.CashRides, k.Cash+o.Cash
	k.Tips, k.Fees, k.Back = k.Tips+o.Tips, k.Fees+o.Fees, k.Back+o.Back
	k.ByRider, k.Bonus = k.ByRider+o.ByRider, k.Bonus+o.Bonus
	k.ChannelFees += o.ChannelFees
	for _, f := range o.Fares {
		k.fare(f.Channel, f.Amount)
	}
}

func (k *Takings) fare(c ChannelName, amount Fen) {
	i, found := slices.BinarySearchFunc(k.Fares, c, func(f ChannelSum, c ChannelName) int {
		switch {
		case f.Channel < c:
			return -1
		case f.Channel > c:
			return 1
		default:
			return 0
		}
	})
	if !found {
		k.Fares = slices.Insert(k.Fares, i, ChannelSum{Channel: c})
	}
	k.Fares[i].Amount += amount
}

// Take adds a transfer of a ride. What only reserves, and what is no driver's, changes nothing.
func (k *Takings) Take(t Transfer) {
	if t.Kind != TransferPosted && t.Kind != TransferPost {
		return
	}
	if t.Code == CodeChannelFee {
		k.ChannelFees += t.Amount
		return
	}
	if t.Debit.Class() == classDriverPayable {
		switch t.Code {
		case CodeRefund:
			k.Back += t.Amount
		case CodeSubsidyRiderBack:
			k.ByRider -= t.Amount
		case CodeSubsidyDriverBack:
			k.Bonus -= t.Amount
		default:
		}
		return
	}
	if t.Credit.Class() != classDriverPayable {
		return
	}
	switch t.Code {
	case CodeTip:
		k.Tips += t.Amount
	case CodeFee, CodeCancelFee:
		k.Fees += t.Amount
	case CodeSubsidyRider:
		k.ByRider += t.Amount
	case CodeSubsidyDriver:
		k.Bonus += t.Amount
	default:
		k.fare(t.through(), t.Amount)
	}
}

// through is the channel by which a transfer came to a driver.
func (t Transfer) through() ChannelName {
	if class := t.Debit.Class(); class == classWallet || class == classHongbao {
		return InWallet
	}
	return ChannelName(t.Debit.Of())
}
