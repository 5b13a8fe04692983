package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
	riderpb "hexhail/pb/hexhail/rider/v1"
	typepb "hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// writeStreet makes an OpenStreetMap file of one street, north from the centre of Beijing, a node
// each kilometre.
func writeStreet(t *testing.T) string {
	t.Helper()
	city, err := dispatch.LoadCity("beijing")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(`<osm version="0.6">`)
	for i := range 4 {
		fmt.Fprintf(&b, `<node id="%d" lat="%f" lon="%f"/>`,
			i+1, city.Center.Lat+float64(i)/111.195, city.Center.Lng)
	}
	b.WriteString(`<way id="9"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/>` +
		`<tag k="highway" v="primary"/></way></osm>`)
	path := filepath.Join(t.TempDir(), "street.osm")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// quoted is the quote of a rider at the centre, with one taxi two kilometres north of it.
func (r *realm) quoted() *typepb.Quote {
	r.t.Helper()
	city := r.service.cities["beijing"]
	r.ok(r.service.db.Tx(r.t.Context(), func(tx dispatch.Tx) error {
		if err := tx.InsertRider(dispatch.Rider{ID: "R"}); err != nil {
			return err
		}
		if err := tx.InsertDriver(dispatch.Driver{ID: "D", City: city.ID}); err != nil {
			return err
		}
		return tx.InsertTaxi(dispatch.Taxi{ID: "T", City: city.ID, Plate: "京B12345", Seats: 4})
	}))
	_, err := r.service.desk.SetDuty(r.t.Context(), r.service.clock.Now(),
		dispatch.Once{Identity: "driver:D", RequestID: "1"},
		dispatch.SetDuty{Driver: "D", Taxi: "T", Duty: dispatch.OnDuty})
	r.ok(err)
	loop := r.service.loops[city.ID]
	for { // until the engine knows of the shift
		loop.Frame([]dispatch.Report{{
			Taxi: "T", Fix: geo.Fix{Point: r.at(2), At: r.service.clock.Now()},
		}})
		near, err := loop.Nearby(r.t.Context(), r.at(0))
		r.ok(err)
		if len(near.Taxis) > 0 {
			break
		}
	}
	ctx := wire.WithToken(r.t.Context(),
		r.token(wire.Caller{Role: typepb.Role_ROLE_RIDER, ID: "R"}))
	got, err := riderpb.NewRiderServiceClient(r.dial(r.grpcAddr())).QuoteRide(ctx,
		&riderpb.QuoteRideRequest{
			City:    "beijing",
			Pickup:  wire.PlacePB(dispatch.Place{Point: r.at(0)}),
			Dropoff: wire.PlacePB(dispatch.Place{Point: r.at(5)}),
		})
	r.ok(err)
	return got.GetQuote()
}

func TestRoadsAreInTheQuote(t *testing.T) {
	q := openRealm(t, "--roads", "beijing="+writeStreet(t)).quoted()
	// Two kilometres at 32 km/h are 225 s, and what is told is rounded up.
	took := q.GetPickup().AsDuration()
	if q.GetPickupSource() != typepb.PickupSource_PICKUP_SOURCE_ROAD ||
		took < 220*time.Second || took > 5*time.Minute {
		t.Errorf("%v by %v, want about 225 s by road", took, q.GetPickupSource())
	}
}

func TestATableServiceIsInTheQuote(t *testing.T) {
	table := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, to, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/table/v1/driving/"), ";")
		fmt.Fprintf(w, `{"code":"Ok","durations":[[601]],"sources":[{"location":[%s]}],`+
			`"destinations":[{"location":[%s]}]}`, from, to)
	}))
	t.Cleanup(table.Close)
	r := openRealm(t, "--roads", "beijing="+writeStreet(t), "--table-url", table.URL)
	q := r.quoted()
	took := q.GetPickup().AsDuration()
	if q.GetPickupSource() != typepb.PickupSource_PICKUP_SOURCE_SERVICE ||
		took < 601*time.Second || took > 11*time.Minute {
		t.Errorf("%v by %v, want 601 s of the service", took, q.GetPickupSource())
	}
}

func TestCheckConfigReadsRoads(t *testing.T) {
	code, stdout, stderr := hexhail(t.Context(), "check-config",
		"--roads", "beijing="+writeStreet(t), "--table-url", "http://me:secret@routes:5000")
	if code != exitOK || stderr != "" || !strings.Contains(stdout, "street.osm") ||
		!strings.Contains(stdout, "http://me:xxxxx@routes:5000") {
		t.Errorf("code %d\n%s%s", code, stdout, stderr)
	}
}
