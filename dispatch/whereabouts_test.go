package dispatch_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
)

// tell is an app of a rider's that tells where the phone is now.
func (w *town) tell(ride dispatch.RideID, name string, at geo.Point) error {
	w.t.Helper()
	next, err := w.desk.SharePosition(w.ctx, w.now, dispatch.SharePosition{
		Ride: ride, Rider: dispatch.RiderID("R" + name), Fix: geo.Fix{Point: at, At: w.now},
	})
	if err == nil && next != dispatch.TellEvery {
		w.t.Errorf("another position is wanted after %v", next)
	}
	return err
}

// whereabouts are those of a ride as the rows have them.
func (w *town) whereabouts(ride dispatch.RideID) (is dispatch.Whereabouts) {
	w.t.Helper()
	w.ok(w.db.View(w.ctx, func(tx dispatch.Tx) (err error) {
		is, err = tx.Whereabouts(ride)
		return err
	}))
	return is
}

// onBoard is a ride of R1's, who has just got in.
func (w *town) onBoard(driver dispatch.DriverID) dispatch.RideID {
	w.t.Helper()
	from := w.at(0, 0)
	w.fix(string(driver[1:]), from)
	ride := w.ask("1", from, 1)
	w.round()
	w.accept(driver)
	w.pass(2 * time.Minute)
	w.drive(driver, ride, w.desk.Arrive)
	w.drive(driver, ride, w.desk.Start)
	return ride
}

// driven takes the taxi north for ten minutes and 3.3 km, while the phone tells each minute where
// it is, if it tells, and ends the drive.
func (w *town) driven(
	driver dispatch.DriverID, ride dispatch.RideID,
	phone func(taxi geo.Point) *geo.Point,
) {
	w.t.Helper()
	for i := range 61 {
		at := w.at(float64(i)*55, 0)
		w.ok(w.db.AppendTrace(w.ctx, ride, []geo.Fix{{Point: at, At: w.now}}))
		if told := phone(at); told != nil && i%6 == 0 {
			w.ok(w.tell(ride, "1", *told))
		}
		w.pass(10 * time.Second)
	}
	_, err := w.desk.Complete(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.CompleteRide{Ride: ride, Driver: driver, Meter: 15_00})
	w.ok(err)
}

// Where phones are that tell, and those that do not.
func (w *town) comesAlong(taxi geo.Point) *geo.Point { return &taxi }
func (w *town) staysAtHome(geo.Point) *geo.Point     { p := w.at(-2500, 0); return &p }
func (w *town) saysNothing(geo.Point) *geo.Point     { return nil }

// phoneTown is a town with a campaign that holds what the phone alone speaks against.
func phoneTown(t *testing.T) (*town, dispatch.DriverID) {
	t.Helper()
	w := newTown(t, func(p *dispatch.Policy) { p.BrushHold = 60 })
	w.topUp("1")
	w.launch("caps", func(*money.Campaign) {})
	return w, w.taxi("A", w.at(0, 0), 4)
}

// TestPhoneComesAlong: the phone of who is driven, or of an app that tells nothing, holds nothing;
// one that stays at home does, by how far it was from the taxi then. When the drive is over its
// places are in no row.
func TestPhoneComesAlong(t *testing.T) {
	for name, test := range map[string]struct {
		phone       func(*town, geo.Point) *geo.Point
		held        bool
		first, last int
	}{
		"comes along":   {(*town).comesAlong, false, 0, 0},
		"stays at home": {(*town).staysAtHome, true, 2500, 5635}, // 30 s before,
		"says nothing":  {(*town).saysNothing, false, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w, driver := phoneTown(t)
			ride := w.onBoard(driver)
			w.driven(driver, ride, func(at geo.Point) *geo.Point { return test.phone(w, at) })
			s := w.ride(ride).Subsidy
			if !s.Granted() || s.Held != test.held {
				t.Errorf("the subsidy is %+v", s)
			}
			is := w.whereabouts(ride)
			if (geo.Point{}) != is.First.Place || (geo.Point{}) != is.Last.Place {
				t.Errorf("a place is kept: %+v", is)
			}
			near := func(is, want int) bool { return is >= want-30 && is <= want+30 }
			if !near(is.First.AwayM, test.first) || !near(is.Last.AwayM, test.last) {
				t.Errorf("%+v, want about %d and %d m", is, test.first, test.last)
			}
			if !test.held {
				return
			}
			h := w.hold(ride)
			if len(h.Findings) != 1 || h.Findings[0].Clue != dispatch.CluePhone ||
				h.Findings[0].Limit != 1000 || !near(h.Findings[0].Is, test.last) {
				t.Errorf("the hold is %+v", h)
			}
		})
	}
}

// TestRideForSomebodyElse: a son asks for his mother's ride. By the policy as it comes that alone
// holds nothing.
func TestRideForSomebodyElse(t *testing.T) {
	w := newTown(t)
	w.topUp("1")
	w.launch("caps", func(*money.Campaign) {})
	driver := w.taxi("A", w.at(0, 0), 4)
	ride := w.onBoard(driver)
	w.driven(driver, ride, w.staysAtHome)
	if s := w.ride(ride).Subsidy; !s.Granted() || s.Held {
		t.Errorf("the subsidy is %+v", s)
	}
}

// TestPhoneIsHeardOnBoardOnly: before boarding and after the drive nothing is taken, nor from
// anybody but the rider; the fare that is asked about is judged alike whenever its rider answers.
func TestPhoneIsHeardOnBoardOnly(t *testing.T) {
	w, driver := phoneTown(t)
	home := w.at(-2500, 0)
	early := w.ask("2", w.at(0, 0), 1)
	w.fails(w.tell(early, "2", home), dispatch.ReasonStep)
	_, err := w.desk.Cancel(w.ctx, w.now, w.key("rider:R2"),
		dispatch.CancelRide{Ride: early, Rider: "R2"})
	w.ok(err)
	ride := w.onBoard(driver)
	w.fails(w.tell(ride, "2", home), dispatch.ReasonUnknownRide)
	w.fails(w.tell(ride, "", home), dispatch.ReasonUnknownRide)
	w.fails(w.tell("nobodys", "1", home), dispatch.ReasonUnknownRide)
	w.driven(driver, ride, w.comesAlong)
	was := w.whereabouts(ride)
	w.fails(w.tell(ride, "1", home), dispatch.ReasonStep)
	if is := w.whereabouts(ride); is != was {
		t.Errorf("told late: %+v, was %+v", is, was)
	}
}

// TestPositionsOfAPhone: which positions count, one after the other.
func TestPositionsOfAPhone(t *testing.T) {
	w, driver := phoneTown(t)
	ride := w.onBoard(driver)
	start := w.now
	tell := func(after time.Duration, northM, accuracyM float64) error {
		fix := geo.Fix{Point: w.at(northM, 0), At: start.Add(after), AccuracyM: float32(accuracyM)}
		_, err := w.desk.SharePosition(w.ctx, w.now,
			dispatch.SharePosition{Ride: ride, Rider: "R1", Fix: fix})
		return err
	}
	kept := func(first, last time.Duration) {
		t.Helper()
		is := w.whereabouts(ride)
		if !is.First.At.Equal(start.Add(first)) || !is.Last.At.Equal(start.Add(last)) {
			t.Errorf("kept %v and %v, want %v and %v", is.First.At.Sub(start),
				is.Last.At.Sub(start), first, last)
		}
	}
	w.ok(tell(-time.Second, 0, 5)) // before boarding
	if is := w.whereabouts(ride); is != (dispatch.Whereabouts{}) {
		t.Errorf("kept %+v", is)
	}
	w.ok(tell(time.Second, 0, 5))
	kept(time.Second, time.Second)
	w.pass(90 * time.Second)
	w.ok(tell(80*time.Second, 500, 5))
	w.ok(tell(80*time.Second, 500, 5)) // once more
	w.ok(tell(40*time.Second, 200, 5)) // overtaken
	w.ok(tell(90*time.Second, 600, 5)) // too soon to be worth a write
	kept(time.Second, 80*time.Second)
	for name, err := range map[string]error{
		"a minute old":     tell(29*time.Second, 0, 5),
		"in the future":    tell(96*time.Second, 600, 5),
		"inaccurate":       tell(92*time.Second, 600, 201),
		"across the city":  tell(92*time.Second, 9000, 5),
		"nowhere on earth": tell(92*time.Second, 2e7, 5),
	} {
		if dispatch.ReasonOf(err) != dispatch.ReasonFix {
			t.Errorf("%s: %v", name, err)
		}
	}
	kept(time.Second, 80*time.Second)
}

// TestPhoneOfASecondTaxi: after a breakdown what counts is the drive that is completed.
func TestPhoneOfASecondTaxi(t *testing.T) {
	w, driver := phoneTown(t)
	ride := w.onBoard(driver)
	w.ok(w.tell(ride, "1", w.at(-9000, 0)))
	w.pass(time.Minute)
	_, err := w.desk.BreakDown(w.ctx, w.now, w.key("driver:DA"), dispatch.DriveRide{
		Ride: ride, Driver: driver, At: dispatch.Place{Point: w.at(0, 0)},
	})
	w.ok(err)
	second := w.taxi("B", w.at(0, 0), 4)
	w.round()
	w.accept(second)
	w.pass(2 * time.Minute)
	w.drive(second, ride, w.desk.Arrive)
	w.drive(second, ride, w.desk.Start)
	w.driven(second, ride, w.comesAlong)
	if s, is := w.ride(ride).Subsidy, w.whereabouts(ride); s.Held || is.First.AwayM > 30 {
		t.Errorf("held: %v, %+v", s.Held, is)
	}
}

// TestNobodyAsksThePhone: on a street ride, which a friend elsewhere may pay, and in a city where
// the clue weighs nothing, no position is wanted or kept.
func TestNobodyAsksThePhone(t *testing.T) {
	silent := func(w *town, ride dispatch.RideID) {
		t.Helper()
		next, err := w.desk.SharePosition(w.ctx, w.now, dispatch.SharePosition{
			Ride: ride, Rider: "R1", Fix: geo.Fix{Point: w.at(0, 0), At: w.now},
		})
		w.ok(err)
		if is := w.whereabouts(ride); next != 0 || is != (dispatch.Whereabouts{}) {
			t.Errorf("asked again after %v, kept %+v", next, is)
		}
	}
	w, driver := phoneTown(t)
	_, err := w.db.ImportRiders(w.ctx, []dispatch.Rider{{ID: "R1", Name: "1"}})
	w.ok(err)
	got, err := w.desk.Occupied(w.ctx, w.now, w.key("driver:DA"), dispatch.StreetRide{
		Driver: driver, Rider: "R1", At: w.at(0, 0), PayBy: money.InWallet,
	})
	w.ok(err)
	silent(w, got.Ride)

	w = newTown(t, func(p *dispatch.Policy) { p.BrushWeightPhone = 0 })
	silent(w, w.onBoard(w.taxi("A", w.at(0, 0), 4)))
}
