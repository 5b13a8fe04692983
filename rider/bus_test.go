package rider_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/bus"
	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/rider"
)

// nats is the bus between Desk, engine and the rider's server.
type nats struct {
	*bus.Bus
	town *town
}

// overBus has a town's server hear and ask over an embedded NATS.
func overBus(w *town, c *rider.Config) {
	b, err := bus.Open(w.t.Context(), bus.Config{Dir: w.t.TempDir()})
	w.ok(err)
	n := nats{b, w}
	stop, err := b.Serve(w.city.ID, n.engine())
	w.ok(err)
	w.t.Cleanup(func() {
		stop()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		w.ok(b.Close(ctx))
	})
	w.desk.Hints, c.City, c.Watch = n, n, n
}

// Push stays in the town: its drivers have no phones.
func (n nats) Push(ctx context.Context, p dispatch.Notice) { n.town.Push(ctx, p) }

// Watch adapts the update, as the rooms do not know each other.
func (n nats) Watch(ride dispatch.Brief, on func(rider.Update)) (func(), error) {
	return n.Bus.Watch(ride, func(u bus.Update) { on(rider.Update{Ride: u.Ride, Taxi: u.Taxi}) })
}

// engine is the town's, as the bus calls it.
func (n nats) engine() bus.Engine { return busEngine{n.town} }

type busEngine struct{ town *town }

func (e busEngine) Frame(reports []dispatch.Report) {
	e.town.mu.Lock()
	defer e.town.mu.Unlock()
	e.town.engine.Fixes(reports, e.town.now())
}

func (e busEngine) Change(c dispatch.Change) { e.town.Nudge(context.Background(), c) }

func (e busEngine) Nearby(ctx context.Context, at geo.Point) (dispatch.Nearby, error) {
	return e.town.Nearby(ctx, e.town.city.ID, at)
}

// TestOverTheBus takes a ride from quote to payment, with every question and hint over NATS.
func TestOverTheBus(t *testing.T) {
	w := newTownOn(t, "sqlite::memory:", overBus)
	a := w.app("1")
	w.taxi("A", w.at(0, 0))
	w.settled(0)
	w.fix("TA", w.at(0, 0)) // the first may have come before the shift was known
	quote, err := a.QuoteRide(a.ctx, w.quoteAt(w.at(0, 0)))
	w.ok(err)
	if len(quote.GetTaxis()) != 1 || quote.GetQuote().GetPickup() == nil {
		t.Errorf("%v", quote)
	}
	ride := w.ask(a).GetRideId()
	id := dispatch.RideID(ride)
	e := w.open(a, ride)
	e.sees(dispatch.Searching)
	w.settled(1)
	w.claim("DA")
	w.isCard(e.sees(dispatch.Assigned).GetCard())
	w.pass(time.Second)
	w.ok(w.bus().Position(w.city.ID, id,
		geo.Fix{Point: w.at(10, 0), At: w.now(), HeadingDeg: 90}))
	e.seesTaxi(w.at(10, 0))
	w.drive("DA", id, w.desk.Arrive)
	e.sees(dispatch.Arrived)
	w.drive("DA", id, w.desk.Start)
	e.sees(dispatch.OnTrip)
	w.complete("DA", id, 17_00)
	e.sees(dispatch.Completed)
	_, err = a.PayRide(a.ctx,
		&riderpb.PayRideRequest{RequestId: "p", RideId: ride, Channel: "wallet"})
	w.ok(err)
	w.work()
	w.isCard(e.sees(dispatch.Settled).GetCard())
	e.ends(codes.OK, "")
}

// bus is the town's NATS.
func (w *town) bus() *bus.Bus {
	n, ok := w.desk.Hints.(nats)
	if !ok {
		w.t.Fatal("the town has no bus")
	}
	return n.Bus
}
