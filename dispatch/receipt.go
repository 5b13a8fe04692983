package dispatch

import (
	"cmp"
	"time"

	"hexhail/money"
)

// ReceiptRows are the rows that a ride's receipt is made of, at one moment.
type ReceiptRows struct {
	Ride     Ride
	Driver   string // the name on the card
	Company  string
	Plate    string
	Payments []money.Payment // by id
	// Paid are the attempts by which payments were paid, with when their orders were captured.
	Paid      map[money.PaymentID]money.Attempt
	Refunds   []money.Refund // by id
	Repairs   []money.Repair // by campaign
	Campaigns map[money.CampaignID]string
	Number    *ReceiptNumber // nil if nobody has added it
}

// RideReceipt is what a ride has cost, itemised. All amounts are at least 0 but those of Charges
// and Tariff. Its sums close to the fen:
//
//	Total − Discount = Paid − Back + Owed + LetOff − ToGoBack
type RideReceipt struct {
	Ride        RideID
	Company     string
	Plate       string
	Driver      string
	Pickup      Place
	Dropoff     Place
	StartedAt   time.Time // zero of a ride that was cancelled
	CompletedAt time.Time // likewise
	CancelledAt time.Time // zero of a ride that was driven
	DistanceM   int
	Estimated   bool // the distance is the quote's: the trace covers too little
	Number      *ReceiptNumber

	// Charges add up to Total, Discounts, Payments, Refunds and Dues to Discount, Paid, Back and
	// Owed.
	Charges, Discounts, Payments, Refunds, Dues []ReceiptLine

	Fare     money.Fen // of the meter, with tolls, as it stands now
	Total    money.Fen // fare, tip and fees
	Discount money.Fen // what campaigns give the payers
	Paid     money.Fen
	Back     money.Fen // given back, or on its way
	Owed     money.Fen
	LetOff   money.Fen // of Back: what was not too much, but given back all the same
	ToGoBack money.Fen // paid above what the ride costs: a refund has failed

	// Tariff is what the tariff gives for the trace, beside what the meter has said; it adds up to
	// ByTrace, and to no sum of the receipt.
	Tariff  []ReceiptLine
	ByTrace money.Fen
	// Repairs are what campaigns have given to who paid afterwards, into their wallets. They are in
	// no sum of the receipt.
	Repairs []ReceiptLine
	// Was are the fares that were corrected, the oldest first, each with the time until which it
	// stood.
	Was []ReceiptLine
}

// ReceiptLine is an item of a receipt.
type ReceiptLine struct {
	Code    ReceiptCode
	Amount  money.Fen
	At      time.Time         // zero where no time is of interest
	Channel money.ChannelName // of money that has moved
	Hongbao money.Fen         // of Amount, by hongbaos, or back to them
	Balance money.Fen         // of Amount, by the wallet's balance beside an external channel
	// Name is the campaign's, the reason of a refund, or the note of a decision.
	Name   string
	Friend int // of a friend's share: which, from 1
}

// NewRideReceipt makes the receipt of a ride that is settled, or whose late cancel is paid.
// Conflict with ReasonStep for any other; Internal if the rows do not add up.
func NewRideReceipt(rows ReceiptRows) (RideReceipt, error) {
	r := rows.Ride
	if !rows.receiptable() {
		return RideReceipt{}, Errorf(Conflict, ReasonStep,
			"ride %s is %s: a receipt is of what is settled", r.ID, r.State)
	}
	out := RideReceipt{
		Ride: r.ID, Company: rows.Company, Plate: rows.Plate, Driver: rows.Driver,
		Pickup: r.Pickup, Dropoff: r.Dropoff, Number: rows.Number,
	}
	if r.State == Cancelled {
		out.CancelledAt = r.EndedAt
		out.charge(ReceiptLine{Code: ReceiptCancelFee, Amount: r.CancelFee})
	} else {
		out.drive(r)
		out.discounts(rows)
	}
	out.payments(rows)
	out.refunds(rows)
	return out, out.close(rows)
}

// receiptable reports whether there is something to write a receipt of.
func (rows ReceiptRows) receiptable() bool {
	if rows.Ride.State != Cancelled {
		return rows.Ride.State == Settled
	}
	for _, p := range rows.Payments {
		if p.Purpose == money.PurposeCancelFee && p.State.Final() && p.State != money.PaymentVoid {
			return true
		}
	}
	return false
}

// drive writes what was driven and what it costs.
func (out *RideReceipt) drive(r Ride) {
	out.StartedAt, out.CompletedAt = r.StartedAt, r.CompletedAt
	out.DistanceM = r.DrivenM()
	out.Estimated = out.DistanceM > r.Fare.DrivenM
	f := r.Fare
	out.Charges = append(out.Charges, ReceiptLine{Code: ReceiptMeter, Amount: f.Meter})
	out.Total = f.Meter
	out.charge(ReceiptLine{Code: ReceiptTolls, Amount: f.Tolls})
	if f.State == FareResolved {
		out.charge(ReceiptLine{
			Code: ReceiptResolved, Amount: f.Resolution.Total - f.Claimed(),
			Name: f.Resolution.Note,
		})
	}
	out.Fare = out.Total
	out.charge(ReceiptLine{Code: ReceiptFee, Amount: r.Booking.Fee})
	out.charge(ReceiptLine{Code: ReceiptTip, Amount: r.Tip})
	for _, l := range f.Lines {
		out.Tariff = append(out.Tariff, ReceiptLine{Code: tariffCode(l.Code), Amount: l.Amount})
		out.ByTrace += l.Amount
	}
	for _, was := range f.Was {
		out.Was = append(out.Was, ReceiptLine{Code: ReceiptWas, Amount: was.Total(), At: was.At})
	}
}

func (out *RideReceipt) charge(l ReceiptLine) {
	if l.Amount != 0 {
		out.Charges = append(out.Charges, l)
		out.Total += l.Amount
	}
}

func (out *RideReceipt) discounts(rows ReceiptRows) {
	for _, g := range rows.Ride.Subsidy.Grants {
		if g.Rider == 0 {
			continue
		}
		out.Discounts = append(out.Discounts, ReceiptLine{
			Code: ReceiptDiscount, Amount: g.Rider, Name: rows.nameOf(g.Campaign),
		})
		out.Discount += g.Rider
	}
	for _, given := range rows.Repairs {
		if given.Rider > 0 {
			out.Repairs = append(out.Repairs, ReceiptLine{
				Code: ReceiptRepaired, Amount: given.Rider, At: given.At, Channel: money.InWallet,
				Name: rows.nameOf(given.Campaign),
			})
		}
	}
}

// nameOf is what a campaign was called, or its id.
func (rows ReceiptRows) nameOf(c money.CampaignID) string {
	return cmp.Or(rows.Campaigns[c], string(c))
}

// payments writes what was paid, and what is owed still. A ride that was paid by hand at the kerb
// has no payment: the ride itself tells.
func (out *RideReceipt) payments(rows ReceiptRows) {
	if r := rows.Ride; len(rows.Payments) == 0 && r.Rider == "" && out.Total > 0 {
		out.pay(ReceiptLine{
			Code: ReceiptFare, Amount: out.Total, Channel: money.Cash, At: r.EndedAt,
		})
	}
	friends := 0
	for _, p := range rows.Payments {
		l := ReceiptLine{Code: ReceiptCode(p.Purpose), Amount: p.Charge()}
		if p.Purpose == money.PurposeShare && p.Payer != rows.Ride.payer() {
			friends++
			l.Code, l.Friend = ReceiptFriend, friends
		}
		switch {
		case p.State == money.PaymentVoid || l.Amount == 0:
		case !p.State.Final():
			out.Dues = append(out.Dues, l)
			out.Owed += l.Amount
		default:
			paid := rows.Paid[p.ID]
			l.Channel, l.At, l.Hongbao = p.Channel, paidAt(paid, rows.Ride), paid.ByHongbao()
			if p.Channel.External() {
				l.Balance = paid.ByBalance()
			}
			out.pay(l)
		}
	}
}

func (out *RideReceipt) pay(l ReceiptLine) {
	out.Payments = append(out.Payments, l)
	out.Paid += l.Amount
}

// paidAt is when an order was paid: an external channel's word came, the wallet paid when it was
// asked, and cash is confirmed when the ride is settled, unless it was asked for later.
func paidAt(a money.Attempt, r Ride) time.Time {
	switch {
	case !a.CapturedAt.IsZero():
		return a.CapturedAt
	case a.Channel == money.Cash && a.MadeAt.Before(r.EndedAt):
		return r.EndedAt
	default:
		return a.MadeAt
	}
}

// refunds writes what goes back, or has gone. What a channel has moved though nobody owed it was
// paid, too.
func (out *RideReceipt) refunds(rows ReceiptRows) {
	for _, f := range rows.Refunds {
		if f.State == money.AttemptClosed {
			continue
		}
		l := ReceiptLine{
			Code: ReceiptRefund, Amount: f.Amount, Channel: f.Channel, At: f.MadeAt, Name: f.Why,
			Hongbao: f.Hongbao,
		}
		if f.Payment == "" {
			l.Code = ReceiptTwice
			out.pay(ReceiptLine{
				Code: ReceiptTwice, Amount: f.Amount, Channel: f.Channel, At: f.MadeAt,
			})
		}
		out.Refunds = append(out.Refunds, l)
		out.Back += l.Amount
	}
}

// close writes what is left between what the ride costs and what became of it. Only what was given
// back can make it cost less, and only a refund that has failed more: else a row is wrong, and no
// receipt is better than one whose sums do not close.
func (out *RideReceipt) close(rows ReceiptRows) error {
	var failed, refunded money.Fen
	for _, f := range rows.Refunds {
		if f.State == money.AttemptClosed {
			failed += f.Amount
		} else if f.Payment != "" {
			refunded += f.Amount
		}
	}
	for _, p := range rows.Payments {
		refunded -= p.Refunded
	}
	rest := out.Total - out.Discount - (out.Paid - out.Back + out.Owed)
	out.LetOff, out.ToGoBack = max(0, rest), max(0, -rest)
	if refunded != 0 || out.LetOff > out.Back || out.ToGoBack > failed {
		return Errorf(Internal, ReasonStore,
			"ride %s: %s less %s off, but %s paid, %s back and %s owed, and refunds differ by %s",
			out.Ride, out.Total, out.Discount, out.Paid, out.Back, out.Owed, refunded)
	}
	return nil
}
