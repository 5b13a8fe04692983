package geo

import (
	"math"
	"sort"
	"time"
)

// Drive is a way with its times: where a taxi is at any moment of it. The zero Drive is at
// rest at 0° N 0° E; Reset and Add make one, and reuse its memory. Questions are cheapest in
// the order of time. It belongs to one goroutine.
type Drive struct {
	stops []stop
	at    int // the leg of the last question: from stops[at] to stops[at+1]
}

// stop is a point of the way, with the seconds and metres from its start.
type stop struct {
	Point
	timeS, lengthM float64
}

// Motion is where and how a taxi is. At rest, before the start and after the end, the
// speed is 0; the heading is that of the leg, degrees clockwise from north in [0, 360).
type Motion struct {
	Point
	LengthM    float64 // driven so far
	SpeedMPS   float64
	HeadingDeg float64
}

// Reset makes the drive one that rests at p.
func (d *Drive) Reset(p Point) {
	d.stops = append(d.stops[:0], stop{Point: p})
	d.at = 0
}

// Add prolongs the drive by a straight leg to p that takes timeS seconds and is lengthM metres
// long by road, both at least 0. A leg of no time and no length to where the drive ends is
// left out.
func (d *Drive) Add(p Point, timeS, lengthM float64) {
	last := d.last()
	if len(d.stops) == 0 {
		d.Reset(Point{})
	}
	if p == last.Point && timeS == 0 && lengthM == 0 {
		return
	}
	d.stops = append(d.stops, stop{
		Point: p, timeS: last.timeS + max(0, timeS), lengthM: last.lengthM + max(0, lengthM),
	})
}

func (d *Drive) last() stop {
	if len(d.stops) == 0 {
		return stop{}
	}
	return d.stops[len(d.stops)-1]
}

// Stretch makes the whole drive take so long, each part of it in proportion. A drive of no time
// stays as it is.
func (d *Drive) Stretch(took time.Duration) {
	if d.TimeS() <= 0 || took < 0 {
		return
	}
	by := took.Seconds() / d.TimeS()
	for i := range d.stops {
		d.stops[i].timeS *= by
	}
}

// TimeS is how long the whole drive takes, in seconds.
func (d *Drive) TimeS() float64 { return d.last().timeS }

// Duration is TimeS as a Duration.
func (d *Drive) Duration() time.Duration {
	return time.Duration(d.TimeS() * float64(time.Second))
}

// LengthM is how long the way is, in metres.
func (d *Drive) LengthM() float64 { return d.last().lengthM }

// End is the last point.
func (d *Drive) End() Point { return d.last().Point }

// At is where the taxi is after elapsed: at the start before it, at the end after it.
func (d *Drive) At(elapsed time.Duration) Point {
	if len(d.stops) == 0 {
		return Point{}
	}
	p, _ := d.on(elapsed.Seconds())
	return p.Point
}

// Motion is At with the length, speed and heading.
func (d *Drive) Motion(elapsed time.Duration) Motion {
	if len(d.stops) == 0 {
		return Motion{}
	}
	s := elapsed.Seconds()
	p, i := d.on(s)
	m := Motion{Point: p.Point, LengthM: p.lengthM}
	if len(d.stops) == 1 {
		return m
	}
	a, b := &d.stops[i], &d.stops[i+1]
	m.HeadingDeg = bearingDeg(a.Point, b.Point)
	if legS := b.timeS - a.timeS; legS > 0 && s >= 0 && s < d.TimeS() {
		m.SpeedMPS = (b.lengthM - a.lengthM) / legS
	}
	return m
}

// on is the taxi's place after s seconds, and the leg it is on.
func (d *Drive) on(s float64) (stop, int) {
	d.seek(s)
	a := d.stops[d.at]
	if d.at+1 == len(d.stops) || s <= a.timeS {
		return a, d.at
	}
	b := d.stops[d.at+1]
	if s >= b.timeS {
		return b, d.at
	}
	part := (s - a.timeS) / (b.timeS - a.timeS)
	return stop{
		Point: Point{
			Lat: a.Lat + part*(b.Lat-a.Lat),
			Lng: shortWay(a.Lng + part*shortWay(b.Lng-a.Lng)),
		},
		timeS: s, lengthM: a.lengthM + part*(b.lengthM-a.lengthM),
	}, d.at
}

// seek moves the cursor to the leg of s: forward step by step, backward by bisection.
func (d *Drive) seek(s float64) {
	legs := len(d.stops) - 1
	if d.at > 0 && s < d.stops[d.at].timeS {
		d.at = max(0, sort.Search(legs, func(i int) bool { return d.stops[i].timeS > s })-1)
		return
	}
	for d.at+1 < legs && d.stops[d.at+1].timeS <= s {
		d.at++
	}
}

// bearingDeg is the initial bearing from a to b, clockwise from north in [0, 360).
func bearingDeg(a, b Point) float64 {
	sinA, cosA := math.Sincos(a.Lat * radPerDeg)
	sinB, cosB := math.Sincos(b.Lat * radPerDeg)
	sinL, cosL := math.Sincos(shortWay(b.Lng-a.Lng) * radPerDeg)
	deg := math.Atan2(sinL*cosB, cosA*sinB-sinA*cosB*cosL) / radPerDeg
	if deg < 0 {
		deg += 360
	}
	if deg >= 360 {
		return 0
	}
	return deg
}
