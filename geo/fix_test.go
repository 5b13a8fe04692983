package geo

import (
	"errors"
	"math"
	"testing"
	"time"
)

func goodFix() Fix {
	return Fix{
		Point: Point{39.9087, 116.3975}, At: dawn, SpeedMPS: 9.5, HeadingDeg: 271, AccuracyM: 8,
	}
}

func TestCheckFix(t *testing.T) {
	nan32 := float32(math.NaN())
	now := dawn.Add(time.Second)
	prev := goodFix()
	prev.At = dawn.Add(-4 * time.Second)
	prev.Lng -= 0.0005
	for _, c := range []struct {
		name   string
		change func(f *Fix)
		want   FixReason
		field  string
	}{
		{"as it is", func(*Fix) {}, 0, ""},
		{"at the limits", func(f *Fix) {
			f.SpeedMPS, f.HeadingDeg, f.AccuracyM = MaxFixSpeedMPS, 360, MaxFixAccuracyM
		}, 0, ""},
		{"unsaid", func(f *Fix) { f.SpeedMPS, f.HeadingDeg, f.AccuracyM = 0, 0, 0 }, 0, ""},
		{"latitude", func(f *Fix) { f.Lat = 90.5 }, FixOutOfRange, "lat"},
		{"latitude NaN", func(f *Fix) { f.Lat = math.NaN() }, FixOutOfRange, "lat"},
		{"longitude", func(f *Fix) { f.Lng = math.Inf(-1) }, FixOutOfRange, "lng"},
		{"speed", func(f *Fix) { f.SpeedMPS = -1 }, FixOutOfRange, "speed_mps"},
		{"speed NaN", func(f *Fix) { f.SpeedMPS = nan32 }, FixOutOfRange, "speed_mps"},
		{"heading", func(f *Fix) { f.HeadingDeg = 360.5 }, FixOutOfRange, "heading_deg"},
		{"accuracy", func(f *Fix) { f.AccuracyM = 201 }, FixInaccurate, "accuracy_m"},
		{"accuracy below 0", func(f *Fix) { f.AccuracyM = -1 }, FixInaccurate, "accuracy_m"},
		{"accuracy NaN", func(f *Fix) { f.AccuracyM = nan32 }, FixInaccurate, "accuracy_m"},
		{"ahead", func(f *Fix) { f.At = now.Add(MaxFixAhead) }, 0, ""},
		{"too far ahead", func(f *Fix) { f.At = now.Add(MaxFixAhead + 1) }, FixFuture, "at"},
		{"never", func(f *Fix) { f.At = time.Time{} }, FixStale, "at"},
		{"too old", func(f *Fix) { f.At = now.Add(-MaxFixAge - 1) }, FixStale, "at"},
		{"before", func(f *Fix) { f.At = prev.At.Add(-time.Millisecond) }, FixOutOfOrder, "at"},
		{"same time", func(f *Fix) { f.At = prev.At }, FixOutOfOrder, "at"},
		{"repeated", func(f *Fix) { *f = prev }, FixRepeated, "at"},
		{"repeated in another zone", func(f *Fix) {
			*f = prev
			f.At = f.At.In(time.FixedZone("CST", 8*3600))
		}, FixRepeated, "at"},
		{"parked", func(f *Fix) { f.Point = prev.Point }, 0, ""},
		{"fast", func(f *Fix) { f.Lat = prev.Lat + 335/mPerDeg }, 0, ""},
		{"jump", func(f *Fix) { f.Lat = prev.Lat + 345/mPerDeg }, FixJump, "position"},
		{"noise", func(f *Fix) {
			f.At, f.Point = prev.At.Add(time.Millisecond), prev.Point
			f.Lat += 99 / mPerDeg
		}, 0, ""},
		{
			"first wins", func(f *Fix) { f.AccuracyM, f.At = -1, time.Time{} },
			FixInaccurate, "accuracy_m",
		},
	} {
		fix := goodFix()
		c.change(&fix)
		err := CheckFix(&prev, fix, now)
		var bad *FixError
		switch {
		case c.want == 0:
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		case !errors.As(err, &bad) || bad.Reason != c.want || bad.Field != c.field:
			t.Errorf("%s: %v, want %v of %s", c.name, err, c.want, c.field)
		}
	}
	if err := CheckFix(nil, goodFix(), now); err != nil {
		t.Errorf("the first fix: %v", err)
	}
}

func TestFixReasons(t *testing.T) {
	seen := map[string]bool{}
	for i, r := range FixReasons() {
		if int(r) != i+1 || seen[r.String()] {
			t.Errorf("reason %d is %d, %v", i, r, r)
		}
		seen[r.String()] = true
	}
	if !seen["out_of_range"] || !seen["jump"] || FixReason(0).String() != "FixReason(0)" {
		t.Errorf("reasons %v", seen)
	}
}

// TestJumpHeals: after a refused jump the taxi is believed again once it could be there.
func TestJumpHeals(t *testing.T) {
	prev := goodFix()
	far := prev
	far.Lat += 3000 / mPerDeg
	for s := 1; s < 100; s++ {
		far.At = prev.At.Add(time.Duration(s) * time.Second)
		if CheckFix(&prev, far, far.At) == nil {
			if s != 49 { // 100 m + 49 × 60 m > 3,000 m
				t.Errorf("believed after %d s", s)
			}
			return
		}
	}
	t.Error("never believed again")
}

// FuzzCheckFix compares with the same rules written as one plain list.
func FuzzCheckFix(f *testing.F) {
	f.Add(39.9, 116.4, float32(10), float32(90), float32(5), int64(0),
		39.9, 116.4, int64(-4000), true)
	f.Add(91.0, 0.0, float32(0), float32(0), float32(0), int64(-61_000),
		0.0, 0.0, int64(0), false)
	f.Fuzz(func(t *testing.T, lat, lng float64, speed, heading, accuracy float32, ms int64,
		lat0, lng0 float64, ms0 int64, has bool,
	) {
		const span = int64(1e12)
		now := dawn
		at := func(ms int64) time.Time { return now.Add(time.Duration(ms%span) * time.Millisecond) }
		prev := Fix{Point: Point{lat0, lng0}, At: at(ms0)}
		if prev.Check() != nil {
			has = false
		}
		fix := Fix{Point{lat, lng}, at(ms), speed, heading, accuracy}
		in := func(v, low, high float64) bool { return v >= low && v <= high }
		var want FixReason
		step := fix.At.Sub(prev.At).Seconds()
		switch {
		case !in(lat, -90, 90) || !in(lng, -180, 180) || !in(float64(speed), 0, 100) ||
			!in(float64(heading), 0, 360):
			want = FixOutOfRange
		case !in(float64(accuracy), 0, 200):
			want = FixInaccurate
		case fix.At.After(now.Add(5 * time.Second)):
			want = FixFuture
		case fix.At.Before(now.Add(-60 * time.Second)):
			want = FixStale
		case has && step == 0 && fix.Point == prev.Point &&
			speed == 0 && heading == 0 && accuracy == 0:
			want = FixRepeated
		case has && step <= 0:
			want = FixOutOfOrder
		case has && DistanceM(prev.Point, fix.Point) > 100+60*step:
			want = FixJump
		}
		var last *Fix
		if has {
			last = &prev
		}
		err := CheckFix(last, fix, now)
		var bad *FixError
		if (want == 0) != (err == nil) ||
			err != nil && (!errors.As(err, &bad) || bad.Reason != want) {
			t.Fatalf("%+v after %+v (%v): %v, want %v", fix, prev, has, err, want)
		}
		if err != nil && (bad.Field == "" || err.Error() == "") {
			t.Fatalf("%+v says nothing", bad)
		}
	})
}

// TestRealTraces checks a morning of real fixes: nearly all pass, and what is refused is what
// the recording is known for.
func TestRealTraces(t *testing.T) {
	last := map[string]Fix{}
	count := map[string]int{}
	total := 0
	morning := realData(t, "tdrive_beijing", "dev_2008-02-04_0700_1000.csv.gz")
	rowsOf(t, morning, func(col func(string) string) {
		at, err := time.Parse(time.DateTime, col("time"))
		if err != nil {
			t.Fatal(err)
		}
		fix := Fix{Point: Point{Lat: number(t, col("lat")), Lng: number(t, col("lng"))}, At: at}
		id := col("taxi_id")
		total++
		var prev *Fix
		if p, ok := last[id]; ok {
			prev = &p
		}
		err = CheckFix(prev, fix, at)
		var bad *FixError
		if errors.As(err, &bad) {
			count[bad.Reason.String()]++
			return
		}
		last[id] = fix
	})
	t.Logf("%d fixes, refused: %v", total, count)
	jumps := count["jump"]
	if count["out_of_order"] == 0 || jumps == 0 || len(count) != 2 || jumps > total/50 {
		t.Errorf("refused %v of %d", count, total)
	}
}

func TestCheckFixDoesNotAllocate(t *testing.T) {
	prev, fix := goodFix(), goodFix()
	fix.At = fix.At.Add(time.Second)
	now := fix.At
	if n := testing.AllocsPerRun(1000, func() {
		if CheckFix(&prev, fix, now) != nil {
			t.Fatal("refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCheckFix(b *testing.B) {
	prev, fix := goodFix(), goodFix()
	fix.At = fix.At.Add(4 * time.Second)
	fix.Lat += 40 / mPerDeg
	now := fix.At.Add(time.Second)
	b.ReportAllocs()
	for b.Loop() {
		if CheckFix(&prev, fix, now) != nil {
			b.Fatal("refused")
		}
	}
}
