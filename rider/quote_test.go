package rider_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

func (w *town) quoteAt(from geo.Point) *riderpb.QuoteRideRequest {
	return &riderpb.QuoteRideRequest{
		City: string(w.city.ID), Pickup: place(from), Dropoff: place(w.at(5000, 0)),
	}
}

func TestQuote(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	from := w.at(0, 0)
	for i := range 12 {
		w.taxi(fmt.Sprint("N", i), w.at(float64(100+50*i), 30))
	}
	w.taxi("far", w.at(60_000, 0)) // beyond the longest pickup
	got, err := a.QuoteRide(a.ctx, w.quoteAt(from))
	w.ok(err)
	q := got.GetQuote()
	if q.GetLowFen() < 13_00 || q.GetHighFen() < q.GetLowFen() ||
		q.GetDistanceMeters() < 5000 || q.GetPickup().AsDuration() != time.Minute {
		t.Errorf("quote %v", q)
	}
	if n := len(got.GetTaxis()); n != dispatch.MaxNearby || w.quoted.Load() != int64(n) {
		t.Errorf("%d taxis, %d counted", n, w.quoted.Load())
	}
	for _, x := range got.GetTaxis() {
		at := geo.Point{Lat: x.GetPoint().GetLat(), Lng: x.GetPoint().GetLng()}
		if geo.DistanceM(at, from) > 1000 || len(x.GetName()) < 16 {
			t.Errorf("%v", x)
		}
	}
	ride := w.ask(a)
	if r := ride.GetQuote(); r.GetLowFen() == 0 || r.GetPickup().AsDuration() != time.Minute {
		t.Errorf("the ride has the quote %v", r)
	}
}

func TestOnlyFarTaxis(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	w.taxi("far", w.at(60_000, 0))
	got, err := a.QuoteRide(a.ctx, w.quoteAt(w.at(0, 0)))
	if err != nil || len(got.GetTaxis()) != 0 || got.GetQuote().GetPickup() != nil {
		t.Errorf("%v, %v", got, err)
	}
}

// TestQuoteWithoutEngine: no answer, too many questions or none in time cost the pickup time only.
func TestQuoteWithoutEngine(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	w.taxi("A", w.at(0, 0))
	for i, mute := range []error{
		dispatch.Errorf(dispatch.Unavailable, wire.ReasonUnavailable, "nobody there"),
		dispatch.Errorf(dispatch.Exhausted, dispatch.ReasonTooManyQuestions, "full"),
		context.DeadlineExceeded,
	} {
		w.mute = mute
		got, err := a.QuoteRide(a.ctx, w.quoteAt(w.at(0, 0)))
		if err != nil || got.GetQuote().GetLowFen() == 0 || got.GetQuote().GetPickup() != nil ||
			len(got.GetTaxis()) != 0 {
			t.Errorf("%v: %v, %v", mute, got, err)
		}
		ride, err := a.RequestRide(a.ctx, w.request(fmt.Sprint("r", i), 0))
		w.ok(err)
		_, err = a.CancelRide(a.ctx, &riderpb.CancelRideRequest{
			RequestId: fmt.Sprint("c", i), RideId: ride.GetRide().GetRideId(),
		})
		w.ok(err)
	}
	w.mute = dispatch.Errorf(dispatch.Internal, dispatch.ReasonStore, "a bug")
	_, err := a.QuoteRide(a.ctx, w.quoteAt(w.at(0, 0)))
	w.refused(err, codes.Internal, wire.ReasonInternal)
}

// TestQuotesArePaced: five at once, then one each two seconds, each rider for themselves.
func TestQuotesArePaced(t *testing.T) {
	w := newTown(t)
	a, b := w.app("1"), w.app("2")
	machine := time.Unix(1e9, 0)
	w.server.SetMachine(func() time.Time { return machine })
	quote := func(a app) error {
		_, err := a.QuoteRide(a.ctx, w.quoteAt(w.at(0, 0)))
		return err
	}
	for range 5 {
		w.ok(quote(a))
	}
	err := quote(a)
	w.refused(err, codes.ResourceExhausted, wire.ReasonRateLimited)
	var wait time.Duration
	for _, d := range status.Convert(err).Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			wait = r.GetRetryDelay().AsDuration()
		}
	}
	if wait != 2*time.Second {
		t.Errorf("wait %v", wait)
	}
	w.ok(quote(b))
	answered := 0
	for range 100 {
		machine = machine.Add(time.Second)
		if quote(a) == nil {
			answered++
		}
	}
	if answered != 50 {
		t.Errorf("%d answers in 100 s", answered)
	}
	machine = machine.Add(time.Minute)
	for range 5 {
		w.ok(quote(a))
	}
}

// asRider is a context in which a rider calls, without a server.
func asRider(ctx context.Context, id string) context.Context {
	return wire.WithCaller(ctx, wire.Caller{Role: typepb.Role_ROLE_RIDER, ID: id})
}

// scraper quotes as often as it may, as two riders, around a driver's home, and keeps all it sees.
type scraper struct {
	w      *town
	riders []context.Context
	seen   map[string]map[geo.Cell]bool // fields by name
	by     map[string]string            // name → who saw it, in which hour
	fields map[geo.Cell]bool
}

// look is one quote of each rider.
func (s *scraper) look(from geo.Point) {
	t := s.w.t
	for i, ctx := range s.riders {
		got, err := s.w.server.QuoteRide(ctx, s.w.quoteAt(from))
		s.w.ok(err)
		who := fmt.Sprint("rider ", i, " hour ", s.w.now().Unix()/3600)
		for _, x := range got.GetTaxis() {
			p := geo.Point{Lat: x.GetPoint().GetLat(), Lng: x.GetPoint().GetLng()}
			field, err := geo.CellOf(p, 10)
			s.w.ok(err)
			middle, err := field.Center()
			s.w.ok(err)
			if geo.DistanceM(p, middle) > 0.01 {
				t.Fatalf("%v is not the middle of a field", p)
			}
			if s.seen[x.GetName()] == nil {
				s.seen[x.GetName()] = map[geo.Cell]bool{}
			}
			s.seen[x.GetName()][field], s.fields[field] = true, true
			if before, ok := s.by[x.GetName()]; ok && before != who {
				t.Fatalf("the name %s: %s and %s", x.GetName(), before, who)
			}
			s.by[x.GetName()] = who
		}
		if !slices.IsSortedFunc(got.GetTaxis(), blurredOrder(from)) {
			t.Fatalf("the order tells more than the blurred places: %v", got.GetTaxis())
		}
	}
}

// blurredOrder is all that the order may depend on: fields by distance, names within a field.
func blurredOrder(from geo.Point) func(x, y *riderpb.NearbyTaxi) int {
	cell, _ := geo.CellOf(from, 10)
	middle, _ := cell.Center()
	far := func(p *typepb.Point) float64 {
		return geo.DistanceM(middle, geo.Point{Lat: p.GetLat(), Lng: p.GetLng()})
	}
	return func(x, y *riderpb.NearbyTaxi) int {
		if d := far(x.GetPoint()) - far(y.GetPoint()); math.Abs(d) > 1e-6 {
			return int(math.Copysign(1, d))
		}
		if x.GetName() < y.GetName() {
			return -1
		}
		return 1
	}
}

// TestScraperCannotFollowADriver: a driver leaves home, drives through the city for an hour and
// comes back; whoever asks all the time cannot follow the taxi by its name over more than 2 fields,
// nor know it again as another rider or in another hour.
func TestScraperCannotFollowADriver(t *testing.T) {
	w := newTown(t)
	machine := time.Unix(1e9, 0)
	w.server.SetMachine(func() time.Time { return machine })
	s := &scraper{
		w: w, seen: map[string]map[geo.Cell]bool{}, by: map[string]string{},
		fields: map[geo.Cell]bool{},
	}
	for _, id := range []string{"R1", "R2"} {
		s.riders = append(s.riders, asRider(t.Context(), id))
	}
	home := w.at(0, 0)
	w.taxi("home", home)
	for i := range 5 {
		w.taxi(fmt.Sprint("still", i), w.at(float64(i)*200-500, 700))
	}
	w.clock.Add(40 * time.Minute.Milliseconds()) // the clock strikes in the middle
	visited := map[geo.Cell]bool{}
	for step := range 1800 {
		w.pass(2 * time.Second)
		machine = machine.Add(2 * time.Second)
		turn := 2 * math.Pi * float64(step) / 1800
		at := w.at(1500*(1-math.Cos(turn)), 1500*math.Sin(2*turn))
		w.fix("Thome", at)
		for i := range 5 {
			w.fix(dispatch.TaxiID(fmt.Sprint("Tstill", i)), w.at(float64(i)*200-500, 700))
		}
		cell, err := geo.CellOf(at, 10)
		w.ok(err)
		visited[cell] = true
		s.look(home)
	}
	longest := 0
	for _, fields := range s.seen {
		longest = max(longest, len(fields))
	}
	if longest > 2 {
		t.Errorf("a name leads through %d fields", longest)
	}
	found := 0
	for cell := range visited {
		if s.fields[cell] {
			found++
		}
	}
	if len(visited) < 40 || found < len(visited)*9/10 {
		t.Fatalf("the taxi was in %d fields and seen in %d: too few to judge by",
			len(visited), found)
	}
	t.Logf("%d fields, %d names, the longest over %d", len(s.fields), len(s.seen), longest)
}

// TestPickupTimeDoesNotTellWhere: all places of a field get the same answer, in whole minutes.
func TestPickupTimeDoesNotTellWhere(t *testing.T) {
	w := newTown(t)
	machine := time.Unix(1e9, 0)
	w.server.SetMachine(func() time.Time { return machine })
	ctx := asRider(t.Context(), "R1")
	w.taxi("A", w.at(2500, 300))
	answers := map[geo.Cell]time.Duration{}
	places := 0
	for north := 0.0; north < 400; north += 20 {
		for east := 0.0; east < 400; east += 20 {
			machine = machine.Add(2 * time.Second)
			from := w.at(north, east)
			got, err := w.server.QuoteRide(ctx, w.quoteAt(from))
			w.ok(err)
			pickup := got.GetQuote().GetPickup().AsDuration()
			cell, err := geo.CellOf(from, 10)
			w.ok(err)
			if was, ok := answers[cell]; ok && was != pickup || pickup%time.Minute != 0 {
				t.Fatalf("%v from %v, %v from elsewhere in its field", pickup, from, was)
			}
			answers[cell] = pickup
			places++
		}
	}
	if len(answers) < 8 || places < 10*len(answers) {
		t.Errorf("%d places in %d fields", places, len(answers))
	}
}
