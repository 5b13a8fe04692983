package dispatch

import (
	"fmt"
	"time"

	"hexhail/geo"
	"hexhail/money"
)

// MaxQuoteKM is how far apart pickup and dropoff may be, as the crow flies: with the usual detour
// that is 17 hours at the usual speed, and the longest of the estimates is within a meter's day.
const MaxQuoteKM = 300

// QuoteFor estimates what a ride will cost: the way as the crow flies with the usual detour, at
// the usual speed, by the city's tariff. pickup is the engine's estimate, 0 if there is none.
// Errors: Invalid for a place or a distance that cannot be.
func (c City) QuoteFor(
	from, to geo.Point, pickup time.Duration, now time.Time,
) (Quote, error) {
	if err := from.Check(); err != nil {
		return Quote{}, err
	}
	if err := to.Check(); err != nil {
		return Quote{}, err
	}
	straightM := geo.DistanceM(from, to)
	if !(straightM <= MaxQuoteKM*1000) {
		return Quote{}, invalid("dropoff", fmt.Sprintf("within %d km of pickup", MaxQuoteKM))
	}
	distanceM := straightM * geo.DefaultDetour
	took := time.Duration(distanceM / geo.DefaultSpeedMPS * float64(time.Second))
	fare, err := c.Tariff.Estimate(money.Forecast{
		Start: now.Add(pickup).In(c.Zone), Distance: money.Metres(distanceM), Duration: took,
		LowSpeed: took / 4,
	})
	if err != nil {
		return Quote{}, err
	}
	return Quote{Low: fare.Low, High: fare.High, Pickup: pickup, DistanceM: int(distanceM)}, nil
}
