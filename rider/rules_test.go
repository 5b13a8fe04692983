package rider_test

import (
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/rider"
)

// ruled is a town under rules of its own.
func ruled(t *testing.T, change func(*dispatch.City)) *town {
	t.Helper()
	return newTownOn(t, "sqlite::memory:", func(w *town, c *rider.Config) {
		change(&w.city)
		w.desk.Cities[w.city.ID] = w.city
		c.Cities = w.desk.Cities
		var err error
		w.engine, err = dispatch.NewEngine(t.Context(), dispatch.EngineConfig{
			City: w.city, Store: w.db, Hints: w, Listener: w, NewID: w.desk.NewID,
		}, w.now())
		w.ok(err)
	})
}

// untilOf is until when a refusal says that it holds.
func untilOf(err error) (at time.Time) {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			at, _ = time.Parse(time.RFC3339, info.GetMetadata()["until"])
		}
	}
	return at
}

func TestClosedHours(t *testing.T) {
	w := ruled(t, func(c *dispatch.City) {
		*c = c.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
			p.ClosedHours = []dispatch.Hours{{From: 12 * 60, To: 12*60 + 30}}
			p.TipStepsFen = []money.Fen{5_00, 8_00}
			return p
		})
	})
	a := w.app("1")
	until := w.now().Add(30 * time.Minute)
	_, err := a.RequestRide(a.ctx, w.request("1", 0))
	w.refused(err, codes.FailedPrecondition, dispatch.ReasonClosed)
	if !untilOf(err).Equal(until) {
		t.Errorf("closed until %s, want %s", untilOf(err), until)
	}
	quote, err := a.QuoteRide(a.ctx, w.quoteAt(w.at(0, 0)))
	w.ok(err)
	if at := quote.GetClosedUntil(); !at.AsTime().Equal(until) || len(quote.GetTipStepsFen()) != 2 {
		t.Errorf("quote %v", quote)
	}
	w.pass(30 * time.Minute)
	open, err := a.RequestRide(a.ctx, w.request("1", 0)) // what is refused is not kept
	w.ok(err)
	w.pass(24 * time.Hour) // closed again: the same id gets the same answer
	again, err := a.RequestRide(a.ctx, w.request("1", 0))
	if err != nil || again.GetRide().GetRideId() != open.GetRide().GetRideId() {
		t.Errorf("%v, %v", again, err)
	}
}

func TestServiceArea(t *testing.T) {
	area, err := geo.ParseArea([]byte(`{"type":"Polygon","coordinates":[[[116.35,39.86],` +
		`[116.45,39.86],[116.45,39.96],[116.35,39.96],[116.35,39.86]]]}`))
	if err != nil {
		t.Fatal(err)
	}
	w := ruled(t, func(c *dispatch.City) { c.Area = area })
	a := w.app("1")
	_, err = a.RequestRide(a.ctx, w.request("out", 8000))
	w.refused(err, codes.FailedPrecondition, dispatch.ReasonOutside)
	_, err = a.QuoteRide(a.ctx, w.quoteAt(w.at(8000, 0)))
	w.refused(err, codes.FailedPrecondition, dispatch.ReasonOutside)
	away := w.request("in", 0)
	away.Dropoff = place(w.at(30_000, 0))
	_, err = a.RequestRide(a.ctx, away)
	w.ok(err)
}

// TestClassOfTaxi: a ride is asked for with a class and a tag, and no other taxi gets it.
func TestClassOfTaxi(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	w.taxi("plain", w.at(0, 0))
	wish := w.request("1", 0)
	wish.Class, wish.Tags = "large", []string{"wheelchair"}
	got, err := a.RequestRide(a.ctx, wish)
	w.ok(err)
	if r := got.GetRide(); r.GetClass() != "large" || len(r.GetTags()) != 1 {
		t.Errorf("%v", r)
	}
	w.mu.Lock()
	stats, err := w.engine.Round(t.Context(), w.now())
	w.mu.Unlock()
	if err != nil || stats.Idle != 1 || stats.Offers != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	_, err = a.CancelRide(a.ctx,
		&riderpb.CancelRideRequest{RequestId: "c", RideId: got.GetRide().GetRideId()})
	w.ok(err)
	wish.RequestId, wish.Class = "2", "spaceship"
	_, err = a.RequestRide(a.ctx, wish)
	w.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	quote, err := a.QuoteRide(a.ctx, w.quoteAt(w.at(0, 0)))
	w.ok(err)
	if len(quote.GetClasses()) != 2 || len(quote.GetTags()) != 2 {
		t.Errorf("%v", quote)
	}
}

// TestTipIsSuggested: the app is told once when the first searches were silent, and again after
// each raise; a watch learns of it though nothing has changed in the ride.
func TestTipIsSuggested(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	start := time.Now()
	var ahead atomic.Int64
	w.server.SetMachine(func() time.Time { return start.Add(time.Duration(ahead.Load())) })
	ride := w.ask(a).GetRideId()
	e := w.open(a, ride)
	suggested := func(want int64) {
		t.Helper()
		if r := e.sees(dispatch.Searching); r.GetSuggestedTipFen() != want {
			t.Fatalf("%d is suggested, want %d", r.GetSuggestedTipFen(), want)
		}
		got, err := a.GetRide(a.ctx, &riderpb.GetRideRequest{RideId: ride})
		w.ok(err)
		if got.GetRide().GetSuggestedTipFen() != want {
			t.Fatalf("%d is suggested, want %d", got.GetRide().GetSuggestedTipFen(), want)
		}
	}
	look := func() {
		ahead.Add(int64(time.Minute))
		w.server.Sweep()
	}
	suggested(0)
	w.pass(30 * time.Second)
	look()
	suggested(5_00)
	tip := &riderpb.AddTipRequest{RequestId: "t", RideId: ride, TipFen: 5_00}
	_, err := a.AddTip(a.ctx, tip)
	w.ok(err)
	suggested(0)
	w.pass(30 * time.Second)
	look()
	suggested(10_00)
	_, err = a.AddTip(a.ctx, &riderpb.AddTipRequest{RequestId: "u", RideId: ride, TipFen: 6_00})
	w.refused(err, codes.InvalidArgument, dispatch.ReasonField)
	_, err = a.CancelRide(a.ctx, &riderpb.CancelRideRequest{RequestId: "c", RideId: ride})
	w.ok(err)
	if r := e.sees(dispatch.Cancelled); r.GetSuggestedTipFen() != 0 {
		t.Errorf("%v", r)
	}
	if _, err := e.next(); !errors.Is(err, io.EOF) {
		t.Errorf("the watch goes on: %v", err)
	}
}
