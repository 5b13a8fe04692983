package sim_test

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"hexhail/dispatch"
	"hexhail/geo"
	opspb "hexhail/pb/hexhail/ops/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/sim"
	"hexhail/store"
	"hexhail/wire"
)

// The morning at the airport: taxis come one in half a minute, then planes land.
const (
	airportTaxis = 10
	airportRides = 14
	airportCome  = 30 * time.Second
	airportLand  = 8 * time.Minute
)

// airportMorning is Terminal 3 as the only place where anything happens: taxis log on in its zone
// one after the other, the first the farthest from where riders wait, and riders go 4 km away.
// There are more rides than taxis. The day begins with a rider in the city whom nobody takes.
func airportMorning(t testing.TB, accept float64) sim.VirtualConfig {
	t.Helper()
	c := evening(t, func(o *sim.Options) {
		o.Accept, o.Seed, o.Patience = accept, 7, 5*time.Minute
		o.Street, o.CancelAfter, o.FixEvery = 0, 0, 5*time.Second
	})
	mid := geo.Point{Lat: 40.053, Lng: 116.613}
	start := c.Trips[0].At
	c.Taxis, c.Options.Fleet = nil, 0 // every taxi at its own time
	for i := range airportTaxis {
		c.Taxis = append(c.Taxis, sim.Taxi{
			ID: fmt.Sprintf("%02d", i), Seats: 4, From: start.Add(time.Duration(i) * airportCome),
			At: geo.Point{Lat: mid.Lat - .0005*float64(airportTaxis-i), Lng: mid.Lng},
		})
	}
	c.Trips = []sim.Trip{{
		At: start, Seats: 1, Pickup: c.City.Center,
		Dropoff: geo.Point{Lat: c.City.Center.Lat + .02, Lng: c.City.Center.Lng},
	}}
	for i := range airportRides {
		c.Trips = append(c.Trips, sim.Trip{
			At: start.Add(airportLand + time.Duration(20*i)*time.Second), Seats: 1,
			Pickup: mid, Dropoff: geo.Point{Lat: mid.Lat - .036, Lng: mid.Lng},
		})
	}
	return c
}

// happened is a line of the stand's day, as rows tell it.
type happened struct {
	at     time.Time
	driver dispatch.DriverID
	offer  dispatch.OfferState // OfferOpen: it was made
}

// servedInOrder replays the day: every offer of the stand's rides must go to the first in the queue
// who has none, where the queue is who came first, but for those who said no or nothing. It returns
// how many of them were accepted and how many cost the place.
func servedInOrder(
	t *testing.T, db *store.DB, city dispatch.CityID, queue []dispatch.DriverID,
) (accepted, put int) {
	t.Helper()
	var day []happened
	must(t, db.View(t.Context(), func(tx dispatch.Tx) error {
		offers, err := tx.ChangedOffers(city, time.Time{})
		for _, o := range offers {
			driver := o.Driver[len(o.Driver)-len("D00"):] // without the run's tag
			day = append(day, happened{o.MadeAt, driver, dispatch.OfferOpen},
				happened{o.ChangedAt, driver, o.State})
		}
		return err
	}))
	slices.SortStableFunc(day, func(a, b happened) int {
		// What ends comes before what is made at the same time.
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(b.offer, a.offer))
	})
	asked := map[dispatch.DriverID]bool{}
	for _, h := range day {
		if h.offer == dispatch.OfferOpen {
			head := slices.IndexFunc(queue, func(d dispatch.DriverID) bool { return !asked[d] })
			if head < 0 || queue[head] != h.driver {
				t.Fatalf("%s: %s was asked, in the queue %v (asked: %v)",
					h.at.Format(time.TimeOnly), h.driver, queue, asked)
			}
			asked[h.driver] = true
			continue
		}
		delete(asked, h.driver)
		if h.offer == dispatch.OfferAccepted || h.offer.Excludes() {
			queue = slices.DeleteFunc(slices.Clone(queue), func(d dispatch.DriverID) bool {
				return d == h.driver
			})
		}
		if h.offer == dispatch.OfferAccepted {
			accepted++
		} else if h.offer.Excludes() {
			put++
			queue = append(queue, h.driver)
		}
	}
	return accepted, put
}

// inOrder are the drivers in the order in which they log on.
func inOrder(taxis []sim.Taxi) (drivers []dispatch.DriverID) {
	for _, taxi := range taxis {
		drivers = append(drivers, dispatch.DriverID("D"+taxi.ID))
	}
	return drivers
}

// TestAStandServesInTheOrderOfEntry lets taxis come to an airport, and then riders; whatever
// drivers answer, the head of the queue is asked first, also when every hint is lost.
func TestAStandServesInTheOrderOfEntry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		accept float64
		hints  sim.Hints
	}{{1, sim.HintsDeliver}, {.6, sim.HintsDeliver}, {1, sim.HintsDrop}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			t.Parallel()
			v := airportMorning(t, c.accept)
			v.Options.Hints = c.hints
			db := memory(t)
			v.Store, v.Wall = db, time.Now
			r, err := sim.Virtual(t.Context(), v)
			must(t, err)
			accepted, put := servedInOrder(t, db, v.City.ID, inOrder(v.Taxis))
			t.Logf("%d accepted, %d put to the tail, %d completed", accepted, put, r.Completed)
			if accepted < airportTaxis/2 || c.accept < 1 && put < 3 || !r.BooksClose {
				t.Errorf("%d accepted, %d put to the tail, books close: %v",
					accepted, put, r.BooksClose)
			}
		})
	}
}

// queueAt reads the queue of Terminal 3 from the server until all taxis are in it.
func (w *town) queueAt(t *testing.T) (drivers []dispatch.DriverID) {
	t.Helper()
	token, err := wire.NewSigner(w.key).Mint(
		wire.Caller{Role: typepb.Role_ROLE_OPS, ID: "O1"}, time.Now(), time.Hour)
	must(t, err)
	conn, err := grpc.NewClient(w.addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	defer func() { must(t, conn.Close()) }()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+token)
	looks := time.NewTicker(50 * time.Millisecond)
	defer looks.Stop()
	for range looks.C {
		list, err := opspb.NewOpsServiceClient(conn).ListStandTaxis(ctx,
			&opspb.ListStandTaxisRequest{City: string(w.city.ID), StandId: "capital-t3"})
		must(t, err)
		if drivers = nil; len(list.GetTaxis()) < airportTaxis {
			continue
		}
		for i, taxi := range list.GetTaxis() {
			id := taxi.GetDriverId()
			drivers = append(drivers, dispatch.DriverID(id[len(id)-len("D00"):]))
			if i > 0 && taxi.GetEnteredAt().AsTime().Before(
				list.GetTaxis()[i-1].GetEnteredAt().AsTime()) {
				t.Errorf("%s is behind one who came later", id)
			}
		}
		return drivers
	}
	return nil
}

// TestALiveStandServesInTheOrderOfEntry is the same with phones, through the real API, which also
// says in what order they have come.
func TestALiveStandServesInTheOrderOfEntry(t *testing.T) {
	t.Parallel()
	v := airportMorning(t, .7)
	v.Options.Mode = sim.ModeLive
	// At 30 times the speed of life a machine that is busy for two seconds is a phone silent for a
	// minute, and an offer that nobody has seen passes over the head of the queue.
	v.City = v.City.WithPolicy(func(p dispatch.Policy) dispatch.Policy {
		p.StaleS, p.OfferS = 300, 120
		return p
	})
	w := newTown(t, v.City, v.Trips[0].At.Add(-time.Minute), 30)
	var came []dispatch.DriverID
	var all sync.WaitGroup
	all.Go(func() { came = w.queueAt(t) })
	r, err := sim.Live(t.Context(), sim.LiveConfig{
		Addr: w.addr, Key: wire.NewSigner(w.key), City: v.City, Options: v.Options,
		Trips: v.Trips, Taxis: v.Taxis, Wall: time.Now,
	})
	must(t, err)
	all.Wait()
	w.crash() // so that the rows are nobody else's
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(w.dir, "town.db"))
	must(t, err)
	defer func() { must(t, db.Close()) }()
	accepted, put := servedInOrder(t, db, v.City.ID, came)
	t.Logf("came %v, %d accepted, %d put to the tail, %d completed",
		came, accepted, put, r.Completed)
	if accepted < airportTaxis/2 || put == 0 {
		t.Errorf("%d accepted, %d put to the tail", accepted, put)
	}
}
