package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// Model is a Chinese city without files: when, where and how far people ride, and where taxis are.
// Hours, lengths, durations and group sizes are fitted to New York's taxis, the places to
// Beijing's (model_tables.go, model_places.go); whichever city it is made for, its places lie
// around that city's centre as Beijing's lie around Tiananmen. The same fields give the same city.
type Model struct {
	City    dispatch.City
	Seed    uint64
	PerHour int // requests in the mean hour of a weekday, > 0
}

const (
	modelReachM     = 30_000 // from the centre: nothing begins farther out
	destinations    = 8      // looked at for one of about the right distance
	modelSeats      = 4      // of a Chinese taxi
	minDrive        = time.Minute
	maxDrive        = 75 * time.Minute // 99.8 % of New York's sample are shorter
	degreesPerMetre = 180 / (math.Pi * geo.EarthRadiusM)
)

// Demand is a Poisson stream of requests in [from, from + d), in the order of time. Who asks next
// does not depend on d: a longer time only adds trips at the end.
func (m Model) Demand(from time.Time, d time.Duration) []Trip {
	clock := Stream(m.Seed, "demand", 0)
	trips := make([]Trip, 0, int(float64(m.PerHour)*d.Hours()))
	for at, end := from, from.Add(d); ; {
		at = m.after(at, end, -math.Log1p(-clock.Float64()))
		if !at.Before(end) {
			return trips
		}
		trips = append(trips, m.trip(Stream(m.Seed, "trip", uint64(len(trips))), at))
	}
}

// after is when so many requests are to be expected after a time: the stream's own time is spent
// hour by hour at each hour's rate. It is end if that comes first.
func (m Model) after(at, end time.Time, requests float64) time.Time {
	for at.Before(end) {
		local := at.In(m.City.Zone)
		perHour := float64(m.PerHour) * hourShare(local)
		// The next full hour by the wall of the city, whose zone may be off by half an hour.
		into := time.Duration(local.Minute())*time.Minute +
			time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		left := time.Hour - into
		if need := time.Duration(requests / perHour * float64(time.Hour)); need < left {
			return at.Add(need)
		}
		requests -= perHour * left.Hours()
		at = at.Add(left)
	}
	return end
}

// trip draws all of a trip but its time. A trip to or from the airport is as long as the way is;
// any other has a length of its own, and goes towards one of some destinations drawn: the one
// that is the most nearly so far away.
func (m Model) trip(r *rand.Rand, at time.Time) Trip {
	local := at.In(m.City.Zone)
	day := timeOfDay(local.Hour())
	from, to := drawKind(r, fromShares[day]), drawKind(r, toShares[day])
	pickup := m.point(r, from)
	dropoff := m.point(r, to)
	if (from == airport) == (to == airport) {
		dropoff = m.destination(r, pickup, to)
	}
	return Trip{
		At: at.Truncate(time.Millisecond), Pickup: pickup, Dropoff: dropoff,
		Seats:    1 + pick(r, seatShares),
		Duration: driveTime(r, local.Hour(), geo.DistanceM(pickup, dropoff)),
	}
}

// destination is as far from the pickup as a length drawn.
func (m Model) destination(r *rand.Rand, pickup geo.Point, to placeKind) geo.Point {
	wanted := drawLength(r)
	var best geo.Point
	bestOff, bestM := math.Inf(1), 0.0
	for range destinations {
		p := m.point(r, to)
		far := max(geo.DistanceM(pickup, p), 1)
		if off := math.Abs(math.Log(far / wanted)); off < bestOff {
			best, bestOff, bestM = p, off, far
		}
	}
	share := wanted / bestM
	return microDegrees(geo.Point{
		Lat: pickup.Lat + share*(best.Lat-pickup.Lat),
		Lng: pickup.Lng + share*(best.Lng-pickup.Lng),
	})
}

// Fleet is n taxis as they are spread over the city at work, on duty from a time on. The first
// taxis of a larger fleet are those of a smaller one.
func (m Model) Fleet(n int, at time.Time) []Taxi {
	weights := make([]float64, len(places))
	for i := range places {
		weights[i] = places[i].weight
	}
	taxis := make([]Taxi, n)
	for i := range taxis {
		r := Stream(m.Seed, "taxi", uint64(i))
		taxis[i] = Taxi{
			ID: fmt.Sprintf("%s-%05d", m.City.ID, i+1), From: at, Seats: modelSeats,
			At: m.around(r, &places[pick(r, weights)]),
		}
	}
	return taxis
}

// point is somewhere at a place of a kind.
func (m Model) point(r *rand.Rand, kind placeKind) geo.Point {
	weights := make([]float64, len(places))
	for i := range places {
		if places[i].kind == kind {
			weights[i] = places[i].weight
		}
	}
	return m.around(r, &places[pick(r, weights)])
}

// around is somewhere at a place, within reach of the centre.
func (m Model) around(r *rand.Rand, p *place) geo.Point {
	center := m.City.Center
	eastDegrees := degreesPerMetre / math.Cos(center.Lat*math.Pi/180)
	for {
		east, north := p.eastM+p.sigmaM*normal(r), p.northM+p.sigmaM*normal(r)
		if math.Hypot(east, north) > modelReachM {
			continue // some 3 % of the two widest places
		}
		return microDegrees(geo.Point{
			Lat: center.Lat + north*degreesPerMetre, Lng: center.Lng + east*eastDegrees,
		})
	}
}

// microDegrees rounds to 0.1 m, as phones report.
func microDegrees(p geo.Point) geo.Point {
	return geo.Point{Lat: math.Round(p.Lat*1e6) / 1e6, Lng: math.Round(p.Lng*1e6) / 1e6}
}

func drawKind(r *rand.Rand, shares []float64) placeKind { return placeKind(1 + pick(r, shares)) }

// drawLength draws a crow distance in metres from lengths.
func drawLength(r *rand.Rand) float64 {
	share := r.Float64()
	i := 1
	for lengths[i].share < share {
		i++
	}
	a, b := lengths[i-1], lengths[i]
	part := (share - a.share) / (b.share - a.share)
	return a.lengthM * math.Pow(b.lengthM/a.lengthM, part)
}

// driveTime draws how long a drive of a crow distance takes, to the millisecond.
func driveTime(r *rand.Rand, hour int, crowM float64) time.Duration {
	noise := longNoise
	if crowM < longTripM {
		noise = shortNoise
	}
	s := secondsForOneKM[hour] * math.Pow(crowM/1000, lengthPower) * math.Exp(noise*normal(r))
	s = max(minDrive.Seconds(), min(maxDrive.Seconds(), s))
	return time.Duration(s*1000) * time.Millisecond
}
