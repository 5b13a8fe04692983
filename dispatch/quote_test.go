package dispatch_test

import (
	"errors"
	"testing"
	"time"

	"hexhail/dispatch"
	"hexhail/geo"
)

// Every city has a quote for the longest ride that it says it quotes, and the field is named for a
// longer one.
func TestLongestQuote(t *testing.T) {
	noon := time.Date(2013, 12, 20, 4, 0, 0, 0, time.UTC)
	for _, name := range dispatch.CityNames() {
		city, err := dispatch.LoadCity(dispatch.CityID(name))
		if err != nil {
			t.Fatal(err)
		}
		quote := func(km float64) error {
			to := geo.Point{Lat: city.Center.Lat - km/geo.DistanceM(
				geo.Point{Lat: 1}, geo.Point{})*1000, Lng: city.Center.Lng}
			_, err := city.QuoteFor(city.Center, to, 0, noon)
			return err
		}
		if err := quote(dispatch.MaxQuoteKM - 0.1); err != nil {
			t.Errorf("%s: %d km: %v", name, dispatch.MaxQuoteKM, err)
		}
		var bad *dispatch.Error
		far := quote(dispatch.MaxQuoteKM + 0.1)
		if !errors.As(far, &bad) || bad.Field != "dropoff" {
			t.Errorf("%s: beyond %d km: %v", name, dispatch.MaxQuoteKM, far)
		}
	}
}
