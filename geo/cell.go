package geo

import (
	"fmt"
	"strconv"

	h3 "github.com/uber/h3-go/v4"
)

// MaxRes is the finest resolution of an H3 cell.
const MaxRes = 15

// Bits of an H3 index (https://h3geo.org/docs/core-library/h3Indexing): four of the
// resolution at 52, then three of each digit, finest last, unused digits all ones.
const (
	cellResShift   = 52
	cellResMask    = 0xF
	cellDigitBits  = 3
	cellDigitMask  = 7
	cellTextDigits = 15
)

// Cell is a cell of the H3 grid. The zero Cell is none. Outside the program it is the hex
// string of String: JavaScript cannot hold 64 bits in a number.
type Cell uint64

// CellError says which text, number or resolution is not a cell.
type CellError struct {
	Input string // as given
	Why   string
}

// Error repeats the input and says why it is refused.
func (e *CellError) Error() string { return fmt.Sprintf("geo: cell %s: %s", e.Input, e.Why) }

// CellOf is the cell of resolution res, 0–15, that contains p. A point that is not on the
// earth is refused with a *PointError (H3 itself would wrap it around silently), a
// resolution out of range with a *CellError. It costs about 0.5 µs and allocates 24 bytes.
func CellOf(p Point, res int) (Cell, error) {
	if err := p.Check(); err != nil {
		return 0, err
	}
	if res < 0 || res > MaxRes {
		return 0, &CellError{Input: "resolution " + strconv.Itoa(res), Why: "not in 0–15"}
	}
	c, err := h3.LatLngToCell(h3.LatLng{Lat: p.Lat, Lng: p.Lng}, res)
	if err != nil {
		return 0, fmt.Errorf("geo: cell of %v: %w", p, err)
	}
	return Cell(c), nil
}

// ParseCell reads the hex string of a cell. Anything but the 15 hex digits of a valid cell
// is a *CellError.
func ParseCell(s string) (Cell, error) {
	if len(s) != cellTextDigits {
		return 0, &CellError{Input: strconv.Quote(s), Why: "not 15 hex digits"}
	}
	u, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		return 0, &CellError{Input: strconv.Quote(s), Why: "not 15 hex digits"}
	}
	if c := Cell(u); c.Valid() {
		return c, nil
	}
	return 0, &CellError{Input: strconv.Quote(s), Why: "not a cell of H3"}
}

// String is the cell in hex as H3 writes it, 15 digits for a valid cell.
func (c Cell) String() string { return strconv.FormatUint(uint64(c), 16) }

// Valid reports whether c is a cell of the H3 grid.
func (c Cell) Valid() bool { return h3.Cell(c).IsValid() }

// Res is the resolution, 0–15; of an invalid cell it means nothing.
func (c Cell) Res() int { return int(c >> cellResShift & cellResMask) }

// Parent is the cell of the coarser resolution res, 0–Res(), in whose hierarchy c is. Cells
// of H3 do not lie wholly inside their parents: about 7 % of the area sticks out.
func (c Cell) Parent(res int) (Cell, error) {
	if res < 0 || res > c.Res() || !c.Valid() {
		why := "has no parent of resolution " + strconv.Itoa(res)
		return 0, &CellError{Input: c.String(), Why: why}
	}
	return c.parent(res), nil
}

// parent is Parent of a valid cell and a resolution known to be coarser.
func (c Cell) parent(res int) Cell {
	unused := Cell(1)<<(cellDigitBits*(MaxRes-res)) - 1
	c &^= Cell(cellResMask) << cellResShift
	return c | Cell(res)<<cellResShift | unused
}

// digit is the place, 0–6, of c's ancestor of resolution res within its own parent.
func (c Cell) digit(res int) int {
	return int(c >> (cellDigitBits * (MaxRes - res)) & cellDigitMask)
}

// Center is the cell's centre. The error is that of an invalid cell, a *CellError.
func (c Cell) Center() (Point, error) {
	ll, err := h3.Cell(c).LatLng()
	if err != nil || !c.Valid() {
		return Point{}, &CellError{Input: c.String(), Why: "not a cell of H3"}
	}
	return Point{Lat: ll.Lat, Lng: ll.Lng}, nil
}

// boundary is the cell's outline, counter-clockwise, five to ten corners.
func (c Cell) boundary() ([]Point, error) {
	outline, err := h3.Cell(c).Boundary()
	if err != nil {
		return nil, fmt.Errorf("geo: outline of %v: %w", c, err)
	}
	corners := make([]Point, len(outline))
	for i, ll := range outline {
		corners[i] = Point{Lat: ll.Lat, Lng: ll.Lng}
	}
	return corners, nil
}

// rings are the cells at grid distances 0, 1, … k of c.
func (c Cell) rings(k int) ([][]Cell, error) {
	disks, err := h3.Cell(c).GridDiskDistances(k)
	if err != nil {
		return nil, fmt.Errorf("geo: rings of %v: %w", c, err)
	}
	rings := make([][]Cell, len(disks))
	for r, disk := range disks {
		for _, n := range disk {
			if n != 0 {
				rings[r] = append(rings[r], Cell(n))
			}
		}
	}
	return rings, nil
}
