package money

import (
	"errors"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawTariff draws a shipped tariff or an arbitrary valid one.
func drawTariff(t *rapid.T) Tariff {
	name := rapid.SampledFrom(append(Tariffs(), "")).Draw(t, "tariff")
	if name != "" {
		tariff, err := LoadTariff(name)
		if err != nil {
			t.Fatal(err)
		}
		return tariff
	}
	num := func(label string, low, high int64) int64 {
		return rapid.Int64Range(low, high).Draw(t, label)
	}
	window := func(label string) ClockWindow {
		from := num(label, 0, 1439)
		to := (from + num(label+" length", 1, 1439)) % 1440
		return ClockWindow{ClockTime(from * 60), ClockTime(to * 60)}
	}
	tariff := Tariff{
		Name: "drawn", City: "drawn", Confidence: "low", Notes: []string{}, Sources: []string{},
		FlagFall: Fen(num("flag fall", 1, 2000)), FlagFallM: num("flag fall m", 0, 3000),
		PerKM: Fen(num("per km", 1, 500)), Fuel: Fen(num("fuel", 0, 300)),
		RoundTo: rapid.SampledFrom([]Fen{1, 10, 50, 100}).Draw(t, "round to"),
	}
	if rapid.Bool().Draw(t, "long") {
		tariff.LongDistance = &LongDistance{OverM: num("over", 3000, 9000)}
		if rapid.Bool().Draw(t, "long share") {
			tariff.LongDistance.Surcharge = PPM(num("long ppm", 1, 2_000_000))
		} else {
			tariff.LongDistance.PerKM = tariff.PerKM + Fen(num("long per km", 0, 300))
		}
	}
	if rapid.Bool().Draw(t, "empty") {
		over, share := num("empty over", 3000, 9000), PPM(num("empty ppm", 1, 999_999))
		tariff.EmptyReturn = &EmptyReturn{OverM: over, Surcharge: share}
		if rapid.Bool().Draw(t, "empty hours") {
			w := window("hours")
			tariff.EmptyReturn.Hours = &w
		}
	}
	switch rapid.IntRange(0, 2).Draw(t, "slow") {
	case 1:
		tariff.LowSpeed = &LowSpeed{
			num("kmh", 1, 30), num("every", 1, 600), 1, 2,
			[]ClockWindow{window("peak 1"), window("peak 2")},
		}
	case 2:
		tariff.Waiting = &Waiting{num("kmh", 1, 30), num("free", 0, 600), num("every", 1, 600), 50}
	}
	if rapid.Bool().Draw(t, "night") {
		n := &Night{Hours: window("night hours")}
		if rapid.Bool().Draw(t, "night share") {
			n.Surcharge = PPM(num("night ppm", 1, 2_000_000))
		} else {
			n.FlagFall = tariff.FlagFall + Fen(num("night flag fall", 0, 500))
			n.PerKM = tariff.PerKM + Fen(num("night per km", 0, 200))
			if l := tariff.LongDistance; l != nil && l.PerKM != 0 {
				n.LongPerKM = n.PerKM + l.PerKM - tariff.PerKM + Fen(num("night long", 0, 100))
			}
		}
		tariff.Night = n
	}
	if err := tariff.Validate(); err != nil {
		t.Fatal(err)
	}
	return tariff
}

func drawStart(t *rapid.T) time.Time {
	second := rapid.Int64Range(0, 86_399).Draw(t, "start")
	return time.Date(2014, 1, 15, 0, 0, 0, 0, time.UTC).Add(time.Duration(second) * time.Second)
}

func drawSegments(t *rapid.T) []Segment {
	segment := rapid.Custom(func(t *rapid.T) Segment {
		d := time.Duration(rapid.Int64Range(0, 400_000).Draw(t, "ms")) * time.Millisecond
		kmh := rapid.SampledFrom([]int64{0, 0, 5, 11, 12, 13, 40, 120}).Draw(t, "kmh")
		return Segment{Millimetres(kmh * int64(d) / 3_600_000), d}
	})
	return rapid.SliceOfN(segment, 0, 60).Draw(t, "segments")
}

// TestMeterAgainstReference compares every line and the total with exact fractions.
func TestMeterAgainstReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tariff, start, segments := drawTariff(t), drawStart(t), drawSegments(t)
		m := NewMeter(&tariff, start)
		for _, s := range segments {
			if err := m.Drive(s); err != nil {
				t.Fatal(err)
			}
		}
		fare := m.Fare()
		if err := fare.Check(); err != nil {
			t.Fatal(err)
		}
		want := referenceFare(&tariff, start, segments)
		for code := LineFlagFall; code < LineRounding; code++ {
			if fare.Line(code) != want.lines[code] {
				t.Fatalf("%s: %s, want %s", code, fare.Line(code), want.lines[code])
			}
		}
		if fare.Total != want.total {
			t.Fatalf("total %s, want %s: %v", fare.Total, want.total, fare.Lines)
		}
	})
}

// TestMeterNeverFalls: a further segment never makes a ride cheaper, nor any line but the rounding.
func TestMeterNeverFalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tariff := drawTariff(t)
		m := NewMeter(&tariff, drawStart(t))
		before := m.Fare()
		for i, s := range drawSegments(t) {
			if err := m.Drive(s); err != nil {
				t.Fatal(err)
			}
			after := m.Fare()
			for code := LineFlagFall; code < LineRounding; code++ {
				if after.Line(code) < before.Line(code) {
					t.Fatalf("segment %d: %s fell to %s", i, code, after.Line(code))
				}
			}
			if after.Total < before.Total {
				t.Fatalf("segment %d: the total fell from %s to %s", i, before.Total, after.Total)
			}
			before = after
		}
	})
}

// TestMeterGrowsWithWayAndTime: of two rides at one time of day the longer one, and the one that
// stands longer, costs no less. (Across a window's end it may: the night ends.)
func TestMeterGrowsWithWayAndTime(t *testing.T) {
	noon := time.Date(2014, 1, 15, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(Tariffs()).Draw(t, "tariff")
		tariff, err := LoadTariff(name)
		if err != nil {
			t.Fatal(err)
		}
		price := func(metres, waitS int64) Fen {
			m := NewMeter(&tariff, noon)
			ride := time.Duration(metres) * time.Second / 10 // 36 km/h
			for _, s := range []Segment{
				{Millimetres(metres * 1000), ride}, {0, time.Duration(waitS) * time.Second},
			} {
				if err := m.Drive(s); err != nil {
					t.Fatal(err)
				}
			}
			return m.Fare().Total
		}
		metres := rapid.Int64Range(0, 60_000).Draw(t, "metres")
		wait := rapid.Int64Range(0, 3600).Draw(t, "wait")
		base := price(metres, wait)
		if more := price(metres+rapid.Int64Range(0, 5000).Draw(t, "more m"), wait); more < base {
			t.Fatalf("a longer way costs %s, not %s", more, base)
		}
		if more := price(metres, wait+rapid.Int64Range(0, 3600).Draw(t, "more s")); more < base {
			t.Fatalf("a longer wait costs %s, not %s", more, base)
		}
	})
}

func TestMeterRefuses(t *testing.T) {
	tariff, err := LoadTariff("beijing")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2014, 1, 15, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		segment Segment
		want    error
	}{
		"negative distance": {Segment{-1, time.Second}, ErrSegment},
		"negative duration": {Segment{1, -1}, ErrSegment},
		"NaN":               {Segment{Metres(math.NaN()), time.Second}, ErrSegment},
		"infinite":          {Segment{Metres(math.Inf(1)), time.Second}, ErrSegment},
		"too far":           {Segment{MaxMeterDistance, time.Second}, ErrMeterLimit},
		"too long":          {Segment{0, MaxMeterTime}, ErrMeterLimit},
		"overflowing":       {Segment{math.MaxInt64, math.MaxInt64}, ErrMeterLimit},
	} {
		m := NewMeter(&tariff, start)
		if err := m.Drive(Segment{1000, time.Second}); err != nil {
			t.Fatal(err)
		}
		before := m
		if err := m.Drive(c.segment); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if m != before {
			t.Errorf("%s: the refused segment changed the meter", name)
		}
	}
}

// TestMeterAtItsLimits: the dearest valid tariff on the longest ride does not overflow.
func TestMeterAtItsLimits(t *testing.T) {
	allDay := ClockWindow{0, daySeconds - 60}
	tariff := Tariff{
		Name: "dear", City: "dear", Confidence: "low", RoundTo: 100,
		FlagFall: maxTariffPrice, PerKM: maxTariffPrice, Fuel: maxTariffPrice,
		LongDistance: &LongDistance{OverM: 0, Surcharge: maxTariffShare},
		EmptyReturn:  &EmptyReturn{OverM: 0, Surcharge: maxTariffShare},
		LowSpeed: &LowSpeed{
			UnderKMH: maxTariffSpeed, EveryS: 1, KM: maxTariffKM, PeakKM: maxTariffKM,
			Peak: []ClockWindow{allDay},
		},
		Night: &Night{Hours: allDay, Surcharge: maxTariffShare},
	}
	if err := tariff.Validate(); err != nil {
		t.Fatal(err)
	}
	segments := []Segment{{0, MaxMeterTime - time.Hour}, {MaxMeterDistance, time.Hour}}
	m := NewMeter(&tariff, time.Date(2014, 1, 15, 12, 0, 0, 0, time.UTC))
	for _, s := range segments {
		if err := m.Drive(s); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Date(2014, 1, 15, 12, 0, 0, 0, time.UTC)
	if got, want := m.Fare().Total, referenceFare(&tariff, start, segments).total; got != want {
		t.Errorf("total %s, want %s", got, want)
	}
	if err := m.Fare().Check(); err != nil {
		t.Error(err)
	}
}

func TestDriveAllocatesNothing(t *testing.T) {
	tariff, err := LoadTariff("beijing")
	if err != nil {
		t.Fatal(err)
	}
	m := NewMeter(&tariff, time.Date(2014, 1, 15, 6, 50, 0, 0, time.UTC))
	if n := testing.AllocsPerRun(1000, func() {
		if err := m.Drive(Segment{60_000, 5 * time.Second}); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a segment", n)
	}
}

// BenchmarkMeter: one segment of 5 s on the meter, against the reference in exact fractions.
func BenchmarkMeter(b *testing.B) {
	tariff, err := LoadTariff("beijing")
	if err != nil {
		b.Fatal(err)
	}
	start := time.Date(2014, 1, 15, 6, 30, 0, 0, time.UTC)
	ride := make([]Segment, 240) // 20 min, a third of it slow
	for i := range ride {
		ride[i] = Segment{Millimetres(i % 3 * 40_000), 5 * time.Second}
	}
	b.Run("drive", func(b *testing.B) {
		b.ReportAllocs()
		m := NewMeter(&tariff, start)
		i := 0
		for b.Loop() {
			if i == len(ride) {
				m, i = NewMeter(&tariff, start), 0
			}
			if err := m.Drive(ride[i]); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
	b.Run("reference", func(b *testing.B) {
		for b.Loop() {
			referenceFare(&tariff, start, ride)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(ride)), "ns/segment")
	})
	b.Run("fare", func(b *testing.B) {
		m := NewMeter(&tariff, start)
		for _, s := range ride {
			if err := m.Drive(s); err != nil {
				b.Fatal(err)
			}
		}
		for b.Loop() {
			m.Fare()
		}
	})
	b.Run("estimate", func(b *testing.B) {
		f := Forecast{start, 8_000_000, 20 * time.Minute, 6 * time.Minute}
		for b.Loop() {
			if _, err := tariff.Estimate(f); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestMetres(t *testing.T) {
	for m, want := range map[float64]Millimetres{
		0: 0, 1.2345: 1235, 2e6: MaxMeterDistance, 2e6 + 0.001: -1, -0.1: -1, math.Inf(-1): -1,
	} {
		if got := Metres(m); got != want {
			t.Errorf("Metres(%v) = %d, want %d", m, got, want)
		}
	}
	if got := Millimetres(1235).Metres(); got != 1.235 {
		t.Errorf("1235 mm are %v m", got)
	}
}
