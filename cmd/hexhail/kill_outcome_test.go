package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	opspb "hexhail/pb/hexhail/ops/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/sim"
	"hexhail/wire"
)

// ack is something that a server has answered: the ride, and the version it had then.
type ack struct {
	what    string
	ride    string
	version int32
}

// outcome is what a run has come to, told by all who saw it.
type outcome struct {
	report sim.Report                // the simulated crowd's
	rides  []*typepb.Ride            // of their city, as the server lists them
	acks   []ack                     // what a witness was answered, in another city
	found  map[string]*typepb.Ride   // the witness's rides, as the server has them
	held   map[string]bool           // rides whose subsidy is held: short ways look like brushing
	books  *opspb.AuditBooksResponse // at the end
}

// faults are all breaches of I1 and I2 that can be seen. A ride that the server acknowledged has to
// be there, no younger than it was, and has to have come to an end; nothing was done twice; the
// money is right.
func (o outcome) faults() (faults []string) {
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Sprintf(format, args...))
	}
	r := o.report
	if r.DoubleClaims != 0 {
		fault("%d double claims", r.DoubleClaims)
	}
	if !r.BooksClose || len(r.Books.Open()) > 0 {
		fault("the books do not close: %v", r.Books.Open())
	}
	if r.CutShort {
		fault("the run was cut short")
	}
	turnedDown := 0
	for what, n := range r.Refused {
		if strings.HasPrefix(what, "Request ") {
			turnedDown += n
		}
	}
	if ended := r.Settled + r.Expired + r.Cancelled + r.NoShow; ended+turnedDown != r.Requests {
		fault("%d requests: %d rides have ended, %d were refused", r.Requests, ended, turnedDown)
	}
	if len(o.rides)+turnedDown != r.Requests {
		fault("%d requests: the server has %d rides, %d were refused", r.Requests, len(o.rides),
			turnedDown)
	}
	seen := map[string]bool{}
	for _, ride := range o.rides {
		if state := wire.StateOf(ride.GetState()); !state.Terminal() {
			fault("ride %s is %v at the end", ride.GetRideId(), state)
		}
		if seen[ride.GetRideId()] {
			fault("ride %s is listed twice", ride.GetRideId())
		}
		seen[ride.GetRideId()] = true
	}
	for _, a := range o.acks {
		ride := o.found[a.ride]
		switch state := wire.StateOf(ride.GetState()); {
		case ride == nil:
			fault("%s: ride %s is lost", a.what, a.ride)
		case ride.GetVersion() < a.version:
			fault("%s: ride %s was at version %d, and is at %d", a.what, a.ride, a.version,
				ride.GetVersion())
		case !state.Terminal():
			fault("%s: ride %s is %v at the end", a.what, a.ride, state)
		}
	}
	if pending := o.books.GetPendingFen() - o.heldFen(); !o.books.GetSound() || pending != 0 {
		fault("accounts %v are wrong, %d fen are pending", o.books.GetWrongAccounts(), pending)
	}
	return faults
}

// heldFen are the subsidies that are held: pending, as they should be.
func (o outcome) heldFen() (sum int64) {
	for _, ride := range o.rides {
		if o.held[ride.GetRideId()] {
			sum += ride.GetSubsidy().GetRiderFen() + ride.GetSubsidy().GetDriverFen()
		}
	}
	return sum
}

// goodOutcome is of two riders and of three acknowledgements of two rides.
func goodOutcome(t *testing.T) outcome {
	t.Helper()
	const settled = typepb.RideState_RIDE_STATE_SETTLED
	o := outcome{
		rides: []*typepb.Ride{
			{RideId: "B1", State: settled},
			{RideId: "B2", State: typepb.RideState_RIDE_STATE_EXPIRED},
		},
		acks: []ack{{"request", "C1", 1}, {"cancel", "C1", 2}, {"occupied", "C2", 1}},
		found: map[string]*typepb.Ride{
			"C1": {RideId: "C1", Version: 2, State: typepb.RideState_RIDE_STATE_CANCELLED},
			"C2": {RideId: "C2", Version: 3, State: settled},
		},
		books: &opspb.AuditBooksResponse{Sound: true},
	}
	err := json.Unmarshal([]byte(`{"requests": 3, "completed": 1, "settled": 1, "expired": 1,
		"refused": {"Request RIDES_FULL": 1, "Accept OFFER_CLOSED": 4}, "books_close": true,
		"books": {"accounts_replay": true, "no_pending": true, "budget": true, "rides": true,
			"driver_payable": true, "wallets": true, "channels": true, "sponsor": true,
			"cash": true}}`), &o.report)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestKillOutcomeFaults doctors a good outcome: every way to lose a ride, to do something twice or
// to get the money wrong is told. The mutants of the runs below; none of them can hide.
func TestKillOutcomeFaults(t *testing.T) {
	if faults := goodOutcome(t).faults(); len(faults) > 0 {
		t.Fatalf("a good outcome: %v", faults)
	}
	for _, c := range []struct {
		want   string
		doctor func(*outcome)
	}{
		{"3 requests: 1 rides have ended", func(o *outcome) { o.report.Settled-- }},
		{"3 requests: the server has 1 rides", func(o *outcome) { o.rides = o.rides[1:] }},
		{"3 requests: the server has 3 rides", func(o *outcome) {
			o.rides = append(o.rides, &typepb.Ride{RideId: "B3", State: o.rides[0].GetState()})
		}},
		{"ride B1 is listed twice", func(o *outcome) { o.rides[1] = o.rides[0] }},
		{"ride B2 is on_trip", func(o *outcome) {
			o.rides[1].State = typepb.RideState_RIDE_STATE_ON_TRIP
		}},
		{"ride B2 is completed", func(o *outcome) {
			o.rides[1].State = typepb.RideState_RIDE_STATE_COMPLETED
		}},
		{"cancel: ride C1 is lost", func(o *outcome) { delete(o.found, "C1") }},
		{"cancel: ride C1 was at version 2, and is at 1", func(o *outcome) {
			o.found["C1"].Version = 1
		}},
		{"request: ride C1 is searching", func(o *outcome) {
			o.found["C1"].State = typepb.RideState_RIDE_STATE_SEARCHING
		}},
		{"1 double claims", func(o *outcome) { o.report.DoubleClaims = 1 }},
		{"the books do not close", func(o *outcome) { o.report.BooksClose = false }},
		{"the books do not close: [wallets]", func(o *outcome) { o.report.Books.Wallets = false }},
		{"cut short", func(o *outcome) { o.report.CutShort = true }},
		{"accounts [x] are wrong", func(o *outcome) {
			o.books = &opspb.AuditBooksResponse{WrongAccounts: []string{"x"}}
		}},
		{"5 fen are pending", func(o *outcome) { o.books.PendingFen = 5 }},
		{"accounts [] are wrong", func(o *outcome) { o.books = nil }},
	} {
		o := goodOutcome(t)
		c.doctor(&o)
		if got := strings.Join(o.faults(), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("faults %q: %q is not among them", got, c.want)
		}
	}
}
