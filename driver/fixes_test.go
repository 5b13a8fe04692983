package driver

import (
	"math"
	"testing"
	"time"

	"hexhail/geo"
	"hexhail/pb/hexhail/driver/v1"
	"hexhail/pb/hexhail/type/v1"
	"hexhail/wire"
)

// TestRefusedFixes sends one bad fix of each kind between good ones.
func TestRefusedFixes(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	p := w.phone(0)
	p.drive(w.at(0, 0)) // before the shift
	p.onDuty()
	now := w.clock.Now()
	good := fixPB(w.at(0, 0), now)
	p.send(fixes(good))
	bad := func(change func(*typepb.Fix)) *typepb.Fix {
		f := fixPB(w.at(0, 0), now.Add(time.Second))
		change(f)
		return f
	}
	p.send(fixes(
		good, // repeated
		bad(func(f *typepb.Fix) { f.Lat = 91 }), bad(func(f *typepb.Fix) { f.Lng = math.NaN() }),
		bad(func(f *typepb.Fix) { f.AccuracyM = 201 }),
		bad(func(f *typepb.Fix) { f.AtMs += 3_600_000 }),
		bad(func(f *typepb.Fix) { f.AtMs -= 3_600_000 }),
		bad(func(f *typepb.Fix) { f.AtMs -= 2000 }),
		bad(func(f *typepb.Fix) { f.Lat++ }),
	))
	p.send(&driverpb.DriveRequest{Message: &driverpb.DriveRequest_Fixes{Fixes: &driverpb.FixBatch{
		Fixes: []*typepb.Fix{bad(func(*typepb.Fix) {})}, Datum: 9,
	}}})
	many := make([]*typepb.Fix, MaxFixes+1)
	for i := range many {
		many[i] = fixPB(w.at(0, 0), now.Add(time.Duration(i)*time.Millisecond))
	}
	p.send(fixes(many...))
	want := map[string]int{
		"no_taxi": 1, "repeated": 1, "out_of_range": 2, "inaccurate": 1, "future": 1, "stale": 1,
		"out_of_order": 1, "jump": 1, "datum": 1, "too_many": MaxFixes + 1,
	}
	eventually(t, "all are counted", func() bool { return w.ears.count("too_many") > 0 })
	for reason, n := range want {
		if got := w.ears.count(reason); got != n {
			t.Errorf("%s: %d, want %d", reason, got, n)
		}
	}
	if len(want) != len(RefusalReasons()) {
		t.Errorf("the reasons are %v", RefusalReasons())
	}
	told := map[string]int{}
	eventually(t, "the phone is told", func() bool {
		clear(told)
		for _, msg := range p.all() {
			for reason, n := range msg.GetFixesRefused().GetCounts() {
				told[reason] += int(n)
			}
		}
		return told["too_many"] > 0
	})
	for reason, n := range want {
		if told[reason] != n {
			t.Errorf("told of %d %s, want %d", told[reason], reason, n)
		}
	}
	eventually(t, "the good one", func() bool { return w.ears.taken() == 1 })
}

// TestSomebodyElsesTaxi has a driver say hello with another driver's taxi.
func TestSomebodyElsesTaxi(t *testing.T) {
	w := newTown(t)
	w.enrol(2)
	honest := w.phone(0)
	honest.onDuty()
	honest.drive(w.at(0, 0))
	thief := w.newPhone(1)
	thief.taxi = honest.taxi
	thief.connect()
	thief.hello()
	thief.drive(w.at(500, 0))
	eventually(t, "it is refused", func() bool { return w.ears.count("no_taxi") == 1 })
	if e := thief.give(duty(driverpb.Duty_DUTY_ON)).GetError(); e.GetReason() != "TAXI_IN_USE" {
		t.Errorf("a taxi that is in use: %v", e)
	}
	own := duty(driverpb.Duty_DUTY_ON)
	own.GetSetDuty().TaxiId = string(taxiID(1))
	thief.do(own)
	thief.drive(w.at(500, 0)) // of the taxi of the shift now
	eventually(t, "the fix of its own taxi", func() bool {
		_, ok := w.tap.of(taxiID(1))
		return ok
	})
	if f, _ := w.tap.of(honest.taxi); geo.DistanceM(f.Point, w.at(0, 0)) > 1 {
		t.Errorf("the other's taxi is at %v", f.Point)
	}
	thief.cut()
	thief.connect()
	thief.hello() // with the shift on T1, as T0
	thief.drive(w.at(600, 0))
	eventually(t, "it is refused again", func() bool { return w.ears.count("no_taxi") == 2 })
	thief.do(duty(driverpb.Duty_DUTY_OFF)) // the session's taxi is T0, but the shift ends
}

// TestReconnectKeepsTheLastFix: a jump is not allowed by hanging up.
func TestReconnectKeepsTheLastFix(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	p := w.phone(0)
	ride, offer := w.toOffer(p)
	p.do(accept(offer.GetOfferId()))
	p.do(atRide("arrived", string(ride)))
	p.do(atRide("started", string(ride)))
	p.drive(w.at(150, 0))
	eventually(t, "both fixes", func() bool { return w.ears.taken() == 2 })
	p.again()
	eventually(t, "the session is over", func() bool {
		return w.ears.ended(whyCutOff)+w.ears.ended("SESSION_REPLACED") == 1
	})
	p.drive(w.at(50_000, 0))
	eventually(t, "the jump", func() bool { return w.ears.count("jump") == 1 })
	p.drive(w.at(160, 0))
	p.do(atRide("completed", string(ride)))
	trace, err := w.db.Trace(w.ctx, ride)
	check(t, err)
	if len(trace) != 2 {
		t.Errorf("trace %v", trace)
	}
}

// TestStreetRide begins at the taxi's last position, and is the same ride when it is repeated after
// the taxi has moved and the phone has connected to another node.
func TestStreetRide(t *testing.T) {
	w := newTown(t)
	w.enrol(1)
	p := w.phone(0)
	p.onDuty()
	occupied := &driverpb.Command{
		RequestId: "kerb", Action: &driverpb.Command_Occupied{Occupied: &driverpb.StreetRide{}},
	}
	if e := p.give(occupied).GetError(); e.GetReason() != "FIELD_INVALID" {
		t.Errorf("without a position: %v", e)
	}
	p.drive(w.at(70, 0))
	ride := p.do(occupied).GetRide()
	if ride.GetState() != typepb.RideState_RIDE_STATE_ON_TRIP ||
		geo.DistanceM(w.at(70, 0), pointOf(ride.GetPickup())) > 1 {
		t.Fatalf("%v", ride)
	}
	p.drive(w.at(90, 0))
	w.startServer()
	p.conn = w.dial()
	p.again()
	if again := p.do(occupied).GetRide(); !same(again, ride) {
		t.Errorf("again: %v, was %v", again, ride)
	}
	p.do(atRide("completed", ride.GetRideId()))
}

func pointOf(p *typepb.Place) geo.Point {
	return geo.Point{Lat: p.GetPoint().GetLat(), Lng: p.GetPoint().GetLng()}
}

func TestAtOnce(t *testing.T) {
	w := newTown(t, func(c *Config) { c.FrameEvery = 0 })
	w.enrol(1)
	p := w.phone(0)
	p.onDuty()
	for i := range 10 {
		p.send(fixes(fixPB(w.at(0, 0), w.clock.Now().Add(time.Duration(i)*time.Millisecond))))
	}
	eventually(t, "all fixes", func() bool { return w.ears.taken() == 10 })
}

// FuzzFixRules: what is checked by hand has the verdict of the schema's rules.
func FuzzFixRules(f *testing.F) {
	f.Add(39.9, 116.4, int64(1_387_512_000_000), float32(8), float32(90), float32(10), int32(1))
	f.Add(90.0, -180.0, int64(1), float32(100), float32(360), float32(200), int32(2))
	f.Add(90.1, 180.1, int64(0), float32(100.1), float32(360.1), float32(200.1), int32(3))
	f.Add(math.NaN(), math.Inf(1), int64(-1), float32(math.NaN()), float32(-1),
		float32(math.Inf(1)), int32(0))
	f.Add(-90.0, 180.0, int64(math.MaxInt64), float32(0), float32(0), float32(0), int32(9))
	s := &session{srv: &Server{}}
	s.stand.mine, s.stand.city, s.stand.taxi = true, &city{}, "T0"
	f.Fuzz(func(t *testing.T, lat, lng float64, ms int64, speed, heading, accuracy float32,
		datum int32,
	) {
		batch := &driverpb.FixBatch{Datum: typepb.Datum(datum), Fixes: []*typepb.Fix{{
			Lat: lat, Lng: lng, AtMs: ms, SpeedMps: speed, HeadingDeg: heading, AccuracyM: accuracy,
		}}}
		rules := wire.Validate(batch) == nil
		s.slot = slot{}
		var d verdict
		s.check(&d, batch, time.UnixMilli(ms))
		if hand := d.taken == 1; hand != rules {
			t.Errorf("%v: by hand %v %v, by the rules %v", batch, hand, d.refused.counts(),
				wire.Validate(batch))
		}
	})
}

func TestFixRulesOfBatches(t *testing.T) {
	s := &session{srv: &Server{}}
	s.stand.mine, s.stand.city, s.stand.taxi = true, &city{}, "T0"
	now := time.UnixMilli(1_387_512_000_000)
	for _, n := range []int{1, 2, MaxFixes, MaxFixes + 1} {
		batch := &driverpb.FixBatch{}
		for i := range n {
			batch.Fixes = append(batch.Fixes, fixPB(geo.Point{Lat: 39.9, Lng: 116.4},
				now.Add(time.Duration(i)*time.Millisecond)))
		}
		s.slot = slot{}
		var d verdict
		s.check(&d, batch, now)
		if rules := wire.Validate(batch) == nil; rules != (d.taken == n) {
			t.Errorf("%d fixes: %d taken, by the rules %v", n, d.taken, rules)
		}
	}
}
