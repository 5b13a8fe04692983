package dispatch

import (
	"time"

	"hexhail/geo"
	"hexhail/money"
)

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
	distanceM := geo.DistanceM(from, to) * geo.DefaultDetour
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
