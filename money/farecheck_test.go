package money

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCheckFare(t *testing.T) {
	for _, c := range []struct {
		name  string
		claim FareClaim
		want  FareVerdict
	}{
		{"agree", FareClaim{2800, 2800, 1}, FareVerdict{FareAccepted, false, 300}},
		{"3 yuan over", FareClaim{2800, 2500, 1}, FareVerdict{FareAccepted, false, 300}},
		{"a fen more", FareClaim{2800, 2499, 1}, FareVerdict{FareAsk, false, 300}},
		{"3 yuan under", FareClaim{2800, 3100, 1}, FareVerdict{FareAccepted, false, 300}},
		{"a fen less", FareClaim{2800, 3101, 1}, FareVerdict{FareBelow, false, 300}},
		{"10 % over", FareClaim{10000, 9000, 1}, FareVerdict{FareAccepted, false, 1000}},
		{"over 10 %", FareClaim{10000, 8999, 1}, FareVerdict{FareAsk, false, 1000}},
		{"poor trace", FareClaim{2800, 2800, 0.59}, FareVerdict{FareAccepted, true, 300}},
		{"just enough", FareClaim{2800, 2800, 0.6}, FareVerdict{FareAccepted, false, 300}},
		{"poor and over", FareClaim{2800, 1400, 0.1}, FareVerdict{FareAsk, true, 300}},
		{"no trace", FareClaim{1400, 1400, math.NaN()}, FareVerdict{FareAccepted, true, 300}},
		{"a huge fare typed", FareClaim{20000, 1400, 1}, FareVerdict{FareAsk, false, 2000}},
		{"nothing asked", FareClaim{0, 1400, 1}, FareVerdict{FareBelow, false, 300}},
	} {
		got, err := CheckFare(c.claim)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, err, c.want)
		}
		asks := c.want.Answer == FareAsk
		if got.MayCharge() == asks || got.SubsidyWaits() != asks {
			t.Errorf("%s: charge %v, wait %v", c.name, got.MayCharge(), got.SubsidyWaits())
		}
	}
	for name, c := range map[string]struct {
		claim FareClaim
		field string
	}{
		"absurd":         {FareClaim{MaxMeter + 1, 1400, 1}, "meter"},
		"negative":       {FareClaim{-1, 1400, 1}, "meter"},
		"negative trace": {FareClaim{1400, -1, 1}, "trace"},
	} {
		var bad *AmountError
		if _, err := CheckFare(c.claim); !errors.As(err, &bad) || bad.Field != c.field {
			t.Errorf("%s: %v, want an AmountError on %s", name, err, c.field)
		}
	}
	if (FareVerdict{}).MayCharge() {
		t.Error("the zero verdict lets a fare be charged")
	}
}

func TestFareAnswerString(t *testing.T) {
	for a, want := range map[FareAnswer]string{
		FareAccepted: "accepted", FareBelow: "below", FareAsk: "ask", 0: "FareAnswer(0)",
	} {
		if a.String() != want {
			t.Errorf("%q, want %q", a, want)
		}
	}
}

func TestMeterReading(t *testing.T) {
	if total, err := (MeterReading{2800, 1500}).Total(); err != nil || total != 4300 {
		t.Errorf("28 + 15 yuan = %s, %v", total, err)
	}
	total, err := (MeterReading{MaxMeter, MaxTolls}).Total()
	if err != nil || total != MaxMeter+MaxTolls {
		t.Errorf("the limits themselves = %s, %v", total, err)
	}
	for field, r := range map[string]MeterReading{
		"meter": {MaxMeter + 1, 0}, "tolls": {2800, MaxTolls + 1},
	} {
		var bad *AmountError
		if _, err := r.Total(); !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("%v: %v, want an AmountError on %s", r, err, field)
		}
	}
	for field, r := range map[string]MeterReading{"meter": {-1, 0}, "tolls": {2800, -1}} {
		var bad *AmountError
		if _, err := r.Total(); !errors.As(err, &bad) || bad.Field != field || bad.Limit != 0 {
			t.Errorf("%v: %v, want an AmountError on %s", r, err, field)
		}
	}
}

func TestTraceFare(t *testing.T) {
	tariff, err := LoadTariff("beijing")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2014, 1, 15, 12, 0, 0, 0, time.UTC)
	trace := []Segment{
		{Metres(4000), 30 * time.Second}, // covered: exactly the longest gap allowed
		{0, 20 * time.Second},            // covered, standing
		{Metres(4000), 50 * time.Second}, // a gap: its way counts, its time is not covered
	}
	fare, stats, err := TraceFare(&tariff, start, trace)
	if err != nil {
		t.Fatal(err)
	}
	want := TraceStats{8_000_000, 100 * time.Second, 50 * time.Second, 30 * time.Second}
	if stats != want || fare.Meter() != 2600 {
		t.Errorf("%+v, %s yuan; want %+v, 26.00", stats, fare.Meter(), want)
	}
	for ride, want := range map[time.Duration]float64{
		0: 0.5, 100 * time.Second: 0.5, 200 * time.Second: 0.25,
	} {
		if got := stats.Coverage(ride); got != want {
			t.Errorf("coverage of a ride of %s is %v, want %v", ride, got, want)
		}
	}
	if got := (TraceStats{}).Coverage(0); got != 0 {
		t.Errorf("coverage of nothing is %v", got)
	}
	_, _, err = TraceFare(&tariff, start, []Segment{{1, 1}, {-1, 1}})
	if !errors.Is(err, ErrSegment) {
		t.Errorf("a negative segment: %v", err)
	}
	if err := stats.Add(Segment{0, MaxMeterTime}); !errors.Is(err, ErrMeterLimit) || stats != want {
		t.Errorf("a day too long: %v, %+v", err, stats)
	}
}

func TestEstimate(t *testing.T) {
	tariff, err := LoadTariff("beijing")
	if err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2014, 1, 15, 12, 0, 0, 0, time.UTC)
	got, err := tariff.Estimate(Forecast{noon, 10_000_000, 30 * time.Minute, 10 * time.Minute})
	// expected 13 + 7×2.30 + 2×2.30 = 33.70 → 34; low 13 + 6×2.30 + 2.30 = 29.10 → 29;
	// high 13 + 8×2.30 + 3×2.30 = 38.30 → 38; each + 1 fuel.
	if want := (FareRange{3000, 3500, 3900}); err != nil || got != want {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for name, f := range map[string]Forecast{
		"negative way":      {noon, -1, time.Minute, 0},
		"negative slow":     {noon, 1, time.Minute, -1},
		"more slow than is": {noon, 1, time.Minute, 2 * time.Minute},
	} {
		if _, err := tariff.Estimate(f); !errors.Is(err, ErrSegment) {
			t.Errorf("%s: %v, want ErrSegment", name, err)
		}
	}
	for name, f := range map[string]Forecast{
		"too far":           {noon, MaxMeterDistance + 1, time.Minute, 0},
		"too far at most":   {noon, MaxMeterDistance, time.Minute, 0},
		"too long":          {noon, 1, MaxMeterTime + 1, 0},
		"overflowing":       {noon, math.MaxInt64, math.MaxInt64, math.MaxInt64},
		"too slow at most":  {noon, 1, MaxMeterTime, MaxMeterTime},
		"overflowing metre": {noon, math.MaxInt64, time.Minute, 0},
	} {
		if _, err := tariff.Estimate(f); !errors.Is(err, ErrMeterLimit) {
			t.Errorf("%s: %v, want ErrMeterLimit", name, err)
		}
	}
}

func TestEstimateIsARange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tariff := drawTariff(t)
		minutes := rapid.Int64Range(0, 300).Draw(t, "minutes")
		f := Forecast{
			Start:    drawStart(t),
			Distance: Millimetres(rapid.Int64Range(0, 100_000_000).Draw(t, "mm")),
			Duration: time.Duration(minutes) * time.Minute,
			LowSpeed: time.Duration(rapid.Int64Range(0, minutes).Draw(t, "slow")) * time.Minute,
		}
		r, err := tariff.Estimate(f)
		least := tariff.FlagFall - fenPerYuan/2 // as the total is rounded to the yuan
		if err != nil || r.Low > r.Expected || r.Expected > r.High || r.Low < least {
			t.Fatalf("%+v, %v", r, err)
		}
	})
}

func TestFareJSON(t *testing.T) {
	fare := Fare{Lines: []FareLine{{LineFlagFall, 1300}, {LineRounding, -30}}, Total: 1270}
	text, err := json.Marshal(fare)
	want := `{"lines":[{"code":"flag_fall","fen":1300},{"code":"rounding","fen":-30}],` +
		`"total_fen":1270}`
	if err != nil || string(text) != want {
		t.Fatalf("%s, %v, want %s", text, err, want)
	}
	var back Fare
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, fare) {
		t.Errorf("%+v, %v", back, err)
	}
	for _, code := range []string{`""`, `"toll"`, `7`, `"LineCode(1)"`} {
		var c LineCode
		if err := json.Unmarshal([]byte(code), &c); err == nil {
			t.Errorf("line code %s was taken for %s", code, c)
		}
	}
	if _, err := json.Marshal(LineCode(0)); err == nil {
		t.Error("the zero line code was written")
	}
}

func TestFareCheck(t *testing.T) {
	for name, f := range map[string]Fare{
		"sum":       {[]FareLine{{LineFlagFall, 1300}}, 1301},
		"order":     {[]FareLine{{LineFuel, 100}, {LineFlagFall, 1300}}, 1400},
		"repeated":  {[]FareLine{{LineFuel, 100}, {LineFuel, 100}}, 200},
		"unknown":   {[]FareLine{{LineRounding + 1, 100}}, 100},
		"zero code": {[]FareLine{{0, 100}}, 100},
		"negative":  {[]FareLine{{LineFlagFall, 1300}, {LineNight, -100}}, 1200},
		"overflow":  {[]FareLine{{LineFlagFall, math.MaxInt64}, {LineDistance, 1}}, math.MinInt64},
	} {
		if f.Check() == nil {
			t.Errorf("%s: %+v passes", name, f)
		}
	}
}
