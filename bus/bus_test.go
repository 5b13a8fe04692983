package bus

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// TestConformance runs the suite on every kind of bus.
func TestConformance(t *testing.T) {
	for _, kind := range backends() {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			for name, test := range map[string]func(t *testing.T, open func() *Bus){
				"frames":             testFrames,
				"nudges":             testNudges,
				"notices":            testNotices,
				"calls":              testCalls,
				"replaced":           testReplaced,
				"replaced at once":   testReplacedAtOnce,
				"watch":              testWatch,
				"watch stops":        testWatchStops,
				"nearby":             testNearby,
				"nearby errors":      testNearbyErrors,
				"nearby in vain":     testNearbyInVain,
				"engine moves":       testEngineMoves,
				"garbage":            testGarbage,
				"slow reader":        testSlowReader,
				"closed":             testClosed,
				"events":             testEvents,
				"events of two":      testEventsOfTwo,
				"events in order":    testEventsInOrder,
				"events acked first": testEventsAckedFirst,
				"events read":        testEventsRead,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t, kind.start(t))
				})
			}
		})
	}
}

// city is an engine that hands on what it gets.
type city struct {
	frames  chan []dispatch.Report
	changes chan dispatch.Change
	nearby  func(ctx context.Context, at geo.Point) (dispatch.Nearby, error)
}

func newCity() *city {
	return &city{
		frames: make(chan []dispatch.Report, 1024), changes: make(chan dispatch.Change, 1024),
	}
}

func (c *city) Frame(reports []dispatch.Report) { c.frames <- slices.Clone(reports) }

func (c *city) Change(change dispatch.Change) { c.changes <- change }

func (c *city) Nearby(ctx context.Context, at geo.Point) (dispatch.Nearby, error) {
	return c.nearby(ctx, at)
}

func serve(t testing.TB, b *Bus, id dispatch.CityID, e Engine) (stop func()) {
	t.Helper()
	stop, err := b.Serve(id, e)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return stop
}

var noon = time.Date(2013, 5, 7, 12, 0, 0, 5e6, time.UTC)

func reportsOf(n int, r *rand.Rand) []dispatch.Report {
	reports := make([]dispatch.Report, n)
	for i := range reports {
		reports[i] = dispatch.Report{
			Taxi: dispatch.TaxiID(fmt.Sprintf("T%06d", i)),
			Fix: geo.Fix{
				Point:    geo.Point{Lat: 39 + r.Float64(), Lng: 116 + r.Float64()},
				At:       noon.Add(time.Duration(r.IntN(60_000)) * time.Millisecond),
				SpeedMPS: r.Float32() * 30, HeadingDeg: r.Float32() * 360,
				AccuracyM: r.Float32() * 100,
			},
		}
	}
	return reports
}

func ride(id string) dispatch.Ride {
	return dispatch.Ride{
		ID: dispatch.RideID(id), City: "beijing", Kind: dispatch.Hailed, State: dispatch.Assigned,
		Version: 3, Search: 1, Rider: "R1", Seats: 2, PayBy: "wechat", Tip: 500,
		Pickup:  dispatch.Place{Point: geo.Point{Lat: 39.9, Lng: 116.4}, Name: "东门", Note: "gate"},
		Dropoff: dispatch.Place{Point: geo.Point{Lat: 40, Lng: 116.5}},
		Quote:   dispatch.Quote{Low: 1300, High: 2100, Pickup: 4 * time.Minute, DistanceM: 5000},
		Driver:  "D1", Taxi: "T1", Slot: dispatch.SlotCurrent,
		RequestedAt: noon, SearchBy: noon.Add(time.Minute), ClaimedAt: noon, ChangedAt: noon,
		Fare: dispatch.Fare{
			Meter: 1300, State: dispatch.FareAsked,
			Lines: []money.FareLine{{Code: money.LineFlagFall, Amount: 1300}},
		},
		Subsidy: money.Subsidy{Campaign: "c", Version: 1, Rider: 10, Reason: money.SubsidyGranted},
		EndedBy: dispatch.SideDriver, EndReason: "flat tyre",
	}
}

func offer() *dispatch.Offer {
	return &dispatch.Offer{
		ID: "O1", City: "beijing", Ride: "X1", Search: 1, Driver: "D1", Taxi: "T1",
		State: dispatch.OfferOpen, Round: 2, PickupM: 300, PickupS: 60, MadeAt: noon,
		ExpiresAt: noon.Add(15 * time.Second), ChangedAt: noon,
	}
}

func shift() *dispatch.Shift {
	return &dispatch.Shift{
		Driver: "D1", Taxi: "T1", City: "beijing", Seats: 4, Duty: dispatch.OffDuty,
		ChangedAt: noon,
	}
}

func testFrames(t *testing.T, open func() *Bus) {
	edge, home := open(), open()
	here, elsewhere := newCity(), newCity()
	serve(t, home, "beijing", here)
	serve(t, home, "new york", elsewhere)
	r := rand.New(rand.NewPCG(1, 2))
	small, big := reportsOf(3, r), reportsOf(20_000, r)
	small[1].Taxi = "" // left out, and counted
	for _, reports := range [][]dispatch.Report{small, big, nil} {
		if err := edge.Frame("beijing", reports); err != nil {
			t.Fatal(err)
		}
	}
	want := append([]dispatch.Report{small[0], small[2]}, big...)
	var got []dispatch.Report
	messages := 0
	for ; len(got) < len(want); messages++ {
		got = append(got, next(t, "a frame", here.frames)...)
	}
	if !slices.EqualFunc(got, want, sameReport) {
		t.Error("the reports differ from those sent")
	}
	if size := len(want) * 52; messages != 1+(size+maxFrameBytes-1)/maxFrameBytes {
		t.Errorf("%d messages for some %d bytes", messages, size)
	}
	settle(t, edge, home)
	if len(elsewhere.frames) > 0 {
		t.Error("another city has heard")
	}
	if edge.Stats().Refused != 1 || edge.Stats().Dropped != 0 {
		t.Errorf("%+v", edge.Stats())
	}
}

func sameReport(a, b dispatch.Report) bool {
	at := a.Fix.At.Equal(b.Fix.At)
	a.Fix.At, b.Fix.At = time.Time{}, time.Time{}
	return at && a == b
}

func testNudges(t *testing.T, open func() *Bus) {
	edge, home := open(), open()
	here, elsewhere := newCity(), newCity()
	serve(t, home, "beijing", here)
	serve(t, edge, "hangzhou", elsewhere)
	one := ride("X1")
	for _, want := range []dispatch.Change{
		{City: "beijing", Ride: &one},
		{City: "beijing", Offer: offer()},
		{City: "beijing", Shift: shift()},
		{City: "beijing", Call: call()},
	} {
		edge.Nudge(t.Context(), want)
		if got := next(t, "a nudge", here.changes); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	settle(t, edge, home)
	if len(elsewhere.changes) > 0 {
		t.Error("another city has heard")
	}
}

func call() *dispatch.Call {
	return &dispatch.Call{
		ID: "C1", City: "beijing", Ride: "X1", Search: 1, State: dispatch.CallOpen, Round: 2,
		Pickup: geo.Point{Lat: 39.9, Lng: 116.4}, RadiusM: 1500, Seats: 1, Taxis: 3,
		Except: []dispatch.DriverID{"D9"}, MadeAt: noon, ExpiresAt: noon.Add(20 * time.Second),
		ChangedAt: noon,
	}
}

// testCalls: every node hears the calls of the cities that it listens to, until it stops.
func testCalls(t *testing.T, open func() *Bus) {
	home, edge := open(), open()
	heard, elsewhere := make(chan dispatch.Call, 9), make(chan dispatch.Call, 9)
	stop, err := edge.Calls("beijing", func(c dispatch.Call) { heard <- c })
	if err != nil {
		t.Fatal(err)
	}
	stopOther, err := edge.Calls("hangzhou", func(c dispatch.Call) { elsewhere <- c })
	if err != nil {
		t.Fatal(err)
	}
	defer stopOther()
	settle(t, edge, home)
	want := *call()
	for _, state := range []dispatch.CallState{dispatch.CallOpen, dispatch.CallGrabbed} {
		want.State = state
		home.Announce(t.Context(), want)
		if got := next(t, "a call", heard); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
	stop()
	home.Announce(t.Context(), want)
	settle(t, home, edge)
	if len(heard)+len(elsewhere) > 0 {
		t.Error("heard after the end, or of another city")
	}
}

func testEngineMoves(t *testing.T, open func() *Bus) {
	edge, old, fresh := open(), open(), open()
	before, after := newCity(), newCity()
	stop := serve(t, old, "beijing", before)
	edge.Nudge(t.Context(), dispatch.Change{City: "beijing", Shift: shift()})
	next(t, "a nudge", before.changes)
	stop()
	stop()
	serve(t, fresh, "beijing", after)
	edge.Nudge(t.Context(), dispatch.Change{City: "beijing", Shift: shift()})
	next(t, "a nudge after the move", after.changes)
	settle(t, edge, old)
	if len(before.changes) > 0 {
		t.Error("the old engine was called after stop")
	}
}

// testGarbage: what is no message of ours, on any subject, is refused and counted, and what comes
// after it is heard.
func testGarbage(t *testing.T, open func() *Bus) {
	b := open()
	one, here := ride("X1"), newCity()
	serve(t, b, "beijing", here)
	p := listen(t, b, "D1", "s1")
	updates, _ := watchRide(t, b, one)
	calls := make(chan dispatch.Call, 9)
	if _, err := b.Calls("beijing", func(c dispatch.Call) { calls <- c }); err != nil {
		t.Fatal(err)
	}
	settle(t, b)
	subjects := []string{
		callSubject("beijing"), locSubject("beijing"), nudgeSubject("beijing"),
		quoteSubject("beijing"),
		pushSubject("beijing", "D1"), sessionSubject("D1"), rideSubject("beijing", "X1"),
		posSubject("beijing", "X1"),
	}
	bad := []string{
		"\xff", "{", `[1]`, `{"City":5}`, strings.Repeat("[", 20_000), `{"State":"no"}`,
		`{"City":"beijing",
			"Offer":{"ID":"O","Ride":"X","Driver":"D1","City":"beijing","State":99}}`,
		`{"Driver":"D1","Shift":{"Driver":"D1","City":"beijing","Duty":-7}}`,
		`{"rank":9223372036854775807,"session":"z","node":"n"}`,
		`{"ID":"X1","City":"beijing","State":"assigned","Kind":77}`,
		`{"ID":"C1","City":"beijing","Ride":"X1","State":9}`,
	}
	for _, subject := range subjects {
		for _, data := range bad {
			if err := b.nc.Publish(subject, []byte(data)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := b.nc.Publish(b.askers.prefix+"zz", []byte("nobody asked")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all garbage is counted", func() bool {
		return b.Stats().Refused == uint64(len(subjects)*len(bad))
	})
	b.Nudge(t.Context(), dispatch.Change{City: "beijing", Shift: shift()})
	b.Push(t.Context(), dispatch.Notice{Driver: "D1", Shift: shift()})
	b.Tell(t.Context(), one)
	next(t, "a nudge after the garbage", here.changes)
	next(t, "a notice after the garbage", p.notices)
	next(t, "an update after the garbage", updates)
	if len(calls)+len(here.frames)+len(here.changes)+len(p.notices)+len(updates) > 0 ||
		p.replaced.Load() > 0 {
		t.Error("garbage got through")
	}
}

// testSlowReader: an engine that stands still loses messages, which are counted; others lose none.
func testSlowReader(t *testing.T, open func() *Bus) {
	b := open()
	stuck, brisk := newCity(), newCity()
	stuck.changes = make(chan dispatch.Change)
	serve(t, b, "stuck", stuck)
	serve(t, b, "beijing", brisk)
	b.tracked.mu.Lock()
	for sub := range b.tracked.subs {
		if err := sub.SetPendingLimits(100, maxPendingBytes); err != nil {
			t.Error(err)
		}
	}
	b.tracked.mu.Unlock()
	stand := shift()
	stand.City = "stuck"
	for range 500 {
		b.Nudge(t.Context(), dispatch.Change{City: "stuck", Shift: stand})
	}
	b.Nudge(t.Context(), dispatch.Change{City: "beijing", Shift: shift()})
	next(t, "a nudge for the brisk engine", brisk.changes)
	eventually(t, "losses are counted", func() bool {
		s := b.Stats()
		return s.Missed >= 390 && s.Missed <= 400 && s.SlowReaders >= 1
	})
	done := make(chan struct{})
	go func() { // let it go on, so that it can be stopped
		for {
			select {
			case <-stuck.changes:
			case <-done:
				return
			}
		}
	}()
	t.Cleanup(func() { close(done) })
	settle(t, b)
}

func testClosed(t *testing.T, open func() *Bus) {
	b := open()
	p := listen(t, b, "D1", "s1")
	updates, stop := watchRide(t, b, ride("X1"))
	if err := b.Ready(); err != nil {
		t.Fatal(err)
	}
	b.Tell(t.Context(), ride("X1"))
	for range 2 {
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(updates) != 1 {
		t.Errorf("%d updates: what was sent before Close is to be heard", len(updates))
	}
	stop()
	p.stop()
	b.Push(t.Context(), dispatch.Notice{Driver: "D1", Shift: shift()})
	_, listening := b.Listen("D1", "s2", nil, nil)
	_, watching := b.Watch(ride("X1").Brief(), nil)
	_, serving := b.Serve("beijing", newCity())
	_, asking := b.Nearby(t.Context(), "beijing", geo.Point{})
	for what, err := range map[string]error{
		"Ready": b.Ready(), "Frame": b.Frame("beijing", reportsOf(1, rand.New(rand.NewPCG(1, 1)))),
		"Position": b.Position("beijing", "X1", geo.Fix{}), "Listen": listening,
		"Watch": watching, "Serve": serving, "Nearby": asking,
		"Relay": b.Relay(t.Context(), &outbox{}, nil),
	} {
		if dispatch.KindOf(err) != dispatch.Unavailable {
			t.Errorf("%s after Close: %v", what, err)
		}
	}
	if b.Stats().Dropped != 1 {
		t.Errorf("%d dropped, not the one push", b.Stats().Dropped)
	}
}
