package geo

import (
	"fmt"
	"math"
)

// EarthRadiusM is the mean radius of the earth (IUGG R1) in metres, the radius of every
// distance in this package.
const EarthRadiusM = 6371008.8

const (
	radPerDeg = math.Pi / 180
	mPerDeg   = EarthRadiusM * radPerDeg
)

// Limits of a Point's coordinates in degrees, both ends included.
const (
	MaxLat = 90.0
	MaxLng = 180.0
)

// Point is a position on the earth: WGS-84 degrees unless a function says otherwise.
// Lat is in [-90, 90], positive north; Lng in [-180, 180], positive east.
type Point struct {
	Lat, Lng float64
}

// PointError says which coordinate of a Point is not one, and the limit it breaks.
type PointError struct {
	Field string  // "lat" or "lng"
	Value float64 // as given; may be NaN or infinite
	Limit float64 // the allowed range is [-Limit, Limit]
}

// Error names the field, the value and the range.
func (e *PointError) Error() string {
	return fmt.Sprintf("geo: %s %v is not in [-%v, %v]", e.Field, e.Value, e.Limit, e.Limit)
}

// Check returns nil for a point on the earth, else a *PointError: NaN, infinite or out of
// range.
func (p Point) Check() error {
	if !(p.Lat >= -MaxLat && p.Lat <= MaxLat) {
		return &PointError{Field: "lat", Value: p.Lat, Limit: MaxLat}
	}
	if !(p.Lng >= -MaxLng && p.Lng <= MaxLng) {
		return &PointError{Field: "lng", Value: p.Lng, Limit: MaxLng}
	}
	return nil
}

// onEarth is Check without an error value, for hot paths.
func (p Point) onEarth() bool {
	return p.Lat >= -MaxLat && p.Lat <= MaxLat && p.Lng >= -MaxLng && p.Lng <= MaxLng
}

// String is "lat,lng" with six decimals (0.1 m).
func (p Point) String() string { return fmt.Sprintf("%.6f,%.6f", p.Lat, p.Lng) }

// DistanceM is the great-circle distance from a to b in metres, by the haversine formula
// (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984). It is symmetric,
// bit for bit. Points closer than 0.05 rad (about 300 km) are computed by series that agree
// with the formula to 1e-14 of the distance and need no inverse sine.
func DistanceM(a, b Point) float64 {
	return distanceFromM(a, math.Cos(a.Lat*radPerDeg), b)
}

// distanceFromM is DistanceM where the cosine of a's latitude is known.
func distanceFromM(a Point, cosA float64, b Point) float64 {
	dLat := (b.Lat - a.Lat) * radPerDeg
	dLng := shortWay(b.Lng-a.Lng) * radPerDeg
	cos2 := cosA * math.Cos(b.Lat*radPerDeg)
	y, x := dLat*dLat, dLng*dLng
	if y < 0.0025 && x < 0.0025 {
		return 2 * EarthRadiusM * asinSmall(sinHalfSquared(y)+cos2*sinHalfSquared(x))
	}
	sy, sx := math.Sin(dLat/2), math.Sin(dLng/2)
	h := sy*sy + cos2*sx*sx
	return 2 * EarthRadiusM * math.Asin(math.Sqrt(min(h, 1)))
}

// shortWay brings a difference of longitudes into [-180, 180].
func shortWay(dLng float64) float64 {
	if dLng > 180 {
		return dLng - 360
	}
	if dLng < -180 {
		return dLng + 360
	}
	return dLng
}

// sinHalfSquared is sin²(x/2) for y = x² < 0.0025, by its Taylor series; the first term
// left out is below 2e-17 of the value.
func sinHalfSquared(y float64) float64 {
	return y * (1.0/4 - y*(1.0/48-y*(1.0/1440-y*(1.0/80640))))
}

// asinSmall is asin(√h) for h < 0.00125, by its Taylor series; the first term left out is
// below 1e-16 of the value.
func asinSmall(h float64) float64 {
	series := 1 + h*(1.0/6+h*(3.0/40+h*(15.0/336+h*(105.0/3456))))
	return math.Sqrt(h) * series
}

// unitVector is the point on the unit sphere.
func (p Point) unitVector() [3]float64 {
	sinLat, cosLat := math.Sincos(p.Lat * radPerDeg)
	sinLng, cosLng := math.Sincos(p.Lng * radPerDeg)
	return [3]float64{cosLat * cosLng, cosLat * sinLng, sinLat}
}

// chordSquared is the square of the straight line between two points of the unit sphere.
// It grows with the great-circle distance, and its root is never longer than the arc.
func chordSquared(a, b [3]float64) float64 {
	x, y, z := a[0]-b[0], a[1]-b[1], a[2]-b[2]
	return x*x + y*y + z*z
}
