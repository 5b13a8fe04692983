package geo

import (
	"math"
	"math/rand/v2"
	"testing"
)

// places where a lattice has trouble: dense cities, far north, the antimeridian, the
// pentagon in the sea off Dalian, an edge of the icosahedron.
var places = map[string]Point{
	"beijing":      {39.9087, 116.3975},
	"new york":     {40.7549, -73.9840},
	"quito":        {-0.1807, -78.4678},
	"tromso":       {69.6492, 18.9553},
	"svalbard":     {78.2232, 15.6267},
	"fiji":         {-16.7824, 179.9999},
	"dalian sea":   {39.1, 122.3},
	"ushuaia":      {-54.8019, -68.3030},
	"near pole":    {88.5, 10},
	"antarctic":    {-84.2, -179.99},
	"pentagon":     {64.7, 10.536199},
	"face edge":    {58.16, 45},
	"west of date": {51.9, -179.995},
}

func scatter(r *rand.Rand, mid Point, radiusM float64) Point {
	p := Point{
		Lat: mid.Lat + (2*r.Float64()-1)*radiusM/mPerDeg,
		Lng: mid.Lng + (2*r.Float64()-1)*radiusM/mPerDeg/math.Cos(mid.Lat*radPerDeg),
	}
	p.Lat = max(-MaxLat, min(MaxLat, p.Lat))
	if p.Lng > MaxLng {
		p.Lng -= 360
	}
	if p.Lng < -MaxLng {
		p.Lng += 360
	}
	return p
}

// TestLatticeAgreesWithH3 walks points as taxis move, so that every answer of the lattice
// (circle, edges, neighbour, hint) is compared with H3's.
func TestLatticeAgreesWithH3(t *testing.T) {
	const seed = 7
	for name, mid := range places {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			l := newLattice()
			at := noCell
			p := mid
			steps := 60_000
			for range steps {
				if r.IntN(50) == 0 {
					p = scatter(r, mid, 6000)
				} else {
					p = scatter(r, p, 90)
				}
				var err error
				if at, err = l.find(at, p, false); err != nil {
					t.Fatal(err)
				}
				want, err := CellOf(p, IndexRes)
				if err != nil {
					t.Fatal(err)
				}
				if got := l.backs[at].id; got != want {
					t.Fatalf("seed %d: cell of %v (%v) is %v, H3 says %v",
						seed, p.Lat, p.Lng, got, want)
				}
			}
			t.Logf("%d steps, %d cells, %d calls of H3", steps, len(l.cells), l.h3Calls)
		})
	}
}

// TestFixInsideCircleDoesNotCallH3 takes the circle from H3's own outline.
func TestFixInsideCircleDoesNotCallH3(t *testing.T) {
	for _, name := range []string{"beijing", "new york", "quito", "tromso", "face edge"} {
		ix := NewIndex[int](0)
		r := rand.New(rand.NewPCG(3, 3))
		if err := ix.Move(1, places[name], dawn); err != nil {
			t.Fatal(err)
		}
		id, _ := ix.CellOf(1)
		mid, err := id.Center()
		if err != nil {
			t.Fatal(err)
		}
		radiusM := inscribedM(t, id)
		calls, moves := ix.lattice.h3Calls, 0
		for range 20_000 {
			p := scatter(r, mid, radiusM)
			if DistanceM(mid, p) > radiusM-edgeMarginM {
				continue
			}
			moves++
			if err := ix.Move(1, p, dawn); err != nil {
				t.Fatal(err)
			}
			if got, _ := ix.CellOf(1); got != id {
				t.Fatalf("%s: %v is in %v, not %v", name, p, got, id)
			}
		}
		if ix.lattice.h3Calls != calls || moves < 10_000 {
			t.Errorf("%s: %d calls of H3 in %d moves", name, ix.lattice.h3Calls-calls, moves)
		}
	}
}

// inscribedM is the least distance of a cell's sides from its centre.
func inscribedM(t *testing.T, id Cell) float64 {
	t.Helper()
	mid, err := id.Center()
	if err != nil {
		t.Fatal(err)
	}
	corners, err := id.boundary()
	if err != nil {
		t.Fatal(err)
	}
	least := math.Inf(1)
	for i, a := range corners {
		b := corners[(i+1)%len(corners)]
		for part := 0.0; part <= 1; part += 0.001 {
			p := Point{Lat: a.Lat + part*(b.Lat-a.Lat), Lng: a.Lng + part*(b.Lng-a.Lng)}
			least = min(least, DistanceM(mid, p))
		}
	}
	return least
}

// TestLatticeAtEdges puts points within a metre of the sides of cells, where the plane in
// which sides are kept has to be good to the margin.
func TestLatticeAtEdges(t *testing.T) {
	const seed = 5
	for name, mid := range places {
		r := rand.New(rand.NewPCG(seed, 1))
		l := newLattice()
		for range 200 {
			start := scatter(r, mid, 5000)
			at, err := l.find(noCell, start, false)
			if err != nil {
				t.Fatal(err)
			}
			corners, err := l.backs[at].id.boundary()
			if err != nil {
				t.Fatal(err)
			}
			for i, a := range corners {
				b := corners[(i+1)%len(corners)]
				part := r.Float64()
				p := Point{
					Lat: a.Lat + part*(b.Lat-a.Lat),
					Lng: shortWay(a.Lng + part*shortWay(b.Lng-a.Lng)),
				}
				p = scatter(r, p, []float64{0.02, 0.1, 1}[r.IntN(3)])
				got, err := l.find(at, p, false)
				if err != nil {
					t.Fatal(err)
				}
				if want, err := CellOf(p, IndexRes); err != nil || l.backs[got].id != want {
					t.Fatalf("%s, seed %d: cell of %v,%v is %v, H3 says %v (%v)",
						name, seed, p.Lat, p.Lng, l.backs[got].id, want, err)
				}
			}
		}
	}
}

func TestDiskReach(t *testing.T) {
	const seed = 11
	for name, mid := range places {
		l := newLattice()
		at, err := l.find(noCell, mid, false)
		if err != nil {
			t.Fatal(err)
		}
		d, err := l.diskOf(at)
		if err != nil {
			t.Fatal(err)
		}
		inRing := map[int32]int{}
		done := 0
		for r, end := range d.ring {
			for _, i := range d.cells[done:end] {
				inRing[i] = r
			}
			done = int(end)
		}
		center := l.cells[at].center()
		r := rand.New(rand.NewPCG(seed, 1))
		for range 5000 {
			p := scatter(r, center, 1500)
			i, err := l.find(noCell, p, false)
			if err != nil {
				t.Fatal(err)
			}
			ring, ok := inRing[i]
			for k, reach := range d.reach {
				if DistanceM(center, p) < float64(reach) && (!ok || ring > k) {
					t.Fatalf("%s: %v is within the reach %v of ring %d, but in ring %d (%v)",
						name, p, reach, k, ring, ok)
				}
			}
		}
		if d.reach[0] < 70 || d.reach[ringMax] < 600 {
			t.Errorf("%s: reach %v", name, d.reach)
		}
	}
}
