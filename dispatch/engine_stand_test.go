package dispatch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// standTown is a town with an airport 6 km north-east of its middle, and a station in the west.
type standTown struct {
	*town
	ranks map[dispatch.DriverID][]dispatch.StandRank // as pushed
}

func newStandTown(t *testing.T, change ...func(*dispatch.Stand)) *standTown {
	t.Helper()
	w := &standTown{town: newTown(t), ranks: map[dispatch.DriverID][]dispatch.StandRank{}}
	w.pushed = func(n dispatch.Notice) {
		if n.Rank != nil {
			w.ranks[n.Driver] = append(w.ranks[n.Driver], *n.Rank)
		}
	}
	w.city.Stands = []dispatch.Stand{
		w.stand("airport", w.at(4000, 4000)), w.stand("station", w.at(0, -3000)),
	}
	for _, c := range change {
		c(&w.city.Stands[0])
	}
	w.restart()
	return w
}

// stand is a square of 600 m.
func (w *standTown) stand(id dispatch.StandID, mid geo.Point) dispatch.Stand {
	w.t.Helper()
	const lat, lng = 300.0 / 111_195, 300.0 / 85_300
	var corners []string
	for _, c := range [][2]float64{
		{-lng, -lat}, {lng, -lat}, {lng, lat}, {-lng, lat}, {-lng, -lat},
	} {
		corners = append(corners, fmt.Sprintf("[%f,%f]", mid.Lng+c[0], mid.Lat+c[1]))
	}
	area, err := geo.ParseArea([]byte(
		`{"type":"Polygon","coordinates":[[` + strings.Join(corners, ",") + `]]}`))
	w.ok(err)
	zone, err := geo.NewZone(area)
	w.ok(err)
	return dispatch.Stand{
		ID: id, Name: string(id), NameZH: string(id), Zone: zone, Pickups: zone,
		StandRules: dispatch.DefaultStandRules(),
	}
}

// airport is a point in it, so many metres east of its middle.
func (w *standTown) airport(eastM float64) geo.Point { return w.at(4000, 4000+eastM) }

// queue is who queues at the airport, as rows have it.
func (w *standTown) queue() string {
	w.t.Helper()
	w.due()
	turns, err := w.db.StandTurns(w.ctx, w.city.ID, "airport", 0, 100)
	w.ok(err)
	var names []string
	for _, turn := range turns {
		names = append(names, string(turn.Driver[1:]))
	}
	return strings.Join(names, " ")
}

func (w *standTown) wantQueue(want string) {
	w.t.Helper()
	if got := w.queue(); got != want {
		w.t.Fatalf("the queue is %q, want %q", got, want)
	}
}

// arrive brings taxis to the airport, one a second, the first the farthest from its middle.
func (w *standTown) arrive(names ...string) {
	w.t.Helper()
	for i, name := range names {
		w.taxi(name, w.airport(float64(250-20*i)), 4)
		w.pass(time.Second)
	}
}

func (w *standTown) decline(driver dispatch.DriverID) {
	w.t.Helper()
	_, err := w.desk.Decline(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.AnswerOffer{Offer: w.offers[driver].ID, Driver: driver})
	w.ok(err)
}

func TestStandServesInOrderOfEntry(t *testing.T) {
	w := newStandTown(t)
	w.arrive("A", "B", "C")
	w.taxi("near", w.at(4000, 4000+310), 4) // outside of the fence, 10 m from it
	w.wantQueue("A B C")
	one := w.ask("1", w.airport(190), 1) // C is nearest
	two := w.ask("2", w.airport(0), 1)
	w.round()
	w.offered("DA", one)
	w.offered("DB", two)
	w.offered("DC", "")
	log, _ := w.engine.RoundLog(one)
	got := fmt.Sprint(log.Rounds[0].Candidates)
	if !strings.Contains(got, "TA") || !strings.Contains(got, "TC") {
		t.Errorf("the log has %s, want the head and who comes after", got)
	}
	for _, c := range log.Rounds[0].Candidates {
		want := dispatch.NotHeadOfQueue
		if c.Taxi == "TA" {
			want = dispatch.Chosen
		}
		if c.Verdict != want {
			t.Errorf("%s: %v, want %v", c.Taxi, c.Verdict, want)
		}
	}
	w.accept("DA")
	w.accept("DB")
	w.wantQueue("C")
}

func TestDeclineAndSilenceCostThePlace(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newStandTown(t)
		w.arrive("A", "B", "C")
		w.queue()
		one := w.ask("1", w.airport(0), 1)
		w.round()
		w.decline("DA")
		if restart {
			w.restart() // before the new place is written: the offer's row tells it
			w.stay("A", "B", "C")
		}
		w.wantQueue("B C A")
		w.round()
		w.offered("DA", "")
		w.offered("DB", one)
		w.ok(w.desk.Delivered(w.ctx, w.now, w.offers["DB"].ID, "DB"))
		w.pass(15 * time.Second)
		w.stay("A", "B", "C")
		w.wantQueue("C A B")
		w.round()
		w.offered("DC", one)
		for _, n := range w.nudges { // told again
			w.engine.Nudge(n, w.now)
		}
		w.wantQueue("C A B")
		w.accept("DC")
		w.wantQueue("A B")
	}
}

// stay has taxis report from where they are.
func (w *standTown) stay(names ...string) {
	w.pass(time.Second)
	for i, name := range names {
		w.fix(name, w.airport(float64(250-20*i)))
	}
}

func TestUnseenOfferKeepsThePlace(t *testing.T) {
	w := newStandTown(t)
	w.arrive("A", "B")
	one := w.ask("1", w.airport(0), 1)
	w.round()
	w.offered("DA", one)
	w.pass(15 * time.Second)
	w.stay("A", "B")
	w.wantQueue("A B")
	w.round()
	w.offered("DB", one)
	two := w.ask("2", w.airport(0), 1)
	w.pass(16 * time.Second)
	w.stay("A", "B")
	w.due()
	w.round()
	if o := w.offers["DA"]; o.Ride != one && o.Ride != two {
		t.Errorf("A, at the head, has no offer again: %v", w.offers)
	}
}

func TestQueuedTaxisAreKeptForTheirStand(t *testing.T) {
	for _, serves := range []bool{false, true} {
		w := newStandTown(t, func(s *dispatch.Stand) { s.ServesOutside = serves })
		w.arrive("A", "B")
		out := w.ask("1", w.at(3500, 4000), 1) // 200 m from the fence
		w.taxi("far", w.at(1000, 4000), 4)
		w.round()
		if serves {
			w.offered("DB", out) // the nearest, head or not
			w.decline("DB")
			w.wantQueue("A B") // no ride of the stand's: it costs nothing
			continue
		}
		w.offered("Dfar", out)
		w.decline("Dfar")
		w.pass(10 * time.Second)
		w.stay("A", "B")
		w.fix("far", w.at(1000, 4000))
		for range 12 {
			w.round()
			w.pass(time.Second)
		}
		w.offered("DA", "")
		w.offered("DB", "")
		log, _ := w.engine.RoundLog(out)
		said := false
		for _, r := range log.Rounds {
			for _, c := range r.Candidates {
				said = said || c.Verdict == dispatch.QueuedElsewhere
			}
		}
		if !said {
			t.Errorf("the log does not say that taxis are queued elsewhere: %+v", log.Rounds)
		}
	}
}

// TestTheRestIsMatchedJointly: rides that the queue has nobody for, and rides from elsewhere, are
// paired as without stands; the cheapest side looks, whichever it is.
func TestTheRestIsMatchedJointly(t *testing.T) {
	for _, more := range []int{0, 8} { // rides, so that taxis look for them
		w := newStandTown(t)
		w.arrive("A", "small")
		w.ok(w.retire("Dsmall"))
		w.taxi("tiny", w.airport(200), 2)
		a := w.taxi("east", w.at(0, -600), 4)
		b := w.taxi("west", w.at(0, 400), 4)
		big := w.ask("big", w.airport(0), 4)
		second := w.ask("second", w.airport(0), 4)
		one := w.ask("1", w.at(0, 0), 1)
		two := w.ask("2", w.at(0, 900), 1)
		for i := range more {
			w.ask(fmt.Sprintf("far%d", i), w.at(-20_000, 0), 1)
		}
		w.round()
		w.offered("DA", big)
		w.offered("Dtiny", "")
		w.offered(a, one)
		w.offered(b, two)
		w.wantQueue("A tiny") // passed over, not put back
		log, _ := w.engine.RoundLog(second)
		if more == 0 && !strings.Contains(fmt.Sprintf("%+v", log), "TooFewSeats") &&
			!strings.Contains(fmt.Sprint(log), dispatch.TooFewSeats.String()) {
			t.Errorf("the log of the second ride: %+v", log)
		}
	}
}

// retire puts a driver off duty.
func (w *standTown) retire(driver dispatch.DriverID) error {
	_, err := w.desk.SetDuty(w.ctx, w.now, w.key("driver:"+string(driver)), dispatch.SetDuty{
		Driver: driver, Taxi: "T" + dispatch.TaxiID(driver[1:]), Duty: dispatch.OffDuty,
	})
	return err
}

func TestWhoLeavesTheQueue(t *testing.T) {
	w := newStandTown(t)
	w.arrive("A", "B", "C", "D", "E")
	outside := w.at(4000, 4500)
	for range 2 {
		w.pass(time.Second)
		w.fix("A", outside)
	}
	w.stay("A")
	for range 2 {
		w.pass(time.Second)
		w.fix("A", outside)
	}
	w.wantQueue("A B C D E") // never three in a row
	w.pass(time.Second)
	w.fix("A", outside)
	w.wantQueue("B C D E")
	w.duty("DB", dispatch.Paused)
	w.wantQueue("C D E")
	w.ok(w.retire("DC"))
	w.wantQueue("D E")
	_, err := w.desk.Occupied(w.ctx, w.now, w.key("driver:DD"),
		dispatch.StreetRide{Driver: "DD", At: w.airport(0)})
	w.ok(err)
	w.wantQueue("E")
	w.pass(time.Second)
	w.fix("D", w.airport(10)) // with a rider on board
	w.duty("DB", dispatch.OnDuty)
	w.pass(time.Second)
	w.fix("B", w.airport(230))
	w.wantQueue("E B")
	w.pass(290 * time.Second) // E was last seen 9 s before
	w.fix("B", w.airport(230))
	w.wantQueue("E B")
	w.pass(2 * time.Second)
	w.wantQueue("B")
}

// TestAPlaceIsKeptUntilTheRiderIsOnBoard: who goes to a rider who then does not come has waited
// for nothing, and is where they were.
func TestAPlaceIsKeptUntilTheRiderIsOnBoard(t *testing.T) {
	for _, restart := range []bool{false, true} {
		w := newStandTown(t)
		w.arrive("A", "B", "C")
		again := func() {
			if restart {
				w.due()
				w.restart()
			}
			w.stay("A", "B", "C")
		}
		one := w.ask("1", w.airport(0), 1)
		w.round()
		w.accept("DA")
		w.wantQueue("B C")
		again()
		w.wantQueue("B C")
		_, err := w.desk.Cancel(w.ctx, w.now, w.key("rider:R1"),
			dispatch.CancelRide{Ride: one, Rider: "R1"})
		w.ok(err)
		w.wantQueue("A B C")
		two := w.ask("2", w.airport(0), 1)
		again()
		w.round()
		w.offered("DA", two)
		w.accept("DA")
		w.drive("DA", two, w.desk.Release) // their own doing
		again()
		w.wantQueue("B C A")
		w.round()
		w.offered("DB", two)
		w.accept("DB")
		w.drive("DB", two, w.desk.Arrive)
		w.drive("DB", two, w.desk.Start)
		w.wantQueue("C A")
		again()
		w.wantQueue("C A")
		_, err = w.desk.Complete(w.ctx, w.now, w.key("driver:DB"),
			dispatch.CompleteRide{Ride: two, Driver: "DB", Meter: 1300})
		w.ok(err)
		again() // still at the airport, and free
		w.wantQueue("C A B")
	}
}

func TestQueueOutlivesTheEngine(t *testing.T) {
	w := newStandTown(t, func(s *dispatch.Stand) { s.MaxTaxis = 3 })
	w.arrive("A", "B", "C", "late")
	w.wantQueue("A B C")
	one := w.ask("1", w.airport(0), 1)
	w.round()
	w.restart()
	w.offered("DA", one) // is open still
	w.pass(time.Second)
	for _, name := range []string{"C", "B", "A"} { // the phones come back in any order
		w.fix(name, w.airport(0))
	}
	w.wantQueue("A B C")
	old := w.engine
	w.restart()
	err := old.Due(w.ctx, w.now.Add(time.Hour))
	if dispatch.ReasonOf(err) != dispatch.ReasonFenced {
		t.Errorf("the replaced engine drops the queue: %v", err)
	}
	w.wantQueue("A B C")
	w.city.Stands = w.city.Stands[1:] // the airport is no stand any more
	w.restart()
	w.wantQueue("")
}

func TestRanksAreTold(t *testing.T) {
	w := newStandTown(t)
	w.arrive("A", "B", "C")
	w.due()
	last := func(driver dispatch.DriverID) dispatch.StandRank {
		t.Helper()
		all := w.ranks[driver]
		if len(all) == 0 {
			t.Fatalf("%s was told nothing", driver)
		}
		return all[len(all)-1]
	}
	if r := last("DB"); r.Rank != 2 || r.Length != 3 || r.Stand != "airport" ||
		r.EnteredAt.IsZero() || !r.At.Equal(w.now) {
		t.Errorf("B was told %+v", r)
	}
	before := len(w.ranks["DB"])
	w.due()
	w.pass(time.Second)
	w.taxi("D", w.airport(0), 4)
	w.due()
	if len(w.ranks["DB"]) != before {
		t.Error("B was told again within a few seconds")
	}
	w.ask("1", w.airport(0), 1)
	w.round()
	w.accept("DA")
	for range 5 {
		w.pass(time.Second)
		w.stay("A", "B", "C")
		w.due()
	}
	if r := last("DB"); r.Rank != 1 || r.Length != 3 || len(w.ranks["DB"]) != before+1 {
		t.Errorf("B was told %+v", w.ranks["DB"][before:])
	}
	w.duty("DC", dispatch.Paused)
	w.due()
	if r := last("DC"); r.Rank != 0 || r.Stand != "airport" {
		t.Errorf("C has paused, and was told %+v", r)
	}
	s, err := w.desk.Snapshot(w.ctx, "DB")
	w.ok(err)
	if s.Rank == nil || s.Rank.Rank != 1 || s.Rank.Length != 2 {
		t.Errorf("the snapshot of B has %+v", s.Rank)
	}
	if s, err = w.desk.Snapshot(w.ctx, "DC"); err != nil || s.Rank != nil {
		t.Errorf("the snapshot of C has %+v, %v", s.Rank, err)
	}
}

// TestQueuedTaxisDoNotGrab: a call from elsewhere is not for who is in the queue of a stand that
// keeps its taxis, and a ride of the stand is offered to its head even where all others are called.
func TestQueuedTaxisDoNotGrab(t *testing.T) {
	for _, serves := range []bool{false, true} {
		w := newStandTown(t, func(s *dispatch.Stand) { s.ServesOutside = serves })
		w.city = w.city.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
			p.Mode = dispatch.Grab
			return p
		})
		w.desk.Cities = dispatch.Cities{w.city.ID: w.city}
		w.restart()
		w.arrive("A")
		w.queue()
		grab := func() error {
			_, err := w.desk.Grab(w.ctx, w.now, w.key("driver:DA"), dispatch.GrabRide{
				Call: w.calls[len(w.calls)-1].ID, Driver: "DA", At: w.airport(250),
			})
			return err
		}
		w.ask("1", w.at(3500, 4000), 1)
		w.round()
		err := grab()
		if serves {
			w.ok(err)
			w.wantQueue("")
			continue
		}
		w.fails(err, dispatch.ReasonAtStand)
		big := w.ask("2", w.airport(0), 4)
		w.round()
		w.offered("DA", big) // not called: the queue has somebody
		w.accept("DA")
	}
}
