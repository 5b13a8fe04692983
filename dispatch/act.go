package dispatch

import (
	"slices"
	"time"

	"hexhail/money"
)

// ActKind names what can be done to a ride.
type ActKind int

// The acts.
const (
	ActCancel           ActKind = iota + 1 // by the rider, before boarding
	ActClaim                               // a driver's accepted offer
	ActRelease                             // the driver gives the ride back
	ActArrive                              // the taxi is at the pickup
	ActNoShow                              // nobody came to the waiting taxi
	ActStart                               // the rider is on board
	ActBreak                               // the taxi breaks down with the rider on board
	ActComplete                            // the ride is driven and metered
	ActConfirm                             // the rider agrees to a questioned fare
	ActContest                             // the rider does not
	ActSettle                              // the last payment is made
	ActExpire                              // the search is over
	ActTip                                 // the rider adds to the fare while searching
	ActRate                                // one side rates the other
	ActPayBy                               // the rider pays otherwise than meant
	ActBook                                // a driver takes a booking ahead
	ActDrop                                // the driver gives the booking back ahead
	ActRemind                              // the driver is told that the booking's time comes
	ActMove                                // the pickup is at another time
	ActDue                                 // a booking without a driver begins to search
	ActSetOut                              // the booking's driver sets out
	ActFallOut                             // the driver of a booked or next ride cannot come
	ActResolve                             // ops decide a questioned fare
	ActPromote                             // the driver's next ride becomes the current one
	ActComplain                            // the rider complains of the driver
	ActContestComplaint                    // whom a complaint is about contests it
	ActDecideComplaint                     // ops uphold or drop a complaint
	ActPassOn                              // whom the ride was held for will not have it
	ActHandOver                            // a booking's driver offers it to their team
	ActWithdrawHandOver                    // that driver comes after all
	ActTakeOver                            // another driver of the team comes instead
	ActWinDraw                             // the ride is free: a daily draw has it
	ActCorrect                             // the driver has mistyped the fare
	ActRepair                              // a campaign gives what the ride has missed
)

var actKinds = [...]string{
	"", "cancel", "claim", "release", "arrive", "no_show", "start", "break_down", "complete",
	"confirm", "contest", "settle", "expire", "add_tip", "rate", "pay_by",
	"book", "drop", "remind", "move", "due", "set_out", "fall_out",
	"resolve", "promote",
	"complain", "contest_complaint", "decide_complaint",
	"pass_on",
	"hand_over", "withdraw_hand_over", "take_over",
	"win_draw",
	"correct_fare",
	"repair",
}

// String is the act's name.
func (k ActKind) String() string { return actKinds[k] }

// ParseActKind is String's inverse; it returns 0 for an unknown name.
func ParseActKind(s string) ActKind { return ActKind(max(0, slices.Index(actKinds[:], s))) }

// Act is something done to a ride, with what Step needs to know of it.
type Act interface {
	// Kind is the act's name; of an Act it is never 0.
	Kind() ActKind
}

// The acts, as values.
type (
	// Cancel is the rider's, with a reason of at most 200 bytes.
	Cancel struct {
		Reason string
		Fee    money.Fen // by [Policy.OwedForCancel]; 0 is free
		// AskedByDriver is the rider's word that the driver wanted it: a complaint.
		AskedByDriver bool
	}
	// Claim makes the ride and a driver each other's.
	Claim struct {
		Driver DriverID
		Taxi   TaxiID
		Search int // of the offer; must be the ride's
		// Slot is SlotNext for a driver who has another ride to end first; "" is SlotCurrent.
		Slot Slot
		// Expected is when the taxi should be at the pickup; zero if nobody has said.
		Expected time.Time
	}
	// Release is the driver's cancel; the ride searches again until SearchBy.
	Release struct {
		Driver DriverID
		Reason string
		Search SearchTime
	}
	// Arrive is the driver's tap at the pickup.
	Arrive struct {
		Driver DriverID
		Did    time.Time // when, by the driver's phone; zero is now
	}
	// NotThere is the driver's tap after having waited in vain.
	NotThere struct {
		Driver  DriverID
		WaitedS int // that the policy asks for
	}
	// Start is the driver's tap with the rider on board.
	Start struct {
		Driver DriverID
		Did    time.Time // when, by the driver's phone; zero is now
	}
	// Break is the driver's, in mid-ride: the rider needs another taxi from At on.
	Break struct {
		Driver DriverID
		At     Place
		Search SearchTime
	}
	// Complete ends the drive. The fare is checked and the subsidy reserved or refused already.
	Complete struct {
		Driver  DriverID
		Did     time.Time // when, by the driver's phone; zero is now
		Fare    Fare
		Subsidy money.Subsidy
		ByCode  bool // a street ride without a rider is owed, by whoever scans a code
	}
	// Confirm is the rider's word for a questioned fare.
	Confirm struct {
		Rider   RiderID
		Subsidy money.Subsidy // reserved or refused now
	}
	// Contest is the rider's word against it.
	Contest struct{ Rider RiderID }
	// Resolve is the word of ops on a fare that the rider has not agreed to.
	Resolve struct {
		Resolution
		Subsidy money.Subsidy // reserved or refused now
	}
	// Settle says that every payment of the ride is made. Subsidy is what shares have earned of it;
	// the zero value changes nothing.
	Settle struct{ Subsidy money.Subsidy }
	// Expire ends a search that nobody answered.
	Expire struct{}
	// AddTip raises the tip to To while searching.
	AddTip struct{ To money.Fen }
	// PassOn is the no, or the silence, of a driver for whom the ride is held.
	PassOn struct{ Driver DriverID }
	// PayOtherwise changes a ride's subsidy before it is paid: the rider pays by another channel
	// than meant (PayBy is changed already), or not in time.
	PayOtherwise struct{ Subsidy money.Subsidy }
	// Rate gives 1–5 stars, once for each side.
	Rate struct {
		By    Side
		Stars int
	}
)

// Kind is ActCancel.
func (Cancel) Kind() ActKind { return ActCancel }

// Kind is ActClaim.
func (Claim) Kind() ActKind { return ActClaim }

// Kind is ActRelease.
func (Release) Kind() ActKind { return ActRelease }

// Kind is ActArrive.
func (Arrive) Kind() ActKind { return ActArrive }

// Kind is ActNoShow.
func (NotThere) Kind() ActKind { return ActNoShow }

// Kind is ActStart.
func (Start) Kind() ActKind { return ActStart }

// Kind is ActBreak.
func (Break) Kind() ActKind { return ActBreak }

// Kind is ActComplete.
func (Complete) Kind() ActKind { return ActComplete }

// Kind is ActConfirm.
func (Confirm) Kind() ActKind { return ActConfirm }

// Kind is ActContest.
func (Contest) Kind() ActKind { return ActContest }

// Kind is ActResolve.
func (Resolve) Kind() ActKind { return ActResolve }

// Kind is ActSettle.
func (Settle) Kind() ActKind { return ActSettle }

// Kind is ActExpire.
func (Expire) Kind() ActKind { return ActExpire }

// Kind is ActTip.
func (AddTip) Kind() ActKind { return ActTip }

// Kind is ActRate.
func (Rate) Kind() ActKind { return ActRate }

// Kind is ActPassOn.
func (PassOn) Kind() ActKind { return ActPassOn }

// Kind is ActPayBy.
func (PayOtherwise) Kind() ActKind { return ActPayBy }
