package dispatch_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// TestRules replays the transcripts of the city's rules: each line is a command to a town of
// riders, taxis, desk and engine, the text under ---- is what came of it. "policy" and "area" make
// the town; the city is Beijing with them. HEXHAIL_REWRITE=1 writes the transcripts anew.
func TestRules(t *testing.T) {
	files, err := filepath.Glob("testdata/rules/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { replayRules(t, file) })
	}
}

func replayRules(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	p := &play{t: t, rides: map[string]dispatch.RideID{}}
	in := bufio.NewScanner(strings.NewReader(string(data)))
	output := false
	for in.Scan() {
		switch line := in.Text(); {
		case line == "":
			output = false
		case line == "----":
			output = true
		case output:
		case strings.HasPrefix(line, "#"):
			fmt.Fprintln(&got, line)
		default:
			fmt.Fprintf(&got, "%s\n----\n%s\n\n", line, p.perform(line))
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

// play is a town that a transcript moves.
type play struct {
	t     *testing.T
	area  geo.Area
	w     *town
	rides map[string]dispatch.RideID // of a rider, the last
	quote time.Duration              // of the next requests: until a taxi is there
}

// found makes the town under a list of policies.
func (p *play) found(policies string) {
	city, err := dispatch.LoadCity("beijing")
	if err != nil {
		p.t.Fatal(err)
	}
	if city.Policies, err = dispatch.ParsePolicies([]byte(policies), city.Zone); err != nil {
		p.t.Fatal(err)
	}
	city.Area = p.area
	p.w = newTownIn(p.t, city)
}

// perform does a line's command and tells in one line what came of it.
func (p *play) perform(line string) string {
	name, rest, _ := strings.Cut(line, " ")
	words := strings.Fields(rest)
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch name {
	case "area":
		var err error
		if p.area, err = geo.ParseArea([]byte(rest)); err != nil {
			p.t.Fatal(err)
		}
		return "ok"
	case "policy":
		p.found(rest)
		return "ok"
	case "at":
		at, err := time.ParseInLocation("2006-01-02T15:04:05", rest, p.w.city.Zone)
		if err != nil {
			p.t.Fatal(err)
		}
		p.w.now = at
		return at.Format("Mon 15:04:05")
	case "taxi":
		p.w.vehicle = dispatch.Vehicle{Class: dispatch.Class(arg(3))}
		if len(words) > 4 {
			p.w.vehicle.Tags = dispatch.TagsOf(words[4:])
		}
		p.w.taxi(arg(0), p.place(words[1:]), 4)
		return "on duty"
	case "quote": // seconds
		s, _ := strconv.Atoi(arg(0))
		p.quote = time.Duration(s) * time.Second
		return "ok"
	case "senior":
		p.rider(arg(0))
		_, err := p.w.db.ImportRiders(p.w.ctx, []dispatch.Rider{
			{ID: dispatch.RiderID("R" + arg(0)), Name: arg(0), Senior: true},
		})
		p.w.ok(err)
		return "ok"
	case "offers":
		return p.offers()
	case "round":
		stats := p.w.round()
		return fmt.Sprintf(
			"%d waiting, %d idle, %d offers", stats.Waiting, stats.Idle, stats.Offers)
	case "fix": // taxi north east
		p.w.fix(arg(0), p.place(words[1:]))
		return "ok"
	case "told": // what the rider knows of their ride
		r := p.w.rides[p.rides[arg(0)]]
		return strings.TrimSpace(fmt.Sprintf("%s %s %s %s", r.State, r.Driver, r.Slot, r.EndReason))
	case "next":
		at, ok := p.w.engine.NextRound()
		return fmt.Sprintf("%v, in %s", ok, at.Sub(p.w.now))
	case "due":
		p.w.due()
		return "ok"
	default:
		return p.command(name, arg, words)
	}
}

func (p *play) place(words []string) geo.Point {
	north, _ := strconv.ParseFloat(words[0], 64)
	east, _ := strconv.ParseFloat(words[1], 64)
	return p.w.at(north, east)
}

// rider is there from their first command on.
func (p *play) rider(name string) dispatch.RiderID {
	id := dispatch.RiderID("R" + name)
	p.w.ok(p.w.db.Tx(p.w.ctx, func(tx dispatch.Tx) error {
		_, err := tx.Rider(id)
		if dispatch.ReasonOf(err) == dispatch.ReasonUnknownRider {
			return tx.InsertRider(dispatch.Rider{ID: id, Name: name})
		}
		return err
	}))
	return id
}

// answer is a command's outcome in words.
func (p *play) answer(got dispatch.Receipt, err error) string {
	if err != nil {
		text := fmt.Sprintf("%s %s: %s", dispatch.KindOf(err), dispatch.ReasonOf(err), err)
		for name, ride := range p.rides {
			text = strings.ReplaceAll(text, string(ride), name+"'s")
		}
		return text
	}
	if got.State == 0 {
		return ""
	}
	return fmt.Sprintf("%s v%d", got.State, got.Version)
}

// command gives the desk the command of a rider or driver.
func (p *play) command(name string, arg func(int) string, words []string) string {
	w, who := p.w, arg(0)
	yuan := func(i int) money.Fen {
		f, _ := money.ParseYuan(arg(i))
		return f
	}
	ride, driver := p.rides[who], dispatch.DriverID("D"+who)
	switch name {
	case "request": // who north east tip class tags
		c := w.request(p.rider(who), p.place(words[1:]), 1)
		c.Quote.Pickup = p.quote
		c.Tip, c.Wants.Class = yuan(3), dispatch.Class(strings.Trim(arg(4), "-"))
		if len(words) > 5 {
			c.Wants.Tags = dispatch.TagsOf(words[5:])
		}
		got, err := w.desk.Request(w.ctx, w.now, w.key("rider:"+who), c)
		if err == nil {
			p.rides[who] = got.Ride
		}
		return p.answer(got, err)
	case "book": // who seconds ahead
		c := w.request(p.rider(who), w.at(0, 0), 1)
		ahead, _ := strconv.Atoi(arg(1))
		got, err := w.desk.Book(w.ctx, w.now, w.key("rider:"+who), dispatch.BookRide{
			RequestRide: c, PickupAt: w.now.Add(time.Duration(ahead) * time.Second),
		})
		if err == nil {
			p.rides[who] = got.Ride
		}
		return p.answer(got, err)
	case "tip":
		return p.answer(w.desk.AddTip(w.ctx, w.now, w.key("rider:"+who),
			dispatch.RaiseTip{Ride: ride, Rider: p.rider(who), To: yuan(1)}))
	case "suggested":
		return w.city.SuggestedTip(w.ride(ride), w.now).String()
	case "cancel":
		return p.answer(w.desk.Cancel(w.ctx, w.now, w.key("rider:"+who),
			dispatch.CancelRide{
				Ride: ride, Rider: p.rider(who), AskedByDriver: arg(1) == "asked",
			}))
	case "owed":
		return p.owed(ride)
	case "accept", "decline":
		map[string]func(dispatch.DriverID){
			"accept": func(d dispatch.DriverID) { w.accept(d) }, "decline": w.decline,
		}[name](driver)
		return "ok"
	case "arrive", "no_show", "release", "start": // driver rider
		do := map[string]driveCommand{
			"arrive": w.desk.Arrive, "no_show": w.desk.NoShow, "release": w.desk.Release,
			"start": w.desk.Start,
		}[name]
		return p.answer(do(w.ctx, w.now, w.key("driver:"+who),
			dispatch.DriveRide{Ride: p.rides[arg(1)], Driver: driver}))
	case "complete": // driver rider meter
		return p.answer(w.desk.Complete(w.ctx, w.now, w.key("driver:"+who),
			dispatch.CompleteRide{Ride: p.rides[arg(1)], Driver: driver, Meter: yuan(2)}))
	default:
		return p.peopleCommand(name, arg)
	}
}

// peopleCommand is a command about complaints, and whom they keep off duty.
func (p *play) peopleCommand(name string, arg func(int) string) string {
	w, who := p.w, arg(0)
	ride, driver := p.rides[who], dispatch.DriverID("D"+who)
	switch name {
	case "complain": // rider cause
		return p.answer(w.desk.Complain(w.ctx, w.now, w.key("rider:"+who), dispatch.MakeComplaint{
			Ride: ride, Rider: p.rider(who), Cause: dispatch.ComplaintCause(arg(1)),
		}))
	case "contest": // rider, or rider driver
		c := dispatch.SpeakComplaint{Ride: ride, Text: "it was not so"}
		if arg(1) == "" {
			c.Rider = p.rider(who)
		} else {
			c.Driver = dispatch.DriverID("D" + arg(1))
		}
		return p.answer(w.desk.ContestComplaint(w.ctx, w.now, w.key("who:"+who), c))
	case "decide": // rider side word
		return p.answer(w.desk.DecideComplaint(w.ctx, w.now, w.key("ops:O1"),
			dispatch.RuleComplaint{
				Ride: ride, By: dispatch.ParseSide(arg(1)), Uphold: arg(2) == "uphold",
			}))
	case "wallet": // rider yuan
		fen, _ := money.ParseYuan(arg(1))
		w.ok(money.Cashier{Store: w.db}.TopUp(w.ctx, money.EntryID(w.key("").RequestID),
			money.SandboxEquity, dispatch.RiderParty(p.rider(who)), fen, w.now))
		return "ok"
	case "by": // channel, of the next requests
		w.payBy = money.ChannelName(who)
		return "ok"
	case "pay": // rider channel
		return p.answer(w.desk.Pay(w.ctx, w.now, w.key("rider:"+who), dispatch.PayRide{
			Ride: ride, Rider: p.rider(who),
			Means: dispatch.Means{Channel: money.ChannelName(arg(1))},
		}))
	case "work":
		n, err := w.desk.Work(w.ctx, w.now)
		w.ok(err)
		return fmt.Sprintf("%d attempts", n)
	case "balances": // rider driver
		books := w.books()
		return fmt.Sprintf("rider %s, driver %s",
			books[money.Wallet(money.Party("R"+who))].Balance(),
			books[money.DriverPayable(money.Party("D"+arg(1)))].Balance())
	case "take": // driver rider
		return p.answer(w.desk.TakeBooking(w.ctx, w.now, w.key("driver:"+who),
			dispatch.HoldBooking{Ride: p.rides[arg(1)], Driver: driver}))
	case "occupied": // driver
		return p.answer(w.desk.Occupied(w.ctx, w.now, w.key("driver:"+who),
			dispatch.StreetRide{Driver: driver, At: w.at(0, 0)}))
	case "duty": // driver duty
		s, err := w.desk.SetDuty(w.ctx, w.now, w.key("driver:"+who), dispatch.SetDuty{
			Driver: driver, Taxi: dispatch.TaxiID("T" + who), Duty: dispatch.ParseDuty(arg(1)),
		})
		return p.answer(dispatch.Receipt{}, err) + s.Duty.String()
	case "shift": // driver
		got, err := w.desk.Snapshot(w.ctx, driver)
		return p.answer(dispatch.Receipt{}, err) + got.Shift.Duty.String()
	default:
		p.t.Fatalf("unknown command %q", name)
		return ""
	}
}

// offers are the open ones, and why the last round has passed over the other taxis of a ride.
func (p *play) offers() string {
	out := []string{}
	for name, ride := range p.rides {
		for driver, o := range p.w.offers {
			if o.Ride == ride {
				out = append(out, fmt.Sprintf("%s gets %s", name, driver))
			}
		}
		log, _ := p.w.engine.RoundLog(ride)
		searches := p.w.ride(ride).State == dispatch.Searching
		if n := len(log.Rounds); n > 0 && searches {
			for _, c := range log.Rounds[n-1].Candidates {
				if c.Verdict != dispatch.Chosen {
					out = append(out, fmt.Sprintf("%s not %s: %s", name, c.Taxi, c.Verdict))
				}
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// owed lists a ride's payments and transfers.
func (p *play) owed(ride dispatch.RideID) string {
	out := []string{}
	p.w.ok(p.w.db.Tx(p.w.ctx, func(tx dispatch.Tx) error {
		payments, err := tx.PaymentsOf(money.Subject(ride))
		if err != nil {
			return err
		}
		for _, o := range payments {
			out = append(out, fmt.Sprintf("%s %s %s to %s", o.Purpose, o.Amount, o.State, o.Payee))
		}
		booked, err := tx.Transfers(money.Subject(ride))
		out = append(out, fmt.Sprintf("%d transfers", len(booked)))
		return err
	}))
	return strings.Join(out, ", ")
}

// TestClosedUntil compares ClosedUntil with a walk from minute to minute.
func TestClosedUntil(t *testing.T) {
	city := dispatch.City{Zone: chinaTime(t)}
	var err error
	city.Policies, err = dispatch.ParsePolicies([]byte(`[
		{"closed_hours": [
			{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "07:30", "to": "09:30"},
			{"days": ["mon"], "from": "09:00", "to": "10:00"},
			{"from": "23:30", "to": "24:00"}, {"from": "00:00", "to": "00:45"}]},
		{"from": "2014-03-05T08:15", "closed_hours": [{"from": "16:30", "to": "18:30"}]},
		{"from": "2014-03-06T17:00", "closed_hours": []},
		{"from": "2014-03-06T17:30", "closed_hours": [{"from": "17:00", "to": "17:45"}]},
		{"from": "2014-03-08T00:00", "closed_hours": []}]`), city.Zone)
	if err != nil {
		t.Fatal(err)
	}
	first := time.Date(2014, 3, 2, 0, 0, 0, 0, city.Zone)
	const span = 7 * 24 * 60
	closed := make([]bool, span)
	for i := range closed {
		at := first.Add(time.Duration(i) * time.Minute)
		minute := dispatch.DayMinute(at.Hour()*60 + at.Minute())
		for _, h := range city.PolicyAt(at).ClosedHours {
			closed[i] = closed[i] || h.Days.Has(at.Weekday()) && minute >= h.From && minute < h.To
		}
	}
	times := 0
	for i := range closed {
		at := first.Add(time.Duration(i)*time.Minute + 17*time.Second)
		end := i
		for end < span && closed[end] {
			end++
		}
		until, is := city.ClosedUntil(at)
		if is != closed[i] {
			t.Fatalf("%s: closed %v, want %v", at, is, closed[i])
		}
		if is {
			times++
			if want := first.Add(time.Duration(end) * time.Minute); !until.Equal(want) {
				t.Fatalf("%s: closed until %s, want %s", at, until, want)
			}
		}
	}
	if times < 500 || times > span-500 {
		t.Errorf("%d of %d minutes are closed: the test is blind", times, span)
	}
	city.Policies = dispatch.Always(dispatch.Policy{
		Rules: dispatch.Rules{ClosedHours: []dispatch.Hours{{To: 24 * 60}}},
	})
	if until, is := city.ClosedUntil(first); !is || until.Sub(first) < 7*24*time.Hour {
		t.Errorf("always closed: %s, %v", until, is)
	}
}

// TestBookingFee is Beijing's table of 2013: 5 yuan below 4 hours, 6 from then on.
func TestBookingFee(t *testing.T) {
	p := dispatch.DefaultPolicy()
	if p.BookingFee(time.Hour) != 0 {
		t.Error("a fee without a table")
	}
	p.BookingFees = []dispatch.BookingFee{{LeadS: 0, Fee: 5_00}, {LeadS: 4 * 3600, Fee: 6_00}}
	for _, tc := range []struct {
		lead time.Duration
		want money.Fen
	}{
		{-time.Minute, 0},
		{0, 5_00},
		{4*time.Hour - 1, 5_00},
		{4 * time.Hour, 6_00},
		{72 * time.Hour, 6_00},
	} {
		if got := p.BookingFee(tc.lead); got != tc.want {
			t.Errorf("%s ahead: %s, want %s", tc.lead, got, tc.want)
		}
	}
}

// TestRulesAreChecked: each bad rule is refused with its key.
func TestRulesAreChecked(t *testing.T) {
	zone := chinaTime(t)
	long, err := json.Marshal(make([]int, 21))
	if err != nil {
		t.Fatal(err)
	}
	for text, key := range map[string]string{
		`{"closed_hours": [{"from": "09:30", "to": "07:30"}]}`:          "closed_hours[0]",
		`{"closed_hours": [{"from": "07:30", "to": "24:01"}]}`:          "24:01",
		`{"closed_hours": [{"from": "7:30", "to": "09:00"}]}`:           "7:30",
		`{"closed_hours": [{"days": ["mo"], "to": "09:00"}]}`:           "mo",
		`{"tip_steps_fen": [500, 500]}`:                                 "tip_steps_fen",
		`{"tip_steps_fen": [0]}`:                                        "tip_steps_fen",
		`{"tip_steps_fen": [20001]}`:                                    "tip_steps_fen",
		`{"tip_steps_fen": ` + string(long) + `}`:                       "at most 20",
		`{"tip_prompt_s": -1}`:                                          "tip_prompt_s",
		`{"booking_fees": [{"lead_s": 1}, {"lead_s": 1}]}`:              "booking_fees[1].lead_s",
		`{"booking_fees": [{"lead_s": 259201}]}`:                        "booking_fees[0].lead_s",
		`{"booking_fees": [{"fee_fen": 10001}]}`:                        "booking_fees[0].fee_fen",
		`{"booking_fees": [{"lead_s": 0, "fee": 1}]}`:                   "fee",
		`{"closed_hours": [{"from": "00:00", "to": "24:00", "on": 1}]}`: `"on"`,
	} {
		_, err := dispatch.ParsePolicies([]byte("["+text+"]"), zone)
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v, want %s named", text, err, key)
		}
	}
}
