package dispatch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hexhail/geo"
)

// bareStore is a store of no rows: enough for rounds that make no offers.
type bareStore struct{ Store }

func (bareStore) TakeCity(context.Context, CityID) (Fence, error) { return Fence{}, nil }

func (bareStore) FencedTx(_ context.Context, _ Fence, fn func(Tx) error) error {
	return fn(bareTx{})
}

type bareTx struct{ Tx }

func (bareTx) AliveAt(CityID) (time.Time, error) { return time.Time{}, nil }

func (bareTx) MarkAlive(CityID, time.Time) error { return nil }

func (bareTx) Standing(CityID) (Standing, error) { return Standing{}, nil }

// crowded is an engine with so many idle taxis and waiting rides in 20 km around the centre.
func crowded(t testing.TB, taxis, rides int, noLogs bool) (*Engine, time.Time) {
	t.Helper()
	city, err := LoadCity("beijing")
	if err != nil {
		t.Fatal(err)
	}
	now := noon
	e, err := NewEngine(context.Background(), EngineConfig{
		City: city, Store: bareStore{}, NoDriverLogs: noLogs,
		NewID: func(time.Time) string { return "" },
	}, now)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	at := func() geo.Point {
		return geo.Point{
			Lat: city.Center.Lat + 0.18*(random.Float64()-0.5),
			Lng: city.Center.Lng + 0.23*(random.Float64()-0.5),
		}
	}
	for i := range taxis {
		driver, taxi := DriverID(fmt.Sprint("D", i)), TaxiID(fmt.Sprint("T", i))
		e.fleet.put(Shift{Driver: driver, Taxi: taxi, City: city.ID, Seats: 4, Duty: OnDuty})
		e.Fixes([]Report{{Taxi: taxi, Fix: geo.Fix{Point: at(), At: now}}}, now)
	}
	for i := range rides {
		e.takeRide(Brief{
			ID: RideID(fmt.Sprint("R", i)), City: city.ID, State: Searching, Version: 1, Search: 1,
			Pickup: at(), Seats: 1, RequestedAt: now, SearchBy: now.Add(5 * time.Minute),
		})
	}
	e.policy = city.PolicyAt(now)
	return e, now
}

// BenchmarkRoundWithDriverLogs is a round of many candidates, but for its transaction, with the
// drivers' logs and without, in turn: ratio is the median of the first by that of the second.
func BenchmarkRoundWithDriverLogs(b *testing.B) {
	const taxis, rides = 20_000, 5_000
	with, now := crowded(b, taxis, rides, false)
	without, _ := crowded(b, taxis, rides, true)
	var took [2][]time.Duration
	round := func(i int, e *Engine) {
		began := time.Now()
		e.queue.round++
		if _, err := e.pairUp(e.waiting(), now); err != nil {
			b.Fatal(err)
		}
		e.log(nil, RoundStats{At: now})
		e.lookAround(now)
		took[i] = append(took[i], time.Since(began))
	}
	for b.Loop() {
		round(0, with)
		round(1, without)
	}
	for i := range took {
		slices.Sort(took[i])
	}
	median := func(i int) float64 { return took[i][len(took[i])/2].Seconds() * 1000 }
	b.ReportMetric(median(0)/median(1), "ratio")
	b.ReportMetric(median(0), "ms-with")
	b.ReportMetric(median(1), "ms-without")
}

// TestSightingsAllocateNothing: a candidate that a driver's trail has room for costs no allocation,
// nor does one that takes the place of another.
func TestSightingsAllocateNothing(t *testing.T) {
	var w witness
	o := option{taxi: 3, distanceM: 900, ms: 120_000, cost: 200_000, verdict: BetterElsewhere}
	ticket := uint32(0)
	saw := func() {
		for range 40 {
			ticket++
			w.saw(ticket%60, "R1", &o, int64(ticket))
		}
	}
	saw()
	if n := testing.AllocsPerRun(100, saw); n != 0 {
		t.Errorf("%v allocations for 40 candidates", n)
	}
}
