// Not under -race: a virtual city is one goroutine's.

//go:build !race

package sim

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

func model(t testing.TB, seed uint64) Model {
	t.Helper()
	city, err := dispatch.LoadCity(ModelCity)
	if err != nil {
		t.Fatal(err)
	}
	return Model{City: city, Seed: seed, PerHour: 7000}
}

// evening is a Wednesday, 17 h.
func evening(m Model) time.Time { return time.Date(2014, 2, 26, 17, 0, 0, 0, m.City.Zone) }

func TestTheSameModelGivesTheSameCity(t *testing.T) {
	m := model(t, 1)
	at := evening(m)
	trips := m.Demand(at, 20*time.Minute)
	if !reflect.DeepEqual(trips, m.Demand(at, 20*time.Minute)) {
		t.Error("the same model makes other trips")
	}
	if longer := m.Demand(at, time.Hour); !reflect.DeepEqual(trips, longer[:len(trips)]) {
		t.Error("a longer time changes the trips at its begin")
	}
	if reflect.DeepEqual(trips, model(t, 2).Demand(at, 20*time.Minute)) {
		t.Error("another seed makes the same trips")
	}
	fleet := m.Fleet(100, at)
	if !reflect.DeepEqual(fleet, m.Fleet(200, at)[:100]) ||
		reflect.DeepEqual(fleet, model(t, 2).Fleet(100, at)) {
		t.Error("a larger fleet is another one, or another seed the same")
	}
}

func TestDemandFollowsTheHours(t *testing.T) {
	m := model(t, 3)
	from := time.Date(2014, 2, 26, 0, 0, 0, 0, m.City.Zone)
	trips := m.Demand(from, 24*time.Hour)
	var hours [24]int
	for i, trip := range trips {
		hours[trip.At.Hour()]++
		if i > 0 && trip.At.Before(trips[i-1].At) || trip.At.Before(from) {
			t.Fatalf("trip %d at %v is out of order", i, trip.At)
		}
	}
	for hour, n := range hours {
		want := 7000 * hourShares[0][hour]
		if math.Abs(float64(n)-want) > 5*math.Sqrt(want) {
			t.Errorf("%d h: %d trips, want %.0f ± %.0f", hour, n, want, math.Sqrt(want))
		}
	}
	if n := len(m.Demand(evening(m), time.Hour)); math.Abs(float64(n)-7938) > 450 {
		t.Errorf("the evening hour has %d trips, want about 7938", n)
	}
	half := m.Demand(evening(m).Add(30*time.Minute), time.Hour)
	want := 3500 * (hourShares[0][17] + hourShares[0][18])
	if math.Abs(float64(len(half))-want) > 5*math.Sqrt(want) {
		t.Errorf("from half past 17 h: %d trips, want %.0f", len(half), want)
	}
}

func TestWeekendsHaveTheirOwnHours(t *testing.T) {
	m := model(t, 4)
	for day, line := range map[int]int{1: 1, 2: 2, 3: 0} { // March 2014 began on a Saturday
		at := time.Date(2014, 3, day, 3, 0, 0, 0, m.City.Zone)
		want := 7000 * hourShares[line][3]
		if n := len(m.Demand(at, time.Hour)); math.Abs(float64(n)-want) > 5*math.Sqrt(want) {
			t.Errorf("%v: %d trips, want %.0f", at, n, want)
		}
	}
}

func TestTripsAndTaxisKeepTheLimitsOfFiles(t *testing.T) {
	m := model(t, 5)
	for _, name := range dispatch.CityNames() {
		city, err := dispatch.LoadCity(dispatch.CityID(name))
		if err != nil {
			t.Fatal(err)
		}
		m.City = city
		for _, trip := range m.Demand(evening(m), 10*time.Minute) {
			far := geo.DistanceM(m.City.Center, trip.Pickup)
			if trip.Pickup.Check() != nil || trip.Dropoff.Check() != nil ||
				far > 1.01*modelReachM ||
				trip.Seats < 1 || trip.Seats > modelSeats || trip.Street ||
				trip.Duration < minDrive || trip.Duration > maxDrive {
				t.Fatalf("%s: %+v", name, trip)
			}
		}
		seen := map[string]bool{}
		for _, taxi := range m.Fleet(500, evening(m)) {
			far := geo.DistanceM(m.City.Center, taxi.At)
			if taxi.At.Check() != nil || far > 1.01*modelReachM || taxi.Seats != modelSeats ||
				seen[taxi.ID] || len(taxi.ID) > maxTaxiIDBytes || !taxi.From.Equal(evening(m)) {
				t.Fatalf("%s: %+v", name, taxi)
			}
			seen[taxi.ID] = true
		}
	}
}

// Without the data: the model's lengths must be those of its own table, whatever places a city has.
func TestTripsInTownAreAsLongAsTheTableSays(t *testing.T) {
	inTown, airportShare := townLengths(model(t, 6))
	for _, q := range lengths[1 : len(lengths)-1] {
		got := inTown[int(float64(len(inTown))*q.share)]
		if math.Abs(got/q.lengthM-1) > 0.05 {
			t.Errorf("%.0f %% of the trips are up to %.0f m, want %.0f",
				100*q.share, got, q.lengthM)
		}
	}
	want := 0.052*(1-0.015) + 0.015*(1-0.052) // 16 to 20 h
	if math.Abs(airportShare-want) > 0.012 {
		t.Errorf("%.3f of the trips go to or from the airport, want %.3f", airportShare, want)
	}
}

// townLengths are the sorted lengths of an evening's trips without the airport's, and the share of
// these. A trip longer than any of the table is one of the airport's: that is 24 km away.
func townLengths(m Model) (inTown []float64, airportShare float64) {
	m.PerHour = 20_000
	trips := m.Demand(evening(m), time.Hour)
	air := places[slices.IndexFunc(places, func(p place) bool { return p.kind == airport })]
	spot := geo.Point{
		Lat: m.City.Center.Lat + air.northM*degreesPerMetre,
		Lng: m.City.Center.Lng +
			air.eastM*degreesPerMetre/math.Cos(m.City.Center.Lat*math.Pi/180),
	}
	for _, trip := range trips {
		from, to := geo.DistanceM(spot, trip.Pickup), geo.DistanceM(spot, trip.Dropoff)
		if (from < 4*air.sigmaM) != (to < 4*air.sigmaM) {
			airportShare += 1 / float64(len(trips))
		} else {
			inTown = append(inTown, geo.DistanceM(trip.Pickup, trip.Dropoff))
		}
	}
	slices.Sort(inTown)
	return inTown, airportShare
}

func TestPlacesHaveNames(t *testing.T) {
	sum := 0.0
	var kinds [home + 1]int
	for _, p := range places {
		sum += p.weight
		kinds[p.kind]++
		if p.name == "" || p.sigmaM <= 0 || p.weight <= 0 {
			t.Errorf("%+v", p)
		}
	}
	for k := business; k <= home; k++ {
		if kinds[k] == 0 || k.String() == "" {
			t.Errorf("no place of kind %d (%s)", int(k), k)
		}
	}
	if math.Abs(sum-1) > 0.02 {
		t.Errorf("the weights sum up to %v", sum)
	}
	for i := range fromShares {
		if len(fromShares[i]) != int(home) || len(toShares[i]) != int(home) {
			t.Errorf("line %d has not one share for each kind", i)
		}
	}
	for hour, want := range map[int]int{0: 0, 5: 0, 6: 1, 10: 2, 16: 3, 19: 3, 20: 4, 23: 4} {
		if got := timeOfDay(hour); got != want {
			t.Errorf("%d h is line %d, want %d", hour, got, want)
		}
	}
}

func BenchmarkDemandHour(b *testing.B) {
	m := model(b, 1)
	for b.Loop() {
		m.Demand(evening(m), time.Hour)
	}
}
