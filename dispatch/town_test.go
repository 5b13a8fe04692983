package dispatch_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/store"
)

// town is Desk and Engine of a small Beijing on SQLite in memory, with a clock that tests turn and
// hints that arrive at once, unless deaf.
type town struct {
	t       *testing.T
	ctx     context.Context
	city    dispatch.City
	db      *store.DB
	desk    *dispatch.Desk
	engine  *dispatch.Engine
	now     time.Time
	roads   *geo.RoadTimes // of the engine
	deaf    bool
	payBy   money.ChannelName // of new requests
	tip     money.Fen         // likewise
	device  string            // likewise
	vehicle dispatch.Vehicle  // what the next taxi is like
	to      geo.Point         // where new requests lead; zero is (4000, 4000)
	nudges  []dispatch.Change // all that were given
	asked   int
	offers  map[dispatch.DriverID]dispatch.Offer // open, as pushed
	calls   []dispatch.Call                      // announced
	shifts  []dispatch.Shift                     // pushed
	rides   map[dispatch.RideID]dispatch.Ride    // as told
	hears   sync.Mutex                           // guards what it hears: errands run at once
	nudged  sync.Mutex
	refused map[dispatch.Reason]int
	answers []dispatch.Answer     // that the engine has learned from
	pushed  func(dispatch.Notice) // hears every push; may be nil

	withdrawn []money.Withdrawal // as the listener has heard
	float     money.Fen          // likewise
	forgotten map[dispatch.Forgotten]int
}

func newTown(t *testing.T, change ...func(*dispatch.Policy)) *town {
	t.Helper()
	city, err := dispatch.LoadCity("beijing")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		city = city.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
			c(&p)
			return p
		})
	}
	return newTownIn(t, city)
}

// newTownIn is a town under a city's own rules.
func newTownIn(t *testing.T, city dispatch.City) *town {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &town{
		t: t, ctx: ctx, city: city, db: db,
		now:    time.Date(2013, 12, 20, 12, 0, 0, 0, city.Zone),
		offers: map[dispatch.DriverID]dispatch.Offer{}, payBy: money.InWallet,
		rides: map[dispatch.RideID]dispatch.Ride{}, refused: map[dispatch.Reason]int{},
	}
	w.desk = &dispatch.Desk{
		Cities: dispatch.Cities{city.ID: city}, Store: db, Traces: db, Hints: w, Listener: w,
		Festivals: festivals(t), WalletKey: walletKey(t, 'k'),
		NewID: func(time.Time) string { w.asked++; return fmt.Sprintf("id%05d", w.asked) },
		Channels: money.Channels{
			money.Cash: money.CashChannel{}, money.InWallet: money.WalletChannel{Store: db},
		},
	}
	w.restart()
	t.Cleanup(w.receiptsClose)
	return w
}

// restart makes a new engine, as after a crash: it knows only the rows.
func (w *town) restart() {
	w.t.Helper()
	var err error
	w.engine, err = dispatch.NewEngine(w.ctx, dispatch.EngineConfig{
		City: w.city, Store: w.db, Hints: w, Listener: w, NewID: w.desk.NewID,
		Roads: w.roads,
	}, w.now)
	w.ok(err)
}

func (w *town) Nudge(_ context.Context, c dispatch.Change) {
	w.nudged.Lock()
	defer w.nudged.Unlock()
	w.nudges = append(w.nudges, c)
	if !w.deaf {
		w.engine.Nudge(c, w.now)
	}
}

func (w *town) Push(_ context.Context, n dispatch.Notice) {
	w.hears.Lock()
	defer w.hears.Unlock()
	if n.Offer != nil {
		if n.Offer.State == dispatch.OfferOpen {
			w.offers[n.Driver] = *n.Offer
		} else {
			delete(w.offers, n.Driver)
		}
	}
	if n.Shift != nil {
		w.shifts = append(w.shifts, *n.Shift)
	}
	if w.pushed != nil {
		w.pushed(n)
	}
}

func (w *town) Announce(_ context.Context, c dispatch.Call) {
	w.calls = append(w.calls, c)
}

func (w *town) Called(dispatch.Call)                  {}
func (w *town) Acted(dispatch.ActKind, dispatch.Ride) {}
func (w *town) Offered(dispatch.Offer)                {}
func (w *town) Rounded(dispatch.RoundStats)           {}
func (w *town) Drew(dispatch.DrewDay)                 {}
func (w *town) Answered(a dispatch.Answer) {
	w.answers = append(w.answers, a)
}

func (w *town) Tell(_ context.Context, r dispatch.Ride) {
	w.hears.Lock()
	defer w.hears.Unlock()
	w.rides[r.ID] = r
}

// Refused implements [dispatch.Listener].
func (w *town) Refused(_ string, _ dispatch.Kind, r dispatch.Reason) {
	w.hears.Lock()
	defer w.hears.Unlock()
	w.refused[r]++
}

func (w *town) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// fails checks an error's reason, and that it was counted.
func (w *town) fails(err error, want dispatch.Reason) {
	w.t.Helper()
	if got := dispatch.ReasonOf(err); err == nil || got != want {
		w.t.Fatalf("got %v (%s), want %s", err, got, want)
	}
	if w.refused[want] == 0 {
		w.t.Fatalf("%s was not counted", want)
	}
}

func (w *town) key(identity string) dispatch.Once {
	w.asked++
	return dispatch.Once{Identity: identity, RequestID: fmt.Sprintf("req%05d", w.asked)}
}

// at is a point so many metres north and east of the centre.
func (w *town) at(northM, eastM float64) geo.Point {
	c := w.city.Center
	return geo.Point{Lat: c.Lat + northM/111_195, Lng: c.Lng + eastM/85_300}
}

// taxi puts a driver with a taxi on duty at a place.
func (w *town) taxi(name string, at geo.Point, seats int) dispatch.DriverID {
	w.t.Helper()
	driver, taxi := dispatch.DriverID("D"+name), dispatch.TaxiID("T"+name)
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) error {
		if err := tx.InsertDriver(dispatch.Driver{ID: driver, City: w.city.ID}); err != nil {
			return err
		}
		return tx.InsertTaxi(dispatch.Taxi{
			ID: taxi, City: w.city.ID, Plate: name, Seats: seats, Vehicle: w.vehicle,
		})
	}))
	w.duty(driver, dispatch.OnDuty)
	w.fix(name, at)
	return driver
}

func (w *town) duty(driver dispatch.DriverID, duty dispatch.Duty) {
	w.t.Helper()
	_, err := w.desk.SetDuty(w.ctx, w.now, w.key("driver:"+string(driver)), dispatch.SetDuty{
		Driver: driver, Taxi: "T" + dispatch.TaxiID(driver[1:]), Duty: duty,
	})
	w.ok(err)
}

func (w *town) fix(name string, at geo.Point) {
	w.engine.Fixes([]dispatch.Report{{
		Taxi: "T" + dispatch.TaxiID(name), Fix: geo.Fix{Point: at, At: w.now},
	}}, w.now)
}

// ask is a rider who asks for a taxi, a new one unless they have asked before.
func (w *town) ask(name string, at geo.Point, seats int) dispatch.RideID {
	w.t.Helper()
	rider := dispatch.RiderID("R" + name)
	_, err := w.db.ImportRiders(w.ctx, []dispatch.Rider{{ID: rider, Name: name}})
	w.ok(err)
	got, err := w.desk.Request(w.ctx, w.now, w.key("rider:"+string(rider)),
		w.request(rider, at, seats))
	w.ok(err)
	return got.Ride
}

func (w *town) request(rider dispatch.RiderID, at geo.Point, seats int) dispatch.RequestRide {
	to := w.to
	if to == (geo.Point{}) {
		to = w.at(4000, 4000)
	}
	return dispatch.RequestRide{
		City: w.city.ID, Rider: rider, Seats: seats, PayBy: w.payBy, Tip: w.tip, Device: w.device,
		Pickup: dispatch.Place{Point: at}, Dropoff: dispatch.Place{Point: to},
	}
}

func (w *town) pass(d time.Duration) { w.now = w.now.Add(d) }

func (w *town) round() dispatch.RoundStats {
	w.t.Helper()
	stats, err := w.engine.Round(w.ctx, w.now)
	w.ok(err)
	return stats
}

func (w *town) due() {
	w.t.Helper()
	w.ok(w.engine.Due(w.ctx, w.now))
}

// accept is the driver's yes to the offer that was pushed.
func (w *town) accept(driver dispatch.DriverID) dispatch.RideID {
	w.t.Helper()
	o, ok := w.offers[driver]
	if !ok {
		w.t.Fatalf("%s has no offer", driver)
	}
	got, err := w.desk.Accept(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.AnswerOffer{Offer: o.ID, Driver: driver})
	w.ok(err)
	delete(w.offers, driver)
	return got.Ride
}

// driveCommand is a Desk's command of a driver about their ride.
type driveCommand func(
	context.Context, time.Time, dispatch.Once, dispatch.DriveRide,
) (dispatch.Receipt, error)

func (w *town) drive(driver dispatch.DriverID, ride dispatch.RideID, command driveCommand) {
	w.t.Helper()
	_, err := command(w.ctx, w.now, w.key("driver:"+string(driver)),
		dispatch.DriveRide{Ride: ride, Driver: driver})
	w.ok(err)
}

func (w *town) ride(id dispatch.RideID) (r dispatch.Ride) {
	w.t.Helper()
	w.ok(w.db.Tx(w.ctx, func(tx dispatch.Tx) (err error) {
		r, err = tx.Ride(id)
		return err
	}))
	return r
}

// offered fails unless exactly this driver has an offer, for this ride.
func (w *town) offered(driver dispatch.DriverID, ride dispatch.RideID) {
	w.t.Helper()
	if o := w.offers[driver]; o.Ride != ride {
		w.t.Fatalf("%s has an offer for %q, want %q (all: %v)", driver, o.Ride, ride, w.offers)
	}
}

// Withdrew implements [dispatch.Listener].
func (w *town) Withdrew(x money.Withdrawal) { w.withdrawn = append(w.withdrawn, x) }

// Forgot implements [dispatch.Listener].
func (w *town) Forgot(what dispatch.Forgotten, n int) {
	if w.forgotten == nil {
		w.forgotten = map[dispatch.Forgotten]int{}
	}
	w.forgotten[what] += n
}

// Floats implements [dispatch.Listener].
func (w *town) Floats(f money.Fen) { w.float = f }
