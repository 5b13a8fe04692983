package geo

import (
	"fmt"
	"math"
)

// Datum is the frame in which a coordinate is given. Phones and maps in China do not speak
// WGS-84: GCJ-02 is off by 100–700 m, BD-09 by as much again. A wrong datum is a wrong
// street, so every input names its own.
type Datum int

const (
	// WGS84 is what satellites give and all of this program uses inside.
	WGS84 Datum = iota + 1
	// GCJ02 is the state's shifted frame, given by AMap, Tencent and phones in China.
	GCJ02
	// BD09 is Baidu's frame, a further shift of GCJ-02.
	BD09
)

var datumNames = [...]string{WGS84: "wgs84", GCJ02: "gcj02", BD09: "bd09"}

// String is "wgs84", "gcj02" or "bd09".
func (d Datum) String() string {
	if d.Valid() {
		return datumNames[d]
	}
	return fmt.Sprintf("Datum(%d)", int(d))
}

// Valid reports whether d is one of the three.
func (d Datum) Valid() bool { return d >= WGS84 && d <= BD09 }

// DatumError says that a datum, or the name of one, is none of the three.
type DatumError struct{ Input string }

// Error repeats the input.
func (e *DatumError) Error() string {
	return fmt.Sprintf("geo: datum %q is not wgs84, gcj02 or bd09", e.Input)
}

// ParseDatum reads the name that String writes; another is a *DatumError.
func ParseDatum(name string) (Datum, error) {
	for d := WGS84; d <= BD09; d++ {
		if datumNames[d] == name {
			return d, nil
		}
	}
	return 0, &DatumError{Input: name}
}

// ToWGS84 is the WGS-84 position of p given in datum d, to a millimetre: the forward formula
// is inverted by fixed-point iteration, where the usual closed approximations are off by up
// to 5 m. Outside of InChina p is returned as it is. Errors: *PointError, *DatumError.
func ToWGS84(d Datum, p Point) (Point, error) {
	if err := checkDatum(d, p); err != nil {
		return Point{}, err
	}
	if d == WGS84 || !InChina(p) {
		return p, nil
	}
	// The shift changes by less than 1 % of a step, so each turn wins two digits or more.
	const turns, enough = 12, 1e-10
	w := p
	for range turns {
		q := shifted(d, w)
		lat, lng := q.Lat-p.Lat, q.Lng-p.Lng
		w.Lat -= lat
		w.Lng -= lng
		if math.Abs(lat)+math.Abs(lng) < enough {
			break
		}
	}
	return w, nil
}

// FromWGS84 is p, a WGS-84 position, in datum d. Outside of InChina p is returned as it is.
// Errors: *PointError, *DatumError.
func FromWGS84(d Datum, p Point) (Point, error) {
	if err := checkDatum(d, p); err != nil {
		return Point{}, err
	}
	if d == WGS84 || !InChina(p) {
		return p, nil
	}
	return shifted(d, p), nil
}

func checkDatum(d Datum, p Point) error {
	if !d.Valid() {
		return &DatumError{Input: d.String()}
	}
	return p.Check()
}

// shifted applies the shift of GCJ02 or BD09, wherever p is.
func shifted(d Datum, p Point) Point {
	p = toGCJ(p)
	if d == BD09 {
		p = toBD(p)
	}
	return p
}

// Axis in metres and squared eccentricity of the Krasovsky 1940 ellipsoid of GCJ-02.
const (
	krasovskyAxisM = 6378245.0
	krasovskyE2    = 0.00669342162296594323
)

// toGCJ is the published reverse-engineered formula of GCJ-02 (eviltransform, MIT): a sum of
// sines of the offset from 35° N 105° E, in metres, laid on the Krasovsky ellipsoid.
func toGCJ(p Point) Point {
	x, y := p.Lng-105, p.Lat-35
	root := math.Sqrt(math.Abs(x))
	both := 20*math.Sin(6*x*math.Pi) + 20*math.Sin(2*x*math.Pi)
	north := -100 + 2*x + 3*y + 0.2*y*y + 0.1*x*y + 0.2*root + (both+
		20*math.Sin(y*math.Pi)+40*math.Sin(y/3*math.Pi)+
		160*math.Sin(y/12*math.Pi)+320*math.Sin(y*math.Pi/30))*2/3
	east := 300 + x + 2*y + 0.1*x*x + 0.1*x*y + 0.1*root + (both+
		20*math.Sin(x*math.Pi)+40*math.Sin(x/3*math.Pi)+
		150*math.Sin(x/12*math.Pi)+300*math.Sin(x/30*math.Pi))*2/3
	sin, cos := math.Sincos(p.Lat * radPerDeg)
	w := 1 - krasovskyE2*sin*sin
	meridianM := krasovskyAxisM * (1 - krasovskyE2) / (w * math.Sqrt(w))
	parallelM := krasovskyAxisM / math.Sqrt(w) * cos
	return Point{Lat: p.Lat + north/(meridianM*radPerDeg), Lng: p.Lng + east/(parallelM*radPerDeg)}
}

// toBD is BD-09 of a GCJ-02 position, by the published formula: a small swirl in polar
// coordinates, then a fixed offset.
func toBD(p Point) Point {
	const swirl = math.Pi * 3000 / 180
	r := math.Hypot(p.Lng, p.Lat) + 0.00002*math.Sin(p.Lat*swirl)
	turn := math.Atan2(p.Lat, p.Lng) + 0.000003*math.Cos(p.Lng*swirl)
	sin, cos := math.Sincos(turn)
	return Point{Lat: r*sin + 0.006, Lng: r*cos + 0.0065}
}
