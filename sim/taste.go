package sim

import (
	"math"
	"math/rand/v2"

	"hexhail/geo"
	"hexhail/money"
)

// taste is what a simulated driver thinks of offers, hidden from the city: what its model learns is
// of another form, so that it can be near and never right. What they say yes to depends on the way
// to the rider, the ride, and where it leads; what is left is a mood of the moment.
type taste struct {
	keen    float64 // the log odds of an offer next door, of a ride of 3 km
	lazy    float64 // log odds lost by each minute to the pickup
	greedy  float64 // log odds won by each doubling of the ride's length
	homely  float64 // log odds won by a ride that leads straight home, lost by one straight away
	homeDeg float64 // the bearing in which home lies, in degrees
}

// The crowd's mean taste, and how far drivers are from it (standard deviations). With these about
// three offers of four are taken when pickups take two minutes.
const (
	meanKeen, spreadKeen     = 2.0, 0.8
	meanLazy, spreadLazy     = 0.30, 0.10
	meanGreedy, spreadGreedy = 0.5, 0.3
	meanHomely               = 0.5
	// spreadMood is of the mood of the moment: the same driver answers the same offer otherwise.
	spreadMood = 0.5
)

// tasteOf draws a driver's taste.
func tasteOf(r *rand.Rand) taste {
	return taste{
		keen:    meanKeen + spreadKeen*normal(r),
		lazy:    max(0, meanLazy+spreadLazy*normal(r)),
		greedy:  max(0, meanGreedy+spreadGreedy*normal(r)),
		homely:  -meanHomely * math.Log1p(-r.Float64()), // exponential: some care, most hardly
		homeDeg: 360 * r.Float64(),
	}
}

// likes is the chance that the driver takes an errand: the share of the flags, or by taste. A
// stranger's destination is not known to the virtual phone, which then judges the pickup alone.
func (d *driver) likes(c *crowd, e errand) float64 {
	if !c.do.AcceptModel {
		return c.do.Accept
	}
	to := e.dropoff
	if e.rider != nobody {
		to = c.riders[e.rider].trip.Dropoff
	}
	at := d.pos
	if d.busy() { // they would come from where the rider gets out
		if at = d.job.dropoff; d.job.rider != nobody {
			at = c.riders[d.job.rider].trip.Dropoff
		}
	}
	mood := spreadMood * normal(d.rand)
	if e.rider != nobody {
		mood += tipOdds * float64(c.riders[e.rider].tip) / float64(money.Yuan(1))
	}
	return d.taste.chance(at, e.pickup, to, mood)
}

// chance is the chance of a yes at a place, in a mood.
func (t taste) chance(at, pickup, to geo.Point, mood float64) float64 {
	minutes := geo.DistanceM(at, pickup) / straightMPS / 60
	odds := t.keen - t.lazy*minutes + mood
	if lengthM := geo.DistanceM(pickup, to); lengthM > 1 {
		odds += t.greedy * math.Log2(max(lengthM, 500)/3000)
		turn := (bearingDeg(pickup, to) - t.homeDeg) * math.Pi / 180
		odds += t.homely * math.Cos(turn)
	}
	return 1 / (1 + math.Exp(-odds))
}

// bearingDeg is the direction from a to b on the flat, clockwise from north: exact enough within a
// city.
func bearingDeg(a, b geo.Point) float64 {
	north := b.Lat - a.Lat
	east := (b.Lng - a.Lng) * math.Cos(a.Lat*math.Pi/180)
	return math.Atan2(east, north) * 180 / math.Pi
}
