package geo

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func TestDrive(t *testing.T) {
	var d Drive
	if d.At(time.Hour) != (Point{}) || d.Motion(0) != (Motion{}) || d.TimeS() != 0 {
		t.Error("the zero drive moves")
	}
	start := Point{40, -74}
	d.Reset(start)
	if d.At(-time.Hour) != start || d.At(time.Hour) != start || d.End() != start {
		t.Error("a drive without legs moves")
	}
	north, east := Point{40.01, -74}, Point{40.01, -73.99}
	d.Add(north, 100, 1200)
	d.Add(north, 0, 0)
	d.Add(north, 30, 0) // waiting
	d.Add(east, 50, 900)
	if d.Duration() != 180*time.Second || d.LengthM() != 2100 || d.End() != east ||
		len(d.stops) != 4 {
		t.Errorf("%v, %v m, %v", d.Duration(), d.LengthM(), d.stops)
	}
	for _, c := range []struct {
		s    float64
		want Motion
	}{
		{-5, Motion{start, 0, 0, 0}},
		{0, Motion{start, 0, 12, 0}},
		{50, Motion{Point{40.005, -74}, 600, 12, 0}},
		{110, Motion{north, 1200, 0, 0}},
		{155, Motion{Point{40.01, -73.995}, 1650, 18, 90}},
		{25, Motion{Point{40.0025, -74}, 300, 12, 0}},
		{180, Motion{east, 2100, 0, 90}},
		{1e6, Motion{east, 2100, 0, 90}},
		{0, Motion{start, 0, 12, 0}},
	} {
		got := d.Motion(seconds(c.s))
		if DistanceM(got.Point, c.want.Point) > 1e-3 ||
			math.Abs(got.LengthM-c.want.LengthM) > 1e-6 ||
			math.Abs(got.SpeedMPS-c.want.SpeedMPS) > 1e-9 ||
			math.Abs(got.HeadingDeg-c.want.HeadingDeg) > 0.1 {
			t.Errorf("after %v s %+v, want %+v", c.s, got, c.want)
		}
		if at := d.At(seconds(c.s)); at != got.Point {
			t.Errorf("after %v s at %v, moving at %v", c.s, at, got.Point)
		}
	}
}

// TestDriveInAnyOrder asks forward and backward: the cursor must not matter.
func TestDriveInAnyOrder(t *testing.T) {
	const seed = 6
	r := rand.New(rand.NewPCG(seed, 1))
	var d Drive
	for range 200 {
		d.Reset(places["fiji"])
		for range r.IntN(30) {
			d.Add(scatter(r, d.End(), 300), float64(r.IntN(4))*10, float64(r.IntN(3))*100)
		}
		for range 100 {
			s := (r.Float64()*1.2 - 0.1) * d.TimeS()
			if r.IntN(3) == 0 {
				s = float64(int(s/10) * 10)
			}
			fresh := Drive{stops: d.stops}
			if got, want := d.Motion(seconds(s)), fresh.Motion(seconds(s)); got != want {
				t.Fatalf("seed %d: after %v s %+v, afresh %+v", seed, s, got, want)
			}
			if d.At(seconds(s)).Check() != nil {
				t.Fatalf("after %v s at %v", s, d.At(seconds(s)))
			}
		}
	}
}

func TestDriveAlongRoads(t *testing.T) {
	g, trips := newYork(t), readTrips(t)
	offRoad := OffRoad{Pace: PaceOf(DefaultSpeedMPS, DefaultDetour), FarM: 300}
	var d Drive
	byRoad, straight := 0, 0
	for _, trip := range trips[:3000] {
		used := g.Drive(&d, trip.from, trip.to, offRoad)
		if d.At(0) != trip.from || d.End() != trip.to {
			t.Fatalf("from %v to %v: ends at %v", trip.from, trip.to, d.End())
		}
		a, off := g.Nearest(trip.from)
		b, off2 := g.Nearest(trip.to)
		if !used {
			directM := DistanceM(trip.from, trip.to)
			routeS, _ := g.TimeS(a, b)
			quicker := max(off, off2) > offRoad.FarM &&
				offRoad.Pace.TimeS(directM) <= routeS+offRoad.Pace.TimeS(off+off2)
			if a != b && off+off2 < directM && !quicker ||
				d.TimeS() != offRoad.Pace.TimeS(directM) {
				t.Fatalf("from %v to %v straight, %v s", trip.from, trip.to, d.TimeS())
			}
			straight++
			continue
		}
		byRoad++
		routeS, _ := g.TimeS(a, b)
		if want := routeS + offRoad.Pace.TimeS(off+off2); math.Abs(d.TimeS()-want) > 1e-6 {
			t.Fatalf("%v s, want %v", d.TimeS(), want)
		}
		last := trip.from
		for s := 0.0; s < d.TimeS()+4; s += 4 {
			p := d.At(seconds(s))
			if DistanceM(last, p) > 4*MaxJumpMPS {
				t.Fatalf("jumps from %v to %v", last, p)
			}
			last = p
		}
	}
	if byRoad < 2500 || straight < 100 {
		t.Errorf("%d of 3000 by road, %d straight", byRoad, straight)
	}
	var buf Drive
	g.Drive(&buf, trips[0].from, trips[0].to, offRoad)
	if n := testing.AllocsPerRun(100, func() {
		g.Drive(&buf, trips[0].from, trips[0].to, offRoad)
		buf.At(time.Minute)
	}); n != 0 {
		t.Errorf("%v allocations a drive", n)
	}
}

func TestStretch(t *testing.T) {
	var d Drive
	d.Reset(Point{Lat: 1, Lng: 1})
	d.Stretch(time.Minute) // no way, no time
	if d.TimeS() != 0 {
		t.Errorf("a drive to nowhere takes %v s", d.TimeS())
	}
	d.Add(Point{Lat: 1, Lng: 1.01}, 10, 1000)
	d.Add(Point{Lat: 1, Lng: 1.02}, 30, 1000)
	d.Stretch(time.Minute)
	if m := d.Motion(15 * time.Second); d.Duration() != time.Minute || m.LengthM != 1000 {
		t.Errorf("after a quarter of %v: %v m, want 1000", d.Duration(), m.LengthM)
	}
}
