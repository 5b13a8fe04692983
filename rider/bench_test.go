package rider_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/pb/hexhail/rider/v1"
)

// BenchmarkOfferToRider is the time from a round that makes an offer, over the driver's claim,
// until the rider's phone on loopback has the driver's card: two transactions, a hint, a read of
// the card, one message.
func BenchmarkOfferToRider(b *testing.B) {
	for name, url := range map[string]string{
		"memory": "sqlite::memory:", "file": "sqlite:" + filepath.Join(b.TempDir(), "db"),
	} {
		b.Run(name, func(b *testing.B) { offerToRider(b, newTownOn(b, url)) })
	}
}

// BenchmarkOfferToRiderOverBus is the same with the hints over NATS.
func BenchmarkOfferToRiderOverBus(b *testing.B) {
	offerToRider(b, newTownOn(b, "sqlite:"+filepath.Join(b.TempDir(), "db"), overBus))
}

func offerToRider(b *testing.B, w *town) {
	a := w.app("1")
	w.taxi("A", w.at(0, 0))
	w.settled(0)
	w.fix("TA", w.at(0, 0)) // over the bus the first may have come before the shift was known
	var took []time.Duration
	for b.Loop() {
		b.StopTimer()
		ride := w.ask(a).GetRideId()
		e := w.open(a, ride)
		e.sees(dispatch.Searching)
		w.settled(1)
		b.StartTimer()
		start := time.Now()
		w.claim("DA")
		e.sees(dispatch.Assigned)
		took = append(took, time.Since(start))
		b.StopTimer()
		_, err := a.CancelRide(a.ctx,
			&riderpb.CancelRideRequest{RequestId: "c" + ride, RideId: ride})
		w.ok(err)
		e.sees(dispatch.Cancelled)
		w.settled(0)
		b.StartTimer()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50_us")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99_us")
}

// settled waits until the engine knows of so many open rides, and the taxi is idle.
func (w *town) settled(waiting int) {
	w.t.Helper()
	for range 10_000 {
		w.mu.Lock()
		n := w.engine.Counts()
		w.mu.Unlock()
		if n.Waiting == waiting && n.Idle == 1 {
			return
		}
		time.Sleep(100 * time.Microsecond) // a nudge is on its way
	}
	w.t.Fatal("the engine does not hear of the ride")
}

// BenchmarkQuote is a quote of a taxi-rich place, without the network.
func BenchmarkQuote(b *testing.B) {
	w := newTown(b)
	for i := range 20 {
		w.taxi(string(rune('a'+i)), w.at(float64(i)*50, 0))
	}
	machine := time.Unix(1e9, 0)
	w.server.SetMachine(func() time.Time { machine = machine.Add(2 * time.Second); return machine })
	req, ctx := w.quoteAt(w.at(0, 0)), asRider(b.Context(), "R1")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.server.QuoteRide(ctx, req); err != nil {
			b.Fatal(err)
		}
	}
}
