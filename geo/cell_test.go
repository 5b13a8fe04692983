package geo

import (
	"errors"
	"io"
	"math"
	"os"
	"testing"

	h3 "github.com/uber/h3-go/v4"
)

func TestCellVectors(t *testing.T) {
	f, err := os.Open("testdata/h3_centers.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	checkCells(t, f, "lat", "lng", 44)
}

func TestAllCellVectors(t *testing.T) {
	all := realData(t, "h3_vectors", "centers.csv.gz")
	checkCells(t, all, "center_lat_deg", "center_lng_deg", 11_000)
}

// checkCells reads cells and a point in each (their files say "center", which it is not), whose
// longitudes may be 0–360.
func checkCells(t *testing.T, r io.Reader, lat, lng string, want int) {
	t.Helper()
	n := 0
	rowsOf(t, r, func(col func(string) string) {
		n++
		c, err := ParseCell(col("cell"))
		if err != nil {
			t.Fatal(err)
		}
		res := int(number(t, col("res")))
		p := Point{Lat: number(t, col(lat)), Lng: number(t, col(lng))}
		if p.Lng > MaxLng {
			p.Lng -= 360
		}
		got, err := CellOf(p, res)
		if err != nil || got != c || c.Res() != res || c.String() != col("cell") || !c.Valid() {
			t.Fatalf("cell of %v at %d is %v (%v), want %v", p, res, got, err, c)
		}
		mid, err := c.Center()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := CellOf(mid, res); err != nil || again != c {
			t.Fatalf("cell of the centre of %v is %v (%v)", c, again, err)
		}
		for coarse := range res + 1 {
			parent, err := c.Parent(coarse)
			ofH3, err3 := h3.Cell(c).Parent(coarse)
			if err != nil || err3 != nil || uint64(parent) != uint64(ofH3) ||
				parent.Res() != coarse {
				t.Fatalf("parent of %v at %d is %v (%v), want %v", c, coarse, parent, err, ofH3)
			}
		}
	})
	if n != want {
		t.Errorf("%d vectors, want %d", n, want)
	}
}

func TestCellRefusals(t *testing.T) {
	var badPoint *PointError
	for _, p := range []Point{{91, 0}, {0, 200}, {math.NaN(), 0}, {0, math.Inf(1)}} {
		if c, err := CellOf(p, 9); !errors.As(err, &badPoint) || c != 0 {
			t.Errorf("cell of %v: %v, %v", p, c, err)
		}
	}
	var badCell *CellError
	for _, res := range []int{-1, 16} {
		if _, err := CellOf(Point{}, res); !errors.As(err, &badCell) {
			t.Errorf("resolution %d: %v", res, err)
		}
	}
	for _, s := range []string{
		"", "asdf", "85283473ffff", "85283473fffffff0", "+5283473fffffff",
		"115283473fffffff", "0x5283473ffffff", "fffffffffffffff",
	} {
		if c, err := ParseCell(s); !errors.As(err, &badCell) {
			t.Errorf("%q: %v, %v", s, c, err)
		}
	}
	c, err := ParseCell("8928342e20fffff")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := c.Parent(3); err != nil || p.String() != "832834fffffffff" {
		t.Errorf("parent %v, %v", p, err)
	}
	for _, res := range []int{-1, 10, 15} {
		if _, err := c.Parent(res); !errors.As(err, &badCell) {
			t.Errorf("parent at %d: %v", res, err)
		}
	}
	if _, err := Cell(0).Center(); !errors.As(err, &badCell) {
		t.Errorf("centre of none: %v", err)
	}
}

func FuzzParseCell(f *testing.F) {
	f.Add("8928342e20fffff")
	f.Add("85283473ffff")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCell(s)
		if err != nil {
			return
		}
		if !c.Valid() {
			t.Fatalf("%q is %v", s, c)
		}
		if again, err := ParseCell(c.String()); err != nil || again != c {
			t.Fatalf("%q, printed %v, is %v, %v", s, c, again, err)
		}
	})
}
