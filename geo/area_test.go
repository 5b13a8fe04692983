package geo

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// square is a ring of GeoJSON around a point, of half a side in degrees.
func square(lng, lat, half float64) string {
	return fmt.Sprintf("[[%[1]g,%[2]g],[%[3]g,%[2]g],[%[3]g,%[4]g],[%[1]g,%[4]g],[%[1]g,%[2]g]]",
		lng-half, lat-half, lng+half, lat+half)
}

func polygonText(rings ...string) string {
	return `{"type":"Polygon","coordinates":[` + strings.Join(rings, ",") + `]}`
}

func parsedArea(t *testing.T, text string) Area {
	t.Helper()
	a, err := ParseArea([]byte(text))
	if err != nil {
		t.Fatalf("%.200s: %v", text, err)
	}
	return a
}

func TestAreaHoldsOutlinesWithoutHoles(t *testing.T) {
	a := parsedArea(t, `{"type":"MultiPolygon","coordinates":[[`+
		square(116, 40, 1)+`,`+square(116, 40, .5)+`],[`+square(120, 40, 1)+`]]}`)
	for _, c := range []struct {
		p    Point
		want bool
	}{
		{Point{Lat: 40, Lng: 116}, false}, // in the hole
		{Point{Lat: 40.7, Lng: 116}, true},
		{Point{Lat: 40, Lng: 115.4}, true},
		{Point{Lat: 40, Lng: 114.9}, false},
		{Point{Lat: 40, Lng: 118}, false}, // between the two
		{Point{Lat: 40, Lng: 120}, true},
		{Point{Lat: 41.1, Lng: 120}, false},
		{Point{Lat: math.NaN(), Lng: 120}, false},
	} {
		if got := a.Holds(c.p); got != c.want {
			t.Errorf("%v: %v, want %v", c.p, got, c.want)
		}
	}
	if !(Area{}).Empty() || (Area{}).Holds(Point{}) {
		t.Error("the zero area holds something")
	}
}

// TestNeighboursShareAnEdge: a point on the edge between two areas is in one of them.
func TestNeighboursShareAnEdge(t *testing.T) {
	west, east := parsedArea(t, polygonText(square(116, 40, 1))),
		parsedArea(t, polygonText(square(118, 40, 1)))
	for i := range 100 {
		p := Point{Lat: 39.01 + float64(i)/51, Lng: 117}
		if west.Holds(p) == east.Holds(p) {
			t.Fatalf("%v: in the west %v, in the east %v", p, west.Holds(p), east.Holds(p))
		}
	}
}

// windings says how often an area's rings go around a point, by summing angles: the oracle of
// Holds, which shares nothing with it.
func (a Area) windings(p Point) (odd bool, least float64) {
	least = math.Inf(1)
	for _, g := range a.polygons {
		turns := 0
		for _, r := range g.rings {
			sum := 0.0
			for i, c := range r {
				d := r[(i+1)%len(r)]
				cx, cy, dx, dy := c.Lng-p.Lng, c.Lat-p.Lat, d.Lng-p.Lng, d.Lat-p.Lat
				sum += math.Atan2(cx*dy-cy*dx, cx*dx+cy*dy)
				b := border{a: c, b: d}
				least = min(least, b.distanceM(p, 1))
			}
			turns += int(math.Abs(math.Round(sum / (2 * math.Pi))))
		}
		odd = odd || turns%2 == 1
	}
	return odd, least
}

// star is a random polygon around a point: corners at growing angles and any distance, so that no
// edges meet. It may have a smaller one of the same kind as its hole.
func star(rng *rand.Rand, mid Point, radiusDeg float64, hole bool) string {
	one := func(from, to float64) string {
		n := 3 + rng.IntN(30)
		var corners []string
		for i := range n {
			angle := 2 * math.Pi * (float64(i) + .9*rng.Float64()) / float64(n)
			r := from + (to-from)*rng.Float64()
			corners = append(corners, fmt.Sprintf("[%.9f,%.9f]",
				mid.Lng+r*math.Cos(angle), mid.Lat+r*math.Sin(angle)))
		}
		return "[" + strings.Join(append(corners, corners[0]), ",") + "]"
	}
	if hole {
		return polygonText(one(.75*radiusDeg, radiusDeg), one(.05*radiusDeg, .2*radiusDeg))
	}
	return polygonText(one(.1*radiusDeg, radiusDeg))
}

func TestAreaAgainstAngles(t *testing.T) {
	in, out, parsed := 0, 0, 0
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 1))
		a, err := ParseArea([]byte(star(rng, Point{Lat: 40, Lng: 116}, 1, seed%2 == 0)))
		if err != nil { // three corners may leave the hole outside
			continue
		}
		parsed++
		for range 100 {
			p := Point{Lat: 39 + 2*rng.Float64(), Lng: 115 + 2*rng.Float64()}
			want, near := a.windings(p)
			if got := a.Holds(p); got != want && near > 1e-3 {
				t.Fatalf("seed %d: %v is in: %v, by angles %v", seed, p, got, want)
			} else if got {
				in++
			} else {
				out++
			}
		}
	}
	if parsed < 200 || in < 3000 || out < 3000 {
		t.Errorf("%d areas, %d points in, %d out: too few to tell", parsed, in, out)
	}
}

func TestBadAreas(t *testing.T) {
	many := make([]string, 0, MaxAreaCorners+2)
	for i := range MaxAreaCorners + 1 {
		angle := 2 * math.Pi * float64(i) / (MaxAreaCorners + 1)
		many = append(many, fmt.Sprintf("[%g,%g]", math.Cos(angle), math.Sin(angle)))
	}
	round := "[" + strings.Join(append(many, many[0]), ",") + "]"
	for name, c := range map[string]struct{ text, key string }{
		"no JSON":        {`{"type":`, "area"},
		"two values":     {polygonText(square(1, 1, 1)) + "1", "area"},
		"unknown key":    {`{"type":"Polygon","coordinates":[],"crs":"x"}`, "area"},
		"too long":       {strings.Repeat(" ", MaxAreaBytes+1), "area"},
		"another type":   {`{"type":"Point","coordinates":[1,2]}`, "type"},
		"no coordinates": {`{"type":"Polygon"}`, "coordinates"},
		"no ring":        {polygonText(), "coordinates"},
		"no polygon":     {`{"type":"MultiPolygon","coordinates":[]}`, "coordinates"},
		"a text":         {`{"type":"Polygon","coordinates":"x"}`, "coordinates"},
		"too many":       {polygonText(round), "coordinates"},
		"two corners":    {polygonText(`[[1,1],[2,2],[1,1]]`), "coordinates[0]"},
		"open":           {polygonText(`[[1,1],[2,1],[2,2],[1,2]]`), "coordinates[0]"},
		"one number":     {polygonText(`[[1,1],[2],[2,2],[1,1]]`), "coordinates[0][1]"},
		"null":           {polygonText(`[[1,1],null,[2,2],[1,1]]`), "coordinates[0][1]"},
		"lat before lng": {
			polygonText(`[[40,116],[41,116],[41,117],[40,116]]`), "coordinates[0][0]",
		},
		"corner repeated": {polygonText(`[[1,1],[2,1],[2,1],[2,2],[1,1]]`), "coordinates[0][2]"},
		"antimeridian": {
			polygonText(`[[179,1],[-179,1],[-179,2],[179,2],[179,1]]`), "coordinates[0][1]",
		},
		"bow tie":        {polygonText(`[[0,0],[2,2],[2,0],[0,2],[0,0]]`), "coordinates[0]"},
		"spike":          {polygonText(`[[0,0],[4,0],[4,4],[4,0],[0,4],[0,0]]`), "coordinates[0]"},
		"no area":        {polygonText(`[[0,0],[2,2],[1,1],[0,0]]`), "coordinates[0]"},
		"touches itself": {polygonText(`[[0,0],[4,0],[4,4],[2,0],[0,4],[0,0]]`), "coordinates[0]"},
		"hole outside":   {polygonText(square(1, 1, 1), square(9, 9, 1)), "coordinates[1]"},
		"hole over edge": {polygonText(square(1, 1, 1), square(2, 1, .5)), "coordinates[1]"},
		"hole in a hole": {
			polygonText(square(1, 1, 1), square(1, 1, .1), square(1, 1, .5)), "coordinates[1]",
		},
		"second polygon": {
			`{"type":"MultiPolygon","coordinates":[[` + square(1, 1, 1) + `],[[[1,1]]]]}`,
			"coordinates[1][0]",
		},
	} {
		_, err := ParseArea([]byte(c.text))
		var bad *AreaError
		if !errors.As(err, &bad) || bad.Key != c.key || bad.Why == "" {
			t.Errorf("%s: %v, want an error at %s", name, err, c.key)
		}
	}
}

func FuzzParseArea(f *testing.F) {
	f.Add([]byte(polygonText(square(116, 40, 1), square(116, 40, .5))), 40.7, 116.2)
	f.Add([]byte(`{"type":"MultiPolygon","coordinates":[[`+square(1, 1, 1)+`]]}`), 1.5, .5)
	f.Add([]byte(polygonText(`[[0,0],[2,2],[2,0],[0,2],[0,0]]`)), 1.0, 1.0)
	f.Fuzz(func(t *testing.T, text []byte, lat, lng float64) {
		a, err := ParseArea(text)
		if err != nil {
			var bad *AreaError
			if !errors.As(err, &bad) || !a.Empty() {
				t.Fatalf("%v: not an AreaError, or an area with it", err)
			}
			return
		}
		if !json.Valid(text) || a.Empty() {
			t.Fatal("an area of what is no JSON, or an empty one")
		}
		p := Point{Lat: lat, Lng: lng}
		got := a.Holds(p)
		if p.Check() != nil {
			if got {
				t.Fatalf("%v is not on the earth, and in the area", p)
			}
			return
		}
		want, near := a.windings(p)
		if got != want && near > 1e-3 && near < 1e5 {
			t.Fatalf("%v is in: %v, by angles %v", p, got, want)
		}
	})
}
