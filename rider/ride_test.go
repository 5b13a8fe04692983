package rider_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"hexhail/dispatch"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/rider/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// TestRequestIsOne: twenty taps on one button are one ride, though the quote changes between them.
func TestRequestIsOne(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	w.taxi("A", w.at(0, 0))
	const taps = 20
	var rides [taps]string
	var wg sync.WaitGroup
	for i := range taps {
		wg.Go(func() {
			w.fix("TA", w.at(float64(i)*600, 0)) // other pickup times, so other quotes
			w.pass(time.Second)
			got, err := a.RequestRide(a.ctx, w.request("tap", 0))
			if err != nil {
				t.Error(err)
				return
			}
			rides[i] = got.GetRide().GetRideId()
		})
	}
	wg.Wait()
	list, err := a.ListRides(a.ctx, &riderpb.ListRidesRequest{})
	w.ok(err)
	if len(list.GetRides()) != 1 {
		t.Fatalf("%d rides", len(list.GetRides()))
	}
	for i, id := range rides {
		if id != list.GetRides()[0].GetRideId() {
			t.Errorf("tap %d got ride %q, want %q", i, id, list.GetRides()[0].GetRideId())
		}
	}
	other := w.request("tap", 50)
	_, err = a.RequestRide(a.ctx, other)
	w.refused(err, codes.InvalidArgument, dispatch.ReasonRequestReused)
	_, err = a.RequestRide(a.ctx, w.request("again", 0))
	w.refused(err, codes.FailedPrecondition, dispatch.ReasonRideOpen)
}

// TestRepeatedRequestMuchLater: the ride that was made answers, as it is then.
func TestRepeatedRequestMuchLater(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	driver := w.taxi("A", w.at(0, 0))
	first, err := a.RequestRide(a.ctx, w.request("once", 0))
	w.ok(err)
	w.claim(driver)
	w.pass(11 * time.Hour) // the night's tariff: another quote
	again, err := a.RequestRide(a.ctx, w.request("once", 0))
	w.ok(err)
	if again.GetRide().GetRideId() != first.GetRide().GetRideId() {
		t.Errorf("ride %s, want %s", again.GetRide().GetRideId(), first.GetRide().GetRideId())
	}
	if got := again.GetRide(); got.GetState() != typepb.RideState_RIDE_STATE_ASSIGNED ||
		got.GetCard() == nil {
		t.Errorf("%s with card %v: want the row as it is now", got.GetState(), got.GetCard())
	}
	if !proto.Equal(again.GetRide().GetQuote(), first.GetRide().GetQuote()) {
		t.Error("the quote has thawed")
	}
}

// TestEveryWriteIsOnce repeats each write with the same body and with another.
func TestEveryWriteIsOnce(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	driver := w.taxi("A", w.at(0, 0))
	ride := w.ask(a).GetRideId()
	tip := &riderpb.AddTipRequest{RequestId: "tip", RideId: ride, TipFen: 500}
	for range 2 {
		got, err := a.AddTip(a.ctx, tip)
		w.ok(err)
		if got.GetRide().GetVersion() != 2 || got.GetRide().GetTipFen() != 500 {
			t.Errorf("%v", got.GetRide())
		}
	}
	tip.TipFen = 1000
	_, err := a.AddTip(a.ctx, tip)
	w.refused(err, codes.InvalidArgument, dispatch.ReasonRequestReused)

	w.claim(driver)
	w.drive(driver, dispatch.RideID(ride), w.desk.Arrive)
	w.drive(driver, dispatch.RideID(ride), w.desk.Start)
	w.complete(driver, dispatch.RideID(ride), 40_00) // too much: the rider is asked
	confirm := &riderpb.ConfirmFareRequest{RequestId: "confirm", RideId: ride}
	pay := &riderpb.PayRideRequest{RequestId: "pay", RideId: ride, Channel: "wallet"}
	rate := &riderpb.RateRideRequest{RequestId: "rate", RideId: ride, Stars: 4}
	for range 2 {
		got, err := a.ConfirmFare(a.ctx, confirm)
		w.ok(err)
		if got.GetRide().GetFare().GetState() != typepb.FareState_FARE_STATE_ACCEPTED {
			t.Errorf("fare %v", got.GetRide().GetFare())
		}
	}
	for range 2 {
		_, err = a.PayRide(a.ctx, pay)
		w.ok(err)
		w.work()
	}
	for range 2 {
		got, err := a.RateRide(a.ctx, rate)
		w.ok(err)
		if got.GetRide().GetRiderStars() != 4 || got.GetRide().GetCard().GetRatings() != 1 {
			t.Errorf("%v", got.GetRide())
		}
	}
	rate.Stars = 5
	_, err = a.RateRide(a.ctx, rate)
	w.refused(err, codes.InvalidArgument, dispatch.ReasonRequestReused)
	wallet, err := account(w, money.Wallet("R1"))
	if err != nil || wallet.Balance() != 500_00-40_00-5_00 {
		t.Errorf("the wallet has %s, %v", wallet.Balance(), err)
	}
}

func account(w *town, id money.AccountID) (a money.Account, err error) {
	err = w.db.Tx(w.t.Context(), func(tx dispatch.Tx) (err error) {
		a, err = tx.Account(id)
		return err
	})
	return a, err
}

func TestContestedFareIsNotCharged(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	ride := w.ridden(a, w.taxi("A", w.at(0, 0)), 40_00)
	got, err := a.ContestFare(a.ctx,
		&riderpb.ContestFareRequest{RequestId: "no", RideId: string(ride)})
	w.ok(err)
	if got.GetRide().GetFare().GetState() != typepb.FareState_FARE_STATE_CONTESTED {
		t.Errorf("fare %v", got.GetRide().GetFare())
	}
	_, err = a.PayRide(a.ctx,
		&riderpb.PayRideRequest{RequestId: "pay", RideId: string(ride), Channel: "wallet"})
	w.refused(err, codes.FailedPrecondition, dispatch.ReasonStep)
}

func TestCancelledRideHasNoCard(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	w.taxi("A", w.at(0, 0))
	ride := w.ask(a).GetRideId()
	w.claim("DA")
	got, err := a.GetRide(a.ctx, &riderpb.GetRideRequest{RideId: ride})
	w.ok(err)
	w.isCard(got.GetRide().GetCard())
	gone, err := a.CancelRide(a.ctx,
		&riderpb.CancelRideRequest{RequestId: "c", RideId: ride, Reason: "late"})
	w.ok(err)
	if r := gone.GetRide(); r.GetState() != typepb.RideState_RIDE_STATE_CANCELLED ||
		r.GetCard() != nil || r.GetEndedBy() != "rider" || r.GetEndReason() != "late" {
		t.Errorf("%v", r)
	}
}

// isCard checks driver A's card: everything, and the phone masked.
func (w *town) isCard(c *typepb.Card) {
	w.t.Helper()
	if c.GetName() != "driver A" || c.GetPlate() != "京B·A" ||
		c.GetPhotoUri() != "https://photos/A" || c.GetMaskedPhone() != "138****5678" {
		w.t.Errorf("card %v", c)
	}
}

// secret is what no rider may ever see: ids of driver A and the taxi, and whole phone numbers.
var secret = regexp.MustCompile(`\b(DA|TA)\b|13812345678|13900001111`)

// secrets fails if a message holds one.
func (w *town) secrets(m proto.Message) {
	w.t.Helper()
	text := prototext.Format(m)
	if found := secret.FindString(text); found != "" {
		w.t.Errorf("%s is told in %s", found, text)
	}
}

// TestDatums: the same place, given as each phone gives it.
func TestDatums(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	want := w.at(1234, -567)
	for i, d := range []typepb.Datum{
		typepb.Datum_DATUM_WGS84, typepb.Datum_DATUM_GCJ02, typepb.Datum_DATUM_BD09,
	} {
		given, err := geo.FromWGS84(wire.DatumOf(d), want)
		w.ok(err)
		req := w.request(fmt.Sprint("r", i), 0)
		req.Pickup.Point = &typepb.Point{Lat: given.Lat, Lng: given.Lng, Datum: d}
		got, err := a.RequestRide(a.ctx, req)
		w.ok(err)
		p := got.GetRide().GetPickup()
		at := geo.Point{Lat: p.GetPoint().GetLat(), Lng: p.GetPoint().GetLng()}
		if far := geo.DistanceM(at, want); far > 0.01 ||
			p.GetPoint().GetDatum() != typepb.Datum_DATUM_WGS84 {
			t.Errorf("%s: %.2f m off, in %s", d, far, p.GetPoint().GetDatum())
		}
		if p.GetName() != "here" || p.GetNote() != "by the gate" {
			t.Errorf("%v", p)
		}
		row, err := w.db.RiderRide(t.Context(), a.id, dispatch.RideID(got.GetRide().GetRideId()))
		if err != nil || geo.DistanceM(row.Pickup.Point, want) > 0.01 {
			t.Errorf("%s: the row has %v, %v", d, row.Pickup.Point, err)
		}
		_, err = a.CancelRide(a.ctx, &riderpb.CancelRideRequest{
			RequestId: fmt.Sprint("c", i), RideId: got.GetRide().GetRideId(),
		})
		w.ok(err)
	}
}

func TestListRidesByPages(t *testing.T) {
	w := newTown(t)
	a, other := w.app("1"), w.app("2")
	w.ask(other)
	var want []string
	for i := range 7 {
		ride := w.ask(a).GetRideId()
		want = append([]string{ride}, want...)
		_, err := a.CancelRide(a.ctx,
			&riderpb.CancelRideRequest{RequestId: fmt.Sprint("c", i), RideId: ride})
		w.ok(err)
	}
	for _, size := range []int32{1, 3, 7, 0, 1000} {
		var got []string
		token := ""
		for {
			page, err := a.ListRides(a.ctx,
				&riderpb.ListRidesRequest{PageSize: size, PageToken: token})
			w.ok(err)
			for _, r := range page.GetRides() {
				got = append(got, r.GetRideId())
			}
			if token = page.GetNextPageToken(); token == "" {
				break
			}
			if len(page.GetRides()) == 0 || len(got) >= len(want) {
				t.Fatalf("pages of %d: a token after the last", size)
			}
			_, err = other.ListRides(other.ctx, &riderpb.ListRidesRequest{PageToken: token})
			w.refused(err, codes.InvalidArgument, wire.ReasonPageToken)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("pages of %d: %v, want %v", size, got, want)
		}
	}
}

// TestCardsAreReadOnce: looking at the same state again costs no second read of the card.
func TestCardsAreReadOnce(t *testing.T) {
	w := newTown(t)
	a := w.app("1")
	w.taxi("A", w.at(0, 0))
	machine := time.Unix(1e9, 0)
	w.server.SetMachine(func() time.Time { return machine })
	ride := w.ask(a).GetRideId()
	w.claim("DA")
	look := func(want int64) {
		t.Helper()
		for range 5 {
			got, err := a.GetRide(a.ctx, &riderpb.GetRideRequest{RideId: ride})
			w.ok(err)
			w.isCard(got.GetRide().GetCard())
		}
		if n := w.rows.cards.Load(); n != want {
			t.Errorf("%d reads of cards, want %d", n, want)
		}
	}
	look(1)
	machine = machine.Add(2 * time.Minute)
	look(2)
	w.drive("DA", dispatch.RideID(ride), w.desk.Arrive) // another version
	look(3)
}
