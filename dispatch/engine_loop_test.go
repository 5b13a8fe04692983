package dispatch_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// quick is a city clock at so many times the machine's.
type quick struct {
	epoch, start time.Time
	rate         float64
}

func (q quick) Now() time.Time {
	return q.epoch.Add(time.Duration(float64(time.Since(q.start)) * q.rate))
}

func (q quick) Wait(at time.Time) time.Duration {
	return max(0, time.Duration(float64(at.Sub(q.Now()))/q.rate))
}

// looped hears for a loop in its own goroutine: nudges go into its inbox, offers into a channel.
type looped struct {
	*town
	loop   *dispatch.Loop
	offers chan dispatch.Offer
	failed chan error
}

func (l *looped) Nudge(_ context.Context, c dispatch.Change) { l.loop.Change(c) }
func (l *looped) Tell(context.Context, dispatch.Ride)        {}
func (l *looped) Push(_ context.Context, n dispatch.Notice) {
	if n.Offer != nil {
		l.offers <- *n.Offer
	}
}

// newLoop is a town whose engine runs on its own, at a rate.
func newLoop(
	t *testing.T, rate float64, service ...dispatch.Times,
) (l *looped, clock quick, ended chan error) {
	t.Helper()
	l = &looped{
		town: newTown(t), offers: make(chan dispatch.Offer, 100), failed: make(chan error, 100),
	}
	var ids sync.Mutex
	n := 0
	l.desk.NewID = func(time.Time) string {
		ids.Lock()
		defer ids.Unlock()
		n++
		return fmt.Sprintf("loop%05d", n)
	}
	clock = quick{epoch: l.now, start: time.Now(), rate: rate}
	engine, err := dispatch.NewEngine(l.ctx, dispatch.EngineConfig{
		City: l.city, Store: l.db, Hints: l, Listener: l, NewID: l.desk.NewID,
	}, l.now)
	l.ok(err)
	l.desk.Hints = l
	l.loop = dispatch.NewLoop(engine, clock, func(_ string, err error) { l.failed <- err })
	for _, s := range service {
		l.loop.Ask(s)
	}
	ctx, stop := context.WithCancel(l.ctx)
	ended = make(chan error, 1)
	go func() { ended <- l.loop.Run(ctx) }()
	t.Cleanup(stop)
	return l, clock, ended
}

// soon receives, or fails after ten seconds.
func soon[T any](t *testing.T, what string, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(10 * time.Second):
		t.Fatal("waited in vain for ", what)
	}
	return got
}

func (l *looped) stand(name string, at geo.Point, now time.Time) {
	l.loop.Frame([]dispatch.Report{{
		Taxi: "T" + dispatch.TaxiID(name), Fix: geo.Fix{Point: at, At: now},
	}})
}

func TestLoopOffersExpiresAndAnswers(t *testing.T) {
	l, clock, _ := newLoop(t, 30)
	driver := l.taxi("1", l.at(300, 0), 4)
	l.stand("1", l.at(300, 0), clock.Now())
	for { // until the nudge of the shift and the position have arrived
		near, err := l.loop.Nearby(l.ctx, l.at(0, 0))
		l.ok(err)
		if len(near.Taxis) == 1 && near.Taxis[0].Taxi == "T1" && near.Pickup > 0 {
			break
		}
		l.stand("1", l.at(300, 0), clock.Now())
	}
	l.now = clock.Now()
	ride := l.ask("1", l.at(0, 0), 1)
	if o := soon(t, "an offer", l.offers); o.Ride != ride || o.Driver != driver {
		t.Fatalf("offered %+v", o)
	}
	if log, ok, err := l.loop.RoundLog(l.ctx, ride); err != nil || !ok || len(log.Rounds) != 1 {
		t.Errorf("the log of a searching ride: %+v %v %v", log, ok, err)
	}
	// Nobody answers: half a second later, 15 s of the city's, the offer has ended.
	if o := soon(t, "its end", l.offers); o.State != dispatch.OfferExpired {
		t.Errorf("the offer is %s", o.State)
	}
	select {
	case err := <-l.failed:
		t.Error(err)
	default:
	}
}

func TestLoopEndsWhenAnotherEngineTakesTheCity(t *testing.T) {
	l, _, ended := newLoop(t, 30)
	_, err := l.db.TakeCity(l.ctx, l.city.ID)
	l.ok(err)
	if err := soon(t, "the end", ended); dispatch.ReasonOf(err) != dispatch.ReasonFenced {
		t.Errorf("ended with %v", err)
	}
}

func TestLoopEndsWithItsContext(t *testing.T) {
	town := newTown(t)
	loop := dispatch.NewLoop(town.engine, quick{town.now, time.Now(), 1}, nil)
	ctx, stop := context.WithCancel(town.ctx)
	stop()
	if err := loop.Run(ctx); err != nil {
		t.Error(err)
	}
	// Nobody empties the inbox any more: it fills up to its limits, and says so.
	for range dispatch.MaxChanges + 7 {
		loop.Change(dispatch.Change{City: town.city.ID})
	}
	for i := range 3 * dispatch.MaxPending / 1000 {
		frame := make([]dispatch.Report, 1000)
		for k := range frame {
			frame[k].Taxi = dispatch.TaxiID(fmt.Sprint(k))
			frame[k].Fix.HeadingDeg = float32(i)
		}
		loop.Frame(frame)
	}
	gone, cancel := context.WithCancel(town.ctx)
	cancel()
	for range dispatch.MaxQuestions {
		if _, err := loop.Nearby(gone, town.at(0, 0)); dispatch.KindOf(err) != dispatch.CallerGone {
			t.Fatalf("a caller who went away: %v", err)
		}
	}
	_, err := loop.Nearby(town.ctx, town.at(0, 0))
	if dispatch.ReasonOf(err) != dispatch.ReasonTooManyQuestions {
		t.Errorf("one question too many: %v", err)
	}
	load := loop.Load()
	if load.Changes != dispatch.MaxChanges || load.Reports > dispatch.MaxPending ||
		load.Questions != dispatch.MaxQuestions || load.Lost < 7 {
		t.Errorf("the inbox holds %+v", load)
	}
}

// What was done while cut off has its own time, if that can be.
func TestDidIsWhenThePhoneSays(t *testing.T) {
	w := newTown(t)
	driver := w.taxi("1", w.at(200, 0), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.round()
	w.accept(driver)
	claimed := w.now
	w.pass(10 * time.Minute)
	tell := func(command driveCommand, did time.Time) {
		_, err := command(w.ctx, w.now, w.key("driver:D1"),
			dispatch.DriveRide{Ride: ride, Driver: driver, Did: did})
		w.ok(err)
	}
	tell(w.desk.Arrive, claimed.Add(2*time.Minute))
	if r := w.ride(ride); !r.ArrivedAt.Equal(claimed.Add(2*time.Minute)) ||
		!r.ChangedAt.Equal(w.now) {
		t.Errorf("arrived at %s, changed at %s", r.ArrivedAt, r.ChangedAt)
	}
	// Before the arrival is no time to start: then it is now.
	tell(w.desk.Start, claimed.Add(time.Minute))
	if r := w.ride(ride); !r.StartedAt.Equal(w.now) {
		t.Errorf("started at %s, want now", r.StartedAt)
	}
	w.pass(time.Minute)
	_, err := w.desk.Complete(w.ctx, w.now, w.key("driver:D1"), dispatch.CompleteRide{
		Ride: ride, Driver: driver, Meter: 1300, Did: w.now.Add(time.Hour),
	})
	w.ok(err)
	if r := w.ride(ride); !r.CompletedAt.Equal(w.now) {
		t.Errorf("completed at %s, want now and not in the future", r.CompletedAt)
	}
}
