package sim_test

import (
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/sim"
	"hexhail/store"
)

// The evening's city.
const (
	eveningFleet  = 150
	eveningDemand = 10 * time.Minute
)

// evening is a small Beijing: some minutes of demand. change sets what is different.
func evening(t testing.TB, change func(*sim.Options)) sim.VirtualConfig {
	t.Helper()
	o := sim.DefaultOptions()
	o.Requests, o.Fleet, o.Duration = 900, eveningFleet, eveningDemand
	change(&o)
	if err := o.Check(); err != nil {
		t.Fatal(err)
	}
	city, err := dispatch.LoadCity(o.CityID())
	if err != nil {
		t.Fatal(err)
	}
	city = city.WithPolicy(o.Apply)
	start, err := o.StartIn(city.Zone)
	if err != nil {
		t.Fatal(err)
	}
	model := sim.Model{City: city, Seed: o.Seed, PerHour: o.Requests}
	return sim.VirtualConfig{
		City: city, Options: o, Trips: model.Demand(start, o.Duration),
		Taxis: model.Fleet(o.Fleet, start),
	}
}

// memory is a store that lasts as long as the test.
func memory(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite::memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func run(t testing.TB, c sim.VirtualConfig) sim.Report {
	t.Helper()
	c.Store, c.Wall = memory(t), time.Now
	r, err := sim.Virtual(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sound fails unless every request has come to an end, nobody was promised twice, and the books
// close.
func sound(t *testing.T, r sim.Report, requests int) {
	t.Helper()
	ended := r.Settled + r.Expired + r.Cancelled + r.NoShow
	if r.Requests != requests || ended != requests || r.Completed != r.Settled {
		t.Errorf("%d requests, want %d; %d have ended, %d of %d completed are settled",
			r.Requests, requests, ended, r.Settled, r.Completed)
	}
	if r.DoubleClaims != 0 || !r.BooksClose {
		t.Errorf("%d double claims, open books: %v", r.DoubleClaims, r.Books.Open())
	}
	if r.Completed < requests/4 || r.Claimed < r.Completed ||
		r.Offers+r.Called < r.Claimed-requests/2 {
		t.Errorf("%d completed, %d claimed, %d offers, %d calls: too few to prove anything",
			r.Completed, r.Claimed, r.Offers, r.Called)
	}
}
