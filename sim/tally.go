package sim

import (
	"errors"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// claimTold is a claim as the phones were told it.
type claimTold struct {
	driver int32
	search int
}

// tally counts what simulated riders and drivers were told and did. It never asks the store. It is
// the Desk's and Engine's listener too.
type tally struct {
	requests, outside int
	offers, declined  int
	asked             int
	called            int // calls on drivers' screens
	forward           int // rides taken for after the present one
	guesses           guesses
	habits            HabitFigures // what is counted as it happens
	fixes, rounds     int
	doubles           int
	boarded           int
	released          int
	brokenDown        int
	waited            time.Duration // request to boarding, of those who have boarded
	funded            money.Fen     // into wallets
	sponsored         money.Fen     // the campaign's budget
	subsidies         money.Fen     // of settled rides
	told              map[dispatch.RideID]claimTold
	refused           map[string]int
}

func newTally() tally {
	return tally{
		told: make(map[dispatch.RideID]claimTold), refused: make(map[string]int),
	}
}

func (t *tally) see(w world, r *rider) {
	if r.outside = w.outside(r.trip.Pickup); r.outside {
		t.outside++
	}
}

// driverTold is a driver hearing that a ride is theirs. It is a double claim if they have another,
// or if another driver has heard the same of this search.
func (t *tally) driverTold(ride, has dispatch.RideID, driver int32, search int) {
	was, known := t.told[ride]
	if has != "" || known && was.search == search && was.driver != driver {
		t.doubles++
	}
	t.told[ride] = claimTold{driver, search}
}

// riderTold is a rider hearing whose taxi comes. It is a double claim if they have been told of
// another one for the same search.
func (t *tally) riderTold(has int32, search int, b dispatch.Brief) {
	if has >= 0 && b.Search == search {
		t.doubles++
	}
}

// Acted sums up what is shown while the city runs; the report is made from what was told and from
// the rows.
func (t *tally) Acted(act dispatch.ActKind, r dispatch.Ride) {
	switch act {
	case dispatch.ActStart:
		t.boarded++
		t.waited += r.StartedAt.Sub(r.RequestedAt)
	case dispatch.ActRelease:
		t.released++
	case dispatch.ActBreak:
		t.brokenDown++
	case dispatch.ActSettle:
		t.subsidies += r.Subsidy.Rider + r.Subsidy.Driver
	default:
	}
}

// Called is counted by those who are told.
func (t *tally) Called(dispatch.Call) {}

// Offered is counted by those who are told.
func (t *tally) Offered(dispatch.Offer) {}

// Refused counts refused commands by command and reason.
func (t *tally) Refused(command string, _ dispatch.Kind, reason dispatch.Reason) {
	t.refused[command+" "+string(reason)]++
}

func (t *tally) refusedFix(err error) {
	if refused := (*geo.FixError)(nil); errors.As(err, &refused) {
		t.refused["Fix "+refused.Reason.String()]++
	}
}

// Rounded counts rounds.
func (t *tally) Rounded(dispatch.RoundStats) { t.rounds++ }

// Answered sums up how good the engine's guesses were.
func (t *tally) Answered(a dispatch.Answer) { t.guesses.add(a) }

// Withdrew implements [dispatch.Listener].
func (*tally) Withdrew(money.Withdrawal) {}

// Floats implements [dispatch.Listener].
func (*tally) Floats(money.Fen) {}

// Forgot implements [dispatch.Listener].
func (*tally) Forgot(dispatch.Forgotten, int) {}

// Drew is told by no simulated city: they have no draws.
func (t *tally) Drew(dispatch.DrewDay) {}
