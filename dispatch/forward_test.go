package dispatch_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

func forward(s int) func(*dispatch.Policy) {
	return func(p *dispatch.Policy) { p.ForwardS = s }
}

// onTrip lets a taxi pick up a rider where it stands and drive off to (4000, 4000).
func (w *town) onTrip(name string, at geo.Point) (dispatch.DriverID, dispatch.RideID) {
	w.t.Helper()
	driver := w.taxi(name, at, 4)
	ride := w.ask("of"+name, at, 1)
	w.round()
	w.accept(driver)
	w.drive(driver, ride, w.desk.Arrive)
	w.drive(driver, ride, w.desk.Start)
	return driver, ride
}

// nearEnd lets taxi A be so many metres south of the end of its ride, some seconds later.
func (w *town) nearEnd(southM float64) {
	w.t.Helper()
	w.pass(5 * time.Second)
	w.fix("A", w.at(4000-southM, 4000))
	w.due()
}

// takenAhead is a town in which A, with a rider on board, has taken another ride for afterwards.
func takenAhead(t *testing.T, change ...func(*dispatch.Policy)) (
	w *town, driver dispatch.DriverID, now, next dispatch.RideID,
) {
	t.Helper()
	w = newTown(t, append([]func(*dispatch.Policy){forward(120)}, change...)...)
	driver, now = w.onTrip("A", w.at(0, 0))
	w.nearEnd(400)
	next = w.ask("2", w.at(4300, 4000), 1)
	w.round()
	w.offered(driver, next)
	w.accept(driver)
	return w, driver, now, next
}

func TestATaxiThatIsFreeSoonIsOffered(t *testing.T) {
	w := newTown(t, forward(120))
	a, now := w.onTrip("A", w.at(0, 0))
	next := w.ask("2", w.at(4300, 4000), 1)
	w.nearEnd(2500)
	if stats := w.round(); stats.Offers != 0 {
		t.Fatal("offered to a taxi that is not free soon")
	}
	w.nearEnd(400)
	w.round()
	w.offered(a, next)
	o := w.offers[a]
	if o.After != now || o.AfterS < 30 || o.AfterS > 120 || o.PickupS <= o.AfterS ||
		o.PickupM < 290 || o.PickupM > 310 {
		t.Errorf("offer %+v: want it after %s, with the way from where that ends", o, now)
	}
	log, _ := w.engine.RoundLog(next)
	if c := log.Rounds[0].Candidates[0]; c.AfterS != o.AfterS || c.Verdict != dispatch.Chosen ||
		c.CostS <= c.PickupS {
		t.Errorf("logged %+v, want what the offer says, and a cost with its doubt", c)
	}
	if got := w.accept(a); got != next {
		t.Fatalf("took %s", got)
	}
	r := w.ride(next)
	if r.Slot != dispatch.SlotNext || r.State != dispatch.Assigned ||
		!r.ExpectedAt.Equal(o.PickupAt()) {
		t.Errorf("ride is %s in slot %q, expected %s", r.State, r.Slot, r.ExpectedAt)
	}
	if told := w.rides[next]; told.Slot != dispatch.SlotNext || told.Driver != a {
		t.Errorf("the rider was told %+v", told)
	}
	snapshot, err := w.desk.Snapshot(w.ctx, a)
	w.ok(err)
	if snapshot.Ride == nil || snapshot.Ride.ID != now || snapshot.Next == nil ||
		snapshot.Next.ID != next {
		t.Errorf("snapshot %+v, want both rides", snapshot)
	}
}

func TestForwardDispatchIsOffByDefault(t *testing.T) {
	for name, change := range map[string]func(*dispatch.Policy){
		"default": func(*dispatch.Policy) {},
		"nearest": func(p *dispatch.Policy) { p.Mode, p.ForwardS = dispatch.Nearest, 900 },
	} {
		w := newTown(t, change)
		w.onTrip("A", w.at(0, 0))
		w.ask("2", w.at(4300, 4000), 1)
		w.nearEnd(100)
		if stats := w.round(); stats.Offers != 0 {
			t.Errorf("%s: offered to a busy taxi", name)
		}
	}
}

func TestAnIdleTaxiThatIsSoonerGoesFirst(t *testing.T) {
	w := newTown(t, forward(300))
	w.onTrip("A", w.at(0, 0))
	w.nearEnd(400)
	b := w.taxi("B", w.at(4500, 4000), 4)
	ride := w.ask("2", w.at(4300, 4000), 1)
	w.round()
	w.offered(b, ride)
}

func TestTheNextRideBecomesTheCurrentOne(t *testing.T) {
	w, a, now, next := takenAhead(t)
	_, err := w.desk.Arrive(w.ctx, w.now, w.key("driver:DA"),
		dispatch.DriveRide{Ride: next, Driver: a})
	w.fails(err, dispatch.ReasonDriverBusy)
	w.ask("3", w.at(4100, 4000), 1)
	w.nearEnd(100)
	if stats := w.round(); stats.Offers != 0 {
		t.Error("a driver with a next ride was offered another one")
	}
	w.complete(a, now)
	if r := w.ride(next); r.Slot != dispatch.SlotCurrent || r.State != dispatch.Assigned {
		t.Fatalf("the next ride is %s in slot %q", r.State, r.Slot)
	}
	if n := w.engine.Counts(); n.Busy != 1 || n.Idle != 0 {
		t.Errorf("%+v: the driver is idle between two rides", n)
	}
	w.drive(a, next, w.desk.Arrive)
	w.drive(a, next, w.desk.Start)
	w.complete(a, next)
	if n := w.engine.Counts(); n.Busy != 0 || n.Idle != 1 {
		t.Errorf("%+v: the driver is busy after both", n)
	}
}

// TestALateYesIsForNow: the offer was made during the trip, the yes comes after it.
func TestALateYesIsForNow(t *testing.T) {
	w := newTown(t, forward(120))
	a, now := w.onTrip("A", w.at(0, 0))
	w.nearEnd(400)
	next := w.ask("2", w.at(4300, 4000), 1)
	w.round()
	w.offered(a, next)
	w.complete(a, now)
	w.accept(a)
	if r := w.ride(next); r.Slot != dispatch.SlotCurrent {
		t.Errorf("in slot %q", r.Slot)
	}
	w.drive(a, next, w.desk.Arrive)
}

// TestTheNextRideIsGivenBack: whatever keeps the driver from it, it searches at once, without them,
// and the rider is told.
func TestTheNextRideIsGivenBack(t *testing.T) {
	for name, test := range map[string]struct {
		fail   func(w *town, a dispatch.DriverID, now, next dispatch.RideID)
		reason string
		by     dispatch.Side
	}{
		"late": {func(w *town, _ dispatch.DriverID, _, _ dispatch.RideID) {
			for range 20 { // stands in a jam
				w.nearEnd(1500)
			}
		}, dispatch.EndLate, dispatch.SideSystem},
		"late, and the phone is silent": {func(w *town, _ dispatch.DriverID, _, _ dispatch.RideID) {
			w.pass(10 * time.Minute)
			w.due()
		}, dispatch.EndLate, dispatch.SideSystem},
		"breaks down": {func(w *town, a dispatch.DriverID, now, _ dispatch.RideID) {
			_, err := w.desk.BreakDown(w.ctx, w.now, w.key("driver:DA"), dispatch.DriveRide{
				Ride: now, Driver: a, At: dispatch.Place{Point: w.at(3500, 4000)},
			})
			w.ok(err)
		}, dispatch.EndBreakDown, dispatch.SideSystem},
		"released": {func(w *town, a dispatch.DriverID, _, next dispatch.RideID) {
			w.drive(a, next, w.desk.Release)
		}, "", dispatch.SideDriver},
	} {
		t.Run(name, func(t *testing.T) {
			w, a, now, next := takenAhead(t, func(p *dispatch.Policy) { p.ForwardLateS = 60 })
			test.fail(w, a, now, next)
			r := w.rides[next]
			if r.State != dispatch.Searching || r.Driver != "" || r.Slot != "" ||
				r.EndReason != test.reason || r.EndedBy != test.by || !r.ExpectedAt.IsZero() {
				t.Fatalf("the rider was told %s in slot %q by %s: %q",
					r.State, r.Slot, r.EndedBy, r.EndReason)
			}
			w.nearEnd(200)
			w.round()
			w.offered(a, "")
			b := w.taxi("B", w.at(4300, 3900), 4)
			w.round()
			w.offered(b, next)
		})
	}
}

// TestARideThatIsInTimeStays: a driver who is a little late keeps the next ride.
func TestARideThatIsInTimeStays(t *testing.T) {
	w, _, _, next := takenAhead(t)
	for range 20 {
		w.nearEnd(400)
	}
	if r := w.ride(next); r.Slot != dispatch.SlotNext {
		t.Errorf("%s in slot %q after 100 s, %q", r.State, r.Slot, r.EndReason)
	}
}

// TestSilenceAtTheWheel: an offer that is not answered during a trip does not count towards going
// off duty, and is the last one of that trip.
func TestSilenceAtTheWheel(t *testing.T) {
	w := newTown(t, forward(300), func(p *dispatch.Policy) { p.SilentLimit = 1 })
	a, now := w.onTrip("A", w.at(0, 0))
	w.nearEnd(600)
	w.ask("2", w.at(4300, 4000), 1)
	w.round()
	w.ok(w.desk.Delivered(w.ctx, w.now, w.offers[a].ID, a))
	w.pass(16 * time.Second)
	w.due()
	if len(w.shifts) != 0 {
		t.Fatalf("the driver was put off duty with a rider on board: %+v", w.shifts)
	}
	third := w.ask("3", w.at(4200, 4000), 1)
	w.nearEnd(100)
	w.round()
	w.offered(a, "")
	w.complete(a, now)
	w.fix("A", w.at(4000, 4000))
	w.pass(time.Second)
	w.round()
	w.offered(a, third)
}

// TestAnEngineThatIsBegunAnewKnowsBothRides reads them from rows.
func TestAnEngineThatIsBegunAnewKnowsBothRides(t *testing.T) {
	w, a, now, next := takenAhead(t)
	w.restart()
	w.nearEnd(100)
	w.ask("3", w.at(4100, 4000), 1)
	if stats := w.round(); stats.Offers != 0 {
		t.Error("a driver with two rides was offered a third one")
	}
	w.deaf = true // the completion is found in the rows
	w.complete(a, now)
	w.deaf = false
	w.pass(6 * time.Second)
	w.due()
	w.drive(a, next, w.desk.Arrive)
	if n := w.engine.Counts(); n.Busy != 1 {
		t.Errorf("%+v, want a busy driver", n)
	}
}

// TestForwardCandidates compares the candidates of a round with those that a look at every taxi
// finds: the nearest idle ones and the nearest that are free soon, by when they are there.
func TestForwardCandidates(t *testing.T) {
	const most = 6
	soon := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 7))
		w := newTown(t, forward(240), func(p *dispatch.Policy) { p.Candidates = most })
		idle, ending := w.scatter(rng)
		w.pass(time.Second)
		w.due()
		pickup := w.at(3500+rng.Float64()*1000, 3500+rng.Float64()*1000)
		ride := w.ask("x", pickup, 1)
		w.round()
		log, _ := w.engine.RoundLog(ride)
		var got []string
		for _, c := range log.Rounds[0].Candidates {
			got = append(got, fmt.Sprintf("%s after=%v", c.Taxi, c.AfterS > 0))
			soon += min(c.AfterS, 1)
		}
		want := w.nearestOf(pickup, most, idle, ending)
		if !slices.Equal(got, want) {
			t.Errorf("seed %d: got %v\nwant %v", seed, got, want)
		}
	}
	if soon < 20 {
		t.Errorf("%d candidates were free soon: too few to prove anything", soon)
	}
}

// leg is where a busy taxi is, and where its ride ends.
type leg struct{ at, end geo.Point }

// scatter puts idle taxis and such with a rider on board around (4000, 4000).
func (w *town) scatter(rng *rand.Rand) (
	idle map[dispatch.TaxiID]geo.Point, ending map[dispatch.TaxiID]leg,
) {
	idle, ending = map[dispatch.TaxiID]geo.Point{}, map[dispatch.TaxiID]leg{}
	around := func(m float64) geo.Point {
		return w.at(4000+rng.NormFloat64()*m, 4000+rng.NormFloat64()*m)
	}
	for i := range 10 {
		name := fmt.Sprint("busy", i)
		w.to = around(800)
		w.onTrip(name, w.at(float64(i)*10, 0))
		l := leg{at: around(1500), end: w.to}
		w.pass(time.Second)
		w.fix(name, l.at)
		ending["T"+dispatch.TaxiID(name)] = l
	}
	for i := range 6 {
		name := fmt.Sprint("idle", i)
		at := w.at(4000+rng.NormFloat64()*1500, 4000+rng.NormFloat64()*1500)
		w.taxi(name, at, 4)
		idle["T"+dispatch.TaxiID(name)] = at
	}
	return idle, ending
}

// nearestOf is what the round should consider, slowly: by when each taxi is there at the pace that
// nothing has been learned of.
func (w *town) nearestOf(
	pickup geo.Point, most int, idle map[dispatch.TaxiID]geo.Point,
	ending map[dispatch.TaxiID]leg,
) []string {
	const alighting = 30 // s
	pace := geo.DefaultDetour / geo.DefaultSpeedMPS
	type candidate struct {
		name string
		m, s float64
	}
	var all [2][]candidate
	for taxi, at := range idle {
		m := geo.DistanceM(at, pickup)
		all[0] = append(all[0], candidate{string(taxi) + " after=false", m, m * pace})
	}
	for taxi, l := range ending {
		rest := geo.DistanceM(l.at, l.end)*pace + alighting
		if rest > 240 {
			continue
		}
		m := geo.DistanceM(l.end, pickup)
		all[1] = append(all[1], candidate{string(taxi) + " after=true", m, m*pace + rest})
	}
	var list []candidate
	for _, some := range all {
		slices.SortStableFunc(some, func(a, b candidate) int {
			return cmp.Compare(a.m, b.m)
		})
		list = append(list, some[:min(most, len(some))]...)
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(a.s, b.s) })
	var names []string
	for _, c := range list[:min(most, len(list))] {
		names = append(names, c.name)
	}
	return names
}
