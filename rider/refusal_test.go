package rider_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// reasonOf is the reason in a status, and the fields that it names.
func reasonOf(err error) (reason dispatch.Reason, fields []string) {
	for _, d := range status.Convert(err).Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			reason = dispatch.Reason(d.GetReason())
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		}
	}
	return reason, fields
}

func (w *town) refused(err error, code codes.Code, reason dispatch.Reason) {
	w.t.Helper()
	if got, _ := reasonOf(err); status.Code(err) != code || got != reason {
		w.t.Fatalf("got %v (%s), want %s with %s", err, got, code, reason)
	}
}

// onRide are all calls about one ride.
func onRide(a app, id string) map[string]error {
	got := map[string]error{}
	_, got["GetRide"] = a.GetRide(a.ctx, &riderpb.GetRideRequest{RideId: id})
	_, got["AddTip"] = a.AddTip(a.ctx,
		&riderpb.AddTipRequest{RequestId: "1", RideId: id, TipFen: 100})
	_, got["CancelRide"] = a.CancelRide(a.ctx,
		&riderpb.CancelRideRequest{RequestId: "2", RideId: id})
	_, got["ConfirmFare"] = a.ConfirmFare(a.ctx,
		&riderpb.ConfirmFareRequest{RequestId: "3", RideId: id})
	_, got["ContestFare"] = a.ContestFare(a.ctx,
		&riderpb.ContestFareRequest{RequestId: "4", RideId: id})
	_, got["PayRide"] = a.PayRide(a.ctx,
		&riderpb.PayRideRequest{RequestId: "5", RideId: id, Channel: "wallet"})
	_, got["RateRide"] = a.RateRide(a.ctx,
		&riderpb.RateRideRequest{RequestId: "6", RideId: id, Stars: 5})
	_, got["SharePosition"] = a.SharePosition(a.ctx, &riderpb.SharePositionRequest{
		RideId: id, Fix: &typepb.Fix{Lat: 39.9, Lng: 116.4, AtMs: 1},
	})
	watch, err := a.WatchRide(a.ctx, &riderpb.WatchRideRequest{RideId: id})
	if err == nil {
		_, err = watch.Recv()
	}
	got["WatchRide"] = err
	return got
}

// TestForeignRidesAreNotThere: in every state of a ride, and to the letter like a ride that never
// was.
func TestForeignRidesAreNotThere(t *testing.T) {
	w := newTown(t)
	owner, stranger := w.app("1"), w.app("2")
	driver := w.taxi("A", w.at(0, 0))
	ride := dispatch.RideID(w.ask(owner).GetRideId())
	never := onRide(stranger, strings.Repeat("x", len(ride)))
	check := func(state dispatch.State) {
		t.Helper()
		for name, err := range onRide(stranger, string(ride)) {
			w.refused(err, codes.NotFound, dispatch.ReasonUnknownRide)
			got, want := status.Convert(err).Message(), status.Convert(never[name]).Message()
			if got != want {
				t.Errorf("%s of a ride that is %s: %q, of none: %q", name, state, got, want)
			}
		}
		got, err := stranger.ListRides(stranger.ctx, &riderpb.ListRidesRequest{})
		if err != nil || len(got.GetRides()) != 0 {
			t.Errorf("the stranger's list: %v, %v", got, err)
		}
	}
	check(dispatch.Searching)
	w.claim(driver)
	check(dispatch.Assigned)
	w.drive(driver, ride, w.desk.Arrive)
	w.drive(driver, ride, w.desk.Start)
	check(dispatch.OnTrip)
	w.complete(driver, ride, 17_00)
	check(dispatch.Completed)
	r, err := w.db.RiderRide(t.Context(), owner.id, ride)
	if err != nil || r.State != dispatch.Completed || r.Tip != 0 {
		t.Errorf("the stranger has changed the ride: %+v, %v", r, err)
	}
}

// TestOnlyRiders: drivers, companies and ops have no business here, whatever their id is.
func TestOnlyRiders(t *testing.T) {
	w := newTown(t)
	owner := w.app("1")
	ride := w.ask(owner).GetRideId()
	for _, role := range []typepb.Role{
		typepb.Role_ROLE_DRIVER, typepb.Role_ROLE_COMPANY, typepb.Role_ROLE_OPS,
	} {
		caller := wire.Caller{Role: role, ID: string(owner.id)}
		_, err := w.server.GetRide(wire.WithCaller(t.Context(), caller), // past the gate
			&riderpb.GetRideRequest{RideId: ride})
		w.refused(err, codes.PermissionDenied, wire.ReasonRoleDenied)
		a := w.appOf(caller)
		for name, err := range onRide(a, ride) {
			if got, _ := reasonOf(err); status.Code(err) != codes.PermissionDenied ||
				got != wire.ReasonRoleDenied {
				t.Errorf("%s as %s: %v", name, role, err)
			}
		}
	}
	nobody := owner
	nobody.ctx = t.Context()
	for name, err := range onRide(nobody, ride) {
		if status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s without a token: %v", name, err)
		}
	}
}

// fault is a request with one field out of its limit.
type fault struct {
	call  string
	field string // that the answer names
	send  func(a app) error
}

// with is a copy of a message with a change.
func with[M proto.Message](m M, change func(M)) M {
	c, ok := proto.Clone(m).(M)
	if !ok {
		panic("a clone of another type")
	}
	change(c)
	return c
}

// badPlaces are changes of a place that make it bad, by the field that is named.
func badPlaces() map[string]func(*typepb.Place) {
	bad := map[string]func(*typepb.Place){
		"point":       func(p *typepb.Place) { p.Point = nil },
		"point.datum": func(p *typepb.Place) { p.Point.Datum = 0 },
		"datum":       func(p *typepb.Place) { p.Point.Datum = 9 },
		"name":        func(p *typepb.Place) { p.Name = strings.Repeat("n", 201) },
		"note":        func(p *typepb.Place) { p.Note = strings.Repeat("n", 501) },
	}
	for i, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 90.5, -91} {
		bad[fmt.Sprintf("lat%.*s", i, "     ")] = func(p *typepb.Place) { p.Point.Lat = v }
	}
	for i, v := range []float64{math.NaN(), math.Inf(1), 180.5, -181} {
		bad[fmt.Sprintf("lng%.*s", i, "     ")] = func(p *typepb.Place) { p.Point.Lng = v }
	}
	return bad
}

func quoteFaults(w *town) (all []fault) {
	good := &riderpb.QuoteRideRequest{
		City: "beijing", Pickup: place(w.at(0, 0)), Dropoff: place(w.at(4000, 0)),
	}
	add := func(field string, change func(*riderpb.QuoteRideRequest)) {
		all = append(all, fault{"QuoteRide", field, func(a app) error {
			_, err := a.QuoteRide(a.ctx, with(good, change))
			return err
		}})
	}
	add("city", func(m *riderpb.QuoteRideRequest) { m.City = "" })
	add("city", func(m *riderpb.QuoteRideRequest) { m.City = strings.Repeat("c", 65) })
	add("pickup", func(m *riderpb.QuoteRideRequest) { m.Pickup = nil })
	add("dropoff", func(m *riderpb.QuoteRideRequest) { m.Dropoff = nil })
	add("dropoff", func(m *riderpb.QuoteRideRequest) { // the other side of the earth
		m.Dropoff = place(geo.Point{Lat: -m.GetPickup().GetPoint().GetLat(), Lng: -64})
	})
	for field, bad := range badPlaces() {
		add(field, func(m *riderpb.QuoteRideRequest) { bad(m.GetPickup()) })
		add(field, func(m *riderpb.QuoteRideRequest) { bad(m.GetDropoff()) })
	}
	return all
}

func requestFaults(w *town) (all []fault) {
	add := func(field string, change func(*riderpb.RequestRideRequest)) {
		all = append(all, fault{"RequestRide", field, func(a app) error {
			_, err := a.RequestRide(a.ctx, with(w.request("r", 0), change))
			return err
		}})
	}
	add("request_id", func(m *riderpb.RequestRideRequest) { m.RequestId = "" })
	add("request_id", func(m *riderpb.RequestRideRequest) {
		m.RequestId = strings.Repeat("r", 65)
	})
	add("city", func(m *riderpb.RequestRideRequest) { m.City = "" })
	add("seats", func(m *riderpb.RequestRideRequest) { m.Seats = 0 })
	add("seats", func(m *riderpb.RequestRideRequest) { m.Seats = 9 })
	add("pay_by", func(m *riderpb.RequestRideRequest) { m.PayBy = "" })
	add("pay_by", func(m *riderpb.RequestRideRequest) { m.PayBy = strings.Repeat("p", 33) })
	add("tip_fen", func(m *riderpb.RequestRideRequest) { m.TipFen = -1 })
	add("tip_fen", func(m *riderpb.RequestRideRequest) { m.TipFen = 20_001 })
	add("tip_fen", func(m *riderpb.RequestRideRequest) { m.TipFen = 123 }) // none of the steps
	add("pickup", func(m *riderpb.RequestRideRequest) { m.Pickup = nil })
	add("dropoff", func(m *riderpb.RequestRideRequest) { m.Dropoff = nil })
	for field, bad := range badPlaces() {
		add(field, func(m *riderpb.RequestRideRequest) { bad(m.GetPickup()) })
		add(field, func(m *riderpb.RequestRideRequest) { bad(m.GetDropoff()) })
	}
	return all
}

func rideFaults() (all []fault) {
	add := func(call, field string, send func(a app) error) {
		all = append(all, fault{call, field, send})
	}
	for _, id := range []string{"", strings.Repeat("i", 65)} {
		for _, name := range []string{
			"GetRide", "AddTip", "CancelRide", "ConfirmFare", "ContestFare", "PayRide", "RateRide",
			"WatchRide",
		} {
			add(name, "ride_id", func(a app) error { return onRide(a, id)[name] })
		}
	}
	for _, tip := range []int64{0, -1, 20_001} {
		add("AddTip", "tip_fen", func(a app) error {
			_, err := a.AddTip(a.ctx,
				&riderpb.AddTipRequest{RequestId: "t", RideId: "r", TipFen: tip})
			return err
		})
	}
	add("CancelRide", "reason", func(a app) error {
		_, err := a.CancelRide(a.ctx, &riderpb.CancelRideRequest{
			RequestId: "c", RideId: "r", Reason: strings.Repeat("r", 201),
		})
		return err
	})
	for _, channel := range []string{"", strings.Repeat("c", 33)} {
		add("PayRide", "channel", func(a app) error {
			_, err := a.PayRide(a.ctx,
				&riderpb.PayRideRequest{RequestId: "p", RideId: "r", Channel: channel})
			return err
		})
	}
	for _, stars := range []int32{0, -1, 6} {
		add("RateRide", "stars", func(a app) error {
			_, err := a.RateRide(a.ctx,
				&riderpb.RateRideRequest{RequestId: "s", RideId: "r", Stars: stars})
			return err
		})
	}
	add("ListRides", "page_size", func(a app) error {
		_, err := a.ListRides(a.ctx, &riderpb.ListRidesRequest{PageSize: -1})
		return err
	})
	add("ListRides", "page_token", func(a app) error {
		_, err := a.ListRides(a.ctx,
			&riderpb.ListRidesRequest{PageToken: strings.Repeat("t", 201)})
		return err
	})
	return all
}

// TestFieldLimits sends every message with every field out of its limit.
func TestFieldLimits(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	all := append(append(quoteFaults(w), requestFaults(w)...), rideFaults()...)
	for _, f := range all {
		err := f.send(a)
		reason, fields := reasonOf(err)
		field := strings.TrimSpace(f.field)
		if status.Code(err) != codes.InvalidArgument || reason == "" ||
			!strings.Contains(strings.Join(fields, " "), field) {
			t.Errorf("%s with a bad %s: %v (%s, fields %v)", f.call, field, err, reason, fields)
		}
	}
	if len(all) < 80 {
		t.Errorf("only %d bad requests", len(all))
	}
	got, err := a.ListRides(a.ctx, &riderpb.ListRidesRequest{})
	if err != nil || len(got.GetRides()) != 0 {
		t.Errorf("a bad request has made a ride: %v, %v", got, err)
	}
}

func TestUnknownThings(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	city := w.request("1", 0)
	city.City = "atlantis"
	_, err := a.RequestRide(a.ctx, city)
	w.refused(err, codes.NotFound, dispatch.ReasonUnknownCity)
	_, err = a.QuoteRide(a.ctx, &riderpb.QuoteRideRequest{
		City: "atlantis", Pickup: city.GetPickup(), Dropoff: city.GetDropoff(),
	})
	w.refused(err, codes.NotFound, dispatch.ReasonUnknownCity)
	channel := w.request("2", 0)
	channel.PayBy = "shells"
	_, err = a.RequestRide(a.ctx, channel)
	w.refused(err, codes.NotFound, dispatch.ReasonChannel)
	stranger := w.appOf(wire.Caller{Role: typepb.Role_ROLE_RIDER, ID: "nobody"})
	_, err = stranger.RequestRide(stranger.ctx, w.request("3", 0))
	w.refused(err, codes.NotFound, dispatch.ReasonUnknownRider)
	_, err = a.ListRides(a.ctx, &riderpb.ListRidesRequest{PageToken: "AAAA"})
	w.refused(err, codes.InvalidArgument, wire.ReasonPageToken)
}
