package geo

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var dawn = time.Date(2014, 1, 10, 7, 0, 0, 0, time.UTC)

// wholeCity is the oracle of the index: a map, measured from end to end. first keeps the
// slot a key has by the documented rule: a new key takes the place freed last.
type wholeCity struct {
	at    map[int]Point
	when  map[int]time.Time
	slot  map[int]int
	free  []int
	slots int
}

func newWholeCity() *wholeCity {
	return &wholeCity{at: map[int]Point{}, when: map[int]time.Time{}, slot: map[int]int{}}
}

func (w *wholeCity) move(k int, p Point, at time.Time) error {
	if err := p.Check(); err != nil {
		return err
	}
	if _, ok := w.at[k]; !ok {
		w.slot[k] = w.slots
		if n := len(w.free); n > 0 {
			w.slot[k], w.free = w.free[n-1], w.free[:n-1]
		} else {
			w.slots++
		}
	} else if at.Before(w.when[k]) {
		return ErrOlder
	}
	w.at[k], w.when[k] = p, at
	return nil
}

func (w *wholeCity) remove(k int) bool {
	_, ok := w.at[k]
	if ok {
		w.free = append(w.free, w.slot[k])
		delete(w.at, k)
		delete(w.when, k)
		delete(w.slot, k)
	}
	return ok
}

func (w *wholeCity) nearest(p Point, n int, maxM float64, keep func(int) bool) []Neighbor[int] {
	var all []Neighbor[int]
	if p.Check() != nil {
		return nil
	}
	for k, q := range w.at {
		d := DistanceM(p, q)
		if d <= maxM && (keep == nil || keep(k)) {
			all = append(all, Neighbor[int]{Key: k, Point: q, DistanceM: d})
		}
	}
	slices.SortFunc(all, func(a, b Neighbor[int]) int {
		return cmp.Or(cmp.Compare(a.DistanceM, b.DistanceM), w.slot[a.Key]-w.slot[b.Key])
	})
	return all[:min(n, len(all))]
}

func isOdd(k int) bool { return k%2 == 1 }

// TestIndexAgainstMap drives the index and a plain map with the same commands.
func TestIndexAgainstMap(t *testing.T) {
	names := make([]string, 0, len(places))
	for name := range places {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		ix, oracle := NewIndex[int](0), newWholeCity()
		ix.cellLimit = rapid.SampledFrom([]int{100, maxLatticeCells}).Draw(t, "cells")
		mid := places[rapid.SampledFrom(names).Draw(t, "place")]
		now := dawn
		key := rapid.IntRange(0, 60)
		point := rapid.Custom(func(t *rapid.T) Point { return drawPoint(t, mid) })
		reachM := rapid.SampledFrom([]float64{0, 300, 2500, 20_000, 3e7, math.Inf(1)})
		upTo := func(t *rapid.T, most int, unit time.Duration, name string) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * unit
		}
		t.Repeat(map[string]func(*rapid.T){
			"move": func(t *rapid.T) {
				k, p := key.Draw(t, "k"), point.Draw(t, "p")
				at := now.Add(-upTo(t, 3000, time.Millisecond, "ms"))
				got, want := ix.Move(k, p, at), oracle.move(k, p, at)
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("move %d to %v: %v, want %v", k, p, got, want)
				}
			},
			"remove": func(t *rapid.T) {
				k := key.Draw(t, "k")
				if got, want := ix.Remove(k), oracle.remove(k); got != want {
					t.Fatalf("remove %d: %v", k, got)
				}
			},
			"expire": func(t *rapid.T) {
				now = now.Add(upTo(t, 90_000, time.Millisecond, "ms"))
				before := now.Add(-upTo(t, 40, time.Second, "age"))
				expire(t, ix, oracle, before)
			},
			"nearest": func(t *rapid.T) {
				p, n := point.Draw(t, "p"), rapid.IntRange(0, 70).Draw(t, "n")
				maxM := reachM.Draw(t, "maxM")
				var keep func(int) bool
				if rapid.Bool().Draw(t, "odd") {
					keep = isOdd
				}
				sameNeighbors(t, ix.Nearest(nil, p, n, maxM, keep),
					oracle.nearest(p, n, maxM, keep))
				sameNeighbors(t, ix.Within(nil, p, maxM, keep),
					oracle.nearest(p, math.MaxInt, maxM, keep))
			},
			"": func(t *rapid.T) { checkIndex(t, ix, oracle) },
		})
	})
}

// drawPoint prefers a few spots, so that positions coincide, then the city, then the world.
func drawPoint(t *rapid.T, mid Point) Point {
	off := rapid.IntRange(-8, 8)
	switch rapid.IntRange(0, 9).Draw(t, "where") {
	case 0:
		return Point{
			Lat: rapid.Float64Range(-91, 91).Draw(t, "lat"),
			Lng: rapid.Float64Range(-181, 181).Draw(t, "lng"),
		}
	case 1, 2, 3:
		p := Point{
			Lat: mid.Lat + float64(off.Draw(t, "y"))*0.001,
			Lng: shortWay(mid.Lng + float64(off.Draw(t, "x"))*0.001),
		}
		p.Lat = min(MaxLat, max(-MaxLat, p.Lat))
		return p
	default:
		seed := rapid.Uint64().Draw(t, "seed")
		return scatter(rand.New(rand.NewPCG(seed, 1)), mid, 8000)
	}
}

func expire(t *rapid.T, ix *Index[int], oracle *wholeCity, before time.Time) {
	var want []int
	for k, at := range oracle.when {
		if at.Before(before) {
			want = append(want, k)
		}
	}
	slices.Sort(want)
	var got []int
	n := ix.Expire(before, func(k int) { got = append(got, k) })
	for _, k := range got {
		oracle.remove(k) // in the order of the calls, which decides the slots
	}
	slices.Sort(got)
	if n != len(got) || !slices.Equal(got, want) {
		t.Fatalf("expired %v (%d), want %v", got, n, want)
	}
}

func sameNeighbors(t *rapid.T, got, want []Neighbor[int]) {
	if !slices.Equal(got, want) {
		t.Fatalf("neighbours\n got %v\nwant %v", got, want)
	}
}

func checkIndex(t *rapid.T, ix *Index[int], oracle *wholeCity) {
	if ix.Len() != len(oracle.at) {
		t.Fatalf("%d keys, want %d", ix.Len(), len(oracle.at))
	}
	for k, want := range oracle.at {
		p, at, ok := ix.Get(k)
		if !ok || p != want || !at.Equal(oracle.when[k]) {
			t.Fatalf("get %d: %v %v %v, want %v %v", k, p, at, ok, want, oracle.when[k])
		}
		id, ok := ix.CellOf(k)
		if cell, err := CellOf(want, IndexRes); err != nil || !ok || id != cell {
			t.Fatalf("cell of %d: %v, want %v (%v)", k, id, cell, err)
		}
	}
	seen, counted := 0, 0
	ix.Each(func(k int, p Point, _ time.Time) bool {
		if oracle.at[k] != p {
			t.Fatalf("each: %d at %v", k, p)
		}
		seen++
		return true
	})
	ix.EachCell(func(_ Cell, n int) { counted += n })
	if seen != len(oracle.at) || counted != len(oracle.at) {
		t.Fatalf("each saw %d, cells count %d, want %d", seen, counted, len(oracle.at))
	}
}

// TestNearestAgainstBruteForce asks a crowded, a thin and a scattered city.
func TestNearestAgainstBruteForce(t *testing.T) {
	const seed = 2014
	for _, city := range []struct {
		name    string
		taxis   int
		radiusM float64
	}{{"crowded", 20_000, 4000}, {"thin", 3000, 25_000}, {"scattered", 500, 2_000_000}} {
		t.Run(city.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 5))
			ix, oracle := NewIndex[int](0), newWholeCity()
			for k := range city.taxis {
				p := scatter(r, places["beijing"], city.radiusM)
				if err := errors.Join(ix.Move(k, p, dawn), oracle.move(k, p, dawn)); err != nil {
					t.Fatal(err)
				}
			}
			for range 30 {
				p := scatter(r, places["beijing"], city.radiusM*1.1)
				for _, maxM := range []float64{500, 4500, math.Inf(1)} {
					for _, n := range []int{1, 16, 200} {
						got := ix.Nearest(nil, p, n, maxM, isOdd)
						want := oracle.nearest(p, n, maxM, isOdd)
						if !slices.Equal(got, want) {
							t.Fatalf("seed %d, %v, %d within %v:\n got %v\nwant %v",
								seed, p, n, maxM, got, want)
						}
					}
				}
			}
		})
	}
}

func TestIndexLimits(t *testing.T) {
	ix := NewIndex[string](2)
	mid := places["beijing"]
	for _, k := range []string{"a", "b", "a"} {
		if err := ix.Move(k, mid, dawn); err != nil {
			t.Fatal(err)
		}
	}
	if err := ix.Move("c", mid, dawn); !errors.Is(err, ErrIndexFull) {
		t.Errorf("third key: %v", err)
	}
	if err := ix.Move("a", mid, dawn.Add(-time.Microsecond)); !errors.Is(err, ErrOlder) {
		t.Errorf("older fix: %v", err)
	}
	var bad *PointError
	err := ix.Move("a", Point{Lat: math.NaN()}, dawn)
	if !errors.As(err, &bad) || bad.Field != "lat" {
		t.Errorf("NaN: %v", err)
	}
	if p, at, ok := ix.Get("a"); p != mid || !at.Equal(dawn) || !ok {
		t.Errorf("refused moves changed a: %v %v %v", p, at, ok)
	}
	if !ix.Remove("b") || ix.Remove("b") || ix.Move("c", mid, dawn) != nil || ix.Len() != 2 {
		t.Errorf("after removal: %d keys", ix.Len())
	}
	if got := ix.Nearest(nil, Point{Lat: 91}, 5, 100, nil); got != nil {
		t.Errorf("neighbours of nowhere: %v", got)
	}
	if got := ix.Nearest(nil, mid, 5, math.NaN(), nil); got != nil {
		t.Errorf("within NaN metres: %v", got)
	}
}

// TestIndexForgetsEmptyCells drives one taxi around the world: the tables stay bounded.
func TestIndexForgetsEmptyCells(t *testing.T) {
	ix := NewIndex[int](0)
	ix.cellLimit = 500
	r := rand.New(rand.NewPCG(9, 9))
	for i := range 5000 {
		p := Point{Lat: 180*r.Float64() - 90, Lng: 360*r.Float64() - 180}
		if err := ix.Move(i%3, p, dawn); err != nil {
			t.Fatal(err)
		}
		near := ix.Nearest(nil, p, 1, 10, nil)
		if i%100 == 0 && (len(near) != 1 || near[0].Key != i%3) {
			t.Fatalf("step %d: %v", i, near)
		}
		if n := len(ix.lattice.cells); n > 700 {
			t.Fatalf("%d cells", n)
		}
	}
}

// TestBlocksStayPacked moves a crowd in and out of one cell.
func TestBlocksStayPacked(t *testing.T) {
	ix := NewIndex[int](0)
	for round := range 6 {
		for k := range 20_000 {
			p := places["beijing"]
			if round%2 == 1 {
				p = scatter(rand.New(rand.NewPCG(uint64(k), 1)), p, 20_000)
			}
			if err := ix.Move(k, p, dawn); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(ix.blocks.entries); n > 2*20_000+slackEntries+20_000 {
			t.Errorf("round %d: %d entries for 20000 taxis", round, n)
		}
	}
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	ix, taxis := crowd(10_000, 4000)
	r := rand.New(rand.NewPCG(1, 2))
	dst := make([]Neighbor[uint64], 0, 64)
	at, i := dawn, 0
	keep := func(k uint64) bool { return k%2 == 0 }
	step := func() {
		k := i % len(taxis)
		taxis[k] = scatter(r, taxis[k], 30)
		at = at.Add(time.Millisecond)
		if err := ix.Move(uint64(k), taxis[k], at); err != nil {
			t.Fatal(err)
		}
		dst = ix.Nearest(dst[:0], taxis[k], 16, 5000, keep)
		dst = ix.Within(dst[:0], taxis[k], 300, nil)
		i++
	}
	for range 20_000 {
		step()
	}
	if n := testing.AllocsPerRun(5000, step); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

// TestIndexIsDeterministic: the same calls on two indexes, whose hashes differ, give the same
// answers in the same order.
func TestIndexIsDeterministic(t *testing.T) {
	run := func() []string {
		r := rand.New(rand.NewPCG(6, 6))
		ix := NewIndex[string](0)
		var said []string
		var near []Neighbor[string]
		for i := range 20_000 {
			k := fmt.Sprint("taxi", r.IntN(3000))
			p := scatter(r, places["beijing"], 3000)
			now := dawn.Add(time.Duration(i) * 10 * time.Millisecond)
			switch r.IntN(10) {
			case 0:
				ix.Remove(k)
			case 1:
				near = ix.Nearest(near[:0], p, 5, 1000, nil)
				said = append(said, fmt.Sprint(near))
			default:
				if err := ix.Move(k, p, now); err != nil {
					t.Fatal(err)
				}
			}
			if i%500 == 0 {
				ix.Expire(now.Add(-30*time.Second), func(k string) { said = append(said, k) })
			}
		}
		ix.Each(func(k string, p Point, _ time.Time) bool {
			said = append(said, k, p.String())
			return true
		})
		ix.EachCell(func(c Cell, n int) { said = append(said, fmt.Sprint(c, n)) })
		return said
	}
	if one, other := run(), run(); !slices.Equal(one, other) || len(one) < 5000 {
		t.Errorf("two runs say different things, %d and %d", len(one), len(other))
	}
}
