package dispatch

import (
	"slices"
	"time"

	"hexhail/money"
)

// PayCode is a text that a QR code shows, and that leads whoever scans it to something to pay. It
// is drawn by chance: nobody guesses one that they have not seen, and it tells nothing by itself,
// so that a picture of it may be sent to a friend. One of Taxi, Ride is set; with Share both Ride
// and that.
type PayCode struct {
	Code string
	// Taxi is whose dashboard it is on: it leads to what the taxi's last rider has to pay, whatever
	// ride that is.
	Taxi   TaxiID
	Ride   RideID          // it leads to this one
	Share  money.PaymentID // and to this part of its fare alone
	MadeAt time.Time
}

// PayCodeBytes is how long a code is: 130 bits in letters and digits that nobody mistakes.
const PayCodeBytes = 26

// CodeStale is how long after a drive the code on the taxi's dashboard leads to it. Who gets in
// next day must not see what somebody else has left unpaid.
const CodeStale = 12 * time.Hour

func checkPayCode(code string) error {
	if len(code) != PayCodeBytes {
		return unknownCode()
	}
	return nil
}

func unknownCode() error {
	return Errorf(NotFound, ReasonUnknownCode, "no such code, or it leads to nothing any more")
}

// owedAt refuses a ride to which the code on its taxi's dashboard does not lead at a time: the next
// one has begun, its fare is not known or questioned, or it is long over.
func (r Ride) owedAt(now time.Time) error {
	switch {
	case r.State == OnTrip:
		return Errorf(Conflict, ReasonNothingDue, "the fare is not known before the drive is over")
	case r.State != Completed || now.Sub(r.CompletedAt) > CodeStale:
		return Errorf(Conflict, ReasonNothingDue, "nothing is to be paid")
	case !r.Fare.State.Stands():
		return Errorf(Conflict, ReasonNothingDue, "the fare is questioned")
	default:
		return nil
	}
}

// Scanned is what whoever scans a code gets to see: nothing of who rode.
type Scanned struct {
	City        CityID
	Plate       string // of the taxi, so that the payer sees whom they pay
	CompletedAt time.Time
	State       State // Settled when all is paid
	Fare        money.Fen
	Payments    []Owed // what is owed, each with its open attempt
	Ways        []money.ChannelName
}

// Due is what is still to be paid.
func (s Scanned) Due() (sum money.Fen) {
	for _, o := range s.Payments {
		if !o.Payment.State.Final() {
			sum += o.Payment.Charge()
		}
	}
	return sum
}

// externals are the channels by which somebody can pay who has no account here, by name.
func externals(channels money.Channels) (names []money.ChannelName) {
	for name := range channels {
		if name.External() {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
