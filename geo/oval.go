package geo

import "math"

const fixedDeg = 1e-7 // the unit of fixed: 11 mm

// fixed is a longitude or latitude in units of fixedDeg: half the bytes of a float64.
type fixed int32

func fix(deg float64) fixed      { return fixed(math.Round(deg / fixedDeg)) }
func (f fixed) degrees() float64 { return float64(f) * fixedDeg }

// half is the upper half of a float32, three decimal digits.
type half uint16

const (
	halfBits = 16
	halfStep = 1.0 / 128 // the most by which rounding to a half changes a number, of itself
)

func (h half) float() float32 { return math.Float32frombits(uint32(h) << halfBits) }

func toHalf(v float64) half {
	return half((math.Float32bits(float32(v)) + 1<<(halfBits-1)) >> halfBits)
}

// oval is an ellipse inside a cell, around the cell's centre (to 11 mm): most moves are
// seen to stay in their cell by it, so each slot has a copy. Cells of H3 are hexagons
// stretched by up to a quarter; the oval that touches all sides covers nine tenths of one,
// where the inscribed circle may cover only six. Offsets are degrees from the centre: the
// plane of the cell.
type oval struct {
	lat, lng   fixed
	xx, xy, yy half // inside: xx·x² + xy·x·y + yy·y² < 1
}

// newOval is an oval that holds nothing.
func newOval(center Point) oval {
	never := half(math.Float32bits(float32(math.Inf(1))) >> halfBits)
	return oval{lat: fix(center.Lat), lng: fix(center.Lng), xx: never, yy: never}
}

func (o *oval) center() Point { return Point{Lat: o.lat.degrees(), Lng: o.lng.degrees()} }

// offset is p in the plane of the oval's cell.
func (o *oval) offset(p Point) (x, y float32) {
	return float32(p.Lng - o.lng.degrees()), float32(p.Lat - o.lat.degrees())
}

// holds reports whether an offset is inside.
func (o *oval) holds(x, y float32) bool {
	return (o.xx.float()*x+o.xy.float()*y)*x+o.yy.float()*y*y < 1
}

// round makes the oval a circle.
func (o *oval) round(radiusM, eastM float64) {
	x, y := eastM/radiusM, mPerDeg/radiusM
	o.xx, o.xy, o.yy = toHalf(x*x*(1+halfStep)), 0, toHalf(y*y*(1+halfStep))
}

// touch makes the oval the one that touches the three pairs of opposite sides e. With B the
// inverse of its matrix, the oval reaches √(nᵀBn) in the direction of a side n·p = 1: three
// linear equations nᵀBn = 1 for the three numbers of B. It is shrunk until, rounded, it
// reaches no side, and holds nothing if the sides allow no oval.
func (o *oval) touch(e [6]edge) {
	var m [3][4]float64 // rows: nx², 2·nx·ny, ny² | 1
	for i := range m {
		x := (float64(e[i].x) - float64(e[i+3].x)) / 2
		y := (float64(e[i].y) - float64(e[i+3].y)) / 2
		m[i] = [4]float64{x * x, 2 * x * y, y * y, 1}
	}
	b, ok := solve3(m)
	if !ok {
		return
	}
	never := *o
	for shrink := 0.99; shrink > 0.8; shrink -= 0.01 {
		xx, xy, yy := b[0]*shrink, b[1]*shrink, b[2]*shrink
		det := xx*yy - xy*xy
		if !(xx > 0 && det > 0) {
			break
		}
		o.xx, o.xy, o.yy = toHalf(yy/det), toHalf(-2*xy/det), toHalf(xx/det)
		if o.within(e) {
			return
		}
	}
	*o = never
}

// within reports whether the oval, as rounded, keeps clear of every side.
func (o *oval) within(e [6]edge) bool {
	a, b, c := float64(o.xx.float()), float64(o.xy.float())/2, float64(o.yy.float())
	det := a*c - b*b
	if !(a > 0 && det > 0) {
		return false
	}
	for _, n := range e {
		x, y := float64(n.x), float64(n.y)
		if reach2 := (c*x*x - 2*b*x*y + a*y*y) / det; !(reach2 < (1-edgeMargin)*(1-edgeMargin)) {
			return false
		}
	}
	return true
}

// solve3 solves three linear equations by Cramer's rule.
func solve3(m [3][4]float64) (v [3]float64, ok bool) {
	det := func(a, b, c int) float64 {
		return m[0][a]*(m[1][b]*m[2][c]-m[1][c]*m[2][b]) -
			m[0][b]*(m[1][a]*m[2][c]-m[1][c]*m[2][a]) +
			m[0][c]*(m[1][a]*m[2][b]-m[1][b]*m[2][a])
	}
	d := det(0, 1, 2)
	v = [3]float64{det(3, 1, 2) / d, det(0, 3, 2) / d, det(0, 1, 3) / d}
	return v, d != 0
}
