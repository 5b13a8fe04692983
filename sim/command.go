package sim

import (
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// deed is something a driver tells the city that they have done.
type deed uint8

// The deeds.
const (
	beginShift  deed = iota + 1 // on duty
	endShift                    // off duty
	takeStreet                  // an offer at the kerb: a rider got in
	accept                      // yes to an offer
	decline                     // no to an offer
	arrived                     // the taxi is at the pickup
	started                     // the rider is on board
	completed                   // the drive is over
	released                    // gives the ride back
	broken                      // the taxi cannot go on
	inVain                      // nobody came to the pickup
	cashTaken                   // the rider has paid by hand
	grab                        // wants the ride of a call
	takeBooking                 // takes a booked ride ahead
)

// deedNames are the commands' names at the Desk, under which refusals are counted.
var deedNames = [...]string{
	beginShift: "SetDuty", endShift: "SetDuty", takeStreet: "Occupied", accept: "Accept",
	decline: "Decline", arrived: "Arrive", started: "Start", completed: "Complete",
	grab: "Grab", released: "Release", broken: "BreakDown", inVain: "NoShow",
	cashTaken: "CashReceived", takeBooking: "TakeBooking",
}

// String is the command's name.
func (d deed) String() string { return deedNames[d] }

// errand is a ride as its driver is told of it.
type errand struct {
	ride            dispatch.RideID
	search          int
	rider           int32 // nobody: a stranger
	pickup, dropoff geo.Point
	cash            bool // a stranger pays by hand
}

// command is a deed with all that belongs to it. It is repeated as it is.
type command struct {
	deed   deed
	id     string    // the app's, of the request
	at     time.Time // when it was done
	offer  dispatch.OfferID
	call   dispatch.CallID
	errand errand
	place  geo.Point // of a street ride or a breakdown
	meter  money.Fen
	reason string
}

// offered is an offer as a phone shows it, or a call: one of the ids is set.
type offered struct {
	after  bool // the ride that the driver is at
	id     dispatch.OfferID
	call   dispatch.CallID
	open   bool
	errand errand
}

// wish is something that a rider asks the city for.
type wish uint8

// The wishes.
const (
	wantRide     wish = iota + 1 // asks for a taxi
	wantOut                      // cancels
	wantLook                     // reads where the ride stands
	wantConfirm                  // agrees to a fare that is questioned
	wantPay                      // pays in the app
	wantTip                      // raises the tip
	wantComplain                 // complains of the driver
	wantKeep                     // keeps the driver as a regular, who agrees
)

// told is what an answer says of a ride. A live city does not say who drives, nor count searches:
// that is put together from what else was told.
type told struct {
	brief  dispatch.Brief
	quoted time.Duration // until a taxi is there
	fare   dispatch.FareState
	kept   dispatch.RegularID // of wantKeep
}
