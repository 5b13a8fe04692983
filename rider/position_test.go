package rider_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// TestSharePosition: a phone tells where it is while its rider is on board, in whichever datum, and
// hears when to tell again; what is wrong with a position is told by its field.
func TestSharePosition(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	driver := w.taxi("A", w.at(0, 0))
	w.ask(a)
	ride := w.claim(driver)
	share := func(change func(*riderpb.SharePositionRequest)) (time.Duration, error) {
		p := w.at(100, 0)
		req := &riderpb.SharePositionRequest{RideId: string(ride), Fix: &typepb.Fix{
			Lat: p.Lat, Lng: p.Lng, AtMs: w.now().UnixMilli(), AccuracyM: 20,
		}}
		change(req)
		got, err := a.SharePosition(a.ctx, req)
		return got.GetAgainIn().AsDuration(), err
	}
	as := func(*riderpb.SharePositionRequest) {}
	_, err := share(as)
	w.refused(err, codes.FailedPrecondition, dispatch.ReasonStep)
	w.drive(driver, ride, w.desk.Arrive)
	w.drive(driver, ride, w.desk.Start)
	again, err := share(func(r *riderpb.SharePositionRequest) {
		p, err := geo.FromWGS84(geo.GCJ02, w.at(100, 0))
		w.ok(err)
		r.Fix.Lat, r.Fix.Lng, r.Datum = p.Lat, p.Lng, typepb.Datum_DATUM_GCJ02
	})
	w.ok(err)
	w.ok(w.db.View(t.Context(), func(tx dispatch.Tx) error {
		is, err := tx.Whereabouts(ride)
		if m := geo.DistanceM(is.Last.Place, w.at(100, 0)); again != dispatch.TellEvery || m > 1 {
			t.Errorf("again in %v, %f m away", again, m)
		}
		return err
	}))
	for field, change := range map[string]func(*riderpb.SharePositionRequest){
		"fix":     func(r *riderpb.SharePositionRequest) { r.Fix = nil },
		"fix.lat": func(r *riderpb.SharePositionRequest) { r.Fix.Lat = 91 },
		"fix.at":  func(r *riderpb.SharePositionRequest) { r.Fix.AtMs -= 61_000 },
	} {
		_, err := share(change)
		if _, fields := reasonOf(err); !slices.Contains(fields, field) {
			t.Errorf("%s: %v names %v", field, err, fields)
		}
	}
	w.complete(driver, ride, 15_00)
	_, err = share(as)
	w.refused(err, codes.FailedPrecondition, dispatch.ReasonStep)
}

// TestPositionsArePaced: six at once, then one each ten seconds.
func TestPositionsArePaced(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	machine := time.Unix(1e9, 0)
	w.server.SetMachine(func() time.Time { return machine })
	share := func() error {
		_, err := a.SharePosition(a.ctx, &riderpb.SharePositionRequest{
			RideId: "nobody's", Fix: &typepb.Fix{Lat: 39.9, Lng: 116.4, AtMs: 1},
		})
		return err
	}
	for range 6 {
		w.refused(share(), codes.NotFound, dispatch.ReasonUnknownRide)
	}
	w.refused(share(), codes.ResourceExhausted, wire.ReasonRateLimited)
	machine = machine.Add(10 * time.Second)
	w.refused(share(), codes.NotFound, dispatch.ReasonUnknownRide)
	w.refused(share(), codes.ResourceExhausted, wire.ReasonRateLimited)
}
