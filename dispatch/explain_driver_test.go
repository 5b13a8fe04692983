package dispatch_test

import (
	"context"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// idle is a town in which one driver gets no rides, or not many, for one reason.
type idle struct {
	name      string
	hindrance dispatch.Hindrance
	mode      dispatch.Mode
	run       func(w *town)
}

// every calls do every so many seconds of a town's life.
func every(seconds int, do func(n int)) func() {
	n := 0
	return func() {
		if n++; n%seconds == 0 {
			do(n / seconds)
		}
	}
}

// rides has a rider ask for a taxi every twenty seconds, so far north.
func rides(w *town, northM float64, seats int) func() {
	return every(20, func(n int) { w.ask(string(rune('a'+n)), w.at(northM, 0), seats) })
}

// absents are the towns in which the driver was no candidate.
func absents() []idle {
	at := map[string][2]float64{"A": {0, 300}}
	return []idle{
		{name: "was off", hindrance: dispatch.WasOff, run: func(w *town) {
			w.duty(w.taxi("A", w.at(0, 300), 4), dispatch.OffDuty)
			w.live(5*time.Minute, nil, nil)
		}},
		{name: "was busy", hindrance: dispatch.WasBusy, run: func(w *town) {
			w.taxi("A", w.at(0, 300), 4)
			w.carry("A")
			w.live(5*time.Minute, at, rides(w, 0, 1))
		}},
		{name: "was paused", hindrance: dispatch.WasPaused, run: func(w *town) {
			w.duty(w.taxi("A", w.at(0, 300), 4), dispatch.Paused)
			w.live(5*time.Minute, at, rides(w, 0, 1))
		}},
		{name: "was silent", hindrance: dispatch.WasSilent, run: func(w *town) {
			w.taxi("A", w.at(0, 300), 4)
			w.live(5*time.Minute, nil, rides(w, 0, 1))
		}},
		{name: "unplaced", hindrance: dispatch.WasSilent, run: func(w *town) {
			w.taxi("A", w.at(0, 300), 4)
			w.live(10*time.Second, at, nil)
			w.restart()
			w.live(time.Minute, nil, nil)
		}},
		{name: "no logs", hindrance: dispatch.NoLogs, run: func(w *town) {
			w.deaf = true
			w.taxi("A", w.at(0, 300), 4)
			w.pass(3 * time.Minute)
		}},
	}
}

// presents are the towns in which the driver was there, and asked or not.
func presents() []idle {
	at := map[string][2]float64{"A": {0, 300}}
	return []idle{
		{name: "left offers", hindrance: dispatch.LeftOffers, run: func(w *town) {
			w.taxi("A", w.at(0, 300), 4)
			w.ask("1", w.at(0, 0), 1)
			w.live(30*time.Second, at, func() { w.answer(true, false) })
		}},
		{name: "declined offers", hindrance: dispatch.DeclinedOffers, run: func(w *town) {
			w.taxi("A", w.at(0, 300), 4)
			more := rides(w, 0, 1)
			w.live(2*time.Minute, at, func() { more(); w.answer(true, true) })
		}},
		{name: "missed offers", hindrance: dispatch.MissedOffers, run: func(w *town) {
			w.taxi("A", w.at(0, 300), 4)
			w.ask("1", w.at(0, 0), 1)
			// Half the time the driver waits, half the time for an answer that cannot come.
			w.live(2*time.Minute, at, nil)
		}},
		{name: "place without rides", hindrance: dispatch.QuietPlace, run: func(w *town) {
			w.taxi("A", w.at(0, 300), 4)
			w.live(3*time.Minute, at, rides(w, 9000, 1))
		}},
		{name: "others nearer", hindrance: dispatch.OthersNearer, run: func(w *town) {
			w.taxi("A", w.at(0, 900), 4)
			n := 0
			w.live(3*time.Minute, map[string][2]float64{"A": {0, 900}}, every(20, func(int) {
				n++
				name := string(rune('B' + n))
				w.taxi(name, w.at(0, 100), 4)
				w.ask(name, w.at(0, 0), 1)
				w.round()
				w.accept(dispatch.DriverID("D" + name))
			}))
		}},
		{name: "taxi too small", hindrance: dispatch.TaxiTooSmall, run: func(w *town) {
			w.taxi("A", w.at(0, 300), 2)
			w.live(3*time.Minute, at, rides(w, 0, 4))
		}},
		{name: "gave back", hindrance: dispatch.WasBusy, run: func(w *town) {
			w.taxi("A", w.at(0, 300), 4)
			takeThree(w)
		}},
		{name: "no grab", hindrance: dispatch.NoGrab, mode: dispatch.Grab, run: func(w *town) {
			w.taxi("A", w.at(0, 300), 4)
			w.live(3*time.Minute, at, rides(w, 0, 1))
		}},
	}
}

// takeThree has DA accept three offers, one after the other, and give the first two rides back.
func takeThree(w *town) {
	w.t.Helper()
	for _, name := range []string{"1", "2", "3"} {
		ride := w.ask(name, w.at(0, 0), 1)
		w.live(5*time.Second, map[string][2]float64{"A": {0, 300}}, nil)
		w.accept("DA")
		w.live(10*time.Second, map[string][2]float64{"A": {0, 300}}, nil)
		if name != "3" {
			w.drive("DA", ride, w.desk.Release)
			w.cancel(name, ride)
		}
	}
}

// driverStory is what the engine and the rows say about driver A since a time.
func (w *town) driverStory(from time.Time) dispatch.DriverStory {
	w.t.Helper()
	const driver = dispatch.DriverID("DA")
	live := func(
		_ context.Context, city dispatch.CityID, driver dispatch.DriverID,
	) (dispatch.DriverLog, bool, error) {
		if city != w.city.ID {
			w.t.Errorf("asks the engine of %q", city)
		}
		log, ok := w.engine.DriverLog(driver, w.now)
		return log, ok, nil
	}
	story, err := dispatch.ExplainDriver(w.ctx, w.db, live,
		dispatch.DriverQuestion{Driver: driver, From: from}, w.now)
	w.ok(err)
	return story
}

// TestExplainDriver: in each of these towns one thing alone keeps DA from rides, and the
// explanation names it, from the engine's own log and from the rows alike. The words are in
// testdata/explain.
//
// Seen to fail with LeftOffers and DeclinedOffers swapped in DriverStory.hindrance, with
// TooFewSeats and ExcludedPair swapped in Engine.judge, and with DriverPaused and DriverSilent
// swapped in taxi.presence.
func TestExplainDriver(t *testing.T) {
	for _, c := range append(absents(), presents()...) {
		t.Run(c.name, func(t *testing.T) {
			w := newTown(t, func(p *dispatch.Policy) {
				if c.mode != "" {
					p.Mode = c.mode
				}
			})
			from := w.now
			c.run(w)
			story := w.driverStory(from)
			if story.Hindrance != c.hindrance {
				t.Errorf("%q, want %q: %+v", story.Hindrance, c.hindrance, story)
			}
			golden(t, "driver "+c.name, func(
				lang dispatch.Language, zone *time.Location, _ time.Duration,
			) string {
				return story.Tell(lang, zone)
			}, w.city)
		})
	}
}

// TestDriverLogsOverADay: a driver's day is told from rows of an hour each, whatever engine wrote
// them, with the breaks between shifts; an engine that was down leaves a hole that is told.
func TestDriverLogsOverADay(t *testing.T) {
	w := newTown(t)
	at := map[string][2]float64{"A": {0, 300}}
	from := w.now
	w.taxi("A", w.at(0, 300), 4)
	w.live(70*time.Minute, at, nil) // idle
	w.duty("DA", dispatch.OffDuty)
	w.live(2*time.Hour, nil, nil)
	w.duty("DA", dispatch.OnDuty)
	w.fix("A", w.at(0, 300))
	w.carry("A")
	w.live(time.Hour, at, nil) // busy
	w.pass(20 * time.Minute)   // nobody sees this
	w.restart()
	w.live(30*time.Minute, at, nil)

	story := w.driverStory(from)
	about := func(what string, got, want time.Duration) {
		t.Helper()
		if d := got - want; d < -time.Minute || d > time.Minute {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	about("idle", story.Spent[dispatch.DriverIdle], 70*time.Minute)
	about("off", story.Spent[dispatch.DriverOff], 2*time.Hour)
	// A crash loses what was not written for ten minutes at most.
	about("busy and unwatched", story.Spent[dispatch.DriverBusy]+story.Unwatched, 110*time.Minute)
	if u := story.Unwatched; u < 20*time.Minute || u > 31*time.Minute {
		t.Errorf("unwatched %s, want 20 min and at most ten more", u)
	}
	var logs []dispatch.DriverLog
	w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) (err error) {
		logs, err = tx.DriverLogs("DA", from.Add(-time.Hour), w.now)
		return err
	}))
	if len(logs) < 4 || len(logs) > 6 {
		t.Errorf("%d rows of %s", len(logs), w.now.Sub(from))
	}
	w.pass(dispatch.DriverLogsKept)
	w.due()
	w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) (err error) {
		logs, err = tx.DriverLogs("DA", from.Add(-time.Hour), w.now)
		return err
	}))
	for _, l := range logs {
		if l.From.Before(w.now.Add(-dispatch.DriverLogsKept)) {
			t.Errorf("the log of %s is kept", l.From)
		}
	}
}

// TestBlurred: a driver's own story has no ride's id and no exact place.
func TestBlurred(t *testing.T) {
	w := newTown(t)
	w.taxi("A", w.at(0, 900), 4)
	w.taxi("B", w.at(0, 100), 4)
	from := w.now
	ride := w.ask("1", w.at(0, 0), 1)
	w.live(3*time.Second, map[string][2]float64{"A": {0, 900}, "B": {0, 100}}, nil)
	w.accept("DB")
	w.due() // writes the ride's log
	whole := w.driverStory(from)
	own := whole.Blurred()
	if len(own.Seen) != 1 || whole.Seen[0].Ride != ride || own.Seen[0].Ride != "" ||
		own.Seen[0].Pickup == w.at(0, 0) || whole.Seen[0].Pickup != w.at(0, 0) ||
		own.Seen[0].PickupS%60 != 0 || whole.Seen[0].RivalS == 0 || own.Seen[0].RivalS != 60 {
		t.Errorf("whole %+v\nown %+v", whole.Seen, own.Seen)
	}
}

// TestLeavingWritesLogs: an engine that is left in peace leaves no hole.
func TestLeavingWritesLogs(t *testing.T) {
	w := newTown(t)
	from := w.now
	w.taxi("A", w.at(0, 300), 4)
	w.live(5*time.Minute, map[string][2]float64{"A": {0, 300}}, nil)
	w.ok(w.engine.Leave(w.ctx, w.now))
	w.restart()
	w.due()
	if story := w.driverStory(from); story.Unwatched > time.Second ||
		story.Spent[dispatch.DriverIdle] < 299*time.Second {
		t.Errorf("%+v", story)
	}
}

// TestOffersOfADriverOutliveACrash: what became of offers is counted from their rows, and so are
// rides that were offered in a time of which no log is left. Seen to fail with the answers counted
// from the logs.
func TestOffersOfADriverOutliveACrash(t *testing.T) {
	w := newTown(t)
	from := w.now
	w.taxi("A", w.at(0, 300), 4)
	takeThree(w)
	w.pass(time.Second)
	w.restart()
	w.live(20*time.Second, map[string][2]float64{"A": {0, 300}}, nil)
	story := w.driverStory(from)
	back := 0
	for _, r := range story.Seen {
		if r.Offer != dispatch.OfferAccepted || r.Pickup == (geo.Point{}) {
			t.Errorf("%+v", r)
		}
		if r.Back {
			back++
		}
	}
	if story.Answers[dispatch.OfferAccepted] != 3 || story.GivenBack != 2 || back != 2 ||
		story.Rides != 3 || len(story.Seen) != 3 || len(story.Verdicts) != 1 ||
		story.Verdicts[0].Rides != 3 {
		t.Errorf("%d given back of %v; %d rides: %v", story.GivenBack, story.Answers, story.Rides,
			story.Verdicts)
	}
}

// TestGrabsOfADriver: a call that the driver has grabbed counts as accepted.
func TestGrabsOfADriver(t *testing.T) {
	w := newTown(t, func(p *dispatch.Policy) { p.Mode = dispatch.Grab })
	from := w.now
	w.taxi("A", w.at(0, 300), 4)
	ride := w.ask("1", w.at(0, 0), 1)
	w.live(3*time.Second, map[string][2]float64{"A": {0, 300}}, nil)
	w.ok(w.tryGrab("DA", w.calls[0], w.at(0, 300)))
	w.live(20*time.Second, map[string][2]float64{"A": {0, 300}}, nil)
	if story := w.driverStory(from); story.Answers[dispatch.OfferAccepted] != 1 ||
		story.GivenBack != 0 || len(story.Seen) != 1 || !story.Seen[0].Mine {
		t.Errorf("%+v", story)
	}
	w.drive("DA", ride, w.desk.Release)
	if story := w.driverStory(from); story.Answers[dispatch.OfferAccepted] != 1 ||
		story.GivenBack != 1 || !story.Seen[0].Back || story.Seen[0].Mine {
		t.Errorf("%+v", story)
	}
}
