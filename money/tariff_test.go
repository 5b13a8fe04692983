package money

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTariffs(t *testing.T) {
	want := []string{"beijing", "chengdu", "hangzhou", "shanghai", "shenzhen_green", "shenzhen_red"}
	if got := Tariffs(); !slices.Equal(got, want) {
		t.Fatalf("Tariffs() = %v, want %v", got, want)
	}
	for _, name := range want {
		tariff, err := LoadTariff(name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(tariff)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseTariff(name, text); err != nil || !reflect.DeepEqual(back, tariff) {
			t.Errorf("%s does not survive JSON: %v\n%s", name, err, text)
		}
		if len(tariff.Sources) == 0 || len(tariff.Notes) == 0 {
			t.Errorf("%s names no sources or no assumptions", name)
		}
	}
	for _, name := range []string{"", "newyork", "../tariffs/beijing", "beijing.json"} {
		var bad *TariffError
		if _, err := LoadTariff(name); !errors.As(err, &bad) {
			t.Errorf("LoadTariff(%q): %v, want a TariffError", name, err)
		}
	}
}

func TestTariffInForce(t *testing.T) {
	tariff := Tariff{EffectiveFrom: "2011-08-01", EffectiveUntil: "2015-10-07"}
	cst := time.FixedZone("CST", 8*3600)
	for day, want := range map[time.Time]bool{
		time.Date(2011, 7, 31, 23, 59, 59, 0, cst): false,
		time.Date(2011, 8, 1, 0, 0, 0, 0, cst):     true,
		time.Date(2015, 10, 7, 23, 59, 59, 0, cst): true,
		time.Date(2015, 10, 8, 0, 0, 0, 0, cst):    false,
	} {
		if got := tariff.InForce(day); got != want {
			t.Errorf("in force at %s: %v", day, got)
		}
	}
	if !(&Tariff{}).InForce(time.Date(1, 1, 1, 0, 0, 0, 0, cst)) {
		t.Error("without dates it is not in force")
	}
}

// TestParseTariffRefuses changes one thing at a time in Beijing's file.
func TestParseTariffRefuses(t *testing.T) {
	good, err := tariffFiles.ReadFile("tariffs/beijing.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, new, key, reason string }{
		{`"flag_fall_fen"`, `"flagfall"`, "flagfall", "unknown key"},
		{`"flag_fall_fen"`, `"Flag_Fall_Fen"`, "Flag_Fall_Fen", "unknown key"},
		{`"flag_fall_fen": 1300,`, ``, "flag_fall_fen", "missing key"},
		{`"flag_fall_fen": 1300,`, `"fuel_fen": 1, "fuel_fen": 2,`, "fuel_fen", "repeated"},
		{`"flag_fall_fen": 1300`, `"flag_fall_fen": 13.5`, "flag_fall_fen", "bad value 13.5"},
		{`"flag_fall_fen": 1300`, `"flag_fall_fen": "13"`, "flag_fall_fen", `bad value "13"`},
		{`"flag_fall_fen": 1300`, `"flag_fall_fen": null`, "flag_fall_fen", "null"},
		{`"flag_fall_fen": 1300`, `"flag_fall_fen": 0`, "flag_fall_fen", "0 is not within"},
		{`"flag_fall_fen": 1300`, `"flag_fall_fen": 1e3`, "flag_fall_fen", "bad value"},
		{`"per_km_fen": 230`, `"per_km_fen": 10001`, "per_km_fen", "not within"},
		{`"name": "beijing"`, `"name": "peking"`, "name", "not the file's name"},
		{`"every_s": 300`, `"every": 300`, "low_speed.every", "unknown key"},
		{`"every_s": 300`, `"every_s": 0`, "low_speed.every_s", "not within"},
		{`"07:00"`, `"7:00"`, "low_speed.peak[0].from", "HH:MM"},
		{`"07:00"`, `"24:00"`, "low_speed.peak[0].from", "HH:MM"},
		{`"07:00"`, `"09:00"`, "low_speed.peak[0]", "empty"},
		{`"peak_km": 2,`, ``, "low_speed.peak_km", "need each other"},
		{
			`"surcharge_ppm": 500000`, `"surcharge_ppm": 5, "per_km_fen": 300`,
			"long_distance", "one of",
		},
		{`"surcharge_ppm": 500000`, `"per_km_fen": 200`, "long_distance.per_km_fen", "not within"},
		{`"over_m": 15000`, `"over_m": 2999`, "long_distance.over_m", "not within"},
		{`"surcharge_ppm": 200000`, `"long_per_km_fen": 9`, "night", "one of"},
		{
			`"surcharge_ppm": 200000`, `"flag_fall_fen": 1299, "surcharge_ppm": 1`,
			"night.flag_fall_fen", "not within",
		},
		{`"2013-06-10"`, `"2013-06-31"`, "effective_from", "not a day"},
		{
			`"2013-06-10"`, `"2013-06-10", "effective_until": "2013-06-09"`,
			"effective_until", "before",
		},
		{`"round_to_fen": 100`, `"round_to_fen": 7`, "round_to_fen", "not 1"},
		{`"high"`, `"sure"`, "confidence", "not high"},
		{`"fuel_fen": 100`, `"fuel_fen": -1`, "fuel_fen", "not within"},
		{`"fuel_fen": 100`, `"fuel_fen": 100, "waiting": {"under_kmh": 12, "free_s": 0,` +
			` "every_s": 60, "price_fen": 80}`, "waiting", "twice"},
		{`"long_from_s": 14400`, `"long_from_s": -1`, "booking.long_from_s", "not within"},
		{`"sources": [`, `"sources": [7,`, "sources[0]", "bad value 7"},
		{`"night": {`, `"night": [], "x": {`, "night", "not an object"},
		{`"notes": [`, `"notes": {}, "x": [`, "notes", "not a list"},
		{"\n}\n", "\n} {}", "", "invalid character"},
		{"\n}\n", "", "", "unexpected end"},
	} {
		text := strings.Replace(string(good), c.old, c.new, 1)
		if text == string(good) {
			t.Fatalf("%s is not in the file", c.old)
		}
		_, err := ParseTariff("beijing", []byte(text))
		var bad *TariffError
		if !errors.As(err, &bad) || bad.File != "beijing" || bad.Key != c.key ||
			!strings.Contains(bad.Reason, c.reason) {
			t.Errorf("%s for %s: %v, want %s: …%s…", c.new, c.old, err, c.key, c.reason)
		}
	}
	for _, text := range []string{"", "null", "[]", "7", strings.Repeat(" ", maxTariffBytes+1)} {
		var bad *TariffError
		if _, err := ParseTariff("x", []byte(text)); !errors.As(err, &bad) || bad.File != "x" {
			t.Errorf("%.10q: %v, want a TariffError", text, err)
		}
	}
}

func FuzzParseTariff(f *testing.F) {
	for _, name := range Tariffs() {
		data, err := tariffFiles.ReadFile("tariffs/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, data)
	}
	f.Add("x", []byte(`{"name":"x","night":{"hours":{"from":"23:00","to":"23:00"}}}`))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		tariff, err := ParseTariff(name, data)
		if err != nil {
			var bad *TariffError
			if !errors.As(err, &bad) {
				t.Fatalf("%v is no TariffError", err)
			}
			return
		}
		start := time.Date(2014, 1, 15, 22, 50, 0, 0, time.UTC)
		ride := []Segment{{5_000_000, 20 * time.Minute}, {0, time.Hour}, {40_000_000, time.Hour}}
		fare, _, err := TraceFare(&tariff, start, ride)
		if err != nil || fare.Check() != nil {
			t.Fatalf("%+v, %v, %v", fare, err, fare.Check())
		}
		if want := referenceFare(&tariff, start, ride).total; fare.Total != want {
			t.Fatalf("total %s, want %s", fare.Total, want)
		}
	})
}

func TestClockWindow(t *testing.T) {
	day, night := ClockWindow{25200, 32400}, ClockWindow{82800, 18000} // 07–09, 23–05
	for _, c := range []struct {
		w    ClockWindow
		at   ClockTime
		want bool
	}{
		{day, 25199, false},
		{day, 25200, true},
		{day, 32399, true},
		{day, 32400, false},
		{night, 82799, false},
		{night, 82800, true},
		{night, 0, true},
		{night, 17999, true},
		{night, 18000, false},
		{ClockWindow{}, 0, false},
	} {
		if got := c.w.Contains(c.at); got != c.want {
			t.Errorf("%s–%s contains %s: %v", c.w.From, c.w.To, c.at, got)
		}
	}
	if got := ClockTime(25261).String(); got != "07:01:01" {
		t.Errorf("07:01:01 is written %s", got)
	}
}

// tariffDataDir is $HEXHAIL_DATA, by default shared/data beside the module's root.
func tariffDataDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("HEXHAIL_DATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "data")
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the package")
	return ""
}

// tariffFacts is one city in the collected facts; amounts in yuan.
type tariffFacts struct {
	FlagFall    float64     `json:"flagfall"`
	FlagFallKM  float64     `json:"flagfall_km"`
	PerKM       float64     `json:"per_km"`
	Long        pricesFacts `json:"long_distance"`
	EmptyReturn pricesFacts `json:"empty_return"`
	Night       pricesFacts `json:"night"`
	Waiting     float64     `json:"waiting_per_min"`
}

type pricesFacts struct {
	OverKM    float64 `json:"over_km"`
	Surcharge float64 `json:"surcharge"`
	PerKM     float64 `json:"per_km"`
	Over10    float64 `json:"over_10km_per_km"`
	From, To  string
}

// TestTariffsAgainstFacts compares the shipped files with the collected facts they transcribe.
func TestTariffsAgainstFacts(t *testing.T) {
	file := filepath.Join(tariffDataDir(t), "china_facts", "taxi_tariffs_2013_2014.json")
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("SKIP: no facts at %s", file)
	} else if err != nil {
		t.Fatal(err)
	}
	var facts struct{ Cities map[string]tariffFacts }
	if err := json.Unmarshal(data, &facts); err != nil {
		t.Fatal(err)
	}
	if len(facts.Cities) != len(Tariffs()) {
		t.Errorf("%d tariffs in the facts, %d shipped", len(facts.Cities), len(Tariffs()))
	}
	fen := func(yuan float64) Fen { return Fen(math.Round(yuan * 100)) }
	ppm := func(share float64) PPM { return PPM(math.Round(share * 1e6)) }
	m := func(km float64) int64 { return int64(math.Round(km * 1000)) }
	for name, f := range facts.Cities {
		tariff, err := LoadTariff(name)
		if err != nil {
			t.Error(err)
			continue
		}
		// Replace absent rules by empty ones, as the facts have them.
		long, empty, night, wait := LongDistance{}, EmptyReturn{}, Night{}, Waiting{}
		if tariff.LongDistance != nil {
			long = *tariff.LongDistance
		}
		if tariff.EmptyReturn != nil {
			empty = *tariff.EmptyReturn
		}
		if tariff.Night != nil {
			night = *tariff.Night
		}
		if tariff.Waiting != nil && tariff.Waiting.FreeS == 0 {
			wait = *tariff.Waiting
		}
		got := []any{
			tariff.FlagFall, tariff.FlagFallM, tariff.PerKM, long.OverM, long.Surcharge, long.PerKM,
			empty.OverM, empty.Surcharge, night.Surcharge, night.PerKM, night.LongPerKM, wait.Price,
		}
		want := []any{
			fen(f.FlagFall), m(f.FlagFallKM), fen(f.PerKM), m(f.Long.OverKM), ppm(f.Long.Surcharge),
			fen(f.Long.PerKM), m(f.EmptyReturn.OverKM), ppm(f.EmptyReturn.Surcharge),
			ppm(f.Night.Surcharge), fen(f.Night.PerKM), fen(f.Night.Over10), fen(f.Waiting),
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, the facts say %v", name, got, want)
		}
		if f.Night.From != "" && (night.Hours.From.String() != f.Night.From ||
			night.Hours.To.String() != f.Night.To) {
			t.Errorf("%s: night %s–%s", name, night.Hours.From, night.Hours.To)
		}
	}
}

func TestBookingFee(t *testing.T) {
	beijing, err := LoadTariff("beijing")
	if err != nil {
		t.Fatal(err)
	}
	for lead, want := range map[time.Duration]Fen{
		-time.Minute: Yuan(5), 0: Yuan(5), 4*time.Hour - 1: Yuan(5), 4 * time.Hour: Yuan(6),
	} {
		if got := beijing.BookingFee(lead); got != want {
			t.Errorf("%s ahead: %s yuan, want %s", lead, got, want)
		}
	}
	if got := (&Tariff{}).BookingFee(time.Hour); got != 0 {
		t.Errorf("a tariff without booking takes %s", got)
	}
}

func TestTariffErrorText(t *testing.T) {
	for want, err := range map[string]*TariffError{
		"money: tariff x: low_speed.km: unknown key": {"x", "low_speed.km", "unknown key"},
		"money: tariff x: longer than a page":        {"x", "", "longer than a page"},
	} {
		if err.Error() != want {
			t.Errorf("%q, want %q", err, want)
		}
	}
}
