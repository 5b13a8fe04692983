package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// river is a road east of a river, another one west of it, and a bridge 3 km north: 300 m across
// are ten minutes and a half.
func (w *town) river() *geo.Roads {
	w.t.Helper()
	var nodes strings.Builder
	nodes.WriteString("node,lat,lng\n")
	for i, p := range []geo.Point{
		w.at(0, 0), w.at(0, 600), w.at(3000, 0), w.at(3000, -300), w.at(0, -300),
	} {
		fmt.Fprintf(&nodes, "%d,%v,%v\n", i, p.Lat, p.Lng)
	}
	const edges = "from,to,travel_time_s\n0,1,60\n1,0,60\n0,2,300\n2,0,300\n2,3,30\n3,2,30\n" +
		"3,4,300\n4,3,300\n"
	g, err := geo.ReadRoads(geo.RoadFile{Name: "nodes", R: strings.NewReader(nodes.String())},
		geo.RoadFile{Name: "edges", R: strings.NewReader(edges)}, "")
	w.ok(err)
	return g
}

// onRoads is a town with a river, whose engine knows its roads.
func onRoads(t *testing.T, mode dispatch.Mode) *town {
	t.Helper()
	w := newTown(t, func(p *dispatch.Policy) { p.Mode, p.SnapM = mode, 200 })
	w.roads = geo.NewRoadTimes(w.river())
	w.restart()
	return w
}

func TestRoadsDecideWhoIsNear(t *testing.T) {
	for _, mode := range []dispatch.Mode{dispatch.Assign, dispatch.Nearest} {
		w := onRoads(t, mode)
		w.taxi("W", w.at(0, -300), 4) // as the crow flies the nearest
		e := w.taxi("E", w.at(0, 600), 4)
		ride := w.ask("1", w.at(0, 0), 1)
		w.round()
		w.offered(e, ride)
		o := w.offers[e]
		if o.PickupS != 60 || o.PickupM < 590 || o.PickupSource != geo.SourceRoad {
			t.Errorf("%s: %d m, %d s by %v, want 600 m in 60 s by road",
				mode, o.PickupM, o.PickupS, o.PickupSource)
		}
		log, _ := w.engine.RoundLog(ride)
		for _, c := range log.Rounds[0].Candidates {
			if want := map[dispatch.TaxiID]int{"TW": 630, "TE": 60}[c.Taxi]; c.PickupS != want ||
				c.Source != geo.SourceRoad {
				t.Errorf("%s: %+v, want %d s by road", mode, c, want)
			}
		}
	}
}

func TestWithoutRoadsTheLearnedTimeIsTold(t *testing.T) {
	w := newTown(t)
	a := w.taxi("W", w.at(0, -300), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	near := w.engine.Nearby(w.at(0, 0), w.now)
	w.round()
	w.offered(a, ride)
	if o := w.offers[a]; o.PickupSource != geo.SourceLearned || near.Source != geo.SourceLearned {
		t.Errorf("offer by %v, nearby by %v, want learned", o.PickupSource, near.Source)
	}
}

func TestATaxiOffTheRoadsIsTimedByTheLearnedPace(t *testing.T) {
	w := onRoads(t, dispatch.Assign)
	a := w.taxi("A", w.at(-900, 0), 4) // 900 m from the nearest node, the limit is 200
	ride := w.ask("1", w.at(0, 0), 1)
	w.round()
	w.offered(a, ride)
	if o := w.offers[a]; o.PickupSource != geo.SourceLearned || o.PickupS < 170 || o.PickupS > 190 {
		t.Errorf("%d s by %v, want 178 s learned", o.PickupS, o.PickupSource)
	}
}

func TestARoadLongerThanTheLongestPickupIsTooFar(t *testing.T) {
	w := onRoads(t, dispatch.Assign)
	w.city = w.city.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.MaxPickupS = 600
		return p
	})
	w.restart()
	w.taxi("W", w.at(0, -300), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	if stats := w.round(); stats.Offers != 0 {
		t.Errorf("%d offers", stats.Offers)
	}
	log, _ := w.engine.RoundLog(ride)
	if c := log.Rounds[0].Candidates[0]; c.Verdict != dispatch.TooFar || c.PickupS != 630 {
		t.Errorf("%+v, want 630 s: too far", c)
	}
}

func TestAQuoteSaysWhereItsTimeComesFrom(t *testing.T) {
	w := onRoads(t, dispatch.Assign)
	w.taxi("W", w.at(0, -300), 4)
	w.taxi("E", w.at(0, 600), 4)
	near := w.engine.Nearby(w.at(0, 0), w.now)
	if near.Pickup != time.Minute || near.Source != geo.SourceRoad || near.Taxis[0].Taxi != "TW" {
		t.Errorf("%+v, want a minute by road, the nearest taxi first", near)
	}
}

func TestRoadsLearnHowFullTheyAre(t *testing.T) {
	w := onRoads(t, dispatch.Assign)
	for i := range 40 { // every way to a pickup takes twice what the graph says
		name := fmt.Sprint(i)
		driver := w.taxi(name, w.at(0, 600), 4)
		w.ask(name, w.at(0, 0), 1)
		w.round()
		ride := w.accept(driver)
		w.pass(2 * time.Minute)
		w.fix(name, w.at(0, 0))
		w.drive(driver, ride, w.desk.Arrive)
		w.duty(driver, dispatch.OnDuty)
		w.drive(driver, ride, w.desk.Start)
	}
	w.taxi("last", w.at(0, 600), 4)
	if near := w.engine.Nearby(w.at(0, 0), w.now); near.Pickup < 90*time.Second {
		t.Errorf("%v after 40 drives of two minutes, want more than 90 s", near.Pickup)
	}
}

// fakeTimes is a service that answers seconds for every drive, or does what block says first.
type fakeTimes struct {
	seconds uint32
	fails   error
	block   func(ctx context.Context)
}

func (f *fakeTimes) Times(ctx context.Context, drives []geo.Estimate, snapM float64) error {
	if f.block != nil {
		f.block(ctx)
	}
	if f.fails == nil && ctx.Err() == nil {
		for i := range drives {
			drives[i].TimeMS, drives[i].Source = 1000*f.seconds, geo.SourceService
		}
	}
	return errors.Join(f.fails, ctx.Err())
}

// serviced runs a loop that asks a service, with one taxi and one ride, and returns the offer.
func serviced(t *testing.T, f *fakeTimes) (*looped, quick, dispatch.Offer) {
	t.Helper()
	l, clock, _ := newLoop(t, 1, f)
	l.ready(clock, "1")
	_, err := l.desk.Request(l.ctx, clock.Now(), l.key("rider:R1"), l.rider("R1"))
	l.ok(err)
	return l, clock, soon(t, "an offer", l.offers)
}

// rider is a new rider's request.
func (l *looped) rider(id dispatch.RiderID) dispatch.RequestRide {
	l.t.Helper()
	l.ok(l.db.Tx(l.ctx, func(tx dispatch.Tx) error {
		return tx.InsertRider(dispatch.Rider{ID: id})
	}))
	return l.request(id, l.at(0, 0), 1)
}

func TestTheLoopAsksAService(t *testing.T) {
	f := &fakeTimes{seconds: 77}
	l, clock, o := serviced(t, f)
	if o.PickupS != 77 || o.PickupSource != geo.SourceService {
		t.Errorf("%d s by %v, want the service's 77", o.PickupS, o.PickupSource)
	}
	if near := l.ready(clock, "2"); near.Pickup != 77*time.Second ||
		near.Source != geo.SourceService {
		t.Errorf("quote: %+v, want the service's 77 s", near)
	}
}

// ready puts a taxi on duty, and stands it north of the centre until the engine knows of it.
func (l *looped) ready(clock quick, name string) dispatch.Nearby {
	l.t.Helper()
	l.taxi(name, l.at(300, 0), 4)
	for {
		l.stand(name, l.at(300, 0), clock.Now())
		near, err := l.loop.Nearby(l.ctx, l.at(0, 0))
		l.ok(err)
		if len(near.Taxis) > 0 {
			return near
		}
	}
}

func TestALateServiceHoldsUpNobody(t *testing.T) {
	var hold atomic.Bool
	held := make(chan struct{}, 1)
	f := &fakeTimes{seconds: 77, block: func(ctx context.Context) {
		if hold.Load() {
			held <- struct{}{}
			<-ctx.Done()
		}
	}}
	l, clock, _ := newLoop(t, 1, f)
	l.ready(clock, "1")
	hold.Store(true)
	_, err := l.desk.Request(l.ctx, clock.Now(), l.key("rider:R1"), l.rider("R1"))
	l.ok(err)
	soon(t, "the question", held) // from now on the round waits for the service, and only the round
	if _, _, err := l.loop.RoundLog(l.ctx, "none"); err != nil {
		t.Error(err)
	}
	if o := soon(t, "an offer", l.offers); o.PickupSource != geo.SourceLearned {
		t.Errorf("by %v, want learned", o.PickupSource)
	}
}

func TestAServiceThatFailsIsToldOnce(t *testing.T) {
	broken := errors.New("broken")
	l, _, o := serviced(t, &fakeTimes{fails: broken})
	if o.PickupSource != geo.SourceLearned {
		t.Errorf("by %v, want learned", o.PickupSource)
	}
	if err := soon(t, "an error", l.failed); !errors.Is(err, broken) {
		t.Errorf("told %v", err)
	}
}
