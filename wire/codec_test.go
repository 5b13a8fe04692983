package wire

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"

	"hexhail/dispatch"
	"hexhail/dispatch/voice"
	"hexhail/geo"
	"hexhail/money"
	"hexhail/pb/hexhail/type/v1"
)

var stationPB = &typepb.Point{Lat: 39.8948, Lng: 116.3217, Datum: typepb.Datum_DATUM_WGS84}

func TestPointsComeOutInWGS84(t *testing.T) {
	station := geo.Point{Lat: 39.8948, Lng: 116.3217}
	for pb, datum := range map[typepb.Datum]geo.Datum{
		typepb.Datum_DATUM_WGS84: geo.WGS84, typepb.Datum_DATUM_GCJ02: geo.GCJ02,
		typepb.Datum_DATUM_BD09: geo.BD09,
	} {
		shown, err := geo.FromWGS84(datum, station)
		if err != nil {
			t.Fatal(err)
		}
		got, err := PointOf(&typepb.Point{Lat: shown.Lat, Lng: shown.Lng, Datum: pb})
		if err != nil || geo.DistanceM(got, station) > 0.01 {
			t.Errorf("%v: got %v, %v", datum, got, err)
		}
		if DatumOf(pb) != datum {
			t.Errorf("%v is %v", pb, DatumOf(pb))
		}
	}
	if pb := PointPB(station); pb.GetDatum() != typepb.Datum_DATUM_WGS84 {
		t.Errorf("got %v", pb)
	} else if got, err := PointOf(pb); err != nil || got != station {
		t.Errorf("there and back: %v, %v", got, err)
	}
}

func TestPlacesThatAreNoneAreRefused(t *testing.T) {
	good := &typepb.Place{Point: stationPB, Name: "北京西站", Note: "by the south gate"}
	if got, err := PlaceOf("pickup", good); err != nil || PlacePB(got).String() != good.String() {
		t.Errorf("there and back: %v, %v", got, err)
	}
	at := func(lat, lng float64, d typepb.Datum) *typepb.Place {
		return &typepb.Place{Point: &typepb.Point{Lat: lat, Lng: lng, Datum: d}}
	}
	const wgs, gcj = typepb.Datum_DATUM_WGS84, typepb.Datum_DATUM_GCJ02
	long := strings.Repeat("x", 501)
	for name, c := range map[string]struct {
		place *typepb.Place
		field string
	}{
		"absent":     {nil, "pickup.point"},
		"no point":   {&typepb.Place{Name: "x"}, "pickup.point"},
		"no datum":   {at(39, 116, 0), "pickup.point.datum"},
		"odd datum":  {at(39, 116, 9), "pickup.point.datum"},
		"north":      {at(90.1, 116, wgs), "pickup.point.lat"},
		"west":       {at(39, -181, gcj), "pickup.point.lng"},
		"no number":  {at(math.NaN(), 116, gcj), "pickup.point.lat"},
		"infinite":   {at(39, math.Inf(1), wgs), "pickup.point.lng"},
		"long name":  {&typepb.Place{Point: stationPB, Name: long[:201]}, "pickup.name"},
		"long note":  {&typepb.Place{Point: stationPB, Note: long}, "pickup.note"},
		"swapped":    {at(116, 39, wgs), "pickup.point.lat"},
		"both wrong": {at(91, 181, wgs), "pickup.point.lat"},
	} {
		_, err := PlaceOf("pickup", c.place)
		d := detailsOf(Fail(err))
		if v := d.bad.GetFieldViolations(); len(v) != 1 || v[0].GetField() != c.field {
			t.Errorf("%s: got %v (%v), want %s", name, err, v, c.field)
		}
	}
	if _, err := PointOf(nil); dispatch.KindOf(err) != dispatch.Invalid {
		t.Errorf("no point: %v", err)
	}
}

// FuzzPointOf: whatever comes, it is a point on the earth or an Invalid error.
func FuzzPointOf(f *testing.F) {
	f.Add(39.9, 116.3, int32(1))
	f.Add(39.9, 116.3, int32(2))
	f.Add(-90.0, 180.0, int32(3))
	f.Add(math.NaN(), math.Inf(-1), int32(0))
	f.Fuzz(func(t *testing.T, lat, lng float64, datum int32) {
		p := &typepb.Point{Lat: lat, Lng: lng, Datum: typepb.Datum(datum)}
		got, err := PointOf(p)
		if err != nil {
			if Status(err).Code() != codes.InvalidArgument {
				t.Fatalf("%v: %v", p, err)
			}
			return
		}
		if got.Check() != nil {
			t.Fatalf("%v became %v", p, got)
		}
		if shift := geo.DistanceM(got, geo.Point{Lat: lat, Lng: lng}); shift > 3000 {
			t.Fatalf("%v was moved by %v m", p, shift)
		}
	})
}

// FuzzFixOf: FixOf and geo.CheckFix refuse what the schema refuses, no more and no less.
func FuzzFixOf(f *testing.F) {
	f.Add(39.9, 116.3, int64(1389355200000), float32(10), float32(90), float32(5))
	f.Add(-90.0, -180.0, int64(1), float32(100), float32(360), float32(200))
	f.Add(math.NaN(), 0.0, int64(0), float32(-1), float32(361), float32(200.1))
	f.Add(0.0, 0.0, int64(math.MaxInt64), float32(0), float32(math.NaN()), float32(math.Inf(1)))
	f.Fuzz(func(t *testing.T, lat, lng float64, at int64, speed, heading, accuracy float32) {
		pb := &typepb.Fix{
			Lat: lat, Lng: lng, AtMs: at, SpeedMps: speed, HeadingDeg: heading, AccuracyM: accuracy,
		}
		fix, err := FixOf(pb, geo.WGS84)
		if err == nil {
			err = geo.CheckFix(nil, fix, fix.At)
		}
		if schema := Validate(pb); (err == nil) != (schema == nil) {
			t.Fatalf("%v: by hand %v, by the schema %v", pb, err, schema)
		}
		var reason *geo.FixError
		if err != nil && !errors.As(err, &reason) {
			t.Fatalf("%v: %v has no reason to count", pb, err)
		}
		if err == nil && FixPB(fix).String() != pb.String() {
			t.Fatalf("there and back: %v became %v", pb, FixPB(fix))
		}
	})
}

func TestFixesInAnotherDatum(t *testing.T) {
	pb := &typepb.Fix{Lat: 39.9, Lng: 116.3, AtMs: noon.UnixMilli(), SpeedMps: 7}
	got, err := FixOf(pb, geo.GCJ02)
	want, _ := geo.ToWGS84(geo.GCJ02, geo.Point{Lat: 39.9, Lng: 116.3})
	if err != nil || got.Point != want || !got.At.Equal(noon) || got.SpeedMPS != 7 {
		t.Errorf("got %+v, %v", got, err)
	}
	var datum *geo.DatumError
	if _, err := FixOf(pb, 0); !errors.As(err, &datum) {
		t.Errorf("no datum: %v", err)
	}
	var fix *geo.FixError
	for _, bad := range []*typepb.Fix{nil, {Lat: 91, AtMs: 1}, {Lng: -181, AtMs: 1}, {Lat: 1}} {
		_, err := FixOf(bad, geo.BD09)
		if !errors.As(err, &fix) || fix.Reason != geo.FixOutOfRange {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestFixOfDoesNotAllocate(t *testing.T) {
	pb := &typepb.Fix{Lat: 39.9, Lng: 116.3, AtMs: noon.UnixMilli()}
	for _, d := range []geo.Datum{geo.WGS84, geo.GCJ02, geo.BD09} {
		n := testing.AllocsPerRun(1000, func() {
			if _, err := FixOf(pb, d); err != nil {
				t.Error(err)
			}
		})
		if n != 0 {
			t.Errorf("%v: %v allocations", d, n)
		}
	}
}

func TestPhonesAreMasked(t *testing.T) {
	for phone, want := range map[string]string{
		"":                 "",
		"13800005678":      "138****5678",
		"+8613800005678":   "+86138****5678",
		"138 0000-5678":    "138****5678",
		"62345678":         "****5678",
		"6234567":          "****",
		"110":              "****",
		"call me":          "****",
		"+1 (212) 5550100": "+121****0100",
	} {
		if got := MaskPhone(phone); got != want {
			t.Errorf("%q became %q, want %q", phone, got, want)
		}
	}
}

func TestCardsAndContactsHidePhones(t *testing.T) {
	card := CardPB(dispatch.Card{
		Name: "王师傅", PhotoURI: "p", Phone: "13800005678", Company: "金建", Plate: "京B12345",
		Stars: 9, Ratings: 2,
	})
	want := &typepb.Card{
		Name: "王师傅", PhotoUri: "p", Plate: "京B12345", Company: "金建", Rating: 4.5, Ratings: 2,
		MaskedPhone: "138****5678",
	}
	if card.String() != want.String() {
		t.Errorf("got %v", card)
	}
	if got := ContactPB(dispatch.Rider{ID: "R1", Name: "李", Phone: "13900001234"}); got.GetName() !=
		"李" || got.GetMaskedPhone() != "139****1234" {
		t.Errorf("got %v", got)
	}
	if got := ContactPB(dispatch.Rider{}); got != nil {
		t.Errorf("nobody is %v", got)
	}
}

// wholeRide has something in every field.
func wholeRide() dispatch.Ride {
	minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	return dispatch.Ride{
		ID: "ride", City: "beijing", Kind: dispatch.BookedRide, State: dispatch.Settled, Version: 9,
		Search: 2, Rider: "R1", Seats: 2,
		Pickup:  dispatch.Place{Point: geo.Point{Lat: 39, Lng: 116}, Name: "a"},
		Dropoff: dispatch.Place{Point: geo.Point{Lat: 40, Lng: 117}, Note: "b"},
		PayBy:   money.InWallet, Tip: 500, Wants: dispatch.Vehicle{Class: "large", Tags: "a,b"},
		Quote: dispatch.Quote{
			Low: 1000, High: 2000, Pickup: 3 * time.Minute, DistanceM: 4000,
			PickupSource: geo.SourceRoad,
		},
		Voice:  voice.Head{Format: voice.Opus, Length: 12 * time.Second},
		Driver: "D1", Taxi: "T1", Slot: dispatch.SlotCurrent,
		RequestedAt: minute(0), SearchBy: minute(1), ClaimedAt: minute(2), ArrivedAt: minute(3),
		StartedAt: minute(4), CompletedAt: minute(5), EndedAt: minute(6), ChangedAt: minute(7),
		Fare: dispatch.Fare{
			Meter: 1500, Tolls: 100, ByTrace: 1400, Coverage: 98, Flagged: true,
			DrivenM:    5200,
			State:      dispatch.FareResolved,
			Resolution: dispatch.Resolution{Total: 1200, Note: "a detour", By: "ops:O1"},
			Lines:      []money.FareLine{{Code: money.LineFlagFall, Amount: 1300}},
			Was:        []dispatch.Reading{{Meter: 15000, Tolls: 100, At: minute(5)}},
			Proposed:   dispatch.Reading{Meter: 1600, Tolls: 100, At: minute(6)},
		},
		Subsidy: money.Subsidy{
			Campaign: "c", Version: 1, Rider: 300, Driver: 200, Reason: money.SubsidyGranted,
			Grants:  []money.Grant{{Campaign: "c", Version: 1, Rider: 300, Driver: 200}},
			Refused: []money.Refusal{{Campaign: "d", Reason: money.SubsidyGroup}}, Held: true,
		},
		EndedBy: dispatch.SideDriver, EndReason: "flat tyre", CancelFee: 500,
		RiderStars: 5, DriverStars: 4,
		Booking: dispatch.Booking{
			PickupAt: minute(3), Flight: dispatch.Flight{Number: "CA1", Day: "2014-03-01"},
			FlightAt: minute(1), Terminal: "T3", Fee: 500,
			RemindedAt: minute(2), HandOver: dispatch.HandOver{Team: "A", At: minute(1)},
		},
		First: dispatch.First{Driver: "D1", OpenAt: minute(1)},
	}
}

// TestANextRide: the rider is told that the driver comes from another ride, and when.
func TestANextRide(t *testing.T) {
	r := wholeRide()
	r.State, r.Slot, r.ExpectedAt = dispatch.Assigned, dispatch.SlotNext, noon
	if pb := RidePB(r); !pb.GetAfterAnother() || !TimeOf(pb.GetExpectedAt()).Equal(noon) {
		t.Errorf("after another %v, expected %v", pb.GetAfterAnother(), pb.GetExpectedAt())
	}
	r.Slot = dispatch.SlotCurrent
	if pb := RidePB(r); pb.GetAfterAnother() || !TimeOf(pb.GetExpectedAt()).Equal(noon) {
		t.Errorf("promoted: after another %v, by %v", pb.GetAfterAnother(), pb.GetExpectedAt())
	}
	r.State, r.Slot = dispatch.Completed, ""
	if pb := RidePB(r); pb.GetExpectedAt() != nil {
		t.Errorf("completed: still expected %v", pb.GetExpectedAt())
	}
}

// TestAHandOver: who may see a booking is told that it is offered, until it is taken over.
func TestAHandOver(t *testing.T) {
	r := wholeRide()
	for at, handing := range map[time.Time]bool{{}: true, noon: false} {
		r.Booking.HandOver.At = at
		pb := RidePB(r).GetBooking()
		if pb.GetHandingOver() != handing || !TimeOf(pb.GetHandedOverAt()).Equal(at) {
			t.Errorf("handed over %s: %v", at, pb)
		}
	}
}

func TestARideLosesNothingOnTheWire(t *testing.T) {
	pb := RidePB(wholeRide())
	// A field that is added to the message and forgotten here shows.
	fields := pb.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		name := fields.Get(i).Name()
		added := slices.Contains([]protoreflect.Name{
			"card", "contact", "suggested_tip_fen", "waits_for", "regular_until",
			"team_until",
			"after_another", "expected_at", // see TestANextRide
		}, name)
		if pb.ProtoReflect().Has(fields.Get(i)) == added {
			t.Errorf("%s: present is %v", name, !added)
		}
	}
	for _, part := range []protoreflect.ProtoMessage{
		pb.GetFare(), pb.GetSubsidy(), pb.GetQuote(), pb.GetBooking(), pb.GetVoice(),
	} {
		m := part.ProtoReflect()
		for i := range m.Descriptor().Fields().Len() {
			f := m.Descriptor().Fields().Get(i)
			if !m.Has(f) && f.Name() != "handing_over" { // see TestAHandOver
				t.Errorf("%s is not there", f.FullName())
			}
		}
	}
	text := protojson.Format(pb)
	for _, hidden := range []string{"R1", "D1", "T1", "ops:O1"} {
		if strings.Contains(text, `"`+hidden+`"`) {
			t.Errorf("%s is there", hidden)
		}
	}
	if got := QuoteOf(pb.GetQuote()); got != wholeRide().Quote {
		t.Errorf("quote there and back: %+v", got)
	}
	if got := FlightOf(pb.GetBooking().GetFlight()); got != wholeRide().Booking.Flight {
		t.Errorf("flight there and back: %+v", got)
	}
	if got := TimeOf(pb.GetStartedAt()); !got.Equal(wholeRide().StartedAt) {
		t.Errorf("time there and back: %v", got)
	}
}

func TestAStreetRideHasNoDestinationAndNoFareYet(t *testing.T) {
	pb := RidePB(dispatch.Ride{ID: "r", Kind: dispatch.Street, State: dispatch.OnTrip})
	if pb.GetDropoff() != nil || pb.GetFare() != nil || pb.GetSubsidy() != nil ||
		pb.GetQuote() != nil || pb.GetRequestedAt() != nil || pb.GetPickup() == nil {
		t.Errorf("got %v", pb)
	}
	if pb.GetKind() != typepb.RideKind_RIDE_KIND_STREET {
		t.Errorf("got %v", pb.GetKind())
	}
	if QuoteOf(nil) != (dispatch.Quote{}) || !TimeOf(nil).IsZero() {
		t.Error("nil is something")
	}
}

func TestEveryFormatHasItsName(t *testing.T) {
	for n, name := range typepb.VoiceFormat_name {
		want := strings.ToLower(strings.TrimPrefix(name, "VOICE_FORMAT_"))
		if n == 0 {
			want = ""
		}
		if f := voice.ParseFormat(want); voiceFormatPB(f) != typepb.VoiceFormat(n) {
			t.Errorf("%s is %v", name, voiceFormatPB(f))
		}
	}
}

func TestEveryStateHasItsName(t *testing.T) {
	for n, name := range typepb.RideState_name {
		want := strings.ToLower(strings.TrimPrefix(name, "RIDE_STATE_"))
		state := StateOf(typepb.RideState(n))
		if n == 0 {
			want = ""
		}
		if state.String() != want || StatePB(state) != typepb.RideState(n) {
			t.Errorf("%s is %v, and back %v", name, state, StatePB(state))
		}
	}
	if StateOf(99) != 0 {
		t.Error("99 is a state")
	}
	for n, name := range typepb.FareState_name {
		if got := fareStatePB(dispatch.FareState(n)); int32(got) != n {
			t.Errorf("%s is %v", name, got)
		}
	}
}

func TestNumbersBeyondTheWire(t *testing.T) {
	for n, want := range map[int]int32{
		7: 7, -7: -7, math.MaxInt: math.MaxInt32, math.MinInt: math.MinInt32,
	} {
		if got := int32Of(n); got != want {
			t.Errorf("%d became %d", n, got)
		}
	}
}

func BenchmarkFixOf(b *testing.B) {
	pb := &typepb.Fix{Lat: 39.9, Lng: 116.3, AtMs: noon.UnixMilli(), SpeedMps: 10}
	for _, d := range []geo.Datum{geo.WGS84, geo.GCJ02} {
		b.Run(d.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := FixOf(pb, d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("schema", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := Validate(pb); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRidePB(b *testing.B) {
	r := wholeRide()
	for b.Loop() {
		_ = RidePB(r)
	}
}
