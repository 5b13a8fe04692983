package ops_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/ops"
	"hexhail/store"
)

// town is a Desk and an Engine of Beijing on SQLite in memory, whose listener is real metrics, with
// a clock that tests turn and hints that arrive at once.
type town struct {
	t       *testing.T
	db      *store.DB
	city    dispatch.City
	desk    *dispatch.Desk
	engine  *dispatch.Engine
	metrics *ops.Metrics
	now     time.Time
	ids     int
	offer   dispatch.Offer // the last one that was pushed open
}

func newTown(t *testing.T) *town {
	t.Helper()
	city, err := dispatch.LoadCity("beijing")
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &town{
		t: t, db: db, city: city, metrics: newMetrics(t, city.ID),
		now: time.Date(2013, 12, 20, 12, 0, 0, 0, city.Zone),
	}
	w.desk = &dispatch.Desk{
		Cities: dispatch.Cities{city.ID: city}, Store: db, Traces: db, Hints: w,
		Listener: w.metrics, NewID: w.newID,
		Channels: money.Channels{
			money.Cash: money.CashChannel{}, money.InWallet: money.WalletChannel{Store: db},
		},
	}
	w.engine, err = dispatch.NewEngine(t.Context(), dispatch.EngineConfig{
		City: city, Store: db, Hints: w, Listener: w.metrics, NewID: w.newID,
	}, w.now)
	w.ok(err)
	return w
}

func (w *town) newID(time.Time) string { w.ids++; return fmt.Sprintf("id%05d", w.ids) }

func (w *town) Nudge(_ context.Context, c dispatch.Change) { w.engine.Nudge(c, w.now) }

func (w *town) Push(_ context.Context, n dispatch.Notice) {
	if n.Offer != nil && n.Offer.State == dispatch.OfferOpen {
		w.offer = *n.Offer
	}
}

func (w *town) Announce(context.Context, dispatch.Call) {}
func (w *town) Tell(context.Context, dispatch.Ride)     {}

func (w *town) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *town) once(identity string) dispatch.Once {
	w.ids++
	return dispatch.Once{Identity: identity, RequestID: fmt.Sprintf("req%05d", w.ids)}
}

// people imports a rider with money, and a driver with a taxi on duty at the centre.
func (w *town) people() {
	w.t.Helper()
	ctx := w.t.Context()
	_, err := w.db.ImportRiders(ctx, []dispatch.Rider{
		{ID: "R1", Name: "乘客", Phone: "13800001111"},
	})
	w.ok(err)
	_, err = w.db.ImportDrivers(ctx, []dispatch.Driver{{ID: "D1", City: w.city.ID, Name: "司机"}})
	w.ok(err)
	_, err = w.db.ImportTaxis(ctx, []dispatch.Taxi{
		{ID: "T1", City: w.city.ID, Plate: "京B12345", Seats: 4},
	})
	w.ok(err)
	cashier := money.Cashier{Store: w.db}
	w.ok(cashier.TopUp(ctx, "top", money.SandboxEquity, "R1", 100_00, w.now))
	w.ok(cashier.Launch(ctx, money.Campaign{
		ID: "launch", Version: 1, City: string(w.city.ID), Sponsor: "sponsor",
		Channel: money.InWallet, State: money.CampaignRuns,
		Rider: money.Fixed(500), Driver: money.Fixed(400),
		Cap:      20_00,
		StartsAt: w.now.Add(-time.Hour), EndsAt: w.now.Add(24 * time.Hour),
	}, w.now))
	_, err = w.desk.SetDuty(ctx, w.now, w.once("driver:D1"),
		dispatch.SetDuty{Driver: "D1", Taxi: "T1", Duty: dispatch.OnDuty})
	w.ok(err)
	w.fix()
}

func (w *town) fix() {
	w.engine.Fixes([]dispatch.Report{
		{Taxi: "T1", Fix: geo.Fix{Point: w.city.Center, At: w.now}},
	}, w.now)
}

func (w *town) pass(d time.Duration) { w.now = w.now.Add(d) }

// request asks for a taxi, with a quote of 100 s until it is there.
func (w *town) request(by money.ChannelName, tip money.Fen) dispatch.RideID {
	w.t.Helper()
	there := w.city.Center
	there.Lat += 0.03
	got, err := w.desk.Request(w.t.Context(), w.now, w.once("rider:R1"), dispatch.RequestRide{
		City: w.city.ID, Rider: "R1", Seats: 1, PayBy: by, Tip: tip,
		Pickup: dispatch.Place{Point: w.city.Center}, Dropoff: dispatch.Place{Point: there},
		Quote: dispatch.Quote{Low: 13_00, High: 20_00, Pickup: 100 * time.Second},
	})
	w.ok(err)
	return got.Ride
}

func (w *town) round() {
	w.t.Helper()
	w.fix()
	_, err := w.engine.Round(w.t.Context(), w.now)
	w.ok(err)
}

// ride takes one ride from request to settlement: claimed after 5 s, the taxi there after 120 s, on
// board after 30 s, driven for 600 s, meter 17.00 and tolls 5.00.
func (w *town) ride(by money.ChannelName, tip money.Fen) dispatch.RideID {
	w.t.Helper()
	ctx := w.t.Context()
	id := w.request(by, tip)
	w.round()
	w.pass(5 * time.Second)
	_, err := w.desk.Accept(ctx, w.now, w.once("driver:D1"),
		dispatch.AnswerOffer{Offer: w.offer.ID, Driver: "D1"})
	w.ok(err)
	w.ok(w.engine.Due(ctx, w.now)) // writes the round log
	drive := dispatch.DriveRide{Ride: id, Driver: "D1"}
	w.pass(120 * time.Second)
	_, err = w.desk.Arrive(ctx, w.now, w.once("driver:D1"), drive)
	w.ok(err)
	w.pass(30 * time.Second)
	_, err = w.desk.Start(ctx, w.now, w.once("driver:D1"), drive)
	w.ok(err)
	w.pass(600 * time.Second)
	_, err = w.desk.Complete(ctx, w.now, w.once("driver:D1"),
		dispatch.CompleteRide{Ride: id, Driver: "D1", Meter: 17_00, Tolls: 5_00})
	w.ok(err)
	if by == money.Cash {
		_, err = w.desk.CashReceived(ctx, w.now, w.once("driver:D1"),
			dispatch.CashReceived{Ride: id, Driver: "D1"})
		w.ok(err)
		return id
	}
	_, err = w.desk.Pay(ctx, w.now, w.once("rider:R1"),
		dispatch.PayRide{Ride: id, Rider: "R1", Means: dispatch.Means{Channel: by}})
	w.ok(err)
	_, err = w.desk.Work(ctx, w.now)
	w.ok(err)
	return id
}
