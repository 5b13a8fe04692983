package dispatch

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

var noon = time.Date(2013, 12, 20, 12, 0, 0, 0, time.UTC)

func hailed() Ride {
	return Ride{
		ID: "R1", City: "beijing", Kind: Hailed, State: Searching, Version: 1, Search: 1,
		Rider: "rider1", Pickup: Place{Point: geo.Point{Lat: 39.9, Lng: 116.4}}, Seats: 1,
		PayBy: money.InWallet, RequestedAt: noon, SearchBy: noon.Add(5 * time.Minute),
	}
}

func street() Ride {
	r := hailed()
	r.Kind, r.State, r.Driver, r.Taxi, r.Slot = Street, OnTrip, "D1", "T1", SlotCurrent
	r.StartedAt = noon
	return r
}

// booked is asked for at noon for two o'clock, for D1 alone until ten past noon.
func booked() Ride {
	r := hailed()
	r.Kind, r.State, r.Search, r.SearchBy = BookedRide, Scheduled, 0, time.Time{}
	r.Booking = Booking{
		PickupAt: noon.Add(2 * time.Hour),
		DueAt:    noon.Add(100 * time.Minute), Fee: 500,
	}
	r.First = First{Driver: "D1", OpenAt: noon.Add(10 * time.Minute)}
	return r
}

// TestTranscripts replays the ride machine's transcripts: a line is a second's offset and an act,
// the text under ---- is what came of it. HEXHAIL_REWRITE=1 writes them anew.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/step/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { replay(t, file) })
	}
}

func replay(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	r := hailed()
	in := bufio.NewScanner(strings.NewReader(string(data)))
	output := false
	for in.Scan() {
		line := in.Text()
		switch {
		case line == "":
			output = false
		case line == "----":
			output = true
		case output:
		case strings.HasPrefix(line, "#"):
			fmt.Fprintln(&got, line)
		default:
			fmt.Fprintf(&got, "%s\n----\n", line)
			r = perform(&got, r, strings.Fields(line))
			fmt.Fprintln(&got)
		}
	}
	if os.Getenv("HEXHAIL_REWRITE") != "" {
		if err := os.WriteFile(file, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if got.String() != string(data) {
		t.Errorf("%s: got\n%s", file, got.String())
	}
}

func perform(out *strings.Builder, r Ride, words []string) Ride {
	if words[0] == "street" {
		fmt.Fprintln(out, "on_trip v1 D1")
		return street()
	}
	if words[0] == "kerb" {
		fmt.Fprintln(out, "on_trip v1 D1, of nobody")
		r = street()
		r.Rider, r.PayBy = "", ""
		return r
	}
	if words[0] == "hailed" {
		fmt.Fprintln(out, "searching v1 search 1")
		return hailed()
	}
	if words[0] == "addressed" {
		fmt.Fprintln(out, "scheduled v1, D1's until +300, their team's until +600")
		r = booked()
		r.First.Team, r.First.TeamAt = "team", noon.Add(5*time.Minute)
		return r
	}
	if words[0] == "booked" {
		fmt.Fprintln(out, "scheduled v1, D1's until +600")
		return booked()
	}
	if words[0] == "held" {
		fmt.Fprintln(out, "searching v1, D1's until +60")
		r = hailed()
		r.First = First{Driver: "D1", OpenAt: noon.Add(time.Minute)}
		return r
	}
	if words[0] == "teamed" {
		fmt.Fprintln(out, "searching v1, D1's until +60, their team's until +90")
		r = hailed()
		r.First = First{
			Driver: "D1", Team: "team", TeamAt: noon.Add(time.Minute),
			OpenAt: noon.Add(90 * time.Second),
		}
		return r
	}
	at, err := strconv.Atoi(strings.TrimPrefix(words[0], "+"))
	if err != nil {
		fmt.Fprintln(out, "bad line:", err)
		return r
	}
	now := noon.Add(time.Duration(at) * time.Second)
	d, err := Step(r, parseAct(words[1], words[2:]), now)
	if err != nil {
		fmt.Fprintf(out, "%s %s: %s\n", KindOf(err), ReasonOf(err), err)
		return r
	}
	describe(out, d)
	return d.Ride
}

func describe(out *strings.Builder, d Decision) {
	r := d.Ride
	fmt.Fprintf(out, "%s v%d search %d", r.State, r.Version, r.Search)
	if r.Driver != "" {
		fmt.Fprintf(out, " %s/%s", r.Driver, r.Slot)
	}
	if r.Fare.State != 0 {
		fmt.Fprintf(out, " fare %s %s", r.Fare.Total(), r.Fare.State)
		fmt.Fprintf(out, " subsidy %s+%s %s", r.Subsidy.Rider, r.Subsidy.Driver, r.Subsidy.Reason)
		for _, was := range r.Fare.Was {
			fmt.Fprintf(out, " was %s", was.Total())
		}
		if p := r.Fare.Proposed.Total(); p > 0 {
			fmt.Fprintf(out, " proposed %s", p)
		}
	}
	if r.Kind == BookedRide {
		fmt.Fprintf(out, " pickup %s due %s", offset(r.Booking.PickupAt), offset(r.Booking.DueAt))
		if !r.Booking.RemindedAt.IsZero() {
			fmt.Fprintf(out, " reminded %s", offset(r.Booking.RemindedAt))
		}
		describeHandOver(out, r.Booking.HandOver)
		if r.State == Searching {
			fmt.Fprintf(out, " until %s", offset(r.SearchBy))
		}
	}
	if r.Kind == Hailed && r.First.Driver != "" {
		if r.First.Team != "" {
			fmt.Fprintf(out, " %s's until %s, team's", r.First.Driver, offset(r.First.TeamAt))
		} else {
			fmt.Fprintf(out, " %s's", r.First.Driver)
		}
		fmt.Fprintf(out, " until %s", offset(r.First.OpenAt))
	}
	if r.EndReason != "" {
		fmt.Fprintf(out, " by %s: %s", r.EndedBy, r.EndReason)
	}
	fmt.Fprintf(out, "\nevent %s %s\n", d.Event.ID, d.Event.Kind)
	for _, w := range d.Writes {
		switch w := w.(type) {
		case WithdrawOffers:
			fmt.Fprintln(out, "withdraw offers")
		case RecordHandOver:
			fmt.Fprintf(out, "handed over from %s to %s\n", w.From, w.To)
		case FileComplaint:
			c := w.Complaint
			fmt.Fprintf(out, "complaint of the %s: %s, %s\n", c.By, c.Cause, c.State)
		case Owe:
			p := w.Payment
			anew := ""
			if w.Anew {
				anew = " anew"
			}
			fmt.Fprintf(out, "owe %s %s by %s: %s less %s%s\n",
				p.Purpose, p.Payee, p.Payer, p.Amount, p.Discount, anew)
		}
	}
	for _, h := range d.After {
		switch h := h.(type) {
		case Nudge:
			fmt.Fprintln(out, "nudge")
		case Push:
			fmt.Fprintln(out, "push", h.Driver)
		case Tell:
			fmt.Fprintln(out, "tell")
		}
	}
}

func describeHandOver(out *strings.Builder, h HandOver) {
	switch {
	case h.Open():
		fmt.Fprintf(out, " offered to %s", cmp.Or(string(h.To), "the "+string(h.Team)))
	case !h.At.IsZero():
		fmt.Fprintf(out, " handed over %s", offset(h.At))
	}
}

// offset is a time as the transcripts write it.
func offset(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return fmt.Sprintf("+%d", int(at.Sub(noon).Seconds()))
}

// parseAhead reads an act on a booking, or on a ride that is held or next; nil for another one.
func parseAhead(kind ActKind, args []string) Act {
	at := func(i int) time.Time {
		if i >= len(args) {
			return time.Time{}
		}
		s, _ := strconv.Atoi(args[i])
		return noon.Add(time.Duration(s) * time.Second)
	}
	var who DriverID
	if len(args) > 0 {
		who = DriverID(args[0])
	}
	search := 5 * time.Minute
	switch kind {
	case ActPassOn:
		return PassOn{Driver: who}
	case ActPromote:
		return Promote{Driver: who}
	case ActBook:
		if who == "D3" { // is of the team
			return Book{Driver: who, Team: "team", Due: at(1)}
		}
		return Book{Driver: who, Due: at(1)}
	case ActDrop:
		return Drop{Driver: who, By: SideDriver, Reason: "changed plans", Due: at(1)}
	case ActRemind:
		return Remind{Due: at(0)}
	case ActMove:
		return Move{PickupAt: at(0), Due: at(1)}
	case ActDue:
		return Due{Search: search}
	case ActHandOver: // until an hour before the first pickup, to whom
		act := OfferHandOver{Driver: who, Team: "team", By: noon.Add(time.Hour)}
		if len(args) > 1 {
			act.To = DriverID(args[1])
		}
		return act
	case ActWithdrawHandOver:
		return WithdrawHandOver{Driver: who}
	case ActTakeOver:
		act := TakeOver{Driver: who, Team: "team", By: noon.Add(time.Hour), Due: at(1)}
		if who == "D9" { // is of another
			act.Team = "other"
		}
		return act
	case ActSetOut:
		return SetOut{Driver: who, Taxi: "T" + TaxiID(who)[1:]}
	case ActFallOut:
		return FallOut{Reason: cmp.Or(strings.Join(args, " "), "not_ready"), Search: search}
	default:
		return nil
	}
}

// parseCancel reads one that costs something, that the driver has asked for, or its reason.
func parseCancel(arg func(int) string, reason string) Act {
	switch arg(0) {
	case "owing":
		fee, _ := money.ParseYuan(arg(1))
		return Cancel{Fee: fee}
	case "asked":
		return Cancel{AskedByDriver: true}
	default:
		return Cancel{Reason: reason}
	}
}

// parseComplaint reads an act on a complaint; nil for another one.
func parseComplaint(kind ActKind, arg func(int) string) Act {
	stored := func(by Side, state string) Complaint {
		c := hailed().complaintOf(by, CauseDetour, "", noon)
		c.Driver, c.State = "D1", ParseComplaintState(state)
		if by == SideDriver {
			c.Cause = CauseNoShow
		}
		return c
	}
	switch kind {
	case ActComplain: // rider cause text
		return Complain{
			Rider: RiderID(arg(0)), Cause: ComplaintCause(arg(1)), Text: arg(2),
			Within: 24 * time.Hour,
		}
	case ActContestComplaint: // who, of a complaint in which state
		c := ContestComplaint{Text: "it was not so", Within: 24 * time.Hour}
		if strings.HasPrefix(arg(0), "D") {
			c.Driver, c.Complaint = DriverID(arg(0)), stored(SideRider, arg(1))
		} else {
			c.Rider, c.Complaint = RiderID(arg(0)), stored(SideDriver, arg(1))
		}
		return c
	case ActDecideComplaint: // whose, in which state, how
		return DecideComplaint{
			Complaint: stored(ParseSide(arg(0)), arg(1)), By: "ops:O1", Uphold: arg(2) == "uphold",
		}
	default:
		return nil
	}
}

// parseFare reads what is said of a fare; nil for another act.
func parseFare(kind ActKind, arg func(int) string, yuan func(int) money.Fen) Act {
	switch kind {
	case ActCorrect: // who, to how much, checked how, with what subsidy
		return CorrectFare{
			Driver: DriverID(arg(0)), Fare: Fare{Meter: yuan(1), State: ParseFareState(arg(2))},
			Subsidy: subsidy(arg(3)),
		}
	case ActConfirm:
		return Confirm{Rider: RiderID(arg(0)), Subsidy: subsidy(arg(1))}
	case ActContest:
		return Contest{Rider: RiderID(arg(0))}
	case ActResolve:
		return Resolve{
			Resolution: Resolution{Total: yuan(0), Note: "by the trace", By: "ops:me"},
			Subsidy:    subsidy(arg(1)),
		}
	default:
		return nil
	}
}

// parseAct reads an act as the transcripts write it.
func parseAct(name string, args []string) Act {
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	yuan := func(i int) money.Fen {
		f, _ := money.ParseYuan(arg(i))
		return f
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(arg(i))
		return n
	}
	driver := DriverID(arg(0))
	search := 5 * time.Minute
	if act := parseAhead(ParseActKind(name), args); act != nil {
		return act
	}
	if act := parseComplaint(ParseActKind(name), arg); act != nil {
		return act
	}
	if act := parseFare(ParseActKind(name), arg, yuan); act != nil {
		return act
	}
	switch kind := ParseActKind(name); kind {
	case ActCancel:
		return parseCancel(arg, strings.Join(args, " "))
	case ActClaim:
		return Claim{
			Driver: driver, Taxi: "T" + TaxiID(arg(0))[1:], Search: number(1), Slot: Slot(arg(2)),
		}
	case ActRelease:
		return Release{Driver: driver, Reason: "flat tyre", Search: search}
	case ActArrive:
		return Arrive{Driver: driver}
	case ActNoShow:
		return NotThere{Driver: driver, WaitedS: 300}
	case ActStart:
		return Start{Driver: driver}
	case ActBreak:
		at := Place{Point: geo.Point{Lat: 39.91, Lng: 116.41}}
		return Break{Driver: driver, At: at, Search: search}
	case ActComplete:
		fare := Fare{Meter: yuan(1), State: ParseFareState(arg(2))}
		return Complete{
			Driver: driver, Fare: fare, Subsidy: subsidy(arg(3)), ByCode: arg(4) == "by_code",
		}
	case ActSettle:
		return Settle{}
	case ActExpire:
		return Expire{}
	case ActRepair:
		return Repair{}
	case ActWinDraw:
		return WinDraw{Amount: yuan(0)}
	case ActTip:
		return AddTip{To: yuan(0)}
	case ActPayBy:
		return PayOtherwise{Subsidy: subsidy("paid_otherwise")}
	default:
		return Rate{By: ParseSide(arg(0)), Stars: number(1)}
	}
}

func subsidy(word string) money.Subsidy {
	if word != "granted" {
		return money.Subsidy{Reason: money.SubsidyReason(word)}
	}
	return money.Subsidy{
		Campaign: "launch", Version: 1, Rider: 500, Driver: 500, Reason: money.SubsidyGranted,
	}
}
