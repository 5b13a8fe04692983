package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
)

// TestEngineDownIsBounded: what is put down to an engine that did not run is no longer than that
// was, and what it had not written before is called not known. Seen to fail with all of it put down
// to the engine.
func TestEngineDownIsBounded(t *testing.T) {
	near := map[string][2]float64{"A": {0, 300}}
	for _, down := range []time.Duration{time.Second, 8 * time.Second, 40 * time.Second} {
		t.Run(down.String(), func(t *testing.T) {
			w := newTown(t)
			w.taxi("A", w.at(0, 300), 4)
			id := w.ask("1", w.at(0, 0), 8)
			w.live(45*time.Second, near, nil)
			w.pass(down)
			w.restart()
			w.live(time.Minute, near, nil)
			log, ok := w.engine.RoundLog(id)
			if !ok {
				t.Fatal("the engine does not know the ride")
			}
			story := dispatch.ExplainRide(dispatch.Record{Ride: w.ride(id), Log: log}, w.now)
			gone, lost := story.For(dispatch.EngineDown), story.For(dispatch.NotRecorded)
			if gone > down || gone < down-6*time.Second {
				t.Errorf("%s are put down to the engine, which was down for %s", gone, down)
			}
			if lost < 44*time.Second || lost > 52*time.Second || story.Lost != lost {
				t.Errorf("%s are not known of 45 s", lost)
			}
			if story.Cause != dispatch.TaxisTooSmall {
				t.Errorf("cause %q of %v", story.Cause, story.Spent)
			}
		})
	}
}

// TestOffersOutliveACrash: the time of an offer is told from its row, though the engine that made
// it is gone. Seen to fail without the offers in RoundLog.lapse.
func TestOffersOutliveACrash(t *testing.T) {
	w := newTown(t)
	w.taxi("A", w.at(0, 300), 4)
	id := w.ask("1", w.at(0, 0), 1)
	near := map[string][2]float64{"A": {0, 300}}
	w.live(40*time.Second, near, func() { w.answer(true, false) })
	w.restart()
	w.live(5*time.Second, near, nil)
	log, _ := w.engine.RoundLog(id)
	story := dispatch.ExplainRide(dispatch.Record{Ride: w.ride(id), Log: log}, w.now)
	var sum time.Duration
	for _, spent := range story.Spent {
		sum += spent.For()
	}
	if story.For(dispatch.DriversSilent) < 15*time.Second || sum > story.Searched ||
		story.Lost == 0 || story.Made != 1 {
		t.Errorf("%s of %s: %+v", sum, story.Searched, story)
	}
}

// TestEngineGone: of a ride of which no engine has written anything, the engine's last sign of life
// says whether any can have looked.
func TestEngineGone(t *testing.T) {
	w := newTown(t)
	w.pass(time.Minute)
	w.deaf = true
	id := w.ask("1", w.at(0, 0), 1)
	w.pass(time.Minute)
	record := w.record(id)
	story := dispatch.ExplainRide(record, w.now)
	if story.Cause != dispatch.EngineDown || story.Lost != 0 || !story.Unwatched {
		t.Errorf("no engine since it was asked for: %+v", story)
	}
	record.EngineAt = record.Ride.RequestedAt.Add(time.Second)
	story = dispatch.ExplainRide(record, w.now)
	if story.Cause != dispatch.NotRecorded || story.Lost != time.Minute {
		t.Errorf("an engine ran: %+v", story)
	}
}

// TestLeavingKeepsSearches: an engine that is left in peace has nothing to lose of a search.
func TestLeavingKeepsSearches(t *testing.T) {
	near := map[string][2]float64{"A": {0, 300}}
	w := newTown(t)
	w.taxi("A", w.at(0, 300), 4)
	id := w.ask("1", w.at(0, 0), 8)
	w.live(45*time.Second, near, nil)
	w.ok(w.engine.Leave(w.ctx, w.now))
	w.pass(30 * time.Second)
	w.restart()
	w.live(15*time.Second, near, nil)
	log, _ := w.engine.RoundLog(id)
	story := dispatch.ExplainRide(dispatch.Record{Ride: w.ride(id), Log: log}, w.now)
	if story.Lost != 0 || story.For(dispatch.EngineDown) < 25*time.Second ||
		story.For(dispatch.TaxisTooSmall) < 45*time.Second {
		t.Errorf("%+v", story.Spent)
	}
}

// TestBookingsBeginToSearch: the hours before its search are nothing that an engine has missed.
func TestBookingsBeginToSearch(t *testing.T) {
	w := newTown(t)
	w.now = w.now.Add(10 * time.Hour)
	brief := dispatch.Ride{
		ID: "booked", City: w.city.ID, Kind: dispatch.BookedRide, State: dispatch.Searching,
		Version: 2, Search: 1, Seats: 1, RequestedAt: w.now.Add(-9 * time.Hour), ChangedAt: w.now,
		SearchBy: w.now.Add(time.Hour), Pickup: dispatch.Place{Point: w.at(0, 0)},
	}
	w.engine.Nudge(dispatch.Change{Ride: &brief}, w.now)
	w.live(10*time.Second, nil, nil)
	log, ok := w.engine.RoundLog("booked")
	story := dispatch.ExplainRide(dispatch.Record{Ride: brief, Log: log}, w.now)
	if !ok || story.Cause != dispatch.NobodyOnDuty || len(story.Spent) != 1 ||
		story.Searched > time.Minute {
		t.Errorf("%q after %s: %+v", story.Cause, story.Searched, story.Spent)
	}
}
